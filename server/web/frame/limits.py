"""How often something may be tried: token buckets and tallies in Redis, each kept by one atomic script.

A bucket is kept as one number, the time at which it will be full again (the generic cell rate algorithm):
it holds `capacity` tokens when that time has passed, and one less for every `1 / refill_per_second`
seconds still missing; with a proof of work it may be owed tokens. A tally is a list of the times that count.
Keys name whom they are about only by a hash. Who may be slowed by whom, and why: decision 23.
"""

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis

from rewards.members.rules import staff_key
from rewards.refusals import Refusal
from server.runtime.chance import token


@dataclass(frozen=True)
class Taken:
    """`left`: whole tokens after this one, below 0 when some are owed. `retry_after_seconds`: until `cost` tokens are
    there, 0 when allowed."""

    allowed: bool
    left: int
    retry_after_seconds: int


@dataclass(frozen=True)
class Tallied:
    """`count`: how many count now. `wait_ms`: until the first of them no longer does, 0 for none. `at`: this one."""

    allowed: bool
    count: int
    wait_ms: int
    at: int


@dataclass(frozen=True)
class Policy:
    """A named bucket: `capacity` tokens when full, one back every `1 / refill_per_second` seconds."""

    name: str
    capacity: int
    refill_per_second: float


BY_DEVICE = Policy("sign_in.device", 8, 1 / 300)
"""Wrong codes for one staff number on a device that knows its code."""

BY_ADDRESS = Policy("sign_in.address", 300, 1.0)
"""Wrong codes from one address, on devices that do not know them. Then each takes a proof of work: a whole site may
stand behind one."""

BY_CODE = Policy("sign_in.code", 40, 1 / 60)
"""One wrong code tried on many staff numbers, on devices that do not know it. Then each takes a proof of work."""

STRANGERS = "sign_in.strangers"
MOST_STRANGE = 10
DAY_MS = 86_400_000
"""Of wrong codes for one staff number, on all devices that do not know its code, ten are looked at in any 24 hours."""

LEAST_BITS, MOST_BITS = 16, 20
"""Of a proof of work: about 65,000 hashes, a second of an old phone, to sixteen times as many."""

PROOF_MS = 600_000
"""A proof is good in the ten minutes in which it was asked for, and in the next ten; once."""

# Times are milliseconds. Half of one is forgiven, as doubles do not divide evenly.
_NOW = """
local now = tonumber(ARGV[1])
if not now then
    local clock = redis.call('TIME')
    now = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
"""

_TAKE = (
    _NOW
    + """
local capacity, interval, cost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local owed, most_owed = tonumber(ARGV[5]), tonumber(ARGV[6])
local bottom = now + (capacity + most_owed) * interval
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if full_at > bottom + 1 then
    -- Never below the bottom: a clock that was set back makes nobody wait for it.
    full_at = bottom
    redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1000)
end
local after = math.max(full_at + cost * interval, now)
if most_owed > 0 and owed >= most_owed then after = math.min(after, bottom) end
local wait = after - now - (capacity + owed) * interval
local allowed = 1
if wait > 0.5 and cost > 0 then
    allowed = 0
    wait = after - now - capacity * interval
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
return {allowed, left, math.ceil(wait)}
"""
)

_TALLY = (
    _NOW
    + """
local most, window = tonumber(ARGV[2]), tonumber(ARGV[3])
-- A clock that was set back makes nobody wait for it.
if tonumber(redis.call('LINDEX', KEYS[1], -1) or 0) > now then redis.call('DEL', KEYS[1]) end
local first = redis.call('LINDEX', KEYS[1], 0)
while first and tonumber(first) <= now - window do
    redis.call('LPOP', KEYS[1])
    first = redis.call('LINDEX', KEYS[1], 0)
end
local count, allowed = redis.call('LLEN', KEYS[1]), 0
if count < most then
    allowed, count, first = 1, count + 1, first or now
    redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[1], window)
end
return {allowed, count, first and math.ceil(first + window - now) or 0, now}
"""
)

_SPEND = (
    _NOW
    + """
local slot = math.floor(now / tonumber(ARGV[2]))
if #KEYS == 0 then return slot end
local age = slot - tonumber(ARGV[3])
if age ~= 0 and age ~= 1 then return 0 end
return redis.call('SET', KEYS[1], 1, 'NX', 'PX', 2 * tonumber(ARGV[2])) and 1 or 0
"""
)


