"""Who is in a draw, with how many tickets, in which class, and why; who is not, and why not.

Pure: facts of roster and ledger in, codes out. A rule is made of parts, and who is in must fulfil all of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias
from urllib.parse import quote
from uuid import UUID

from rewards.ledger.earnings import MEASURED, Measure, Tally
from rewards.members.rules import ROLES, Duty, duties

OPERATES: Final[Duty] = "runs"
"""Whoever may hold a draw takes part in none (organisers and admins)."""

TAKING_PART: Final = tuple(role for role in ROLES if OPERATES not in duties([role]))
"""Roles whose bearers can be in a draw."""

CONFLICTS: Final = (
    "draw.out.creator",
    "draw.out.operator",
    "draw.out.custodian",
    "draw.out.witness",
    "draw.out.excluded",
    "draw.out.year",
)
"""Reasons that leave people out for what they are, not for what they did; their numbers stand in the manifest."""

MOST_POINTS: Final = 10_000_000
MOST_TIMES: Final = 10_000
"""Most attendances that a part can ask for."""
MOST_COUNTED: Final[Mapping[Measure, int]] = MappingProxyType({"": MOST_TIMES, "minutes": 1_000_000, "percent": 100})
"""What `least` is given in -> the most that a part can ask for."""
MOST_TICKETS: Final = 1000
MOST_PARTS: Final = 20
MOST_CLASSES: Final = 20
MOST_UNITS: Final = 500
LONGEST_WHY: Final = 300
_LARGEST: Final = 2**31 - 1

NO_UNIT: Final = "none"
UNKNOWN: Final = "draw.earning_unknown"
"""A rule counts what nobody declares: such a draw is not planned, previewed or frozen."""
_CODE: Final = re.compile("[a-z0-9-]{1,32}")

Details: TypeAlias = Mapping[str, int | str]


class Fact(NamedTuple):
    """What is counted of a member, by the kind of the part that asks; the others as in `Counted`."""

    kind: str
    since: date | None = None
    until: date | None = None
    earning: str = ""
    tally: Tally = "count"
    about: UUID | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """At least `least` honour points (1 to MOST_POINTS), earned on the days `since` to `until`, both included; both
    None: in the draw's season. Tickets are counted from the points of the first such part of a rule."""

    kind: ClassVar[str] = "points"

    least: int
    since: date | None = None
    until: date | None = None

    @property
    def fact(self) -> Fact:
        """The points of the member."""
        return Fact(self.kind, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Counted:
    """The postings of one earning come to at least `least`: their count, the sum of their measures, or the best one.

    `measure`: what `least` is given in, as the earning declares it; "" for a count. With `about` only postings about
    that thing count, which was called `name` when the rule was made. Days as in `Points`; without days and about
    something: whenever it was. What was reversed does not count.
    """

    kind: ClassVar[str] = "counted"

    earning: str
    tally: Tally
    least: int
    since: date | None = None
    until: date | None = None
    measure: Measure = ""
    about: UUID | None = None
    name: str = ""

    @property
    def fact(self) -> Fact:
        """What the postings of the member come to."""
        return Fact(self.kind, self.since, self.until, self.earning, self.tally, self.about)

    @property
    def variant(self) -> str:
        """What the codes of its sentences end in."""
        return f"{'_about' if self.about else ''}{'_window' if self.since else ''}"

    @property
    def details(self) -> dict[str, str]:
        """What all its sentences name. `what` is itself the code of words."""
        named = {"what": f"earning.{self.earning}.{self.tally}", **_window(self.fact)}
        return named | ({"name": self.name} if self.about else {})


@dataclass(frozen=True, slots=True)
class Attended:
    """Checked in at the venue of at least `least` other draws."""

    kind: ClassVar[str] = "attended"

    least: int

    @property
    def fact(self) -> Fact:
        """How often the member was checked in."""
        return Fact(self.kind)


@dataclass(frozen=True, slots=True)
class Units:
    """In one of these units or below it."""

    kind: ClassVar[str] = "units"

    units: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Roles:
    """Has one of these roles (of TAKING_PART)."""

    kind: ClassVar[str] = "roles"

    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class JoinedBefore:
    """Joined before this day. Whoever's day of joining is not known has not."""

    kind: ClassVar[str] = "joined_before"

    day: date


@dataclass(frozen=True, slots=True)
class NotWinner:
    """Has won in no draw that was held on `since` (by UTC) or later, None: in none ever. A winner who was absent or
    declined has not won."""

    kind: ClassVar[str] = "not_winner"

    since: date | None = None

    @property
    def fact(self) -> Fact:
        """How often the member has won."""
        return Fact(self.kind, self.since)


Part: TypeAlias = Points | Counted | Attended | Units | Roles | JoinedBefore | NotWinner
PARTS: Final[Mapping[str, type[Part]]] = MappingProxyType(
    {one.kind: one for one in (Points, Counted, Attended, Units, Roles, JoinedBefore, NotWinner)}
)
"""Kind -> the type of its parts, in the order in which the desk offers them."""


@dataclass(frozen=True, slots=True)
class ClassTerms:
    """A class of entrants: who fulfils all parts and is in no earlier class. `code` stands in the published list."""

    code: str
    name: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is in fulfils all `parts`; none: everybody. An entrant belongs to the first of the classes whose parts he
    fulfils, to none ("") when there is no such class.

    Tickets = min(cap, points // per), at least 1; per 0: one ticket each.
    """

    parts: tuple[Part, ...] = ()
    per: int = 0
    cap: int = 20
    classes: tuple[ClassTerms, ...] = ()

    @property
    def units(self) -> frozenset[UUID]:
        """All units that the rule names."""
        return frozenset(unit for part in _all_parts(self) if isinstance(part, Units) for unit in part.units)

    @property
    def counting(self) -> Fact:
        """The points that tickets are counted from: those of the first points part, or of the season."""
        return next((part.fact for part in self.parts if isinstance(part, Points)), Fact(Points.kind))

    @property
    def needed(self) -> frozenset[Fact]:
        """All facts that decide about a member under this rule, besides the roster's."""
        facts = {part.fact for part in _all_parts(self) if isinstance(part, Points | Counted | Attended | NotWinner)}
        return frozenset(facts | {self.counting} if self.per else facts)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the roster and the ledger say of a member at one instant.

    `unit` is his own, None for none; `within` are it and all units above it. `facts` has what the rule needs; a fact
    that is left out counts 0.
    """

    member: UUID
    staff_number: str
    unit: UUID | None
    within: frozenset[UUID]
    roles: tuple[str, ...]
    left: bool
    facts: Mapping[Fact, int] = field(default_factory=dict)
    joined: date | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Barred:
    """Who is left out whatever he did: who planned the draw, its custodians, people listed (member -> why), those who
    would be beyond the year's limit of the prize policy, and who stands by as a witness."""

    created_by: UUID | None = None
    custodians: frozenset[UUID] = frozenset()
    listed: Mapping[UUID, str] = field(default_factory=dict)
    full: frozenset[UUID] = frozenset()
    witnesses: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Chances:
    """`tickets` 0: not in. `code` and `details` make the sentence that says how the tickets come about, or why not.
    `group` is the code of the class, "" for none."""

    tickets: int
    code: str
    details: Details
    group: str = ""


class Reason(NamedTuple):
    """Why people are not in: the code of Chances, and for something counted what it is (itself a code)."""

    code: str
    what: str = ""


class Entry(NamedTuple):
    """Somebody who is in. `group`: the code of the class, "" for none."""

    candidate: Candidate
    tickets: int
    group: str


@dataclass(frozen=True, slots=True)
class Selection:
    """`entrants` in the order given, each with tickets and class; `out`: how many are not in, by reason."""

    entrants: tuple[Entry, ...]
    out: Mapping[Reason, int]

    @property
    def tickets(self) -> int:
        """All tickets together."""
        return sum(entry.tickets for entry in self.entrants)

    @property
    def conflicts(self) -> tuple[tuple[str, int], ...]:
        """(reason, people) of those left out for a conflict of interest; only reasons that occur."""
        return tuple((code, self.out[Reason(code)]) for code in CONFLICTS if self.out.get(Reason(code)))


def flaw(rule: Rule) -> str | None:
    """The code of what is wrong with a rule, or None."""
    if not 0 <= rule.per <= MOST_POINTS:
        return "draw.points_out_of_range"
    if not 1 <= rule.cap <= MOST_TICKETS:
        return "draw.cap_out_of_range"
    if len(rule.classes) > MOST_CLASSES:
        return "draw.classes_many"
    if any(_CODE.fullmatch(one.code) is None for one in rule.classes):
        return "draw.class_code_invalid"
    if len({one.code for one in rule.classes}) != len(rule.classes):
        return "draw.class_code_twice"
    if not all(is_name(one.name) for one in rule.classes):
        return "draw.class_name_invalid"
    if len(rule.parts) > MOST_PARTS or any(len(one.parts) > MOST_PARTS for one in rule.classes):
        return "draw.parts_many"
    return next((wrong for part in _all_parts(rule) if (wrong := part_flaw(part)) is not None), None)


def part_flaw(part: Part) -> str | None:
    """The code of what is wrong with one part, or None."""
    match part:
        case Points():
            if not 1 <= part.least <= MOST_POINTS:
                return "draw.points_out_of_range"
            return _window_flaw(part.since, part.until)
        case Counted():
            if part.tally not in (MEASURED.get(part.measure, ()) if part.measure else ("count",)):
                return UNKNOWN
            if not 1 <= part.least <= MOST_COUNTED[part.measure]:
                return f"draw.{part.measure or 'times'}_out_of_range"
            if part.about is not None and not is_name(part.name):
                return "draw.about_name_invalid"
            return _window_flaw(part.since, part.until)
        case Attended():
            if not 1 <= part.least <= MOST_TIMES:
                return "draw.attended_out_of_range"
        case Units():
            if not 1 <= len(part.units) <= MOST_UNITS:
                return "draw.units_out_of_range"
        case Roles():
            if not part.roles or not part.roles <= set(TAKING_PART):
                return "draw.roles_invalid"
    return None


def _window_flaw(since: date | None, until: date | None) -> str | None:
    if (since is None) != (until is None):
        return "draw.window_open"
    if since is not None and until is not None and until < since:
        return "draw.window_ends_before_start"
    return None


def undeclared(rule: Rule, declared: Mapping[str, Measure]) -> str | None:
    """The first earning that the rule counts and nobody declares, or not so measured; None: it can be counted.

    `declared`: code -> measure of every earning there is.
    """
    for part in _all_parts(rule):
        if isinstance(part, Counted) and (
            part.earning not in declared or part.measure not in ("", declared[part.earning])
        ):
            return part.earning
    return None


def is_name(text: str) -> bool:
    """Whether people can be shown this as a name: 1 to 200 characters, none of them a control character."""
    return 1 <= len(text.strip()) <= 200 and re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text) is None


def rule_json(rule: Rule) -> dict[str, Any]:
    """The rule as plain data for JSON; `read_rule` brings it back. Days are ISO, sets are sorted."""
    return {
        "parts": [_part_json(part) for part in rule.parts],
        "per": rule.per,
        "cap": rule.cap,
        "classes": [
            {"code": one.code, "name": one.name, "parts": [_part_json(part) for part in one.parts]}
            for one in rule.classes
        ],
    }


def read_rule(data: Mapping[str, Any]) -> Rule:
    """The rule of `rule_json`; what is left out is as in `Rule()`. Raises KeyError, TypeError, ValueError."""
    return Rule(
        tuple(_read_part(one) for one in data.get("parts", ())),
        data.get("per", 0),
        data.get("cap", 20),
        tuple(
            ClassTerms(one["code"], one["name"], tuple(_read_part(part) for part in one["parts"]))
            for one in data.get("classes", ())
        ),
    )


def tickets_for(rule: Rule, points: int) -> Chances:
    """What the points of somebody who is in are worth: draw.in.each, .points, .cap or .least."""
    if rule.per == 0:
        return Chances(1, "draw.in.each", {"points": points})
    earned = max(points, 0) // rule.per
    tickets = max(1, min(rule.cap, earned))
    code = "draw.in.least" if earned < 1 else "draw.in.cap" if earned > rule.cap else "draw.in.points"
    return Chances(tickets, code, {"points": points, "per": rule.per, "cap": rule.cap, "tickets": tickets})


def why(rule: Rule, candidate: Candidate, barred: Barred) -> Chances:
    """How a member stands in a draw. The first reason that keeps him out is given; see `all_reasons`."""
    for code, details in _reasons(rule, candidate, barred):
        return Chances(0, code, details)
    standing = tickets_for(rule, candidate.facts.get(rule.counting, 0))
    return Chances(standing.tickets, standing.code, standing.details, class_of(rule, candidate))


def all_reasons(rule: Rule, candidate: Candidate, barred: Barred) -> list[Chances]:
    """Everything that keeps a member out, in order: draw.out.left, .creator, .operator, .custodian, .witness,
    .excluded (why), .year, then the parts in the order of the rule. Empty: he is in."""
    return [Chances(0, code, details) for code, details in _reasons(rule, candidate, barred)]


def class_of(rule: Rule, candidate: Candidate) -> str:
    """The code of the first class whose parts all hold; "" when there is none."""
    for one in rule.classes:
        if all(_lacks(part, candidate) is None for part in one.parts):
            return one.code
    return ""


def select(rule: Rule, candidates: Iterable[Candidate], barred: Barred) -> Selection:
    """Everybody who is in, and how many are not, by reason. Linear."""
    entrants: list[Entry] = []
    out: dict[Reason, int] = {}
    for candidate in candidates:
        standing = why(rule, candidate, barred)
        if standing.tickets:
            entrants.append(Entry(candidate, standing.tickets, standing.group))
        else:
            reason = Reason(standing.code, str(standing.details.get("what", "")))
            out[reason] = out.get(reason, 0) + 1
    return Selection(tuple(entrants), out)


def rule_facts(rule: Rule, units: Mapping[UUID, str]) -> list[tuple[str, dict[str, int | str]]]:
    """The rule as (code, details) of one sentence each, in the order of reading. `units`: the names of rule.units."""
    facts = [_sentence(part, units) for part in rule.parts] or [("draw.rule.all", {})]
    if rule.per:
        of = rule.counting
        code = "draw.rule.tickets" if of.since is None else "draw.rule.tickets_window"
        facts.append((code, {"per": rule.per, "cap": rule.cap, **_window(of)}))
    else:
        facts.append(("draw.rule.each", {}))
    for one in rule.classes:
        facts.append(("draw.rule.class", {"class": one.name}))
        facts.extend([_sentence(part, units) for part in one.parts] or [("draw.rule.class_rest", {})])
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


def spoken(number: int, measure: Measure) -> str:
    """A number in its measure: 90 minutes -> "1:30", 80 percent -> "80%"."""
    if measure == "minutes":
        return f"{number // 60}:{number % 60:02}"
    return f"{number}%" if measure == "percent" else str(number)


def _all_parts(rule: Rule) -> Iterator[Part]:
    yield from rule.parts
    for one in rule.classes:
        yield from one.parts


def _reasons(rule: Rule, candidate: Candidate, barred: Barred) -> Iterator[tuple[str, Details]]:
    if candidate.left:
        yield "draw.out.left", {}
    if candidate.member == barred.created_by:
        yield "draw.out.creator", {}
    if candidate.roles and OPERATES in duties(candidate.roles):
        yield "draw.out.operator", {}
    if candidate.member in barred.custodians:
        yield "draw.out.custodian", {}
    if candidate.member in barred.witnesses:
        yield "draw.out.witness", {}
    if candidate.member in barred.listed:
        yield "draw.out.excluded", {"why": barred.listed[candidate.member]}
    if candidate.member in barred.full:
        yield "draw.out.year", {}
    for part in rule.parts:
        if (lack := _lacks(part, candidate)) is not None:
            yield lack


def _lacks(part: Part, candidate: Candidate) -> tuple[str, Details] | None:
    """What a member lacks for one part, or None when he fulfils it."""
    match part:
        case Points():
            found = candidate.facts.get(part.fact, 0)
            if found < part.least:
                code = "draw.out.points_window" if part.since else "draw.out.points"
                return code, {"found": found, "needed": part.least, **_window(part.fact)}
        case Counted():
            found = candidate.facts.get(part.fact, 0)
            if found < part.least:
                told = {"found": spoken(found, part.measure), "needed": spoken(part.least, part.measure)}
                return f"draw.out.counted{part.variant}", {**told, **part.details}
        case Attended():
            found = candidate.facts.get(part.fact, 0)
            if found < part.least:
                return "draw.out.attended", {"found": found, "needed": part.least}
        case Units():
            if not part.units & candidate.within:
                return "draw.out.unit", {}
        case Roles():
            if part.roles.isdisjoint(candidate.roles):
                return "draw.out.role", {}
        case JoinedBefore():
            if candidate.joined is None:
                return "draw.out.joined_unknown", {"day": part.day.isoformat()}
            if candidate.joined >= part.day:
                return "draw.out.joined", {"day": part.day.isoformat(), "joined": candidate.joined.isoformat()}
        case NotWinner():
            if candidate.facts.get(part.fact, 0):
                if part.since is None:
                    return "draw.out.winner", {}
                return "draw.out.winner_since", {"since": part.since.isoformat()}
    return None


def _sentence(part: Part, units: Mapping[UUID, str]) -> tuple[str, dict[str, int | str]]:
    match part:
        case Points():
            code = "draw.rule.points_window" if part.since else "draw.rule.points"
            return code, {"needed": part.least, **_window(part.fact)}
        case Counted():
            return f"draw.rule.counted{part.variant}", {"needed": spoken(part.least, part.measure), **part.details}
        case Attended():
            return "draw.rule.attended", {"needed": part.least}
        case Units():
            return "draw.rule.units", {"units": ", ".join(name for unit, name in units.items() if unit in part.units)}
        case Roles():
            return "draw.rule.roles." + "_".join(role for role in TAKING_PART if role in part.roles), {}
        case JoinedBefore():
            return "draw.rule.joined", {"day": part.day.isoformat()}
        case NotWinner():
            if part.since is None:
                return "draw.rule.not_winner", {}
            return "draw.rule.not_winner_since", {"since": part.since.isoformat()}


def _window(fact: Fact) -> dict[str, str]:
    if fact.since is None or fact.until is None:
        return {}
    return {"since": fact.since.isoformat(), "until": fact.until.isoformat()}


def _part_json(part: Part) -> dict[str, Any]:
    found: dict[str, Any] = {"part": part.kind}
    for one in fields(part):
        value = getattr(part, one.name)
        if isinstance(value, frozenset):
            found[one.name] = sorted(str(each) for each in value)
        elif isinstance(value, date):
            found[one.name] = value.isoformat()
        elif value not in (None, ""):
            found[one.name] = str(value) if isinstance(value, UUID) else value
    return found


def _read_part(data: Mapping[str, Any]) -> Part:
    kind = PARTS[data["part"]]
    given: dict[str, Any] = {name: value for name, value in data.items() if name != "part"}
    for name in ("since", "until", "day"):
        if name in given:
            given[name] = date.fromisoformat(given[name])
    if "about" in given:
        given["about"] = UUID(given["about"])
    if kind is Units:
        given["units"] = frozenset(UUID(unit) for unit in given["units"])
    elif kind is Roles:
        given["roles"] = frozenset(given["roles"])
    return kind(**given)
