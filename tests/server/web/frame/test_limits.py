"""Token buckets: exact at the edges, atomic between connections, and fair to whoever types the right code."""

import asyncio
import math
from contextlib import suppress
from hashlib import sha256
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards.refusals import Refusal
from server.runtime.clock import now
from server.web.frame import limits as limits_module
from server.web.frame.limits import (
    BY_ADDRESS,
    BY_CODE,
    BY_DEVICE,
    DAY_MS,
    LEAST_BITS,
    MOST_BITS,
    MOST_STRANGE,
    PROOF_MS,
    Limits,
    Policy,
    SignInLimits,
    SignInTry,
    Taken,
    faint_mark,
    network_of,
)
from tests.laws import examples

START = 1_795_000_000_000  # ms
laws = examples(60, over_one_fixture=True)


@laws
@given(
    capacity=st.integers(1, 50),
    seconds_each=st.sampled_from([0.02, 0.3, 1, 7, 300]),
    steps=st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(1, 5)), min_size=1, max_size=30),
)
async def test_a_bucket_never_gives_more_than_it_holds_and_refills(
    redis: Redis, capacity: int, seconds_each: float, steps: list[tuple[int, int]]
) -> None:
    await redis.flushall()
    limits = Limits(redis)
    tokens, now = float(capacity), START
    for wait, cost in steps:
        now += wait
        tokens = min(capacity, tokens + wait / 1000 / seconds_each)
        taken = await limits.take(
            "test", key="k", capacity=capacity, refill_per_second=1 / seconds_each, cost=cost, now_ms=now
        )
        if abs(tokens - cost) * seconds_each > 0.002:  # not on the very edge, where one millisecond decides
            assert taken.allowed is (tokens >= cost)
        if taken.allowed:
            tokens -= cost
            assert taken.retry_after_seconds == 0
        elif cost <= capacity:
            missing = (cost - tokens) * seconds_each
            assert math.floor(missing) <= taken.retry_after_seconds <= math.ceil(missing + 0.002)
        assert abs(taken.left - tokens) <= 1 + 1e-6
    for key in await redis.keys("limit:*"):
        assert 0 < await redis.pttl(key) <= capacity * seconds_each * 1000 + 1000


async def test_exactly_after_the_wait_there_is_one_again(redis: Redis) -> None:
    limits = Limits(redis)

    async def take(now_ms: int) -> Taken:
        return await limits.take("test", key="k", capacity=2, refill_per_second=1 / 3, now_ms=now_ms)

    assert [await take(START) for _ in range(3)] == [Taken(True, 1, 0), Taken(True, 0, 0), Taken(False, 0, 3)]
    assert await take(START + 2_999) == Taken(False, 0, 1)
    assert await take(START + 3_000) == Taken(True, 0, 0)


async def test_a_clock_that_was_set_back_makes_nobody_wait_for_it(redis: Redis) -> None:
    """An empty bucket is as full as ever after as long as ever."""
    limits = Limits(redis)

    async def take(now_ms: int) -> Taken:
        return await limits.take("test", key="k", capacity=2, refill_per_second=1 / 3, now_ms=now_ms)

    for back in (0, 3_600_000, 9 * 3_600_000):
        for _ in range(3):
            await take(START - back)
        assert await take(START - back) == Taken(False, 0, 3)
        assert await take(START - back + 3_000) == Taken(True, 0, 0)


async def test_many_at_once_get_no_more_than_there_is(redis: Redis) -> None:
    limits = Limits(redis)
    taken = await asyncio.gather(
        *(limits.take("test", key="k", capacity=20, refill_per_second=0.001) for _ in range(60))
    )
    assert sum(one.allowed for one in taken) == 20


async def test_what_is_given_back_never_overflows(redis: Redis) -> None:
    limits = Limits(redis)
    bucket = {"key": "k", "capacity": 3, "refill_per_second": 0.01}
    await limits.take("test", **bucket, now_ms=START)  # type: ignore[arg-type]
    for _ in range(5):
        await limits.give_back("test", **bucket, now_ms=START)  # type: ignore[arg-type]
    assert await redis.keys("*") == []
    taken = await limits.take("test", **bucket, cost=3, now_ms=START)  # type: ignore[arg-type]
    assert taken == Taken(True, 0, 0)


# Signing in


