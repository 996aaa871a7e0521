"""Who stands by: the second person, and what members say they saw on the stage."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.draws.tables import CodeSeen
from rewards.members.rules import ROLES, Duty, duties

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
    """Whether a member may give the second word in this draw: he looks on at the desk, or is named as a witness."""
    if SECONDS in await duties_of(member):
        return True
    named: bool = await db.value(
        "SELECT EXISTS (SELECT FROM draw_witness JOIN member ON member.id = draw_witness.member"
        " WHERE draw = $1 AND member = $2 AND left_on IS NULL)",
        draw_id,
        member,
    )
    return named


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """Who stands by at a draw."""

    member: UUID
    name: str
    staff_number: str


async def witnesses(draw_id: UUID) -> list[WitnessRow]:
    """Who is named to give the second word in a draw, by name."""
    found = await db.rows(
        "SELECT member.id AS member, name, staff_number FROM draw_witness"
        " JOIN member ON member.id = draw_witness.member WHERE draw = $1 ORDER BY name, staff_number",
        draw_id,
    )
    return [WitnessRow(**dict(one)) for one in found]


async def witness_of(member: UUID) -> list[tuple[str, str]]:
    """(public name, title) of the draws that a member stands by at and that are not over, the latest first."""
    found = await db.rows(
        "SELECT slug, title FROM draw_witness JOIN draw ON draw.id = draw_witness.draw WHERE member = $1"
        " AND state NOT IN ('closed', 'cancelled') ORDER BY number DESC",
        member,
    )
    return [(one["slug"], one["title"]) for one in found]


async def waiting_for_a_second() -> list[tuple[UUID, str]]:
    """(id, title) of the draws in which somebody has to say the same as somebody else, the latest first."""
    found = await db.rows(
        "SELECT id, title FROM draw WHERE rehearses IS NULL AND (off_asked_by IS NOT NULL AND off_at IS NULL"
        " OR id IN (SELECT draw FROM waiting_log) OR id IN (SELECT one.draw FROM absence_confirmation AS one"
        " JOIN win ON (win.draw, win.prize, win.slot, win.attempt) = (one.draw, one.prize, one.slot, one.attempt)"
        " WHERE win.state IN ('drawn', 'called'))) AND state NOT IN ('closed', 'cancelled') ORDER BY number DESC"
    )
    return [(one["id"], one["title"]) for one in found]


async def is_alone(member: UUID, draw_id: UUID | None = None) -> bool:
    """Whether nobody but this member could give a second word, in this draw (None: in one to be planned)."""
    others: bool = await db.value(
        "SELECT EXISTS (SELECT FROM member WHERE left_on IS NULL AND id <> $1 AND roles && $2::varchar[])"
        " OR EXISTS (SELECT FROM draw_witness JOIN member ON member.id = draw_witness.member"
        " WHERE draw = $3 AND member <> $1 AND left_on IS NULL)",
        member,
        [role for role in ROLES if SECONDS in duties([role])],
        draw_id,
    )
    return not others
