"""A Chromium with core.js and verify.js loaded, and nothing else: the page is empty and has no address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from server.web.frame import files
from tests.chromium import launched

CORE = files.STATIC / "draw" / "core.js"
SIGNATURE = files.STATIC / "draw" / "signature.js"
VERIFY = files.STATIC / "draw" / "verify.js"
CHECK = files.STATIC / "draw" / "check.js"
GLUE = Path(__file__).with_name("glue.js")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


@pytest.fixture(scope="package")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all tests of this folder: the scripts keep no state between calls."""
    opened = browser.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    for script in (CORE, SIGNATURE, VERIFY, CHECK, GLUE):
        opened.add_script_tag(content=script.read_text("utf-8"))
    yield opened
    assert broken == []
