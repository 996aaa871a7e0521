"""Draws by the clock: the list frozen at its time, the files written beside the data."""

import logging
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from rewards.draws import actions
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.draws")

FOLDER: Final = "draws"
"""Under the data folder: one folder a draw, named after it, which may be given to anybody."""


async def freeze_draw(house: Resources, subject: str) -> None:
    """A draw whose hour has come (subject DRAW@MOMENT). What cannot be frozen is noted and left to the organisers."""
    draw, _, moment = subject.partition("@")
    due_at = datetime.fromisoformat(moment)
    try:
        await actions.freeze(
            house.redis,
            UUID(draw),
            now=now(),
            actor=None,
            new_id=new_id,
            random_bytes=secrets.token_bytes,
            due_at=due_at,
        )
    except Refusal as refusal:
        log.warning("draw.not_frozen draw=%s why=%s", draw, refusal.code)
        await actions.miss_freeze(house.redis, UUID(draw), refusal.code, due_at=due_at, now=now())


async def publish_draw(house: Resources, subject: str) -> None:
    """The published files of a draw, as they are now."""
    await actions.publish(UUID(subject), house.settings.data / FOLDER)
