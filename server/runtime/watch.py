"""Whether the database and Redis answer: asked when somebody wants to know, and by itself every second, so that pages
need not wait for what does not come, and the desk can say later what happened.

    laurel:away    hash: part -> JSON [from, until] of the last time it gave no answer
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from rewards import database
from server.runtime import clock

log = logging.getLogger("laurel.watch")

LIMIT: Final = 1.5
"""Seconds that an answer may take; it takes a millisecond."""

GIVEN_UP: Final = 5.0
"""Seconds after which a question is asked anew."""

EVERY: Final = 1.0
"""Seconds between two looks of its own."""

NO_BLINK: Final = 2.0
"""Seconds; what is away for less starts again, or its machine is busy: nobody need be told."""

_KEY: Final = "laurel:away"


@dataclass(frozen=True, slots=True)
class Away:
    """A part ("database", "redis") that gave no answer; times are UTC."""

    part: str
    since: datetime
    until: datetime


class Watch:
    """One a web process. Asks each part one question at a time, whoever wants to know."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._ask: Mapping[str, Callable[[], Awaitable[object]]] = {"database": database.ping, "redis": redis.ping}
        self._asked: dict[str, asyncio.Task[bool]] = {}
        self._since: dict[str, tuple[float, datetime]] = {}  # by the loop's clock, and by the wall's
        self._untold: list[Away] = []
        self._task: asyncio.Task[None] | None = None
        self.looked: list[Callable[[bool], None]] = []
        """Called after every look, a second or two apart, with whether a part is away."""

    @property
    def away(self) -> Mapping[str, datetime]:
        """The parts that have given no answer for longer than a blink -> since when, as of the last look."""
        now = asyncio.get_running_loop().time()
        return {part: since for part, (begun, since) in self._since.items() if now - begun > NO_BLINK}

    async def missing(self) -> list[str]:
        """The parts that give no answer now, found within LIMIT."""
        for part, ask in self._ask.items():
            if part not in self._asked or self._asked[part].done():
                self._asked[part] = asyncio.create_task(_answers(ask))
        asked = dict(self._asked)
        await asyncio.wait(asked.values(), timeout=LIMIT)
        # A loop that was too busy for the limit has not looked yet at what came meanwhile.
        await asyncio.wait(asked.values(), timeout=LIMIT / 10)
        return [part for part, task in asked.items() if not task.done() or not task.result()]

    def start(self) -> None:
        """Begin to look by itself."""
        self._task = asyncio.create_task(self._look_on())

    async def stop(self) -> None:
        """Leave off."""
        left = {task for task in (self._task, *self._asked.values()) if task is not None}
        end = asyncio.get_running_loop().time() + LIMIT
        # Said until it is heard: a cancellation that meets one of redis-py's own timeouts is lost there.
        while left and asyncio.get_running_loop().time() < end:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=LIMIT / 10)

    async def _look_on(self) -> None:
        while True:
            self._note(await self.missing())
            for look in self.looked:
                look(bool(self.away))
            while self._untold and "redis" not in self._since:
                try:
                    await _keep(self._redis, self._untold[0])
                except (RedisError, OSError) as error:
                    log.warning("watch.not_told error=%s", type(error).__name__)
                    break
                del self._untold[0]
            await asyncio.sleep(EVERY)

    def _note(self, missing: list[str]) -> None:
        now = asyncio.get_running_loop().time()
        for part in self._ask:
            if part in missing:
                if part not in self._since:
                    self._since[part] = now, clock.now()
                    log.warning("watch.away part=%s", part)
            elif part in self._since:
                begun, since = self._since.pop(part)
                log.warning("watch.back part=%s seconds=%s", part, round(now - begun))
                if now - begun > NO_BLINK:
                    self._untold.append(Away(part, since, clock.now()))


async def _answers(ask: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(GIVEN_UP):
            await ask()
    except Exception:
        return False
    return True


async def _keep(redis: Redis, away: Away) -> None:
    await redis.hset(_KEY, away.part, msgspec.json.encode([away.since, away.until]).decode())  # type: ignore[misc]


async def last_away(redis: Redis) -> list[Away]:
    """The last time that each part gave no answer, the latest first; parts that always did are left out."""
    found: dict[bytes, bytes] = await redis.hgetall(_KEY)  # type: ignore[misc]
    times = {part.decode(): msgspec.json.decode(raw, type=tuple[datetime, datetime]) for part, raw in found.items()}
    return sorted((Away(part, *both) for part, both in times.items()), key=lambda one: one.until, reverse=True)
