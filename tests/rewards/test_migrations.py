"""The tables that the program believes in are those that the migrations make; and each migration is applied once."""

import asyncio
import importlib
import json
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from piccolo.columns import Array, BigSerial, Column, ForeignKey, OnDelete, Serial
from piccolo.constraints import Unique
from piccolo.table import Table

from rewards.draws.eligibility import Counted, Part, Points, read_rule, rule_json
from rewards.ledger.earnings import Earning
from server.runtime import migrate as runner
from server.runtime.migrate import FOLDERS, files, migrate
from server.runtime.refusals import MigrationError
from server.web.nouns import LISTING
from tests.databases import named
from tests.laws import examples

ROOT = Path(__file__).resolve().parents[2]
OWN = "migration"
"""The one table that no noun owns: it remembers what was applied."""

TYPES = {
    "UUID": "uuid",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "BIGINT": "bigint",
    "SERIAL": "integer",
    "BIGSERIAL": "bigint",
    "BOOLEAN": "boolean",
    "BYTEA": "bytea",
    "TEXT": "text",
    "DATE": "date",
    "TIMESTAMPTZ": "timestamp with time zone",
    "JSONB": "jsonb",
    "TSVECTOR": "tsvector",
}


def tables() -> dict[str, type[Table]]:
    """Every table class of the program, by table name."""
    for package in FOLDERS:
        for path in sorted((ROOT / package).rglob("tables.py")):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return {one._meta.tablename: one for one in Table.__subclasses__() if one.__module__.split(".")[0] in FOLDERS}


def type_of(column: Column) -> str:
    """The type of a column as PostgreSQL calls it."""
    if isinstance(column, Array):
        return type_of(column.base_column) + "[]"
    if isinstance(column, ForeignKey):
        return type_of(column._foreign_key_meta.resolved_references._meta.primary_key).replace("serial", "integer")
    name, bracket, length = column.column_type.partition("(")
    return f"character varying({length}" if name == "VARCHAR" and bracket else TYPES[column.column_type]


Described = dict[str, tuple[str, bool]]


def believed(table: type[Table]) -> Described:
    """column -> (type, may be null), as the class says."""
    return {
        column._meta.db_column_name: (type_of(column), column._meta.null and not column._meta.primary_key)
        for column in table._meta.columns
    }


def unique_believed(table: type[Table]) -> set[frozenset[str]]:
    alone = {
        frozenset([column._meta.db_column_name])
        for column in table._meta.columns
        if column._meta.unique or column._meta.primary_key
    }
    together = {
        frozenset(one if isinstance(one, str) else one._meta.db_column_name for one in constraint.columns)
        for constraint in table._meta.constraints
        if isinstance(constraint, Unique)
    }
    return alone | together


def references_believed(table: type[Table]) -> dict[str, str]:
    return {
        column._meta.db_column_name: column._foreign_key_meta.resolved_references._meta.tablename
        for column in table._meta.foreign_key_columns
    }


NEXT_NUMBER = "the next number"


def defaults_believed(table: type[Table]) -> dict[str, object]:
    """column -> what a row gets that does not name it; those that have to be named are left out."""
    defaults = {
        column._meta.db_column_name: NEXT_NUMBER
        if isinstance(column, Serial | BigSerial)
        else column.get_default_value()
        for column in table._meta.columns
    }
    return {name: default for name, default in defaults.items() if default is not None}


@pytest.fixture
async def there(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def empty(servers: tuple[str, str]) -> AsyncIterator[str]:
    """The URL of a database without anything."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(servers[0])
    await admin.execute(f"CREATE DATABASE {name}")
    yield named(servers[0], name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations, from which this test's `migrate` reads."""
    for package in FOLDERS:
        shutil.copytree(ROOT / package / "migrations", tmp_path / package / "migrations")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    return tmp_path


async def test_same_tables(there: asyncpg.Connection) -> None:
    """Piccolo knows no key of several columns: a table that has one is asked in SQL alone."""
    found = await there.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass(table_name) AND indisprimary"
        " AND indnkeyatts > 1)"
    )
    assert {one["table_name"] for one in found} - {OWN} == set(tables())


