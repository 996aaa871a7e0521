"""The draw at the venue, event by event."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, rules, states
from rewards.draws.actions.locking import NewId, found_draw, locked, moved
from rewards.draws.actions.publishing import PUBLISH
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

_CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Held:
    """A draw that is held. `code` is the result code, `winners` how many; `known`: it was held before this call."""

    code: str
    winners: int
    known: bool


async def hold(
    redis: Redis,
    draw_id: UUID,
    digits: str,
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: Callable[[], str],
) -> Held:
    """Open the secrets, draw by the dice that were thrown, and store log, result and winners with their claim codes.

    Spaces in `digits` do not matter. The same digits again bring the same result. Refusals: draw.unknown, draw.move
    (not frozen), draw.already_drawn (other digits), draw.own_ticket (the actor is on the list), draw.dice.digits
    (wanted, found), draw.files_unsound (the stored files do not fit each other).
    """
    thrown = states.clean_digits(digits)
    async with db.transaction() as connection:
        found = await found_draw(draw_id)
        if found["state"] == "drawn":
            if read_digits(found["manifest"], found["log"]) != thrown:
                raise Refusal("draw.already_drawn")
            won = await connection.fetchval("SELECT count(*) FROM win WHERE draw = $1", draw_id)
            return Held(_code(found["result"]), won, known=True)
        state = moved(found["state"], "hold")
        if await queries.entrant(draw_id, actor) is not None:
            raise Refusal("draw.own_ticket")
        check_dice(found["venue"], thrown)
        secrets_open = [
            one["secret"]
            for one in await connection.fetch(
                "SELECT secret FROM commitment WHERE draw = $1 ORDER BY position", draw_id
            )
        ]
        result = await _result(found["manifest"], found["snapshot"], thrown, secrets_open)
        prizes = {prize.code: prize.id for prize in await queries.prizes(draw_id)}
        members = await connection.fetch(
            "SELECT line, member FROM entrant WHERE draw = $1 AND line = ANY($2)",
            draw_id,
            [winner.line for winner in result.winners],
        )
        member_of = {one["line"]: one["member"] for one in members}
        codes = await _fresh_codes(len(result.winners), new_code)
        await connection.executemany(
            "INSERT INTO win (id, draw, prize, slot, attempt, line, member, claim_code)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                (
                    new_id(),
                    draw_id,
                    prizes[winner.prize],
                    winner.slot,
                    winner.attempt,
                    winner.line,
                    member_of[winner.line],
                    code,
                )
                for winner, code in zip(result.winners, codes, strict=True)
            ],
        )
        await connection.execute(
            "UPDATE draw SET state = $2, log = $3, result = $4, drawn_at = $5, version = version + 1 WHERE id = $1",
            draw_id,
            state,
            result.log,
            result.result,
            now,
        )
        await intend(PUBLISH, str(draw_id), due_at=now, now=now, new_id=new_id())
        await note(
            "draw.held",
            at=now,
            actor=actor,
            subject=str(draw_id),
            result=result.code,
            winners=len(result.winners),
        )
    await ticks.announce(redis, f"draw:{draw_id}")
    return Held(result.code, len(result.winners), known=False)


async def cancel(redis: Redis, draw_id: UUID, *, actor: UUID, why: str, now: datetime, new_id: NewId) -> None:
    """Call a draw off for ever. A frozen one publishes that it was aborted; its name is never used again.

    Refusals: draw.unknown, draw.move (drawn or cancelled already), draw.why_missing.
    """
    if not why.strip():
        raise Refusal("draw.why_missing")
    async with db.transaction() as connection:
        found = await locked(draw_id, "cancel")
        aborted = None
        if found["manifest"] is not None:
            aborted = await _result(found["manifest"], found["snapshot"], "", [], abort=_CANCELLED)
            await intend(PUBLISH, str(draw_id), due_at=now, now=now, new_id=new_id())
        await connection.execute(
            "UPDATE draw SET state = $2, log = $3, result = $4, version = version + 1 WHERE id = $1",
            draw_id,
            moved(found["state"], "cancel"),
            None if aborted is None else aborted.log,
            None if aborted is None else aborted.result,
        )
        await note("draw.cancelled", at=now, actor=actor, subject=str(draw_id), why=why.strip())
    await ticks.announce(redis, f"draw:{draw_id}")


def check_dice(venue: str, digits: str) -> None:
    """Refusal draw.dice.digits (wanted, found) unless these clean digits are what the venue's dice can show."""
    try:
        rules.check_dice(venue, digits)
    except rules.Refused as refused:
        raise Refusal(refused.code, **refused.facts) from None


def read_digits(manifest: bytes, log: str | None) -> str:
    """The venue's dice in a log of ours; "" when none were thrown."""
    if not log:
        return ""
    return rules.read_sheet(rules.split_log(log.encode("ascii")), rules.parse_manifest(manifest)).digits


async def _result(
    manifest: bytes, snapshot: bytes, thrown: str, opened: list[bytes], abort: str = ""
) -> rules.Published:
    """The protocol's word on it, worked out beside the event loop."""
    try:
        return await asyncio.to_thread(rules.publish_result, manifest, snapshot, thrown, opened, abort=abort)
    except rules.Refused as refused:
        raise Refusal("draw.files_unsound") from refused


def _code(result: bytes) -> str:
    read = rules.read_json(result)
    return str(read["code"]) if isinstance(read, dict) else ""


async def _fresh_codes(count: int, new_code: Callable[[], str]) -> list[str]:
    """Join the caller's transaction: `count` claim codes that nobody has."""
    codes: set[str] = set()
    while len(codes) < count:
        while len(codes) < count:
            codes.add(new_code())
        taken = await db.rows("SELECT claim_code FROM win WHERE claim_code = ANY($1)", list(codes))
        codes -= {one["claim_code"] for one in taken}
    return list(codes)
