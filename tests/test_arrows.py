"""Every arrow that pyproject.toml draws bites: one import against it, planted in a copy, is found and named.

What a contract says of every noun is planted in every noun of the tree, so that a new one is held from its first day.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from itertools import chain, pairwise
from pathlib import Path

import pytest

from tests import patience

ROOT = Path(__file__).resolve().parents[1]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: list[str] = [contract["name"] for contract in LINTER["contracts"]]

PARTS = ("rules", "tables", "queries", "checks", "actions")
"""The parts of a noun; each may import those before it."""

NOUNS = [
    folder
    for package in ("rewards", "games", "server/web")
    for folder in sorted((ROOT / package).iterdir())
    if (folder / "__init__.py").exists()
]


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def parts_of(folder: Path) -> list[str]:
    """The parts that a noun has, as modules in their order."""
    return [module(folder / part) for part in PARTS if list(folder.glob(f"{part}.py")) or (folder / part).is_dir()]


DECLARED = [folder for folder in NOUNS if (folder / "noun.py").exists() and folder.name != "frame"]
RULES = [part for folder in NOUNS for part in parts_of(folder) if part.endswith(".rules")]
PURE = next(one for one in LINTER["contracts"] if one["name"] == "rules are pure")["source_modules"]

PLANTS: dict[str, list[tuple[str, str]]] = {
    "rewards imports nothing of ours": [
        ("rewards.ledger.actions", "games.quizzes.queries"),
        ("rewards.database", "server.runtime.clock"),
        ("rewards.outbox.actions", "workers.main"),
    ],
    "games imports only rewards": [
        ("games.quizzes.actions", "server.runtime.clock"),
        ("games.quizzes.queries", "workers.quizzes"),
    ],
    "server never imports workers": [("server.app", "workers.main"), ("server.web.quizzes.live", "workers.boards")],
    "workers never import the web": [
        ("workers.quizzes", "server.web.frame.live"),
        ("workers.main", "server.app"),
        ("workers.checks", "server.cli"),
    ],
    "the runtime knows no face and no game": [
        ("server.runtime.batch", "server.web.frame.live"),
        ("server.runtime.resources", "games.quizzes.queries"),
        ("server.runtime.logs", "server.app"),
        ("server.runtime.clock", "server.cli"),
    ],
    "a game reads the ledger, a draw never reads a game; nouns of rewards in one order": [
        ("rewards.boards.queries", "rewards.draws.queries"),
        ("rewards.ledger.queries", "rewards.boards.rules"),
        ("rewards.ledger.rules", "rewards.funds.rules"),
        ("rewards.funds.queries", "rewards.draws.queries"),
        ("rewards.funds.actions", "rewards.boards.rules"),
        ("rewards.boards.actions", "rewards.funds.tables"),
        ("rewards.members.actions", "rewards.ledger.queries"),
        ("rewards.outbox.actions", "rewards.members.queries"),
        ("rewards.outbox.queries", "rewards.audit.queries"),
        ("rewards.audit.actions", "rewards.outbox.actions"),
    ],
    "rules are pure": [
        ("games.quizzes.formats.kahoot", "random"),
        ("rewards.presses", "time"),
        ("rewards.members.roster_file", "time"),
        ("rewards.members.days", "time"),
        ("rewards.members.headings", "random"),
        ("rewards.members.nobody", "rewards.database"),
        ("rewards.members.spellings", "random"),
        ("rewards.ledger.earnings", "rewards.database"),
        ("rewards.draws.badges", "secrets"),
        ("rewards.draws.beacon", "time"),
        ("rewards.draws.claims", "time"),
        ("rewards.draws.eligibility", "rewards.database"),
        ("rewards.draws.pairing", "time"),
        ("rewards.draws.policy", "rewards.database"),
        ("rewards.draws.states", "secrets"),
        ("rewards.draws.terms", "rewards.database"),
        *((module, "random") for module in RULES),
    ],
    "inside a noun: actions -> checks -> queries -> tables -> rules": [
        (lower, upper) for folder in NOUNS for lower, upper in pairwise(parts_of(folder))
    ],
    "the frame of the pages knows no noun": [
        ("server.web.frame.pages", "server.web.today.desk"),
        *(("server.web.frame.forms", f"{module(folder)}.noun") for folder in DECLARED),
    ],
    "only the application reads the list of nouns": [
        (f"{module(folder)}.noun", "server.web.nouns") for folder in DECLARED
    ],
    "no circle among the pages of nouns": [("server.web.boards.desk", "server.web.quizzes.live")],  # told by folder
    "games stand beside each other": [("games.second.rules", "games.quizzes.rules")],  # a game of the copy alone
    "the verifier runs on a bare Python": [
        ("rewards.draws.verify", "msgspec"),
        ("rewards.draws.rules.tree", "rewards.database"),
        ("rewards.draws.rules.log", "py_ecc"),
        ("rewards.draws.rules.manifest", "cryptography"),
    ],
}
"""Contract -> (importer, imported), each of which it must find."""


def copy(folder: Path) -> Path:
    """The packages, their Python files only, and the contracts."""
    for package in LINTER["root_packages"]:
        shutil.copytree(ROOT / package, folder / package, ignore=_not_python)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _not_python(folder: str, names: list[str]) -> set[str]:
    inside = Path(folder)
    return {name for name in names if not (name.endswith(".py") or (inside / name).is_dir()) or name == "__pycache__"}


def plant(folder: Path, importer: str, imported: str) -> None:
    base = folder / Path(*importer.split("."))
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    if not file.parent.exists():
        file.parent.mkdir()
        (file.parent / "__init__.py").touch()
    with file.open("a") as source:
        source.write(f"\nimport {imported}\n")


def lint(folder: Path) -> tuple[int, str]:
    """(exit status, report) of the linter over a copy."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_contract_has_a_plant() -> None:
    assert sorted(PLANTS) == sorted(CONTRACTS)


