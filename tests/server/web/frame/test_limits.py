"""Token buckets: exact at the edges, atomic between connections, and fair to whoever types the right code."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards.refusals import Refusal
from server.web.frame.limits import (
    BY_ADDRESS,
    BY_CODE,
    BY_MEMBER,
    Limits,
    SignInLimits,
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


async def test_wrong_codes_for_one_member_are_counted_from_all_addresses(redis: Redis) -> None:
    limits = SignInLimits(Limits(redis))
    tries = [
        await limits.by_code("a-1", f"wrong {number}", f"10.0.0.{number}", now_ms=START)
        for number in range(BY_MEMBER.capacity)
    ]
    assert [tried.left for tried in tries] == list(range(BY_MEMBER.capacity - 1, -1, -1))
    for number in ("a-1", " Ａ-1 "):
        with pytest.raises(Refusal) as refusal:
            await limits.by_code(number, "another", "10.0.1.1", now_ms=START)
        assert (refusal.value.code, refusal.value.details) == ("sign_in.too_many", {"minutes": 5})
    await limits.by_code("a-2", "wrong", "10.0.0.1", now_ms=START)
    await limits.by_code("a-1", "again", "10.0.0.99", now_ms=START + 300_000)


async def test_one_address_cannot_go_through_the_roster(redis: Redis) -> None:
    limits = SignInLimits(Limits(redis))
    for number in range(BY_ADDRESS.capacity):
        await limits.by_code(f"{number:04}", f"guess {number}", f"2001:db8::{number % 50:x}", now_ms=START)
    with pytest.raises(Refusal, match=r"sign_in\.too_many"):
        await limits.by_code("next", "guess", "2001:db8::1", now_ms=START)
    # That try was not held against the member whose number it was.
    assert (await limits.by_code("next", "guess", "10.0.0.1", now_ms=START)).left == BY_MEMBER.capacity - 1


async def test_one_code_cannot_be_tried_on_everybody(redis: Redis) -> None:
    limits = SignInLimits(Limits(redis))
    for number in range(BY_CODE.capacity):
        await limits.by_code(f"{number:04}", "summer26", f"10.0.{number}.1", now_ms=START)
    with pytest.raises(Refusal, match=r"sign_in\.too_many"):
        await limits.by_code("next", "summer26", "10.0.255.1", now_ms=START)


async def test_right_codes_cost_nothing(redis: Redis) -> None:
    limits = SignInLimits(Limits(redis))
    for _ in range(3):
        for number in range(BY_ADDRESS.capacity):
            tried = await limits.by_code(f"{number:04}", "summer26", "10.0.0.1", now_ms=START)
            assert tried.left == BY_MEMBER.capacity - 1
            await limits.right(tried, now_ms=START)
    assert await redis.keys("*") == []


async def test_links_are_limited_by_address(redis: Redis) -> None:
    limits = SignInLimits(Limits(redis))
    refused = []
    for _ in range(23):  # each of them at once takes a connection of its own, and machines set a limit to open files
        asked = (limits.by_link("10.0.0.1", now_ms=START) for _ in range(87))
        refused += [outcome for outcome in await asyncio.gather(*asked, return_exceptions=True) if outcome is not None]
    assert [str(refusal) for refusal in refused] == ["web.too_many"]
    await limits.by_link("10.0.0.2", now_ms=START)


async def test_keys_name_nobody_and_end(redis: Redis) -> None:
    await SignInLimits(Limits(redis)).by_code("A-00123", "kestrel 7", "10.0.0.1")
    keys = [key.decode() for key in await redis.keys("*")]
    assert len(keys) == 3
    for key in keys:
        assert "00123" not in key
        assert "kestrel" not in key
        assert "10.0" not in key
        assert await redis.pttl(key) > 0


def test_addresses_stand_for_networks() -> None:
    assert network_of("10.0.0.1") == "10.0.0.1"
    assert network_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("unix") == "unix"


def test_a_mark_is_too_short_to_tell_the_code() -> None:
    assert len(faint_mark("kestrel 7")) == 6
    assert faint_mark("kestrel 7") != faint_mark("kestrel 8")
