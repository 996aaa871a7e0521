"""What a noun declares is whole, and what it has it declares: found by walking the tree, so that none escapes."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType

import pytest
from litestar import get

from rewards.ledger.earnings import Earning
from server.web.frame import guards, html, i18n
from server.web.frame.asked import Asked
from server.web.frame.listing import Declared, Lenient, Listing
from server.web.frame.noun import Area, Door, Noun
from server.web.nouns import LISTING, NOUNS
from tests.server.web.messages import CHINESE, PROGRAMS, VALUE, WEB, WORDS, said_by, sources

HAN = re.compile("[\u4e00-\u9fff]")

names = pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)


def constants(paths: Iterable[Path]) -> set[str]:
    """Every text that stands alone in these Python files."""
    trees = (ast.parse(path.read_text("utf-8")) for path in paths)
    return {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant) and _text(node)}


def _text(node: ast.Constant) -> bool:
    return isinstance(node.value, str)


def python_of(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((html.ROOT / package).rglob("*.py"))]


# Every folder is a noun's, every noun has its folder


def test_every_folder_of_pages_is_a_noun_that_is_listed() -> None:
    for place in (WEB, html.TEMPLATES):
        found = {folder.name for folder in place.iterdir() if folder.is_dir() and not folder.name.startswith("__")}
        assert found - {"kit"} <= {noun.name for noun in NOUNS}, place
    assert {path.stem for path in CHINESE.glob("*.po")} - PROGRAMS <= {noun.name for noun in NOUNS}


@names
def test_every_handler_of_a_noun_is_declared(noun: Noun) -> None:
    declared = {handler.fn.__name__ for handler in noun.handlers}  # type: ignore[union-attr]
    routed = set()
    for path in sources(noun, ".py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for mark in getattr(node, "decorator_list", ()):
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id in ("get", "post"):
                    routed.add(node.name)  # type: ignore[attr-defined]
    assert routed == declared


@names
def test_every_permission_of_a_noun_is_asked_for_and_every_one_asked_for_is_known(noun: Noun) -> None:
    asked = set()
    for path in sources(noun, ".html"):
        asked |= set(re.findall(r'"([a-z_]+\.[a-z_]+)" (?:not )?in me\.may', path.read_text("utf-8")))
    assert asked <= LISTING.permissions.keys()
    everywhere = constants(python_of("server/web")) | asked
    assert noun.permissions.keys() <= everywhere


@names
def test_every_door_of_a_noun_leads_to_a_page_behind_its_own_permission(noun: Noun) -> None:
    pages = {path: one for one in LISTING.handlers for path in one.paths if "GET" in one.http_methods}  # type: ignore[union-attr]
    for door in noun.doors:
        guarded = {getattr(guard, "permission", "") for guard in pages[door.address].guards or ()}
        assert door.permission in guarded, door
        assert door.icon in html.environment("en").globals["kit"].icon_paths  # type: ignore[attr-defined]


WITHOUT_A_DOOR = {"/desk/health", "/desk/find"}
"""Pages one below the desk that its frame leads to on every page."""


@names
def test_every_page_one_below_the_desk_has_a_door(noun: Noun) -> None:
    found = {path for one in noun.handlers if "GET" in one.http_methods for path in one.paths}  # type: ignore[union-attr]
    below = {path for path in found if re.fullmatch(r"/desk/[a-z-]+", path)} - WITHOUT_A_DOOR
    assert below <= {door.address for door in noun.doors}


@names
def test_what_a_noun_keeps_ready_for_the_shells_it_declares(noun: Noun) -> None:
    """Cards and steps of cards.py, every check of checks.py, the play of demo.py."""
    cards, checks, demo = (_module(noun, part) for part in ("cards", "checks", "demo"))
    assert tuple(noun.cards) == tuple(getattr(cards, "CARDS", ()))
    assert tuple(noun.steps) == tuple(getattr(cards, "STEPS", ()))
    public = (
        [one for name, one in vars(checks).items() if iscoroutinefunction(one) and name[0] != "_"] if checks else []
    )
    assert set(noun.checks) == {one for one in public if one.__module__ == f"server.web.{noun.name}.checks"}
    assert noun.plays is getattr(demo, "play", None)


def _module(noun: Noun, part: str) -> ModuleType | None:
    name = f"server.web.{noun.name}.{part}"
    return import_module(name) if find_spec(name) is not None else None


def test_every_earning_that_a_game_declares_is_listed() -> None:
    games = [folder.name for folder in (html.ROOT / "games").iterdir() if (folder / "earnings.py").exists()]
    modules = [import_module(f"games.{game}.earnings") for game in games]
    declared = {one.code for module in modules for one in vars(module).values() if isinstance(one, Earning)}
    assert declared
    assert declared <= {one.code for one in LISTING.earnings}


def test_no_two_doors_of_a_group_stand_at_one_place() -> None:
    places = Counter((door.group, door.place) for noun in NOUNS for door in noun.doors)
    assert max(places.values()) == 1


def test_every_page_of_the_phone_belongs_to_a_tab() -> None:
    """Pages for everybody on the roster, which have a bar, are under a declared way."""
    for handler in LISTING.handlers:
        if guards.signed_in not in (handler.guards or ()) or "GET" not in handler.http_methods:  # type: ignore[union-attr]
            continue
        for path in handler.paths:  # type: ignore[union-attr]
            assert any(path == way or path.startswith(f"{way}/") for way in LISTING.ways), path


# Words


@names
def test_everything_a_noun_says_it_says_in_chinese_too(noun: Noun) -> None:
    known = i18n.read_catalogues(CHINESE)
    for key in said_by(noun):
        assert key in known, (noun.name, key)
        chinese = VALUE.sub("", "".join(known[key]))
        assert HAN.search(chinese) or not WORDS.search(chinese) or known[key] == (key[1],), key


def test_each_thing_stands_in_the_catalogue_of_one_noun_that_says_it() -> None:
    said, kept = {noun.name: said_by(noun).keys() for noun in NOUNS}, Counter[i18n.Key]()
    for path in CHINESE.glob("*.po"):
        if path.stem not in PROGRAMS:
            own = i18n.read_catalogues(CHINESE, [path.name]).keys()
            kept.update(own)
            users = said[path.stem] if path.stem != "frame" else {key for one in said.values() for key in one}
            assert own - users == set(), path.name
    assert [key for key, times in kept.items() if times > 1] == []


@pytest.mark.parametrize("code", sorted(LISTING.texts))
def test_a_sentence_can_be_said_in_both_languages_with_the_same_values(code: str) -> None:
    english = LISTING.texts[code]
    chinese = i18n.translator("zh-Hans").text(english)
    assert set(VALUE.findall(chinese)) == set(VALUE.findall(english))
    for locale in i18n.LOCALES:
        assert "%(" not in LISTING.sentence(code, Lenient(), locale)


CODE = re.compile(r"[a-z][a-z_]*(?:\.[a-z0-9_]+)+")


def refused_by(paths: Iterable[Path]) -> set[str]:
    """Codes of refusals and problems that these files raise, where they are written out."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                first = node.args[0] if node.args else None
                if name in ("Refusal", "note") and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_every_refusal_and_every_line_of_the_audit_trail_has_words() -> None:
    said = refused_by(python_of("rewards", "games", "server/web"))
    assert len(said) > 200
    assert said - LISTING.texts.keys() == set()


