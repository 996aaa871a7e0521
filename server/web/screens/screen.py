"""The screen's page, its stream, and what it asks for when the stream is cut. No login: the link is all it has."""

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from markupsafe import Markup

from rewards.refusals import Refusal
from server.runtime import clock
from server.web.frame import html, pages
from server.web.frame.asked import Asked
from server.web.frame.i18n import LOCALES
from server.web.frame.live import Channel, EventStream
from server.web.frame.screen import build
from server.web.screens import actions, links, queries
from server.web.screens.panels import Screens
from server.web.screens.queries import ScreenRow

THEMES = ("light", "dark")


def _screens(request: Asked) -> Screens:
    found: Screens = pages.opened(request, "screens")
    return found


def language_of(request: Asked) -> str:
    """`?lang=`, else the organisation's: whoever set the panel up chose no language for those who look at it."""
    wanted = request.query_params.get("lang", "")
    return wanted if wanted in LOCALES else pages.process(request).resources.settings.language


async def _screen(request: Asked, key: str) -> ScreenRow | None:
    screen_id = links.screen_of(pages.process(request).resources.settings, key)
    return None if screen_id is None else await queries.screen(screen_id)


def theme_of(request: Asked) -> str:
    """`?theme=`: light or dark; "" for what the browser has."""
    wanted = request.query_params.get("theme", "")
    return wanted if wanted in THEMES else ""


def _page(request: Asked, status: int, **values: object) -> Response[bytes]:
    shown = pages.context(request, theme=theme_of(request), **values)
    text = html.render("screens/screen/screen.html", language_of(request), **shown)
    return Response(text.encode(), status_code=status, media_type="text/html")


def _refused(request: Asked, screen: ScreenRow | None) -> Response[bytes]:
    """The calm page of a link that we did not make, or that was withdrawn."""
    if screen is None:
        return _page(request, 404, why="unknown", live="", poll="")
    return _page(request, 410, why="withdrawn", live="", poll="")


@get("/screen/{key:str}", opt={"open": True})
async def show_screen(request: Asked, key: FromPath[str]) -> Response[bytes]:
    """The page for a panel on the wall; it keeps itself up to date from then on."""
    screen = await _screen(request, key)
    if screen is None or screen.revoked_at is not None:
        return _refused(request, screen)
    await actions.note_seen([screen.id], clock.now())
    language = language_of(request)
    _, picture = await _screens(request).now(pages.process(request).hub, screen, language)
    here = f"/screen/{links.key_of(pages.process(request).resources.settings, screen.id)}"
    return _page(
        request,
        200,
        why="",
        live=f"{here}/live?lang={language}",
        poll=f"{here}/state?lang={language}",
        shown=picture.version,
        picture=Markup(picture.text()),  # noqa: S704 - rendered by our own templates, escaped there
        build=build(),
    )


@get("/screen/{key:str}/state", opt={"open": True})
async def poll_screen(request: Asked, key: FromPath[str]) -> Response[bytes]:
    """For a screen whose stream is cut: the present fragment, or 304; the counters travel in a header."""
    screen = await _screen(request, key)
    if screen is None or screen.revoked_at is not None:
        return _refused(request, screen)
    await actions.note_seen([screen.id], clock.now())
    language, shown = language_of(request), _screens(request)
    sight, picture = await shown.now(pages.process(request).hub, screen, language)
    counts = await shown.counted(sight)
    headers = {"X-Laurel-Count": msgspec.json.encode(counts).decode()} if counts else {}
    return pages.unless_known(request, f"{picture.version}-{language}", picture.text(), headers)


@get("/screen/{key:str}/live", opt={"open": True})
async def follow_screen(request: Asked, key: FromPath[str]) -> EventStream:
    """The screen's one event stream."""
    screen = await _screen(request, key)
    if screen is None:
        raise Refusal("screen.unknown")
    if screen.revoked_at is not None:
        raise Refusal("screen.revoked_already")
    whose = pages.stream_of(request, screen.id)
    hub, shown, language = pages.process(request).hub, _screens(request), language_of(request)

    async def first() -> bytes:
        sight, picture = await shown.now(hub, await queries.screen(screen.id) or screen, language)
        return picture.frame() + await shown.count(sight)

    return EventStream(hub, Channel(f"screen:{screen.id}", "screen", language), None, first, whose=whose)


HANDLERS = [show_screen, poll_screen, follow_screen]
