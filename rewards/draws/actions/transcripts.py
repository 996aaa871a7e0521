"""A log that comes from an offline kit: recomputed from our own manifest and list, never simply believed.

The first log that holds stands. One that continues it counts; one that contradicts it is kept and published as a
conflict and changes nothing; one that is wrong in itself is refused, by the name of the check that it fails.

Nobody's log counts by his word alone: dice, absences and redraws are what its bringer says they were, and with the
secrets open anybody can compose another. It waits until a second person types the code that the hall saw. A draw that
was armed at the desk is held there to its end: no file goes on with it, unless it was armed for the hall.
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
from rewards.draws.actions.seconding import check_second
from rewards.draws.eligibility import is_name
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

Verdict = Literal["counts", "known", "conflict", "waits"]

MOST_BROUGHT: Final = 3
"""Logs of one draw that one person may bring besides the one that counts."""

_FINAL: Final = ("closed", "cancelled")
_COMMITMENT: Final = "draw.commitment"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a log that was brought. `counts`: it is the draw's log now; `known`: everything in it stood there
    before; `conflict`: it contradicts the log that stands, and is published beside it; `waits`: it would count, and a
    second person has not said so yet.

    `code` is the display code at its own end, `state` that of the draw now.
    """

    verdict: Verdict
    code: str
    state: str


@dataclass(frozen=True, slots=True)
class _Log:
    """A log as it was brought, with the code at its end, and by whom."""

    log: bytes
    lists: Lists
    code: str
    witnesses: list[str]
    brought_by: UUID

    async def keep(self, table: str, draw_id: UUID, *, now: datetime, new_id: NewId, **more: object) -> bool:
        """Into `waiting_log`, or `transcript` with `more` of its columns. False: this very log is there already."""
        values = {
            "id": new_id(),
            "draw": draw_id,
            "digest": rules.digest(self.log),
            "log": self.log.decode("ascii"),
            "voids": self.lists.voids,
            "present": self.lists.present,
            "code": self.code,
            "witnesses": self.witnesses,
            "brought_by": self.brought_by,
            "brought_at": now,
            **more,
        }
        places = ", ".join(f"${number + 1}" for number in range(len(values)))
        stored = await db.value(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"  # noqa: S608 - names of ours
            " ON CONFLICT (draw, digest) DO NOTHING RETURNING true",
            *values.values(),
        )
        return bool(stored)