async def test_same_columns_types_and_nulls(there: asyncpg.Connection) -> None:
    found = await there.fetch(
        "SELECT c.table_name, c.column_name, c.is_nullable = 'YES' AS may_be_null,"
        " format_type(a.atttypid, a.atttypmod) AS type FROM information_schema.columns c"
        " JOIN pg_attribute a ON a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass"
        " AND a.attname = c.column_name WHERE c.table_schema = 'public'"
    )
    made: dict[str, Described] = {}
    for one in found:
        made.setdefault(one["table_name"], {})[one["column_name"]] = (one["type"], one["may_be_null"])
    for name, table in tables().items():
        assert made[name] == believed(table), name


async def test_same_unique_constraints(there: asyncpg.Connection) -> None:
    found = await there.fetch(
        "SELECT t.table_name, t.constraint_name, array_agg(k.column_name::text) AS columns"
        " FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k"
        " USING (constraint_schema, constraint_name)"
        " WHERE t.constraint_schema = 'public' AND t.constraint_type IN ('PRIMARY KEY', 'UNIQUE') GROUP BY 1, 2"
    )
    made: dict[str, set[frozenset[str]]] = {}
    for one in found:
        made.setdefault(one["table_name"], set()).add(frozenset(one["columns"]))
    for name, table in tables().items():
        assert made[name] == unique_believed(table), name


async def test_same_references_none_of_which_deletes(there: asyncpg.Connection) -> None:
    found = await there.fetch(
        "SELECT conrelid::regclass::text AS from_table, attname, confrelid::regclass::text AS to_table, confdeltype"
        " FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f'"
    )
    made: dict[str, dict[str, str]] = {}
    for one in found:
        assert one["confdeltype"] == b"a", one
        made.setdefault(one["from_table"], {})[one["attname"]] = one["to_table"]
    for name, table in tables().items():
        assert made.get(name, {}) == references_believed(table), name
        for column in table._meta.foreign_key_columns:
            assert column._foreign_key_meta.on_delete is OnDelete.restrict, column


async def test_same_defaults(there: asyncpg.Connection) -> None:
    """A row that a class makes is whole: it brings the class's defaults along, and where the database has none the
    class has none either, so that a column left out is refused and not silently empty."""
    found = await there.fetch(
        "SELECT adrelid::regclass::text AS table_name, attname, pg_get_expr(adbin, adrelid) AS text FROM pg_attrdef"
        " JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum"
        " WHERE adrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
    )
    made: dict[str, dict[str, object]] = {}
    for one in found:
        counts = one["text"].startswith("nextval(")
        value = NEXT_NUMBER if counts else await there.fetchval(f"SELECT {one['text']}")
        made.setdefault(one["table_name"], {})[one["attname"]] = value
    for name, table in tables().items():
        assert made.get(name, {}) == defaults_believed(table), name


async def test_same_indexes_of_one_column(there: asyncpg.Connection) -> None:
    """Those of several columns, of a part of the rows, of an expression or unique ones stand in SQL alone, as do CHECK
    and triggers."""
    found = await there.fetch(
        "SELECT indrelid::regclass::text AS table_name, array_agg(attname::text ORDER BY attname) AS columns"
        " FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
        " WHERE indnatts = 1 AND indpred IS NULL AND NOT indisunique AND indrelid IN"
        " (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) GROUP BY 1"
    )
    made = {one["table_name"]: one["columns"] for one in found}
    for name, table in tables().items():
        indexed = [column._meta.db_column_name for column in table._meta.columns if column._meta.index]
        assert made.get(name, []) == sorted(indexed), name


async def test_migrating_again_does_nothing(empty: str) -> None:
    names = [name for name, _ in files()]
    assert await migrate(empty, LISTING.earnings) == names
    assert await migrate(empty, LISTING.earnings) == []


async def test_several_at_once_apply_each_file_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty, LISTING.earnings) for _ in range(4)))
    assert sorted(applied) == sorted([[], [], [], [name for name, _ in files()]])


async def test_an_applied_file_that_was_altered_is_refused(empty: str, folder: Path) -> None:
    await migrate(empty, LISTING.earnings)
    file = folder / "rewards" / "migrations" / "0001_first_tables.sql"
    file.write_text(file.read_text() + "\nCREATE TABLE later (id INTEGER);\n")
    with pytest.raises(MigrationError) as refused:
        await migrate(empty, LISTING.earnings)
    assert (refused.value.code, refused.value.name) == ("database.migration_altered", "rewards/0001_first_tables")
    assert await one_value(empty, "SELECT to_regclass('later')") is None


