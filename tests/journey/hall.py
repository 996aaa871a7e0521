"""A draw as people hold it: custodians at their own computers, the desk, a laptop in a hall without network."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from rewards.draws import rules
from tests.chromium import picture
from tests.journey import house
from tests.journey.watching import Watched
from tests.kit.drawn import Draw
from tests.kit.driving import AGAIN, VENUE, Table


@dataclass
class Envelopes:
    """What lies in the sealed envelopes: label -> the secret, as its custodian wrote it down."""

    secrets: dict[str, bytes] = field(default_factory=dict)


def plan(desk: Page, base: str, custodians: tuple[str, str]) -> None:
    """Two prizes, the dearer one with fresh dice for an absent winner; two custodians; no time for objections."""
    desk.goto(f"{base}/desk/draws/new")
    desk.get_by_label("Title").fill("Autumn draw")
    prizes = desk.locator(".draw-prize")
    while prizes.count() < 2:
        desk.get_by_role("button", name="Add a prize").click()
    for place, (name, count, value) in enumerate((("Thermos", "2", "99"), ("Bicycle", "1", "1500"))):
        prize = prizes.nth(place)
        prize.locator("[name$=-name]").fill(name)
        prize.locator("[name$=-quantity]").fill(count)
        prize.locator("[name$=-value]").fill(value)
    prizes.nth(0).locator("summary").click()
    prizes.nth(0).locator("[name$=-alternates]").fill("1")
    prizes.nth(1).locator("summary").click()
    prizes.nth(1).locator("select[name$=-redraw]").select_option("d10x4")
    for place, number in enumerate(custodians):
        desk.locator("[data-row=custodian] [name$=-who]").nth(place).fill(number)
    desk.locator("#more-times > summary").click()
    desk.locator("#field-dispute_hours").fill("0")
    desk.get_by_label("Points for one ticket").fill("50")
    expect(desk.locator("#preview-now .stat-value").first).to_have_text("6")


def seal(custodian: Watched, base: str, slug: str, envelopes: Envelopes, look: str) -> None:
    """Make the secret in the own browser, write it down, show that it is written down, and seal."""
    page = custodian.page
    page.goto(f"{base}/draws/{slug}")
    page.get_by_role("link", name="To my secret").click()
    page.get_by_role("button", name="Make my secret").click()
    rows = page.locator("[data-envelope]").first.locator("li").all_inner_texts()
    label = page.locator("[data-custody]").get_attribute("data-label") or ""
    envelopes.secrets[label] = rules.read_secret("".join(f"{number}: {row}\n" for number, row in enumerate(rows, 1)))
    custodian.look(look)
    for name in ("first", "second"):
        asked = re.search(r"[0-9]", page.locator(f"label[for=field-{name}]").inner_text())
        assert asked is not None
        page.locator(f"#field-{name}").fill(rows[int(asked[0]) - 1])
    page.get_by_role("button", name="Seal it").click()
    expect(page.locator("main")).to_contain_text("Keep the envelope closed")


class Hall:
    """A laptop without network that has the kit of a draw in a file."""

    def __init__(self, chromium: Browser, kit: Path, published: Path, secrets: tuple[bytes, ...]) -> None:
        self.context = chromium.new_context(
            viewport={"width": 1366, "height": 768}, offline=True, accept_downloads=True
        )
        page = self.context.new_page()
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else self.faults.append(asked.url),
        )
        page.clock.install()
        page.goto(kit.as_uri())
        manifest = (published / "manifest.json").read_bytes()
        snapshot = (published / "snapshot.tsv").read_bytes()
        self.table = Table(page, Draw(rules.parse_manifest(manifest), manifest, snapshot, (), secrets, ()))

    def look(self, name: str) -> None:
        """Keep a picture of what the laptop shows."""
        kind = "rehearsal" if self.table.draw.manifest.rehearsal else "draw"
        if path := picture(f"22-kit-{kind}-{name}"):
            self.table.page.screenshot(path=path)

    def hold(self, *, absent: bool) -> dict[str, Any]:
        """The whole ceremony; with `absent` the winner of the bicycle is not there. Gives the saved file."""
        table = self.table
        table.at("check")
        self.look("checked")
        table.arm()
        table.seen()
        table.throw(VENUE)
        table.waited()
        for place in range(len(table.draw.manifest.commit)):
            table.reveal(place)
        table.at("result")
        self.look("result")
        table.later()
        table.show_all()
        if absent:
            table.call_until_absent(1, 0)
            table.confirm("Zhao Min", "Wu Hao")
            self.look("absent")
            table.throw(AGAIN)
            table.leave_stage()
            table.show_all()
        table.close()
        self.look("end")
        with table.page.expect_download() as download:
            table.press(".kit-unsaved")
        found: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
        assert not self.faults
        return found

    def end(self) -> None:
        self.context.close()


def freeze(desk: Page) -> list[str]:
    """Freeze now and wait for the worker; the fingerprint in groups."""
    house.confirm(desk, "Freeze now")
    shown = desk.locator("#step-freeze .fingerprint")
    expect(shown).to_have_count(1)
    desk.locator("#step-freeze > details").evaluate("one => { one.open = true; }")
    return shown.inner_text().split()


def download(desk: Page, link: str, into: Path) -> Path:
    """Save what a link of the page gives."""
    with desk.expect_download() as started:
        desk.get_by_role("link", name=link).click()
    into.parent.mkdir(parents=True, exist_ok=True)
    started.value.save_as(into)
    return into


def bring(desk: Page, saved: dict[str, Any]) -> None:
    """Choose the kit's file and look at it first."""
    desk.locator("input[type=file][name=log]").set_input_files(
        {"name": "draw.vdraw", "mimeType": "application/json", "buffer": json.dumps(saved).encode()}
    )
    desk.get_by_role("button", name="Look at it first").click()
