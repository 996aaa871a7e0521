"""The find field of the desk: people, quizzes, draws, codes and whatever else nouns find, as far as one may open it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from litestar import Response, get

from rewards.sheets import one_line
from server.web.frame import guards, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_fragment, desk_page
from server.web.frame.noun import Found

MOST_TEXT: Final = 100
"""Characters that are looked for; more is not looked at."""

SHOWN: Final = 5
"""Things that a group shows."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one finder found, at least one thing. With `has_more` there is more, at `more` ("": nowhere by itself)."""

    label: str
    found: Sequence[Found]
    has_more: bool
    more: str


@get("/desk/find", guards=[guards.may("desk.open")])
async def find(request: Asked) -> Response[bytes]:
    """What `q` finds: a page, and for htmx, while somebody types, what drops below the field."""
    text = one_line(request.query_params.get("q", "")[:MOST_TEXT])
    groups = await _groups(request, text) if text else []
    values: dict[str, object] = {
        "text": text,
        "groups": groups,
        "count": sum(len(group.found) for group in groups),
        "has_more": any(group.has_more for group in groups),
    }
    if pages.is_htmx(request) and "hx-history-restore-request" not in request.headers:
        return desk_fragment(request, "frame/desk/find.html", "drop", values)
    return desk_page(request, "frame/desk/find.html", values=values)


async def _groups(request: Asked, text: str) -> list[Group]:
    may, words = pages.signed_in(request).may, i18n.translator(pages.locale(request))
    groups = []
    for finder in pages.listing(request).finders:
        if finder.permission in may and (found := await finder.find(request, text, SHOWN + 1)):
            more = finder.more(text) if finder.more and len(found) > SHOWN else ""
            groups.append(Group(words.text(finder.label), found[:SHOWN], len(found) > SHOWN, more))
    return groups


HANDLERS = [find]
