"""The lock order of docs/architecture.md is whole and kept: by the source, and by what whole afternoons really lock."""

import ast
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from games.quizzes import actions as quizzes
from rewards import database as db
from rewards.draws import actions as draws
from rewards.draws.terms import PrizeTerms
from rewards.funds.actions import open_fund
from rewards.members import actions as members
from server.runtime.chance import new_id, token
from tests.games.quizzes.world import NOON, room, scene
from tests.rewards.draws.test_claiming import LATE, SOON, codes, paid_for
from tests.rewards.draws.venue import venue

HOUR = timedelta(hours=1)
ROOT = Path(__file__).resolve().parents[1]
_CHAPTER = (ROOT / "docs" / "architecture.md").read_text().partition("\n## Lock order\n")[2].partition("\n## ")[0]
ORDER: list[str] = re.findall(r"^\d+\. `(\w+)`", _CHAPTER, re.MULTILINE)
LOCKS = re.compile(
    r"\bFOR (?:NO KEY |KEY )?(?:UPDATE|SHARE)\b(?: OF (\w+))?|\b(pg_\w*advisory\w*lock)\b|\bLOCK TABLE (\w+)"
)
CHANGES = re.compile(r"\bUPDATE (?!SET\b)\"?(\w+)|\bINSERT INTO \"?(\w+)(?=.*\bDO UPDATE\b)", re.DOTALL)
"""What changes a row locks it as well."""


def tables_locked(sql: str) -> list[str]:
    """The tables of the locking clauses, in their order; "" for one that names none, "advisory" for no table."""
    found = []
    for clause in LOCKS.finditer(sql):
        of, advisory, table = clause.groups()
        found.append("advisory" if advisory else of or table or _read_at_its_level(sql[: clause.start()]))
    return found


def _read_at_its_level(before: str) -> str:
    """The last table read by the query that a clause ends, its subqueries left out."""
    level, kept = 0, []
    for sign in reversed(before):
        level += (sign == ")") - (sign == "(")
        if level < 0:
            break
        if level == 0 and sign != ")":
            kept.append(sign)
    tables: list[str] = re.findall(r"\bFROM \"?(\w+)", "".join(reversed(kept)))
    return tables[-1] if tables else ""


def texts_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of the strings of a module; the fields of an f-string become blanks. Docstrings are prose."""
    prose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else " " for part in node.values)
            yield node.lineno, "".join(map(str, parts))


ASKED = re.compile(r"\b(\w+)\.select\([^;]*?\.lock_rows\(", re.DOTALL)
"""A query of a table's class that locks."""


