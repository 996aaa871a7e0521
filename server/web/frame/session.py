"""Who is signed in on which device, in Redis.

The cookie holds a 256-bit id; Redis knows only its SHA-256. An id that we did not give out is nobody, so
none can be planted before sign-in. Reads that come together share one MGET; what a session says is
replaced only by compare-and-set, so that a late refresh never brings back a role that was taken away.

A session whose phone has an open stream in this process is held here and costs no read: ticks (`session:{member}`)
and a look every quarter of a minute tell what became of it, and its streams end with it.

    session:{sha256 of the id}   one session, msgpack
    sessions:{member}            sorted set: the member's ids (hashed) by the end of their absolute life
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from redis.asyncio import Redis

from rewards.ticks import announce
from server.runtime.chance import token as random_token
from server.runtime.clock import now as wall_clock

ABSOLUTE_LIFE = timedelta(days=90)
IDLE_LIFE = timedelta(days=30)
DESK_IDLE_LIFE = timedelta(hours=12)
"""For whoever holds a role: the desk is not left open overnight."""

REFRESH_AFTER = timedelta(minutes=10)
"""`seen_at` is at most this much behind; idle time is so exact to ten minutes."""

_ID_LENGTH = 43  # 32 bytes in base64url without padding
_MOST_AT_ONCE = 500
_REF_LENGTH = 16
_DEVICE_LENGTH = 80


class Session(msgspec.Struct, frozen=True, array_like=True):
    """`roles` as on the roster (empty: a plain member); `unit` is a label; times are UTC."""

    member: UUID
    name: str
    roles: tuple[str, ...]
    language: str | None
    unit: str
    created_at: datetime
    seen_at: datetime
    device: str

    def ends_at(self) -> datetime:
        """When it ends if nobody comes back before."""
        idle = DESK_IDLE_LIFE if self.roles else IDLE_LIFE
        return min(self.created_at + ABSOLUTE_LIFE, self.seen_at + idle)


class Listed(msgspec.Struct, frozen=True):
    """One signed-in device as its member sees it. `ref` names it and opens nothing."""

    ref: str
    device: str
    created_at: datetime
    seen_at: datetime
    is_current: bool


class _Held:
    """A session with open streams here."""

    __slots__ = ("closings", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.closings: list[Callable[[], None]] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Session).decode

_START = """
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('PEXPIREAT', KEYS[2], ARGV[4])
return 1
"""

_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
"""

