"""The door: whoever keeps a web process waiting is bounded in bytes, in seconds, in number; whoever asks is served."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from typing import Any, ClassVar

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from server.runtime import door
from tests import patience
from tests.laws import examples

GOOD = b"GET /good HTTP/1.1\r\nhost: x\r\n\r\n"
LONG = 32_000_000


async def app(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Answers with what was asked: method, path, bytes of the body. `/early` is answered before its body has come;
    `/never` is not answered; `/long` is answered with more than a line holds, `/longer` in pieces."""
    body = b""
    while scope["path"] not in ("/early", "/never"):
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if scope["path"] == "/never":
        await asyncio.get_running_loop().create_future()
    said = f"{scope['method']} {scope['path']} {len(body)}".encode()
    said += b" " * (LONG if scope["path"].startswith("/long") else 0)
    length = str(len(said)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    piece = 1_000_000 if scope["path"] == "/longer" else len(said)
    for place in range(0, len(said), piece):
        await send({"type": "http.response.body", "body": said[place : place + piece], "more_body": True})
    await send({"type": "http.response.body"})


@pytest.fixture
async def server() -> AsyncIterator[door.Server]:
    config = uvicorn.Config(
        app, port=0, log_level="critical", lifespan="off", date_header=False, server_header=False, ws="none"
    )
    made = door.Server(config)
    config.load()
    made.lifespan = config.lifespan_class(config)
    await made.startup()
    yield made
    for line in Line.open:
        await line.close()
    Line.open.clear()
    for one in made.servers:
        one.close()
    for task in made.server_state.tasks:
        task.cancel()
    for connection in list(made.server_state.connections):
        connection.transport.abort()
    await patience.until(lambda: not made.server_state.connections, "connections to end")


class Line:
    """Somebody at the other end."""

    open: ClassVar[list["Line"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, server: door.Server) -> "Line":
        line = cls(*await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()))
        cls.open.append(line)
        return line

    async def close(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def said(self) -> bytes:
        """One whole answer, its body alone."""
        async with asyncio.timeout(patience.SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return await self.reader.readexactly(length)

    async def ended(self) -> bytes:
        """What was said until the other end hung up."""
        async with asyncio.timeout(patience.SECONDS):
            found = b""
            try:
                while piece := await self.reader.read(65_536):
                    found += piece
            except ConnectionError:
                pass
            return found

    async def pours(self, pieces: Iterator[bytes]) -> None:
        """Say piece after piece until the other end hangs up."""
        async with asyncio.timeout(patience.SECONDS):
            try:
                for piece in pieces:
                    self.writer.write(piece)
                    await self.writer.drain()
            except ConnectionError:
                return
        raise AssertionError("it let everything come")


def again(piece: bytes, times: int = 20_000) -> Iterator[bytes]:
    return (piece for _ in range(times))


def after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


ENDLESS = {
    "lines": (b"GET / HTTP/1.1\r\n", b"x: y\r\n" * 500),
    "a name": (b"GET / HTTP/1.1\r\n", b"x" * 4096),
    "a value": (b"GET / HTTP/1.1\r\nx: ", b"y" * 4096),
    "an address": (b"GET /", b"a" * 4096),
    "nothing": (b"", b"\r\n" * 2048),
    "nothing after an answer": (GOOD, b"\r\n" * 2048),
    "nothing beside a stream": (b"GET /never HTTP/1.1\r\n\r\n", b"\r\n" * 2048),
    "what another protocol says": (
        b"GET /never HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        b"x" * 65_536,
    ),
    "what another protocol says after an answer": (
        b"GET /good HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        b"x" * 65_536,
    ),
    "a body": (b"POST / HTTP/1.1\r\ncontent-length: 999999999\r\n\r\n", b"x" * 65_536),
    "a body after its answer": (b"POST /early HTTP/1.1\r\ncontent-length: 999999999\r\n\r\n", b"x" * 65_536),
    "a body in pieces": (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "small pieces": (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", b"1;nothing\r\nx\r\n" * 300),
    "what is said of a piece": (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;", b"x" * 4096),
    "lines behind a body": (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n" * 500),
    "a line behind a body": (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ", b"y" * 4096),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_what_has_no_end_is_ended(server: door.Server, kind: str) -> None:
    first, more = ENDLESS[kind]
    line = await Line.to(server)
    await line.pours(after(first, again(more)))
    other = await Line.to(server)
    other.say(GOOD)
    assert await other.said() == b"GET /good 0"


async def test_a_head_that_is_too_long_is_told_so(server: door.Server) -> None:
    line = await Line.to(server)
    line.say(b"GET / HTTP/1.1\r\n", b"x: " + b"y" * door.MOST_HEAD)
    assert (await line.ended()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("lines", [door.MOST_LINES, door.MOST_LINES + 1])
async def test_a_head_has_a_hundred_lines_at_most(server: door.Server, lines: int) -> None:
    line = await Line.to(server)
    line.say(b"GET /good HTTP/1.1\r\n", b"x: y\r\n" * lines, b"connection: close\r\n\r\n" if lines < 100 else b"\r\n")
    if lines <= door.MOST_LINES:
        assert await line.said() == b"GET /good 0"
    else:
        assert (await line.ended()).startswith(b"HTTP/1.1 400 ")


UNCERTAIN = {
    "two lengths": (b"content-length: 3\r\ncontent-length: 40\r\n", b"abc"),
    "a length twice": (b"content-length: 3\r\ncontent-length: 3\r\n", b"abc"),
    "a list of lengths": (b"content-length: 3, 3\r\n", b"abc"),
    "a length with a sign": (b"content-length: +3\r\n", b"abc"),
    "a length below nothing": (b"content-length: -1\r\n", b""),
    "a length of 24 digits": (b"content-length: 999999999999999999999999\r\n", b"abc"),
    "a length and pieces": (b"content-length: 5\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\n"),
    "pieces and a length": (b"transfer-encoding: chunked\r\ncontent-length: 5\r\n", b"0\r\n\r\n"),
    "pieces of another kind": (b"transfer-encoding: xchunked\r\n", b"0\r\n\r\n"),
    "pieces that are not the last": (b"transfer-encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    "a piece below nothing": (b"transfer-encoding: chunked\r\n", b"-1\r\na\r\n0\r\n\r\n"),
    "a piece of 17 digits": (b"transfer-encoding: chunked\r\n", b"FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n"),
    "a name with a space": (b"content-length : 3\r\n", b"abc"),
    "a line that goes on": (b"x: y\r\n z\r\n", b""),
    "a line that ends early": (b"x: y\nz: w\r\n", b""),
    "a line with a zero": (b"x: \0\r\n", b""),
}


@pytest.mark.parametrize("kind", UNCERTAIN)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_where_the_end_of_a_request_is_not_certain_nothing_behind_it_is_answered(
    server: door.Server, kind: str, version: bytes
) -> None:
    """A proxy before us may see another end, and take what stands behind it for somebody else's."""
    lines, body = UNCERTAIN[kind]
    line = await Line.to(server)
    line.say(b"POST /early HTTP/" + version + b"\r\nhost: x\r\n" + lines + b"\r\n" + body + GOOD)
    answer = await line.ended()
    assert b"/good" not in answer
    assert answer.endswith(b"Invalid HTTP request received.")


SLOW: dict[str, list[bytes]] = {
    "nothing": [],
    "a part of a head": [b"GET /good HTT"],
    "a head without its end": [b"GET /good HTTP/1.1\r\nhost: x\r\n"],
    "an empty line": [b"\r\n"],
    "an empty line after an answer": [GOOD, b"\r\n"],
    "a part after an answer": [GOOD, b"GET /good"],
}


@pytest.mark.parametrize("kind", SLOW)
async def test_a_head_has_its_time(server: door.Server, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    *before, last = SLOW[kind] or [b""]
    if not before:
        monkeypatch.setattr(door, "HEAD_SECONDS", 0.05)
    line = await Line.to(server)
    for piece in before:
        line.say(piece)
        assert await line.said() == b"GET /good 0"
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.05)
    line.say(last)
    assert await line.ended() == b""
    await patience.until(lambda: not server.server_state.connections, "the connection to be forgotten")


async def test_more_of_a_head_brings_no_more_time() -> None:
    one, _ = at_the_door()
    first = one._timer
    assert first is not None
    for piece in (b"\r\n", b"GET /good HTTP/1.1\r\n", b"x: ", b"y", b"y\r\n"):
        one.data_received(piece)
        assert one._timer is first
    one.data_received(b"\r\n")
    assert one._timer is None
    assert first.cancelled()


@pytest.mark.parametrize("path", [b"/slow", b"/early", b"/never"])
async def test_a_body_goes_on_or_ends(server: door.Server, monkeypatch: pytest.MonkeyPatch, path: bytes) -> None:
    """Also when its answer was given before, or never is."""
    monkeypatch.setattr(door, "BODY_SECONDS", 0.05)
    line = await Line.to(server)
    line.say(b"POST " + path + b" HTTP/1.1\r\ncontent-length: 100\r\n\r\nabc")
    answer = await line.ended()
    assert answer.startswith(b"HTTP/1.1 200") == (path == b"/early")
    await patience.until(lambda: not server.server_state.connections, "the connection to be forgotten")


async def test_a_body_that_goes_on_may_take_long() -> None:
    one, wire = at_the_door()
    one.data_received(b"POST /slow HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n")
    for _ in range(5):
        one.data_received(b"x" * door.LEAST_OF_BODY)
        one._look()
    assert not wire.over
    one.flow.pause_reading()
    one._look()  # it was told to wait
    assert not wire.over
    one.flow.resume_reading()
    one._look()
    assert wire.over
    one.connection_lost(None)
    assert not one._crowd.begun


async def test_who_waits_for_an_answer_is_not_hurried(server: door.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream is such an answer: its request came in two reads, and is whole."""
    crowd = server.server_state
    waiting = await Line.to(server)
    waiting.say(b"GET /never HTTP/1.1\r\n")
    await patience.until(lambda: len(crowd.begun) == 1, "its first part")
    waiting.say(b"host: x\r\n\r\n")
    await patience.until(lambda: len(crowd.tasks) == 1, "its request")
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.05)
    late = await Line.to(server)
    assert await late.ended() == b""
    assert not waiting.reader.at_eof()
    [left] = crowd.connections
    assert left._timer is None


@pytest.mark.parametrize("path", [b"/long", b"/longer"])
@pytest.mark.parametrize("more", [b"", b"connection: close\r\n"])
async def test_who_takes_no_answer_is_not_waited_for(
    server: door.Server, monkeypatch: pytest.MonkeyPatch, path: bytes, more: bytes
) -> None:
    """Also when all of it is on its way, and the connection only waits to be ended."""
    monkeypatch.setattr(door, "BODY_SECONDS", 0.2)
    line = await Line.to(server)
    line.say(b"GET " + path + b" HTTP/1.1\r\n" + more + b"\r\n")
    async with asyncio.timeout(patience.SECONDS):
        assert await line.reader.readexactly(12) == b"HTTP/1.1 200"
    await patience.until(lambda: not server.server_state.connections, "the connection to be forgotten")
    await patience.until(lambda: not server.server_state.tasks, "its answer to end")


async def test_who_takes_an_answer_slowly_is_waited_for() -> None:
    one, wire = at_the_door()
    wire.left = 10 * door.LEAST_OF_BODY
    one.data_received(GOOD)
    while one._crowd.tasks:
        await asyncio.wait(one._crowd.tasks)
        await asyncio.sleep(0)
    while wire.left:
        before, wire.left = wire.left, wire.left - door.LEAST_OF_BODY
        assert one._reader is not None
        one._reader.cancel()
        one._look_at_reader(before)
        assert not wire.over
    assert one._reader is None
    wire.left = 5
    one.pause_writing()
    assert one._reader is not None
    one._look_at_reader(5)
    assert wire.over
    one.connection_lost(None)
    assert one._reader is None or one._reader.cancelled()


async def test_who_takes_an_answer_in_pieces_as_fast_as_it_is_filled_up_is_waited_for() -> None:
    """As much waits as before, though all of that was taken meanwhile."""
    one, wire = at_the_door()
    wire.left = 10 * door.LEAST_OF_BODY
    one.pause_writing()
    first = one._reader
    assert first is not None
    one.resume_writing()
    assert first.cancelled()
    one.pause_writing()
    assert one._reader not in (None, first)
    one._look_at_reader(2 * wire.left)
    assert not wire.over
    one.connection_lost(None)


async def test_requests_ahead_are_bounded(server: door.Server) -> None:
    few = await Line.to(server)
    few.say(GOOD * door.MOST_AHEAD)
    assert [await few.said() for _ in range(door.MOST_AHEAD)] == [b"GET /good 0"] * door.MOST_AHEAD
    many = await Line.to(server)
    many.say(GOOD * 1000)
    await many.ended()
    await patience.until(lambda: len(server.server_state.connections) == 1, "it to be forgotten")


@pytest.mark.parametrize("row", ["silent", "begun"])
async def test_of_too_many_that_keep_us_waiting_the_first_goes(
    server: door.Server, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    monkeypatch.setattr(door, f"MOST_{row.upper()}", 3)
    crowd = server.server_state
    lines = []
    for number in range(10):
        line = await Line.to(server)
        if row == "begun":
            line.say(b"GET /good HTTP/1.1\r\n")
        lines.append(line)
        await patience.until(lambda number=number: len(getattr(crowd, row)) == min(number + 1, 3), "its place")
    for line in lines[:7]:
        assert await line.ended() == b""
    for line in lines[7:]:
        line.say(GOOD if row == "silent" else b"\r\n")
        assert await line.said() == b"GET /good 0"
    assert len(crowd.idle) == 3
    assert not crowd.silent
    assert not crowd.begun


async def test_of_too_much_that_has_begun_the_first_goes(server: door.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_HELD", 50_000)
    monkeypatch.setattr(door, "HEAD_SECONDS", 10 * patience.SECONDS)  # nobody goes for being slow
    crowd = server.server_state
    lines = []
    for number in range(4):
        line = await Line.to(server)
        line.say(b"GET /good HTTP/1.1\r\nx: " + b"y" * 20_000)
        lines.append(line)
        await patience.until(lambda number=number: crowd.held >= 20_000 * min(number + 1, 2), "its place")
    for line in lines[:2]:
        assert await line.ended() == b""
    for line in lines[2:]:
        line.say(b"\r\n\r\n")
        assert await line.said() == b"GET /good 0"
    assert crowd.held == 0


async def test_when_files_run_out_whoever_asks_for_nothing_goes(server: door.Server) -> None:
    """Never who waits for an answer: a phone's stream is one."""
    crowd = server.server_state
    crowd.most = 5
    streams = [await Line.to(server) for _ in range(2)]
    for line in streams:
        line.say(b"GET /never HTTP/1.1\r\n\r\n")
    await patience.until(lambda: len(crowd.tasks) == 2, "their requests")
    for _ in range(20):
        line = await Line.to(server)
        line.say(GOOD)
        assert await line.said() == b"GET /good 0"
    for _ in range(20):
        await Line.to(server)
    line = await Line.to(server)
    line.say(GOOD)
    assert await line.said() == b"GET /good 0"
    assert len(crowd.tasks) == 2
    assert len(crowd.connections) <= 5
    assert not any(line.reader.at_eof() for line in streams)


# However it is cut


class Wire(asyncio.Transport):
    """A connection of which nothing is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.left = 0
        self.over = False

    def get_write_buffer_size(self) -> int:
        return self.left

    def write(self, data: Any) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.over

    def close(self) -> None:
        self.over = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def at_the_door() -> tuple[door.Door, Wire]:
    config = uvicorn.Config(app, http=door.Door, log_level="critical", lifespan="off", ws="none")
    config.load()
    one, wire = door.Door(config, door.Crowd(10), {}), Wire()
    one.connection_made(wire)
    return one, wire


_PATHS = st.text("abc/", max_size=8)
_BODIES = st.binary(max_size=40)


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """(as it is sent, what is answered)."""
    path, body, way = draw(_PATHS), draw(_BODIES), draw(st.sampled_from(["GET", "length", "chunked"]))
    if way == "GET":
        return f"GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n".encode(), f"GET /{path} 0".encode()
    if way == "length":
        sent = f"POST /{path} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    else:
        cuts = sorted({0, len(body), *draw(st.sets(st.integers(0, len(body)), max_size=4))})
        pieces = b"".join(b"%x\r\n%b\r\n" % (b - a, body[a:b]) for a, b in pairwise(cuts) if b > a)
        sent = f"POST /{path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".encode() + pieces + b"0\r\n\r\n"
    return sent, f"POST /{path} {len(body)}".encode()


@examples(over_one_fixture=True)
@given(st.lists(requests(), min_size=1, max_size=4), st.sets(st.integers(0, 500), max_size=12))
def test_however_a_request_is_cut_it_is_answered(asked: list[tuple[bytes, bytes]], cuts: set[int]) -> None:
    async def answered() -> bytes:
        one, wire = at_the_door()
        crowd = one._crowd
        for sent, _ in asked:
            places = [0, *sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
            for a, b in pairwise(places):
                if b > a:
                    one.data_received(sent[a:b])
                    assert (one._timer is None) == (b == len(sent))
            while crowd.tasks:
                await asyncio.wait(crowd.tasks)
                await asyncio.sleep(0)
            assert [one] == [*crowd.idle]
        one.connection_lost(None)
        assert not crowd.connections
        assert not crowd.idle
        assert crowd.held == 0
        return wire.sent

    with asyncio.Runner() as runner:
        found = runner.run(answered())
    assert [piece.partition(b"\r\n\r\n")[2] for piece in found.split(b"HTTP/1.1 200 OK\r\n")[1:]] == [
        a for _, a in asked
    ]
