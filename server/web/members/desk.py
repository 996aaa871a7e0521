"""Members: who is on the roster, a member's own page, the roster from a file, and slips to sign in with."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.ledger import queries as ledger
from rewards.ledger.rules import HONOUR, SPEND
from rewards.members import actions, queries, rules
from rewards.members.queries import Person, Standing
from rewards.members.roster_file import Roster, read_roster
from rewards.members.rules import Change, Leaving, RosterChanges
from rewards.refusals import Refusal
from rewards.sheets import write_csv
from server.runtime import clock
from server.runtime.chance import human_code, new_id, token
from server.runtime.following import follow_now
from server.runtime.settings import Settings
from server.web.frame import guards, pages, uploads
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_fragment, desk_page
from server.web.frame.pages import Form

PAGE = 50
STATEMENT = 20
ROWS_SHOWN = 100
MOST_SLIPS = 400
"""Slips of one print: fifty sheets of paper."""

LINK_VALID = timedelta(days=3)
SLIP_VALID = timedelta(days=30)
FIRST_CODE = 12


def personal_link(settings: Settings, made: str) -> str:
    return f"{settings.public_url}/in/{made}"


# The list


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list shows; every part stands in the address."""

    text: str
    unit: UUID | None
    role: str
    standing: Standing

    def address(self, path: str = "/desk/members", **more: str) -> str:
        """The same list, elsewhere or further on."""
        said = {
            "text": self.text,
            "unit": str(self.unit or ""),
            "role": self.role,
            "standing": "" if self.standing == "here" else self.standing,
            **more,
        }
        values = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{values}" if values else path


def _unit(form: Form) -> UUID | None:
    """The unit that was chosen; None for all of them."""
    chosen = form.text("unit", most=40)
    return None if chosen in ("", "all") else pages.uuid_of(chosen)


def _filter(form: Form) -> Filter:
    role, standing = form.text("role", most=20), form.text("standing", most=10)
    return Filter(
        form.text("text", most=100),
        _unit(form),
        role if role in rules.ROLES else "",
        next((known for known in get_args(Standing) if known == standing), "here"),
    )


@get("/desk/members", guards=[guards.may("members.read")])
async def list_members(request: Asked) -> Response[bytes]:
    """Everybody who fits the search, by staff number."""
    form = asked_for(request)
    chosen, after = _filter(form), form.text("after", most=64)
    found = await queries.members(
        text=chosen.text,
        unit=chosen.unit,
        role=chosen.role,
        standing=chosen.standing,
        after=after,
        limit=PAGE + 1,
    )
    count = await queries.member_count(text=chosen.text, unit=chosen.unit, role=chosen.role, standing=chosen.standing)
    values: dict[str, object] = {
        "filter": chosen,
        "people": found[:PAGE],
        "count": count,
        "after": after,
        "next": chosen.address(after=found[PAGE - 1].staff_number) if len(found) > PAGE else "",
        "units": await queries.unit_tree(),
        "roles": rules.ROLES,
    }
    if pages.is_htmx(request) and "hx-history-restore-request" not in request.headers:
        return desk_fragment(request, "members/desk/members.html", "list", values)
    return desk_page(request, "members/desk/members.html", values=values)


