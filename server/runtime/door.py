"""The door of a web process: what a connection may take before anybody knows who it is.

uvicorn bounds neither the head of a request nor the time that it takes (with httptools), nor what is sent ahead. Here
each of them has a measure, and so has the number of those who have not asked for anything yet. A whole hall may stand
behind one address, so nothing is counted by address: of those who keep us waiting, the one who does so longest goes
first when there are too many. An ordinary request, whole in one read, passes without a timer.
"""

import asyncio
import resource
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

MOST_HEAD: Final = 32 * 1024
"""Bytes of a head; also of what stands around the pieces of a body, beside as much as the body itself."""
MOST_LINES: Final = 100
"""Header lines of a request."""
MOST_REQUEST: Final = 13 * 1024 * 1024
"""Bytes of a whole request: more than any body that is read (`app.MOST_UPLOAD`)."""
MOST_AHEAD: Final = 8
"""Requests sent ahead of the answer to the first. Browsers send none."""

HEAD_SECONDS: Final = 10.0
"""From the connection, or from the first byte of a later request, to the end of the head."""
BODY_SECONDS: Final = 20.0
"""In each of these so many bytes of a body come, or its end."""
LEAST_OF_BODY: Final = 10_000
"""So many bytes of an answer are taken in that time too, while it waits to be taken, or all that is left of it."""

MOST_SILENT: Final = 12_000
"""Connections that have not said anything yet."""
MOST_BEGUN: Final = 12_000
"""Connections that have sent a part of a request."""
MOST_HELD: Final = 48 * 1024 * 1024
"""Bytes of all of these parts; of a longer one MOST_COUNTED of its bytes, as the rest is read on or refused."""
MOST_COUNTED: Final = 64 * 1024
SPARE_FILES: Final = 512
"""Open files that are left for everything that is not a connection."""


class Crowd(ServerState):
    """The connections of one web process, and who of them keeps it waiting: those who do so longest first.

    `silent`: nothing said yet; `begun`: a request in part; `idle`: answered, and open for the next request.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.silent: dict[Door, None] = {}
        self.begun: dict[Door, None] = {}
        self.held = 0  # bytes of what has begun
        self.idle: dict[Door, None] = {}

    def make_room(self) -> None:
        """Hang up on whoever is too many."""
        if len(self.silent) > MOST_SILENT:
            next(iter(self.silent)).hang_up()
        if len(self.begun) > MOST_BEGUN or self.held > MOST_HELD:
            next(iter(self.begun)).hang_up()
        if len(self.connections) > self.most:
            longest: dict[Door, None] = max(self.silent, self.begun, self.idle, key=len)
            next(iter(longest)).hang_up()


class Server(uvicorn.Server):
    """uvicorn with our door. At most as many connections as this process may open files, less what it needs itself."""

    def __init__(self, config: uvicorn.Config) -> None:
        config.http = Door
        super().__init__(config)
        self.server_state = Crowd(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES)


_WHOLE: Final = 0
_HEAD: Final = 1
_BODY: Final = 2
"""What of a request has come: all of it (or nothing), a part of its head, its head and a part of its body."""


class Door(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: Crowd,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd = server_state
        self._come = _WHOLE
        self._taken = 0  # bytes of the request of which a part has come
        self._body = 0  # of them, of its body
        self._looked_at = 0  # of them, when it was last looked whether more had come
        self._held = 0  # bytes that count among all that is held
        self._awaited = _WHOLE
        self._timer: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._crowd.silent[self] = None
        self._awaited = _HEAD
        self._timer = self.loop.call_later(HEAD_SECONDS, self.hang_up)
        self._crowd.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._let_go()
        if self._reader is not None:
            self._reader.cancel()

    def hang_up(self) -> None:
        """End the connection now; what it was still to be sent is not waited for."""
        self._let_go()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._crowd.idle.pop(self, None)
        super().data_received(data)
        self._taken += len(data)
        waits = self._come == _WHOLE and self.cycle is not None and not self.cycle.response_complete
        if waits and self._taken <= MOST_REQUEST:
            if self._timer is not None:
                self._let_go()
            return
        if self.transport.is_closing():
            self._let_go()
        elif self._is_too_much():
            self._turn_away()
        else:
            self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._come = _HEAD
        self._taken = self._body = self._looked_at = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= MOST_LINES:
            raise ValueError  # told as any other request that is none
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_AHEAD:
            raise ValueError
        super().on_headers_complete()
        self._come = _BODY

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._body += len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._come = _WHOLE

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._come == _WHOLE and not self.pipeline and not self.transport.is_closing():
            self._crowd.idle[self] = None
        self._await_reader()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """Most of what waited has been taken: what is sent next is awaited anew, however much of it waits by then."""
        super().resume_writing()
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _await_reader(self) -> None:
        """Whoever asks and takes no answer would stay for ever: an end of the connection waits for what is still to be
        sent."""
        left = self.transport.get_write_buffer_size()
        if left and self._reader is None:
            self._reader = self.loop.call_later(BODY_SECONDS, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        self._reader = None
        left = self.transport.get_write_buffer_size()
        if left and left > before - LEAST_OF_BODY:
            self.hang_up()
        else:
            self._await_reader()

    def _is_too_much(self) -> bool:
        around = self._taken - self._body
        return around > MOST_HEAD + self._body or self._taken > MOST_REQUEST

    def _turn_away(self) -> None:
        if self._come == _HEAD and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self._let_go()
            self.transport.close()
        else:  # in the middle of an answer
            self.hang_up()

    def _wait(self) -> None:
        """For the rest of what has begun. A later part does not give its head more time."""
        wanted = _BODY if self._come == _BODY else _HEAD
        if self._awaited != wanted:
            self._let_go()
            self._awaited = wanted
            if wanted == _BODY:
                self._timer = self.loop.call_later(BODY_SECONDS, self._look)
            else:
                self._timer = self.loop.call_later(HEAD_SECONDS, self.hang_up)
        held = min(self._taken, MOST_COUNTED)
        self._crowd.held += held - self._held
        self._held = held
        self._crowd.silent.pop(self, None)
        self._crowd.begun[self] = None
        self._crowd.make_room()

    def _look(self) -> None:
        """Whether enough of the body has come since the last look; who is told to wait with it is not blamed."""
        if self._body - self._looked_at < LEAST_OF_BODY and not self.flow.read_paused:
            self.hang_up()
            return
        self._looked_at = self._body
        self._timer = self.loop.call_later(BODY_SECONDS, self._look)

    def _let_go(self) -> None:
        """Nothing is awaited of it any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._awaited = _WHOLE
        self._crowd.held -= self._held
        self._held = 0
        for row in (self._crowd.silent, self._crowd.begun, self._crowd.idle):
            row.pop(self, None)
