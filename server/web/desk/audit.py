"""The audit trail: who changed what, when and why."""

from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get

from rewards.audit import queries
from rewards.members import queries as members
from server.web import guards
from server.web.desk.navigation import asked_for, desk_page
from server.web.pages import Asked
from server.web.texts import texts

PAGE = 50
AREAS = (
    "roster",
    "member",
    "roles",
    "links",
    "sessions",
    "quiz",
    "room",
    "season",
    "rule",
    "ledger",
    "draw",
    "claim",
    "fund",
    "policy",
    "screen",
)
"""First words of the codes that the filter offers."""


@get("/desk/audit", guards=[guards.may("audit.read")])
async def show_audit(request: Asked) -> Response[bytes]:
    """The newest first; by area and by whoever acted."""
    form = asked_for(request)
    area, number = form.text("area", most=20), form.text("by", most=64)
    area = area if area in AREAS else ""
    actor = await members.member_by_staff_number(number) if number else None
    before = form.maybe_number("before", least=1, most=2**62)
    unknown = bool(number) and actor is None
    lines = (
        []
        if unknown
        else await queries.latest(PAGE + 1, before, f"{area}." if area else None, actor.id if actor else None)
    )
    shown = lines[:PAGE]
    named = {line.actor for line in shown if line.actor is not None}
    for line in shown:
        named.update(_ids(line.subject, *line.details.values()))
    here = {"area": area, "by": number}
    return desk_page(
        request,
        "desk/audit.html",
        lines=shown,
        labels={str(member): label for member, label in (await members.labels(named)).items()},
        areas=[name for name in AREAS if any(code.startswith(f"{name}.") for code in texts())],
        area=area,
        by=number,
        unknown=unknown,
        newest=before is None,
        first="/desk/audit?" + urlencode(here),
        next="/desk/audit?" + urlencode({**here, "before": shown[-1].id}) if len(lines) > PAGE else "",
    )


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
