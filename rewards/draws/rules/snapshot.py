"""The lists of a draw (section 2): the frozen one, one line a person, and those locked before the dice: the lines
that are voided and the lines whose people are present."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from rewards.draws.rules.hashing import HEX256
from rewards.draws.rules.refused import Refused

MAX_TICKETS = 2**32 - 1
TEXT_RULE = "[!-~](?:[ -~]{0,62}[!-~])?"
REASON_RULE = "[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?"

_TEXT = re.compile(TEXT_RULE)
_REASON = re.compile(REASON_RULE)
_LINE = re.compile(f"([0-9a-f]{{64}})\t([1-9][0-9]{{0,9}})\t({TEXT_RULE})(?:\t({TEXT_RULE}))?")
_PRESENT = re.compile("0|[1-9][0-9]{0,9}")
_VOID = re.compile(f"(0|[1-9][0-9]{{0,9}})\t({REASON_RULE})")


class Line(NamedTuple):
    """One entrant. `tickets` 1..2^32-1. `unit` and `group` (the class of section 2, empty = none) are
    1..64 printable ASCII characters without a space at either end; they are codes, not names."""

    id_commit: str
    tickets: int
    unit: str
    group: str = ""

    @property
    def leaf(self) -> bytes:
        """The bytes that the tree and the file hold, without LF."""
        tail = f"\t{self.group}" if self.group else ""
        return f"{self.id_commit}\t{self.tickets}\t{self.unit}{tail}".encode("ascii")


def valid_text(text: str) -> bool:
    """Whether `text` may stand as a unit or class."""
    return _TEXT.fullmatch(text) is not None


def _checked(lines: Iterable[Line]) -> tuple[Line, ...]:
    before, total, checked = "", 0, []
    for number, line in enumerate(lines):
        if line.id_commit <= before:
            raise Refused("draw.snapshot.order", line=number)
        before = line.id_commit
        total += line.tickets
        if total > MAX_TICKETS:
            raise Refused("draw.snapshot.total", line=number)
        checked.append(line)
    return tuple(checked)


def _ascii_lines(data: bytes, subject: str) -> list[str]:
    """The lines of an LF-terminated ASCII file; no line for an empty file."""
    if not data:
        return []
    if not data.endswith(b"\n"):
        raise Refused(f"draw.{subject}.ending")
    try:
        return data[:-1].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(f"draw.{subject}.line", line=data.count(b"\n", 0, error.start)) from None


def parse_snapshot(data: bytes) -> tuple[Line, ...]:
    """Lines of a snapshot file in file order; index = position from 0. An empty file has no lines.

    Refused `draw.snapshot.ending|line|order|total`; `line` is the number of the first bad line.
    """
    lines = []
    for number, text in enumerate(_ascii_lines(data, "snapshot")):
        shape = _LINE.fullmatch(text)
        if shape is None:
            raise Refused("draw.snapshot.line", line=number)
        lines.append(Line(shape[1], int(shape[2]), shape[3], shape[4] or ""))
    return _checked(lines)


def format_snapshot(lines: Collection[Line]) -> bytes:
    """The file of `lines`, sorted here by id_commit. Refuses what `parse_snapshot` would refuse."""
    for number, line in enumerate(lines):
        if (
            HEX256.fullmatch(line.id_commit) is None
            or line.tickets < 1
            or not valid_text(line.unit)
            or not (line.group == "" or valid_text(line.group))
        ):
            raise Refused("draw.snapshot.line", line=number)
    ordered = _checked(sorted(lines, key=lambda line: line.id_commit))
    return b"".join(line.leaf + b"\n" for line in ordered)


def parse_voids(data: bytes, n: int) -> dict[int, str]:
    """Voided line index -> reason code, from a void list of `INDEX TAB REASON` lines, indices ascending.

    An empty file voids nothing. Refused `draw.void.ending|line|order|index`.
    """
    voids: dict[int, str] = {}
    before = -1
    for number, text in enumerate(_ascii_lines(data, "void")):
        shape = _VOID.fullmatch(text)
        if shape is None:
            raise Refused("draw.void.line", line=number)
        index = int(shape[1])
        if index <= before:
            raise Refused("draw.void.order", line=number)
        if index >= n:
            raise Refused("draw.void.index", line=number)
        before = index
        voids[index] = shape[2]
    return voids


def format_voids(voids: Mapping[int, str]) -> bytes:
    """The void list file; empty bytes for no void. Reasons are codes: lower-case ASCII, digits, dot, hyphen."""
    for number, (index, reason) in enumerate(sorted(voids.items())):
        if index < 0 or _REASON.fullmatch(reason) is None:
            raise Refused("draw.void.line", line=number)
    return b"".join(f"{index}\t{reason}\n".encode("ascii") for index, reason in sorted(voids.items()))


def parse_present(data: bytes, n: int) -> tuple[int, ...]:
    """The line indices whose people are present, from a presence list of `INDEX` lines, ascending.

    An empty file: nobody is present. Refused `draw.present.ending|line|order|index`.
    """
    present: list[int] = []
    before = -1
    for number, text in enumerate(_ascii_lines(data, "present")):
        if _PRESENT.fullmatch(text) is None:
            raise Refused("draw.present.line", line=number)
        index = int(text)
        if index <= before:
            raise Refused("draw.present.order", line=number)
        if index >= n:
            raise Refused("draw.present.index", line=number)
        before = index
        present.append(index)
    return tuple(present)


def format_present(present: Iterable[int]) -> bytes:
    """The presence list file of these indices, each once, whatever their order. Refused `draw.present.line` below 0."""
    ordered = sorted(set(present))
    if ordered and ordered[0] < 0:
        raise Refused("draw.present.line", line=0)
    return b"".join(f"{index}\n".encode("ascii") for index in ordered)