async def test_a_newer_database_is_refused(empty: str, folder: Path) -> None:
    newer = folder / "games" / "migrations" / "0999_later.sql"
    newer.write_text("CREATE TABLE later (id INTEGER);")
    await migrate(empty, LISTING.earnings)
    newer.unlink()
    with pytest.raises(MigrationError) as refused:
        await migrate(empty, LISTING.earnings)
    assert (refused.value.code, refused.value.name) == ("database.newer", "games/0999_later")


async def test_a_file_that_fails_leaves_nothing_of_itself(empty: str, folder: Path) -> None:
    broken = folder / "games" / "migrations" / "0999_later.sql"
    broken.write_text("CREATE TABLE later (id INTEGER); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match="0999_later"):
        await migrate(empty, LISTING.earnings)
    assert await one_value(empty, "SELECT to_regclass('later')") is None
    assert await one_value(empty, "SELECT to_regclass('quiz')") is None, "all of them or none"
    broken.write_text("CREATE TABLE later (id INTEGER);")
    assert "games/0999_later" in await migrate(empty, LISTING.earnings)
    assert await one_value(empty, "SELECT to_regclass('later')") == "later"


FIRST_DRAWS = """
INSERT INTO member (id, staff_number, name, created_at) VALUES ({member}, 'E1', 'Li Na', now());
INSERT INTO season (id, name, starts_on, ends_on) VALUES ({season}, 'Autumn', '2026-09-01', '2026-11-30');
INSERT INTO draw (id, slug, title, state, season, min_points, units, points_per_ticket, created_by, created_at,
                  frozen_at, drawn_at, manifest, snapshot, log, result)
SELECT gen_random_uuid(), 'draw-' || state, state, state, {season}, 20, ARRAY[{season}], 50, {member}, now(),
       CASE WHEN state <> 'draft' THEN now() END, CASE WHEN state = 'drawn' THEN now() END,
       CASE WHEN state <> 'draft' THEN convert_to('{{"commit":["' || repeat('ab', 32) || '"]}}', 'UTF8') END,
       CASE WHEN state <> 'draft' THEN ''::bytea END, CASE WHEN state = 'drawn' THEN 'close' END, NULL
FROM unnest(ARRAY['draft', 'frozen', 'drawn']) AS state;
INSERT INTO prize (id, draw, code, name) SELECT gen_random_uuid(), id, 'one', 'Thermos' FROM draw;
INSERT INTO commitment (id, draw, label, secret) SELECT gen_random_uuid(), id, 'union', decode(repeat('cd', 32), 'hex')
FROM draw WHERE state = 'frozen';
INSERT INTO win (id, draw, prize, slot, member, claim_code, claimed_at, handed_over_by)
SELECT gen_random_uuid(), draw.id, prize.id, slot, {member}, 'code' || slot, CASE slot WHEN 0 THEN now() END, NULL
FROM draw JOIN prize ON prize.draw = draw.id, generate_series(0, 1) AS slot WHERE state = 'drawn';
"""
"""Draws as the first tables had them: planned, frozen, held with one prize fetched and one not."""


@asynccontextmanager
async def before(url: str, folder: Path, first: str, package: str = "rewards") -> AsyncIterator[asyncpg.Connection]:
    """A database as before the migration of a package that begins with `first`; later ones are back afterwards."""
    later = [path for path in (folder / package / "migrations").glob("*.sql") if path.name >= first]
    contents = {path: path.read_text() for path in later}
    for path in later:
        path.unlink()
    connection = await asyncpg.connect(url)
    await runner.apply(connection, [name for name, _ in runner.files()])
    yield connection
    await connection.close()
    for path, text in contents.items():
        path.write_text(text)


async def test_draws_of_the_first_tables_are_carried_over(empty: str, folder: Path) -> None:
    async with before(empty, folder, "0002") as connection:
        await connection.execute(FIRST_DRAWS.format(member=f"'{uuid.uuid4()}'::uuid", season=f"'{uuid.uuid4()}'::uuid"))
    await migrate(empty, LISTING.earnings)
    assert await one_value(empty, "SELECT string_agg(state, ' ' ORDER BY title) FROM draw") == "draft closed frozen"
    assert await one_value(empty, "SELECT string_agg(state, ' ' ORDER BY slot) FROM win") == "claimed drawn"
    assert await one_value(empty, "SELECT encode(commitment, 'hex') FROM custodian") == "ab" * 32
    assert await one_value(empty, "SELECT encode(kept, 'hex') FROM custodian") == "cd" * 32
    assert await one_value(empty, "SELECT count(DISTINCT rule) FROM draw") == "1"
    stored = await one_value(empty, "SELECT rule FROM draw WHERE state = 'draft'")
    rule = read_rule(json.loads(str(stored)))
    assert (rule.per, rule.cap, [part.kind for part in rule.parts]) == (50, 20, ["units", "points"])


PLAYED = """
INSERT INTO season (id, name, starts_on, ends_on) VALUES (gen_random_uuid(), 'Autumn', '2026-09-01', '2026-11-30');
INSERT INTO member (id, staff_number, name, created_at)
SELECT gen_random_uuid(), name, name, now() FROM unnest(ARRAY['author', 'host', 'player']) AS name;
INSERT INTO quiz (id, title, created_by, created_at)
SELECT gen_random_uuid(), title, (SELECT id FROM member WHERE name = author), now()
FROM (VALUES ('Safety', 'author'), ('Copy', NULL), ('Other', NULL)) AS q (title, author);
INSERT INTO question (id, quiz, position, kind, text, options, right_mask)
SELECT gen_random_uuid(), id, 1, 'single', CASE title WHEN 'Other' THEN 'Why?' ELSE 'Who?' END, '{a,b}', 1 FROM quiz;
INSERT INTO room (id, quiz, season, code, state, host, created_at, ended_at)
SELECT gen_random_uuid(), quiz.id, season.id, code, state, member.id, now(), CASE state WHEN 'podium' THEN now() END
FROM (VALUES ('over0', 'podium'), ('lobby', 'lobby')) AS r (code, state), quiz, season, member
WHERE title = 'Safety' AND member.name = 'host';
INSERT INTO player (id, room, member, joined_at) SELECT gen_random_uuid(), room.id, member.id, now() FROM room, member;
"""


async def test_who_brought_or_hosted_a_quiz_of_before_knows_it_and_keeps_what_he_has(empty: str, folder: Path) -> None:
    async with before(empty, folder, "0003", "games") as connection:
        await connection.execute(PLAYED)
    await migrate(empty, LISTING.earnings)
    known = (
        "SELECT string_agg(title || ' ' || name, ', ' ORDER BY title, name) FROM insider"
        " JOIN quiz ON quiz.id = insider.quiz JOIN member ON member.id = insider.member"
    )
    assert await one_value(empty, known) == "Copy author, Copy host, Safety author, Safety host"
    outside = (
        "SELECT string_agg(code || ' ' || name, ', ' ORDER BY code, name) FROM outside"
        " JOIN room ON room.id = outside.room JOIN member ON member.id = outside.member"
    )
    assert await one_value(empty, outside) == "lobby author, lobby host"


DAYS = {"since": "2026-09-01", "until": "2026-09-30"}
THING = uuid.UUID(int=7)
COUNTED: dict[str, Counted] = {
    "quizzes": Counted("quiz", "count", 1),
    "levels": Counted("level", "count", 1),
    "ideas": Counted("idea", "count", 1),
    "hours": Counted("hours", "sum", 1, measure="minutes"),
}
"""Kind of part that there was -> what it counts, now."""

least = st.integers(1, 10_000)
old_parts: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda kind, least, days: {"part": kind, "least": least, **days},
        st.sampled_from(["points", *COUNTED]),
        least,
        st.sampled_from([{}, DAYS]),
    ),
    st.builds(
        lambda least, name: {"part": "passed", "quiz": str(THING), "name": name, "least": least},
        st.integers(1, 100),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
    ),
    st.builds(lambda least: {"part": "attended", "least": least}, least),
    st.just({"part": "units", "units": [str(THING)]}),
    st.just({"part": "roles", "roles": ["reviewer"]}),
    st.just({"part": "joined_before", "day": "2020-01-01"}),
    st.sampled_from([{"part": "not_winner"}, {"part": "not_winner", "since": "2026-09-01"}]),
)
old_rules = st.builds(
    lambda parts, per, cap, classes: {
        "parts": parts,
        "per": per,
        "cap": cap,
        "classes": [{"code": f"c{n}", "name": f"Class {n}", "parts": own} for n, own in enumerate(classes)],
    },
    st.lists(old_parts, max_size=4),
    st.integers(0, 60),
    st.integers(1, 30),
    st.lists(st.lists(old_parts, max_size=2), max_size=3),
)


