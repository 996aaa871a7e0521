"""The operator's window and the office screens of a draw, in a real browser of 1920x1080."""

import asyncio
import secrets
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from rewards.draws import actions
from rewards.draws.terms import PrizeTerms, RoundTerms
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.sessions import CODE
from server.web.draws.screen import stage
from server.web.frame.gate import SESSION
from tests import patience
from tests.chromium import picture
from tests.rewards.draws.venue import Venue, venue
from tests.rewards.draws.world import frozen
from tests.server.web.screens.test_screen_browser import Motion
from tests.server.web.screens.world import screen
from tests.server.web.serving import Served

pytestmark = pytest.mark.browser

PRIZES = (
    PrizeTerms("mug", "Thermos mug", 152, round="small", batch=150, present=False, value=8900),
    PrizeTerms("bike", "Folding bicycle", 2, round="small", value=129900, sponsor="Union of Plant A"),
    PrizeTerms("trip", "Trip to Hainan for two", 1, round="top", redraw="d10x4", value=899900),
)
ROUNDS = (RoundTerms("small", "The many"), RoundTerms("top", "The trip", "d10x4"))


async def hall(served: Served, workers: int = 200, **terms: object) -> Venue:
    """A frozen draw of `workers` people."""
    there = await venue(served.redis, workers=workers, **{"prizes": PRIZES, "rounds": ROUNDS, **terms})
    there.now = clock.now()
    return there


async def window(
    served: Served,
    browser: Browser,
    draw: UUID,
    actor: UUID,
    locale: str = "en",
    motion: Motion = "reduce",
    role: str = "organiser",
) -> Page:
    """The operator's window, signed in; whatever breaks in it fails the test."""
    session = await served.app.state.process.sessions.start(
        actor, name="Operator", roles=(role,), language=locale, unit="", device="test", version=0, way=CODE
    )
    context = await browser.new_context(
        reduced_motion=motion,
        viewport={"width": 1920, "height": 1080},
        extra_http_headers={"cookie": f"{SESSION}={session}"},
    )
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.clock.install()
    await page.goto(f"{served.address}/desk/draws/{draw}/stage")
    await expect(page.locator("[data-hall-play]")).to_be_enabled()
    return page


