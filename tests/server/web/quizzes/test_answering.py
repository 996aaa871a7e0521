"""From a phone's answer to its "got it": each member's first answer once, whatever phones and servers do."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from games.quizzes import rules
from games.quizzes.actions import Written
from rewards import database as db
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.web.quizzes import answering as module
from server.web.quizzes.answering import Answering
from tests import patience
from tests.games.quizzes.world import NOON, RIGHT, SECOND, WRONG, Play, room, scene
from tests.patience import until

pytestmark = pytest.mark.usefixtures("database")
GREEN, BLUE = (1,), (2,)


@pytest.fixture(autouse=True)
def times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNT_SECONDS", 0.01)
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


async def started(redis: Redis, players: int = 4) -> Play:
    play = await room(redis, await scene(players))
    await play.join()
    await play.next()
    return play


async def settled(*all_of_them: Answering) -> None:
    """Until the counters have been announced."""
    for one in all_of_them:
        await asyncio.gather(*one._tasks)


async def joined(redis: Redis, players: int) -> Play:
    """As `started`, with one statement for all who join."""
    play = await room(redis, await scene(players))
    await db.rows(
        "INSERT INTO player (id, room, member, joined_at)"
        " SELECT gen_random_uuid(), $1, id, $3 FROM unnest($2::uuid[]) AS id",
        play.id,
        play.scene.players,
        NOON,
    )
    await play.next()
    return play


async def test_pages_that_wait_for_a_lock_keep_no_answer_waiting(redis: Redis) -> None:
    play = await started(redis, 1)
    round_id, go, web = await play.round(), asyncio.Event(), Answering(redis)

    async def page() -> None:
        async with db.transaction():
            await go.wait()

    assert db.engine.pool is not None
    pages = [asyncio.create_task(page()) for _ in range(db.engine.pool.get_max_size())]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(patience.SECONDS):
            told = await web.answer(round_id, play.scene.players[0], GREEN, NOON + SECOND)
    finally:
        go.set()
        await asyncio.gather(*pages)
    await settled(web)
    assert told.outcome == "recorded"


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_thousand_members_with_two_phones_each(processes: int, redis: Redis) -> None:
    play = await joined(redis, 1000)
    round_id, before = await play.round(), await redis.xlen(STREAM)
    web = [Answering(redis) for _ in range(processes)]

    async def tap(phone: int, number: int, member: UUID) -> Written:
        chosen = GREEN if (number + phone) % 3 else BLUE
        return await web[phone % processes].answer(round_id, member, chosen, NOON + SECOND)

    taps = [(phone, number, member) for phone in range(2) for number, member in enumerate(play.scene.players)]
    told = await asyncio.gather(*(tap(*one) for one in taps))
    await settled(*web)

    stored = {one["member"]: one["picked"] for one in await db.rows("SELECT member, picked FROM answer")}
    assert len(stored) == 1000 == await db.value("SELECT count(*) FROM answer")
    assert Counter(one.outcome for one in told) == {"recorded": 1000, "duplicate": 1000}
    recorded = {member: one.picked for (_, _, member), one in zip(taps, told, strict=True) if one.outcome == "recorded"}
    assert recorded == stored, "each member's one acknowledgement names what stands"
    assert all(one.picked == stored[member] for (_, _, member), one in zip(taps, told, strict=True))
    ticks = [tick[b"topic"] for _, tick in (await redis.xrange(STREAM))[before:]]
    assert set(ticks) == {f"answers:{play.id}".encode()}
    assert len(ticks) < 100, "nobody is told of each answer"


async def test_a_key_is_read_once_and_forgotten_when_its_room_changes(redis: Redis) -> None:
    play = await started(redis)
    round_id, answering = await play.round(), Answering(redis)
    one, two, three, four = play.scene.players

    async def correct(member: UUID) -> bool:
        await answering.answer(round_id, member, BLUE, NOON + SECOND)
        found: bool = await db.value("SELECT correct FROM answer WHERE member = $1", member)
        return found

    assert not await correct(one)
    await db.rows("UPDATE question SET right_mask = $1", WRONG)
    assert not await correct(two), "the key that is known serves all"
    answering.forget(f"room:{uuid4()}", {})
    answering.forget(f"answers:{play.id}", {})
    assert not await correct(three)
    answering.forget(f"room:{play.id}", {"version": "7"})
    assert await correct(four)
    await settled(answering)


async def test_a_hall_that_taps_at_once_reads_the_key_once(redis: Redis, database: str) -> None:
    play = await joined(redis, 300)
    round_id, answering = await play.round(), Answering(redis)
    between, watch = await asyncpg.connect(database), await asyncpg.connect(database)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%JOIN question%'"
        " AND datname = current_database()"
    )
    async with between.transaction():
        await between.execute("LOCK TABLE question IN ACCESS EXCLUSIVE MODE")
        told = asyncio.gather(
            *(answering.answer(round_id, member, GREEN, NOON + SECOND) for member in play.scene.players)
        )
        await until(lambda: watch.fetchval(waiting), "the key to be asked for")
        assert await watch.fetchval(waiting) == 1
    assert Counter(one.outcome for one in await told) == {"recorded": 300}
    await settled(answering)
    await asyncio.gather(between.close(), watch.close())


async def test_keys_do_not_pile_up(redis: Redis) -> None:
    play = await started(redis, 1)
    answering = Answering(redis)
    await answering.answer(await play.round(), play.scene.players[0], GREEN, NOON)
    key = answering._keys[await play.round()]
    answering._keys |= {uuid4(): key for _ in range(1000)}
    await play.next()
    await play.next()
    await answering.answer(await play.round(), play.scene.players[0], GREEN, NOON)
    assert list(answering._keys) == [await play.round()]
    await settled(answering)


async def test_a_pause_that_nobody_told_of_is_noticed(redis: Redis) -> None:
    play = await started(redis)
    round_id, answering = await play.round(), Answering(redis)
    one, two, *_ = play.scene.players
    await answering.answer(round_id, one, GREEN, NOON + SECOND)
    play.now = NOON + 2 * SECOND
    await play.pause()
    assert await answering.answer(round_id, two, GREEN, NOON + 3 * SECOND) == Written("paused", 0)
    play.now = NOON + 32 * SECOND
    await play.resume()
    assert await answering.answer(round_id, two, GREEN, NOON + 33 * SECOND) == Written("recorded", RIGHT)
    assert await db.value("SELECT elapsed_ms FROM answer WHERE member = $1", two) == 3000
    await settled(answering)


@pytest.mark.parametrize("chosen", [(), (4,), (-1,), (0, 1), (0, 9), (99,), (1, 1, 2)])
async def test_what_is_no_answer_is_refused_and_leaves_nothing(chosen: tuple[int, ...], redis: Redis) -> None:
    play = await started(redis, 1)
    with pytest.raises(Refusal, match=r"round\.malformed"):
        await Answering(redis).answer(await play.round(), play.scene.players[0], chosen, NOON)
    with pytest.raises(Refusal, match=r"round\.unknown"):
        await Answering(redis).answer(uuid4(), play.scene.players[0], GREEN, NOON)
    assert await db.value("SELECT count(*) FROM answer") == 0


async def test_late_foreign_and_after_the_end(redis: Redis) -> None:
    play = await started(redis)
    round_id, answering = await play.round(), Answering(redis)
    one, two, *_ = play.scene.players
    assert (await answering.answer(round_id, uuid4(), GREEN, NOON)).outcome == "not_in_room"
    assert (await answering.answer(round_id, one, GREEN, NOON + 21 * SECOND)).outcome == "late"
    assert (await answering.answer(round_id, one, GREEN, NOON + SECOND)).outcome == "recorded"
    await play.next()
    assert (await answering.answer(round_id, two, GREEN, NOON + SECOND)).outcome == "late"
    assert (await answering.answer(round_id, one, BLUE, NOON + SECOND)) == Written("duplicate", RIGHT)
    await settled(answering)


async def test_an_answer_is_acknowledged_while_redis_is_away(redis: Redis) -> None:
    play = await started(redis)
    nowhere = Redis(unix_socket_path="/nowhere/valkey.sock")
    answering = Answering(nowhere)
    told = await answering.answer(await play.round(), play.scene.players[0], GREEN, NOON + SECOND)
    assert told == Written("recorded", RIGHT)
    await settled(answering)
    await nowhere.aclose()


async def test_answers_survive_the_cut_of_every_connection(redis: Redis, database: str) -> None:
    play = await joined(redis, 300)
    round_id, answering = await play.round(), Answering(redis)
    between, watch = await asyncpg.connect(database), await asyncpg.connect(database)
    waiting = (
        "SELECT {} FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO answer%' AND datname = current_database()"
    )
    async with between.transaction():
        await between.execute("LOCK TABLE answer IN SHARE MODE")
        told = asyncio.gather(
            *(answering.answer(round_id, member, GREEN, NOON + SECOND) for member in play.scene.players)
        )
        await until(lambda: watch.fetchval(waiting.format("count(*) > 0")), "the first to wait")
        assert await watch.fetch(waiting.format("pg_terminate_backend(pid)")) == [(True,)]
    assert Counter(one.outcome for one in await told) == {"recorded": 300}
    assert await db.value("SELECT count(*) FROM answer") == 300
    await settled(answering)
    await between.close()
    await watch.close()
