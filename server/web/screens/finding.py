"""Screens in the find field."""

from collections.abc import Sequence

from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Finder, Found
from server.web.screens import queries


async def _screens(_request: Asked, text: str, limit: int) -> Sequence[Found]:
    return [Found(f"/desk/screens/{one}", name) for one, name in await queries.screens_named(text, limit)]


FINDERS = (Finder(70, _("Screens"), "screens.read", _screens, lambda _text: "/desk/screens"),)
