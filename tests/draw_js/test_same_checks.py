"""The check of published files gives the same report in both programs, whatever was done to the files."""

import random
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page

from rewards.draws import rules
from rewards.draws.verify import Report, verify_folder
from rewards.draws.verify_words import SENTENCES
from tests.draw_js.conftest import VERIFY
from tests.draw_js.made import Made, made
from tests.rewards.draws.test_verify import FULL, OTHER_KEY, SIGNER, signature

pytestmark = pytest.mark.browser

FIELDS = ("ok", "usable", "state", "draw_id", "rehearsal", "manifest", "root", "n", "tickets", "seed", "head", "code")


def folder(one: Made, published: rules.Published) -> dict[str, bytes]:
    """The files of a draw as they are published; result.json only when somebody may have won."""
    files = {
        "manifest.json": one.manifest,
        "snapshot.tsv": one.snapshot,
        "log.txt": published.log,
        "result.json": published.result.decode("ascii"),
    }
    if "\nwin " not in published.log and "\nabort " not in published.log:
        del files["result.json"]
    if one.voids:
        files["void.tsv"] = one.voids
    if one.present is not None:
        files["present.tsv"] = one.present
    return {name: text.encode("latin-1") for name, text in files.items()}


def spoiled(chance: random.Random, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with one thing wrong in one of them."""
    files = dict(files)
    name = chance.choice(
        [name for name in sorted(files) for _ in range(3 if name in ("log.txt", "manifest.json") else 1)]
    )
    data = files[name]
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    way = chance.randrange(8)
    if way == 0 and name != "manifest.json":
        del files[name]
    elif way == 1 and len(lines) > 1:
        files[name] = b"\n".join(lines[:at] + lines[at + 1 :])
    elif way == 2 and len(lines) > 1:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
        files[name] = b"\n".join(lines)
    elif way == 3 and len(lines) > 1:
        files[name] = b"\n".join(lines[:at] + lines[at : at + 1] + lines[at:])
    elif way == 4:
        files[name] = data[: chance.randrange(len(data) + 1)]
    elif way == 5:
        extra = chance.choice(("void.tsv", "present.tsv", "kit.html", "manifest.sig", "result.sig", "result.json"))
        files[extra] = chance.choice(
            (b"", b"0\n", b"0\tleft\n", b"2\n1\n", b"a" * 128 + b"\n", b"\xff\n", b"{}", b"1\n1\n", b"9999\n")
        )
    elif data:
        at = chance.randrange(len(data))
        letter = (
            chance.choice(b'0123456789abcdefxXtrue,:"{}[] \n\t\x00\x7f\xff')
            if way == 6
            else data[at] ^ 1 << chance.randrange(8)
        )
        files[name] = data[:at] + bytes([letter]) + data[at + 1 :]
    return files


def kept(report: Report) -> dict:
    """A report of Python as the one of JavaScript looks."""
    return {
        **{field: getattr(report, field) for field in FIELDS},
        "winners": [winner._asdict() for winner in report.winners],
        "alternates": [alternate._asdict() for alternate in report.alternates],
        "checks": [
            {"name": one.name, "ok": one.ok, "code": one.code, "facts": dict(one.facts)} for one in report.checks
        ],
    }


def both(page: Page, tmp_path: Path, cases: list[tuple[dict[str, bytes], dict[str, str]]]) -> list[dict]:
    """The reports, which must be equal; `cases` are files with what is expected of them."""
    wanted = []
    for number, (files, expected) in enumerate(cases):
        place = tmp_path / str(number)
        place.mkdir()
        for name, data in files.items():
            (place / name).write_bytes(data)
        wanted.append(kept(verify_folder(place, **expected)))
    sent = [[{name: data.decode("latin-1") for name, data in files.items()}, expected] for files, expected in cases]
    found = page.evaluate("(all) => all.map(([files, seen]) => glue.verify(files, seen))", sent)
    for (files, expected), answer, report in zip(cases, found, wanted, strict=True):
        assert answer == report, (files, expected)
    return wanted


def receipt_of(one: Made, line: int) -> str:
    """A receipt that fits the files but for the person, whom nobody can tell from a made-up id_commit."""
    data = one.manifest.encode("ascii")
    manifest = rules.parse_manifest(data)
    lines = rules.parse_snapshot(one.snapshot.encode("ascii"))
    tree = rules.Tree(entry.leaf for entry in lines)
    entry = lines[line]
    return rules.write_receipt(
        rules.Receipt(
            *(manifest.draw_id, line, manifest.n, entry.tickets, entry.unit, entry.group, "E1001", bytes(16)),
            *(rules.manifest_hash(data), tree.root, tree.path(line)),
        )
    )


def test_untouched_files_pass_in_both(page: Page, tmp_path: Path) -> None:
    chance = random.Random(3)
    cases = []
    for seed in range(40_000, 40_300):
        one, _, published = made(seed)
        expected = {"manifest": rules.digest(one.manifest.encode("ascii")).hex()} if chance.random() < 0.5 else {}
        if chance.random() < 0.5:
            expected["code"] = published.code.lower().replace("0", "o")
        cases.append((folder(one, published), expected))
    reports = both(page, tmp_path, cases)
    assert all(report["ok"] for report in reports)
    assert {report["state"] for report in reports} == {"armed", "rolled", "revealed", "open", "closed", "aborted"}


def test_spoiled_files_fail_alike(page: Page, tmp_path: Path) -> None:
    chance = random.Random(4)
    cases = []
    for seed in range(50_000, 51_000):
        one, _, published = made(seed)
        expected: dict[str, str] = {}
        if chance.random() < 0.1:
            expected["code"] = chance.choice((published.code, "0000-0000-0000", "no code"))
        if chance.random() < 0.1:
            expected["manifest"] = chance.choice(("00" * 32, " " + rules.digest(one.manifest.encode()).hex().upper()))
        manifest = rules.parse_manifest(one.manifest.encode("ascii"))
        if manifest.n and chance.random() < 0.2:
            expected["receipt"] = chance.choice((receipt_of(one, chance.randrange(manifest.n)), "VDRAW1|no", "  "))
        cases.append((spoiled(chance, folder(one, published)), expected))
    reports = both(page, tmp_path, cases)
    failed = Counter(check["code"] for report in reports for check in report["checks"] if not check["ok"])
    assert sum(not report["ok"] for report in reports) > 600
    assert len(failed) >= 40, failed


def test_nothing_but_close_follows_the_alternates(page: Page, tmp_path: Path) -> None:
    cases = []
    for seed in range(45_000, 45_200):
        one, _, published = made(seed)
        if "\nalternate " in published.log:
            files = folder(one, published)
            for end in ("abort power-cut\n", "", "close\nclose\n", "alternate p-0 0 0\nclose\n"):
                log = published.log.removesuffix("close\n") + end
                cases.append(({**files, "log.txt": log.encode("ascii")}, {}))
    reports = both(page, tmp_path, cases)
    failed = Counter(check["code"] for report in reports for check in report["checks"] if not check["ok"])
    assert failed.keys() == {"draw.log.order", "draw.log.cut", "draw.log.after-end"}
    assert len(reports) >= 40


def test_every_code_has_a_sentence(page: Page) -> None:
    """Codes of checks stand in verify.js as text; a page must find words for each."""
    text = VERIFY.read_text("utf-8")
    for code in page.evaluate('(text) => text.match(/"verify\\.[a-z.]+"/g)', text):
        found = code.strip('"')
        assert any(known == found or known.startswith(found.rstrip(".") + ".") for known in SENTENCES), code


def test_signatures_right_wrong_missing_and_by_another_key(page: Page, tmp_path: Path) -> None:
    swapped = {"manifest.sig": FULL["result.sig"], "result.sig": FULL["manifest.sig"]}
    other = {"result.sig": signature(FULL["result.json"], OTHER_KEY)}
    bare = {name: data for name, data in FULL.items() if not name.endswith(".sig")}
    cases: list[tuple[dict[str, bytes], dict[str, str]]] = [
        (FULL, {}),
        (FULL, {"signer": SIGNER}),
        (FULL, {"signer": "ab" * 32}),
        ({**FULL, **swapped}, {}),
        ({**FULL, **other}, {}),
        ({**FULL, "manifest.json": FULL["manifest.json"].replace(b"spring", b"autumn")}, {}),
        (bare, {}),
    ]
    for turned in range(0, 512, 37):
        data = bytearray(FULL["result.sig"])
        data[turned // 4] = ord("0123456789abcdef"[(int(chr(data[turned // 4]), 16) ^ 1 << turned % 4) % 16])
        cases.append(({**FULL, "result.sig": bytes(data)}, {}))
    found = both(page, tmp_path, cases)
    told = [[one["code"] for one in report["checks"] if one["name"].startswith("signature")] for report in found]
    right, wrong, missing = "verify.signature", "verify.signature.false", "verify.signature.missing"
    assert told == [
        [right, right],
        [right, right],
        ["verify.signature.unknown", right, right],
        [wrong, wrong],
        [right, wrong],
        [wrong, right],
        [missing, missing],
        *[[right, wrong]] * 14,
    ]
