"""An import in a real browser, from the file as it is kept to everybody on the roster, on a laptop and on a phone."""

import asyncio

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import FilePayload, expect

from rewards.members import queries
from rewards.sheets import Sheet, read_rows, write_csv, write_xlsx
from tests.server.web.conftest import SignIn
from tests.server.web.serving import Served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROSTER = [
    ["Staff number", "Name", "Unit", "Joined"],
    ["1", "Li Na", "Plant/Line 1", "2024-03-01"],
    ["2", "", "Plant/Line 1", "2024-03-01"],
    ["3", "Wang Fang", "Plant/Line 2", "01/03/2024"],
    ["4 5", "Zhao Min", "Plant/Line 2", "2024-03-01"],
    ["6", "Ma Lan", "Office", ""],
]
WHYS = [
    "What is wrong",
    "The name is missing.",
    "“01/03/2024” is not a clear date. Write it as 2024-03-01.",
    "The staff number “4 5” may hold only letters, digits, hyphens, points and slashes, without blanks.",
]


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


@pytest.mark.parametrize("size", [(1366, 768), (360, 640)], ids=["laptop", "phone"])
async def test_three_wrong_rows_come_back_are_mended_and_everybody_is_in(
    served: Served, browser: Chromium, sign_in: SignIn, size: tuple[int, int]
) -> None:
    who = await sign_in("organiser")
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=served.address)
    await who.enter(context, served.address)
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    await page.goto("/desk/members/import")
    await page.set_input_files("input[type=file]", file("roster.csv", write_csv(ROSTER)))
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="3 rows cannot be taken")).to_be_visible()
    await page.get_by_role("link", name="Not taken (3)").click()
    for why in WHYS[1:]:
        await expect(page.get_by_text(why)).to_be_visible()
    await page.get_by_role("button", name="Import the rows that can be taken").click()
    await expect(page.get_by_text("The roster was imported: 2 new")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Rows to mend, Excel").click()
    got = await download.value
    assert got.suggested_filename == "roster-rest.xlsx"
    data = await asyncio.to_thread((await got.path()).read_bytes)
    sheet = read_rows(data, got.suggested_filename)
    assert isinstance(sheet, Sheet)
    rows = [list(row) for row in sheet.rows]
    assert [row[-1] for row in rows] == WHYS
    rows[1][1], rows[2][3], rows[3][0] = "Chen Jie", "2024-03-01", "45"
    await page.get_by_role("link", name="Another file").click()
    await page.set_input_files("input[type=file]", file("mended.xlsx", write_xlsx(rows, "rest")))
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_text("The roster was imported: 3 new")).to_be_visible()
    assert {one.staff_number for one in await queries.members()} == {"1", "2", "3", "45", "6", "T0001"}
    assert [one.path for one in await queries.unit_tree()] == [
        ("Office",),
        ("Plant",),
        ("Plant", "Line 1"),
        ("Plant", "Line 2"),
    ]
    assert broken == []
