"""One key for ever, and signatures that only its bytes have."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import database as db
from rewards.draws.signing import check_signature, make_key, public_key, sign

NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)

# RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
        "4655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae"
        "eb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]


async def made(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    async with db.transaction():
        return await make_key(now=NOON, random_bytes=random_bytes)


@pytest.mark.parametrize(("private", "public", "message", "signature"), VECTORS)
async def test_the_standards_own_vectors(
    database: str, private: str, public: str, message: str, signature: str
) -> None:
    assert await made(lambda count: bytes.fromhex(private)[:count]) == public
    assert await sign(bytes.fromhex(message)) == signature
    assert check_signature(public, signature, bytes.fromhex(message))


async def test_the_key_is_made_once_however_many_ask(database: str) -> None:
    assert await public_key() is None
    with pytest.raises(RuntimeError, match="not been made"):
        await sign(b"too early")
    keys = await asyncio.gather(*(made() for _ in range(5)))
    assert set(keys) == {await public_key()}
    assert len(keys[0]) == 64
    assert await made() == keys[0]
    assert check_signature(keys[0], await sign(b"result"), b"result")


async def test_a_key_made_in_a_transaction_that_fails_is_no_key(database: str) -> None:
    async def fails() -> None:
        async with db.transaction():
            await make_key(now=NOON, random_bytes=secrets.token_bytes)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await public_key() is None


async def test_the_key_is_never_changed_or_thrown_away(database: str) -> None:
    await made()
    for sql in (
        "UPDATE signing_key SET made_at = now()",
        "DELETE FROM signing_key",
        "TRUNCATE signing_key",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows(sql)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.rows("INSERT INTO signing_key (id, private, made_at) VALUES (2, sha256('x'), now())")
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.rows("INSERT INTO signing_key (id, private, made_at) VALUES (1, sha256('x'), now())")


@given(st.sampled_from(VECTORS), st.integers(0, 511), st.binary(max_size=4))
def test_a_changed_bit_or_byte_is_seen(vector: tuple[str, str, str, str], bit: int, other: bytes) -> None:
    _, public, message, signature = vector
    changed = (int(signature, 16) ^ (1 << bit)).to_bytes(64, "big").hex()
    assert not check_signature(public, changed, bytes.fromhex(message))
    assert check_signature(public, signature, other) == (other == bytes.fromhex(message))


@pytest.mark.parametrize("public", ["", "00", "zz" * 32, "ff" * 33])
@pytest.mark.parametrize("signature", ["", "zz" * 64, "00" * 63, "00" * 65, "¹" * 128])
def test_what_is_no_signature_is_not_right(public: str, signature: str) -> None:
    _, right, message, signed = VECTORS[1]
    assert not check_signature(public, signed, bytes.fromhex(message))
    assert not check_signature(right, signature, bytes.fromhex(message))
