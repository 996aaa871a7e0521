"""Who has won, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from piccolo.custom_types import Combinable
from piccolo.querystring import QueryString

from rewards import database as db
from rewards.draws.claims import OPEN, STANDING, Win
from rewards.draws.queries.draws import DrawRow, PrizeRow, draw, prizes
from rewards.draws.states import shown_name
from rewards.draws.tables import Draw, Prize
from rewards.draws.tables import Win as WinTable
from rewards.members.tables import Member
from rewards.sheets import one_line

Order = Literal["prize", "unit"]


@dataclass(frozen=True, slots=True)
class WinRow:
    """A drawn place with its winner. `shown` is the name for everybody's eyes. `handed_over_by` is a name, "" until
    claimed, `giver` the member. `undone`: how often a hand-over was taken back, `undone_by` by whom last.
    `value` of one piece in hundredths of the currency unit, 0: not stated. `unit_path`: "A / B", "" for none.

    `state`: see claims.py. `expires_at` None: nothing ends it. `alternate_place` None: drawn, not stepped in.
    """

    id: UUID
    draw: UUID
    slug: str
    title: str
    draw_state: str
    rehearsal: bool
    shown_names: str
    prize: str
    prize_name: str
    position: int
    value: int
    has_picture: bool
    slot: int
    attempt: int
    line: int
    member: UUID
    name: str
    staff_number: str
    unit: str
    unit_path: str
    claim_code: str
    state: str
    state_at: datetime | None
    expires_at: datetime | None
    alternate_place: int | None
    claimed_at: datetime | None
    handed_over_by: str
    proxy_name: str
    proxy_why: str
    has_signature: bool
    signed_on_paper: bool
    called_at: datetime | None
    giver: UUID | None
    undone: int
    undone_by: UUID | None

    @property
    def shown(self) -> str:
        """The name for everybody's eyes, as the draw has it set."""
        return shown_name(self.name, self.staff_number, self.shown_names)

    @property
    def is_open(self) -> bool:
        """Whether it can still be claimed, unless its time runs out."""
        return self.state in OPEN and self.draw_state != "cancelled"

    @property
    def facts(self) -> Win:
        """What decides over it (claims.py)."""
        facts = self.state, self.draw_state, self.rehearsal, self.member, self.expires_at
        return Win(*facts, self.giver, self.undone_by)


@dataclass(frozen=True, slots=True)
class DrawFacts:
    """What screens show of a draw. Winners by prize, in the order in which they were drawn."""

    draw: DrawRow
    prizes: tuple[PrizeRow, ...]
    winners: Mapping[UUID, tuple[WinRow, ...]]


@dataclass(frozen=True, slots=True)
class WinFilter:
    """Which wins are listed. `states` empty: all. `text` is looked for in names and staff numbers. Prizes by code."""

    draw: UUID | None = None
    prize: str = ""
    states: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Claiming:
    """A draw that has winners, with how many of them were handed their prize and how many may still come for it."""

    id: UUID
    slug: str
    title: str
    claimed: int
    open: int


_WIN = """
SELECT win.id, win.draw, draw.slug, draw.title, draw.state AS draw_state, draw.rehearses IS NOT NULL AS rehearsal,
       draw.shown_names, prize.code AS prize, prize.name AS prize_name, prize.position, prize.value,
       prize.picture IS NOT NULL AS has_picture, win.slot, win.attempt, win.line, win.member, member.name,
       member.staff_number, coalesce(unit.name, '') AS unit, coalesce(replace(unit.path, '/', ' / '), '') AS unit_path,
       win.claim_code, win.state, win.state_at, win.expires_at, win.alternate_place, win.claimed_at,
       coalesce(giver.name, '') AS handed_over_by, win.proxy_name, win.proxy_why,
       win.signature IS NOT NULL AS has_signature, win.signed_on_paper, win.called_at, win.handed_over_by AS giver,
       win.undone, win.undone_by
FROM win
JOIN draw ON draw.id = win.draw
JOIN prize ON prize.id = win.prize
JOIN member ON member.id = win.member
LEFT JOIN member AS giver ON giver.id = win.handed_over_by
LEFT JOIN membership ON membership.member = win.member AND membership.until IS NULL
LEFT JOIN unit ON unit.id = membership.unit
"""

_COUNT = """
SELECT count(*)
FROM win
JOIN draw ON draw.id = win.draw
JOIN prize ON prize.id = win.prize
JOIN member ON member.id = win.member
"""


_PRIZE_NAMES = db.compiled(
    Prize.select(Prize.code, Prize.name).where(Prize.draw == db.given(1)).order_by(Prize.position)
)
_SIGNATURE = db.compiled(WinTable.select(WinTable.signature).where(WinTable.id == db.given(1)))


async def winners(draw_id: UUID) -> list[WinRow]:
    """Everybody who holds a place, in the order of drawing: drawn, called, or handed over. Who was absent, declined or
    came too late is left out, as are places that nobody could win."""
    found = await db.rows(
        _WIN + "WHERE win.draw = $1 AND win.state = ANY($2) ORDER BY prize.position, win.slot, win.attempt",
        draw_id,
        list(STANDING),
    )
    return [WinRow(**dict(one)) for one in found]


async def wins_of(member: UUID, draw_id: UUID | None = None, *, ended: bool = False) -> list[WinRow]:
    """What a member has won, in one draw or in all (the latest first); no rehearsal.

    With `ended` also what he was absent for, declined, or did not fetch in time.
    """
    found = await db.rows(
        _WIN + "WHERE win.member = $1 AND ($2::uuid IS NULL OR win.draw = $2) AND draw.rehearses IS NULL"
        " AND ($3 OR win.state = ANY($4)) ORDER BY draw.drawn_at DESC, prize.position, win.slot, win.attempt",
        member,
        draw_id,
        ended,
        list(STANDING),
    )
    return [WinRow(**dict(one)) for one in found]


