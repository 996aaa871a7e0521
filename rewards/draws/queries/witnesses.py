"""Who stands by: the second person, and what members say they saw on the stage."""

from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.draws.tables import CodeSeen
from rewards.members.rules import Duty, duties

SECONDS: Final[Duty] = "reads"
"""What whoever gives a second word must be allowed at the desk."""

_CODE_SEEN_BY = db.compiled(
    CodeSeen.select(CodeSeen.code).where(CodeSeen.draw == db.given(1), CodeSeen.member == db.given(2))
)


async def codes_seen(draw_id: UUID) -> list[tuple[str, int]]:
    """(display code, people who saw it), the most frequent first."""
    found = await db.rows(
        "SELECT code, count(*) AS people FROM code_seen WHERE draw = $1 GROUP BY code ORDER BY people DESC, code",
        draw_id,
    )
    return [(one["code"], one["people"]) for one in found]


async def code_seen_by(draw_id: UUID, member: UUID) -> str:
    """The code that a member says he saw, "" when he has not said."""
    found: str | None = await db.value(_CODE_SEEN_BY, draw_id, member)
    return found or ""


async def duties_of(member: UUID) -> frozenset[Duty]:
    """What a member may do at the desk; nothing once he has left."""
    roles = await db.value("SELECT roles FROM member WHERE id = $1 AND left_on IS NULL", member)
    return frozenset() if roles is None else duties(roles)


async def may_second(draw_id: UUID, member: UUID) -> bool:
    """Whether a member may give the second word in this draw: he looks on at the desk."""
    return SECONDS in await duties_of(member)
