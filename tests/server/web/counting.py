"""What a request asks of PostgreSQL and Redis: what is awaited here counts, not what the process does beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline


@dataclass
class Counted:
    """The SQL that was said, those of transactions too, and the round trips to Redis by their first command."""

    statements: list[str] = field(default_factory=list)
    trips: list[str] = field(default_factory=list)


_COUNTED: ContextVar[Counted | None] = ContextVar("counted", default=None)
_SAYING = ("fetch", "fetchrow", "fetchval", "execute", "executemany")


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    """Count in this task, and in those that it starts, until the block ends."""
    found = Counted()
    with monkeypatch.context() as patched:
        for name in _SAYING:
            patched.setattr(asyncpg.Connection, name, _saying(getattr(asyncpg.Connection, name)))
        patched.setattr(Redis, "execute_command", _going(Redis.execute_command))
        patched.setattr(Pipeline, "execute", _going(Pipeline.execute))
        token = _COUNTED.set(found)
        try:
            yield found
        finally:
            _COUNTED.reset(token)


def _saying(say: Any) -> Any:
    async def counted(self: asyncpg.Connection, sql: str, *values: Any, **options: Any) -> Any:
        there = _COUNTED.get()
        if there is not None:
            there.statements.append(sql)
        return await say(self, sql, *values, **options)

    return counted


def _going(go: Any) -> Any:
    async def counted(self: Any, *command: Any, **options: Any) -> Any:
        there = _COUNTED.get()
        if there is not None:
            there.trips.append(str(command[0]) if command else "a pipeline")
        return await go(self, *command, **options)

    return counted
