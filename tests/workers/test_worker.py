"""Real worker processes on real servers: whatever falls due is done, once in effect, whoever is killed on the way."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from arq.connections import ArqRedis
from redis.asyncio import Redis

from games.quizzes import rules
from rewards import database as db
from rewards.outbox.queries import open_count
from server.runtime.settings import Settings, load, prepare
from tests import patience
from tests.patience import until
from tests.workers.world import LOG, check, done, due, stuck, time_passes, worker
from workers import main
from workers.main import QUEUE, queue, sweep

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


@pytest.fixture
def told(database_url: str, servers: tuple[str, str], tmp_path: Path) -> Settings:
    return prepare(load({"LAUREL_DATABASE_URL": database_url, "LAUREL_REDIS_URL": servers[1]}, tmp_path))


async def pool(settings: Settings) -> ArqRedis:
    """A client that queues jobs for the workers as their sweep does."""
    return queue(settings.redis_url)


@pytest.fixture
async def watching(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def deliver_again(told: Settings, times: int) -> None:
    """Queue every piece of work that is open, so many times, as different jobs."""
    client = await pool(told)
    for one in await db.rows("SELECT kind, subject FROM intent WHERE done_at IS NULL"):
        for _ in range(times):
            await client.enqueue_job("carry_out", one["kind"], one["subject"])
    await client.aclose()


@pytest.mark.parametrize(("workers", "deliveries"), [(1, 0), (2, 3)])
async def test_what_is_due_is_done_once(workers: int, deliveries: int, told: Settings, redis: Redis) -> None:
    expected = await due(redis)
    await deliver_again(told, deliveries)
    with ExitStack() as running:
        for _ in range(workers):
            running.enter_context(worker(told))
        await done(expected)
        await deliver_again(told, deliveries)
        await check(expected, redis, told.data)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
async def test_a_worker_that_ends_in_the_middle_of_everything_is_followed_by_another(
    by: signal.Signals, told: Settings, redis: Redis, database: str
) -> None:
    expected = await due(redis)
    with worker(told) as first:
        async with stuck(database) as watching:

            async def six_wait() -> bool:
                return await watching.fetchval(WAITING) >= 6  # type: ignore[no-any-return]

            await until(six_wait, "all the work to wait")
            first.send_signal(by)
            status = await asyncio.to_thread(first.wait, patience.SECONDS)
    held = await db.value("SELECT count(*) FROM intent WHERE done_at IS NULL AND claimed_until IS NOT NULL")
    if by == signal.SIGTERM:
        assert (status, held) == (0, 0), (told.data / LOG).read_text()
    else:
        assert held >= 6, "until their holds end nobody else takes them"
        await time_passes(redis)
    assert await open_count() >= 6
    with worker(told):
        await done(expected)
    await check(expected, redis, told.data)


DONE = (
    "SELECT NOT EXISTS (SELECT FROM intent WHERE done_at IS NULL AND kind <> 'teleport')"
    " AND NOT EXISTS (SELECT FROM intent WHERE kind = 'teleport' AND last_error = '')"
)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    " AND application_name = 'laurel'"
)


async def test_work_that_has_waited_for_days_is_queued_like_any_other(told: Settings, redis: Redis) -> None:
    """The machine was off over a long weekend."""
    expected = await due(redis)
    await db.rows("UPDATE intent SET due_at = due_at - interval '9 days' WHERE kind <> 'freeze_draw'")
    with worker(told):
        await done(expected)
    await check(expected, redis, told.data)


async def test_a_job_that_a_dead_worker_left_marked_is_queued_again(
    told: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died between arq's mark and the claim; the mark would keep everyone away for a minute."""
    await due(redis)
    queue = await pool(told)
    await sweep({"redis": queue})
    first = await redis.zcard(QUEUE)
    assert first == await open_count()
    monkeypatch.setattr(main, "AGAIN", timedelta(microseconds=1))
    await sweep({"redis": queue})
    assert await redis.zcard(QUEUE) == 2 * first
    await queue.aclose()


async def test_work_of_an_unknown_kind_stays_open_and_holds_nothing_up(told: Settings, redis: Redis) -> None:
    expected = await due(redis)
    await db.rows(
        "INSERT INTO intent (id, kind, subject, due_at, created_at)"
        " SELECT gen_random_uuid(), 'teleport', n::text, now() - interval '1 day', now() FROM generate_series(1, 30) n"
    )
    with worker(told):
        await until(lambda: db.value(DONE), "all but the unknown to be done, and that to have been tried")
    await check(expected, redis, told.data)
    assert await open_count() == 30
    assert {one["last_error"] for one in await db.rows("SELECT last_error FROM intent WHERE kind = 'teleport'")} == {
        "LookupError"
    }
