"""What all nouns declare, put together once at the start and asked by every page."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from litestar.types import ControllerRouterHandler

from rewards.ledger.earnings import Earning, misdeclared
from rewards.members.rules import Duty, duties
from server.web.frame import i18n
from server.web.frame.noun import Area, Card, Door, Finder, Group, Noun, Page, Slide, Step, Tab

GROUPS: Final[Sequence[Group]] = ("now", "programme", "rewards", "organisation")
OTHERWISE: Final = 409
"""Status of a refusal whose noun says nothing of it: a rule that stands against it."""


class Declared(ValueError):
    """The declarations of nouns contradict each other or name what nobody declares."""


@dataclass(frozen=True, slots=True)
class May:
    """What somebody may do. To ask for a permission that no noun declares is an error, never a no."""

    held: frozenset[Duty]
    permissions: Mapping[str, Duty]

    def __contains__(self, permission: str) -> bool:
        return self.permissions[permission] in self.held


class Lenient(dict[str, object]):
    """Details of a code; one that is not there leaves a gap, not a fault."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True)
class Sentences:
    """Words by code, and of fields by name; in English, to be translated."""

    texts: Mapping[str, str]
    fields: Mapping[str, str]

    def of(self, code: str, details: Mapping[str, object], language: str) -> str:
        """The words of a code in a language. Raises KeyError for a code without words.

        Of the details, `field` is the name of a field, and `what` the code of something earned.
        """
        words = i18n.translator(language)
        if "what" in details:
            earned = self.texts.get(str(details["what"]), self.texts["earning.gone"])
            details = {**details, "what": words.text(earned)}
        if "field" in details:
            name = str(details["field"])
            details = {**details, "field": words.text(self.fields.get(name, name))}
        return words.text(self.texts[code]) % details