class Limits:
    """The buckets and tallies of one Redis, shared by every process.

    Time is the Redis server's unless `now_ms` (Unix, milliseconds) is given.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = redis.register_script(_TAKE)
        self._tally = redis.register_script(_TALLY)
        self._spend = redis.register_script(_SPEND)

    async def take(
        self,
        name: str,
        *,
        key: str,
        capacity: int,
        refill_per_second: float,
        cost: int = 1,
        owed: int = 0,
        most_owed: int = 0,
        now_ms: int | None = None,
    ) -> Taken:
        """Take `cost` tokens from the bucket of `key`; when there are fewer, none is taken.

        `refill_per_second` is above 0. Up to `owed` tokens may be owed after it, in a bucket that never owes more than
        `most_owed`: whoever may owe those is always allowed.
        """
        interval = 1000 / refill_per_second
        allowed, left, wait = await self._script(
            keys=[_bucket(name, key)],
            args=["" if now_ms is None else now_ms, capacity, repr(interval), cost, owed, most_owed],
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

    async def tried(self, policy: Policy, key: str) -> Taken:
        """Take one token of a policy's bucket."""
        return await self.take(
            policy.name, key=key, capacity=policy.capacity, refill_per_second=policy.refill_per_second
        )

    async def right(self, policy: Policy, key: str) -> None:
        """Give that token back."""
        await self.give_back(policy.name, key=key, capacity=policy.capacity, refill_per_second=policy.refill_per_second)

    async def tally(self, name: str, *, key: str, most: int, window_ms: int, now_ms: int | None = None) -> Tallied:
        """Count one more of `key`, unless `most` of the last `window_ms` count already (0: only look)."""
        allowed, count, wait, at = await self._tally(
            keys=[_bucket(name, key)], args=["" if now_ms is None else now_ms, most, window_ms]
        )
        return Tallied(bool(allowed), int(count), int(wait), int(at))

    async def untally(self, name: str, *, key: str, at: int) -> None:
        """The one that was counted `at` then does not count."""
        await self._redis.lrem(_bucket(name, key), 1, str(at))  # type: ignore[misc]

    async def forget(self, name: str, *, key: str) -> None:
        """Nothing of `key` counts any more."""
        await self._redis.delete(_bucket(name, key))

    async def slot(self, length_ms: int, now_ms: int | None = None) -> int:
        """Which stretch of this length it is."""
        return int(await self._spend(keys=[], args=["" if now_ms is None else now_ms, length_ms]))

    async def spend(self, name: str, *, key: str, slot: int, length_ms: int, now_ms: int | None = None) -> bool:
        """Whether what was given out in this stretch is used for the first time, and not after the next."""
        args = ["" if now_ms is None else now_ms, length_ms, slot]
        return bool(await self._spend(keys=[_bucket(name, key)], args=args))


@dataclass(frozen=True)
class SignInTry:
    """A try to sign in by code that may be made. `left` is how many the staff number has after this one.

    A right code is given back to the `held` buckets and, on a device that did not know it, to the tally of the staff
    number (`strange`) at `at`.
    """

    left: int
    held: tuple[tuple[Policy, str], ...]
    strange: str = ""
    at: int = 0


