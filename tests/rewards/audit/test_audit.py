"""The audit trail stands and falls with the change it tells of, and is never rewritten."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from rewards import database as db
from rewards.audit.actions import note
from rewards.audit.queries import latest

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)


async def test_a_note_comes_back_as_written(database: str) -> None:
    actor = uuid4()
    await note("quiz.added", at=NOW, actor=actor, subject="q1", why="Safety week", title="安全", n=3, units=["a", "b"])
    (line,) = await latest(10)
    assert (line.at, line.actor, line.code, line.subject, line.why) == (NOW, actor, "quiz.added", "q1", "Safety week")
    assert line.details == {"title": "安全", "n": 3, "units": ["a", "b"]}


async def test_a_note_goes_with_its_transaction(database: str) -> None:
    async def broken() -> None:
        async with db.transaction():
            await note("quiz.added", at=NOW, actor=None, subject="q1")
            raise KeyError

    with pytest.raises(KeyError):
        await broken()
    assert await latest(10) == []


async def test_pages_newest_first_filtered_by_code_and_actor(database: str) -> None:
    ann, bob = uuid4(), uuid4()
    for number in range(6):
        await note(
            "draw.frozen" if number % 2 else "draw_rule.set",
            at=NOW,
            actor=ann if number < 3 else bob,
            subject=str(number),
        )
    first = await latest(4)
    assert [line.subject for line in first] == ["5", "4", "3", "2"]
    assert [line.subject for line in await latest(4, before_id=first[-1].id)] == ["1", "0"]
    assert [line.subject for line in await latest(9, code_prefix="draw.")] == ["5", "3", "1"]
    assert [line.subject for line in await latest(9, code_prefix="draw_", actor=ann)] == ["2", "0"]


@pytest.mark.parametrize("sql", ["UPDATE audit_entry SET why = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"])
async def test_rewriting_is_refused(database: str, sql: str) -> None:
    await note("quiz.added", at=NOW, actor=None, subject="q1")
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows(sql)
    assert len(await latest(10)) == 1
