"""The real servers: start, stop, every sudden death, odd folders, other users."""

import ctypes
import json
import os
import platform
import pwd
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from server.runtime import confine, embedded
from server.runtime.refusals import Refusal
from server.runtime.settings import load, prepare
from tests.patience import wait_until
from tests.server.runtime.served import ROOT, Served, gone, kept, kill, put, redis, remaining, settings_of, sql

_ALLOW = 0x7FFF0000
_ANSWER = 0x00050000  # + the error number, 0 = "done" without doing it
_UNSHARE, _PRCTL = {"x86_64": (272, 157), "aarch64": (97, 167)}.get(platform.machine(), (0, 0))
Serve = Callable[..., Served]
linux = pytest.mark.skipif(not _PRCTL, reason="needs a Linux whose system calls we know")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Served] = []

    def start(data: Path, **more: object) -> Served:
        started.append(Served(data, **more))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for served in started:
        served.kill_everything()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="laurel-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def filtered(*program: tuple[int, int, int, int]) -> None:
    """Another kernel for this process and all below it (a seccomp program, as a container has)."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))

    wanted = Filter(len(program), ctypes.addressof(buffer))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(wanted), 0, 0):
        os._exit(99)


def refuse_namespaces() -> None:
    """unshare is not permitted, as in most containers."""
    filtered((0x20, 0, 0, 0), (0x15, 0, 1, _UNSHARE), (0x06, 0, 0, _ANSWER | 1), (0x06, 0, 0, _ALLOW))


def without_death_signals() -> None:
    """Children are not told when their parent dies, as on other systems than Linux."""
    filtered(
        (0x20, 0, 0, 0),  # the call
        (0x15, 0, 3, _PRCTL),
        (0x20, 0, 0, 16),  # its first argument
        (0x15, 0, 1, 1),
        (0x06, 0, 0, _ANSWER),
        (0x06, 0, 0, _ALLOW),
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_data_survives_restarts_and_folders_are_closed(tmp_path: Path, serve: Serve) -> None:
    parent = tmp_path / "their folder"
    parent.mkdir(mode=0o751)
    parent.chmod(0o751)
    data = parent / "data"
    for number in (1, 2):
        served = serve(data).up()
        put(data, number)
        sockets = settings_of(data).sockets
        for folder in (data, sockets, *(data / name for name in ("postgres", "valkey", "logs"))):
            assert mode(folder) == 0o700, folder
        assert mode(sockets / ".s.PGSQL.5432") == 0o700
        assert mode(sockets / "valkey.sock") == 0o700
        for file in ("secrets.json", "lock", "run.json", "logs/postgres.log", "logs/valkey.log"):
            assert mode(data / file) == 0o600, file
        ports = [c for p in remaining(data) for c in p.net_connections("inet")]
        assert ports == []
        served.signal(signal.SIGINT)
        served.until("all", "down")
        assert served.ended() == 0
        assert remaining(data) == []
        assert not (data / "run.json").exists()
        assert not (sockets / "valkey.sock").exists()
        assert not (data / "postgres" / "postmaster.pid").exists()
        stopped = [event["name"] for event in served.events if event["event"] == "stopped"]
        assert stopped == ["database", "redis"]
    with embedded.start_pair(data):
        assert kept(data) == ([1, 2], [1, 2])
    assert mode(parent) == 0o751


def test_the_servers_keep_every_promise_of_durability(tmp_path: Path) -> None:
    with embedded.start_pair(tmp_path / "data"):
        for name, value in (
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("data_checksums", "on"),
            ("listen_addresses", ""),
            ("server_encoding", "UTF8"),
            ("shared_buffers", "128MB"),
            ("statement_timeout", "0"),
        ):
            assert sql(tmp_path / "data", f"SHOW {name}") == value
        assert int(sql(tmp_path / "data", "SHOW max_connections")) >= 100
        assert sql(tmp_path / "data", "SELECT upper('é') || ('Z' < 'a')::text") == "Étrue"
        with redis(tmp_path / "data") as client:
            asked = client.config_get("append*", "save", "maxmemory-policy", "port")
            assert (asked["appendonly"], asked["appendfsync"], asked["save"]) == ("yes", "everysec", "")
            assert (asked["maxmemory-policy"], asked["port"]) == ("noeviction", "0")


def test_a_killed_server_comes_back_with_its_data(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path).up()
    put(tmp_path, 1)
    for name in ("database", "redis"):
        pids = served.pids()
        os.kill(pids[name], signal.SIGKILL)
        assert served.until(name, "died")["status"] == -signal.SIGKILL
        served.until(name, "ready")
        assert kept(tmp_path) == ([1], [1])
        assert served.pids()[name] != pids[name]
        other = {"database": "redis", "redis": "database"}[name]
        assert served.pids()[other] == pids[other]
    put(tmp_path, 2)
    assert kept(tmp_path) == ([1, 2], [1, 2])


def test_a_killed_supervisor_takes_the_servers_along_and_the_next_start_works(tmp_path: Path, serve: Serve) -> None:
    for number in (1, 2):
        served = serve(tmp_path).up()
        put(tmp_path, number)
        served.signal(signal.SIGKILL)
        assert served.ended() == -signal.SIGKILL
    gone(tmp_path)
    with embedded.start_pair(tmp_path):
        assert kept(tmp_path) == ([1, 2], [1, 2])


def test_everything_killed_at_once(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path).up()
    put(tmp_path, 1)
    victims = [psutil.Process(served.process.pid), *remaining(tmp_path)]
    for process in victims:
        process.suspend()
    kill(*victims)
    served.ended()
    assert (tmp_path / "postgres" / "postmaster.pid").exists()
    with embedded.start_pair(tmp_path):
        assert kept(tmp_path) == ([1], [1])


@linux
def test_servers_that_outlived_their_supervisor_are_stopped_first(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path, before=without_death_signals).up()
    put(tmp_path, 1)
    pids = set(served.pids().values())
    served.signal(signal.SIGKILL)
    served.ended()
    assert kept(tmp_path) == ([1], [1])  # they serve on
    (tmp_path / "run.json").unlink()  # found even without the record
    again = serve(tmp_path).up()
    assert not pids & {process.pid for process in remaining(tmp_path)}
    assert kept(tmp_path) == ([1], [1])
    assert again.pids().keys() == {"redis", "database"}
    log = (tmp_path / "logs" / "postgres.log").read_text()
    assert "received fast shutdown request" in log
    assert "not properly shut down" not in log


def test_a_pid_file_with_the_pid_of_a_stranger_does_not_hinder(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path).up()
    put(tmp_path, 1)
    kill(psutil.Process(served.process.pid), *remaining(tmp_path))
    served.ended()
    gone(tmp_path)
    record = tmp_path / "postgres" / "postmaster.pid"
    lines = record.read_text().splitlines()
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as stranger:
        record.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        with embedded.start_pair(tmp_path):
            assert kept(tmp_path) == ([1], [1])
        assert stranger.poll() is None
        stranger.kill()


def test_a_first_start_that_was_cut_off_is_done_again(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path)
    wait_until(lambda: (tmp_path / "postgres.new" / "base").exists(), "initdb to be at work")
    served.signal(signal.SIGKILL)
    served.ended()
    with embedded.start_pair(tmp_path):
        assert sql(tmp_path, "SELECT current_database()") == "laurel"
    assert not (tmp_path / "postgres.new").exists()


def test_a_stop_in_the_middle_of_the_first_start(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path)
    served.until("database", "starting")
    served.signal(signal.SIGINT)
    assert served.ended() == 0
    assert remaining(tmp_path) == []
    with embedded.start_pair(tmp_path):
        assert sql(tmp_path, "SELECT 1") == 1


def test_a_second_start_is_refused_and_told_who_has_it(tmp_path: Path, serve: Serve) -> None:
    first = serve(tmp_path).up()
    second = serve(tmp_path)
    refused = second.until("all", "refused")
    assert (refused["code"], refused["pid"]) == ("data.held", first.process.pid)
    assert second.ended() == 3
    assert first.process.poll() is None
    with embedded.available(settings_of(tmp_path)):  # a command beside it uses the same servers
        assert sql(tmp_path, "SELECT 1") == 1
    assert sql(tmp_path, "SELECT 1") == 1


def test_a_command_does_not_borrow_from_another_command(tmp_path: Path) -> None:
    settings = prepare(load({"LAUREL_DATA": str(tmp_path)}, tmp_path))
    with embedded.available(settings), pytest.raises(Refusal, match=r"data\.held"), embedded.available(settings):
        raise AssertionError


@pytest.mark.parametrize("name", ["with a space", "long " * 30, "comma, percent % quote '", "江南"])
def test_odd_and_long_folders(tmp_path: Path, serve: Serve, name: str) -> None:
    data = tmp_path / name.strip()
    served = serve(data, env={"XDG_RUNTIME_DIR": ""}).up()
    put(data, 1)
    served.signal(signal.SIGTERM)
    assert served.ended() == 0
    with embedded.start_pair(data) as urls:
        assert kept(data) == ([1], [1])
        sockets = settings_of(data).sockets
        assert mode(sockets) == 0o700
        # found again by a process that would have chosen another place
        assert load({"LAUREL_DATA": str(data), "XDG_RUNTIME_DIR": "/"}, tmp_path).redis_url == urls[1]
    if sockets != data / "run":
        assert sockets.name.startswith("laurel-")
        assert not sockets.exists()


@as_root
def test_a_sockets_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    before = psutil.Process().children()
    settings = prepare(load({"LAUREL_DATA": str(tmp_path / ("long " * 30).strip())}, tmp_path))
    settings.sockets.mkdir(mode=0o777)
    os.chown(settings.sockets, 12345, 12345)
    try:
        with pytest.raises(Refusal, match=r"sockets\.foreign"), embedded.available(settings):
            raise AssertionError
    finally:
        settings.sockets.rmdir()
    assert psutil.Process().children() == before


def test_another_version_of_the_cluster_is_refused(tmp_path: Path) -> None:
    with embedded.start_pair(tmp_path):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Refusal) as refused, embedded.start_pair(tmp_path):
        raise AssertionError
    assert refused.value.code == "database.version"
    assert (refused.value.details["found"], refused.value.details["installed"]) == ("17", "18")
    assert remaining(tmp_path) == []


def test_a_folder_that_is_no_cluster_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(Refusal, match=r"database\.foreign"), embedded.start_pair(tmp_path):
        raise AssertionError
    assert (tmp_path / "postgres" / "thesis.txt").read_text() == "mine"


def test_external_addresses_replace_the_servers(tmp_path: Path) -> None:
    outside = {"LAUREL_DATABASE_URL": "postgresql://x/y", "LAUREL_REDIS_URL": "redis://x"}
    both = prepare(load(outside, tmp_path))
    assert embedded.children(both) == []
    one = prepare(load({"LAUREL_REDIS_URL": "redis://x"}, tmp_path))
    assert [child.name for child in embedded.children(one)] == ["database"]
    other = prepare(load({"LAUREL_DATABASE_URL": "postgresql://x/y"}, tmp_path))
    assert [child.name for child in embedded.children(other)] == ["redis"]


def test_more_processes_get_more_connections(tmp_path: Path) -> None:
    settings = prepare(load({"LAUREL_WEB_PROCESSES": "31", "LAUREL_DATABASE_POOL": "8"}, tmp_path))
    assert "max_connections=276" in embedded.children(settings)[1].argv


def test_a_long_append_only_file_is_rewritten_at_the_stop(tmp_path: Path) -> None:
    value = "x" * 1024
    with embedded.start_pair(tmp_path), redis(tmp_path) as client:
        with client.pipeline(transaction=False) as pipe:
            for _ in range(20_000):
                pipe.set("same", value)
            pipe.execute()
        before = int(client.info("persistence")["aof_current_size"])
    with embedded.start_pair(tmp_path), redis(tmp_path) as client:
        assert int(client.info("persistence")["aof_current_size"]) < before // 100
        assert client.get("same") == value


def test_the_log_tells_nothing_of_rows_and_servers_get_none_of_our_secrets(tmp_path: Path, serve: Serve) -> None:
    secret = "correct horse battery staple 0123456789"
    served = serve(tmp_path, env={"LAUREL_SECRET": secret, "PGOPTIONS": "-c nonsense=1"}).up()
    for pid in served.pids().values():
        assert not any("LAUREL" in name or secret in value for name, value in psutil.Process(pid).environ().items())
    with pytest.raises(asyncpg.UniqueViolationError):
        sql(
            tmp_path,
            "CREATE TABLE person (name text PRIMARY KEY)",
            "INSERT INTO person VALUES ('Zhang San')",
            "INSERT INTO person VALUES ('Zhang San')",
            "SELECT 1",
        )
    log = (tmp_path / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "Zhang" not in log


# Other users


@as_root
def test_root_stays_root_outside_and_no_folder_changes_hands(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path / "data").up()
    identity = confine.choose(tmp_path / "data", ["/bin/true"])
    owners = {path.stat().st_uid for path in (tmp_path / "data").rglob("*")}
    if identity.kind == "namespace":
        assert owners == {0}
        uid_map = Path(f"/proc/{served.pids()['database']}/uid_map").read_text().split()
        assert uid_map == [str(identity.inner[0]), "0", "1"]
        assert int(uid_map[0]) != 0


def real_uids(data: Path) -> set[int]:
    return {process.uids().real for process in remaining(data)}


@linux
@as_root
def test_where_namespaces_are_refused_nobody_serves(open_folder: Path, serve: Serve) -> None:
    data = open_folder / "data"
    nobody = pwd.getpwnam("nobody").pw_uid
    served = serve(data, before=refuse_namespaces).up()
    put(data, 1)
    assert real_uids(data) == {nobody}
    assert mode(data) == 0o710
    assert data.stat().st_uid == 0
    assert mode(open_folder) == 0o755
    assert (data / "secrets.json").stat().st_uid == 0
    for process in remaining(data):
        assert effective_capabilities(process.pid) == 0
    served.signal(signal.SIGKILL)
    served.ended()
    gone(data)
    with embedded.start_pair(data):  # namespaces are allowed again: the cluster keeps its user
        assert kept(data) == ([1], [1])
        assert real_uids(data) == {nobody}


def effective_capabilities(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("CapEff")), 16)


@linux
@as_root
def test_nobody_reaches_a_folder_below_a_closed_home(tmp_path: Path, serve: Serve) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    data = home / "data"
    served = serve(data, before=refuse_namespaces).up()
    put(data, 1)
    assert real_uids(data) == {pwd.getpwnam("nobody").pw_uid}
    assert {bin(effective_capabilities(process.pid)).count("1") for process in remaining(data)} == {1}
    assert mode(home) == 0o700
    served.signal(signal.SIGKILL)
    served.ended()
    gone(data)
    with embedded.start_pair(data):
        assert kept(data) == ([1], [1])


@linux
@as_root
def test_a_folder_that_somebody_arranged_keeps_its_mode_and_group(open_folder: Path, serve: Serve) -> None:
    data = open_folder / "data"
    data.mkdir()
    data.chmod(0o750)
    os.chown(data, 0, 12345)
    serve(data, before=refuse_namespaces).up()
    assert (mode(data), data.stat().st_gid) == (0o750, 12345)
    assert real_uids(data) == {pwd.getpwnam("nobody").pw_uid}


@linux
@as_root
def test_a_cluster_of_root_is_taken_over_where_namespaces_end(open_folder: Path, serve: Serve) -> None:
    data = open_folder / "data"
    with embedded.start_pair(data):
        put(data, 1)
    serve(data, before=refuse_namespaces).up()
    assert kept(data) == ([1], [1])


def ordinary() -> tuple[list[str], dict[str, str]]:
    """A Python that an ordinary user can run with our packages, or a skip."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    env = {"PYTHONPATH": f"{packages}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
    drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if python and shutil.which("setpriv"):
            asked = [*drop, python, "-c", "import msgspec, psutil, server.runtime.embedded"]
            if subprocess.run(asked, env=os.environ | env, cwd=ROOT, capture_output=True).returncode == 0:
                return [*drop, python], env
    pytest.skip("no Python that nobody may run")


