"""Forgetting: after the years of keeping, who stood behind the lines of a draw. The published files stay."""

from datetime import datetime
from uuid import UUID

from rewards import database as db
from rewards.audit.actions import note
from rewards.draws.actions.locking import found_draw


async def forget_draw(draw_id: UUID, *, ended_before: datetime, now: datetime) -> bool:
    """Forget who was on the list of a draw that ended before a moment, who was left out of it and who saw which code,
    with signatures and proxies.

    Who has won what and who was checked in stay, as the members' own record. False: there was nothing to forget (not
    ended, too young, done before). Refusal draw.unknown. Linear in the list.
    """
    async with db.transaction() as connection:
        found = await found_draw(draw_id)
        ended = found["closed_at"] if found["state"] == "closed" else found["frozen_at"]
        over = found["state"] in ("closed", "cancelled") and ended is not None and ended < ended_before
        if not over or found["forgotten_at"] is not None:
            return False
        await connection.execute("UPDATE draw SET forgotten_at = $2, version = version + 1 WHERE id = $1", draw_id, now)
        await connection.execute("DELETE FROM entrant WHERE draw = $1", draw_id)
        await connection.execute(
            "UPDATE win SET signature = NULL, proxy_name = '', proxy_why = '' WHERE draw = $1"
            " AND (signature IS NOT NULL OR proxy_name <> '' OR proxy_why <> '')",
            draw_id,
        )
        await connection.execute("DELETE FROM draw_exclusion WHERE draw = $1", draw_id)
        await connection.execute("DELETE FROM code_seen WHERE draw = $1", draw_id)
        await connection.execute("UPDATE void_line SET why = '' WHERE draw = $1", draw_id)
        await note("draw.forgotten", at=now, actor=None, subject=str(draw_id))
    return True
