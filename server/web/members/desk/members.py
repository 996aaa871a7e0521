"""Who is on the roster: the list, searched and filtered, and its export."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from rewards.members import queries, rules
from rewards.members.queries import Person, Standing
from server.runtime.resources import Resources
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for
from server.web.frame.i18n import mark as _
from server.web.frame.pages import Form

PAGE = 50


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
        return records.address(path, said)


def unit_of(form: Form) -> UUID | None:
    """The unit that was chosen; None for all of them."""
    chosen = form.text("unit", most=40)
    return None if chosen in ("", "all") else pages.uuid_of(chosen)


def _filter(form: Form) -> Filter:
    role, standing = form.text("role", most=20), form.text("standing", most=10)
    return Filter(
        form.text("text", most=100),
        unit_of(form),
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
    return records.answer(request, "members/desk/members.html", values)


HEAD: Final = (
    _("staff number"),
    _("name"),
    _("unit"),
    _("role"),
    _("joined"),
    _("left"),
    _("e-mail"),
    _("phone"),
    _("language"),
)
"""Headings that the roster import reads, in each of our languages."""


@get("/desk/members/export/{kind:str}", guards=[guards.either("members.change", "audit.read")])
async def export_members(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """The list as it is filtered, with headings that the roster import reads."""
    head = [i18n.translator(pages.locale(request)).text(heading) for heading in HEAD]
    name = f"members-{pages.process(request).today().isoformat()}"
    large = await queries.are_more_than(MANY)
    made, count = await pages.away(request, large, listed, _filter(asked_for(request)), kind, name, head)
    await records.taken(request, count, what="members")
    return records.sent(kind, name, made)


MANY: Final = 5_000
"""Members whose list is made beside this process."""


async def listed(_: Resources, chosen: Filter, kind: str, name: str, head: Sequence[str]) -> tuple[bytes, int]:
    """The list under its headings as a file of this kind, and how many are in it."""
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
        for person in await all_members(chosen)
    ]
    return await asyncio.to_thread(records.content, kind, name, [head, *rows]), len(rows)


async def all_members(chosen: Filter) -> list[Person]:
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


HANDLERS = [list_members, export_members]