async def wall(served: Served, browser: Browser, locale: str = "en") -> Page:
    """An office screen that follows what is live."""
    page = await (
        await browser.new_context(viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
    ).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(served.screen(await screen()) + f"?lang={locale}")
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")
    return page


async def keep(page: Page, name: str) -> None:
    if path := picture(name):
        await page.screenshot(path=path)


SPILLED = """() => {
  const out = [];
  document.querySelectorAll('.hall, .hall *, .stage:not([hidden]), .stage:not([hidden]) *').forEach(one => {
    if (one.ownerSVGElement || one.closest('.visually-hidden')) { return; }
    const box = one.getBoundingClientRect();
    if (box.width && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1 || box.top < -1)) {
      out.push((one.className || one.tagName) + ' ' + one.textContent.slice(0, 30));
    }
  });
  document.querySelectorAll('.hall, .hall-what, .hall-photo, .stage-body, .stage-winners').forEach(one => {
    if (one.clientHeight && one.scrollHeight > one.clientHeight + 2) { out.push('inside ' + one.className); }
    if (one.clientWidth && one.scrollWidth > one.clientWidth + 2) { out.push('beside ' + one.className); }
  });
  return out;
}"""


async def fits(page: Page, name: str) -> None:
    await keep(page, name)
    assert await page.evaluate(SPILLED) == [], name


def show(page: Page) -> Any:
    return page.locator("[data-show]")


async def press(page: Page, key: str = "Space", phase: str = "", scene: int | None = None) -> None:
    """Press a key once the stage listens again (it does not, just after a press), and see what it did."""
    await page.clock.fast_forward(700)
    await page.keyboard.press(key)
    if phase:
        await expect(show(page)).to_have_attribute("data-phase", phase)
    if scene is not None:
        await expect(show(page)).to_have_attribute("data-scene", str(scene))


async def go_to(page: Page, phase: str, text: str) -> None:
    """Press on until a scene of this phase and text is there."""
    for _ in range(30):
        if await show(page).get_attribute("data-phase") == phase and text in await show(page).inner_text():
            return
        await press(page)
    pytest.fail(f"no scene {phase} with {text}")


async def draw_small(there: Venue) -> None:
    for event in (there.arm, there.roll, there.open_secrets):
        await event()


async def test_before_and_during_the_ceremony_every_picture_fits(served: Served, browser: Browser) -> None:
    there = await hall(served, 20, prizes=(replace(PRIZES[0], quantity=6), *PRIZES[1:]))
    operator = await window(served, browser, there.draw, there.organiser)
    office = {locale: await wall(served, browser, locale) for locale in ("en", "zh-Hans")}
    await stage.show_on_screens(served.redis, there.draw, now=clock.now())

    async def look(name: str) -> None:
        for page in (operator, *office.values()):
            await expect(page.locator(".hall")).to_have_attribute("data-state", name)
        await fits(operator, f"{name}-operator")
        for locale, page in office.items():
            await fits(page, f"{name}-{locale}")

    await look("frozen")
    await there.arm()
    await look("armed")
    await stage.keep_dice(served.redis, there.draw, "31415926535897932384")
    await look("dice")
    await stage.drop_dice(served.redis, there.draw)
    await there.roll()
    await there.reveal(next(iter(there.secrets.values())).hex())
    await look("secrets")
    await there.reveal(list(there.secrets.values())[1].hex())
    await look("held")
    await stage.show_up_to(served.redis, there.draw, 500)
    await look("winners")
    there.now = clock.now()
    await there.call("bike")
    await look("called")
    await there.round()
    there.now = clock.now()
    await there.call("trip")
    there.later()
    await there.doubt("trip")
    await there.doubt("trip", actor=there.witness)
    await look("redraw")
    await there.redraw("trip")
    await stage.show_up_to(served.redis, there.draw, 500)
    await there.close()
    await look("result")


async def test_a_draw_that_was_called_off_says_why(served: Served, browser: Browser) -> None:
    there = await hall(served, 20)
    await there.arm()
    await there.cancel("大厅停电，备用电源十分钟后仍未恢复，评委和保管人一致同意改期。" * 2)
    await stage.show_on_screens(served.redis, there.draw, now=clock.now())
    for locale in ("en", "zh-Hans"):
        office = await wall(served, browser, locale)
        await expect(office.locator(".hall-why")).to_contain_text("大厅停电")
        await fits(office, f"off-{locale}")


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
async def test_the_show_pages_through_many_names_and_office_screens_follow(
    served: Served, browser: Browser, locale: str
) -> None:
    there = await hall(served)
    await draw_small(there)
    await stage.show_on_screens(served.redis, there.draw, now=clock.now())
    page, office = (
        await window(served, browser, there.draw, there.organiser, locale),
        await wall(served, browser, locale),
    )
    await expect(office.locator(".hall")).to_have_attribute("data-state", "held")
    places = (await there.look()).places

    await press(page, phase="title", scene=0)
    await fits(page, f"title-{locale}")
    await press(page, "PageDown", phase="code", scene=1)
    await fits(page, f"list-{locale}")
    await press(page, "ArrowRight", phase="code", scene=2)
    await fits(page, f"arm-{locale}")
    await press(page, "ArrowLeft", scene=1)
    await press(page, "Enter", scene=2)
    await press(page, phase="code", scene=3)
    await fits(page, f"dice-{locale}")
    await press(page, phase="title", scene=4)
    await fits(page, f"secret-{locale}")
    await press(page, scene=5)
    await press(page, phase="title", scene=6)
    await fits(page, f"round-{locale}")
    await press(page, phase="intro", scene=7)
    await fits(page, f"intro-{locale}")
    await expect(show(page).locator(".stage-left")).to_contain_text("199")
    await expect(office.locator(".hall")).to_have_attribute("data-state", "held")
    await press(page, phase="shown", scene=7)
    await expect(show(page).locator(".stage-winner")).to_have_count(150)
    await expect(show(page).locator(".stage-left")).to_contain_text("49")
    await fits(page, f"many-{locale}")
    await expect(office.locator(".hall")).to_have_attribute("data-state", "winners")
    await expect(office.locator(".hall-foot")).to_contain_text("4")
    assert await show(page).locator(".stage-name").first.inner_text() == places[0].shown
    await press(page, phase="shown", scene=8)
    await expect(show(page).locator(".stage-winner")).to_have_count(2)
    await fits(page, f"page-{locale}")
    await press(page, phase="intro", scene=9)
    await press(page, phase="shown", scene=9)
    await expect(show(page).locator(".stage-name")).to_have_text([places[152].shown])
    await fits(page, f"one-{locale}")
    await expect(office.locator(".hall-won > li")).to_have_count(2)
    await press(page, scene=10)
    await press(page, phase="code", scene=11)
    await fits(page, f"code-{locale}")
    await press(page)
    await expect(show(page)).to_be_hidden()
    await expect(page.locator("[data-hall-hint]")).to_be_hidden()
    await fits(page, f"winners-after-{locale}")


async def test_new_scenes_come_behind_and_the_show_goes_on_there(served: Served, browser: Browser) -> None:
    there = await hall(served, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    page = await window(served, browser, there.draw, there.organiser)
    await press(page, phase="title", scene=0)
    await go_to(page, "shown", "2 of 2")
    at = await show(page).get_attribute("data-scene")
    there.now = clock.now()
    await there.call("bike", 1)
    there.later()
    await there.doubt("bike", 1)
    await there.doubt("bike", 1, actor=there.witness)
    await expect(show(page).locator(".stage-winner.is-out")).to_have_count(1)
    await expect(show(page)).to_have_attribute("data-scene", str(at))
    await fits(page, "out")
    await go_to(page, "intro", "drawn again")
    await press(page, "Escape")
    await expect(show(page)).to_be_hidden()
    await expect(page.locator("[data-hall-hint]")).to_be_visible()
    await press(page, phase="intro")
    await expect(show(page)).to_contain_text("drawn again")
    await press(page, phase="shown")
    await press(page)
    await expect(show(page)).to_be_hidden()
    await press(page)
    await expect(show(page)).to_be_hidden()
    await there.round()
    await expect(page.locator("[data-hall-hint]")).to_be_visible()
    await press(page, phase="title")
    await expect(show(page)).to_contain_text("1618")
    await page.reload()
    await expect(page.locator("[data-hall-play]")).to_be_enabled()
    await press(page, phase="intro")
    await expect(show(page)).to_contain_text("Trip to Hainan")


async def test_a_key_in_a_field_or_held_down_reveals_nothing(served: Served, browser: Browser) -> None:
    there = await hall(served, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    page = await window(served, browser, there.draw, there.organiser)
    await page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<input id=typed><textarea id=long></textarea>')"
    )
    for field in ("#typed", "#long"):
        await page.locator(field).focus()
        for key in ("Space", "Enter", "PageDown", "ArrowRight"):
            await press(page, key)
        await expect(show(page)).to_be_hidden()
    await page.evaluate("document.activeElement.blur()")
    await press(page, scene=0)
    await page.locator("#typed").evaluate("field => field.focus()")
    for key in ("Space", "Enter", "PageDown"):
        await press(page, key, scene=0)
    await page.evaluate("document.activeElement.blur()")
    await page.clock.fast_forward(700)
    await page.keyboard.down("Space")
    for _ in range(5):
        await page.clock.fast_forward(700)
        await page.keyboard.down("Space")
    await page.keyboard.up("Space")
    await expect(show(page)).to_have_attribute("data-scene", "1")
    assert await stage.shown_up_to(served.redis, there.draw) == 0


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_the_build_up_rolls_names_and_is_absent_where_motion_is_unwelcome(
    served: Served, browser: Browser, motion: Motion
) -> None:
    there = await hall(served, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    page = await window(served, browser, there.draw, there.organiser, motion=motion)
    winner = (await there.look()).places[0].shown
    await press(page, scene=0)
    await go_to(page, "intro", "Folding bicycle")
    if motion == "reduce":
        await press(page, phase="shown")
        assert await page.evaluate("document.getAnimations().length") == 0
    else:
        await press(page, phase="build")
        await keep(page, "build-up")
        assert await stage.shown_up_to(served.redis, there.draw) < 5
        await page.clock.run_for(1800)
        await keep(page, "build-up-late")
        await page.clock.run_for(4000)
        await expect(show(page)).to_have_attribute("data-phase", "shown")
        await keep(page, "joy")
    await expect(show(page).locator(".stage-name")).to_have_text([winner])


async def test_who_may_only_look_shows_without_releasing(served: Served, browser: Browser) -> None:
    there = await hall(served, 20, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    page = await window(served, browser, there.draw, there.witness, role="auditor")
    await expect(page.locator("[data-hall-release]")).to_have_count(0)
    await press(page, scene=0)
    await go_to(page, "shown", "1 of 2")
    assert await stage.shown_up_to(served.redis, there.draw) == 0


async def test_results_can_be_released_without_a_show(served: Served, browser: Browser) -> None:
    there = await hall(served, 20, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    await stage.show_on_screens(served.redis, there.draw, now=clock.now())
    page, office = await window(served, browser, there.draw, there.organiser), await wall(served, browser)
    await expect(office.locator(".hall")).to_have_attribute("data-state", "held")
    await page.get_by_role("button", name="Release to the office screens").click()
    await expect(office.locator(".hall-names > li")).to_have_count(2)
    await expect(page.locator("[data-hall-release]")).to_be_hidden()


async def test_cut_off_the_show_goes_on_and_tells_it_later(served: Served, browser: Browser) -> None:
    there = await hall(served, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    page = await window(served, browser, there.draw, there.organiser)
    await press(page, scene=0)
    await page.route("**/desk/draws/**", lambda route: route.abort())
    await go_to(page, "shown", "1 of 2")
    await press(page, "Escape")
    await page.clock.fast_forward(2000)
    await expect(page.locator("[data-hall-lost]")).to_be_visible()
    assert await stage.shown_up_to(served.redis, there.draw) == 0
    await page.unroute("**/desk/draws/**")
    await page.clock.fast_forward(2000)
    await expect(page.locator("[data-hall-lost]")).to_be_hidden()
    await press(page, phase="shown")
    await expect(page.locator("[data-hall-lost]")).to_be_hidden()
    async with asyncio.timeout(patience.SECONDS):
        while await stage.shown_up_to(served.redis, there.draw) < len(await there.log()) - 1:
            await press(page)


async def test_signed_out_a_running_show_stays_and_the_window_asks_to_sign_in_after_it(
    served: Served, browser: Browser
) -> None:
    there = await hall(served, 20, prizes=(PRIZES[1], PRIZES[2]))
    await draw_small(there)
    page = await window(served, browser, there.draw, there.organiser)
    await press(page, scene=0)
    await page.context.set_extra_http_headers({})
    await page.clock.fast_forward(2000)
    await press(page, scene=1)
    await press(page, "Escape")
    await page.clock.fast_forward(2000)
    await expect(page.locator("[data-hall]")).to_have_count(0)


async def test_a_rehearsal_is_marked_everywhere(served: Served, browser: Browser) -> None:
    there = await hall(served, 20, prizes=(PRIZES[1], PRIZES[2]))
    made = await actions.rehearse(
        served.redis,
        there.draw,
        actor=there.organiser,
        now=clock.now(),
        today=served.app.state.process.today(),
        new_id=new_id,
        random_bytes=secrets.token_bytes,
    )
    await frozen(served.redis, made, now=clock.now())
    await stage.show_on_screens(served.redis, made, now=clock.now())
    page, office = await window(served, browser, made, there.organiser), await wall(served, browser, "zh-Hans")
    await expect(office.locator(".hall-rehearsal")).to_contain_text("彩排")
    await fits(office, "rehearsal-office")
    await expect(page.locator("body.is-rehearsal")).to_have_count(1)
    await press(page, scene=0)
    await expect(show(page)).to_contain_text("Rehearsal: nothing can be won")
    await fits(page, "rehearsal-show")
