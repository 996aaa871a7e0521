"""Pass the tests near the last change, in about a minute and a half: `python -m tests.near` (or `make near`).

The last change is what the working tree has that HEAD has not, and HEAD's own commit. Near are, in this order: what was
changed itself; what keeps arrows, words and declarations; tests that stand where the change stands (tests mirror the
tree); tests that import it; tests of the same noun; and tests that import it through one or two others. Taken are as
many as the time allows, by what they took the last time they were run whole here (tests/conftest.py keeps that); what
is left out is printed. `make test` leaves nothing out.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import grimp
import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ("server", "games", "rewards", "workers", "tests")
SECONDS: Final = ROOT / ".pytest_cache" / "v" / "laurel" / "seconds"
"""Test file -> the seconds that its tests took together, as one process sees it."""

WORKERS: Final = 2
BUDGET: Final = 60.0 * WORKERS
"""Seconds of tests; starting their servers and the rest of the minute and a half comes on top."""
UNKNOWN: Final = 5.0
"""Seconds that a file takes which was never run here."""
NO_NOUNS: Final = {*PACKAGES, "desk", "phone", "screen", "frame", "texts", "migrations"}
"""Folders that nearly every noun has a part in."""
ALWAYS: Final = ("test_arrows.py", "test_i18n.py", "test_words.py", "test_nouns.py")
FARTHEST: Final = 3
"""Imports between a test and what it is still near to."""

Graph = Mapping[str, Set[str]]
"""Module -> those that import it."""


@dataclass(frozen=True, slots=True)
class House:
    """What there is: test files, nouns, and who imports whom."""

    tests: Set[str]
    nouns: Set[str]
    importers: Graph


def near(changed: Iterable[str], resources: House) -> dict[str, int]:
    """Test file -> how far it is from these changed files, 0 for the nearest; without those that are not near."""
    found = {test: 1 for test in resources.tests if test.rpartition("/")[2] in ALWAYS}

    def at(distance: int, tests: Iterable[str]) -> None:
        for test in tests:
            found[test] = min(distance, found.get(test, distance))

    for path in map(PurePosixPath, changed):
        at(0, resources.tests & {str(path)})
        if path.parts[0] == "tests":
            if path.stem == "conftest":
                at(2, _below(str(path.parent), resources))
        else:
            at(2, _mirrored(path, resources))
            nouns = words(str(path.with_suffix(""))) & resources.nouns
            at(4, (test for test in resources.tests if words(test) & nouns))
        for hops, tests in enumerate(_importing(path, resources), 1):
            at(3 if hops == 1 else 3 + hops, tests)
    return found


def words(path: str) -> set[str]:
    """Those that a path is put together of, each as of one: tests/draws/test_rules.py is about a rule of a draw."""
    apart = path.removesuffix(".py").replace("/", " ").replace("_", " ").split()
    return {word.removesuffix("s") for word in apart}


def _below(folder: str, resources: House) -> set[str]:
    return {test for test in resources.tests if test.startswith(f"{folder}/")}


def _mirrored(path: PurePosixPath, resources: House) -> set[str]:
    """Those of the same name at the same place, else all at that place, or at the nearest above it but the top."""
    for folder in [path.with_suffix(""), *path.parents][:-2]:
        same = {f"tests/{folder.parent}/test_{folder.name}.py"} & resources.tests
        there = {test for test in resources.tests if str(PurePosixPath(test).parent) == f"tests/{folder}"}
        if same or there:
            return same | there
    return set()


def _importing(path: PurePosixPath, resources: House) -> Iterable[set[str]]:
    """The test files that import a module directly, through one other, and so on."""
    seen: set[str] = set()
    now = {".".join(path.with_suffix("").parts).removesuffix(".__init__")} & resources.importers.keys()
    for _ in range(FARTHEST):
        now = {one for module in now for one in resources.importers[module]} - seen
        seen |= now
        yield {f"{module.replace('.', '/')}.py" for module in now} & resources.tests


def chosen(distances: Mapping[str, int], seconds: Mapping[str, float], budget: float = BUDGET) -> list[str]:
    """The nearest that fit into the budget, nearest first, of one distance the quick ones first; one at least."""
    taken: list[str] = []
    for test in sorted(distances, key=lambda test: (distances[test], seconds.get(test, UNKNOWN), test)):
        cost = seconds.get(test, UNKNOWN)
        if cost <= budget or not taken:
            taken.append(test)
            budget -= cost
    return taken


def look() -> House:
    """The house as it stands."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    importers = {module: graph.find_modules_that_directly_import(module) for module in graph.modules}
    rooms = (ROOT / "rewards", ROOT / "games", ROOT / "server" / "web", ROOT / "tests")
    folders = [one for room in rooms for one in room.iterdir()]
    return House(
        tests={str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")},
        nouns={word for one in folders if one.is_dir() and one.name not in NO_NOUNS for word in words(one.name)},
        importers=importers,
    )


def last_change() -> list[str]:
    """Paths from the root, of files that are gone too."""
    paths: set[str] = set()
    for asked in ("diff --name-only HEAD", "diff --name-only HEAD~1 HEAD", "ls-files --others --exclude-standard"):
        told = subprocess.run(["git", *asked.split()], cwd=ROOT, capture_output=True, text=True, check=True)
        paths |= set(told.stdout.splitlines())
    return sorted(paths)


def main() -> int:
    """The tests' own exit status."""
    changed = last_change()
    distances = near(changed, look())
    seconds: dict[str, float] = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
    taken = chosen(distances, seconds)
    left = sorted(set(distances) - set(taken), key=lambda test: (distances[test], test))
    print(f"near {len(changed)} changed files: {len(taken)} files of tests", flush=True)
    if left:
        missed = round(sum(seconds.get(test, UNKNOWN) for test in left))
        print(f"left out, {missed} s, nearest first (`make test` passes all): {' '.join(left)}", flush=True)
    return int(pytest.main(["-n", str(WORKERS), *taken]))


if __name__ == "__main__":
    sys.exit(main())
