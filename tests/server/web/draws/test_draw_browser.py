"""The organiser's pages in a real browser, by the keyboard alone."""

import re
from uuid import UUID

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from rewards import database as db
from rewards.draws import queries, rules
from rewards.members.actions import add_unit
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.draws.drawing import DICE, Hall, hall, planned, sealed, secret_of, work
from tests.server.web.keyboard import confirm, fill, press, reach, signed_in
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


async def test_a_draw_is_sealed_and_frozen_by_the_keyboard_from_the_door_on(
    there: Hall, desk: Page, served: Served, browser: Chromium
) -> None:
    """One custodian on his own page, another by word at the desk; then the organiser freezes."""
    draw = await planned(there)
    slug, label = await db.row(  # type: ignore[misc]
        "UPDATE custodian SET member = NULL FROM draw WHERE draw.id = custodian.draw AND draw = $1 AND member = $2"
        " RETURNING slug, label",
        draw,
        there.keepers[1],
    )
    context = await browser.new_context(viewport={"width": 360, "height": 640}, base_url=served.address)
    keeper = await context.new_page()
    await signed_in(keeper, there.keepers[0], "C1", f"/draws/{slug}/custody")
    await press(keeper, "[data-make]", "Space")
    rows = await keeper.locator("[data-envelope]").nth(0).locator("li").all_inner_texts()
    for field in ("first", "second"):
        number = re.search(r"\d", await keeper.locator(f"label[for=field-{field}]").inner_text())
        assert number is not None
        await fill(keeper, f"#field-{field}", rows[int(number[0]) - 1])
    await press(keeper, "form[data-seal] button")
    await expect(keeper.locator("main")).to_contain_text("Keep the envelope closed")

    await desk.context.clear_cookies()
    await signed_in(desk, there.head.id, "O1", "/desk")
    await press(desk, "[data-menu]", "Space")
    await press(desk, "#menu a[href='/desk/draws']")
    await fill(desk, "#field-text", "autumn")
    await desk.keyboard.press("Enter")
    await expect(desk).to_have_url(re.compile("text=autumn"))
    await press(desk, f"#list a[href='/desk/draws/{draw}']")
    await press(desk, "#step-custodians details.more > summary", "Space")
    await fill(desk, f"#field-commitment-{label}", rules.commitment(slug, label, secret_of(label)).hex())
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#notices")).to_contain_text("The fingerprint was put in.")
    await confirm(desk, "/freeze")
    await expect(desk.locator("#step-freeze progress")).to_be_visible()
    await work(there, draw)
    await expect(desk.locator("#step-arm[aria-current=step]")).to_be_visible(timeout=20_000)


async def test_a_draw_is_called_off_by_the_keyboard(there: Hall, desk: Page) -> None:
    """What opens asks why, and the why is what the keys go to."""
    draw = await planned(there)
    await desk.goto(f"/desk/draws/{draw}")
    await press(desk, "details:has(form[action$='/cancel']) > summary")
    await expect(desk.locator("dialog #field-why")).to_be_focused()
    await desk.keyboard.type("The hall is closed")
    await desk.keyboard.press("Enter")
    await expect(desk.locator(".notice-bad")).to_contain_text("Called off: The hall is closed")


async def test_a_unit_is_retired_and_brought_back_by_the_keyboard_from_the_door_on(there: Hall, desk: Page) -> None:
    unit = await add_unit("Night shift", there.unit, actor=None, now=now(), new_id=new_id)
    await desk.context.clear_cookies()
    await signed_in(desk, there.head.id, "O1", "/desk")
    await press(desk, "[data-menu]", "Space")
    await press(desk, "#menu a[href='/desk/units']")
    await fill(desk, "#field-text", "night")
    await desk.keyboard.press("Enter")
    await expect(desk).to_have_url(re.compile("text=night"))
    await press(desk, f"#list a[href='/desk/units/{unit}']")
    await confirm(desk, "/retire")
    await expect(desk.locator("#notices")).to_contain_text("retired")
    await press(desk, ".notice-undo button", "Space")
    await expect(desk.locator("#notices")).to_contain_text("is back")
