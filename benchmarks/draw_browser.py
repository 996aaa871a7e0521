"""`python -m benchmarks.draw_browser [ENTRANTS ...]`: a draw in Chromium, in the kit and on a phone, against the bars.

1,000 winners in two rounds (900 and 100); 5,000, 50,000 and 200,000 entrants when no number is given. The kit is opened
from a file without network; the phone's scripts get the published files from a server of this process. One table on
standard output and, with the machine and the date, in benchmarks/results/. Exit code 1 when a bar is missed.
"""

import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, NamedTuple

import psutil
from playwright.sync_api import Browser, sync_playwright

from benchmarks.kit import ROUNDS, ceremony, renderers
from rewards.draws import rules
from rewards.draws.rules import events
from server.runtime.kit_program import STATIC
from tests.browser_setup import find
from tests.chromium import ARGUMENTS
from tests.kit import drawn
from tests.kit.driving import GOLD, VENUE

RESULTS = Path(__file__).resolve().parent / "results"
SIZES = (5_000, 50_000, 200_000)
BAR_AT = 50_000
PLACES = (rules.Prize("third", 900, round="small"), rules.Prize("second", 100, round="gold"))
SCRIPTS = ("core.js", "verify.js", "check.js")
SLOW = 4
"""How many times slower than this machine a phone is made, for the figures that say so."""


class Figure(NamedTuple):
    """`most`: what a draw of 50,000 may take at most; None: no bar. `digits` after the point."""

    name: str
    words: str
    digits: int
    most: float | None = None


