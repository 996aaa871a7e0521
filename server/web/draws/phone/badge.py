"""A member's own badge for the door of a draw, as large and bright as the phone allows."""

from litestar import Response, get
from litestar.params import FromPath

from rewards.draws import queries
from rewards.draws.badges import badge_text
from rewards.refusals import Refusal
from server.web.frame import guards, pages
from server.web.frame.asked import Asked


@get("/draws/{slug:str}/badge", guards=[guards.signed_in])
async def show_own_badge(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """My QR for the door, or why I need none."""
    door = await queries.door_by_slug(slug)
    if door is None or door.state == "draft" or door.rehearsal:
        raise Refusal("draw.unknown")
    own = await queries.guest_of(door.id, pages.signed_in(request).id)
    settings = pages.process(request).resources.settings
    badge = "" if own is None else badge_text(settings.key("badge"), door.number, own.line)
    return pages.page(
        request,
        "draws/phone/draw_badge.html",
        draw=door,
        own=own,
        badge=badge,
        address=f"{settings.public_url}/here/{badge}",
        theme="light",
        say=pages.speaker(request),
    )


HANDLERS = [show_own_badge]
