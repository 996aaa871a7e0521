"""A custodian's secret on paper: rows that a person can copy, each with a check, and the reader of what was typed."""

import re
import unicodedata

from rewards.draws.rules.hashing import SECRET_BYTES, digest
from rewards.draws.rules.refused import Refused

ROWS = 8
_ROW_BYTES = SECRET_BYTES // ROWS
_ROW_NUMBER = re.compile("[1-8][ \t]*:")
_NO_DIGIT = re.compile("[^0-9a-f]")


def _check(row: int, part: bytes) -> str:
    """Two hex digits for row 1..8: the first byte of SHA-256(byte row | the row's 4 bytes)."""
    return digest(bytes([row]) + part)[:1].hex()


def write_secret(secret: bytes) -> str:
    """Eight lines `R: hhhh hhhh cc`, R from 1, LF-terminated. Refused `draw.secret.size` unless it has 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise Refused("draw.secret.size", label="", size=len(secret))
    rows = []
    for row in range(1, ROWS + 1):
        part = secret[(row - 1) * _ROW_BYTES : row * _ROW_BYTES]
        text = part.hex()
        rows.append(f"{row}: {text[:4]} {text[4:]} {_check(row, part)}\n")
    return "".join(rows)


def read_secret(text: str) -> bytes:
    """The 32 bytes that were typed or scanned: 64 hex digits alone, or the eight rows with their checks.

    Full-width characters count as plain ones (NFKC). A row number before a colon and whatever is no hex digit are
    dropped. Refused `draw.secret.row` (`row` from 1: its check is wrong), `draw.secret.form` (`digits` found).
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    digits = _NO_DIGIT.sub("", _ROW_NUMBER.sub(" ", plain))
    if len(digits) == 2 * SECRET_BYTES:
        return bytes.fromhex(digits)
    width = 2 * _ROW_BYTES + 2
    if len(digits) != ROWS * width:
        raise Refused("draw.secret.form", digits=len(digits))
    secret = b""
    for row in range(1, ROWS + 1):
        given = digits[(row - 1) * width : row * width]
        part = bytes.fromhex(given[:-2])
        if _check(row, part) != given[-2:]:
            raise Refused("draw.secret.row", row=row)
        secret += part
    return secret
