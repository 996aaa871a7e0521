"""Read the audit trail."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns.combination import WhereRaw
from piccolo.custom_types import Combinable
from piccolo.querystring import QueryString

from rewards.audit.tables import AuditEntry
from rewards.database import all_of, compiled, row, rows


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


_LINES = compiled(AuditEntry.select())


async def latest(
    limit: int,
    before_id: int | None = None,
    code_prefix: str | None = None,
    actor: UUID | None = None,
    subject: str | None = None,
) -> list[AuditLine]:
    """At most `limit` lines, newest first. The next page is `before_id` = the id of the last line of this one."""
    asked: list[Combinable] = []
    if before_id is not None:
        asked.append(AuditEntry.id < before_id)
    if code_prefix is not None:
        asked.append(WhereRaw("starts_with({}, {})", AuditEntry.code, code_prefix))
    if actor is not None:
        asked.append(AuditEntry.actor == actor)
    if subject is not None:
        asked.append(AuditEntry.subject == subject)
    found = await rows(QueryString(_LINES + " WHERE {} ORDER BY id DESC LIMIT {}", all_of(*asked), limit))
    return [AuditLine(**{**line, "details": json.loads(line["details"])}) for line in found]


async def is_last(line: int) -> bool:
    """Whether nothing was done after this line to what it is about."""
    found = await row(
        "SELECT 1 FROM audit_entry AS later JOIN audit_entry AS one USING (subject) WHERE one.id = $1 AND later.id > $1"
        " LIMIT 1",
        line,
    )
    return found is None
