"""The freeze: asked for, done once, sealed, signed, paid for; or refused with a reason and left to people."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules, signing
from rewards.draws.actions.policing import set_policy
from rewards.draws.eligibility import ClassTerms, Points, Rule, Units, person_ref, unit_code
from rewards.draws.policy import Policy
from rewards.draws.terms import CustodianTerms, Exclusion, PrizeTerms, RoundTerms
from rewards.draws.verify import verify_folder
from rewards.funds import actions as funds
from rewards.funds import queries as fund_queries
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.chance import new_id
from server.web.nouns import LISTING
from tests.rewards.draws.world import (
    HOUR,
    NOW,
    PRIZES,
    PROGRAM,
    TODAY,
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
    terms,
)

pytestmark = pytest.mark.usefixtures("database")


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def row_of(draw: UUID) -> asyncpg.Record:
    found = await db.row("SELECT * FROM draw WHERE id = $1", draw)
    assert found is not None
    return found


async def manifest_of(draw: UUID) -> rules.Manifest:
    return rules.parse_manifest((await row_of(draw))["manifest"])


async def test_the_list_is_frozen_by_the_ledger_of_that_instant(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there, rule=Rule((Points(60),), per=50, cap=4), unit_cap=1)
    await db.rows("UPDATE member SET left_on = $2 WHERE id = $1", there.workers[8], TODAY)
    done = await frozen(redis, draw, there.organiser)
    assert (done.people, done.tickets, done.known) == (6, 1 + 1 + 2 + 3 + 3 + 4, False)
    stored = await row_of(draw)
    manifest, lines = await manifest_of(draw), rules.parse_snapshot(stored["snapshot"])
    assert (stored["state"], manifest.draw_id, manifest.unit_cap) == ("frozen", "draw-2026-001", 1)
    assert (manifest.n, manifest.tickets, manifest.file) == (6, done.tickets, rules.digest(stored["snapshot"]).hex())
    rules.check_root(manifest, lines)
    assert manifest.excluded == (("draw.out.creator", 1), ("draw.out.operator", 1))
    assert rules.manifest_hash(stored["manifest"]).hex() == done.fingerprint
    for one in await db.rows("SELECT * FROM entrant WHERE draw = $1", draw):
        person = await db.row(
            "SELECT member.name, staff_number, unit FROM member LEFT JOIN membership ON membership.member = member.id"
            " WHERE member.id = $1",
            one["member"],
        )
        assert person is not None
        assert (one["name"], one["staff_number"], one["unit"]) == tuple(person.values())
        commit = rules.id_commit("draw-2026-001", one["salt"], person_ref(one["staff_number"])).hex()
        assert lines[one["line"]] == rules.Line(commit, one["tickets"], unit_code(one["unit"]))
        assert one["points"] >= 60

    await earn(there.workers[2], 10_000, there.season)
    (mine,) = await queries.my_tickets(there.workers[2])
    assert (mine.draw.id, mine.chances.tickets, mine.chances.details["points"]) == (draw, 1, 60)
    assert [line.code for line in await queries.history(draw)][-1] == "draw.frozen"


async def test_the_manifest_promises_everything_that_was_decided(redis: Redis) -> None:
    there = await plant()
    top, below = there.units
    veterans = ClassTerms("veteran", "Veterans", (Points(150),))
    draw = await sealed(
        redis,
        there,
        rule=Rule((Units(frozenset({top})),), per=50, cap=4, classes=(veterans,)),
        prizes=(
            PrizeTerms("grand", "Bicycle", 1, round="final", value=90_000, sponsor="Works", redraw="d10x4"),
            PrizeTerms("mug", "Mug", 2, batch=2, group="veteran", present=False, alternates=3),
            PrizeTerms("team", "Cake", 1, units=frozenset({top})),
        ),
        rounds=(RoundTerms("r1", "First"), RoundTerms("final", "Final", "d10x6")),
        one_win=False,
        presence=True,
        call_seconds=45,
        dispute_hours=48,
        witnesses=("赵师傅", "Notary"),
        beacon_at=NOW + timedelta(days=5),
        exclusions=(Exclusion(there.workers[4], "Guards the dice"),),
    )
    await frozen(redis, draw)
    stored, manifest = await row_of(draw), await manifest_of(draw)
    assert manifest.rounds == (rules.Round("r1"), rules.Round("final", "d10x6"))
    assert manifest.prizes == (
        rules.Prize("mug", 2, group="veteran", batch=2, round="r1", present=False, alternates=3),
        rules.Prize("team", 1, round="r1", units=tuple(sorted(unit_code(one) for one in (top, below)))),
        rules.Prize("grand", 1, round="final", redraw="d10x4"),
    )
    assert (manifest.one_win, manifest.presence, manifest.call_seconds) == (False, True, 45)
    assert (manifest.frozen_at, manifest.arm_after) == ("2026-09-02T13:00:00Z", "2026-09-04T13:00:00Z")
    assert stored["arm_after"] == NOW + HOUR + timedelta(hours=48)
    assert (manifest.labels, manifest.names) == (("organiser", "union"), ("Wang Fang", "Zhao Min"))
    assert manifest.witnesses == ("赵师傅", "Notary")
    assert manifest.beacon is not None
    assert manifest.kit == rules.digest(PROGRAM).hex()
    assert manifest.signer == await signing.public_key()
    assert signing.check_signature(manifest.signer, stored["manifest_signature"], stored["manifest"])
    assert dict(manifest.excluded)["draw.out.excluded"] == 1
    assert manifest.rule is not None
    assert manifest.rule["title"] == "Autumn draw"
    assert manifest.rule["prizes"] == {"grand": "Bicycle", "mug": "Mug", "team": "Cake"}
    assert manifest.rule["values"] == {"grand": 90_000}
    assert manifest.rule["parts"] == [{"part": "units", "units": [unit_code(top)]}]
    assert manifest.rule["classes"] == [
        {"code": "veteran", "name": "Veterans", "parts": [{"part": "points", "least": 150}]}
    ]
    groups = {line.unit: line.group for line in rules.parse_snapshot(stored["snapshot"])}
    assert set(groups) == {unit_code(top), unit_code(below)}
    classed = await db.rows("SELECT points, class FROM entrant WHERE draw = $1", draw)
    assert all((one["class"] == "veteran") == (_season_points(one) >= 150) for one in classed)
    assert await queries.published_names(draw) == ("manifest.json", "manifest.sig", "snapshot.tsv", "kit.html")


def _season_points(row: asyncpg.Record) -> int:
    return int(row["points"])


async def test_the_worker_publishes_what_anybody_can_check(redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder).state == "frozen"
    await held(redis, draw, there.organiser)
    await actions.publish(draw, tmp_path)
    report = verify_folder(folder)
    assert report.ok
    assert report.state == "open"


async def test_a_freeze_is_asked_for_and_then_done_by_a_worker(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there)
    assert await actions.ask_freeze(redis, draw, actor=there.organiser, now=NOW, new_id=new_id)
    assert [(one.kind, one.subject) for one in await due(NOW)] == [(actions.FREEZE, f"{draw}@{NOW.isoformat()}")]
    assert (await row_of(draw))["state"] == "freezing"
    for again in (
        actions.ask_freeze(redis, draw, actor=there.organiser, now=NOW, new_id=new_id),
        actions.edit_draw(redis, draw, terms(there), expected=2, actor=there.organiser, now=NOW, new_id=new_id),
        actions.seal(redis, draw, "union", bytes(32), member=there.cashier, now=NOW),
    ):
        with refused("draw.move"):
            await again
    told: list[int] = []

    async def progress(percent: int) -> None:
        told.append(percent)
        await actions.say_progress(redis, draw, percent)

    given = {"actor": None, "new_id": new_id, "random_bytes": bytes, "program": PROGRAM, "progress": progress}
    at = NOW + HOUR
    assert await actions.freeze(redis, draw, now=at, due_at=at, **given) is None
    assert told == []
    done = await actions.freeze(redis, draw, now=at, due_at=NOW, **given)
    assert done is not None
    assert told == sorted(set(told))
    assert told[-1] == 100
    assert await queries.progress(redis, draw) == 100
    assert [line.code for line in await queries.history(draw)][-2:] == ["draw.freeze_asked", "draw.frozen"]
    assert (await row_of(draw))["frozen_by"] == there.organiser
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics.count(f"draw:{draw}") > 5


async def test_frozen_twice_or_by_two_at_once_it_is_one_list(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there)
    both = await asyncio.gather(*(frozen(redis, draw) for _ in range(3)))
    assert {one.fingerprint for one in both} == {both[0].fingerprint}
    assert sorted(one.known for one in both) == [False, True, True]
    assert (await frozen(redis, draw)).known
    assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1", draw) == both[0].people


async def test_what_happens_meanwhile_does_not_reach_the_list(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there, rule=Rule((Points(1),)))
    tries: list[int] = []

    async def progress(percent: int) -> None:
        if percent == 1:
            await asyncio.create_task(everybody_leaves())
        tries.append(percent)

    async def everybody_leaves() -> None:
        connection = await asyncpg.connect(dsn=str(db.engine.config["dsn"]))
        try:
            await connection.execute("UPDATE member SET left_on = $1, name = 'Gone'", TODAY)
        finally:
            await connection.close()

    done = await actions.freeze(
        redis, draw, now=NOW, actor=None, new_id=new_id, random_bytes=bytes, program=PROGRAM, progress=progress
    )
    assert done is not None
    assert done.people == 8
    assert tries.count(1) == 1
    assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1 AND name <> 'Gone'", draw) == 8


async def test_no_freeze_without_seals_prizes_and_people(redis: Redis) -> None:
    there = await plant()
    alone = await plan_draw(redis, there, custodians=custodians(there)[:1])
    await seal_all(redis, alone)
    half = await plan_draw(redis, there)
    bare = await sealed(redis, there, prizes=())
    late = await sealed(redis, there, beacon_at=NOW + 2 * HOUR, dispute_hours=24)
    for draw, code, details in (
        (alone, "draw.custodians_few", {"wanted": 2, "found": 1}),
        (half, "draw.unsealed", {"which": "organiser, union"}),
        (bare, "draw.prizes_none", {}),
        (late, "draw.beacon_early", {}),
    ):
        with refused(code) as told:
            await actions.ask_freeze(redis, draw, actor=there.organiser, now=NOW, new_id=new_id)
        assert told.value.details == details
        with refused(code):
            await frozen(redis, draw)
        assert (await row_of(draw))["state"] == "draft"
    empty = await sealed(redis, there, rule=Rule((Points(9_000),)))
    assert await actions.ask_freeze(redis, empty, actor=there.organiser, now=NOW, new_id=new_id)
    with refused("draw.nobody") as told:
        await frozen(redis, empty)
    await actions.miss_freeze(redis, empty, told.value.code, due_at=NOW, now=NOW + HOUR)
    stored = await row_of(empty)
    assert (stored["state"], stored["freezing_since"], stored["manifest"]) == ("draft", None, None)
    last = (await queries.history(empty))[-1]
    assert (last.code, last.why) == ("draw.not_frozen", "draw.nobody")
    await actions.miss_freeze(redis, empty, "draw.nobody", due_at=NOW, now=NOW)
    assert len(await queries.history(empty)) == 5
    for nothing in (uuid4(),):
        with refused("draw.unknown"):
            await frozen(redis, nothing)


async def test_what_prizes_need_is_kept_for_the_draw_or_it_is_not_frozen(redis: Redis) -> None:
    there = await plant()
    given = {"actor": there.organiser, "now": NOW, "new_id": new_id}
    budget = await funds.open_fund("Union budget", "money", 250_000, **given)
    stock = await funds.open_fund("Flasks", "item", 5, 8_000, **given)
    prizes = (
        PrizeTerms("cash", "Voucher", 2, value=100_000, budget=budget),
        PrizeTerms("flask", "Flask", 3, value=8_000, stock=stock),
    )
    draw = await sealed(redis, there, prizes=prizes)
    await frozen(redis, draw)
    kept = {one.fund: one.amount for one in await fund_queries.held_by(f"draw:{draw}")}
    assert kept == {budget: 200_000, stock: 3}
    assert (await frozen(redis, draw)).known
    second = await sealed(redis, there, prizes=prizes)
    with refused("funds.short"):
        await frozen(redis, second)
    assert await fund_queries.held_by(f"draw:{second}") == []
    assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1", second) == 0
    await actions.cancel(redis, draw, actor=there.organiser, why="Storm", now=NOW + HOUR, new_id=new_id)
    assert await fund_queries.held_by(f"draw:{draw}") == []
    await frozen(redis, second)


async def test_the_prize_policy_blocks_or_is_noted(redis: Redis) -> None:
    there = await plant(9)
    dear = (PrizeTerms("car", "Car", 1, value=9_000_000),)
    at = {"actor": there.organiser, "now": NOW, "why": "Guideline"}
    await set_policy(Policy("warn", value_event=100_000), **at)
    draw = await sealed(redis, there, prizes=dear)
    await frozen(redis, draw)
    noted = next(line for line in await queries.history(draw) if line.code == "draw.policy_warned")
    assert noted.details == {"breaches": "policy.value_event"}
    await set_policy(Policy("block", share=300), **at)
    with refused("draw.policy"):
        await frozen(redis, await sealed(redis, there, prizes=(PrizeTerms("cup", "Cup", 4),)))
    await frozen(redis, await sealed(redis, there, prizes=PRIZES[1:]))


async def test_whoever_would_win_too_much_in_a_year_sits_out(redis: Redis) -> None:
    there = await plant(3)
    cup = (PrizeTerms("cup", "Cup", 1, value=60_000),)
    first = await frozen_draw(redis, there, prizes=cup)
    await held(redis, first, there.organiser)
    (win,) = await queries.winners(first)
    assert await queries.won_in(2026) == {win.member: 60_000}
    await set_policy(Policy("block", value_year=100_000), actor=None, now=NOW, why="Guideline")
    second = await sealed(redis, there, prizes=cup)
    found = await queries.draw(second)
    assert found is not None
    chances, _ = await queries.chances(found, win.member, NOW)
    assert (chances.tickets, chances.code) == (0, "draw.out.year")
    assert (await frozen(redis, second)).people == 2
    assert ("draw.out.year", 1) in (await manifest_of(second)).excluded


async def test_the_published_files_are_never_changed(redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    for change in ("manifest = '{}'", "snapshot = ''", "program = ''"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows(f"UPDATE draw SET {change} WHERE id = $1", draw)
    assert json.loads((await row_of(draw))["rule"])["per"] == 50


async def test_a_rehearsal_is_not_among_the_draws(redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    await db.rows("UPDATE draw SET rehearses = $2 WHERE id = $1", await sealed(redis, there), draw)
    assert [one.id for one in await queries.draws()] == [draw]
    assert [one.id for one in await queries.coming()] == [draw]


async def test_custodians_take_no_part_and_one_from_outside_may_seal(redis: Redis) -> None:
    there = await plant()
    guard = await member("E9000", "Notary's clerk")
    keepers = (CustodianTerms("union", "Clerk", guard), CustodianTerms("notary", "Notary Li"))
    draw = await sealed(redis, there, custodians=keepers)
    found = await queries.draw(draw)
    assert found is not None
    assert (await queries.chances(found, guard))[0].code == "draw.out.custodian"
    await frozen(redis, draw)
    assert await queries.entrant(draw, guard) is None
    assert (await manifest_of(draw)).labels == ("union", "notary")


class Killed(Exception):
    """The process died here."""


def dies_at(calls: int) -> Callable[[], UUID]:
    left = iter(range(calls))

    def call() -> UUID:
        if next(left, None) is None:
            raise Killed
        return new_id()

    return call


async def leaves_nothing(draw: UUID) -> None:
    stored = await row_of(draw)
    assert (stored["state"], stored["manifest"]) == ("draft", None)
    assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1", draw) == 0
    assert await due(NOW + HOUR) == []


@pytest.mark.parametrize("calls", [0, 1, 5, 8, 9])
async def test_a_freeze_that_dies_leaves_nothing_and_can_be_done_again(redis: Redis, calls: int) -> None:
    there = await plant()
    draw = await sealed(redis, there)
    with pytest.raises(Killed):
        await actions.freeze(
            redis,
            draw,
            now=NOW,
            actor=None,
            new_id=dies_at(calls),
            random_bytes=token_bytes,
            program=PROGRAM,
        )
    await leaves_nothing(draw)
    assert (await frozen(redis, draw)).people == 9


async def test_a_freeze_cut_off_while_it_works_leaves_nothing(redis: Redis) -> None:
    there = await plant()
    draw = await sealed(redis, there)
    working = asyncio.Event()

    async def progress(percent: int) -> None:
        if percent >= 10:
            working.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(
        actions.freeze(
            redis,
            draw,
            now=NOW,
            actor=None,
            new_id=new_id,
            random_bytes=token_bytes,
            program=PROGRAM,
            progress=progress,
        )
    )
    await working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await leaves_nothing(draw)
    assert not (await frozen(redis, draw)).known


async def test_thousands_are_frozen_drawn_and_verified(redis: Redis, tmp_path: Path) -> None:
    there = await plant(1)
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at)"
        " SELECT id, 'N' || place, 'Name', $2 FROM unnest($1::uuid[]) WITH ORDINALITY AS made(id, place)",
        [uuid4() for _ in range(6000)],
        NOW,
    )
    draw = await sealed(redis, there, rule=Rule(), prizes=(PrizeTerms("cup", "Cup", 300),))
    assert (await frozen(redis, draw)).people == 6001
    await held(redis, draw, there.organiser)
    assert len(await queries.winners(draw)) == 300
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder).ok


async def test_more_places_than_people_stay_unfilled(redis: Redis, tmp_path: Path) -> None:
    there = await plant(3)
    draw = await frozen_draw(redis, there, prizes=(PrizeTerms("cup", "Cup", 5),))
    await held(redis, draw, there.organiser)
    assert len(await queries.winners(draw)) == 3
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder).ok
