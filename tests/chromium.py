"""One way to start Chromium, and one patience with it: driven step by step, or on the event loop."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright import async_api, sync_api

from tests import patience
from tests.browser_setup import find

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_MILLISECONDS = 1000 * patience.SECONDS

for expect in (sync_api.expect, async_api.expect):
    expect.set_options(timeout=_MILLISECONDS)


def picture(name: str) -> Path | None:
    """Where a picture is kept for people to look at: in the folder that LAUREL_TEST_PICTURES names. None without."""
    folder = os.environ.get("LAUREL_TEST_PICTURES")
    return Path(folder).absolute() / f"{name}.png" if folder else None


@contextmanager
def launched() -> Iterator[sync_api.Browser]:
    """A browser that asks nobody for anything by itself; closed in the end."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_path(), args=ARGUMENTS)
        browser.on("context", lambda context: context.set_default_timeout(_MILLISECONDS))
        yield browser
        browser.close()


@asynccontextmanager
async def launched_on_the_loop() -> AsyncIterator[async_api.Browser]:
    """As above."""
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_path(), args=ARGUMENTS)
        browser.on("context", lambda context: context.set_default_timeout(_MILLISECONDS))
        yield browser
        await browser.close()


def _path() -> str:
    path = find()
    assert path is not None, "no Chromium: python -m tests.browser_setup"
    return path
