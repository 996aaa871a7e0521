"""Values of drand's quicknet, and everything near them that is none."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_ecc.bls.point_compression import compress_G1, decompress_G1
from py_ecc.optimized_bls12_381 import FQ, b, curve_order, field_modulus, is_inf, is_on_curve, multiply, neg

from rewards.draws.beacon import CHAINS, QUICKNET, beacon_moment, beacon_round, check_beacon
from rewards.refusals import Refusal
from tests.laws import examples

SIGNED = {
    1000: bytes.fromhex(
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
    ),
}
RANDOMNESS = {1000: "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"}
START = CHAINS[QUICKNET].start


def refusal(number: int, signature: bytes, chain: str = QUICKNET) -> str:
    with pytest.raises(Refusal) as refused:
        check_beacon(chain, number, signature)
    return refused.value.code


def test_each_chain_is_called_by_the_hash_of_its_facts() -> None:
    assert {name: chain.hash() for name, chain in CHAINS.items()} == {name: name for name in CHAINS}


@pytest.mark.parametrize("number", SIGNED)
def test_a_real_round_is_right_and_gives_its_randomness(number: int) -> None:
    check_beacon(QUICKNET, number, SIGNED[number])
    assert sha256(SIGNED[number]).hexdigest() == RANDOMNESS[number]


@pytest.mark.parametrize("number", [0, -1, 1, 999, 1001, 2**53])
def test_it_is_of_no_other_round(number: int) -> None:
    assert refusal(number, SIGNED[1000]) == "draw.beacon.signature"


@given(st.integers(0, 48 * 8 - 1))
@examples(8)
def test_one_wrong_bit_is_seen(bit: int) -> None:
    wrong = (int.from_bytes(SIGNED[1000], "big") ^ (1 << bit)).to_bytes(48, "big")
    assert refusal(1000, wrong) == "draw.beacon.signature"


def packed(point: object) -> bytes:
    return int(compress_G1(point)).to_bytes(48, "big")  # type: ignore[arg-type]


def outside_the_group() -> bytes:
    """A point of the curve that is not in G1 (the cofactor is not 1)."""
    for x in range(1, 100):
        y_squared = FQ(x) ** 3 + b
        y = y_squared ** ((field_modulus + 1) // 4)
        point = (FQ(x), y, FQ.one())
        if is_on_curve(point, b) and not is_inf(multiply(point, curve_order)):
            return packed(point)
    raise AssertionError("no such point")


def test_what_is_no_point_of_the_group_is_refused() -> None:
    point = decompress_G1(int.from_bytes(SIGNED[1000], "big"))  # type: ignore[arg-type]
    x = int.from_bytes(SIGNED[1000], "big") % 2**381
    others = {
        "nothing": b"",
        "short": SIGNED[1000][:-1],
        "long": SIGNED[1000] + b"\0",
        "infinity": b"\xc0" + bytes(47),
        "infinity without its flag": b"\x80" + bytes(47),
        "infinity and more": b"\xc0" + bytes(46) + b"\1",
        "not compressed": bytes([SIGNED[1000][0] & 0x7F]) + SIGNED[1000][1:],
        "x above the field": ((0b100 << 381) + field_modulus).to_bytes(48, "big"),
        "x written with the modulus added": ((0b101 << 381) + x + field_modulus).to_bytes(49, "big")[-48:],
        "off the curve": ((0b100 << 381) + 1).to_bytes(48, "big"),
        "outside the group": outside_the_group(),
        "the negative": packed(neg(point)),
        "twice": packed(multiply(point, 2)),
        "all ones": b"\xff" * 48,
    }
    for what, signature in others.items():
        assert refusal(1000, signature) == "draw.beacon.signature", what


@pytest.mark.parametrize("chain", ["", "quicknet", QUICKNET.upper(), "0" * 64])
def test_another_chain_is_refused(chain: str) -> None:
    assert refusal(1000, SIGNED[1000], chain) == "draw.beacon.chain"
    for ask in (lambda: beacon_round(START, chain), lambda: beacon_moment(1, chain)):
        with pytest.raises(Refusal, match=r"draw\.beacon\.chain"):
            ask()


def test_rounds_by_the_clock() -> None:
    assert beacon_round(START) == 1
    assert beacon_round(START + timedelta(seconds=2.999)) == 1
    assert beacon_round(START + timedelta(seconds=3)) == 2
    assert beacon_moment(1000) == datetime(2023, 8, 23, 15, 59, 24, tzinfo=UTC)
    with pytest.raises(Refusal, match=r"draw\.beacon\.early"):
        beacon_round(START - timedelta(microseconds=1))


@given(st.datetimes(datetime(2023, 8, 24), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_round_is_out_from_its_moment_until_the_next(at: datetime) -> None:
    number = beacon_round(at)
    assert beacon_moment(number) <= at < beacon_moment(number + 1)
    assert beacon_round(beacon_moment(number)) == number


def test_checking_needs_no_deeper_stack_than_python_has() -> None:
    """py_ecc lifts the limit of the whole process when it is imported, and hostile JSON could then end the process."""
    program = """
import json, sys
before = sys.getrecursionlimit()
from rewards.draws.beacon import QUICKNET, check_beacon
def check_below(frames):
    return check_below(frames - 1) if frames else check_beacon(QUICKNET, 1000, bytes.fromhex(sys.argv[1]))
check_below(400)
try:
    json.loads("[" * 200_000)
except RecursionError:
    print(sys.getrecursionlimit() == before)
"""
    told = subprocess.run(
        [sys.executable, "-c", program, SIGNED[1000].hex()], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "True"
