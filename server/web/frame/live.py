"""Live pages: ticks come in, each face is rendered once a language, and the same bytes go to everyone.

A tick says only that something changed. The hub renders the present state (never a history), so a phone that
slept asks once and is up to date. Ticks of rooms and draws are shown at once; boards and counters at most once
a second. Lost ticks are made good by comparing versions every few seconds.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from redis.asyncio import Redis
from redis.exceptions import RedisError

from rewards.ticks import STREAM

log = logging.getLogger("laurel.live")

PING = b"event: ping\ndata: 1\n\n"
PING_SECONDS = 15.0
COALESCE_SECONDS = 1.0
COUNT_SECONDS = 0.5
COMPARE_SECONDS = 5.0
BACKLOG = 32
"""Frames a slow reader may leave lying before it is told to ask the page again."""

MOST_OF_ONE: Final = 6
"""Streams of one session in this process: as many as a browser opens to one server."""
MOST_OF_SCREEN: Final = 60
"""Streams of one screen's address, which may hang in every office."""
MOST_OF_ADDRESS: Final = 12_000
"""Streams from one address: a hall of 5,000 stands behind one, each with a page that he has left open."""
MOST_OPENINGS: Final = 60
"""Streams that one may open in one go; after that one a second."""
CROWDED = b"event: crowded\ndata: 1\n\n"
"""Said to a stream that is one too many: its page asks now and then instead."""

BOARD = "board"
"""The tick of a board that has moved: shown at most once a second."""

MEMBER = "member"
"""The tick of something that only one member sees: his pages ask again."""

REMAINING = "@@REMAINING@@"
"""Stands in a rendered fragment for the milliseconds left, filled in at the moment of sending."""


Remaining = Callable[[], int]
"""Gives the milliseconds that are left."""


class Channel(NamedTuple):
    """What a page follows: a topic ("room:ID", "screen:ID"), its face (phone, desk, screen) and a language."""

    topic: str
    face: str
    locale: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose stream it is, a session's or a screen's, and the address that it goes to; "" is not counted. `most` are
    open at once; one more ends the oldest of them, which may be a line that is long dead.
    """

    key: str = ""
    address: str = ""
    most: int = MOST_OF_ONE


NOBODYS: Final = Whose()


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered state. `version` names it; `remaining` gives the milliseconds left at the moment it is sent."""

    version: str
    html: str
    remaining: Remaining | None = None

    def text(self) -> str:
        """The HTML as of now."""
        return self.html if self.remaining is None else self.html.replace(REMAINING, str(self.remaining()))

    def frame(self) -> bytes:
        """The same as one server-sent event `state`."""
        return event("state", self.text(), self.version)


