"""Bring the database to this version: plain SQL files, in order, each once, under one lock; then what can be earned."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
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


def tables(names: Iterable[str]) -> str:
    """What the tables that these migrations make are called: the last number in each folder, as in "12.2.1"."""
    last = dict.fromkeys(FOLDERS, 0)
    for folder, step in re.findall(r"^(\w+)/(\d{4})_", "\n".join(names), re.MULTILINE):
        last[folder] = max(last.get(folder, 0), int(step))
    return ".".join(map(str, last.values()))


async def applied(connection: asyncpg.Connection) -> list[str]:
    """Names of what made these tables, in order; empty: there are none. Writes nothing.

    Raises MigrationError when one differs or is unknown here.
    """
    if not await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"):
        return []
    found = {row["name"]: row["digest"] for row in await connection.fetch("SELECT name, digest FROM migration")}
    known = {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in files()}
    for name, digest in found.items():
        if name not in known:
            raise MigrationError("database.newer", name)
        if known[name] != digest:
            raise MigrationError("database.migration_altered", name)
    return [name for name in known if name in found]


async def pending(connection: asyncpg.Connection) -> list[str]:
    """Names not applied yet, ADDING_UP when the totals of earlier postings are not all made. Raises as `applied`."""
    done = await applied(connection)
    waiting = [name for name, _ in files() if name not in done]
    if await connection.fetchval("SELECT to_regclass('checkpoint') IS NOT NULL") and await connection.fetchval(
        "SELECT true FROM checkpoint WHERE name = $1", TOTALS
    ):
        waiting.append(ADDING_UP)
    return waiting


async def apply(connection: asyncpg.Connection, names: Sequence[str]) -> None:
    """Apply these, all in one transaction: when one fails, the tables are as they were.

    Raises MigrationError database.migration_failed.
    """
    async with connection.transaction():
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration"
            " (name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
        )
        for name, sql in files():
            if name in names:
                try:
                    await connection.execute(sql)
                except asyncpg.PostgresError as error:
                    raise MigrationError("database.migration_failed", name, str(error)) from error
                digest = hashlib.sha256(sql.encode()).hexdigest()
                await connection.execute("INSERT INTO migration (name, digest) VALUES ($1, $2)", name, digest)


def silent(done: int, count: int) -> None:
    """The progress of a caller who does not want to know."""


async def migrate(
    url: str,
    earnings: Sequence[Earning],
    progress: Callable[[int, int], None] = silent,
    before: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
) -> list[str]:
    """Apply what is pending and return its names; the ledger then knows exactly these earnings.

    Safe to start on several machines at once: an advisory lock makes the others wait and then find nothing. `before` is
    awaited under it when tables that hold something are about to change; when it raises, nothing is changed. Long work
    tells `progress` (members done, members in all); when it is stopped, the next call goes on where it was.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        waiting = await pending(connection)
        if before is not None and waiting not in ([], [ADDING_UP]) and await applied(connection):
            await before(connection)
        await apply(connection, waiting)
        if await add_up(connection, progress):
            waiting = [*dict.fromkeys([*waiting, ADDING_UP])]
        await bring_up(connection, earnings)
        return waiting
    finally:
        await connection.close()
