"""Work beside the process: what comes back, what is refused, and that nothing stays of it."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.refusals import Refusal
from server.runtime import beside, settings
from server.runtime.resources import Resources
from tests import patience


async def asked(found: Resources, number: int, *, more: int = 0) -> tuple[int, int, int]:
    """(its process, how it gives way to others, what the database says)."""
    await found.redis.ping()
    return os.getpid(), os.nice(0), await db.value("SELECT $1::int + $2::int", number, more)


async def refused(_: Resources) -> None:
    raise Refusal("roster.nobody", count=7)


async def broken(_: Resources) -> None:
    raise ValueError


async def waits(_: Resources, file: Path) -> None:
    await asyncio.to_thread(file.touch)
    await asyncio.get_running_loop().create_future()


@pytest.fixture
def resources(redis: Redis, servers: tuple[str, str], database_url: str, tmp_path: Path) -> Iterator[Resources]:
    told = {"LAUREL_DATA": str(tmp_path), "LAUREL_DATABASE_URL": database_url, "LAUREL_REDIS_URL": servers[1]}
    yield Resources(settings.load(told, tmp_path), redis, ZoneInfo("UTC"))
    assert not any(map(is_beside, psutil.Process().children()))


def is_beside(process: psutil.Process) -> bool:
    return "server.runtime.beside" in process.cmdline()


async def test_what_is_found_comes_back(resources: Resources) -> None:
    process, nice, found = await beside.run(resources, asked, 40, more=2)
    assert found == 42
    assert process != os.getpid()
    assert nice > os.nice(0)


async def test_a_refusal_comes_back_as_one(resources: Resources) -> None:
    with pytest.raises(Refusal) as said:
        await beside.run(resources, refused)
    assert (said.value.code, said.value.details) == ("roster.nobody", {"count": 7})


async def test_a_fault_there_is_a_fault_here(resources: Resources) -> None:
    with pytest.raises(RuntimeError, match="broken beside us ended with 1"):
        await beside.run(resources, broken)


async def test_it_ends_when_nobody_waits_any_more_and_then_the_next_has_a_place(
    resources: Resources, tmp_path: Path
) -> None:
    files = [tmp_path / str(number) for number in range(2)]
    waiting = [asyncio.create_task(beside.run(resources, waits, file)) for file in files]
    await patience.until(lambda: all(file.exists() for file in files), "both to work")
    third = asyncio.create_task(beside.run(resources, asked, 1))
    await asyncio.sleep(0)
    assert len([one for one in psutil.Process().children() if is_beside(one)]) == 2
    waiting[0].cancel()
    assert (await third)[2] == 1
    waiting[1].cancel()
    await asyncio.wait(waiting)
    assert all(one.cancelled() for one in waiting)