@as_root
def test_an_ordinary_user(open_folder: Path, serve: Serve) -> None:
    python, env = ordinary()
    nobody = pwd.getpwnam("nobody").pw_uid
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody, -1)
    data = home / "data"
    served = serve(data, python=python, env=env).up()
    put(data, 1)
    assert real_uids(data) == {nobody}
    served.signal(signal.SIGKILL)
    served.ended()
    served = serve(data, python=python, env=env).up()
    assert kept(data) == ([1], [1])
    served.signal(signal.SIGINT)
    assert served.ended() == 0
    # and root afterwards, who leaves everything as the user can use it
    with embedded.start_pair(data):
        put(data, 2)
        assert real_uids(data) == {nobody}
    assert {path.stat().st_uid for path in [data, *data.rglob("*")]} == {nobody}
    served = serve(data, python=python, env=env).up()
    assert kept(data) == ([1, 2], [1, 2])


@as_root
def test_an_ordinary_user_is_told_when_a_folder_is_not_his(open_folder: Path, serve: Serve) -> None:
    python, env = ordinary()
    data = open_folder / "data"
    data.mkdir(mode=0o755)
    served = serve(data, python=python, env=env)
    assert served.until("all", "refused")["code"] == "data.unusable"
    assert served.ended() == 3


@as_root
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_as_the_first_process_of_a_container_no_zombie_stays(tmp_path: Path, serve: Serve) -> None:
    wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable]
    served = serve(tmp_path, python=wrapper).up()
    put(tmp_path, 1)
    (supervisor,) = psutil.Process(served.process.pid).children()
    server = next(p for p in remaining(tmp_path) if p.name() == "postgres" and p.ppid() == supervisor.pid)
    server.kill()
    served.until("database", "ready")
    assert kept(tmp_path) == ([1], [1])

    def zombies() -> list[psutil.Process]:
        return [p for p in supervisor.children() if p.status() == psutil.STATUS_ZOMBIE]

    wait_until(lambda: not zombies(), "zombies to be reaped")
    assert json.loads((tmp_path / "run.json").read_text())["supervisor"]["pid"] == 1
    supervisor.send_signal(signal.SIGTERM)
    assert served.ended() == 0
    assert remaining(tmp_path) == []
