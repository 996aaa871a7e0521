"""The proof of work in a real browser: nothing to see but a moment, and in."""

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from rewards.members import actions
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.frame import limits
from tests.server.web.conftest import Served, add_member
from tests.server.web.frame.test_limits import crowded

CODE = "blue kite 9"


@pytest.fixture
async def member(served: Served) -> None:
    made = await add_member("李娜", "A1")
    await actions.set_code(made, CODE, now=now(), new_id=new_id)


async def opened(served: Served, browser: Chromium, *, scripts: bool = True) -> Page:
    context = await browser.new_context(
        viewport={"width": 360, "height": 640}, locale="en", java_script_enabled=scripts
    )
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.on("console", lambda said: pytest.fail(said.text) if "Content Security" in said.text else None)
    await page.goto(f"{served.address}/sign-in?next=/me")
    return page


async def sign_in(page: Page) -> None:
    await page.get_by_label("Staff number").fill("A1")
    await page.get_by_label("Your code").fill(CODE)
    await page.get_by_role("button", name="Sign in").click()


async def test_a_page_from_a_crowded_address_works_by_itself(member: None, served: Served, browser: Chromium) -> None:
    await crowded(served.app.state.process.limits)
    page = await opened(served, browser)
    await sign_in(page)
    await expect(page).to_have_url(f"{served.address}/me")


async def test_whoever_had_the_page_before_types_once_more(member: None, served: Served, browser: Chromium) -> None:
    page = await opened(served, browser)
    await crowded(served.app.state.process.limits)
    await sign_in(page)
    await expect(page.get_by_role("alert")).to_contain_text("type your code once more")
    await expect(page.get_by_label("Staff number")).to_have_value("A1")
    await sign_in(page)
    await expect(page).to_have_url(f"{served.address}/me")


async def test_without_scripts_one_is_told_what_else_there_is(member: None, served: Served, browser: Chromium) -> None:
    await crowded(served.app.state.process.limits)
    page = await opened(served, browser, scripts=False)
    await sign_in(page)
    await expect(page.locator("noscript .notice")).to_be_visible()
    await expect(page.locator("noscript .notice")).to_contain_text("open your personal link")


async def test_more_work_is_done_too(
    member: None, served: Served, browser: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of more digits, over several slices of time, with the button at rest meanwhile."""
    monkeypatch.setattr(limits, "LEAST_BITS", 18)
    monkeypatch.setattr(limits, "MOST_BITS", 18)
    await crowded(served.app.state.process.limits)
    page = await opened(served, browser)
    await sign_in(page)
    await expect(page).to_have_url(f"{served.address}/me")
