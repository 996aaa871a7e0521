"""The one door to PostgreSQL: the engine that the tables use, and the transaction of every action.

A query of a table class (`await Season.select(...)`) and SQL (`rows`, `row`, `value`) take the same way: the connection
of the transaction that is open here, else one of the pool. What is asked how: docs/decisions/0015-piccolo.md.

Piccolo's own transaction leaks its pool connection when COMMIT or ROLLBACK fails, and a nested one is a
silent no-op; `transaction()` releases in every case and refuses nesting.

Whoever waits may be told to stop, whatever the server does: work that is cut off leaves within two seconds, and its
connection goes back clean or not at all (decision 27).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from piccolo.columns import Column
from piccolo.columns.combination import WhereRaw
from piccolo.custom_types import Combinable
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.query import Query
from piccolo.querystring import QueryString

Connection = asyncpg.Connection
Row = asyncpg.Record
Held = PoolConnectionProxy


LET_GO = 1.0
"""Seconds in which a connection whose work was cut off must be clean again; a frozen server never answers."""

RECENT = 1.0

ABANDONED = 300
"""Seconds of silence inside a transaction after which the server ends it, with its locks: its process is frozen."""


_CUT = (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError)
"""What a connection raises that is no more, or was too late (a TimeoutError is an OSError)."""


_first: ContextVar[bool] = ContextVar("first", default=False)


class _Kept:
    """A pool whose connections stay at hand between statements: giving one back to asyncpg and taking it again costs
    more than a small answer (50 microseconds of CPU for 20, measured).

    One of them is for what comes `first` alone: however many pages wait for a lock, it need not wait for them.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self._at_hand: list[Held] = []
        self._waiting = 0
        self._others = asyncio.Semaphore(max(1, pool.get_max_size() - 1))
        self._first: set[Held] = set()

    def at_rest(self) -> int:
        """How many connections nobody has at the moment."""
        return sum(map(_alive, self._at_hand)) + self.pool.get_idle_size()

    async def take(self) -> Held:
        """A connection that nobody else has; waits while all are out."""
        if _first.get():
            connection = await self._one()
            self._first.add(connection)
            return connection
        await self._others.acquire()
        try:
            return await self._one()
        except BaseException:
            self._others.release()
            raise

    async def _one(self) -> Held:
        while self._at_hand:
            connection = self._at_hand.pop()
            if _alive(connection):
                return connection
        self._waiting += 1
        try:
            return await self.pool.acquire()
        finally:
            self._waiting -= 1

    def _not_out(self, connection: Held) -> None:
        if connection in self._first:
            self._first.remove(connection)
        else:
            self._others.release()

    async def give_back(self, connection: Held) -> None:
        """After work that went well. Whoever waits is asyncpg's to wake."""
        if self._waiting:
            await self.leave(connection)
        else:
            self._at_hand.append(connection)
            self._not_out(connection)

    async def leave(self, connection: Held) -> None:
        """After anything else: one that cannot be clean in time is ended, and another takes its place.

        asyncpg would wait for a frozen server to hear that what it was asked is not wanted any more.
        """
        try:
            await self._release(connection)
        finally:
            self._not_out(connection)

    async def _release(self, connection: Held) -> None:
        with contextlib.suppress(*_CUT):
            await self.pool.release(connection, timeout=LET_GO)

    async def close(self) -> None:
        """At most two seconds for work under way; no connection stays open."""
        self._waiting += 1  # what comes back from now on is asyncpg's
        try:
            async with asyncio.timeout(2):
                while self._at_hand:
                    await self._release(self._at_hand.pop())
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()


