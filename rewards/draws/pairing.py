"""Signatures of the beacon's kind: points of G1 of BLS12-381, by a key in G2. Pure; needs py_ecc, which strangers need
not have and which is half a second of work to load."""

import sys
from functools import cache
from hashlib import sha256
from typing import Any, Final, cast

_STACK: Final = sys.getrecursionlimit()
try:
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import compress_G1, decompress_G1, decompress_G2
    from py_ecc.bls.typing import G1Compressed, G1Uncompressed, G2Compressed, G2Uncompressed
    from py_ecc.fields import optimized_bls12_381_FQ12 as FQ12
    from py_ecc.optimized_bls12_381.optimized_curve import G2, curve_order, is_inf, multiply, neg
    from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing
finally:
    # py_ecc lifts it to 100,000 for the whole process, deeper than C code such as JSON's survives; it needs no more.
    sys.setrecursionlimit(_STACK)

_TAG: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """e(signature, generator) = e(hash of the message, key). `key` and `signature` are compressed points."""
    point = _point(signature)
    if point is None:
        return False
    unpacked = _key(key)
    hashed = hash_to_G1(message, _TAG, cast(Any, sha256))  # py_ecc asks for a hash object, and means what makes one
    product = pairing(G2, point, final_exponentiate=False) * pairing(unpacked, neg(hashed), final_exponentiate=False)
    return bool(final_exponentiate(product) == FQ12.one())


@cache
def _key(packed: bytes) -> G2Uncompressed:
    half = len(packed) // 2
    key = decompress_G2(G2Compressed((int.from_bytes(packed[:half], "big"), int.from_bytes(packed[half:], "big"))))
    if is_inf(key) or not is_inf(multiply(key, curve_order)):
        raise ValueError("a chain's key is not in its group")
    return key


def _point(signature: bytes) -> G1Uncompressed | None:
    """The point of G1 that a signature is; None when it is none, or the one at infinity, or written in another way."""
    packed = G1Compressed(int.from_bytes(signature, "big"))
    try:
        point = decompress_G1(packed)
    except ValueError:
        return None
    if is_inf(point) or compress_G1(point) != packed or not is_inf(multiply(point, curve_order)):
        return None
    return point
