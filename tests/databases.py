"""A database for each test, migrated and empty: made once, cleared many times.

Copying the template costs a server a quarter of a second of work and two checkpoints; clearing, a few milliseconds. A
database in which a test has changed anything but rows is thrown away.
"""

import io
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from server.runtime.migrate import migrate
from server.web.nouns import LISTING

_SHAPE = """
SELECT ARRAY[
    (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM pg_class WHERE oid >= 16384),
    (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM pg_attribute WHERE attrelid >= 16384),
    (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM pg_constraint),
    (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM pg_trigger),
    (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM pg_proc),
    (SELECT ROW(count(*), max(xmin::text::bigint))::text FROM pg_namespace),
    (SELECT string_agg(setconfig::text, ' ' ORDER BY setrole) FROM pg_db_role_setting
        JOIN pg_database ON setdatabase = pg_database.oid WHERE datname = current_database())
]
"""
"""Another after any statement that defines something, and after no other."""

_WRITTEN = """
SELECT quote_ident(relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0 ORDER BY relname
"""
_NUMBERS = "SELECT format('%I', sequencename), last_value FROM pg_sequences WHERE schemaname = 'public'"
_OTHERS = """
SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def named(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return head.rsplit("/", 1)[0] + "/" + name + (f"?{tail}" if tail else "")


@dataclass
class Databases:
    """Those of one server and one test process."""

    url: str
    """Of the server's own database."""
    template: str
    shape: list[str]
    rows: Mapping[str, bytes]
    """Table -> what the migrations left in it, in COPY's binary form."""
    numbers: Mapping[str, int | None]
    """Sequence -> the last number that the migrations took."""
    free: list[str] = field(default_factory=list)

    @classmethod
    async def of(cls, url: str) -> "Databases":
        """With a template of their own, migrated."""
        template = f"template_{uuid.uuid4().hex[:12]}"
        await _create(url, template, "template0")
        await migrate(named(url, template), LISTING.earnings)
        async with _connected(named(url, template)) as made:
            written = [one[0] for one in await made.fetch(_WRITTEN)]
            rows = {table: await _rows(made, table) for table in written}
            numbers = {one[0]: one[1] for one in await made.fetch(_NUMBERS)}
            shape = await made.fetchval(_SHAPE)
        return cls(url, template, shape, rows, numbers)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[str]:
        """The URL of a database that nobody else has until the block ends."""
        name = self.free.pop() if self.free else await self._copied()
        yield named(self.url, name)
        if await self._clear(name):
            self.free.append(name)
        else:
            async with _connected(self.url) as admin:
                await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _copied(self) -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        await _create(self.url, name, self.template)
        return name

    async def _clear(self, name: str) -> bool:
        """As the template again; False when that takes more than putting its rows back."""
        async with _connected(named(self.url, name)) as connection:
            await connection.fetchval(_OTHERS)
            if await connection.fetchval(_SHAPE) != self.shape:
                return False
            written = [one[0] for one in await connection.fetch(_WRITTEN)]
            async with connection.transaction():
                # Past the triggers that keep what is recorded, and in no order that foreign keys ask for.
                await connection.execute("SET LOCAL session_replication_role = replica")
                await connection.execute(";".join(f"DELETE FROM {table}" for table in written))
                for table, rows in self.rows.items():
                    await connection.copy_to_table(table, source=io.BytesIO(rows), format="binary")
                for sequence, last in self.numbers.items():
                    await connection.execute(f"SELECT setval('{sequence}', {last or 1}, {last is not None})")
            await connection.execute(f"VACUUM {', '.join(written)}")
        return True


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def _create(url: str, name: str, template: str) -> None:
    async with _connected(url) as admin:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        # Nobody will want these rows after a power cut, so no commit waits for the disk.
        await admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")


async def _rows(connection: asyncpg.Connection, table: str) -> bytes:
    found = io.BytesIO()
    await connection.copy_from_table(table, output=found, format="binary")
    return found.getvalue()
