"""`python -m benchmarks.kit [ENTRANTS ...]`: the offline kit in Chromium, JSON on standard output.

For each number of entrants (50,000 when none is given): size of the file; seconds from opening it to everything
checked, and processor time of that, which depends less on what else the machine does; of a round of 900 and one of
100 places; of a reload. For 2,000 entrants what the stage costs at 1920x1080 without a graphics card: share of one
core of the renderer and pictures a second, while names roll and while leaves fall.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from rewards.draws import rules
from tests.browser_setup import find
from tests.chromium import ARGUMENTS
from tests.kit import drawn
from tests.kit.driving import GOLD, VENUE, Table

ROUNDS = (rules.Round("small"), rules.Round("gold", "d10x6"))
FRAMES = """() => {
    window.pictures = 0;
    const next = () => { window.pictures += 1; requestAnimationFrame(next); };
    next();
}"""


@contextmanager
def opened(browser: Browser, program: bytes, width: int, height: int) -> Iterator[Page]:
    """The kit from a file, in a machine of its own without network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kit.html"
        path.write_bytes(program)
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="commit")
        yield page
        context.close()


def lasted(since: float) -> float:
    return round(time.perf_counter() - since, 2)


def renderers() -> list[psutil.Process]:
    """The renderer processes of our own Chromium."""
    return [one for one in psutil.Process().children(recursive=True) if "--type=renderer" in " ".join(one.cmdline())]


def burnt(processes: list[psutil.Process]) -> float:
    """Seconds of processor time that these have used."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def ceremony(browser: Browser, people: int) -> dict[str, Any]:
    prizes = (rules.Prize("third", 900, batch=150, round="small"), rules.Prize("second", 100, batch=10, round="gold"))
    draw = drawn.make(people, prizes=prizes, rounds=ROUNDS, call_seconds=0)
    since = time.perf_counter()
    program = drawn.kit(draw)
    found: dict[str, Any] = {"entrants": people, "fill_s": lasted(since), "megabytes": round(len(program) / 1e6, 2)}
    since = time.perf_counter()
    with opened(browser, program, 1366, 768) as page:
        table = Table(page, draw)
        table.at("check")
        found["opened_and_checked_s"] = lasted(since)
        found["opened_and_checked_cpu_s"] = round(burnt(renderers()), 2)
        table.to_step("present")
        page.get_by_role("button", name="Everybody is here").click()
        table.arm()
        table.seen()
        table.throw(VENUE)
        page.locator("#wait-go:not([disabled])").click()
        table.reveal(0)
        page.locator("#secret").fill(rules.write_secret(draw.secrets[1]))
        since = time.perf_counter()
        table.press("#secret-go")
        table.at("result")
        found["round_of_900_s"] = lasted(since)
        table.later()
        page.locator("#dice-first").fill(GOLD)
        page.locator("#dice-second").fill(GOLD)
        since = time.perf_counter()
        table.press("#dice-go")
        table.at("result")
        found["round_of_100_s"] = lasted(since)
        since = time.perf_counter()
        page.reload(wait_until="commit")
        table.at("draw")
        found["reload_s"] = lasted(since)
        found["stored"] = page.locator(".kit-saved .badge-good").count() > 0
    return found


def stage(browser: Browser) -> list[dict[str, Any]]:
    prizes = (rules.Prize("third", 150, batch=150), rules.Prize("first", 1))
    draw = drawn.make(2000, prizes=prizes, rounds=(), presence=False, call_seconds=0)
    found = []
    with opened(browser, drawn.kit(draw), 1920, 1080) as page:
        table = Table(page, draw)
        table.at("check")
        table.arm()
        table.seen()
        table.throw(VENUE)
        page.locator("#wait-go:not([disabled])").click()
        table.reveal(0)
        table.reveal(1)
        table.at("result")
        page.evaluate(FRAMES)
        table.press(".kit-main > .kit-actions .button-primary")
        for prize in ("150 names", "one name"):
            page.wait_for_timeout(1000)
            page.keyboard.press("PageDown")
            page.wait_for_timeout(1000)
            page.keyboard.press("PageDown")
            for phase in ("build", "shown"):
                page.locator(f"#stage[data-phase={phase}]").wait_for()
                processes = renderers()
                before = burnt(processes)
                pictures, since = page.evaluate("pictures"), time.perf_counter()
                page.wait_for_timeout(2000)
                wall = time.perf_counter() - since
                cores = (burnt(processes) - before) / wall
                seen = (page.evaluate("pictures") - pictures) / wall
                found.append({"what": f"{prize}, {phase}", "core_share": round(cores, 2), "pictures_s": round(seen, 1)})
    return found


def main() -> int:
    sizes = [int(argument) for argument in sys.argv[1:]] or [50_000]
    path = find()
    if path is None:
        print("no Chromium: python -m tests.browser_setup", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        report = {"load": psutil.getloadavg()[0], "ceremony": [ceremony(browser, size) for size in sizes]}
        report["stage"] = stage(browser)
        browser.close()
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
