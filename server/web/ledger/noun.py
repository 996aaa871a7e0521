"""What the shells need to know of points, seasons and earning rules."""

from collections.abc import Mapping
from typing import Any

from rewards.ledger.earnings import GRANTED
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun
from server.web.ledger import cards, checks, words
from server.web.ledger.desk import seasons, settings


def _season(subject: str, details: Mapping[str, Any]) -> tuple[str, str]:
    return f"/desk/seasons/{subject}", str(details.get("name", ""))


LEDGER = Noun(
    name="ledger",
    handlers=(*seasons.HANDLERS, *settings.HANDLERS),
    permissions={"settings.read": "oversees", "settings.change": "governs"},
    doors=(
        Door("/desk/seasons", _("Seasons"), "clock", "settings.read", "organisation", 45),
        Door("/desk/settings", _("Settings"), "settings", "settings.read", "organisation", 50),
    ),
    cards=cards.CARDS,
    steps=cards.STEPS,
    texts=(words.TEXTS,),
    statuses={"season.unknown": 404},
    areas=(Area("season", _("Seasons"), _season), Area("rule", _("Earning rules")), Area("ledger", _("Ledger"))),
    earnings=(GRANTED,),
    checks=(checks.ledger,),
)
