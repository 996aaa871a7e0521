"""What is still to be done."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards.database import compiled, given, rows, value
from rewards.outbox.tables import Intent


@dataclass(frozen=True, slots=True)
class Overdue:
    """Due work that nobody holds. `attempts` and `last_error` tell whether it was tried ("" : never failed)."""

    id: UUID
    kind: str
    subject: str
    due_at: datetime
    attempts: int
    last_error: str


_OPEN = compiled(Intent.count().where(Intent.done_at.is_null()))
_OPEN_KIND = compiled(Intent.exists().where(Intent.kind == given(1), Intent.done_at.is_null()))
_DONE_SINCE = compiled(Intent.exists().where(Intent.done_at > given(1)))
_OVERDUE = compiled(
    Intent.select(Intent.id, Intent.kind, Intent.subject, Intent.due_at, Intent.attempts, Intent.last_error)
    .where(
        Intent.done_at.is_null(),
        Intent.due_at <= given(1),
        Intent.claimed_until.is_null() | (Intent.claimed_until <= given(1)),
    )
    .order_by(Intent.due_at, Intent.id)
)


async def open_count() -> int:
    """How many pieces of work are not done, due or not."""
    return int(await value(_OPEN))


async def is_open(kind: str) -> bool:
    """Whether any work of this kind is not done."""
    return bool(await value(_OPEN_KIND, kind))


async def any_done_since(moment: datetime) -> bool:
    """Whether any work was done after that moment."""
    return bool(await value(_DONE_SINCE, moment))


async def overdue(now: datetime, limit: int = 100) -> list[Overdue]:
    """At most `limit` pieces of work that are due at `now` and held by no worker, longest due first."""
    return [Overdue(**one) for one in await rows(_OVERDUE + " LIMIT $2", now, limit)]
