"""One clock for all of Laurel: read in one place, never back, shared by processes and kept over their ends."""

import ast
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import database as db
from rewards.clocks.rules import SECOND, begun, seen
from server.runtime import clock, folder, timekeeping
from tests.laws import examples

ROOT = Path(__file__).resolve().parents[3]
WALL = {"time", "time_ns", "now", "utcnow", "today", "timestamp_ms", "localtime", "ctime"}
MODULES = {"time", "datetime", "date"}
ALLOWED = {"server/runtime/clock.py"}


def walls() -> Iterator[str]:
    """Where the source reads the wall clock of its machine, or another program's."""
    for room in ("rewards", "games", "server", "workers"):
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text())
            for node in ast.walk(tree):
                read = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                if read and node.attr in WALL and node.value.id in MODULES:  # type: ignore[attr-defined]
                    yield str(path.relative_to(ROOT))
                brought = isinstance(node, ast.ImportFrom) and node.module == "time"
                if brought and any(one.name in WALL for one in node.names):  # type: ignore[attr-defined]
                    yield str(path.relative_to(ROOT))
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "PXAT" in node.value:
                    yield f"{path.relative_to(ROOT)}: a life that ends by the clock of Redis"


def test_the_wall_clock_is_read_in_one_place() -> None:
    assert set(walls()) == ALLOWED


@dataclass
class Fake:
    """Two clocks that a test sets, in microseconds."""

    wall: int = 1_800_000_000 * SECOND
    steady: int = 5000 * SECOND
    CLOCK_MONOTONIC = time.CLOCK_MONOTONIC

    def time_ns(self) -> int:
        return self.wall * 1000

    def clock_gettime_ns(self, _clock: int) -> int:
        return self.steady * 1000


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(clock, "time", made)
    monkeypatch.setattr(clock, "_base", None)
    monkeypatch.setattr(clock, "_last", 0)
    return made


@examples(200, over_one_fixture=True)
@given(st.lists(st.tuples(st.integers(0, 100 * SECOND), st.integers(-9000 * SECOND, 9000 * SECOND)), max_size=30))
def test_time_never_goes_back(fake: Fake, acts: list[tuple[int, int]]) -> None:
    """Whatever the wall does, and while its little steps are followed."""
    kept = begun(fake.wall, fake.steady, None)
    clock.count_from(kept.base)
    last = clock.now()
    for gone, by in acts:
        fake.steady += gone
        fake.wall += gone + by
        kept = seen(kept, fake.wall - fake.steady)
        for _ in range(2):
            assert clock.now() >= last
            last = clock.now()
            clock.count_from(kept.base)


def test_only_what_is_taken_back_takes_it_back(fake: Fake) -> None:
    clock.count_from(0)
    before = clock.now()
    clock.count_from(-3600 * SECOND)
    assert (before - clock.now()).total_seconds() == 3600


def test_without_a_database_the_wall_is_all_there_is(fake: Fake) -> None:
    assert clock.now() == datetime.fromtimestamp(fake.wall / SECOND, UTC)
    assert clock.lead().total_seconds() == 0
    clock.count_from(fake.wall - fake.steady)
    fake.wall -= 3600 * SECOND
    assert clock.lead().total_seconds() == -3600


def test_a_machine_has_a_name_for_its_run() -> None:
    assert 30 <= len(clock.boot()) <= 80


def test_a_process_is_known_again_when_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says when it was started by its clock of now: an hour back, and it began an hour earlier."""
    known, started = folder.born(os.getpid()), psutil.boot_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: started - 3600)
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: started - 3600)
    assert folder.alive(os.getpid(), known) is not None
    assert folder.alive(os.getpid(), f"{known}1") is None


async def test_with_tables_of_old_it_goes_by_the_wall(database: str, fake: Fake) -> None:
    await db.rows("ALTER TABLE clock RENAME TO later")
    await timekeeping.look()
    assert clock.now() == datetime.fromtimestamp(fake.wall / SECOND, UTC)
    await db.rows("ALTER TABLE later RENAME TO clock")
    await timekeeping.look()
    fake.wall += 100 * SECOND
    assert clock.lead().total_seconds() == 100
