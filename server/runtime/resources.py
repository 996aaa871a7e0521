"""What a Laurel process holds while it runs: settings, the database pool, Redis, and the two shells' senses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from rewards import database
from server.runtime import timekeeping
from server.runtime.redis_client import connect
from server.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Resources:
    """Open for as long as the process serves; see `opened`."""

    settings: Settings
    redis: Redis
    zone: ZoneInfo
    beside: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Places for work beside this process (`beside.run`); the next waits."""

    def day_of(self, moment: datetime) -> date:
        """The organisation's day on which a moment falls."""
        return moment.astimezone(self.zone).date()


LOCK_SECONDS = 4
STATEMENT_SECONDS = 55
"""How long a page's statement may wait for a lock, and run; work of the worker and of the command line is bounded by
its own limits."""

REDIS_SECONDS = 3.0
"""How long a page waits for an answer of Redis, which takes a millisecond."""


@asynccontextmanager
async def opened(settings: Settings, *, for_pages: bool = False) -> AsyncIterator[Resources]:
    """Connect to PostgreSQL and Redis, and keep Laurel's time; close both in the end, whatever happens. `for_pages`:
    somebody waits for every answer, so none is waited for long."""
    if for_pages:
        limits = {"lock_seconds": LOCK_SECONDS, "statement_seconds": STATEMENT_SECONDS}
        await database.open_pool(settings.database_url, settings.database_pool, **limits)
        redis = connect(settings.redis_url, read_timeout=REDIS_SECONDS, late_again=False)
    else:
        await database.open_pool(settings.database_url, settings.database_pool)
        redis = connect(settings.redis_url)
    try:
        await timekeeping.look()
        yield Resources(settings, redis, ZoneInfo(settings.time_zone))
    finally:
        await redis.aclose()
        await database.close_pool()
