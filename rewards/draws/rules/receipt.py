"""What an entrant keeps from the freeze on (section 9): one line of ASCII, small enough for a QR code."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import NamedTuple

from rewards.draws.rules.hashing import SALT_BYTES, digest, id_commit
from rewards.draws.rules.manifest import DRAW_ID_RULE, parse_manifest
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import MAX_TICKETS, Line, valid_text
from rewards.draws.rules.tree import path_holds

_MARK = "VDRAW1"
_HASH_BYTES = 32
_LONGEST_PATH = 32
_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
_DRAW_ID = re.compile(DRAW_ID_RULE)
_PERSON = re.compile("[!-~](?:[ -~]{0,253}[!-~])?")
_ESCAPES = (("%", "%25"), ("|", "%7C"))


class Receipt(NamedTuple):
    """One entrant's own line and what proves it: index `line` of `n`, `tickets`, `unit`, `group` (class, empty = none),
    the `person_ref` and `salt` behind its id_commit, `manifest` (M), `root`, and the inclusion `path` from the leaf up
    (32 bytes each)."""

    draw_id: str
    line: int
    n: int
    tickets: int
    unit: str
    group: str
    person_ref: str
    salt: bytes
    manifest: bytes
    root: bytes
    path: tuple[bytes, ...]

    @property
    def entry(self) -> Line:
        """The snapshot line that this receipt claims."""
        commit = id_commit(self.draw_id, self.salt, self.person_ref).hex()
        return Line(commit, self.tickets, self.unit, self.group)


def _escaped(text: str) -> str:
    for plain, escape in _ESCAPES:
        text = text.replace(plain, escape)
    return text


def _plain(text: str) -> str:
    for plain, escape in reversed(_ESCAPES):
        text = text.replace(escape, plain)
    return text


def _to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Refused("draw.receipt.form") from None


def write_receipt(receipt: Receipt) -> str:
    """`VDRAW1|DRAW_ID|INDEX|N|TICKETS|UNIT|CLASS|PERSON_REF|SALT|M|ROOT|PATH`.

    Bytes in base64url without padding, the hashes of the path joined; `%` and `|` in unit and class as %25 and
    %7C; a person_ref has no `|`. Refused `draw.receipt.form` for what `read_receipt` would not give back.
    """
    text = "|".join(
        (
            *(_MARK, receipt.draw_id, str(receipt.line), str(receipt.n), str(receipt.tickets)),
            *(_escaped(receipt.unit), _escaped(receipt.group), receipt.person_ref),
            *map(_to_base64, (receipt.salt, receipt.manifest, receipt.root, b"".join(receipt.path))),
        )
    )
    if _fields(text) != receipt:
        raise Refused("draw.receipt.form")
    return text


def read_receipt(text: str) -> Receipt:
    """The receipt in a line as it was scanned or pasted, with or without spaces around it.

    Refused `draw.receipt.form`.
    """
    receipt = _fields(text.strip())
    if write_receipt(receipt) != text.strip():
        raise Refused("draw.receipt.form")
    return receipt


def _fields(text: str) -> Receipt:
    fields = text.split("|")
    if len(fields) != 12 or fields[0] != _MARK or not all(_NUMBER.fullmatch(field) for field in fields[2:5]):
        raise Refused("draw.receipt.form")
    line, n, tickets = map(int, fields[2:5])
    unit, group, person_ref = _plain(fields[5]), _plain(fields[6]), fields[7]
    salt, manifest, root, path = map(_from_base64, fields[8:12])
    if (
        _DRAW_ID.fullmatch(fields[1]) is None
        or not line < n <= MAX_TICKETS
        or not 1 <= tickets <= MAX_TICKETS
        or not valid_text(unit)
        or _PERSON.fullmatch(person_ref) is None
        or not (group == "" or valid_text(group))
        or (len(salt), len(manifest), len(root)) != (SALT_BYTES, _HASH_BYTES, _HASH_BYTES)
        or len(path) % _HASH_BYTES
        or len(path) > _HASH_BYTES * _LONGEST_PATH
    ):
        raise Refused("draw.receipt.form")
    steps = tuple(path[start : start + _HASH_BYTES] for start in range(0, len(path), _HASH_BYTES))
    return Receipt(fields[1], line, n, tickets, unit, group, person_ref, salt, manifest, root, steps)


def check_receipt(receipt: Receipt, manifest: bytes | None, lines: Sequence[Line] | None) -> list[tuple[str, bool]]:
    """What was compared, by name, and whether it agrees. Bytes or lines that are not at hand are None and left out.

    `receipt.path`: person, salt and tickets make a line from which the path leads to ROOT. `receipt.manifest`: SHA-256
    of the manifest is M. `receipt.root`: draw id, n and root are those of the manifest. `receipt.line`: the line stands
    in the list at INDEX.
    """
    entry = receipt.entry
    checks = [("receipt.path", path_holds(entry.leaf, receipt.line, receipt.n, receipt.path, receipt.root))]
    if manifest is not None:
        checks.append(("receipt.manifest", digest(manifest) == receipt.manifest))
        try:
            stated = parse_manifest(manifest)
        except Refused:
            checks.append(("receipt.root", False))
        else:
            claimed = (receipt.draw_id, receipt.n, receipt.root.hex())
            checks.append(("receipt.root", claimed == (stated.draw_id, stated.n, stated.root)))
    if lines is not None:
        checks.append(("receipt.line", receipt.line < len(lines) and lines[receipt.line] == entry))
    return checks
