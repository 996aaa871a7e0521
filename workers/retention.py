"""What is kept no longer than the organisation wants."""

import logging

from rewards.draws import actions, queries
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.retention")


async def forget_draws(house: Resources) -> int:
    """Forget who stood behind the lines of draws that ended long enough ago; how many draws."""
    years = house.settings.draw_retention_years
    if not years:
        return 0
    at = now()
    # The 29th of February is kept until the 1st of March.
    day = 28 if (at.month, at.day) == (2, 29) else at.day
    before = at.replace(year=at.year - years, day=day)
    forgotten = 0
    for draw_id in await queries.ended_draws(before):
        forgotten += await actions.forget_draw(draw_id, ended_before=before, now=at)
    if forgotten:
        log.info("draws.forgotten count=%s", forgotten)
    return forgotten
