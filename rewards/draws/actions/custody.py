"""Sealing: a custodian makes a secret himself and gives its commitment; Laurel never has the secret before the dice."""

from datetime import datetime
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws.actions.locking import found_draw, moved
from rewards.draws.actions.seconding import are_apart
from rewards.refusals import Refusal

_COMMITMENT_BYTES: Final = 32


async def seal(redis: Redis, draw_id: UUID, label: str, commitment: bytes, *, member: UUID, now: datetime) -> bool:
    """Keep the commitment of a custodian's secret, for ever. False: this very commitment is kept already.

    `member` is the custodian himself. For one who is not on the roster anybody may put it in who keeps none of the
    others; the caller decides who that may be. A custodian who must seal anew is set anew in the draw's terms.
    Refusals: draw.unknown, draw.move (not a draft), draw.seal.form (not 32 bytes), draw.seal.unknown (no such
    custodian), draw.seal.other (not his to seal), draw.seal.twice (by somebody who sealed another), draw.seal.hand (who
    planned the draw, or keeps another secret, may stand behind his code: see `are_apart`), draw.sealed (with another
    commitment).
    """
    if len(commitment) != _COMMITMENT_BYTES:
        raise Refusal("draw.seal.form")
    async with db.transaction() as connection:
        found = await found_draw(draw_id)
        everybody = await connection.fetch(
            "SELECT id, label, member, commitment, sealed_by FROM custodian WHERE draw = $1 FOR UPDATE", draw_id
        )
        own = next((one for one in everybody if one["label"] == label), None)
        if own is None:
            raise Refusal("draw.seal.unknown")
        if own["member"] not in (None, member):
            raise Refusal("draw.seal.other")
        if own["commitment"] == commitment:
            return False
        moved(found["state"], "seal")
        if own["commitment"] is not None:
            raise Refusal("draw.sealed")
        if any(member in (one["member"], one["sealed_by"]) for one in everybody if one["id"] != own["id"]):
            raise Refusal("draw.seal.twice")
        others = {one[key] for one in everybody if one["id"] != own["id"] for key in ("member", "sealed_by")}
        if own["member"] is not None:
            others.add(found["created_by"])
        for other in others - {None, member}:
            if not await are_apart(member, other, now=now):
                raise Refusal("draw.seal.hand")
        await connection.execute(
            "UPDATE custodian SET commitment = $2, sealed_at = $3, sealed_by = $4 WHERE id = $1",
            own["id"],
            commitment,
            now,
            member,
        )
        await connection.execute("UPDATE draw SET version = version + 1 WHERE id = $1", draw_id)
        await note(
            "draw.sealed_by", at=now, actor=member, subject=str(draw_id), label=label, commitment=commitment.hex()
        )
    await ticks.announce(redis, f"draw:{draw_id}")
    return True
