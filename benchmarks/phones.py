"""Phones that cost the load generator little: raw HTTP/1.1 on asyncio protocols, one event stream each."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode

_TOKEN = re.compile(rb'"x-csrftoken": "([\w-]+)"')
_LIVE = re.compile(rb'data-live="(/rooms/[0-9a-f-]{36})/live"')
_ROUND = re.compile(rb'data-round="([0-9a-f-]{36})"')


class _Exchange(asyncio.Protocol):
    """One kept-alive connection: a request at a time, bodies by content-length or chunks."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.buffer = b""
        self.waiter: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or self.waiter is None:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at >= 0:
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
            if len(body) < length:
                return
            self.buffer = body[length:]
            self._done(head, body[:length])
        elif b"transfer-encoding: chunked" in lower:
            if not body.endswith(b"0\r\n\r\n"):
                return
            self.buffer = b""
            self._done(head, _dechunked(body))
        else:
            self.buffer = b""
            self._done(head, b"")

    def _done(self, head: bytes, body: bytes) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result((int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(exc or ConnectionResetError())


def _dechunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            break
        parts.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(parts)


class _Stream(asyncio.Protocol):
    """One event stream: calls back with (event name, data, monotonic seconds)."""

    def __init__(self, request: bytes, heard: Callable[[bytes, bytes, float], None]) -> None:
        self.request = request
        self.heard = heard
        self.buffer = b""
        self.headed = False
        self.opened = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.dropped = False
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.buffer += data
        if not self.headed:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self.headed = True
            self.buffer = rest
            if not head.startswith(b"HTTP/1.1 200"):
                if not self.opened.done():
                    self.opened.set_exception(RuntimeError(head.split(b"\r\n")[0].decode()))
                return
        while b"\n\n" in self.buffer:
            piece, self.buffer = self.buffer.split(b"\n\n", 1)
            name, value = b"", b""
            for line in piece.split(b"\n"):
                line = line.rstrip(b"\r")
                if line.startswith(b"event: "):
                    name = line[7:]
                elif line.startswith(b"data: "):
                    value += line[6:]
            if name:
                if not self.opened.done():
                    self.opened.set_result(None)
                self.heard(name, value, now)

    def connection_lost(self, exc: Exception | None) -> None:
        self.dropped = not self.closing
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError())


class Address:
    """Where the server listens."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port


@dataclass
class Client:
    """A browser reduced to what it sends: a cookie jar, the page's token, one connection."""

    address: Address
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    _exchange: _Exchange | None = None

    async def request(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        *,
        htmx: bool = False,
        file: tuple[str, bytes] | None = None,
    ) -> tuple[int, bytes, bytes]:
        """(status, head, body). Cookies are kept; the token is taken from every page that carries one. `file`: (name,
        content) of what is brought in place of a form.

        A kept connection that turns out to be closed is replaced, as browsers do.
        """
        exchange = self._exchange
        kept = exchange is not None and not exchange.lost
        if exchange is None or exchange.lost:
            _, exchange = await asyncio.get_running_loop().create_connection(
                _Exchange, self.address.host, self.address.port
            )
            self._exchange = exchange
        body = urlencode(form).encode() if form is not None else b""
        kind = "application/x-www-form-urlencoded"
        if file is not None:
            kind = "multipart/form-data; boundary=laurel-bench"
            said = f'Content-Disposition: form-data; name="file"; filename="{file[0]}"\r\n\r\n'.encode()
            body = b"--laurel-bench\r\n" + said + file[1] + b"\r\n--laurel-bench--\r\n"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address.host}:{self.address.port}"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if method != "GET":
            lines += [
                f"Content-Type: {kind}",
                f"Content-Length: {len(body)}",
                f"X-CSRFToken: {self.token}",
            ]
        if htmx:
            lines.append("HX-Request: true")
        exchange.waiter = asyncio.get_running_loop().create_future()
        assert exchange.transport is not None
        exchange.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        try:
            status, head, answer = await exchange.waiter
        except ConnectionError:
            if not kept:
                raise
            return await self.request(method, path, form, htmx=htmx, file=file)
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"set-cookie:"):
                name, _, value = line[11:].strip().split(b";")[0].partition(b"=")
                self.cookies[name.decode()] = value.decode()
        if found := _TOKEN.search(answer):
            self.token = found.group(1).decode()
        return status, head, answer

    def close(self) -> None:
        """Hang up."""
        if self._exchange is not None and self._exchange.transport is not None:
            self._exchange.transport.close()


@dataclass
class Phone:
    """A member's phone in a room."""

    client: Client
    number: int
    states: dict[bytes, float] = field(default_factory=dict)
    """Version or round of each state heard -> when."""
    round: str = ""
    mine: int = 0
    stream: _Stream | None = None
    room: str = ""

    async def enter(self, code: str) -> None:
        """Open the room's page, join, and open its event stream."""
        await self.client.request("GET", f"/rooms/{code}")
        await self.client.request("POST", "/rooms", {"code": code})
        status, _, page = await self.client.request("GET", f"/rooms/{code}")
        found = _LIVE.search(page)
        if status != 200 or found is None:
            raise RuntimeError(f"phone {self.number} could not join: {status}")
        self.room = found.group(1).decode()
        cookie = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        request = (
            f"GET {self.room}/live HTTP/1.1\r\nHost: {self.client.address.host}\r\n"
            f"Accept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
        )
        _, self.stream = await asyncio.get_running_loop().create_connection(
            lambda: _Stream(request.encode(), self._heard), self.client.address.host, self.client.address.port
        )
        await self.stream.opened

    def _heard(self, name: bytes, data: bytes, at: float) -> None:
        if name == b"mine":
            self.mine += 1
        if name != b"state":
            return
        found = _ROUND.search(data)
        self.round = found.group(1).decode() if found else ""
        state = data.partition(b'data-state="')[2].partition(b'"')[0]
        self.states.setdefault(self.round.encode() + b":" + state, at)

    async def answer(self, option: int) -> tuple[int, float]:
        """(status, seconds until acknowledged)."""
        start = time.monotonic()
        status, _, _ = await self.client.request(
            "POST", f"/rounds/{self.round}/answers", {"picked": str(option)}, htmx=True
        )
        return status, time.monotonic() - start

    def leave(self) -> None:
        """Switch off."""
        if self.stream is not None and self.stream.transport is not None:
            self.stream.closing = True
            self.stream.transport.close()
        self.client.close()
