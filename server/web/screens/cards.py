"""What is to be done with screens before a new Laurel is in use."""

from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Step
from server.web.screens import queries


async def _has_screen(request: Asked) -> bool:
    return bool(await queries.screens())


STEPS = (
    Step(
        50,
        _("A screen"),
        "screens.change",
        "/desk/screens",
        _("Set up a screen"),
        _("An organiser sets one up."),
        _has_screen,
    ),
)
