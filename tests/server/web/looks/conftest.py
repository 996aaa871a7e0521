"""The application on a port of its own, and a real browser."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import uvicorn
from litestar import Litestar
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from tests.browser_setup import find
from tests.chromium import ARGUMENTS
from tests.server.web.conftest import Browser


@dataclass(frozen=True, slots=True)
class Served:
    """The living application on a port of this machine."""

    app: Litestar
    address: str


@pytest.fixture
async def served(client: Browser) -> AsyncIterator[Served]:
    """The application of `client` on a port of its own."""
    config = uvicorn.Config(client.app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield Served(client.app, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    server.should_exit = True
    for part in server.servers:
        part.close()
    await client.app.state.house.hub.stop()
    await server.shutdown()


@pytest.fixture
async def browser() -> AsyncIterator[Chromium]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        yield started
        await started.close()
