"""Pages: escaped, strict, complete in both languages, and fit for the strict content policy."""

import re
import types
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import DictLoader, UndefinedError

from server.web.frame import files, html, i18n
from server.web.frame.desk import Shelf

OFFLINE = html.TEMPLATES / "draws" / "kit"
"""The offline kit is no page of the server: one file with its script inside, under a policy of its own (tests/kit)."""
ALL = sorted(path for path in html.TEMPLATES.rglob("*.html") if OFFLINE not in path.parents)
KIT = html.TEMPLATES / "kit"
HOSTILE = "<script>alert(1)</script>\"'"

FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*="),
    "style element": re.compile(r"<style\b"),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)"),
    "event attribute": re.compile(r"\son[a-z]+\s*="),
    "hx-on": re.compile(r"\bhx-on\b"),
    "evaluated attribute": re.compile(r"\bhx-(?:vals|vars|headers)\s*=\s*[\"']\s*js:"),
    "unescaped value": re.compile(r"\|\s*safe\b|{%-?\s*autoescape\b|\bMarkup\("),
    "foreign address": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//"),
}


def context(**own: object) -> dict[str, object]:
    return {
        "csrf": "token",
        "me": types.SimpleNamespace(name="Li Na", roles=("admin",)),
        "organisation": "Harbour Union",
        "path": "/",
        "version": "0",
        "tab": None,
        "text_size": "",
        "now": datetime(2026, 11, 22, tzinfo=UTC),
        "menu": [
            Shelf("now", [("/desk", "Today", "home")]),
            Shelf("rewards", [("/desk/draws", "Draws", "draw")]),
        ],
        **own,
    }


def show(source: str, locale: str = "en", /, **own: object) -> str:
    """A template given as text, with the kit and all else of the real environment."""
    return html.environment(locale).from_string(source).render(context(**own))


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(html.TEMPLATES)))
def test_a_template_obeys_the_content_policy(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize("locale", i18n.LOCALES)
@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(html.TEMPLATES)))
def test_a_template_compiles(path: Path, locale: str) -> None:
    html.environment(locale).get_template(str(path.relative_to(html.TEMPLATES)))


@pytest.mark.parametrize("locale", i18n.LOCALES)
@pytest.mark.parametrize("face", ["phone", "screen", "desk"])
def test_a_face_is_a_whole_page(face: str, locale: str) -> None:
    text = html.render(f"kit/base_{face}.html", locale, **context())
    assert f'<html lang="{locale}">' in text
    assert f'data-face="{face}"' in text
    assert 'id="main"' in text
    assert 'href="#main"' in text
    assert re.search(r"hx-headers='\{\"x-csrftoken\": \"token\"\}'", text)
    linked = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    names = {"laurel.svg", "vendor/htmx.min.js", f"bundle/{face}.css", f"bundle/{face}.js"}
    assert set(linked) == {files.address(name) for name in names}


def test_only_what_the_desk_is_given_is_in_its_bar() -> None:
    text = html.render("kit/base_desk.html", "en", **context(path="/desk/draws/7"))
    assert re.findall(r'<li><a href="(/desk[^"]*)"( aria-current="[a-z]+")?', text) == [
        ("/desk", ""),
        ("/desk/draws", ' aria-current="true"'),
    ]


def test_a_stranger_has_no_bar() -> None:
    assert "bottom-bar" not in html.render("kit/base_phone.html", "en", **context(me=None))


def test_a_refusal_is_a_page_and_a_notice() -> None:
    own = context(
        code="web.not_found",
        words=HOSTILE,
        status=404,
        base="kit/base_phone.html",
        back="/boards",
        start="/play",
        looks_again=False,
        again=[("name", HOSTILE)],
    )
    page = html.render("kit/refusal.html", "en", **own)
    notice = html.render_block("kit/refusal.html", "notice", "en", **own)
    assert notice.strip() in page
    assert "<!DOCTYPE" not in notice
    assert "<script>alert" not in page
    assert 'http-equiv="refresh"' not in page
    assert 'http-equiv="refresh"' in html.render("kit/refusal.html", "en", **own | {"looks_again": True})


def test_a_block_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        html.render_block("kit/refusal.html", "nothing", "en", **context())


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        html.render("kit/base_desk.html", "en", csrf="token")


