"""What each screen shows now, with "take over" and "let go", on the pages of rooms and draws and in the list."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from litestar import Response, get, post

from rewards.members import queries as members
from rewards.refusals import Refusal
from server.runtime import clock
from server.web.frame import guards, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_fragment, desk_page
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Shown
from server.web.screens import actions, queries
from server.web.screens.panels import Screens
from server.web.screens.queries import ScreenRow

ON: Final = timedelta(minutes=2)
"""A screen that was seen within this time is on."""

HERE: Final = "/desk/screens"


@dataclass(frozen=True, slots=True)
class Wall:
    """A screen and what it shows now: `words`, and its page at the desk, "" where it has none. `what`: KIND:ID, idle,
    boards. `taken_by`: the name of who has taken it over, "" for nobody; `taken_at` when. `done`: what it is set to
    and shows no more, since that is over, "" for nothing."""

    screen: ScreenRow
    on: bool
    what: str
    words: str
    address: str
    taken_by: str
    taken_at: datetime | None
    done: str


def opened(request: Asked) -> Screens:
    """The screens of this process."""
    found: Screens = pages.opened(request, "screens")
    return found


def shown(request: Asked) -> Shown:
    """What screens may show."""
    return opened(request).shown


def scenes(request: Asked) -> dict[str, actions.Titles]:
    """Kind -> what its things are called."""
    return {kind: scene.titles for kind, scene in shown(request).scenes.items()}


async def titles(request: Asked, specs: Collection[str]) -> dict[str, str]:
    """What each thing that a screen is set to is, in words."""
    words = i18n.translator(pages.locale(request))
    found = {"auto": words.text(_("What is live now")), "boards": words.text(_("Boards"))}
    for kind, scene in shown(request).scenes.items():
        of_kind = {spec for spec in specs if spec.startswith(f"{kind}:")}
        named = await scene.titles([UUID(spec.partition(":")[2]) for spec in of_kind])
        label = words.text(scene.label)
        found |= {spec: label % {"title": named.get(UUID(spec.partition(":")[2]), "")} for spec in of_kind}
    return found


async def named(request: Asked, specs: Collection[str]) -> dict[str, tuple[str, str]]:
    """The same, each with its page at the desk."""
    return {
        spec: (_back(request, spec) if ":" in spec else "", text)
        for spec, text in (await titles(request, specs)).items()
    }


async def walls(request: Asked, screens: Sequence[ScreenRow]) -> list[Wall]:
    """These screens as they are now; of those that were taken over, only where it still holds."""
    now, panels, words = clock.now(), opened(request), i18n.translator(pages.locale(request))
    wanted, sights = await panels.wanted(screens, now), await panels.sights(screens)
    seen = {
        screen: sight.kind if sight.subject is None else f"{sight.kind}:{sight.subject}"
        for screen, sight in sights.items()
    }
    said = {
        "idle": words.text(_("Boards and what comes next")),
        **await titles(request, {*seen.values(), *(screen.shows for screen in screens)}),
    }
    held = {one.id for one in screens if one.taken is not None and wanted[one.id] == one.taken}
    names = await members.labels([one.taken_by for one in screens if one.id in held and one.taken_by is not None])

    def wall(screen: ScreenRow) -> Wall:
        what, taken = seen[screen.id], screen.id in held
        kind, _colon, identity = what.partition(":")
        address = f"{panels.shown.scenes[kind].address}/{identity}" if identity else ""
        by = names.get(screen.taken_by) if taken and screen.taken_by is not None else None
        return Wall(
            screen,
            screen.seen_at is not None and screen.seen_at > now - ON,
            what,
            said[what],
            address,
            by.name if by is not None else "",
            screen.taken_at if taken else None,
            said[screen.shows] if not taken and wanted[screen.id] != screen.shows else "",
        )

    return [wall(screen) for screen in screens]


async def _part(request: Asked, of: str, seen: str = "") -> Response[bytes]:
    """The page, or for htmx its part; nothing where `seen` names what it would show."""
    found = await walls(request, [screen for screen in await queries.screens() if screen.revoked_at is None])
    told = [(one.screen.name, one.on, one.what, one.words, one.taken_by, one.taken_at, one.done) for one in found]
    mark = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
    if seen == mark:
        return Response(b"", status_code=204)
    values: dict[str, object] = {"walls": found, "of": of, "mark": mark}
    if pages.is_htmx(request):
        return desk_fragment(request, "screens/desk/walls.html", "walls", values)
    title = (await titles(request, [of])).get(of, "")
    return desk_page(request, "screens/desk/walls.html", values=values, back=_back(request, of), title=title)


def _of(request: Asked, text: str) -> str:
    """The thing whose page asks, in its one spelling, "" for none; Refusal screen.shows_unknown."""
    if not text:
        return ""
    kind, _colon, identity = text.partition(":")
    if kind not in shown(request).scenes:
        raise Refusal("screen.shows_unknown")
    return f"{kind}:{pages.uuid_of(identity)}"


def _back(request: Asked, of: str) -> str:
    kind, _colon, identity = of.partition(":")
    return f"{shown(request).scenes[kind].address}/{identity}" if identity else HERE


@get("/desk/screens/walls", guards=[guards.may("screens.read")])
async def show_walls(request: Asked) -> Response[bytes]:
    """What each screen shows now, for the page of what the address names as `of` (KIND:ID)."""
    asked = asked_for(request)
    return await _part(request, _of(request, asked.text("of", most=60)), asked.text("seen", most=40))


@post("/desk/screens/take", guards=[guards.may("screens.change")])
async def take_walls(request: Asked) -> Response[bytes]:
    """One screen, or all, show `of` until they are let go or it is over."""
    form = await pages.form(request)
    of = _of(request, form.text("of", most=60))
    wanted = await _chosen(form.text("screen", most=40))
    redis, me = pages.process(request).redis, pages.signed_in(request).id
    await actions.take_over(redis, wanted, of, scenes(request), actor=me, now=clock.now())
    return await _done(request, of)


@post("/desk/screens/let-go", guards=[guards.may("screens.change")])
async def let_walls_go(request: Asked) -> Response[bytes]:
    """One screen, or all, show again what they are set to."""
    form = await pages.form(request)
    of = _of(request, form.text("of", most=60))
    wanted = await _chosen(form.text("screen", most=40))
    redis, me = pages.process(request).redis, pages.signed_in(request).id
    await actions.let_go(redis, wanted, actor=me, now=clock.now())
    return await _done(request, of)


async def _chosen(screen: str) -> list[UUID]:
    """The screen that a form names; without one, every screen that works."""
    if screen:
        return [pages.uuid_of(screen)]
    return [one.id for one in await queries.screens() if one.revoked_at is None]


async def _done(request: Asked, of: str) -> Response[bytes]:
    if of and pages.is_htmx(request):
        return await _part(request, of)
    return pages.go(request, _back(request, of))


HANDLERS = [show_walls, take_walls, let_walls_go]
