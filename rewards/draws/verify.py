"""Checks a published draw from its files alone: `python -m rewards.draws.verify FOLDER`.

Needs nothing but a Python of 3.11 or newer: no packages, no network, no clock. docs/verify-a-draw.md describes
the files and every formula.
"""

import argparse
import io
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rewards.draws import rules
from rewards.draws.verify_words import LABELS, LANGUAGES, MARKS, SENTENCES, STATES, VERDICTS

MANIFEST, SNAPSHOT, VOIDS, PRESENT = "manifest.json", "snapshot.tsv", "void.tsv", "present.tsv"
LOG, RESULT, KIT = "log.txt", "result.json", "kit.html"
MANIFEST_SIGNATURE, RESULT_SIGNATURE = "manifest.sig", "result.sig"

# Bytes. About ten times what 50,000 entrants and 100,000 slots need; above it is an attack or a mistake.
LIMITS: Mapping[str, int] = {
    MANIFEST: 8 << 20,
    SNAPSHOT: 64 << 20,
    VOIDS: 64 << 20,
    PRESENT: 64 << 20,
    LOG: 32 << 20,
    RESULT: 32 << 20,
    KIT: 8 << 20,
    MANIFEST_SIGNATURE: 1 << 10,
    RESULT_SIGNATURE: 1 << 10,
}
_SIGNATURE = re.compile(b"[0-9a-f]{128}\n")
_RECEIPT: Mapping[str, tuple[str, str]] = {
    "receipt.path": ("verify.receipt.path", "verify.receipt.path.wrong"),
    "receipt.manifest": ("verify.receipt.manifest", "verify.receipt.manifest.wrong"),
    "receipt.root": ("verify.receipt.root", "verify.receipt.root.wrong"),
    "receipt.line": ("verify.receipt.line", "verify.receipt.line.wrong"),
}
"""Check of a receipt -> what is said when it holds and when it does not."""
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

    `usable`: there was a manifest.json to look at. `state`: unusable, frozen, armed, rolled, revealed, open, closed,
    aborted, or unknown (a manifest or log that cannot be read). The other fields are empty where the files do not
    get so far; `winners` and `alternates` are the recomputed ones and empty unless every check of the files passed.
    Hashes are hex.
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
    alternates: tuple[rules.StandIn, ...] = ()

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


def _check_present(report: Report, folder: Path, manifest: rules.Manifest) -> tuple[str, tuple[int, ...] | None]:
    """The hash of the presence list (empty for none) and its content, None when there is none or it is no good."""
    failures = len(report.checks)
    data = _read_optional(report, folder, PRESENT)
    if len(report.checks) > failures:
        return "", None
    if data is None:
        if manifest.presence:
            report.passed("present.list", "verify.present.due")
        return "", None
    if not manifest.presence:
        report.failed("present.list", "draw.present.unpromised")
        return rules.present_hash(data), None
    try:
        present = rules.parse_present(data, manifest.n)
    except rules.Refused as refused:
        report.failed("present.list", refused.code, **refused.facts)
        return rules.present_hash(data), None
    report.passed("present.list", "verify.present.list", count=len(present))
    return rules.present_hash(data), present


def _check_signatures(report: Report, folder: Path, manifest: rules.Manifest, signer: str) -> None:
    """Who published: a signature that is missing, wrong, or by a key that nobody knows is each told as such.

    A signer that is no key at all names nobody, and nothing is missing then.
    """
    named = bool(manifest.signer) and rules.is_key(bytes.fromhex(manifest.signer))
    if signer and signer != manifest.signer:
        report.failed("signature.key", "verify.signature.unknown", signer=manifest.signer or "-", wanted=signer)
    for name, signed in ((MANIFEST_SIGNATURE, MANIFEST), (RESULT_SIGNATURE, RESULT)):
        data, content = _read_optional(report, folder, name), _read(folder, signed)
        if data is None:
            if named and not isinstance(content, Check):
                report.failed("signature", "verify.signature.missing", file=name, signer=manifest.signer)
        elif _SIGNATURE.fullmatch(data) is None:
            report.failed("signature.form", "verify.signature.wrong", file=name)
        elif not named:
            report.failed("signature.key", "verify.signature.nobody", file=name)
        elif isinstance(content, Check) or not rules.is_signed(
            bytes.fromhex(manifest.signer), bytes.fromhex(data.decode("ascii")), content
        ):
            report.failed("signature", "verify.signature.false", file=name, signer=manifest.signer)
        else:
            report.passed("signature", "verify.signature", file=name, signer=manifest.signer)


