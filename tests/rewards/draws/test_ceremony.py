"""The draw at its venue on real storage: every event in its order, once, by two where two are needed."""

import ast
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.beacon import beacon_moment
from rewards.draws.signing import check_signature
from rewards.draws.states import MOVES, State
from rewards.draws.terms import PrizeTerms, RoundTerms
from rewards.draws.verify import verify_folder
from rewards.funds import actions as funds
from rewards.funds import queries as kept
from rewards.outbox.queries import overdue
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.chance import claim_code, new_id
from server.web.nouns import LISTING
from tests.rewards.draws.test_beacon import SIGNED
from tests.rewards.draws.venue import AGAIN_DICE, FULL, MINUTE, PRIZES, ROUNDS, TOP_DICE, Venue, venue
from tests.rewards.draws.world import DICE, HOUR, NOW, TODAY, plan_draw, plant, seal_all, sealed, terms

pytestmark = pytest.mark.usefixtures("database")

OTHER_DICE = "0" * 20


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def chances(there: Venue, prize: str, slot: int = 0) -> queries.Slot:
    """Who has this place now."""
    return next(one for one in (await there.look()).places if (one.prize, one.slot) == (prize, slot))


async def armed(redis: Redis, **terms: object) -> Venue:
    """Everybody but the last line's person has come."""
    there = await venue(redis, **(FULL | terms))
    if (await there.look()).manifest.presence:
        await there.arrive(list(range(await there.size() - 1)))
    await there.arm()
    return there


async def drawn(redis: Redis, **terms: object) -> Venue:
    """The small prizes are drawn; the trip is not."""
    there = await armed(redis, **terms)
    await there.roll()
    await there.open_secrets()
    return there


