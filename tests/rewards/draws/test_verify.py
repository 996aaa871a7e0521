"""The stranger's check: published folders, good and hostile, and the command on a bare Python."""

import ast
import json
import os
import shutil
import string
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rewards.draws import rules, verify
from rewards.draws.rules import Absence, Beacon, Call, Line, Manifest, Prize, Round, RoundStart
from rewards.draws.verify_words import LABELS, LANGUAGES, MARKS, SENTENCES, STATES, VERDICTS
from tests.laws import examples
from tests.rewards.draws.test_rules import DIGITS, MANIFEST, SECRETS, SNAPSHOT
from tests.rewards.draws.test_rules import LABELS as CUSTODIANS

ROOT = Path(__file__).parents[3]
ABSENCES = (Absence("first", 0, "", "redraw-d10x4", "1618"),)


def publish(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def vector_files(**named) -> dict[str, bytes]:
    """The draw of the protocol's vectors, scenario B unless told otherwise."""
    given = {"labels": CUSTODIANS, "steps": ABSENCES, **named}
    published = rules.publish_result(MANIFEST, SNAPSHOT, DIGITS, SECRETS, **given)
    return {
        "manifest.json": MANIFEST,
        "snapshot.tsv": SNAPSHOT,
        "log.txt": published.log.encode(),
        "result.json": published.result,
    }


def receipt_of(files: dict[str, bytes], person: str) -> str:
    """The receipt of a person of the full draw, whose salt is derived from his name."""
    manifest = rules.parse_manifest(files["manifest.json"])
    lines = rules.parse_snapshot(files["snapshot.tsv"])
    tree = rules.Tree(line.leaf for line in lines)
    salt = rules.digest(person.encode())[:16]
    commit = rules.id_commit(manifest.draw_id, salt, person).hex()
    (index,) = (number for number, line in enumerate(lines) if line.id_commit == commit)
    return rules.write_receipt(
        rules.Receipt(
            draw_id=manifest.draw_id,
            line=index,
            n=len(lines),
            tickets=lines[index].tickets,
            unit=lines[index].unit,
            group=lines[index].group,
            person_ref=person,
            salt=salt,
            manifest=rules.manifest_hash(files["manifest.json"]),
            root=tree.root,
            path=tree.path(index),
        )
    )


def full_files() -> dict[str, bytes]:
    """A draw that uses every part of the full form."""
    return {
        **full_draw(),
        "kit.html": KIT,
    }


KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
SIGNER = KEY.public_key().public_bytes_raw().hex()


def signature(data: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    """A file with the signature of these bytes."""
    return f"{key.sign(data).hex()}\n".encode()


KIT = b"<!doctype html><title>kit</title>"
FULL_STEPS = (
    Call("mug", 1),
    Absence("mug", 1),
    Absence("team", 0, "declined"),
    RoundStart("last", "271828"),
    Call("bike", 0),
    Absence("bike", 0, "", "redraw-d10x4", "2718"),
)


def full_draw(
    steps: tuple[rules.Step, ...] = FULL_STEPS,
    present: bytes | None = None,
    people: int = 40,
    promised: dict | None = None,
    **named: object,
) -> dict[str, bytes]:
    """`promised` changes the manifest, `named` what was done at the venue."""
    lines = [
        Line(
            rules.id_commit("spring-2026", rules.digest(person.encode())[:16], person).hex(),
            n % 5 + 1,
            f"U{n % 4}",
            "night" if n % 2 else "day",
        )
        for n, person in enumerate(f"E{n}" for n in range(people))
    ]
    snapshot = rules.format_snapshot(lines)
    manifest = rules.write_manifest(
        replace(
            Manifest(
                draw_id="spring-2026",
                n=len(lines),
                tickets=sum(line.tickets for line in lines),
                root=rules.Tree(line.leaf for line in rules.parse_snapshot(snapshot)).root.hex(),
                commit=tuple(
                    rules.commitment("spring-2026", *pair).hex() for pair in zip(CUSTODIANS, SECRETS, strict=True)
                ),
                venue="d6x25",
                prizes=(
                    Prize("mug", 4, round="first", group="night", batch=2, alternates=2),
                    Prize("team", 2, round="first", units=("U2", "U0"), present=False),
                    Prize("bike", 1, round="last", redraw="d10x4"),
                ),
                labels=tuple(CUSTODIANS),
                names=("Organiser", "工会"),
                witnesses=("Ann", "王芳"),
                rounds=(Round("first"), Round("last", "d10x6")),
                rehearsal=True,
                presence=True,
                call_seconds=60,
                frozen_at="2026-05-01T08:00:00Z",
                arm_after="2026-05-02T08:00:00Z",
                beacon=Beacon("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971", 1_000_000),
                file=rules.digest(snapshot).hex(),
                kit=rules.digest(KIT).hex(),
                signer=SIGNER,
                unit_cap=3,
                excluded=(("custodian", 2),),
                rule={"points_per_ticket": 10},
            ),
            **(promised or {}),
        )
    )
    voids = rules.format_voids({3: "left", 17: "duplicate"})
    here = rules.format_present(range(36)) if present is None else present
    given: dict = {
        "steps": steps,
        "beacon": "ab" * 48,
        "digits": "1234561234561234561234561",
        "secrets": SECRETS,
        "voids": voids,
        "present": here,
        **named,
    }
    published = rules.publish_result(manifest, snapshot, **given)
    return {
        "manifest.json": manifest,
        "snapshot.tsv": snapshot,
        "void.tsv": given["voids"],
        "present.tsv": here,
        "log.txt": published.log.encode(),
        "result.json": published.result,
        "manifest.sig": signature(manifest),
        "result.sig": signature(published.result),
    }


def failures(report: verify.Report) -> list[tuple[str, str]]:
    return [(check.name, check.code) for check in report.checks if not check.ok]


def complete_sentences(report: verify.Report) -> None:
    for check in report.checks:
        for language in LANGUAGES:
            assert check.text(language)
    assert verify.as_text(report)
    assert json.loads(verify.as_json(report))["ok"] is report.ok


# what is right


def test_the_vector_draw_verifies(tmp_path: Path) -> None:
    report = verify.verify_folder(publish(tmp_path / "draw", vector_files()))
    assert failures(report) == []
    assert (report.ok, report.state, report.code) == (True, "closed", "0ZK9-XVDB-K0EZ")
    assert report.seed == "d6b28749760f206b19d6557f61d0040821e48959efca74fe302ecc4eb0a53da3"
    assert [winner.line for winner in report.winners] == [1, 0, 2]
    assert [check.name for check in report.checks] == [
        "manifest.known",
        "snapshot.hash",
        "snapshot.form",
        "snapshot.sorted",
        "tickets.total",
        "merkle.root",
        "voids.list",
        "log.order",
        "log.manifest",
        "venue",
        "commitment.organiser",
        "commitment.union",
        "seed",
        "absences",
        "winners",
        "chain",
        "code",
        "result.exact",
    ]
    complete_sentences(report)


def test_the_full_form_verifies(tmp_path: Path) -> None:
    report = verify.verify_folder(publish(tmp_path / "draw", full_files()))
    assert failures(report) == []
    assert (report.ok, report.rehearsal, report.draw_id) == (True, True, "spring-2026")
    assert (len(report.winners), len(report.alternates)) == (7, 2)
    text = verify.as_text(report)
    assert "REHEARSAL" in text
    assert "彩排" in text
    complete_sentences(report)


def test_every_check_of_the_full_form_is_named(tmp_path: Path) -> None:
    report = verify.verify_folder(publish(tmp_path / "draw", full_files()))
    assert [check.name for check in report.checks] == [
        "manifest.known",
        *("signature", "signature", "kit.hash"),
        *("snapshot.hash", "snapshot.form", "snapshot.sorted", "tickets.total", "merkle.root"),
        *("voids.list", "present.list", "log.order", "log.manifest", "present.locked"),
        *("venue", "beacon", "commitment.organiser", "commitment.union", "seed"),
        *("rounds", "absences", "winners", "alternates", "chain", "code", "result.exact"),
    ]
    said = {check.name: check.detail for check in report.checks}
    assert "checked by the server, not here" in said["beacon"]
    assert f"the signature of the published file by {SIGNER}" in said["signature"]
    assert said["rounds"].startswith("2 of 2 rounds")
    assert said["absences"].startswith("Winners who went: 3")


def test_each_input_of_the_full_form_verifies(tmp_path: Path) -> None:
    """Every complete prefix of the record is a state of its own; nothing between them passes."""
    files = full_files()
    for name in ("result.json", "result.sig"):
        del files[name]
    log = files.pop("log.txt").splitlines(keepends=True)
    present = files.pop("present.tsv")
    folder = publish(tmp_path / "draw", files)
    frozen = verify.verify_folder(folder)
    assert (frozen.ok, frozen.state) == (True, "frozen")
    publish(folder, {"present.tsv": present})
    seen: dict[str, list[int]] = {}
    for length in range(1, len(log)):
        (folder / "log.txt").write_bytes(b"".join(log[:length]))
        report = verify.verify_folder(folder)
        complete_sentences(report)
        seen.setdefault(report.state if report.ok else failures(report)[0][1], []).append(length)
    assert {state: len(lengths) for state, lengths in seen.items()} == {
        "armed": 1,
        "rolled": 3,
        "draw.log.cut": 12,
        "open": 8,
    }


def test_a_first_round_with_dice_waits_for_them(tmp_path: Path) -> None:
    manifest, lines = json.loads(full_draw()["manifest.json"]), full_draw()
    manifest["rounds"][0]["dice"] = "d6x2"
    del manifest["beacon"], manifest["presence"], manifest["signer"]
    data = json.dumps(manifest).encode()
    parsed, m = rules.parse_manifest(data), rules.manifest_hash(data)
    sheet = rules.Sheet(
        m.hex(), digits="1234561234561234561234561", reveals=tuple(map(rules.Reveal, CUSTODIANS, SECRETS))
    )
    waiting = rules.compose(parsed, m, rules.parse_snapshot(lines["snapshot.tsv"]), sheet)
    assert rules.next_events(parsed, waiting) == ({"round", "abort"}, None, Round("first", "d6x2"), None)
    files = {
        "manifest.json": data,
        "snapshot.tsv": lines["snapshot.tsv"],
        "log.txt": rules.log_text(waiting.lines).encode(),
    }
    report = verify.verify_folder(publish(tmp_path / "draw", files))
    assert (report.ok, report.state, report.winners) == (True, "revealed", ())
    publish(tmp_path / "draw", {"result.json": b"{}"})
    assert failures(verify.verify_folder(tmp_path / "draw")) == [("result.exact", "verify.result.early")]


def test_each_step_of_a_ceremony_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "draw"
    files = vector_files(steps=())
    result = files.pop("result.json")
    log = files.pop("log.txt").splitlines(keepends=True)
    publish(folder, files)
    states = []
    for length in range(len(log) + 1):
        if length:
            (folder / "log.txt").write_bytes(b"".join(log[:length]))
        report = verify.verify_folder(folder)
        complete_sentences(report)
        states.append(report.state if report.ok else failures(report)[0][1])
    assert states == [
        *("frozen", "armed", "rolled", "rolled"),
        *("draw.log.cut", "draw.log.cut", "draw.log.cut"),
        *("open", "verify.file.missing"),
    ]
    (folder / "result.json").write_bytes(result)
    assert verify.verify_folder(folder).state == "closed"


def test_an_open_record_may_show_its_result(tmp_path: Path) -> None:
    report = verify.verify_folder(publish(tmp_path / "draw", vector_files(closed=False)))
    assert (report.ok, report.state, len(report.winners)) == (True, "open", 3)


def test_an_aborted_draw_verifies_and_names_nobody(tmp_path: Path) -> None:
    report = verify.verify_folder(publish(tmp_path / "draw", vector_files(abort="wrong-list")))
    assert (report.ok, report.state, report.winners) == (True, "aborted", ())
    published = rules.publish_result(MANIFEST, SNAPSHOT, "", [], abort="power-cut")
    publish(tmp_path / "draw", {"log.txt": published.log.encode(), "result.json": published.result})
    report = verify.verify_folder(tmp_path / "draw")
    assert (report.ok, report.state) == (True, "aborted")
    (tmp_path / "draw" / "result.json").unlink()
    assert failures(verify.verify_folder(tmp_path / "draw")) == [("result.json.read", "verify.file.missing")]


def test_fingerprint_and_codes_seen_elsewhere_are_compared(tmp_path: Path) -> None:
    folder = publish(tmp_path / "draw", vector_files())
    m = rules.manifest_hash(MANIFEST)
    log = (folder / "log.txt").read_text().splitlines()
    armed = rules.display_code(rules.chain(m, log[:1])[-1])
    shown = rules.display_code(rules.chain(m, log[:7])[-1])
    for code in (armed, shown.lower(), "0zk9xvdbk0ez"):
        assert verify.verify_folder(folder, manifest=m.hex().upper(), code=code).ok
    other = verify.verify_folder(folder, manifest="0" * 64, code="0ZK9-XVDB-K0EY")
    assert failures(other) == [
        ("manifest.fingerprint", "verify.manifest.fingerprint.other"),
        ("code.seen", "verify.code.unseen"),
    ]
    complete_sentences(other)
    for name in ("log.txt", "result.json"):
        (folder / name).unlink()
    frozen = verify.verify_folder(folder, code="0ZK9-XVDB-K0EZ")
    assert failures(frozen) == [("code.seen", "verify.code.early")]


# what is wrong


@examples(150, over_one_fixture=True)
@given(st.sampled_from(["vector", "full"]), st.data())
def test_any_one_changed_byte_is_refused(tmp_path: Path, which: str, data: st.DataObject) -> None:
    files = {**full_draw(), "kit.html": KIT} if which == "full" else vector_files()
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    change = data.draw(st.integers(1, 255))
    changed = bytearray(files[name])
    changed[place] ^= change
    folder = publish(tmp_path / which, {**files, name: bytes(changed)})
    report = verify.verify_folder(folder)
    assert not report.ok
    assert report.winners == ()
    complete_sentences(report)


@examples(100, over_one_fixture=True)
@given(st.sampled_from(["vector", "full"]), st.data())
def test_any_cut_or_added_byte_is_refused(tmp_path: Path, which: str, data: st.DataObject) -> None:
    files = {**full_draw(), "kit.html": KIT} if which == "full" else vector_files()
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name])))
    added = data.draw(st.binary(max_size=3))
    gone = data.draw(st.integers(0 if added else 1, 3))
    changed = files[name][:place] + added + files[name][place + gone :]
    folder = publish(tmp_path / which, {**files, name: changed})
    report = verify.verify_folder(folder)
    assert report.ok is (changed == files[name])
    complete_sentences(report)


