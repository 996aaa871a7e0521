"""A served Laurel over a data folder of its own, and one Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.chromium import launched
from tests.journey.watching import Watched
from tests.server.laurel import Running

ORGANISATION = "Harbour Union"

Open = Callable[..., Watched]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    """`laurel serve` with its own PostgreSQL, Valkey, web and worker processes."""
    running = Running(tmp_path / "data", "serve", LAUREL_PORT="0", LAUREL_ORGANISATION=ORGANISATION)
    yield running
    running.end()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """`opened("name", PHONE, locale="zh-CN")`: a browser of its own, closed in the end."""
    made: list[Watched] = []

    def open_one(name: str, viewport: dict[str, int], **more: object) -> Watched:
        made.append(Watched(chromium, name, viewport, **more))  # type: ignore[arg-type]
        return made[-1]

    yield open_one
    for one in made:
        one.close()
