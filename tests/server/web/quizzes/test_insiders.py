"""Who is about to see right answers is told what it costs and decides; until then none is shown. His phone says it."""

import re
from uuid import UUID

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect
from redis.asyncio import Redis

from games.quizzes import actions, queries
from rewards import database as db
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.conftest import Browser, Phone, SignedIn, SignIn
from tests.server.web.quizzes.rooms import CODE, QUESTIONS, WHY, Stage, following, stage
from tests.server.web.quizzes.test_play import answer
from tests.server.web.quizzes.test_rooms import press
from tests.server.web.serving import Served

TOLD = "does not score in it from then on"
OUTSIDE = "so your answers bring no points and no place"
SHOWN = re.compile("|".join(["is-right", WHY, *(one.text[:12] for one in QUESTIONS), *QUESTIONS[0].options]))


async def made(redis: Redis, sign_in: SignIn) -> tuple[Stage, UUID]:
    """A room of somebody else's, and its quiz."""
    there = await stage(redis, (await sign_in("organiser", name="Host")).id)
    return there, await db.value("SELECT quiz FROM room WHERE id = $1", there.room)


def hidden(page: str, words: str) -> bool:
    """Whether the part of a phone's page with these words is not shown to who asked."""
    found = re.findall(r'<\w+[^>]*data-mine-when="!?outside"[^>]*>(?:(?!data-mine-when).)*?' + words, page, re.DOTALL)
    assert found, words
    return all(re.match(r"<[^>]* hidden>", one) for one in found)


@pytest.mark.parametrize("role", ["organiser", "reviewer", "auditor", "admin"])
async def test_a_quiz_shows_its_answers_after_a_decision(
    client: Browser, sign_in: SignIn, redis: Redis, role: str
) -> None:
    _, quiz = await made(redis, sign_in)
    who, other = await sign_in(role), await sign_in(role)
    address = f"/desk/quizzes/{quiz}"
    page = (await client.get(address, headers=who.headers)).text
    assert TOLD in page
    assert not SHOWN.search(page)
    assert "You are in a room of this quiz" not in page
    assert (await client.post(f"{address}/answers", headers=who.headers)).headers["location"] == address
    assert (await client.post(f"{address}/answers", headers=who.headers)).status_code == 303
    page = (await client.get(address, headers=who.headers)).text
    assert TOLD not in page
    assert "You have known these answers since" in page
    assert page.count('class="is-right"') == 3
    assert not SHOWN.search((await client.get(address, headers=other.headers)).text)
    seen = await db.rows("SELECT actor, subject FROM audit_entry WHERE code = 'quiz.answers_seen'")
    assert [tuple(one) for one in seen] == [(who.id, str(quiz))]