@examples(150, over_one_fixture=True)
@given(
    st.dictionaries(
        st.sampled_from(sorted(verify.LIMITS)),
        st.binary(max_size=200)
        | st.sampled_from([MANIFEST, SNAPSHOT, *vector_files().values(), *full_files().values()]),
    )
)
def test_hostile_files_never_raise(tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = tmp_path / "draw"
    shutil.rmtree(folder, ignore_errors=True)
    complete_sentences(verify.verify_folder(publish(folder, files)))


LOG = vector_files()["log.txt"]
RESULT = vector_files()["result.json"]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("snapshot.tsv", SNAPSHOT + SNAPSHOT[-69:], "draw.snapshot.order"),
        ("snapshot.tsv", SNAPSHOT.replace(b"\tA", b"\t\xff"), "draw.snapshot.line"),
        ("snapshot.tsv", SNAPSHOT[:-69], "draw.snapshot.count"),
        ("snapshot.tsv", SNAPSHOT.replace(b"\t10\t", b"\t20\t"), "draw.snapshot.tickets"),
        ("snapshot.tsv", SNAPSHOT.replace(b"\tB\n", b"\tA\n"), "draw.snapshot.root"),
        ("snapshot.tsv", b"", "draw.snapshot.count"),
        ("void.tsv", b"0\tleft\n", "verify.voids.other"),
        ("void.tsv", b"9\tleft\n", "draw.void.index"),
        ("log.txt", LOG.replace(b"1618", b"1619"), "verify.winners.line"),
        ("log.txt", LOG.replace(DIGITS.encode(), DIGITS[::-1].encode()), "verify.winners.line"),
        ("log.txt", LOG.replace(b"win first 0 0 5", b"win first 0 0 6"), "verify.winners.line"),
        ("log.txt", LOG.replace(b"reveal union 20", b"reveal union 21"), "draw.commitment"),
        ("log.txt", LOG.replace(b"absent first 0 0", b"absent first 0 1"), "verify.winners.line"),
        ("log.txt", LOG.replace(b"absent first 0 0", b"absent third 5 0"), "draw.absent.slot"),
        ("log.txt", LOG.replace(b"arm 4b", b"arm 5b"), "draw.manifest.other"),
        ("log.txt", LOG + b"abort late\n", "draw.log.after-end"),
        ("log.txt", LOG.replace(b"close\n", b""), "verify.chain.other"),
        ("log.txt", LOG.replace(b"close\n", b"abort late\n"), "verify.winners.result"),
        ("log.txt", LOG[: LOG.index(b"reveal")], "verify.result.early"),
        ("result.json", RESULT + b"\n", "verify.result.other"),
        ("result.json", b"{}", "verify.winners.result"),
        ("result.json", b"[" * 100_000, "verify.result.other"),
        ("result.json", RESULT.replace(b'"0ZK9', b'"0ZK8'), "verify.code.other"),
        ("result.json", RESULT.replace(b'"line":2', b'"line":3'), "verify.winners.result"),
    ],
)
def test_a_forged_file_is_named(tmp_path: Path, name: str, data: bytes, expected: str) -> None:
    report = verify.verify_folder(publish(tmp_path / "draw", {**vector_files(), name: data}))
    assert expected in [code for _, code in failures(report)]
    assert not report.ok
    complete_sentences(report)