@pytest.mark.parametrize(
    "call",
    [
        "kit.button(bad, href=bad, name=bad, value=bad, attrs={'data-x': bad})",
        "kit.button(bad, name=bad, value=bad, attrs={'data-x': bad})",
        "kit.field('a', bad, bad, hint=bad, error=bad, placeholder=bad, attrs={'data-x': bad})",
        "kit.field('a', bad, bad, type='textarea')",
        "kit.field('a', bad, bad, type='select', options=[(bad, bad)])",
        "kit.field('a', bad, true, type='checkbox', hint=bad)",
        "kit.choices('a', bad, [(bad, bad)], [bad], hint=bad, error=bad)",
        "kit.notice('bad', bad, bad)",
        "kit.empty(bad, bad, kit.button(bad))",
        "kit.badge(bad, 'gold', 'trophy')",
        "kit.confirm(bad, bad, bad, bad, yes=bad, fields={'a': bad})",
        "kit.pager(bad, bad, bad)",
        "kit.tabs([(bad, bad)], bad, bad)",
        "kit.progress(1, 2, bad, bad)",
        "kit.option(0, bad, 'button', value=bad)",
        "kit.option(0, bad, 'check', value=bad)",
        "kit.option(0, bad)",
        "kit.bar(0, bad, 1, 2, right=true)",
        "kit.board_row(1, bad, 5, bad, change=2, note=bad, me=true)",
        "kit.podium([(bad, bad, 5)])",
        "kit.stat(bad, bad, bad)",
        "kit.steps([('now', bad, bad)])",
        "kit.copy_link(bad, bad)",
        "kit.slip(bad, bad, 'https://example.org', bad, [bad])",
        "kit.brand(bad, bad)",
        "qr('https://example.org', bad)",
        "qr('https://example.org', bad, true)",
    ],
)
def test_the_kit_escapes_what_people_wrote(call: str) -> None:
    text = show("{{ " + call + " }}", bad=HOSTILE)
    assert "alert(1)" in text
    assert "<script" not in text
    assert "&#34;" in text


@pytest.mark.parametrize("index", range(8))
def test_an_option_is_a_letter_and_a_shape(index: int) -> None:
    text = show("{{ kit.shape(i) }}", i=index)
    names = ["triangle", "diamond", "circle", "square", "pentagon", "hexagon", "star", "cross"]
    assert f'aria-label="{"ABCDEFGH"[index]} ({names[index]})"' in text
    assert f"option-{index}" in text


def test_the_shapes_differ() -> None:
    paths = {re.search(r' d="([^"]+)"', show("{{ kit.shape(i) }}", i=i)) for i in range(8)}
    assert len({found[1] for found in paths if found}) == 8


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        show("{{ kit.icon('unicorn') }}")


@pytest.mark.parametrize(
    ("delta", "said"), [(3, "up 3 places"), (-1, "down 1 place"), (0, "same place"), (None, "new")]
)
def test_a_change_of_place_is_said_in_words(delta: int | None, said: str) -> None:
    assert said in show("{{ kit.place_change(delta) }}", delta=delta)


def test_a_countdown_may_be_filled_in_later() -> None:
    text = show("{{ kit.countdown('@@LEFT@@', 20000) }}")
    assert 'data-remaining-ms="@@LEFT@@"' in text
    assert "data-countdown-number>15<" in show("{{ kit.countdown(14200, 20000) }}")


def test_a_field_tells_its_error_and_its_hint() -> None:
    text = show("{{ kit.field('code', 'Code', hint='Six', error='Wrong') }}")
    assert 'aria-describedby="field-code-hint field-code-error"' in text
    assert 'aria-invalid="true"' in text
    assert 'for="field-code"' in text


def test_a_password_is_never_sent_back() -> None:
    assert "secret" not in show("{{ kit.field('code', 'Code', 'secret', type='password') }}")


def test_times_stand_in_the_organisations_zone() -> None:
    html.show_times_in(ZoneInfo("Asia/Shanghai"))
    try:
        late = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
        text = show("{{ m|date }} {{ m|time }} {{ m|ago(n) }}", "zh-Hans", m=late, n=late)
    finally:
        html.show_times_in(UTC)
    assert "2026年11月23日</time>" in text
    assert ">01:05</time>" in text


def test_a_qr_code_is_drawn_without_style_or_address() -> None:
    drawn = html.qr("https://example.org/in/abc", "Sign in")
    assert 'role="img" aria-label="Sign in"' in drawn
    assert not re.search(r"style=|http://|https://", drawn)
    picture = html.qr("https://example.org/in/abc", as_image=True)
    assert picture.startswith('<img class="qr" alt="" src="data:image/png;base64,')


def test_every_module_of_a_qr_code_is_drawn() -> None:
    drawn = html.qr("laurel")
    size = int(re.search(r'viewBox="0 0 (\d+) ', drawn)[1])  # type: ignore[index]
    dark = [[False] * size for _ in range(size)]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn):
        for column in range(int(x), int(x) + int(length)):
            dark[int(y)][column] = True
    finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    assert ["".join("01"[cell] for cell in row[4:11]) for row in dark[4:11]] == finder
    assert not any(dark[0])
    assert not any(row[3] for row in dark)


def test_words_follow_the_locale_inside_macros() -> None:
    source = "{{ kit.place_change(2) }}"
    assert "up 2 places" in show(source, "en")
    assert "上升 2 位" in show(source, "zh-Hans")


def test_fragments_are_blocks_of_their_page(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = html.environment("en").overlay(
        loader=DictLoader({"page": "<html>{% block part %}<b>{{ name }}</b>{% endblock %}</html>"})
    )
    monkeypatch.setattr(html, "environment", lambda locale: environment)
    assert html.render("page", "en", name="<i>") == "<html><b>&lt;i&gt;</b></html>"
    assert html.render_block("page", "part", "en", name="<i>") == "<b>&lt;i&gt;</b>"