async def test_nothing_else_at_the_desk_shows_an_answer_before_the_reveal(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    there, quiz = await made(redis, sign_in)
    who = await sign_in("admin")
    lists = (
        "/desk",
        "/desk/quizzes",
        "/desk/quizzes/export/csv",
        "/desk/find?text=valve",
        "/desk/audit",
        "/desk/rooms",
    )
    pages = (*lists, f"/desk/quizzes/{quiz}", f"/desk/rooms/{there.room}", f"/desk/rooms/{there.room}/players")
    for state in ("lobby", "question"):
        for address in pages:
            page = await client.get(address, headers=who.headers)
            assert page.status_code == 200, address
            assert not re.search(f"is-right|{WHY}", page.text), (state, address)
        await there.on()


async def test_who_plays_just_now_is_told_that_too(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    there, quiz = await made(redis, sign_in)
    who = await sign_in("auditor")
    await client.post("/rooms", headers=who.headers, data={"code": CODE})
    assert "You are in a room of this quiz" in (await client.get(f"/desk/quizzes/{quiz}", headers=who.headers)).text
    await there.ask()
    await actions.end_room(redis, there.room, expected=await there.version(), now=now(), new_id=new_id)
    assert "You are in a room of this quiz" not in (await client.get(f"/desk/quizzes/{quiz}", headers=who.headers)).text


async def test_whoever_brings_a_quiz_is_told_before_and_knows_it(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    assert "does not score in it" in (await client.get("/desk/quizzes/import", headers=who.headers)).text
    quiz = await actions.add_quiz("Mine", QUESTIONS, scoring="none", actor=who.id, now=now(), new_id=new_id)
    assert TOLD not in (await client.get(f"/desk/quizzes/{quiz}", headers=who.headers)).text


async def test_whoever_opens_or_leads_a_room_is_told_and_does_not_score(
    client: Browser, sign_in: SignIn, quiz: UUID, season: UUID
) -> None:
    who, second, third = await sign_in("organiser"), await sign_in("organiser"), await sign_in("organiser")
    told = "Whoever opens or leads a room does not score in its quiz."
    assert told in (await client.get("/desk/rooms", headers=who.headers)).text
    assert told in (await client.get(f"/desk/quizzes/{quiz}", headers=who.headers)).text
    await client.post("/desk/rooms", headers=who.headers, data={"quiz": str(quiz)})
    assert await queries.insider_since(quiz, who.id) is not None
    (room,) = await queries.rooms(live=True)
    assert told in (await client.get(f"/desk/rooms/{room.id}", headers=second.headers)).text
    for refused in ("skip", "fly"):
        await press(client, third, room.id, refused, 1)
    await press(client, third, room.id, "next", 7)
    assert await queries.insider_since(quiz, third.id) is None
    await press(client, second, room.id, "next", 1)
    assert await queries.insider_since(quiz, second.id) is not None
    led = await db.rows("SELECT actor, subject FROM audit_entry WHERE code = 'room.led'")
    assert [tuple(one) for one in led] == [(second.id, str(room.id))]


async def test_a_phone_says_that_it_plays_outside_the_board(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    there, quiz = await made(redis, sign_in)
    who, other = await sign_in("auditor", name="Look"), await sign_in(name="Play")
    await client.post(f"/desk/quizzes/{quiz}/answers", headers=who.headers)

    async def shown(by: SignedIn) -> str:
        return (await client.get(f"/rooms/{CODE}", headers=by.headers)).text

    for one in (other, who):
        await client.post("/rooms", headers=one.headers, data={"code": CODE})
    page = await shown(who)
    assert not hidden(page, OUTSIDE)
    assert hidden(await shown(other), OUTSIDE)
    assert '<b class="figure" data-count="players">1</b>' in page
    asked = await there.ask()
    assert not hidden(await shown(who), "Outside the board")
    assert hidden(await shown(other), "Outside the board")
    for one in (who, other):
        assert (await answer(client, one, asked, 0)).status_code == 200
    await there.on()
    assert not hidden(await shown(who), "For fun")
    assert '<p class="outcome-points" data-mine-when="!outside" hidden>' in await shown(who)
    assert hidden(await shown(other), "For fun")
    screen = await queries.room(there.room)
    assert screen is not None
    assert screen.round is not None
    assert screen.round.answers == 1
    await actions.end_room(redis, there.room, expected=await there.version(), now=now(), new_id=new_id)
    page = await shown(who)
    assert not hidden(page, OUTSIDE)
    assert hidden(await shown(other), OUTSIDE)
    podium = page.partition('class="podium')[2].partition("</ol>")[0]
    assert ("Play" in podium, "Look" in podium) == (True, False)
    players = (await client.get(f"/desk/rooms/{there.room}/players", headers=who.headers)).text
    assert "1 player<" in players
    assert "Look" in players.partition("Outside the board")[2]


async def test_who_looks_during_a_room_drops_out_at_once_everywhere(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    there, quiz = await made(redis, sign_in)
    who, other = await sign_in("auditor"), await sign_in(name="Play")
    for one in (who, other):
        await client.post("/rooms", headers=one.headers, data={"code": CODE})
    asked = await there.ask()
    await answer(client, who, asked, 0)
    await answer(client, other, asked, 0)
    await there.on()
    async with following(client, f"/rooms/{there.room}/live", other.cookie) as stream:
        await stream.until('"place":2')
        await client.post(f"/desk/quizzes/{quiz}/answers", headers=who.headers)
        await stream.until('"place":1')
    page = (await client.get(f"/desk/rooms/{there.room}", headers=who.headers)).text
    assert page.count('class="board-row"') <= 1
    assert "1 answer<" in page


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("looks", [False, True])
async def test_an_auditor_is_told_decides_and_plays(
    phone: Phone, served: Served, browser: Chromium, sign_in: SignIn, redis: Redis, looks: bool
) -> None:
    """Told at the desk. Who does not look scores; who looks plays for fun, and his phone says so."""
    there, quiz = await made(redis, sign_in)
    who = await sign_in("auditor", member=phone.who.id)
    desk = await at_the_desk(browser, served, who)
    await desk.goto(f"{served.address}/desk/quizzes/{quiz}")
    await expect(desk.get_by_text(TOLD)).to_be_visible()
    await expect(desk.locator(".question-card")).to_have_count(0)
    await phone.enter(CODE)
    await expect(phone.page.get_by_text(OUTSIDE)).to_be_hidden()
    if looks:
        await desk.get_by_role("button", name="Show the answers").click()
        await expect(desk.locator(".is-right")).to_have_count(3)
        await expect(phone.page.get_by_text(OUTSIDE)).to_be_visible()
    await there.ask()
    badge = phone.page.get_by_text("Outside the board")
    await expect(badge).to_be_visible(visible=looks)
    await phone.page.get_by_role("button", name="Right one").click()
    await expect(phone.page.locator("#got-it")).to_be_visible()
    await there.on()
    await expect(phone.page.get_by_role("heading", name="Right", exact=True)).to_be_visible()
    points = phone.page.locator(".outcome-points")
    await expect(points).to_be_visible(visible=not looks)
    await actions.end_room(redis, there.room, expected=await there.version(), now=now(), new_id=new_id)
    over = phone.page.get_by_text("You played outside the board")
    congratulated = phone.page.get_by_text("You are on the podium")
    await expect(over if looks else congratulated).to_be_visible()
    await expect(congratulated if looks else over).to_be_hidden()
    await actions.post_room(there.room, day_of=lambda moment: moment.date(), now=now(), new_id=new_id)
    posted = await db.rows("SELECT requested FROM posting WHERE key = $1", f"quiz:{there.room}:{who.id}")
    assert [one["requested"] for one in posted] == ([] if looks else [1000])
    assert await queries.mismatches() == []


async def at_the_desk(browser: Chromium, served: Served, who: SignedIn) -> Page:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    await who.enter(context, served.address)
    return await context.new_page()