FULL = full_files()
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"present.tsv": None}, ("present.locked", "draw.present.missing")),
        ({"present.tsv": b""}, ("present.locked", "verify.present.other")),
        ({"present.tsv": FULL["present.tsv"] + b"39\n"}, ("present.locked", "verify.present.other")),
        ({"present.tsv": FULL["present.tsv"] + b"39"}, ("present.list", "draw.present.ending")),
        ({"present.tsv": FULL["present.tsv"] + b"35\n"}, ("present.list", "draw.present.order")),
        ({"present.tsv": FULL["present.tsv"] + b"40\n"}, ("present.list", "draw.present.index")),
        ({"present.tsv": FULL["present.tsv"] + b"036\n"}, ("present.list", "draw.present.line")),
        ({"kit.html": KIT + b"\n"}, ("kit.hash", "verify.kit.other")),
        ({"manifest.sig": b"ab" * 64}, ("signature.form", "verify.signature.wrong")),
        ({"result.sig": b"AB" * 64 + b"\n"}, ("signature.form", "verify.signature.wrong")),
        ({"manifest.sig": signature(FULL["result.json"])}, ("signature", "verify.signature.false")),
        ({"result.sig": signature(FULL["manifest.json"])}, ("signature", "verify.signature.false")),
        ({"result.sig": signature(FULL["result.json"], OTHER_KEY)}, ("signature", "verify.signature.false")),
        ({"manifest.sig": None}, ("signature", "verify.signature.missing")),
        ({"result.sig": None}, ("signature", "verify.signature.missing")),
        ({"log.txt": b"declined"}, ("chain", "verify.chain.other")),
        ({"log.txt": b"ab" * 48}, ("winners", "verify.winners.line")),
        ({"log.txt": b"beacon 1000000 "}, ("log.order", "draw.beacon.round")),
        ({"log.txt": b"round last round-d10x6"}, ("log.order", "draw.round.dice")),
        ({"log.txt": b"round last"}, ("log.order", "draw.round.order")),
        ({"log.txt": b"call mug 1 0\n"}, ("winners", "draw.absent.uncalled")),
        ({"log.txt": b"call bike 0 0"}, ("winners", "draw.call.slot")),
        ({"log.txt": b" 0 0 declined"}, ("winners", "draw.absent.present")),
        ({"log.txt": b"271828"}, ("winners", "verify.winners.line")),
        ({"log.txt": b" present "}, ("log.order", "draw.log.line")),
        ({"result.json": b'"place":0'}, ("alternates.result", "verify.alternates.result")),
    ],
)
def test_a_forged_part_of_the_full_form_is_named(
    tmp_path: Path, changes: dict[str, bytes | None], expected: tuple[str, str]
) -> None:
    swaps = {
        b"declined": b"ineligible",
        b"ab" * 48: b"ac" * 48,
        b"beacon 1000000 ": b"beacon 1000001 ",
        b"round last round-d10x6": b"round last round-d10x5",
        b"round last": b"round first",
        b"call mug 1 0\n": b"",
        b"call bike 0 0": b"call bike 9 0",
        b" 0 0 declined": b" 0 0",
        b"271828": b"271829",
        b" present ": b" presence ",
        b'"place":0': b'"place":5',
    }
    files = dict(FULL)
    for name, data in changes.items():
        if data is None:
            del files[name]
        else:
            files[name] = files[name].replace(data, swaps[data]) if data in swaps else data
    assert files != FULL
    report = verify.verify_folder(publish(tmp_path / "draw", files))
    assert expected in failures(report)
    assert (report.winners, report.alternates) == ((), ())
    complete_sentences(report)


