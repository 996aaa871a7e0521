"""At the door: who has come. Once in is in, whoever says it again; the draw's row is only shared, so that many helpers
work at once and the arm waits for none of them longer than one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws.actions.locking import NewId, found_draw, moved
from rewards.refusals import Refusal

MOST_ARRIVALS: Final = 5000
"""Arrivals that one call takes."""

Way = Literal["scan", "list", "offline"]
Verdict = Literal["in", "again", "refused"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody was seen: his `line` of the list, `at` by the device's clock, and how. `nonce` names this sighting to
    the device that sends it, however often it does."""

    line: int
    at: datetime
    way: Way
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of an arrival. `in`: checked in now; `again`: he was in `since` then, a success as well; `refused`:
    `code` says why (presence.not_listed, presence.own, presence.closed, presence.not_open)."""

    nonce: str
    line: int
    verdict: Verdict
    since: datetime | None = None
    code: str = ""


async def check_in(
    redis: Redis, draw_id: UUID, arrivals: Sequence[Arrival], *, by: UUID, now: datetime, new_id: NewId
) -> list[Seen]:
    """Check in whoever has come, each once; the answers in the order of the arrivals.

    A device's clock counts only between the freeze and now. Refusals for all of them: draw.unknown, presence.rehearsal,
    presence.too_many (most).
    """
    if len(arrivals) > MOST_ARRIVALS:
        raise Refusal("presence.too_many", most=MOST_ARRIVALS)
    async with db.transaction() as connection:
        draw = await connection.fetchrow(
            "SELECT state, frozen_at, rehearses FROM draw WHERE id = $1 FOR SHARE", draw_id
        )
        if draw is None:
            raise Refusal("draw.unknown")
        if draw["rehearses"] is not None:
            raise Refusal("presence.rehearsal")
        closed = _closed(draw["state"])
        people = await _people(draw_id, arrivals)
        fresh: dict[int, Arrival] = {}
        for one in arrivals:
            found = people.get(one.line)
            if not closed and found is not None and found[1] is None and found[0] != by:
                fresh.setdefault(one.line, one)
        made = await connection.fetch(
            # In one order, so that two devices which bring the same people wait for each other and do not lock up.
            "INSERT INTO check_in (id, draw, member, scanned_at, received_at, by, way)"
            " SELECT id, $1, member, scanned_at, $2, $3, way FROM unnest($4::uuid[], $5::uuid[], $6::timestamptz[],"
            " $7::text[]) AS seen(id, member, scanned_at, way) ORDER BY member ON CONFLICT (draw, member) DO NOTHING"
            " RETURNING member",
            draw_id,
            now,
            by,
            [new_id() for _ in fresh],
            [people[line][0] for line in fresh],
            [one.at if draw["frozen_at"] <= one.at <= now else now for one in fresh.values()],
            [one.way for one in fresh.values()],
        )
        new = {one["member"] for one in made}
        if fresh:
            people = await _people(draw_id, arrivals)
        seen: list[Seen] = []
        for one in arrivals:
            found = people.get(one.line)
            if found is not None and found[1] is not None:
                verdict: Verdict = "in" if found[0] in new and fresh[one.line] is one else "again"
                seen.append(Seen(one.nonce, one.line, verdict, found[1]))
            else:
                code = closed or ("presence.not_listed" if found is None else "presence.own")
                seen.append(Seen(one.nonce, one.line, "refused", None, code))
        late = sum(one.way == "offline" and done.verdict == "in" for one, done in zip(arrivals, seen, strict=True))
        if late:
            await note("presence.brought", at=now, actor=by, subject=str(draw_id), count=late)
    if new:
        await ticks.announce(redis, f"draw:{draw_id}")
    return seen


async def _people(draw_id: UUID, arrivals: Sequence[Arrival]) -> dict[int, tuple[UUID, datetime | None]]:
    """Join the caller's transaction: line -> (member, since when he is in)."""
    found = await db.rows(
        "SELECT line, entrant.member, scanned_at FROM entrant LEFT JOIN check_in"
        " ON check_in.draw = entrant.draw AND check_in.member = entrant.member"
        " WHERE entrant.draw = $1 AND line = ANY($2)",
        draw_id,
        [one.line for one in arrivals],
    )
    return {one["line"]: (one["member"], one["scanned_at"]) for one in found}


async def undo_check_in(redis: Redis, draw_id: UUID, line: int, *, by: UUID, now: datetime) -> bool:
    """Take off again who was checked in by mistake. False: he was not in.

    Refusals: draw.unknown, draw.move (the draw is armed, so its presence list is published).
    """
    async with db.transaction() as connection:
        found = await found_draw(draw_id)
        moved(found["state"], "check_in")
        gone = await connection.fetchval(
            "DELETE FROM check_in USING entrant WHERE check_in.draw = $1 AND entrant.draw = $1 AND entrant.line = $2"
            " AND entrant.member = check_in.member RETURNING check_in.member",
            draw_id,
            line,
        )
        if gone is not None:
            await note("presence.undone", at=now, actor=by, subject=str(draw_id), line=line, member=str(gone))
    if gone is not None:
        await ticks.announce(redis, f"draw:{draw_id}")
    return gone is not None


def _closed(state: str) -> str:
    """Why nobody can be checked in now; "" when the door is open."""
    if state == "frozen":
        return ""
    return "presence.not_open" if state in ("draft", "freezing") else "presence.closed"