_ROTATE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PXAT', ARGV[3])
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[6])
return 1
"""


def _hashed(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def _key(hashed: str) -> str:
    return f"session:{hashed}"


def _index(member: UUID) -> str:
    return f"sessions:{member}"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class Sessions:
    """All sessions of one Redis. One instance a process, used on one event loop."""

    def __init__(
        self,
        redis: Redis,
        *,
        clock: Callable[[], datetime] = wall_clock,
        new_id: Callable[[], str] = random_token,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._new_id = new_id
        self._start = redis.register_script(_START)
        self._replace = redis.register_script(_REPLACE)
        self._rotate = redis.register_script(_ROTATE)
        self._waiting: dict[str, list[asyncio.Future[bytes | None]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._held: dict[str, _Held] = {}
        self._rechecks: set[asyncio.Task[None]] = set()

    async def start(
        self, member: UUID, *, name: str, roles: Collection[str], language: str | None, unit: str, device: str
    ) -> str:
        """Sign the member in on a device and return the new id for the cookie. No id is ever taken from outside."""
        now = self._clock()
        session_id = self._new_id()
        hashed = _hashed(session_id)
        session = Session(member, name, tuple(sorted(roles)), language, unit, now, now, device[:_DEVICE_LENGTH])
        await self._start(
            keys=[_key(hashed), _index(member)],
            args=[
                _encode(session),
                _milliseconds(session.ends_at()),
                _milliseconds(now),
                _milliseconds(now + ABSOLUTE_LIFE),
                hashed,
            ],
        )
        return session_id

    async def get(self, session_id: str) -> Session | None:
        """The session of this id, or None: unknown, ended, expired or not an id of ours.

        Calls that wait together are answered by one MGET. Marks the session as seen, at most every ten minutes.
        """
        if len(session_id) != _ID_LENGTH or not session_id.isascii():
            return None
        hashed = _hashed(session_id)
        now = self._clock()
        held = self._held.get(hashed)
        if held is not None and now < held.session.ends_at() and now - held.session.seen_at < REFRESH_AFTER:
            return held.session
        raw = await self._read(_key(hashed))
        if raw is None:
            return None
        session = _decode(raw)
        if now >= session.ends_at():
            return None
        if now - session.seen_at < REFRESH_AFTER:
            return session
        seen = msgspec.structs.replace(session, seen_at=now)
        await self._put(hashed, raw, seen)
        return seen

    @contextmanager
    def holding(self, session_id: str, session: Session, close: Callable[[], None]) -> Iterator[None]:
        """For the length of an open stream: `get` answers from here; `close` is called when the session ends."""
        hashed = _hashed(session_id)
        held = self._held.setdefault(hashed, _Held(session))
        held.closings.append(close)
        try:
            yield
        finally:
            held.closings.remove(close)
            if not held.closings and self._held.get(hashed) is held:
                del self._held[hashed]

    def heard(self, topic: str, fields: Mapping[str, str]) -> None:
        """A tick: when it says that a member's sessions changed, look at those held here."""
        kind, _, member = topic.partition(":")
        if kind == "session":
            mine = [hashed for hashed, held in self._held.items() if str(held.session.member) == member]
            if mine:
                task = asyncio.get_running_loop().create_task(self._recheck(mine))
                self._rechecks.add(task)
                task.add_done_callback(self._rechecks.discard)

    async def recheck(self) -> None:
        """Look at every held session; one command for five hundred."""
        hashes = tuple(self._held)
        for start in range(0, len(hashes), _MOST_AT_ONCE):
            await self._recheck(hashes[start : start + _MOST_AT_ONCE])

    async def _recheck(self, hashes: Sequence[str]) -> None:
        now = self._clock()
        values = await self._redis.mget([_key(hashed) for hashed in hashes])
        for hashed, raw in zip(hashes, values, strict=True):
            held = self._held.get(hashed)
            if held is None:
                continue
            session = None if raw is None else _decode(raw)
            if session is not None and now < session.ends_at():
                held.session = session
                continue
            del self._held[hashed]
            for close in tuple(held.closings):
                close()

    async def rotate(self, session_id: str) -> str | None:
        """The same session under a new id; the old id is nobody from now on. None when there is none."""
        hashed = _hashed(session_id)
        while True:
            raw = await self._redis.get(_key(hashed))
            if raw is None:
                return None
            session = _decode(raw)
            fresh_id = self._new_id()
            fresh = _hashed(fresh_id)
            moved = await self._rotate(
                keys=[_key(hashed), _key(fresh), _index(session.member)],
                args=[
                    raw,
                    raw,
                    _milliseconds(session.ends_at()),
                    hashed,
                    _milliseconds(session.created_at + ABSOLUTE_LIFE),
                    fresh,
                ],
            )
            if moved:
                return fresh_id

    async def end(self, session_id: str) -> None:
        """Sign this device out. An unknown id changes nothing."""
        hashed = _hashed(session_id)
        raw = await self._redis.getdel(_key(hashed))
        if raw is not None:
            member = _decode(raw).member
            await self._redis.zrem(_index(member), hashed)
            await announce(self._redis, f"session:{member}")

    async def end_one(self, member: UUID, ref: str) -> bool:
        """Sign out the member's device that `list` called `ref`. False when the member has no such device."""
        if len(ref) != _REF_LENGTH:
            return False
        for hashed in await self._hashes(member):
            if secrets.compare_digest(hashed[:_REF_LENGTH].encode(), ref.encode()):
                return await self._drop(member, [hashed]) > 0
        return False

    async def end_all(self, member: UUID, *, but: str | None = None) -> int:
        """Sign the member out everywhere, `but` on the device of this id. How many devices were signed out."""
        kept = None if but is None else _hashed(but)
        return await self._drop(member, [hashed for hashed in await self._hashes(member) if hashed != kept])

    async def rewrite(
        self,
        member: UUID,
        *,
        name: str | UnsetType = UNSET,
        roles: Collection[str] | UnsetType = UNSET,
        language: str | UnsetType | None = UNSET,
        unit: str | UnsetType = UNSET,
    ) -> int:
        """Set what is given in every session of the member; how many sessions there are.

        Holds at once: the next `get` anywhere sees it, and a refresh under way cannot undo it.
        """
        ordered = UNSET if roles is UNSET else tuple(sorted(roles))
        given = {"name": name, "roles": ordered, "language": language, "unit": unit}
        said = {field: value for field, value in given.items() if value is not UNSET}
        count = 0
        for hashed in await self._hashes(member):
            while (raw := await self._redis.get(_key(hashed))) is not None:
                if await self._put(hashed, raw, msgspec.structs.replace(_decode(raw), **said)):
                    count += 1
                    break
        if count:
            await announce(self._redis, f"session:{member}")
        return count

    async def list(self, member: UUID, *, current: str | None = None) -> tuple[Listed, ...]:
        """The member's signed-in devices, last seen first; `current` is the id of the device that asks.

        Ids whose session is gone are dropped from the member's index on the way.
        """
        hashes = await self._hashes(member)
        if not hashes:
            return ()
        here = None if current is None else _hashed(current)
        now = self._clock()
        found, gone = [], []
        for hashed, raw in zip(hashes, await self._redis.mget([_key(hashed) for hashed in hashes]), strict=True):
            session = None if raw is None else _decode(raw)
            if session is None or now >= session.ends_at():
                gone.append(hashed)
                continue
            found.append(
                Listed(hashed[:_REF_LENGTH], session.device, session.created_at, session.seen_at, hashed == here)
            )
        if gone:
            await self._drop(member, gone)
        return tuple(sorted(found, key=lambda listed: (listed.seen_at, listed.ref), reverse=True))

    async def _hashes(self, member: UUID) -> tuple[str, ...]:
        return tuple(hashed.decode() for hashed in await self._redis.zrange(_index(member), 0, -1))

    async def _drop(self, member: UUID, hashes: Collection[str]) -> int:
        """How many of these sessions were there."""
        if not hashes:
            return 0
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(*[_key(hashed) for hashed in hashes])
            pipe.zrem(_index(member), *hashes)
            dropped: int = (await pipe.execute())[0]
        await announce(self._redis, f"session:{member}")
        return dropped

    async def _put(self, hashed: str, expected: bytes, session: Session) -> bool:
        """Replace the session unless it has changed or ended since `expected` was read."""
        done = await self._replace(
            keys=[_key(hashed)], args=[expected, _encode(session), _milliseconds(session.ends_at())]
        )
        return bool(done)

    async def _read(self, key: str) -> bytes | None:
        """Wait for the next shared MGET. One is under way at a time; what comes meanwhile makes the next."""
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_waiting())
        return await answer

    async def _read_waiting(self) -> None:
        while self._waiting:
            batch = dict(list(self._waiting.items())[:_MOST_AT_ONCE])
            for key in batch:
                del self._waiting[key]
            try:
                values = await self._redis.mget(list(batch))
            except Exception as error:
                for answers in batch.values():
                    for answer in answers:
                        if not answer.done():
                            answer.set_exception(error)
                continue
            for answers, value in zip(batch.values(), values, strict=True):
                for answer in answers:
                    if not answer.done():
                        answer.set_result(value)