def test_the_key_that_the_server_is_known_by_may_be_given(tmp_path: Path) -> None:
    folder = publish(tmp_path / "draw", FULL)
    assert verify.verify_folder(folder, signer=SIGNER).ok
    other = OTHER_KEY.public_key().public_bytes_raw().hex()
    assert failures(verify.verify_folder(folder, signer=other)) == [("signature.key", "verify.signature.unknown")]
    unsigned = publish(tmp_path / "unsigned", vector_files())
    assert failures(verify.verify_folder(unsigned, signer=other)) == [("signature.key", "verify.signature.unknown")]


def test_what_the_manifest_does_not_promise_is_refused(tmp_path: Path) -> None:
    for name, data, expected in (
        ("present.tsv", b"0\n", ("present.list", "draw.present.unpromised")),
        ("kit.html", KIT, ("kit.hash", "verify.kit.unpromised")),
        ("manifest.sig", FULL["manifest.sig"], ("signature.key", "verify.signature.nobody")),
    ):
        report = verify.verify_folder(publish(tmp_path / name, {**vector_files(), name: data}))
        assert expected in failures(report)
        complete_sentences(report)
    locked = vector_files()["log.txt"].replace(b"\nvenue", b" present " + b"0" * 64 + b"\nvenue", 1)
    report = verify.verify_folder(publish(tmp_path / "log", {**vector_files(), "log.txt": locked}))
    assert ("present.locked", "draw.present.unpromised") in failures(report)


