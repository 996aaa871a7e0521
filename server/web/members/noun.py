"""What the shells need to know of members."""

from collections.abc import Mapping
from typing import Any

from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun, Way
from server.web.members import cards, finding, words
from server.web.members.desk import details, importing, member, members, slips, units
from server.web.members.phone import me, sign_in


def _unit(subject: str, details: Mapping[str, Any]) -> tuple[str, str]:
    return f"/desk/units/{subject}", str(details.get("name", ""))


MEMBERS = Noun(
    name="members",
    handlers=(
        *members.HANDLERS,
        *importing.HANDLERS,
        *slips.HANDLERS,
        *details.HANDLERS,
        *member.HANDLERS,
        *units.HANDLERS,
        *me.HANDLERS,
        *sign_in.HANDLERS,
    ),
    permissions={
        "members.read": "reads",
        "members.change": "runs",
        "members.import": "runs",
        "members.invite": "runs",
        "roles.change": "governs",
        "sessions.end": "governs",
    },
    doors=(
        Door("/desk/members", _("Members"), "members", "members.read", "organisation", 10),
        Door("/desk/units", _("Units"), "tree", "members.read", "organisation", 15),
    ),
    ways=(Way("me", "/me"), Way("me", "/set-code")),
    cards=cards.CARDS,
    steps=cards.STEPS,
    finders=finding.FINDERS,
    texts=(words.TEXTS,),
    statuses={
        "alias.": 400,
        "code.": 400,
        "members.bad_": 400,
        "roster.": 400,
        "members.need_admin": 403,
        "members.own_": 403,
        "links.need_admin": 403,
        "roster.roles_need_admin": 403,
        "approval.": 403,
        "sign_in.wrong": 403,
        "sign_in.left": 403,
        "unit.bad_": 400,
        "unit.unknown": 404,
        "members.unknown": 404,
        "sign_in.link_": 410,
        "sign_in.prove": 429,
        "sign_in.strangers": 429,
        "sign_in.too_many": 429,
    },
    areas=(
        Area("roster", _("Roster imports")),
        Area("member", _("Members by hand, leaving, returning")),
        Area("unit", _("Units"), _unit),
        Area("roles", _("Roles")),
        Area("links", _("Sign-in links")),
        Area("sessions", _("Sign-outs")),
        Area("alias", _("Names on boards")),
        Area("code", _("Codes")),
        Area("first_admin", _("The first administrator")),
    ),
)