@get("/desk/members/export", guards=[guards.may("members.read")])
async def export_members(request: Asked) -> Response[bytes]:
    """The list as it is filtered, as CSV with the headings that the roster import reads."""
    chosen = _filter(asked_for(request))
    people = await _everyone(chosen)
    head = ("staff number", "name", "unit", "role", "joined", "left", "e-mail", "phone", "language")
    rows = [
        (
            person.staff_number,
            person.name,
            "/".join(person.unit_path),
            ",".join(person.roles),
            person.joined_on.isoformat() if person.joined_on else "",
            person.left_on.isoformat() if person.left_on else "",
            person.email,
            person.phone,
            person.language or "",
        )
        for person in people
    ]
    name = f"members-{pages.house(request).today().isoformat()}.csv"
    return Response(
        write_csv([head, *rows]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _everyone(chosen: Filter) -> list[Person]:
    people: list[Person] = []
    while True:
        found = await queries.members(
            text=chosen.text,
            unit=chosen.unit,
            role=chosen.role,
            standing=chosen.standing,
            after=people[-1].staff_number if people else "",
            limit=queries.MOST_AT_ONCE,
        )
        people += found
        if len(found) < queries.MOST_AT_ONCE:
            return people


# One member


async def _person(member_id: UUID) -> Person:
    found = await queries.member(member_id)
    if found is None:
        raise Refusal("members.unknown")
    return found


@get("/desk/members/{member_id:uuid}", guards=[guards.may("members.read")])
async def show_member(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """A member: details, units, points, and what can be done for him."""
    person = await _person(member_id)
    before = asked_for(request).maybe_number("before", least=1, most=2**62)
    lines = await ledger.statement(member_id, STATEMENT + 1, before)
    season = await ledger.season_of(pages.house(request).today())
    return desk_page(
        request,
        "members/desk/member.html",
        person=person,
        units=await queries.unit_history(member_id),
        honour=await ledger.balance(member_id, HONOUR),
        spend=await ledger.balance(member_id, SPEND),
        season=season,
        season_points=await ledger.season_points(season.id, member_id) if season else 0,
        lines=lines[:STATEMENT],
        older=lines[STATEMENT - 1].sequence if len(lines) > STATEMENT else None,
        sessions=await pages.house(request).sessions.list(member_id),
        roles=rules.ROLES,
        today=pages.house(request).today(),
    )


@post("/desk/members/{member_id:uuid}/link", guards=[guards.may("members.invite")])
async def issue_link(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """A personal link, shown this once; only its hash is kept."""
    await pages.form(request)
    person, now = await _person(member_id), clock.now()
    issued = await actions.issue_links(
        [member_id], actor=pages.signed_in(request).id, now=now, valid=LINK_VALID, new_token=token
    )
    return desk_page(
        request,
        "members/desk/member_link.html",
        person=person,
        link=personal_link(pages.house(request).resources.settings, issued[0][1]),
        until=now + LINK_VALID,
    )


@post("/desk/members/{member_id:uuid}/roles", guards=[guards.may("roles.change")])
async def set_roles(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """Exactly the roles that are ticked; what a signed-in member may do changes at once."""
    form = await pages.form(request)
    roles = form.all("role")
    follows = await actions.set_roles(
        member_id,
        roles,
        actor=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
        why=form.text("why", most=500),
    )
    await follow_now(pages.house(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.roles_changed")


@post("/desk/members/{member_id:uuid}/leave", guards=[guards.may("members.change")])
async def mark_left(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """The member has left today: no sign-in any more, off the boards; the history stays."""
    form = await pages.form(request)
    today = pages.house(request).today()
    follows = await actions.mark_left(
        member_id,
        on=today,
        actor=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
        why=form.text("why", most=500),
    )
    await follow_now(pages.house(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.marked_left")


@post("/desk/members/{member_id:uuid}/restore", guards=[guards.may("members.change")])
async def restore(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """The member is back, with the old account."""
    form = await pages.form(request)
    follows = await actions.restore(
        member_id,
        actor=pages.signed_in(request).id,
        now=clock.now(),
        today=pages.house(request).today(),
        new_id=new_id,
        why=form.text("why", most=500),
    )
    await follow_now(pages.house(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.restored")


@post("/desk/members/{member_id:uuid}/sessions", guards=[guards.may("sessions.end")])
async def end_sessions(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """Sign one device out (`ref`), or all of them."""
    form = await pages.form(request)
    await _person(member_id)
    ref, house = form.text("ref", most=40), pages.house(request)
    count = sum(ref in ("", device.ref) for device in await house.sessions.list(member_id))
    if count:
        follows = await actions.end_sessions(
            member_id, ref=ref, count=count, actor=pages.signed_in(request).id, now=clock.now(), new_id=new_id
        )
        await follow_now(house.resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.sessions_ended", count=count)


# The roster from a file


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


# Slips


async def _for_slips(request: Asked, unit: UUID | None, everyone: bool) -> tuple[list[Person], int]:
    """Who gets a slip, and how many do not because only an admin may make one for who holds a role."""
    people = await _everyone(Filter("", unit, "", "here"))
    wanted = [person for person in people if everyone or not person.has_code]
    me = pages.signed_in(request)
    if "roles.change" in me.may:
        return wanted, 0
    allowed = [person for person in wanted if not person.roles or person.id == me.id]
    return allowed, len(wanted) - len(allowed)


@get("/desk/members/slips", guards=[guards.may("members.invite")])
async def choose_slips(request: Asked) -> Response[bytes]:
    """For which unit, and what it means."""
    form = asked_for(request)
    chosen = _unit(form)
    everyone = form.text("who", most=10) == "all"
    ready, left_out = await _for_slips(request, chosen, everyone) if "who" in request.query_params else ([], 0)
    return desk_page(
        request,
        "members/desk/slips.html",
        units=await queries.unit_tree(),
        unit=chosen,
        everyone=everyone,
        chosen="who" in request.query_params,
        count=len(ready),
        left_out=left_out,
        most=MOST_SLIPS,
    )


@post("/desk/members/slips", guards=[guards.may("members.invite")])
async def print_slips(request: Asked) -> Response[bytes]:
    """The cards, shown this once: a new print makes new ones and ends these."""
    form, now = await pages.form(request), clock.now()
    who = form.text("who", most=10, needed=True)
    ready, _ = await _for_slips(request, _unit(form), who == "all")
    if not ready:
        raise Refusal("slips.nobody")
    if len(ready) > MOST_SLIPS:
        raise Refusal("slips.too_many", count=len(ready), most=MOST_SLIPS)
    slips = await actions.issue_slips(
        [person.id for person in ready],
        actor=pages.signed_in(request).id,
        now=now,
        valid=SLIP_VALID,
        new_token=token,
        new_code=lambda: human_code(FIRST_CODE),
    )
    people, settings = {person.id: person for person in ready}, pages.house(request).resources.settings
    cards = [
        (people[slip.member], personal_link(settings, slip.token), "\u00a0".join(_grouped(slip.first_code)))
        for slip in slips
    ]
    return await asyncio.to_thread(
        desk_page,
        request,
        "members/desk/slips_print.html",
        cards=cards,
        until=now + SLIP_VALID,
        address=settings.public_url.partition("//")[2],
    )


def _grouped(code: str) -> list[str]:
    return [code[first : first + 4] for first in range(0, len(code), 4)]


HANDLERS = [
    list_members,
    export_members,
    choose_roster,
    bring_roster,
    preview_roster,
    apply_roster,
    choose_slips,
    print_slips,
    show_member,
    issue_link,
    set_roles,
    mark_left,
    restore,
    end_sessions,
]
