"""Who would be in, who is in, and why."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.draws.eligibility import (
    UNKNOWN,
    Attended,
    Barred,
    Candidate,
    Chances,
    Counted,
    Fact,
    NotWinner,
    Points,
    Rule,
    Selection,
    all_reasons,
    select,
    tickets_for,
    undeclared,
    unit_code,
    why,
)
from rewards.draws.policy import over_the_year
from rewards.draws.queries.draws import DrawRow, UnitTotal, coming, draw, unit_paths
from rewards.draws.queries.policy import policy
from rewards.draws.queries.witnesses import witnesses
from rewards.draws.terms import CustodianTerms, Exclusion, PrizeTerms
from rewards.ledger import queries as ledger
from rewards.refusals import Refusal

NOT_LISTED: Final = "draw.out.not_listed"


@dataclass(frozen=True, slots=True)
class EntrantRow:
    """A member's line in a frozen list: `line` from 0, 16 bytes of salt, points as of the freeze, code of the class.

    `staff_number` as it was at the freeze, from which his commitment is made.
    """

    line: int
    staff_number: str
    salt: bytes
    tickets: int
    points: int
    group: str


@dataclass(frozen=True, slots=True)
class MyTickets:
    """A member in a draw that is still to come: live until the freeze, then as frozen. `line` None: not listed."""

    draw: DrawRow
    chances: Chances
    line: int | None


async def candidates(rule: Rule, season: UUID, members: Collection[UUID] | None = None) -> list[Candidate]:
    """What decides who is in: everybody who is here, by staff number; or these members, leavers among them.

    Two statements and one for each fact that the rule needs; in a REPEATABLE READ transaction they speak of one
    instant. Linear in the roster and the ledger of the days that count.
    """
    only = None if members is None else list(members)
    people = await db.rows(
        "SELECT member.id, member.staff_number, member.name, member.roles, member.joined_on,"
        " member.left_on IS NOT NULL AS gone, membership.unit"
        " FROM member LEFT JOIN membership ON membership.member = member.id AND membership.until IS NULL"
        " WHERE CASE WHEN $1::uuid[] IS NULL THEN member.left_on IS NULL ELSE member.id = ANY($1) END"
        " ORDER BY lower(member.staff_number)",
        only,
    )
    parents = {one["id"]: one["parent"] for one in await db.rows("SELECT id, parent FROM unit")}
    known = {fact: await _fact(fact, season, only) for fact in rule.needed}
    return await asyncio.to_thread(_candidates, people, parents, known)


async def refuse_undeclared(rule: Rule) -> None:
    """Refusal draw.earning_unknown (earning) when the rule counts what no game of this version declares.

    Nobody could be in by such a part: `candidates` finds nothing of it. Pages that only look go on with that.
    """
    declared = {one.code: one.measure for one in await ledger.earning_rules()}
    if (earning := undeclared(rule, declared)) is not None:
        raise Refusal(UNKNOWN, earning=earning)


async def barred(found: DrawRow, at: datetime | None = None) -> Barred:
    """Who is left out of a draw whatever he did. `at`: the moment whose year's limit holds; see `preview`."""
    listed = await db.rows("SELECT member, why FROM draw_exclusion WHERE draw = $1", found.id)
    custodians = await db.rows("SELECT member FROM custodian WHERE draw = $1 AND member IS NOT NULL", found.id)
    dearest = await db.value("SELECT coalesce(max(value), 0)::bigint FROM prize WHERE draw = $1", found.id)
    return Barred(
        found.created_by,
        frozenset(one["member"] for one in custodians),
        {one["member"]: one["why"] for one in listed},
        await _full(dearest, await _moment(found.season, found.freeze_at, at)),
        frozenset(one.member for one in await witnesses(found.id)),
    )


async def preview(
    rule: Rule,
    season: UUID,
    created_by: UUID,
    *,
    exclusions: Iterable[Exclusion] = (),
    custodians: Iterable[CustodianTerms] = (),
    prizes: Iterable[PrizeTerms] = (),
    at: datetime | None = None,
) -> Selection:
    """Who would be in if a draw on these terms were frozen now.

    Where the prize policy blocks, who would be beyond the year's limit by the most valuable prize is left out; the year
    is that of `at`, None: of the last day of the season. Refusal draw.earning_unknown.
    """
    await refuse_undeclared(rule)
    left_out = await _left_out(season, created_by, exclusions, custodians, prizes, at)
    return await asyncio.to_thread(select, rule, await candidates(rule, season), left_out)