# a receipt


@pytest.mark.parametrize(
    ("person", "outcome"),
    [("line 3", "verify.receipt.voided"), ("winner", "won"), ("alternate", "alternate"), ("other", "not.won")],
)
def test_a_receipt_is_told_what_became_of_its_line(tmp_path: Path, person: str, outcome: str) -> None:
    folder = publish(tmp_path / "draw", FULL)
    drawn = verify.verify_folder(folder)
    special = {winner.line for winner in drawn.winners} | {alternate.line for alternate in drawn.alternates}
    wanted = {
        "line 3": 3,
        "winner": drawn.winners[0].line,
        "alternate": drawn.alternates[1].line,
        "other": next(line for line in range(40) if line not in special | {3, 17}),
    }[person]
    receipts = [receipt_of(FULL, f"E{n}") for n in range(40)]
    (text,) = (one for one in receipts if rules.read_receipt(one).line == wanted)
    report = verify.verify_folder(folder, receipt=f" {text}\n")
    assert report.ok
    assert [check.name for check in report.checks[-6:]] == [
        *("receipt.form", "receipt.path", "receipt.manifest", "receipt.root", "receipt.line", "receipt.outcome")
    ]
    assert report.checks[-1].code.endswith(outcome)
    complete_sentences(report)


def test_a_receipt_of_another_draw_is_refused(tmp_path: Path) -> None:
    text = receipt_of(FULL, "E7")
    other = full_draw(steps=(RoundStart("last", "271828"),))
    shorter = {**other, "manifest.json": other["manifest.json"].replace(b'"points_per_ticket":10', b'"none":1')}
    report = verify.verify_folder(publish(tmp_path / "draw", shorter), receipt=text)
    assert ("receipt.manifest", "verify.receipt.manifest.wrong") in failures(report)
    report = verify.verify_folder(publish(tmp_path / "vector", vector_files()), receipt=text)
    assert [name for name, _ in failures(report)] == ["receipt.manifest", "receipt.root", "receipt.line"]
    assert failures(verify.verify_folder(tmp_path / "vector", receipt="VDRAW1|x")) == [
        ("receipt.form", "draw.receipt.form")
    ]
    (tmp_path / "vector" / "manifest.json").write_bytes(b"{}")
    report = verify.verify_folder(tmp_path / "vector", receipt=text)
    assert [name for name, _ in failures(report)] == ["manifest.known", "receipt.manifest", "receipt.root"]
    complete_sentences(report)


def test_a_draw_cannot_be_passed_off_with_another_manifest(tmp_path: Path) -> None:
    other = MANIFEST.replace(b'["first",1]', b'["first",2]')
    report = verify.verify_folder(publish(tmp_path / "draw", {**vector_files(), "manifest.json": other}))
    assert not report.ok