def test_every_source_of_a_contract_has_a_plant() -> None:
    for contract in LINTER["contracts"]:
        planted = [importer for importer, _ in PLANTS[contract["name"]]]
        for source in contract.get("containers") or contract.get("source_modules") or ():
            assert any(fnmatch(one, source) or fnmatch(one, f"{source}.*") for one in planted), (
                contract["name"],
                source,
            )


SHELL = ("rewards.draws.signing", "rewards.draws.verify", "rewards.draws.verify_words", "games.*.earnings")
"""Beside the parts of a noun: the verifier, which has a contract of its own, the reader of a key, and what a game
declares that it pays, which names what can be counted."""


def test_whatever_stands_beside_the_parts_of_a_noun_is_pure() -> None:
    """A file of rewards or games that is none of the parts decides like rules, so it is held like rules."""
    for folder in NOUNS:
        if folder.parts[-2:-1] == ("web",) or not parts_of(folder):
            continue
        for path in sorted(folder.iterdir()):
            name = module(path)
            if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem not in (*PARTS, "__init__"):
                assert any(fnmatch(name, known) for known in (*SHELL, *PURE)), name


def test_the_house_keeps_them_all(tmp_path: Path) -> None:
    status, report = lint(copy(tmp_path))
    assert status == 0, report
    for name in CONTRACTS:
        assert f"{name} KEPT" in report, report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a house with every plant in it."""
    copied = copy(tmp_path_factory.mktemp("planted"))
    for importer, imported in chain.from_iterable(PLANTS.values()):
        plant(copied, importer, imported)
    status, said = lint(copied)
    assert status == 1, said
    return said


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_planted_import_is_found(name: str, report: str) -> None:
    assert f"{name} BROKEN" in report, report
    _, _, found = report.partition("Broken contracts")[2].partition(f"\n{name}\n")
    own = found.partition("\n---")[0]
    for importer, imported in PLANTS[name]:
        folders = f"{_folder(importer)} -> {_folder(imported)} "
        assert f"{importer} -> {imported}" in own or folders in own, own


def _folder(name: str) -> str:
    """A module of the pages as the report of circles names it: ".boards"."""
    return f".{name.split('.')[2]}" if name.startswith("server.web.") else name
