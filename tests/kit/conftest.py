"""Kits opened from files, in browsers without a network."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.chromium import launched
from tests.kit.drawn import Draw
from tests.kit.driving import Table

STORAGE_THROWS = """
    Object.defineProperty(window, "localStorage", { get: function () { throw new Error("forbidden"); } });
"""
NO_SUBTLE = """
    Object.defineProperty(Crypto.prototype, "subtle", { get: function () { return undefined; } });
"""

Open = Callable[..., Table]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """`opened(draw, program)`: a kit in a file, open in a machine of its own without network and with a clock that the
    test moves. `machine`: open it on a machine that is there already; `scripts` run before the page's own; more keyword
    arguments go to the context. Fails in the end when a page had an error or asked for anything but its own file."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else wrong.append(asked.url),
        )

    def open_one(
        draw: Draw, program: bytes, *, machine: Table | None = None, scripts: tuple[str, ...] = (), **more: object
    ) -> Table:
        path = tmp_path / f"{draw.manifest.draw_id}-{len(contexts)}.html"
        path.write_bytes(program)
        if machine is None:
            settings = {"viewport": {"width": 1366, "height": 768}, "offline": True, "accept_downloads": True, **more}
            contexts.append(chromium.new_context(**settings))  # type: ignore[arg-type]
            for script in scripts:
                contexts[-1].add_init_script(script)
            page = contexts[-1].new_page()
        else:
            page = machine.page.context.new_page()
        watch(page)
        page.clock.install()
        page.goto(path.as_uri())
        return Table(page, draw)

    yield open_one
    for context in contexts:
        context.close()
    assert not wrong
