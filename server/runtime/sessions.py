"""Who is signed in on which device, in Redis.

The cookie holds a 256-bit id; Redis knows only its SHA-256. An id that we did not give out is nobody, so
none can be planted before sign-in. Reads that come together share one MGET; what a session says is
replaced only by compare-and-set, so that a late refresh never brings back a role that was taken away. The roster
in PostgreSQL decides what sessions say and whether they last: `follow` brings them to it (decision 14).

A session whose phone has an open stream in this process is held here and costs no read: ticks (`session:{member}`)
and a look every quarter of a minute tell what became of it, and its streams end with it. When Redis has lost all that
it held, the sessions that are held here are written again (decision 26).

    session:{sha256 of the id}   one session, msgpack
    sessions:{member}            sorted set: the member's ids (hashed) by the end of their absolute life
    session-version:{member}     the version of the roster that was followed last, for two minutes
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from rewards.boards.rules import COPY, read_copy
from rewards.members import queries
from rewards.members.queries import Person
from rewards.ticks import announce
from server.runtime.chance import token as random_token
from server.runtime.clock import now as own_time

ABSOLUTE_LIFE = timedelta(days=90)
IDLE_LIFE = timedelta(days=30)
DESK_IDLE_LIFE = timedelta(hours=12)
"""For whoever holds a role: the desk is not left open overnight."""

SWEPT_AFTER = timedelta(days=2)
"""So long after its end a session is forgotten by Redis, whose clock only sweeps: when it is set ahead, nobody is
signed out before his time (decision 25)."""

REFRESH_AFTER = timedelta(minutes=10)
"""`seen_at` is at most this much behind; idle time is so exact to ten minutes."""

CODE, LINK = "code", "link"
"""How a session was begun."""

_ID_LENGTH = 43  # 32 bytes in base64url without padding
_MOST_AT_ONCE = 500
_REF_LENGTH = 16
_DEVICE_LENGTH = 80

_LOOKS, _LOOK_AGAIN = 10, 0.1
"""How often, and after how many seconds, it is looked whether another process has written a session again."""
_PATIENCE = 3.0
"""Seconds that whoever asks waits for Redis to say who he is."""

_RACE = 120_000
"""Milliseconds: longer than it takes to sign in once the roster was read."""


class Session(msgspec.Struct, frozen=True, array_like=True):
    """`roles` as on the roster (empty: a plain member); `unit` is a label; times are UTC.

    `version` is the `access_version` of the roster that it follows (0 too: begun before there were any). `way`: begun
    by the member's own code (CODE), or by a link (LINK) that `link_by` made (None: the command line); "": before there
    was a difference.
    """

    member: UUID
    name: str
    roles: tuple[str, ...]
    language: str | None
    unit: str
    created_at: datetime
    seen_at: datetime
    device: str
    version: int = 0
    way: str = ""
    link_by: UUID | None = None

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
_decoder = msgspec.msgpack.Decoder(Session)


def _decode(raw: bytes | None) -> Session | None:
    """None: there is none, or what a damaged file made of one, which is nobody's."""
    try:
        return None if raw is None else _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_START = """
local known = redis.call('GET', KEYS[3])
if known and tonumber(known) > tonumber(ARGV[6]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return 1
"""

_FINISH = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
"""

_RAISE = """
local known = redis.call('GET', KEYS[1])
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


def _copy_of(raw: bytes | None) -> str:
    copy = read_copy(raw)
    return "" if copy is None else copy.id


