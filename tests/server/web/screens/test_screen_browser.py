"""A screen in a real browser: cut off and back, slides that turn by themselves, rows that move, words that fit."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect
from redis.asyncio import Redis

from games.quizzes import rules
from games.quizzes.formats import QuestionDraft
from rewards import ticks
from server.runtime.settings import Settings
from tests.server.web.screens.world import QUESTIONS, Play, earn, people, play, screen, season
from tests.server.web.serving import Served, alive, on_a_port

pytestmark = pytest.mark.browser

STAFF = {"Li Na": "Workshop 1", "Wang Wei": "Workshop 1", "Zhang Min": "Workshop 2", "Host": "Office"}
LONG_STAFF = {
    **{f"阿卜杜热合曼·麦麦提依明{number}": "物流与供应链管理部（含仓储、运输及成品发运中心）" for number in range(5)},
    **{
        f"Maximiliane Hohenberger-Schmidtbauer {number}": "Power, Steam and Compressed Air Department"
        for number in range(5)
    },
    **{f"李娜{number}": f"第{number}车间" for number in range(20)},
}
LONGEST = (
    QuestionDraft(1, "single", "为" * 120, ("电" * 75,) * 4, (0,), 300, "断电。" * 60),
    QuestionDraft(2, "multiple", "W" * 120, ("m" * 75,) * 8, (0, 2), 300, "Cut the power first. " * 12),
    QuestionDraft(3, "multiple", "在对主变压器进行检修作业时" * 9, ("在总断路器处切断电源并上锁" * 5,) * 8, (1,), 300),
)


Motion = Literal["no-preference", "reduce"]


async def opened(browser: Browser, address: str, motion: Motion = "reduce", **options: Any) -> Page:
    """The screen's page, following; whatever breaks in it fails the test at its end."""
    options.setdefault("viewport", {"width": 1920, "height": 1080})
    page = await (await browser.new_context(reduced_motion=motion, **options)).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.clock.install()
    await page.goto(address)
    await expect(page.locator("html")).to_have_attribute("data-connection", "live")
    return page


async def furnished(served: Served, staff: Mapping[str, str] = STAFF) -> tuple[UUID, list[UUID], UUID]:
    """(screen, members, season)"""
    today = served.app.state.process.today()
    members = await people(staff, today - timedelta(days=5))
    return await screen(), members, await season(today)


async def reveal(room: Play, picked: Mapping[UUID, int]) -> None:
    await room.next()
    await room.answer(picked, {member: 600 * number for number, member in enumerate(picked)})
    await room.next()


async def test_cut_off_it_keeps_the_last_state_with_its_age_and_mends_itself(
    app_settings: Settings, redis: Redis, browser: Browser
) -> None:
    async with alive(app_settings) as app, on_a_port(app) as served:
        wall, members, season_id = await furnished(served)
        room = await play(served.redis, season_id, members[-1])
        await room.join(members[:2])
        page = await (await browser.new_context(viewport={"width": 1920, "height": 1080})).new_page()
        await page.goto(served.screen(wall))
        await expect(page.locator("html")).to_have_attribute("data-connection", "live")
        await expect(page.locator("#connection")).to_be_hidden()
    await expect(page.locator("html")).to_have_attribute("data-connection", "lost")
    await expect(page.locator("#connection")).to_be_visible()
    await expect(page.locator("[data-connection-age]")).to_contain_text("ago")
    await expect(page.locator(".lobby-code")).to_have_text("bcdfg")
    async with alive(app_settings) as app, on_a_port(app, served.port):
        await expect(page.locator("html")).to_have_attribute("data-connection", "live")
        await expect(page.locator("#connection")).to_be_hidden()
        room.redis = app.state.process.redis
        await room.next()
        await expect(page.locator(".question")).to_have_text("Which valve first?")


