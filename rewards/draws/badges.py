"""A member's badge for one draw: a short text that names his line and that nobody else can make. Pure.

`NUMBER-LINE-SEAL`: the draw's number, the line of the frozen list, both plain decimals, and twelve characters (60 bits)
of HMAC-SHA-256 over them. Whoever holds the key checks it; anybody sees whether it is well formed.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from typing import Final, NamedTuple

SEAL: Final = 12
_BADGE: Final = re.compile(r"(?<![0-9])([1-9][0-9]{0,8})-(0|[1-9][0-9]{0,8})-([a-z2-7]{12})(?![a-z2-7])")
_LONGEST: Final = 500


class Badge(NamedTuple):
    """`number` of the draw, `line` of its list from 0, and the seal as it was read."""

    number: int
    line: int
    seal: str


def badge_text(key: bytes, number: int, line: int) -> str:
    """The badge of a line. `key` is 32 bytes that only the server knows."""
    return f"{number}-{line}-{_seal(key, number, line)}"


def find_badge(text: str) -> Badge | None:
    """The first well-formed badge in a text: alone, or in the address that a QR code holds. None: there is none.

    Full-width signs and capitals, which scanners and keyboards make, are read as plain ones.
    """
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).lower()
    found = _BADGE.search(plain)
    return None if found is None else Badge(int(found[1]), int(found[2]), found[3])


def is_genuine(key: bytes, badge: Badge) -> bool:
    """Whether the seal was made with the key; in constant time."""
    return hmac.compare_digest(_seal(key, badge.number, badge.line), badge.seal)


def _seal(key: bytes, number: int, line: int) -> str:
    tag = hmac.new(key, f"badge {number} {line}".encode("ascii"), hashlib.sha256).digest()
    return base64.b32encode(tag)[:SEAL].decode("ascii").lower()