@dataclass(frozen=True)
class Listing:
    """Of nouns, in their order. Raises Declared when two say the same thing or one names what is not there."""

    nouns: Sequence[Noun]
    handlers: Sequence[ControllerRouterHandler] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "handlers", tuple(one for noun in self.nouns for one in noun.handlers))
        for what, said in (
            ("name", (noun.name for noun in self.nouns)),
            ("code", (code for noun in self.nouns for part in noun.texts for code in part)),
            ("permission", (one for noun in self.nouns for one in noun.permissions)),
            ("door", (door.address for noun in self.nouns for door in noun.doors)),
            ("area", (area.code for noun in self.nouns for area in noun.areas)),
        ):
            if twice := sorted(one for one, times in Counter(said).items() if times > 1):
                raise Declared(f"declared twice as {what}: {', '.join(twice)}")
        if wrong := misdeclared(self.earnings):
            raise Declared(f"earnings: {wrong}")
        asked = [one.permission for noun in self.nouns for one in noun.doors]
        asked += [one.permission for noun in self.nouns for one in noun.steps]
        asked += [one.permission for noun in self.nouns for one in noun.finders]
        wanted = {*_guarded(self.handlers), *asked}
        if unknown := sorted(wanted - self.permissions.keys()):
            raise Declared(f"permissions that no noun declares: {', '.join(unknown)}")

    @cached_property
    def permissions(self) -> Mapping[str, Duty]:
        """Permission -> the duty that it takes."""
        return {name: duty for noun in self.nouns for name, duty in noun.permissions.items()}

    @cached_property
    def earnings(self) -> Sequence[Earning]:
        """All that can be earned."""
        return [one for noun in self.nouns for one in noun.earnings]

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Code -> English sentence with %(name)s for its details.

        "earning.CODE" and "earning.CODE.TALLY" are what somebody earned, and what a draw counts of it.
        """
        parts = [part for noun in self.nouns for part in (*noun.texts, _names(noun))]
        return {code: text for part in parts for code, text in part.items()}

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """Name of a form field -> as people read it."""
        return {name: words for noun in self.nouns for name, words in noun.fields.items()}

    @cached_property
    def areas(self) -> Sequence[Area]:
        """Of the audit trail, in the order of the nouns."""
        return [area for noun in self.nouns for area in noun.areas]

    @cached_property
    def ways(self) -> Mapping[str, Tab]:
        """Address of pages of the phone -> their tab."""
        return {way.address: way.tab for noun in self.nouns for way in noun.ways}

    @cached_property
    def slides(self) -> Sequence[Slide]:
        """Of an idle screen, in their order."""
        return sorted((one for noun in self.nouns for one in noun.slides), key=lambda one: one.order)

    @cached_property
    def finders(self) -> Sequence[Finder]:
        """What the find field asks, in their order."""
        return sorted((one for noun in self.nouns for one in noun.finders), key=lambda one: one.order)

    def cards(self, page: Page) -> Sequence[Card]:
        """Of a page, in the order of the nouns."""
        return [card for noun in self.nouns for card in noun.cards if card.page == page]

    @cached_property
    def steps(self) -> Sequence[Step]:
        """Before a new Laurel is in use, in their order."""
        return sorted((one for noun in self.nouns for one in noun.steps), key=lambda one: one.order)

    def tab(self, path: str) -> Tab | None:
        """The tab of the phone's bar that a page belongs to; None: to none."""
        found = [way for way in self.ways if path == way or path.startswith(f"{way}/")]
        return self.ways[max(found, key=len)] if found else None

    def doors(self, group: Group) -> Sequence[Door]:
        """Of a group of the menu, in their order."""
        found = (door for noun in self.nouns for door in noun.doors if door.group == group)
        return sorted(found, key=lambda door: door.place)

    def page_of_form(self, path: str) -> str:
        """The page that has the form of an address: what the handler of the form says (`opt["page"]`), else the address
        itself where it is a page, else the nearest page above it."""
        told = next((page for address, page in self._forms if address.fullmatch(path)), "")
        if told:
            return told
        routed = [one for one, address in self._addresses.items() if address.fullmatch(path)]
        if min(routed, key=lambda one: one.count("{"), default="") in self._pages:
            return path
        above = path.rpartition("/")[0]
        return self.page_of_form(above) if above else "/"

    def may(self, roles: Iterable[str]) -> May:
        """What a holder of these roles may do."""
        return May(duties(roles), self.permissions)

    def status_of(self, code: str) -> int:
        """The HTTP status of a refusal: of the longest beginning that a noun declares."""
        return self._statuses[max((start for start in self._statuses if code.startswith(start)), key=len)]

    @cached_property
    def sentences(self) -> "Sentences":
        """The words of all codes, for whoever works beside this process too."""
        return Sentences(dict(self.texts), dict(self.fields))

    def sentence(self, code: str, details: Mapping[str, object], language: str) -> str:
        """As `Sentences.of`."""
        return self.sentences.of(code, details, language)

    def speaker(self, language: str) -> Callable[..., str]:
        """For templates: `say(code, details)` is the sentence of a code, or the code itself when it has none."""

        def say(code: str, details: Mapping[str, object] | None = None) -> str:
            return self.sentence(code, Lenient(details or {}), language) if code in self.texts else code

        return say

    @cached_property
    def _pages(self) -> set[str]:
        """The routed paths that answer a GET."""
        return {path for one in self.handlers for path in _paths(one, "GET")}

    @cached_property
    def _addresses(self) -> Mapping[str, re.Pattern[str]]:
        """Routed path of a page or a form -> what it matches; of several, the one with fewest parameters is meant."""
        forms = {path for one in self.handlers for path in _paths(one, "POST")}
        return {path: _address(path) for path in self._pages | forms}

    @cached_property
    def _forms(self) -> Sequence[tuple[re.Pattern[str], str]]:
        """(address, page) of the handlers that say on which page their form is."""
        said = [(one, getattr(one, "opt", {}).get("page", "")) for one in self.handlers]
        return [(_address(path), page) for one, page in said if page for path in _paths(one, "POST")]

    @cached_property
    def _statuses(self) -> Mapping[str, int]:
        return {"": OTHERWISE, **{start: status for noun in self.nouns for start, status in noun.statuses.items()}}


def _names(noun: Noun) -> dict[str, str]:
    """What the earnings of a noun are called, and what a draw counts of them."""
    called = {f"earning.{one.code}": one.name for one in noun.earnings}
    for one in noun.earnings:
        called |= {f"earning.{one.code}.{tally}": counted for tally, counted in one.tallies.items()}
    return called


def _guarded(handlers: Iterable[ControllerRouterHandler]) -> set[str]:
    """The permissions that guards of these handlers ask for."""
    guards = (guard for handler in handlers for guard in getattr(handler, "guards", None) or ())
    return {guard.permission for guard in guards if hasattr(guard, "permission")}


_FREE: Final = {"path}": ".+", "str}": "[^/]+", "uuid}": "[0-9A-Fa-f-]{32,36}"}
"""What a parameter of a routed path matches, by its type."""


def _paths(handler: ControllerRouterHandler, method: str) -> set[str]:
    """The addresses at which a handler answers a method."""
    found: set[str] = handler.paths if method in getattr(handler, "http_methods", ()) else set()  # type: ignore[union-attr]
    return found


def _address(path: str) -> re.Pattern[str]:
    """What a routed path matches: one segment for a parameter, or all that follows for one of type path."""
    parts = re.split(r"(\{\w+:\w+\})", path)
    return re.compile("".join(_FREE.get(part.partition(":")[2], re.escape(part)) for part in parts))