async def test_slides_turn_without_the_network_and_a_new_picture_does_not_turn_them_back(
    served: Served, browser: Browser
) -> None:
    wall, members, season_id = await furnished(served)
    today = served.app.state.process.today()
    await earn(served.redis, {members[0]: 500, members[1]: 300}, season_id, today)
    page = await opened(browser, served.screen(wall))
    headings = page.locator("[data-slide]:visible h1")
    await expect(headings).to_have_text(["The season's best"])
    await page.route("**/*", lambda route: route.abort())
    await page.clock.fast_forward(15_000)
    await expect(headings).to_have_text(["This week's best"])
    await expect(page.locator(".dots > span")).to_have_count(3)
    await earn(served.redis, {members[1]: 900}, season_id, today)
    await expect(page.locator("[data-slide]:visible [data-place='1'] .board-name")).to_have_text("Wang Wei")
    await expect(headings).to_have_text(["This week's best"])
    await page.clock.fast_forward(15_000)
    await expect(headings).to_have_text(["Our units"])
    await page.clock.fast_forward(15_000)
    await expect(headings).to_have_text(["The season's best"])


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_one_sees_who_passed_whom_once(served: Served, browser: Browser, motion: Motion) -> None:
    wall, members, season_id = await furnished(served)
    first, second, third, host = members
    room = await play(served.redis, season_id, host)
    await room.join([first, second, third])
    page = await opened(browser, served.screen(wall), motion)
    await page.evaluate(
        """() => {
          window.moved = [];
          const animate = Element.prototype.animate;
          Element.prototype.animate = function (...how) {
            if (this.dataset.was) { window.moved.push(this.querySelector('.board-name').textContent); }
            return animate.apply(this, how);
          };
        }"""
    )
    await reveal(room, {first: 2, second: 2, third: 1})
    await expect(page.locator(".bar.is-right")).to_have_count(1)
    await reveal(room, {second: 1, third: 1, first: 2})
    await expect(page.locator(".show-reveal .show-step")).to_have_text("Question 2 of 2")
    board = page.get_by_role("heading", name="The board now")
    await page.clock.fast_forward(11_100)
    await expect(board).to_be_visible()
    await expect(page.locator(".board-name:visible")).to_have_text(["Wang Wei", "Li Na", "Zhang Min"])
    await expect(page.locator(".change-up:visible")).to_have_count(1)
    await page.clock.fast_forward(20_000)
    await expect(board).to_be_hidden()
    await page.clock.fast_forward(11_100)
    await expect(board).to_be_visible()
    moved = ["Wang Wei", "Li Na"] if motion == "no-preference" else []
    assert await page.evaluate("window.moved") == moved


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_the_podium_rises_and_leaves_fall_once(served: Served, browser: Browser, motion: Motion) -> None:
    wall, members, season_id = await furnished(served)
    room = await play(served.redis, season_id, members[-1])
    await room.join(members[:3])
    page = await opened(browser, served.screen(wall), motion)
    await reveal(room, {members[0]: 2, members[1]: 2, members[2]: 1})
    await room.end()
    await expect(page.locator(".podium-name")).to_have_text(["Li Na", "Wang Wei", "Zhang Min"])
    await expect(page.locator(".podium.is-rising")).to_have_count(1)
    assert await page.locator(".podium > li").first.evaluate("row => row.getAnimations().length") == (
        1 if motion == "no-preference" else 0
    )
    await expect(page.locator("canvas.joy")).to_have_count(1 if motion == "no-preference" else 0)
    await page.evaluate("document.dispatchEvent(new Event('live:after'))")
    await expect(page.locator("canvas.joy")).to_have_count(1 if motion == "no-preference" else 0)


async def test_the_counter_is_that_of_the_room_shown(served: Served, browser: Browser) -> None:
    wall, members, season_id = await furnished(served)
    other = await play(served.redis, season_id, members[-1], code="ccccc")
    await other.join(members[:3])
    await other.next()
    await other.answer(dict.fromkeys(members[:3], 1))
    shown = await play(served.redis, season_id, members[-1])
    await shown.join(members[:2])
    await shown.next()
    page = await opened(browser, served.screen(wall))
    await expect(page.locator(".show-count")).to_contain_text("of 2")
    await page.evaluate(
        "window.told = []; new MutationObserver(() => window.told.push(document.querySelector('[data-count=answers]')"
        ".textContent)).observe(document.querySelector('.show-count'), { subtree: true, childList: true })"
    )
    await ticks.announce(served.redis, f"answers:{other.room_id}")
    await shown.answer({members[0]: 1})
    await ticks.announce(served.redis, f"answers:{shown.room_id}")
    await expect(page.locator("[data-count=answers]")).to_have_text("1")
    assert set(await page.evaluate("window.told")) == {"1"}


