"""Whatever has become of Valkey's files, it starts: with what can be loaded, or empty, and what cannot is set aside.

Nothing that is in no file of it is taken for a damage.
"""

import contextlib
import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from server.runtime import embedded, settings
from server.runtime.embedded.valkey import ASIDE
from server.runtime.supervisor import ChildFailed, Supervisor
from tests.laws import examples

IN_BASE, IN_LOG = 300, 200
"""How many keys are in the snapshot, and how many in the log behind it."""
LOG, BASE, MANIFEST = "*.incr.aof", "*.base.rdb", "*.manifest"


@contextlib.contextmanager
def started(data: Path, **more: str) -> Iterator[tuple[Redis, list[str]]]:
    """Valkey over a data folder, as `serve` starts it, and the events that the supervisor tells."""
    told = {"LAUREL_DATA": str(data), "LAUREL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", **more}
    chosen = settings.prepare(settings.load(told, data))
    events: list[str] = []

    def hear(name: str, event: str, details: Mapping[str, object]) -> None:
        events.append(event)

    with Supervisor(data, progress=hear, signals=False) as supervisor:
        for child in embedded.children(chosen):
            supervisor.start(child)
        with Redis.from_url(chosen.redis_url) as client:
            yield client, events


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys in the snapshot and in the log behind it."""
    data = tmp_path_factory.mktemp("full")
    with started(data) as (redis, _):
        redis.mset({f"base:{number}": f"value {number} " * 4 for number in range(IN_BASE)})
        redis.bgrewriteaof()
        while (
            redis.info("persistence")["aof_rewrite_in_progress"] or redis.info("persistence")["aof_rewrite_scheduled"]
        ):
            pass
        for number in range(IN_LOG):
            redis.set(f"log:{number}", f"value {number} " * 4)
    return data


def copy_of(full: Path, to: Path) -> Path:
    data = to / "data"
    data.mkdir(mode=0o700)
    shutil.copytree(full / "valkey", data / "valkey")
    return data


def file_of(data: Path, name: str) -> Path:
    return max((data / "valkey" / "appendonlydir").glob(name))


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below with its bytes; None: one that is a folder, or that nobody but root may read."""
    found: dict[str, bytes | None] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        found[name] = None
        with contextlib.suppress(PermissionError, IsADirectoryError):
            found[name] = path.read_bytes()
    return found


def zeros(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(length))


def _size(path: Path) -> int:
    return path.stat().st_size


DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "zeros behind the log": (LOG, lambda path: zeros(path, _size(path), 4096)),
    "zeros at the end of the log": (LOG, lambda path: zeros(path, _size(path) - 1000, 1000)),
    "nothing but zeros in the log": (LOG, lambda path: zeros(path, 0, _size(path))),
    "zeros in the middle of the log": (LOG, lambda path: zeros(path, _size(path) // 2, 700)),
    "zeros at the start of the log": (LOG, lambda path: zeros(path, 0, 512)),
    "a log that ends in the middle": (LOG, lambda path: os.truncate(path, _size(path) // 2)),
    "an empty log": (LOG, lambda path: os.truncate(path, 0)),
    "no log": (LOG, Path.unlink),
    "another file in place of the log": (LOG, lambda path: path.write_bytes(b"\x7fELF" + bytes(range(256)) * 9)),
    "a log that nobody may read": (LOG, lambda path: path.chmod(0)),
    "a folder in place of the log": (LOG, lambda path: (path.unlink(), path.mkdir())),
    "zeros in the middle of the snapshot": (BASE, lambda path: zeros(path, _size(path) // 2, 700)),
    "zeros behind the snapshot": (BASE, lambda path: zeros(path, _size(path), 4096)),
    "a snapshot cut off": (BASE, lambda path: os.truncate(path, _size(path) // 2)),
    "an empty snapshot": (BASE, lambda path: os.truncate(path, 0)),
    "no snapshot": (BASE, Path.unlink),
    "a snapshot of a later version": (BASE, lambda path: path.write_bytes(b"REDIS9999" + path.read_bytes()[9:])),
    "a snapshot that nobody may read": (BASE, lambda path: path.chmod(0)),
    "an empty manifest": (MANIFEST, lambda path: os.truncate(path, 0)),
    "a manifest of zeros": (MANIFEST, lambda path: zeros(path, 0, _size(path))),
    "garbage in the manifest": (MANIFEST, lambda path: path.write_bytes(os.urandom(300))),
    "half a manifest": (MANIFEST, lambda path: os.truncate(path, _size(path) // 2)),
    "a manifest that names another file": (
        MANIFEST,
        lambda path: path.write_text(path.read_text().replace(".2.", ".7.")),
    ),
    "no manifest": (MANIFEST, Path.unlink),
    "a folder in place of the manifest": (MANIFEST, lambda path: (path.unlink(), path.mkdir())),
    "a folder that nobody may read": (MANIFEST, lambda path: path.parent.chmod(0)),
    "a snapshot of another program alone": (
        MANIFEST,
        lambda path: (shutil.rmtree(path.parent), (path.parents[1] / "dump.rdb").write_bytes(b"REDIS0003\xff")),
    ),
}
KEEPS_ALL = {"zeros behind the log"}
KEEPS_THE_BEGINNING = {"zeros at the end of the log", "a log that ends in the middle"}


def see_that_it_works(data: Path, before: dict[str, bytes | None]) -> set[bytes]:
    """It starts, takes what it is given and keeps it over the next start; what could not be loaded lies beside it,
    untouched. The keys that were loaded."""
    with started(data) as (redis, events):
        found = set(redis.keys("*"))
        redis.set("new", "1")
    aside = list(data.glob(f"{ASIDE}*"))
    assert len(aside) == events.count("mended") == (1 if "mended" in events else 0)
    if aside:
        assert found == set()
        assert stat.S_IMODE(aside[0].stat().st_mode) == 0o700
        assert contents(aside[0]).items() >= before.items()
    with started(data) as (redis, events):
        assert "mended" not in events
        assert set(redis.keys("*")) == {*found, b"new"}
    return found


@pytest.mark.faults
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_survived(full: Path, tmp_path: Path, damage: str) -> None:
    data = copy_of(full, tmp_path)
    name, harm = DAMAGES[damage]
    harm(file_of(data, name))
    found = see_that_it_works(data, contents(data / "valkey"))
    in_log = {key for key in found if key.startswith(b"log:")}
    if damage in KEEPS_ALL:
        assert len(found) == IN_BASE + IN_LOG
    elif damage in KEEPS_THE_BEGINNING:
        assert len(found) - len(in_log) == IN_BASE
        assert in_log == {f"log:{number}".encode() for number in range(len(in_log))}
        assert 0 < len(in_log) < IN_LOG


@st.composite
def harms(draw: st.DrawFn) -> tuple[str, str, float, int]:
    """(file, what becomes of it, where, how much)."""
    file = draw(st.sampled_from([LOG, LOG, BASE, MANIFEST]))
    kind = draw(st.sampled_from(["cut", "zeros", "garbage", "more zeros"]))
    return file, kind, draw(st.floats(0, 1, exclude_max=True)), draw(st.sampled_from([1, 8, 40, 512, 4096, 70_000]))


@pytest.mark.faults
@examples(25, over_one_fixture=True)
@given(harm=harms())
def test_cut_anywhere_and_anything_over_any_range(
    full: Path, tmp_path_factory: pytest.TempPathFactory, harm: tuple[str, str, float, int]
) -> None:
    data = copy_of(full, tmp_path_factory.mktemp("harmed"))
    name, kind, where, length = harm
    path = file_of(data, name)
    start = int(where * path.stat().st_size)
    if kind == "cut":
        os.truncate(path, start)
    else:
        with path.open("r+b") as file:
            file.seek(path.stat().st_size if kind == "more zeros" else start)
            file.write(bytes(length) if "zeros" in kind else (b"\xfe\r\n*9$" * length)[:length])
    see_that_it_works(data, contents(data / "valkey"))


def a_program(folder: Path, *, does: str) -> str:
    """A Valkey that says its version and does this instead of starting."""
    program = folder / "valkey-server"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys, signal\n"
        "if '--version' in sys.argv:\n    print('Valkey server v=9.0.0')\n    raise SystemExit\n"
        f"print('cannot', flush=True)\n{does}\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.faults
@pytest.mark.parametrize(
    "does",
    [
        "raise SystemExit(1)",
        "os.abort()",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "open(sys.argv[sys.argv.index('--dir') + 1] + '/half', 'w').write('x'); raise SystemExit(28)",
    ],
    ids=["ends", "aborts", "is killed", "finds the disk full"],
)
def test_what_keeps_an_empty_valkey_from_starting_too_is_no_damage(full: Path, tmp_path: Path, does: str) -> None:
    data = copy_of(full, tmp_path)
    before = contents(data / "valkey")
    with pytest.raises(ChildFailed) as failed, started(data, LAUREL_VALKEY_BIN=a_program(tmp_path, does=does)):
        pass
    assert "cannot" in str(failed.value.details["said"])
    assert contents(data / "valkey").items() >= before.items()
    assert list(data.glob(f"{ASIDE}*")) == []
    with started(data) as (redis, events):
        assert redis.dbsize() == IN_BASE + IN_LOG
        assert "mended" not in events


@pytest.mark.faults
def test_it_happens_again_and_again_and_no_more_than_three_are_kept(full: Path, tmp_path: Path) -> None:
    data = copy_of(full, tmp_path)
    for number in range(5):
        path = file_of(data, MANIFEST)
        path.write_bytes(b"damaged %d" % number)
        with started(data) as (redis, events):
            assert events.count("mended") == 1
            redis.set("x", number)
    kept = [file_of_aside.read_bytes() for file_of_aside in sorted(data.glob(f"{ASIDE}*/appendonlydir/*.manifest"))]
    assert kept == [b"damaged 2", b"damaged 3", b"damaged 4"]


@pytest.mark.faults
def test_damaged_while_it_was_down_for_a_moment_under_a_running_supervisor(full: Path, tmp_path: Path) -> None:
    """It dies, its file is damaged, and it is started again by itself."""
    data = copy_of(full, tmp_path)
    told = {"LAUREL_DATA": str(data), "LAUREL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    chosen = settings.prepare(settings.load(told, data))
    events: list[str] = []
    with Supervisor(data, progress=lambda name, event, details: events.append(event)) as supervisor:
        [child] = embedded.children(chosen)

        def ready() -> bool:
            if child.ready is None or not child.ready():
                return False
            if events.count("starting") == 1:  # the first time
                file_of(data, MANIFEST).write_bytes(b"damaged")
                os.kill(supervisor.pids()["redis"], signal.SIGKILL)
            else:
                os.kill(os.getpid(), signal.SIGTERM)
            return True

        supervisor.start(replace(child, ready=ready))
        assert supervisor.run() == 0
    assert events[:8] == ["starting", "ready", "died", "waiting", "starting", "died", "starting", "ready"]
    assert events[8] == "mended"
