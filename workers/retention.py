"""What is kept no longer than the organisation wants."""

import logging

from rewards.draws import actions, queries
from rewards.outbox import actions as outbox
from rewards.outbox.rules import DONE_KEPT
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.retention")

AT_ONCE = 1000
"""Pieces of work that one statement forgets."""


async def forget_work() -> int:
    """Forget what was done long ago; how many pieces of work."""
    before, forgotten = now() - DONE_KEPT, 0
    while count := await outbox.forget(done_before=before, limit=AT_ONCE):
        forgotten += count
    if forgotten:
        log.info("work.forgotten count=%s", forgotten)
    return forgotten


async def forget_draws(resources: Resources) -> int:
    """Forget who stood behind the lines of draws that ended long enough ago; how many draws."""
    years = resources.settings.draw_retention_years
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
