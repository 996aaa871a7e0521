"""Members in the find field."""

from collections.abc import Sequence
from urllib.parse import urlencode

from rewards.members import queries
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Finder, Found


async def _members(_request: Asked, text: str, limit: int) -> Sequence[Found]:
    """By name, pinyin, initials or staff number, leavers last."""
    return [
        Found(f"/desk/members/{one.id}", one.name, " · ".join(filter(None, (one.staff_number, one.unit_name))))
        for one in await queries.members_found(text, limit)
    ]


def _list(text: str) -> str:
    return "/desk/members?" + urlencode({"text": text, "standing": "all"})


FINDERS = (Finder(10, _("Members"), "members.read", _members, _list),)
