"""Work is done at least once, by one worker at a time, and is never forgotten."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from rewards import database as db
from rewards.outbox.actions import Claimed, claim, fail, finish, intend
from rewards.outbox.queries import open_count, overdue
from tests import patience

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
HOLD = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


async def meant(subject: str = "s", kind: str = "post", due_at: datetime = NOW) -> None:
    async with db.transaction():
        await intend(kind, subject, due_at=due_at, now=NOW, new_id=uuid4())


async def taken(now: datetime = NOW, limit: int = 10, kinds: Sequence[str] | None = None) -> list[Claimed]:
    return await claim(now=now, hold=HOLD, limit=limit, kinds=kinds)


async def test_rolled_back_intent_is_no_intent(database: str) -> None:
    async def broken() -> None:
        async with db.transaction():
            await intend("post", "s", due_at=NOW, now=NOW, new_id=uuid4())
            raise KeyError

    with pytest.raises(KeyError):
        await broken()
    assert await open_count() == 0
    assert await taken() == []


async def test_one_of_two_workers_claims(database: str) -> None:
    for number in range(20):
        await meant(str(number))
    both = await asyncio.gather(*(taken(limit=3) for _ in range(6)), *(taken(limit=20) for _ in range(6)))
    subjects = [one.subject for claims in both for one in claims]
    assert len(subjects) == len(set(subjects))
    rest = [one.subject for one in await taken(limit=20)]
    assert sorted(subjects + rest, key=int) == [str(number) for number in range(20)]


async def test_a_claim_never_waits_for_another(database: str) -> None:
    await meant("busy", due_at=NOW - SECOND)
    await meant("free")
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute("SELECT FROM intent WHERE subject = 'busy' FOR UPDATE")
            async with asyncio.timeout(patience.SECONDS):
                assert [one.subject for one in await taken()] == ["free"]
        assert [one.subject for one in await taken()] == ["busy"]
    finally:
        await other.close()


async def test_only_what_is_due_of_the_kinds_asked_longest_due_first(database: str) -> None:
    await meant("late", due_at=NOW - 2 * SECOND)
    await meant("later", due_at=NOW - SECOND)
    await meant("other", kind="freeze")
    await meant("future", due_at=NOW + SECOND)
    assert [one.subject for one in await overdue(NOW)] == ["late", "later", "other"]
    assert [one.subject for one in await taken(kinds=["post"], limit=1)] == ["late"]
    assert [one.subject for one in await claim(now=NOW, hold=HOLD, limit=9, subject="other")] == ["other"]
    assert [one.subject for one in await taken()] == ["later"]
    assert await overdue(NOW) == []
    assert await open_count() == 4


async def test_a_killed_workers_claim_comes_back_after_its_hold(database: str) -> None:
    await meant()
    (lost,) = await taken()
    assert await taken(NOW + HOLD - SECOND) == []
    (again,) = await taken(NOW + HOLD)
    assert (again.id, again.attempts) == (lost.id, 2)


async def test_finish_is_idempotent(database: str) -> None:
    await meant()
    (one,) = await taken()
    assert await finish(one, now=NOW)
    assert await finish(one, now=NOW + SECOND)
    assert await open_count() == 0
    assert await db.value("SELECT done_at FROM intent") == NOW
    assert not await fail(one, now=NOW, error="late")
    assert await open_count() == 0


async def test_what_is_done_together_is_told_apart(database: str) -> None:
    for number in range(4):
        await meant(str(number), due_at=NOW + number * SECOND)
    held = await taken(NOW + 4 * SECOND)
    await meant("1")
    await finish(held[2], now=NOW)
    assert not await finish(*held, now=NOW + SECOND)
    assert [one.subject for one in await overdue(NOW + 4 * SECOND)] == ["1"]
    done = await db.rows("SELECT done_at FROM intent WHERE done_at IS NOT NULL ORDER BY subject")
    assert [one["done_at"] for one in done] == [NOW + SECOND, NOW, NOW + SECOND]


async def test_what_was_tried_is_left_out_when_asked_for_the_untried(database: str) -> None:
    await meant("tried")
    (tried,) = await taken()
    await fail(tried, now=NOW - HOLD, error="x")
    await meant("fresh")
    assert [one.subject for one in await claim(now=NOW, hold=HOLD, limit=9, untried=True)] == ["fresh"]
    assert [one.subject for one in await taken()] == ["tried"]


async def test_intending_during_the_work_runs_it_again(database: str) -> None:
    await meant()
    (one,) = await taken()
    await meant(due_at=NOW + SECOND)
    assert await taken(NOW + SECOND) == []
    assert not await finish(one, now=NOW + SECOND)
    (again,) = await taken(NOW + SECOND)
    assert (again.revision, again.attempts) == (2, 1)
    assert await finish(again, now=NOW + SECOND)
    assert await open_count() == 0


async def test_intending_what_is_done_opens_it_anew(database: str) -> None:
    await meant()
    (one,) = await taken()
    await finish(one, now=NOW)
    await meant()
    assert await open_count() == 1
    assert await finish(one, now=NOW)
    assert await open_count() == 1


async def test_the_earlier_time_counts(database: str) -> None:
    await meant(due_at=NOW + HOLD)
    await meant(due_at=NOW)
    await meant(due_at=NOW + 2 * HOLD)
    assert await open_count() == 1
    assert len(await taken()) == 1


async def test_failing_waits_longer_each_time_and_is_never_dropped(database: str) -> None:
    await meant()
    at = NOW
    for attempt in range(1, 13):
        (one,) = await taken(at)
        assert one.attempts == attempt
        assert await fail(one, now=at, error="x" * 999)
        wait = timedelta(seconds=min(2 ** (attempt - 1), 300))
        assert await taken(at + wait - SECOND / 2) == []
        at += wait
    (waiting,) = await overdue(at)
    assert (waiting.attempts, waiting.last_error) == (12, "x" * 200)


async def test_a_worker_that_outlived_its_hold_disturbs_nobody(database: str) -> None:
    await meant()
    (slow,) = await taken()
    (second,) = await taken(NOW + HOLD)
    assert not await fail(slow, now=NOW + HOLD, error="late")
    await meant()
    assert not await finish(slow, now=NOW + HOLD)
    assert await taken(NOW + HOLD) == [], "the second worker still holds it"
    assert not await finish(second, now=NOW + HOLD)
    assert len(await taken(NOW + HOLD)) == 1


async def test_a_claim_is_its_own_transaction(database: str) -> None:
    async with db.transaction():
        with pytest.raises(Exception, match="nested"):
            await taken()
    with pytest.raises(ValueError, match="holds"):
        await claim(now=NOW, hold=timedelta(0), limit=1)
