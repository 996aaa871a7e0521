"""The hub: one render for all who watch the same, the latest state last, and nobody left behind."""

import asyncio
import contextlib
import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from games.quizzes import queries, rules
from rewards import database as db
from rewards.ticks import announce
from server.runtime.embedded import locate
from server.runtime.redis_client import connect
from server.web.frame import live
from server.web.frame.live import (
    CROWDED,
    MOST_OF_ONE,
    MOST_OPENINGS,
    REMAINING,
    Channel,
    EventStream,
    Hub,
    Picture,
    Subscriber,
    Topic,
    Whose,
    event,
    json_event,
)
from server.web.quizzes.live import Rooms
from tests import patience
from tests.games.quizzes.world import NOON, RIGHT, SECOND, WRONG, Play, room, scene, wipe

PHONE_EN, PHONE_ZH = Channel("room:1", "phone", "en"), Channel("room:1", "phone", "zh-Hans")
DESK = Channel("room:1", "desk", "en")
NEVER = 3600.0


@pytest.fixture(autouse=True)
def times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens by the clock unless a test says so."""
    for name in ("COALESCE_SECONDS", "COUNT_SECONDS", "COMPARE_SECONDS", "PING_SECONDS"):
        monkeypatch.setattr(live, name, NEVER)
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


@dataclass
class Stage:
    """Something to show: a version for each topic, and how often it was drawn for whom."""

    version: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))
    drawn: Counter[tuple[str, str]] = field(default_factory=Counter)
    own: dict[UUID, bytes] = field(default_factory=dict)
    gates: dict[int, asyncio.Event] = field(default_factory=dict)
    begun: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    broken: bool = False
    compared: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def render(self, identity: str, face: str, locale: str) -> Picture:
        version = self.version[identity]
        self.drawn[face, locale] += 1
        self.begun.put_nowait(version)
        if version in self.gates:
            await self.gates[version].wait()
        if self.broken:
            raise OSError("no storage")
        return Picture(str(version), f"{face} {locale} v{version}\nline two")

    async def began(self) -> int:
        """The version of the next drawing to begin."""
        async with asyncio.timeout(patience.SECONDS):
            return await self.begun.get()

    async def personal(self, identity: str) -> Mapping[UUID, bytes]:
        return self.own

    async def count(self, identity: str) -> bytes:
        return json_event("count", {"room": identity})

    async def versions(self, identities: list[str]) -> Mapping[str, str]:
        self.compared.put_nowait(None)
        return {identity: str(self.version[identity]) for identity in identities}


@pytest.fixture
def stage() -> Stage:
    return Stage()


@contextlib.asynccontextmanager
async def served(url: str, topics: Mapping[str, Topic]) -> AsyncIterator[Hub]:
    made = Hub(connect(url, size=2, read_timeout=30), dict(topics))
    made.start()
    try:
        yield made
    finally:
        await made.stop()
        await made.redis.aclose()


@pytest.fixture
async def hub(servers: tuple[str, str], redis: Redis, stage: Stage) -> AsyncIterator[Hub]:
    topic = Topic(stage.render, stage.personal, stage.count, stage.versions, {"answers": False, "players": True})
    async with served(servers[1], {"room": topic, "other": Topic(stage.render)}) as made:
        yield made


async def ready(hub: Hub, redis: Redis) -> None:
    """Until the hub hears ticks: what was announced before it asked for the first time is not for it."""
    heard = asyncio.Event()
    hub.heard.append(lambda topic, _: heard.set() if topic == "test:ready" else None)
    async with asyncio.timeout(patience.SECONDS):
        while not heard.is_set():
            with contextlib.suppress(RedisError):
                await announce(redis, "test:ready")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), 0.05)
    hub.heard.pop()


async def until(reader: Subscriber, words: bytes) -> bytes:
    """Everything sent up to and with the piece that holds these words."""
    sent = b""
    async with asyncio.timeout(patience.SECONDS):
        while words not in sent:
            piece = await reader.next()
            assert piece is not None, f"the stream ended before {words!r}: {sent!r}"
            sent += piece
    return sent


def waiting(reader: Subscriber) -> bytes:
    return b"".join(reader._frames)


# Frames


def test_an_event_keeps_its_lines() -> None:
    assert event("state", "a\nb", "7") == b"id: 7\nevent: state\ndata: a\ndata: b\n\n"
    assert event("resync", "1") == b"event: resync\ndata: 1\n\n"
    assert json_event("mine", {"n": "ü\n"}) == 'event: mine\ndata: {"n":"ü\\n"}\n\n'.encode()


def test_the_time_left_is_that_of_the_moment_of_sending() -> None:
    left = iter((900, 100))
    picture = Picture("1", f"<i>{REMAINING}</i>", lambda: next(left))
    assert (picture.text(), picture.frame()) == ("<i>900</i>", event("state", "<i>100</i>", "1"))


# One render


async def test_one_render_a_language_for_any_number_of_streams(hub: Hub, redis: Redis, stage: Stage) -> None:
    with contextlib.ExitStack() as open_streams:
        english = [open_streams.enter_context(hub.following(PHONE_EN, uuid4())) for _ in range(300)]
        chinese = [open_streams.enter_context(hub.following(PHONE_ZH, uuid4())) for _ in range(200)]
        desk = open_streams.enter_context(hub.following(DESK, uuid4()))
        await ready(hub, redis)
        stage.version["1"] = 2
        await announce(redis, "room:1")
        frames = {await until(reader, b"v2") for reader in english}
        assert frames == {event("state", "phone en v2\nline two", "2")}
        assert {await until(reader, b"v2") for reader in chinese} == {event("state", "phone zh-Hans v2\nline two", "2")}
        await until(desk, b"desk en v2")
        assert stage.drawn == {("phone", "en"): 1, ("phone", "zh-Hans"): 1, ("desk", "en"): 1}
        assert len({id(reader) for reader in english}) == 300
        assert len(hub.subscribers[PHONE_EN]) + len(hub.subscribers[PHONE_ZH]) == 500


async def test_the_bytes_are_encoded_once(hub: Hub, stage: Stage) -> None:
    with contextlib.ExitStack() as open_streams:
        readers = [open_streams.enter_context(hub.following(PHONE_EN, uuid4())) for _ in range(50)]
        await hub.show("room:1")
        assert len({id(reader._frames[0]) for reader in readers}) == 1


async def test_whoever_asks_meanwhile_shares_the_drawing(hub: Hub, stage: Stage) -> None:
    stage.gates[1] = asyncio.Event()
    asked = [asyncio.create_task(hub.picture(PHONE_EN)) for _ in range(50)]
    await stage.began()
    asked[0].cancel()
    stage.gates[1].set()
    assert {picture.version for picture in await asyncio.gather(*asked[1:])} == {"1"}
    await hub.picture(PHONE_EN)
    assert stage.drawn == {("phone", "en"): 1}


async def test_a_drawing_that_was_overtaken_neither_stays_nor_ends_the_newer_one(hub: Hub, stage: Stage) -> None:
    stage.gates = {1: asyncio.Event(), 2: asyncio.Event()}
    old = asyncio.create_task(hub.picture(PHONE_EN))
    assert await stage.began() == 1
    stage.version["1"] = 2
    await hub.show("room:1")
    new = asyncio.create_task(hub.picture(PHONE_EN))
    assert await stage.began() == 2
    stage.gates[1].set()
    assert (await old).version == "1"
    late = asyncio.create_task(hub.picture(PHONE_EN))
    stage.gates[2].set()
    assert {(await new).version, (await late).version, (await hub.picture(PHONE_EN)).version} == {"2"}
    assert stage.drawn["phone", "en"] == 2


async def test_an_older_state_never_comes_behind_a_newer(hub: Hub, stage: Stage) -> None:
    stage.gates = {1: asyncio.Event()}
    with hub.following(PHONE_EN, uuid4()) as phone, hub.following(DESK, uuid4()) as desk:
        slow = asyncio.create_task(hub.show("room:1"))
        assert await stage.began() == 1
        stage.version["1"] = 2
        await hub.show("room:1")
        stage.gates[1].set()
        await slow
        for reader in (phone, desk):
            assert re.findall(rb"v(\d)", waiting(reader)) == [b"2"]


async def test_a_change_for_the_desk_alone_takes_nothing_from_the_phones(hub: Hub, stage: Stage) -> None:
    stage.gates = {1: asyncio.Event()}
    with hub.following(PHONE_EN, uuid4()) as phone, hub.following(DESK, uuid4()) as desk:
        everyone = asyncio.create_task(hub.show("room:1"))
        assert await stage.began() == 1
        alone = asyncio.create_task(hub.show("room:1", "desk"))
        stage.gates[1].set()
        await asyncio.gather(everyone, alone)
        assert b"phone en v1" in waiting(phone)
        assert b"desk en v1" in waiting(desk)


# Who gets what


async def test_personal_frames_go_to_their_member_behind_the_state(hub: Hub, stage: Stage) -> None:
    me, other, silent = uuid4(), uuid4(), uuid4()
    stage.own = {me: json_event("mine", {"n": 1}), other: json_event("mine", {"n": 2})}
    with contextlib.ExitStack() as open_streams:
        phones = [open_streams.enter_context(hub.following(PHONE_EN, one)) for one in (me, me, other, silent)]
        desk = open_streams.enter_context(hub.following(DESK, me))
        state = event("state", "phone en v1\nline two", "1")
        await hub.show("room:1")
        assert [waiting(phone) for phone in phones] == [
            state + stage.own[me],
            state + stage.own[me],
            state + stage.own[other],
            state,
        ]
        assert b"mine" not in waiting(desk)


async def test_counters_go_to_desks_and_only_who_has_joined_to_phones(
    hub: Hub, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub.following(PHONE_EN, uuid4()) as phone, hub.following(DESK, uuid4()) as desk:
        await ready(hub, redis)
        await hub._count("room:1", False)
        assert b"count" in waiting(desk)
        assert waiting(phone) == b""
        await hub._count("room:1", True)
        assert b"count" in waiting(phone)


async def test_answers_and_joins_are_counted_at_a_slow_pace(
    servers: tuple[str, str], redis: Redis, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "COUNT_SECONDS", 0.02)
    monkeypatch.setattr(live, "COALESCE_SECONDS", 0.02)
    topic = Topic(stage.render, stage.personal, stage.count, stage.versions, {"answers": False, "players": True})
    async with served(servers[1], {"room": topic}) as hub:
        with hub.following(PHONE_EN, uuid4()) as phone, hub.following(DESK, uuid4()) as desk:
            await ready(hub, redis)
            await announce(redis, "answers:1")
            await until(desk, b'data: {"room":"1"}')
            await announce(redis, "players:1")
            assert b"answers" not in await until(phone, b'data: {"room":"1"}')
            await until(desk, b"desk en v1")
            assert stage.drawn["phone", "en"] == 0, "who joins changes nothing on a phone but the number"


async def test_a_change_of_a_member_makes_his_own_pages_ask_again(hub: Hub, redis: Redis) -> None:
    me = uuid4()
    with hub.following(PHONE_EN, me) as mine, hub.following(DESK, me) as desk, hub.following(PHONE_EN, uuid4()) as his:
        await ready(hub, redis)
        await announce(redis, f"member:{me}")
        assert await until(mine, b"resync") == await until(desk, b"resync") == event("resync", "1")
        assert waiting(his) == b""


async def test_a_slow_reader_is_told_to_ask_the_page_again(hub: Hub, stage: Stage) -> None:
    with hub.following(PHONE_EN, uuid4()) as slow, hub.following(PHONE_EN, uuid4()) as quick:
        for version in range(1, live.BACKLOG + 2):
            stage.version["1"] = version
            await hub.show("room:1")
            assert f"v{version}".encode() in (await quick.next() or b"")
        assert await slow.next() == event("resync", "1")
        stage.version["1"] += 1
        await hub.show("room:1")
        assert f"v{stage.version['1']}".encode() in (await slow.next() or b"")


async def test_a_quiet_stream_is_kept_alive(
    servers: tuple[str, str], redis: Redis, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PING_SECONDS", 0.01)
    async with served(servers[1], {"room": Topic(stage.render)}) as hub:
        with hub.following(PHONE_EN, uuid4()) as phone:
            await until(phone, live.PING)


# What was lost


async def compared_twice(stage: Stage) -> None:
    """A whole round of comparing has been done since now."""
    while not stage.compared.empty():
        stage.compared.get_nowait()
    async with asyncio.timeout(patience.SECONDS):
        for _ in range(2):
            await stage.compared.get()


@pytest.fixture
async def comparing(
    servers: tuple[str, str], redis: Redis, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hub]:
    monkeypatch.setattr(live, "COMPARE_SECONDS", 0.01)
    async with served(servers[1], {"room": Topic(stage.render, versions=stage.versions)}) as made:
        yield made


async def test_a_lost_tick_is_made_good(comparing: Hub, stage: Stage) -> None:
    with comparing.following(PHONE_EN, uuid4()) as phone:
        await comparing.picture(PHONE_EN)
        await compared_twice(stage)
        assert waiting(phone) == b""
        stage.version["1"] = 2
        await until(phone, b"v2")
        drawn = stage.drawn.total()
        await compared_twice(stage)
        assert (waiting(phone), stage.drawn.total()) == (b"", drawn), "nothing more once it is shown"


async def test_a_change_that_could_not_be_drawn_is_shown_later(comparing: Hub, stage: Stage) -> None:
    with comparing.following(PHONE_EN, uuid4()) as phone:
        await comparing.picture(PHONE_EN)
        stage.version["1"], stage.broken = 2, True
        with pytest.raises(OSError, match="no storage"):
            await comparing.show("room:1")
        await compared_twice(stage)
        assert waiting(phone) == b""
        stage.broken = False
        await until(phone, b"v2")


async def test_who_polls_is_not_left_with_an_old_picture(comparing: Hub, stage: Stage) -> None:
    assert (await comparing.picture(PHONE_EN)).version == "1"
    stage.version["1"] = 2
    with comparing.following(Channel("room:2", "phone", "en"), uuid4()):
        await compared_twice(stage)
    assert (await comparing.picture(PHONE_EN)).version == "2"


async def test_streams_that_end_leave_nothing_behind(comparing: Hub, stage: Stage) -> None:
    for number in range(50):
        channel = Channel(f"room:{number}", "phone", "en")
        with comparing.following(channel, uuid4()):
            await comparing.picture(channel)
            await comparing.show(channel.topic)
    assert comparing.subscribers == {}
    with comparing.following(PHONE_EN, uuid4()):
        await compared_twice(stage)
    assert (set(comparing._pictures), comparing._rendering) <= ({PHONE_EN}, {})
    assert {topic for topic, _ in comparing._changed} <= {PHONE_EN.topic}


@pytest.fixture
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Valkey"]:
    server = Valkey(tmp_path_factory.mktemp("v"))
    server.start()
    yield server
    server.kill()


class Valkey:
    """A server that a test may kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/s"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = locate.valkey(None).path
        self.process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", f"{self.folder}/s", "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


