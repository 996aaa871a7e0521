"""The roster from a file: brought, looked at, applied."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from typing import Final, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.members import actions, queries, rules
from rewards.members.days import Order
from rewards.members.roster_file import Answers, Doubt, Roster, read_roster
from rewards.members.rules import RosterChanges
from rewards.refusals import Refusal
from rewards.sheets import Problem
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.following import follow_now
from server.runtime.resources import Resources
from server.web.frame import guards, imports, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.pages import Form
from server.web.members.previewed import Row, preview_rows

IMPORT = imports.Import("roster", "/desk/members/import", "members/desk/roster_import.html")


@get(IMPORT.address, guards=[guards.may("members.import")])
async def choose_roster(request: Asked) -> Response[bytes]:
    """Where the file is dropped."""
    return imports.choose(request, IMPORT)


@post(IMPORT.address, guards=[guards.may("members.import")])
async def bring_roster(request: Asked) -> Response[bytes]:
    """Keep the file and go on to its preview."""
    return await imports.bring(request, IMPORT)


SMALL_ROSTER: Final = 5_000
"""Members beside whom a small file is weighed in this process."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A file, what has been said of it, and what day it is. Whatever is done with it may be done in another process."""

    data: bytes
    name: str
    answers: Answers
    today: date

    async def weighed(self, full: bool = False) -> "Weighed":
        """What the good rows would change; those that are not certain are left out."""
        roster = await asyncio.to_thread(read_roster, self.data, self.name, self.answers)
        current = await queries.roster_current()
        roster = await asyncio.to_thread(rules.settled, current, roster, self.answers)
        full = full and not roster.left_out
        changes = rules.compare(current, roster.rows, full=full, today=self.today, said=rules.said_by(roster))
        return Weighed(roster, full, changes, sum(member.left is None for member in current))


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a file would change, of `staying` members."""

    roster: Roster
    full: bool
    changes: RosterChanges
    staying: int

    def too_many(self) -> tuple[int, int] | None:
        """(leaving, limit) where the guard would stop it."""
        if self.full:
            try:
                rules.guard_leaving(self.changes, staying=self.staying, allow_many=False)
            except Refusal as refusal:
                return int(refusal.details["count"]), int(refusal.details["limit"])
        return None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of each: rows read and not taken, and what the others do."""

    good: int
    left_out: int
    added: int
    changed: int
    moved: int
    returned: int
    left: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What a preview shows of a file above its rows."""

    count: Counted
    full: bool
    staying: int
    too_many: tuple[int, int] | None
    touches_roles: int
    doubts: tuple[Doubt, ...]
    notes: tuple[Problem, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the roster stays as it is."""
        one = self.count
        return not (one.added or one.changed or one.moved or one.returned or one.left)


async def look(_: Resources, brought: Brought, full: bool) -> imports.Found[Looked, Row]:
    """The preview of a file."""
    weighed = await brought.weighed(full)
    roster, changes = weighed.roster, weighed.changes
    left_out = {row.line for row in roster.left_out}
    looked = Looked(
        _counted(roster, changes),
        weighed.full,
        weighed.staying,
        weighed.too_many(),
        changes.touches_roles,
        roster.doubts,
        tuple(one for one in (*roster.problems, *changes.problems) if one.line not in left_out),
    )
    return imports.Found(looked, preview_rows(changes), roster.left_out)


def _counted(roster: Roster, changes: RosterChanges) -> Counted:
    return Counted(
        len(roster.rows),
        len(roster.left_out),
        len(changes.added),
        len(changes.changed),
        len(changes.moved),
        len(changes.returned),
        len(changes.left),
        changes.unchanged,
    )


