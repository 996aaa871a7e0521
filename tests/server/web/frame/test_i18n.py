"""Two languages: what is negotiated, counted, translated and formatted."""

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.frame import html, i18n

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINESE = sorted((i18n.CATALOGUES / "zh_Hans").glob("*.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)(?:s|\.\df)")
KIT = html.TEMPLATES / "draws" / "kit" / "texts.json"
NOT_SAID = {
    "凭据": "回执",
    "员工": "会员",
    "呼叫": "点名",
    "大屏幕": "大屏",
    "奖品规定": "奖品标准",
    "密码": "登录码",
    "离线包": "抽奖工具",
    "竞答": "答题",
    "管理台": "工作台",
    "职工": "会员",
    "花名册": "名册",
    "部门": "单位",
    "颁奖台": "领奖台",
}
"""What Chinese pages never call a thing, and what they call it (docs/glossary.md)."""
OF_OTHERS = re.compile("人事部门|管理员工作台|设有密码|取消密码")
"""Where these letters mean something else: the personnel office, an administrator's desk, a workbook's password."""


@pytest.mark.parametrize(
    ("header", "wanted", "expected"),
    [
        (None, None, "en"),
        ("", None, "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh-Hans"),
        ("zh-TW", None, "zh-Hans"),
        ("zh_Hans_CN", None, "zh-Hans"),
        ("en-GB,zh;q=0.9", None, "en"),
        ("de-DE,de;q=0.9,zh;q=0.3,en;q=0.2", None, "zh-Hans"),
        ("de", None, "en"),
        ("en;q=0, zh;q=0.1", None, "zh-Hans"),
        ("zh;q=5", None, "en"),
        ("zh;q=x", None, "en"),
        ("en", "zh-Hans", "zh-Hans"),
        ("zh", "en", "en"),
        ("zh", "fr", "zh-Hans"),
        ("zh", "../../etc", "zh-Hans"),
    ],
)
def test_the_nearest_language_is_spoken(header: str | None, wanted: str | None, expected: str) -> None:
    assert i18n.negotiate(header, wanted) == expected


def test_the_houses_language_is_spoken_when_nothing_else_is_said() -> None:
    assert i18n.negotiate("fr", None, "zh-Hans") == "zh-Hans"


@given(st.text(), st.one_of(st.none(), st.text()))
def test_whatever_a_browser_sends_a_locale_comes_out(header: str, wanted: str | None) -> None:
    assert i18n.negotiate(header, wanted) in i18n.LOCALES


def test_a_message_is_translated_and_filled_in() -> None:
    words = i18n.translator("zh-Hans")
    assert words.pgettext("menu", "Boards") == "榜单"
    assert words.ngettext("up %(num)s place", "up %(num)s places", 1200) == "上升 1,200 位"
    assert words.gettext("No such message at 100 %%") == "No such message at 100 %"


def test_english_counts() -> None:
    words = i18n.translator("en")
    assert words.ngettext("up %(num)s place", "up %(num)s places", 1) == "up 1 place"
    assert words.ngettext("up %(num)s place", "up %(num)s places", 2) == "up 2 places"


def test_an_unknown_locale_is_an_error() -> None:
    with pytest.raises(KeyError):
        i18n.translator("fr")


def catalogue(folder: Path, name: str, *entries: str) -> None:
    folder.mkdir(exist_ok=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    (folder / name).write_text("\n\n".join([head, *entries]) + "\n", "utf-8")


def test_catalogues_are_merged(tmp_path: Path) -> None:
    folder = tmp_path / "zh_Hans"
    catalogue(folder, "one.po", 'msgid "Draw"\nmsgstr "抽奖"', 'msgid "Open"\nmsgstr ""')
    catalogue(folder, "two.po", 'msgid "Draw"\nmsgstr "抽奖"', 'msgctxt "room"\nmsgid "Draw"\nmsgstr "平局"')
    assert i18n.read_catalogues(folder) == {("", "Draw"): ("抽奖",), ("room", "Draw"): ("平局",)}
    assert i18n.read_catalogues(folder, ["one.po"]) == {("", "Draw"): ("抽奖",)}


def test_two_files_may_not_disagree(tmp_path: Path) -> None:
    folder = tmp_path / "zh_Hans"
    catalogue(folder, "one.po", 'msgid "Draw"\nmsgstr "抽奖"')
    catalogue(folder, "two.po", 'msgid "Draw"\nmsgstr "平局"')
    with pytest.raises(i18n.TranslationConflict, match=r"one\.po.*two\.po"):
        i18n.read_catalogues(folder)


def test_a_guess_is_not_a_translation(tmp_path: Path) -> None:
    folder = tmp_path / "zh_Hans"
    catalogue(folder, "one.po", '#, fuzzy\nmsgid "Draw"\nmsgstr "抽奖"')
    assert i18n.read_catalogues(folder) == {}


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_a_catalogue_says_each_thing_once(path: Path) -> None:
    entries = len(re.findall(r"^msgid ", path.read_text("utf-8"), re.MULTILINE)) - 1  # the header
    assert len(i18n.read_catalogues(path.parent, [path.name])) == entries


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_a_translation_names_only_values_that_the_english_has(path: Path) -> None:
    for (_context, msgid), forms in i18n.read_catalogues(path.parent, [path.name]).items():
        for form in forms:
            assert set(PLACEHOLDER.findall(form)) == set(PLACEHOLDER.findall(msgid)), msgid
            form.replace("%%", "") % dict.fromkeys(PLACEHOLDER.findall(msgid), 0)


@pytest.mark.parametrize("path", [*CHINESE, KIT], ids=lambda path: path.name)
def test_chinese_has_one_word_for_one_thing(path: Path) -> None:
    said = OF_OTHERS.sub("", path.read_text("utf-8"))
    assert {word: right for word, right in NOT_SAID.items() if word in said} == {}


def test_numbers_are_grouped() -> None:
    assert [i18n.format_number(12345, locale) for locale in i18n.LOCALES] == ["12,345", "12,345"]
    assert i18n.format_number(Fraction(5, 2), "en") == "2.5"


def test_shares_are_percent() -> None:
    assert i18n.format_share(Fraction(1, 8), "en") == "12%"
    assert i18n.format_share(Fraction(1, 8), "zh-Hans", 1) == "12.5%"
    assert i18n.format_share(1, "en") == "100%"


def test_times_are_shown_in_the_organisations_zone() -> None:
    late = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
    assert i18n.date_text(late, "en", SHANGHAI) == "Nov 23, 2026"
    assert i18n.date_text(late, "zh-Hans", SHANGHAI) == "2026年11月23日"
    assert i18n.time_text(late, SHANGHAI) == "01:05"
    assert i18n.date_text(date(2026, 11, 22), "en", SHANGHAI) == "Nov 22, 2026"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        i18n.time_text(datetime(2026, 11, 22, 17, 5), SHANGHAI)


def test_distances_are_told_in_words() -> None:
    now = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
    assert i18n.ago_text(now - timedelta(minutes=5), now, "en") == "5 minutes ago"
    assert i18n.ago_text(now + timedelta(days=2), now, "zh-Hans") == "2天后"
