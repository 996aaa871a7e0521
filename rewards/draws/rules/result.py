"""The result of a draw: what the server writes beside the manifest and the snapshot, and what anyone recomputes."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from rewards.draws.rules.events import Reveal, Sheet, Step, chain, display_code, log_text, present_hash, voids_hash
from rewards.draws.rules.hashing import PROTOCOL
from rewards.draws.rules.log import Composed, check_presence, compose
from rewards.draws.rules.manifest import (
    Manifest,
    check_counts,
    check_file,
    check_root,
    manifest_hash,
    parse_manifest,
)
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import Line, parse_present, parse_snapshot, parse_voids


class Winner(NamedTuple):
    """A filled slot: `line` is the snapshot index from 0, `id_commit` the hex that stands there."""

    prize: str
    slot: int
    attempt: int
    line: int
    id_commit: str


class StandIn(NamedTuple):
    """An alternate that was drawn: `place` from 0 among those of its prize, `line` and `id_commit` as of a winner."""

    prize: str
    place: int
    line: int
    id_commit: str


class Published(NamedTuple):
    """The files `log.txt` (ASCII text, LF) and `result.json` (exact bytes), who won and who stands in (both in manifest
    order), and the chain head in hex with its display code."""

    log: str
    result: bytes
    winners: tuple[Winner, ...]
    alternates: tuple[StandIn, ...]
    head: str
    code: str


def winners_of(composed: Composed, lines: Sequence[Line]) -> tuple[Winner, ...]:
    """The winners that stand, in manifest order; slots that stayed unfilled are left out."""
    return tuple(
        Winner(prize, slot, attempt, pick.line, lines[pick.line].id_commit)
        for prize, slot, attempt, pick in composed.outcomes
        if pick is not None
    )


def alternates_of(composed: Composed, lines: Sequence[Line]) -> tuple[StandIn, ...]:
    """The alternates that were drawn, in manifest order and by place; unfilled ones are left out."""
    return tuple(
        StandIn(prize, place, pick.line, lines[pick.line].id_commit)
        for prize, place, pick in composed.alternates
        if pick is not None
    )


def publish(manifest: Manifest, hash_of_it: bytes, lines: Sequence[Line], composed: Composed) -> Published:
    """The two files of a composed log; `result.json` is one line of compact ASCII JSON without LF.

    Alternates stand in it only when the log is closed and a prize has any.
    """
    winners = winners_of(composed, lines)
    alternates = alternates_of(composed, lines)
    head = chain(hash_of_it, composed.lines)[-1]
    named = {"alternates": [one._asdict() for one in alternates]} if composed.alternates else {}
    result = {
        "proto": PROTOCOL,
        "draw_id": manifest.draw_id,
        "manifest": hash_of_it.hex(),
        "winners": [winner._asdict() for winner in winners],
        **named,
        "head": head.hex(),
        "code": display_code(head),
    }
    data = json.dumps(result, separators=(",", ":")).encode("ascii")
    return Published(log_text(composed.lines), data, winners, alternates, head.hex(), display_code(head))


def publish_result(
    manifest: bytes,
    snapshot: bytes,
    digits: str,
    secrets: Sequence[bytes],
    *,
    labels: Sequence[str] = (),
    voids: bytes = b"",
    present: bytes | None = None,
    beacon: str = "",
    steps: Sequence[Step] = (),
    closed: bool = True,
    abort: str = "",
) -> Published:
    """Draws, from the exact bytes of the published files, and gives the files to publish.

    `secrets`: 32 bytes each, in manifest order. `labels` only when the manifest states none. `present`: the presence
    list, None = none. `beacon`: the signature in hex. `steps`: rounds after the first, calls and absences in order.
    `closed=False` leaves the log open for more. With `abort` (a reason code) there are no winners, and `digits` may be
    empty and `secrets` few. Raises Refused for anything that does not fit the manifest.
    """
    promised = parse_manifest(manifest)
    m = manifest_hash(manifest)
    lines = parse_snapshot(snapshot)
    check_file(promised, snapshot)
    check_counts(promised, lines)
    check_root(promised, lines)
    check_presence(promised, present is not None)
    names = promised.labels or tuple(labels)
    if len(names) < len(secrets) or (len(secrets) < len(promised.commit) and not abort):
        raise Refused("draw.reveal.count", wanted=len(promised.commit), found=min(len(names), len(secrets)))
    sheet = Sheet(
        manifest=m.hex(),
        voids=voids_hash(voids),
        present=present_hash(present),
        digits=digits,
        beacon=beacon,
        reveals=tuple(map(Reveal, names, secrets)),
        steps=tuple(steps),
        closed=closed and not abort,
        abort=abort,
    )
    here = None if present is None else parse_present(present, promised.n)
    composed = compose(promised, m, lines, sheet, parse_voids(voids, promised.n), here)
    return publish(promised, m, lines, composed)
