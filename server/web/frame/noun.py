"""What a noun declares to the shells: its pages, doors, words and whatever else they need to know of it.

One frozen `Noun` stands beside a noun's pages (server/web/NOUN/noun.py), and server/web/nouns.py lists them all.
Nothing registers itself, and nothing is discovered.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from litestar.types import ASGIApp, ControllerRouterHandler

from rewards.ledger.earnings import Earning
from rewards.members.rules import Duty
from server.runtime.resources import Resources
from server.web.frame.asked import Asked
from server.web.frame.live import Remaining, Topic
from server.web.frame.runs import Run

Group = Literal["now", "programme", "rewards", "organisation"]
"""Groups of the desk's menu, in this order."""

Tab = Literal["today", "take_part", "boards", "rewards", "me"]
"""Tabs of the phone's bar, in this order."""

Page = Literal["desk.today", "phone.today", "phone.take_part", "phone.rewards"]
"""Pages made of what several nouns bring."""

Section = Literal["", "now", "waiting", "coming"]
"""Sections of the desk's Today; other pages have none."""

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Door:
    """A page in the desk's menu. `permission` opens it; `place` orders the doors of a group."""

    address: str
    label: str
    icon: str
    permission: str
    group: Group
    place: int


@dataclass(frozen=True, slots=True)
class Way:
    """Pages of the phone at `address` and below belong to `tab`."""

    tab: Tab
    address: str


@dataclass(frozen=True, slots=True)
class Part:
    """A template that shows some of a card's facts, by `order` among what others bring; it may show nothing."""

    order: int
    template: str
    section: Section = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a noun brings to a page that belongs to nobody alone. `facts`, asked once, are given to all its parts."""

    page: Page
    facts: Callable[[Asked], Awaitable[Facts]]
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do before a new Laurel is in use, in the order of `order`.

    `done` says whether it is. Who holds `permission` is led to `address` by `action`; others read `otherwise`.
    """

    order: int
    label: str
    permission: str
    address: str
    action: str
    otherwise: str
    done: Callable[[Asked], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Area:
    """Codes of the audit trail that begin with `code` and a point; `label` names them in the filter.

    `link` gives (address, text) for a line's subject and details, text "" for the label's own word; None: no page.
    `named`: detail -> what gives (address, text) for each of its values, address "" where there is no page; what names
    nothing any more is left out.
    """

    code: str
    label: str
    link: Callable[[str, Mapping[str, Any]], tuple[str, str] | None] | None = None
    named: Mapping[str, Callable[[Asked, Collection[str]], Awaitable[Mapping[str, tuple[str, str]]]]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was looked for: its page, what it is called, and what tells it from others of that name."""

    address: str
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finder:
    """Things of a noun that the desk's find field finds, under `label` and in the order of `order`.

    `find` gives at most so many for a text of 1 to 100 characters on one line, the likeliest first; one statement, and
    whoever asks holds `permission`. `more` is the noun's own list with that search.
    """

    order: int
    label: str
    permission: str
    find: Callable[[Asked, str, int], Awaitable[Sequence[Found]]]
    more: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a screen can show of a noun under `KIND:ID`.

    `label` says what it is, with %(title)s; `address`/ID is its page at the desk. `version` changes with what is shown
    of it, None: there is no such thing. `render` gives the fragment for a locale and the milliseconds left at the
    moment it is sent. `live` gives what may be shown now without being asked for, and at least whatever ended since the
    given moment; screens choose among all kinds. `runs` gives the same of things by their id, without those that do not
    exist. `choices` lists what an organiser may point a screen at, the newest first; `titles` names things by their id
    and leaves out what does not exist. `counters` gives numbers that change without a new drawing.
    """

    kind: str
    label: str
    address: str
    version: Callable[[UUID, datetime], Awaitable[str | None]]
    render: Callable[[UUID, str], Awaitable[tuple[str, Remaining | None]]]
    live: Callable[[datetime], Awaitable[Sequence[Run]]]
    runs: Callable[[Sequence[UUID]], Awaitable[Sequence[Run]]]
    choices: Callable[[], Awaitable[Sequence[tuple[UUID, str]]]]
    titles: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, str]]]
    counters: Callable[[UUID], Awaitable[Mapping[str, object]]] | None = None


@dataclass(frozen=True, slots=True)
class Slide:
    """A part of the playlist that a screen shows while nothing is live; `boards`: also where only boards are shown.

    Its template is given its facts (None: nothing to show), `first`, `slide_seconds` and `remaining`, the
    milliseconds to the moment `until` of the facts.
    """

    order: int
    template: str
    boards: bool
    facts: Callable[[Resources, datetime], Awaitable[Facts | None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What screens may show: scenes by their kind, which are all there once every noun is open, and slides."""

    scenes: dict[str, Scene]
    slides: Sequence[Slide]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a noun holds open in a web process, and what of it the shells use.

    `own` is found again by the noun's handlers (`pages.opened`). `hears` is called with (topic, fields) of every tick.
    `shortcut` stands between the gate and the framework, for what is asked so often that the framework's part counts.
    """

    own: object
    topics: Mapping[str, Topic] = field(default_factory=dict)
    scenes: Sequence[Scene] = ()
    hears: Sequence[Callable[[str, Mapping[str, str]], None]] = ()
    stop: Callable[[], Awaitable[None]] | None = None
    shortcut: Callable[[ASGIApp], ASGIApp] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What `laurel check` found: the code of its sentence, and the values in it."""

    code: str
    details: Mapping[str, str | int]


Check = Callable[[Resources, datetime, str], Awaitable[tuple[Sequence[Difference], str]]]
"""(resources, now, where to go on: "" at the beginning) -> what does not agree in the next piece, and where to go on
("": that was all). Work under way may be among it, as it is looked at twice."""


class Device(Protocol):
    """A signed-in browser of the demo, without a window."""

    async def get(self, path: str) -> object:
        """Open a page."""

    async def post(self, path: str, fields: Mapping[str, str]) -> object:
        """Send a form."""


Play = Callable[[Resources, Device, Sequence[Device]], Awaitable[Mapping[str, object]]]
"""(resources, an organiser's desk, phones) -> what came of it, with `agrees`: whether all that was said is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """Everything that the shells need to know of a noun.

    `texts`: code -> English sentence, by part. `fields`: name of a form field -> as people read it. `statuses`: how a
    code of a refusal begins -> its HTTP status; the longest beginning counts, and 409 where there is none.
    `permissions`: permission -> the duty that it takes. `earnings`: what the noun's game pays,
    in the order in which a draw's form offers it. `plays`: what the demo plays of it;
    quizzes and draws are its show.
    """

    name: str
    handlers: Sequence[ControllerRouterHandler] = ()
    permissions: Mapping[str, Duty] = field(default_factory=dict)
    doors: Sequence[Door] = ()
    ways: Sequence[Way] = ()
    cards: Sequence[Card] = ()
    steps: Sequence[Step] = ()
    slides: Sequence[Slide] = ()
    finders: Sequence[Finder] = ()
    texts: Sequence[Mapping[str, str]] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    areas: Sequence[Area] = ()
    opens: Callable[[Resources, Shown], Opened] | None = None
    earnings: Sequence[Earning] = ()
    checks: Sequence[Check] = ()
    plays: Play | None = None
