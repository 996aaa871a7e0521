"""The second word on what somebody else has begun: a winner who goes, a log from a hall, calling the draw off."""

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.queries import DrawRow
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import claim_code, new_id
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.pages import Form


@get("/draws/{slug:str}/second", guards=[guards.signed_in])
async def show_second(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """What waits for the word of a second person, for those who may give it."""
    return await _page(request, await _mine(request, slug))


@post("/draws/{slug:str}/second", guards=[guards.own_code])
async def say_second(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The second word, or that the draw is not to be called off after all."""
    draw, form = await _mine(request, slug), await pages.form(request)
    wish = form.text("do", most=12)
    try:
        said = await _say(request, draw, form, wish)
    except Refusal as refusal:
        if refusal.code == "web.bad_input":
            raise
        return await _page(request, draw, 422, pages.said(request, refusal))
    return pages.go(request, f"/draws/{slug}/second", said=said)


async def _say(request: Asked, draw: DrawRow, form: Form, wish: str) -> str:
    redis, me, now = pages.process(request).redis, pages.signed_in(request).id, clock.now()
    if wish == "off":
        await actions.confirm_cancel(redis, draw.id, actor=me, now=now, new_id=new_id)
        return "draw.said_cancelled"
    if wish == "keep":
        await actions.keep(redis, draw.id, actor=me, now=now)
        return "draw.said_kept"
    if wish == "log":
        typed = form.text("code", most=40)
        brought = await actions.confirm_log(
            redis, draw.id, typed, actor=me, now=now, new_id=new_id, new_code=claim_code
        )
        return f"draw.second.log_{brought.verdict}"
    reason = "" if wish == "absent" else wish
    at = (
        form.text("prize", most=32),
        form.number("slot", least=0, most=2**31),
        form.number("attempt", least=0, most=2**31),
    )
    done = await actions.confirm_absence(
        redis, draw.id, *at, reason, actor=me, now=now, new_id=new_id, new_code=claim_code
    )
    return "draw.said_absence_confirmed" if done.logged is None else "draw.said_absence_written"


async def _page(request: Asked, draw: DrawRow, status: int = 200, problem: str = "") -> Response[bytes]:
    venue = await queries.venue(draw.id)
    return pages.page(
        request,
        "draws/phone/draw_second.html",
        status,
        draw=draw,
        doubts=() if venue is None else venue.doubts,
        names={} if venue is None else {(one.prize, one.slot, one.attempt): one.name for one in venue.places},
        prizes={prize.code: prize.name for prize in await queries.prizes(draw.id)},
        off=await queries.calling_off(draw.id),
        logs=await queries.waiting_logs(draw.id),
        problem=problem,
        say=pages.speaker(request),
    )


async def _mine(request: Asked, slug: str) -> DrawRow:
    """The draw, for whoever may give a second word in it; Refusal draw.no_second to anybody else."""
    draw = await queries.draw_by_slug(slug)
    if draw is None:
        raise Refusal("draw.unknown")
    if not await queries.may_second(draw.id, pages.signed_in(request).id):
        raise Refusal("draw.no_second")
    return draw


HANDLERS = [show_second, say_second]