async def chances_under(
    rule: Rule,
    season: UUID,
    member: UUID,
    created_by: UUID,
    *,
    exclusions: Iterable[Exclusion] = (),
    custodians: Iterable[CustodianTerms] = (),
    prizes: Iterable[PrizeTerms] = (),
    at: datetime | None = None,
) -> tuple[Chances, list[Chances]]:
    """How a member would stand in a draw on these terms, and everything that keeps him out; see `preview`."""
    await refuse_undeclared(rule)
    known = await candidates(rule, season, [member])
    if not known:
        gone = Chances(0, "draw.out.left", {})
        return gone, [gone]
    left_out = await _left_out(season, created_by, exclusions, custodians, prizes, at)
    return why(rule, known[0], left_out), all_reasons(rule, known[0], left_out)


async def preview_of(found: DrawRow, at: datetime | None = None) -> Selection:
    """Who would be in if this draw were frozen now; `at` as in `barred`."""
    everybody = await candidates(found.rule, found.season)
    return await asyncio.to_thread(select, found.rule, everybody, await barred(found, at))


async def unit_preview(draw_id: UUID, at: datetime | None = None) -> list[UnitTotal]:
    """Heads and tickets of each unit if the draw were frozen now, for its representatives; by name. Empty: nobody, or
    no such draw."""
    found = await draw(draw_id)
    if found is None:
        return []
    chosen = await preview_of(found, at)
    totals: dict[UUID | None, tuple[int, int]] = {}
    for entry in chosen.entrants:
        people, tickets = totals.get(entry.candidate.unit, (0, 0))
        totals[entry.candidate.unit] = (people + 1, tickets + entry.tickets)
    names = await unit_paths([unit_code(unit) for unit in totals])
    rows = [UnitTotal(unit_code(unit), names.get(unit_code(unit), ""), *totals[unit]) for unit in totals]
    return sorted(rows, key=lambda one: (one.name, one.code))


async def chances(found: DrawRow, member: UUID, at: datetime | None = None) -> tuple[Chances, int | None]:
    """How a member stands in a draw and why, with his line once it is frozen; `at` as in `barred`.

    Who is not on a frozen list stands as draw.out.not_listed.
    """
    if found.promise is not None:
        own = await entrant(found.id, member)
        if own is None:
            return Chances(0, NOT_LISTED, {}), None
        frozen = tickets_for(found.rule, own.points)
        return Chances(own.tickets, frozen.code, frozen.details, own.group), own.line
    known = await candidates(found.rule, found.season, [member])
    if not known:
        return Chances(0, "draw.out.left", {}), None
    return why(found.rule, known[0], await barred(found, at)), None


async def reasons(found: DrawRow, member: UUID, at: datetime | None = None) -> list[Chances]:
    """Everything that keeps a member out of a draw by the facts of today, frozen or not; empty: he is in by them."""
    known = await candidates(found.rule, found.season, [member])
    if not known:
        return [Chances(0, "draw.out.left", {})]
    return all_reasons(found.rule, known[0], await barred(found, at))


async def my_tickets(member: UUID, at: datetime | None = None) -> list[MyTickets]:
    """The member in every draw that is still to come, the next one first; empty: none is planned."""
    mine = []
    for found in await coming():
        how, line = await chances(found, member, at)
        mine.append(MyTickets(found, how, line))
    return mine


async def entrant(draw_id: UUID, member: UUID) -> EntrantRow | None:
    """The member's line in a frozen list; None: not on it, or not frozen."""
    found = await db.row(
        "SELECT line, coalesce(nullif(entrant.staff_number, ''), member.staff_number) AS staff_number, salt, tickets,"
        ' points, class AS "group" FROM entrant JOIN member ON member.id = entrant.member'
        " WHERE draw = $1 AND member = $2",
        draw_id,
        member,
    )
    return None if found is None else EntrantRow(**dict(found))


