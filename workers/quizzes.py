"""Rooms by the clock, and their points to the ledger."""

from uuid import UUID

from games.quizzes import actions, queries
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources


async def open_room(house: Resources, subject: str) -> None:
    """The lobby of a scheduled room."""
    await actions.open_lobby(house.redis, UUID(subject))


async def close_round(house: Resources, subject: str) -> None:
    """A question whose time is over. `subject` is ROUND@time."""
    await actions.close_round(house.redis, UUID(subject.partition("@")[0]), now=now, only_due=True)


async def end_room(house: Resources, subject: str) -> None:
    """A room whose last minute has come: to the podium, or called off when it never started."""
    room = await queries.room(UUID(subject))
    if room is None:
        return
    if room.state in ("question", "reveal"):
        await actions.end_room(house.redis, room.id, expected=room.version, now=now(), new_id=new_id)
    elif room.state in ("scheduled", "lobby"):
        await actions.cancel_room(house.redis, room.id, expected=room.version, actor=room.host, now=now())


async def post_room(house: Resources, subject: str) -> None:
    """A finished room's points, once a member."""
    await actions.post_room(UUID(subject), day_of=house.day_of, now=now(), new_id=new_id)
