"""Standings in Valkey: the order, the guard, and the same bytes by whatever way."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards.boards import queries, rules
from rewards.boards.actions import place, replace, take_off
from rewards.boards.rules import BoardScore, Placing
from rewards.ticks import STREAM
from tests.laws import examples
from tests.rewards.ledger.world import held

on_valkey = examples(40, over_one_fixture=True)

POINTS = st.integers(0, 3) | st.sampled_from([rules.MOST_POINTS - 1, rules.MOST_POINTS])
REACHED = st.integers(0, 3) | st.sampled_from([rules.MOST_REACHED - 1, rules.MOST_REACHED])
IDS = st.integers(0, 8).map(lambda n: UUID(int=n << 120 | n))


async def ticks(redis: Redis) -> list[str]:
    return [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]


def some(count: int) -> list[BoardScore]:
    return [BoardScore(uuid4(), points=n // 3 * 7, reached=n % 5, sequence=n) for n in range(count)]


@on_valkey
@given(st.lists(st.builds(BoardScore, IDS, POINTS, REACHED, st.just(1)), unique_by=lambda one: one.member))
async def test_a_board_orders_like_the_tuple(redis: Redis, standings: list[BoardScore]) -> None:
    board = f"room:{uuid4()}"
    await place(redis, board, standings)
    right = sorted(standings, key=lambda one: (-one.points, one.reached, one.member.bytes))
    places = [Placing(rank, one.member, one.points, one.reached) for rank, one in enumerate(right, 1)]
    assert await queries.top(redis, board, 99) == places
    assert await queries.page(redis, board, 2, 3) == places[2:5]
    assert await queries.size(redis, board) == len(places)
    assert await queries.points_and_places(redis, board, [UUID(int=n << 120 | n) for n in range(9)]) == {
        one.member: one for one in places
    }
    for index, one in enumerate(places):
        assert await queries.place_of(redis, board, one.member) == one
        assert await queries.around(redis, board, one.member, 2) == places[max(0, index - 2) : index + 3]


@on_valkey
@given(
    st.dictionaries(st.tuples(IDS, st.integers(0, 5)), st.tuples(POINTS, REACHED), min_size=1),
    st.data(),
)
async def test_a_stale_sequence_never_wins(
    redis: Redis, facts: dict[tuple[UUID, int], tuple[int, int]], data: st.DataObject
) -> None:
    standings = [BoardScore(member, *facts[member, sequence], sequence) for member, sequence in facts]
    order = data.draw(st.permutations(standings * 2))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    board = f"room:{uuid4()}"
    await asyncio.gather(
        *(place(redis, board, order[a:b]) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True))
    )
    newest = {one.member: one for one in sorted(standings, key=lambda one: one.sequence)}
    other = f"room:{uuid4()}"
    await replace(redis, other, list(newest.values()))
    assert await held(redis, board) == await held(redis, other)
    assert await place(redis, board, order) == 0
    assert await held(redis, board) == await held(redis, other)


async def test_an_equal_sequence_changes_nothing(redis: Redis) -> None:
    member = uuid4()
    assert await place(redis, "room:x", [BoardScore(member, 5, 5, 7)]) == 1
    assert await place(redis, "room:x", [BoardScore(member, 9, 9, 7)]) == 0
    assert await place(redis, "room:x", [BoardScore(member, 9, 9, 6)]) == 0
    assert await queries.place_of(redis, "room:x", member) == Placing(1, member, 5, 5)
    assert await place(redis, "room:x", [BoardScore(member, 1, 9, 8), BoardScore(member, 9, 9, 7)]) == 1
    assert await queries.place_of(redis, "room:x", member) == Placing(1, member, 1, 9)


async def test_out_of_bounds_changes_nothing(redis: Redis) -> None:
    bad: Sequence[BoardScore] = [*some(3), BoardScore(uuid4(), rules.MOST_POINTS + 1, 0, 1)]
    with pytest.raises(ValueError, match="cannot hold"):
        await place(redis, "room:x", bad)
    assert await redis.keys("*") == []


async def test_thousands_at_once(redis: Redis) -> None:
    standings = some(2501)
    assert await place(redis, "room:a", standings) == 2501
    await replace(redis, "room:b", standings)
    assert await held(redis, "room:a") == await held(redis, "room:b")
    places = await queries.points_and_places(redis, "room:a", [one.member for one in standings] + [uuid4()])
    assert sorted(one.rank for one in places.values()) == list(range(1, 2502))
    assert all(places[one.member].points == one.points for one in standings)
    assert await take_off(redis, "room:a", [one.member for one in standings[:2000]] + [uuid4()]) == 2000
    assert await queries.size(redis, "room:a") == 501


async def test_replacing_leaves_nothing_of_the_old_and_nothing_beside(redis: Redis) -> None:
    old, new = some(5), some(700)
    await place(redis, "room:x", old)
    await replace(redis, "room:x", new)
    assert {one.member for one in await queries.top(redis, "room:x", 999)} == {one.member for one in new}
    assert sorted(await redis.keys("board:{*")) == [b"board:{room:x}", b"board:{room:x}:seq"]
    assert await redis.ttl("board:{room:x}") == await redis.ttl("board:{room:x}:seq") == -1
    await replace(redis, "room:x", [])
    assert await redis.keys("board:{*") == []


async def test_replacements_at_once_never_mix(redis: Redis) -> None:
    versions = [[BoardScore(one.member, n, n, one.sequence) for one in some(600)] for n in range(6)]
    await asyncio.gather(*(replace(redis, "room:x", version) for version in versions))
    top = await queries.top(redis, "room:x", 9999)
    assert {one.member for one in top} in [{one.member for one in version} for version in versions]
    assert await redis.keys("*new*") == []


async def test_a_board_that_moved_is_announced_once(redis: Redis) -> None:
    standings = some(1200)
    await place(redis, "room:x", standings)
    assert await ticks(redis) == ["board:room:x"]
    await place(redis, "room:x", standings)
    await take_off(redis, "room:x", [uuid4()])
    await replace(redis, "room:none", [])
    assert await ticks(redis) == ["board:room:x"]
    await take_off(redis, "room:x", [standings[0].member])
    await replace(redis, "room:x", standings)
    await replace(redis, "room:x", [])
    assert await ticks(redis) == ["board:room:x"] * 4


async def test_taken_off_and_placed_again(redis: Redis) -> None:
    (one,) = some(1)
    await place(redis, "room:x", [one])
    assert await take_off(redis, "room:x", [one.member]) == 1
    assert await redis.keys("board:{*") == []
    assert await place(redis, "room:x", [one]) == 1
    assert await place(redis, "room:x", []) == await take_off(redis, "room:x", []) == 0


async def test_boards_that_are_not_there(redis: Redis) -> None:
    nobody = uuid4()
    assert await queries.top(redis, "room:x", 10) == await queries.page(redis, "room:x", 5, 0) == []
    assert await queries.around(redis, "room:x", nobody, 3) == []
    assert await queries.place_of(redis, "room:x", nobody) is None
    assert await queries.points_and_places(redis, "room:x", []) == {}
    assert await queries.size(redis, "room:x") == 0


async def test_scripts_survive_a_server_that_forgot_them(redis: Redis) -> None:
    (one,) = some(1)
    await place(redis, "room:x", [one])
    await redis.script_flush()
    await place(redis, "room:x", [BoardScore(one.member, 50, 0, 99)])
    await redis.script_flush()
    assert await queries.points_and_places(redis, "room:x", [one.member]) == {one.member: Placing(1, one.member, 50, 0)}
