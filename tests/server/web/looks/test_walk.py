"""Every page in both languages, as eyes, thumbs and screen readers meet it: one load of each, looked at in turn.

What is asked of a page:

- axe finds no fault of WCAG 2.2 A and AA nor of its best practices, in light in English and in dark in Chinese (no
  colour hangs on a language: test_kit.py), and none of contrast where a page is made to be printed; no bar and no
  print button comes on that paper.
- every fold (`<details>`) has a sign drawn beside its words; what asks before it does (data-confirm) is a button.
- no Chinese words stand apart as English ones do: a space behind a Chinese stop, an English colon.
- no words of ours are cut off; no line is drawn with nothing above it; no words stand in a box that is far too high.
- no list of choices stops its form from being sent with what it stands at.
- the main menu marks where one is, on every page that belongs to one of its ways or doors.
- 1920x1080, desk: where there is a table or a grid, one of them is wider than half of the window. Forms that keep
  to a readable line (narrow), sheets of paper and asides are left out.
- 360x640: nothing makes the page wider than the window, and no cell of a table is squeezed to a few letters a line.
  Whatever the Tab key reaches is at least 44x44 CSS px (WCAG 2.5.5): its own box with its padding, or that of the label
  around a checkbox, a radio or a file. Left out is only a link in a sentence: one that is laid out inline, in a block
  that also has words which nothing presses.
- 360x640: what has the focus is scrolled to where nothing that sticks to an edge covers its upper end, middle or
  lower end.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page

from server.web.frame.noun import Tab
from server.web.nouns import LISTING
from tests.server.web.conftest import Browser, add_member
from tests.server.web.serving import Served
from tests.server.web.test_matrix import Visitor
from tests.server.web.world import World, build

pytestmark = [pytest.mark.browser]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
QUICK: Mapping[str, Any] = {"resultTypes": ["violations"], "selectors": False, "preload": False}
RULES: Mapping[str, Any] = {
    **QUICK,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": False}, "css-orientation-lock": {"enabled": False}},
}
"""Without those for which look.js asks more (24 px), or which would load every style again (turned phones)."""
CONTRAST: Mapping[str, Any] = {**QUICK, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
ALWAYS = ("apart", "unmarked", "cut", "ruled", "hollow", "stuck")
MENU = ".bottom-bar, .left-bar nav"
BAR: Mapping[Tab, str] = {"today": "/", "take_part": "/play", "boards": "/boards", "rewards": "/rewards", "me": "/me"}
PRINTED = "[data-print], .sheet, .paper, .slips, .barrel-sheet"

Scheme = Literal["light", "dark"]
Who = Literal["admin", "custodian", "winner", "stranger"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A page to look at: how it is called in a failure, and who looks. `status`: of its answer."""

    name: str
    address: str
    who: Who = "admin"
    status: int = 200


async def stops(world: World, admin: Visitor) -> AsyncIterator[Stop]:
    """Every address that answers a GET, by who sees most there; draws in each state, rooms, doors and refusals."""
    others: Mapping[str, Who] = {
        "/sign-in": "stranger",
        "/in/{token:str}": "stranger",
        "/welcome/{token:str}": "stranger",
        "/draws/{slug:str}/custody": "custodian",
    }
    hidden = ("/desk/draws/pictures/{given:str}",)  # seen by who brought it
    routed = {path for one in LISTING.handlers if "GET" in one.http_methods for path in one.paths}  # type: ignore[union-attr]
    for path in sorted(routed):
        if not path.endswith("/live"):
            yield Stop(
                path, await admin.address("GET", path), others.get(path, "admin"), 404 if path in hidden else 200
            )
    for state in ("unsealed", "armed", "rolled", "drawn", "to_close"):
        yield Stop(f"draw {state}", f"/desk/draws/{world.draws[state]}")
    for state in ("frozen", "rolled", "drawn"):
        yield Stop(f"stage {state}", f"/desk/draws/{world.draws[state]}/stage")
    yield Stop("a draw that was won", f"/draws/{world.slug}", "winner")
    yield Stop("receipt", f"/draws/{world.slug}/receipt", "winner")
    yield Stop("draws that were won", "/draws", "winner")
    yield Stop("question at the desk", f"/desk/rooms/{world.asked}")
    yield Stop("question on the phone", "/rooms/hjkmn")
    yield Stop("end of a quiz", f"/desk/rooms/{world.asked}/confirm?move=end")
    yield Stop("a sentence on the desk", "/desk/screens?said=web.method")
    yield Stop("a sentence on the phone", "/me?said=web.method")
    yield Stop("nothing on the desk", "/desk/nothing", status=404)
    yield Stop("nothing on the phone", "/nothing", "stranger", status=404)
    yield Stop("not allowed", "/desk/settings", "winner", status=403)


