"""What both journeys begin with: the first admin, the roster, a season, a quiz; done at the desk as people do it."""

import re
from datetime import date, timedelta

from playwright.sync_api import Page, expect

from rewards.sheets import write_xlsx

CODE = "Blue-valve-7"
ROSTER = (
    "staff number,name,unit\n"
    "1001,Li Na,Harbour/Cranes\n"
    "1002,王芳,Harbour/Quay\n"
    "1003,Chen Wei,Harbour/Cranes\n"
    "1004,Zhao Min,Harbour/Quay\n"
    "1005,Sun Li,Harbour/Cranes\n"
    "1006,Wu Hao,Harbour/Quay\n"
    "1007,周强,Harbour/Quay\n"
    "1008,Lin Tao,Harbour/Cranes\n"
)
CUSTODIANS = ("Sun Li", "周强")
"""They belong to different units and take no part in the draw."""
WITNESS = "Wu Hao"
KAHOOT = (
    ("Question", "Answer 1", "Answer 2", "Answer 3", "Answer 4", "Time limit (sec)", "Correct answer(s)"),
    ("Which valve is closed first?", "The red one", "The blue one", "The green one", "None", 240, 2),
    ("Where do we meet after an alarm?", "At the gate", "In the canteen", "On the quay", "At the lift", 240, 1),
)


def kahoot_sheet() -> bytes:
    """The spreadsheet that Kahoot gives out, filled in."""
    return write_xlsx([*[()] * 7, *(("", *row) for row in KAHOOT)], "Sheet1")


def at(path: str) -> re.Pattern[str]:
    """An address that ends with this path, whatever is asked behind it."""
    return re.compile(re.escape(path) + r"(\?.*)?$")


def become_admin(desk: Page, link: str) -> None:
    """By the link that the start printed."""
    desk.goto(link)
    desk.get_by_label("Your name").fill("Wang Min")
    desk.get_by_label("Staff number").fill("A-1")
    desk.get_by_label("Your code").fill(CODE)
    desk.get_by_role("button", name="Set up and go to the desk").click()
    expect(desk).to_have_url(at("/desk"))


def confirm(desk: Page, words: str) -> None:
    """Press what asks once, then the same words in the question."""
    desk.locator("details.confirm > summary", has_text=words).click()
    desk.locator("details.confirm button[type=submit]:visible", has_text=words).click()


def open_season(desk: Page, base: str) -> None:
    """One that covers today."""
    desk.goto(f"{base}/desk/seasons")
    form = desk.locator("form[action='/desk/seasons']")
    form.get_by_label("Name").fill("Autumn")
    form.get_by_label("First day").fill((date.today() - timedelta(days=30)).isoformat())
    form.get_by_label("Last day").fill((date.today() + timedelta(days=60)).isoformat())
    form.get_by_role("button", name="Open the season").click()
    expect(desk.get_by_text("Running")).to_be_visible()


def import_roster(desk: Page, base: str) -> None:
    """Choose the file, look at the preview, apply it."""
    desk.goto(f"{base}/desk/members/import")
    desk.locator("input[type=file]").set_input_files(
        {"name": "roster.csv", "mimeType": "text/csv", "buffer": ROSTER.encode()}
    )
    desk.get_by_role("button", name="Preview").click()
    expect(desk.locator("table")).to_contain_text("王芳")


def apply_roster(desk: Page) -> None:
    desk.get_by_role("button", name="Import", exact=True).click()
    expect(desk.locator("#notices")).to_contain_text("8")
    expect(desk.locator("#list")).to_contain_text("Li Na")


def import_quiz(desk: Page, base: str) -> None:
    """As above; ends at the preview."""
    desk.goto(f"{base}/desk/quizzes/import")
    desk.locator("input[type=file]").set_input_files(
        {
            "name": "Alarm.xlsx",
            "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "buffer": kahoot_sheet(),
        }
    )
    desk.get_by_role("button", name="Preview").click()
    expect(desk.locator("main")).to_contain_text("Which valve is closed first?")


def apply_quiz(desk: Page) -> None:
    desk.get_by_label("Title").fill("Alarm")
    desk.get_by_role("button", name="Import", exact=True).click()
    expect(desk.get_by_role("heading", name="Alarm")).to_be_visible()


def press_next(desk: Page) -> None:
    """The space bar on the page of a room, until a press counts: one that comes too soon after the last does not."""
    counted = False
    while not counted:
        expect(desk.locator("form[data-sending]")).to_have_count(0)
        with desk.expect_response(re.compile("/moves$")) as answer:
            desk.keyboard.press("Space")
        counted = answer.value.status == 204


def personal_link(desk: Page, base: str, name: str) -> str:
    """Made on the member's page and shown once."""
    desk.goto(f"{base}/desk/members?text={name}")
    desk.get_by_role("link", name=name).click()
    confirm(desk, "Make a sign-in link")
    words = desk.locator("code.break").inner_text()
    assert words.startswith(f"{base}/in/")
    return words
