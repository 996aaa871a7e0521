"""Ed25519 (RFC 8032, section 5.1.7), checking alone, on whole numbers: so that a bare Python can tell who published."""

import hashlib
from typing import Final

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT: Final = pow(2, (_P - 1) // 4, _P)
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_Point = tuple[int, int, int, int]
"""X, Y, Z, T of a point: x = X/Z, y = Y/Z, x * y = T/Z."""

_NEUTRAL: Final[_Point] = (0, 1, 1, 0)


def _plus(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: _Point) -> _Point:
    made = _NEUTRAL
    while number:
        if number & 1:
            made = _plus(made, point)
        point = _plus(point, point)
        number >>= 1
    return made


def _point(data: bytes) -> _Point | None:
    """The point of 32 bytes; None when they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE: Final = _point(bytes.fromhex("58" + "66" * 31))


def is_key(key: bytes) -> bool:
    """Whether this is a key at all, by which something can be signed."""
    return len(key) == KEY_BYTES and _point(key) is not None


def is_signed(key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether these 64 bytes are the signature of `data` by the key of these 32; False for anything malformed.

    About ten milliseconds. Nothing here is secret, so nothing is done in constant time.
    """
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES or _BASE is None:
        return False
    owner, start = _point(key), _point(signature[:32])
    number = int.from_bytes(signature[32:], "little")
    if owner is None or start is None or number >= _L:
        return False
    bound = int.from_bytes(hashlib.sha512(signature[:32] + key + data).digest(), "little") % _L
    left, right = _times(number, _BASE), _plus(start, _times(bound, owner))
    return not ((left[0] * right[2] - right[0] * left[2]) % _P or (left[1] * right[2] - right[1] * left[2]) % _P)