def entry(path: str) -> str:
    """The address in the main menu that a page belongs to; "" when to none."""
    tab = LISTING.tab(path)
    if tab is not None:
        return BAR[tab]
    doors = [door.address for noun in LISTING.nouns for door in noun.doors]
    return max((one for one in doors if path == one or (one != "/desk" and path.startswith(f"{one}/"))), default="")


class Eyes:
    """A page of a browser that goes from stop to stop."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def _axe(self, options: Mapping[str, Any]) -> list[str]:
        found = await self.page.evaluate("(options) => axe.run(document, options)", options)
        return [
            f"{fault['id']}: {node['html'][:200]} {node['failureSummary'].partition(':')[2].strip()[:200]}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ]

    async def _look(self, *what: str) -> list[str]:
        return [fault for one in what for fault in await self.page.evaluate(f"look.{one}()")]

    async def _lost(self) -> list[str]:
        """What the main menu marks, when that is not where the page is."""
        at = entry(urlsplit(self.page.url).path)
        menu = self.page.locator(MENU)
        there = await menu.locator("a").evaluate_all("(all) => all.map((one) => one.pathname)")
        marked = await menu.locator("[aria-current]").evaluate_all("(all) => all.map((one) => one.pathname)")
        return [f"{marked} instead of {at}"] if marked != [at] and at in there else []

    async def see(self, address: str, scheme: Scheme) -> list[str]:
        """The faults of a page, each behind where it was seen."""
        page = self.page
        await page.set_viewport_size({"width": 1366, "height": 768})
        await page.emulate_media(color_scheme=scheme, media="screen", reduced_motion="reduce")
        await page.goto(address)
        await page.evaluate(AXE)
        await page.evaluate(LOOK)
        seen: dict[str, list[str]] = {scheme: await self._axe(RULES) + await self._look(*ALWAYS)}
        if await page.locator(PRINTED).count():
            await page.emulate_media(media="print")
            seen["print"] = await self._axe(CONTRAST) + await self._look("barred")
            await page.emulate_media(media="screen")
        if await page.locator("body[data-face=desk]").count():
            await page.set_viewport_size({"width": 1920, "height": 1080})
            seen["1920"] = await self._look("half")
        await page.set_viewport_size({"width": 360, "height": 640})
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seen["360"] = await self._look("small", "wide", "covered", "squeezed", *ALWAYS)
        seen["menu"] = await self._lost()
        return [f"{where}: {fault}" for where, faults in seen.items() for fault in faults]


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh-Hans", "dark")])
async def test_every_page_looks_as_it_should(
    client: Browser, served: Served, browser: Chromium, language: str, scheme: Scheme
) -> None:
    world = await build(client)
    admin = await add_member("Chief", "C-1", ["admin"])
    await world.join(admin)
    headers = {
        "admin": await world.enter(admin, ("admin",), language),
        "custodian": await world.enter(world.head, ("organiser",), language),
        "winner": await world.enter(world.winner, (), language),
        "stranger": world.stranger(language),
    }
    eyes = {}
    for who, sent in headers.items():
        context = await browser.new_context()
        for cookie in sent["cookie"].split("; "):
            name, _, value = cookie.partition("=")
            await context.add_cookies([{"name": name, "value": value, "url": served.address}])
        eyes[who] = Eyes(await context.new_page())
    faults = []
    async for stop in stops(world, Visitor(world, "admin", admin)):
        answer = await client.get(stop.address, headers=headers[stop.who])
        if answer.text.startswith("<!DOCTYPE html>") and "data-face=" in answer.text:
            assert answer.status_code == stop.status, stop
            faults += [
                f"{stop.name}: {fault}" for fault in await eyes[stop.who].see(served.address + stop.address, scheme)
            ]
        else:
            assert answer.status_code in (200, 204, 303), (stop, answer.status_code)
    assert faults == [], "\n".join(faults)
