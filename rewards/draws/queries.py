"""Looking draws up: for the desk, for each member, for screens, and the bytes that are published."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from rewards import database as db
from rewards.draws import rules
from rewards.draws.eligibility import Candidate, Rule, Selection, Standing, select, tickets_for, why
from rewards.draws.states import masked
from rewards.ledger import queries as ledger

FILES: Final = ("manifest.json", "snapshot.tsv", "log.txt", "result.json")
"""What is published of a draw, in the order in which it comes to be."""

_ONE_FILE: Final = dict(
    zip(
        FILES,
        (
            "SELECT manifest FROM draw WHERE slug = $1",
            "SELECT snapshot FROM draw WHERE slug = $1",
            "SELECT log FROM draw WHERE slug = $1",
            "SELECT result FROM draw WHERE slug = $1",
        ),
        strict=True,
    )
)

NOT_LISTED: Final = "draw.out.not_listed"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a frozen draw has published. `fingerprint` is M, `root` that of the list's tree; both hex."""

    fingerprint: str
    root: str
    people: int
    tickets: int
    excluded: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class DrawRow:
    """A draw. `promise` None: not frozen. `digits` and `code` (result code) are "" before it is drawn."""

    id: UUID
    number: int
    slug: str
    title: str
    state: str
    version: int
    season: UUID
    season_name: str
    rule: Rule
    unit_cap: int | None
    venue: str
    freeze_at: datetime | None
    created_by: UUID
    created_at: datetime
    frozen_at: datetime | None
    drawn_at: datetime | None
    places: int
    promise: Promise | None
    digits: str
    code: str


@dataclass(frozen=True, slots=True)
class PrizeRow:
    """`quantity` equal places, drawn in the order of `position` (from 0)."""

    id: UUID
    position: int
    code: str
    name: str
    quantity: int


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


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """What was done to a draw. `who` is a name, "" for Laurel itself."""

    at: datetime
    who: str
    code: str
    why: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """A unit in a frozen list by its published code. `name` is "" for those without a unit or a unit that is gone."""

    code: str
    name: str
    people: int
    tickets: int


@dataclass(frozen=True, slots=True)
class DrawFacts:
    """What screens show of a draw. Winners by prize, in the order in which they were drawn."""

    draw: DrawRow
    prizes: tuple[PrizeRow, ...]
    winners: Mapping[UUID, tuple[WinRow, ...]]


_DRAW = """
SELECT draw.id, number, slug, title, state, version, season, season.name AS season_name, min_points, min_quizzes, units,
       points_per_ticket, ticket_cap, unit_cap, venue, freeze_at, created_by, created_at, frozen_at, drawn_at,
       (SELECT coalesce(sum(quantity), 0)::integer FROM prize WHERE prize.draw = draw.id) AS places,
       manifest, left(log, 2048) AS log_head,
       encode(substring(result FROM greatest(octet_length(result) - 32, 1)), 'escape') AS result_tail
FROM draw JOIN season ON season.id = draw.season
"""

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


async def draw(draw_id: UUID) -> DrawRow | None:
    """The draw of this id."""
    found = await db.row(_DRAW + "WHERE draw.id = $1", draw_id)
    return None if found is None else _draw(found)


async def draw_by_slug(slug: str) -> DrawRow | None:
    """The draw of this public name ("draw-2026-003")."""
    found = await db.row(_DRAW + "WHERE draw.slug = $1", slug)
    return None if found is None else _draw(found)


async def draws(limit: int = 200) -> list[DrawRow]:
    """All draws, the newest first."""
    return [_draw(found) for found in await db.rows(_DRAW + "ORDER BY number DESC LIMIT $1", limit)]


async def coming(limit: int = 20) -> list[DrawRow]:
    """Draws that members may look forward to: frozen ones, and drafts that have a prize; soonest freeze first."""
    found = await db.rows(
        _DRAW + "WHERE state = 'frozen' OR (state = 'draft' AND EXISTS (SELECT FROM prize WHERE prize.draw = draw.id))"
        " ORDER BY frozen_at NULLS LAST, freeze_at NULLS LAST, number LIMIT $1",
        limit,
    )
    return [_draw(one) for one in found]


async def past(limit: int = 20) -> list[DrawRow]:
    """Draws that were held, or cancelled after the freeze; the latest first."""
    found = await db.rows(
        _DRAW + "WHERE state = 'drawn' OR (state = 'cancelled' AND manifest IS NOT NULL)"
        " ORDER BY coalesce(drawn_at, frozen_at) DESC LIMIT $1",
        limit,
    )
    return [_draw(one) for one in found]