async def left_over(_: Resources, brought: Brought, told: imports.Told, kind: str) -> bytes:
    """The rows that are not taken, as a file of this kind."""
    roster = (await brought.weighed()).roster
    return await asyncio.to_thread(told.file, kind, IMPORT.rest, roster.headings, roster.left_out)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, how many people it altered, and the .xlsx of what was left out, b"" for none."""

    count: Counted
    altered: int
    rest: bytes


async def apply(
    resources: Resources,
    brought: Brought,
    told: imports.Told,
    *,
    full: bool,
    allow_many: bool,
    actor: UUID,
    now: datetime,
) -> Applied:
    """Take all good rows, or nothing; and what follows it."""
    roster = (await brought.weighed()).roster
    if not roster.rows:
        raise Refusal("roster.nobody", count=len(roster.left_out))
    changes, follows = await actions.import_roster(
        roster,
        answers=brought.answers,
        full=full,
        allow_many=allow_many,
        actor=actor,
        now=now,
        today=brought.today,
        new_id=new_id,
    )
    await follow_now(resources, follows)
    rest = b""
    if roster.left_out:
        rest = await asyncio.to_thread(told.file, "xlsx", IMPORT.kind, roster.headings, roster.left_out)
    altered = {change.member.id for change in (*changes.changed, *changes.moved)}
    return Applied(_counted(roster, changes), len(altered), rest)


_ORDERS: Final[Mapping[str, Order]] = {"dmy": "dmy", "mdy": "mdy", "ymd": "ymd"}
_NUMBERS: Final[Mapping[str, Literal["same", "other"]]] = {"same": "same", "other": "other"}


def _answers(form: Form) -> Answers:
    """What has been said of the file; what is no answer counts as none."""
    return Answers(
        form.text("encoding", most=20),
        _ORDERS.get(form.text("days", most=5), ""),
        _NUMBERS.get(form.text("numbers", most=5), ""),
        "new" if form.text("names", most=5) == "new" else "",
    )


async def _brought(request: Asked, given: str, form: Form) -> tuple[Brought, bool]:
    """The file of this token, and whether it is much to weigh: it is large, or beside many members."""
    file = await imports.brought(request, IMPORT, given)
    large = len(file.data) > imports.LARGE or await queries.are_more_than(SMALL_ROSTER)
    return Brought(file.data, file.name, _answers(form), pages.process(request).today()), large


@get(IMPORT.address + "/{given:str}", guards=[guards.may("members.import")])
async def preview_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """What the file would change, and what is wrong with it, by row and column."""
    form = asked_for(request)
    brought, large = await _brought(request, given, form)
    full = bool(form.text("full", most=5))
    mark = (brought.today, brought.answers, full, await queries.roster_mark()) if large else ""
    looked, page = await imports.looked(
        request, IMPORT, given, look, brought, full, large=large, mark=mark, plain=(Looked, Row)
    )
    said = {one: answer for one, answer in asdict(brought.answers).items() if answer}
    return desk_page(
        request,
        "members/desk/roster_preview.html",
        file=brought.name,
        looked=looked,
        needs_admin=bool(looked.touches_roles) and "roles.change" not in pages.signed_in(request).may,
        answered=said,
        fields={**said, **({"full": "1"} if looked.full else {})},
        again=partial(records.address, request.url.path),
        preview=imports.preview(request, page, **said, full="1" if looked.full else ""),
    )


@get(IMPORT.address + "/{given:str}/rest/{kind:str}", guards=[guards.may("members.import")])
async def export_rest(request: Asked, given: FromPath[str], kind: FromPath[str]) -> Response[bytes]:
    """The rows that were not taken, with what is wrong with each."""
    brought, large = await _brought(request, given, asked_for(request))
    file = await pages.away(request, large, left_over, brought, imports.told(request), kind)
    return records.sent(kind, IMPORT.rest, file)


@post(IMPORT.address + "/{given:str}", guards=[guards.may("members.import")])
async def apply_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """All good rows at once, or nothing; the others wait as a file of their own."""
    form = await pages.form(request)
    brought, large = await _brought(request, given, form)
    applied = await pages.away(
        request,
        large,
        apply,
        brought,
        imports.told(request),
        full=bool(form.text("full", most=5)),
        allow_many=bool(form.text("allow_many", most=5)),
        actor=pages.signed_in(request).id,
        now=clock.now(),
    )
    return pages.go(
        request,
        await imports.done(request, IMPORT, given, brought.name, applied.rest) or "/desk/members",
        said="desk.roster_applied",
        added=applied.count.added,
        changed=applied.altered,
        returned=applied.count.returned,
        left=applied.count.left,
        unchanged=applied.count.unchanged,
    )


HANDLERS = [choose_roster, bring_roster, preview_roster, export_rest, apply_roster]