async def won_in(year: int) -> dict[UUID, int]:
    """Member -> value in fen of what he won in draws held in this year (UTC); who won nothing of value is left out."""
    found = await db.rows(
        "SELECT win.member, sum(prize.value)::bigint AS value FROM win JOIN draw ON draw.id = win.draw"
        f" JOIN prize ON prize.id = win.prize WHERE {_COUNTS}"
        " AND extract(year FROM draw.drawn_at AT TIME ZONE 'UTC') = $1"
        " GROUP BY win.member HAVING sum(prize.value) > 0",
        year,
    )
    return {one["member"]: one["value"] for one in found}


_COUNTS = "win.state IN ('drawn', 'called', 'claimed') AND draw.rehearses IS NULL AND draw.state <> 'cancelled'"
"""A win that counts as one: not of somebody absent, or who declined or did not come in time."""


async def _fact(fact: Fact, season: UUID, members: list[UUID] | None) -> dict[UUID, int]:
    """Member -> number; who has none is left out."""
    days = None if fact.since is None or fact.until is None else (fact.since, fact.until)
    if fact.kind == Points.kind:
        return await ledger.points(season=None if days else season, days=days, members=members)
    if fact.kind == Counted.kind:
        return await ledger.tallied(
            fact.earning,
            fact.tally,
            season=None if days or fact.about else season,
            days=days,
            about=fact.about,
            members=members,
        )
    if fact.kind == NotWinner.kind:
        return await _times(
            "SELECT win.member, count(*) AS times FROM win JOIN draw ON draw.id = win.draw"
            f" WHERE {_COUNTS} AND ($1::uuid[] IS NULL OR win.member = ANY($1))"
            " AND ($2::date IS NULL OR (draw.drawn_at AT TIME ZONE 'UTC')::date >= $2) GROUP BY win.member",
            members,
            fact.since,
        )
    if fact.kind == Attended.kind:
        return await _times(
            "SELECT check_in.member, count(*) AS times FROM check_in JOIN draw ON draw.id = check_in.draw"
            " WHERE draw.rehearses IS NULL AND ($1::uuid[] IS NULL OR check_in.member = ANY($1))"
            " GROUP BY check_in.member",
            members,
        )
    raise ValueError(f"nobody knows how to count {fact.kind}")


async def _times(sql: str, *values: list[UUID] | date | None) -> dict[UUID, int]:
    return {one["member"]: one["times"] for one in await db.rows(sql, *values)}


async def _full(dearest: int, at: datetime | date) -> frozenset[UUID]:
    """Who would be beyond the year's limit by winning `dearest`, where the prize policy blocks."""
    holds = await policy()
    if holds.mode != "block" or not holds.value_year or not dearest:
        return frozenset()
    return frozenset(over_the_year(holds, await won_in(at.year), dearest))


async def _left_out(
    season: UUID,
    created_by: UUID,
    exclusions: Iterable[Exclusion],
    custodians: Iterable[CustodianTerms],
    prizes: Iterable[PrizeTerms],
    at: datetime | None,
) -> Barred:
    dearest = max((prize.value for prize in prizes), default=0)
    return Barred(
        created_by,
        frozenset(one.member for one in custodians if one.member is not None),
        {one.member: one.why for one in exclusions},
        await _full(dearest, await _moment(season, None, at)),
    )


async def _moment(season: UUID, freeze_at: datetime | None, at: datetime | None) -> datetime | date:
    moment = at or freeze_at
    if moment is not None:
        return moment.astimezone(UTC)
    known = await ledger.season(season)
    return date.max if known is None else known.ends_on


def _candidates(
    people: Iterable[db.Row], parents: Mapping[UUID, UUID | None], known: Mapping[Fact, Mapping[UUID, int]]
) -> list[Candidate]:
    chains: dict[UUID, frozenset[UUID]] = {}
    return [
        Candidate(
            member=one["id"],
            staff_number=one["staff_number"],
            unit=one["unit"],
            within=_chain(one["unit"], parents, chains),
            roles=tuple(one["roles"]),
            left=one["gone"],
            facts={fact: numbers[one["id"]] for fact, numbers in known.items() if one["id"] in numbers},
            joined=one["joined_on"],
            name=one["name"],
        )
        for one in people
    ]


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
