"""What the shells need to know of the start pages."""

from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun, Way
from server.web.today import cards, desk, phone, words

TODAY = Noun(
    name="today",
    handlers=(*desk.HANDLERS, *phone.HANDLERS),
    permissions={"desk.open": "reads", "clock.change": "governs"},
    doors=(Door("/desk", _("Today"), "home", "desk.open", "now", 10),),
    ways=(Way("today", "/"), Way("take_part", "/play"), Way("rewards", "/rewards")),
    cards=cards.CARDS,
    texts=(words.TEXTS,),
    areas=(Area("clock", _("Clock"), lambda subject, details: ("/desk/health", subject)),),
)
