"""`make bench`: a served Laurel in a folder of its own, a separate load process, JSON and a table.

Arguments choose works (room-50 and so on, sign-in, board, draw-50000 and so on); none: all. The report goes to
standard output and, with the machine, the date and the command, to benchmarks/results/; with `--json FILE` the figures
alone go to that file instead, as one object {work: {figure: value}}. `--web N`: so many web processes.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
WORKS = {
    "room-50": ("room", 50),
    "room-200": ("room", 200),
    "room-1000": ("room", 1000),
    "room-2000": ("room", 2000),
    "room-5000": ("room", 5000),
    "sign-in": ("sign-in", 1000),
    "door": ("door", 5000),
    "board": ("board", 1_000_000),
    "import-50000": ("import", 50_000),
    "ledger-50000": ("ledger", 50_000),
    "ledger-500000": ("ledger", 500_000),
    "ledger-5000000": ("ledger", 5_000_000),
    "draw-50000": ("draw", 50_000),
    "draw-100000": ("draw", 100_000),
    "draw-200000": ("draw", 200_000),
}
BARS: dict[str, dict[str, tuple[str, float]]] = {
    "room-50": {"cpu_ms_per_answer": ("<=", 1.5)},
    "room-200": {"ack_p50_s": ("<=", 0.008), "cpu_ms_per_answer": ("<=", 0.7), "board_read_p99_s": ("<=", 0.1)},
    "room-1000": {
        "ack_p99_s": ("<=", 1.5),
        "click_to_last_phone_s": ("<=", 0.04),
        "cpu_ms_per_answer": ("<=", 0.36),
        "memory_mb": ("<=", 250),
    },
    "room-2000": {"cpu_ms_per_answer": ("<=", 1.5), "web_memory_mb": ("<=", 250)},
    "room-5000": {"ack_p50_s": ("<=", 1.0), "click_to_last_phone_s": ("<=", 0.5), "web_memory_mb": ("<=", 300)},
    "sign-in": {"link_p99_s": ("<=", 1.0), "failed": ("<=", 0)},
    "door": {
        "sign_in_refused": ("<=", 0),
        "sign_in_s": ("<=", 120),
        "ack_p99_ratio": ("<=", 2),
        "web_memory_mb": ("<=", 300),
    },
    "import-50000": {"longest_wait_s": ("<=", 0.2)},
    "ledger-5000000": {"cpu_ms_per_posting": ("<=", 5), "drift_cpu_s": ("<=", 1), "check_mb": ("<=", 400)},
    "draw-50000": {"freeze_s": ("<=", 10)},
}
NEVER = ("refused", "lost", "doubled", "board_differs", "ledger_differs", "streams_dropped")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(names: list[str], web: str) -> dict[str, Any]:
    """Start Laurel with so many web processes ("": as many as it takes by itself), do the works one after the other,
    stop it; the report."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 20_000)), hard))
    folder = Path(tempfile.mkdtemp(prefix="laurel-bench-"))
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LAUREL_")}
    environ |= {"LAUREL_DATA": str(folder / "data"), "LAUREL_PORT": str(port), "LAUREL_LOG": "warning"}
    environ["LAUREL_WEB_PROCESSES"] = web
    serving = subprocess.Popen(
        [str(Path(sys.executable).parent / "laurel"), "serve"],
        cwd=ROOT,
        env=environ,
        stdout=(folder / "serve.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    report: dict[str, Any] = {}
    try:
        ready(folder, serving, port)
        for name in names:
            work, size = WORKS[name]
            print(f"laurel bench: {name}", file=sys.stderr, flush=True)
            load = subprocess.run(
                [sys.executable, "-m", "benchmarks.load", work, str(size)],
                cwd=ROOT,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=3_600,
            )
            if load.returncode:
                report[name] = {"failed": load.stderr.strip().splitlines()[-1:]}
                print(load.stderr, file=sys.stderr)
            else:
                report[name] = json.loads(load.stdout)
    finally:
        serving.terminate()
        serving.wait(60)
        if report and all("failed" not in part or part["failed"] == 0 for part in report.values()):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"laurel bench: the server's log is {folder / 'serve.log'}", file=sys.stderr)
    return report


def ready(folder: Path, serving: subprocess.Popen[bytes], port: int) -> None:
    """Wait until Laurel answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if serving.poll() is not None:
            raise SystemExit((folder / "serve.log").read_text())
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if b" 200 " in line.recv(200):
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit("laurel did not come up in two minutes")


def verdicts(report: dict[str, Any]) -> list[str]:
    """Every bar that was missed, in words; empty: all met."""
    missed = []
    for name, part in report.items():
        if isinstance(part.get("failed"), list):
            missed.append(f"{name}: did not run: {part['failed']}")
            continue
        for figure in NEVER:
            if part.get(figure):
                missed.append(f"{name}: {figure} is {part[figure]}, must be 0")
        for figure, (_, most) in BARS.get(name, {}).items():
            if part.get(figure) is None or part[figure] > most:
                missed.append(f"{name}: {figure} is {part.get(figure)}, at most {most}")
    small, large = report.get("room-200", {}), report.get("room-2000", {})
    if "cpu_ms_per_answer" in small and "cpu_ms_per_answer" in large:
        ratio = large["cpu_ms_per_answer"] / small["cpu_ms_per_answer"]
        if ratio > 1.3:
            missed.append(f"cost of an answer at 2,000 phones is {ratio:.2f} times that at 200, at most 1.3")
    ledgers = [
        report[name] for name in ("ledger-50000", "ledger-5000000") if "cpu_ms_per_posting" in report.get(name, {})
    ]
    if len(ledgers) == 2:
        ratio = ledgers[1]["cpu_ms_per_posting"] / ledgers[0]["cpu_ms_per_posting"]
        if ratio > 1.3:
            missed.append(f"a posting at 5,000,000 costs {ratio:.2f} times that at 50,000, at most 1.3")
    draws = [report[name] for name in ("draw-50000", "draw-200000") if "freeze_us_per_person" in report.get(name, {})]
    if len(draws) == 2:
        ratio = draws[1]["freeze_us_per_person"] / draws[0]["freeze_us_per_person"]
        if ratio > 1.5:
            missed.append(f"cost of a person in a draw of 200,000 is {ratio:.2f} times that of 50,000, at most 1.5")
    return missed


def table(report: dict[str, Any]) -> str:
    """The report as Markdown, one work a block."""
    lines = []
    for name, part in report.items():
        lines += [f"### {name}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {figure} | {value} |" for figure, value in part.items() if value is not None]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """0 when every bar is met, 1 when one is missed."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks")
    asked.add_argument("works", nargs="*", metavar="WORK", help=", ".join(WORKS))
    asked.add_argument("--json", type=Path, metavar="FILE", help="write {work: figures} there, and no page of results")
    asked.add_argument("--web", default="", metavar="N", help="web processes (else as many as Laurel takes by itself)")
    given = asked.parse_args()
    names = given.works or list(WORKS)
    if unknown := [name for name in names if name not in WORKS]:
        asked.error(f"unknown work: {', '.join(unknown)}; there are {', '.join(WORKS)}")
    report: dict[str, Any] = {}
    for _, together in groupby(names, lambda name: name if WORKS[name][0] == "ledger" else ""):
        report |= run(list(together), given.web)  # a ledger has a server of its own, and fills it
    missed = verdicts(report)
    at = datetime.now(UTC)
    head = {
        "date": at.isoformat(timespec="seconds"),
        "command": "python -m benchmarks " + " ".join(sys.argv[1:] or names),
        "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.system()}",
        "python": platform.python_version(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }
    print(json.dumps({**head, "report": report, "missed": missed}, indent=1))
    text = "\n".join(
        [
            f"# Benchmark of {at.date().isoformat()}",
            "",
            *(f"- {key}: {value}" for key, value in head.items()),
            "",
            table(report),
            "## Bars",
            "",
            *([f"- missed: {line}" for line in missed] or ["All bars of these works are met."]),
            "",
        ]
    )
    print(text, file=sys.stderr)
    if given.json is not None:
        given.json.write_text(json.dumps(report) + "\n")
    elif not any("did not run" in line for line in missed):
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{at.strftime('%Y-%m-%d-%H%M')}.md").write_text(text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
