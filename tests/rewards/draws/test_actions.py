"""A draw from its plan to the claim, on real storage: every step once, whatever is repeated, killed or out of order."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.eligibility import Rule, person_ref
from rewards.draws.terms import PrizeTerms
from rewards.draws.verify import verify_folder
from rewards.outbox.queries import overdue
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.chance import human_code, new_id
from server.web.texts.draws import TEXTS
from tests.rewards.draws.world import (
    DICE,
    HOUR,
    NOW,
    PRIZES,
    TODAY,
    Plant,
    bytes_of,
    codes,
    earn,
    frozen,
    held,
    member,
    planned,
    plant,
    terms,
)

pytestmark = pytest.mark.usefixtures("database")


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in TEXTS or code == "ledger.unknown_season"
    return pytest.raises(Refusal, match=f"^{code}$")


async def row_of(draw: UUID) -> asyncpg.Record:
    found = await db.row("SELECT * FROM draw WHERE id = $1", draw)
    assert found is not None
    return found


async def counts(draw: UUID) -> list[int]:
    """Entrants, commitments, wins."""
    tables = ("entrant", "commitment", "win")
    return [await db.value(f"SELECT count(*) FROM {table} WHERE draw = $1", draw) for table in tables]


async def test_a_draw_is_planned_edited_and_shown(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there, title="  Autumn  ", unit_cap=2)
    found = await queries.draw(draw)
    assert found is not None
    assert (found.slug, found.title, found.state, found.places) == ("draw-2026-001", "Autumn", "draft", 3)
    assert (await queries.draw_by_slug("draw-2026-001")) == found
    assert [(prize.code, prize.quantity) for prize in await queries.prizes(draw)] == [("third", 2), ("first", 1)]

    changed = replace(terms(there.season), title="Winter", prizes=PRIZES[:1], rule=Rule(units=frozenset(there.units)))
    await actions.edit_draw(redis, draw, changed, expected=1, actor=there.organiser, now=NOW, new_id=new_id)
    found = await queries.draw(draw)
    assert found is not None
    assert (found.title, found.places, found.version, found.rule) == ("Winter", 2, 2, changed.rule)
    with refused("draw.changed"):
        await actions.edit_draw(redis, draw, changed, expected=1, actor=there.organiser, now=NOW, new_id=new_id)
    assert (await planned(redis, there)) != draw
    assert [one.slug for one in await queries.draws()] == ["draw-2026-002", "draw-2026-001"]
    assert [line.code for line in await queries.history(draw)] == ["draw.created", "draw.edited"]
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics.count(f"draw:{draw}") == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " "}, "draw.title_invalid"),
        ({"title": "x" * 201}, "draw.title_invalid"),
        ({"season": uuid4()}, "ledger.unknown_season"),
        ({"rule": Rule(cap=0)}, "draw.cap_out_of_range"),
        ({"rule": Rule(units=frozenset({uuid4()}))}, "draw.unit_unknown"),
        ({"unit_cap": 0}, "draw.unit_cap_out_of_range"),
        ({"freeze_at": NOW}, "draw.freeze_past"),
        ({"prizes": (PrizeTerms("a", " ", 1),)}, "draw.prize_name_invalid"),
        ({"prizes": (PrizeTerms("A b", "Cup", 1),)}, "draw.prize_code_invalid"),
        ({"prizes": (PrizeTerms("a", "Cup", 1), PrizeTerms("a", "Mug", 1))}, "draw.prize_code_twice"),
        ({"prizes": (PrizeTerms("a", "Cup", 0),)}, "draw.prize_quantity_invalid"),
        ({"prizes": (PrizeTerms("a", "Cup", 99_999), PrizeTerms("b", "Mug", 2))}, "draw.prize_quantity_invalid"),
        ({"prizes": tuple(PrizeTerms(f"p{n}", "Cup", 1) for n in range(101))}, "draw.prizes_many"),
    ],
)
async def test_terms_that_cannot_be_are_refused(redis: Redis, change: dict[str, object], code: str) -> None:
    there = await plant(0)
    with refused(code):
        await planned(redis, there, **change)
    assert await queries.draws() == []


async def test_the_list_is_frozen_by_the_ledger_of_that_instant(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there, rule=Rule(min_points=60, per=50, cap=4), unit_cap=1)
    await db.rows("UPDATE member SET left_on = $2 WHERE id = $1", there.workers[8], TODAY)
    done = await frozen(redis, draw, there.organiser)
    assert (done.people, done.tickets, done.known) == (6, 1 + 1 + 2 + 3 + 3 + 4, False)
    stored = await row_of(draw)
    manifest = rules.parse_manifest(stored["manifest"])
    lines = rules.parse_snapshot(stored["snapshot"])
    assert manifest.draw_id == stored["slug"] == "draw-2026-001"
    assert (manifest.n, manifest.tickets, manifest.unit_cap) == (6, done.tickets, 1)
    assert manifest.excluded == (("draw.out.creator", 1), ("draw.out.operator", 1))
    assert manifest.rule is not None
    assert manifest.rule["prizes"] == {"third": "Thermos", "first": "Bicycle"}
    assert manifest.frozen_at == "2026-09-02T13:00:00Z"
    assert rules.manifest_hash(stored["manifest"]).hex() == done.fingerprint
    for one in await db.rows("SELECT * FROM entrant JOIN member ON member.id = entrant.member WHERE draw = $1", draw):
        commit = rules.id_commit("draw-2026-001", one["salt"], person_ref(one["staff_number"])).hex()
        assert lines[one["line"]].id_commit == commit
        assert lines[one["line"]].tickets == one["tickets"]
    sealed = await db.rows("SELECT * FROM commitment WHERE draw = $1 ORDER BY position", draw)
    assert [one["label"] for one in sealed] == list(manifest.labels) == ["organiser", "union"]
    assert sealed[0]["secret"] != sealed[1]["secret"]
    assert [rules.commitment(manifest.draw_id, one["label"], one["secret"]).hex() for one in sealed] == list(
        manifest.commit
    )

    await earn(there.workers[2], 10_000, there.season)
    mine = await queries.my_tickets(there.workers[2])
    assert [(one.draw.id, one.standing.tickets, one.standing.details["points"]) for one in mine] == [(draw, 1, 60)]
    (last,) = await queries.my_tickets(there.workers[1])
    assert (last.standing.code, last.line) == ("draw.out.not_listed", None)


async def test_before_the_freeze_tickets_are_live_and_explained(redis: Redis) -> None:
    there = await plant()
    await planned(redis, there, prizes=())
    assert await queries.my_tickets(there.workers[4]) == []
    await planned(redis, there, rule=Rule(min_quizzes=1, per=50))
    (mine,) = await queries.my_tickets(there.workers[4])
    assert (mine.standing.tickets, mine.standing.code, mine.line) == (2, "draw.in.points", None)
    await earn(there.workers[4], 40, there.season)
    (mine,) = await queries.my_tickets(there.workers[4])
    assert mine.standing.tickets == 3
    assert [one.standing.code for one in await queries.my_tickets(there.workers[0])] == ["draw.out.quizzes"]
    assert [one.standing.code for one in await queries.my_tickets(there.organiser)] == ["draw.out.creator"]
    assert [one.standing.code for one in await queries.my_tickets(there.cashier)] == ["draw.out.operator"]


async def test_frozen_twice_or_by_two_at_once_is_frozen_once(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there)
    done = await asyncio.gather(*(frozen(redis, draw) for _ in range(4)))
    assert sorted(one.known for one in done) == [False, True, True, True]
    assert len({one.fingerprint for one in done}) == 1
    assert await counts(draw) == [9, 2, 0]
    assert [one.kind for one in await overdue(NOW + HOUR)] == ["publish_draw"]
    assert [line.code for line in await queries.history(draw)] == ["draw.created", "draw.frozen"]


async def test_an_edit_and_a_freeze_at_once_keep_their_order(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there)
    changed = terms(there.season, prizes=(PrizeTerms("only", "Cup", 1),))

    edited, _ = await asyncio.gather(
        actions.edit_draw(redis, draw, changed, expected=1, actor=there.organiser, now=NOW, new_id=new_id),
        frozen(redis, draw),
        return_exceptions=True,
    )
    assert edited is None or (isinstance(edited, Refusal) and edited.code == "draw.move")
    manifest = rules.parse_manifest((await row_of(draw))["manifest"])
    assert [prize.id for prize in manifest.prizes] == (["only"] if edited is None else ["third", "first"])


class Killed(Exception):
    """The process died here."""


def dies_at(calls: int, real: Callable[..., object]) -> Callable[..., object]:
    left = iter(range(calls))

    def call(*arguments: object) -> object:
        if next(left, None) is None:
            raise Killed
        return real(*arguments)

    return call


@pytest.mark.parametrize("calls", [0, 1, 5, 9, 10, 11])
async def test_a_freeze_that_dies_leaves_nothing_and_can_be_done_again(redis: Redis, calls: int) -> None:
    there = await plant()
    draw = await planned(redis, there)
    with pytest.raises(Killed):
        await actions.freeze(
            redis,
            draw,
            now=NOW,
            actor=None,
            new_id=dies_at(calls, new_id),  # type: ignore[arg-type]
            random_bytes=bytes_of(),
        )
    assert await counts(draw) == [0, 0, 0]
    assert (await row_of(draw))["state"] == "draft"
    assert await overdue(NOW + HOUR) == []
    assert (await frozen(redis, draw)).people == 9


async def test_a_freeze_cut_off_while_it_works_leaves_nothing(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there)
    working = asyncio.Event()
    loop = asyncio.get_running_loop()

    def salts(size: int) -> bytes:
        loop.call_soon_threadsafe(working.set)
        return bytes_of()(size)

    task = loop.create_task(actions.freeze(redis, draw, now=NOW, actor=None, new_id=new_id, random_bytes=salts))
    await working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await counts(draw) == [0, 0, 0]
    assert not (await frozen(redis, draw)).known


async def test_a_freeze_that_cannot_be_is_refused(redis: Redis) -> None:
    there = await plant()
    with refused("draw.unknown"):
        await frozen(redis, uuid4())
    bare = await planned(redis, there, prizes=())
    with refused("draw.prizes_none"):
        await frozen(redis, bare)
    empty = await planned(redis, there, rule=Rule(min_points=10_000))
    with refused("draw.nobody"):
        await frozen(redis, empty)
    await actions.cancel(redis, empty, actor=there.organiser, why="mistake", now=NOW, new_id=new_id)
    with refused("draw.move"):
        await frozen(redis, empty)
    assert (await row_of(empty))["manifest"] is None


async def test_moves_out_of_order_are_refused(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there)
    with refused("draw.move"):
        await held(redis, draw, there.organiser)
    await frozen(redis, draw)
    with refused("draw.move"):
        await actions.edit_draw(
            redis, draw, terms(there.season), expected=2, actor=there.organiser, now=NOW, new_id=new_id
        )
    await held(redis, draw, there.organiser)
    with refused("draw.move"):
        await actions.cancel(redis, draw, actor=there.organiser, why="no", now=NOW, new_id=new_id)
    assert (await frozen(redis, draw)).known


@pytest.mark.parametrize("digits", ["", "1234", "3" * 19, "3" * 21, "x" * 20, "-" + "3" * 19, "٣" * 20])
async def test_dice_are_typed_exactly(redis: Redis, digits: str) -> None:
    there = await plant()
    draw = await planned(redis, there)
    await frozen(redis, draw)
    with refused("draw.dice.digits"):
        await held(redis, draw, there.organiser, digits)
    assert (await row_of(draw))["state"] == "frozen"


async def test_who_is_on_the_list_does_not_hold_the_draw(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there)
    await frozen(redis, draw)
    await db.rows("UPDATE member SET roles = '{organiser}' WHERE id = $1", there.workers[3])
    with refused("draw.own_ticket"):
        await held(redis, draw, there.workers[3])


async def test_a_draw_is_held_once(redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    draw = await planned(redis, there)
    done = await frozen(redis, draw)
    folder = await actions.publish(draw, tmp_path)
    assert folder == tmp_path / "draw-2026-001"
    assert verify_folder(folder).ok
    assert verify_folder(folder, manifest=done.fingerprint).state == "frozen"

    first, second = await asyncio.gather(held(redis, draw, there.organiser), held(redis, draw, there.cashier))
    assert (first.code, first.winners) == (second.code, second.winners)
    assert sorted([first.known, second.known]) == [False, True]
    assert (await held(redis, draw, there.organiser, "".join(DICE.split()))).known
    with refused("draw.already_drawn"):
        await held(redis, draw, there.organiser, "0" * 20)

    await actions.publish(draw, tmp_path)
    await actions.publish(draw, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(queries.FILES)
    report = verify_folder(folder, manifest=done.fingerprint, code=first.code)
    assert report.ok, report.checks
    assert report.state == "closed"
    winners = await queries.winners(draw)
    assert [(one.prize, one.slot, one.line) for one in winners] == [
        (one.prize, one.slot, one.line) for one in report.winners
    ]
    assert len({one.claim_code for one in winners}) == len(winners) == 3
    for one in winners:
        entrant = await queries.entrant(draw, one.member)
        assert entrant is not None
        assert entrant.line == one.line
        assert await queries.wins_of(one.member) == [one]
        assert one.shown == "李*"
    found = await queries.draw(draw)
    assert found is not None
    assert (found.code, found.digits) == (first.code, "".join(DICE.split()))
    facts = await queries.draw_facts(draw)
    assert facts is not None
    assert [len(facts.winners[prize.id]) for prize in facts.prizes] == [2, 1]
    assert await queries.latest_drawn(NOW) == draw


async def test_one_changed_byte_is_refused(redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    draw = await planned(redis, there)
    await frozen(redis, draw)
    await held(redis, draw, there.organiser)
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    for name in queries.FILES:
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
        assert not verify_folder(folder).ok
        await actions.publish(draw, tmp_path)
        assert path.read_bytes() == content
        assert verify_folder(folder).ok
    for column in ("manifest", "snapshot", "result"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows(f"UPDATE draw SET {column} = $2 WHERE id = $1", draw, b"other")


async def test_what_does_not_exist_is_not_published(redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    draw = await planned(redis, there)
    assert await actions.publish(draw, tmp_path) is None
    assert await actions.publish(uuid4(), tmp_path) is None
    await frozen(redis, draw)
    for name in queries.FILES:
        assert (await queries.published_file("draw-2026-001", name) is None) == (name in ("log.txt", "result.json"))
    assert await queries.published_file("draw-2026-001", "../manifest.json") is None
    assert await queries.published_file("draw-2026-009", "manifest.json") is None


async def test_a_frozen_draw_that_is_called_off_says_so_for_ever(redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    draw = await planned(redis, there)
    await frozen(redis, draw)
    with refused("draw.why_missing"):
        await actions.cancel(redis, draw, actor=there.organiser, why="  ", now=NOW, new_id=new_id)
    await actions.cancel(redis, draw, actor=there.organiser, why="the hall burnt", now=NOW, new_id=new_id)
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    report = verify_folder(folder)
    assert (report.ok, report.state, report.winners) == (True, "aborted", ())
    with refused("draw.move"):
        await held(redis, draw, there.organiser)
    assert [line.why for line in await queries.history(draw)][-1] == "the hall burnt"


async def _winner(redis: Redis, there: Plant) -> queries.WinRow:
    draw = await planned(redis, there)
    await frozen(redis, draw)
    await held(redis, draw, there.organiser)
    return (await queries.winners(draw))[0]


async def test_a_prize_is_handed_over_once(redis: Redis) -> None:
    there = await plant()
    won = await _winner(redis, there)
    typed = f" {won.claim_code[:4].upper()}-{won.claim_code[4:]} "
    given = await actions.claim(redis, typed, by=there.cashier, now=NOW + 3 * HOUR)
    assert (given.claimed_at, given.handed_over_by) == (NOW + 3 * HOUR, "Zhao Min")
    with refused("claim.already") as caught:
        await actions.claim(redis, won.claim_code, by=there.organiser, now=NOW + 4 * HOUR)
    assert caught.value.details == {"who": "Zhao Min", "when": "2026-09-02T15:00:00+00:00"}
    assert await queries.claims_of([won.draw]) == {won.draw: (1, 3)}
    assert [one.id for one in await queries.last_claims()] == [won.id]
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("UPDATE win SET claimed_at = NULL WHERE id = $1", won.id)


async def test_two_desks_at_once_hand_over_once(redis: Redis) -> None:
    there = await plant()
    won = await _winner(redis, there)
    done = await asyncio.gather(
        *(actions.claim(redis, won.claim_code, by=by, now=NOW) for by in (there.cashier, there.organiser) * 3),
        return_exceptions=True,
    )
    assert sum(isinstance(one, queries.WinRow) for one in done) == 1
    assert {one.code for one in done if isinstance(one, Refusal)} == {"claim.already"}
    assert [line.code for line in await queries.history(won.draw)].count("claim.handed_over") == 1


async def test_nobody_hands_a_prize_to_himself_and_wrong_codes_say_nothing(redis: Redis) -> None:
    there = await plant()
    won = await _winner(redis, there)
    with refused("claim.own"):
        await actions.claim(redis, won.claim_code, by=won.member, now=NOW)
    for wrong in ("", "nothing", won.claim_code + "x", "' OR true --"):
        with refused("claim.unknown"):
            await actions.claim(redis, wrong, by=there.cashier, now=NOW)
    assert (await queries.win_by_code(won.claim_code)) == won


async def test_claim_codes_that_are_taken_are_drawn_again(redis: Redis) -> None:
    there = await plant()
    won = await _winner(redis, there)
    second = await planned(redis, there)
    await frozen(redis, second)
    offered = iter([won.claim_code, won.claim_code, *(human_code(8) for _ in range(9))])
    await actions.hold(
        redis, second, DICE, actor=there.organiser, now=NOW, new_id=new_id, new_code=lambda: next(offered)
    )
    assert won.claim_code not in {one.claim_code for one in await queries.winners(second)}


async def test_more_places_than_people_stay_unfilled(redis: Redis, tmp_path: Path) -> None:
    there = await plant(3)
    draw = await planned(redis, there, prizes=(PrizeTerms("cup", "Cup", 5),))
    await frozen(redis, draw)
    assert (await held(redis, draw, there.organiser)).winners == 3
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder).ok


async def test_units_are_totalled_for_their_representatives(redis: Redis) -> None:
    there = await plant()
    draw = await planned(redis, there, rule=Rule())
    assert await queries.unit_totals(draw) == []
    await frozen(redis, draw)
    totals = await queries.unit_totals(draw)
    assert [(one.name, one.people, one.tickets) for one in totals] == [
        ("", 3, 3),
        ("一车间", 3, 3),
        ("一车间 / 装配", 3, 3),
    ]


async def test_a_freeze_that_was_put_off_or_missed(redis: Redis) -> None:
    there = await plant()
    at, later = NOW + HOUR, NOW + 5 * HOUR
    draw = await planned(redis, there, freeze_at=at)
    await actions.edit_draw(
        redis, draw, terms(there.season, freeze_at=later), expected=1, actor=there.organiser, now=NOW, new_id=new_id
    )
    assert sorted(one.due_at for one in await overdue(later)) == [at, later]

    async def due(moment: datetime) -> object:
        return await actions.freeze(
            redis, draw, now=moment, actor=None, new_id=new_id, random_bytes=bytes_of(), due_at=moment
        )

    assert await due(at) is None
    await actions.miss_freeze(redis, draw, "draw.nobody", due_at=at, now=at)
    assert (await row_of(draw))["freeze_at"] == later
    await actions.miss_freeze(redis, draw, "draw.nobody", due_at=later, now=later)
    assert (await row_of(draw))["freeze_at"] is None
    assert await due(later) is None
    assert [(line.code, line.why) for line in await queries.history(draw)][-1] == ("draw.not_frozen", "draw.nobody")


async def test_thousands_are_frozen_drawn_and_verified(redis: Redis, tmp_path: Path) -> None:
    there = await plant(1)
    ids = [uuid4() for _ in range(5000)]
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at)"
        " SELECT id, 'N' || place, 'Name', $2 FROM unnest($1::uuid[]) WITH ORDINALITY AS made(id, place)",
        ids,
        NOW,
    )
    draw = await planned(redis, there, rule=Rule(), prizes=(PrizeTerms("cup", "Cup", 300),))
    assert (await frozen(redis, draw)).people == 5001
    assert (await held(redis, draw, there.organiser)).winners == 300
    folder = await actions.publish(draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder).ok
    assert json.loads((folder / "manifest.json").read_bytes())["n"] == 5001
    assert await member("late", "Late") not in ids
    assert codes()() != codes()()
