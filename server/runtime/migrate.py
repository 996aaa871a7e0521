"""Bring the database to this version: plain SQL files, in order, each once, under one lock; then what can be earned."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg

from rewards.ledger.actions import TOTALS, add_up, bring_up
from rewards.ledger.earnings import Earning
from server.runtime.refusals import MigrationError

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("rewards", "games", "server")
"""Order matters: later packages refer to tables of earlier ones."""

LOCK = 0x1A0E1
ADDING_UP = "rewards/totals"


def files() -> list[tuple[str, str]]:
    """(name, SQL) of every migration in the order they apply, e.g. ("rewards/0001_first_tables", ...)."""
    return [
        (f"{folder}/{path.stem}", path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder / "migrations").glob("*.sql"))
    ]


async def pending(connection: asyncpg.Connection) -> list[str]:
    """Names not applied yet, ADDING_UP when the totals of earlier postings are not all made.

    Raises MigrationError when an applied one differs or is unknown here.
    """
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migration"
        " (name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    applied = {row["name"]: row["digest"] for row in await connection.fetch("SELECT name, digest FROM migration")}
    known = {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in files()}
    for name, digest in applied.items():
        if name not in known:
            raise MigrationError("database.newer", name)
        if known[name] != digest:
            raise MigrationError("database.migration_altered", name)
    waiting = [name for name in known if name not in applied]
    if await connection.fetchval("SELECT to_regclass('checkpoint') IS NOT NULL") and await connection.fetchval(
        "SELECT true FROM checkpoint WHERE name = $1", TOTALS
    ):
        waiting.append(ADDING_UP)
    return waiting


async def apply(connection: asyncpg.Connection) -> list[str]:
    """Apply what is pending, each file in its own transaction; the names applied now."""
    waiting = await pending(connection)
    for name, sql in files():
        if name in waiting:
            async with connection.transaction():
                await connection.execute(sql)
                digest = hashlib.sha256(sql.encode()).hexdigest()
                await connection.execute("INSERT INTO migration (name, digest) VALUES ($1, $2)", name, digest)
    return waiting


def silent(done: int, count: int) -> None:
    """The progress of a caller who does not want to know."""


async def migrate(url: str, earnings: Sequence[Earning], progress: Callable[[int, int], None] = silent) -> list[str]:
    """Apply what is pending and return its names; the ledger then knows exactly these earnings.

    Safe to start on several machines at once: an advisory lock makes the others wait and then find nothing. Long work
    tells `progress` (members done, members in all); when it is stopped, the next call goes on where it was.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        applied = await apply(connection)
        if await add_up(connection, progress):
            applied = [*dict.fromkeys([*applied, ADDING_UP])]
        await bring_up(connection, earnings)
        return applied
    finally:
        await connection.close()