def _alive(connection: Held) -> bool:
    """False when the server has gone; asyncpg has then taken the connection back."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


class _Transaction(PostgresTransaction):
    async def __aenter__(self) -> PostgresTransaction:
        self.kept = _pool()
        self.connection = await self.kept.take()
        try:
            self.transaction = self.connection.transaction()
            await self.transaction.start()
        except BaseException:
            await self.kept.leave(self.connection)
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool:
        give = self.kept.leave
        try:
            if error is None:
                await self.transaction.commit()
                give = self.kept.give_back
            else:
                await self._undo()
        finally:
            self.engine.current_transaction.reset(self.context)
            await give(self.connection)
        return False

    async def _undo(self) -> None:
        """Roll back; a connection that is cut, or whose server does not answer, is rolled back by its end."""
        try:
            async with asyncio.timeout(LET_GO):
                await self.transaction.rollback()
        except _CUT:
            _end(self.connection)


class _Engine(PostgresEngine):
    """Connects only by the pool, and only when told to (Piccolo's asks the server its version at import).

    `heard`: when the server last answered, by the loop's clock.
    """

    heard = 0.0

    async def check_version(self) -> None:
        """Done at start by the process that owns the servers."""

    async def prep_database(self) -> None:
        """No extension is needed."""

    async def get_new_connection(self) -> NoReturn:
        """Refused: Piccolo would open one beside the pool without it, and for `batch()`, which then swallows whatever
        is raised in its body. Read long lists page by page."""
        raise RuntimeError("a connection comes from the pool: call rewards.database.open_pool first, never batch()")

    def transaction(self, allow_nested: bool = False) -> PostgresTransaction:
        """Ours; it is never nested."""
        return _Transaction(self, allow_nested=False)

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Sequence[Row]:
        """What every query of a table class comes to."""
        return await rows(querystring)


engine = _Engine(config={"database": "laurel"})
_kept: _Kept | None = None


async def _left_clean(_: object) -> None:
    """Nothing of ours outlives its transaction on a connection, so returning one costs no round trip."""


async def open_pool(url: str, size: int = 8, *, lock_seconds: int = 0, statement_seconds: int = 0) -> None:
    """Open this process's pool of at most `size` connections to `url` (a postgresql:// DSN).

    A statement that waits for a lock, or runs, for longer than these seconds is ended by the server (0: never; asyncpg
    gives up after a minute in any case): LockNotAvailableError, QueryCanceledError.
    """
    engine.config = {"dsn": url}
    global _kept
    engine.pool = await asyncpg.create_pool(
        dsn=url,
        min_size=1,
        max_size=size,
        timeout=10,
        command_timeout=60,
        reset=_left_clean,
        server_settings={
            "application_name": "laurel",
            "timezone": "UTC",
            "lock_timeout": f"{lock_seconds}s",
            "statement_timeout": f"{statement_seconds}s",
            "idle_in_transaction_session_timeout": f"{ABANDONED}s",
        },
    )
    _kept = _Kept(engine.pool)


async def close_pool() -> None:
    """Close the pool, waiting at most two seconds for work under way; no connection stays open."""
    global _kept
    kept, _kept, engine.pool = _kept, None, None
    if kept is not None:
        await kept.close()


@asynccontextmanager
async def transaction() -> AsyncIterator[Connection]:
    """One transaction: commits when the block ends, rolls back when it raises. Piccolo queries join it.

    Yields the connection for raw SQL. Never start tasks or gather inside. Nesting raises Piccolo's
    TransactionError: an action is one transaction, so actions do not call actions inside theirs.
    """
    async with engine.transaction() as current:
        yield current.connection


@contextlib.contextmanager
def first() -> Iterator[None]:
    """What is asked within need not wait for pages: answers of a hall, and whether the server is there."""
    token = _first.set(True)
    try:
        yield
    finally:
        _first.reset(token)


async def rows(sql: str | QueryString, *values: Any) -> Sequence[Row]:
    """All rows of one statement, in the current transaction when there is one. A QueryString brings its own values."""
    if isinstance(sql, QueryString):
        text, given_along = sql.compile_string()
        return await rows(text, *given_along)
    current = engine.current_transaction.get()
    if current is not None:
        found: Sequence[Row] = await current.connection.fetch(sql, *values)
        engine.heard = asyncio.get_running_loop().time()
        return found
    kept = _pool()
    connection = await kept.take()
    try:
        found = await connection.fetch(sql, *values)
    except BaseException:
        await kept.leave(connection)
        raise
    engine.heard = asyncio.get_running_loop().time()
    await kept.give_back(connection)
    return found


async def row(sql: str | QueryString, *values: Any) -> Row | None:
    """The first row, or None when there is none."""
    found = await rows(sql, *values)
    return found[0] if found else None


async def value(sql: str | QueryString, *values: Any) -> Any:
    """The first column of the first row, or None when there is no row."""
    found = await row(sql, *values)
    return None if found is None else found[0]


def given(number: int) -> QueryString:
    """Stands in a `compiled` query for a value that comes with every call, the first being 1."""
    return QueryString(f"${number}")


def compiled(query: Query[Any, Any]) -> str:
    """The SQL of a query that is always the same but for its values, for `rows`, `row` and `value`.

    Put together once, at import: Piccolo takes longer for that than asyncpg for a small answer. Raises ValueError when
    the query holds a value that is not `given`.
    """
    text, values = query.querystrings[0].compile_string()
    if values:
        raise ValueError(f"not given: {values}")
    return text


def any_of(values: Collection[Any] | QueryString) -> QueryString:
    """What a column is compared with to be one of these: `Room.id == any_of(ids)`; none of them matches no row.

    One parameter whatever the number, where Piccolo's `is_in` takes one each (another statement to plan for every
    length, 32,767 at most) and refuses none at all.
    """
    return QueryString("ANY({})", values if isinstance(values, QueryString) else list(values))


def holds(column: Column, text: str | QueryString) -> WhereRaw:
    """The text stands somewhere in the column, capitals aside."""
    return WhereRaw("position(lower({}) IN lower({})) > 0", text, column)


def all_of(*conditions: Combinable) -> QueryString:
    """The conditions in one, for the `{}` behind WHERE in a QueryString of ours; none: every row."""
    return QueryString(" AND ".join("{}" for _ in conditions) or "true", *(one.querystring for one in conditions))


async def count_anew(*tables: str) -> None:
    """After many rows have come at once into these tables (none named: all): the server plans for what they hold now.

    By itself it does so a minute later; until then connections keep the plans that were right for an empty table, and
    what reads a full one by them costs its square.
    """
    with contextlib.suppress(asyncpg.PostgresError):  # somebody else is at it, and it is done later
        await rows(f"ANALYZE {', '.join(tables)}")


async def ping() -> None:
    """Ask the server one thing. Where all connections of the pool are at work, it is enough that it answers them; when
    none of them has heard of it for a second, it is asked on a line of its own."""
    kept = _pool()
    if kept.at_rest() or kept.pool.get_size() < kept.pool.get_max_size():
        with first():
            await value("SELECT 1")
        return
    if asyncio.get_running_loop().time() - engine.heard < RECENT:
        return
    connection = await asyncpg.connect(engine.config["dsn"])
    try:
        await connection.fetchval("SELECT 1")
    finally:
        connection.terminate()


def _end(connection: Any) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):  # it has ended by itself
        connection.terminate()


def _pool() -> _Kept:
    if _kept is None:
        raise RuntimeError("the database pool is not open: call rewards.database.open_pool first")
    return _kept
