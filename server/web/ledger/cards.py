"""What the ledger brings to pages that belong to nobody alone."""

from rewards.ledger import queries
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Card, Part, Step

LATEST = 3


async def _latest(request: Asked) -> dict[str, object]:
    return {"lines": await queries.statement(pages.signed_in(request).id, LATEST)}


async def _has_season(request: Asked) -> bool:
    return await queries.season_of(pages.process(request).today()) is not None


CARDS = (Card("phone.today", _latest, (Part(70, "ledger/phone/today.html"),)),)
STEPS = (
    Step(
        10,
        _("A season"),
        "settings.change",
        "/desk/seasons",
        _("Open a season"),
        _("Points belong to a season. An administrator opens one."),
        _has_season,
    ),
)
