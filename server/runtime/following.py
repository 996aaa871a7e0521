"""What follows a change of the roster in Redis: sessions and boards.

The change wrote it as intents in its own commit. Whoever made the change carries them out on the lines after it, so
that they hold when he is answered; when those lines never ran, or Redis was away, a worker does (decision 14).
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from rewards.boards import actions as boards
from rewards.members import queries
from rewards.members.actions import BOARDS, DEVICE, SESSIONS, Follows
from rewards.outbox import actions as outbox
from server.runtime.clock import now
from server.runtime.resources import Resources
from server.runtime.sessions import Sessions

log = logging.getLogger("laurel.following")

FOLLOWED: Final = "session-followed"
"""Redis key: the run of Redis whose sessions were all compared with the roster."""


async def follow_sessions(resources: Resources, change: str) -> None:
    """Sessions say what the roster says since the change of this number."""
    await Sessions(resources.redis).follow(await queries.changed_since(int(change)))


async def follow_boards(resources: Resources, change: str) -> None:
    """Boards hold who is on the roster since the change of this number."""
    await boards.follow_roster(resources.redis, await queries.changed_since(int(change)), today=resources.day_of(now()))


async def end_device(resources: Resources, subject: str) -> None:
    """One device of a member is signed out (subject MEMBER@REF)."""
    member, _, ref = subject.partition("@")
    await Sessions(resources.redis).end_one(UUID(member), ref)


WORK: Mapping[str, Callable[[Resources, str], Awaitable[None]]] = {
    SESSIONS: follow_sessions,
    BOARDS: follow_boards,
    DEVICE: end_device,
}
"""Kind of intent -> what carries it out."""


async def follow_now(resources: Resources, follows: Follows) -> None:
    """Carry out at once what a commit intended; what Redis refuses now is left to a worker."""
    for kind, subject in follows:
        try:
            await WORK[kind](resources, subject)
        except (RedisError, OSError) as error:
            log.warning("roster.followed_later kind=%s subject=%s error=%s", kind, subject, type(error).__name__)
            return
        await outbox.tick_off(kind, subject, now=now())


async def follow_after_restart(resources: Resources) -> bool:
    """Compare all sessions with the roster once in every run of Redis, which may have lost what was last written to it,
    or be a copy of long ago. False: done before in this run."""
    run = str((await resources.redis.info("server"))["run_id"])
    if await resources.redis.get(FOLLOWED) == run.encode():
        return False
    sessions = Sessions(resources.redis)
    await sessions.follow([member async for member in sessions.everyone()])
    await resources.redis.set(FOLLOWED, run)
    log.info("sessions.followed run=%s", run)
    return True