def test_a_result_without_a_log_is_refused(tmp_path: Path) -> None:
    files = vector_files()
    del files["log.txt"]
    report = verify.verify_folder(publish(tmp_path / "draw", files))
    assert failures(report) == [("log.order", "verify.file.early")]


@pytest.mark.parametrize("name", sorted(verify.LIMITS))
def test_what_is_not_an_ordinary_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = publish(tmp_path / "draw", full_files())
    target = folder / name
    (tmp_path / "elsewhere").mkdir()
    for make in (
        target.mkdir,
        lambda: target.symlink_to(tmp_path / "elsewhere"),
        lambda: target.symlink_to("/dev/zero"),
        lambda: target.symlink_to(target),
        lambda: os.mkfifo(target),
    ):
        if target.is_dir() and not target.is_symlink():
            target.rmdir()
        else:
            target.unlink()
        make()
        report = verify.verify_folder(folder)
        assert not report.ok
        assert {code for _, code in failures(report)} & {"verify.file.kind", "verify.file.unreadable"}
        complete_sentences(report)


@pytest.mark.parametrize("name", sorted(verify.LIMITS))
def test_a_giant_file_is_not_read(tmp_path: Path, name: str) -> None:
    folder = publish(tmp_path / "draw", full_files())
    with open(folder / name, "wb") as file:
        file.truncate(1 << 30)
    report = verify.verify_folder(folder)
    assert f"{name}.read" in [check.name for check in report.checks if check.code == "verify.file.size"]
    complete_sentences(report)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("snapshot.tsv", "result.json", "void.tsv"):
        folder = publish(tmp_path / name, full_files())
        (folder / name).unlink()
        report = verify.verify_folder(folder)
        assert not report.ok
        assert report.usable
        complete_sentences(report)


@pytest.mark.parametrize("path", ["", "nowhere", "bad\0name", "x" * 5000])
def test_no_folder_is_unusable(tmp_path: Path, path: str) -> None:
    report = verify.verify_folder(os.path.join(tmp_path, path or "empty"))
    assert (report.usable, report.state) == (False, "unusable")
    complete_sentences(report)


def test_hostile_text_is_not_passed_on_to_the_terminal(tmp_path: Path) -> None:
    hostile = json.dumps({**json.loads(MANIFEST), "\x1b[2J" + "工" * 500: 1}).encode()
    report = verify.verify_folder(publish(tmp_path / "draw", {**vector_files(), "manifest.json": hostile}))
    assert failures(report) == [("manifest.known", "draw.manifest.unknown")]
    assert "\x1b" not in verify.as_text(report) + verify.as_json(report)
    assert len(report.checks[0].detail) < 300


# the words


def words() -> dict[str, tuple[str, str]]:
    tables = (SENTENCES, STATES, LABELS, VERDICTS, MARKS)
    return {f"{place}.{key}": pair for place, table in enumerate(tables) for key, pair in table.items()}


@pytest.mark.parametrize("key", sorted(words()))
def test_both_languages_say_the_same_facts(key: str) -> None:
    english, chinese = words()[key]
    facts = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, chinese)]
    assert facts[0] == facts[1]
    assert english
    assert english.isascii()
    assert chinese


def said_in(path: Path) -> list[tuple[str, set[str] | None]]:
    """Codes that a source file names, with the facts it gives where it raises or reports them."""
    found: list[tuple[str, set[str] | None]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(("draw.", "verify.")) and " " not in node.value:
                found.append((node.value, None))
        elif isinstance(node, ast.Call):
            names = {keyword.arg for keyword in node.keywords if keyword.arg}
            if all(keyword.arg for keyword in node.keywords):
                found.extend(
                    (argument.value, names)
                    for argument in node.args
                    if isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and argument.value.startswith(("draw.", "verify."))
                )
    return found


def test_every_code_has_its_words_and_every_word_its_code() -> None:
    sources = [*(ROOT / "rewards/draws/rules").glob("*.py"), ROOT / "rewards/draws/verify.py"]
    by_subject = {f"draw.{subject}.{end}" for subject in ("snapshot", "void", "present") for end in ("ending", "line")}
    named = [found for source in sources for found in said_in(source) if not found[0].endswith(".")]
    assert {code for code, _ in named} | by_subject == set(SENTENCES)
    for code, facts in named:
        wanted = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[code][0]) if name}
        if facts is not None and not code.startswith("verify.file"):
            assert wanted <= facts, code


# the command


def test_exit_codes_and_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = publish(tmp_path / "draw", vector_files())
    assert verify.main([str(folder)]) == 0
    both = capsys.readouterr().out
    assert "Everything checked is right. / 所有核对均通过。" in both
    assert "0ZK9-XVDB-K0EZ" in both
    assert verify.main([str(folder), "--lang", "zh"]) == 0
    assert "Everything" not in capsys.readouterr().out
    assert verify.main([str(folder), "--lang", "en"]) == 0
    assert capsys.readouterr().out.isascii()
    (folder / "result.json").write_bytes(b"{}")
    assert verify.main([str(folder)]) == 1
    assert "do not trust" in capsys.readouterr().out
    assert verify.main([str(tmp_path)]) == 2
    assert "no manifest.json" in capsys.readouterr().out
    assert verify.main([str(folder), "--receipt", "VDRAW1"]) == 1
    assert "no receipt" in capsys.readouterr().out
    assert verify.main([]) == 2
    assert verify.main(["--help"]) == 0