def test_everything_that_is_refused_or_noted_has_its_words() -> None:
    said = set()
    for path in Path(actions.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refusal", "note", "_note_place"):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    said.add(first.value)
    assert len(said) > 60
    assert sorted(said - LISTING.texts.keys()) == []


# The whole of it


async def recomputed(there: Venue) -> rules.Composed:
    """What a stranger makes of the inputs of the log."""
    row = await there.row()
    manifest, lines = rules.parse_manifest(row["manifest"]), rules.parse_snapshot(row["snapshot"])
    sheet = rules.read_inputs(rules.inputs_of(await there.log()), manifest)
    here = None if row["present"] is None else rules.parse_present(row["present"], manifest.n)
    voided = rules.parse_voids(row["voids"] or b"", manifest.n)
    return rules.compose(manifest, rules.manifest_hash(row["manifest"]), lines, sheet, voided, here)


async def agrees(there: Venue, folder: Path, state: str) -> None:
    """The published folder, the tables and the page say what follows from the inputs, and no more."""
    published = await actions.publish(there.draw, folder)
    assert published is not None
    found = await there.look()
    report = verify_folder(published, manifest=found.fingerprint, code=found.code)
    assert report.ok, [check for check in report.checks if not check.ok]
    assert report.state == state
    assert found.code == report.code
    composed = await recomputed(there)
    assert [one.text for one in found.events] == list(composed.lines)
    assert found.next == rules.next_events(found.manifest, composed)
    assert found.waiting == composed.waiting
    stands = [(one.prize, one.slot, one.attempt, one.pick and one.pick.line) for one in composed.outcomes]
    assert [(one.prize, one.slot, one.attempt, one.line) for one in found.places] == stands
    wins = await db.rows(
        "SELECT prize.code, slot, attempt, win.line, win.member, entrant.member AS listed FROM win"
        " JOIN prize ON prize.id = win.prize JOIN entrant ON (entrant.draw, entrant.line) = (win.draw, win.line)"
        " WHERE win.draw = $1 AND state IN ('drawn', 'called') ORDER BY prize.position, slot",
        there.draw,
    )
    assert [tuple(one.values())[:4] for one in wins] == [one for one in stands if one[3] is not None]
    assert all(one["member"] == one["listed"] for one in wins)
    row = await there.row()
    if row["result"] is not None:
        assert check_signature(found.manifest.signer, row["result_signature"], row["result"])


async def test_a_whole_ceremony(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, **FULL)
    before = await there.look()
    assert (before.next.kinds, before.code, before.arm_code) == ({"arm", "abort"}, "", "")
    await there.void(0)
    await there.arrive(list(range((await there.size()) - 1)))
    steps: list[tuple[Callable[[], Awaitable[object]], str, str]] = [
        (there.arm, "armed", "armed"),
        (there.roll, "rolled", "rolled"),
        (lambda: there.reveal(there.secrets["organiser"].hex()), "rolled", "rolled"),
        (lambda: there.reveal(rules.write_secret(there.secrets["union"])), "drawn", "open"),
        (lambda: there.call("mug", 1), "drawn", "open"),
        (lambda: there.absent("mug", 1), "drawn", "open"),
        (lambda: there.absent("mug", 1, 1, "ineligible"), "drawn", "open"),
        (lambda: there.absent("card", 0, 0, "declined"), "drawn", "open"),
        (there.round, "drawn", "open"),
        (lambda: there.absent("trip"), "drawn", "open"),
        (lambda: there.redraw("trip"), "drawn", "open"),
        (there.close, "closed", "closed"),
    ]
    for step, state, reported in steps:
        await step()
        assert (await there.look()).state == state
        await agrees(there, tmp_path, reported)
    found = await there.look()
    assert found.arm_code == found.events[0].code
    assert (found.digits, found.checked_in, found.voids) == ("".join(DICE.split()), await there.size() - 1, 1)
    assert [(one.id, one.dice, one.drawn, one.digits) for one in found.rounds] == [
        ("small", "", True, ""),
        ("top", "d10x4", True, TOP_DICE),
    ]
    assert [(one.prize, one.slot, one.attempt, one.state, one.reason) for one in found.gone] == [
        ("mug", 1, 0, "absent", ""),
        ("mug", 1, 1, "absent", "ineligible"),
        ("card", 0, 0, "declined", "declined"),
        ("trip", 0, 0, "absent", ""),
    ]
    assert all(one.revealed for one in found.custodians)
    alternates = await db.rows(
        "SELECT prize.code, place, line FROM alternate JOIN prize ON prize.id = alternate.prize"
        " WHERE alternate.draw = $1 ORDER BY place",
        there.draw,
    )
    assert tuple(tuple(one.values()) for one in alternates) == found.alternates
    assert len(found.alternates) == 2
    ends = {one["expires_at"] for one in await db.rows("SELECT expires_at FROM win WHERE state = 'drawn'")}
    assert ends == {there.now.replace(month=10, day=2)}
    assert json.loads((await there.row())["result"])["code"] == found.code
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics.count(f"draw:{there.draw}") >= len(steps)
    codes = [line.code for line in await queries.history(there.draw)]
    for code in ("armed", "rolled", "revealed", "drawn", "called", "absence_confirmed", "absence_written", "closed"):
        assert f"draw.{code}" in codes


async def test_names_are_shown_as_the_draw_sets_them(redis: Redis) -> None:
    there = await drawn(redis, shown_names="masked")
    place = await chances(there, "mug")
    assert (place.shown, place.name[0]) == ("李*", "李")
    for how, shown in (("full", place.name), ("number", place.staff_number)):
        await db.rows("UPDATE draw SET shown_names = $2 WHERE id = $1", there.draw, how)
        assert (await chances(there, "mug")).shown == shown


# Every state, every move


async def in_state(redis: Redis, state: State) -> Venue:
    """A draw in this state."""
    if state in ("draft", "freezing"):
        there = await plant()
        draw = await sealed(redis, there)
        if state == "freezing":
            await actions.ask_freeze(redis, draw, actor=there.organiser, now=NOW, new_id=new_id)
        nobody = uuid4()
        return Venue(redis, draw, there, {"organiser": b"o" * 32}, (nobody, nobody), there.cashier, NOW)
    made = await venue(redis, prizes=PRIZES, rounds=ROUNDS)
    if state == "cancelled":
        await made.cancel()
        return made
    for reached, event in (("armed", made.arm), ("rolled", made.roll), ("drawn", made.open_secrets)):
        if state != "frozen":
            await event()
        if state in ("frozen", reached):
            break
    if state == "closed":
        await made.round()
        await made.close()
    assert (await made.look()).state == state
    return made


def moves_of(there: Venue) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every move of the ceremony, as somebody would try it."""
    redis, draw, by = there.redis, there.draw, there.organiser
    secret = there.secrets["organiser"].hex()
    return {
        "edit": lambda: actions.edit_draw(
            redis, draw, terms(there.plant), expected=1, actor=by, now=there.now, new_id=new_id
        ),
        "ask_freeze": lambda: actions.ask_freeze(redis, draw, actor=by, now=there.now, new_id=new_id),
        "rehearse": lambda: actions.rehearse(
            redis, draw, actor=by, now=there.now, today=TODAY, new_id=new_id, random_bytes=bytes
        ),
        "void": lambda: there.void(0),
        "arm": there.arm,
        "roll": lambda: there.roll(OTHER_DICE),
        "beacon": lambda: there.beacon("ab" * 48),
        "reveal": lambda: there.reveal(secret),
        "round": there.round,
        "call": lambda: there.call("mug"),
        "absent": lambda: there.doubt("mug", reason="declined"),
        "redraw": lambda: there.redraw("trip"),
        "close": there.close,
        "cancel": there.cancel,
    }


SAME = {("armed", "arm"), ("closed", "close"), ("drawn", "reveal")}
"""Here the move is the very event that led here, so it is known."""


@pytest.mark.parametrize("state", get_args(State))
async def test_every_move_out_of_order_is_refused(redis: Redis, state: State) -> None:
    there = await in_state(redis, state)
    stood = await db.row("SELECT * FROM draw WHERE id = $1", there.draw)
    tried = 0
    for move, attempt in moves_of(there).items():
        if state in MOVES[move]:
            continue
        tried += 1
        if (state, move) in SAME:
            logged = await attempt()
            assert isinstance(logged, actions.Logged)
            assert logged.known
        else:
            code = "draw.roll.other" if (state, move) == ("rolled", "roll") else "draw.move"
            with refused(code):
                await attempt()
    assert tried >= 4
    assert await db.row("SELECT * FROM draw WHERE id = $1", there.draw) == stood


async def test_the_table_of_states_is_the_ceremonys(redis: Redis) -> None:
    """What each event leads to is what the table says."""
    there = await venue(redis, prizes=PRIZES, rounds=ROUNDS)
    walk: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("void", lambda: there.void(0)),
        ("arm", there.arm),
        ("roll", there.roll),
        ("reveal", lambda: there.reveal(there.secrets["organiser"].hex())),
        ("draw", lambda: there.reveal(there.secrets["union"].hex())),
        ("call", lambda: there.call("mug")),
        ("absent", lambda: there.absent("mug", reason="declined")),
        ("round", there.round),
        ("cancel", there.cancel),
    ]
    state = "frozen"
    for move, event in walk:
        await event()
        reached = (await there.look()).state
        assert MOVES[move][state] == reached
        state = reached


# Pressed twice, or by two at once


async def twice(first: Awaitable[actions.Logged], second: Awaitable[actions.Logged]) -> None:
    """Two press the same button: one event, and the other one is told so."""
    one, two = await asyncio.gather(first, second)
    assert sorted([one.known, two.known]) == [False, True]
    assert (one.line, one.code, one.state) == (two.line, two.code, two.state)


async def test_two_press_the_same_button(redis: Redis) -> None:
    there = await venue(redis, **(FULL | {"call_seconds": 90}))
    await there.arrive(list(range(await there.size())))
    other = there.cashier
    await twice(there.arm(), there.arm(other))
    await twice(there.roll(), there.roll(actor=other))
    first, second = (secret.hex() for secret in there.secrets.values())
    await twice(there.reveal(first), there.reveal(first, other))
    await twice(there.reveal(second), there.reveal(second, other))
    await twice(there.call("mug"), there.call("mug"))
    await twice(there.round(), there.round())
    await there.absent("trip")
    await twice(there.redraw("trip"), there.redraw("trip"))
    await twice(there.close(), there.close(other))
    log = await there.log()
    assert len(log) == len(set(log))
    assert log == list((await recomputed(there)).lines)


async def test_two_with_different_dice_one_stands(redis: Redis) -> None:
    there = await armed(redis)
    done = await asyncio.gather(there.roll(), there.roll(OTHER_DICE), return_exceptions=True)
    assert [one.code for one in done if isinstance(one, Refusal)] == ["draw.roll.other"]
    await there.open_secrets()
    done = await asyncio.gather(there.round(), there.round(digits="9999"), return_exceptions=True)
    assert [one.code for one in done if isinstance(one, Refusal)] == ["draw.round.other"]
    await there.absent("trip")
    done = await asyncio.gather(there.redraw("trip"), there.redraw("trip", digits="9999"), return_exceptions=True)
    assert [one.code for one in done if isinstance(one, Refusal)] == ["draw.redraw.other"]
    assert sum(line.startswith(("venue", "round", "redraw")) for line in await there.log()) == 3


async def test_a_double_tap_never_takes_the_next_winner(redis: Redis) -> None:
    """What is pressed is about one winner; when another stands there it is about nobody."""
    there = await drawn(redis)
    await there.call("mug")
    there.later()
    await there.doubt("mug")
    done = await asyncio.gather(
        *(there.doubt("mug", actor=actor) for actor in (there.witness, there.witness, there.cashier)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, actions.Confirmed) and one.logged is not None for one in done) == 1
    assert {one.code for one in done if isinstance(one, Refusal)} == {"draw.place_moved"}
    assert (await chances(there, "mug")).attempt == 1
    for late in (there.call("mug"), there.withdraw("mug"), there.doubt("mug", reason="declined")):
        with refused("draw.place_moved"):
            await late


# Dice and secrets


@pytest.mark.parametrize("digits", ["", "1234", "3" * 19, "3" * 21, "x" * 20, "-" + "3" * 19, "٣" * 20])
async def test_dice_are_typed_exactly(redis: Redis, digits: str) -> None:
    there = await armed(redis, presence=False)
    with refused("draw.dice.digits"):
        await there.roll(digits)
    assert (await there.look()).state == "armed"
    assert (await there.roll("３" * 20)).line == "venue d10x20 " + "3" * 20


async def test_secrets_are_the_promised_ones_in_their_order(redis: Redis) -> None:
    there = await armed(redis)
    first, second = there.secrets.values()
    with refused("draw.move"):
        await there.reveal(first.hex())
    await there.roll()
    with refused("draw.reveal.label"):
        await there.reveal(second.hex())
    with refused("draw.commitment"):
        await there.reveal("ab" * 32)
    with refused("draw.secret.form"):
        await there.reveal("not a secret")
    with refused("draw.secret.form"):
        await there.reveal("")
    rows = rules.write_secret(first)
    mistyped = rows.replace(rows[3], "0" if rows[3] != "0" else "1", 1)
    with refused("draw.secret.row"):
        await there.reveal(mistyped)
    assert (await there.reveal(rows)).line == f"reveal organiser {first.hex()}"
    assert (await there.reveal(first.hex())).known
    assert (await there.reveal(second.hex().upper())).state == "drawn"


async def test_the_beacon_comes_after_the_dice_and_is_the_networks(redis: Redis, tmp_path: Path) -> None:
    at = beacon_moment(1000) - HOUR
    there = await venue(redis, at=at, beacon_at=beacon_moment(1000))
    assert there.now < datetime(2024, 1, 1, tzinfo=UTC)
    await there.arm()
    with refused("draw.move"):
        await there.beacon(SIGNED[1000].hex())
    await there.roll()
    with refused("draw.beacon.first"):
        await there.reveal(there.secrets["organiser"].hex())
    with refused("draw.beacon.form"):
        await there.beacon("ab")
    with refused("draw.beacon.signature"):
        await there.beacon("ab" * 48)
    await there.beacon(SIGNED[1000].hex())
    assert (await there.beacon(SIGNED[1000].hex())).known
    await agrees(there, tmp_path, "rolled")
    await there.open_secrets()
    await there.close()
    await agrees(there, tmp_path, "closed")
    assert (await there.look()).beacon == SIGNED[1000].hex()


async def test_a_draw_without_beacon_takes_none(redis: Redis) -> None:
    there = await armed(redis)
    await there.roll()
    with refused("draw.beacon.none"):
        await there.beacon(SIGNED[1000].hex())


async def test_rounds_have_their_order_and_their_dice(redis: Redis) -> None:
    rounds = (RoundTerms("one", "One", "d10x4"), RoundTerms("two", "Two"), RoundTerms("three", "Three", "d6x5"))
    prizes = tuple(PrizeTerms(f"p{n}", "Cup", 1, round=one.code) for n, one in enumerate(rounds))
    there = await armed(redis, rounds=rounds, prizes=prizes, presence=False)
    await there.roll()
    assert (await there.open_secrets()).state == "drawn"
    assert (await there.look()).places == ()
    assert [line for line in await there.log() if line.startswith("win")] == []
    with refused("draw.close.early"):
        await there.close()
    with refused("draw.round.order"):
        await there.round("two", "")
    for wrong in ("", "161", "16180"):
        with refused("draw.dice.digits"):
            await there.round("one", wrong)
    await there.round("one", "1618")
    with refused("draw.round.order"):
        await there.round("nine", "")
    with refused("draw.round.dice"):
        await there.round("two", "1618")
    await there.round("two", "")
    with refused("draw.dice.digits"):
        await there.round("three", "12347")
    await there.round("three", "12346")
    with refused("draw.round.other"):
        await there.round("one", "9999")
    await there.close()
    assert [one.prize for one in (await there.look()).places] == ["p0", "p1", "p2"]


# Absences


async def test_nobody_is_absent_before_the_countdown_is_over(redis: Redis) -> None:
    there = await drawn(redis)
    with refused("draw.absent.uncalled"):
        await there.doubt("mug")
    await there.call("mug")
    called = there.now
    assert (await chances(there, "mug")).called_at == called

    def after(passed: timedelta) -> None:
        """The next event comes so long after the call."""
        there.now = called + passed - MINUTE

    after(MINUTE / 2)
    with refused("draw.call.running") as caught:
        await there.doubt("mug")
    assert caught.value.details == {"seconds": 30}
    after(MINUTE / 2)
    assert (await there.call("mug")).known
    after(MINUTE)
    assert (await there.doubt("mug")).logged is None
    after(MINUTE)
    assert not (await there.call("mug")).known
    after(MINUTE * 3 / 2)
    with refused("draw.call.running"):
        await there.doubt("mug", actor=there.witness)
    after(2 * MINUTE)
    confirmed = await there.doubt("mug", actor=there.witness)
    assert confirmed.logged is not None
    assert confirmed.logged.line == "absent mug 0 0"
    assert [line for line in await there.log() if line.startswith("call")] == ["call mug 0 0"] * 2


async def test_it_takes_two_people(redis: Redis) -> None:
    there = await drawn(redis)
    await there.call("mug", 2)
    there.later()
    with refused("draw.second.may"):
        await there.doubt("mug", 2, actor=there.witness)
    with refused("draw.second.may"):
        await there.doubt("mug", 2, actor=there.keepers[0])
    assert (await there.doubt("mug", 2)).logged is None
    with refused("draw.second.same"):
        await there.doubt("mug", 2)
    with refused("draw.second.may"):
        await there.doubt("mug", 2, actor=there.keepers[0])
    with refused("draw.absence.reason"):
        await there.doubt("mug", 2, reason="declined", actor=there.witness)
    assert "absent mug 2 0" not in await there.log()
    (doubt,) = (await there.look()).doubts
    assert (doubt.prize, doubt.slot, doubt.attempt, doubt.reason) == ("mug", 2, 0, "")
    assert (doubt.by, doubt.by_name) == (there.organiser, "Wang Fang")
    await there.round()
    with refused("draw.absence.open"):
        await there.close()
    assert await there.withdraw("mug", 2)
    assert not await there.withdraw("mug", 2)
    assert (await there.look()).doubts == ()
    with refused("draw.second.may"):
        await there.doubt("mug", 2, actor=there.witness)
    await there.doubt("mug", 2, actor=there.cashier)
    confirmed = await there.doubt("mug", 2, actor=there.witness)
    assert confirmed.logged is not None
    assert confirmed.logged.line == "absent mug 2 0"
    lines = await queries.history(there.draw)
    told = {line.code: line for line in lines}
    assert told["draw.absence_withdrawn"].details["first"] == str(there.organiser)
    assert told["draw.absence_written"].details["first"] == str(there.cashier)
    assert told["draw.absence_written"].who == "Witness"
    await there.close()


async def test_whoever_is_on_the_list_decides_over_nobody(redis: Redis) -> None:
    there = await drawn(redis)
    entrant = there.plant.workers[5]
    await db.rows("UPDATE member SET roles = '{organiser}' WHERE id = $1", entrant)
    await there.call("mug")
    there.later()
    with refused("draw.own_ticket"):
        await there.doubt("mug", actor=entrant)
    with refused("draw.own_ticket"):
        await there.close(entrant)


async def test_who_need_not_be_there_is_not_absent(redis: Redis) -> None:
    there = await drawn(redis)
    await there.call("card")
    there.later()
    with refused("draw.absent.present"):
        await there.doubt("card")
    with refused("draw.absent.reason"):
        await there.doubt("card", reason="asleep")
    await there.absent("card", reason="declined")
    assert (await chances(there, "card")).attempt == 1


async def test_a_place_waits_for_its_dice_before_anything_else(redis: Redis) -> None:
    there = await drawn(redis)
    await there.round()
    with refused("draw.redraw.none"):
        await there.redraw("trip")
    await there.call("mug")
    await there.absent("trip")
    waiting = (await there.look()).waiting
    assert waiting == rules.Redraw("trip", 0, 1, "redraw-d10x4")
    for other in (there.call("mug", 1), there.doubt("mug", reason="declined")):
        with refused("draw.redraw.pending"):
            await other
    with refused("draw.close.early"):
        await there.close()
    with refused("draw.redraw.none"):
        await there.redraw("trip", attempt=2)
    with refused("draw.dice.digits"):
        await there.redraw("trip", digits="271")
    assert (await there.redraw("trip")).line == f"redraw trip 0 1 redraw-d10x4 {AGAIN_DICE}"
    assert (await chances(there, "trip")).attempt == 1


async def test_whoever_has_his_prize_keeps_it(redis: Redis) -> None:
    there = await drawn(redis)
    place = await chances(there, "mug")
    code = await db.value("SELECT claim_code FROM win WHERE id = $1", place.win)
    await there.call("mug")
    there.later()
    await actions.claim(redis, code, by=there.cashier, now=there.now, new_id=new_id)
    for late in (there.doubt("mug"), there.call("mug"), there.withdraw("mug"), there.cancel()):
        with refused("draw.place_claimed"):
            await late
    await there.round()
    await there.close()
    assert await db.value("SELECT state FROM win WHERE id = $1", place.win) == "claimed"


# The lists that are locked


async def test_nothing_is_armed_while_objections_may_come(redis: Redis) -> None:
    there = await venue(redis, dispute_hours=24)
    there.later(23 * HOUR - MINUTE / 2)
    with refused("draw.dispute_open") as caught:
        await there.arm()
    assert caught.value.details == {"hours": 1, "minutes": 0}
    there.later(HOUR)
    assert (await there.arm()).state == "armed"


async def test_nobody_there_is_no_draw(redis: Redis) -> None:
    there = await venue(redis, presence=True)
    with refused("draw.arm.nobody"):
        await there.arm()
    await there.arrive([2])
    await there.void(2)
    with refused("draw.arm.nobody"):
        await there.arm()
    assert (await there.look()).state == "frozen"
    await there.arrive([3])
    assert (await there.arm()).state == "armed"


async def test_only_those_who_came_win_what_must_be_received_in_person(redis: Redis) -> None:
    there = await venue(redis, **FULL)
    await there.arrive([0, 1, 2, 3])
    await there.arm()
    await there.roll()
    await there.open_secrets()
    await there.round()
    await there.close()
    found = await there.look()
    must = {prize.id for prize in found.manifest.prizes if prize.present}
    assert {one.line for one in found.places if one.prize in must} <= {0, 1, 2, 3, None}


async def test_presence_edited_after_the_dice_changes_nothing(redis: Redis) -> None:
    there = await armed(redis)
    await there.roll()
    locked = (await there.row())["present"]
    late = await actions.check_in(
        redis,
        there.draw,
        [actions.Arrival(await there.size() - 1, there.now, "list")],
        by=there.cashier,
        now=there.later(),
        new_id=new_id,
    )
    assert [(one.verdict, one.code) for one in late] == [("refused", "presence.closed")]
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("UPDATE draw SET present = $2 WHERE id = $1", there.draw, b"0\n")
    await db.rows("DELETE FROM void_line WHERE draw = $1", there.draw)
    await db.rows(
        "INSERT INTO check_in (id, draw, member, scanned_at, received_at, by, way)"
        " SELECT gen_random_uuid(), draw, member, $2, $2, $3, 'list' FROM entrant WHERE draw = $1"
        " ON CONFLICT DO NOTHING",
        there.draw,
        there.now,
        there.cashier,
    )
    await there.open_secrets()
    assert (await there.row())["present"] == locked
    assert f"present {rules.present_hash(locked)}" in (await there.log())[0]
    assert (await recomputed(there)).lines == tuple(await there.log())


async def test_a_log_is_never_shortened_or_altered(redis: Redis) -> None:
    there = await drawn(redis)
    log = (await there.row())["log"]
    for wrong in (None, "", log[:-2], log.replace("win mug 0 0 ", "win mug 0 0 1", 1), "arm" + log[3:-4] + "0\n"):
        if wrong == log:
            continue
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows("UPDATE draw SET log = $2 WHERE id = $1", there.draw, wrong)
    await there.round()
    await there.close()
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("UPDATE draw SET log = log || E'close\\n' WHERE id = $1", there.draw)
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("UPDATE draw SET state = 'drawn' WHERE id = $1", there.draw)


async def test_stored_files_that_do_not_fit_are_not_drawn_from(redis: Redis) -> None:
    there = await armed(redis)
    await db.rows("ALTER TABLE draw DISABLE TRIGGER USER")
    await db.rows("UPDATE draw SET snapshot = substring(snapshot FROM 1 FOR octet_length(snapshot) - 1) || '\\x0a0a'")
    await db.rows("ALTER TABLE draw ENABLE TRIGGER USER")
    with refused("draw.files_unsound"):
        await there.roll()
    assert (await there.look()).state == "armed"


# The end


@pytest.mark.parametrize("state", ["frozen", "armed", "rolled", "drawn"])
async def test_called_off_at_any_time_nobody_has_won(redis: Redis, tmp_path: Path, state: State) -> None:
    there = await in_state(redis, state)
    with refused("draw.why_missing"):
        await there.cancel("  ")
    await there.cancel()
    await agrees(there, tmp_path, "aborted")
    assert await db.value("SELECT count(*) FROM win WHERE draw = $1 AND state <> 'annulled'", there.draw) == 0
    assert (await there.look()).places == ()
    assert [line.why for line in await queries.history(there.draw)][-1] == "the hall burnt"
    assert "publish_draw" in [one.kind for one in await overdue(there.now)]


async def test_a_draft_is_called_off_without_a_trace_in_public(redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    draw = await plan_draw(redis, there)
    await actions.cancel(redis, draw, actor=there.organiser, why="no", now=NOW, new_id=new_id)
    assert await actions.publish(draw, tmp_path) is None
    assert await db.value("SELECT state FROM draw WHERE id = $1", draw) == "cancelled"


async def funded() -> tuple[UUID, UUID]:
    """A budget of 100 yuan and a stock of 20 mugs."""
    budget = await funds.open_fund("Prizes", "money", 100_00, actor=None, now=NOW, new_id=new_id)
    return budget, await funds.open_fund("Mugs", "item", 20, 5_00, actor=None, now=NOW, new_id=new_id)


async def free(*which: UUID) -> list[int]:
    """What is free in these funds."""
    found = {one.id: one.free for one in await kept.funds()}
    return [found[one] for one in which]


async def test_what_nobody_could_win_returns_at_the_close(redis: Redis) -> None:
    budget, stock = await funded()
    prizes = (
        PrizeTerms("cash", "Cash", 2, value=10_00, budget=budget),
        PrizeTerms("mug", "Mug", 15, value=5_00, stock=stock),
    )
    there = await venue(redis, prizes=prizes, workers=6)
    assert await free(budget, stock) == [80_00, 5]
    await there.arm()
    await there.roll()
    await there.open_secrets()
    assert await free(budget, stock) == [80_00, 5]
    await there.close()
    assert await free(budget, stock) == [80_00, 5 + 12]


async def test_everything_kept_returns_when_it_is_called_off(redis: Redis) -> None:
    budget, stock = await funded()
    there = await venue(redis, prizes=(PrizeTerms("cash", "Cash", 2, value=10_00, budget=budget, stock=stock),))
    assert await free(budget, stock) == [80_00, 18]
    await there.arm()
    await there.cancel()
    assert await free(budget, stock) == [100_00, 20]


async def test_claim_codes_that_are_taken_are_made_again(redis: Redis) -> None:
    there = await drawn(redis)
    taken = [one["claim_code"] for one in await db.rows("SELECT claim_code FROM win")]
    offered = iter([*taken, taken[0], *(claim_code() for _ in range(9))])
    there.new_code = lambda: next(offered)
    await there.round()
    assert await db.value("SELECT count(DISTINCT claim_code) FROM win") == len(taken) + 1


async def test_more_places_than_people_stay_unfilled(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, workers=4, prizes=(PrizeTerms("cup", "Cup", 5, alternates=2),))
    await there.arm()
    await there.roll()
    await there.open_secrets()
    assert [one.line is None for one in (await there.look()).places] == [False, False, False, True, True]
    with refused("draw.place_moved"):
        await there.call("cup", 4)
    await there.absent("cup", 0)
    assert (await chances(there, "cup")).line is None
    await there.close()
    assert (await there.look()).alternates == ()
    await agrees(there, tmp_path, "closed")


async def test_what_does_not_exist(redis: Redis) -> None:
    nobody = uuid4()
    assert await queries.venue(nobody) is None
    there = await plant(2)
    draft = await plan_draw(redis, there)
    await seal_all(redis, draft)
    assert await queries.venue(draft) is None
    with refused("draw.unknown"):
        await actions.arm(redis, nobody, actor=there.organiser, now=NOW, new_id=new_id)
    with refused("draw.unknown"):
        await actions.cancel(redis, nobody, actor=there.organiser, why="no", now=NOW, new_id=new_id)