def as_it_was(part: dict[str, Any]) -> Part:
    """An old part, read by hand."""
    days = tuple(date.fromisoformat(part[name]) for name in DAYS if name in part) or (None, None)
    match part["part"]:
        case "points":
            return Points(part["least"], *days)
        case "passed":
            return Counted("quiz", "best", part["least"], measure="percent", about=THING, name=part["name"])
        case kind if kind in COUNTED:
            return replace(COUNTED[kind], least=part["least"], since=days[0], until=days[1])
    return read_rule({"parts": [part]}).parts[0]


async def test_rules_stored_before_count_what_they_counted(empty: str, folder: Path) -> None:
    stored: list[dict[str, Any]] = [{}, {"parts": []}]

    @examples(150)
    @given(old_rules)
    def collect(rule: dict[str, Any]) -> None:
        stored.append(rule)

    collect()
    season = uuid.uuid4()
    async with before(empty, folder, "0005") as connection:
        await connection.execute(
            "INSERT INTO season (id, name, starts_on, ends_on) VALUES ($1, 'Autumn', '2026-09-01', '2026-11-30')",
            season,
        )
        await connection.executemany(
            "INSERT INTO draw (id, number, slug, title, season, rule, created_by, created_at, state, manifest,"
            " snapshot) VALUES (gen_random_uuid(), $1, $2, 'Draw', $3, $4, $3, now(), 'frozen', $5, '')",
            [(n, str(n), season, json.dumps(rule), json.dumps(rule).encode()) for n, rule in enumerate(stored)],
        )
    await migrate(empty, LISTING.earnings)
    connection = await asyncpg.connect(empty)
    found = await connection.fetch("SELECT rule, manifest FROM draw ORDER BY number")
    await connection.close()
    for rule, now in zip(stored, found, strict=True):
        read = read_rule(json.loads(now["rule"]))
        assert list(read.parts) == [as_it_was(part) for part in rule.get("parts", ())]
        assert (read.per, read.cap) == (rule.get("per", 0), rule.get("cap", 20))
        assert [(one.code, one.name, list(one.parts)) for one in read.classes] == [
            (one["code"], one["name"], [as_it_was(part) for part in one["parts"]]) for one in rule.get("classes", ())
        ]
        assert json.loads(now["manifest"]) == rule
        assert read_rule(rule_json(read)) == read


