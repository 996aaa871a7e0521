"""The one list of all that can be earned: each has its words, in both languages."""

from rewards.ledger.earnings import misdeclared
from server.earnings import EARNINGS
from server.web import i18n, pages
from server.web.texts import texts
from server.web.texts.earnings import TEXTS
from tests.server.web.messages import translated_msgids


def test_the_list_can_be() -> None:
    assert misdeclared(EARNINGS) is None


def test_every_earning_has_its_words_in_both_languages() -> None:
    words = {word for one in EARNINGS for word in (one.name, *one.tallies.values())}
    assert words == set(TEXTS.values())
    assert words - translated_msgids("earnings") == set()
    assert translated_msgids("earnings") - words == set()
    for one in EARNINGS:
        codes = [f"earning.{one.code}", *(f"earning.{one.code}.{tally}" for tally in one.tallies)]
        assert set(codes) <= texts().keys()
        for code in codes:
            said = {pages.sentence("earning.named", {"what": code}, language) for language in i18n.LOCALES}
            assert len(said) == len(i18n.LOCALES)


def test_what_is_no_longer_declared_is_said_without_its_code() -> None:
    assert (
        pages.sentence("earning.named", {"what": "earning.bygone"}, "en") == "Something that is no longer earned here"
    )
    assert pages.sentence("earning.named", {"what": "earning.bygone.sum"}, "zh-Hans") == "已停用的得分项"
