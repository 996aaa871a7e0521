"""The roster from a file: brought, looked at, applied."""

from dataclasses import dataclass
from datetime import date

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.members import actions, queries, rules
from rewards.members.roster_file import Roster, read_roster
from rewards.members.rules import Change, Leaving, RosterChanges
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.following import follow_now
from server.web.frame import guards, imports, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page

IMPORT = imports.Import("roster", "/desk/members/import", "members/desk/roster_import.html")


@get(IMPORT.address, guards=[guards.may("members.import")])
async def choose_roster(request: Asked) -> Response[bytes]:
    """Where the file is dropped."""
    return imports.choose(request, IMPORT)


@post(IMPORT.address, guards=[guards.may("members.import")])
async def bring_roster(request: Asked) -> Response[bytes]:
    """Keep the file and go on to its preview."""
    return await imports.bring(request, IMPORT)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the preview. `kind`: new, changed, moved, returned, left. `line` None: not in the file.

    `before` and `after` are (field, text) pairs of what differs; a new person has only `after`.
    """

    kind: str
    line: int | None
    number: str
    name: str
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " / ".join(value)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _row_of(kind: str, change: Change) -> Row:
    fields = [field for field in change.fields if field != "left"]
    return Row(
        kind,
        change.row.line,
        change.row.staff_number,
        change.row.name,
        tuple((field, _shown(getattr(change.member, field))) for field in fields),
        tuple((field, _shown(getattr(change.row, field))) for field in fields),
    )


def _leaving_row(leaving: Leaving) -> Row:
    line = leaving.row.line if leaving.row else None
    return Row("left", line, leaving.member.staff_number, leaving.member.name, (), (("left", _shown(leaving.on)),))


def preview_rows(changes: RosterChanges) -> list[Row]:
    """What the import would do, a line each: new, changed, moved, returned, leaving."""
    added = [
        Row(
            "new",
            row.line,
            row.staff_number,
            row.name,
            (),
            tuple((name, _shown(getattr(row, name))) for name in ("unit", "roles") if getattr(row, name)),
        )
        for row in changes.added
    ]
    return [
        *added,
        *(_row_of("changed", change) for change in changes.changed),
        *(_row_of("moved", change) for change in changes.moved),
        *(_row_of("returned", change) for change in changes.returned),
        *(_leaving_row(leaving) for leaving in changes.left),
    ]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the good rows of a file would change. `too_many`: (leaving, limit) where the guard would stop it."""

    changes: RosterChanges
    staying: int
    too_many: tuple[int, int] | None
    needs_admin: bool


async def _weighed(request: Asked, roster: Roster, full: bool) -> Weighed:
    current = await queries.roster_current()
    changes = rules.compare(
        current, roster.rows, full=full, today=pages.process(request).today(), said=rules.said_by(roster)
    )
    staying = sum(member.left is None for member in current)
    too_many = None
    if full:
        try:
            rules.guard_leaving(changes, staying=staying, allow_many=False)
        except Refusal as refusal:
            too_many = int(refusal.details["count"]), int(refusal.details["limit"])
    governs = "roles.change" in pages.signed_in(request).may
    return Weighed(changes, staying, too_many, bool(changes.touches_roles) and not governs)


@get(IMPORT.address + "/{given:str}", guards=[guards.may("members.import")])
async def preview_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """What the file would change, and what is wrong with it, by row and column."""
    name, roster = await imports.brought(request, IMPORT, given, read_roster)
    full = bool(asked_for(request).text("full", most=5)) and not roster.left_out
    weighed = await _weighed(request, roster, full)
    left_out = {row.line for row in roster.left_out}
    return desk_page(
        request,
        "members/desk/roster_preview.html",
        file=name,
        full=full,
        roster=roster,
        weighed=weighed,
        changes=weighed.changes,
        preview=imports.preview(request, preview_rows(weighed.changes), roster.left_out, full="1" if full else ""),
        notes=[one for one in (*roster.problems, *weighed.changes.problems) if one.line not in left_out],
    )


@get(IMPORT.address + "/{given:str}/rest/{kind:str}", guards=[guards.may("members.import")])
async def export_rest(request: Asked, given: FromPath[str], kind: FromPath[str]) -> Response[bytes]:
    """The rows that were not taken, with what is wrong with each."""
    _name, roster = await imports.brought(request, IMPORT, given, read_roster)
    return await imports.rest(request, IMPORT, kind, roster.headings, roster.left_out)


@post(IMPORT.address + "/{given:str}", guards=[guards.may("members.import")])
async def apply_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """All good rows at once, or nothing; the others wait as a file of their own."""
    process, me = pages.process(request), pages.signed_in(request)
    form = await pages.form(request)
    name, roster = await imports.brought(request, IMPORT, given, read_roster)
    if not roster.rows:
        raise Refusal("roster.nobody", count=len(roster.left_out))
    changes, follows = await actions.import_roster(
        roster,
        full=bool(form.text("full", most=5)),
        allow_many=bool(form.text("allow_many", most=5)),
        actor=me.id,
        now=clock.now(),
        today=process.today(),
        new_id=new_id,
    )
    await follow_now(process.resources, follows)
    return pages.go(
        request,
        await imports.done(request, IMPORT, given, name, roster.headings, roster.left_out) or "/desk/members",
        said="desk.roster_applied",
        added=len(changes.added),
        changed=len({change.member.id for change in (*changes.changed, *changes.moved)}),
        returned=len(changes.returned),
        left=len(changes.left),
        unchanged=changes.unchanged,
    )


HANDLERS = [choose_roster, bring_roster, preview_roster, export_rest, apply_roster]
