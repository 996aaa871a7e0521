"""Queries of table classes take our one way to PostgreSQL, where the traps of Piccolo's own are shut."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from uuid import uuid4

import asyncpg
import pytest
from piccolo.columns import Integer, Varchar
from piccolo.custom_types import Combinable
from piccolo.engine.exceptions import TransactionError
from piccolo.query.methods.delete import DeletionError
from piccolo.query.methods.update import UpdateError
from piccolo.querystring import QueryString
from piccolo.table import Table

from rewards import database as db
from rewards.ledger.tables import Season


class Bead(Table, tablename="bead", db=db.engine):
    """A table of this file, with a constraint that is looked at by COMMIT."""

    id = Integer(primary_key=True, default=None)
    colour = Varchar(20, default=None)


@pytest.fixture
async def beads(database_url: str) -> AsyncIterator[None]:
    await db.open_pool(database_url, size=2)
    await db.rows("CREATE TABLE bead (id INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED, colour VARCHAR(20) NOT NULL)")
    yield
    await db.close_pool()


def idle() -> bool:
    assert db._kept is not None
    return db._kept.at_rest() == db._kept.pool.get_size()


async def ids() -> list[int]:
    found: list[int] = await Bead.select(Bead.id).order_by(Bead.id).output(as_list=True)
    return found


async def test_a_query_and_sql_share_the_connection_of_the_transaction(beads: None) -> None:
    async with db.transaction() as connection:
        await Bead.insert(Bead(id=1, colour="red"))
        assert await connection.fetchval("SELECT colour FROM bead") == "red"
        assert await Bead.raw("SELECT pg_backend_pid() AS pid") == [
            {"pid": await db.value("SELECT pg_backend_pid()")},
        ]
        assert db.engine.pool is not None
        assert await db.engine.pool.fetchval("SELECT count(*) FROM bead") == 0
    assert await ids() == [1]
    assert idle()


async def test_a_query_is_undone_with_its_transaction(beads: None) -> None:
    async def broken() -> None:
        async with db.transaction():
            await Bead.insert(Bead(id=1, colour="red"))
            await Bead.update({Bead.colour: "blue"}).where(Bead.id == 1)
            raise KeyError

    for _ in range(3):
        with pytest.raises(KeyError):
            await broken()
    assert await ids() == []
    assert idle()


async def test_a_failed_commit_of_queries_gives_its_connection_back(beads: None) -> None:
    for _ in range(3):
        with pytest.raises(asyncpg.UniqueViolationError):
            async with db.transaction():
                await Bead.insert(Bead(id=1, colour="red"), Bead(id=1, colour="blue"))
    assert idle()
    assert await ids() == []


async def test_a_gather_of_queries_inside_errs_but_gives_its_connection_back(beads: None) -> None:
    for _ in range(3):
        with pytest.raises(asyncpg.InterfaceError):
            async with db.transaction():
                await asyncio.gather(*(Bead.insert(Bead(id=n, colour="red")).run() for n in range(3)))
    async with asyncio.timeout(20):
        assert await ids() == []


async def test_its_own_transaction_is_ours_and_never_nested(beads: None) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        async with db.engine.transaction():
            await Bead.insert(Bead(id=1, colour="red"), Bead(id=1, colour="red"))
    assert idle()

    async def nested() -> None:
        async with db.transaction():
            await Bead.insert(Bead(id=1, colour="red"))
            async with db.engine.transaction(allow_nested=True):
                await Bead.insert(Bead(id=2, colour="red"))

    with pytest.raises(TransactionError):
        await nested()
    assert await ids() == []
    assert idle()


async def test_no_query_opens_a_connection_of_its_own(beads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = await Bead.raw("SELECT pg_backend_pid() AS pid").run(in_pool=False)
    assert backend == [{"pid": await db.value("SELECT pg_backend_pid()")}]
    with monkeypatch.context() as closed:
        closed.setattr(db, "_kept", None)
        for query in (Bead.select(), Bead.count(), Bead.insert(Bead(id=1, colour="red"))):
            with pytest.raises(RuntimeError, match="open_pool"):
                await query.run()
        with pytest.raises(RuntimeError, match="open_pool"):
            async with db.engine.transaction():
                pass
    assert await ids() == []


async def test_batches_are_refused_before_they_can_swallow_anything(beads: None) -> None:
    async def batched() -> None:
        async with await Bead.select().batch():
            raise KeyError

    with pytest.raises(RuntimeError, match="batch"):
        await batched()


async def test_nothing_without_a_where_changes_a_whole_table(beads: None) -> None:
    await Bead.insert(Bead(id=1, colour="red"))
    with pytest.raises(UpdateError):
        await Bead.update({Bead.colour: "blue"})
    with pytest.raises(DeletionError):
        await Bead.delete()
    assert await Bead.select(Bead.colour) == [{"colour": "red"}]


def test_a_row_that_lacks_a_column_without_a_default_is_refused() -> None:
    with pytest.raises(ValueError, match="name wasn't provided"):
        Season(id=uuid4(), starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 2))


async def test_one_of_none_one_and_many(beads: None) -> None:
    await Bead.insert(*(Bead(id=n, colour="red") for n in range(400)))
    for wanted in ([], [7], list(range(300)), [7, 7, 999]):
        found = await Bead.select(Bead.id).where(Bead.id == db.any_of(wanted)).output(as_list=True)
        assert sorted(found) == sorted(set(wanted) & set(range(400)))


async def test_conditions_in_sql_of_our_own(beads: None) -> None:
    await Bead.insert(Bead(id=1, colour="Dark Red"), Bead(id=2, colour="blue"), Bead(id=3, colour="red"))
    red = db.holds(Bead.colour, "red")
    sql = "SELECT id FROM bead WHERE {} ORDER BY id LIMIT {}"

    async def found(*conditions: Combinable, limit: int = 9) -> list[int]:
        return [one["id"] for one in await db.rows(QueryString(sql, db.all_of(*conditions), limit))]

    assert await found(limit=2) == [1, 2]
    assert await found(red) == [1, 3]
    assert await found(red | (Bead.id == 2), Bead.id > 1) == [2, 3]
    assert await found(db.holds(Bead.colour, "%' OR true --")) == []


async def test_a_compiled_query_is_asked_with_its_values(beads: None) -> None:
    await Bead.insert(Bead(id=1, colour="red"), Bead(id=2, colour="blue"))
    asked = db.compiled(Bead.select(Bead.colour).where(Bead.id == db.given(2), Bead.colour != db.given(1)))
    assert await db.value(asked, "blue", 1) == "red"
    assert await db.value(asked, "red", 1) is None
    with pytest.raises(ValueError, match="not given"):
        db.compiled(Bead.select().where(Bead.id == 1))
