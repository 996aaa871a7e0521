"""The server's own signature (Ed25519, RFC 8032) over what it publishes: manifest.json and result.json.

What the key protects: somebody who holds a published file can see that this server made it, and that nobody on the way
(a forwarded file, a copy of the site) made another. It does not protect the draw from the server itself: that is what
commitments, dice and recomputing are for. So one key is enough, and losing it loses no draw; who steals it can pass
files off as the server's, and still not a result that recomputes.

The private key lives in the database (`signing_key`, one row, never changed), so a backup of the database holds it:
keep backups as closed as the database itself. After restoring one, earlier signatures still check.
"""

from collections.abc import Callable
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rewards import database as db

KEY_BYTES = 32


async def make_key(*, now: datetime, random_bytes: Callable[[int], bytes]) -> str:
    """Join the caller's transaction: the public key (64 hex digits), made of 32 random bytes if there is none yet.

    Whoever makes it first, all get the same one; the second waits for the first to end.
    """
    known = await public_key()
    if known is not None:
        return known
    await db.rows(
        "INSERT INTO signing_key (id, private, made_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
        random_bytes(KEY_BYTES),
        now,
    )
    return _public(await _private())


async def public_key() -> str | None:
    """The key that this server's signatures are checked with, 64 hex digits; None: it has not been made."""
    private = await db.value("SELECT private FROM signing_key")
    return None if private is None else _public(Ed25519PrivateKey.from_private_bytes(private))


async def sign(data: bytes) -> str:
    """The signature of exactly these bytes, 128 hex digits. Raises RuntimeError before `make_key`."""
    return (await _private()).sign(data).hex()


def check_signature(public: str, signature: str, data: bytes) -> bool:
    """Whether `signature` (128 hex digits) is that of `data` by the key `public` (64); False for anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), data)
    except (ValueError, InvalidSignature):
        return False
    return True


async def _private() -> Ed25519PrivateKey:
    private = await db.value("SELECT private FROM signing_key")
    if private is None:
        raise RuntimeError("the signing key has not been made")
    return Ed25519PrivateKey.from_private_bytes(private)


def _public(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes_raw().hex()