async def win(win_id: UUID) -> WinRow | None:
    """The win of this id."""
    found = await db.row(_WIN + "WHERE win.id = $1", win_id)
    return None if found is None else WinRow(**dict(found))


async def win_by_code(claim_code: str) -> WinRow | None:
    """The win that a clean claim code belongs to."""
    found = await db.row(_WIN + "WHERE win.claim_code = $1", claim_code)
    return None if found is None else WinRow(**dict(found))


async def wins_found(wanted: WinFilter, *, limit: int, offset: int = 0) -> list[WinRow]:
    """A page of wins, those of the latest draw first, then in the order of drawing; no rehearsals."""
    page = "WHERE {} ORDER BY draw.number DESC, prize.position, win.slot, win.attempt LIMIT {} OFFSET {}"
    found = await db.rows(QueryString(_WIN + page, _wanted(wanted), limit, offset))
    return [WinRow(**one) for one in found]


async def wins_count(wanted: WinFilter) -> int:
    """How many wins `wins_found` finds on all its pages."""
    count: int = await db.value(QueryString(_COUNT + "WHERE {}", _wanted(wanted)))
    return count


def _wanted(wanted: WinFilter) -> QueryString:
    asked: list[Combinable] = [Draw.rehearses.is_null()]
    if wanted.draw is not None:
        asked.append(WinTable.draw == wanted.draw)
    if wanted.prize:
        asked.append(Prize.code == wanted.prize)
    if wanted.states:
        asked.append(WinTable.state == db.any_of(sorted(wanted.states)))
    if text := one_line(wanted.text):
        asked.append(db.holds(Member.name, text) | db.holds(Member.staff_number, text))
    return db.all_of(*asked)


async def to_hand_over(draw_id: UUID, order: Order = "prize") -> list[WinRow]:
    """Everybody who holds a place, for a list on paper: by prize as drawn, or by unit and staff number."""
    found = await winners(draw_id)
    if order == "unit":
        found.sort(key=lambda one: (one.unit_path, one.staff_number.lower(), one.position, one.slot))
    return found


async def handed_over(draw_id: UUID) -> list[WinRow]:
    """What was handed over, in the order of drawing."""
    return [one for one in await winners(draw_id) if one.state == "claimed"]


async def left_to_claim(draws: Sequence[UUID]) -> dict[UUID, int]:
    """Draw -> how many who hold a place in it have not been handed their prize; a draw without any is left out."""
    found = await db.rows(
        "SELECT draw, count(*) AS left FROM win"
        " WHERE draw = ANY($1) AND state = ANY($2) AND claimed_at IS NULL GROUP BY draw",
        draws,
        list(STANDING),
    )
    return {one["draw"]: one["left"] for one in found}


async def last_claims(limit: int = 20) -> list[WinRow]:
    """What was handed over, the latest first."""
    found = await db.rows(_WIN + "WHERE win.claimed_at IS NOT NULL ORDER BY win.claimed_at DESC LIMIT $1", limit)
    return [WinRow(**dict(one)) for one in found]


async def claims_of(draw_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Draw -> (claimed, places held); draws without winners are left out."""
    found = await db.rows(
        "SELECT draw, count(claimed_at) AS claimed, count(*) AS won FROM win WHERE draw = ANY($1) AND state = ANY($2)"
        " GROUP BY draw",
        list(draw_ids),
        list(STANDING),
    )
    return {one["draw"]: (one["claimed"], one["won"]) for one in found}


async def claimable_draws(limit: int = 100) -> list[Claiming]:
    """Draws with winners, the latest first; no rehearsals, and none that was called off."""
    found = await db.rows(
        "SELECT draw.id, slug, title, count(claimed_at)::integer AS claimed,"
        " (count(*) FILTER (WHERE win.state = ANY($1)))::integer AS open FROM draw JOIN win ON win.draw = draw.id"
        " WHERE draw.rehearses IS NULL AND draw.state <> 'cancelled' GROUP BY draw.id ORDER BY number DESC LIMIT $2",
        list(OPEN),
        limit,
    )
    return [Claiming(**dict(one)) for one in found]


async def prize_names(draw_id: UUID) -> list[tuple[str, str]]:
    """(code, name) of a draw's prizes in the order of drawing."""
    return [(one["code"], one["name"]) for one in await db.rows(_PRIZE_NAMES, draw_id)]


async def overdue_claims(now: datetime, draw_id: UUID | None = None, limit: int = 500) -> list[UUID]:
    """Wins that nobody fetched in time, the longest overdue first, then as drawn; of one draw, or of all."""
    found = await db.rows(
        "SELECT win.id FROM win JOIN draw ON draw.id = win.draw JOIN prize ON prize.id = win.prize"
        " WHERE win.state IN ('drawn', 'called')"
        " AND win.expires_at <= $1 AND draw.state = 'closed' AND draw.rehearses IS NULL"
        " AND ($2::uuid IS NULL OR win.draw = $2) ORDER BY win.expires_at, draw.number, prize.position,"
        " win.slot LIMIT $3",
        now,
        draw_id,
        limit,
    )
    return [one["id"] for one in found]


async def win_signature(win_id: UUID) -> bytes | None:
    """The PNG of the hand that received a prize; None: there is none."""
    found: bytes | None = await db.value(_SIGNATURE, win_id)
    return found


async def picture_of_prize(win_id: UUID) -> bytes | None:
    """The JPEG of what was won; None: there is none."""
    found: bytes | None = await db.value(
        "SELECT picture FROM prize JOIN win ON win.prize = prize.id WHERE win.id = $1", win_id
    )
    return found


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
