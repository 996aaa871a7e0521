"""Draws, their terms, prizes and history."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import rules
from rewards.draws.eligibility import Rule, read_rule
from rewards.draws.states import off_takes_two
from rewards.draws.tables import Prize
from rewards.draws.terms import CustodianTerms, Exclusion, PrizeTerms, RoundTerms, Terms, read_rounds, stages
from rewards.members.tables import Unit


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
    """A draw. `promise` None: not frozen. `rounds` has at least one. `rehearses`: the draw that this one rehearses.
    `arm_after`: when the time for objections ends. `digits` (of the
    venue) and `code` (at the end of the log) are "" before they are thrown and known. `hall`: a kit may go on with it;
    `kit_at`: when a kit with its names first left. `off_why`: why it was called off (`off_at`), or is to be.
    """

    id: UUID
    number: int
    slug: str
    title: str
    state: str
    version: int
    season: UUID
    season_name: str
    rule: Rule
    rounds: tuple[RoundTerms, ...]
    rehearses: UUID | None
    unit_cap: int | None
    one_win: bool
    presence: bool
    call_seconds: int
    dispute_hours: int
    claim_days: int
    shown_names: str
    witnesses: tuple[str, ...]
    venue: str
    freeze_at: datetime | None
    beacon_at: datetime | None
    created_by: UUID
    created_at: datetime
    frozen_at: datetime | None
    arm_after: datetime | None
    drawn_at: datetime | None
    closed_at: datetime | None
    places: int
    promise: Promise | None
    digits: str
    code: str
    hall: bool
    kit_at: datetime | None
    off_why: str
    off_at: datetime | None

    @property
    def takes_two(self) -> bool:
        """Whether calling it off takes a second person: somebody may know who wins."""
        return off_takes_two(self.state, kit_left=self.kit_at is not None, rehearsal=self.rehearses is not None)


@dataclass(frozen=True, slots=True)
class PrizeRow:
    """`quantity` equal places, drawn in the order of `position` (from 0). The rest as in terms.PrizeTerms."""

    id: UUID
    position: int
    code: str
    name: str
    quantity: int
    round: str
    value: int
    sponsor: str
    batch: int
    group: str
    units: tuple[UUID, ...]
    present: bool
    redraw: str
    alternates: int
    budget: UUID | None
    stock: UUID | None
    has_picture: bool

    @property
    def terms(self) -> PrizeTerms:
        """The prize as it was planned."""
        return PrizeTerms(
            code=self.code,
            name=self.name,
            quantity=self.quantity,
            round=self.round,
            value=self.value,
            sponsor=self.sponsor,
            batch=self.batch,
            group=self.group,
            units=frozenset(self.units),
            present=self.present,
            redraw=self.redraw,
            alternates=self.alternates,
            budget=self.budget,
            stock=self.stock,
        )


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """A member whom people have left out, why, and the name of who did it."""

    member: UUID
    name: str
    staff_number: str
    why: str
    added_by: str


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


_DRAW = """
SELECT draw.id, number, slug, title, state, version, season, season.name AS season_name, rule, rounds, rehearses,
       unit_cap, one_win, presence, call_seconds, dispute_hours, claim_days, shown_names, witnesses, venue, freeze_at,
       beacon_at, created_by, created_at, frozen_at, arm_after, drawn_at, closed_at,
       hall, kit_at, off_why, off_at,
       (SELECT coalesce(sum(quantity), 0)::integer FROM prize WHERE prize.draw = draw.id) AS places,
       manifest, left(log, 2048) AS log_head,
       encode(substring(result FROM greatest(octet_length(result) - 32, 1)), 'escape') AS result_tail
