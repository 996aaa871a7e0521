"""Boards follow the ledger, and come back by themselves when Redis has lost them (decision 26)."""

import contextlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from games.quizzes import actions as quizzes
from games.quizzes import queries as rooms
from rewards.boards import actions, queries, rules
from rewards.checkpoints import queries as checkpoints
from rewards.checkpoints.actions import keep
from rewards.ledger.queries import earners, season_of
from rewards.outbox import actions as outbox
from rewards.outbox.rules import DONE_KEPT
from rewards.refusals import Refusal
from rewards.ticks import announce
from server.runtime import following
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.boards")

IN_REDIS: Final = ("refresh_boards", actions.REBUILD, *following.WORK)
"""Kinds of intent whose work stands in Redis alone."""
SHOWN_FOR: Final = timedelta(days=1)
"""How long after its end somebody may still look at a room's podium."""
WRITTEN: Final = "laurel:copy:written"
"""The checkpoint of a rebuild of all boards: COPY BOARD, the last that was written."""


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


async def as_left(resources: Resources) -> bool:
    """Whether this run of Redis is one that was looked at, and holds what it was given: a look that costs little.

    Then it is written that it did so now; otherwise look_at_copy and follow_after_restart find out the rest.
    """
    known, redis = await checkpoints.place(rules.COPY), resources.redis
    async with redis.pipeline(transaction=False) as pipe:
        pipe.info("server")
        pipe.mget(rules.COPY, following.FOLLOWED)
        info, (raw, followed) = await pipe.execute()
    run, held = str(info["run_id"]), rules.read_copy(raw)
    if held is None or held.id != known or held.run != run or followed != run.encode():
        return False
    seen = rules.Copy(held.id, run, int(now().timestamp()))
    return bool(await redis.set(rules.COPY, str(seen), xx=True))  # unless it was emptied meanwhile


async def look_at_copy(resources: Resources) -> bool:
    """Does Redis still hold what it was given? False: nothing is missing since the last look.

    Another run of Redis may be a failover, a log that was cut, or a copy of long ago: work that was done since it was
    seen last is done once more. When it holds nothing of ours, or another's, or so old a copy that this work is known
    no more, all boards are made again.
    """
    at, redis = now(), resources.redis
    run = str((await redis.info("server"))["run_id"])
    known = await checkpoints.place(rules.COPY)
    raw, whole = await redis.mget(rules.COPY, rules.COMPLETE)
    held = rules.read_copy(raw)
    same = held is not None and held.id == known
    if held is None or not same or (held.run != run and not await _caught_up(resources, held, whole, at)):
        held, same = rules.Copy(new_id().hex, "", 0), False
        if not await actions.found_lost(known, held.id, at=at, new_id=new_id):
            return True
        log.error("redis.lost known=%s copy=%s", known, held.id)
    await redis.set(rules.COPY, str(rules.Copy(held.id, run, int(at.timestamp()))))
    if not same:
        await announce(redis, f"copy:{held.id}")
    return not same or held.run != run


async def _caught_up(resources: Resources, held: rules.Copy, whole: bytes | None, at: datetime) -> bool:
    """Whether what may be missing in this copy is known, and will be done again."""
    since = datetime.fromtimestamp(min(held.seen, at.timestamp()), UTC) - rules.MARGIN
    if whole != held.id.encode() or since < at - DONE_KEPT / 2:
        return False
    again = await outbox.reopen(IN_REDIS, since=since, now=at)
    for room in await rooms.rooms_with_boards(since):
        await quizzes.place_on_board(resources.redis, room)
    today = resources.day_of(at)
    season = await season_of(today)
    if season is not None:
        await actions.write_lost(resources.redis, season, None, today=today)
    log.warning("redis.restarted since=%s again=%s", since.isoformat(timespec="seconds"), again)
    return True


async def rebuild_all(resources: Resources, copy: str) -> None:
    """Write all boards into this copy of what Redis holds, the newest rooms first; cut off, it goes on where it was."""
    if await checkpoints.place(rules.COPY) != copy:
        return
    today, redis = resources.day_of(now()), resources.redis
    of_rooms = {rules.room_board(room): room for room in await rooms.rooms_with_boards()}
    of_seasons = await queries.all_boards(today)
    names = [*of_rooms, *reversed(of_seasons)]
    before, _, last = (await checkpoints.place(WRITTEN) or "").partition(" ")
    for name in names[names.index(last) + 1 if before == copy and last in names else 0 :]:
        if name in of_rooms:
            await quizzes.place_on_board(redis, of_rooms[name])
        else:
            await actions.write_lost(redis, *of_seasons[name], today=today)
        await keep(WRITTEN, f"{copy} {name}")
    await actions.vouch(redis, copy)
    for room in await rooms.rooms_with_boards(now() - SHOWN_FOR):
        await announce(redis, f"room:{room}")  # what was shown without a board meanwhile
    log.warning("redis.boards_again copy=%s boards=%s", copy, len(names))
