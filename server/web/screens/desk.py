"""Office screens: set one up, pair it with a wall, point it at something, hand on its link, withdraw it."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.audit.queries import AuditLine
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.forms import Typed
from server.web.frame.i18n import mark as _
from server.web.frame.pages import Form
from server.web.frame.records import Undo
from server.web.screens import actions, links, pairing, queries
from server.web.screens.queries import ScreenRow
from server.web.screens.walls import scenes, shown, titles, walls

HEAD = (_("Screen"), _("Shows"), _("Set up on"), _("Withdrawn on"))
BESIDE = {
    "screen.name_missing": "name",
    "screen.name_long": "name",
    "screen.shows_unknown": "shows",
    "screen.code_unknown": "code",
}
"""Refusals that are said beside a field of the form."""
NEW = "name", "shows", "code"
"""Fields of a new screen."""


@get("/desk/screens", guards=[guards.may("screens.read")])
async def list_screens(request: Asked) -> Response[bytes]:
    """Every screen, what it shows and whether it is on; the form for a new one is empty, or like the screen that the
    address names as `like`."""
    like = asked_for(request).text("like", most=40)
    typed = Typed(request, Form({"shows": [(await _screen(pages.uuid_of(like))).shows if like else ""]}), *NEW)
    return await _list(request, typed)


@get("/desk/screens/export/{kind:str}", guards=[guards.may("screens.read")])
async def export_screens(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """Every screen as a file; its link is a secret and stays here."""
    words = i18n.translator(pages.locale(request))
    found = await queries.screens()
    said = await titles(request, {screen.shows for screen in found})
    rows = [
        (
            screen.name,
            said[screen.shows],
            pages.process(request).resources.day_of(screen.created_at).isoformat(),
            "" if screen.revoked_at is None else pages.process(request).resources.day_of(screen.revoked_at).isoformat(),
        )
        for screen in found
    ]
    return await records.table(kind, "screens", [[words.text(heading) for heading in HEAD], *rows])


async def _screen(screen_id: UUID) -> ScreenRow:
    found = await queries.screen(screen_id)
    if found is None:
        raise Refusal("screen.unknown")
    return found


async def _list(request: Asked, typed: Typed) -> Response[bytes]:
    found = await queries.screens()
    return desk_page(
        request,
        "screens/desk/screens.html",
        400 if typed.problems else 200,
        walls=await walls(request, [screen for screen in found if screen.revoked_at is None]),
        revoked=[screen for screen in found if screen.revoked_at is not None],
        wall_address=pages.process(request).resources.settings.public_url.partition("://")[2] + "/screen",
        given=typed.values,
        problems=typed.problems,
    )


def undoes(line: AuditLine) -> Undo | None:
    """What takes the last change of a screen back; a withdrawn link is withdrawn for good."""
    if line.code == "screen.added":
        return Undo(f"/desk/screens/{line.subject}/remove")
    if line.code != "screen.renamed":
        return None
    return Undo(f"/desk/screens/{line.subject}", {"name": str(line.details["before"])})


@post("/desk/screens", guards=[guards.may("screens.change")])
async def add_screen(request: Asked) -> Response[bytes]:
    """A screen that shows what is live, or what another does, at once on the wall whose characters came with it. What
    is wrong is said beside its field."""
    form, me = await pages.form(request), pages.signed_in(request).id
    typed = Typed(request, form, *NEW)
    name, shows, code = (typed.values[field] for field in NEW)
    try:
        browser = await pairing.browser_of(request, code) if code else None
        made = await actions.add_screen(
            name, shows or actions.AUTO, scenes(request), actor=me, now=clock.now(), new_id=new_id, browser=browser
        )
    except Refusal as refusal:
        typed.said_beside(refusal, BESIDE)
        return await _list(request, typed)
    if browser is not None:
        await pairing.forget(pages.process(request).redis, browser)
    return pages.go(request, f"/desk/screens/{made}", said="desk.screen_paired" if code else "desk.screen_added")


async def _page(request: Asked, screen: ScreenRow, typed: Typed | None = None) -> Response[bytes]:
    changes = "screens.change" in pages.signed_in(request).may and screen.revoked_at is None
    words = i18n.translator(pages.locale(request))
    choices = [
        (f"{scene.kind}:{identity}", words.text(scene.label) % {"title": title})
        for scene in shown(request).scenes.values()
        for identity, title in await scene.choices()
    ]
    return desk_page(
        request,
        "screens/desk/screen.html",
        400 if typed else 200,
        screen=screen,
        titles=await titles(request, [screen.shows]),
        wall=next(iter(await walls(request, [screen] if screen.revoked_at is None else [])), None),
        wall_address=pages.process(request).resources.settings.public_url.partition("://")[2] + "/screen",
        changes=changes,
        link=links.screen_link(pages.process(request).resources.settings, screen.id) if changes else "",
        choices=choices,
        given={"name": screen.name, "shows": screen.shows, **(typed.values if typed else {})},
        problems=typed.problems if typed else {},
        values=await records.foot(request, screen.id, undoes),
    )


@get("/desk/screens/{screen_id:uuid}", guards=[guards.may("screens.read")])
async def show_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """One screen: its link, its name, what it shows."""
    return await _page(request, await _screen(screen_id))


@post("/desk/screens/{screen_id:uuid}", guards=[guards.may("screens.change")])
async def change_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """Its name and what it shows; whatever the form leaves out stays. What is wrong is said beside its field."""
    form, actor, now = await pages.form(request), pages.signed_in(request).id, clock.now()
    typed = Typed(request, form, "name", "shows")
    try:
        if form.all("shows"):
            shows = typed.values["shows"]
            await actions.point(pages.process(request).redis, screen_id, shows, scenes(request), actor=actor, now=now)
        if form.all("name"):
            await actions.rename(screen_id, typed.values["name"], actor=actor, now=now)
    except Refusal as refusal:
        typed.said_beside(refusal, BESIDE)
        return await _page(request, await _screen(screen_id), typed)
    return pages.go(request, f"/desk/screens/{screen_id}", said="desk.screen_changed")


@post("/desk/screens/{screen_id:uuid}/pair", guards=[guards.may("screens.change")])
async def pair_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """One more wall shows this screen, or another in the place of one that broke: that whose characters were typed."""
    form = await pages.form(request)
    typed = Typed(request, form, "code")
    try:
        browser = await pairing.browser_of(request, typed.values["code"])
        await actions.pair(screen_id, browser, actor=pages.signed_in(request).id, now=clock.now())
    except Refusal as refusal:
        typed.said_beside(refusal, BESIDE)
        return await _page(request, await _screen(screen_id), typed)
    await pairing.forget(pages.process(request).redis, browser)
    return pages.go(request, f"/desk/screens/{screen_id}", said="desk.screen_paired")


@post("/desk/screens/{screen_id:uuid}/revoke", guards=[guards.may("screens.change")])
async def revoke_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """The link works no more, for good."""
    await pages.form(request)
    await actions.revoke(pages.process(request).redis, screen_id, actor=pages.signed_in(request).id, now=clock.now())
    return pages.go(request, "/desk/screens", said="desk.screen_revoked")


@post("/desk/screens/{screen_id:uuid}/remove", guards=[guards.may("screens.change")])
async def remove_screen(request: Asked, screen_id: FromPath[UUID]) -> Response[bytes]:
    """Take back a screen that was set up by mistake."""
    await pages.form(request)
    await actions.remove(pages.process(request).redis, screen_id, actor=pages.signed_in(request).id, now=clock.now())
    return pages.go(request, "/desk/screens", said="desk.screen_removed")


HANDLERS = [
    list_screens,
    export_screens,
    add_screen,
    show_screen,
    change_screen,
    pair_screen,
    revoke_screen,
    remove_screen,
]
