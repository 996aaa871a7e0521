"""Who is on the roster: the list, searched and filtered, and its export."""

from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get

from rewards.members import queries, rules
from rewards.members.queries import Person, Standing
from rewards.sheets import write_csv
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_fragment, desk_page
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
        values = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{values}" if values else path


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
    if pages.is_htmx(request) and "hx-history-restore-request" not in request.headers:
        return desk_fragment(request, "members/desk/members.html", "list", values)
    return desk_page(request, "members/desk/members.html", values=values)


@get("/desk/members/export", guards=[guards.may("members.read")])
async def export_members(request: Asked) -> Response[bytes]:
    """The list as it is filtered, as CSV with the headings that the roster import reads."""
    chosen = _filter(asked_for(request))
    people = await all_members(chosen)
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
