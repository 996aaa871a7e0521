"""What may be done by whom, what a roster file changes, and what a code or an alias must be. Pure."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal, get_args
from uuid import UUID

from rewards.members.roster_file import (
    MAX_STAFF_NUMBER,
    MAX_UNIT_DEPTH,
    MAX_UNIT_NAME,
    MAX_UNIT_PATH,
    Answers,
    Choice,
    Doubt,
    Field,
    Role,
    Roster,
    RosterRow,
    clean_staff_number,
    unit_parts,
)
from rewards.members.spellings import alike, loose
from rewards.refusals import Refusal
from rewards.sheets import Findings, LeftOut, Problem, one_line, plain_text

# Roles

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""The roles that the roster knows. Everyone on it is a member besides."""

Duty = Literal["reads", "runs", "decides", "oversees", "governs"]
"""What somebody does at the desk: looks, runs what happens, decides what others propose, watches over all of it, or
says who does what and by which settings. Each permission takes one duty; its noun says which."""

DUTIES: Final[Mapping[Role, frozenset[Duty]]] = MappingProxyType(
    {
        "organiser": frozenset({"reads", "runs"}),
        "reviewer": frozenset({"reads", "decides"}),
        "auditor": frozenset({"reads", "oversees"}),
        "admin": frozenset(get_args(Duty)),
    }
)
"""The duties of each role. Nobody has a duty that does not stand here; a plain member has none."""


def duties(roles: Iterable[str]) -> frozenset[Duty]:
    """Every duty of a holder of these roles. Unknown roles add none."""
    held = frozenset(roles)
    return frozenset(duty for role, taken in DUTIES.items() if role in held for duty in taken)


def conflict(
    actor: UUID, *, author: UUID | None, beneficiaries: Collection[UUID], only_head_of: Collection[UUID]
) -> str | None:
    """Why the actor must not approve an item, whatever his roles: a code, or None when nothing stands against it.

    `author` is who proposed it (None: Laurel itself), `beneficiaries` who gains by it, `only_head_of` the
    members whose only team head the actor is.
    """
    if actor == author:
        return "approval.own_item"
    if actor in beneficiaries:
        return "approval.own_benefit"
    if any(member in only_head_of for member in beneficiaries):
        return "approval.only_head"
    return None


def may_approve(
    actor: UUID, *, author: UUID | None, beneficiaries: Collection[UUID], only_head_of: Collection[UUID]
) -> bool:
    """Whether nothing stands against it that the actor approves; see `conflict`."""
    return conflict(actor, author=author, beneficiaries=beneficiaries, only_head_of=only_head_of) is None


# Roster

FIELDS: Final[tuple[Field, ...]] = get_args(Field)

_LEAVING_ALLOWED = 5


@dataclass(frozen=True, slots=True)
class OnRoster:
    """A member as the roster has him now. `left` is the first day away, None while he is there.

    `unit` is the names from the root down, () for none. `roles` stand in the order of ROLES.
    """

    id: UUID
    staff_number: str
    name: str
    unit: tuple[str, ...]
    roles: tuple[str, ...]
    joined: date | None
    left: date | None
    email: str
    phone: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A member and the row that changes him. `fields` differ, in the order of `Field`; `unit` is among them when he
    moves and `left` never: who leaves or returns stands in a list of his own.
    """

    member: OnRoster
    row: RosterRow
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A member who leaves on `on`. `row` is None when the file, which is the full roster, does not name him."""

    member: OnRoster
    on: date
    row: RosterRow | None


