"""The find field in a real browser: by the keyboard alone, on a laptop and on a phone as remote."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from rewards.members.actions import make_keys
from tests.server.web.conftest import Browser, SignIn, add_member
from tests.server.web.serving import Served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LAPTOP, REMOTE = (1366, 768), (360, 640)
LEFT = re.compile("htmx:(afterRequest|sendAbort)")
"""What htmx says of a request that was under way when the page was left; a failure has a name of its own beside."""
DOORS = 18
"""How many the menu must hold without a scroll on a laptop."""


@pytest.fixture
async def li_na(client: Browser) -> UUID:
    made = await add_member("李娜", "SX-0042")
    await add_member("林宁", "SX-0043")
    await make_keys()
    return made


@pytest.fixture(params=[LAPTOP, REMOTE], ids=["laptop", "remote"])
async def page(
    request: pytest.FixtureRequest, served: Served, browser: Chromium, sign_in: SignIn
) -> AsyncIterator[Page]:
    """The desk's start page; whatever breaks on a page, or is refused by its policy, fails the test."""
    who = await sign_in("organiser", name="Zoe", number="Z1")
    width, height = request.param
    context = await browser.new_context(viewport={"width": width, "height": height}, base_url=served.address)
    await who.enter(context, served.address)
    made = await context.new_page()
    broken: list[str] = []
    made.on("pageerror", lambda error: broken.append(str(error)))
    made.on(
        "console", lambda said: broken.append(said.text) if said.type == "error" and not LEFT.match(said.text) else None
    )
    await made.goto("/desk")
    yield made
    assert broken == []


def laptop(page: Page) -> bool:
    assert page.viewport_size is not None
    return page.viewport_size["width"] == LAPTOP[0]


@pytest.mark.parametrize("typed", ["lina", "ln", "李娜"])
async def test_a_name_is_typed_chosen_and_opened(page: Page, li_na: UUID, typed: str) -> None:
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find people, quizzes, draws and codes")
    await expect(field).to_be_focused()
    await page.keyboard.type(typed)
    option = page.get_by_role("option", name="李娜 SX-0042")
    await expect(option).to_be_visible()
    await expect(field).to_have_attribute("aria-expanded", "true")
    count = 2 if typed == "ln" else 1
    await expect(page.locator("#announce")).to_have_text(f"{count} found")
    await page.keyboard.press("ArrowDown")
    await expect(option).to_have_attribute("aria-selected", "true")
    assert await field.get_attribute("aria-activedescendant") == await option.get_attribute("id")
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/desk/members/{li_na}$"))
    await expect(page.get_by_role("heading", level=1)).to_contain_text("李娜")


async def test_arrows_go_round_and_escape_closes(page: Page, li_na: UUID) -> None:
    await page.keyboard.press("/")
    field = page.locator("[data-find] input")
    await expect(field).to_be_focused()
    assert await field.input_value() == ""
    await page.keyboard.type("ln")
    options = page.get_by_role("option")
    await expect(options).to_have_count(2)
    for key, at in (("ArrowUp", 1), ("ArrowDown", 0), ("ArrowDown", 1), ("ArrowDown", 0)):
        await page.keyboard.press(key)
        await expect(options.nth(at)).to_have_attribute("aria-selected", "true")
        await expect(options.nth(1 - at)).to_have_attribute("aria-selected", "false")
    await page.keyboard.press("Escape")
    await expect(page.locator("#find-drop")).to_be_hidden()
    await expect(field).to_have_attribute("aria-expanded", "false")
    assert await field.get_attribute("aria-activedescendant") is None
    assert await field.input_value() == "ln"
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/desk/find\?q=ln$"))
    await expect(page.locator("main a")).to_have_count(2)


async def test_a_press_opens_what_has_dropped(page: Page, li_na: UUID) -> None:
    await page.keyboard.press("Meta+k")
    await page.keyboard.type("0042")
    await page.get_by_role("option").click()
    await expect(page).to_have_url(re.compile(f"/desk/members/{li_na}$"))


async def test_the_keys_leave_those_who_write_alone(page: Page) -> None:
    await page.goto("/desk/members")
    text = page.get_by_label("Search", exact=True)
    await text.focus()
    await page.keyboard.type("a/b")
    await page.keyboard.press("Control+k")
    await expect(text).to_be_focused()
    assert await text.input_value() == "a/b"


async def test_the_field_is_in_reach_and_leaves_room_for_the_doors(page: Page) -> None:
    field = page.locator("[data-find] input")
    if not laptop(page):
        await expect(field).to_be_hidden()
        await page.get_by_role("button", name="Menu").click()
    box = await field.bounding_box()
    assert box is not None
    assert box["height"] == (36 if laptop(page) else 44)
    if laptop(page):
        await expect(page.get_by_text("Needs a look")).to_be_visible()
        over = await page.evaluate(
            """doors => {
                const nav = document.querySelector("#menu nav");
                while (nav.querySelectorAll("a").length < doors) {
                    const list = nav.querySelector("ul");
                    list.appendChild(list.firstElementChild.cloneNode(true));
                }
                return nav.scrollHeight - nav.clientHeight;
            }""",
            DOORS,
        )
        assert over == 0
