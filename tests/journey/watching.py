"""A page of a real browser that is watched: what its console says, whether it fits, whether a thumb can hit it."""

import re
from collections.abc import Iterable

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.chromium import picture

PHONE = {"width": 360, "height": 640}
WALL = {"width": 1920, "height": 1080}
LAPTOP = {"width": 1366, "height": 768}
THUMB = 44
"""CSS pixels of a target's sides, at least."""

_TOO_SMALL = """(least) => {
  const found = [];
  for (const one of document.querySelectorAll('a, button, summary, select, textarea, input:not([type=hidden])')) {
    if (one.closest('.skip, .visually-hidden, [hidden], [aria-hidden=true]') || !one.checkVisibility()) continue;
    const target = one.closest('label') || one;
    if (getComputedStyle(target).display === 'inline') continue;  // a link in a sentence
    const box = target.getBoundingClientRect();
    if (box.width && box.height && (box.width < least - 0.5 || box.height < least - 0.5)) {
      const words = (target.innerText || target.name || '').trim().slice(0, 40);
      found.push(`${target.tagName} "${words}" ${box.width}x${box.height}`);
    }
  }
  return found;
}"""

_TOO_WIDE = """() => {
  const found = [], wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) found.push(`page ${document.documentElement.scrollWidth}`);
  for (const one of document.body.querySelectorAll('*')) {
    if (one.closest('.visually-hidden, .skip, svg, canvas, [hidden]') || !one.checkVisibility()) continue;
    let clipped = false;
    for (let up = one.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflowX !== 'visible') { clipped = true; break; }
    }
    const box = one.getBoundingClientRect();
    if (!clipped && box.width && (box.right > wide + 1 || box.left < -1)) {
      found.push(`${one.tagName}.${one.className} ${Math.round(box.left)}..${Math.round(box.right)}`);
    }
  }
  return found.slice(0, 5);
}"""


class Watched:
    """One browser of one person or wall. `look` at every station; nothing may stand in the console in the end."""

    def __init__(
        self, browser: Browser, name: str, viewport: dict[str, int], *, locale: str = "en-GB", scripts: bool = True
    ) -> None:
        self.name = name
        self.thumbs = viewport["width"] <= 480
        self.said: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport=viewport,
            locale=locale,
            java_script_enabled=scripts,
            has_touch=self.thumbs,
            device_scale_factor=2 if self.thumbs else 1,
        )
        self.scripts = scripts
        self.page: Page = self.new_page()

    def new_page(self) -> Page:
        """Another tab of the same browser, watched as well."""
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"page error: {error}"))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def look(self, station: str, page: Page | None = None) -> None:
        """A picture of the whole page, and: nothing sticks out at the side, every target is large enough."""
        shown = page or self.page
        if path := picture(f"{station}-{self.name}"):
            shown.screenshot(path=path, full_page=True)
        if self.scripts:  # without, nothing can be measured
            assert shown.evaluate(_TOO_WIDE) == [], (self.name, station)
            if self.thumbs:
                assert shown.evaluate(_TOO_SMALL, THUMB) == [], (self.name, station)

    def expect_quiet(self, *allowed: str) -> None:
        """No error and no warning was written to the console, but for these (regular expressions)."""
        loud = [words for words in self.said if not any(re.search(pattern, words) for pattern in allowed)]
        assert loud == [], self.name

    def press_to(self, target: Locator, most: int = 40) -> None:
        """Go to the target with the Tab key alone."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if target.evaluate("one => one === document.activeElement"):
                expect(target).to_be_focused()
                return
        raise AssertionError(f"{self.name}: not reached by the keyboard: {target}")

    def close(self) -> None:
        self.context.close()


def whole_on_screen(page: Page, parts: Iterable[Locator]) -> None:
    """Everything of these can be seen without scrolling."""
    assert page.evaluate("() => window.scrollY") == 0
    size = page.viewport_size
    assert size is not None
    for part in parts:
        expect(part).to_be_visible()
        box = part.bounding_box()
        assert box is not None
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= size["height"], (part, box)
