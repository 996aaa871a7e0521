"""What spoils an evening, in real browsers: a press come twice, a wall that shows the wrong thing, a used code."""

import re
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from games.quizzes import actions, queries
from rewards import database as db
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.rewards.draws.hall import DAY, hall
from tests.server.web.conftest import SignedIn, SignIn
from tests.server.web.screens.world import screen
from tests.server.web.serving import Served

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 640}
WALL = {"width": 1920, "height": 1080}


async def at(served: Served, browser: Browser, path: str, who: SignedIn | None = None, **options: Any) -> Page:
    """A page of somebody's own browser; whatever breaks in it fails the test at its end."""
    options.setdefault("viewport", LAPTOP)
    context = await browser.new_context(locale="en-GB", **options)
    if who is not None:
        await who.enter(context, served.address)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"{served.address}{path}")
    return page


async def position(room: UUID) -> tuple[str, int]:
    found = await queries.room(room)
    assert found is not None
    return found.state, found.position


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "remote"])
@pytest.mark.parametrize("way", ["clicker", "space", "double click"])
async def test_a_double_press_opens_one_question_and_leaves_it_open(
    served: Served, browser: Browser, sign_in: SignIn, room: UUID, way: str, viewport: dict[str, int]
) -> None:
    host = await at(served, browser, f"/desk/rooms/{room}", await sign_in("organiser"), viewport=viewport)
    await expect(host.locator("html")).to_have_attribute("data-connection", "live")
    button = host.locator("[data-key-next]")
    key = {"clicker": "PageDown", "space": "Space"}.get(way)

    async def press(times: int, ago: str) -> None:
        """Until one is sent: what comes while the page takes in a new state meets nothing."""
        while True:
            await db.rows("UPDATE room SET moved_at = now() - $1::text::interval WHERE id = $2", ago, room)
            try:
                async with host.expect_request(re.compile("/moves$"), timeout=5000):
                    if key is None:
                        await (button.dblclick() if times == 2 else button.click())
                    for _ in range(times if key else 0):
                        await host.keyboard.press(key)
            except PlaywrightTimeout:
                continue
            return

    # The finger's second press, and one more as soon as the page shows the question.
    await press(2, "1 minute")
    await expect(host.locator("[data-state=question]")).to_be_visible()
    await press(1, "0 seconds")
    await expect(host.locator("#notices")).to_contain_text("Pressed twice: only the first press counted.")
    assert await position(room) == ("question", 1)
    await expect(host.locator("[data-state=question]")).to_be_visible()
    await press(1, "1 minute")
    await expect(host.locator("[data-state=reveal]")).to_be_visible()


async def test_a_wall_is_taken_over_from_the_room_and_let_go(
    served: Served, browser: Browser, sign_in: SignIn, room: UUID, quiz: UUID, season: UUID, host: UUID
) -> None:
    wall = await screen("Canteen")
    newer = await actions.open_room(quiz, host=host, season=season, code="ccccc", now=now(), new_id=new_id)
    panel = await browser.new_page(viewport=WALL)
    await panel.goto(served.screen(wall))
    await expect(panel.locator(".lobby-code")).to_have_text("ccccc")
    desk = await at(served, browser, f"/desk/rooms/{room}", await sign_in("organiser", name="Wang Fang"))
    line = desk.locator("[data-wall]")
    await expect(line).to_contain_text("Room: Safety (ccccc)")
    await expect(line).to_contain_text("By itself")
    await desk.get_by_role("button", name="Take Canteen over").focus()
    await desk.keyboard.press("Enter")
    await expect(line).to_contain_text("Taken over by Wang Fang at")
    await expect(panel.locator(".lobby-code")).to_have_text("bcdfg")
    await expect(panel.locator("[data-state=lobby]")).to_be_visible()
    await desk.get_by_role("button", name="Let Canteen go").click()
    await expect(line).to_contain_text("Room: Safety (ccccc)")
    await expect(panel.locator(".lobby-code")).to_have_text("ccccc")
    # Another begins, and the wall follows by itself; the page of the first says so without a reload.
    await actions.cancel_room(served.redis, newer, expected=1, actor=host, now=now())
    await expect(panel.locator(".lobby-code")).to_have_text("bcdfg")
    await expect(line).to_contain_text("Room: Safety (bcdfg)", timeout=15_000)


