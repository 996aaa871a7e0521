"""Units: the tree they make, and one of them: added, renamed, moved, retired, brought back."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.audit.queries import AuditLine
from rewards.members import actions, queries
from rewards.members.queries import UnitNode
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.following import follow_now
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.forms import Typed
from server.web.frame.i18n import mark as _
from server.web.frame.pages import Form
from server.web.frame.records import Undo

BESIDE = {
    "unit.taken": "name",
    "unit.bad_name": "name",
    "unit.too_deep": "parent",
    "unit.path_long": "parent",
    "unit.under_itself": "parent",
    "unit.is_retired": "parent",
    "unit.unknown": "parent",
}
"""Refusals that are said beside a field of the form."""

HEAD = (_("Unit"), _("Members"), _("With those below"))


def options(units: Sequence[UnitNode], none: str) -> list[tuple[str, str]]:
    """Units to choose from as a tree, `none` before them for no unit."""
    return [("", none), *((str(unit.id), "\u00a0\u00a0\u00a0" * unit.depth + unit.name) for unit in units)]


def chosen_unit(form: Form, field: str) -> UUID | None:
    """The unit of a form; None for none."""
    return pages.uuid_of(chosen) if (chosen := form.text(field, most=40)) else None


async def _listed(request: Asked) -> tuple[str, bool, list[UnitNode]]:
    """What the address asks for: a text, whether retired units too, and the units of it."""
    form = asked_for(request)
    text, retired = form.text("text", most=100), form.text("retired", most=5) == "1"
    units = await queries.unit_tree(retired=retired)
    return text, retired, [unit for unit in units if text.casefold() in unit.name.casefold()]


@get("/desk/units", guards=[guards.may("members.read")])
async def list_units(request: Asked) -> Response[bytes]:
    """The tree, or those whose name fits."""
    text, retired, units = await _listed(request)
    chosen = {"text": text, "retired": "1" if retired else ""}
    return records.answer(
        request,
        "members/desk/units.html",
        {
            "units": units,
            "text": text,
            "retired": retired,
            "xlsx": records.address("/desk/units/export/xlsx", chosen),
            "csv": records.address("/desk/units/export/csv", chosen),
        },
    )


@get("/desk/units/export/{kind:str}", guards=[guards.may("members.read")])
async def export_units(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """The units as they are listed."""
    _text, _retired, units = await _listed(request)
    head = [i18n.translator(pages.locale(request)).text(heading) for heading in HEAD]
    rows = [("/".join(unit.path), unit.own, unit.within) for unit in units]
    return await records.table(kind, f"units-{pages.process(request).today().isoformat()}", [head, *rows])


async def _new(request: Asked, typed: Typed, status: int = 200) -> Response[bytes]:
    units = await queries.unit_tree()
    return desk_page(request, "members/desk/unit_new.html", status, units=units, typed=typed, options=options)


@get("/desk/units/new", guards=[guards.may("members.change")])
async def start_unit(request: Asked) -> Response[bytes]:
    """A unit to be added, below the one that the address names as `parent`."""
    return await _new(request, Typed(request, asked_for(request), "name", "parent"))


@post("/desk/units", opt={"page": "/desk/units/new"}, guards=[guards.may("members.change")])
async def add_unit(request: Asked) -> Response[bytes]:
    """Add a unit; what is wrong with it is said beside its field."""
    form = await pages.form(request)
    typed = Typed(request, form, "name", "parent")
    me, name = pages.signed_in(request).id, typed.values["name"]
    try:
        made = await actions.add_unit(name, chosen_unit(form, "parent"), actor=me, now=clock.now(), new_id=new_id)
    except Refusal as refusal:
        typed.said_beside(refusal, BESIDE)
        return await _new(request, typed, 400)
    return pages.go(request, f"/desk/units/{made}", said="desk.unit_added", name=name)


def undoes(line: AuditLine) -> Undo | None:
    """What takes the last change of a unit back."""
    here = f"/desk/units/{line.subject}"
    if line.code in ("unit.renamed", "unit.moved"):
        was = str(line.details["before"]).rpartition("/")[2]
        return Undo(here, {"name": was, "parent": str(line.details["parent"])})
    inverse = {"unit.added": "retire", "unit.restored": "retire", "unit.retired": "restore"}
    return Undo(f"{here}/{inverse[line.code]}") if line.code in inverse else None


async def _page(request: Asked, unit_id: UUID, typed: Typed | None = None, status: int = 200) -> Response[bytes]:
    units = await queries.unit_tree(retired=True)
    unit = next((one for one in units if one.id == unit_id), None)
    if unit is None:
        raise Refusal("unit.unknown")
    within = [one for one in units if one.retired_on is None and one.path[: len(unit.path)] == unit.path]
    values = {"name": unit.name, "parent": str(unit.parent or "")} if typed is None else typed.values
    return desk_page(
        request,
        "members/desk/unit.html",
        status,
        values=await records.foot(request, unit_id, undoes),
        unit=unit,
        below=[one for one in within if one.parent == unit.id],
        others=[one for one in units if one.retired_on is None and one not in within],
        options=options,
        given=values,
        problems={} if typed is None else typed.problems,
    )


@get("/desk/units/{unit_id:uuid}", guards=[guards.may("members.read")])
async def show_unit(request: Asked, unit_id: FromPath[UUID]) -> Response[bytes]:
    """One unit: where it stands, who is in it, and what can be done with it."""
    return await _page(request, unit_id)


@post("/desk/units/{unit_id:uuid}", guards=[guards.may("members.change")])
async def change_unit(request: Asked, unit_id: FromPath[UUID]) -> Response[bytes]:
    """Another name or another place; the paths of all below follow."""
    form = await pages.form(request)
    typed = Typed(request, form, "name", "parent")
    try:
        follows = await actions.change_unit(
            unit_id,
            typed.values["name"],
            chosen_unit(form, "parent"),
            actor=pages.signed_in(request).id,
            now=clock.now(),
            new_id=new_id,
        )
    except Refusal as refusal:
        typed.said_beside(refusal, BESIDE)
        return await _page(request, unit_id, typed, 400)
    await follow_now(pages.process(request).resources, follows)
    return pages.go(request, f"/desk/units/{unit_id}", said="desk.unit_changed")


@post("/desk/units/{unit_id:uuid}/retire", guards=[guards.may("members.change")])
async def retire_unit(request: Asked, unit_id: FromPath[UUID]) -> Response[bytes]:
    """A unit without members and without units below is offered no more."""
    await pages.form(request)
    me, today = pages.signed_in(request).id, pages.process(request).today()
    name = await actions.retire_unit(unit_id, actor=me, now=clock.now(), today=today)
    return pages.go(request, f"/desk/units/{unit_id}", said="desk.unit_retired", name=name)


@post("/desk/units/{unit_id:uuid}/restore", guards=[guards.may("members.change")])
async def bring_back_unit(request: Asked, unit_id: FromPath[UUID]) -> Response[bytes]:
    """The unit is offered again, where it stood."""
    await pages.form(request)
    name = await actions.bring_back_unit(unit_id, actor=pages.signed_in(request).id, now=clock.now())
    return pages.go(request, f"/desk/units/{unit_id}", said="desk.unit_restored", name=name)


HANDLERS = [
    list_units,
    export_units,
    start_unit,
    add_unit,
    show_unit,
    change_unit,
    retire_unit,
    bring_back_unit,
]
