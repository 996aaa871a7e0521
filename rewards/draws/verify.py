"""Checks a published draw from its files alone: `python -m rewards.draws.verify FOLDER`.

Needs nothing but a Python of 3.11 or newer: no packages, no network, no clock. docs/verify-a-draw.md describes
the files and every formula.
"""

import argparse
import io
import json
import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rewards.draws import rules
from rewards.draws.verify_words import LABELS, LANGUAGES, MARKS, SENTENCES, STATES, VERDICTS

MANIFEST, SNAPSHOT, VOIDS, LOG, RESULT = "manifest.json", "snapshot.tsv", "void.tsv", "log.txt", "result.json"

# Bytes. About ten times what 50,000 entrants and 100,000 slots need; above it is an attack or a mistake.
LIMITS: Mapping[str, int] = {
    MANIFEST: 8 << 20,
    SNAPSHOT: 64 << 20,
    VOIDS: 64 << 20,
    LOG: 32 << 20,
    RESULT: 32 << 20,
}
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Check:
    """One question put to the files. `name` is stable for programs; `code` and `facts` make the sentence."""

    name: str
    ok: bool
    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """The sentence in `en` or `zh`. Facts come from hostile files: shown as printable ASCII, cut."""
        shown = {key: _printable(str(value)) for key, value in self.facts.items()}
        return SENTENCES[self.code][LANGUAGES.index(language)].format_map(shown)

    @property
    def detail(self) -> str:
        return self.text("en")


@dataclass(slots=True)
class Report:
    """What the files of a folder say.

    `usable`: there was a manifest.json to look at. `state`: unusable, frozen, armed, rolled, open, closed,
    aborted, or unknown (a manifest or log that cannot be read). The other fields are empty where the files do not
    get so far; `winners` are the recomputed ones and empty unless every check passed. Hashes are hex.
    """

    folder: str
    checks: list[Check] = field(default_factory=list)
    usable: bool = True
    state: str = "unknown"
    draw_id: str = ""
    rehearsal: bool = False
    manifest: str = ""
    root: str = ""
    n: int = 0
    tickets: int = 0
    seed: str = ""
    head: str = ""
    code: str = ""
    winners: tuple[rules.Winner, ...] = ()

    @property
    def ok(self) -> bool:
        return self.usable and all(check.ok for check in self.checks)

    def passed(self, name: str, code: str, /, **facts: str | int) -> None:
        self.checks.append(Check(name, True, code, facts))

    def failed(self, name: str, code: str, /, **facts: str | int) -> None:
        self.checks.append(Check(name, False, code, facts))

    def held(self, name: str, code: str, rule: Callable[[], object], /, **facts: str | int) -> bool:
        """Adds the check that `rule` refuses nothing, and gives whether it did not."""
        try:
            rule()
        except rules.Refused as refused:
            self.failed(name, refused.code, **refused.facts)
            return False
        self.passed(name, code, **facts)
        return True


def _printable(text: str) -> str:
    safe = "".join(letter if " " <= letter <= "~" else "?" for letter in text[: _SHOWN + 1])
    return safe if len(safe) <= _SHOWN else safe[:_SHOWN] + "..."