def _waiting(row: db.Row) -> _Log:
    lists = Lists(row["voids"], row["present"])
    return _Log(row["log"].encode("ascii"), lists, row["code"], list(row["witnesses"]), row["brought_by"])


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

    The log must at least name the winners, or be an abort. One that would count waits; brought by another person as
    well, it counts (in a rehearsal at once). Refusals: draw.unknown, draw.own_ticket, draw.move, draw.witnesses_many,
    draw.witness_invalid, draw.dispute_open (hours, minutes left), draw.place_claimed, draw.files_unsound,
    draw.bring_desk (held at the desk, and not armed for the hall), draw.brought_many (most), those of
    `check_second`; draw.transcript (check, why): it fails this check of the verifier, or log.rehearsal (it is that of a
    rehearsal, or the draw's own brought to a rehearsal), or log.unfinished. A wrong log is noted in the audit trail and
    not stored.
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
            one = _Log(log, lists, made.published.code, names, actor)
            brought = await _settled(at, made, one, now=now, new_id=new_id, new_code=new_code)
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
            _check_way(at, now)
    return Brought(verdict, made.published.code, at.state)


async def confirm_log(
    redis: Redis, draw_id: UUID, typed: str, *, actor: UUID, now: datetime, new_id: NewId, new_code: NewCode
) -> Brought:
    """The second word on a log that waits: `typed` is its code, as the hall saw it.

    What became of it meanwhile is in the answer (it may contradict by now, or count already). Refusals: draw.unknown,
    draw.own_ticket, draw.move, draw.code_form (no code), draw.waiting_none (no log of this code was brought), those of
    `check_second` and of `bring`.
    """
    code = rules.read_code(typed)
    if not code:
        raise Refusal("draw.code_form")
    async with db.transaction():
        at = await scene(draw_id, actor, "bring")
        one = await db.row("SELECT * FROM waiting_log WHERE draw = $1 AND code = $2 ORDER BY brought_at", draw_id, code)
        if one is None:
            decided = await db.value("SELECT verdict FROM transcript WHERE draw = $1 AND code = $2", draw_id, code)
            if decided is None:
                raise Refusal("draw.waiting_none")
            return Brought("known" if decided == "counts" else "conflict", code, at.state)
        await check_second(draw_id, one["brought_by"], actor, now=now)
        brought = await _decided(at, one, confirmed_by=actor, now=now, new_id=new_id, new_code=new_code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return brought


def _check_way(at: Scene, now: datetime) -> None:
    """Refusals draw.move, draw.dispute_open, draw.bring_desk: whether a log that goes on with this one may count."""
    moved(at.state, "bring")
    check_window(at, now)
    if at.lines and not at.found["hall"]:
        raise Refusal("draw.bring_desk")


def _verdict(at: Scene, lines: tuple[str, ...]) -> Verdict:
    """A log that holds in itself, against the one that stands."""
    if at.lines[: len(lines)] == lines:
        return "known"
    return "conflict" if lines[: len(at.lines)] != at.lines or at.state in _FINAL else "counts"


async def _settled(
    at: Scene, made: Outcome, brought: _Log, *, now: datetime, new_id: NewId, new_code: NewCode
) -> Brought:
    """A log that holds in itself: against the one that stands."""
    code, actor, digest = brought.code, brought.brought_by, rules.digest(brought.log)
    verdict = _verdict(at, made.composed.lines)
    if verdict == "known":
        return Brought("known", code, at.state)
    if verdict == "conflict":
        if not await db.value("SELECT true FROM transcript WHERE draw = $1 AND digest = $2", at.draw, digest):
            await _check_few(at, actor)
            await _contradict(at, brought, now=now, new_id=new_id)
        return Brought("conflict", code, at.state)
    _check_way(at, now)
    if at.found["rehearses"] is not None:
        return await _count(at, made, brought, confirmed_by=None, now=now, new_id=new_id, new_code=new_code)
    one = await db.row("SELECT * FROM waiting_log WHERE draw = $1 AND digest = $2", at.draw, digest)
    if one is not None and one["brought_by"] != actor:
        await check_second(at.draw, one["brought_by"], actor, now=now)
        return await _decided(at, one, confirmed_by=actor, now=now, new_id=new_id, new_code=new_code)
    if one is None:
        await _check_few(at, actor)
        await brought.keep("waiting_log", at.draw, now=now, new_id=new_id)
        await db.rows("UPDATE draw SET version = version + 1 WHERE id = $1", at.draw)
        await note("draw.transcript_waits", at=now, actor=actor, subject=str(at.draw), result=code)
    return Brought("waits", code, at.state)


async def _check_few(at: Scene, actor: UUID) -> None:
    """Refusal draw.brought_many (most)."""
    brought = await db.value(
        "SELECT (SELECT count(*) FROM transcript WHERE draw = $1 AND brought_by = $2 AND verdict = 'conflict')"
        " + (SELECT count(*) FROM waiting_log WHERE draw = $1 AND brought_by = $2)",
        at.draw,
        actor,
    )
    if brought >= MOST_BROUGHT:
        raise Refusal("draw.brought_many", most=MOST_BROUGHT)


async def _decided(
    at: Scene, one: db.Row, *, confirmed_by: UUID, now: datetime, new_id: NewId, new_code: NewCode
) -> Brought:
    """A log that waited, as things stand now: it counts, contradicts, or says nothing new. It waits no longer."""
    brought = _waiting(one)
    try:
        made = await _judged(at, brought.log, brought.lists)
    except _Wrong as wrong:  # it was good when it was brought, so what is stored was touched
        raise Refusal("draw.files_unsound") from wrong
    verdict = _verdict(at, made.composed.lines)
    await db.rows("DELETE FROM waiting_log WHERE id = $1", one["id"])
    if verdict == "counts":
        _check_way(at, now)
        return await _count(at, made, brought, confirmed_by=confirmed_by, now=now, new_id=new_id, new_code=new_code)
    if verdict == "conflict":
        await _contradict(at, brought, now=now, new_id=new_id)
    return Brought(verdict, brought.code, at.state)


async def _count(
    at: Scene,
    made: Outcome,
    brought: _Log,
    *,
    confirmed_by: UUID | None,
    now: datetime,
    new_id: NewId,
    new_code: NewCode,
) -> Brought:
    """The log is the draw's own now, which is held in the hall; what else waited contradicts it or says less."""
    lines = made.composed.lines
    logged = await write(at, made, brought.lists, lines[-1], now=now, new_id=new_id, new_code=new_code)
    why = lines[-1].partition(" ")[2] if logged.state == "cancelled" else ""
    await db.rows(
        "UPDATE draw SET hall = true, off_why = CASE WHEN $2 = '' THEN off_why ELSE $2 END,"
        " off_at = CASE WHEN $2 = '' THEN off_at ELSE $3 END WHERE id = $1",
        at.draw,
        why,
        now,
    )
    await brought.keep("transcript", at.draw, now=now, new_id=new_id, verdict="counts", confirmed_by=confirmed_by)
    first = {} if confirmed_by is None else {"first": str(brought.brought_by)}
    await note(
        "draw.transcript_counted",
        at=now,
        actor=confirmed_by or brought.brought_by,
        subject=str(at.draw),
        result=brought.code,
        witnesses=brought.witnesses,
        **first,
    )
    for other in await db.rows("DELETE FROM waiting_log WHERE draw = $1 RETURNING *", at.draw):
        rest = tuple(other["log"].splitlines())
        if rest[: len(lines)] != lines[: len(rest)]:
            await _contradict(at, _waiting(other), now=now, new_id=new_id)
    return Brought("counts", brought.code, logged.state)


async def _contradict(at: Scene, brought: _Log, *, now: datetime, new_id: NewId) -> None:
    """Keep a log that contradicts the one that stands, and have it published beside it."""
    if await brought.keep("transcript", at.draw, now=now, new_id=new_id, verdict="conflict"):
        await db.rows("UPDATE draw SET version = version + 1 WHERE id = $1", at.draw)
        await intend(PUBLISH, str(at.draw), due_at=now, now=now, new_id=new_id())
        await note(
            "draw.transcript_conflict", at=now, actor=brought.brought_by, subject=str(at.draw), result=brought.code
        )


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


def _names(witnesses: Sequence[str]) -> list[str]:
    """The witnesses as typed, empty lines left out. Refusals draw.witnesses_many, draw.witness_invalid."""
    names = [name for one in witnesses if (name := one.strip())]
    if len(names) > rules.MAX_WITNESSES:
        raise Refusal("draw.witnesses_many")
    if not all(is_name(name) for name in names):
        raise Refusal("draw.witness_invalid")
    return names
