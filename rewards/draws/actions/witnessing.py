"""What members say they saw on the stage."""

from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import rules
from rewards.draws.actions.locking import NewId
from rewards.refusals import Refusal


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
