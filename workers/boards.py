"""Boards follow the ledger."""

from rewards.boards import actions
from rewards.ledger.queries import earners, season_of
from server.runtime.clock import now
from server.runtime.resources import Resources


async def refresh_boards(resources: Resources, subject: str) -> None:
    """After points were posted or taken back: their members in the season and the week, and all units.

    `subject`: FIRST-LAST, the ids of the entries that were written.
    """
    first, last = (int(entry) for entry in subject.split("-"))
    today = resources.day_of(now())
    for season, members in (await earners(first, last)).items():
        await actions.refresh_members(resources.redis, season, members, today=today)
        await actions.refresh_units(resources.redis, season, today=today)


LAST_DAY = "laurel:boards:day"
"""Redis key: the organisation's day for which the unit boards were last made."""


async def turn_of_day(resources: Resources) -> bool:
    """Once after midnight: joiners and leavers of the new day count in the unit boards. False: done before."""
    today = resources.day_of(now())
    if await resources.redis.get(LAST_DAY) == today.isoformat().encode():
        return False
    season = await season_of(today)
    if season is not None:
        await actions.refresh_units(resources.redis, season.id, today=today)
    await resources.redis.set(LAST_DAY, today.isoformat())
    return True