async def prizes(draw_id: UUID) -> list[PrizeRow]:
    """The prizes of a draw in the order of drawing."""
    found = await db.rows(
        "SELECT id, position, code, name, quantity FROM prize WHERE draw = $1 ORDER BY position", draw_id
    )
    return [PrizeRow(**dict(one)) for one in found]


async def unit_names(units: Collection[UUID]) -> list[str]:
    """The names of units, by path. Unknown ids are left out."""
    found = await db.rows("SELECT name FROM unit WHERE id = ANY($1) ORDER BY path", list(units))
    return [one["name"] for one in found]


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


async def published(draw_id: UUID) -> tuple[str, dict[str, bytes]] | None:
    """(slug, name -> exact bytes of each published file that exists); None: no such draw."""
    found = await db.row("SELECT slug, manifest, snapshot, log, result FROM draw WHERE id = $1", draw_id)
    if found is None:
        return None
    slug, *contents = found.values()
    return slug, {name: _bytes(one) for name, one in zip(FILES, contents, strict=True) if one is not None}


async def published_file(slug: str, name: str) -> bytes | None:
    """The exact bytes of one published file; None: there is no such file, or not yet."""
    content = await db.value(_ONE_FILE[name], slug) if name in _ONE_FILE else None
    return None if content is None else _bytes(content)


async def unit_totals(draw_id: UUID) -> list[UnitTotal]:
    """Heads and tickets of each unit in a frozen list, for its representatives to compare; by name."""
    content = await db.value("SELECT snapshot FROM draw WHERE id = $1", draw_id)
    if content is None:
        return []
    totals: dict[str, tuple[int, int]] = {}
    for line in rules.parse_snapshot(_bytes(content)):
        people, tickets = totals.get(line.unit, (0, 0))
        totals[line.unit] = (people + 1, tickets + line.tickets)
    named = await db.rows(
        "SELECT right(replace(id::text, '-', ''), 12) AS code, replace(path, '/', ' / ') AS name FROM unit"
        " WHERE right(replace(id::text, '-', ''), 12) = ANY($1)",
        list(totals),
    )
    names = {one["code"]: one["name"] for one in named}
    found = [UnitTotal(code, names.get(code, ""), *totals[code]) for code in totals]
    return sorted(found, key=lambda one: (one.name, one.code))


async def history(draw_id: UUID) -> list[HistoryLine]:
    """Everything that was done to a draw, hand-overs included, the oldest first."""
    found = await db.rows(
        "SELECT at, coalesce(member.name, '') AS who, code, why, details FROM audit_entry"
        " LEFT JOIN member ON member.id = audit_entry.actor WHERE subject = $1 ORDER BY audit_entry.id",
        str(draw_id),
    )
    return [HistoryLine(one["at"], one["who"], one["code"], one["why"], json.loads(one["details"])) for one in found]


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


async def latest_drawn(since: datetime) -> UUID | None:
    """The draw that was held last, if that was after `since`."""
    found: UUID | None = await db.value(
        "SELECT id FROM draw WHERE state = 'drawn' AND drawn_at >= $1 ORDER BY drawn_at DESC LIMIT 1", since
    )
    return found


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


def _draw(row: db.Row) -> DrawRow:
    promise = None
    if row["manifest"] is not None:
        data = _bytes(row["manifest"])
        stated = rules.parse_manifest(data)
        promise = Promise(rules.manifest_hash(data).hex(), stated.root, stated.n, stated.tickets, stated.excluded)
    return DrawRow(
        id=row["id"],
        number=row["number"],
        slug=row["slug"],
        title=row["title"],
        state=row["state"],
        version=row["version"],
        season=row["season"],
        season_name=row["season_name"],
        rule=Rule(
            row["min_points"],
            row["min_quizzes"],
            frozenset(row["units"]),
            row["points_per_ticket"],
            row["ticket_cap"],
        ),
        unit_cap=row["unit_cap"],
        venue=row["venue"],
        freeze_at=row["freeze_at"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        frozen_at=row["frozen_at"],
        drawn_at=row["drawn_at"],
        places=row["places"],
        promise=promise,
        digits=_digits((row["log_head"] or "").split("\n")),
        code=_code(row["result_tail"] or "") if row["state"] == "drawn" else "",
    )


def _digits(log: Sequence[str]) -> str:
    """The venue's dice in a log; "" when none were thrown."""
    return next((line.split(" ")[2] for line in log if line.startswith("venue ")), "")


def _code(tail: str) -> str:
    """The display code at the end of a result file that we have written."""
    return tail.rpartition('"code":"')[2].partition('"')[0]


def _bytes(content: bytes | str) -> bytes:
    return content.encode("ascii") if isinstance(content, str) else bytes(content)