FIGURES = (
    Figure("kit_mb", "filled kit, MB", 2, 12),
    Figure("open_s", "opening it until all is checked, s", 2, 5),
    Figure("open_cpu_s", "the same, seconds of processor", 2),
    Figure("round_900_s", "round of 900, s", 2, 1),
    Figure("round_100_s", "round of 100, s", 2, 1),
    Figure("reload_s", "reload in the middle, s", 2),
    Figure("receipt_ms", "one receipt on a phone, first time, ms", 1, 100),
    Figure("receipt_slow_ms", f"the same on one {SLOW} times slower, ms", 1),
    Figure("files_mb", "published files, MB", 2),
    Figure("recompute_s", "the whole draw again on a phone, s", 2, 5),
    Figure("recompute_cpu_s", "the same, seconds of processor", 2),
    Figure("recompute_slow_s", f"the same on one {SLOW} times slower, s", 2),
    Figure("longest_ms", "longest time in which the page stood still, ms", 0),
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are no news."""


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a server of these files on this machine; it ends with a slash."""
    with TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()


def published(draw: drawn.Draw) -> dict[str, bytes]:
    """The files of the draw after its close, with everybody present."""
    present = rules.format_present(range(draw.manifest.n))
    m = rules.manifest_hash(draw.data)
    inputs = [
        events.arm_line(m.hex(), "", rules.present_hash(present)),
        events.venue_line(draw.manifest.venue, VENUE),
        *(events.reveal_line(rules.Reveal(*pair)) for pair in zip(draw.manifest.labels, draw.secrets, strict=True)),
        events.round_line(ROUNDS[1].id, rules.round_label(ROUNDS[1].dice), GOLD),
        events.CLOSE_LINE,
    ]
    lines = draw.lines
    sheet = rules.read_inputs(inputs, draw.manifest)
    composed = rules.compose(draw.manifest, m, lines, sheet, (), range(draw.manifest.n))
    result = rules.publish(draw.manifest, m, lines, composed)
    return {
        "manifest.json": draw.data,
        "snapshot.tsv": draw.snapshot,
        "present.tsv": present,
        "log.txt": result.log.encode("ascii"),
        "result.json": result.result,
    }


def receipt(draw: drawn.Draw) -> str:
    """That of the entrant in the middle of the list."""
    at = draw.manifest.n // 2
    lines, who = draw.lines, draw.entrants[at]
    tree = rules.Tree(line.leaf for line in lines)
    line = lines[at]
    return rules.write_receipt(
        rules.Receipt(
            *(
                draw.manifest.draw_id,
                at,
                draw.manifest.n,
                line.tickets,
                line.unit,
                line.group,
                who.person_ref,
                who.salt,
            ),
            *(rules.manifest_hash(draw.data), tree.root, tree.path(at)),
        )
    )


def processor() -> float:
    """Seconds of processor time that the pages have used so far, whatever else the machine does."""
    return sum(sum(one.cpu_times()[:2]) for one in renderers())


def phone(browser: Browser, draw: drawn.Draw) -> dict[str, float]:
    """The check of a receipt and of the whole folder, as the page of a phone does it."""
    files = published(draw)
    text = receipt(draw)
    tags = "".join(f'<script src="{name}"></script>' for name in SCRIPTS)
    scripts = {name: (STATIC / "draw" / name).read_bytes() for name in SCRIPTS}
    found: dict[str, float] = {"files_mb": sum(map(len, files.values())) / 1e6}
    with served({**files, **scripts, "check.html": f"<!doctype html>{tags}".encode()}) as address:
        for ending, slower in (("", 1), ("_slow", SLOW)):
            page = browser.new_page()
            devtools = page.context.new_cdp_session(page)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
            page.goto(address + "check.html")
            took = page.evaluate(
                """async (text) => {
                  const manifest = await drawCheck.fetchFile("manifest.json");
                  const since = performance.now();
                  const found = drawCheck.receipt(text, manifest, "");
                  return [found.ok, performance.now() - since];
                }""",
                text,
            )
            page.evaluate("async () => { window.files = await drawCheck.fetchFiles(''); }")
            burnt = processor()
            whole = page.evaluate(
                """async (text) => {
                  const since = performance.now();
                  let before = since;
                  let longest = 0;
                  const report = await drawCheck.check(files, { receipt: text }, () => {
                    const now = performance.now();
                    longest = Math.max(longest, now - before);
                    before = now;
                  });
                  return [report.ok && report.state === "closed", (performance.now() - since) / 1000, longest];
                }""",
                text,
            )
            burnt = processor() - burnt
            page.close()
            if not (took[0] and whole[0]):
                raise SystemExit("the check refuses a draw that is right")
            found["receipt" + ending + "_ms"] = took[1]
            found["recompute" + ending + "_s"] = whole[1]
            found.setdefault("longest_ms", whole[2])
            found.setdefault("recompute_cpu_s", burnt)
    return found


def measure(browser: Browser, size: int) -> dict[str, float]:
    print(f"laurel bench: {size} entrants in Chromium", file=sys.stderr, flush=True)
    kit = ceremony(browser, size)
    return {
        "kit_mb": kit["megabytes"],
        "open_s": kit["opened_and_checked_s"],
        "open_cpu_s": kit["opened_and_checked_cpu_s"],
        "round_900_s": kit["round_of_900_s"],
        "round_100_s": kit["round_of_100_s"],
        "reload_s": kit["reload_s"],
        **phone(browser, drawn.make(size, prizes=PLACES, rounds=ROUNDS, call_seconds=0)),
    }


def table(report: Mapping[int, Mapping[str, float]]) -> list[str]:
    """A line for each figure: its value at each size, its bar, and the cost of an entrant of the largest draw as a
    multiple of that in a draw of 50,000 (1.0 = the cost grows as the draw)."""
    sizes = sorted(report)
    ratio = BAR_AT in sizes and sizes[-1] > BAR_AT
    head = ["figure", *(f"{size:,}" for size in sizes), f"at most, {BAR_AT:,}"]
    rows = [head + ([f"an entrant, {sizes[-1]:,} : {BAR_AT:,}"] if ratio else [])]
    for figure in FIGURES:
        row = [figure.words, *(f"{report[size][figure.name]:.{figure.digits}f}" for size in sizes)]
        row.append("" if figure.most is None else f"{figure.most:g}")
        if ratio:
            small, large = report[BAR_AT][figure.name], report[sizes[-1]][figure.name]
            row.append(f"{large / small / (sizes[-1] / BAR_AT):.2f}" if small else "")
        rows.append(row)
    rows.insert(1, ["---"] * len(rows[0]))
    return ["| " + " | ".join(row) + " |" for row in rows]


def missed(report: Mapping[int, Mapping[str, float]]) -> list[str]:
    """Every bar that was missed, in words; empty: all met, or 50,000 was not measured."""
    found: Mapping[str, Any] = report.get(BAR_AT, {})
    return [
        f"{figure.words}: {found[figure.name]:.{figure.digits}f}, at most {figure.most:g}"
        for figure in FIGURES
        if figure.most is not None and found.get(figure.name, 0) > figure.most
    ]


def main() -> int:
    """0 when every bar is met, 1 when one is missed or there is no Chromium."""
    sizes = [int(argument) for argument in sys.argv[1:]] or list(SIZES)
    path = find()
    if path is None:
        print("no Chromium: python -m tests.browser_setup", file=sys.stderr)
        return 1
    before = os.getloadavg()
    began = time.perf_counter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        version = browser.version
        report = {size: measure(browser, size) for size in sizes}
        browser.close()
    at = datetime.now(UTC)
    bars = missed(report)
    text = "\n".join(
        [
            f"# A draw in the browser, {at.date().isoformat()}",
            "",
            f"- date: {at.isoformat(timespec='seconds')}",
            f"- command: {' '.join(['python -m benchmarks.draw_browser', *sys.argv[1:]])}",
            f"- machine: {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.system()}",
            f"- Chromium {version}, Python {platform.python_version()}",
            f"- load_average: {[round(load, 1) for load in before]} before,"
            f" {[round(load, 1) for load in os.getloadavg()]} after {time.perf_counter() - began:.0f} s",
            "",
            *table(report),
            "",
            "## Bars",
            "",
            *([f"- missed: {line}" for line in bars] or ["All bars of these figures are met."]),
            "",
        ]
    )
    print(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{at.strftime('%Y-%m-%d-%H%M')}-browser.md").write_text(text)
    return 1 if bars else 0


if __name__ == "__main__":
    sys.exit(main())
