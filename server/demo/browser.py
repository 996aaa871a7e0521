"""A browser without a window: HTTP/1.1 over asyncio, with cookies, the form token and event streams.

Only what talking to our own server takes: no TLS, no redirects followed, bodies by length or in chunks.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

Result = TypeVar("Result")

SECONDS: Final = 20.0
"""How long an answer may take."""

SILENCE: Final = 45.0
"""How long an event stream may say nothing; the server pings every fifteen seconds."""

_TOKEN: Final = re.compile(r'"x-csrftoken": "([\w-]+)"')
_LONGEST_LINE: Final = 1 << 20


class Lost(Exception):
    """The server closed the line, refused it or said nothing for too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        """Where a form leads to, by redirect or by htmx; "" when nowhere."""
        return self.headers.get("location") or self.headers.get("hx-redirect", "")


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: str


class Browser:
    """One device: its cookies, the token of the last page, one kept-alive line for one question at a time."""

    def __init__(self, host: str, port: int, *, language: str, agent: str) -> None:
        self._host = host
        self._port = port
        self._common = {"Host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}"}
        self._common |= {"Accept-Language": language, "User-Agent": agent}
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._busy = asyncio.Lock()

    async def get(self, path: str) -> Answer:
        """A page or a fragment. Lost when the line breaks twice."""
        return await self._ask("GET", path, b"", {})

    async def post(self, path: str, values: Mapping[str, str | list[str]], *, htmx: bool = False) -> Answer:
        """A form with the token of the page seen last. Sent once more when the line was already closed."""
        body = urlencode({**values, "csrf": self._token}, doseq=True).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if htmx:
            headers |= {"HX-Request": "true", "x-csrftoken": self._token}
        return await self._ask("POST", path, body, headers)

    async def follow(self, path: str) -> AsyncGenerator[Event, None]:
        """The events of a stream on a line of its own, until the server ends it. Lost when it breaks or is refused."""
        reader, writer = await self._connect()
        try:
            writer.write(self._request("GET", path, b"", {"Accept": "text/event-stream"}))
            try:
                head = await _within(SECONDS, reader.readuntil(b"\r\n\r\n"))
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                raise Lost(type(error).__name__) from error
            status, headers = self._head(head)
            if status != 200:
                raise Lost(f"{path} answered {status}")
            buffer = b""
            async for piece in _pieces(reader, headers):
                buffer += piece
                *blocks, buffer = buffer.split(b"\n\n")
                for block in blocks:
                    event = _event(block)
                    if event is not None:
                        yield event
        finally:
            await _close(writer)

    async def close(self) -> None:
        """Hang up."""
        line, self._line = self._line, None
        if line is not None:
            await _close(line[1])

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await _within(SECONDS, asyncio.open_connection(self._host, self._port, limit=_LONGEST_LINE))
        except OSError as error:
            raise Lost(type(error).__name__) from error

    async def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        async with self._busy:
            fresh = self._line is None
            try:
                return await self._exchange(method, path, body, headers)
            except Lost:
                await self.close()
                if fresh:
                    raise
            return await self._exchange(method, path, body, headers)

    async def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self._line is None:
            self._line = await self._connect()
        reader, writer = self._line
        try:
            writer.write(self._request(method, path, body, headers))
            status, found = self._head(await _within(SECONDS, reader.readuntil(b"\r\n\r\n")))
            length = int(found.get("content-length", "0"))
            if "chunked" in found.get("transfer-encoding", ""):
                content = b"".join([piece async for piece in _pieces(reader, found)])
            else:
                content = await _within(SECONDS, reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise Lost(type(error).__name__) from error
        if found.get("connection", "").lower() == "close":
            await self.close()
        answer = Answer(status, found, content)
        if found.get("content-type", "").startswith("text/html") and (token := _TOKEN.search(answer.text)):
            self._token = token[1]
        return answer

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        said = {**self._common, **headers}
        if self._cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if method == "POST":
            said["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def _head(self, raw: bytes) -> tuple[int, dict[str, str]]:
        first, *lines = raw.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            if name == "set-cookie":
                cookie, _, rest = value.partition(";")
                key, _, content = cookie.partition("=")
                if "max-age=0" in rest.lower().replace(" ", ""):
                    self._cookies.pop(key, None)
                else:
                    self._cookies[key] = content
            elif name:
                headers[name] = value
        return int(first.split(" ")[1]), headers


async def _pieces(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """A body as it comes, in chunks or until the line ends. Lost when it breaks."""
    chunked = "chunked" in headers.get("transfer-encoding", "")
    try:
        while True:
            if not chunked:
                piece = await _within(SILENCE, reader.read(65536))
                if not piece:
                    return
                yield piece
                continue
            size = int((await _within(SILENCE, reader.readline())).split(b";")[0].strip() or b"0", 16)
            piece = (await _within(SECONDS, reader.readexactly(size + 2)))[:-2]
            if size == 0:
                return
            yield piece
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise Lost(type(error).__name__) from error


async def _within(seconds: float, work: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise Lost("silence") from error


def _event(block: bytes) -> Event | None:
    """One block of a stream; None for a comment."""
    name, data = "message", []
    for line in block.decode().split("\n"):
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    return Event(name, "\n".join(data)) if data else None


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        # Shielded: all who wait for a line's end share one future, and one who is cancelled would cancel it for all.
        await asyncio.shield(writer.wait_closed())
