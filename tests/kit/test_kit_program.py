"""The file of the kit: how it is put together, filled and compared."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from server.runtime import kit_program
from tests.draw_js.test_alone import YOUNG, code_of
from tests.kit import drawn


class _Read(HTMLParser):
    """Elements that carry or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        self.open = True

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[-1] += data


def read(program: bytes) -> _Read:
    reader = _Read()
    reader.feed(program.decode())
    return reader


def test_the_empty_kit_is_the_same_every_time() -> None:
    program = kit_program.empty_kit()
    assert program == kit_program.empty_kit()
    assert kit_program.kit_hash(program) == hashlib.sha256(program).hexdigest()
    assert b"\r" not in program


def test_only_its_own_script_and_style_may_run() -> None:
    reader = read(kit_program.empty_kit())
    policy = next(found["content"] for tag, found in reader.elements if "http-equiv" in found) or ""
    scripts = [
        text for (tag, found), text in zip(reader.elements, reader.texts, strict=True) if (tag, found) == ("script", {})
    ]
    styles = [text for (tag, _), text in zip(reader.elements, reader.texts, strict=True) if tag == "style"]
    assert len(scripts) == len(styles) == 1
    for text, kind in ((scripts[0], "script-src"), (styles[0], "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert "unsafe" not in policy
    assert not [found for _, found in reader.elements if {"src", "href", "style", "onclick", "onload"} & set(found)]


def test_nothing_in_the_program_asks_chance_clock_network_or_language() -> None:
    source = kit_program.empty_kit().decode()
    for word in (
        *("Math.random", "getRandomValues", "subtle", "new Date", "Date.now", "fetch(", "XMLHttpRequest", "WebSocket"),
        *("sendBeacon", "EventSource", "import(", "eval(", "new Function", "toLocale", "Intl", "localeCompare"),
        *("innerHTML", "document.write", "@import", " url(", "sessionStorage", "indexedDB", "cookie"),
    ):
        assert word not in source, word
    assert set(re.findall(r"https?://[^\s\"')]+", source)) <= {"http://www.w3.org/2000/svg"}


def test_a_filled_kit_is_the_empty_one_with_one_block() -> None:
    program = kit_program.empty_kit()
    filled = kit_program.fill_kit(program, {"text": "</script><!--<script>", "name": "王芳"})
    start, end = program.split(kit_program.MARK)
    assert filled.startswith(start)
    assert filled.endswith(end)
    head, tail = kit_program.MARK.split(b"null")
    block = filled[len(start) + len(head) : len(filled) - len(end) - len(tail)]
    assert b"<" not in block
    assert json.loads(block) == {"text": "</script><!--<script>", "name": "王芳"}
    with pytest.raises(ValueError, match="no empty kit"):
        kit_program.fill_kit(filled, {})


def test_data_of_another_draw_or_secrets_of_a_real_one_are_refused() -> None:
    draw = drawn.make(12)
    facts = {
        "title": "t",
        "organisation": "o",
        "manifest": draw.data,
        "snapshot": draw.snapshot,
        "prizes": draw.prizes,
        "rounds": {},
        "shown_names": "masked",
    }
    with pytest.raises(ValueError, match="entrants"):
        kit_program.kit_data(entrants=draw.entrants[1:], **facts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rehearsal"):
        kit_program.kit_data(entrants=draw.entrants, secrets=draw.secrets, **facts)  # type: ignore[arg-type]
    data = kit_program.kit_data(entrants=draw.entrants, **facts)  # type: ignore[arg-type]
    assert all(name.endswith("*") for name in data["people"]["shown"])
    assert data["secrets"] == []


def test_both_languages_say_everything_with_the_same_facts() -> None:
    texts = kit_program.kit_texts()
    assert set(texts) == set(kit_program.LANGUAGES)
    english, chinese = (texts[language] for language in kit_program.LANGUAGES)
    assert set(english) == set(chinese)
    for key, words in english.items():
        assert words
        assert chinese[key]
        assert set(re.findall(r"\{(\w+)\}", words)) == set(re.findall(r"\{(\w+)\}", chinese[key])), key


def test_each_script_names_only_what_those_before_it_made() -> None:
    sources = [code_of(kit_program.STATIC / "draw" / name) for name in kit_program.SCRIPTS]
    own = [set(re.findall(r"^var (\w+) =", source, re.M)) for source in sources]
    every = set().union(*own)
    made: set[str] = set()
    for name, source, mine in zip(kit_program.SCRIPTS, sources, own, strict=True):
        made |= mine
        assert set(re.findall(r"\bv[a-z]+\b", source)) & every <= made, name


@pytest.mark.parametrize("name", kit_program.SCRIPTS)
def test_an_old_browser_understands_each_script(name: str) -> None:
    code = re.sub(r'"[^"\n]*"', '""', code_of(kit_program.STATIC / "draw" / name))
    assert YOUNG.findall(code) == []


def test_the_rooms_of_the_kit_are_small() -> None:
    """Files of at most 350 lines, functions of at most 60, and none that is not in the kit."""
    rooms = sorted((kit_program.STATIC / "draw" / "kit").glob("*.js"))
    assert {f"kit/{path.name}" for path in rooms} == {name for name in kit_program.SCRIPTS if "/" in name}
    for path in rooms:
        lines = path.read_text().splitlines()
        assert len(lines) <= 350, path.name
        for start, line in enumerate(lines):
            if opened := re.match(r"( +).*\bfunction\b.*\{$", line):
                end = next(at for at, each in enumerate(lines[start:]) if each.startswith(opened[1] + "}"))
                assert end < 60, (path.name, line)


def test_every_word_that_the_scripts_name_is_there_and_no_other() -> None:
    source = "".join((kit_program.STATIC / "draw" / name).read_text() for name in kit_program.SCRIPTS)
    own = json.loads((kit_program.TEMPLATES / "texts.json").read_text())["en"]
    named = set(re.findall(r'"((?:kit|stage|paper)\.[a-z0-9_.]*[a-z0-9])"', source)) - {"kit.html", "kit.hash"}
    composed = {key for key in own if re.match(r"kit\.(check|step|void|reason|load)\.", key)}
    assert named - set(own) == set()
    assert set(own) - named - composed == set()
