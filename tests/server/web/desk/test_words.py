"""Everything the desk says, it says in Chinese too."""

from server.web import html, i18n
from tests.server.web.messages import extract_msgids, translated_msgids

DESK = html.TEMPLATES / "desk"
SERVER = html.ROOT / "server" / "web"


def test_every_sentence_of_the_desk_has_its_chinese() -> None:
    said = extract_msgids([DESK, SERVER / "texts" / "desk.py", SERVER / "desk" / "navigation.py"])
    assert len(said) > 400
    assert said - translated_msgids() == set()


def test_no_chinese_is_kept_that_the_desk_does_not_say() -> None:
    said = extract_msgids([DESK, SERVER / "texts" / "desk.py", SERVER / "desk" / "navigation.py"])
    assert translated_msgids("desk") - said == set()


def test_both_languages_are_whole() -> None:
    words = i18n.translator("zh-Hans")
    assert words.ngettext("%(num)s member", "%(num)s members", 1200) == "1,200 位会员"
