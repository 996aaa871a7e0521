"""A whole draw in the kit, and everything that may go wrong at the table."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect

from rewards.draws import rules
from rewards.draws.verify import verify_folder
from tests.kit import drawn
from tests.kit.conftest import NO_SUBTLE, STORAGE_THROWS, Open
from tests.kit.driving import AGAIN, GOLD, VENUE, Table, play


@pytest.fixture(scope="module")
def draw() -> drawn.Draw:
    return drawn.make()


@pytest.fixture(scope="module")
def program(draw: drawn.Draw) -> bytes:
    return drawn.kit(draw)


@pytest.fixture(scope="module")
def right(draw: drawn.Draw) -> list[str]:
    """The log of `play` and the redraw dice, composed by the Python rules."""
    present = range(0, 40, 2)
    voids = rules.format_voids({3: "left"})
    here = rules.format_present(present)
    m = rules.manifest_hash(draw.data)
    sheet = [
        f"arm {m.hex()} void {hashlib.sha256(voids).hexdigest()} present {hashlib.sha256(here).hexdigest()}",
        f"venue d10x20 {VENUE}",
        *(f"reveal {label} {secret.hex()}" for label, secret in zip(draw.manifest.labels, draw.secrets, strict=True)),
        f"round gold round-d10x6 {GOLD}",
        "call first 0 0",
        "absent first 0 0",
        f"redraw first 0 1 redraw-d10x4 {AGAIN}",
    ]
    composed = rules.compose(draw.manifest, m, draw.lines, rules.read_inputs(sheet, draw.manifest), (3,), present)
    return list(composed.lines)


def code_of(draw: drawn.Draw, log: list[str]) -> str:
    return rules.display_code(rules.chain(rules.manifest_hash(draw.data), log)[-1])


def saved(table: Table) -> dict[str, Any]:
    """The file that the kit saves now."""
    with table.page.expect_download() as download:
        table.press(".kit-unsaved")
    found: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    return found


def as_file(journal: dict[str, Any]) -> FilePayload:
    """A saved file that people choose."""
    return {"name": "saved.vdraw", "mimeType": "application/json", "buffer": json.dumps(journal).encode()}


def finish(table: Table) -> None:
    """The redraw dice after `play`, the second absence and the end."""
    table.throw(AGAIN)
    table.leave_stage()
    table.show_all()
    table.gone(1, 2, "Zhao Min", "周强", "declined")
    table.leave_stage()
    table.close()


def prepared(table: Table) -> None:
    table.present(range(0, 40, 2))
    table.void(3, "left")
    table.arm()


def pass_by(table: Table) -> None:
    """Go on to where the next event happens."""
    expect(table.page.locator("h1")).to_be_visible()
    if table.where == "armed":
        table.seen()
    if table.where == "wait":
        table.waited()
    if table.where == "result":
        table.later()
    if table.where == "draw":
        table.show_all()


def says(table: Table, words: str) -> None:
    expect(table.page.locator(".kit-notice").first).to_contain_text(words)


def test_a_whole_draw_from_a_file_without_network(
    opened: Open, draw: drawn.Draw, program: bytes, tmp_path: Path
) -> None:
    table = opened(draw, program)
    play(table)
    finish(table)
    code = table.code()
    journal = saved(table)
    expect(table.page.locator(".kit-unsaved")).to_have_count(0)
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(draw.data)
    (folder / "snapshot.tsv").write_bytes(draw.snapshot)
    for name, key in (("log.txt", "log"), ("void.tsv", "void"), ("present.tsv", "present")):
        (folder / name).write_text(journal[key])
    report = verify_folder(folder)
    assert [check.name for check in report.checks if not check.ok] == ["result.json.read"]
    assert report.state == "closed"
    assert code_of(draw, journal["log"].splitlines()) == code
    assert journal["confirmed"] == {"first 0 0": ["Zhao Min", "Wu Hao"], "second 2 0": ["Zhao Min", "周强"]}
    assert journal["witnesses"] == list(draw.manifest.witnesses)


EVENTS = (
    prepared,
    lambda table: table.throw(VENUE),
    lambda table: table.reveal(0),
    lambda table: table.reveal(1),
    lambda table: table.throw(GOLD),
    lambda table: table.call_until_absent(2, 0),
    lambda table: table.gone(2, 0, "Zhao Min", "Wu Hao"),
    lambda table: table.throw(AGAIN),
    lambda table: table.gone(1, 2, "Zhao Min", "周强", "declined"),
    lambda table: table.close(),
)
"""What people do, event by event: arm to close."""


def test_a_reload_after_every_single_event_changes_nothing(
    opened: Open, draw: drawn.Draw, program: bytes, right: list[str]
) -> None:
    table = opened(draw, program)
    codes: list[str] = []
    for event in EVENTS:
        pass_by(table)
        event(table)
        expect(table.page.locator(".kit-code-now")).not_to_have_text(codes[-1] if codes else "")
        codes.append(table.code())
        table.page.reload()
        expect(table.page.locator(".kit-code-now")).to_have_text(codes[-1])
    assert codes[7] == code_of(draw, right)
    log = saved(table)["log"].splitlines()
    heads = [rules.display_code(head) for head in rules.chain(rules.manifest_hash(draw.data), log)]
    assert set(codes) <= set(heads)
    assert codes[-1] == heads[-1]


def test_storage_that_throws_and_no_web_crypto_change_nothing(
    opened: Open, draw: drawn.Draw, program: bytes, right: list[str]
) -> None:
    table = opened(draw, program, scripts=(STORAGE_THROWS, NO_SUBTLE))
    assert table.page.evaluate("crypto.subtle === undefined")
    play(table)
    table.throw(AGAIN)
    table.leave_stage()
    assert table.code() == code_of(draw, right)
    expect(table.page.locator(".kit-saved")).to_contain_text("keeps nothing")


def test_a_spare_machine_typed_from_the_paper_reaches_the_same_code(
    opened: Open, draw: drawn.Draw, program: bytes, right: list[str]
) -> None:
    table = opened(draw, program)
    play(table)
    finish(table)
    code = table.code()
    table.page.evaluate("window.print = function () {}")
    table.page.get_by_role("button", name="Print in English").click()
    sheet = table.page.locator(".paper-sheet")
    assert sheet.count() == 1
    typed = sheet.locator(".paper-inputs").text_content() or ""
    present = sheet.locator(".paper-ranges").text_content() or ""
    spare = opened(draw, program)
    spare.at("check")
    spare.press(".kit-menu button:nth-child(2)")
    spare.page.locator("#paper-inputs").fill(typed.upper())
    spare.page.locator("#paper-voids").fill("3 left")
    spare.page.locator("#paper-present").fill(present)
    spare.page.locator("#paper-code").fill(code.lower().replace("-", " "))
    spare.press("#rebuild")
    spare.at("end")
    assert spare.code() == code


def test_the_paper_may_leave_out_what_follows_anyway(
    opened: Open, draw: drawn.Draw, program: bytes, right: list[str]
) -> None:
    table = opened(draw, program)
    table.at("check")
    table.press(".kit-menu button:nth-child(2)")
    rows = [rules.write_secret(secret) for secret in draw.secrets]
    table.page.locator("#paper-voids").fill("3 left")
    table.page.locator("#paper-present").fill(" ".join(map(str, range(0, 40, 2))))
    wrong = rows[1].replace("1: ", "1: f", 1)
    inputs = "venue 31415 92653 58979 32384\nreveal organiser\n{}\nreveal union\n{}\nround gold 271828\n{}"
    end = "call first 0\nabsent first 0\nredraw 16 18"
    table.page.locator("#paper-inputs").fill(inputs.format(rows[0], wrong, end))
    table.press("#rebuild")
    says(table, "Row 12:")
    table.page.locator("#paper-inputs").fill(inputs.format(rows[0], rows[1], end))
    table.page.locator("#paper-code").fill("0000-0000-0000")
    table.press("#rebuild")
    says(table, "not 0000-0000-0000")
    table.page.locator("#paper-code").fill(code_of(draw, right))
    table.press("#rebuild")
    table.at("draw")
    assert table.code() == code_of(draw, right)


def test_a_spare_machine_goes_on_from_the_saved_file(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="secrets")
    journal = saved(table)
    spare = opened(draw, program)
    spare.at("check")
    spare.press(".kit-menu button:nth-child(2)")
    spare.page.locator("#journal-file").set_input_files(as_file(journal))
    spare.waited()
    spare.at("secrets")
    assert spare.code() == table.code()


def test_a_file_of_another_draw_or_an_edited_one_is_refused(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="dice")
    table.throw(VENUE)
    table.waited()
    table.reveal(0)
    table.reveal(1)
    journal = saved(table)
    lines = journal["log"].splitlines()
    win = next(place for place, line in enumerate(lines) if line.startswith("win third 0"))
    swapped = [*lines[:win], "win third 0 0 5", *lines[win + 1 :]]
    for change, words in (
        ({"manifest": "0" * 64}, "another manifest"),
        ({"log": "".join(line + "\n" for line in swapped)}, "altered"),
        ({"log": journal["log"].replace(f"d10x20 {VENUE}", "d10x20 1")}, "20 throws"),
        ({"void": "4\tleft\n"}, "not those that were locked"),
        ({"present": None}, "presence list"),
        ({"proto": "vdraw/0"}, "no saved file"),
    ):
        table.press(".kit-menu button:nth-child(2)")
        table.page.locator("#journal-file").set_input_files(as_file({**journal, **change}))
        says(table, words)
        assert table.where == "rebuild"


def test_a_second_run_with_other_dice_cannot_pretend(
    opened: Open, draw: drawn.Draw, program: bytes, right: list[str]
) -> None:
    table = opened(draw, program)
    play(table, until="dice")
    armed = saved(table)
    table.throw(VENUE)
    table.waited()
    table.reveal(0)
    table.reveal(1)
    first = table.code()
    spare = opened(draw, program)
    spare.at("check")
    spare.press(".kit-menu button:nth-child(2)")
    spare.page.locator("#journal-file").set_input_files(as_file(armed))
    spare.seen()
    spare.throw(VENUE[::-1])
    spare.waited()
    spare.reveal(0)
    spare.reveal(1)
    second = spare.code()
    assert second != first
    journal = saved(spare)
    table.press(".kit-menu button:nth-child(2)")
    table.page.locator("#journal-file").set_input_files(as_file(journal))
    table.at("draw")
    assert table.code() == second
    expect(table.page.locator(".kit > .kit-notice")).to_contain_text(first)
    assert [one["code"] for one in saved(table)["earlier"]] == [first]
    table.page.reload()
    expect(table.page.locator(".kit > .kit-notice")).to_contain_text(first)


def test_an_older_file_does_not_turn_the_clock_back(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="dice")
    armed = saved(table)
    table.throw(VENUE)
    table.at("wait")
    code = table.code()
    table.press(".kit-menu button:nth-child(2)")
    table.page.locator("#journal-file").set_input_files(as_file(armed))
    says(table, "already further")
    assert table.code() == code
    expect(table.page.locator(".kit > .kit-notice")).to_have_count(0)


def test_what_the_server_knew_already_is_where_the_lists_begin(opened: Open, draw: drawn.Draw) -> None:
    voids = rules.format_voids({3: "left", 8: "duplicate"})
    table = opened(draw, drawn.kit(draw, voids=voids, present=(1, 2, 5)))
    table.to_step("present")
    expect(table.page.locator("#count")).to_contain_text("3 of 40")
    table.to_step("void")
    table.page.get_by_role("button", name="Take back").last.click()
    table.arm()
    journal = saved(table)
    assert (journal["void"], journal["present"]) == ("3\tleft\n", "1\n2\n5\n")


def test_a_second_window_cannot_write_over_the_first(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="dice")
    second = opened(draw, program, machine=table)
    second.seen()
    table.throw(VENUE)
    table.at("wait")
    second.throw(VENUE[::-1])
    says(second, "Another window")
    assert second.where == "dice"
    second.page.reload()
    second.at("wait")
    assert second.code() == table.code()


def test_dice_need_their_number_and_two_equal_entries(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="dice")
    first, second, go = (table.page.locator(name) for name in ("#dice-first", "#dice-second", "#dice-go"))
    for one, two in ((VENUE[:-1], VENUE[:-1]), (VENUE + "1", VENUE + "1"), (VENUE, VENUE[:-1] + "9"), (VENUE, "")):
        first.fill(one)
        second.fill(two)
        expect(go).to_be_disabled()
    first.fill("３１４１５ 92653 58979 32384")
    second.fill(VENUE)
    expect(go).to_be_enabled()
    go.click()
    table.at("wait")
    expect(table.page.locator("#wait-go")).to_be_disabled()
    table.page.clock.run_for(8000)
    expect(table.page.locator("#wait-go")).to_be_disabled()
    table.page.clock.run_for(3000)
    expect(table.page.locator("#wait-go")).to_be_enabled()


def test_a_secret_that_is_mistyped_or_another_one_is_refused(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="secrets")
    field, told, go = (table.page.locator(name) for name in ("#secret", ".kit-dice-told", "#secret-go"))
    rows = rules.write_secret(draw.secrets[0]).splitlines()
    field.fill("\n".join([*rows[:2], rows[2][:-1] + ("0" if rows[2][-1] != "0" else "1"), *rows[3:]]))
    expect(told).to_contain_text("Row 3")
    expect(table.page.locator(".kit-rows li.is-bad")).to_have_text(["Row 3"])
    expect(go).to_be_disabled()
    field.fill(draw.secrets[1].hex())
    expect(told).to_contain_text("not the one promised")
    expect(go).to_be_disabled()
    field.fill(draw.secrets[0].hex().upper() + "\n")
    expect(go).to_be_enabled()
    go.click()
    expect(table.page.locator("h1")).to_contain_text("周强")


def test_an_absence_needs_a_call_a_countdown_and_two_people(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="result")
    table.later()
    table.show_all()
    code = table.code()
    row = table.page.locator(".kit-prize").nth(1).locator("tr").nth(0)
    row.get_by_role("button", name="Goes").click()
    expect(table.page.locator("input[name=reason]")).to_have_count(2)
    table.page.get_by_role("button", name="Cancel").click()
    assert table.code() == code
    row.get_by_role("button", name="Call").click()
    expect(table.page.locator("#call-absent")).to_be_disabled()
    table.page.clock.run_for(2000)
    called = table.code()
    assert called != code
    table.press("#call-absent")
    expect(table.page.locator("#confirm")).to_be_disabled()
    table.page.locator("#confirm-name").fill("Zhao Min")
    table.press("#confirm")
    assert table.code() == called
    table.page.locator("#confirm-name").fill(" zhao  min ")
    expect(table.page.locator("#confirm")).to_be_disabled()
    table.page.locator("#confirm-name").fill("Wu Hao")
    table.press("#confirm")
    expect(table.page.locator("#stage")).to_be_visible()
    assert table.code() != called


def test_whoever_need_not_be_there_is_not_called(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="result")
    table.later()
    table.show_all()
    assert table.page.locator(".kit-prize").nth(0).get_by_role("button", name="Call").count() == 0
    assert table.page.locator(".kit-prize").nth(1).get_by_role("button", name="Call").count() == 3


def test_an_edited_kit_does_not_open(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    line = draw.snapshot.decode().splitlines()[4]
    ticket = re.sub(r"\t([0-9])\t", lambda found: f"\t{int(found[1]) % 3 + 1}\t", line).replace("\t", "\\t")
    swapped = program.replace(line.replace("\t", "\\t").encode(), ticket.encode())
    assert swapped != program
    names = [entrant.person_ref for entrant in draw.entrants]
    person = program.replace(f'"{names[7]}"'.encode(), b'"E9999"', 1).replace(f'"{names[7]}"'.encode(), b'"E9999"')
    manifest = program.replace(f'"m":"{draw.m}"'.encode(), f'"m":"{"0" * 64}"'.encode())
    for edited, words in ((swapped, "file hash"), (person, "Line 7"), (manifest, "another manifest")):
        table = opened(draw, edited)
        table.at("refused")
        says(table, words)


def test_an_abort_ends_everything_and_nobody_has_won(opened: Open, draw: drawn.Draw, program: bytes) -> None:
    table = opened(draw, program)
    play(table, until="result")
    table.later()
    table.press(".kit-abort summary")
    table.page.locator("#abort-reason").fill("Power cut!")
    expect(table.page.locator("#abort")).to_be_disabled()
    table.page.locator("#abort-sure").check()
    table.press("#abort")
    says(table, "malformed")
    table.press(".kit-abort summary")
    table.page.locator("#abort-reason").fill("power-cut")
    table.page.locator("#abort-sure").check()
    table.press("#abort")
    table.at("end")
    assert saved(table)["log"].endswith("abort power-cut\n")
    assert table.page.locator(".kit-prize").count() == 0


def test_a_rehearsal_says_so_everywhere_and_may_begin_anew(opened: Open) -> None:
    draw = drawn.make(draw_id="rehearsal-2026-001", rehearsal=True)
    table = opened(draw, drawn.kit(draw))
    table.at("check")
    assert "REHEARSAL" in table.page.title()
    mark = "getComputedStyle(document.body, '::before').content"
    assert "REHEARSAL" in table.page.evaluate(mark)
    table.present(range(0, 40, 2))
    table.arm()
    table.seen()
    table.throw(VENUE)
    table.waited()
    for _ in draw.secrets:
        table.at("secrets")
        table.press("#secret-go")
    table.later()
    table.throw(GOLD)
    table.later()
    table.close()
    assert saved(table)["manifest"] == draw.m
    table.page.evaluate("window.print = function () {}")
    table.page.get_by_role("button", name="Print both languages").click()
    table.page.emulate_media(media="print")
    assert table.page.locator(".paper-mark").all_text_contents() == ["REHEARSAL", "彩排"]
    assert "REHEARSAL" in table.page.evaluate(mark)
    table.page.emulate_media(media="screen")
    table.page.get_by_role("button", name="Begin anew").click()
    table.at("check")


def test_a_draw_with_a_beacon_one_round_and_no_presence_list(opened: Open, tmp_path: Path) -> None:
    draw = drawn.make(
        prizes=(rules.Prize("first", 2, batch=2),),
        rounds=(),
        presence=False,
        call_seconds=0,
        beacon=rules.Beacon("ab" * 32, 1234567),
    )
    table = opened(draw, drawn.kit(draw))
    table.to_step("arm")
    table.arm()
    table.seen()
    table.throw(VENUE)
    table.waited()
    table.at("beacon")
    table.page.locator("#beacon").fill("12")
    table.page.get_by_role("button", name="Write it down").click()
    says(table, "96")
    table.page.locator("#beacon").fill("5A " * 48)
    table.page.get_by_role("button", name="Write it down").click()
    table.reveal(0)
    table.reveal(1)
    table.later()
    table.close()
    journal = saved(table)
    assert journal["present"] is None
    (tmp_path / "manifest.json").write_bytes(draw.data)
    (tmp_path / "snapshot.tsv").write_bytes(draw.snapshot)
    (tmp_path / "log.txt").write_text(journal["log"])
    report = verify_folder(tmp_path)
    assert [check.name for check in report.checks if not check.ok] == ["result.json.read"]