def test_what_is_said_after_a_form_is_a_sentence_and_no_label_of_the_trail() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in python_of("server/web")]
    values = [
        one.value for tree in trees for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg == "said"
    ]
    said = {one.value for value in values for one in ast.walk(value) if isinstance(one, ast.Constant) and one.value}
    codes = {code for code in said if isinstance(code, str) and CODE.fullmatch(code) and not code.endswith(".")}
    codes |= {code for code in LISTING.texts if ".said_" in code}
    assert len(codes) > 50
    assert [code for code in codes if not re.search(r"[.?!]$", LISTING.texts[code])] == []


@pytest.mark.parametrize("code", ["earning.bygone", "earning.bygone.sum"])
def test_what_is_no_longer_earned_is_said_without_its_code(code: str) -> None:
    said = {LISTING.sentence("earning.named", {"what": code}, locale) for locale in i18n.LOCALES}
    assert said == {"Something that is no longer earned here", "已停用的得分项"}


# Statuses


def test_every_status_belongs_to_a_code_of_its_noun() -> None:
    for noun in NOUNS:
        codes = [code for part in noun.texts for code in part]
        for start in noun.statuses:
            assert any(code.startswith(start) for code in codes), (noun.name, start)


FOUND_BY_CHECK = {"ledger.bad_reversal"}
"""Said by `laurel check` alone."""


