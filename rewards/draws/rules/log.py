"""From a sheet of paper to the log and back (section 8).

A log is wholly determined by manifest, snapshot, void list, presence list and a `Sheet` that fits on a piece of paper.
So it is checked by composing it again and comparing bytes; reading one only recovers the sheet.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from rewards.draws.rules.events import (
    ABSENCE_REASONS,
    CLOSE_LINE,
    EVENTS,
    Absence,
    Call,
    Reveal,
    RoundStart,
    Sheet,
    Step,
    abort_line,
    absent_line,
    alternate_line,
    arm_line,
    beacon_line,
    call_line,
    redraw_line,
    reveal_line,
    round_line,
    venue_line,
    win_line,
)
from rewards.draws.rules.hashing import (
    beacon_value,
    check_dice,
    commitment,
    redraw_label,
    round_key,
    round_label,
    seed,
    venue_value,
)
from rewards.draws.rules.manifest import Manifest, Prize, Round
from rewards.draws.rules.pick import Alternate, Drawing, Outcome
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import Line

_ENDS = (None, "abort")


class Redraw(NamedTuple):
    """A vacant slot that waits for dice: `attempt` is the one drawn next, `label` the dice (`redraw-d10x4`)."""

    prize: str
    slot: int
    attempt: int
    label: str


class Composed(NamedTuple):
    """A log made of a sheet.

    `lines` without LF. `outcomes` that stand at the end and `alternates` (both in manifest order; none before the first
    round and after an abort, alternates only once closed). `seed`: K, empty before all secrets are open. `keys`: K_r of
    the rounds drawn so far. `waiting`: the slot that is not drawn again before its dice are thrown.
    """

    lines: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    alternates: tuple[Alternate, ...]
    seed: bytes
    keys: tuple[bytes, ...]
    waiting: Redraw | None


class Next(NamedTuple):
    """What may come next. `kinds`: of venue, beacon, reveal, round, call, absent, redraw, close, abort; empty after the
    end. `reveal`: position of the custodian whose turn it is; None: nobody's. `round` and `redraw`: what an event of
    that kind would have to be; None: it may not come."""

    kinds: frozenset[str]
    reveal: int | None = None
    round: Round | None = None
    redraw: Redraw | None = None


def check_reveal(manifest: Manifest, position: int, reveal: Reveal) -> None:
    """Refused `draw.reveal.label` (not the custodian of this position) or `draw.commitment` (not the secret that
    was promised). A manifest without labels takes any label, because the commitment binds it."""
    if manifest.labels and manifest.labels[position] != reveal.label:
        raise Refused("draw.reveal.label", wanted=manifest.labels[position], found=reveal.label)
    if commitment(manifest.draw_id, reveal.label, reveal.secret).hex() != manifest.commit[position]:
        raise Refused("draw.commitment", label=reveal.label)


def check_presence(manifest: Manifest, listed: bool) -> None:
    """Refused `draw.present.missing|unpromised` unless there is a presence list exactly when one was promised."""
    if manifest.presence and not listed:
        raise Refused("draw.present.missing")
    if listed and not manifest.presence:
        raise Refused("draw.present.unpromised")


def _next_round(manifest: Manifest, drawn: int, wanted: str) -> Round:
    """The round after `drawn` ones. Refused `draw.round.order` when it is not `wanted`."""
    stage = manifest.stages[drawn] if drawn < len(manifest.stages) else None
    if stage is None or stage.id != wanted:
        raise Refused("draw.round.order", wanted="-" if stage is None else stage.id, found=wanted)
    return stage


class _Course:
    """What follows the last secret, step by step: rounds, calls, absences, and the alternates at the close."""

    def __init__(self, manifest: Manifest, manifest_hash: bytes, drawing: Drawing, seed_key: bytes) -> None:
        self._manifest = manifest
        self._hash = manifest_hash
        self._prizes = {prize.id: prize for prize in manifest.prizes}
        self._seed = seed_key
        self._called: set[tuple[str, int, int]] = set()
        self.drawing = drawing
        self.log: list[str] = []
        self.keys: list[bytes] = []
        self.waiting: Redraw | None = None
        if not manifest.stages[0].dice:
            self._draw_round(manifest.stages[0], b"")

    def take(self, step: Step) -> None:
        """Refused `draw.redraw.pending` while a slot waits for dice, and as the kinds of steps say."""
        if self.waiting is not None:
            raise Refused("draw.redraw.pending", prize=self.waiting.prize, slot=self.waiting.slot)
        if isinstance(step, RoundStart):
            self._start(step)
        elif isinstance(step, Call):
            self._call(step)
        else:
            self._replace(step)

    def close(self) -> tuple[Alternate, ...]:
        """Refused `draw.close.early` while a round or a redraw is still to come."""
        if self.waiting is not None or len(self.keys) < len(self._manifest.stages):
            raise Refused("draw.close.early")
        alternates = tuple(self.drawing.alternates())
        self.log.extend(map(alternate_line, alternates))
        self.log.append(CLOSE_LINE)
        return alternates

    def _draw_round(self, stage: Round, fresh: bytes) -> None:
        key = round_key(self._seed, stage.id, fresh)
        self.keys.append(key)
        self.log.extend(map(win_line, self.drawing.start(stage, key)))

    def _start(self, step: RoundStart) -> None:
        stage = _next_round(self._manifest, len(self.keys), step.id)
        if bool(stage.dice) != bool(step.digits):
            raise Refused("draw.round.dice", round=stage.id)
        label = round_label(stage.dice) if stage.dice else ""
        fresh = venue_value(self._hash, label, step.digits) if stage.dice else b""
        self.log.append(round_line(stage.id, label, step.digits))
        self._draw_round(stage, fresh)

    def _call(self, step: Call) -> None:
        standing = self.drawing.winner(*step)
        if standing is None:
            raise Refused("draw.call.slot", prize=step.prize, slot=step.slot)
        self.log.append(call_line(*step, standing.attempt))
        self._called.add((*step, standing.attempt))

    def _replace(self, step: Absence) -> None:
        prize, slot, reason, label, digits = step
        standing = self.drawing.winner(prize, slot)
        if standing is None:
            raise Refused("draw.absent.slot", prize=prize, slot=slot)
        rules = self._prizes[prize]
        self._check_absence(rules, standing, reason)
        thrown = _dice_thrown(rules, step)
        attempt = self.drawing.absent(prize, slot)
        self.log.append(absent_line(prize, slot, attempt, reason))
        if not thrown:
            self.waiting = Redraw(prize, slot, attempt + 1, redraw_label(rules.redraw or ""))
            return
        fresh = None
        if digits:
            self.log.append(redraw_line(prize, slot, attempt + 1, label, digits))
            fresh = venue_value(self._hash, label, digits)
        self.log.append(win_line(self.drawing.redraw(prize, slot, fresh)))

    def _check_absence(self, prize: Prize, standing: Outcome, reason: str) -> None:
        """Refused `draw.absent.reason`, `draw.absent.present` (whoever wins this need not be there) or
        `draw.absent.uncalled`. With a reason one may always go."""
        facts: dict[str, str | int] = {"prize": prize.id, "slot": standing.slot}
        if reason:
            if reason not in ABSENCE_REASONS:
                raise Refused("draw.absent.reason", **facts)
            return
        if not prize.present:
            raise Refused("draw.absent.present", **facts)
        if self._manifest.call_seconds and (prize.id, standing.slot, standing.attempt) not in self._called:
            raise Refused("draw.absent.uncalled", **facts)


def _dice_thrown(prize: Prize, absence: Absence) -> bool:
    """Whether the slot can be drawn again now: False while the dice that the prize demands are not thrown.

    Refused `draw.redraw.dice` for dice that the manifest does not provide for.
    """
    if absence.digits:
        if prize.redraw == "" or (prize.redraw and absence.label != redraw_label(prize.redraw)):
            raise Refused("draw.redraw.dice", prize=absence.prize, slot=absence.slot)
        check_dice(absence.label, absence.digits)
    return bool(absence.digits) or not prize.redraw


def compose(
    manifest: Manifest,
    manifest_hash: bytes,
    lines: Sequence[Line],
    sheet: Sheet,
    voided: Collection[int] = (),
    present: Collection[int] | None = None,
) -> Composed:
    """The log that `sheet` leads to, as far as the sheet goes. `lines` must be those of the manifest, `voided` and
    `present` (None: no list) those whose hashes the sheet names.

    Refused: a wrong manifest, presence list, dice, beacon, reveal, round, call, absence or redraw
    (`draw.manifest.other`, `draw.present.*`, `draw.dice.*`, `draw.beacon.form`, `draw.reveal.*`, `draw.commitment`,
    `draw.round.*`, `draw.call.slot`, `draw.absent.*`, `draw.redraw.*`), anything before what it needs
    (`draw.sheet.order`), an end that comes too early (`draw.close.early`), or too much work (`draw.pool.work`).
    """
    if sheet.manifest != manifest_hash.hex():
        raise Refused("draw.manifest.other")
    check_presence(manifest, bool(sheet.present) and (present is not None or not manifest.presence))
    wanted, found = len(manifest.commit), len(sheet.reveals)
    if found > wanted:
        raise Refused("draw.reveal.count", wanted=wanted, found=found)
    after_venue = bool(sheet.beacon or found)
    if (
        (after_venue and not sheet.digits)
        or (found and manifest.beacon is not None and not sheet.beacon)
        or (sheet.beacon and manifest.beacon is None)
        or (sheet.steps and found < wanted)
    ):
        raise Refused("draw.sheet.order")
    log = [arm_line(sheet.manifest, sheet.voids, sheet.present)]
    if sheet.digits:
        check_dice(manifest.venue, sheet.digits)
        log.append(venue_line(manifest.venue, sheet.digits))
    beacon = None
    if manifest.beacon is not None and sheet.beacon:
        number = manifest.beacon.round
        beacon = beacon_value(manifest_hash, bytes.fromhex(manifest.beacon.chain), number, sheet.beacon)
        log.append(beacon_line(number, sheet.beacon))
    for position, reveal in enumerate(sheet.reveals):
        check_reveal(manifest, position, reveal)
        log.append(reveal_line(reveal))
    if found < wanted:
        if sheet.abort:
            log.append(abort_line(sheet.abort))
        elif sheet.closed:
            raise Refused("draw.close.early")
        return Composed(tuple(log), (), (), b"", (), None)
    venue = venue_value(manifest_hash, manifest.venue, sheet.digits)
    seed_key = seed(manifest_hash, [reveal.secret for reveal in sheet.reveals], venue, beacon)
    drawing = Drawing(manifest, lines, voided, present or ())
    course = _Course(manifest, manifest_hash, drawing, seed_key)
    for step in sheet.steps:
        course.take(step)
    if sheet.abort:
        log += [*course.log, abort_line(sheet.abort)]
        return Composed(tuple(log), (), (), seed_key, tuple(course.keys), None)
    alternates = course.close() if sheet.closed else ()
    outcomes = tuple(drawing.standing.values())
    return Composed((*log, *course.log), outcomes, alternates, seed_key, tuple(course.keys), course.waiting)


def next_events(manifest: Manifest, composed: Composed) -> Next:
    """Which inputs may follow a composed log, and which of them exactly, where there is no choice.

    `call` and `absent` are there while any winner stands; whether one may be absent depends on his prize.
    """
    if composed.lines[-1].partition(" ")[0] in ("close", "abort"):
        return Next(frozenset())
    if not composed.seed:
        kinds = [line.partition(" ")[0] for line in composed.lines]
        if "venue" not in kinds:
            return Next(frozenset({"venue", "abort"}))
        if manifest.beacon is not None and "beacon" not in kinds:
            return Next(frozenset({"beacon", "abort"}))
        return Next(frozenset({"reveal", "abort"}), reveal=kinds.count("reveal"))
    if composed.waiting is not None:
        return Next(frozenset({"redraw", "abort"}), redraw=composed.waiting)
    may = {"abort"}
    stage = None
    if len(composed.keys) < len(manifest.stages):
        stage = manifest.stages[len(composed.keys)]
        may.add("round")
    else:
        may.add("close")
    if any(outcome.pick is not None for outcome in composed.outcomes):
        may |= {"call", "absent"}
    return Next(frozenset(may), round=stage)


class _Reader:
    """Walks over the lines of a log; every step takes one event of the kind that may come now."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.number = 0

    def kind(self) -> str | None:
        """The kind of the next event, empty for a line that names none; None at the end."""
        return self._lines[self.number].partition(" ")[0] if self.number < len(self._lines) else None

    def take(self, kind: str) -> Mapping[int, str]:
        """The fields of the next event, from 1, empty where left out. Refused when it is of another kind, malformed or
        missing."""
        found = self.kind()
        if found != kind:
            if found == "venue" and self.number > 1:
                raise Refused("draw.log.venue.twice", line=self.number)
            if found is None:
                raise Refused("draw.log.cut", line=self.number, wanted=kind)
            raise Refused("draw.log.order", line=self.number, wanted=kind, found=found)
        shape = EVENTS[kind].fullmatch(self._lines[self.number])
        if shape is None:
            raise Refused("draw.log.line", line=self.number)
        self.number += 1
        return dict(enumerate(shape.groups(""), 1))


