"""Real PostgreSQL and real Valkey for every test: one pair of servers a test process, one database a test."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from rewards import database as db
from server.runtime.embedded import start_pair
from tests import laws  # noqa: F401 - its profile holds for every law
from tests.databases import Databases


def pytest_configure() -> None:
    """Ctrl-C reaches what tests start, also where a shell that runs the suite in its background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Keep what each file took, for `make near`; only of whole files."""
    cache = getattr(config, "cache", None)  # there is none with -p no:cacheprovider
    if cache is None or config.option.keyword or config.option.markexpr or any("::" in one for one in config.args):
        return
    took: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                path = report.nodeid.partition("::")[0]
                took[path] = took.get(path, 0) + report.duration
    cache.set("laurel/seconds", cache.get("laurel/seconds", {}) | took)


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
async def databases(servers: tuple[str, str]) -> Databases:
    """Those that tests borrow."""
    return await Databases.of(servers[0])


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A database of this test's own, migrated and empty."""
    async with databases.one() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The process's pool opened on this test's database."""
    await db.open_pool(database_url, size=7)  # six for pages, as many as tests keep waiting
    yield database_url
    await db.close_pool()


@pytest.fixture
async def redis(servers: tuple[str, str]) -> AsyncIterator[Redis]:
    """An empty Redis (the whole server is this test process's own)."""
    client = Redis.from_url(servers[1])
    await client.flushall()
    yield client
    await client.aclose()
