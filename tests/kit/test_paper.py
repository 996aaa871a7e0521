"""The printed protocol: whole, in both languages, on A4."""

import re

from tests.kit import drawn
from tests.kit.conftest import Open
from tests.kit.driving import AGAIN, play


def test_the_protocol_holds_what_rebuilds_the_draw_and_room_for_signatures(opened: Open) -> None:
    draw = drawn.make()
    table = opened(draw, drawn.kit(draw))
    play(table)
    table.throw(AGAIN)
    table.leave_stage()
    table.close()
    code = table.code()
    table.page.locator("#witnesses").fill("Wu Hao\n孙丽\nLi Na")
    table.page.evaluate("window.print = function () {}")
    table.page.get_by_role("button", name="Print both languages").click()
    table.page.emulate_media(media="print")
    sheets = table.page.locator(".paper-sheet")
    assert sheets.count() == 2
    assert [sheets.nth(place).get_attribute("lang") for place in range(2)] == ["en", "zh-Hans"]
    for place in range(2):
        text = sheets.nth(place).inner_text()
        plain = re.sub(r"\s", "", text)
        assert draw.m in plain
        assert draw.manifest.root in plain
        assert all(commit in plain for commit in draw.manifest.commit)
        assert code in text
        assert "Zhao Min, Wu Hao" in text
        assert text.count("Li Na") == 1
        for entrant in draw.entrants:
            assert entrant.name not in text
    assert not table.page.locator("#kit").is_visible()
    pages = len(re.findall(rb"/Type\s*/Page\b", table.page.pdf(format="A4")))
    assert 4 <= pages <= 8