class _Reading:
    """Reads a log (`results`) or its inputs alone into what a sheet holds."""

    def __init__(self, lines: Sequence[str], manifest: Manifest, *, results: bool) -> None:
        self._reader = _Reader(lines)
        self._manifest = manifest
        self._results = results
        self._redraws = {prize.id: prize.redraw for prize in manifest.prizes}
        self._drawn = 0
        self._steps: list[Step] = []

    def sheet(self) -> Sheet:
        reader, manifest = self._reader, self._manifest
        arm = reader.take("arm")
        digits = beacon = ""
        reveals: list[Reveal] = []
        if reader.kind() not in _ENDS:
            digits = self._venue()
            if manifest.beacon is not None and reader.kind() not in _ENDS:
                beacon = self._beacon(manifest.beacon.round)
            while len(reveals) < len(manifest.commit) and reader.kind() not in _ENDS:
                fields = reader.take("reveal")
                reveals.append(Reveal(fields[1], bytes.fromhex(fields[2])))
            if len(reveals) == len(manifest.commit):
                self._course()
        abort = reader.take("abort")[1] if reader.kind() == "abort" else ""
        closed = not abort and reader.kind() == "close"
        if closed:
            reader.take("close")
        if reader.kind() is not None:
            raise Refused("draw.log.after-end", line=reader.number)
        return Sheet(arm[1], arm[2], arm[3], digits, beacon, tuple(reveals), tuple(self._steps), closed, abort)

    def _venue(self) -> str:
        fields = self._reader.take("venue")
        if fields[1] != self._manifest.venue:
            raise Refused("draw.log.venue", wanted=self._manifest.venue, found=fields[1])
        check_dice(fields[1], fields[2])
        return fields[2]

    def _beacon(self, number: int) -> str:
        fields = self._reader.take("beacon")
        if int(fields[1]) != number:
            raise Refused("draw.beacon.round", wanted=number, found=int(fields[1]))
        return fields[2]

    def _take_results(self, kind: str, count: int) -> None:
        for _ in range(count if self._results else 0):
            self._reader.take(kind)

    def _wins_of(self, stage: Round) -> None:
        self._drawn += 1
        self._take_results("win", sum(prize.count for prize in self._manifest.prizes_of(stage)))

    def _course(self) -> None:
        """Everything from the first round to the alternates; the end itself is left."""
        reader, manifest = self._reader, self._manifest
        if not manifest.stages[0].dice:
            self._wins_of(manifest.stages[0])
        while (kind := reader.kind()) not in (*_ENDS, "alternate", "close"):
            if kind == "round":
                self._round()
            elif kind == "call":
                fields = reader.take("call")
                self._steps.append(Call(fields[1], int(fields[2])))
            else:
                self._absence()
        if kind in ("alternate", "close"):
            self._take_results("alternate", sum(prize.alternates for prize in manifest.prizes))
            if reader.kind() != "close":
                reader.take("close")

    def _round(self) -> None:
        fields = self._reader.take("round")
        stage = _next_round(self._manifest, self._drawn, fields[1])
        if fields[2] != (round_label(stage.dice) if stage.dice else ""):
            raise Refused("draw.round.dice", round=stage.id)
        self._steps.append(RoundStart(stage.id, fields[3]))
        self._wins_of(stage)

    def _absence(self) -> None:
        reader = self._reader
        fields = reader.take("absent")
        absence = Absence(fields[1], int(fields[2]), fields[4])
        if reader.kind() == "redraw":
            dice = reader.take("redraw")
            absence = absence._replace(label=dice[4], digits=dice[5])
        if absence.digits or not self._redraws.get(absence.prize, ""):
            self._take_results("win", 1)
        self._steps.append(absence)


def read_sheet(lines: Sequence[str], manifest: Manifest) -> Sheet:
    """The sheet behind the lines of a log, the order of events enforced.

    What the lines claim besides is not judged here: compose the log of the sheet and compare. Refused
    `draw.log.order|cut|line|venue.twice|after-end`, `draw.log.venue` (dice other than the manifest's),
    `draw.beacon.round`, `draw.round.order|dice`.
    """
    return _Reading(lines, manifest, results=True).sheet()


def read_inputs(lines: Sequence[str], manifest: Manifest) -> Sheet:
    """The sheet behind a log on paper, that is without its `win` and `alternate` lines (`inputs_of`).

    The order rules and refusals of `read_sheet`. To be sure that nothing was mistyped, compare `inputs_of` the composed
    log with these lines.
    """
    return _Reading(lines, manifest, results=False).sheet()
