"""Write the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rewards import database as db
from rewards.audit.tables import AuditEntry


async def note(
    code: str,
    *,
    at: datetime,
    actor: UUID | None,
    subject: str,
    why: str = "",
    **details: str | int | list[str],
) -> None:
    """Join the caller's transaction and add one line: it stands exactly when the change it tells of stands.

    `code` is dotted past tense of at most 80 characters ("season.opened"), `subject` names what was changed (200),
    `why` is the reason that the actor gave (cut at 500). `actor` is None when Laurel itself acted.
    """
    await AuditEntry.insert(AuditEntry(at=at, actor=actor, code=code, subject=subject, why=why[:500], details=details))


async def note_export(what: str, *, at: datetime, actor: UUID, subject: str, rows: int) -> None:
    """That a file of people left: a line of its own, in its own transaction.

    `what`: code of the kind ("members"), `rows`: how many people or lines are in it.
    """
    async with db.transaction():
        await note(f"export.{what}", at=at, actor=actor, subject=subject, count=rows)


async def note_each(code: str, *, at: datetime, actor: UUID | None, subjects: Sequence[UUID]) -> None:
    """As `note`, a line for each subject, without reason or details, in one statement."""
    await db.rows(
        "INSERT INTO audit_entry (at, actor, code, subject) SELECT $1, $2, $3, subject::text"
        " FROM unnest($4::uuid[]) AS subject",
        at,
        actor,
        code,
        list(subjects),
    )
