"""The event log (section 8): its lines, their grammar, the hash chain over them and the display code.

A log is wholly determined by manifest, snapshot, void list and a `Sheet` that fits on one piece of paper. So it
is checked by composing it again and comparing bytes; reading one only recovers the sheet.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rewards.draws.rules.hashing import (
    check_dice,
    commitment,
    digest,
    redraw_label,
    round_key,
    seed,
    th,
    venue_value,
)
from rewards.draws.rules.manifest import ID_RULE, Manifest
from rewards.draws.rules.pick import Drawing, Outcome
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import REASON_RULE, Line

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER = "(0|[1-9][0-9]{0,9})"
_DICE_RULE = "d(?:6|10)x[1-9][0-9]{0,2}"
_EVENTS = {
    "arm": re.compile("arm ([0-9a-f]{64})(?: void ([0-9a-f]{64}))?"),
    "venue": re.compile(f"venue ({_DICE_RULE}) ([0-9]{{1,999}})"),
    "reveal": re.compile(f"reveal ({ID_RULE}) ([0-9a-f]{{64}})"),
    "win": re.compile(f"win ({ID_RULE}) {_NUMBER} {_NUMBER} (0|[1-9][0-9]{{0,9}}|unfilled)"),
    "absent": re.compile(f"absent ({ID_RULE}) {_NUMBER} {_NUMBER}"),
    "redraw": re.compile(f"redraw ({ID_RULE}) {_NUMBER} {_NUMBER} (redraw-{_DICE_RULE}) ([0-9]{{1,999}})"),
    "abort": re.compile(f"abort ({REASON_RULE})"),
    "close": re.compile("close"),
}
_REASON = re.compile(REASON_RULE)


class Reveal(NamedTuple):
    """A custodian's opened secret: 32 bytes."""

    label: str
    secret: bytes


class Absence(NamedTuple):
    """The standing winner of a slot was called absent. `label` and `digits` are the dice thrown after that
    (`redraw-d10x4`, `1618`); both empty: none were thrown."""

    prize: str
    slot: int
    label: str = ""
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that happened at the venue, in order.

    `manifest`: hex of the M that was armed. `voids`: hex hash of the void list, empty = none. `digits` empty: no
    dice yet. Fewer `reveals` than custodians: not all opened yet, nothing drawn. `closed`: nothing can follow.
    `abort`: a reason code; the draw id is burnt and there are no winners.
    """

    manifest: str
    voids: str = ""
    digits: str = ""
    reveals: tuple[Reveal, ...] = ()
    absences: tuple[Absence, ...] = ()
    closed: bool = False
    abort: str = ""


class Composed(NamedTuple):
    """A log made of a sheet: its `lines` without LF, the `outcomes` that stand at the end (manifest order; none
    before all secrets are open, none after an abort), and K and K_r (empty before all secrets are open)."""

    lines: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    seed: bytes
    key: bytes


def voids_hash(voids: bytes) -> str:
    """What the arm line says of the void list file: its SHA-256 in hex, empty for an empty or missing file."""
    return digest(voids).hex() if voids else ""


def arm_line(manifest_hex: str, voids: str = "") -> str:
    return f"arm {manifest_hex} void {voids}" if voids else f"arm {manifest_hex}"


def venue_line(label: str, digits: str) -> str:
    return f"venue {label} {digits}"


def reveal_line(reveal: Reveal) -> str:
    return f"reveal {reveal.label} {reveal.secret.hex()}"


def win_line(outcome: Outcome) -> str:
    line = "unfilled" if outcome.pick is None else outcome.pick.line
    return f"win {outcome.prize} {outcome.slot} {outcome.attempt} {line}"


def absent_line(prize: str, slot: int, attempt: int) -> str:
    return f"absent {prize} {slot} {attempt}"


def redraw_line(prize: str, slot: int, attempt: int, label: str, digits: str) -> str:
    """`attempt` is the one that is drawn next."""
    return f"redraw {prize} {slot} {attempt} {label} {digits}"


def abort_line(reason: str) -> str:
    """`reason` is a code of lower-case letters, digits, dots and hyphens. Refused `draw.abort.reason`."""
    if _REASON.fullmatch(reason) is None:
        raise Refused("draw.abort.reason")
    return f"abort {reason}"


CLOSE_LINE = "close"


def log_text(lines: Iterable[str]) -> str:
    """The file: every line LF-terminated."""
    return "".join(f"{line}\n" for line in lines)


def chain(manifest_hash: bytes, lines: Iterable[str]) -> list[bytes]:
    """e_0 = TH("log0", M), then e_k = TH("log", e_(k-1), line k): one hash more than lines."""
    heads = [th("log0", manifest_hash)]
    for line in lines:
        heads.append(th("log", heads[-1], line.encode("ascii")))
    return heads


def display_code(head: bytes) -> str:
    """The first 60 bits of a chain head in Crockford's base 32, as three groups of four: `7Z3K-0QPA-41MV`."""
    bits = int.from_bytes(head[:8], "big") >> 4
    text = "".join(_CROCKFORD[bits >> shift & 31] for shift in range(55, -1, -5))
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def read_code(typed: str) -> str:
    """The display code a person meant: case, spaces, hyphens, O for 0 and I or L for 1 do not matter.

    Empty when it is no code.
    """
    plain = "".join(typed.split()).replace("-", "").upper().translate(str.maketrans("OIL", "011"))
    if len(plain) != 12 or not set(plain) <= set(_CROCKFORD):
        return ""
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def check_reveal(manifest: Manifest, position: int, reveal: Reveal) -> None:
    """Refused `draw.reveal.label` (not the custodian of this position) or `draw.commitment` (not the secret that
    was promised). A manifest without labels takes any label, because the commitment binds it."""
    if manifest.labels and manifest.labels[position] != reveal.label:
        raise Refused("draw.reveal.label", wanted=manifest.labels[position], found=reveal.label)
    if commitment(manifest.draw_id, reveal.label, reveal.secret).hex() != manifest.commit[position]:
        raise Refused("draw.commitment", label=reveal.label)