class Office:
    """The limits of a Laurel, with the work of proofs made small, and the time that its tests say."""

    def __init__(self, redis: Redis) -> None:
        self.limits = SignInLimits(Limits(redis), b"key")
        self.now = START

    async def guess(self, number: str, code: str, address: str, proof: str = "") -> SignInTry:
        """A wrong code on a device that does not know the right one."""
        return await self.limits.by_code(number, code, address, proof=proof, now_ms=self.now)

    async def right(self, number: str, code: str, address: str, *, device: str = "", proof: str = "") -> SignInTry:
        tried = await self.limits.by_code(number, code, address, device=device, proof=proof, now_ms=self.now)
        await self.limits.right(tried, now_ms=self.now)
        return tried

    async def proof(self, bits: int) -> str:
        return work(await self.limits.challenge(now_ms=self.now), bits)


def work(challenge: str, bits: int) -> str:
    """What proof.js looks for."""
    proofs = (f"{challenge}.{number}" for number in count())
    return next(one for one in proofs if int.from_bytes(sha256(one.encode()).digest()) >> (256 - bits) == 0)


async def crowded(limits: Limits, address: str = "127.0.0.1") -> None:
    """As if many wrong codes had come from an address, for some minutes to come."""
    at = int(now().timestamp() * 1000) + 250_000
    bucket = {"capacity": BY_ADDRESS.capacity, "refill_per_second": BY_ADDRESS.refill_per_second, "now_ms": at}
    taken = await limits.take(BY_ADDRESS.name, key=address, cost=BY_ADDRESS.capacity, **bucket)  # type: ignore[arg-type]
    assert taken.allowed


