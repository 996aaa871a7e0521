"""A log that comes from an offline kit: recomputed from our own manifest and list, never simply believed.

The first log that holds stands. One that continues it counts; one that contradicts it is kept and published as a
conflict and changes nothing; one that is wrong in itself is refused, by the name of the check that it fails.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import rules
from rewards.draws.actions.ceremony import check_beacon
from rewards.draws.actions.locking import NewId, moved
from rewards.draws.actions.publishing import PUBLISH
from rewards.draws.actions.recording import (
    Lists,
    NewCode,
    Outcome,
    Scene,
    check_window,
    compose,
    scene,
    state_of,
    write,
)
from rewards.draws.eligibility import is_name
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

Verdict = Literal["counts", "known", "conflict"]

_FINAL: Final = ("closed", "cancelled")
_COMMITMENT: Final = "draw.commitment"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a log that was brought. `counts`: it is the draw's log now; `known`: everything in it stood there
    before; `conflict`: it contradicts the log that stands, and is published beside it.

    `code` is the display code at its own end, `state` that of the draw now.
    """

    verdict: Verdict
    code: str
    state: str


class _Wrong(Exception):
    """The log fails a check: its name as of the verifier's, and the code that says why."""

    def __init__(self, check: str, code: str) -> None:
        super().__init__(check, code)
        self.check = check
        self.code = code


async def bring(
    redis: Redis,
    draw_id: UUID,
    log: bytes,
    voids: bytes | None,
    present: bytes | None,
    witnesses: Sequence[str],
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: NewCode,
) -> Brought:
    """Take the log of an offline kit, with the lists that it locks (None: it locks none) and who witnessed it.

    The log must at least name the winners, or be an abort. Refusals: draw.unknown, draw.own_ticket, draw.move,
    draw.witnesses_many, draw.witness_invalid, draw.dispute_open (hours, minutes left), draw.place_claimed,
    draw.files_unsound; draw.transcript (check, why): it fails this check of the verifier, or log.rehearsal (it is that
    of a rehearsal, or the draw's own brought to a rehearsal), or log.unfinished. A wrong log is noted in the audit
    trail and not stored.
    """
    names = _names(witnesses)
    lists = Lists(voids or None, present)
    brought: Brought | _Wrong
    async with db.transaction():
        at = await scene(draw_id, actor, "bring")
        try:
            made = await _judged(at, log, lists)
        except _Wrong as wrong:
            brought = wrong
            await note(
                "draw.transcript_refused",
                at=now,
                actor=actor,
                subject=str(draw_id),
                why=wrong.code,
                check=wrong.check,
                digest=rules.digest(log).hex(),
            )
        else:
            brought = await _settled(
                at, made, lists, log, names, actor=actor, now=now, new_id=new_id, new_code=new_code
            )
    if isinstance(brought, _Wrong):
        raise Refusal("draw.transcript", check=brought.check, why=brought.code)
    if brought.verdict != "known":
        await ticks.announce(redis, f"draw:{draw_id}")
    return brought


async def weigh(
    draw_id: UUID,
    log: bytes,
    voids: bytes | None,
    present: bytes | None,
    witnesses: Sequence[str],
    *,
    actor: UUID,
    now: datetime,
) -> Brought:
    """What `bring` would make of a log now; nothing is written. Refusals as of `bring`."""
    _names(witnesses)
    async with db.transaction():
        at = await scene(draw_id, actor, "bring")
        try:
            made = await _judged(at, log, Lists(voids or None, present))
        except _Wrong as wrong:
            raise Refusal("draw.transcript", check=wrong.check, why=wrong.code) from None
        verdict = _verdict(at, made.composed.lines)
        if verdict == "counts":
            moved(at.state, "bring")
            check_window(at, now)
    return Brought(verdict, made.published.code, at.state)


def _verdict(at: Scene, lines: tuple[str, ...]) -> Verdict:
    """A log that holds in itself, against the one that stands."""
    if at.lines[: len(lines)] == lines:
        return "known"
    return "conflict" if lines[: len(at.lines)] != at.lines or at.state in _FINAL else "counts"


async def _settled(
    at: Scene,
    made: Outcome,
    lists: Lists,
    log: bytes,
    witnesses: list[str],
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: NewCode,
) -> Brought:
    """A log that holds in itself: against the one that stands."""
    lines, code = made.composed.lines, made.published.code
    verdict = _verdict(at, lines)
    if verdict == "known":
        return Brought("known", code, at.state)
    if verdict == "conflict":
        stored = await _store(at, log, lists, code, "conflict", witnesses, actor=actor, now=now, new_id=new_id)
        if not stored:
            return Brought("conflict", code, at.state)
        await db.rows("UPDATE draw SET version = version + 1 WHERE id = $1", at.draw)
        await intend(PUBLISH, str(at.draw), due_at=now, now=now, new_id=new_id())
        await note("draw.transcript_conflict", at=now, actor=actor, subject=str(at.draw), result=code)
        return Brought("conflict", code, at.state)
    moved(at.state, "bring")
    check_window(at, now)
    logged = await write(at, made, lists, lines[-1], now=now, new_id=new_id, new_code=new_code)
    await _store(at, log, lists, code, "counts", witnesses, actor=actor, now=now, new_id=new_id)
    await note("draw.transcript_counted", at=now, actor=actor, subject=str(at.draw), result=code, witnesses=witnesses)
    return Brought("counts", code, logged.state)


