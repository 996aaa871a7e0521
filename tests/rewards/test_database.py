"""The traps of Piccolo's transactions that rewards.database.transaction disarms."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest
from piccolo.engine.exceptions import TransactionError

from rewards import database as db
from tests import patience


@pytest.fixture
async def small_pool(database_url: str) -> AsyncIterator[None]:
    """A pool of two, and a table whose constraint is checked by COMMIT."""
    await db.open_pool(database_url, size=2)
    await db.rows("CREATE TABLE one (id INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    yield
    await db.close_pool()


def idle() -> bool:
    assert db._kept is not None
    return db._kept.at_rest() == db._kept.pool.get_size()


async def test_a_failed_commit_gives_its_connection_back(small_pool: None) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.UniqueViolationError):
            async with db.transaction():
                await db.rows("INSERT INTO one VALUES (1), (1)")
        assert db.engine.current_transaction.get() is None
    assert idle()
    assert await db.value("SELECT count(*) FROM one") == 0


async def test_a_gather_inside_errs_but_gives_its_connection_back(small_pool: None) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.InterfaceError):
            async with db.transaction():
                await asyncio.gather(*(db.rows("INSERT INTO one VALUES ($1)", n) for n in range(3)))
        assert db.engine.current_transaction.get() is None
    async with asyncio.timeout(patience.SECONDS):
        async with db.transaction():
            await db.rows("INSERT INTO one VALUES (7)")
    assert [one["id"] for one in await db.rows("SELECT id FROM one")] == [7]


async def test_a_nested_transaction_is_refused(small_pool: None) -> None:
    async def nested() -> None:
        async with db.transaction():
            await db.rows("INSERT INTO one VALUES (1)")
            async with db.transaction():
                await db.rows("INSERT INTO one VALUES (2)")

    with pytest.raises(TransactionError):
        await nested()
    assert await db.value("SELECT count(*) FROM one") == 0
    assert idle()


async def test_an_exception_rolls_back(small_pool: None) -> None:
    async def broken() -> None:
        async with db.transaction():
            await db.rows("INSERT INTO one VALUES (1)")
            raise KeyError

    for _ in range(5):
        with pytest.raises(KeyError):
            await broken()
    assert await db.value("SELECT count(*) FROM one") == 0
    assert idle()


async def test_a_cancelled_transaction_gives_its_connection_back(small_pool: None) -> None:
    entered = asyncio.Event()

    async def forever() -> None:
        async with db.transaction():
            await db.rows("INSERT INTO one VALUES (1)")
            entered.set()
            await asyncio.Event().wait()

    for _ in range(5):
        entered.clear()
        task = asyncio.create_task(forever())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await db.value("SELECT count(*) FROM one") == 0
    assert idle()


@pytest.mark.parametrize("inside", [True, False], ids=["in a transaction", "outside"])
async def test_work_cut_off_while_the_server_is_frozen_leaves_and_nothing_of_it_is_done(
    small_pool: None, inside: bool
) -> None:
    """asyncpg alone waits a minute for the frozen server to hear of it."""
    backend = await db.value("SELECT pg_backend_pid()")
    started = asyncio.Event()

    async def work() -> None:
        if not inside:
            os.kill(backend, signal.SIGSTOP)
            started.set()
            await db.rows("INSERT INTO one VALUES (1)")
            return
        async with db.transaction():
            os.kill(backend, signal.SIGSTOP)
            started.set()
            await db.rows("INSERT INTO one VALUES (1)")

    try:
        task = asyncio.create_task(work())
        await started.wait()
        await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=20)
        assert done, "it waits for who does not answer"
        assert task.cancelled()
        assert idle()
        assert db.engine.current_transaction.get() is None
        assert await db.value("SELECT 1") == 1, "on another connection"
    finally:
        os.kill(backend, signal.SIGCONT)
    if inside:
        assert await db.value("SELECT count(*) FROM one") == 0


async def test_a_page_waits_only_so_long_for_a_lock(database_url: str) -> None:
    await db.open_pool(database_url, size=2, lock_seconds=1)
    await db.rows("CREATE TABLE one (id INTEGER)")
    async with db.transaction():
        await db.rows("LOCK TABLE one")
        assert db.engine.pool is not None
        with pytest.raises(asyncpg.LockNotAvailableError):
            await db.engine.pool.fetch("SELECT * FROM one")
    assert await db.rows("SELECT * FROM one") == []
    await db.close_pool()


async def test_a_connection_cut_off_inside_is_not_reused(small_pool: None) -> None:
    async def cut_off() -> None:
        async with db.transaction():
            me = await db.value("SELECT pg_backend_pid()")
            assert db.engine.pool is not None
            await db.engine.pool.fetchval("SELECT pg_terminate_backend($1, 5000)", me)
            await db.rows("INSERT INTO one VALUES (1)")

    for _ in range(5):
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
            await cut_off()
        assert db.engine.current_transaction.get() is None
    assert await db.value("SELECT count(*) FROM one") == 0


async def test_who_waits_for_a_connection_gets_the_next_that_is_given_back(small_pool: None) -> None:
    begun, go = asyncio.Barrier(3), asyncio.Event()

    async def busy() -> None:
        async with db.transaction():
            await begun.wait()
            await go.wait()

    async with asyncio.timeout(patience.SECONDS), asyncio.TaskGroup() as work:
        work.create_task(busy())
        with db.first():
            work.create_task(busy())
        await begun.wait()
        waiting = [work.create_task(db.value("SELECT $1::int", n)) for n in range(10)]
        with db.first():
            waiting += [work.create_task(db.value("SELECT $1::int", n)) for n in range(10, 20)]
        await asyncio.sleep(0)
        assert not idle()
        go.set()
    assert [task.result() for task in waiting] == list(range(20))
    assert idle()


async def test_a_connection_that_was_cut_off_at_rest_is_not_taken(small_pool: None) -> None:
    mine = await db.value("SELECT pg_backend_pid()")
    assert mine == await db.value("SELECT pg_backend_pid()"), "the same connection stays at hand"
    assert db._kept is not None
    async with db._kept.pool.acquire() as other, asyncio.timeout(patience.SECONDS):
        await other.fetch("SELECT pg_terminate_backend($1, 5000)", mine)
        while db._kept.at_rest():  # until the news of the cut have come
            await other.fetch("SELECT 1")
    assert mine != await db.value("SELECT pg_backend_pid()")


async def test_what_comes_first_does_not_wait_for_pages_that_wait(small_pool: None) -> None:
    """Also after work that failed, was cut off, or met a connection that had died, none of the places is lost."""
    held, go = asyncio.Event(), asyncio.Event()

    async def page() -> None:
        async with db.transaction():
            held.set()
            await go.wait()

    async def cut_off() -> None:
        with db.first():
            await asyncio.wait_for(db.rows("SELECT pg_sleep(60)"), 0.01)

    for _ in range(3):
        go.clear(), held.clear()
        first = asyncio.create_task(page())
        await held.wait()
        second = asyncio.create_task(page())
        await asyncio.sleep(0)
        async with asyncio.timeout(patience.SECONDS):
            with db.first():
                assert await db.value("SELECT 1") == 1
                with pytest.raises(asyncpg.PostgresSyntaxError):
                    await db.rows("SELECT FROM WHERE")
            with pytest.raises(TimeoutError):
                await cut_off()
            await db.ping()
        first.cancel()
        go.set()
        await second
    assert idle()


async def test_work_under_way_ends_before_the_pool_is_closed(small_pool: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, terminated, begun, go = db._kept, [], asyncio.Event(), asyncio.Event()
    assert kept is not None
    monkeypatch.setattr(type(kept.pool), "terminate", lambda pool: terminated.append(pool))

    async def busy() -> None:
        async with db.transaction():
            begun.set()
            await go.wait()

    task = asyncio.create_task(busy())
    await begun.wait()
    closing = asyncio.create_task(kept.close())
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(task, closing)
    assert terminated == []