SPILLED = """() => {
  const out = [];
  document.querySelectorAll('.screen *').forEach(one => {
    if ((one.ownerSVGElement) || one.closest('.visually-hidden')) { return; }
    const box = one.getBoundingClientRect();
    if (box.width && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1 || box.top < -1)) {
      out.push(one.className);
    }
  });
  document.querySelectorAll('.show, .slide, .board, .option, .bar').forEach(one => {
    if (one.clientHeight && one.scrollHeight > one.clientHeight + 2) { out.push('inside ' + one.className); }
    if (one.clientWidth && one.scrollWidth > one.clientWidth + 2) { out.push('beside ' + one.className); }
  });
  return out;
}"""


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)], ids=["1080p", "4k"])
async def test_nothing_spills_over_with_the_longest_texts(
    served: Served, browser: Browser, size: tuple[int, int]
) -> None:
    wall, members, season_id = await furnished(served, LONG_STAFF)
    today = served.app.state.process.today()
    await earn(served.redis, {member: 1000 - number for number, member in enumerate(members)}, season_id, today)
    page = await opened(browser, served.screen(wall), viewport={"width": size[0], "height": size[1]})
    for _ in range(3):
        assert await page.evaluate(SPILLED) == []
        await page.clock.fast_forward(15_000)
    room = await play(served.redis, season_id, members[-1], LONGEST, "年度安全生产月知识竞赛暨职工技能比武大会" * 2)
    await expect(page.locator(".lobby-code")).to_be_visible()
    assert await page.evaluate(SPILLED) == []
    await room.join(members)
    await expect(page.locator(".wreath b")).to_have_text(str(len(members) - 1))  # who leads plays outside the board
    assert await page.evaluate(SPILLED) == []
    for number, draft in enumerate(LONGEST, 1):
        await room.next()
        await expect(page.locator(".show-question .show-step")).to_have_text(f"Question {number} of {len(LONGEST)}")
        assert await page.evaluate(SPILLED) == []
        await room.answer(
            {member: rules.mask_of(draft.right) for member in members},
            {member: 600 * at for at, member in enumerate(members)},
        )
        await room.next()
        await expect(page.locator(".show-reveal .show-step")).to_have_text(f"Question {number} of {len(LONGEST)}")
        assert await page.evaluate(SPILLED) == []
        await page.clock.fast_forward(16_100 if draft.explanation else 11_100)
        await expect(page.get_by_role("heading", name="The board now")).to_be_visible()
        assert await page.evaluate(SPILLED) == []
    await room.next()
    await expect(page.locator(".podium")).to_be_visible()
    assert await page.evaluate(SPILLED) == []


async def test_the_time_until_the_list_closes_runs_by_itself(served: Served, browser: Browser) -> None:
    wall, _, _ = await furnished(served)
    page = await opened(browser, served.screen(wall))
    await page.evaluate(
        """() => {
          const clock = document.createElement('dl');
          clock.dataset.untilMs = String((((26 * 60) + 3) * 60 + 4) * 1000);
          clock.innerHTML = ['days', 'hours', 'minutes', 'seconds'].map(
            part => `<div data-until-part="${part}"><dd></dd></div>`).join('');
          document.querySelector('.show').append(clock);
          document.dispatchEvent(new Event('live:after'));
        }"""
    )
    numbers = page.locator("[data-until-part] dd")
    await expect(numbers).to_have_text(["1", "02", "03", "04"])
    await page.clock.fast_forward(5000)
    await expect(numbers).to_have_text(["1", "02", "02", "59"])
    await page.clock.fast_forward(2 * 86_400_000)
    await expect(numbers).to_have_text(["0", "00", "00", "00"])


async def test_a_page_of_an_older_laurel_loads_itself_again_once(served: Served, browser: Browser) -> None:
    wall, _, _ = await furnished(served)
    page = await opened(browser, served.screen(wall))
    for loads in (True, False):
        await page.evaluate(
            "window.same = true; document.querySelector('[data-page-build]').dataset.pageBuild = 'older'"
        )
        await page.evaluate("setTimeout(() => document.dispatchEvent(new Event('live:after')), 0)")
        if loads:
            async with page.expect_navigation():
                await page.clock.run_for(10)
            await expect(page.locator("html")).to_have_attribute("data-connection", "live")
        else:
            await page.clock.run_for(10)
            assert await page.evaluate("window.same")


@pytest.mark.parametrize("script", [True, False])
async def test_without_scripts_it_is_a_page_that_asks_again(served: Served, browser: Browser, script: bool) -> None:
    wall, members, season_id = await furnished(served)
    await play(served.redis, season_id, members[-1], QUESTIONS)
    context = await browser.new_context(java_script_enabled=script)
    page = await context.new_page()
    await page.goto(served.screen(wall))
    await expect(page.locator(".lobby-code")).to_have_text("bcdfg")
    await expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0 if script else 1)
