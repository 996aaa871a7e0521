"""A value of the public beacon drand, checked by its signature. Pure.

Scheme bls-unchained-g1-rfc9380: the message of a round is SHA-256 of its number (8 bytes, big-endian), hashed to G1 of
BLS12-381 (RFC 9380); the signature is a point of G1, the chain's public key one of G2. A chain is named by its hash,
which covers period, start and public key (drand's chain info), so who knows the hash knows all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from rewards.refusals import Refusal

QUICKNET: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
"""The chain that a draw's beacon is of."""

SIGNATURE_BYTES: Final = 48

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
    key = _known(chain).key
    if not 1 <= round <= _LAST_ROUND or len(signature) != SIGNATURE_BYTES or not _is_signed(key, round, signature):
        raise Refusal("draw.beacon.signature", round=round)


def _is_signed(key: bytes, number: int, signature: bytes) -> bool:
    # Loading the arithmetic is half a second of work, and few processes ever check a beacon.
    from rewards.draws import pairing  # noqa: PLC0415

    return pairing.is_signed(key, sha256(number.to_bytes(8, "big")).digest(), signature)


def _known(chain: str) -> Chain:
    if chain not in CHAINS:
        raise Refusal("draw.beacon.chain")
    return CHAINS[chain]
