"""The stranger's check: published folders, good and hostile, and the command on a bare Python."""

import ast
import json
import os
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewards.draws import rules, verify
from rewards.draws.rules import Absence, Line, Manifest, Prize
from rewards.draws.verify_words import LABELS, LANGUAGES, MARKS, SENTENCES, STATES, VERDICTS
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


def full_files() -> dict[str, bytes]:
    """A draw that uses every part of the full form: class, cap, batch, void list, demanded redraw dice."""
    lines = [Line(f"{n * 7919:064x}", n % 5 + 1, f"U{n % 4}", "night" if n % 2 else "day") for n in range(1, 30)]
    snapshot = rules.format_snapshot(lines)
    manifest = rules.write_manifest(
        Manifest(
            draw_id="spring-2026",
            n=len(lines),
            tickets=sum(line.tickets for line in lines),
            root=rules.Tree(line.leaf for line in lines).root.hex(),
            commit=tuple(
                rules.commitment("spring-2026", *pair).hex() for pair in zip(CUSTODIANS, SECRETS, strict=True)
            ),
            venue="d6x25",
            prizes=(Prize("bike", 1, redraw="d10x4", batch=5), Prize("mug", 4, group="night")),
            labels=tuple(CUSTODIANS),
            rehearsal=True,
            frozen_at="2026-05-01T08:00:00Z",
            file=rules.digest(snapshot).hex(),
            unit_cap=2,
            excluded=(("custodian", 2),),
            rule={"points_per_ticket": 10},
        )
    )
    voids = rules.format_voids({3: "left", 17: "duplicate"})
    published = rules.publish_result(
        manifest,
        snapshot,
        "1234561234561234561234561",
        SECRETS,
        voids=voids,
        steps=[Absence("bike", 0, "", "redraw-d10x4", "2718"), Absence("mug", 1)],
    )
    return {
        "manifest.json": manifest,
        "snapshot.tsv": snapshot,
        "void.tsv": voids,
        "log.txt": published.log.encode(),
        "result.json": published.result,
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
    assert len(report.winners) == 5
    text = verify.as_text(report)
    assert "REHEARSAL" in text
    assert "彩排" in text
    complete_sentences(report)


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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["vector", "full"]), st.data())
def test_any_one_changed_byte_is_refused(tmp_path: Path, which: str, data: st.DataObject) -> None:
    files = full_files() if which == "full" else vector_files()
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


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["vector", "full"]), st.data())
def test_any_cut_or_added_byte_is_refused(tmp_path: Path, which: str, data: st.DataObject) -> None:
    files = full_files() if which == "full" else vector_files()
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name])))
    added = data.draw(st.binary(max_size=3))
    gone = data.draw(st.integers(0 if added else 1, 3))
    changed = files[name][:place] + added + files[name][place + gone :]
    folder = publish(tmp_path / which, {**files, name: changed})
    report = verify.verify_folder(folder)
    assert report.ok is (changed == files[name])
    complete_sentences(report)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    by_subject = {f"draw.{subject}.{end}" for subject in ("snapshot", "void") for end in ("ending", "line")}
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


def test_the_files_on_the_page_verify(tmp_path: Path) -> None:
    manifest, snapshot, log, result = fenced()[-4:]
    files = {"manifest.json": manifest[:-1], "snapshot.tsv": snapshot, "log.txt": log, "result.json": result[:-1]}
    shown = {name: text.encode() for name, text in files.items()}
    assert shown == vector_files()


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
    for key in json.loads(full_files()["manifest.json"]):
        assert f"| `{key}` |" in PAGE
    for check in verify.verify_folder(publish(tmp_path / "draw", full_files())).checks:
        name = check.name.replace("organiser", "LABEL").replace("union", "LABEL")
        assert f"`{name}`" in PAGE