class SignInLimits:
    """Tries to sign in by code; known and unknown staff numbers alike.

    A device that knows the code has tries of its own, which nobody else can use up. All others share ten in 24 hours
    for one staff number; and when many wrong codes come from one address, or one code is tried on many, each takes a
    proof of work, so that whoever stands behind the same address is slowed and not shut out. `key` signs what is to be
    proved.
    """

    def __init__(self, limits: Limits, key: bytes) -> None:
        self._limits = limits
        self._key = key

    async def by_code(
        self,
        staff_number: str,
        code: str,
        address: str | None,
        *,
        device: str = "",
        proof: str = "",
        now_ms: int | None = None,
    ) -> SignInTry:
        """Count this try, before the code is looked at. `device`: what names one that knows the code of this number.
        `address` None: it comes from a session of this member, so no other member and no address is meant.

        Refuses `sign_in.too_many` with the `minutes` to wait (this known device), `sign_in.prove` with the `bits` that
        a proof needs, `sign_in.strangers` with the `hours` until an unknown device may try again.
        """
        number = staff_key(staff_number)
        if device:
            return await self._by_device(f"{device}\n{number}", now_ms)
        bits = await self._proved(proof, now_ms)
        held: list[tuple[Policy, str]] = []
        for policy, key in () if address is None else ((BY_ADDRESS, network_of(address)), (BY_CODE, faint_mark(code))):
            taken = await self._take(policy, key, now_ms, bits=bits)
            if not taken.allowed:
                await self._give_back(held, now_ms)
                raise Refusal("sign_in.prove", bits=_needed(policy, taken.left))
            held.append((policy, key))
        tallied = await self._limits.tally(STRANGERS, key=number, most=MOST_STRANGE, window_ms=DAY_MS, now_ms=now_ms)
        if not tallied.allowed:
            await self._give_back(held, now_ms)
            raise Refusal("sign_in.strangers", hours=math.ceil(tallied.wait_ms / 3_600_000))
        return SignInTry(MOST_STRANGE - tallied.count, tuple(held), number, tallied.at)

    async def _by_device(self, key: str, now_ms: int | None) -> SignInTry:
        taken = await self._take(BY_DEVICE, key, now_ms)
        if not taken.allowed:
            raise Refusal("sign_in.too_many", minutes=math.ceil(taken.retry_after_seconds / 60))
        return SignInTry(taken.left, ((BY_DEVICE, key),))

    async def right(self, tried: SignInTry, *, now_ms: int | None = None) -> None:
        """The code was right: this try does not count."""
        await self._give_back(tried.held, now_ms)
        if tried.strange:
            await self._limits.untally(STRANGERS, key=tried.strange, at=tried.at)

    async def strange(self, staff_number: str, *, now_ms: int | None = None) -> int:
        """How many wrong codes of unknown devices were looked at for this number in the last 24 hours, at most ten."""
        key = staff_key(staff_number)
        return (await self._limits.tally(STRANGERS, key=key, most=0, window_ms=DAY_MS, now_ms=now_ms)).count

    async def lift(self, staff_number: str) -> None:
        """Unknown devices may try again at once."""
        await self._limits.forget(STRANGERS, key=staff_key(staff_number))

    # Proofs of work

    async def wanted(self, address: str, *, now_ms: int | None = None) -> int:
        """How many bits whoever signs in from this address should prove: 0 while half of its tries are left."""
        left = (await self._take(BY_ADDRESS, network_of(address), now_ms, cost=0)).left
        return 0 if 2 * left >= BY_ADDRESS.capacity else _needed(BY_ADDRESS, left)

    async def challenge(self, *, now_ms: int | None = None) -> str:
        """What a proof is made of: a number behind it, so that the SHA-256 of both begins with enough zero bits."""
        given = f"{await self._limits.slot(PROOF_MS, now_ms)}.{token()[:16]}"
        return f"{given}.{self._mark(given)}"

    def _mark(self, given: str) -> str:
        return hmac.digest(self._key, given.encode(), "sha256").hex()[:16]

    async def _proved(self, proof: str, now_ms: int | None) -> int:
        """How many bits were proved; 0 for what is none, is too old, or was used before."""
        given, _, number = proof.rpartition(".")
        asked, _, mark = given.rpartition(".")
        if not (proof.isascii() and number.isdigit() and hmac.compare_digest(mark, self._mark(asked))):
            return 0
        bits = 256 - int.from_bytes(hashlib.sha256(proof.encode()).digest()).bit_length()
        if bits < LEAST_BITS:
            return 0
        slot = int(asked.partition(".")[0])
        new = await self._limits.spend("sign_in.proof", key=asked, slot=slot, length_ms=PROOF_MS, now_ms=now_ms)
        return bits if new else 0

    async def _take(self, policy: Policy, key: str, now_ms: int | None, *, bits: int = 0, cost: int = 1) -> Taken:
        return await self._limits.take(
            policy.name,
            key=key,
            capacity=policy.capacity,
            refill_per_second=policy.refill_per_second,
            cost=cost,
            owed=_owed(policy, bits),
            most_owed=_owed(policy, MOST_BITS),
            now_ms=now_ms,
        )

    async def _give_back(self, held: Iterable[tuple[Policy, str]], now_ms: int | None) -> None:
        for policy, key in held:
            await self._take(policy, key, now_ms, cost=-1)


def _owed(policy: Policy, bits: int) -> int:
    """How many tokens may be owed by whoever proves so many bits: each doubles the work, and what may be owed."""
    return policy.capacity * (2 ** (min(bits, MOST_BITS) - LEAST_BITS + 1) - 1) if bits >= LEAST_BITS else 0


def _needed(policy: Policy, left: int) -> int:
    """The bits that the next try has to prove, where so many tokens are left."""
    enough = (bits for bits in range(LEAST_BITS, MOST_BITS) if _owed(policy, bits) > -left)
    return next(enough, MOST_BITS)


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
