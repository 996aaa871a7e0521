"""The organiser's pages of a draw in a real browser, by the keyboard alone."""

from uuid import UUID

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from rewards.draws import queries
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.draws.drawing import DICE, Hall, hall, sealed, secret_of, work
from tests.server.web.serving import Served

pytestmark = pytest.mark.browser


@pytest.fixture
async def there(client: Browser, sign_in: SignIn, season: UUID) -> Hall:
    return await hall(client, sign_in, season)


@pytest.fixture
async def desk(served: Served, browser: Chromium, there: Hall) -> Page:
    """The head's browser, on a small screen; whatever breaks on a page fails the test."""
    context = await browser.new_context(viewport={"width": 360, "height": 640}, base_url=served.address)
    await there.head.enter(context, served.address)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


async def reach(page: Page, selector: str, back: bool = False) -> None:
    """Press Tab until the focus is there."""
    for _ in range(120):
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


async def press(page: Page, selector: str, key: str = "Enter") -> None:
    await reach(page, selector)
    await page.keyboard.press(key)


async def fill(page: Page, selector: str, text: str) -> None:
    await reach(page, selector)
    await page.keyboard.press("Control+A")
    await page.keyboard.type(text)


async def confirm(page: Page, action: str) -> None:
    """Open the question of a danger, go past its "Cancel", press its button."""
    await press(page, f"details.confirm:has(form[action$='{action}']) > summary")
    await reach(page, f"dialog form[action$='{action}'] button[type=submit]", back=True)
    await page.keyboard.press("Enter")


async def test_a_draw_is_planned_and_held_by_the_keyboard_on_a_small_screen(there: Hall, desk: Page) -> None:
    await desk.goto("/desk/draws/new")
    await fill(desk, "#field-title", "Autumn draw")
    await fill(desk, "#field-prize-1-name", "Thermos")
    await press(desk, "[data-wish='add:prize']")
    await expect(desk.locator("#field-prize-2-name")).to_be_focused()
    await desk.keyboard.type("Bicycle")
    await reach(desk, "[data-wish='up:prize:2']", back=True)
    await desk.keyboard.press("Enter")
    await expect(desk.locator("[data-rows=prize] [name=prize]").first).to_have_value("2")
    await fill(desk, "#field-custodian-1-who", "C1")
    await fill(desk, "#field-custodian-2-who", "C9")
    await reach(desk, "select[data-kind]")
    await desk.keyboard.press("Tab")
    await desk.keyboard.press("Enter")
    await expect(desk.locator("[data-row=part] input[inputmode]")).to_be_focused()
    await desk.keyboard.type("60")
    await expect(desk.locator("#preview-now")).to_contain_text("C9")
    await press(desk, "#more-times > summary")
    await fill(desk, "#field-dispute_hours", "0")
    await press(desk, ".form-actions .button-primary")

    # one mistake: its sentence is a link to its field, and everything else is as it was typed
    await expect(desk.locator("#wrong")).to_be_focused()
    await press(desk, "#wrong a")
    await expect(desk.locator("#field-title")).to_have_value("Autumn draw")
    await fill(desk, "#field-custodian-2-who", "C2")
    await press(desk, ".form-actions .button-primary")
    await expect(desk.locator("h1")).to_have_text("Autumn draw")
    (found,) = await queries.draws()
    assert [prize.name for prize in await queries.prizes(found.id)] == ["Bicycle", "Thermos"]
    assert found.dispute_hours == 0

    await sealed(there, found.id)
    await desk.reload()
    await confirm(desk, "/freeze")
    await expect(desk.locator("#step-freeze progress")).to_be_visible()
    await work(there, found.id)
    await expect(desk.locator("#step-arm[aria-current=step]")).to_be_visible(timeout=20_000)
    await confirm(desk, "/arm")
    await expect(desk.locator("#step-dice[aria-current=step]")).to_be_visible()
    await fill(desk, "#field-digits", DICE)
    await expect(desk.locator("#field-digits")).to_have_value("3141 5926 5358 9793 2384")
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#field-digits-again")).to_be_visible()
    await fill(desk, "#field-digits-again", DICE)
    await desk.keyboard.press("Enter")
    for opened, custodian in enumerate(await queries.custodians(found.id)):
        await expect(desk.locator("#step-secrets .step-brief")).to_contain_text(f"{opened} of 2")
        await fill(desk, "#field-secret", secret_of(custodian.label).hex())
        await press(desk, "form[action$='/reveal'] button")
    await expect(desk.locator("#step-winners[aria-current=step]")).to_be_visible()
    await confirm(desk, "/close")
    await expect(desk.locator("#step-claims[aria-current=step]")).to_be_visible()
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
