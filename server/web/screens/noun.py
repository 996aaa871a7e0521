"""What the shells need to know of office screens."""

from collections.abc import Mapping
from typing import Any

from server.runtime.resources import Resources
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun, Opened, Shown
from server.web.screens import cards, desk, finding, pairing, screen, walls, words
from server.web.screens.panels import Screens


def _opened(resources: Resources, shown: Shown) -> Opened:
    panels = Screens(resources, shown)
    return Opened(own=panels, topics={"screen": panels.topic()}, hears=(panels.forget,))


def _screen(subject: str, details: Mapping[str, Any]) -> tuple[str, str]:
    return f"/desk/screens/{subject}", str(details.get("name", ""))


SCREENS = Noun(
    name="screens",
    handlers=(*desk.HANDLERS, *pairing.HANDLERS, *screen.HANDLERS, *walls.HANDLERS),
    permissions={"screens.read": "reads", "screens.change": "runs"},
    doors=(Door("/desk/screens", _("Screens"), "screen", "screens.read", "organisation", 30),),
    steps=cards.STEPS,
    finders=finding.FINDERS,
    texts=(words.TEXTS,),
    statuses={"screen.unknown": 404, "screen.revoked_": 410, "screen.shows_unknown": 404, "screen.code_unknown": 400},
    areas=(Area("screen", _("Screens"), _screen, {"shows": walls.named}),),
    opens=_opened,
)
