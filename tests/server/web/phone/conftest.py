"""A phone of 360 by 640 in a real browser, signed in."""

from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from tests.server.web.conftest import SignedIn, SignIn
from tests.server.web.serving import Served


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
async def phone(served: Served, browser: Browser, sign_in: SignIn) -> Phone:
    who = await sign_in(name="李娜")
    context = await browser.new_context(viewport={"width": 360, "height": 640})
    await who.enter(context, served.address)
    return Phone(await context.new_page(), served.address, who)
