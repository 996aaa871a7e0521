"""Office screens: set one up, point it at something, hand on its link, withdraw it."""

from datetime import timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from games.quizzes import queries as quizzes
from rewards.draws import queries as draws
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web import guards, pages
from server.web.desk.navigation import desk_page
from server.web.pages import Asked
from server.web.screen import screens
from server.web.screen.screens import ScreenRow

ON = timedelta(minutes=2)
"""A screen that was seen within this time is on."""


@get("/desk/screens", guards=[guards.may("screens.read")])
async def list_screens(request: Asked) -> Response[bytes]:
    """Every screen, what it shows and whether it is on."""
    return await _list(request)


async def _list(request: Asked, status: int = 200, problem: str = "", name: str = "") -> Response[bytes]:
    found = await screens.screens()
    return desk_page(
        request,
        "desk/screens.html",
        status,
        screens=[screen for screen in found if screen.revoked_at is None],
        revoked=[screen for screen in found if screen.revoked_at is not None],
        titles=await _titles(found),
        on_since=clock.now() - ON,
        problem=problem,
        name=name,
    )


async def _titles(found: list[ScreenRow]) -> dict[str, str]:
    """What "room:ID" and "draw:ID" are called, for those that a screen shows."""
    titles = {}
    for shows in {screen.shows for screen in found}:
        kind, _, identity = shows.partition(":")
        if kind == "room":
            room = await quizzes.room(UUID(identity))
            titles[shows] = f"{room.title} ({room.code})" if room else ""
        elif kind == "draw":
            draw = await draws.draw(UUID(identity))
            titles[shows] = draw.title if draw else ""
    return titles


@post("/desk/screens", guards=[guards.may("screens.change")])
async def add_screen(request: Asked) -> Response[bytes]:
    """A screen that shows what is live; a wrong name is said beside the form."""
    form = await pages.form(request)
    name = form.text("name", most=1000)
    try:
        made = await screens.add_screen(name, actor=pages.signed_in(request).id, now=clock.now(), new_id=new_id)
    except Refusal as refusal:
        words = pages.sentence(refusal.code, refusal.details, pages.locale(request))
        return await _list(request, 400, words, name)
    return pages.go(request, f"/desk/screens/{made}", said="desk.screen_added")


@get("/desk/screens/{screen_id:uuid}", guards=[guards.may("screens.read")])
async def show_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """One screen: its link, its name, what it shows."""
    screen = await screens.screen(screen_id)
    if screen is None:
        raise Refusal("screen.unknown")
    changes = "screens.change" in pages.signed_in(request).may and screen.revoked_at is None
    choices = [(f"room:{room.id}", f"{room.title} ({room.code})") for room in await quizzes.rooms(live=True)]
    draw_choices = [(f"draw:{draw.id}", draw.title) for draw in await draws.draws(20) if draw.state != "cancelled"]
    return desk_page(
        request,
        "desk/screen.html",
        screen=screen,
        titles=await _titles([screen]),
        changes=changes,
        link=screens.screen_link(pages.house(request).resources.settings, screen_id) if changes else "",
        rooms=choices,
        draws=draw_choices,
        on=screen.seen_at is not None and screen.seen_at > clock.now() - ON,
    )


@post("/desk/screens/{screen_id:uuid}", guards=[guards.may("screens.change")])
async def change_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """Its name and what it shows; whatever the form leaves out stays."""
    form, actor, now = await pages.form(request), pages.signed_in(request).id, clock.now()
    name, shows = form.text("name", most=1000), form.text("shows", most=60)
    if name:
        await screens.rename(screen_id, name, actor=actor, now=now)
    if shows:
        await screens.point(pages.house(request).redis, screen_id, shows, actor=actor, now=now)
    return pages.go(request, f"/desk/screens/{screen_id}", said="desk.screen_changed")


@post("/desk/screens/{screen_id:uuid}/revoke", guards=[guards.may("screens.change")])
async def revoke_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """The link works no more, for good."""
    await pages.form(request)
    await screens.revoke(pages.house(request).redis, screen_id, actor=pages.signed_in(request).id, now=clock.now())
    return pages.go(request, "/desk/screens", said="desk.screen_revoked")


HANDLERS = [list_screens, add_screen, show_screen, change_screen, revoke_screen]