def _hashed(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def ref_of(session_id: str) -> str:
    """What names a session in lists of devices, and opens nothing."""
    return _hashed(session_id)[:_REF_LENGTH]


def _key(hashed: str) -> str:
    return f"session:{hashed}"


def _index(member: UUID | str) -> str:
    return f"sessions:{member}"


def _known(member: UUID) -> str:
    return f"session-version:{member}"


def _is_ahead(raw: bytes, people: Mapping[UUID, Person]) -> bool:
    """Whether a session knows of a later change of its member than these people."""
    session = _decode(raw)
    person = None if session is None else people.get(session.member)
    return session is not None and person is not None and session.version > person.access_version


def _following(session: Session | None, person: Person | None) -> Session | None:
    """What the session of this member has to say; None: it has to end."""
    if session is None or person is None or person.left_on is not None:
        return None
    if not person.access_floor <= session.version <= person.access_version:
        return None
    return msgspec.structs.replace(
        session,
        name=person.name,
        roles=tuple(sorted(person.roles)),
        language=person.language,
        unit=person.unit_name,
        version=person.access_version,
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _kept_for(until: datetime, now: datetime) -> int:
    """For how many milliseconds Redis keeps what ends at a time that is not its own clock's."""
    return max(1, int((until - now + SWEPT_AFTER) / timedelta(milliseconds=1)))


class Sessions:
    """All sessions of one Redis. One instance a process, used on one event loop."""

    def __init__(
        self,
        redis: Redis,
        *,
        clock: Callable[[], datetime] = own_time,
        new_id: Callable[[], str] = random_token,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._new_id = new_id
        self._start = redis.register_script(_START)
        self._replace = redis.register_script(_REPLACE)
        self._finish = redis.register_script(_FINISH)
        self._raise = redis.register_script(_RAISE)
        self._waiting: dict[str, list[asyncio.Future[bytes | None]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._held: dict[str, _Held] = {}
        self._rechecks: set[asyncio.Task[object]] = set()
        self._copy = ""
        """The copy of what Redis holds (boards) in which all held sessions were seen last."""
        self._called = ""
        """The copy that was lost when the other processes were called last."""

    async def start(
        self,
        member: UUID,
        *,
        name: str,
        roles: Collection[str],
        language: str | None,
        unit: str,
        device: str,
        version: int,
        way: str = LINK,
        link_by: UUID | None = None,
    ) -> str | None:
        """Sign the member in on a device and return the new id for the cookie. No id is ever taken from outside.

        `way` and `link_by`: as of a Session.

        `version` is the member's `access_version` as it was read with all this. None: it has changed since; read again.
        """
        now = self._clock()
        session_id = self._new_id()
        hashed = _hashed(session_id)
        ordered = tuple(sorted(roles))
        session = Session(
            member, name, ordered, language, unit, now, now, device[:_DEVICE_LENGTH], version, way, link_by
        )
        return session_id if await self._write(hashed, session) else None

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
        session = _decode(raw)
        if session is None and held is not None:
            await self._recheck([hashed])
            return held.session if hashed in self._held else None
        if raw is None and self._copy:
            raw = await self._from_others(hashed)
            session = _decode(raw)
        if raw is None or session is None or now >= session.ends_at():
            return None
        if now - session.seen_at < REFRESH_AFTER:
            return session
        seen = msgspec.structs.replace(session, seen_at=now)
        await self._put(hashed, raw, seen)
        return seen

    async def _from_others(self, hashed: str) -> bytes | None:
        """A session that is missing since Redis has lost what it held, once the process that holds it has written it
        again; None: nobody has. Of any other missing one it costs one GET."""
        if _copy_of(await self._redis.get(COPY)) == self._copy:
            return None
        if self._called != self._copy:
            self._called = self._copy
            await announce(self._redis, "copy:")
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_AGAIN)
            if (raw := await self._read(_key(hashed))) is not None:
                return raw
        return None

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
        """A tick: when it says that a member's sessions changed, look at those held here; at all, when Redis has lost
        what it held."""
        kind, _, member = topic.partition(":")
        work: Coroutine[None, None, object] | None = None
        if kind == "copy":
            work = self.recheck()
        elif kind == "session" and (mine := self._held_of(member)):
            work = self._recheck(mine, back=False)
        if work is not None:
            task = asyncio.get_running_loop().create_task(work)
            self._rechecks.add(task)
            task.add_done_callback(self._rechecks.discard)

    def _held_of(self, member: str) -> list[str]:
        return [hashed for hashed, held in self._held.items() if str(held.session.member) == member]

    async def recheck(self) -> None:
        """Look at every held session; one command for five hundred. When Redis has lost all that it held, they are
        brought back: a hall stays signed in."""
        hashes = tuple(self._held)
        copies = [
            await self._recheck(hashes[start : start + _MOST_AT_ONCE])
            for start in range(0, max(len(hashes), 1), _MOST_AT_ONCE)
        ]
        self._copy = copies[0] if "" not in copies and len(set(copies)) == 1 else self._copy

    async def _recheck(self, hashes: Sequence[str], *, back: bool = True) -> str:
        """The copy of what Redis holds, as of boards; "" while there is none. `back`: one that is missing may have been
        lost, and was not ended."""
        now = self._clock()
        *values, raw = await self._redis.mget([*map(_key, hashes), COPY])
        found = {hashed: _decode(value) for hashed, value in zip(hashes, values, strict=True)}
        if back and self._copy and self._copy != _copy_of(raw):
            found |= await self._brought_back([hashed for hashed, session in found.items() if session is None])
        for hashed, session in found.items():
            held = self._held.get(hashed)
            if held is None:
                continue
            if session is not None and now < session.ends_at():
                held.session = session
                continue
            del self._held[hashed]
            for close in tuple(held.closings):
                close()
        return _copy_of(raw)

    async def _brought_back(self, hashes: Sequence[str]) -> dict[str, Session | None]:
        """Redis has lost what it held: the sessions that are held here, as the roster has them, are written again."""
        missing = {hashed: self._held[hashed].session for hashed in hashes if hashed in self._held}
        people = await queries.people({session.member for session in missing.values()}) if missing else {}
        back: dict[str, Session | None] = {}
        for hashed, session in missing.items():
            wanted = _following(session, people.get(session.member))
            back[hashed] = wanted if wanted is not None and await self._write(hashed, wanted) else None
        return back

    async def _write(self, hashed: str, session: Session) -> bool:
        """False: its member has changed since the session was made."""
        now, last = self._clock(), session.created_at + ABSOLUTE_LIFE
        done = await self._start(
            keys=[_key(hashed), _index(session.member), _known(session.member)],
            args=[
                _encode(session),
                _kept_for(session.ends_at(), now),
                _milliseconds(now),
                _milliseconds(last),
                hashed,
                session.version,
                _kept_for(last, now),
            ],
        )
        return bool(done)

    async def end(self, session_id: str) -> None:
        """Sign this device out. An unknown id changes nothing."""
        hashed = _hashed(session_id)
        session = _decode(await self._redis.getdel(_key(hashed)))
        if session is not None:
            await self._redis.zrem(_index(session.member), hashed)
            await announce(self._redis, f"session:{session.member}")

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

    async def follow(self, members: Iterable[UUID]) -> None:
        """Bring every session of these members to what the roster says of them, or to its end.

        Holds at once: the next `get` anywhere sees it, a refresh under way cannot undo it, and no sign-in under way
        starts a session by what it read before. May be called any number of times, at once with itself. A roster that
        was restored from an older copy counts too: sessions that know of later changes end.
        """
        everyone = list(dict.fromkeys(members))
        for first in range(0, len(everyone), _MOST_AT_ONCE):
            some = everyone[first : first + _MOST_AT_ONCE]
            people = await queries.people(some)
            waiting = await self._hold_back(some, people)
            while waiting:
                values = await self._redis.mget([_key(hashed) for hashed in waiting])
                found = {hashed: raw for hashed, raw in zip(waiting, values, strict=True) if raw is not None}
                ahead = {waiting[hashed] for hashed, raw in found.items() if _is_ahead(raw, people)}
                if ahead:
                    people |= await queries.people(ahead)
                waiting = await self._settle({hashed: (waiting[hashed], raw) for hashed, raw in found.items()}, people)

    async def _hold_back(self, members: Sequence[UUID], people: Mapping[UUID, Person]) -> dict[str, UUID]:
        """From now on nobody signs in by an older roster than this; the sessions that were there before."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for person in people.values():
                await self._raise(keys=[_known(person.id)], args=[person.access_version, _RACE], client=pipe)
            for member in members:
                pipe.zrange(_index(member), 0, -1)
            listed = (await pipe.execute())[len(people) :]
        return {hashed.decode(): member for member, hashes in zip(members, listed, strict=True) for hashed in hashes}

    async def _settle(self, found: Mapping[str, tuple[UUID, bytes]], people: Mapping[UUID, Person]) -> dict[str, UUID]:
        """Write or end the sessions that do not say what they should; those that were changed meanwhile."""
        now, changes = self._clock(), []
        async with self._redis.pipeline(transaction=False) as pipe:
            for hashed, (member, raw) in found.items():
                session = _decode(raw)
                wanted = _following(session, people.get(member))
                if wanted is None:
                    await self._finish(keys=[_key(hashed), _index(member)], args=[raw, hashed], client=pipe)
                elif wanted != session:
                    await self._replace(
                        keys=[_key(hashed)], args=[raw, _encode(wanted), _kept_for(wanted.ends_at(), now)], client=pipe
                    )
                else:
                    continue
                changes.append((hashed, member))
            done = await pipe.execute()
            for member in {member for (_, member), one in zip(changes, done, strict=True) if one}:
                await announce(pipe, f"session:{member}")
            await pipe.execute()
        return {hashed: member for (hashed, member), one in zip(changes, done, strict=True) if not one}

    async def everyone(self) -> AsyncIterator[UUID]:
        """All who are signed in anywhere, some of them more than once. Reads the names of all keys."""
        async for key in self._redis.scan_iter(_index("*"), count=1000):
            yield UUID(key.decode().partition(":")[2])

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
            session = _decode(raw)
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
            keys=[_key(hashed)], args=[expected, _encode(session), _kept_for(session.ends_at(), session.seen_at)]
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
                async with asyncio.timeout(_PATIENCE):
                    values = await self._redis.mget(list(batch))
            except Exception as error:
                # Whoever came meanwhile would wait for the same in vain.
                late, self._waiting = self._waiting, {}
                for answers in (*batch.values(), *late.values()):
                    for answer in answers:
                        if not answer.done():
                            answer.set_exception(error)
                continue
            for answers, value in zip(batch.values(), values, strict=True):
                for answer in answers:
                    if not answer.done():
                        answer.set_result(value)
