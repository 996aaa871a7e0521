"""Striking lines off between the freeze and the arm: the list itself is never edited."""

from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, rules, states
from rewards.draws.actions.locking import NewId, locked
from rewards.refusals import Refusal


async def void(
    redis: Redis, draw_id: UUID, line: int, reason: str, why: str, *, actor: UUID, now: datetime, new_id: NewId
) -> bool:
    """Strike a line off before the dice. `reason` (of states.VOID_REASONS) is published, `why` is for the desk.

    False: it is struck off already. Refusals: draw.unknown, draw.own_ticket, draw.move (not frozen), draw.void.reason,
    draw.void.unknown_line (line), draw.why_missing.
    """
    if reason not in states.VOID_REASONS:
        raise Refusal("draw.void.reason")
    if not (why := why.strip()):
        raise Refusal("draw.why_missing")
    async with db.transaction() as connection:
        found = await locked(draw_id, "void")
        if await queries.entrant(draw_id, actor) is not None:
            raise Refusal("draw.own_ticket")
        if not 0 <= line < rules.parse_manifest(found["manifest"]).n:
            raise Refusal("draw.void.unknown_line", line=line)
        struck = await connection.fetchval(
            "INSERT INTO void_line (id, draw, line, reason, why, added_by, added_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (draw, line) DO NOTHING RETURNING true",
            new_id(),
            draw_id,
            line,
            reason,
            why[:300],
            actor,
            now,
        )
        if struck:
            await _changed(draw_id)
            await note("draw.voided", at=now, actor=actor, subject=str(draw_id), why=why, line=line, reason=reason)
    if struck:
        await ticks.announce(redis, f"draw:{draw_id}")
    return bool(struck)


async def unvoid(redis: Redis, draw_id: UUID, line: int, *, actor: UUID, now: datetime) -> bool:
    """Take the striking off of a line back. False: it is not struck off.

    Refusals: draw.unknown, draw.own_ticket, draw.move (not frozen).
    """
    async with db.transaction() as connection:
        await locked(draw_id, "void")
        if await queries.entrant(draw_id, actor) is not None:
            raise Refusal("draw.own_ticket")
        back = await connection.fetchval(
            "DELETE FROM void_line WHERE draw = $1 AND line = $2 RETURNING true", draw_id, line
        )
        if back:
            await _changed(draw_id)
            await note("draw.unvoided", at=now, actor=actor, subject=str(draw_id), line=line)
    if back:
        await ticks.announce(redis, f"draw:{draw_id}")
    return bool(back)


async def _changed(draw_id: UUID) -> None:
    await db.rows("UPDATE draw SET version = version + 1 WHERE id = $1", draw_id)
