"""Read the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.querystring import QueryString

from rewards.audit.tables import AuditEntry


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
    asked = AuditEntry.select().order_by(AuditEntry.id, ascending=False).limit(limit).output(load_json=True)
    if before_id is not None:
        asked = asked.where(AuditEntry.id < before_id)
    if code_prefix is not None:
        asked = asked.where(QueryString("starts_with({}, {})", AuditEntry.code, code_prefix))
    if actor is not None:
        asked = asked.where(AuditEntry.actor == actor)
    return [AuditLine(**line) for line in await asked]
