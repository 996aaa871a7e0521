"""The room in a real browser of 360 by 640: all in reach, an answer that gets through, a second look that agrees."""

import pytest
from playwright.async_api import Route, expect
from redis.asyncio import Redis

from games.quizzes import actions
from games.quizzes.formats.draft import QuestionDraft
from rewards import database as db
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.conftest import Phone, SignIn
from tests.server.web.quizzes.rooms import QUESTIONS, Stage, season, stage

pytestmark = pytest.mark.browser

LONGEST = (
    QuestionDraft(
        1,
        "single",
        "Which of these has to be done before anybody goes into a tank, a silo or a shaft, and who signs that it is?",
        tuple(f"{letter} measure the air and the gases, write both down and get the permit si" for letter in "WXYZ"),
        (0,),
        60,
    ),
    QuestionDraft(
        1,
        "single",
        ("进入储罐料仓深井等有限空间作业之前按照安全规程必须首先完成下列哪一项工作并由谁签字确认" * 3)[:120],
        tuple(letter + ("检测氧气和有害气体浓度并做好记录再办理作业票" * 4)[:74] for letter in "甲乙丙丁"),
        (0,),
        60,
    ),
)


async def picked(stage: Stage) -> list[int]:
    asked = await stage.round()
    assert asked is not None
    return [row["picked"] for row in await db.rows("SELECT picked FROM answer WHERE round = $1", asked.id)]


@pytest.mark.parametrize("draft", LONGEST, ids=["English", "Chinese"])
async def test_the_longest_question_needs_no_scrolling(
    phone: Phone, sign_in: SignIn, redis: Redis, draft: QuestionDraft
) -> None:
    host = await sign_in("organiser")
    quiz = await actions.add_quiz("Safety", [draft], scoring="none", actor=host.id, now=now(), new_id=new_id)
    room = await actions.open_room(quiz, host=host.id, season=await season(), code="k7m2q", now=now(), new_id=new_id)
    made = Stage(redis, room, host.id)
    await phone.enter("k7m2q")
    await made.ask()
    tiles = phone.page.locator("form[data-answer] .option")
    await expect(tiles).to_have_count(4)
    assert await phone.page.evaluate("document.documentElement.scrollHeight") <= 640
    assert await phone.page.evaluate("document.documentElement.scrollWidth") <= 360
    for index in range(4):
        box = await tiles.nth(index).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= 640
        text = tiles.nth(index).locator(".option-text")
        assert await text.evaluate("e => e.scrollHeight <= e.parentElement.clientHeight + 1")


async def test_an_answer_that_is_lost_on_the_way_is_sent_again_and_counted_once(
    phone: Phone, sign_in: SignIn, redis: Redis
) -> None:
    made = await stage(redis, (await sign_in("organiser")).id)
    await phone.enter("k7m2q")
    await expect(phone.page.locator(".lobby-name")).to_have_text("李娜")
    await made.ask()
    tries = 0

    async def away(route: Route) -> None:
        """Not there; then resting; then the answer is taken and its receipt lost; then all is well."""
        nonlocal tries
        tries += 1
        if tries == 1:
            await route.abort()
        elif tries == 2:
            await route.fulfill(status=503, body="resting")
        elif tries == 3:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await phone.page.route("**/rounds/**", away)
    await phone.page.get_by_role("button", name="Wrong one").click()
    await expect(phone.page.locator("[data-answer-retry]")).to_be_visible()
    await expect(phone.page.locator("#problem")).to_be_hidden()
    await expect(phone.page.locator("form[data-answer] fieldset:disabled")).to_have_count(1)
    got_it = phone.page.locator("#got-it")
    await expect(got_it).to_be_visible(timeout=20_000)
    await expect(got_it.locator("b")).to_have_text("B")
    await expect(phone.page.locator("[data-again]")).to_be_hidden()
    await expect(phone.page.locator("form[data-answer]")).to_be_hidden()
    assert tries == 4
    assert await picked(made) == [0b10]


async def test_what_was_answered_is_still_shown_after_a_pause_and_a_reload(
    phone: Phone, sign_in: SignIn, redis: Redis
) -> None:
    made = await stage(redis, (await sign_in("organiser")).id)
    await phone.enter("k7m2q")
    await made.ask()
    await phone.page.get_by_role("button", name="Right one").click()
    got_it = phone.page.locator("#got-it")
    await expect(got_it).to_be_visible()
    await expect(got_it.locator("b")).to_have_text("A")
    await actions.pause(redis, made.room, expected=await made.version(), now=now())
    await expect(phone.page.get_by_text("Paused")).to_be_visible()
    await expect(got_it).to_be_visible()
    await expect(got_it.locator("b")).to_have_text("A")
    await actions.resume(redis, made.room, expected=await made.version(), now=now(), new_id=new_id)
    await expect(phone.page.get_by_text("Paused")).to_have_count(0)
    await expect(got_it).to_be_visible()
    await expect(got_it.locator("b")).to_have_text("A")
    await phone.page.reload()
    await expect(got_it).to_be_visible()
    await expect(got_it.locator("b")).to_have_text("A")
    await made.on()
    await expect(phone.page.locator(".outcome-right h1")).to_be_visible()
    await expect(phone.page.locator(".outcome-wrong")).to_be_hidden()
    await expect(phone.page.locator("[data-mine=total]")).to_have_text("1,000")


async def test_several_are_ticked_and_sent_by_keyboard(phone: Phone, sign_in: SignIn, redis: Redis) -> None:
    made = await stage(redis, (await sign_in("organiser")).id)
    await phone.enter("k7m2q")
    await made.ask()
    await made.on()
    await made.ask()
    send = phone.page.get_by_role("button", name="Send my choice")
    await expect(send).to_be_disabled()
    await phone.page.get_by_role("checkbox").nth(0).focus()
    await phone.page.keyboard.press("Space")
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Space")
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.locator("#got-it")).to_be_visible()
    await expect(phone.page.locator("#got-it b")).to_have_text("A, C")
    assert await picked(made) == [0b101]


async def test_who_is_sent_out_is_told_at_once(phone: Phone, sign_in: SignIn, redis: Redis) -> None:
    made = await stage(redis, (await sign_in("organiser")).id)
    await phone.enter("k7m2q")
    await made.ask()
    await made.remove(phone.who.id)
    await expect(phone.page.get_by_text("The host has sent you out of this room.")).to_be_visible()


async def test_leaves_fall_at_the_podium(phone: Phone, sign_in: SignIn, redis: Redis) -> None:
    made = await stage(redis, (await sign_in("organiser")).id)
    await phone.enter("k7m2q")
    for _ in QUESTIONS:
        await made.ask()
        await phone.page.locator("form[data-answer] .option").first.click()
        if await phone.page.locator("[data-send]").count():
            await phone.page.locator("[data-send]").click()
        await expect(phone.page.locator("#got-it")).to_be_visible()
        await made.on()
        await expect(phone.page.locator(".room-reveal")).to_be_visible()
    await made.on()
    await expect(phone.page.locator(".podium-name")).to_have_text("李娜")
    await expect(phone.page.locator(".joy")).to_have_count(1)
    await expect(phone.page.get_by_text("You are on the podium.")).to_be_visible()
    await expect(phone.page.locator(".tally [data-mine=right]")).to_have_text("1")
