"""docs/adding-a-noun.md, carried out on a copy of the tree; each of its declarations, taken out again, is missed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "adding-a-noun.md").read_text("utf-8")
FILES = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EDITS = re.compile(r"^```diff (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("server", "games", "rewards", "workers", "templates", "tests", "docs", "pyproject.toml")

MISSED = """
import dataclasses, inspect, sys
from tests.server.web import test_nouns
from tests.server.web import messages
from server.web import nouns
from server.web.donations.noun import DONATIONS
from server.web.frame.listing import Declared, Listing

field, empty = sys.argv[1], type(getattr(DONATIONS, sys.argv[1]))()
lacking = dataclasses.replace(DONATIONS, **{field: empty})
listed = tuple(lacking if one is DONATIONS else one for one in nouns.NOUNS)
try:
    listing = Listing(listed)
except Declared as error:
    sys.exit(f"missed by Declared: {error}")
test_nouns.LISTING = listing
messages.NOUNS = test_nouns.NOUNS = listed
for name, test in vars(test_nouns).items():
    if name.startswith("test_") and list(inspect.signature(test).parameters) in ([], ["noun"]):
        try:
            test(lacking) if inspect.signature(test).parameters else test()
        except AssertionError:
            sys.exit(f"missed by {name}")
"""
"""Exits 1 and names what misses the declaration, 0 when nothing does."""


def applied(folder: Path) -> list[str]:
    """Carry the guide out in a copy of the tree; the files that were edited."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for path, text in FILES.findall(GUIDE):
        assert not (folder / path).exists(), path
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    edited = []
    for path, diff in EDITS.findall(GUIDE):
        lines = [line[1:] for line in diff.splitlines(keepends=True)]
        before = "".join(line[1:] for line in diff.splitlines(keepends=True) if not line.startswith("+"))
        text = (folder / path).read_text("utf-8")
        assert text.count(before) == 1, (path, before)
        (folder / path).write_text(text.replace(before, "".join(lines)), "utf-8")
        edited.append(path)
    return edited


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    applied(folder)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of Python in the copy."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_edits_one_product_file_and_one_test_file(tmp_path: Path) -> None:
    edited = set(applied(tmp_path))
    assert edited == {"server/web/nouns.py", "tests/server/web/test_matrix.py"}


def test_the_noun_keeps_every_guard_and_works(copy: Path) -> None:
    done = run(
        copy,
        *(
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/server/web/donations",
            "tests/server/web/test_nouns.py",
        ),
        *("tests/rewards/test_migrations.py", "-k", "donations or noun or every or column"),
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    linted = run(copy, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))")
    assert linted.returncode == 0, linted.stdout[-3000:]


@pytest.mark.parametrize(
    "field", ["handlers", "permissions", "doors", "ways", "texts", "statuses", "areas", "earnings"]
)
def test_a_declaration_that_is_left_out_is_missed(copy: Path, field: str) -> None:
    done = run(copy, "-c", MISSED, field)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "missed by" in done.stderr, done.stderr