def _demands(manifest: Manifest) -> dict[str, str | None]:
    return {prize.id: prize.redraw for prize in manifest.prizes}


def _dice_thrown(absence: Absence, demanded: str | None) -> bool:
    """Whether the slot can be drawn again now: False while the dice that the prize demands are not thrown.

    Refused `draw.redraw.dice` for dice that the manifest does not provide for.
    """
    if absence.digits:
        if demanded == "" or (demanded and absence.label != redraw_label(demanded)):
            raise Refused("draw.redraw.dice", prize=absence.prize, slot=absence.slot)
        check_dice(absence.label, absence.digits)
    return bool(absence.digits) or not demanded


def _replace_absent(
    manifest: Manifest, manifest_hash: bytes, drawing: Drawing, absences: Sequence[Absence]
) -> tuple[list[str], bool]:
    """Log lines of the absences, and whether the last one still waits for its dice."""
    log: list[str] = []
    demands = _demands(manifest)
    waiting = False
    for absence in absences:
        prize, slot, label, digits = absence
        if waiting:
            raise Refused("draw.redraw.pending", prize=prize, slot=slot)
        attempt = drawing.absent(prize, slot)
        log.append(absent_line(prize, slot, attempt))
        waiting = not _dice_thrown(absence, demands[prize])
        if waiting:
            continue
        fresh = None
        if digits:
            log.append(redraw_line(prize, slot, attempt + 1, label, digits))
            fresh = venue_value(manifest_hash, label, digits)
        log.append(win_line(drawing.redraw(prize, slot, fresh)))
    return log, waiting


def compose(
    manifest: Manifest,
    manifest_hash: bytes,
    lines: Sequence[Line],
    sheet: Sheet,
    voided: Collection[int] = (),
) -> Composed:
    """The log that `sheet` leads to, as far as the sheet goes. `lines` must be those of the manifest.

    Refused: a wrong manifest, dice, reveal, absence or redraw (`draw.manifest.other`, `draw.dice.*`,
    `draw.reveal.*`, `draw.commitment`, `draw.absent.slot`, `draw.redraw.*`), reveals before the dice or absences
    before all reveals (`draw.sheet.order`), or an end that comes too early (`draw.close.early`).
    """
    if sheet.manifest != manifest_hash.hex():
        raise Refused("draw.manifest.other")
    wanted, found = len(manifest.commit), len(sheet.reveals)
    if found > wanted:
        raise Refused("draw.reveal.count", wanted=wanted, found=found)
    if (found and not sheet.digits) or (sheet.absences and found < wanted):
        raise Refused("draw.sheet.order")
    log = [arm_line(sheet.manifest, sheet.voids)]
    if sheet.digits:
        check_dice(manifest.venue, sheet.digits)
        log.append(venue_line(manifest.venue, sheet.digits))
    for position, reveal in enumerate(sheet.reveals):
        check_reveal(manifest, position, reveal)
        log.append(reveal_line(reveal))
    outcomes: tuple[Outcome, ...] = ()
    seed_key = key = b""
    waiting = True
    if found == wanted:
        venue = venue_value(manifest_hash, manifest.venue, sheet.digits)
        seed_key = seed(manifest_hash, [reveal.secret for reveal in sheet.reveals], venue)
        key = round_key(seed_key, manifest.round)
        drawing = Drawing(manifest, lines, key, voided)
        log.extend(map(win_line, drawing.standing.values()))
        after, waiting = _replace_absent(manifest, manifest_hash, drawing, sheet.absences)
        log.extend(after)
        outcomes = tuple(drawing.standing.values())
    if sheet.abort:
        return Composed((*log, abort_line(sheet.abort)), (), seed_key, key)
    if sheet.closed:
        if waiting:
            raise Refused("draw.close.early")
        log.append(CLOSE_LINE)
    return Composed(tuple(log), outcomes, seed_key, key)


