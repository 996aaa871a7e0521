"""The application within this process: alive on the tests' own event loop, and on a port for what is a real browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

import uvicorn
from litestar import Litestar
from redis.asyncio import Redis

from server.app import make_app
from server.runtime import door
from server.runtime.settings import Settings, load
from server.web.nouns import LISTING
from server.web.screens.links import key_of


@cache
def _made() -> Litestar:
    """One a process: to make it is a sixth of a second of work, and more with every address."""
    return make_app(load({}, Path.cwd()))


@asynccontextmanager
async def alive(settings: Settings) -> AsyncIterator[Litestar]:
    """The application, started. It and the process's pool are this block's own until it ends."""
    app = _made()
    for kept in app.state.keys() - {"settings", "listing"}:  # by the test before, of its own draws
        del app.state[kept]
    app.state.settings, app.state.listing = settings, LISTING
    started, over = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with app.lifespan():
            started.set()
            await over.wait()

    # The framework wants its lifespan entered and left by one task; a fixture's two halves may be two.
    serving = asyncio.create_task(serve())
    await asyncio.wait([serving, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    try:
        yield app
    finally:
        over.set()
        # redis-py swallows a cancellation that meets its own look at the socket; asking again gets through.
        again = [serving]
        while not (await asyncio.wait([serving], timeout=0.5))[0]:
            again.append(asyncio.create_task(app.state.process.hub.stop()))
        await asyncio.gather(*again)


@dataclass(frozen=True, slots=True)
class Served:
    """The living application on a port of this machine."""

    app: Litestar
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis(self) -> Redis:
        found: Redis = self.app.state.process.redis
        return found

    def screen(self, screen_id: UUID) -> str:
        """The address of a screen."""
        return f"{self.address}/screen/{key_of(self.app.state.process.resources.settings, screen_id)}"


@asynccontextmanager
async def on_a_port(app: Litestar, port: int = 0) -> AsyncIterator[Served]:
    """A living application on this port, or on a free one. Its streams end with the block, and it sends no more."""
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = door.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield Served(app, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        for part in server.servers:
            part.close()
        await app.state.process.hub.stop()
        await server.shutdown()