FROM draw JOIN season ON season.id = draw.season
"""


_PICTURE = db.compiled(Prize.select(Prize.picture).where(Prize.draw == db.given(1), Prize.code == db.given(2)))
_UNIT_NAMES = db.compiled(Unit.select(Unit.id, Unit.name).where(Unit.id == db.any_of(db.given(1))).order_by(Unit.path))


async def draw(draw_id: UUID) -> DrawRow | None:
    """The draw of this id."""
    found = await db.row(_DRAW + "WHERE draw.id = $1", draw_id)
    return None if found is None else _draw(found)


async def draw_by_slug(slug: str) -> DrawRow | None:
    """The draw of this public name ("draw-2026-003")."""
    found = await db.row(_DRAW + "WHERE draw.slug = $1", slug)
    return None if found is None else _draw(found)


_COUNT = "SELECT count(*) FROM draw"
_NAMES = "SELECT id, title, slug FROM draw"
_CALLED = (
    " WHERE rehearses IS NULL AND (position(lower($1) IN lower(title)) > 0 OR position(lower($1) IN slug) > 0"
    " OR number::text = $1) "
)
"""No rehearsals; with the text in the title or the public name, or as the number."""


async def draws(text: str = "", before: int | None = None, limit: int | None = None) -> list[DrawRow]:
    """Draws but rehearsals with the text in title or public name, or as their number: at most `limit` of those with a
    number below `before`, the newest first."""
    page = _DRAW + _CALLED + "AND ($2::integer IS NULL OR number < $2) ORDER BY number DESC LIMIT $3"
    return [_draw(one) for one in await db.rows(page, text, before, limit)]


async def draw_count(text: str = "") -> int:
    """How many draws `draws` finds on all its pages."""
    return int(await db.value(_COUNT + _CALLED, text))


async def draws_called(text: str, limit: int) -> list[tuple[UUID, str, str]]:
    """(id, title, public name) of at most `limit` draws that `draws` finds; the newest first."""
    found = await db.rows(_NAMES + _CALLED + "ORDER BY number DESC LIMIT $2", text, limit)
    return [(one["id"], one["title"], one["slug"]) for one in found]


async def coming(limit: int = 20) -> list[DrawRow]:
    """Draws that members may look forward to: frozen ones, and drafts that have a prize; soonest freeze first."""
    found = await db.rows(
        _DRAW + "WHERE rehearses IS NULL AND (state IN ('freezing', 'frozen', 'armed', 'rolled')"
        " OR (state = 'draft' AND EXISTS (SELECT FROM prize WHERE prize.draw = draw.id)))"
        " ORDER BY frozen_at NULLS LAST, freeze_at NULLS LAST, number LIMIT $1",
        limit,
    )
    return [_draw(one) for one in found]


async def past(limit: int = 20) -> list[DrawRow]:
    """Draws whose winners are known, and those cancelled after the freeze; the latest first. No rehearsals."""
    found = await db.rows(
        _DRAW + "WHERE rehearses IS NULL AND (state IN ('drawn', 'closed')"
        " OR (state = 'cancelled' AND manifest IS NOT NULL)) ORDER BY coalesce(drawn_at, frozen_at) DESC LIMIT $1",
        limit,
    )
    return [_draw(one) for one in found]


async def prizes(draw_id: UUID) -> list[PrizeRow]:
    """The prizes of a draw in the order of drawing."""
    found = await db.rows(
        'SELECT id, position, code, name, quantity, round, value, sponsor, batch, class AS "group", units, present,'
        " redraw, alternates, budget, stock, picture IS NOT NULL AS has_picture"
        " FROM prize WHERE draw = $1 ORDER BY position",
        draw_id,
    )
    return [PrizeRow(**{**dict(one), "units": tuple(one["units"])}) for one in found]


async def prize_picture(draw_id: UUID, code: str) -> bytes | None:
    """The JPEG of a prize; None: it has none."""
    found = await db.value(_PICTURE, draw_id, code)
    return None if found is None else bytes(found)


async def unit_names(units: Collection[UUID]) -> dict[UUID, str]:
    """Unit -> name, by path. Unknown ids are left out."""
    found = await db.rows(_UNIT_NAMES, list(units))
    return {one["id"]: one["name"] for one in found}


async def unit_totals(draw_id: UUID) -> list[UnitTotal]:
    """Heads and tickets of each unit in a frozen list, for its representatives to compare; by name."""
    content = await db.value("SELECT snapshot FROM draw WHERE id = $1", draw_id)
    if content is None:
        return []
    totals = await asyncio.to_thread(_totals, bytes(content))
    names = await unit_paths(totals)
    found = [UnitTotal(code, names.get(code, ""), *totals[code]) for code in totals]
    return sorted(found, key=lambda one: (one.name, one.code))


async def unit_paths(codes: Collection[str]) -> dict[str, str]:
    """Published code of a unit -> its names from the root down. Codes of no unit are left out."""
    found = await db.rows(
        "SELECT right(replace(id::text, '-', ''), 12) AS code, replace(path, '/', ' / ') AS name FROM unit"
        " WHERE right(replace(id::text, '-', ''), 12) = ANY($1)",
        list(codes),
    )
    return {one["code"]: one["name"] for one in found}


async def history(draw_id: UUID) -> list[HistoryLine]:
    """Everything that was done to a draw, hand-overs included, the oldest first."""
    found = await db.rows(
        "SELECT at, coalesce(member.name, '') AS who, code, why, details FROM audit_entry"
        " LEFT JOIN member ON member.id = audit_entry.actor WHERE subject = $1 ORDER BY audit_entry.id",
        str(draw_id),
    )
    return [HistoryLine(one["at"], one["who"], one["code"], one["why"], json.loads(one["details"])) for one in found]


async def titles(draw_ids: Collection[str]) -> dict[str, str]:
    """The titles of draws by id as text. What names no draw is left out."""
    found = await db.rows("SELECT id, title FROM draw WHERE id::text = ANY($1)", list(draw_ids))
    return {str(row["id"]): row["title"] for row in found}


def progress_key(draw_id: UUID) -> str:
    """Redis key of how far the freeze of a draw is, in percent."""
    return f"draw:{draw_id}:progress"


async def progress(redis: Redis, draw_id: UUID) -> int | None:
    """How far the freeze of a draw is, in percent; None: none is under way, or it has said nothing yet."""
    found = await redis.get(progress_key(draw_id))
    return None if found is None else int(found)


async def latest_drawn(since: datetime) -> UUID | None:
    """The draw that was held last, if that was after `since`; no rehearsal."""
    found: UUID | None = await db.value(
        "SELECT id FROM draw WHERE state IN ('drawn', 'closed') AND rehearses IS NULL AND drawn_at >= $1"
        " ORDER BY drawn_at DESC LIMIT 1",
        since,
    )
    return found


async def exclusions(draw_id: UUID) -> list[ExclusionRow]:
    """Whom people have left out of a draw, by staff number."""
    found = await db.rows(
        "SELECT draw_exclusion.member, member.name, member.staff_number, why, coalesce(adder.name, '') AS added_by"
        " FROM draw_exclusion JOIN member ON member.id = draw_exclusion.member"
        " LEFT JOIN member AS adder ON adder.id = draw_exclusion.added_by"
        " WHERE draw_exclusion.draw = $1 ORDER BY lower(member.staff_number)",
        draw_id,
    )
    return [ExclusionRow(**dict(one)) for one in found]


async def terms_of(draw_id: UUID) -> Terms | None:
    """The terms of a draw as they stand, ready to be changed and given to edit_draw; None: no such draw."""
    found = await draw(draw_id)
    if found is None:
        return None
    keepers = await db.rows("SELECT label, name, member FROM custodian WHERE draw = $1 ORDER BY position", draw_id)
    return Terms(
        title=found.title,
        season=found.season,
        rule=found.rule,
        prizes=tuple(prize.terms for prize in await prizes(draw_id)),
        rounds=found.rounds,
        unit_cap=found.unit_cap,
        one_win=found.one_win,
        presence=found.presence,
        call_seconds=found.call_seconds,
        dispute_hours=found.dispute_hours,
        claim_days=found.claim_days,
        shown_names=found.shown_names,
        witnesses=found.witnesses,
        custodians=tuple(CustodianTerms(**dict(one)) for one in keepers),
        exclusions=tuple(Exclusion(one.member, one.why) for one in await exclusions(draw_id)),
        freeze_at=found.freeze_at,
        beacon_at=found.beacon_at,
        venue=found.venue,
    )


def _totals(snapshot: bytes) -> dict[str, tuple[int, int]]:
    """Published code of a unit -> (people, tickets)."""
    totals: dict[str, tuple[int, int]] = {}
    for line in rules.parse_snapshot(snapshot):
        people, tickets = totals.get(line.unit, (0, 0))
        totals[line.unit] = (people + 1, tickets + line.tickets)
    return totals


def _draw(row: db.Row) -> DrawRow:
    promise = None
    if row["manifest"] is not None:
        data = bytes(row["manifest"])
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
        rule=read_rule(json.loads(row["rule"])),
        rounds=stages(read_rounds(json.loads(row["rounds"]))),
        rehearses=row["rehearses"],
        unit_cap=row["unit_cap"],
        one_win=row["one_win"],
        presence=row["presence"],
        call_seconds=row["call_seconds"],
        dispute_hours=row["dispute_hours"],
        claim_days=row["claim_days"],
        shown_names=row["shown_names"],
        witnesses=tuple(row["witnesses"]),
        venue=row["venue"],
        freeze_at=row["freeze_at"],
        beacon_at=row["beacon_at"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        frozen_at=row["frozen_at"],
        arm_after=row["arm_after"],
        drawn_at=row["drawn_at"],
        closed_at=row["closed_at"],
        places=row["places"],
        promise=promise,
        digits=_digits((row["log_head"] or "").split("\n")),
        code=_code(row["result_tail"] or "") if row["state"] in ("drawn", "closed") else "",
        hall=row["hall"],
        kit_at=row["kit_at"],
        off_why=row["off_why"],
        off_at=row["off_at"],
    )


def _digits(log: Sequence[str]) -> str:
    """The venue's dice in a log; "" when none were thrown."""
    return next((line.split(" ")[2] for line in log if line.startswith("venue ")), "")


def _code(tail: str) -> str:
    """The display code at the end of a result file that we have written."""
    return tail.rpartition('"code":"')[2].partition('"')[0]
