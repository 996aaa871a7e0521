"""Slips to sign in with, printed for many at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

from litestar import Response, get, post

from rewards.members import actions, queries
from rewards.members.queries import Person
from rewards.members.rules import FIRST_CODE
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import human_code, token
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.members.desk.member import personal_link
from server.web.members.desk.members import Filter, all_members, unit_of

MOST_SLIPS = 400
"""Slips of one print: fifty sheets of paper."""

SLIP_VALID = timedelta(days=30)


async def _for_slips(request: Asked, unit: UUID | None, everyone: bool) -> tuple[list[Person], int]:
    """Who gets a slip, and how many do not because only an admin may make one for who holds a role."""
    people = await all_members(Filter("", unit, "", "here"))
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
    chosen = unit_of(form)
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
    ready, _ = await _for_slips(request, unit_of(form), who == "all")
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
    people, settings = {person.id: person for person in ready}, pages.process(request).resources.settings
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


HANDLERS = [choose_slips, print_slips]
