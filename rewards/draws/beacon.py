"""A value of the public beacon drand, checked by its signature. Pure; needs py_ecc, which strangers need not have.

Scheme bls-unchained-g1-rfc9380: the message of a round is SHA-256 of its number (8 bytes, big-endian), hashed to G1 of
BLS12-381 (RFC 9380); the signature is a point of G1, the chain's public key one of G2. A chain is named by its hash,
which covers period, start and public key (drand's chain info), so who knows the hash knows all of it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, cast

from rewards.refusals import Refusal

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

QUICKNET: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
"""The chain that a draw's beacon is of."""

SIGNATURE_BYTES: Final = 48

_TAG: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_LAST_ROUND: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Chain:
    """`key`: the public key, a compressed point of G2. `start`: when round 1 came out. `group`, `name`: in the hash."""

    key: bytes
    period: timedelta
    start: datetime
    group: bytes
    name: str

    def hash(self) -> str:
        """What drand calls the chain: SHA-256 of its facts, in hex."""
        seconds = (self.period // timedelta(seconds=1)).to_bytes(4, "big")
        return sha256(
            seconds + int(self.start.timestamp()).to_bytes(8, "big") + self.key + self.group + self.name.encode()
        ).hexdigest()


CHAINS: Final[Mapping[str, Chain]] = MappingProxyType(
    {
        QUICKNET: Chain(
            key=bytes.fromhex(
                "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
                "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
            ),
            period=timedelta(seconds=3),
            start=datetime.fromtimestamp(1692803367, UTC),
            group=bytes.fromhex("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e"),
            name="quicknet",
        )
    }
)
"""Every chain that is known, by its hash."""


def beacon_round(at: datetime, chain: str = QUICKNET) -> int:
    """The round that is out at a moment (aware), from 1. Refusals: draw.beacon.chain, draw.beacon.early (before it)."""
    known = _known(chain)
    if at < known.start:
        raise Refusal("draw.beacon.early")
    return (at - known.start) // known.period + 1


def beacon_moment(number: int, chain: str = QUICKNET) -> datetime:
    """When a round (from 1) comes out, in UTC. Refusal draw.beacon.chain."""
    known = _known(chain)
    return known.start + (number - 1) * known.period


def check_beacon(chain: str, round: int, signature: bytes) -> None:
    """Nothing when `signature` is the chain's over that round; about a second of work.

    Refusals: draw.beacon.chain (an unknown one), draw.beacon.signature (round): of the wrong length, no point of the
    group, the point at infinity, or not the signature of this round.
    """
    key = _key(_known(chain).key)
    if not 1 <= round <= _LAST_ROUND or not _is_signed(key, round, signature):
        raise Refusal("draw.beacon.signature", round=round)


def _known(chain: str) -> Chain:
    if chain not in CHAINS:
        raise Refusal("draw.beacon.chain")
    return CHAINS[chain]


@cache
def _key(packed: bytes) -> G2Uncompressed:
    half = len(packed) // 2
    key = decompress_G2(G2Compressed((int.from_bytes(packed[:half], "big"), int.from_bytes(packed[half:], "big"))))
    if is_inf(key) or not is_inf(multiply(key, curve_order)):
        raise ValueError("a chain's key is not in its group")
    return key


def _is_signed(key: G2Uncompressed, number: int, signature: bytes) -> bool:
    """e(signature, generator) = e(hash of the message, key)."""
    point = _point(signature)
    if point is None:
        return False
    message = sha256(number.to_bytes(8, "big")).digest()
    hashed = hash_to_G1(message, _TAG, cast(Any, sha256))  # py_ecc asks for a hash object, and means what makes one
    product = pairing(G2, point, final_exponentiate=False) * pairing(key, neg(hashed), final_exponentiate=False)
    return bool(final_exponentiate(product) == FQ12.one())


def _point(signature: bytes) -> G1Uncompressed | None:
    """The point of G1 that a signature is; None when it is none, or the one at infinity, or written in another way."""
    if len(signature) != SIGNATURE_BYTES:
        return None
    packed = G1Compressed(int.from_bytes(signature, "big"))
    try:
        point = decompress_G1(packed)
    except ValueError:
        return None
    if is_inf(point) or compress_G1(point) != packed or not is_inf(multiply(point, curve_order)):
        return None
    return point
