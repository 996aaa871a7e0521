"""The stage at the desk: on the office screens or off them, and the operator's own window with the show."""

import asyncio
from collections import OrderedDict
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import queries, rules
from rewards.draws.queries import DrawRow, Venue
from server.runtime import clock
from server.web.draws.desk import find_draw
from server.web.draws.screen import stage
from server.web.draws.screen.deck import Facts, Words, deck, samples
from server.web.draws.screen.pool import Crowd, crowd
from server.web.frame import guards, html, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.screen import build

MOST_CROWDS: Final = 2
"""Lists of draws whose pool this process keeps; one has some megabytes."""


@post("/desk/draws/{draw_id:uuid}/stage", guards=[guards.may("draws.draw")])
async def put_on_stage(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Show the draw on the screens, or (off=1) no longer."""
    form = await pages.form(request)
    await find_draw(draw_id)
    redis = pages.process(request).redis
    if form.text("off", most=1):
        await stage.take_off_screens(redis, draw_id)
        return pages.go(request, f"/desk/draws/{draw_id}", said="draw.off_screens")
    await stage.show_on_screens(redis, draw_id, now=clock.now())
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.on_screens")


@get("/desk/draws/{draw_id:uuid}/stage", guards=[guards.may("draws.read")])
async def open_stage(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The stage in a window of its own, for the projector's computer."""
    shown, log, lines = await _look(request, draw_id)
    return pages.page(
        request,
        "draws/desk/stage.html",
        values=_picture(shown),
        address=f"/desk/draws/{draw_id}",
        log=log,
        upto=lines,
        may_draw="draws.draw" in pages.signed_in(request).may,
    )


@get("/desk/draws/{draw_id:uuid}/stage/now", guards=[guards.may("draws.read")])
async def look_at_stage(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """For that window: nothing as long as it shows what is, else the present picture."""
    redis = pages.process(request).redis
    if await stage.stage_version(redis, draw_id, clock.now()) == request.query_params.get("seen", ""):
        return Response(b"", status_code=204)
    shown, log, lines = await _look(request, draw_id)
    text = html.render_block("draws/screen/stage.html", "state", pages.locale(request), **_picture(shown))
    headers = {
        "x-laurel-seen": shown.seen,
        "x-laurel-log": log,
        "x-laurel-upto": str(lines),
        "x-laurel-hidden": str(shown.hidden),
        "cache-control": "no-store",
    }
    return Response(text.encode(), media_type="text/html", headers=headers)


@get("/desk/draws/{draw_id:uuid}/stage/deck", guards=[guards.may("draws.read")])
async def send_deck(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The scenes of the show, made from what is written down (JSON; see screen/deck.py), and how far it was shown."""
    draw = await find_draw(draw_id)
    facts = await _facts(request, draw)
    made: dict[str, Any] = await asyncio.to_thread(deck, facts, _words(request))
    made["shown"] = await stage.shown_up_to(pages.process(request).redis, draw_id)
    headers = {"cache-control": "no-store"}
    # In JSON `<` occurs in strings alone; written so, no browser can ever take a name for markup.
    content = msgspec.json.encode(made).replace(b"<", b"\\u003c")
    return Response(content, media_type="application/json", headers=headers)


@post("/desk/draws/{draw_id:uuid}/stage/shown", guards=[guards.may("draws.draw")])
async def note_shown(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The hall has seen the winners up to a line of the log, or they are released: office screens may show as much."""
    form = await pages.form(request)
    venue = await queries.venue((await find_draw(draw_id)).id)
    upto = min(form.number("upto", least=0, most=2**31), 0 if venue is None else len(venue.events))
    await stage.show_up_to(pages.process(request).redis, draw_id, upto)
    return pages.go(request, f"/desk/draws/{draw_id}/stage")


async def _look(request: Asked, draw_id: UUID) -> tuple[stage.Stage, str, int]:
    """The picture; what names the draw's state and log; and how many lines the log has."""
    process = pages.process(request)
    url = process.resources.settings.public_url
    shown = await stage.stage_facts(process.redis, draw_id, public_url=url, now=clock.now())
    venue = await queries.venue(draw_id)
    lines = 0 if venue is None else len(venue.events)
    return shown, f"{shown.draw.state}-{lines}", lines


def _picture(shown: stage.Stage) -> dict[str, object]:
    """What the block of a picture needs."""
    left = 0 if shown.called is None else shown.called.left(clock.now())
    return {"stage": shown, "remaining": left, "build": build()}


def _words(request: Asked) -> Words:
    locale = pages.locale(request)

    def say(key: str, /, **details: object) -> str:
        return pages.sentence(request, key, details)

    return Words(say, lambda value: i18n.format_number(value, locale))


async def _facts(request: Asked, draw: DrawRow) -> Facts:
    venue = await queries.venue(draw.id)
    prizes = await queries.prizes(draw.id)
    settings = pages.process(request).resources.settings
    made = None if venue is None else await _crowd(venue)
    return Facts(
        draw=draw,
        organisation=settings.organisation,
        address="" if draw.rehearses is not None else f"{settings.public_url}/draws/{draw.slug}",
        prizes=prizes,
        venue=venue,
        crowd=made,
        names={} if venue is None or made is None else await _names(draw, venue, made),
        pictures={one.code: f"/desk/draws/{draw.id}/prizes/{one.code}/picture" for one in prizes if one.has_picture},
        why=await stage.why_off(draw, venue),
    )


_crowds: OrderedDict[str, Crowd] = OrderedDict()


async def _crowd(venue: Venue) -> Crowd:
    """The list as it stands, kept from the arm on, when it cannot change any more."""
    key = venue.events[0].text if venue.events else ""
    if key in _crowds:
        return _crowds[key]
    made = await asyncio.to_thread(_counted, venue.manifest, await queries.draw_lists(venue.draw))
    if key:
        _crowds[key] = made
        while len(_crowds) > MOST_CROWDS:
            _crowds.popitem(last=False)
    return made


def _counted(manifest: rules.Manifest, files: queries.DrawLists) -> Crowd:
    voids, present = rules.parse_voids(files.voids, manifest.n), rules.parse_present(files.present, manifest.n)
    return crowd(rules.parse_snapshot(files.snapshot), voids, present)


async def _names(draw: DrawRow, venue: Venue, made: Crowd) -> dict[int, str]:
    """Line -> name as the draw shows it, of the lines that roll by."""
    lines = {line for some in samples(venue, made).values() for line in some}
    return await queries.names_of_lines(draw.id, lines, draw.shown_names)


HANDLERS = [put_on_stage, open_stage, look_at_stage, send_deck, note_shown]
