"""What is to be done with members before a new Laurel is in use."""

from datetime import UTC, datetime
from typing import Final

from rewards.members import queries
from server.runtime import clock
from server.runtime.sessions import ref_of
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Card, Part, Step

TOLD: Final = "laurel_told"
"""The cookie that says until when this device was told of links and other devices."""
MOST_TOLD: Final = 5


async def _told(request: Asked) -> dict[str, object]:
    """Links that others made for me, and other devices, since this device was told last."""
    me, earliest = pages.signed_in(request), clock.now() - queries.TOLD_FOR
    try:
        known = datetime.fromisoformat(request.cookies.get(TOLD, ""))
        since = max(earliest, known if known.tzinfo else known.replace(tzinfo=UTC))
    except ValueError:
        since = earliest
    ref = ref_of(request.scope["state"]["session_id"])
    return {"ways": await queries.told(me.id, since, ref=ref, limit=MOST_TOLD)}


async def _has_roster(request: Asked) -> bool:
    return await queries.member_count() > 1


async def _has_links(request: Asked) -> bool:
    return await queries.any_link()


CARDS = (Card("phone.today", _told, (Part(5, "members/phone/told.html"),)),)
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
