"""The pages that belong to nobody alone: the start, what one can take part in, what points can bring."""

from litestar import Response, get

from server.web.frame import guards, pages
from server.web.frame.asked import Asked


@get("/", opt={"open": True})
async def show_today(request: Asked) -> Response[bytes]:
    """Mine at a glance; for whoever is not signed in, the door, with a code that no room has (`?code=`)."""
    if pages.me(request) is None:
        code = request.query_params.get("code", "")[:20]
        problem = pages.sentence(request, "room.unknown") if code else ""
        return pages.page(request, "today/phone/today.html", code=code, problem=problem)
    return pages.page(request, "today/phone/today.html", brought=await pages.brought(request, "phone.today"))


@get("/play", guards=[guards.signed_in])
async def show_open(request: Asked) -> Response[bytes]:
    """Everything that is open for me."""
    return pages.page(request, "today/phone/take_part.html", brought=await pages.brought(request, "phone.take_part"))


@get("/rewards", guards=[guards.signed_in])
async def show_rewards(request: Asked) -> Response[bytes]:
    """My tickets and prizes."""
    return pages.page(request, "today/phone/rewards.html", brought=await pages.brought(request, "phone.rewards"))


HANDLERS = [show_today, show_open, show_rewards]
