"""A draw counts whatever is declared, and refuses what is not."""

import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.eligibility import UNKNOWN, ClassTerms, Counted, Reason, Rule, rule_facts, rule_json
from rewards.ledger.actions import Award, award
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from server.web.frame import i18n
from server.web.nouns import LISTING
from tests.rewards.draws.world import NOW, TODAY, Plant, frozen, plan_draw, plant, seal_all, sealed, terms
from tests.rewards.ledger.world import HOURS, declare

pytestmark = pytest.mark.usefixtures("database")
FOUR_HOURS = Counted("hours", "sum", 240, measure="minutes")


async def serve(who: UUID, minutes: int, there: Plant) -> None:
    async with db.transaction():
        await award(
            [Award(f"hours:{uuid4()}", who, minutes // 6, measure=minutes)],
            rule="hours",
            season=there.season,
            day=TODAY,
            at=NOW,
            new_id=uuid4,
        )


async def test_what_a_new_game_declares_decides_who_is_in_from_plan_to_list(redis: Redis) -> None:
    there = await plant(4)
    await declare(*LISTING.earnings, HOURS)
    nobody, one, two, _ = there.workers
    for minutes in (100, 140):
        await serve(two, minutes, there)
    await serve(one, 239, there)
    rule = Rule((FOUR_HOURS,), classes=(ClassTerms("long", "Long", (replace(FOUR_HOURS, least=600),)),))
    draw = await sealed(redis, there, rule=rule)
    chosen = await queries.preview(rule, there.season, there.organiser)
    assert [(entry.candidate.member, entry.group) for entry in chosen.entrants] == [(two, "")]
    assert chosen.out[Reason("draw.out.counted", "earning.hours.sum")] == 3
    (mine,) = await queries.my_tickets(one)
    assert (mine.chances.code, mine.chances.details["found"]) == ("draw.out.counted", "3:59")
    assert (await queries.my_tickets(nobody))[0].chances.details["found"] == "0:00"
    assert (await frozen(redis, draw)).people == 1
    stored = await queries.draw(draw)
    assert stored is not None
    assert stored.rule == rule


async def test_a_rule_that_counts_what_nobody_declares_is_refused_at_every_step(redis: Redis) -> None:
    there = await plant(4)
    strange = Rule((FOUR_HOURS,))
    hidden = Rule(classes=(ClassTerms("long", "Long", (FOUR_HOURS,)),))
    mismeasured = Rule((Counted("quiz", "sum", 60, measure="minutes"),))
    assert UNKNOWN in LISTING.texts

    def refused(earning: str = "hours") -> pytest.RaisesExc[Refusal]:
        return pytest.raises(Refusal, match=f"^{UNKNOWN}$", check=lambda one: one.details == {"earning": earning})

    for rule, earning in ((strange, "hours"), (hidden, "hours"), (mismeasured, "quiz")):
        with refused(earning):
            await plan_draw(redis, there, rule=rule)
        with refused(earning):
            await queries.preview(rule, there.season, there.organiser)
        with refused(earning):
            await queries.chances_under(rule, there.season, there.workers[1], there.organiser)
    draw = await plan_draw(redis, there)
    with refused():
        await actions.edit_draw(
            redis, draw, terms(there, rule=strange), expected=1, actor=there.organiser, now=NOW, new_id=new_id
        )
    # a draw that was planned when there still was a game that paid hours
    await db.rows("UPDATE draw SET rule = $2 WHERE id = $1", draw, json.dumps(rule_json(strange)))
    await seal_all(redis, draw)
    with refused():
        await actions.ask_freeze(redis, draw, actor=there.organiser, now=NOW, new_id=new_id)
    with refused():
        await frozen(redis, draw)
    assert await db.value("SELECT state FROM draw WHERE id = $1", draw) == "draft"
    for worker in there.workers:
        (mine,) = await queries.my_tickets(worker)
        assert (mine.chances.tickets, mine.chances.code) == (0, "draw.out.counted")
    assert await queries.unit_preview(draw) == []


def test_an_old_condition_is_still_said_in_words_of_both_languages() -> None:
    for language in i18n.LOCALES:
        for code, details in rule_facts(Rule((FOUR_HOURS,)), {}):
            said = LISTING.sentence(code, details, language)
            assert "hours" not in said
            assert "%" not in said
