"""A browser that is used by the keyboard alone."""

import re
from uuid import UUID

from playwright.async_api import Page, expect

from rewards.members.actions import set_code
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.world import CODE


async def signed_in(page: Page, member: UUID, number: str, address: str) -> None:
    """Ask for a page; it leads to the door, which is opened by staff number and code."""
    await set_code(member, CODE, now=now(), new_id=new_id)
    await page.goto(address)
    await press(page, "a[href^='/sign-in?next=']")
    await fill(page, "#field-staff_number", number)
    await fill(page, "#field-code", CODE)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"^[^?]+{re.escape(address)}$"))


async def reach(page: Page, selector: str, back: bool = False) -> None:
    """Press Tab until the focus is there, once there is such a thing."""
    await expect(page.locator(selector).first).to_be_attached()
    for _ in range(120):
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


async def press(page: Page, selector: str, key: str = "Enter") -> None:
    await reach(page, selector)
    await page.keyboard.press(key)


async def fill(page: Page, selector: str, text: str) -> None:
    await reach(page, selector)
    await page.keyboard.press("Control+A")
    await page.keyboard.type(text)


async def confirm(page: Page, action: str) -> None:
    """Open the question of a danger, go past its "Cancel", press its button."""
    await press(page, f"details.confirm:has(form[action$='{action}']) > summary")
    await reach(page, f"dialog form[action$='{action}'] button[type=submit]", back=True)
    await page.keyboard.press("Enter")