def test_json_is_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = publish(tmp_path / "draw", vector_files())
    assert verify.main([str(folder), "--json", "--code", "0ZK9-XVDB-K0EZ"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["state"], answer["code"]) == (True, "closed", "0ZK9-XVDB-K0EZ")
    assert [winner["line"] for winner in answer["winners"]] == [1, 0, 2]
    assert all(check["ok"] and check["detail"] for check in answer["checks"])


def bare(*arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """No site packages, no environment of Python's, nothing but the source tree."""
    return subprocess.run(
        [sys.executable, "-S", "-E", "-B", "-X", "utf8=0", "-m", "rewards.draws.verify", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LC_ALL": encoding},
        capture_output=True,
        check=False,
    )


def test_a_bare_python_is_enough(tmp_path: Path) -> None:
    folder = publish(tmp_path / "draw", vector_files())
    good = bare(str(folder), encoding="C.UTF-8")
    assert (good.returncode, good.stderr) == (0, b"")
    assert "结果码" in good.stdout.decode()
    plain = bare(str(folder), encoding="POSIX")
    assert (plain.returncode, plain.stderr) == (0, b"")
    assert b"0ZK9-XVDB-K0EZ" in plain.stdout
    (folder / "log.txt").write_bytes(LOG.replace(b"win first 0 0 5", b"win first 0 0 6"))
    assert bare(str(folder), encoding="C.UTF-8").returncode == 1
    for name in ("log.txt", "result.json"):
        (folder / name).unlink()
    frozen = bare(str(folder), "--lang", "en", encoding="C.UTF-8")
    assert frozen.returncode == 0
    assert b"Frozen, not drawn yet." in frozen.stdout
    assert bare(str(tmp_path / "nowhere"), encoding="C.UTF-8").returncode == 2
    assert bare(encoding="C.UTF-8").returncode == 2


def test_the_verifier_loads_only_the_standard_library() -> None:
    listing = "import sys, rewards.draws.verify; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-S", "-E", "-B", "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = {"rewards", "__main__"}
    assert set(run.stdout.split()) - set(sys.stdlib_module_names) <= ours


# the page for strangers


PAGE = (ROOT / "docs/verify-a-draw.md").read_text()


def fenced(language: str = "") -> list[str]:
    blocks = PAGE.split("```")[1::2]
    return [block.partition("\n")[2] for block in blocks if block.partition("\n")[0] == language]


def under(heading: str) -> list[str]:
    """The fenced blocks without a language below a heading of the second level."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = [block.partition("\n") for block in part.split("```")[1::2]]
    return [text for language, _, text in blocks if not language]


def second_draw() -> tuple[dict[str, bytes], rules.Manifest]:
    """The second example of the page: twelve people, two rounds, everything that the first one has not."""
    draw_id, chain_hash = "demo-2027", "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
    lines = []
    for n in range(12):
        person = f"E{2001 + n}"
        commit = rules.id_commit(draw_id, rules.digest(f"salt:{person}".encode())[:16], person).hex()
        lines.append(Line(commit, n % 4 + 1, "ABC"[n % 3], "night" if n % 4 == 0 else ""))
    snapshot = rules.format_snapshot(lines)
    lines = list(rules.parse_snapshot(snapshot))
    manifest = Manifest(
        draw_id=draw_id,
        n=12,
        tickets=sum(line.tickets for line in lines),
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        commit=tuple(rules.commitment(draw_id, *pair).hex() for pair in zip(CUSTODIANS, SECRETS, strict=True)),
        venue="d10x20",
        rounds=(Round("evening"), Round("top", "d10x6")),
        unit_cap=3,
        prizes=(
            Prize("mug", 2, round="evening", batch=2, alternates=2),
            Prize("team", 1, round="evening", units=("A", "C"), present=False),
            Prize("lamp", 1, "night", round="evening"),
            Prize("bike", 1, round="top", redraw="d10x4"),
        ),
        excluded=(("custodian", 2),),
        labels=tuple(CUSTODIANS),
        names=("Organiser", "\u5de5\u4f1a"),
        witnesses=("Ann Example",),
        presence=True,
        call_seconds=60,
        frozen_at="2027-05-01T08:00:00Z",
        arm_after="2027-05-02T08:00:00Z",
        beacon=Beacon(chain_hash, 12345678),
        file=rules.digest(snapshot).hex(),
        signer="07" * 32,
    )
    data = rules.write_manifest(manifest)
    voids = rules.format_voids({6: "left"})
    present = rules.format_present([0, 1, 2, 3, 4, 5, 7, 8, 9, 11])
    published = rules.publish_result(
        data,
        snapshot,
        DIGITS,
        SECRETS,
        voids=voids,
        present=present,
        beacon="ab" * 48,
        steps=[
            Call("mug", 0),
            Absence("mug", 0),
            Absence("team", 0, "declined"),
            RoundStart("top", "271828"),
            Call("bike", 0),
            Absence("bike", 0, "", "redraw-d10x4", "1618"),
        ],
    )
    files = {
        "manifest.json": data,
        "snapshot.tsv": snapshot,
        "void.tsv": voids,
        "present.tsv": present,
        "log.txt": published.log.encode(),
        "result.json": published.result,
    }
    return files, rules.parse_manifest(data)


def second_receipt(files: dict[str, bytes], manifest: rules.Manifest) -> rules.Receipt:
    """Of person E2005."""
    tree = rules.Tree(line.leaf for line in rules.parse_snapshot(files["snapshot.tsv"]))
    lines = rules.parse_snapshot(files["snapshot.tsv"])
    salt = rules.digest(b"salt:E2005")[:16]
    commit = rules.id_commit(manifest.draw_id, salt, "E2005").hex()
    (place,) = (place for place, line in enumerate(lines) if line.id_commit == commit)
    own = lines[place]
    m = rules.manifest_hash(files["manifest.json"])
    return rules.Receipt(
        *(manifest.draw_id, place, manifest.n, own.tickets, own.unit, own.group, "E2005", salt, m),
        *(tree.root, tree.path(place)),
    )


def second_values(files: dict[str, bytes], manifest: rules.Manifest) -> dict[str, str]:
    """The values of the second example that the page shows, by name."""
    m = rules.manifest_hash(files["manifest.json"])
    lines = rules.parse_snapshot(files["snapshot.tsv"])
    events = rules.split_log(files["log.txt"])
    present = rules.parse_present(files["present.tsv"], manifest.n)
    composed = rules.compose(
        manifest, m, lines, rules.read_sheet(events, manifest), rules.parse_voids(files["void.tsv"], 12), present
    )
    assert manifest.beacon is not None
    chain_hash = bytes.fromhex(manifest.beacon.chain)
    of_round = rules.venue_value(m, "round-d10x6", "271828")
    fresh = rules.venue_value(m, "redraw-d10x4", "1618")
    heads = rules.chain(m, events)
    return {
        "M": m.hex(),
        "V": rules.venue_value(m, "d10x20", DIGITS).hex(),
        "randomness": rules.beacon_randomness("ab" * 48).hex(),
        "B": rules.beacon_value(m, chain_hash, manifest.beacon.round, "ab" * 48).hex(),
        "K": composed.seed.hex(),
        "KR of evening": composed.keys[0].hex(),
        "V of top": of_round.hex(),
        "KR of top": composed.keys[1].hex(),
        "V of the redraw": fresh.hex(),
        "key after redraw dice": rules.redraw_key(composed.keys[1], "bike", 0, 1, fresh).hex(),
        "arm code": rules.display_code(heads[1]),
        "result code": rules.display_code(heads[-1]),
    }


def test_the_files_on_the_page_verify(tmp_path: Path) -> None:
    manifest, snapshot, log, result = under("An example to test against")
    files = {"manifest.json": manifest[:-1], "snapshot.tsv": snapshot, "log.txt": log, "result.json": result[:-1]}
    shown = {name: text.encode() for name, text in files.items()}
    assert shown == vector_files()


def test_the_second_example_on_the_page_verifies(tmp_path: Path) -> None:
    manifest, snapshot, voids, present, log, result, paper, receipt, envelope = under("A second example")
    made, parsed = second_draw()
    shown = {
        "manifest.json": manifest[:-1].encode(),
        "snapshot.tsv": snapshot.encode(),
        "void.tsv": voids.encode(),
        "present.tsv": present.encode(),
        "log.txt": log.encode(),
        "result.json": result[:-1].encode(),
    }
    assert shown == made
    assert paper == rules.log_text(rules.inputs_of(log.splitlines()))
    assert rules.read_receipt(receipt) == second_receipt(made, parsed)
    assert rules.read_secret(envelope) == SECRETS[0]
    assert envelope == rules.write_secret(SECRETS[0])
    for name, value in second_values(made, parsed).items():
        assert f"| {name} | `{value}` |" in PAGE
    report = verify.verify_folder(publish(tmp_path / "draw", shown), receipt=receipt)
    assert failures(report) == []
    assert report.state == "closed"


def test_the_program_on_the_page_finds_the_first_winner(tmp_path: Path) -> None:
    (program,) = fenced("python")
    for place, files in enumerate((vector_files(), vector_files(steps=()))):
        run = subprocess.run(
            [sys.executable, "-S", "-E", "-c", program],
            cwd=publish(tmp_path / str(place), files),
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout == "first winner: line 1\n"


def test_the_page_names_every_key_and_check(tmp_path: Path) -> None:
    manifest = {**json.loads(full_files()["manifest.json"]), **json.loads(vector_files()["manifest.json"])}
    for key in [*manifest, "round"]:
        assert f"| `{key}` |" in PAGE
    for key in ("class", "batch", "redraw", "round", "units", "present", "alternates"):
        assert f"| prize `{key}` |" in PAGE
    for name in verify.LIMITS:
        assert f"| `{name}` |" in PAGE
    for check in verify.verify_folder(publish(tmp_path / "draw", full_files())).checks:
        name = check.name.replace("organiser", "LABEL").replace("union", "LABEL")
        assert f"`{name}`" in PAGE