@pytest.fixture
def office(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(limits_module, "LEAST_BITS", LEAST)
    monkeypatch.setattr(limits_module, "MOST_BITS", MOST)
    return Office(redis)


@pytest.fixture
def small(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """One whose addresses have few tries without work."""
    monkeypatch.setattr(limits_module, "BY_ADDRESS", Policy("sign_in.address", 20, 1.0))
    return office


LEAST, MOST = 3, 7
assert MOST - LEAST == MOST_BITS - LEAST_BITS


async def test_strangers_share_ten_tries_for_one_number_and_the_owner_is_let_in(office: Office) -> None:
    tries = [await office.guess("a-1", f"wrong {number}", f"10.0.0.{number}") for number in range(MOST_STRANGE)]
    assert [tried.left for tried in tries] == list(range(MOST_STRANGE - 1, -1, -1))
    for number in ("a-1", " Ａ-1 "):
        with pytest.raises(Refusal) as refusal:
            await office.right(number, "right one", "10.0.1.1")
        assert (refusal.value.code, refusal.value.details) == ("sign_in.strangers", {"hours": 24})
    for _ in range(20):
        assert (await office.right("a-1", "right one", "10.0.0.1", device="hers")).left == BY_DEVICE.capacity - 1
    assert (await office.guess("a-2", "wrong", "10.0.0.1")).left == MOST_STRANGE - 1
    office.now += DAY_MS - 1
    with pytest.raises(Refusal, match=r"sign_in\.strangers"):
        await office.guess("a-1", "again", "10.0.0.99")
    office.now += 1
    await office.guess("a-1", "again", "10.0.0.99")


async def test_the_desk_sees_strange_tries_and_lifts_them(office: Office) -> None:
    assert await office.limits.strange("A-1", now_ms=START) == 0
    for number in range(MOST_STRANGE):
        await office.guess("a-1", f"wrong {number}", "10.0.0.1")
    assert await office.limits.strange("A-1", now_ms=START) == MOST_STRANGE
    await office.limits.lift("A-1")
    assert await office.limits.strange("A-1", now_ms=START) == 0
    await office.guess("a-1", "wrong", "10.0.0.1")
    assert await office.limits.strange("A-1", now_ms=START + DAY_MS) == 0


async def test_a_device_that_knows_the_code_has_its_own_wrong_ones(office: Office) -> None:
    for left in range(BY_DEVICE.capacity - 1, -1, -1):
        tried = await office.limits.by_code("a-1", "typo", "10.0.0.1", device="hers", now_ms=START)
        assert tried.left == left
    with pytest.raises(Refusal) as refusal:
        await office.right("a-1", "right one", "10.0.0.1", device="hers")
    assert (refusal.value.code, refusal.value.details) == ("sign_in.too_many", {"minutes": 5})
    await office.right("a-1", "right one", "10.0.0.1", device="her other one")
    assert await office.limits.strange("a-1", now_ms=START) == 0


async def test_an_address_that_tried_many_is_slowed_and_not_shut(office: Office) -> None:
    for number in range(BY_ADDRESS.capacity):
        await office.guess(f"{number:04}", f"guess {number}", f"2001:db8::{number % 50:x}")
    with pytest.raises(Refusal) as refusal:
        await office.guess("next", "guess", "2001:db8::1")
    assert (refusal.value.code, refusal.value.details) == ("sign_in.prove", {"bits": LEAST})
    # That try was not held against the member whose number it was, nor the code.
    assert (await office.guess("next", "guess", "10.0.0.1")).left == MOST_STRANGE - 1
    assert await office.limits.wanted("2001:db8::1", now_ms=START) == LEAST
    assert await office.limits.wanted("10.0.0.1", now_ms=START) == 0
    await office.right("next", "right one", "2001:db8::1", proof=await office.proof(LEAST))
    await office.right("next", "right one", "2001:db8::1", device="hers")
    office.now += 1000
    await office.right("next", "right one", "2001:db8::1")  # without scripts: one a second


async def test_whoever_asks_for_the_page_is_given_work_before_it_is_needed(office: Office) -> None:
    for number in range(BY_ADDRESS.capacity // 2):
        assert await office.limits.wanted("10.0.0.1", now_ms=START) == 0
        await office.guess(f"{number:04}", f"guess {number}", "10.0.0.1")
    await office.guess("next", "guess", "10.0.0.1")
    assert await office.limits.wanted("10.0.0.1", now_ms=START) == LEAST


async def test_one_code_tried_on_everybody_takes_work(office: Office) -> None:
    for number in range(BY_CODE.capacity):
        await office.guess(f"{number:04}", "summer26", f"10.0.{number}.1")
    with pytest.raises(Refusal, match=r"sign_in\.prove"):
        await office.guess("next", "summer26", "10.0.255.1")
    await office.right("next", "summer26", "10.0.255.1", proof=await office.proof(LEAST))
    await office.right("next", "summer26", "10.0.255.1", device="hers")


async def test_each_proof_is_used_once_and_soon_and_is_asked_for_here(office: Office) -> None:
    for number in range(BY_ADDRESS.capacity):
        await office.guess(f"{number:04}", f"guess {number}", "10.0.0.1")
    good = await office.proof(LEAST)
    slot, random, mark, _ = good.split(".")
    own = work(f"{slot}.{random[::-1]}.{mark}", LEAST)
    later = work(f"{int(slot) + 1}.{random}.{mark}", LEAST)
    weak = next(f"{good.rpartition('.')[0]}.{n}" for n in count() if bits_of(f"{good.rpartition('.')[0]}.{n}") < LEAST)
    for proof in ("", "x", "...", "1.2.3.4", "é.é.é.é", "٣" + good[1:], good + "٣", own, later, weak):
        with pytest.raises(Refusal, match=r"sign_in\.prove"):
            await office.guess("a-1", "wrong", "10.0.0.1", proof)
    await office.guess("a-1", "wrong", "10.0.0.1", good)
    with pytest.raises(Refusal, match=r"sign_in\.prove"):
        await office.guess("a-1", "wrong", "10.0.0.1", good)
    old = await office.proof(LEAST)
    office.now += 2 * PROOF_MS
    for number in range(BY_ADDRESS.capacity):
        await office.guess(f"{number:04}", f"later {number}", "10.0.0.2")
    with pytest.raises(Refusal, match=r"sign_in\.prove"):
        await office.guess("a-1", "wrong", "10.0.0.2", old)


def bits_of(proof: str) -> int:
    return 256 - int.from_bytes(sha256(proof.encode()).digest()).bit_length()


async def test_work_grows_with_what_is_owed_up_to_an_end(office: Office) -> None:
    asked: list[int] = []
    for number in range(BY_CODE.capacity * 40):
        proof = await office.proof(asked[-1]) if asked else ""
        try:
            await office.guess(f"{number}", "summer26", f"10.{number // 200}.{number % 200}.1", proof)
        except Refusal as refusal:
            asked.append(int(refusal.details["bits"]))
    assert asked == list(range(LEAST, MOST + 1))
    await office.right("last", "summer26", "10.250.0.1", proof=await office.proof(MOST))


async def test_a_clock_that_is_set_back_makes_nobody_wait_for_it(office: Office) -> None:
    for number in range(MOST_STRANGE):
        await office.guess("a-1", f"wrong {number}", "10.0.0.1")
    for number in range(BY_ADDRESS.capacity - MOST_STRANGE):
        await office.guess(f"{number:04}", f"guess {number}", "10.0.0.1")
    office.now -= 365 * DAY_MS
    with pytest.raises(Refusal, match=r"sign_in\.prove"):
        await office.right("a-1", "right one", "10.0.0.1")
    await office.right("a-1", "right one", "10.0.0.1", proof=await office.proof(MOST))
    office.now += BY_ADDRESS.capacity * 2 ** (MOST - LEAST + 1) * 1000
    await office.right("a-1", "right one", "10.0.0.1")


async def test_right_codes_cost_nothing(office: Office, redis: Redis) -> None:
    for _ in range(3):
        for number in range(BY_ADDRESS.capacity):
            tried = await office.right(f"{number:04}", "summer26", "10.0.0.1")
            assert tried.left == MOST_STRANGE - 1
    assert await redis.keys("*") == []


async def test_keys_name_nobody_and_end(office: Office, redis: Redis) -> None:
    await office.guess("A-00123", "kestrel 7", "10.0.0.1", await office.proof(LEAST))
    await office.limits.by_code("A-00123", "kestrel 7", "10.0.0.1", device="hers", now_ms=START)
    keys = [key.decode() for key in await redis.keys("*")]
    assert len(keys) == 5
    for key in keys:
        assert key.startswith("limit:")
        assert not any(word in key for word in ("00123", "kestrel", "10.0", "hers"))
        assert await redis.pttl(key) > 0


EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 999, 60_000, 3_600_000, DAY_MS // 2, DAY_MS - 1, DAY_MS])),
    st.tuples(st.just("guess"), st.integers(1, 12)),
    st.tuples(st.just("spray"), st.integers(1, 60)),
    st.tuples(st.just("proved"), st.integers(1, 12)),
    st.tuples(st.just("owner"), st.just(1)),
    st.tuples(st.just("neighbour"), st.just(1)),
)


@examples(15, over_one_fixture=True)
@given(events=st.lists(EVENTS, max_size=14))
@example([("guess", 12), ("wait", DAY_MS // 2), ("guess", 12), ("wait", DAY_MS - 1), ("guess", 12)])
@example([("spray", 60), ("neighbour", 1), ("proved", 12), ("neighbour", 1), ("owner", 1)])
async def test_no_strangers_tries_shut_anybody_out_and_ten_a_day_are_looked_at(
    small: Office, redis: Redis, events: list[tuple[str, int]]
) -> None:
    """One stranger behind the address of a hall, with proofs and without, against one member and against many. Her
    device is let in after each of his acts; whoever types a right code on a new one is, at the latest with a proof;
    and of what he tries against her, never more than ten in 24 hours are looked at."""
    await redis.flushall()
    office, looked_at, number = small, [], 0
    office.now = START

    async def guess(at: str, code: str, proof: str) -> bool:
        with suppress(Refusal):
            await office.guess(at, code, "10.0.0.1", proof)
            return True
        return False

    for what, amount in events:
        if what == "wait":
            office.now += amount
        for _ in range(amount if what in ("guess", "proved", "spray") else 0):
            number += 1
            proof = await office.proof(MOST) if what == "proved" else ""
            if await guess(f"n-{number}" if what == "spray" else "hers", f"guess {number}", proof) and what != "spray":
                looked_at.append(office.now)
        await office.right("hers", "right one", "10.0.0.1", device="hers")
        if what == "neighbour":
            try:
                await office.right("neighbour", "his own", "10.0.0.1")
            except Refusal as refusal:
                proof = await office.proof(int(refusal.details["bits"]))
                await office.right("neighbour", "his own", "10.0.0.1", proof=proof)
    for last in looked_at:
        assert sum(last - DAY_MS < at <= last for at in looked_at) <= MOST_STRANGE


def test_addresses_stand_for_networks() -> None:
    assert network_of("10.0.0.1") == "10.0.0.1"
    assert network_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("unix") == "unix"


def test_a_mark_is_too_short_to_tell_the_code() -> None:
    assert len(faint_mark("kestrel 7")) == 6
    assert faint_mark("kestrel 7") != faint_mark("kestrel 8")
