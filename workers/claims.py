"""Prizes that nobody fetched in time: to the next alternate, or back to their funds."""

import logging
from datetime import datetime
from uuid import UUID

from rewards.draws import actions, queries
from rewards.draws.claims import CODE_LENGTH
from server.runtime.chance import human_code, new_id
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.claims")


async def expire_claims(resources: Resources, subject: str) -> None:
    """The unclaimed prizes of a draw whose time is over (subject DRAW@MOMENT)."""
    await _expire(resources, UUID(subject.partition("@")[0]), now())


async def look_for_unclaimed(resources: Resources) -> int:
    """The same for every draw, whatever was intended; how many prizes have moved on."""
    return await _expire(resources, None, now())


async def _expire(resources: Resources, draw_id: UUID | None, at: datetime) -> int:
    """One transaction a prize, so that a worker that is killed has lost none and done none twice."""
    moved = 0
    while found := await queries.overdue_claims(at, draw_id):
        done = [
            await actions.expire(resources.redis, win, now=at, new_id=new_id, new_code=lambda: human_code(CODE_LENGTH))
            for win in found
        ]
        changed = sum(one is not None for one in done)
        moved += changed
        if not changed:
            break
    if moved:
        log.info("claims.expired count=%s", moved)
    return moved
