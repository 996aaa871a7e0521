"""Read the audit trail."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rewards.database import rows


@dataclass(frozen=True, slots=True)
class AuditLine:
    """`actor` is None when Laurel itself acted; `details` holds strings, integers and lists of strings."""

    id: int
    at: datetime
    actor: UUID | None
    code: str
    subject: str
    why: str
    details: dict[str, Any]


async def latest(
    limit: int, before_id: int | None = None, code_prefix: str | None = None, actor: UUID | None = None
) -> list[AuditLine]:
    """At most `limit` lines, newest first. The next page is `before_id` = the id of the last line of this one."""
    found = await rows(
        "SELECT id, at, actor, code, subject, why, details FROM audit_entry"
        " WHERE ($2::bigint IS NULL OR id < $2) AND ($3::text IS NULL OR starts_with(code, $3))"
        " AND ($4::uuid IS NULL OR actor = $4) ORDER BY id DESC LIMIT $1",
        limit,
        before_id,
        code_prefix,
        actor,
    )
    return [
        AuditLine(
            id=line["id"],
            at=line["at"],
            actor=line["actor"],
            code=line["code"],
            subject=line["subject"],
            why=line["why"],
            details=json.loads(line["details"]),
        )
        for line in found
    ]