def split_log(data: bytes) -> list[str]:
    """Lines of a log file without LF. Refused `draw.log.ending|line`; `line` counts from 0."""
    if not data.endswith(b"\n"):
        raise Refused("draw.log.ending")
    try:
        lines = data[:-1].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused("draw.log.line", line=data.count(b"\n", 0, error.start)) from None
    for number, line in enumerate(lines):
        shape = _EVENTS.get(line.partition(" ")[0])
        if shape is None or shape.fullmatch(line) is None:
            raise Refused("draw.log.line", line=number)
    return lines


class _Reader:
    """Walks over the lines of a log; every step takes one event of the kind that may come now."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.number = 0

    def kind(self) -> str:
        """The kind of the next event; empty at the end."""
        return self._lines[self.number].partition(" ")[0] if self.number < len(self._lines) else ""

    def take(self, kind: str) -> Mapping[int, str]:
        """The fields of the next event, from 1. Refused when it is of another kind or missing."""
        found = self.kind()
        if found != kind:
            if found == "venue" and self.number > 1:
                raise Refused("draw.log.venue.twice", line=self.number)
            if not found:
                raise Refused("draw.log.cut", line=self.number, wanted=kind)
            raise Refused("draw.log.order", line=self.number, wanted=kind, found=found)
        shape = _EVENTS[kind].fullmatch(self._lines[self.number])
        self.number += 1
        return dict(enumerate(shape.groups(""), 1)) if shape else {}


def read_sheet(lines: Sequence[str], manifest: Manifest) -> Sheet:
    """The sheet behind the lines of a log, the order of events enforced.

    What the `win`, `absent` and `redraw` lines claim is not judged here: compose the log of the sheet and compare.
    Refused `draw.log.order|cut|venue.twice|after-end`, `draw.log.venue` (dice other than the manifest's).
    """
    reader = _Reader(lines)
    arm = reader.take("arm")
    digits = ""
    reveals: list[Reveal] = []
    absences: list[Absence] = []
    demands = _demands(manifest)
    if reader.kind() not in ("", "abort"):
        venue = reader.take("venue")
        if venue[1] != manifest.venue:
            raise Refused("draw.log.venue", wanted=manifest.venue, found=venue[1])
        digits = venue[2]
        check_dice(venue[1], digits)
        while len(reveals) < len(manifest.commit) and reader.kind() not in ("", "abort"):
            fields = reader.take("reveal")
            reveals.append(Reveal(fields[1], bytes.fromhex(fields[2])))
        if len(reveals) == len(manifest.commit):
            for _ in range(manifest.slots):
                reader.take("win")
            while reader.kind() not in ("", "abort", "close"):
                fields = reader.take("absent")
                absence = Absence(fields[1], int(fields[2]))
                if reader.kind() == "redraw":
                    dice = reader.take("redraw")
                    absence = absence._replace(label=dice[4], digits=dice[5])
                if _dice_thrown(absence, demands.get(absence.prize, "")):
                    reader.take("win")
                absences.append(absence)
    ended = reader.kind()
    abort = reader.take("abort")[1] if ended == "abort" else ""
    if ended == "close":
        reader.take("close")
    if reader.kind():
        raise Refused("draw.log.after-end", line=reader.number)
    return Sheet(arm[1], arm[2], digits, tuple(reveals), tuple(absences), ended == "close", abort)