async def test_earnings_of_before_keep_what_people_have_set(empty: str, folder: Path) -> None:
    async with before(empty, folder, "0005") as connection:
        await connection.execute(
            "UPDATE earning_rule SET daily_cap = 300 WHERE code IN ('quiz', 'idea');"
            "INSERT INTO audit_entry (at, code, subject, details) VALUES (now(), 'rule.set', 'idea', '{}')"
        )
    await migrate(empty, (*LISTING.earnings, Earning("hours", "Volunteer hours", "minutes", daily_cap=480)))
    kept = "SELECT string_agg(concat_ws(':', code, daily_cap, declared), ' ' ORDER BY code) FROM earning_rule"
    assert await one_value(empty, kept) == "adjustment:t hours:480:t idea:300:f quiz:300:t"
    await migrate(empty, LISTING.earnings)
    assert await one_value(empty, kept) == "adjustment:t hours:480:f idea:300:f quiz:300:t"


async def one_value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(f"SELECT ({sql})::text")
    finally:
        await connection.close()


async def test_whose_link_set_a_code_is_carried_over(empty: str, folder: Path) -> None:
    maker = uuid.uuid4()
    async with before(empty, folder, "0016") as connection:
        await connection.execute(
            "INSERT INTO member (id, staff_number, name, created_at, code_at, code_by)"
            " VALUES (gen_random_uuid(), 'A1', 'Wang Fang', now(), now(), $1),"
            " (gen_random_uuid(), 'A2', 'Li Na', now(), now(), NULL)",
            maker,
        )
    await migrate(empty, LISTING.earnings)
    connection = await asyncpg.connect(empty)
    found = await connection.fetch("SELECT code_hands FROM member ORDER BY staff_number")
    await connection.close()
    assert [one["code_hands"] for one in found] == [[maker], []]
