"""What is still to be done."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards.database import rows, value


@dataclass(frozen=True, slots=True)
class Overdue:
    """Due work that nobody holds. `attempts` and `last_error` tell whether it was tried ("" : never failed)."""

    id: UUID
    kind: str
    subject: str
    due_at: datetime
    attempts: int
    last_error: str


async def open_count() -> int:
    """How many pieces of work are not done, due or not."""
    return int(await value("SELECT count(*) FROM intent WHERE done_at IS NULL"))


async def overdue(now: datetime, limit: int = 100) -> list[Overdue]:
    """At most `limit` pieces of work that are due at `now` and held by no worker, longest due first."""
    found = await rows(
        "SELECT id, kind, subject, due_at, attempts, last_error FROM intent WHERE done_at IS NULL AND due_at <= $1"
        " AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY due_at, id LIMIT $2",
        now,
        limit,
    )
    return [Overdue(**dict(one)) for one in found]
