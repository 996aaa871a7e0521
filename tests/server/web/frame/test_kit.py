"""The kit's static files: readable colours, old browsers, no foreign address."""

import re
from pathlib import Path

import pytest

from server.web.frame import files

CSS = sorted(files.STATIC.glob("*.css"))
JS = sorted(files.STATIC.glob("*.js"))
TOKENS = (files.STATIC / "tokens.css").read_text("utf-8")

TEXT_PAIRS = [
    *[(ink, ground) for ink in ("--ink", "--ink-soft") for ground in ("--paper", "--surface", "--sunken")],
    *[("--ink", f"--{tone}-soft") for tone in ("good", "bad", "warn", "info", "gold", "action")],
    *[(f"--{tone}", f"--{tone}-soft") for tone in ("good", "bad", "warn", "info")],
    *[(f"--{tone}", ground) for tone in ("good", "bad", "warn", "info") for ground in ("--paper", "--surface")],
    ("--gold-text", "--gold-soft"),
    ("--gold-text", "--surface"),
    ("--action-ink", "--action"),
    ("--action-ink", "--action-over"),
    ("--action-text", "--paper"),
    ("--action-text", "--surface"),
    ("--action-text", "--action-soft"),
    ("--bad-ink", "--bad"),
    *[("--option-ink", f"--option-{index}") for index in range(8)],
]
EDGE_PAIRS = [
    ("--line-strong", "--paper"),
    ("--line-strong", "--surface"),
    ("--focus", "--paper"),
    ("--action", "--sunken"),
]


def colours(selector: str) -> dict[str, str]:
    block = TOKENS[TOKENS.index(selector) :]
    return dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", block[: block.index("}")]))


LIGHT = colours(':root, [data-theme="light"] {')
DARK = {**LIGHT, **colours('[data-theme="dark"] {')}


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_can_be_read(theme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGE_PAIRS)
def test_edges_can_be_seen(theme: dict[str, str], edge: str, ground: str) -> None:
    assert contrast(theme[edge], theme[ground]) >= 3.0


def test_dark_is_the_same_whoever_asked_for_it() -> None:
    assert colours(':root:not([data-theme="light"]) {') == colours('[data-theme="dark"] {')


def test_no_colour_hangs_on_a_language() -> None:
    """So that the contrast of a page is the same in each."""
    for path in CSS:
        for body in re.findall(r"[^{}]*(?::lang\(|\[lang)[^{}]*\{([^}]*)\}", path.read_text("utf-8")):
            assert not re.search("colou?r|background|opacity|-soft|-ink", body), path.name


# What a WebView of 2020 (Chromium 86) does not know, and would drop with the whole rule.
YOUNG_CSS = re.compile(
    r":has\(|:is\(|:where\(|@container|@layer|@scope|color-mix|oklch|subgrid|\d[dsl]v[hw]\b|\binset\s*:|aspect-ratio"
    r"|(?:margin|padding)-(?:inline|block)\s*:"
)
YOUNG_JS = re.compile(r"\?\.|\?\?|\|\|=|&&=|\.replaceAll\(|\.at\(|structuredClone|#private")


@pytest.mark.parametrize("path", CSS, ids=lambda path: path.name)
def test_styles_suit_an_old_browser(path: Path) -> None:
    text = path.read_text("utf-8")
    assert YOUNG_CSS.findall(text) == []
    assert "@import" not in text
    assert not re.search(r"url\(", text)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("path", CSS, ids=lambda path: path.name)
def test_styles_use_only_tokens_that_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    known = set(re.findall(r"(--[a-z0-9-]+):", TOKENS + text + (files.STATIC / "kit.css").read_text("utf-8")))
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", text)) <= known


@pytest.mark.parametrize("path", JS, ids=lambda path: path.name)
def test_scripts_suit_an_old_browser_and_the_content_policy(path: Path) -> None:
    text = path.read_text("utf-8")
    assert YOUNG_JS.findall(text) == []
    assert not re.search(r"\beval\(|new Function|\.innerHTML|setAttribute\(\"style\"|https?://", text)
