"""Office screens: set one up, point it at something, hand on its link, withdraw it."""

from datetime import timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_page
from server.web.frame.noun import Shown
from server.web.screens import actions, links, queries
from server.web.screens.panels import Screens
from server.web.screens.queries import ScreenRow

ON = timedelta(minutes=2)
"""A screen that was seen within this time is on."""


@get("/desk/screens", guards=[guards.may("screens.read")])
async def list_screens(request: Asked) -> Response[bytes]:
    """Every screen, what it shows and whether it is on."""
    return await _list(request)


async def _list(request: Asked, status: int = 200, problem: str = "", name: str = "") -> Response[bytes]:
    found = await queries.screens()
    return desk_page(
        request,
        "screens/desk/screens.html",
        status,
        screens=[screen for screen in found if screen.revoked_at is None],
        revoked=[screen for screen in found if screen.revoked_at is not None],
        titles=await _titles(request, found),
        on_since=clock.now() - ON,
        problem=problem,
        name=name,
    )


async def _titles(request: Asked, found: list[ScreenRow]) -> dict[str, str]:
    """What is shown, in words, for those screens that show one thing."""
    titles: dict[str, str] = {}
    for kind, scene in _shown(request).scenes.items():
        of_kind = {screen.shows for screen in found if screen.shows.startswith(f"{kind}:")}
        named = await scene.titles([UUID(shows.partition(":")[2]) for shows in of_kind])
        label = i18n.translator(pages.locale(request)).text(scene.label)
        titles |= {shows: label % {"title": named.get(UUID(shows.partition(":")[2]), "")} for shows in of_kind}
    return titles


def _shown(request: Asked) -> Shown:
    found: Screens = pages.opened(request, "screens")
    return found.shown


@post("/desk/screens", guards=[guards.may("screens.change")])
async def add_screen(request: Asked) -> Response[bytes]:
    """A screen that shows what is live; a wrong name is said beside the form."""
    form = await pages.form(request)
    name = form.text("name", most=1000)
    try:
        made = await actions.add_screen(name, actor=pages.signed_in(request).id, now=clock.now(), new_id=new_id)
    except Refusal as refusal:
        words = pages.said(request, refusal)
        return await _list(request, 400, words, name)
    return pages.go(request, f"/desk/screens/{made}", said="desk.screen_added")


@get("/desk/screens/{screen_id:uuid}", guards=[guards.may("screens.read")])
async def show_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """One screen: its link, its name, what it shows."""
    screen = await queries.screen(screen_id)
    if screen is None:
        raise Refusal("screen.unknown")
    changes = "screens.change" in pages.signed_in(request).may and screen.revoked_at is None
    words = i18n.translator(pages.locale(request))
    choices = [
        (f"{scene.kind}:{identity}", words.text(scene.label) % {"title": title})
        for scene in _shown(request).scenes.values()
        for identity, title in await scene.choices()
    ]
    return desk_page(
        request,
        "screens/desk/screen.html",
        screen=screen,
        titles=await _titles(request, [screen]),
        changes=changes,
        link=links.screen_link(pages.house(request).resources.settings, screen_id) if changes else "",
        choices=choices,
        on=screen.seen_at is not None and screen.seen_at > clock.now() - ON,
    )


@post("/desk/screens/{screen_id:uuid}", guards=[guards.may("screens.change")])
async def change_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """Its name and what it shows; whatever the form leaves out stays."""
    form, actor, now = await pages.form(request), pages.signed_in(request).id, clock.now()
    name, shows = form.text("name", most=1000), form.text("shows", most=60)
    if name:
        await actions.rename(screen_id, name, actor=actor, now=now)
    if shows:
        titles = {kind: scene.titles for kind, scene in _shown(request).scenes.items()}
        await actions.point(pages.house(request).redis, screen_id, shows, titles, actor=actor, now=now)
    return pages.go(request, f"/desk/screens/{screen_id}", said="desk.screen_changed")


@post("/desk/screens/{screen_id:uuid}/revoke", guards=[guards.may("screens.change")])
async def revoke_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """The link works no more, for good."""
    await pages.form(request)
    await actions.revoke(pages.house(request).redis, screen_id, actor=pages.signed_in(request).id, now=clock.now())
    return pages.go(request, "/desk/screens", said="desk.screen_revoked")


HANDLERS = [list_screens, add_screen, show_screen, change_screen, revoke_screen]
