"""Boards follow the ledger."""

from uuid import UUID

from games.quizzes import queries
from rewards.boards import actions
from server.runtime.clock import now
from server.runtime.resources import Resources


async def refresh_boards(house: Resources, subject: str) -> None:
    """After a room was posted: its players in the season and the week, and all units."""
    room = await queries.room(UUID(subject))
    if room is None:
        return
    today = house.day_of(now())
    members = [score.member for score in await queries.scores(room.id)]
    await actions.refresh_members(house.redis, room.season, members, today=today)
    await actions.refresh_units(house.redis, room.season, today=today)
