"""Who is in a draw, with how many tickets, and why; who is not, and why not. Pure: ledger facts in, codes out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

from rewards.members.rules import permissions

OPERATES: Final = "draws.draw"
"""Whoever may hold a draw takes part in none (organisers and admins)."""

CONFLICTS: Final = ("draw.out.creator", "draw.out.operator")
"""Reasons that leave people out for what they are, not for what they did; their numbers stand in the manifest."""

MOST_POINTS: Final = 10_000_000
MOST_QUIZZES: Final = 10_000
MOST_TICKETS: Final = 1000
_LARGEST: Final = 2**31 - 1

NO_UNIT: Final = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """Honour points and quizzes of the season that are needed; `units` are subtrees, empty: anybody's.

    Tickets = min(ticket_cap, points // points_per_ticket), at least 1; points_per_ticket 0: one ticket each.
    """

    min_points: int = 0
    min_quizzes: int = 0
    units: frozenset[UUID] = frozenset()
    points_per_ticket: int = 0
    ticket_cap: int = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the roster and the ledger say of a member at one instant.

    `unit` is his own, None for none; `within` are it and all units above it. `points` (honour) and `quizzes` are of
    the draw's season.
    """

    member: UUID
    staff_number: str
    unit: UUID | None
    within: frozenset[UUID]
    roles: tuple[str, ...]
    left: bool
    points: int
    quizzes: int


@dataclass(frozen=True, slots=True)
class Standing:
    """`tickets` 0: not in. `code` and `details` make the sentence that says how the tickets come about, or why not."""

    tickets: int
    code: str
    details: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Selection:
    """`entrants` in the order given, each with the tickets; `out`: how many are not in, by reason."""

    entrants: tuple[tuple[Candidate, int], ...]
    out: Mapping[str, int]

    @property
    def tickets(self) -> int:
        """All tickets together."""
        return sum(tickets for _, tickets in self.entrants)

    @property
    def conflicts(self) -> tuple[tuple[str, int], ...]:
        """(reason, people) of those left out for a conflict of interest; only reasons that occur."""
        return tuple((code, self.out[code]) for code in CONFLICTS if self.out.get(code))


def flaw(rule: Rule) -> str | None:
    """The code of what is wrong with a rule, or None."""
    if not 0 <= rule.min_points <= MOST_POINTS or not 0 <= rule.points_per_ticket <= MOST_POINTS:
        return "draw.points_out_of_range"
    if not 0 <= rule.min_quizzes <= MOST_QUIZZES:
        return "draw.quizzes_out_of_range"
    if not 1 <= rule.ticket_cap <= MOST_TICKETS:
        return "draw.cap_out_of_range"
    return None


def tickets_for(rule: Rule, points: int) -> Standing:
    """What the points of somebody who is in are worth: draw.in.each, .points, .cap or .least."""
    per = rule.points_per_ticket
    if per == 0:
        return Standing(1, "draw.in.each", {"points": points})
    earned = max(points, 0) // per
    tickets = max(1, min(rule.ticket_cap, earned))
    code = "draw.in.least" if earned < 1 else "draw.in.cap" if earned > rule.ticket_cap else "draw.in.points"
    return Standing(tickets, code, {"points": points, "per": per, "cap": rule.ticket_cap, "tickets": tickets})


def why(rule: Rule, candidate: Candidate, created_by: UUID) -> Standing:
    """How a member stands in a draw. The first reason that keeps him out is given:
    draw.out.left, .creator, .operator, .unit, .points or .quizzes."""
    if candidate.left:
        return Standing(0, "draw.out.left", {})
    if candidate.member == created_by:
        return Standing(0, "draw.out.creator", {})
    if OPERATES in permissions(candidate.roles):
        return Standing(0, "draw.out.operator", {})
    if rule.units and not rule.units & candidate.within:
        return Standing(0, "draw.out.unit", {})
    if candidate.points < rule.min_points:
        return Standing(0, "draw.out.points", {"points": candidate.points, "needed": rule.min_points})
    if candidate.quizzes < rule.min_quizzes:
        return Standing(0, "draw.out.quizzes", {"quizzes": candidate.quizzes, "needed": rule.min_quizzes})
    return tickets_for(rule, candidate.points)


def select(rule: Rule, candidates: Iterable[Candidate], created_by: UUID) -> Selection:
    """Everybody who is in, and how many are not, by reason. Linear."""
    entrants: list[tuple[Candidate, int]] = []
    out: dict[str, int] = {}
    for candidate in candidates:
        standing = why(rule, candidate, created_by)
        if standing.tickets:
            entrants.append((candidate, standing.tickets))
        else:
            out[standing.code] = out.get(standing.code, 0) + 1
    return Selection(tuple(entrants), out)


def rule_facts(rule: Rule, units: Sequence[str]) -> list[tuple[str, dict[str, str | int]]]:
    """The rule as (code, details) of one sentence each, in the order of reading. `units`: the names of rule.units."""
    facts: list[tuple[str, dict[str, str | int]]] = []
    if rule.units:
        facts.append(("draw.rule.units", {"units": ", ".join(units)}))
    if rule.min_points:
        facts.append(("draw.rule.points", {"needed": rule.min_points}))
    if rule.min_quizzes:
        facts.append(("draw.rule.quizzes", {"needed": rule.min_quizzes}))
    if not facts:
        facts.append(("draw.rule.all", {}))
    if rule.points_per_ticket:
        facts.append(("draw.rule.tickets", {"per": rule.points_per_ticket, "cap": rule.ticket_cap}))
    else:
        facts.append(("draw.rule.each", {}))
    facts.append(("draw.rule.conflicts", {}))
    return facts


def person_ref(staff_number: str) -> str:
    """What stands for a person in his commitment: the staff number, letters outside ASCII percent-encoded (UTF-8).

    Two numbers never give one text: a staff number holds no percent sign.
    """
    return quote(staff_number, safe="/")


def unit_code(unit: UUID | None) -> str:
    """What stands for a unit in the published list: the last twelve hex digits of its id (random in a UUIDv7)."""
    return NO_UNIT if unit is None else unit.hex[-12:]


def storable(points: int) -> int:
    """Points as the entrant's row keeps them (32 bits); more would be no different to any rule."""
    return max(-_LARGEST, min(points, _LARGEST))