async def _judged(at: Scene, log: bytes, lists: Lists) -> Outcome:
    """The log composed anew. Raises _Wrong; Refusal draw.files_unsound."""
    try:
        lines = rules.split_log(log)
    except rules.Refused as refused:
        raise _Wrong("log.order", refused.code) from None
    armed = lines[0].split(" ")
    if armed[0] != "arm":
        raise _Wrong("log.order", "draw.log.order")
    if armed[1] != at.m.hex():
        kin = await _is_kin(at, armed[1])
        raise _Wrong("log.rehearsal" if kin else "log.manifest", "draw.manifest.other")
    made = await asyncio.to_thread(_recomputed, at, lines, lists)
    beacon = next((line.split(" ")[2] for line in lines if line.startswith("beacon ")), "")
    if at.manifest.beacon is not None and beacon:
        try:
            await check_beacon(at.manifest.beacon, beacon)
        except Refusal as refusal:
            raise _Wrong("beacon", refusal.code) from None
    if not made.composed.seed and state_of(made.composed) != "cancelled":
        raise _Wrong("log.unfinished", "draw.log.cut")
    return made


def _recomputed(at: Scene, lines: Sequence[str], lists: Lists) -> Outcome:
    """Beside the event loop. Raises _Wrong; Refusal draw.files_unsound."""
    for name, parse in (("voids", rules.parse_voids), ("present", rules.parse_present)):
        data = lists.voids if name == "voids" else lists.present
        try:
            parse(data or b"", at.manifest.n)
        except rules.Refused as refused:
            raise _Wrong(f"{name}.list", refused.code) from None
    try:
        sheet = rules.read_sheet(lines, at.manifest)
    except rules.Refused as refused:
        raise _Wrong("log.order", refused.code) from None
    if sheet.voids != rules.voids_hash(lists.voids or b""):
        raise _Wrong("voids.locked", "draw.transcript.voids")
    if sheet.present != rules.present_hash(lists.present):
        raise _Wrong("present.locked", "draw.transcript.present")
    for position, reveal in enumerate(sheet.reveals):
        try:
            rules.check_reveal(at.manifest, position, reveal)
        except rules.Refused as refused:
            raise _Wrong(f"commitment.{reveal.label}", refused.code) from None
    try:
        made = compose(at, rules.inputs_of(lines), lists)
    except rules.Refused as refused:
        check = "present.locked" if refused.code.startswith("draw.present.") else "winners"
        raise _Wrong(check, refused.code) from None
    if made.composed.lines != tuple(lines):
        raise _Wrong("winners", "draw.transcript.winners")
    return made


async def _is_kin(at: Scene, fingerprint: str) -> bool:
    """Whether this is the manifest of a rehearsal of the draw, or of the draw that this one rehearses."""
    found = await db.rows(
        "SELECT manifest FROM draw WHERE (rehearses = $1 OR id = $2) AND manifest IS NOT NULL",
        at.draw,
        at.found["rehearses"],
    )
    return any(rules.manifest_hash(bytes(one["manifest"])).hex() == fingerprint for one in found)


async def _store(
    at: Scene,
    log: bytes,
    lists: Lists,
    code: str,
    verdict: Verdict,
    witnesses: list[str],
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
) -> bool:
    """False: this very log is stored already."""
    stored = await db.value(
        "INSERT INTO transcript (id, draw, digest, log, voids, present, code, verdict, witnesses, brought_by,"
        " brought_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (draw, digest) DO NOTHING RETURNING true",
        new_id(),
        at.draw,
        rules.digest(log),
        log.decode("ascii"),
        lists.voids,
        lists.present,
        code,
        verdict,
        witnesses,
        actor,
        now,
    )
    return bool(stored)


def _names(witnesses: Sequence[str]) -> list[str]:
    """The witnesses as typed, empty lines left out. Refusals draw.witnesses_many, draw.witness_invalid."""
    names = [name for one in witnesses if (name := one.strip())]
    if len(names) > rules.MAX_WITNESSES:
        raise Refusal("draw.witnesses_many")
    if not all(is_name(name) for name in names):
        raise Refusal("draw.witness_invalid")
    return names