def test_what_is_not_there_is_not_found() -> None:
    """The names of codes say what they are: of something unknown, 404; of something mistyped, 400."""
    for code in LISTING.texts:
        fault = code.partition(".")[2]
        if fault == "unknown":
            assert LISTING.status_of(code) == 404, code
        if fault.startswith("bad_") and code not in FOUND_BY_CHECK:
            assert LISTING.status_of(code) == 400, code


# The audit trail


def noted_by(paths: Iterable[Path]) -> set[str]:
    found = set()
    for path in paths:
        found |= set(re.findall(r'\bnote\(\s*"([a-z_]+)\.[a-z_]+"', path.read_text("utf-8")))
    return found


def test_every_line_of_the_audit_trail_is_in_an_area() -> None:
    noted = noted_by(python_of("rewards", "games", "server"))
    areas = {area.code for area in LISTING.areas}
    assert noted - areas == set()
    assert areas <= {code.partition(".")[0] for code in LISTING.texts}, "areas that nothing can be noted in"


@pytest.mark.parametrize("area", LISTING.areas, ids=lambda area: area.code)
def test_an_area_leads_to_a_page_that_exists(area: Area) -> None:
    if area.link is None:
        return
    subject = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    found = area.link(subject, {})
    assert found is not None
    routes = {re.sub(r"\{\w+:uuid\}", subject, path) for one in LISTING.handlers for path in one.paths}  # type: ignore[union-attr]
    assert found[0] in routes


# Contradictions stop the start


@get("/x", guards=[guards.may("x.read")])
async def show_x(request: Asked) -> str:
    """A page behind a permission."""
    return "x"


def test_a_guard_that_asks_for_an_unknown_permission_stops_the_start() -> None:
    with pytest.raises(Declared, match=r"x\.read"):
        Listing((Noun(name="x", handlers=(show_x,)),))
    assert Listing((Noun(name="x", handlers=(show_x,), permissions={"x.read": "reads"}),)).handlers == (show_x,)


def test_a_door_behind_an_unknown_permission_stops_the_start() -> None:
    with pytest.raises(Declared, match=r"x\.read"):
        Listing((Noun(name="x", doors=(Door("/x", "X", "home", "x.read", "now", 1),)),))


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("name", Noun(name="x")),
        ("code", Noun(name="y", texts=({"x.a": "A"},))),
        ("permission", Noun(name="y", permissions={"x.read": "reads"})),
        ("door", Noun(name="y", permissions={"y.read": "reads"}, doors=(Door("/x", "X", "home", "y.read", "now", 2),))),
        ("area", Noun(name="y", areas=(Area("x", "X"),))),
    ],
)
def test_nothing_is_declared_twice(what: str, one: Noun) -> None:
    first = Noun(
        name="x",
        permissions={"x.read": "reads"},
        doors=(Door("/x", "X", "home", "x.read", "now", 1),),
        texts=({"x.a": "A"},),
        areas=(Area("x", "X"),),
    )
    with pytest.raises(Declared, match=f"twice as {what}"):
        Listing((first, one))


def test_to_ask_for_a_permission_that_nobody_declares_is_an_error() -> None:
    with pytest.raises(KeyError):
        assert "x.read" in LISTING.may(["admin"])


# What the audit trail keeps


def noted() -> set[str]:
    """The names of all details that are written into the audit trail."""
    found = set()
    for path in python_of("rewards", "games", "server", "workers"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note":
                found |= {keyword.arg for keyword in node.keywords if keyword.arg is not None}
    return found - {"at", "actor", "subject", "why"}


def test_the_audit_trail_has_words_for_every_detail() -> None:
    """A parent is not shown: before and after are whole paths."""
    page = (html.TEMPLATES / "audit" / "desk" / "audit.html").read_text("utf-8")
    assert {"result", "breaches"} < noted()
    assert noted() - {"parent"} <= set(re.findall(r'"(\w+)": pgettext\("detail"', page))
