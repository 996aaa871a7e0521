"""Write the audit trail."""

from datetime import datetime
from uuid import UUID

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
