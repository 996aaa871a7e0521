"""Handing prizes over."""

from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, states
from rewards.refusals import Refusal


async def claim(redis: Redis, code: str, *, by: UUID, now: datetime) -> queries.WinRow:
    """Hand a prize over: once, and never to oneself. `code` as typed; wrong ones are counted by the caller.

    Refusals: claim.unknown, claim.own, claim.already (who: the name of who handed it over; when: ISO, UTC).
    """
    clean = states.clean_claim_code(code)
    async with db.transaction() as connection:
        if await connection.fetchval("SELECT id FROM win WHERE claim_code = $1 FOR UPDATE", clean) is None:
            raise Refusal("claim.unknown")
        win = await queries.win_by_code(clean)
        if win is None:
            raise Refusal("claim.unknown")
        if win.member == by:
            raise Refusal("claim.own")
        claimed = await connection.fetchval(
            "UPDATE win SET claimed_at = $2, handed_over_by = $3 WHERE id = $1 AND claimed_at IS NULL RETURNING true",
            win.id,
            now,
            by,
        )
        if not claimed:
            when = "" if win.claimed_at is None else win.claimed_at.isoformat(timespec="seconds")
            raise Refusal("claim.already", who=win.handed_over_by, when=when)
        await note(
            "claim.handed_over",
            at=now,
            actor=by,
            subject=str(win.draw),
            prize=win.prize,
            slot=win.slot,
            member=str(win.member),
        )
    await ticks.announce(redis, f"draw:{win.draw}")
    await ticks.announce(redis, f"member:{win.member}")
    found = await queries.win_by_code(clean)
    return win if found is None else found
