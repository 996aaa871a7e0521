"""What the shells need to know of points, seasons and earning rules."""

from rewards.ledger.earnings import GRANTED
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun
from server.web.ledger import cards, checks, desk, words

LEDGER = Noun(
    name="ledger",
    handlers=desk.HANDLERS,
    permissions={"settings.read": "oversees", "settings.change": "governs"},
    doors=(Door("/desk/settings", _("Settings"), "settings", "settings.read", "organisation", 50),),
    cards=cards.CARDS,
    steps=cards.STEPS,
    texts=(words.TEXTS,),
    areas=(Area("season", _("Seasons")), Area("rule", _("Earning rules")), Area("ledger", _("Ledger"))),
    earnings=(GRANTED,),
    checks=(checks.ledger,),
)