def _check_kit(report: Report, folder: Path, manifest: rules.Manifest) -> None:
    data = _read_optional(report, folder, KIT)
    if data is None:
        return
    if not manifest.kit:
        report.failed("kit.hash", "verify.kit.unpromised")
    elif rules.digest(data).hex() == manifest.kit:
        report.passed("kit.hash", "verify.kit")
    else:
        report.failed("kit.hash", "verify.kit.other")


def _check_locked(report: Report, manifest: rules.Manifest, sheet: rules.Sheet, voids: str, present: str) -> bool:
    """Void and presence list against the hashes that the log locked before the dice."""
    good = True
    if sheet.voids != voids:
        report.failed("voids.locked", "verify.voids.other")
        good = False
    if not manifest.presence:
        if sheet.present:
            report.failed("present.locked", "draw.present.unpromised")
        return good and not sheet.present
    if not sheet.present or not present:
        report.failed("present.locked", "draw.present.missing")
    elif sheet.present != present:
        report.failed("present.locked", "verify.present.other")
    else:
        report.passed("present.locked", "verify.present.locked")
        return good
    return False


def _check_venue(report: Report, manifest: rules.Manifest, sheet: rules.Sheet) -> bool:
    """Dice, beacon and secrets, each against what the manifest promised."""
    report.passed("venue", "verify.venue", label=manifest.venue, digits=sheet.digits)
    if sheet.beacon and manifest.beacon is not None:
        randomness = rules.beacon_randomness(sheet.beacon).hex()
        report.passed("beacon", "verify.beacon", round=manifest.beacon.round, randomness=randomness)
    good = True
    for position, reveal in enumerate(sheet.reveals):
        good &= report.held(
            f"commitment.{reveal.label}",
            "verify.commitment",
            partial(rules.check_reveal, manifest, position, reveal),
            label=reveal.label,
        )
    return good


def _check_winners(
    report: Report, events: Sequence[str], composed: rules.Composed, manifest: rules.Manifest, sheet: rules.Sheet
) -> bool:
    """The log against the one that its inputs lead to."""
    for number, (wanted, found) in enumerate(zip(composed.lines, events, strict=False), 1):
        if wanted != found:
            report.failed("winners", "verify.winners.line", line=number, wanted=wanted, found=found)
            return False
    if len(events) != len(composed.lines):
        report.failed("winners", "verify.winners.length", wanted=len(composed.lines), found=len(events))
        return False
    if manifest.rounds:
        report.passed("rounds", "verify.rounds", drawn=len(composed.keys), rounds=len(manifest.rounds))
    if gone := sum(isinstance(step, rules.Absence) for step in sheet.steps):
        report.passed("absences", "verify.absences", count=gone)
    filled = sum(outcome.pick is not None for outcome in composed.outcomes)
    report.passed("winners", "verify.winners", filled=filled, slots=manifest.slots)
    if composed.alternates:
        drawn = sum(alternate.pick is not None for alternate in composed.alternates)
        report.passed("alternates", "verify.alternates", drawn=drawn, places=len(composed.alternates))
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
        if found.get("alternates", []) != [alternate._asdict() for alternate in published.alternates]:
            report.failed("alternates.result", "verify.alternates.result")
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
    if composed.seed:
        return "revealed"
    return "rolled" if sheet.digits else "armed"


