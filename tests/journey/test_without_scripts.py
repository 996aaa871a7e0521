"""The same house for a browser without JavaScript: forms are posted, pages are asked for again."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journey import house
from tests.journey.conftest import Open
from tests.journey.house import CODE, at
from tests.journey.watching import LAPTOP, PHONE, WALL
from tests.server.laurel import Running

pytestmark = pytest.mark.browser


def press(desk: Page, words: str) -> None:
    """Until it counts: what comes too soon after the last move does not, and the page says so."""
    version = desk.locator("[data-version]")
    before = version.get_attribute("data-version")
    while version.get_attribute("data-version") == before:
        with desk.expect_navigation():
            desk.get_by_role("button", name=words).click()


def test_a_quiz_is_led_and_played_without_javascript(served: Running, opened: Open) -> None:
    base = served.said["url"]
    desk = opened("plain-desk", LAPTOP, scripts=False)
    at_desk = desk.page
    house.become_admin(at_desk, served.said["first_admin"])
    house.open_season(at_desk, base)
    house.import_roster(at_desk, base)
    house.apply_roster(at_desk)
    house.import_quiz(at_desk, base)
    house.apply_quiz(at_desk)
    link = house.personal_link(at_desk, base, "Li Na")

    # A code is set by the link; from then on staff number and code sign in on any phone.
    first = opened("plain-first", PHONE, scripts=False).page
    first.goto(link)
    first.get_by_role("button", name="Yes, sign me in").click()
    first.get_by_label("New code").fill(CODE)
    first.get_by_role("button", name="Save the code").click()
    expect(first.get_by_text("Your code is set.")).to_be_visible()
    phone = opened("plain-phone", PHONE, scripts=False)
    page = phone.page
    page.goto(f"{base}/sign-in")
    page.get_by_label("Staff number").fill("1001")
    page.get_by_label("Your code").fill("not-this-one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Tries left: 9")
    phone.look("31-wrong-code")
    page.get_by_label("Your code").fill(CODE)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".season-card")).to_be_visible()

    # The room: joined by its code, the question answered by a plain form, the result after a fresh look.
    at_desk.goto(f"{base}/desk/quizzes")
    at_desk.get_by_role("link", name="Alarm").click()
    at_desk.get_by_role("button", name="Open a room").click()
    code = at_desk.locator(".room-code").inner_text().strip()
    page.goto(f"{base}/play")
    page.get_by_label("Room code").fill(code)
    page.locator("form.join button").click()
    expect(page.locator("[data-state=lobby]")).to_be_visible()
    phone.look("32-lobby")
    press(at_desk, "Start the quiz")
    expect(at_desk.locator("[data-state=question]")).to_be_visible()
    page.get_by_role("link", name="Show what is new").click()
    expect(page.locator("form.answer")).to_be_visible()
    expect(page.locator("form.answer .option").last).to_be_in_viewport(ratio=1)
    phone.look("33-question")
    page.locator("form.answer .option").nth(1).click()
    expect(page).to_have_url(at(f"/rooms/{code}"))
    expect(page.locator("#got-it b")).to_have_text("B")
    expect(page.locator("form.answer")).to_be_hidden()
    phone.look("34-got-it")
    press(at_desk, "Close the question")
    expect(at_desk.locator("[data-state=reveal]")).to_be_visible()
    desk.look("35-reveal")
    page.reload()
    expect(page.locator(".outcome-right")).to_be_visible()
    expect(page.locator(".outcome-wrong")).to_be_hidden()
    points = int(page.locator(".outcome-points [data-mine=points]").inner_text().replace(",", ""))
    assert points > 500
    expect(page.locator(".tally [data-mine=place]")).to_have_text("1")
    phone.look("35-reveal")

    # On to the podium; whoever comes back by the same link is told that it has been used.
    for words in ("Next question", "Close the question", "To the podium"):
        press(at_desk, words)
    expect(at_desk.locator("[data-state=podium]")).to_be_visible()
    page.reload()
    expect(page.locator(".podium")).to_contain_text("Li Na")
    phone.look("36-podium")
    late = opened("plain-late", PHONE, scripts=False)
    late.page.goto(link)
    expect(late.page.get_by_role("alert")).to_contain_text("has been used")
    late.look("37-used-link")

    # A screen without scripts asks again by itself.
    at_desk.goto(f"{base}/desk/screens")
    at_desk.get_by_label("Name").fill("Old panel")
    at_desk.get_by_role("button", name="Set up").click()
    wall = opened("plain-wall", WALL, scripts=False)
    wall.page.goto(at_desk.locator("code.break").inner_text())
    expect(wall.page.locator(".podium-name").first).to_have_text("Li Na")
    assert re.search(r'http-equiv="refresh"', wall.page.content())
    wall.look("38-panel")
