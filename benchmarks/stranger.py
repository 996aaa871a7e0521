"""Somebody who wants a room to fail: `python -m benchmarks.stranger PORT KIND COUNT [COOKIE PATH]`, until it is ended.

Kinds: `silent` (COUNT connections that say nothing), `half` (COUNT that begin a head and do not end it), `heads` (COUNT
heads without an end), `streams` (COUNT streams of one session), `guesses` (COUNT a minute at the sign-in). Whatever the
server ends is begun again. Once a second one line: how many are open, or were made.
"""

import asyncio
import os
import random
import sys
from collections.abc import Callable
from typing import cast

import uvloop

from benchmarks.phones import Address, Client

PACE = 250
"""Connections that are begun in a second."""
LINES = b"x-%d: y\r\n" * 2000 % tuple(range(2000))
OPEN: set["_Held"] = set()
MADE = 0


class _Held(asyncio.Protocol):
    """A connection that says something, and goes on saying something else."""

    def __init__(self, first: bytes, more: bytes) -> None:
        self.first, self.more = first, more
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        OPEN.add(self)
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.first)
        self.pour()

    def pour(self) -> None:
        if self.more and self.transport is not None and not self.transport.is_closing():
            self.transport.write(self.more)
            asyncio.get_running_loop().call_later(0.01, self.pour)

    def connection_lost(self, exc: Exception | None) -> None:
        OPEN.discard(self)


async def hold(port: int, count: int, first: bytes, more: bytes = b"", pace: float = PACE) -> None:
    """Keep so many open."""
    while True:
        for _ in range(min(count - len(OPEN), max(1, int(pace / 20)))):
            try:
                await asyncio.get_running_loop().create_connection(lambda: _Held(first, more), "127.0.0.1", port)
            except OSError:
                break
        await asyncio.sleep(0.05)


async def guess(port: int, a_minute: int) -> None:
    """Try staff numbers and codes, over ten connections."""
    global MADE
    clients = [Client(Address("127.0.0.1", port)) for _ in range(10)]

    async def one(client: Client) -> None:
        global MADE
        while True:
            try:
                if not client.token:
                    await client.request("GET", "/sign-in")
                form = {"staff_number": f"P{random.randrange(10**6)}", "code": f"guess-{random.randrange(10**9)}"}
                waiting = asyncio.create_task(client.request("POST", "/sign-in", form))
                await asyncio.sleep(60 * len(clients) / a_minute)
                await waiting
                MADE += 1
            except OSError:
                await asyncio.sleep(0.1)

    await asyncio.gather(*map(one, clients))


async def main(port: int, kind: str, count: int, cookie: str = "", path: str = "") -> None:
    """Do one kind of it, with what the machine has left: he would sit at one of his own."""
    os.nice(19)
    follow = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
    begin = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    works: dict[str, Callable[[], object]] = {
        "silent": lambda: hold(port, count, b""),
        "half": lambda: hold(port, count, begin),
        "heads": lambda: hold(port, count, begin, LINES, pace=100),
        "streams": lambda: hold(port, count, follow.encode()),
        "guesses": lambda: guess(port, count),
    }

    async def tell() -> None:
        while True:
            await asyncio.sleep(1)
            print(MADE or len(OPEN), flush=True)

    await asyncio.gather(works[kind](), tell())  # type: ignore[arg-type]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
