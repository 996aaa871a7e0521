"""A member by hand: added to the roster, and corrected."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.members import actions, queries
from rewards.members.queries import Person
from rewards.members.roster_file import Field, RosterRow, read_person
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.following import follow_now
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.forms import Typed
from server.web.members.desk.member import find_person
from server.web.members.desk.units import options

FIELDS: Final[tuple[Field, ...]] = ("staff_number", "name", "joined", "email", "phone")

BY_HAND = {"roster.email_unclear": "members.bad_email", "roster.phone_unclear": "members.bad_phone"}
"""What a file's import leaves out is wrong in a form."""

BESIDE = {"members.number_taken": "staff_number", "unit.unknown": "unit", "unit.is_retired": "unit"}


@dataclass(frozen=True, slots=True)
class Given:
    """A form as it was posted, and the person it makes; `row` counts only where `typed` has no problems."""

    typed: Typed
    row: RosterRow
    unit: UUID | None


async def _given(request: Asked, person: Person | None = None) -> Given:
    """What a form leaves out stays as the `person` has it."""
    form = await pages.form(request)
    typed = Typed(request, form, *FIELDS, "unit", "why")
    if person is not None:
        typed.values |= {name: kept for name, kept in _own(person).items() if not form.all(name)}
    row, problems = read_person({field: typed.values[field] for field in FIELDS})
    for problem in problems:
        refusal = Refusal(BY_HAND.get(problem.code, problem.code), **problem.details)
        typed.wrong(problem.column or "name", refusal)
    unit = typed.values["unit"]
    return Given(typed, row, pages.uuid_of(unit) if unit else None)


def _own(person: Person) -> dict[str, str]:
    return {
        "staff_number": person.staff_number,
        "name": person.name,
        "joined": person.joined_on.isoformat() if person.joined_on else "",
        "email": person.email,
        "phone": person.phone,
        "unit": str(person.unit or ""),
    }


async def _page(request: Asked, typed: Typed, person: Person | None, status: int = 200) -> Response[bytes]:
    units = await queries.unit_tree()
    return desk_page(
        request,
        "members/desk/member_form.html",
        status,
        person=person,
        given=typed.values,
        problems=typed.problems,
        units=units,
        options=options,
    )


@get("/desk/members/new", guards=[guards.may("members.change")])
async def start_member(request: Asked) -> Response[bytes]:
    """Somebody to be added, in the unit that the address names."""
    return await _page(request, Typed(request, asked_for(request), *FIELDS, "unit"), None)


@post("/desk/members", opt={"page": "/desk/members/new"}, guards=[guards.may("members.change")])
async def add_member(request: Asked) -> Response[bytes]:
    """Put one person on the roster; what is wrong is said beside its field."""
    given, process = await _given(request), pages.process(request)
    if not given.typed.problems:
        try:
            made, follows = await actions.add_member(
                given.row,
                given.unit,
                actor=pages.signed_in(request).id,
                now=clock.now(),
                today=process.today(),
                new_id=new_id,
            )
        except Refusal as refusal:
            given.typed.said_beside(refusal, BESIDE)
        else:
            await follow_now(process.resources, follows)
            return pages.go(request, f"/desk/members/{made}", said="desk.member_added", name=given.row.name)
    return await _page(request, given.typed, None, 400)


@get("/desk/members/{member_id:uuid}/edit", guards=[guards.may("members.change")])
async def edit_member(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """A member's own details and unit, to correct."""
    person = await find_person(member_id)
    typed = Typed(request, asked_for(request))
    typed.values = _own(person)
    return await _page(request, typed, person)


@post("/desk/members/{member_id:uuid}/edit", guards=[guards.may("members.change")])
async def correct_member(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """Bring a member to what the form says; what is wrong is said beside its field."""
    given, process = await _given(request, await find_person(member_id)), pages.process(request)
    if not given.typed.problems:
        try:
            follows = await actions.correct_member(
                member_id,
                given.row,
                given.unit,
                actor=pages.signed_in(request).id,
                now=clock.now(),
                today=process.today(),
                new_id=new_id,
                why=given.typed.values["why"],
            )
        except Refusal as refusal:
            given.typed.said_beside(refusal, BESIDE)
        else:
            await follow_now(process.resources, follows)
            return pages.go(request, f"/desk/members/{member_id}", said="desk.member_corrected")
    return await _page(request, given.typed, await find_person(member_id), 400)


HANDLERS = [start_member, add_member, edit_member, correct_member]
