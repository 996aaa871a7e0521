"""What a test leaves in its database is not there for the next one."""

from collections.abc import Sequence

import asyncpg
import pytest

from tests.databases import Databases

EVERYTHING = """
SELECT string_agg(format('SELECT %1$L, md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM %1$I t', tablename),
    ' UNION ALL ' ORDER BY tablename)
FROM pg_tables WHERE schemaname = 'public'
"""


async def contents(connection: asyncpg.Connection) -> Sequence[object]:
    """Each table with all its rows as one hash, and the last number of each sequence."""
    tables = await connection.fetch(await connection.fetchval(EVERYTHING))
    numbers = await connection.fetch("SELECT sequencename, last_value FROM pg_sequences")
    return [tuple(one) for one in (*tables, *numbers)]


@pytest.fixture
async def alone(databases: Databases) -> Databases:
    """The same template, and nothing of it in use."""
    return Databases(databases.url, databases.template, databases.shape, databases.rows, databases.numbers)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO audit_entry (at, code, subject, details) VALUES (now(), 'x', 'x', '{}')",
        "UPDATE earning_rule SET daily_cap = 7",
        "DELETE FROM earning_rule",
        "SELECT nextval('draw_number_seq')",
    ],
)
async def test_rows_and_numbers_are_put_back(alone: Databases, change: str) -> None:
    async with alone.one() as first:
        one = await asyncpg.connect(first)
        before = await contents(one)
        await one.execute(change)
        assert await contents(one) != before
        left_open = await asyncpg.connect(first)
        await left_open.execute("BEGIN; LOCK TABLE member")
    assert one.is_closed()
    assert left_open.is_closed()
    async with alone.one() as second:
        assert second == first
        two = await asyncpg.connect(second)
        assert await contents(two) == before
        await two.close()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE other (id int)",
        "DROP TRIGGER kept ON draw",
        "ALTER TABLE draw DISABLE TRIGGER kept",
        "ALTER TABLE member ADD COLUMN other int",
        "CREATE INDEX other ON member (name)",
        "ALTER TABLE member DROP CONSTRAINT member_pkey CASCADE",
        "CREATE SCHEMA other",
        "CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''8MB''', current_database()); END $$",
    ],
)
async def test_a_database_that_was_changed_itself_is_thrown_away(alone: Databases, change: str) -> None:
    async with alone.one() as first:
        one = await asyncpg.connect(first)
        await one.execute(change)
        await one.close()
    assert alone.free == []
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(first)
