"""A phone of 360 by 640 in a real browser, signed in, before the application on a port of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright, expect

from server.web.frame.door import SESSION
from tests.browser_setup import find
from tests.server.web.conftest import Browser, SignedIn, SignIn


@dataclass(frozen=True, slots=True)
class Phone:
    """A page of a browser that is signed in."""

    page: Page
    address: str
    who: SignedIn

    async def enter(self, code: str) -> None:
        await self.page.goto(f"{self.address}/rooms/{code}")
        await expect(self.page.locator("html[data-connection=live]")).to_have_count(1)


@pytest.fixture
async def phone(client: Browser, sign_in: SignIn) -> AsyncIterator[Phone]:
    """A phone, and the application on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(client.app, port=0, log_level="error", lifespan="off"))
    config = server.config
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    who = await sign_in(name="李娜")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find(),
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        )
        context = await browser.new_context(viewport={"width": 360, "height": 640})
        value = who.cookie.partition("=")[2]
        await context.add_cookies([{"name": SESSION, "value": value, "domain": "127.0.0.1", "path": "/"}])
        yield Phone(await context.new_page(), f"http://127.0.0.1:{port}", who)
        await browser.close()
    server.should_exit = True
    for part in server.servers:
        part.close()
    await client.app.state.house.hub.stop()
    await server.shutdown()
