"""Who has won, and what of it was handed over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards import database as db
from rewards.draws.queries.draws import DrawRow, PrizeRow, draw, prizes
from rewards.draws.states import masked


@dataclass(frozen=True, slots=True)
class WinRow:
    """A drawn place with its winner. `shown` is the masked name. `handed_over_by` is a name, "" until claimed."""

    id: UUID
    draw: UUID
    slug: str
    title: str
    prize: str
    prize_name: str
    position: int
    slot: int
    line: int
    member: UUID
    name: str
    staff_number: str
    unit: str
    claim_code: str
    claimed_at: datetime | None
    handed_over_by: str

    @property
    def shown(self) -> str:
        """The name for everybody's eyes."""
        return masked(self.name)


@dataclass(frozen=True, slots=True)
class DrawFacts:
    """What screens show of a draw. Winners by prize, in the order in which they were drawn."""

    draw: DrawRow
    prizes: tuple[PrizeRow, ...]
    winners: Mapping[UUID, tuple[WinRow, ...]]


_WIN = """
SELECT win.id, win.draw, draw.slug, draw.title, prize.code AS prize, prize.name AS prize_name, prize.position, win.slot,
       win.line, win.member, member.name, member.staff_number, coalesce(unit.name, '') AS unit, win.claim_code,
       win.claimed_at, coalesce(giver.name, '') AS handed_over_by
FROM win
JOIN draw ON draw.id = win.draw
JOIN prize ON prize.id = win.prize
JOIN member ON member.id = win.member
LEFT JOIN member AS giver ON giver.id = win.handed_over_by
LEFT JOIN membership ON membership.member = win.member AND membership.until IS NULL
LEFT JOIN unit ON unit.id = membership.unit
"""


async def winners(draw_id: UUID) -> list[WinRow]:
    """Everybody who has won, in the order of drawing. Places that nobody could win are left out."""
    found = await db.rows(_WIN + "WHERE win.draw = $1 ORDER BY prize.position, win.slot, win.attempt", draw_id)
    return [WinRow(**dict(one)) for one in found]


async def wins_of(member: UUID, draw_id: UUID | None = None) -> list[WinRow]:
    """What a member has won, in one draw or in all (the latest first)."""
    found = await db.rows(
        _WIN + "WHERE win.member = $1 AND ($2::uuid IS NULL OR win.draw = $2)"
        " ORDER BY draw.drawn_at DESC, prize.position, win.slot",
        member,
        draw_id,
    )
    return [WinRow(**dict(one)) for one in found]


async def win_by_code(claim_code: str) -> WinRow | None:
    """The win that a clean claim code belongs to."""
    found = await db.row(_WIN + "WHERE win.claim_code = $1", claim_code)
    return None if found is None else WinRow(**dict(found))


async def last_claims(limit: int = 20) -> list[WinRow]:
    """What was handed over, the latest first."""
    found = await db.rows(_WIN + "WHERE win.claimed_at IS NOT NULL ORDER BY win.claimed_at DESC LIMIT $1", limit)
    return [WinRow(**dict(one)) for one in found]


async def claims_of(draw_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Draw -> (claimed, won); draws without winners are left out."""
    found = await db.rows(
        "SELECT draw, count(claimed_at) AS claimed, count(*) AS won FROM win WHERE draw = ANY($1) GROUP BY draw",
        list(draw_ids),
    )
    return {one["draw"]: (one["claimed"], one["won"]) for one in found}


async def draw_facts(draw_id: UUID) -> DrawFacts | None:
    """What screens show; None: no such draw."""
    found = await draw(draw_id)
    if found is None:
        return None
    won: dict[UUID, list[WinRow]] = {}
    by_code = {prize.code: prize for prize in await prizes(draw_id)}
    for one in await winners(draw_id):
        won.setdefault(by_code[one.prize].id, []).append(one)
    return DrawFacts(found, tuple(by_code.values()), {prize: tuple(those) for prize, those in won.items()})
