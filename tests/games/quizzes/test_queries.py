"""What is known of a room, and what of it nobody may know before the reveal."""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from games.quizzes import actions, queries, rules
from games.quizzes.queries import Mine, Result
from rewards import database as db
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from tests.games.quizzes.world import NOON, RIGHT, SECOND, WRONG, Play, room, scene

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


async def seen(play: Play) -> queries.RoomRow:
    found = await queries.room(play.id)
    assert found is not None
    assert found == await queries.room_by_code(f" {found.code.upper()} ")
    return found


async def all_players_see(play: Play) -> str:
    return str([asdict(await seen(play)), [await queries.mine(play.id, one) for one in play.scene.players]])


@pytest.mark.parametrize("state", ["open", "paused", "closing", "skipped"])
async def test_until_the_reveal_the_solution_makes_no_difference(state: str, redis: Redis) -> None:
    play = await room(redis, await scene(2))
    await play.join()
    await play.next()
    await play.answer(play.scene.players[0])
    if state == "paused":
        await play.pause()
    else:
        await db.rows("UPDATE round SET state = $1", state)
    one = await all_players_see(play)
    await db.rows("UPDATE question SET right_mask = 8, explanation = 'Otherwise'")
    assert await all_players_see(play) == one
    assert "Because" not in one


async def test_the_reveal_tells_the_solution_and_how_many_chose_what(redis: Redis) -> None:
    play = await room(redis, await scene(4))
    await play.join()
    await play.next()
    for member, picked in zip(play.scene.players, (RIGHT, RIGHT, WRONG), strict=False):
        await play.answer(member, picked)
    assert await queries.answered(play.id) == 3
    await play.next()
    asked = (await seen(play)).round
    assert asked is not None
    assert (asked.right_mask, asked.explanation) == (RIGHT, "Because of 1.")
    assert (asked.counts, asked.answers) == ((0, 2, 1, 0), 3)
    await play.next()
    asked = (await seen(play)).round
    assert asked is not None
    assert (asked.position, asked.right_mask, asked.explanation, asked.counts) == (2, 0, "", ())
    assert await queries.answered(play.id) == 0


async def test_a_room_shows_its_round_only_while_one_is_asked(redis: Redis) -> None:
    play = await room(redis, await scene(1, number=1))
    assert (await seen(play)).round is None
    await play.to("podium")
    row = await seen(play)
    assert (row.state, row.round, row.position, row.questions) == ("podium", None, 1, 1)
    assert await queries.room(uuid4()) is None
    assert await queries.room_by_code("zzzzz") is None
    assert await queries.answer_key(uuid4()) is None


async def test_places_after_each_question_and_as_the_board_has_them(redis: Redis) -> None:
    play = await room(redis, await scene(4))
    first, second, third, absent = play.scene.players
    await play.join()

    async def ask(taps: dict[UUID, tuple[int, int]]) -> dict[UUID, Result]:
        await play.next()
        opened = play.now
        for member, (picked, seconds) in taps.items():
            await play.answer(member, picked, opened + seconds * SECOND)
        play.now = opened + 15 * SECOND
        await play.next()
        found = {one.member: one for one in await queries.results(play.id, (await seen(play)).position)}
        places = await boards.top(redis, room_board(play.id), 10)
        assert [(one.member, one.place, one.total) for one in sorted(found.values(), key=lambda one: one.place)] == [
            (one.member, one.rank, one.points) for one in places
        ]
        return found

    one = await ask({first: (RIGHT, 2), second: (RIGHT, 4), third: (WRONG, 1)})
    assert one == {
        first: Result(first, RIGHT, True, 950, 950, 1, 0, 1),
        second: Result(second, RIGHT, True, 900, 900, 2, 0, 1),
        third: Result(third, WRONG, False, 0, 0, 3, 0, 0),
    }
    two = await ask({second: (RIGHT, 1), third: (RIGHT, 4)})
    assert two == {
        second: Result(second, RIGHT, True, 975, 1875, 1, 2, 2),
        first: Result(first, 0, False, 0, 950, 2, 1, 1),
        third: Result(third, RIGHT, True, 900, 900, 3, 3, 1),
    }
    assert await queries.results(play.id, 2, second) == [two[second]]
    assert await queries.results(play.id, 2, absent) == []
    assert [(one.member, one.correct, one.ms) for one in await queries.scores(play.id)] == [
        (second, 2, 5000),
        (first, 1, 2000),
        (third, 1, 4000),
    ]


async def test_equal_points_are_placed_by_time_then_by_member(redis: Redis) -> None:
    play = await room(redis, await scene(4, scoring="none"))
    await play.join()
    await play.next()
    for member, seconds in zip(play.scene.players, (3, 2, 3, 1), strict=True):
        await play.answer(member, RIGHT, NOON + seconds * SECOND)
    await play.next()
    one, two, three, four = play.scene.players
    assert [score.member for score in await queries.scores(play.id)] == [four, two, one, three]
    assert [place.member for place in await boards.top(redis, room_board(play.id), 9)] == [four, two, one, three]


async def test_what_a_phone_needs_of_its_member(redis: Redis) -> None:
    play = await room(redis, await scene(2))
    me, other = play.scene.players
    assert await queries.mine(play.id, me) == Mine(joined=False, removed=False, outside=False, picked=0)
    await play.join(me)
    await play.next()
    assert await queries.mine(play.id, me) == Mine(joined=True, removed=False, outside=False, picked=0)
    await play.answer(me, WRONG)
    assert await queries.mine(play.id, me) == Mine(joined=True, removed=False, outside=False, picked=WRONG)
    assert not (await queries.mine(play.id, other)).joined
    await play.next()
    await play.next()
    assert (await queries.mine(play.id, me)).picked == 0


async def test_who_is_in_a_room(redis: Redis) -> None:
    play = await room(redis, await scene(5))
    assert (await queries.players(play.id), await queries.players_by_unit(play.id)) == (0, [])
    for member in play.scene.players:
        play.now += SECOND
        await play.join(member)
    await db.rows("DELETE FROM membership WHERE member = $1", play.scene.players[4])
    assert await queries.players_by_unit(play.id) == [("Casting", 2), ("Paint", 2), ("", 1)]
    await actions.remove_player(redis, play.id, play.scene.players[3], actor=play.scene.host, now=NOON, back=False)
    assert await queries.players(play.id) == 4
    assert await queries.player_ids(play.id) == [play.scene.players[n] for n in (4, 2, 1, 0)]
    assert await queries.player_ids(play.id, 2) == [play.scene.players[n] for n in (4, 2)]


async def test_rooms_and_quizzes_in_lists(redis: Redis) -> None:
    there = await scene(1, number=1)
    waiting = await room(redis, there, code="one11", scheduled=True)
    done = await (await room(redis, there, code="two22")).to("podium")
    off = await (await room(redis, there, code="three")).to("cancelled")
    assert [one.id for one in await queries.rooms(live=True)] == [waiting.id]
    assert {one.id for one in await queries.rooms(live=False)} == {done.id, off.id}
    assert len(await queries.rooms(live=False, limit=1)) == 1
    assert await queries.rooms_with_boards() == [done.id]
    assert await queries.versions([waiting.id, done.id, uuid4()]) == {waiting.id: 1, done.id: 4}
    found = await queries.quiz(there.quiz)
    assert found is not None
    assert (found.questions, found.played) == (1, 1)
    assert await queries.quiz(uuid4()) is None