async def test_ticks_are_heard_again_after_the_server_was_killed(own_valkey: Valkey, stage: Stage) -> None:
    """All that it held is gone, too: the stream begins anew."""
    speaker = connect(own_valkey.url)
    async with served(own_valkey.url, {"room": Topic(stage.render)}) as hub:
        with hub.following(PHONE_EN, uuid4()) as phone:
            for version in (1, 2, 3):
                await ready(hub, speaker)
                stage.version["1"] = version
                await announce(speaker, "room:1")
                await until(phone, f"v{version}".encode())
                own_valkey.kill()
                own_valkey.start()
    await speaker.aclose()


# Streams over HTTP


class Line:
    """The server's end of a connection: what was sent, and a hang-up when asked."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, object]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, object]) -> None:
        self.sent.put_nowait(message)

    async def message(self) -> dict[str, object]:
        async with asyncio.timeout(patience.SECONDS):
            return await self.sent.get()

    async def body(self) -> bytes:
        found = (await self.message())["body"]
        assert isinstance(found, bytes)
        return found


async def opened(hub: Hub, first: bytes = b"first") -> tuple[Line, "asyncio.Task[None]"]:
    line = Line()

    async def say_first() -> bytes:
        await hub.show("room:1")
        return first

    stream = EventStream(hub, PHONE_EN, uuid4(), say_first)
    task = asyncio.create_task(stream({"type": "http"}, line.receive, line.send))  # type: ignore[arg-type]
    started = await line.message()
    assert started["status"] == 200
    assert dict(started["headers"])[b"content-type"].startswith(b"text/event-stream")  # type: ignore[call-overload]
    return line, task


async def test_what_changes_while_a_stream_opens_comes_right_behind(hub: Hub, stage: Stage) -> None:
    line, task = await opened(hub)
    assert await line.body() == b"first"
    assert b"v1" in await line.body()
    line.gone.set()
    async with asyncio.timeout(patience.SECONDS):
        await task
    assert (await line.message())["more_body"] is False
    assert hub.subscribers == {}


async def test_stopping_ends_every_stream(hub: Hub, stage: Stage) -> None:
    lines = [await opened(hub) for _ in range(20)]
    with hub.following(DESK, None) as reader:
        asked = asyncio.create_task(reader.next())
        await hub.stop()
        async with asyncio.timeout(patience.SECONDS):
            await asyncio.gather(*(task for _, task in lines))
            assert await asked is None
    for line, _ in lines:
        last: dict[str, object] = {}
        while not line.sent.empty():
            last = line.sent.get_nowait()
        assert last == {"type": "http.response.body", "body": b"", "more_body": False}
    assert hub.subscribers == {}
    assert hub._tasks == set()


async def test_stopping_is_heard_whatever_the_hub_is_at(servers: tuple[str, str], stage: Stage) -> None:
    """Among other things while it connects, where the Redis client may swallow a cancellation."""
    for turns in range(40):
        hub = Hub(connect(servers[1], size=2, read_timeout=30), {"room": Topic(stage.render)})
        hub.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(patience.SECONDS):
            await hub.stop()
        await hub.redis.aclose()


async def test_a_stream_that_is_cut_off_lets_go(hub: Hub) -> None:
    line, task = await opened(hub)
    await line.body()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert hub.subscribers == {}


# The room


@dataclass
class Seen:
    """What reached phones of a room: bytes before a reveal, and at it."""

    before: list[bytes] = field(default_factory=list)
    reveal: list[bytes] = field(default_factory=list)


LANGUAGES = ("en", "zh-Hans", "en")


async def watched(redis: Redis, right_mask: int, explanation: str) -> Seen:
    """Play two questions with these solutions; take down every byte that a phone could get by then."""
    await wipe(redis)
    play = await room(redis, await scene(3, number=2))
    await db.rows("UPDATE question SET right_mask = $1, explanation = $2", right_mask, explanation)
    await play.join()
    rooms, topic, seen = Rooms(redis), f"room:{play.id}", Seen()
    hub = Hub(redis, {"room": rooms.topic()})
    people = list(zip(play.scene.players, LANGUAGES, strict=True))
    with contextlib.ExitStack() as open_streams:
        phones = [
            open_streams.enter_context(hub.following(Channel(topic, "phone", language), member))
            for member, language in people
        ]

        async def look(into: list[bytes]) -> None:
            await hub.show(topic)
            await hub._count(topic, True)
            into.extend([await phone.next() or b"" for phone in phones])
            row = await queries.room(play.id)
            assert row is not None
            for member, language in people:
                into.append((await hub.picture(Channel(topic, "phone", language))).text().encode())
                into.append(json.dumps(await rooms.own(row, member), default=str).encode())

        await look(seen.before)
        await play.next()
        await look(seen.before)
        await play.answer(play.scene.players[0], RIGHT, NOON + SECOND)
        await play.answer(play.scene.players[1], WRONG, NOON + SECOND)
        await look(seen.before)
        play.now = NOON + 2 * SECOND
        await play.pause()
        await look(seen.before)
        await play.resume()
        await db.rows("UPDATE round SET state = 'closing'")
        await look(seen.before)
        await play.close(by_worker=False)
        await look(seen.reveal)
        await standing_still(play)
        await play.next()
        await look(seen.before)
    return seen


async def standing_still(play: Play) -> None:
    """The same totals whatever was right, so that the second question can be compared as well."""
    async with db.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE answer SET correct = false, points = 0")


async def test_no_phone_gets_the_solution_before_the_reveal(redis: Redis, database: str) -> None:
    """Whatever the solution is, every byte before the reveal is the same."""
    one = await watched(redis, RIGHT, "Because of the interlock.")
    two = await watched(redis, WRONG, "Never mind the interlock.")
    assert len(one.before) == 6 * 9
    assert one.before == two.before
    assert not any(b"interlock" in piece for piece in one.before)
    assert one.reveal != two.reveal
    assert any(b"Because of the interlock." in piece for piece in one.reveal)


# Too many


async def crowded_out(reader: Subscriber) -> bool:
    """Whether that is all that a stream says before it ends."""
    async with asyncio.timeout(patience.SECONDS):
        return await reader.next() == CROWDED and await reader.next() is None


@pytest.mark.parametrize("most", [MOST_OF_ONE, live.MOST_OF_SCREEN])
async def test_of_too_many_streams_of_one_the_oldest_end_and_are_told_so(hub: Hub, most: int) -> None:
    """The oldest may be lines that are long dead; whoever comes back gets a place."""
    mine, other = Whose("mine", "hall", most), Whose("other", "hall", most)
    with contextlib.ExitStack() as open_streams:
        bystander = open_streams.enter_context(hub.following(PHONE_EN, uuid4(), other))
        readers = [open_streams.enter_context(hub.following(PHONE_EN, uuid4(), mine)) for _ in range(3 * most)]
        for reader in readers[: 2 * most]:
            assert await crowded_out(reader)
        assert not any(reader.closed for reader in (bystander, *readers[2 * most :]))
    assert (hub._open, hub._from, hub.subscribers) == ({}, {}, {})


async def test_of_too_many_streams_to_one_address_the_newest_ends(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hall stands behind one address: nobody there puts out another."""
    monkeypatch.setattr(live, "MOST_OF_ADDRESS", 3)
    with contextlib.ExitStack() as open_streams:
        first = [open_streams.enter_context(hub.following(DESK, None, Whose(f"s{n}", "hall"))) for n in range(3)]
        late = open_streams.enter_context(hub.following(DESK, None, Whose("late", "hall")))
        elsewhere = open_streams.enter_context(hub.following(DESK, None, Whose("late", "elsewhere")))
        assert await crowded_out(late)
        assert not any(reader.closed for reader in (*first, elsewhere))
    assert (hub._open, hub._from) == ({}, {})


async def test_streams_are_not_opened_all_the_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    at = 1000.0
    monkeypatch.setattr(live, "monotonic", lambda: at)
    mine, other = Whose("mine"), Whose("other")
    assert [hub.may_open(mine) for _ in range(2 * MOST_OPENINGS)] == [True] * MOST_OPENINGS + [False] * MOST_OPENINGS
    assert hub.may_open(other)
    at += 1
    hub._let_go()
    assert [hub.may_open(mine) for _ in range(3)] == [True, False, False]
    assert [*hub._opened] == ["mine"]
    at += MOST_OPENINGS
    hub._let_go()
    assert hub._opened == {}
