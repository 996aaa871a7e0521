"""The empty kit: a check of published files, of receipts, and a draw without names."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from rewards.draws import rules
from server.runtime import kit_program
from tests.kit import drawn
from tests.kit.conftest import Open
from tests.kit.driving import GOLD, VENUE, Table


@pytest.fixture(scope="module")
def draw() -> drawn.Draw:
    return drawn.make()


@pytest.fixture(scope="module")
def published(draw: drawn.Draw) -> dict[str, bytes]:
    """A closed draw as it is published."""
    here = rules.format_present(range(40))
    m = rules.manifest_hash(draw.data)
    sheet = [
        f"arm {m.hex()} present {hashlib.sha256(here).hexdigest()}",
        f"venue d10x20 {VENUE}",
        *(f"reveal {label} {secret.hex()}" for label, secret in zip(draw.manifest.labels, draw.secrets, strict=True)),
        f"round gold round-d10x6 {GOLD}",
        "close",
    ]
    composed = rules.compose(draw.manifest, m, draw.lines, rules.read_inputs(sheet, draw.manifest), (), range(40))
    made = rules.publish(draw.manifest, m, draw.lines, composed)
    return {
        "manifest.json": draw.data,
        "snapshot.tsv": draw.snapshot,
        "present.tsv": here,
        "log.txt": made.log.encode(),
        "result.json": made.result,
        "kit.html": kit_program.empty_kit(),
    }


def files(found: dict[str, bytes]) -> list[Any]:
    return [{"name": name, "mimeType": "text/plain", "buffer": data} for name, data in found.items()]


def failed(table: Table) -> list[str]:
    """The names of the checks that did not hold."""
    wrong = table.page.locator("#report li.is-bad")
    return [wrong.nth(place).get_attribute("data-check") or "" for place in range(wrong.count())]


def check(table: Table, found: dict[str, bytes], **known: str) -> list[str]:
    table.press(".kit-menu button:has-text('Check a draw')")
    table.page.locator("#files").set_input_files(files(found))
    for name, value in known.items():
        table.page.locator(f"#verify-{name}").fill(value)
    table.press("#verify")
    expect(table.page.locator("#report")).to_be_visible()
    return failed(table)


def test_published_files_are_checked_in_words(opened: Open, draw: drawn.Draw, published: dict[str, bytes]) -> None:
    table = opened(draw, kit_program.empty_kit())
    table.at("home")
    code = json.loads(published["result.json"])["code"]
    assert check(table, published, m=draw.m.upper(), code=code.lower()) == []
    expect(table.page.locator("#report h2")).to_have_text("Everything checked is right.")
    expect(table.page.locator("#report .kit-figure")).to_have_text(code)
    assert table.page.locator("#report li[data-check='code.seen']").count() == 1
    table.press(".kit-language[lang=zh-Hans]")
    expect(table.page.locator("#report h2")).to_have_text("所有核对均通过。")
    assert failed(table) == []


def test_every_altered_file_is_named(opened: Open, draw: drawn.Draw, published: dict[str, bytes]) -> None:
    table = opened(draw, kit_program.empty_kit())
    altered = {
        "snapshot.tsv": (published["snapshot.tsv"].replace(b"\t1\t", b"\t2\t", 1), "snapshot.hash"),
        "present.tsv": (published["present.tsv"].replace(b"7\n", b"", 1), "present.locked"),
        "log.txt": (published["log.txt"].replace(VENUE.encode(), VENUE[::-1].encode()), "winners"),
        "result.json": (published["result.json"].replace(b'"slot":0', b'"slot":1', 1), "winners.result"),
        "kit.html": (published["kit.html"] + b" ", "kit.hash"),
    }
    for name, (data, wanted) in altered.items():
        assert wanted in check(table, {**published, name: data}), name
    assert "manifest.fingerprint" in check(table, published, m="0" * 64)
    assert "code.seen" in check(table, published, m=draw.m, code="0000-0000-0000")


def test_a_receipt_is_checked_alone_and_against_the_files(
    opened: Open, draw: drawn.Draw, published: dict[str, bytes]
) -> None:
    table = opened(draw, kit_program.empty_kit())
    line, entrant = draw.lines[5], draw.entrants[5]
    tree = rules.Tree(one.leaf for one in draw.lines)
    receipt = rules.write_receipt(
        rules.Receipt(
            *(draw.manifest.draw_id, 5, 40, line.tickets, line.unit, line.group, entrant.person_ref, entrant.salt),
            *(rules.manifest_hash(draw.data), tree.root, tuple(tree.path(5))),
        )
    )
    table.press(".kit-menu button:has-text('Check a receipt')")
    right = table.page.locator("#receipt-report .is-good")
    wrong = table.page.locator("#receipt-report .is-bad")
    table.page.locator("#receipt").fill(receipt)
    table.press("#check-receipt")
    expect(right).to_have_count(1)
    table.page.locator("#files").set_input_files(files(published))
    table.press("#check-receipt")
    expect(right).to_have_count(4)
    table.page.locator("#receipt").fill(receipt.replace(f"|5|40|{line.tickets}|", f"|5|40|{line.tickets + 1}|"))
    table.press("#check-receipt")
    expect(wrong).to_have_count(2)
    table.page.locator("#receipt").fill("VDRAW1|cut off")
    table.press("#check-receipt")
    expect(wrong).to_have_count(0)
    expect(table.page.locator(".kit-notice")).to_contain_text("no receipt")


def test_a_second_machine_without_names_reaches_the_same_code(
    opened: Open, draw: drawn.Draw, published: dict[str, bytes]
) -> None:
    table = opened(draw, kit_program.empty_kit())
    two = {name: published[name] for name in ("manifest.json", "snapshot.tsv")}
    table.page.locator("#run-files").set_input_files(files(two))
    table.to_step("present")
    table.page.get_by_role("button", name="Everybody is here").click()
    table.arm()
    table.seen()
    table.throw(VENUE)
    table.waited()
    table.reveal(0)
    table.reveal(1)
    table.later()
    table.throw(GOLD)
    table.later()
    table.show_all()
    expect(table.page.locator(".kit-prize").nth(2).locator("b").last).to_contain_text("Line ")
    table.close()
    assert table.code() == json.loads(published["result.json"])["code"]


def test_the_file_of_a_kit_is_compared_with_the_promised_program(
    opened: Open, draw: drawn.Draw, tmp_path: Path
) -> None:
    program = drawn.kit(draw)
    table = opened(draw, program)
    table.at("check")
    for data, words in ((program, "It is the promised program."), (program.replace(b"pick", b"peck", 1), "another")):
        table.page.locator("#self").set_input_files({"name": "k.html", "mimeType": "text/html", "buffer": data})
        expect(table.page.locator(".kit-card:has(#self)")).to_contain_text(words)
        digest = kit_program.kit_hash(data)
        assert digest in (table.page.locator(".kit-card:has(#self)").text_content() or "")
