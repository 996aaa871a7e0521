"""What waits for somebody because the machine's clock was set."""

from rewards.clocks.queries import stepped
from server.runtime import clock
from server.web.frame.asked import Asked
from server.web.frame.noun import Card, Part


async def _clocks(request: Asked) -> dict[str, object]:
    return {"clocks": await stepped(clock.now())}


CARDS = (Card("desk.today", _clocks, (Part(5, "today/desk/today_waiting.html", "waiting"),)),)
