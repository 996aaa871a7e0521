"""The audit trail: who changed what, when and why."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from litestar import Response, get

from rewards.audit import queries
from rewards.members import queries as members
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.noun import Area

PAGE = 50


@get("/desk/audit", guards=[guards.may("audit.read")])
async def show_audit(request: Asked) -> Response[bytes]:
    """The newest first; by area and by whoever acted."""
    form = asked_for(request)
    area, number = form.text("area", most=20), form.text("by", most=64)
    subject = form.text("subject", most=200)
    areas = {one.code: one for one in pages.listing(request).areas}
    area = area if area in areas else ""
    actor = await members.member_by_staff_number(number) if number else None
    before = form.maybe_number("before", least=1, most=2**62)
    unknown = bool(number) and actor is None
    lines = (
        []
        if unknown
        else await queries.latest(
            PAGE + 1, before, f"{area}." if area else None, actor.id if actor else None, subject or None
        )
    )
    shown = lines[:PAGE]
    named = {line.actor for line in shown if line.actor is not None}
    for line in shown:
        named.update(_ids(line.subject, *line.details.values()))
    words = i18n.translator(pages.locale(request))
    here = {"area": area, "by": number, "subject": subject}
    return desk_page(
        request,
        "audit/desk/audit.html",
        lines=shown,
        labels={str(member): label for member, label in (await members.labels(named)).items()},
        areas=[(one.code, words.text(one.label)) for one in areas.values()],
        named=await _named(request, areas.values(), shown),
        pages_of={line.id: _page_of(areas, line) for line in shown},
        area=area,
        by=number,
        subject=subject,
        unknown=unknown,
        newest=before is None,
        first=records.address("/desk/audit", here),
        next=records.address("/desk/audit", {**here, "before": str(shown[-1].id)}) if len(lines) > PAGE else "",
    )


async def _named(
    request: Asked, areas: Iterable[Area], lines: Sequence[queries.AuditLine]
) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """AREA.DETAIL -> value -> (address, text) of what it names."""
    found = {}
    for area in areas:
        for detail, names in area.named.items():
            of_area = (line for line in lines if line.code.startswith(f"{area.code}."))
            values = {str(line.details[detail]) for line in of_area if detail in line.details}
            found[f"{area.code}.{detail}"] = await names(request, values)
    return found


def _page_of(areas: Mapping[str, Area], line: queries.AuditLine) -> tuple[str, str] | None:
    """(address, text) of the page of what a line is about; text "" where it has no name; None: it has no page."""
    area = areas.get(line.code.partition(".")[0])
    if area is None or area.link is None or len(line.subject) != 36:
        return None
    return area.link(line.subject, line.details)


def _ids(*values: object) -> set[UUID]:
    """Those of the values that spell an id."""
    found = set()
    for value in values:
        if isinstance(value, str) and len(value) == 36:
            try:
                found.add(UUID(value))
            except ValueError:
                continue
    return found


HANDLERS = [show_audit]
