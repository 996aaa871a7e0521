"""The stage: one press does one thing, and nothing on it changes what is written."""

import pytest
from playwright.sync_api import expect

from rewards.draws import rules
from tests.kit import drawn
from tests.kit.conftest import Open
from tests.kit.driving import VENUE, Table

CALM = 1000
ALL = 6000


@pytest.fixture(scope="module")
def draw() -> drawn.Draw:
    return drawn.make(
        60,
        prizes=(rules.Prize("third", 12, batch=6), rules.Prize("second", 2, batch=1)),
        rounds=(),
        presence=False,
        call_seconds=0,
    )


@pytest.fixture(scope="module")
def program(draw: drawn.Draw) -> bytes:
    return drawn.kit(draw)


def drawn_up_to_the_stage(table: Table) -> None:
    table.at("check")
    table.arm()
    table.seen()
    table.throw(VENUE)
    table.waited()
    table.reveal(0)
    table.reveal(1)
    table.at("result")


def on_stage(opened: Open, draw: drawn.Draw, program: bytes, **more: object) -> Table:
    table = opened(draw, program, **more)
    drawn_up_to_the_stage(table)
    table.press(".kit-main > .kit-actions .button-primary")
    shows(table, "title", 0)
    return table


def shows(table: Table, phase: str, scene: int) -> None:
    stage = table.page.locator("#stage")
    expect(stage).to_have_attribute("data-phase", phase)
    expect(stage).to_have_attribute("data-scene", str(scene))


def press(table: Table, key: str, wait: int = CALM) -> None:
    table.page.clock.run_for(wait)
    table.page.keyboard.press(key)


def test_keys_and_clicker_go_through_everything_and_back(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = on_stage(opened, draw, program)
    code = table.code()
    press(table, "ArrowRight")
    shows(table, "intro", 1)
    press(table, "PageDown")
    shows(table, "build", 1)
    table.page.clock.run_for(ALL)
    shows(table, "shown", 1)
    expect(table.page.locator(".stage-winner")).to_have_count(6)
    press(table, " ")
    shows(table, "build", 2)
    press(table, "Enter")
    shows(table, "shown", 2)
    press(table, "ArrowLeft")
    shows(table, "shown", 1)
    press(table, "PageUp")
    shows(table, "intro", 1)
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        press(table, key)
    shows(table, "shown", 2)
    for scene in (3, 4):
        press(table, "PageDown")
        if scene == 3:
            shows(table, "intro", 3)
            press(table, "PageDown")
        table.page.clock.run_for(ALL)
        shows(table, "shown", scene)
        expect(table.page.locator(".is-one .stage-winner")).to_have_count(1)
    press(table, "PageDown")
    shows(table, "code", 5)
    expect(table.page.locator(".stage-figure")).to_have_text(code)
    press(table, "PageDown")
    expect(table.page.locator("#stage")).to_be_hidden()
    assert table.code() == code
    expect(table.page.locator(".kit-prize .badge-good")).to_have_count(2)


def test_pressing_fast_or_holding_a_key_does_one_thing(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = on_stage(opened, draw, program)
    table.page.clock.run_for(CALM)
    for _ in range(5):
        table.page.keyboard.press("PageDown")
    shows(table, "intro", 1)
    table.page.clock.run_for(CALM)
    table.page.keyboard.down("ArrowRight")
    for _ in range(5):
        table.page.clock.run_for(CALM)
        table.page.keyboard.down("ArrowRight")
    table.page.keyboard.up("ArrowRight")
    table.page.clock.run_for(ALL)
    shows(table, "shown", 1)
    table.page.mouse.dblclick(600, 400)
    shows(table, "build", 2)


def test_names_are_masked_and_winners_leave_the_pool(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = on_stage(opened, draw, program)
    press(table, "PageDown")
    expect(table.page.locator(".stage-left")).to_have_text("Still in the draw: 60")
    press(table, "PageDown")
    table.page.clock.run_for(ALL)
    shows(table, "shown", 1)
    names = [name for name in table.page.locator(".stage-name").all_text_contents() if name]
    assert names
    assert all(name.endswith("*") and len(name) <= 3 for name in names)
    expect(table.page.locator(".stage-left")).to_have_text("Still in the draw: 54")
    press(table, "PageDown")
    press(table, "PageDown")
    expect(table.page.locator(".stage-left")).to_have_text("Still in the draw: 48")


def test_names_stay_hidden_on_the_page_until_the_stage_has_shown_them(
    opened: Open, draw: drawn.Draw, program: bytes
) -> None:
    table = on_stage(opened, draw, program)
    press(table, "PageDown")
    press(table, "PageDown")
    table.page.clock.run_for(ALL)
    shows(table, "shown", 1)
    press(table, "Escape")
    table.at("draw")
    rows = table.page.locator(".kit-prize").nth(0).locator("tr")
    assert [rows.nth(place).locator("b").count() for place in range(12)] == [1] * 6 + [0] * 6


def test_a_key_in_a_field_never_draws(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = on_stage(opened, draw, program)
    table.page.evaluate(
        """() => {
            const field = document.createElement("input");
            field.id = "outside";
            document.getElementById("stage").appendChild(field);
            field.focus();
        }"""
    )
    for key in (" ", "Enter", "PageDown", "ArrowRight", "ArrowLeft"):
        press(table, key)
    shows(table, "title", 0)


def test_reduced_motion_shows_at_once(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = on_stage(opened, draw, program, reduced_motion="reduce")
    press(table, "PageDown")
    press(table, "PageDown")
    shows(table, "shown", 1)
    assert "is-moving" not in (table.page.locator("#stage").get_attribute("class") or "")


@pytest.mark.parametrize("count", [1, 7, 48, 150])
@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768), (1024, 768)])
def test_up_to_150_names_fit(opened: Open, count: int, size: tuple[int, int]) -> None:
    draw = drawn.make(200, prizes=(rules.Prize("third", count, batch=150),), rounds=(), presence=False, call_seconds=0)
    table = opened(
        draw,
        drawn.kit(draw, shown="full"),
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
    )
    drawn_up_to_the_stage(table)
    table.press(".kit-main > .kit-actions .button-primary")
    press(table, "PageDown")
    press(table, "PageDown")
    expect(table.page.locator(".stage-winner")).to_have_count(count)
    clipped = table.page.evaluate(
        """() => Array.from(document.querySelectorAll(".stage-winner")).filter(card => {
            const name = card.querySelector(".stage-name").getBoundingClientRect();
            const box = card.getBoundingClientRect();
            const inside = name.top >= box.top - 1 && name.bottom <= box.bottom + 1;
            return !inside || name.right > innerWidth || name.bottom > innerHeight;
        }).length"""
    )
    assert clipped == 0