async def test_a_room_that_is_over_asks_nobody_in(
    served: Served, browser: Browser, sign_in: SignIn, room: UUID, host: UUID
) -> None:
    desk = await at(served, browser, f"/desk/rooms/{room}", await sign_in("organiser"))
    await expect(desk.locator(".join-card")).to_be_visible()
    await actions.cancel_room(served.redis, room, expected=1, actor=host, now=now())
    await expect(desk.locator(".join-card")).to_be_hidden()


async def test_a_wall_is_paired_by_six_characters_and_shows_its_screen_at_once(
    served: Served, browser: Browser, sign_in: SignIn, room: UUID
) -> None:
    panel = await at(served, browser, "/screen", viewport=WALL)
    shown = panel.locator(".pairing-code")
    await expect(shown).to_be_visible()
    code = re.sub(r"\s", "", await shown.inner_text())
    assert re.fullmatch("[2-9a-z]{6}", code)
    desk = await at(served, browser, "/desk/screens", await sign_in("organiser"))
    await desk.get_by_label("Name").fill("Canteen, left wall")
    await desk.get_by_label("Six characters on the wall").fill("zzz zzz")
    await desk.get_by_role("button", name="Set up").click()
    await expect(desk.locator("#field-code-error")).to_contain_text("No wall shows these six characters now.")
    await expect(desk.get_by_label("Name")).to_have_value("Canteen, left wall")
    await desk.get_by_label("Six characters on the wall").fill(f"{code[:3].upper()} {code[3:].upper()}")
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#notices")).to_contain_text("The wall is paired")
    await expect(panel.locator(".lobby-code")).to_have_text("bcdfg")
    # Switched off and on again at the address that it opens by itself.
    await panel.goto(f"{served.address}/screen")
    await expect(panel.locator(".lobby-code")).to_have_text("bcdfg")


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP, WALL], ids=["phone", "laptop", "wide"])
async def test_a_used_code_fills_the_page_in_red_and_a_second_person_takes_it_back(
    served: Served, browser: Browser, sign_in: SignIn, viewport: dict[str, int]
) -> None:
    cashier, other = await sign_in("organiser", name="Zhao Min"), await sign_in("organiser", name="Sun Li")
    there = await hall(closed_at=now() - DAY)
    first = await at(served, browser, "/desk/claims", cashier, viewport=viewport)
    await first.get_by_role("textbox", name="Code").fill(there.codes[0])
    await first.keyboard.press("Enter")
    await first.locator(".claim-confirm > summary").click()
    await first.locator("button[form='hand-over']:visible").dblclick()
    await expect(first.locator(".notice-good").filter(has_text="By Zhao Min")).to_be_visible()
    second = await at(served, browser, "/desk/claims", other, viewport=viewport)
    await second.get_by_role("textbox", name="Code").fill(there.codes[0])
    await second.keyboard.press("Enter")
    red = second.locator(".claim-used")
    await expect(red).to_contain_text("Zhao Min handed")
    box = await red.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, viewport["width"])
    assert box["height"] >= viewport["height"]
    assert await second.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert await red.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(163, 18, 27)"
    await expect(second.get_by_role("link", name="Next prize")).to_be_focused()
    await second.keyboard.press("Tab")
    await second.keyboard.press("Enter")
    await second.get_by_label("Why?").fill("wrong person")
    await second.keyboard.press("Enter")
    await expect(second.locator("#notices")).to_contain_text("The hand-over was taken back.")
    # A reload of the first page says what holds now.
    await first.reload()
    await expect(first.locator("#hand-over")).to_be_visible()
    found = await db.value("SELECT state FROM win WHERE id = $1", there.wins[0])
    assert found == "drawn"
