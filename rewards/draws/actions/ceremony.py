"""The draw at the venue, event by event. Each is one line of the log, and everything that follows from it.

Pressed twice, or by two at once, an event is written once; the answer says which (`Logged.known`). Nobody who is on the
list takes part in holding the draw. A process that dies after any event has lost nothing: the log is the state.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import beacon as drand
from rewards.draws import queries, rules, states
from rewards.draws.actions.locking import NewId, found_draw, moved
from rewards.draws.actions.recording import (
    Lists,
    Logged,
    NewCode,
    Scene,
    add,
    annul,
    check_window,
    outcome,
    scene,
    write,
)
from rewards.draws.actions.seconding import check_second
from rewards.draws.rules import events
from rewards.members.rules import Duty
from rewards.refusals import Refusal

CANCELLED: Final = "cancelled"
"""Reason of an abort by the desk."""

REASONS: Final = ("", *rules.ABSENCE_REASONS)

_FIRST: Final[Duty] = "runs"
"""What the first of two must be allowed; who may be the second: seconding.py."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmation that a winner goes. `logged` None: it is the first, and waits for a second person."""

    logged: Logged | None


async def arm(redis: Redis, draw_id: UUID, *, actor: UUID, now: datetime, new_id: NewId, hall: bool = False) -> Logged:
    """Lock void list and presence list. From here nothing but dice, secrets and absences decides.

    `hall`: armed for the kit, whose log may go on with this one; else it is held at the desk to its end. Refusals:
    draw.unknown, draw.own_ticket, draw.move, draw.dispute_open (hours, minutes left), draw.arm.nobody (no line is left
    that could win: all are struck off or not there), draw.files_unsound.
    """
    async with db.transaction():
        at = await scene(draw_id, actor, "arm")
        if at.repeats("arm"):
            return at.known(at.lines[0])
        moved(at.state, "arm")
        check_window(at, now)
        lists, voided, present = await locked_lists(at)
        if not _pool(at.manifest, voided, present):
            raise Refusal("draw.arm.nobody")
        line = arm_line(at, lists)
        made = await outcome(at, [line], lists)
        logged = await write(at, made, lists, line, now=now, new_id=new_id)
        await db.rows("UPDATE draw SET hall = $2 WHERE id = $1", draw_id, hall)
        await note(
            "draw.armed_hall" if hall else "draw.armed",
            at=now,
            actor=actor,
            subject=str(draw_id),
            voids=len(voided),
            present="" if present is None else len(present),
            result=logged.code,
        )
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def roll(redis: Redis, draw_id: UUID, digits: str, *, actor: UUID, now: datetime, new_id: NewId) -> Logged:
    """Take the venue's dice, as typed; spaces do not matter. They are typed once, and never thrown again.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.dice.digits (wanted, found), draw.roll.other (other dice
    stand in the log), draw.files_unsound.
    """
    thrown = states.clean_digits(digits)
    async with db.transaction():
        at = await scene(draw_id, actor, "roll")
        line = events.venue_line(at.manifest.venue, thrown)
        if (there := at.line_of("venue")) and at.repeats("roll"):
            if there != line:
                raise Refusal("draw.roll.other")
            return at.known(line)
        moved(at.state, "roll")
        check_dice(at.manifest.venue, thrown)
        logged = await add(at, "roll", line, now=now, new_id=new_id)
        await note("draw.rolled", at=now, actor=actor, subject=str(draw_id), result=logged.code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def beacon(redis: Redis, draw_id: UUID, signature: str, *, actor: UUID, now: datetime, new_id: NewId) -> Logged:
    """Take the public beacon's value of the promised round: its signature, 96 hex digits, which is checked.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.beacon.none (the draw has none), draw.beacon.form,
    draw.beacon.signature (not the network's), draw.beacon.chain, draw.files_unsound.
    """
    plain = "".join(signature.split()).lower()
    async with db.transaction():
        at = await scene(draw_id, actor, "beacon")
        promised = at.manifest.beacon
        line = "" if promised is None else events.beacon_line(promised.round, plain)
        if line in at.lines and at.repeats("beacon"):
            return at.known(line)
        moved(at.state, "beacon")
        if promised is None:
            raise Refusal("draw.beacon.none")
        await check_beacon(promised, plain)
        logged = await add(at, "beacon", line, now=now, new_id=new_id)
        await note("draw.beacon_taken", at=now, actor=actor, subject=str(draw_id), result=logged.code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def reveal(
    redis: Redis, draw_id: UUID, secret_text: str, *, actor: UUID, now: datetime, new_id: NewId, new_code: NewCode
) -> Logged:
    """Open the next custodian's secret, as scanned or typed; with the last one the first round is drawn.

    Whoever types, the secret must be the one that was promised; "" opens one that the server made (a rehearsal).
    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.secret.row (row), draw.secret.form (digits),
    draw.reveal.label (wanted, found: it is another custodian's turn), draw.commitment (label), draw.beacon.first
    (the beacon is still to come), draw.files_unsound.
    """
    async with db.transaction():
        at = await scene(draw_id, actor, "reveal")
        opened = {line.split(" ")[1] for line in at.lines if line.startswith("reveal ")}
        wanted = next((label for label in at.manifest.labels if label not in opened), "")
        secret = await _secret(at, wanted, secret_text)
        label = _owner(at.manifest, secret)
        line = events.reveal_line(rules.Reveal(label, secret))
        if label in opened and at.repeats("reveal", "draw"):
            return at.known(line)
        moved(at.state, "reveal")
        if at.manifest.beacon is not None and not at.line_of("beacon"):
            raise Refusal("draw.beacon.first")
        if not label:
            raise Refusal("draw.commitment", label=wanted)
        if label != wanted:
            raise Refusal("draw.reveal.label", wanted=wanted, found=label)
        logged = await add(at, "reveal", line, now=now, new_id=new_id, new_code=new_code)
        await note("draw.revealed", at=now, actor=actor, subject=str(draw_id), label=label, result=logged.code)
        if logged.state == "drawn":
            await note("draw.drawn", at=now, actor=actor, subject=str(draw_id), result=logged.code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def open_round(
    redis: Redis,
    draw_id: UUID,
    code: str,
    digits: str = "",
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: NewCode,
) -> Logged:
    """Draw the round of this code, with the dice thrown for it when it has some.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.round.order (wanted, found), draw.round.dice,
    draw.dice.digits (wanted, found), draw.round.other (drawn with other dice), draw.redraw.pending,
    draw.files_unsound.
    """
    thrown = states.clean_digits(digits)
    async with db.transaction():
        at = await scene(draw_id, actor, "round")
        dice = next((stage.dice for stage in at.manifest.stages if stage.id == code), "")
        line = events.round_line(code, rules.round_label(dice), thrown) if dice else events.round_line(code)
        if (there := at.line_of(events.round_line(code))) and at.repeats("round"):
            if there != line:
                raise Refusal("draw.round.other")
            return at.known(line)
        moved(at.state, "round")
        if dice:
            check_dice(dice, thrown)
        elif thrown:
            raise Refusal("draw.round.dice", round=code)
        logged = await add(at, "round", line, now=now, new_id=new_id, new_code=new_code)
        await note("draw.round_drawn", at=now, actor=actor, subject=str(draw_id), round=code, result=logged.code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def call(
    redis: Redis, draw_id: UUID, prize: str, slot: int, attempt: int, *, actor: UUID, now: datetime, new_id: NewId
) -> Logged:
    """Call the winner who stands in a slot; the countdown runs from here. While it runs another call is the same one.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.place_moved (another attempt stands there, or none),
    draw.place_claimed, draw.redraw.pending, draw.files_unsound.
    """
    async with db.transaction():
        at = await scene(draw_id, actor, "call")
        moved(at.state, "call")
        win = await _current_win(at, prize, slot, attempt)
        line = events.call_line(prize, slot, attempt)
        if _running(at, win, now):
            return at.known(line)
        logged = await add(at, "call", line, now=now, new_id=new_id)
        await _note_place("draw.called", at, prize, slot, attempt, actor=actor, now=now)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def confirm_absence(
    redis: Redis,
    draw_id: UUID,
    prize: str,
    slot: int,
    attempt: int,
    reason: str = "",
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: NewCode,
) -> Confirmed:
    """Confirm that the standing winner goes; a second person's confirmation writes it, and nobody's alone.

    `reason`: "" for not there when called, declined, or ineligible. The first person must be allowed to draw; the
    second may be whom `check_second` takes. Refusals: draw.unknown, draw.own_ticket, draw.move,
    draw.place_moved, draw.place_claimed, draw.absent.reason, draw.absent.present (he need not be there),
    draw.absent.uncalled, draw.call.running (seconds left), draw.second.same (needs another person),
    draw.absence.reason (the first confirmation gives another), draw.second.may (the first may not),
    draw.redraw.pending, draw.files_unsound, those of `check_second`.
    """
    if reason not in REASONS:
        raise Refusal("draw.absent.reason")
    async with db.transaction() as connection:
        at = await scene(draw_id, actor, "absent")
        moved(at.state, "absent")
        win = await _current_win(at, prize, slot, attempt)
        await _check_absence(at, win, prize, slot, reason, now)
        first = await connection.fetchrow(
            "SELECT id, reason, confirmed_by FROM absence_confirmation"
            " WHERE draw = $1 AND prize = $2 AND slot = $3 AND attempt = $4",
            draw_id,
            win["prize"],
            slot,
            attempt,
        )
        if first is not None and first["confirmed_by"] == actor:
            raise Refusal("draw.second.same")
        if first is not None and first["reason"] != reason:
            raise Refusal("draw.absence.reason")
        if first is not None:
            await check_second(draw_id, first["confirmed_by"], actor, now=now)
        elif _FIRST not in await queries.duties_of(actor):
            raise Refusal("draw.second.may")
        line = events.absent_line(prize, slot, attempt, reason)
        if first is None:
            lists = Lists(at.found["voids"], at.found["present"])
            await outcome(at, [*rules.inputs_of(at.lines), line], lists)
            await connection.execute(
                "INSERT INTO absence_confirmation (id, draw, prize, slot, attempt, reason, confirmed_by, confirmed_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                new_id(),
                draw_id,
                win["prize"],
                slot,
                attempt,
                reason,
                actor,
                now,
            )
            await connection.execute("UPDATE draw SET version = version + 1 WHERE id = $1", draw_id)
            await _note_place("draw.absence_confirmed", at, prize, slot, attempt, actor=actor, now=now, reason=reason)
            confirmed = Confirmed(None)
        else:
            logged = await add(at, "absent", line, now=now, new_id=new_id, new_code=new_code)
            await _note_place(
                "draw.absence_written",
                at,
                prize,
                slot,
                attempt,
                actor=actor,
                now=now,
                reason=reason,
                first=str(first["confirmed_by"]),
            )
            confirmed = Confirmed(logged)
    await ticks.announce(redis, f"draw:{draw_id}")
    return confirmed


async def withdraw_absence(
    redis: Redis, draw_id: UUID, prize: str, slot: int, attempt: int, *, actor: UUID, now: datetime
) -> bool:
    """Take a first confirmation back, before the second: he is there after all. False: there is none.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.place_moved (the second was given), draw.place_claimed.
    """
    async with db.transaction() as connection:
        at = await scene(draw_id, actor, "absent")
        moved(at.state, "absent")
        win = await _current_win(at, prize, slot, attempt)
        back = await connection.fetchval(
            "DELETE FROM absence_confirmation WHERE draw = $1 AND prize = $2 AND slot = $3 AND attempt = $4"
            " RETURNING confirmed_by",
            draw_id,
            win["prize"],
            slot,
            attempt,
        )
        if back is not None:
            await connection.execute("UPDATE draw SET version = version + 1 WHERE id = $1", draw_id)
            await _note_place("draw.absence_withdrawn", at, prize, slot, attempt, actor=actor, now=now, first=str(back))
    if back is not None:
        await ticks.announce(redis, f"draw:{draw_id}")
    return back is not None


async def redraw(
    redis: Redis,
    draw_id: UUID,
    prize: str,
    slot: int,
    attempt: int,
    digits: str,
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: NewCode,
) -> Logged:
    """Draw a vacant slot again with the dice thrown for it; `attempt` is the one that is drawn now.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.redraw.none (this slot does not wait for dice),
    draw.redraw.other (drawn with other dice), draw.dice.digits (wanted, found), draw.files_unsound.
    """
    thrown = states.clean_digits(digits)
    async with db.transaction():
        at = await scene(draw_id, actor, "redraw")
        dice = next((one.redraw for one in at.manifest.prizes if one.id == prize), None) or ""
        line = events.redraw_line(prize, slot, attempt, rules.redraw_label(dice), thrown)
        if (there := at.line_of(f"redraw {prize} {slot} {attempt}")) and at.repeats("redraw"):
            if there != line:
                raise Refusal("draw.redraw.other")
            return at.known(line)
        moved(at.state, "redraw")
        waiting = at.told().composed.waiting
        if waiting is None or (waiting.prize, waiting.slot, waiting.attempt) != (prize, slot, attempt):
            raise Refusal("draw.redraw.none")
        check_dice(dice, thrown)
        logged = await add(at, "redraw", line, now=now, new_id=new_id, new_code=new_code)
        await _note_place("draw.redrawn", at, prize, slot, attempt, actor=actor, now=now)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def close(redis: Redis, draw_id: UUID, *, actor: UUID, now: datetime, new_id: NewId) -> Logged:
    """End the ceremony: alternates are drawn, the time to fetch the prizes begins, and nothing can follow.

    Refusals: draw.unknown, draw.own_ticket, draw.move, draw.close.early (a round or a redraw is still to come),
    draw.absence.open (somebody's first confirmation waits for a second), draw.files_unsound.
    """
    async with db.transaction() as connection:
        at = await scene(draw_id, actor, "close")
        if at.state == "closed":
            return at.known(events.CLOSE_LINE)
        moved(at.state, "close")
        if await connection.fetchval(
            "SELECT count(*) FROM absence_confirmation AS one"
            " JOIN win ON (win.draw, win.prize, win.slot, win.attempt) = (one.draw, one.prize, one.slot, one.attempt)"
            " WHERE one.draw = $1 AND win.state IN ('drawn', 'called')",
            draw_id,
        ):
            raise Refusal("draw.absence.open")
        logged = await add(at, "close", events.CLOSE_LINE, now=now, new_id=new_id)
        await note("draw.closed", at=now, actor=actor, subject=str(draw_id), result=logged.code)
    await ticks.announce(redis, f"draw:{draw_id}")
    return logged


async def cancel(redis: Redis, draw_id: UUID, *, actor: UUID, why: str, now: datetime, new_id: NewId) -> bool:
    """Call a draw off for ever. A frozen one publishes that it was aborted, and why; its name is never used again.

    Once it is armed, or its kit has left, somebody may know who wins, and to call it off is to draw again: one who runs
    draws asks for it, and it happens by the word of another. False: it waits for him. Nobody has won, and what was kept
    for the prizes returns to its funds. Refusals: draw.unknown, draw.own_ticket, draw.move (closed or cancelled
    already, or being frozen), draw.why_missing, draw.place_claimed (a prize was handed over), draw.files_unsound,
    draw.second.may (the first does not run draws), those of `check_second`.
    """
    if not (why := why.strip()):
        raise Refusal("draw.why_missing")
    async with db.transaction() as connection:
        found = await found_draw(draw_id)
        state = moved(found["state"], "cancel")
        off = True
        if found["manifest"] is None:
            await connection.execute("UPDATE draw SET state = $2, version = version + 1 WHERE id = $1", draw_id, state)
            await annul(draw_id, now=now, new_id=new_id)
        else:
            at = await scene(draw_id, actor, "cancel")
            two = states.off_takes_two(
                found["state"], kit_left=found["kit_at"] is not None, rehearsal=found["rehearses"] is not None
            )
            off = not two or await _second_to_cancel(found, actor, why, now=now)
            if off:
                await _abort(at, now=now, new_id=new_id)
        if off:
            first, why = found["off_asked_by"], found["off_why"] or why
            await connection.execute("UPDATE draw SET off_why = $2, off_at = $3 WHERE id = $1", draw_id, why[:500], now)
            more = {} if first is None else {"first": str(first)}
            await note("draw.cancelled", at=now, actor=actor, subject=str(draw_id), why=why, **more)
    await ticks.announce(redis, f"draw:{draw_id}")
    return off


async def _second_to_cancel(found: db.Row, actor: UUID, why: str, *, now: datetime) -> bool:
    """Join the caller's transaction. False: this is the first word, which is kept."""
    first = found["off_asked_by"]
    if first is not None:
        await check_second(found["id"], first, actor, now=now)
        return True
    if _FIRST not in await queries.duties_of(actor):
        raise Refusal("draw.second.may")
    await db.rows(
        "UPDATE draw SET off_asked_by = $2, off_why = $3, version = version + 1 WHERE id = $1",
        found["id"],
        actor,
        why[:500],
    )
    await note("draw.cancel_asked", at=now, actor=actor, subject=str(found["id"]), why=why)
    return False


async def confirm_cancel(redis: Redis, draw_id: UUID, *, actor: UUID, now: datetime, new_id: NewId) -> None:
    """The second word that a draw is called off.

    Refusals: draw.off_none (nobody has asked for it), those of `cancel`.
    """
    found = await queries.calling_off(draw_id)
    if found is None:
        raise Refusal("draw.off_none")
    await cancel(redis, draw_id, actor=actor, why=found.why, now=now, new_id=new_id)


async def keep(redis: Redis, draw_id: UUID, *, actor: UUID, now: datetime) -> bool:
    """Take back that a draw is to be called off, before the second word. False: nobody has asked for it.

    Refusals: draw.unknown, draw.own_ticket, draw.move.
    """
    async with db.transaction():
        at = await scene(draw_id, actor, "cancel")
        moved(at.state, "cancel")
        asked = at.found["off_asked_by"] is not None
        if asked:
            await db.rows(
                "UPDATE draw SET off_asked_by = NULL, off_why = '', version = version + 1 WHERE id = $1", draw_id
            )
            await note("draw.cancel_withdrawn", at=now, actor=actor, subject=str(draw_id))
    if asked:
        await ticks.announce(redis, f"draw:{draw_id}")
    return asked


async def take_kit(draw_id: UUID, *, actor: UUID, digest: str, now: datetime) -> None:
    """Note that the kit with its names left for a hall; `digest` is the SHA-256 of the file. Refusal draw.unknown."""
    async with db.transaction():
        await found_draw(draw_id)
        await db.rows("UPDATE draw SET kit_at = coalesce(kit_at, $2) WHERE id = $1", draw_id, now)
        await note("draw.kit_taken", at=now, actor=actor, subject=str(draw_id), digest=digest)


async def _abort(at: Scene, *, now: datetime, new_id: NewId) -> None:
    line = events.abort_line(CANCELLED)
    if at.lines:
        await add(at, "cancel", line, now=now, new_id=new_id)
        return
    lists, _, _ = await locked_lists(at)
    made = await outcome(at, [arm_line(at, lists), line], lists)
    await write(at, made, lists, line, now=now, new_id=new_id)


async def locked_lists(at: Scene) -> tuple[Lists, Mapping[int, str], tuple[int, ...] | None]:
    """Join the caller's transaction: void list and presence list as they stand now, as files and as line numbers.

    No file for an empty void list; a presence list, also an empty one, exactly when the draw promises one. To a
    rehearsal nobody comes, so all are there.
    """
    voided = {
        one["line"]: one["reason"]
        for one in await db.rows("SELECT line, reason FROM void_line WHERE draw = $1 ORDER BY line", at.draw)
    }
    present: tuple[int, ...] | None = None
    if at.manifest.presence and at.found["rehearses"] is not None:
        present = tuple(range(at.manifest.n))
    elif at.manifest.presence:
        here = await db.rows(
            "SELECT line FROM entrant JOIN check_in USING (draw, member) WHERE draw = $1 ORDER BY line", at.draw
        )
        present = tuple(one["line"] for one in here)
    lists = Lists(rules.format_voids(voided) or None, None if present is None else rules.format_present(present))
    return lists, MappingProxyType(voided), present


def _pool(manifest: rules.Manifest, voided: Iterable[int], present: Iterable[int] | None) -> set[int]:
    """The lines that could win anything at all."""
    pool = set(range(manifest.n)) - set(voided)
    if present is not None and all(prize.present for prize in manifest.prizes):
        pool &= set(present)
    return pool


def arm_line(at: Scene, lists: Lists) -> str:
    """The first line of the log, which locks the manifest and the lists."""
    return events.arm_line(at.m.hex(), rules.voids_hash(lists.voids or b""), rules.present_hash(lists.present))


def check_dice(label: str, digits: str) -> None:
    """Refusal draw.dice.digits (wanted, found) unless these clean digits are what such dice can show."""
    try:
        rules.check_dice(label, digits)
    except rules.Refused as refused:
        raise Refusal(refused.code, **refused.facts) from None


async def check_beacon(promised: rules.Beacon, signature: str) -> None:
    """Refusal draw.beacon.form, .signature or .chain unless it is the network's signature of that round."""
    if rules.BEACON_SIGNATURE.fullmatch(signature) is None:
        raise Refusal("draw.beacon.form")
    await asyncio.to_thread(drand.check_beacon, promised.chain, promised.round, bytes.fromhex(signature))


async def _secret(at: Scene, wanted: str, text: str) -> bytes:
    """What was typed; nothing typed is the secret that the server keeps for the next custodian, as in a rehearsal."""
    if not text.strip():
        kept = await db.value("SELECT kept FROM custodian WHERE draw = $1 AND label = $2", at.draw, wanted)
        if kept is not None:
            return bytes(kept)
    try:
        return rules.read_secret(text)
    except rules.Refused as refused:
        raise Refusal(refused.code, **refused.facts) from None


def _owner(manifest: rules.Manifest, secret: bytes) -> str:
    """The label of the custodian who promised this secret; "" when nobody did."""
    for label, commitment in zip(manifest.labels, manifest.commit, strict=True):
        if rules.commitment(manifest.draw_id, label, secret).hex() == commitment:
            return label
    return ""


async def _current_win(at: Scene, prize: str, slot: int, attempt: int) -> db.Row:
    """The win of a slot in this attempt, locked. Refusals draw.place_moved, draw.place_claimed."""
    win = await db.row(
        "SELECT win.id, win.prize, win.state, called_at FROM win JOIN prize ON prize.id = win.prize"
        " WHERE win.draw = $1 AND prize.code = $2 AND slot = $3 AND attempt = $4 FOR UPDATE OF win",
        at.draw,
        prize,
        slot,
        attempt,
    )
    if win is None or win["state"] not in ("drawn", "called", "claimed"):
        raise Refusal("draw.place_moved")
    if win["state"] == "claimed":
        raise Refusal("draw.place_claimed")
    return win


def _running(at: Scene, win: db.Row, now: datetime) -> bool:
    """Whether the countdown of a call is still running."""
    called: datetime | None = win["called_at"]
    return called is not None and now < called + timedelta(seconds=at.manifest.call_seconds)


async def _check_absence(at: Scene, win: db.Row, prize: str, slot: int, reason: str, now: datetime) -> None:
    """What the rules cannot see, because a log has no clock: the countdown of the call that came last."""
    if reason or not at.manifest.call_seconds:
        return
    if win["called_at"] is None:
        raise Refusal("draw.absent.uncalled", prize=prize, slot=slot)
    if _running(at, win, now):
        left = win["called_at"] + timedelta(seconds=at.manifest.call_seconds) - now
        raise Refusal("draw.call.running", seconds=-(-left // timedelta(seconds=1)))


async def _note_place(
    code: str, at: Scene, prize: str, slot: int, attempt: int, *, actor: UUID, now: datetime, **more: str
) -> None:
    await note(code, at=now, actor=actor, subject=str(at.draw), prize=prize, slot=slot, attempt=attempt, **more)
