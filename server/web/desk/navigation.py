"""What every page of the desk needs beside its own values: the menu of what this person may see, words for codes."""

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Response

from server.web import i18n, pages
from server.web.i18n import mark as _
from server.web.pages import Asked, Form, Me
from server.web.texts import texts

DOORS = (
    ("/desk", _("Today"), "home", "desk.open"),
    ("/desk/rooms", _("Rooms"), "play", "rooms.read"),
    ("/desk/quizzes", _("Quizzes"), "quiz", "quizzes.read"),
    ("/desk/draws", _("Draws"), "draw", "draws.read"),
    ("/desk/claims", _("Prizes"), "gift", "claims.read"),
    ("/desk/funds", _("Funds"), "purse", "funds.read"),
    ("/desk/boards", _("Boards"), "board", "boards.read"),
    ("/desk/members", _("Members"), "members", "members.read"),
    ("/desk/screens", _("Screens"), "screen", "screens.read"),
    ("/desk/audit", _("Audit trail"), "audit", "audit.read"),
    ("/desk/settings", _("Settings"), "settings", "settings.read"),
)
"""(address, label, icon, permission) in the order of the menu."""


def nav(me: Me, language: str) -> list[tuple[str, str, str]]:
    """(address, label, icon) of what this person may open."""
    words = i18n.translator(language)
    return [(href, words.text(label), icon) for href, label, icon, needed in DOORS if needed in me.may]


class _Known(dict[str, Any]):
    """Details of a code; one that is not there leaves a gap, not a fault."""

    def __missing__(self, key: str) -> str:
        return ""


def speaker(language: str) -> Callable[..., str]:
    """For templates: `say(code, details)` is the sentence of a code, or the code itself when it has none."""

    def say(code: str, details: Mapping[str, Any] | None = None) -> str:
        if code not in texts():
            return code
        return pages.sentence(code, _Known(details or {}), language)

    return say


def desk_page(
    request: Asked, template: str, /, status: int = 200, values: Mapping[str, object] | None = None, **own: object
) -> Response[bytes]:
    """A whole page of the desk; only behind a guard, as it needs somebody signed in."""
    return pages.page(request, template, status, {**_shared(request), **(values or {})}, **own)


def desk_fragment(
    request: Asked, template: str, block: str, /, values: Mapping[str, object] | None = None, **own: object
) -> Response[bytes]:
    """One block of a page of the desk."""
    return pages.fragment(request, template, block, 200, {**_shared(request), **(values or {})}, **own)


def _shared(request: Asked) -> dict[str, object]:
    language = pages.locale(request)
    return {"nav": nav(pages.signed_in(request), language), "say": speaker(language)}


def asked_for(request: Asked) -> Form:
    """The values in the address (filters, pages), with the same refusals as a posted form's."""
    values: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        values.setdefault(name, []).append(value)
    return Form(values)
