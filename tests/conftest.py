"""Real PostgreSQL and real Valkey for every test: one pair of servers a test process, one database a test."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from server.runtime.embedded import start_pair
from server.runtime.migrate import migrate
from tests import laws  # noqa: F401 - its profile holds for every law


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(PostgreSQL URL, Redis URL). LAUREL_TEST_DATABASE_URL and LAUREL_TEST_REDIS_URL name servers already running."""
    given = os.environ.get("LAUREL_TEST_DATABASE_URL"), os.environ.get("LAUREL_TEST_REDIS_URL")
    if given[0] and given[1]:
        yield given[0], given[1]
        return
    folder: Path = tmp_path_factory.mktemp("services")
    with start_pair(folder) as urls:
        yield urls


@pytest.fixture(scope="session")
def template(servers: tuple[str, str]) -> str:
    """The name of a migrated, empty database that tests copy."""
    name = f"template_{uuid.uuid4().hex[:12]}"

    async def make() -> None:
        admin = await asyncpg.connect(servers[0])
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        await migrate(named(servers[0], name))

    asyncio.run(make())
    return name


def named(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return head.rsplit("/", 1)[0] + "/" + name + (f"?{tail}" if tail else "")


@pytest.fixture
async def database_url(servers: tuple[str, str], template: str) -> AsyncIterator[str]:
    """A database of this test's own, migrated and empty."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(servers[0])
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield named(servers[0], name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The process's pool opened on this test's database."""
    await db.open_pool(database_url, size=6)
    yield database_url
    await db.close_pool()


@pytest.fixture
async def redis(servers: tuple[str, str]) -> AsyncIterator[Redis]:
    """An empty Redis (the whole server is this test process's own)."""
    client = Redis.from_url(servers[1])
    await client.flushall()
    yield client
    await client.aclose()
