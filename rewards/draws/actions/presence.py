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
    seen: list[Seen] = []
    async with db.transaction() as connection:
        draw = await connection.fetchrow(
            "SELECT state, frozen_at, rehearses FROM draw WHERE id = $1 FOR SHARE", draw_id
        )
        if draw is None:
            raise Refusal("draw.unknown")
        if draw["rehearses"] is not None:
            raise Refusal("presence.rehearsal")
        listed = await connection.fetch(
            "SELECT line, entrant.member, scanned_at FROM entrant LEFT JOIN check_in"
            " ON check_in.draw = entrant.draw AND check_in.member = entrant.member"
            " WHERE entrant.draw = $1 AND line = ANY($2)",
            draw_id,
            [one.line for one in arrivals],
        )
        people = {one["line"]: one["member"] for one in listed}
        inside = {one["line"]: one["scanned_at"] for one in listed if one["scanned_at"] is not None}
        closed = _closed(draw["state"])
        for one in arrivals:
            member = people.get(one.line)
            if one.line in inside:
                seen.append(Seen(one.nonce, one.line, "again", inside[one.line]))
            elif closed or member is None or member == by:
                code = closed or ("presence.not_listed" if member is None else "presence.own")
                seen.append(Seen(one.nonce, one.line, "refused", None, code))
            else:
                at = one.at if draw["frozen_at"] <= one.at <= now else now
                made = await connection.fetchval(
                    "INSERT INTO check_in (id, draw, member, scanned_at, received_at, by, way)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (draw, member) DO NOTHING RETURNING scanned_at",
                    new_id(),
                    draw_id,
                    member,
                    at,
                    now,
                    by,
                    one.way,
                )
                verdict: Verdict = "again" if made is None else "in"
                if made is None:  # another helper was faster, in this very moment
                    made = await connection.fetchval(
                        "SELECT scanned_at FROM check_in WHERE draw = $1 AND member = $2", draw_id, member
                    )
                inside[one.line] = made
                seen.append(Seen(one.nonce, one.line, verdict, made))
        late = sum(one.way == "offline" and done.verdict == "in" for one, done in zip(arrivals, seen, strict=True))
        if late:
            await note("presence.brought", at=now, actor=by, subject=str(draw_id), count=late)
    if any(one.verdict == "in" for one in seen):
        await ticks.announce(redis, f"draw:{draw_id}")
    return seen


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
