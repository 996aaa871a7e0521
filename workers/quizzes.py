"""Rooms by the clock, and their points to the ledger."""

from uuid import UUID

from games.quizzes import actions, queries
from games.quizzes.actions import Moved, Stale
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources


async def open_room(resources: Resources, subject: str) -> None:
    """The lobby of a scheduled room."""
    await actions.open_lobby(resources.redis, UUID(subject), now=now())


async def close_round(resources: Resources, subject: str) -> None:
    """A question whose time is over. `subject` is ROUND@time."""
    await actions.close_round(resources.redis, UUID(subject.partition("@")[0]), now=now, only_due=True)


async def end_room(resources: Resources, subject: str) -> None:
    """A room whose last minute has come: to the podium, or called off when it never started."""
    moved: Moved | Stale | None = Stale(0)
    while isinstance(moved, Stale):
        # The host may have moved it on since we looked; its time has come all the same.
        moved = await _ended(resources, UUID(subject))


async def _ended(resources: Resources, room_id: UUID) -> Moved | Stale | None:
    room = await queries.room(room_id)
    if room is not None and room.state in ("question", "reveal"):
        return await actions.end_room(resources.redis, room.id, expected=room.version, now=now(), new_id=new_id)
    if room is not None and room.state in ("scheduled", "lobby"):
        return await actions.cancel_room(resources.redis, room.id, expected=room.version, actor=room.host, now=now())
    return None


async def post_room(resources: Resources, subject: str) -> None:
    """A finished room's points, once a member."""
    await actions.post_room(UUID(subject), day_of=resources.day_of, now=now(), new_id=new_id)


async def step_aside(resources: Resources, subject: str) -> None:
    """Somebody plays a room outside its board from now on."""
    await actions.step_aside(resources.redis, UUID(subject))
