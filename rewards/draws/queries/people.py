"""Who would be in, who is in, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.draws.eligibility import Candidate, Rule, Selection, Standing, select, tickets_for, why
from rewards.draws.queries.draws import DrawRow, coming
from rewards.ledger import queries as ledger

NOT_LISTED: Final = "draw.out.not_listed"


@dataclass(frozen=True, slots=True)
class EntrantRow:
    """A member's line in a frozen list: `line` from 0, 16 bytes of salt, points as of the freeze."""

    line: int
    salt: bytes
    tickets: int
    points: int


@dataclass(frozen=True, slots=True)
class MyTickets:
    """A member in a draw that is still to come: live until the freeze, then as frozen. `line` None: not listed."""

    draw: DrawRow
    standing: Standing
    line: int | None


async def candidates(season: UUID, members: Collection[UUID] | None = None) -> list[Candidate]:
    """What decides who is in: everybody who is here, by staff number; or these members, leavers among them.

    Three statements; in a REPEATABLE READ transaction they speak of one instant. Linear in the roster.
    """
    only = None if members is None else list(members)
    people = await db.rows(
        "SELECT member.id, member.staff_number, member.roles, member.left_on IS NOT NULL AS gone, membership.unit"
        " FROM member LEFT JOIN membership ON membership.member = member.id AND membership.until IS NULL"
        " WHERE CASE WHEN $1::uuid[] IS NULL THEN member.left_on IS NULL ELSE member.id = ANY($1) END"
        " ORDER BY lower(member.staff_number)",
        only,
    )
    parents = {one["id"]: one["parent"] for one in await db.rows("SELECT id, parent FROM unit")}
    points = {one.member: one.points for one in await ledger.standings_of_season(season, only)}
    quizzes = await ledger.quizzes_taken_of_season(season, only)
    chains: dict[UUID, frozenset[UUID]] = {}
    return [
        Candidate(
            member=one["id"],
            staff_number=one["staff_number"],
            unit=one["unit"],
            within=_chain(one["unit"], parents, chains),
            roles=tuple(one["roles"]),
            left=one["gone"],
            points=points.get(one["id"], 0),
            quizzes=quizzes.get(one["id"], 0),
        )
        for one in people
    ]


async def preview(rule: Rule, season: UUID, created_by: UUID) -> Selection:
    """Who would be in if it were frozen now."""
    return select(rule, await candidates(season), created_by)


async def standing(found: DrawRow, member: UUID) -> tuple[Standing, int | None]:
    """How a member stands in a draw and why, with his line once it is frozen.

    Who is not on a frozen list stands as draw.out.not_listed.
    """
    if found.promise is not None:
        own = await entrant(found.id, member)
        if own is None:
            return Standing(0, NOT_LISTED, {}), None
        frozen = tickets_for(found.rule, own.points)
        return Standing(own.tickets, frozen.code, frozen.details), own.line
    known = await candidates(found.season, [member])
    return (why(found.rule, known[0], found.created_by) if known else Standing(0, "draw.out.left", {})), None


async def my_tickets(member: UUID) -> list[MyTickets]:
    """The member in every draw that is still to come, the next one first; empty: none is planned."""
    mine = []
    for found in await coming():
        how, line = await standing(found, member)
        mine.append(MyTickets(found, how, line))
    return mine


async def entrant(draw_id: UUID, member: UUID) -> EntrantRow | None:
    """The member's line in a frozen list; None: not on it, or not frozen."""
    found = await db.row(
        "SELECT line, salt, tickets, points FROM entrant WHERE draw = $1 AND member = $2", draw_id, member
    )
    return None if found is None else EntrantRow(**dict(found))


def _chain(
    unit: UUID | None, parents: Mapping[UUID, UUID | None], known: dict[UUID, frozenset[UUID]]
) -> frozenset[UUID]:
    """The unit and all above it."""
    if unit is None:
        return frozenset()
    found = known.get(unit)
    if found is None:
        found = known[unit] = _chain(parents[unit], parents, known) | {unit}
    return found
