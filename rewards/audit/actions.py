"""Write the audit trail."""

import json
from datetime import datetime
from uuid import UUID

from rewards.database import rows


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
    await rows(
        "INSERT INTO audit_entry (at, actor, code, subject, why, details) VALUES ($1, $2, $3, $4, $5, $6::jsonb)",
        at,
        actor,
        code,
        subject,
        why[:500],
        json.dumps(details, ensure_ascii=False),
    )
