"""What draws bring to pages that belong to nobody alone."""

from rewards.draws import queries
from rewards.draws.queries import DrawRow
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Card, Part, Step

COMING = 5
HELD = 5


async def _at_the_desk(request: Asked) -> dict[str, object]:
    return {
        "draws": await queries.coming(COMING),
        "unclaimed": await _unclaimed(),
        "seconds": await queries.waiting_for_a_second(),
    }


async def _unclaimed() -> list[tuple[DrawRow, int]]:
    """The latest draws that were held, with how many prizes are not handed over yet; none at 0."""
    held = await queries.past(HELD)
    left = await queries.left_to_claim([one.id for one in held])
    return [(one, left[one.id]) for one in held if one.id in left]


async def _mine(request: Asked) -> dict[str, object]:
    """My tickets in what is coming, and the prizes that I have not fetched."""
    me = pages.signed_in(request)
    wins = [win for win in await queries.wins_of(me.id) if win.claimed_at is None]
    return {"tickets": await queries.my_tickets(me.id), "wins": wins, "standing_by": await queries.witness_of(me.id)}


async def _has_draw(request: Asked) -> bool:
    return bool(await queries.draws(limit=1))


CARDS = (
    Card(
        "desk.today",
        _at_the_desk,
        (Part(20, "draws/desk/today_waiting.html", "waiting"), Part(20, "draws/desk/today_coming.html", "coming")),
    ),
    Card("phone.today", _mine, (Part(10, "draws/phone/won.html"), Part(60, "draws/phone/today_next.html"))),
    Card("phone.rewards", _mine, (Part(10, "draws/phone/won.html"), Part(20, "draws/phone/tickets.html"))),
)
STEPS = (
    Step(
        70,
        _("A first draw"),
        "draws.change",
        "/desk/draws/new",
        _("Plan a draw"),
        _("An organiser plans a draw."),
        _has_draw,
    ),
)