def locked_in_source() -> Iterator[tuple[str, str]]:
    """(where, table) of every locking clause, and of every query of a class that locks."""
    for folder in ("rewards", "games", "server", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line, text in texts_of(ast.parse(path.read_text())):
                for table in tables_locked(text):
                    yield f"{path.relative_to(ROOT)}:{line}", table
            for asked in ASKED.finditer(path.read_text()):
                yield f"{path.relative_to(ROOT)}", asked[1].lower()


def test_the_document_names_every_table_that_is_locked_and_no_other() -> None:
    found = list(locked_in_source())
    assert [where for where, table in found if table not in ORDER] == []
    assert {table for _, table in found} == set(ORDER)
    assert len(ORDER) == len(set(ORDER))


@pytest.mark.parametrize(
    ("sql", "locked"),
    [
        ("SELECT id FROM member WHERE id = (SELECT member FROM link WHERE hash = $1) FOR UPDATE", ["member"]),
        ("SELECT a FROM win JOIN prize ON prize.id = win.prize WHERE win.draw = $1 FOR UPDATE OF win", ["win"]),
        ("WITH due AS (SELECT id FROM intent LIMIT 3 FOR UPDATE SKIP LOCKED) UPDATE intent SET x = 1", ["intent"]),
        ("WITH live AS (SELECT id FROM round FOR KEY SHARE) SELECT 1 FROM other", ["round"]),
        ("SELECT pg_advisory_xact_lock($1)", ["advisory"]),
        ("WHERE id = $1 FOR NO KEY UPDATE", [""]),
        ("SELECT 1 FROM quiz; UPDATE quiz SET x = 1", []),
    ],
)
def test_what_a_statement_locks(sql: str, locked: list[str]) -> None:
    assert tables_locked(sql) == locked


class Recorder:
    """What each transaction of a pool has locked and changed, in its order."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []
        self._open: dict[int, list[str]] = {}

    async def listen(self, connection: Any) -> None:
        connection.add_query_logger(lambda record: self._take(id(connection), record))

    def _take(self, connection: int, record: Any) -> None:
        if record.exception is not None:
            return
        if record.query.startswith("BEGIN"):
            self._open[connection] = []
            self.transactions.append(self._open[connection])
        elif record.query.startswith(("COMMIT", "ROLLBACK")):
            self._open.pop(connection, None)
        else:
            changed = [updated or added for updated, added in CHANGES.findall(LOCKS.sub("", record.query))]
            self._open.get(connection, []).extend((*tables_locked(record.query), *changed))

    def against(self) -> list[list[str]]:
        """The transactions that lock one of ORDER after a later one, for the first time."""
        firsts = [[table for table in dict.fromkeys(one) if table in ORDER] for one in self.transactions]
        return [one for one in firsts if one != sorted(one, key=ORDER.index)]

    def seen(self) -> set[str]:
        return {table for one in self.transactions for table in one if table in ORDER}


@pytest.fixture
async def recorder(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Recorder]:
    listening = Recorder()
    kept = db._Kept(await asyncpg.create_pool(database, min_size=1, max_size=6, init=listening.listen))
    monkeypatch.setattr(db, "_kept", kept)
    yield listening
    monkeypatch.undo()
    await kept.close()


async def test_a_recorder_tells_what_is_locked_against_the_order(recorder: Recorder) -> None:
    async with db.transaction() as connection:
        await connection.execute("SELECT FROM account FOR UPDATE")
        await connection.execute("UPDATE room SET code = code")
    assert recorder.against() == [["account", "room"]]


async def play(redis: Redis) -> None:
    """A quiz with everything that a host does, to its postings."""
    there = await scene(2, number=4)
    await quizzes.set_scoring(there.quiz, "none", 0, actor=there.host, now=NOON)
    made = await room(redis, there)
    await made.join()
    await made.next()
    await made.answer(there.players[0])
    await made.pause()
    await made.resume()
    await made.next()
    await made.next()
    await made.skip()
    await made.next()
    await made.end()
    assert await made.post() == 1


async def draw(redis: Redis) -> None:
    """A draw in the hall with more pieces than people, from its plan to its close; what nobody won goes back."""
    stock = await open_fund("Mugs", "item", 9, actor=None, now=NOON, new_id=new_id)
    made = await venue(redis, workers=4, prizes=(PrizeTerms("mug", "Mug", 6, stock=stock),))
    await made.void(0)
    await made.arm()
    await made.roll()
    await made.open_secrets()
    await made.close()


async def fetch(redis: Redis) -> None:
    """A prize that is paid for is handed over, one given up, one left lying."""
    there, _, _ = await paid_for(winners=3)
    given, declined, lapsed = there.wins
    await draws.claim(redis, given, by=there.cashier, now=SOON, new_id=new_id)
    await draws.decline(redis, declined, by=there.workers[1], now=SOON, new_id=new_id, new_code=codes())
    await draws.expire(redis, lapsed, now=LATE, new_id=new_id, new_code=codes())


async def welcome(redis: Redis) -> None:
    """A member's link, role and leaving."""
    there = await scene(1)
    (member,) = there.players
    ((_, given),) = await members.issue_links([member], actor=None, now=NOON, valid=HOUR, new_token=token)
    await members.use_link(given, NOON)
    await members.set_roles(member, ["reviewer"], actor=None, now=NOON, new_id=new_id)
    await members.mark_left(member, on=NOON.date(), actor=None, now=NOON, new_id=new_id)


@pytest.mark.parametrize(
    ("afternoon", "locks"),
    [
        (play, {"room", "quiz", "round", "earning_rule", "account", "intent"}),
        (draw, {"draw", "custodian", "win", "account", "intent"}),
        (fetch, {"draw", "win", "account"}),
        (welcome, {"advisory", "member"}),
    ],
)
async def test_an_afternoon_locks_in_the_order_of_the_document(
    afternoon: Callable[[Redis], Awaitable[None]], locks: set[str], redis: Redis, recorder: Recorder
) -> None:
    await afternoon(redis)
    assert recorder.against() == []
    assert locks <= recorder.seen()