@dataclass(frozen=True, slots=True)
class RosterChanges:
    """What an import would do. Rows in the order of the file, then the missing by staff number.

    A row whose own details change stands in `changed`, one whose unit changes in `moved`, and one may stand in
    both. Whoever comes back stands in `returned` alone, with what else differs. With `problems` nothing may be applied.
    """

    added: tuple[RosterRow, ...] = ()
    changed: tuple[Change, ...] = ()
    returned: tuple[Change, ...] = ()
    moved: tuple[Change, ...] = ()
    left: tuple[Leaving, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the roster stays as it is."""
        return not (self.added or self.changed or self.returned or self.moved or self.left)

    @property
    def touches_roles(self) -> int:
        """How many members get, change or lose a role, leavers among them."""
        altered = sum("roles" in change.fields for change in (*self.changed, *self.returned))
        return altered + sum(bool(row.roles) for row in self.added) + sum(bool(gone.member.roles) for gone in self.left)


def staff_key(staff_number: str) -> str:
    """What makes two staff numbers one: as cleaned, capitals or not."""
    return clean_staff_number(staff_number).lower()


def is_staff_number(cleaned: str) -> bool:
    """Whether a roster file could name a member by this cleaned number."""
    return len(cleaned) <= MAX_STAFF_NUMBER and re.fullmatch(r"\w([\w./-]*\w)?", cleaned) is not None


def said_by(roster: Roster) -> frozenset[Field]:
    """The fields for which the file has a column."""
    return frozenset(name for name in FIELDS if roster.says(name))


def compare(
    current: Iterable[OnRoster],
    rows: Sequence[RosterRow],
    *,
    full: bool,
    today: date,
    said: Collection[Field],
) -> RosterChanges:
    """What a roster file changes. `said` are the fields it has a column for; the others stay as they are.

    An empty cell changes nothing, nor does a part of what a member has where cells were empty; a field is emptied
    by the row's own word (`RosterRow.cleared`). A language that a member has is his own choice and stays. A row
    means that the person is there, unless its leaving date is today or earlier; a later one takes effect with the
    first import on or after that day. Rows of people who have left and never were members count as unchanged. With
    `full`, whoever the file does not name leaves today. Linear in both.
    """
    known = {staff_key(member.staff_number): member for member in current}
    first_line_of: dict[str, int] = {}
    problems = tuple(
        Problem(row.line, None, "roster.staff_number_twice", {"number": row.staff_number, "first": first})
        for row in rows
        if (first := first_line_of.setdefault(staff_key(row.staff_number), row.line)) != row.line
    )
    if problems:
        return RosterChanges(problems=problems)

    added: list[RosterRow] = []
    changed: list[Change] = []
    returned: list[Change] = []
    moved: list[Change] = []
    left: list[Leaving] = []
    unchanged = 0
    for row in rows:
        gone_on = row.left if "left" in said and row.left is not None and row.left <= today else None
        member = known.get(staff_key(row.staff_number))
        if member is None:
            if gone_on is None:
                added.append(row)
            else:
                unchanged += 1
            continue
        if gone_on is not None:
            if member.left is None:
                left.append(Leaving(member, gone_on, row))
            else:
                unchanged += 1
            continue
        fields = differing(member, row, said)
        if member.left is not None:
            returned.append(Change(member, row, fields))
            continue
        own = tuple(name for name in fields if name != "unit")
        if own:
            changed.append(Change(member, row, own))
        if "unit" in fields:
            moved.append(Change(member, row, ("unit",)))
        unchanged += not fields
    if full:
        missing = [member for key, member in known.items() if key not in first_line_of and member.left is None]
        missing.sort(key=lambda member: member.staff_number)
        left.extend(Leaving(member, today, None) for member in missing)
    return RosterChanges(tuple(added), tuple(changed), tuple(returned), tuple(moved), tuple(left), unchanged)


def differing(member: OnRoster, row: RosterRow, said: Collection[Field]) -> tuple[Field, ...]:
    """The fields of a row that differ from a member, of those that are `said`; see `compare`."""
    pairs: dict[Field, tuple[object, object]] = {
        "name": (member.name, row.name),
        "unit": (member.unit, row.unit),
        "roles": (frozenset(member.roles), frozenset(row.roles)),
        "joined": (member.joined, row.joined),
        "email": (member.email, row.email),
        "phone": (member.phone, row.phone),
        "language": (member.language, row.language if member.language is None else member.language),
    }
    parts: dict[Field, tuple[Sequence[str], Sequence[str]]] = {
        "name": (member.name.split(), row.name.split()),
        "unit": (member.unit, row.unit),
    }
    return tuple(
        name
        for name, (has, says) in pairs.items()
        if name in said
        and has != says
        and (says or name in row.cleared)
        and not (name in row.partial and _stands_in(parts[name][1], parts[name][0]))
    )


def _stands_in(parts: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the parts stand in the whole, in their order."""
    rest = iter(whole)
    return all(part in rest for part in parts)


def unit_after(change: Change, said: Collection[Field]) -> tuple[str, ...]:
    """Where the change leaves its member."""
    row = change.row
    if "unit" not in said or not (row.unit or "unit" in row.cleared):
        return change.member.unit
    if "unit" in row.partial and _stands_in(row.unit, change.member.unit):
        return change.member.unit
    return row.unit


def settled(current: Iterable[OnRoster], roster: Roster, answers: Answers) -> Roster:
    """The roster with the rows of which only the present members show that they are not certain: a staff number that
    is another spelling of a known one, or a known number beside an altogether other name. Without an answer they are
    left out, and the doubt is among the roster's. Somebody new of the name and unit of one whom the file does not
    name is a note. Linear in both.
    """
    known = {staff_key(member.staff_number): member for member in current}
    spelled: dict[tuple[str, ...], OnRoster] = {loose(member.staff_number): member for member in known.values()}
    by_name = {(member.name, member.unit): member for member in known.values() if member.left is None}
    in_file = {staff_key(row.staff_number) for row in roster.rows}
    first_of: dict[tuple[str, ...], RosterRow] = {}
    number, name = (_heading(roster, field) for field in ("staff_number", "name"))
    rows: list[RosterRow] = []
    wrong: list[tuple[RosterRow, Problem]] = []
    notes: list[Problem] = []
    asked: dict[Literal["numbers", "names"], list[str]] = {"numbers": [], "names": []}
    for row in roster.rows:
        spelling = loose(row.staff_number)
        member = known.get(staff_key(row.staff_number))
        twin = None if member else spelled.get(spelling)
        earlier = first_of.setdefault(spelling, row)
        if staff_key(earlier.staff_number) == staff_key(row.staff_number):
            earlier = row
        if member is None and (twin is not None or earlier is not row):
            there = twin.staff_number if twin else earlier.staff_number
            told = {"number": row.staff_number, "known": there, "name": twin.name if twin else earlier.name}
            taken = twin is None or staff_key(twin.staff_number) in in_file
            if answers.numbers == "":
                asked["numbers"].append(f"{row.staff_number} {row.name} / {there} {told['name']}")
                wrong.append((row, Problem(row.line, number, "roster.number_spelled", told)))
                continue
            if answers.numbers == "same" and taken:
                wrong.append((row, Problem(row.line, number, "roster.number_twice_spelled", told)))
                continue
            if answers.numbers == "same" and twin is not None:
                notes.append(Problem(row.line, number, "roster.number_read_as", told, "warning"))
                in_file.add(staff_key(twin.staff_number))
                row, member = replace(row, staff_number=twin.staff_number), twin
        if member is not None and differing(member, row, _NAME) and not alike(row.name, member.name):
            told = {"number": row.staff_number, "known": member.name, "name": row.name}
            if answers.names == "":
                asked["names"].append(f"{row.staff_number} {member.name} → {row.name}")
                wrong.append((row, Problem(row.line, name, "roster.other_name", told)))
                continue
        rows.append(row)
        namesake = by_name.get((row.name, row.unit)) if member is None else None
        if namesake is not None and staff_key(namesake.staff_number) not in in_file:
            told = {"known": namesake.staff_number, "name": row.name}
            notes.append(Problem(row.line, number, "roster.same_name", told, "warning"))
    if not wrong and not notes:
        return roster
    lines = {row.line for row, _ in wrong}
    kept = [problem for problem in roster.problems if problem.line not in lines]
    left_out = [LeftOut(row.line, row.cells, (problem,)) for row, problem in wrong]
    choices = {"numbers": ("same", "other"), "names": ("new",)}
    doubts = tuple(
        Doubt(field, tuple(Choice(one, "; ".join(some[:_EXAMPLES])) for one in choices[field]), len(some))
        for field, some in asked.items()
        if some
    )
    return replace(
        roster,
        rows=tuple(rows),
        problems=Findings((*kept, *notes, *(problem for _, problem in wrong))).told(),
        left_out=tuple(sorted((*roster.left_out, *left_out), key=lambda row: row.line)),
        doubts=(*roster.doubts, *doubts),
    )


_EXAMPLES: Final = 3
_NAME: Final[frozenset[Field]] = frozenset(("name",))


def _heading(roster: Roster, field: Field) -> str:
    return next((heading for heading, read in roster.columns if read == field), "")


def guard_whole(roster: Roster) -> None:
    """Refuses `roster.whole_needs_all`: who stands in a row that was left out would leave."""
    if roster.left_out:
        raise Refusal("roster.whole_needs_all", count=len(roster.left_out))


def guard_leaving(changes: RosterChanges, *, staying: int, allow_many: bool) -> None:
    """Stop a full roster that would make many leave at once: a short file is more often a mistake than a closure.

    `staying` is how many are on the roster before. Refuses more than 5 and more than a tenth of them, unless
    `allow_many`.
    """
    limit = max(_LEAVING_ALLOWED, staying // 10)
    if len(changes.left) > limit and not allow_many:
        raise Refusal("roster.too_many_leave", count=len(changes.left), limit=limit)


# Units


def unit_name(text: str) -> str:
    """A unit's name as it is kept. Refuses `unit.bad_name` where a roster file could not name it: nothing, too long, or
    with a sign that parts a unit from the one above."""
    parts = unit_parts(text)
    if len(parts) != 1 or len(parts[0]) > MAX_UNIT_NAME:
        raise Refusal("unit.bad_name", longest=MAX_UNIT_NAME)
    return parts[0]


def guard_path(path: Sequence[str]) -> None:
    """Refuses `unit.too_deep`, `unit.path_long`: a roster file could not name a unit that stands so far down."""
    if len(path) > MAX_UNIT_DEPTH:
        raise Refusal("unit.too_deep", deepest=MAX_UNIT_DEPTH)
    if len("/".join(path)) > MAX_UNIT_PATH:
        raise Refusal("unit.path_long", longest=MAX_UNIT_PATH)


# Codes and aliases

CODE_LENGTHS: Final = range(6, 65)
FIRST_CODE: Final = 12
"""The characters of a slip's first code, at least."""
ALIAS_LENGTHS: Final = range(2, 21)

_OBVIOUS_WORDS = """
    password passw0rd password1 p@ssw0rd qwerty qwerty123 qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx
    1qaz2wsx 1q2w3e 1q2w3e4r qwe123 123qwe abc123 abcd1234 a123456 123456a aa123456 a12345678 woaini woaini520
    woaini1314 iloveyou 5201314 1314520 147258 147258369 159357 258369 123321 654321a 112233 11223344 121314
    100200 888666 666888 168168 admin123 administrator welcome welcome1 letmein laurel laurel123
"""
_OBVIOUS = frozenset(_OBVIOUS_WORDS.split())


OWN_AFTER: Final = timedelta(hours=12)
"""How long a code that was set by somebody's link is that somebody's word too: until then its member may not know."""


def clean_code(text: str) -> str:
    """A code as it is hashed: full-width signs, which Chinese keyboards type, made plain; nothing invisible, and no
    space around it. Always fit for UTF-8.
    """
    return plain_text(unicodedata.normalize("NFKC", text))


def code_problem(code: str, staff_number: str) -> str | None:
    """Why a cleaned code is not good enough, as a code; None when it is. 6 to 64 characters, capitals matter."""
    if len(code) < CODE_LENGTHS.start:
        return "code.too_short"
    if len(code) >= CODE_LENGTHS.stop:
        return "code.too_long"
    plain = code.lower()
    if plain == staff_key(staff_number):
        return "code.is_staff_number"
    if plain in _OBVIOUS or len(set(plain)) <= 2 or _is_run(plain) or _is_repeated(plain):
        return "code.too_obvious"
    return None


def _is_run(text: str) -> bool:
    """123456, 987654, 890123, abcdef."""
    if text.isdecimal():
        steps = {(int(after) - int(before)) % 10 for before, after in pairwise(text)}
        return steps in ({1}, {9})
    return {ord(after) - ord(before) for before, after in pairwise(text)} in ({1}, {-1})


def _is_repeated(text: str) -> bool:
    """123123, abcabc: a block of at most three characters again and again."""
    return any(text == text[:size] * (len(text) // size) for size in (1, 2, 3))


def clean_first_code(text: str) -> str:
    """The code of a printed slip as it was made, however it was typed: small letters, no spaces or hyphens."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(sign for sign in plain if not sign.isspace() and sign not in "-\u2010\u2011\u2012\u2013\u2014\u2212")


def clean_alias(text: str) -> str:
    """An alias as it is shown: one line, nothing invisible, no space around it."""
    return one_line(unicodedata.normalize("NFKC", text))


def alias_problem(alias: str) -> str | None:
    """Why a cleaned alias cannot be, as a code; None when it can. 2 to 20 characters, one of them a letter or digit."""
    if len(alias) < ALIAS_LENGTHS.start:
        return "alias.too_short"
    if len(alias) >= ALIAS_LENGTHS.stop:
        return "alias.too_long"
    if not any(sign.isalnum() for sign in alias):
        return "alias.no_letters"
    return None
