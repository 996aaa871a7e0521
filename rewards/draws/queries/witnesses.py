"""What members say they saw on the stage."""

from uuid import UUID

from rewards import database as db
from rewards.draws.tables import CodeSeen

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
