"""Intend work in the transaction that makes it necessary; claim it, finish it, or fail and try again later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rewards.database import rows, transaction
from rewards.outbox import rules
from rewards.outbox.tables import Intent

_ERROR_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Claimed:
    """Work that this worker holds until `until`, which also tells its claim from any later one.

    `attempts` counts this claim; it starts again from 1 when the work is intended anew.
    """

    id: UUID
    kind: str
    subject: str
    revision: int
    attempts: int
    until: datetime


async def intend(kind: str, subject: str, *, due_at: datetime, now: datetime, new_id: UUID) -> None:
    """Join the caller's transaction: the work will be done at least once after it commits, not before `due_at`.

    When the same (kind, subject) is open already it is that one that runs, at the earlier of both times; if a worker
    is at it right now, it is run once more after that worker has finished.
    """
    await rows(
        "INSERT INTO intent (id, kind, subject, due_at, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (kind, subject) WHERE done_at IS NULL DO UPDATE SET revision = intent.revision + 1,"
        " due_at = least(intent.due_at, EXCLUDED.due_at), attempts = 0",
        new_id,
        kind,
        subject,
        due_at,
        now,
    )


async def claim(
    *,
    now: datetime,
    hold: timedelta,
    limit: int,
    kinds: Sequence[str] | None = None,
    subject: str | None = None,
    untried: bool = False,
) -> list[Claimed]:
    """Hold at most `limit` pieces of due work until `now + hold`, longest due first; empty: nothing is due.

    `untried`: only of what was never claimed since it was intended.

    No two claims hold the same work at once. A worker that dies keeps it from others until its hold ends, so `hold` is
    longer than the work takes. A worker that outlives its hold may find that another has begun the same work.
    """
    if hold <= timedelta(0):
        raise ValueError("a claim holds for some time")
    async with transaction() as connection:
        found = await connection.fetch(
            "WITH due AS MATERIALIZED (SELECT id, due_at FROM intent WHERE done_at IS NULL AND due_at <= $1"
            " AND (claimed_until IS NULL OR claimed_until <= $1)"
            " AND ($4::text[] IS NULL OR kind = ANY($4)) AND ($5::text IS NULL OR subject = $5)"
            " AND (NOT $6 OR attempts = 0)"
            " ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)"
            " UPDATE intent SET claimed_until = $2, attempts = attempts + 1 FROM due WHERE intent.id = due.id"
            " RETURNING intent.id, kind, subject, revision, attempts, claimed_until, due.due_at",
            now,
            now + hold,
            limit,
            None if kinds is None else list(kinds),
            subject,
            untried,
        )
    return [
        Claimed(one["id"], one["kind"], one["subject"], one["revision"], one["attempts"], one["claimed_until"])
        for one in sorted(found, key=lambda one: (one["due_at"], one["id"]))
    ]


_FINISH = """
UPDATE intent SET claimed_until = NULL,
    done_at = CASE WHEN intent.revision = held.revision THEN coalesce(done_at, $4) END
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS held(id, revision, until)
WHERE intent.id = held.id AND (intent.revision = held.revision OR (claimed_until = held.until AND done_at IS NULL))
RETURNING intent.revision = held.revision AS done
"""


async def finish(*claimed: Claimed, now: datetime) -> bool:
    """True: all this work is done (also what was already). False: some of it was intended again meanwhile and is open
    for another run, at once unless another worker holds it."""
    found = await rows(
        _FINISH,
        [one.id for one in claimed],
        [one.revision for one in claimed],
        [one.until for one in claimed],
        now,
    )
    return len(found) == len(claimed) and all(one["done"] for one in found)


async def reopen(kinds: Sequence[str], *, since: datetime, now: datetime) -> int:
    """Have the work of these kinds done once more that was done after `since`; how many pieces."""
    found = await rows(
        "UPDATE intent SET done_at = NULL, due_at = $3, attempts = 0, revision = revision + 1 WHERE id IN ("
        "SELECT DISTINCT ON (kind, subject) id FROM intent AS done WHERE done_at > $2 AND kind = ANY($1) AND NOT EXISTS"
        " (SELECT FROM intent WHERE kind = done.kind AND subject = done.subject AND done_at IS NULL))"
        " RETURNING id",
        list(kinds),
        since,
        now,
    )
    return len(found)


async def tick_off(kind: str, subject: str, *, now: datetime) -> None:
    """Whoever intended the work has done it himself. A worker may have been at it too: the work allows that."""
    await rows(
        "UPDATE intent SET done_at = $3, claimed_until = NULL WHERE kind = $1 AND subject = $2 AND done_at IS NULL",
        kind,
        subject,
        now,
    )


async def fail(claimed: Claimed, *, now: datetime, error: str) -> bool:
    """Open the work again after rules.wait_after. `error` is a code or an exception's name, cut at 200 characters.

    False: this claim no longer holds the work (its hold ended and another took it, or it is done); nothing changed.
    """
    async with transaction() as connection:
        attempts = await connection.fetchval(
            "SELECT attempts FROM intent WHERE id = $1 AND claimed_until = $2 AND done_at IS NULL FOR UPDATE",
            claimed.id,
            claimed.until,
        )
        if attempts is None:
            return False
        await Intent.update(
            {
                Intent.claimed_until: None,
                Intent.due_at: now + rules.wait_after(attempts),
                Intent.last_error: error[:_ERROR_LENGTH],
            }
        ).where(Intent.id == claimed.id)
    return True


async def set_back(before: datetime, now: datetime) -> None:
    """Join the caller's transaction: it was `before` and is `now`, which is earlier. What was due then is due, so is
    what waits to be tried again, and nobody holds anything; what is planned for later stays."""
    await rows(
        "UPDATE intent SET claimed_until = NULL, due_at = least(due_at, $2) WHERE done_at IS NULL"
        " AND (due_at <= $1 OR attempts > 0 AND due_at <= $3 OR claimed_until IS NOT NULL)",
        before,
        now,
        before + rules.LONGEST_WAIT,
    )


async def forget(*, done_before: datetime, limit: int) -> int:
    """Delete at most `limit` pieces of work that were done before, the oldest first; how many."""
    found = await rows(
        "DELETE FROM intent WHERE id = ANY(ARRAY(SELECT id FROM intent WHERE done_at < $1 ORDER BY done_at LIMIT $2"
        " FOR UPDATE SKIP LOCKED)) RETURNING id",
        done_before,
        limit,
    )
    return len(found)