def _read(folder: Path, name: str) -> bytes | Check:
    """The bytes of a published file, or the failed check that says why not."""
    subject = f"{name}.read"
    try:
        # A named pipe must not block the opening of it.
        handle = os.open(folder / name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return Check(subject, False, "verify.file.missing", {"file": name})
    except (OSError, ValueError):
        return Check(subject, False, "verify.file.unreadable", {"file": name})
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return Check(subject, False, "verify.file.kind", {"file": name})
        data = None
        if found.st_size <= LIMITS[name]:
            with open(handle, "rb", closefd=False) as file:
                data = file.read(LIMITS[name] + 1)
    except OSError:
        return Check(subject, False, "verify.file.unreadable", {"file": name})
    finally:
        os.close(handle)
    if data is None or len(data) > LIMITS[name]:
        return Check(subject, False, "verify.file.size", {"file": name, "limit": LIMITS[name]})
    return data


def _read_optional(report: Report, folder: Path, name: str) -> bytes | None:
    """The bytes of a file that may be missing: None then, and None with a failed check when it is no good."""
    found = _read(folder, name)
    if isinstance(found, bytes):
        return found
    if found.code != "verify.file.missing":
        report.checks.append(found)
    return None


def _check_manifest(report: Report, data: bytes, expected: str) -> rules.Manifest | None:
    report.manifest = rules.manifest_hash(data).hex()
    if expected:
        if expected.strip().lower() == report.manifest:
            report.passed("manifest.fingerprint", "verify.manifest.fingerprint")
        else:
            report.failed("manifest.fingerprint", "verify.manifest.fingerprint.other", found=report.manifest)
    try:
        manifest = rules.parse_manifest(data)
    except rules.Refused as refused:
        report.failed("manifest.known", refused.code, **refused.facts)
        return None
    report.passed("manifest.known", "verify.manifest.known")
    report.draw_id, report.rehearsal = manifest.draw_id, manifest.rehearsal
    report.root, report.n, report.tickets = manifest.root, manifest.n, manifest.tickets
    return manifest


def _check_snapshot(report: Report, folder: Path, manifest: rules.Manifest) -> tuple[rules.Line, ...] | None:
    """The lines, or None when they are not those of the manifest."""
    data = _read(folder, SNAPSHOT)
    if isinstance(data, Check):
        report.checks.append(data)
        return None
    stated = "verify.snapshot.hash" if manifest.file else "verify.snapshot.hash.unstated"
    good = report.held("snapshot.hash", stated, partial(rules.check_file, manifest, data))
    try:
        lines = rules.parse_snapshot(data)
    except rules.Refused as refused:
        name = "snapshot.sorted" if refused.code == "draw.snapshot.order" else "snapshot.form"
        report.failed(name, refused.code, **refused.facts)
        return None
    report.passed("snapshot.form", "verify.snapshot.form")
    report.passed("snapshot.sorted", "verify.snapshot.sorted")
    good &= report.held(
        "tickets.total",
        "verify.tickets.total",
        partial(rules.check_counts, manifest, lines),
        n=manifest.n,
        tickets=manifest.tickets,
    )
    good &= report.held("merkle.root", "verify.merkle.root", partial(rules.check_root, manifest, lines))
    return lines if good else None


def _check_voids(report: Report, folder: Path, manifest: rules.Manifest) -> tuple[str, dict[int, str] | None]:
    """The hash of the void list (empty for none) and its content, None when it is no good."""
    failures = len(report.checks)
    data = _read_optional(report, folder, VOIDS)
    if len(report.checks) > failures:
        return "", None
    data = data or b""
    try:
        voids = rules.parse_voids(data, manifest.n)
    except rules.Refused as refused:
        report.failed("voids.list", refused.code, **refused.facts)
        return rules.voids_hash(data), None
    if data:
        report.passed("voids.list", "verify.voids.list", count=len(voids))
    else:
        report.passed("voids.list", "verify.voids.none")
    return rules.voids_hash(data), voids


def _check_venue(report: Report, manifest: rules.Manifest, sheet: rules.Sheet) -> bool:
    """Dice and secrets, each against what the manifest promised."""
    report.passed("venue", "verify.venue", label=manifest.venue, digits=sheet.digits)
    good = True
    for position, reveal in enumerate(sheet.reveals):
        good &= report.held(
            f"commitment.{reveal.label}",
            "verify.commitment",
            partial(rules.check_reveal, manifest, position, reveal),
            label=reveal.label,
        )
    return good


def _check_winners(report: Report, lines: Sequence[str], composed: rules.Composed, slots: int) -> bool:
    for number, (wanted, found) in enumerate(zip(composed.lines, lines, strict=False), 1):
        if wanted != found:
            report.failed("winners", "verify.winners.line", line=number, wanted=wanted, found=found)
            return False
    if len(lines) != len(composed.lines):
        report.failed("winners", "verify.winners.length", wanted=len(composed.lines), found=len(lines))
        return False
    filled = sum(outcome.pick is not None for outcome in composed.outcomes)
    report.passed("winners", "verify.winners", filled=filled, slots=slots)
    return True


def _check_result(report: Report, folder: Path, published: rules.Published, state: str) -> None:
    data = _read(folder, RESULT)
    if isinstance(data, Check):
        if data.code == "verify.file.missing" and state == "open":
            report.passed("result.exact", "verify.result.open")
        else:
            report.checks.append(data)
        return
    if data == published.result:
        report.passed("chain", "verify.chain", head=published.head)
        report.passed("code", "verify.code", code=published.code)
        report.passed("result.exact", "verify.result.exact")
        return
    try:
        found = rules.read_json(data)
    except rules.Refused:
        found = None
    if isinstance(found, dict):
        if found.get("winners") != [winner._asdict() for winner in published.winners]:
            report.failed("winners.result", "verify.winners.result")
        if found.get("head") != published.head:
            report.failed("chain", "verify.chain.other", head=published.head)
        if found.get("code") != published.code:
            report.failed("code", "verify.code.other", code=published.code)
    report.failed("result.exact", "verify.result.other")


def _check_code(report: Report, heads: Sequence[bytes], expected: str) -> None:
    """Any code along the chain may have been on the stage: after arming, after the winners, at the end."""
    codes = [rules.display_code(head) for head in heads]
    typed = rules.read_code(expected)
    if typed in codes:
        report.passed("code.seen", "verify.code.seen", line=codes.index(typed))
    else:
        report.failed("code.seen", "verify.code.unseen")


def _state(sheet: rules.Sheet, composed: rules.Composed) -> str:
    if sheet.abort:
        return "aborted"
    if sheet.closed:
        return "closed"
    if composed.keys:
        return "open"
    return "rolled" if sheet.digits else "armed"


def _check_log(
    report: Report,
    folder: Path,
    data: bytes,
    manifest: rules.Manifest,
    lines: tuple[rules.Line, ...] | None,
    voids: tuple[str, dict[int, str] | None],
    expected_code: str,
) -> None:
    try:
        events = rules.split_log(data)
        sheet = rules.read_sheet(events, manifest)
    except rules.Refused as refused:
        report.failed("log.order", refused.code, **refused.facts)
        return
    report.passed("log.order", "verify.log.order")
    good = lines is not None
    if sheet.manifest == report.manifest:
        report.passed("log.manifest", "verify.log.manifest")
    else:
        report.failed("log.manifest", "draw.manifest.other")
        good = False
    voids_hash, voided = voids
    if sheet.voids != voids_hash:
        report.failed("voids.locked", "verify.voids.other")
        good = False
    if sheet.digits:
        good &= _check_venue(report, manifest, sheet)
    if not good or lines is None or voided is None:
        if len(sheet.reveals) == len(manifest.commit):
            report.failed("winners", "verify.winners.unknown")
        return
    m = bytes.fromhex(report.manifest)
    try:
        composed = rules.compose(manifest, m, lines, sheet, voided)
    except rules.Refused as refused:
        report.failed("winners", refused.code, **refused.facts)
        return
    report.state = _state(sheet, composed)
    if composed.seed:
        report.seed = composed.seed.hex()
        report.passed("seed", "verify.seed", seed=report.seed)
        if not _check_winners(report, events, composed, manifest.slots):
            return
    published = rules.publish(manifest, m, lines, composed)
    report.head, report.code = published.head, published.code
    if composed.seed or sheet.abort:
        _check_result(report, folder, published, report.state)
    elif not isinstance(_read(folder, RESULT), Check):
        report.failed("result.exact", "verify.result.early")
    if expected_code:
        _check_code(report, rules.chain(m, events), expected_code)
    if report.ok:
        report.winners = published.winners


def verify_folder(folder: str | os.PathLike[str], *, manifest: str = "", code: str = "") -> Report:
    """Checks the published files in `folder`; whatever they hold, the answer is a report, never an exception.

    `manifest`: the fingerprint M in hex that was seen on a receipt or on the stage; `code`: a display code that
    was seen. Both optional. Time and memory are linear in the size of the files, which `LIMITS` bounds.
    """
    path = Path(folder)
    report = Report(_printable(str(path)))
    try:
        there = path.is_dir()
    except (OSError, ValueError):
        there = False
    data = _read(path, MANIFEST) if there else Check("folder", False, "verify.folder.missing")
    if isinstance(data, Check):
        missing = data.code == "verify.file.missing"
        report.checks.append(Check("folder", False, "verify.folder.manifest") if missing else data)
        report.usable, report.state = False, "unusable"
        return report
    promised = _check_manifest(report, data, manifest)
    if promised is None:
        return report
    lines = _check_snapshot(report, path, promised)
    voids = _check_voids(report, path, promised)
    failures = len(report.checks)
    log = _read_optional(report, path, LOG)
    if log is not None:
        _check_log(report, path, log, promised, lines, voids, code)
    elif len(report.checks) == failures:
        report.state = "frozen"
        if not isinstance(_read(path, RESULT), Check):
            report.failed("log.order", "verify.file.early", file=RESULT)
        if code:
            report.failed("code.seen", "verify.code.early")
    return report


def as_json(report: Report) -> str:
    """The report for programs: one JSON object, ASCII."""
    return json.dumps(
        {
            "folder": report.folder,
            "ok": report.ok,
            "usable": report.usable,
            "state": report.state,
            "draw_id": report.draw_id,
            "rehearsal": report.rehearsal,
            "manifest": report.manifest,
            "root": report.root,
            "n": report.n,
            "tickets": report.tickets,
            "seed": report.seed,
            "head": report.head,
            "code": report.code,
            "winners": [winner._asdict() for winner in report.winners],
            "checks": [
                {"name": check.name, "ok": check.ok, "detail": check.detail, "code": check.code}
                for check in report.checks
            ],
        },
        indent=2,
    )


def as_text(report: Report, languages: Sequence[str] = LANGUAGES) -> str:
    """The report for people, in one language or both."""
    at = [LANGUAGES.index(language) for language in languages]

    def said(words: tuple[str, str]) -> str:
        return " / ".join(words[index] for index in at)

    rows = [said(STATES[report.state])]
    if report.rehearsal:
        rows.append(said(LABELS["rehearsal"]))
    if report.manifest:
        rows.append(f"{said(LABELS['manifest'])}: {report.manifest}")
        if not any(check.name == "manifest.fingerprint" for check in report.checks):
            rows.append(f"    {said(LABELS['compare'])}")
    if report.draw_id:
        rows.append(f"{said(LABELS['draw'])}: {report.draw_id}")
        rows.append(f"{said(LABELS['root'])}: {report.root}")
        rows.append(f"{said(LABELS['size'])}: {report.n}, {report.tickets}")
    rows.append("")
    for check in report.checks:
        rows.append(f"{said(MARKS[check.ok])}  {check.name}")
        rows.extend(f"    {check.text(language)}" for language in languages)
    rows.append("")
    if report.winners:
        rows.append(f"{said(LABELS['winners'])}:")
        rows.extend("    " + " ".join(map(str, winner)) for winner in report.winners)
    if report.code:
        rows.append(f"{said(LABELS['code'])}: {report.code}")
    rows.append(said(VERDICTS[report.ok]))
    return "\n".join(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """The command. 0: all checks passed, 1: one failed, 2: no published draw there, or a wrong command line."""
    parser = argparse.ArgumentParser(
        prog="draw verify", description="Check a published draw from its files. / 用公布的文件核对一次抽奖。"
    )
    parser.add_argument("folder", metavar="FOLDER", help="the published files / 公布文件所在的文件夹")
    parser.add_argument("--manifest", default="", metavar="HEX", help="the fingerprint you saw / 您看到的清单指纹")
    parser.add_argument("--code", default="", metavar="CODE", help="the code you saw / 您看到的结果码")
    parser.add_argument("--lang", choices=(*LANGUAGES, "both"), default="both", help="language / 语言")
    parser.add_argument("--json", action="store_true", help="answer in JSON / 以 JSON 输出")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        given = parser.parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    report = verify_folder(given.folder, manifest=given.manifest, code=given.code)
    languages = LANGUAGES if given.lang == "both" else (given.lang,)
    text = as_json(report) if given.json else as_text(report, languages)
    sys.stdout.write(text + "\n")
    if not report.usable:
        return 2
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
