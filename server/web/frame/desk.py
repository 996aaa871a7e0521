"""What every page of the desk needs beside its own values: the menu of what this person may see, words for codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litestar import Response

from server.web.frame import i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.listing import GROUPS
from server.web.frame.noun import Group
from server.web.frame.pages import Form


@dataclass(frozen=True, slots=True)
class Shelf:
    """A group of the menu as somebody sees it: its group, and (address, label, icon) of the doors that open to him."""

    group: Group
    doors: Sequence[tuple[str, str, str]]


def menu(request: Asked) -> list[Shelf]:
    """What whoever asks may open; groups without a door are left out."""
    may, words = pages.signed_in(request).may, i18n.translator(pages.locale(request))
    shelves = []
    for group in GROUPS:
        open_to_me = [door for door in pages.listing(request).doors(group) if door.permission in may]
        if open_to_me:
            doors = [(door.address, words.text(door.label), door.icon) for door in open_to_me]
            shelves.append(Shelf(group, doors))
    return shelves


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
    return {"menu": menu(request), "say": pages.speaker(request)}


def asked_for(request: Asked) -> Form:
    """The values in the address (filters, pages), with the same refusals as a posted form's."""
    values: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        values.setdefault(name, []).append(value)
    return Form(values)
