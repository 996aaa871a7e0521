"""How often something may be tried: token buckets in Redis, each taken from by one atomic script.

A bucket is kept as one number, the time at which it will be full again (the generic cell rate algorithm):
it holds `capacity` tokens when that time has passed, and one less for every `1 / refill_per_second`
seconds still missing. Keys name the bucket's owner only by a hash.
"""

import hashlib
import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis

from rewards.members.rules import staff_key
from rewards.refusals import Refusal


@dataclass(frozen=True)
class Taken:
    """`left`: whole tokens after this one. `retry_after_seconds`: until `cost` tokens are there, 0 when allowed."""

    allowed: bool
    left: int
    retry_after_seconds: int


@dataclass(frozen=True)
class Policy:
    """A named bucket: `capacity` tokens when full, one back every `1 / refill_per_second` seconds."""

    name: str
    capacity: int
    refill_per_second: float


BY_MEMBER = Policy("sign_in.member", 8, 1 / 300)
"""Wrong codes for one staff number, from anywhere."""

BY_ADDRESS = Policy("sign_in.address", 300, 1.0)
"""Wrong codes from one address. Wide, as a whole site may stand behind one."""

BY_CODE = Policy("sign_in.code", 40, 1 / 60)
"""One wrong code tried on many staff numbers, from anywhere."""

LINKS_BY_ADDRESS = Policy("link.address", 2000, 50.0)
"""Looks at personal links from one address: a hall of people that signs in at once, and no flood."""

# Times are milliseconds. Half of one is forgiven, as doubles do not divide evenly.
_TAKE = """
local now = tonumber(ARGV[4])
if not now then
    local clock = redis.call('TIME')
    now = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local capacity, interval, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if full_at > now + capacity * interval + 1 then
    -- No bucket is emptier than empty: the clock was set back, and nobody waits for it.
    full_at = now + capacity * interval
    redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1000)
end
local after = math.max(full_at + cost * interval, now)
local wait = after - now - capacity * interval
local allowed = 1
if wait > 0.5 then
    allowed = 0
else
    wait = 0
    full_at = after
    if full_at > now then
        redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1000)
    else
        redis.call('DEL', KEYS[1])
    end
end
local left = math.floor((capacity * interval - (full_at - now) + 0.5) / interval)
return {allowed, math.max(left, 0), math.ceil(wait)}
"""


class Limits:
    """The buckets of one Redis, shared by every process."""

    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_TAKE)

    async def take(
        self,
        name: str,
        *,
        key: str,
        capacity: int,
        refill_per_second: float,
        cost: int = 1,
        now_ms: int | None = None,
    ) -> Taken:
        """Take `cost` tokens from the bucket of `key`; when there are fewer, none is taken.

        `refill_per_second` is above 0. Time is the Redis server's unless `now_ms` (Unix, milliseconds) is given.
        """
        interval = 1000 / refill_per_second
        allowed, left, wait = await self._script(
            keys=[_bucket(name, key)],
            args=[capacity, repr(interval), cost, "" if now_ms is None else now_ms],
        )
        return Taken(bool(allowed), int(left), math.ceil(int(wait) / 1000))

    async def give_back(
        self,
        name: str,
        *,
        key: str,
        capacity: int,
        refill_per_second: float,
        cost: int = 1,
        now_ms: int | None = None,
    ) -> None:
        """Put `cost` tokens back, never above `capacity`: what was tried was right."""
        await self.take(
            name, key=key, capacity=capacity, refill_per_second=refill_per_second, cost=-cost, now_ms=now_ms
        )


@dataclass(frozen=True)
class SignInTry:
    """A try to sign in by code that may be made. `left` is how many the staff number has after this one.

    `held` are the buckets that a right code gives back to.
    """

    left: int
    held: tuple[tuple[Policy, str], ...]


class SignInLimits:
    """Tries to sign in, counted by member, by address and by code; known and unknown staff numbers alike."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def by_code(self, staff_number: str, code: str, address: str, *, now_ms: int | None = None) -> SignInTry:
        """Count this try, before the code is looked at. Refuses `sign_in.too_many` with the `minutes` to wait when any
        of the three buckets is empty.
        """
        buckets = (
            (BY_MEMBER, staff_key(staff_number)),
            (BY_ADDRESS, network_of(address)),
            (BY_CODE, faint_mark(code)),
        )
        held: list[tuple[Policy, str]] = []
        left: list[int] = []
        for policy, key in buckets:
            taken = await self._take(policy, key, now_ms)
            if not taken.allowed:
                await self._give_back(held, now_ms)
                raise Refusal("sign_in.too_many", minutes=math.ceil(taken.retry_after_seconds / 60))
            held.append((policy, key))
            left.append(taken.left)
        return SignInTry(left[0], tuple(held))

    async def right(self, tried: SignInTry, *, now_ms: int | None = None) -> None:
        """The code was right: this try does not count."""
        await self._give_back(tried.held, now_ms)

    async def by_link(self, address: str, *, now_ms: int | None = None) -> None:
        """Count one look at, or use of, a personal link. Refuses `web.too_many` with the `seconds` to wait."""
        taken = await self._take(LINKS_BY_ADDRESS, network_of(address), now_ms)
        if not taken.allowed:
            raise Refusal("web.too_many", seconds=taken.retry_after_seconds)

    async def _take(self, policy: Policy, key: str, now_ms: int | None) -> Taken:
        return await self._limits.take(
            policy.name,
            key=key,
            capacity=policy.capacity,
            refill_per_second=policy.refill_per_second,
            now_ms=now_ms,
        )

    async def _give_back(self, held: Iterable[tuple[Policy, str]], now_ms: int | None) -> None:
        for policy, key in held:
            await self._limits.give_back(
                policy.name,
                key=key,
                capacity=policy.capacity,
                refill_per_second=policy.refill_per_second,
                now_ms=now_ms,
            )


def network_of(address: str) -> str:
    """Whom an address stands for: an IPv4 address itself, the /64 of an IPv6 one; other text as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def faint_mark(code: str) -> str:
    """24 bits of a code's hash: enough to count one code, too few to find it again."""
    return hashlib.blake2b(code.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()


def _bucket(name: str, key: str) -> str:
    return f"limit:{name}:{hashlib.blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
