"""The result of a draw: what the server writes beside the manifest and the snapshot, and what anyone recomputes."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from rewards.draws.rules.hashing import PROTOCOL
from rewards.draws.rules.log import (
    Absence,
    Composed,
    Reveal,
    Sheet,
    chain,
    compose,
    display_code,
    log_text,
    voids_hash,
)
from rewards.draws.rules.manifest import (
    Manifest,
    check_counts,
    check_file,
    check_root,
    manifest_hash,
    parse_manifest,
)
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import Line, parse_snapshot, parse_voids


class Winner(NamedTuple):
    """A filled slot: `line` is the snapshot index from 0, `id_commit` the hex that stands there."""

    prize: str
    slot: int
    attempt: int
    line: int
    id_commit: str


class Published(NamedTuple):
    """The files `log.txt` (ASCII text, LF) and `result.json` (exact bytes), who won (manifest order), and the
    chain head in hex with its display code."""

    log: str
    result: bytes
    winners: tuple[Winner, ...]
    head: str
    code: str


def winners_of(composed: Composed, lines: Sequence[Line]) -> tuple[Winner, ...]:
    """The winners that stand, in manifest order; slots that stayed unfilled are left out."""
    return tuple(
        Winner(prize, slot, attempt, pick.line, lines[pick.line].id_commit)
        for prize, slot, attempt, pick in composed.outcomes
        if pick is not None
    )


def publish(manifest: Manifest, hash_of_it: bytes, lines: Sequence[Line], composed: Composed) -> Published:
    """The two files of a composed log; `result.json` is one line of compact ASCII JSON without LF."""
    winners = winners_of(composed, lines)
    head = chain(hash_of_it, composed.lines)[-1]
    result = {
        "proto": PROTOCOL,
        "draw_id": manifest.draw_id,
        "manifest": hash_of_it.hex(),
        "winners": [winner._asdict() for winner in winners],
        "head": head.hex(),
        "code": display_code(head),
    }
    data = json.dumps(result, separators=(",", ":")).encode("ascii")
    return Published(log_text(composed.lines), data, winners, head.hex(), display_code(head))


def publish_result(
    manifest: bytes,
    snapshot: bytes,
    digits: str,
    secrets: Sequence[bytes],
    *,
    labels: Sequence[str] = (),
    voids: bytes = b"",
    absences: Sequence[Absence] = (),
    closed: bool = True,
    abort: str = "",
) -> Published:
    """Draws, from the exact bytes of the published files, and gives the files to publish.

    `secrets`: 32 bytes each, in manifest order. `labels` only when the manifest states none. `closed=False`
    leaves the log open for absences. With `abort` (a reason code) there are no winners, and `digits` may be empty
    and `secrets` few. Raises Refused for anything that does not fit the manifest.
    """
    promised = parse_manifest(manifest)
    m = manifest_hash(manifest)
    lines = parse_snapshot(snapshot)
    check_file(promised, snapshot)
    check_counts(promised, lines)
    check_root(promised, lines)
    names = promised.labels or tuple(labels)
    if len(names) < len(secrets) or (len(secrets) < len(promised.commit) and not abort):
        raise Refused("draw.reveal.count", wanted=len(promised.commit), found=min(len(names), len(secrets)))
    sheet = Sheet(
        manifest=m.hex(),
        voids=voids_hash(voids),
        digits=digits,
        reveals=tuple(map(Reveal, names, secrets)),
        absences=tuple(absences),
        closed=closed and not abort,
        abort=abort,
    )
    composed = compose(promised, m, lines, sheet, parse_voids(voids, promised.n))
    return publish(promised, m, lines, composed)
