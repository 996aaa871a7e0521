"""The file that the offline kit saves: what people carry back from the hall (docs/verify-a-draw.md)."""

from dataclasses import dataclass

import msgspec

from rewards.draws.rules import PROTOCOL
from rewards.refusals import Refusal


class _Saved(msgspec.Struct):
    """What decides in such a file; the rest of it is for people."""

    proto: str
    log: str
    void: str = ""
    present: str | None = None
    witnesses: list[str] = []


@dataclass(frozen=True, slots=True)
class Carried:
    """The exact bytes of log, void list ("" for none) and presence list (None: the draw has none), and the names that
    were typed as witnesses."""

    log: bytes
    voids: bytes
    present: bytes | None
    witnesses: tuple[str, ...]


def is_kit_file(data: bytes) -> bool:
    """Whether this is such a file rather than a log: a log never begins with a brace."""
    return data.lstrip()[:1] == b"{"


def read_kit_file(data: bytes) -> Carried:
    """What a saved file holds. Refusal draw.kit_file when it is none, or was damaged."""
    try:
        saved = msgspec.json.decode(data, type=_Saved)
        log, voids = saved.log.encode("ascii"), saved.void.encode("ascii")
        present = None if saved.present is None else saved.present.encode("ascii")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise Refusal("draw.kit_file") from None
    if saved.proto != PROTOCOL:
        raise Refusal("draw.kit_file")
    return Carried(log, voids, present, tuple(saved.witnesses))
