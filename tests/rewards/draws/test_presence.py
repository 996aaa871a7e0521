"""The door: in is in, however often it is said; closed with the arm; and the tickets of the list on paper."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.actions import Arrival, Seen
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.chance import new_id
from server.web.nouns import LISTING
from tests.rewards.draws.hall import FROZEN, NOW, Hall, hall

pytestmark = pytest.mark.usefixtures("database")

MINUTE = timedelta(minutes=1)


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def arrive(redis: Redis, there: Hall, *arrivals: Arrival, by: UUID | None = None, now: Any = NOW) -> list[Seen]:
    return await actions.check_in(redis, there.draw, arrivals, by=by or there.cashier, now=now, new_id=new_id)


async def test_who_comes_is_in_once_however_often_he_is_scanned(redis: Redis) -> None:
    there = await hall(state="frozen")
    scan = Arrival(0, NOW - MINUTE, "scan", "a")
    assert await arrive(redis, there, scan) == [Seen("a", 0, "in", NOW - MINUTE)]
    again = Arrival(0, NOW, "list", "b")
    assert await arrive(redis, there, scan, again, Arrival(1, NOW, "list", "c")) == [
        Seen("a", 0, "again", NOW - MINUTE),
        Seen("b", 0, "again", NOW - MINUTE),
        Seen("c", 1, "in", NOW),
    ]
    assert await arrive(redis, there, Arrival(2, NOW, "list", "d"), Arrival(2, NOW, "list", "e")) == [
        Seen("d", 2, "in", NOW),
        Seen("e", 2, "again", NOW),
    ]
    door = await queries.door(there.draw)
    assert door is not None
    assert (door.people, door.present, door.tickets) == (6, 3, 1 + 2 + 3 + 4 + 5 + 6)
    assert await queries.present_lines(there.draw) == [0, 1, 2]
    assert await queries.door_by_number(there.number) == door
    assert [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)] == [f"draw:{there.draw}"] * 3
    assert await queries.history(there.draw) == []


async def test_helpers_at_once_let_everybody_in_once(redis: Redis) -> None:
    there = await hall(state="frozen")
    done = await asyncio.gather(
        *(
            arrive(redis, there, *(Arrival(line, NOW, "scan") for line in order))
            for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 1, 2, 2, 1, 0)) * 4
        )
    )
    seen = [one for each in done for one in each]
    assert len([one for one in seen if one.verdict == "in"]) == 3
    assert {one.verdict for one in seen} == {"in", "again"}
    assert await queries.present_lines(there.draw) == [0, 1, 2]
    assert await queries.presence_now(there.draw) == ("frozen", 3)
    assert await queries.presence_now(uuid4()) == ("", 0)


async def test_a_device_without_a_line_brings_its_list_later(redis: Redis) -> None:
    there = await hall(state="frozen")
    brought = [
        Arrival(0, NOW - 20 * MINUTE, "offline", "a"),
        Arrival(3, FROZEN - MINUTE, "offline", "b"),
        Arrival(4, NOW + 9 * MINUTE, "offline", "c"),
        Arrival(99, NOW, "offline", "d"),
    ]
    done = await arrive(redis, there, *brought)
    assert [(one.nonce, one.verdict, one.since, one.code) for one in done] == [
        ("a", "in", NOW - 20 * MINUTE, ""),
        ("b", "in", NOW, ""),
        ("c", "in", NOW, ""),
        ("d", "refused", None, "presence.not_listed"),
    ]
    (line,) = await queries.history(there.draw)
    assert (line.code, line.details) == ("presence.brought", {"count": 3})
    assert [one.verdict for one in await arrive(redis, there, *brought)] == ["again", "again", "again", "refused"]
    assert len(await queries.history(there.draw)) == 1
    ways = await db.rows("SELECT way, received_at FROM check_in WHERE draw = $1", there.draw)
    assert {(one["way"], one["received_at"]) for one in ways} == {("offline", NOW)}


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("draft", "presence.not_open"),
        ("armed", "presence.closed"),
        ("drawn", "presence.closed"),
        ("closed", "presence.closed"),
        ("cancelled", "presence.closed"),
    ],
)
async def test_the_door_is_open_from_the_freeze_to_the_arm(redis: Redis, state: str, code: str) -> None:
    there = await hall(state=state)
    (done,) = await arrive(redis, there, Arrival(0, NOW, "scan", "a"))
    assert (done.verdict, done.code) == ("refused", code)
    assert await queries.present_lines(there.draw) == []
    with refused("draw.move"):
        await actions.undo_check_in(redis, there.draw, 0, by=there.cashier, now=NOW)


async def test_what_was_in_before_the_arm_is_in_after_it(redis: Redis) -> None:
    there = await hall(state="frozen")
    await arrive(redis, there, Arrival(0, NOW, "scan"))
    await db.rows("UPDATE draw SET state = 'armed' WHERE id = $1", there.draw)
    done = await arrive(redis, there, Arrival(0, NOW, "offline", "a"), Arrival(1, NOW, "offline", "b"))
    assert [(one.verdict, one.code) for one in done] == [("again", ""), ("refused", "presence.closed")]
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("DELETE FROM check_in WHERE draw = $1", there.draw)
    with refused("draw.move"):
        await actions.undo_check_in(redis, there.draw, 0, by=there.cashier, now=NOW)
    assert await queries.present_lines(there.draw) == [0]


async def test_a_mistake_is_taken_back_before_the_arm(redis: Redis) -> None:
    there = await hall(state="frozen")
    await arrive(redis, there, Arrival(0, NOW, "list"))
    assert await actions.undo_check_in(redis, there.draw, 0, by=there.cashier, now=NOW)
    assert not await actions.undo_check_in(redis, there.draw, 0, by=there.cashier, now=NOW)
    assert not await actions.undo_check_in(redis, there.draw, 99, by=there.cashier, now=NOW)
    assert await queries.present_lines(there.draw) == []
    (line,) = await queries.history(there.draw)
    assert (line.code, line.details["line"]) == ("presence.undone", 0)
    assert (await arrive(redis, there, Arrival(0, NOW + MINUTE, "list"), now=NOW + MINUTE))[0].verdict == "in"


async def test_what_cannot_be_at_all_is_refused(redis: Redis) -> None:
    there = await hall(state="frozen")
    assert (await arrive(redis, there, Arrival(2, NOW, "scan"), by=there.workers[2]))[0].code == "presence.own"
    played = await hall(state="frozen", rehearses=there.draw)
    with refused("presence.rehearsal"):
        await arrive(redis, played, Arrival(0, NOW, "scan"))
    with refused("presence.too_many"):
        await arrive(redis, there, *[Arrival(0, NOW, "scan")] * (actions.MOST_ARRIVALS + 1))
    with refused("draw.unknown"):
        await actions.check_in(redis, uuid4(), [], by=there.cashier, now=NOW, new_id=new_id)
    with refused("draw.unknown"):
        await actions.undo_check_in(redis, uuid4(), 0, by=there.cashier, now=NOW)
    assert await queries.door(uuid4()) is None
    assert await queries.door_by_number(0) is None


async def test_people_are_found_by_name_number_and_unit(redis: Redis) -> None:
    there = await hall(state="frozen")
    await arrive(redis, there, Arrival(1, NOW, "list"))
    everybody = await queries.guests(there.draw)
    assert [one.line for one in everybody] == list(range(6))
    assert [one.since for one in everybody] == [None, NOW, None, None, None, None]
    number = everybody[4].staff_number

    async def lines(text: str) -> list[int]:
        return [one.line for one in await queries.guests_found(there.draw, text)]

    assert await lines("李") == [0, 3]
    assert await lines(" wang  fang ") == [1, 4]
    assert await lines(number.lower()) == [4]
    assert await lines("二车间") == [1, 4]
    assert await lines("") == await lines("nobody") == await lines("%") == []
    assert await queries.guest(there.draw, 4) == await queries.guest_of(there.draw, there.workers[4]) == everybody[4]
    assert await queries.guest(there.draw, 6) is None
    assert await queries.guest_of(there.draw, there.cashier) is None
    assert [one.line for one in await queries.arrived_last(there.draw)] == [1]
    assert await queries.arrived(there.draw) == [(1, NOW, NOW)]
    assert await queries.arrived(there.draw, NOW + MINUTE) == []


async def test_ticket_numbers_are_those_of_the_protocol(redis: Redis) -> None:
    """Line 0 has 2 tickets, line 1 has 3 ...: counted through the list, without a gap and without an overlap."""
    there = await hall(state="frozen", tickets=2)
    everything = await queries.tickets_of(there.draw, 0, 1000)
    assert [(one.line, one.first, one.last) for one in everything] == [
        (0, 0, 1), (1, 2, 4), (2, 5, 8), (3, 9, 13), (4, 14, 19), (5, 20, 26)
    ]  # fmt: skip
    owner = {number: one.line for one in everything for number in range(one.first, one.last + 1)}
    assert sorted(owner) == list(range(27))
    for start in range(28):
        for size in (1, 4, 27):
            part = await queries.tickets_of(there.draw, start, size)
            wanted = {number: owner[number] for number in range(start, min(start + size, 27))}
            got = {number: one.line for one in part for number in range(one.first, one.last + 1)}
            assert {number: line for number, line in got.items() if number in wanted} == wanted
            assert {one.line for one in part} == set(wanted.values())
    assert await queries.tickets_of(there.draw, 27, 10) == []
    await db.rows(
        "INSERT INTO void_line (id, draw, line, reason, added_by, added_at) VALUES ($1, $2, 3, 'left', $3, $4)",
        uuid4(),
        there.draw,
        there.organiser,
        NOW,
    )
    assert [one.struck for one in await queries.tickets_of(there.draw, 0, 1000)] == [False] * 3 + [True] + [False] * 2
