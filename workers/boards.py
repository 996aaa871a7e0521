"""Boards follow the ledger."""

import contextlib

from rewards.boards import actions
from rewards.ledger.queries import earners
from rewards.refusals import Refusal
from server.runtime.clock import now
from server.runtime.resources import Resources


async def refresh_boards(resources: Resources, subject: str) -> None:
    """After points were posted or taken back: their members in the season and their weeks, and the units they are in.

    `subject`: FIRST-LAST, the ids of the entries that were written; any number of them, with spaces between.
    """
    spans = [span.split("-") for span in subject.split()]
    today, redis = resources.day_of(now()), resources.redis
    for one in await earners([(int(first), int(last)) for first, last in spans]):
        await actions.refresh_members(redis, one.season, one.members, today=today, weeks=one.weeks)
        await actions.refresh_units(redis, one.season, one.members, today=today)


async def rebuild_boards(resources: Resources, subject: str) -> None:
    """Make boards again whose differences somebody saw; `subject`: their names. What is kept no more is no work."""
    with contextlib.suppress(Refusal):
        await actions.rebuild(resources.redis, today=resources.day_of(now()), only=subject.split())


async def turn_of_day(resources: Resources) -> bool:
    """Once after midnight: joiners and leavers of the new day count in the unit boards. False: done before."""
    return await actions.turn_of_day(resources.redis, today=resources.day_of(now())) > 0
