"""Planning a draw on real storage: terms that can be, edited by one at a time; who would be in, live, and why not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws import terms as draw_terms
from rewards.draws.eligibility import (
    Attended,
    ClassTerms,
    Counted,
    JoinedBefore,
    NotWinner,
    Part,
    Points,
    Rule,
    Units,
)
from rewards.draws.terms import (
    CustodianTerms,
    Exclusion,
    PrizeTerms,
    RoundTerms,
    Terms,
    flaw,
    in_rounds,
    per_unit,
    read_rounds,
    rounds_json,
)
from rewards.funds import actions as funds
from rewards.ledger.actions import Award, award, reverse
from rewards.ledger.earnings import Earning
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.chance import new_id
from server.web.nouns import LISTING
from tests.rewards.draws.world import (
    HOUR,
    NOW,
    PRIZES,
    TODAY,
    Plant,
    custodians,
    due,
    earn,
    frozen,
    frozen_draw,
    held,
    member,
    plan_draw,
    plant,
    seal_all,
    sealed,
    secret_of,
    terms,
)
from tests.rewards.ledger.world import HOURS, declare

pytestmark = pytest.mark.usefixtures("database")
CUP = PrizeTerms("cup", "Cup", 1)
JPEG = b"\xff\xd8\xff\xe0 and so on"


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def edit(redis: Redis, draw: UUID, there: Plant, expected: int, **changed: object) -> None:
    await actions.edit_draw(
        redis, draw, terms(there, **changed), expected=expected, actor=there.organiser, now=NOW, new_id=new_id
    )


async def version(draw: UUID) -> int:
    found = await queries.draw(draw)
    assert found is not None
    return found.version


async def test_a_draw_is_planned_edited_and_shown(redis: Redis) -> None:
    there = await plant()
    draw = await plan_draw(redis, there, title="  Autumn  ", unit_cap=2)
    found = await queries.draw(draw)
    assert found is not None
    assert (found.slug, found.title, found.state, found.places) == ("draw-2026-001", "Autumn", "draft", 3)
    assert (await queries.draw_by_slug("draw-2026-001")) == found
    assert [(prize.code, prize.quantity) for prize in await queries.prizes(draw)] == [("third", 2), ("first", 1)]
    rule = Rule((Units(frozenset(there.units)),))
    await edit(redis, draw, there, 1, title="Winter", prizes=PRIZES[:1], rule=rule)
    found = await queries.draw(draw)
    assert found is not None
    assert (found.title, found.places, found.version, found.rule) == ("Winter", 2, 2, rule)
    with refused("draw.changed"):
        await edit(redis, draw, there, 1)
    assert (await plan_draw(redis, there)) != draw
    assert [one.slug for one in await queries.draws()] == ["draw-2026-002", "draw-2026-001"]
    assert [line.code for line in await queries.history(draw)] == ["draw.created", "draw.edited"]
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics.count(f"draw:{draw}") == 2


async def test_terms_come_back_as_they_were_given(redis: Redis) -> None:
    there = await plant()
    given = terms(
        there,
        rule=Rule(
            (
                Points(10, TODAY, TODAY + timedelta(days=9)),
                Counted("quiz", "best", 70, measure="percent", about=uuid4(), name="消防"),
                NotWinner(TODAY),
            ),
            per=10,
            cap=3,
            classes=(ClassTerms("old", "Old hands", (JoinedBefore(date(2010, 1, 1)),)),),
        ),
        prizes=(
            PrizeTerms("mug", "Mug", 2, batch=2, group="old", present=False, alternates=3, sponsor="Works", value=990),
            *per_unit(PrizeTerms("team", "Cake", 1), there.units),
            PrizeTerms("grand", "Bicycle", 1, round="final", redraw="d10x4"),
        ),
        rounds=(RoundTerms("r1", "First"), RoundTerms("final", "Final", "d10x6")),
        unit_cap=3,
        one_win=False,
        presence=True,
        call_seconds=45,
        dispute_hours=48,
        claim_days=9,
        shown_names="number",
        witnesses=("Notary",),
        exclusions=(Exclusion(there.workers[1], "Types the dice"),),
        freeze_at=NOW + HOUR,
        beacon_at=NOW + timedelta(days=4),
    )
    assert flaw(given) is None
    draw = await actions.create_draw(redis, given, actor=there.organiser, now=NOW, today=TODAY, new_id=new_id)
    assert await queries.terms_of(draw) == given
    await actions.edit_draw(redis, draw, given, expected=1, actor=there.organiser, now=NOW, new_id=new_id)
    assert await queries.terms_of(draw) == given
    (out,) = await queries.exclusions(draw)
    assert (out.member, out.why, out.added_by) == (there.workers[1], "Types the dice", "Wang Fang")
    assert [one.code for one in await queries.prizes(draw)] == ["mug", "team-1", "team-2", "grand"]
    assert await queries.terms_of(uuid4()) is None


def test_prizes_are_drawn_round_by_round() -> None:
    rounds = (RoundTerms("r1", "First"), RoundTerms("r2", "Last"))
    prizes = (replace(CUP, code="a", round="r2"), replace(CUP, code="b"), replace(CUP, code="c", round="r2"))
    mixed = Terms("Draw", uuid4(), Rule(), prizes, rounds)
    assert [prize.code for prize in in_rounds(mixed)] == ["b", "a", "c"]
    assert read_rounds(rounds_json(rounds)) == rounds


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " "}, "draw.title_invalid"),
        ({"title": "x" * 201}, "draw.title_invalid"),
        ({"rule": Rule(cap=0)}, "draw.cap_out_of_range"),
        ({"rule": Rule((Units(frozenset({uuid4()})),))}, "draw.unit_unknown"),
        ({"unit_cap": 0}, "draw.unit_cap_out_of_range"),
        ({"freeze_at": NOW}, "draw.freeze_past"),
        ({"beacon_at": NOW}, "draw.beacon_past"),
        ({"beacon_at": NOW + HOUR, "freeze_at": NOW + HOUR}, "draw.beacon_early"),
        ({"prizes": (replace(CUP, name=" "),)}, "draw.prize_name_invalid"),
        ({"prizes": (replace(CUP, code="A b"),)}, "draw.prize_code_invalid"),
        ({"prizes": (CUP, CUP)}, "draw.prize_code_twice"),
        ({"prizes": (replace(CUP, quantity=0),)}, "draw.prize_quantity_invalid"),
        ({"prizes": (replace(CUP, quantity=99_999, alternates=2),)}, "draw.prize_quantity_invalid"),
        ({"prizes": tuple(replace(CUP, code=f"p{n}") for n in range(101))}, "draw.prizes_many"),
        ({"prizes": (replace(CUP, value=-1),)}, "draw.prize_value_invalid"),
        ({"prizes": (replace(CUP, sponsor="x" * 201),)}, "draw.prize_sponsor_invalid"),
        ({"prizes": (replace(CUP, batch=151),)}, "draw.prize_batch_invalid"),
        ({"prizes": (replace(CUP, redraw="d20x1"),)}, "draw.prize_redraw_invalid"),
        ({"prizes": (replace(CUP, alternates=1001),)}, "draw.prize_alternates_invalid"),
        ({"prizes": (replace(CUP, alternates=1, redraw="d10x4"),)}, "draw.prize_alternates_redraw"),
        ({"prizes": (replace(CUP, budget=uuid4()),)}, "draw.prize_budget_value"),
        ({"prizes": (replace(CUP, budget=uuid4(), value=1),)}, "draw.fund_unknown"),
        ({"prizes": (replace(CUP, group="old"),)}, "draw.prize_class_unknown"),
        ({"prizes": (replace(CUP, round="r2"),)}, "draw.prize_round_unknown"),
        ({"prizes": (replace(CUP, units=frozenset({uuid4()})),)}, "draw.unit_unknown"),
        ({"rounds": (RoundTerms("r1", "One"), RoundTerms("r2", "Two"))}, "draw.round_empty"),
        ({"rounds": (RoundTerms("R", "One"),)}, "draw.round_code_invalid"),
        ({"rounds": (RoundTerms("r1", "One"),) * 2}, "draw.round_code_twice"),
        ({"rounds": (RoundTerms("r1", "One", "coin"),)}, "draw.round_dice_invalid"),
        ({"rounds": (RoundTerms("r1", ""), RoundTerms("r2", "Two"))}, "draw.round_name_invalid"),
        ({"rounds": tuple(RoundTerms(f"r{n}", "R") for n in range(101))}, "draw.rounds_many"),
        ({"call_seconds": 3601}, "draw.call_seconds_out_of_range"),
        ({"dispute_hours": -1}, "draw.dispute_hours_out_of_range"),
        ({"claim_days": 3651}, "draw.claim_days_out_of_range"),
        ({"shown_names": "alias"}, "draw.shown_names_unknown"),
        ({"venue": "d10"}, "draw.venue_invalid"),
        ({"witnesses": ("",)}, "draw.witness_invalid"),
        ({"witnesses": ("Li",) * 51}, "draw.witnesses_many"),
        ({"custodians": (CustodianTerms("A", "Li"),)}, "draw.custodian_label_invalid"),
        ({"custodians": (CustodianTerms("a", ""),)}, "draw.custodian_name_invalid"),
        ({"custodians": (CustodianTerms("a", "Li"),) * 2}, "draw.custodian_twice"),
        ({"custodians": (CustodianTerms("a", "Li", uuid4()),)}, "draw.custodian_unknown"),
        ({"custodians": tuple(CustodianTerms(f"c{n}", "Li") for n in range(17))}, "draw.custodians_many"),
        ({"exclusions": (Exclusion(uuid4(), " "),)}, "draw.exclusion_why_missing"),
        ({"exclusions": (Exclusion(uuid4(), "Types"),)}, "draw.exclusion_unknown"),
        ({"exclusions": (Exclusion(UUID(int=1), "Types"),) * 2}, "draw.exclusion_twice"),
        ({"exclusions": tuple(Exclusion(uuid4(), "Types") for _ in range(1001))}, "draw.exclusions_many"),
    ],
)
async def test_terms_that_cannot_be_are_refused(redis: Redis, change: dict[str, object], code: str) -> None:
    there = await plant(0)
    with refused(code):
        await plan_draw(redis, there, **change)
    assert await queries.draws() == []


async def test_a_season_and_a_fund_must_be_there_and_fit(redis: Redis) -> None:
    there = await plant(0)
    with pytest.raises(Refusal, match=r"ledger\.unknown_season"):
        await plan_draw(redis, there, season=uuid4())
    stock = await funds.open_fund("Flasks", "item", 5, actor=None, now=NOW, new_id=new_id)
    with refused("draw.fund_unknown"):
        await plan_draw(redis, there, prizes=(replace(CUP, value=1, budget=stock),))
    await plan_draw(redis, there, prizes=(replace(CUP, stock=stock),))


async def test_a_custodian_who_becomes_another_person_must_seal_anew(redis: Redis) -> None:
    there = await plant()
    outside = CustodianTerms("notary", "Notary Li")
    draw = await sealed(redis, there, custodians=(*custodians(there), outside))
    renamed = (replace(outside, name="Notary Zhou"), replace(custodians(there)[0], name="W. Fang"))
    await edit(redis, draw, there, await version(draw), custodians=(*renamed, custodians(there)[1]))
    kept = {
        one["label"]: one["commitment"] is not None
        for one in await db.rows("SELECT label, commitment FROM custodian WHERE draw = $1 ORDER BY position", draw)
    }
    assert kept == {"notary": False, "organiser": True, "union": True}
    assert [line.details for line in await queries.history(draw) if line.code == "draw.custodian_reset"] == [
        {"label": "notary"}
    ]
    await seal_all(redis, draw, NOW)
    await frozen(redis, draw)
    found = await db.value("SELECT manifest FROM draw WHERE id = $1", draw)
    manifest = rules.parse_manifest(found)
    assert manifest.labels == ("notary", "organiser", "union")
    assert manifest.commit[0] == rules.commitment(manifest.draw_id, "notary", secret_of("notary")).hex()


async def test_a_picture_stays_with_the_code_of_its_prize(redis: Redis) -> None:
    there = await plant(0)
    draw = await plan_draw(redis, there)
    given = {"actor": there.organiser, "now": NOW}
    await actions.set_prize_picture(redis, draw, "first", JPEG, **given)
    await edit(redis, draw, there, 1, prizes=(replace(PRIZES[1], name="E-bike"), CUP))
    assert await queries.prize_picture(draw, "first") == JPEG
    assert [(one.code, one.name, one.has_picture) for one in await queries.prizes(draw)] == [
        ("first", "E-bike", True),
        ("cup", "Cup", False),
    ]
    await actions.set_prize_picture(redis, draw, "first", None, **given)
    assert await queries.prize_picture(draw, "first") is None
    with refused("draw.prize_unknown"):
        await actions.set_prize_picture(redis, draw, "third", JPEG, **given)
    for wrong in (b"GIF89a", JPEG * 40_000):
        with refused("draw.picture_invalid"):
            await actions.set_prize_picture(redis, draw, "cup", wrong, **given)
    codes = [line.code for line in await queries.history(draw)]
    assert codes == ["draw.created", "draw.picture_set", "draw.edited", "draw.picture_removed"]


async def test_a_frozen_draw_is_not_edited(redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    with refused("draw.move"):
        await edit(redis, draw, there, await version(draw))
    with refused("draw.move"):
        await actions.set_prize_picture(redis, draw, "first", JPEG, actor=there.organiser, now=NOW)
    with refused("draw.unknown"):
        await edit(redis, uuid4(), there, 1)


async def test_before_the_freeze_tickets_are_live_and_explained(redis: Redis) -> None:
    there = await plant()
    await plan_draw(redis, there, prizes=())
    assert await queries.my_tickets(there.workers[4]) == []
    await plan_draw(
        redis,
        there,
        rule=Rule((Counted("quiz", "count", 1),), per=50),
        exclusions=(Exclusion(there.workers[7], "Types the dice"),),
    )
    (mine,) = await queries.my_tickets(there.workers[4])
    assert (mine.chances.tickets, mine.chances.code, mine.line) == (2, "draw.in.points", None)
    await earn(there.workers[4], 40, there.season)
    (mine,) = await queries.my_tickets(there.workers[4])
    assert mine.chances.tickets == 3
    for person, code in (
        (there.workers[0], "draw.out.counted"),
        (there.workers[7], "draw.out.excluded"),
        (there.organiser, "draw.out.creator"),
        (there.cashier, "draw.out.operator"),
    ):
        assert [one.chances.code for one in await queries.my_tickets(person)] == [code]
    assert [one.code for one in await queries.reasons(mine.draw, there.cashier)] == [
        "draw.out.operator",
        "draw.out.custodian",
        "draw.out.counted",
    ]
    assert [one.code for one in await queries.reasons(mine.draw, uuid4())] == ["draw.out.left"]


async def _posting(who: UUID, there: Plant, rule: str, measure: int | None = None, about: UUID | None = None) -> str:
    key = f"{rule}:{uuid4()}"
    async with db.transaction():
        await award(
            [Award(key, who, 0, about=about, measure=measure)],
            rule=rule,
            season=there.season,
            day=TODAY,
            at=NOW,
            new_id=uuid4,
        )
    return key


async def test_each_part_counts_what_the_ledger_and_the_roster_hold(redis: Redis) -> None:
    there = await plant(5)
    await declare(*LISTING.earnings, HOURS, Earning("level", "Levels cleared"))
    nobody, one, two, three, four = there.workers
    quiz, window = uuid4(), (TODAY, TODAY)
    for _ in range(2):
        await _posting(two, there, "level")
    await _posting(one, there, "level")
    for minutes in (40, 50):
        await _posting(three, there, "hours", minutes)
    await _posting(one, there, "hours", 89)
    gone = await _posting(four, there, "level")
    for percent in (50, 80):
        await _posting(two, there, "quiz", percent, quiz)
    await _posting(three, there, "quiz", 100, uuid4())
    async with db.transaction():
        await reverse(gone, by_key="undo", at=NOW, actor=None, why="Twice", new_id=uuid4)
    await db.rows("UPDATE member SET joined_on = $2 WHERE id = $1", four, date(2001, 1, 1))

    async def entitled(part: Part) -> set[UUID]:
        found = await queries.preview(Rule((part,)), there.season, there.organiser)
        single = {
            person
            for person in there.workers
            if (await queries.chances_under(Rule((part,)), there.season, person, there.organiser))[0].tickets
        }
        assert single == {entry.candidate.member for entry in found.entrants}
        return single

    assert await entitled(Points(60)) == {two, three, four}
    assert await entitled(Points(60, *window)) == {two, three, four}
    assert await entitled(Points(1, date(2026, 9, 3), date(2026, 9, 9))) == set()
    fire = {"measure": "percent", "about": quiz, "name": "Fire"}
    assert await entitled(Counted("quiz", "count", 2)) == {two, three}
    assert await entitled(Counted("level", "count", 2)) == {two}
    assert await entitled(Counted("level", "count", 1, *window)) == {one, two}
    assert await entitled(Counted("hours", "sum", 90, measure="minutes")) == {three}
    assert await entitled(Counted("hours", "best", 89, measure="minutes")) == {one}
    assert await entitled(Counted("quiz", "best", 80, **fire)) == {two}
    assert await entitled(Counted("quiz", "best", 81, **fire)) == set()
    assert await entitled(Counted("quiz", "best", 80, *window, **fire)) == {two}
    assert await entitled(Counted("quiz", "best", 81, measure="percent")) == {three}
    assert await entitled(Counted("quiz", "count", 2, about=quiz, name="Fire")) == {two}
    assert await entitled(JoinedBefore(date(2001, 1, 2))) == {four}
    assert await entitled(Units(frozenset({there.units[0]}))) == {nobody, one, three, four}
    assert await entitled(Units(frozenset({there.units[1]}))) == {one, four}
    assert await entitled(NotWinner()) == set(there.workers)
    assert await entitled(Attended(1)) == set()


async def test_past_winners_and_those_who_came_are_known_from_other_draws(redis: Redis) -> None:
    there = await plant(4)
    draw = await frozen_draw(redis, there, prizes=(CUP,))
    await db.rows(
        "INSERT INTO check_in (id, draw, member, scanned_at, received_at, by, way)"
        " VALUES ($1, $2, $3, $4, $4, $5, 'list')",
        uuid4(),
        draw,
        there.workers[2],
        NOW,
        there.organiser,
    )
    await held(redis, draw, there.organiser)
    (win,) = await queries.winners(draw)

    async def inside(part: Part) -> set[UUID]:
        found = await queries.preview(Rule((part,)), there.season, there.organiser)
        return {entry.candidate.member for entry in found.entrants}

    assert await inside(NotWinner()) == set(there.workers) - {win.member}
    assert await inside(NotWinner(TODAY)) == set(there.workers) - {win.member}
    assert await inside(NotWinner(TODAY + timedelta(days=1))) == set(there.workers)
    assert await inside(Attended(1)) == {there.workers[2]}
    assert await inside(Attended(2)) == set()


async def test_units_are_totalled_for_their_representatives_before_and_after(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there, rule=Rule())
    assert await queries.unit_totals(draw) == []
    before = await queries.unit_preview(draw, NOW)
    await frozen(redis, draw)
    totals = await queries.unit_totals(draw)
    assert totals == before
    assert [(one.name, one.people, one.tickets) for one in totals] == [
        ("", 3, 3),
        ("一车间", 3, 3),
        ("一车间 / 装配", 3, 3),
    ]
    assert await queries.unit_preview(uuid4()) == []


async def test_an_edit_and_a_freeze_at_once_keep_their_order(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there)
    edited, _ = await asyncio.gather(
        edit(redis, draw, there, await version(draw), prizes=(replace(CUP, code="only"),)),
        frozen(redis, draw),
        return_exceptions=True,
    )
    assert edited is None or (isinstance(edited, Refusal) and edited.code == "draw.move")
    manifest = rules.parse_manifest(await db.value("SELECT manifest FROM draw WHERE id = $1", draw))
    assert [prize.id for prize in manifest.prizes] == (["only"] if edited is None else ["third", "first"])


async def test_a_freeze_that_was_put_off_or_missed(redis: Redis) -> None:
    there = await plant()
    at, later = NOW + HOUR, NOW + 5 * HOUR
    draw = await sealed(redis, there, freeze_at=at)
    await edit(redis, draw, there, await version(draw), freeze_at=later)
    assert sorted(one.due_at for one in await due(later)) == [at, later]
    ask: Callable[..., object] = actions.ask_freeze
    given = {"actor": None, "new_id": new_id}
    assert await ask(redis, draw, now=at, due_at=at, **given) is False  # type: ignore[misc]
    await actions.miss_freeze(redis, draw, "draw.nobody", due_at=at, now=at)
    assert await db.value("SELECT freeze_at FROM draw WHERE id = $1", draw) == later
    await actions.miss_freeze(redis, draw, "draw.nobody", due_at=later, now=later)
    assert await db.value("SELECT freeze_at FROM draw WHERE id = $1", draw) is None
    assert await ask(redis, draw, now=later, due_at=later, **given) is False  # type: ignore[misc]
    assert [(line.code, line.why) for line in await queries.history(draw)][-1] == ("draw.not_frozen", "draw.nobody")


def test_a_part_of_a_prize_is_guaranteed_to_each_unit() -> None:
    units = [uuid4(), uuid4()]
    made = per_unit(PrizeTerms("c" * 32, "Cake", 2), units)
    assert [one.units for one in made] == [frozenset({unit}) for unit in units]
    assert all(draw_terms.CODE.fullmatch(one.code) and one.quantity == 2 for one in made)
    assert len({one.code for one in made}) == 2


async def test_a_stranger_is_not_in_the_roster(redis: Redis) -> None:
    there = await plant(0)
    chances, reasons = await queries.chances_under(Rule(), there.season, uuid4(), there.organiser)
    assert (chances.code, [one.code for one in reasons]) == ("draw.out.left", ["draw.out.left"])
    late = await member("E9", "Late")
    assert (await queries.chances_under(Rule(), there.season, late, there.organiser))[0].tickets == 1
