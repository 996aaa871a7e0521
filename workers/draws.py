"""Draws by the clock: the list frozen at its time, the files written beside the data."""

import logging
import secrets
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from rewards.draws import actions
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.kit_program import empty_kit
from server.runtime.resources import Resources

log = logging.getLogger("laurel.draws")

FOLDER: Final = "draws"
"""Under the data folder: one folder a draw, named after it, which may be given to anybody."""


async def freeze_draw(resources: Resources, subject: str) -> None:
    """A draw whose hour has come, or whose freeze was asked for (subject DRAW@MOMENT, of either).

    The hour asks for the freeze, which is then work of its own. What cannot be frozen is noted and left to people.
    """
    given, _, moment = subject.partition("@")
    draw, due_at = UUID(given), datetime.fromisoformat(moment)
    try:
        if await actions.ask_freeze(resources.redis, draw, actor=None, now=now(), new_id=new_id, due_at=due_at):
            return
        await actions.freeze(
            resources.redis,
            draw,
            now=now(),
            actor=None,
            new_id=new_id,
            random_bytes=secrets.token_bytes,
            program=empty_kit(),
            progress=partial(actions.say_progress, resources.redis, draw),
            due_at=due_at,
        )
    except Refusal as refusal:
        log.warning("draw.not_frozen draw=%s why=%s", draw, refusal.code)
        await actions.miss_freeze(
            resources.redis, draw, refusal.code, details=refusal.details, due_at=due_at, now=now()
        )


async def publish_draw(resources: Resources, subject: str) -> None:
    """The published files of a draw, as they are now."""
    await actions.publish(UUID(subject), resources.settings.data / FOLDER)
