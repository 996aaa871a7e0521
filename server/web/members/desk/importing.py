"""The roster from a file: brought, looked at, applied."""

import asyncio
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
from server.web.frame import guards, pages, uploads
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page

ROWS_SHOWN = 100


@get("/desk/members/import", guards=[guards.may("members.import")])
async def choose_roster(request: Asked) -> Response[bytes]:
    """Where the file is dropped."""
    return desk_page(request, "members/desk/roster_import.html", problem="")


@post("/desk/members/import", guards=[guards.may("members.import")])
async def bring_roster(request: Asked) -> Response[bytes]:
    """Keep the file and go on to its preview."""
    form = await pages.form(request)
    try:
        made = await uploads.keep(
            pages.house(request).redis, "roster", pages.signed_in(request).id, form.files.get("file")
        )
    except Refusal as refusal:
        words = pages.said(request, refusal)
        return desk_page(request, "members/desk/roster_import.html", 400, problem=words)
    return pages.go(request, f"/desk/members/import/{made}")


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
class Preview:
    """A roster file against the roster of now. `too_many`: (leaving, limit) where the guard would stop it."""

    roster: Roster
    changes: RosterChanges
    staying: int
    too_many: tuple[int, int] | None
    needs_admin: bool


async def _preview(request: Asked, upload: uploads.Upload, full: bool) -> Preview:
    roster = await asyncio.to_thread(read_roster, upload.data, upload.name)
    current = await queries.roster_current()
    changes = rules.compare(
        current, roster.rows, full=full, today=pages.house(request).today(), said=rules.said_by(roster)
    )
    staying = sum(member.left is None for member in current)
    too_many = None
    if full:
        try:
            rules.guard_leaving(changes, staying=staying, allow_many=False)
        except Refusal as refusal:
            too_many = int(refusal.details["count"]), int(refusal.details["limit"])
    governs = "roles.change" in pages.signed_in(request).may
    return Preview(roster, changes, staying, too_many, bool(changes.touches_roles) and not governs)


@get("/desk/members/import/{given:str}", guards=[guards.may("members.import")])
async def preview_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """What the file would change, and what is wrong with it, by row and column."""
    upload = await uploads.kept(pages.house(request).redis, "roster", pages.signed_in(request).id, given)
    form = asked_for(request)
    full, kind = bool(form.text("full", most=5)), form.text("kind", most=10)
    first = form.number("from", least=0, most=1_000_000, default=0)
    preview = await _preview(request, upload, full)
    rows = preview_rows(preview.changes)
    chosen = [row for row in rows if kind in ("", row.kind)]
    return desk_page(
        request,
        "members/desk/roster_preview.html",
        token=given,
        file=upload.name,
        full=full,
        kind=kind,
        first=first,
        rows=chosen[first : first + ROWS_SHOWN],
        total=len(chosen),
        page=ROWS_SHOWN,
        preview=preview,
        changes=preview.changes,
        problems=(*preview.roster.problems, *preview.changes.problems),
    )


@post("/desk/members/import/{given:str}", guards=[guards.may("members.import")])
async def apply_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """All good rows at once, or nothing."""
    house, me = pages.house(request), pages.signed_in(request)
    form = await pages.form(request)
    upload = await uploads.kept(house.redis, "roster", me.id, given)
    roster = await asyncio.to_thread(read_roster, upload.data, upload.name)
    if not roster.importable:
        raise Refusal("roster.has_problems", count=len(roster.problems))
    changes, follows = await actions.import_roster(
        roster.rows,
        said=rules.said_by(roster),
        full=bool(form.text("full", most=5)),
        allow_many=bool(form.text("allow_many", most=5)),
        actor=me.id,
        now=clock.now(),
        today=house.today(),
        new_id=new_id,
    )
    await follow_now(house.resources, follows)
    await uploads.take(house.redis, "roster", me.id, given)
    return pages.go(
        request,
        "/desk/members",
        said="desk.roster_applied",
        added=len(changes.added),
        changed=len({change.member.id for change in (*changes.changed, *changes.moved)}),
        returned=len(changes.returned),
        left=len(changes.left),
        unchanged=changes.unchanged,
    )


HANDLERS = [choose_roster, bring_roster, preview_roster, apply_roster]
