"""Who stands by at a draw, and what members say they saw on the stage."""

from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, rules
from rewards.draws.actions.locking import NewId, found_draw
from rewards.refusals import Refusal


async def name_witness(redis: Redis, draw_id: UUID, member: UUID, *, actor: UUID, now: datetime, new_id: NewId) -> bool:
    """Name a member who may give the second word in this draw, and takes no part in it. False: he is named already.

    Before the freeze, or until the arm whoever is not on the list. Refusals: draw.unknown, draw.move, draw.witness_self
    (nobody is his own witness), draw.witness_listed (he is on the frozen list), members.left.
    """
    if member == actor:
        raise Refusal("draw.witness_self")
    async with db.transaction() as connection:
        found = await _open(draw_id)
        if not await connection.fetchval("SELECT true FROM member WHERE id = $1 AND left_on IS NULL", member):
            raise Refusal("members.left")
        if found["manifest"] is not None and await queries.entrant(draw_id, member) is not None:
            raise Refusal("draw.witness_listed")
        named = await connection.fetchval(
            "INSERT INTO draw_witness (id, draw, member, named_by, named_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (draw, member) DO NOTHING RETURNING true",
            new_id(),
            draw_id,
            member,
            actor,
            now,
        )
        if named:
            await connection.execute("UPDATE draw SET version = version + 1 WHERE id = $1", draw_id)
            await note("draw.witness_named", at=now, actor=actor, subject=str(draw_id), member=str(member))
    await ticks.announce(redis, f"draw:{draw_id}")
    return bool(named)


async def dismiss_witness(redis: Redis, draw_id: UUID, member: UUID, *, actor: UUID, now: datetime) -> bool:
    """Take a witness off again. False: he is none. Refusals: draw.unknown, draw.move."""
    async with db.transaction() as connection:
        await _open(draw_id)
        gone = await connection.fetchval(
            "DELETE FROM draw_witness WHERE draw = $1 AND member = $2 RETURNING true", draw_id, member
        )
        if gone:
            await connection.execute("UPDATE draw SET version = version + 1 WHERE id = $1", draw_id)
            await note("draw.witness_dismissed", at=now, actor=actor, subject=str(draw_id), member=str(member))
    await ticks.announce(redis, f"draw:{draw_id}")
    return bool(gone)


async def _open(draw_id: UUID) -> db.Row:
    """The draw, locked, while witnesses can be named. Refusals draw.unknown, draw.move."""
    found = await found_draw(draw_id)
    if found["state"] not in ("draft", "frozen"):
        raise Refusal("draw.move", state=found["state"], move="witness")
    return found


async def confirm_code(
    redis: Redis, draw_id: UUID, member: UUID, typed: str, *, now: datetime, new_id: NewId
) -> tuple[str, bool]:
    """Keep which code a member saw: (the code as written, whether it stands somewhere along the draw's log).

    The last word of a member counts. Refusals: draw.unknown, draw.code_form (no code), draw.code_early (nothing was
    armed yet).
    """
    code = rules.read_code(typed)
    if not code:
        raise Refusal("draw.code_form")
    async with db.transaction() as connection:
        found = await connection.fetchrow("SELECT manifest, log FROM draw WHERE id = $1", draw_id)
        if found is None:
            raise Refusal("draw.unknown")
        if not found["log"]:
            raise Refusal("draw.code_early")
        lines = rules.split_log(found["log"].encode("ascii"))
        heads = rules.chain(rules.manifest_hash(bytes(found["manifest"])), lines)
        stands = code in map(rules.display_code, heads)
        await connection.execute(
            "INSERT INTO code_seen (id, draw, member, code, at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (draw, member) DO UPDATE SET code = excluded.code, at = excluded.at",
            new_id(),
            draw_id,
            member,
            code,
            now,
        )
        if not stands:
            await note("draw.code_differs", at=now, actor=member, subject=str(draw_id), seen=code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return code, stands
