"""What is to be done with members before a new Laurel is in use."""

from rewards.members import queries
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Step


async def _has_roster(request: Asked) -> bool:
    return await queries.member_count() > 1


async def _has_links(request: Asked) -> bool:
    return await queries.any_link()


STEPS = (
    Step(
        20,
        _("The roster"),
        "members.import",
        "/desk/members/import",
        _("Import the roster"),
        _("An organiser imports the roster."),
        _has_roster,
    ),
    Step(
        40,
        _("Slips to sign in with"),
        "members.invite",
        "/desk/members/slips",
        _("Print sign-in slips"),
        _("An organiser prints them."),
        _has_links,
    ),
)
