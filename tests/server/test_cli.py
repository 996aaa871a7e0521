"""The command line: what it says, what its exit codes mean, and that it starts, stops, saves and brings back."""

import asyncio
import io
import json
import re
import signal
import tarfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import click
import pytest
from babel.messages.extract import extract_python
from redis import Redis

from server import cli
from server.commands import terminal
from server.commands import words as texts
from server.commands.terminal import Exit, Group
from server.runtime.settings import load
from server.web.frame import i18n
from tests import patience
from tests.databases import named as renamed
from tests.patience import wait_until
from tests.rewards.draws.test_verify import FULL, publish, receipt_of, vector_files
from tests.server.laurel import ROOT, Running, answer, free_port, laurel
from tests.server.runtime.served import sql

ROSTER = "tests/samples/roster_utf8.csv"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "data", "serve", LAUREL_PORT="0")
    yield running
    running.end()


def fetched(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=patience.SECONDS) as found:
            return int(found.status)
    except urllib.error.HTTPError as error:
        return error.code


# Words


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("language", i18n.LOCALES)
@pytest.mark.parametrize("path", list(commands(cli.laurel)), ids=" ".join)
def test_every_command_explains_itself(
    path: tuple[str, ...], language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAUREL_LANGUAGE", language)
    assert cli.run([*path, "--help"]) == Exit.OK
    said = capsys.readouterr().out
    assert ("用法" in said) == (language == "zh-Hans")
    assert len(said.splitlines()) > 5


def test_the_commands_are_those_of_the_manual() -> None:
    assert {" ".join(path) for path in commands(cli.laurel) if path} >= {
        "serve",
        "worker",
        "demo",
        "migrate",
        "roster import",
        "quiz import",
        "draw verify",
        "board rebuild",
        "check",
        "backup",
        "restore",
        "settings",
    }
    manual = (ROOT / "docs/running.md").read_text()
    for path in commands(cli.laurel):
        if path and not isinstance(cli.laurel.get_command(click.Context(cli.laurel), path[0]), Group):
            assert f"laurel {' '.join(path)}" in manual
    for status in Exit:
        assert f"| {status.value} |" in manual
    for name in load({}, ROOT).origins:
        assert f"`{name}`" in manual


def msgids(*keywords: str) -> set[str]:
    sources = [*ROOT.glob("server/commands/*.py"), ROOT / "server/cli.py"]
    found = set()
    for path in sources:
        for _, _, message, _ in extract_python(io.BytesIO(path.read_bytes()), keywords, (), {}):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found - {None}


def test_everything_it_says_is_in_chinese_too() -> None:
    known = i18n.read_catalogues(i18n.CATALOGUES / "zh_Hans", ["commands.po"])
    assert {("cli", msgid) for msgid in msgids("words", "mark")} | {("", text) for text in texts.TEXTS.values()} == set(
        known
    )
    for (_, msgid), forms in known.items():
        assert set(re.findall(r"%\(\w+\)\S", msgid)) == set(re.findall(r"%\(\w+\)\S", forms[0])), msgid


def test_every_refusal_of_the_process_side_has_its_sentence() -> None:
    named = r"(?:Refusal|SettingsError|ChildFailed|MigrationError|Found)\(\s*f?\"([^\"]+)\""
    for path in [*ROOT.glob("server/runtime/**/*.py"), *ROOT.glob("server/commands/*.py")]:
        for code in re.findall(named, path.read_text()):
            for said in [code.replace("{what}", what) for what in ("postgres", "valkey")]:
                assert said in texts.TEXTS, (path.name, said)
    for reason in set(re.findall(r"_Wrong\(\"([^\"]+)\"\)", (ROOT / "server/runtime/settings.py").read_text())):
        kind = reason if f"settings.wants.{reason}" in texts.TEXTS else reason.partition(".")[0]
        assert f"settings.wants.{kind}" in texts.TEXTS, reason


@pytest.mark.parametrize("code", sorted(texts.TEXTS))
def test_a_sentence_names_nothing_that_is_not_given(code: str) -> None:
    values = dict.fromkeys(re.findall(r"%\((\w+)\)", texts.TEXTS[code]), "X")
    assert "%" not in texts.TEXTS[code] % values


# Exit codes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "nope"),
        (("backup",), "FILE"),
        (("check", "--nope"), "--nope"),
        (("worker", "--processes", "many"), "--processes"),
        (("quiz", "import", "x", "--scoring", "luck"), "--scoring"),
        (("backup", "a", "b"), ""),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == Exit.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LAUREL_PROT", "1", "LAUREL_PORT"),
        ("LAUREL_NOTHING_LIKE_IT_AT_ALL", "1", "laurel settings"),
        ("LAUREL_PORT", "many", "0"),
        ("LAUREL_SECRET", "short", "32"),
        ("LAUREL_LANGUAGE", "fr", "zh-Hans"),
        ("LAUREL_PUBLIC_URL", "http://a/b", "path"),
        ("LAUREL_DATABASE_URL", "mysql://u:hidden@h/d", "postgresql"),
    ],
)
def test_a_wrong_setting_is_told_and_hides_its_secrets(
    name: str,
    value: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAUREL_DATA", str(tmp_path))
    monkeypatch.setenv(name, value)
    assert cli.run(["settings"]) == Exit.USAGE
    told = capsys.readouterr().err
    assert name in told
    assert said in told
    assert "hidden" not in told
    assert "Traceback" not in told


def test_settings_say_where_they_come_from(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "settings",
        LAUREL_DATABASE_URL="postgresql://laurel:hidden@db.example/laurel",
        LAUREL_SECRET="correct horse battery staple correct horse",
    )
    assert found["LAUREL_PORT"] == {"value": "8080", "from": "default"}
    assert found["LAUREL_DATA"] == {"value": str(tmp_path), "from": "environment"}
    assert "hidden" not in json.dumps(found)
    assert "horse" not in json.dumps(found)


def test_services_that_do_not_answer_have_their_own_exit_code(tmp_path: Path) -> None:
    nowhere = f"postgresql://laurel:hidden@127.0.0.1:{free_port()}/laurel"
    ended = laurel(tmp_path / "data", "check", LAUREL_DATABASE_URL=nowhere, LAUREL_REDIS_URL="redis://127.0.0.1:1")
    assert ended.returncode == Exit.SERVICES
    assert "hidden" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_command_makes_no_laurel_where_there_is_none(tmp_path: Path) -> None:
    for arguments in (("check",), ("board", "rebuild"), ("backup", str(tmp_path / "file")), ("worker",)):
        ended = laurel(tmp_path / "data", *arguments)
        assert ended.returncode == Exit.BLOCKED, ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_fault_of_ours_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(terminal, "say_table", broken)
    assert cli.run(["settings"]) == Exit.FAULT
    assert "ZeroDivisionError" in capsys.readouterr().err


# Draws


def test_draw_verify_recomputes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = publish(tmp_path / "draw", vector_files())
    assert cli.run(["draw", "verify", str(folder)]) == Exit.OK
    assert cli.run(["draw", "verify", str(folder), "--json"]) == Exit.OK
    capsys.readouterr()
    (folder / "snapshot.tsv").write_bytes((folder / "snapshot.tsv").read_bytes()[:-2] + b"8\n")
    assert cli.run(["draw", "verify", str(folder), "--json"]) == Exit.REFUSED
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert cli.run(["draw", "verify", str(tmp_path / "nowhere")]) == Exit.USAGE


def test_draw_verify_reads_a_receipt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = publish(tmp_path / "draw", FULL)
    mine = receipt_of(FULL, "E1")
    assert cli.run(["draw", "verify", str(folder), "--receipt", mine]) == Exit.OK
    assert cli.run(["draw", "verify", str(folder), "--receipt", mine[:-1], "--json"]) == Exit.REFUSED
    assert '"receipt.' in capsys.readouterr().out


# The whole


def test_serve_starts_tells_and_stops(served: Running) -> None:
    assert fetched(served.said["local_url"] + "/health") == 200
    assert served.said["first_admin"].startswith(served.said["url"] + "/welcome/")
    assert fetched(served.said["first_admin"]) == 200
    assert list(served.pids()) == ["redis", "database", "web-1", "worker-1"]
    second = laurel(served.data, "serve", LAUREL_PORT="0")
    assert second.returncode == Exit.BLOCKED
    assert str(served.process.pid) in second.stderr
    worker = Running(served.data, "worker", "--processes", "2")
    try:
        assert list(worker.pids("workers")) == ["worker-1", "worker-2"]
        assert worker.stop() == Exit.OK
    finally:
        worker.end()
    assert served.stop() == Exit.OK
    assert not (served.data / "run.json").exists()
    assert "Traceback" not in "".join(served.errors)


def test_a_taken_port_is_told_before_anything_starts(served: Running, tmp_path: Path) -> None:
    port = served.said["local_url"].rpartition(":")[2]
    ended = laurel(tmp_path / "other", "serve", LAUREL_PORT=port)
    assert ended.returncode == Exit.BLOCKED
    assert port in ended.stderr
    assert not (tmp_path / "other/postgres").exists()


@pytest.mark.faults
def test_every_process_is_replaced_when_it_dies(served: Running) -> None:
    for name in ("web-1", "worker-1", "redis", "database"):
        before = served.pids()[name]
        next(process for process in served.tree() if process.pid == before).send_signal(signal.SIGKILL)
        wait_until(lambda name=name, before=before: served.pids().get(name, before) != before, f"{name} to return")
    url = served.said["local_url"] + "/health"
    wait_until(lambda: fetched(url) == 200, "the whole to serve again")
    wait_until(lambda: laurel(served.data, "check").returncode == Exit.OK, "check to agree")
    assert served.stop() == Exit.OK


def test_rosters_and_quizzes_are_shown_before_they_are_imported(served: Running, tmp_path: Path) -> None:
    preview = answer(served.data, "roster", "import", ROSTER)
    assert preview["importable"]
    assert not preview["applied"]
    assert preview["changes"]["added"] == 4
    named = [(one["kind"], one["line"], one["staff_number"], one["name"]) for one in preview["people"]]
    assert named[0] == ("new", 4, "00123", "李娜")
    assert len(named) == 4
    file = tmp_path / "roster.csv"
    file.write_text("工号,姓名,部门,入职日期\n00123,李娜,一车间,2024-03-01\n2,Bo,,01/03/2024\n合计,2人,,\n")
    shown = laurel(served.data, "roster", "import", str(file))
    assert shown.returncode == Exit.REFUSED
    assert re.search(r"2\s+new\s+00123\s+李娜\s+一车间", shown.stdout)
    assert "This row is a total, not a person." in shown.stdout
    assert "--days dmy  01/03/2024 = 2024-03-01" in shown.stderr
    said = answer(served.data, "roster", "import", str(file), "--days", "mdy")
    assert [one["name"] for one in said["people"]] == ["李娜", "Bo"]
    assert answer(served.data, "roster", "import", ROSTER, "--apply")["applied"]
    again = answer(served.data, "roster", "import", ROSTER, "--apply", "--full")
    assert again["changes"] == {"added": 0, "changed": 0, "moved": 0, "returned": 0, "left": 0, "unchanged": 4}
    part = laurel(served.data, "quiz", "import", "tests/samples/broken.aiken.txt", "--json")
    assert part.returncode == Exit.REFUSED
    assert [json.loads(part.stdout)[name] for name in ("importable", "questions", "left_out")] == [True, 1, 6]
    bad = laurel(served.data, "quiz", "import", "tests/samples/roster_utf8.csv", "--apply", "--json")
    assert bad.returncode == Exit.REFUSED
    assert {problem["severity"] for problem in json.loads(bad.stdout)["problems"]} == {"error"}
    good = answer(served.data, "quiz", "import", "tests/samples/safety.gift", "--apply", "--title", "A title")
    assert good["quiz"]
    assert good["title"] == "A title"
    assert laurel(served.data, "quiz", "import", "no-such-file").returncode == Exit.REFUSED


def test_a_backup_brings_everything_back(served: Running, tmp_path: Path) -> None:
    answer(served.data, "roster", "import", ROSTER, "--apply")
    folder = served.data / "draws/draw-2026-001"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(b"{}")
    file = tmp_path / "laurel.tar"
    assert answer(served.data, "backup", str(file))["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    assert laurel(served.data, "backup", str(file)).returncode == Exit.REFUSED
    assert laurel(served.data, "backup", str(file), "--force").returncode == Exit.OK
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert laurel(served.data, "restore", str(file)).returncode == Exit.REFUSED

    restored = tmp_path / "restored"
    answer(restored, "restore", str(file))
    assert (restored / "secrets.json").read_bytes() == (served.data / "secrets.json").read_bytes()
    assert (restored / "draws/draw-2026-001/manifest.json").read_bytes() == b"{}"
    assert not (restored / ".restoring").exists()
    assert answer(restored, "roster", "import", ROSTER)["changes"]["unchanged"] == 4
    assert answer(restored, "check")["ok"]
    again = Running(restored, "serve", LAUREL_PORT="0")
    try:
        assert again.said["first_admin"] is None
        assert fetched(again.said["local_url"] + "/health") == 200
        assert again.stop() == Exit.OK
    finally:
        again.end()


async def test_external_services_replace_the_embedded_ones(
    servers: tuple[str, str], database_url: str, tmp_path: Path
) -> None:
    more = {
        "LAUREL_DATABASE_URL": database_url,
        "LAUREL_REDIS_URL": servers[1],
        "LAUREL_SECRET": "the very same secret on every machine 1234567890",
        "LAUREL_PORT": "0",
    }
    one = await asyncio.to_thread(lambda: Running(tmp_path / "one", "serve", **more))
    two = await asyncio.to_thread(lambda: Running(tmp_path / "two", "serve", LAUREL_WORKER_PROCESSES="0", **more))
    three = await asyncio.to_thread(lambda: Running(tmp_path / "three", "worker", **more))
    try:
        assert list(one.pids()) == ["web-1", "worker-1"]
        assert list(two.pids()) == ["web-1"]
        assert list(three.pids("workers")) == ["worker-1"]
        for running in (one, two):
            assert await asyncio.to_thread(fetched, running.said["local_url"] + "/health") == 200
            assert not (running.data / "postgres").exists()
        for running in (three, two, one):
            assert await asyncio.to_thread(running.stop) == Exit.OK
        file = str(tmp_path / "file.tar")
        assert (await asyncio.to_thread(laurel, one.data, "backup", file, **more)).returncode == Exit.OK
        full = await asyncio.to_thread(laurel, tmp_path / "four", "restore", file, **more)
        assert full.returncode == Exit.REFUSED
        empty = {**more, "LAUREL_DATABASE_URL": await fresh_database(database_url)}
        assert (await asyncio.to_thread(laurel, tmp_path / "four", "restore", file, **empty)).returncode == Exit.OK
        assert (await asyncio.to_thread(laurel, tmp_path / "four", "check", **empty)).returncode == Exit.OK
    finally:
        for running in (one, two, three):
            await asyncio.to_thread(running.end)


async def fresh_database(beside: str) -> str:
    """The address of a new database without any table, on the same server."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(beside)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return renamed(beside, name)


def hostile(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    head = json.dumps({"format": "laurel-backup/1", "migrations": ["rewards/0001_first_tables"], "made_at": "x"})
    with tarfile.open(path, "w") as tar:
        for info, content in (named("laurel.json", head.encode()), *members):
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def named(name: str, content: bytes, kind: bytes = tarfile.REGTYPE, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info, content


@pytest.mark.parametrize(
    "members",
    [
        [named("../escaped", b"x")],
        [named("/tmp/escaped", b"x")],
        [named("draws/../../escaped", b"x")],
        [named("draws/a/..", b"x")],
        [named("draws/a/.hidden", b"x")],
        [named("draws/a", b"", tarfile.SYMTYPE, "/")],
        [named("draws/a/link", b"", tarfile.SYMTYPE, "/etc/passwd")],
        [named("draws/a/link", b"", tarfile.LNKTYPE, "laurel.json")],
        [named("secrets.json", b"{}"), named("secrets.json", b"{}")],
        [named("postgres/PG_VERSION", b"18")],
        [],
    ],
)
def test_a_hostile_backup_writes_nothing(members: list[tuple[tarfile.TarInfo, bytes]], tmp_path: Path) -> None:
    file = hostile(tmp_path / "file.tar", *members)
    data = tmp_path / "data"
    ended = laurel(data, "restore", str(file))
    assert ended.returncode == Exit.REFUSED, ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file.tar"]


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"not a tar", b"\0" * 10240)):
        file = tmp_path / str(number)
        file.write_bytes(content)
        assert laurel(tmp_path / "data", "restore", str(file)).returncode == Exit.REFUSED
    assert laurel(tmp_path / "data", "restore", str(tmp_path / "nowhere")).returncode == Exit.REFUSED
    newer = hostile(tmp_path / "newer.tar")
    with tarfile.open(newer, "w") as tar:
        content = json.dumps({"format": "laurel-backup/1", "migrations": ["rewards/9999_later"], "made_at": "x"})
        info, raw = named("laurel.json", content.encode())
        info.size = len(raw)
        tar.addfile(info, io.BytesIO(raw))
    assert "newer" in laurel(tmp_path / "data", "restore", str(newer)).stderr


def test_check_finds_what_was_planted_and_rebuild_mends_boards(served: Running) -> None:
    answer(served.data, "roster", "import", ROSTER, "--apply")
    assert answer(served.data, "check") == {"ok": True, "differences": []}
    season = "0193aaaa-0000-7000-8000-000000000001"
    sql(
        served.data,
        f"INSERT INTO season (id, name, starts_on, ends_on) VALUES ('{season}', 'S', current_date, current_date)",
        "INSERT INTO intent (id, kind, subject, due_at, created_at)"
        " VALUES (gen_random_uuid(), 'unheard_of', 'x', now() - interval '1 hour', now())",
        "SELECT 1",
    )
    with Redis.from_url(load({"LAUREL_DATA": str(served.data)}, ROOT).redis_url) as redis:
        redis.zadd(f"board:{{season:{season}}}", {b"0123456789abcdef": -1.0})

    def differences() -> list[dict[str, str]]:
        ended = laurel(served.data, "check", "--json")
        found: list[dict[str, str]] = json.loads(ended.stdout)["differences"]
        assert (ended.returncode == Exit.REFUSED) == bool(found)
        return found

    # The worker knows no such work: it tries three times before that counts as failing.
    wait_until(lambda: "check.work_failing" in {one["code"] for one in differences()}, "the failing work to be found")
    found = differences()
    assert {one["code"] for one in found} == {"check.board_differs", "check.work_failing"}
    assert all(one["text"] for one in found)
    answer(served.data, "board", "rebuild")
    assert {one["code"] for one in differences()} == {"check.work_failing"}
