"""Me: where my points come from, how boards name me, how this device shows things, and where I am signed in."""

from litestar import Response, get, post

from rewards.ledger import queries as ledger
from rewards.members import actions, queries
from rewards.members.queries import Person
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.sessions import ref_of
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.members import cards
from server.web.members.phone.sign_in import YEAR, back, sign_in_limits

LATEST = 5
PAGE = 30


@get("/me", guards=[guards.signed_in])
async def show_me(request: Asked) -> Response[bytes]:
    """Points that add up, and all that I can choose."""
    return await _page(request)


async def _page(request: Asked, status: int = 200, problem: str = "", alias: str | None = None) -> Response[bytes]:
    process, me = pages.process(request), pages.signed_in(request)
    season = await ledger.season_of(process.today())
    person = await _person(request)
    return pages.page(
        request,
        "members/phone/me.html",
        status,
        person=person,
        season=season,
        sources=[] if season is None else await ledger.points_by_source(me.id, season.id),
        honour=await ledger.balance(me.id, "honour"),
        spend=await ledger.balance(me.id, "spend"),
        lines=await ledger.statement(me.id, LATEST),
        devices=len(await process.sessions.list(me.id)),
        problem=problem,
        alias=person.alias if alias is None else alias,
        say=pages.speaker(request),
    )


async def _person(request: Asked) -> Person:
    found = await queries.member(pages.signed_in(request).id)
    if found is None:
        raise Refusal("members.unknown")
    return found


@get("/me/points", guards=[guards.signed_in])
async def show_points(request: Asked) -> Response[bytes]:
    """Every posting, newest first, a page at a time; all pages together add up to the balances."""
    me = pages.signed_in(request)
    given = request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
    found = await ledger.statement(me.id, PAGE + 1, before)
    lines = found[:PAGE]
    return pages.page(
        request,
        "members/phone/me_points.html",
        lines=lines,
        older=lines[-1].sequence if len(found) > PAGE else None,
        newest=before is None,
        honour=await ledger.balance(me.id, "honour"),
        spend=await ledger.balance(me.id, "spend"),
        say=pages.speaker(request),
    )


@post("/me/alias", guards=[guards.signed_in])
async def set_alias(request: Asked) -> Response[bytes]:
    """Boards show the alias in place of the name, or the name again."""
    form = await pages.form(request)
    alias, shows = form.text("alias", most=100), bool(form.text("shows"))
    try:
        await actions.set_alias(pages.signed_in(request).id, alias, shows, now=clock.now())
    except Refusal as refusal:
        words = pages.said(request, refusal)
        return await _page(request, 409, words, alias)
    return pages.go(request, "/me", said="phone.alias_shown" if shows else "phone.name_shown")


@post("/me/text-size", guards=[guards.signed_in])
async def set_text_size(request: Asked) -> Response[bytes]:
    """For this device."""
    form = await pages.form(request)
    size = form.text("size", most=20)
    if size not in pages.TEXT_SIZES:
        raise Refusal("phone.text_size_unknown")
    answer = pages.go(request, back(form, "/me"), said="phone.text_size_set")
    answer.headers["set-cookie"] = pages.process(request).gate.cookie(pages.TEXT_SIZE, size, YEAR)
    return answer


# Devices


@get("/me/devices", guards=[guards.signed_in])
async def show_devices(request: Asked) -> Response[bytes]:
    """Where I am signed in, last seen first."""
    me = pages.signed_in(request)
    here = request.scope["state"]["session_id"]
    found = await pages.process(request).sessions.list(me.id, current=here)
    ways = await queries.told(me.id, clock.now() - queries.TOLD_FOR, ref=ref_of(here), limit=PAGE)
    strange = await sign_in_limits(request).strange((await _person(request)).staff_number)
    return pages.page(request, "members/phone/sessions.html", devices=found, ways=ways, strange=strange)


@post("/me/devices/seen", guards=[guards.signed_in])
async def mark_told(request: Asked) -> Response[bytes]:
    """What was told so far is known; on this device alone, so that nobody dismisses it for another."""
    await pages.form(request)
    answer = pages.go(request, "/")
    seen = clock.now().isoformat()
    answer.headers["set-cookie"] = pages.process(request).gate.cookie(cards.TOLD, seen, YEAR)
    return answer


@post("/me/devices/end", guards=[guards.signed_in])
async def end_device(request: Asked) -> Response[bytes]:
    """Sign out one of my devices, or (without a `ref`) all but this one."""
    form, me = await pages.form(request), pages.signed_in(request)
    sessions = pages.process(request).sessions
    ref = form.text("ref", most=40)
    if ref:
        ended = await sessions.end_one(me.id, ref)
        return pages.go(request, "/me/devices", said="phone.device_ended" if ended else "phone.device_gone")
    await sessions.end_all(me.id, but=request.scope["state"]["session_id"])
    return pages.go(request, "/me/devices", said="phone.devices_ended")


HANDLERS = [show_me, show_points, set_alias, set_text_size, show_devices, mark_told, end_device]
