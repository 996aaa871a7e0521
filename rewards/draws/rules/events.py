"""The events of a draw (section 8): the lines of a log, the sheet of paper behind it, the hash chain and the code."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rewards.draws.rules.hashing import digest, th
from rewards.draws.rules.manifest import ID_RULE
from rewards.draws.rules.pick import Alternate, Outcome, Pick
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import REASON_RULE

ABSENCE_REASONS = ("declined", "ineligible")
CLOSE_LINE = "close"

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER = "(0|[1-9][0-9]{0,9})"
_LINE = "(0|[1-9][0-9]{0,9}|unfilled)"
_DICE_RULE = "d(?:6|10)x[1-9][0-9]{0,2}"
_DIGITS = "([0-9]{1,999})"
_HASH = "([0-9a-f]{64})"
EVENTS = {
    "arm": re.compile(f"arm {_HASH}(?: void {_HASH})?(?: present {_HASH})?"),
    "venue": re.compile(f"venue ({_DICE_RULE}) {_DIGITS}"),
    "beacon": re.compile("beacon ([1-9][0-9]{0,15}) ([0-9a-f]{96})"),
    "reveal": re.compile(f"reveal ({ID_RULE}) {_HASH}"),
    "round": re.compile(f"round ({ID_RULE})(?: (round-{_DICE_RULE}) {_DIGITS})?"),
    "win": re.compile(f"win ({ID_RULE}) {_NUMBER} {_NUMBER} {_LINE}"),
    "call": re.compile(f"call ({ID_RULE}) {_NUMBER} {_NUMBER}"),
    "absent": re.compile(f"absent ({ID_RULE}) {_NUMBER} {_NUMBER}(?: ({'|'.join(ABSENCE_REASONS)}))?"),
    "redraw": re.compile(f"redraw ({ID_RULE}) {_NUMBER} {_NUMBER} (redraw-{_DICE_RULE}) {_DIGITS}"),
    "alternate": re.compile(f"alternate ({ID_RULE}) {_NUMBER} {_LINE}"),
    "abort": re.compile(f"abort ({REASON_RULE})"),
    "close": re.compile(CLOSE_LINE),
}
"""Kind of event -> the whole line, its fields as groups."""

_RESULTS = ("win ", "alternate ")
_REASON = re.compile(REASON_RULE)


class Reveal(NamedTuple):
    """A custodian's opened secret: 32 bytes."""

    label: str
    secret: bytes


class Call(NamedTuple):
    """The standing winner of a slot is being called; nothing is drawn."""

    prize: str
    slot: int


class Absence(NamedTuple):
    """The standing winner of a slot goes: not there when called (`reason` empty), `declined` or `ineligible`.

    `label` and `digits` are the dice thrown after that (`redraw-d10x4`, `1618`); both empty: none were thrown.
    """

    prize: str
    slot: int
    reason: str = ""
    label: str = ""
    digits: str = ""


class RoundStart(NamedTuple):
    """The next round starts, with the digits of its own dice; empty: it has none."""

    id: str
    digits: str = ""


Step = Call | Absence | RoundStart


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that happened at the venue, in order.

    `manifest`: hex of the M that was armed. `voids`: hex hash of the void list, empty = none. `present`: hex hash of
    the presence list, empty = the draw has none. `digits` empty: no dice yet. `beacon`: the signature in hex, empty =
    not there (yet). Fewer `reveals` than custodians: not all opened yet, nothing drawn. A first round without dice of
    its own starts with the last reveal and is no step. `closed`: nothing can follow. `abort`: a reason code; the draw
    id is burnt and there are no winners.
    """

    manifest: str
    voids: str = ""
    present: str = ""
    digits: str = ""
    beacon: str = ""
    reveals: tuple[Reveal, ...] = ()
    steps: tuple[Step, ...] = ()
    closed: bool = False
    abort: str = ""


def voids_hash(voids: bytes) -> str:
    """What the arm line says of the void list file: its SHA-256 in hex, empty for an empty or missing file."""
    return digest(voids).hex() if voids else ""


def present_hash(present: bytes | None) -> str:
    """What the arm line says of the presence list file: its SHA-256 in hex, also when it is empty; None: no list."""
    return "" if present is None else digest(present).hex()


def arm_line(manifest_hex: str, voids: str = "", present: str = "") -> str:
    return f"arm {manifest_hex}" + (f" void {voids}" if voids else "") + (f" present {present}" if present else "")


def venue_line(label: str, digits: str) -> str:
    return f"venue {label} {digits}"


def beacon_line(number: int, signature: str) -> str:
    return f"beacon {number} {signature}"


def reveal_line(reveal: Reveal) -> str:
    return f"reveal {reveal.label} {reveal.secret.hex()}"


def round_line(round_id: str, label: str = "", digits: str = "") -> str:
    return f"round {round_id} {label} {digits}" if digits else f"round {round_id}"


def _picked(pick: Pick | None) -> str:
    return "unfilled" if pick is None else str(pick.line)


def win_line(outcome: Outcome) -> str:
    return f"win {outcome.prize} {outcome.slot} {outcome.attempt} {_picked(outcome.pick)}"


def alternate_line(alternate: Alternate) -> str:
    return f"alternate {alternate.prize} {alternate.place} {_picked(alternate.pick)}"


def call_line(prize: str, slot: int, attempt: int) -> str:
    return f"call {prize} {slot} {attempt}"


def absent_line(prize: str, slot: int, attempt: int, reason: str = "") -> str:
    return f"absent {prize} {slot} {attempt}" + (f" {reason}" if reason else "")


def redraw_line(prize: str, slot: int, attempt: int, label: str, digits: str) -> str:
    """`attempt` is the one that is drawn next."""
    return f"redraw {prize} {slot} {attempt} {label} {digits}"


def abort_line(reason: str) -> str:
    """`reason` is a code of lower-case letters, digits, dots and hyphens. Refused `draw.abort.reason`."""
    if _REASON.fullmatch(reason) is None:
        raise Refused("draw.abort.reason")
    return f"abort {reason}"


def inputs_of(lines: Iterable[str]) -> list[str]:
    """The lines of a log that were put in, not worked out: all but `win` and `alternate`. The log on paper."""
    return [line for line in lines if not line.startswith(_RESULTS)]


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


def split_log(data: bytes) -> list[str]:
    """Lines of a log file without LF. Refused `draw.log.ending|line`; `line` counts from 0."""
    if not data.endswith(b"\n"):
        raise Refused("draw.log.ending")
    try:
        lines = data[:-1].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused("draw.log.line", line=data.count(b"\n", 0, error.start)) from None
    for number, line in enumerate(lines):
        shape = EVENTS.get(line.partition(" ")[0])
        if shape is None or shape.fullmatch(line) is None:
            raise Refused("draw.log.line", line=number)
    return lines