def _check_log(
    report: Report,
    folder: Path,
    data: bytes,
    manifest: rules.Manifest,
    lines: tuple[rules.Line, ...] | None,
    voids: tuple[str, dict[int, str] | None],
    present: tuple[str, tuple[int, ...] | None],
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
    good &= _check_locked(report, manifest, sheet, voids[0], present[0])
    if sheet.digits:
        good &= _check_venue(report, manifest, sheet)
    if not good or lines is None or voids[1] is None or (manifest.presence and present[1] is None):
        if len(sheet.reveals) == len(manifest.commit):
            report.failed("winners", "verify.winners.unknown")
        return
    m = bytes.fromhex(report.manifest)
    try:
        composed = rules.compose(manifest, m, lines, sheet, voids[1], present[1])
    except rules.Refused as refused:
        report.failed("winners", refused.code, **refused.facts)
        return
    report.state = _state(sheet, composed)
    if composed.seed:
        report.seed = composed.seed.hex()
        report.passed("seed", "verify.seed", seed=report.seed)
        if not _check_winners(report, events, composed, manifest, sheet):
            return
    published = rules.publish(manifest, m, lines, composed)
    report.head, report.code = published.head, published.code
    if composed.keys or sheet.abort:
        _check_result(report, folder, published, report.state)
    elif not isinstance(_read(folder, RESULT), Check):
        report.failed("result.exact", "verify.result.early")
    if expected_code:
        _check_code(report, rules.chain(m, events), expected_code)
    if report.ok:
        report.winners, report.alternates = published.winners, published.alternates


def _check_receipt(
    report: Report, text: str, manifest: bytes, lines: tuple[rules.Line, ...] | None, voided: Collection[int]
) -> None:
    """One entrant's receipt against the published files, and what became of his line."""
    try:
        receipt = rules.read_receipt(text)
    except rules.Refused as refused:
        report.failed("receipt.form", refused.code, **refused.facts)
        return
    report.passed("receipt.form", "verify.receipt.form", line=receipt.line, tickets=receipt.tickets)
    for name, good in rules.check_receipt(receipt, manifest, lines):
        report.checks.append(Check(name, good, _RECEIPT[name][0 if good else 1]))
    if not report.ok:
        return
    won = [winner for winner in report.winners if winner.line == receipt.line]
    waits = [alternate for alternate in report.alternates if alternate.line == receipt.line]
    if receipt.line in voided:
        report.passed("receipt.outcome", "verify.receipt.voided")
    elif won:
        for winner in won:
            report.passed("receipt.outcome", "verify.receipt.won", prize=winner.prize, slot=winner.slot)
    elif waits:
        report.passed("receipt.outcome", "verify.receipt.alternate", prize=waits[0].prize, place=waits[0].place)
    elif report.state in ("open", "closed"):
        report.passed("receipt.outcome", "verify.receipt.not.won")


def verify_folder(
    folder: str | os.PathLike[str], *, manifest: str = "", code: str = "", receipt: str = "", signer: str = ""
) -> Report:
    """Checks the published files in `folder`; whatever they hold, the answer is a report, never an exception.

    `manifest`: the fingerprint M in hex that was seen on a receipt or on the stage; `code`: a display code that
    was seen; `receipt`: the text of a receipt; `signer`: the public key in hex
    that the server is known by. All optional. Memory is linear in the size of the files, which `LIMITS`
    bounds, and so is time, but for absences in units that are full (`Pool`).
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
    lines, voided = (None, None) if promised is None else _check_files(report, path, promised, code, signer)
    if receipt:
        _check_receipt(report, receipt, data, lines, voided or ())
    return report


def _check_files(
    report: Report, path: Path, promised: rules.Manifest, code: str, signer: str
) -> tuple[tuple[rules.Line, ...] | None, dict[int, str] | None]:
    """Everything beside the manifest; the lines and the void list, None where they are no good."""
    _check_signatures(report, path, promised, signer)
    _check_kit(report, path, promised)
    lines = _check_snapshot(report, path, promised)
    voids = _check_voids(report, path, promised)
    present = _check_present(report, path, promised)
    failures = len(report.checks)
    log = _read_optional(report, path, LOG)
    if log is not None:
        _check_log(report, path, log, promised, lines, voids, present, code)
    elif len(report.checks) == failures:
        report.state = "frozen"
        if not isinstance(_read(path, RESULT), Check):
            report.failed("log.order", "verify.file.early", file=RESULT)
        if code:
            report.failed("code.seen", "verify.code.early")
    return lines, voids[1]


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
            "alternates": [alternate._asdict() for alternate in report.alternates],
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
    if report.alternates:
        rows.append(f"{said(LABELS['alternates'])}:")
        rows.extend("    " + " ".join(map(str, alternate)) for alternate in report.alternates)
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
    parser.add_argument("--receipt", default="", metavar="TEXT", help="a receipt, as scanned / 回执的文字内容")
    parser.add_argument("--signer", default="", metavar="HEX", help="the server's public key / 服务器的公钥")
    parser.add_argument("--lang", choices=(*LANGUAGES, "both"), default="both", help="language / 语言")
    parser.add_argument("--json", action="store_true", help="answer in JSON / 以 JSON 输出")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        given = parser.parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    report = verify_folder(
        given.folder, manifest=given.manifest, code=given.code, receipt=given.receipt, signer=given.signer
    )
    languages = LANGUAGES if given.lang == "both" else (given.lang,)
    text = as_json(report) if given.json else as_text(report, languages)
    sys.stdout.write(text + "\n")
    if not report.usable:
        return 2
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
