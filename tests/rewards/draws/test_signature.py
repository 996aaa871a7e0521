"""Ed25519 on whole numbers, held against a library that many use."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rewards.draws.rules import is_signed
from tests.laws import examples

seeds = st.binary(min_size=32, max_size=32)
ORDER = 2**252 + 27742317777372353535851937790883648493


@examples(40)
@given(seeds, st.binary(max_size=300))
def test_what_the_library_signs_is_signed(seed: bytes, data: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert is_signed(key.public_key().public_bytes_raw(), key.sign(data), data)


@examples(60)
@given(seeds, st.binary(max_size=100), st.sampled_from(["key", "signature", "data"]), st.integers(0, 2**20))
def test_one_bit_turned_is_not(seed: bytes, data: bytes, where: str, at: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    parts = {"key": key.public_key().public_bytes_raw(), "signature": key.sign(data), "data": data + b"."}
    parts["signature"] = key.sign(parts["data"])
    spoiled = bytearray(parts[where])
    spoiled[at // 8 % len(spoiled)] ^= 1 << at % 8
    parts[where] = bytes(spoiled)
    assert not is_signed(parts["key"], parts["signature"], parts["data"])


@examples(30)
@given(seeds, st.binary(max_size=100))
def test_a_number_beyond_the_order_is_not(seed: bytes, data: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    made = key.sign(data)
    beyond = (int.from_bytes(made[32:], "little") + ORDER).to_bytes(32, "little")
    assert not is_signed(key.public_key().public_bytes_raw(), made[:32] + beyond, data)


def test_what_is_too_short_or_no_point_is_not() -> None:
    assert not is_signed(b"", bytes(64), b"")
    assert not is_signed(bytes(32), b"", b"")
    for wrong in (b"\xff" * 32, b"\x07" * 32, (1).to_bytes(31, "little") + b"\x80"):
        assert not is_signed(wrong, bytes(64), b"")


def test_the_first_example_of_the_standard() -> None:
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    made = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b"
    )
    assert is_signed(key, made, b"")
