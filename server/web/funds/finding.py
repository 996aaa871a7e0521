"""Funds in the find field."""

from collections.abc import Sequence

from rewards.funds import queries
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Finder, Found


async def _funds(_request: Asked, text: str, limit: int) -> Sequence[Found]:
    return [Found(f"/desk/funds/{one}", name) for one, name in await queries.funds_named(text, limit)]


FINDERS = (Finder(60, _("Funds"), "funds.read", _funds, lambda _text: "/desk/funds"),)