def event(name: str, data: str, identity: str | None = None) -> bytes:
    """One server-sent event. Line breaks in `data` become further data lines."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: {data.replace(chr(10), chr(10) + 'data: ')}\n\n".encode()


def json_event(name: str, value: object) -> bytes:
    """A server-sent event with a JSON object."""
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(value) + b"\n\n"


Render = Callable[[str, str, str], Awaitable[Picture]]
"""(id of the topic, face, locale) -> what to show now."""

Personal = Callable[[str], Awaitable[Mapping[UUID, bytes]]]
"""id of the topic -> a ready event for each member, sent right behind the state; empty when there is none."""

Count = Callable[[str], Awaitable[bytes]]
"""id of the topic -> the counter event for desks and screens."""

Versions = Callable[[list[str]], Awaitable[Mapping[str, str]]]
"""ids of topics that are followed -> the version that each should show now."""


@dataclass(frozen=True, slots=True)
class Topic:
    """How the topics of one name are shown.

    `counted_by`: ticks that change the counter alone -> whether phones see it too. `follows_all`: what it shows may
    change with any tick.
    """

    render: Render
    personal: Personal | None = None
    count: Count | None = None
    versions: Versions | None = None
    counted_by: Mapping[str, bool] = field(default_factory=dict)
    follows_all: bool = False


class Subscriber:
    """One open stream. `next` waits for bytes to send and gives None when the stream must end."""

    __slots__ = ("_frames", "_waiter", "channel", "closed", "member")

    def __init__(self, channel: Channel, member: UUID | None) -> None:
        self.channel = channel
        self.member = member
        self.closed = False
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, frame: bytes) -> None:
        """Put a frame in line; a reader too far behind gets one "resync" in place of its backlog."""
        if len(self._frames) >= BACKLOG:
            self._frames.clear()
            frame = event("resync", "1")
        self._frames.append(frame)
        self._wake()

    def crowd_out(self) -> None:
        """End the stream, as there are too many, and say so."""
        self.offer(CROWDED)
        self.close()

    def close(self) -> None:
        """End the stream after what is in line."""
        self.closed = True
        self._wake()

    async def next(self) -> bytes | None:
        """All frames in line, as one piece."""
        while not self._frames:
            if self.closed:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        frames = b"".join(self._frames)
        self._frames.clear()
        return frames

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


@dataclass
class Hub:
    """One a web process. `start` it in the loop that serves, `stop` it before the server waits for streams."""

    redis: Redis
    topics: dict[str, Topic] = field(default_factory=dict)
    """By name; complete before `start`."""
    subscribers: dict[Channel, set[Subscriber]] = field(default_factory=dict)
    _pictures: dict[Channel, Picture] = field(default_factory=dict)
    _rendering: dict[Channel, "asyncio.Task[Picture]"] = field(default_factory=dict)
    _dirty: set[tuple[str, str]] = field(default_factory=set)
    _counting: dict[str, bool] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _changed: dict[tuple[str, str], int] = field(default_factory=dict)
    _changes: int = 0
    _open: dict[str, dict[Subscriber, None]] = field(default_factory=dict)
    """The streams of each owner, the oldest first."""
    _from: Counter[str] = field(default_factory=Counter)
    """How many go to each address."""
    _opened: dict[str, float] = field(default_factory=dict)
    """When each owner may open MOST_OPENINGS in one go again, by the steady clock."""
    heard: list[Callable[[str, Mapping[str, str]], None]] = field(default_factory=list)
    """Called with (topic, fields) of every tick, for caches that must forget."""
    beats: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Called with every ping, for what must be looked at now and then."""

    def start(self) -> None:
        """Begin to read ticks."""
        for work in (self._read, self._beat, self._sweep_slow, self._sweep_counts, self._compare):
            self._later(work())

    async def stop(self) -> None:
        """End every stream and stop reading."""
        for readers in list(self.subscribers.values()):
            for reader in list(readers):
                reader.close()
        # A cancellation that meets one of redis-py's own timeouts is lost there, so it is said until it is heard.
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.1)

    def may_open(self, whose: Whose) -> bool:
        """Whether one more stream may be opened now; counted when it may. Asked before anything is looked up for it."""
        now = monotonic()
        free_at = max(self._opened.get(whose.key, 0.0), now)
        if free_at - now > MOST_OPENINGS - 1:
            return False
        self._opened[whose.key] = free_at + 1
        return True

    @contextlib.contextmanager
    def following(self, channel: Channel, member: UUID | None, whose: Whose = NOBODYS) -> Iterator[Subscriber]:
        """A subscriber for the length of a block."""
        reader = Subscriber(channel, member)
        self.subscribers.setdefault(channel, set()).add(reader)
        mine = self._open.setdefault(whose.key, {})
        mine[reader] = None
        self._from[whose.address] += 1
        if whose.address and self._from[whose.address] > MOST_OF_ADDRESS:
            reader.crowd_out()
        elif whose.key and len(mine) > whose.most:
            oldest = next(iter(mine))
            del mine[oldest]
            oldest.crowd_out()
        try:
            yield reader
        finally:
            self._from[whose.address] -= 1
            if not self._from[whose.address]:
                del self._from[whose.address]
            mine.pop(reader, None)
            if not mine and self._open.get(whose.key) is mine:
                del self._open[whose.key]
            readers = self.subscribers.get(channel)
            if readers is not None:
                readers.discard(reader)
                if not readers:
                    del self.subscribers[channel]

    async def picture(self, channel: Channel) -> Picture:
        """The present state for a channel: rendered once, shared by all who ask until the next change."""
        found = self._pictures.get(channel)
        if found is not None:
            return found
        task = self._rendering.get(channel)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._render(channel))
            self._rendering[channel] = task
            task.add_done_callback(lambda done: self._rendered(channel, done))
        return await asyncio.shield(task)

    def _rendered(self, channel: Channel, task: "asyncio.Task[Picture]") -> None:
        if self._rendering.get(channel) is task:
            del self._rendering[channel]

    async def _render(self, channel: Channel) -> Picture:
        name, _, identity = channel.topic.partition(":")
        change = self._changes
        picture = await self.topics[name].render(identity, channel.face, channel.locale)
        if self._latest(channel) <= change:
            self._pictures[channel] = picture
        return picture

    def _latest(self, channel: Channel) -> int:
        """The number of the last change of what a channel shows; 0 when it has not changed for long."""
        return max(self._changed.get((channel.topic, face), 0) for face in ("", channel.face))

    def _forget(self, topic: str, face: str) -> None:
        self._changes += 1
        self._changed[topic, face] = self._changes
        for kept in (self._pictures, self._rendering):
            for channel in [c for c in kept if c.topic == topic and face in ("", c.face)]:
                del kept[channel]

    async def show(self, topic: str, face: str = "") -> None:
        """Render a topic for every language and face (or one face) that is followed, and send it to all of them.

        What changes again meanwhile is left to that later call, so that an older state never comes behind a newer.
        """
        self._forget(topic, face)
        change = self._changes
        name, _, identity = topic.partition(":")
        channels = [c for c in self.subscribers if c.topic == topic and face in ("", c.face)]
        personal: Mapping[UUID, bytes] = {}
        how = self.topics[name]
        if how.personal is not None and any(channel.face == "phone" for channel in channels):
            personal = await how.personal(identity)
        for channel in channels:
            frame = (await self.picture(channel)).frame()
            if self._latest(channel) > change:
                continue
            for reader in list(self.subscribers.get(channel, ())):
                own = personal.get(reader.member) if reader.member is not None else None
                reader.offer(frame if own is None or channel.face != "phone" else frame + own)

    def _on_tick(self, topic: str, fields: Mapping[str, str]) -> None:
        for listener in self.heard:
            listener(topic, fields)
        name, _, identity = topic.partition(":")
        followers = {channel.topic for channel in self.subscribers if self._follows_all(channel)}
        counted = next((one for one, how in self.topics.items() if name in how.counted_by), None)
        if counted is not None:
            phones = self.topics[counted].counted_by[name]
            self._counting[f"{counted}:{identity}"] = phones or self._counting.get(f"{counted}:{identity}", False)
            if phones:
                self._dirty.update({(f"{counted}:{identity}", "desk")} | {(one, "") for one in followers})
        elif name == BOARD:
            self._dirty.update((one, "") for one in followers)
        elif name == MEMBER:
            self._resync(identity)
        else:
            for changed in ({topic} if name in self.topics else set()) | followers:
                self._dirty.discard((changed, ""))
                self._later(self._shown(changed))

    def _follows_all(self, channel: Channel) -> bool:
        return self.topics[channel.topic.partition(":")[0]].follows_all

    def _resync(self, member: str) -> None:
        for readers in self.subscribers.values():
            for reader in readers:
                if reader.member is not None and str(reader.member) == member:
                    reader.offer(event("resync", "1"))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _shown(self, topic: str, face: str = "") -> None:
        try:
            await self.show(topic, face)
        except Exception:
            log.exception("live.show_failed topic=%s", topic)

    async def _read(self) -> None:
        last = "$"
        pause = 0.05
        while True:
            try:
                if last == "$":
                    newest = await self.redis.xrevrange(STREAM, count=1)
                    last = newest[0][0].decode() if newest else "0-0"
                found = await self.redis.xread({STREAM: last}, count=500, block=5000)
                pause = 0.05
            except RedisError as error:
                log.warning("live.ticks_unreachable error=%s", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
                continue
            for _, entries in found or ():
                for identity, raw in entries:
                    last = identity.decode()
                    fields = {key.decode(): value.decode() for key, value in raw.items()}
                    self._on_tick(fields.pop("topic", ""), fields)

    async def _beat(self) -> None:
        while True:
            for readers in list(self.subscribers.values()):
                for reader in list(readers):
                    reader.offer(PING)
            for look in self.beats:
                try:
                    await look()
                except RedisError as error:
                    log.warning("live.look_failed error=%s", type(error).__name__)
            await asyncio.sleep(PING_SECONDS)

    async def _sweep_slow(self) -> None:
        while True:
            await asyncio.sleep(COALESCE_SECONDS)
            dirty, self._dirty = self._dirty, set()
            for topic, face in dirty:
                await self._shown(topic, face)

    async def _sweep_counts(self) -> None:
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            counting, self._counting = self._counting, {}
            for topic, phones in counting.items():
                try:
                    await self._count(topic, phones)
                except Exception:
                    log.exception("live.count_failed topic=%s", topic)

    async def _count(self, topic: str, phones: bool) -> None:
        name, _, identity = topic.partition(":")
        how = self.topics[name].count
        watching = [
            reader
            for channel, readers in self.subscribers.items()
            if (channel.topic == topic and (phones or channel.face != "phone")) or self._follows_all(channel)
            for reader in readers
        ]
        if how is not None and watching:
            frame = await how(identity)
            for reader in watching:
                reader.offer(frame)

    async def _compare(self) -> None:
        """Make good what a lost tick left behind."""
        while True:
            await asyncio.sleep(COMPARE_SECONDS)
            self._let_go()
            for name, how in self.topics.items():
                if how.versions is None:
                    continue
                followed = {c for c in self.subscribers if c.topic.startswith(name + ":")}
                if not followed:
                    continue
                try:
                    present = await how.versions([c.topic.partition(":")[2] for c in followed])
                except Exception:
                    log.warning("live.compare_failed topic=%s", name)
                    continue
                for topic in {c.topic for c in followed}:
                    shown = [self._pictures.get(channel) for channel in followed if channel.topic == topic]
                    wanted = present.get(topic.partition(":")[2])
                    # No picture of what is followed: it could not be rendered when it changed.
                    if wanted is not None and any(one is None or one.version != wanted for one in shown):
                        await self._shown(topic)

    def _let_go(self) -> None:
        """Forget what nobody follows. Who polls gets a new picture then, whatever ticks were lost."""
        now = monotonic()
        self._opened = {key: free_at for key, free_at in self._opened.items() if free_at > now}
        for channel in [c for c in self._pictures if c not in self.subscribers]:
            del self._pictures[channel]
        busy = {channel.topic for channel in (*self.subscribers, *self._rendering)}
        for topic, face in [key for key in self._changed if key[0] not in busy]:
            del self._changed[topic, face]


HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream(ASGIResponse):
    """The answer of a handler that follows a channel: written until the phone goes or the hub stops.

    Raw ASGI, no framework work per event. (Litestar's own `asgi` handlers cannot have path parameters.)
    `first` is asked after the stream is in line for changes, so that nothing falls between the two. `hold` keeps
    the session at hand meanwhile and closes the stream when it ends (`pages.hold`). `whose` it is: `pages.stream_of`.
    """

    def __init__(
        self,
        hub: Hub,
        channel: Channel,
        member: UUID | None,
        first: Callable[[], Awaitable[bytes]],
        hold: Callable[[Callable[[], None]], AbstractContextManager[None]] = lambda close: contextlib.nullcontext(),
        whose: Whose = NOBODYS,
    ) -> None:
        super().__init__()
        self._hold = hold
        self._hub = hub
        self._channel = channel
        self._member = member
        self._whose = whose
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def until_gone(reader: Subscriber) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            reader.close()

        with self._hub.following(self._channel, self._member, self._whose) as reader, self._hold(reader.close):
            watch = asyncio.get_running_loop().create_task(until_gone(reader))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                await send({"type": "http.response.body", "body": await self._first(), "more_body": True})
                while (piece := await reader.next()) is not None:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                watch.cancel()
