"""The supervisor with plain children: order, restarts, stops, output, ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from server.runtime import folder
from server.runtime import supervisor as supervising
from server.runtime.refusals import Refusal
from server.runtime.settings import SettingsError
from server.runtime.supervisor import Child, ChildFailed, Supervisor, bind, end_earlier, running
from tests import patience
from tests.patience import wait_until
from tests.server.runtime.served import ROOT

STAYS = "import signal, sys; print('here', flush=True); signal.pause()"
DEAF = (
    "import signal; signal.signal(15, signal.SIG_IGN)\n"
    "from server.runtime.supervisor import tell_ready; tell_ready()\n"
    "while True: signal.pause()"
)


class Told:
    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.details: list[Mapping[str, object]] = []
        self.lines: list[tuple[str, str]] = []

    def progress(self, name: str, event: str, details: Mapping[str, object]) -> None:
        self.events.append((name, event))
        self.details.append(details)

    def sink(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def about(self, event: str) -> list[Mapping[str, object]]:
        return [details for (_, said), details in zip(self.events, self.details, strict=True) if said == event]

    def of(self, event: str) -> list[str]:
        return [name for name, said in self.events if said == event]


def python(name: str, code: str, **more: Any) -> Child:
    return Child(name=name, argv=(sys.executable, "-c", code), **more)


def test_children_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    told = Told()
    with Supervisor(tmp_path, progress=told.progress, sink=told.sink, signals=False) as supervisor:
        for name in ("one", "two"):
            supervisor.start(python(name, STAYS, ready=lambda name=name: True))
        supervisor.start(*(python(f"web-{n}", STAYS, group="web") for n in (1, 2)))
        pids = supervisor.pids()
        assert list(pids) == ["one", "two", "web-1", "web-2"]
        assert running(tmp_path) == pids
        supervisor.announce("http://x")
        assert json.loads((tmp_path / "run.json").read_text())["url"] == "http://x"
    assert told.of("ready") == ["one", "two", "web-1", "web-2"]
    assert set(told.of("stopping")[:2]) == {"web-1", "web-2"}
    assert told.of("stopped")[2:] == ["two", "one"]
    assert told.events.index(("two", "stopping")) > told.events.index(("web-1", "stopped"))
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert not (tmp_path / "run.json").exists()
    assert running(tmp_path) == {}


def test_a_child_that_tells_is_ready_only_then(tmp_path: Path) -> None:
    told = Told()
    code = (
        "import signal, sys; sys.stdin.read(); print('first', flush=True)\n"
        "from server.runtime.supervisor import tell_ready; tell_ready(); tell_ready(); signal.pause()"
    )
    with Supervisor(tmp_path, progress=told.progress, sink=told.sink, signals=False) as supervisor:
        supervisor.start(python("web", code, notifies=True, cwd=ROOT))
        assert told.lines == [("web", "first")]


def test_a_child_that_ends_or_is_late_fails_the_start(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with Supervisor(tmp_path, sink=lambda name, line: None, signals=False) as supervisor:
        with pytest.raises(ChildFailed) as ended:
            supervisor.start(python("web", "print('sorry'); raise SystemExit(7)", ready=lambda: False))
        assert ended.value.details == {"name": "web", "status": 7, "said": "sorry"}
        with pytest.raises(ChildFailed) as late:
            supervisor.start(python("slow", STAYS, ready=lambda: False, ready_within=0.1))
        assert late.value.details["status"] is None
        with pytest.raises(ChildFailed) as missing:
            supervisor.start(Child(name="none", argv=("/no/such/program",)))
        assert missing.value.details["name"] == "none"
    assert psutil.Process().children() == before


def test_a_dead_child_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    told = Told()

    def sink(name: str, line: str) -> None:
        if line == "life 4":
            os.kill(os.getpid(), signal.SIGTERM)

    dying = textwrap.dedent(f"""
        import os, signal, sys
        path = {str(tmp_path / "count")!r}
        with open(path, "a") as file: file.write("x")
        number = os.path.getsize(path)
        print("life", number, flush=True)
        sys.exit(number) if number < 4 else signal.pause()
    """)
    with Supervisor(tmp_path, progress=told.progress, sink=sink) as supervisor:
        supervisor.start(python("dying", dying))
        assert supervisor.run() == 0
        pid = supervisor.pids()["dying"]
    assert [details["seconds"] for details in told.about("waiting")] == [0.1, 0.2, 0.4]
    assert [details["status"] for details in told.about("died")] == [1, 2, 3]
    assert not psutil.pid_exists(pid)


def test_a_task_gives_its_status_and_is_not_repeated(tmp_path: Path) -> None:
    told = Told()
    with Supervisor(tmp_path, progress=told.progress, sink=told.sink) as supervisor:
        supervisor.start(python("task", "print('once'); raise SystemExit(5)", restart=False))
        assert supervisor.run(until="task") == 5
    assert told.lines == [("task", "once")]
    assert told.of("starting") == ["task"]


def test_signals_reach_the_supervisor_not_the_caller_and_are_given_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
    with Supervisor(tmp_path, sink=lambda name, line: None) as supervisor:
        supervisor.start(python("one", STAYS))
        os.kill(os.getpid(), signal.SIGTERM)
        assert supervisor.run() == 0
        assert supervisor.asked_to_stop()
        supervisor.start(python("two", STAYS))
        raise AssertionError("a start after the stop was asked for is interrupted")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)] == before


def test_a_deaf_child_is_killed_after_its_grace(tmp_path: Path) -> None:
    told = Told()
    with Supervisor(tmp_path, progress=told.progress, sink=told.sink, signals=False) as supervisor:
        supervisor.start(python("deaf", DEAF, grace=0.1, notifies=True, cwd=ROOT))
    assert told.of("killed") == ["deaf"]
    assert told.details[-1] == {"status": -signal.SIGKILL}


def test_a_second_signal_hastens(tmp_path: Path) -> None:
    told = Told()

    def progress(name: str, event: str, details: Mapping[str, object]) -> None:
        told.progress(name, event, details)
        if event == "stopping":
            os.kill(os.getpid(), signal.SIGINT)

    with Supervisor(tmp_path, progress=progress, sink=told.sink) as supervisor:
        supervisor.start(python("deaf", DEAF, grace=3600, notifies=True, cwd=ROOT))
        os.kill(os.getpid(), signal.SIGINT)
        supervisor.run()
    assert told.of("killed") == ["deaf"]


def test_children_are_in_sessions_of_their_own(tmp_path: Path) -> None:
    with Supervisor(tmp_path, sink=lambda name, line: None, signals=False) as supervisor:
        supervisor.start(python("one", STAYS))
        pid = supervisor.pids()["one"]
        assert os.getsid(pid) == os.getpgid(pid) == pid


def test_lines_are_whole_even_without_an_end(tmp_path: Path) -> None:
    told = Told()
    first = "sys.stdout.buffer.write('一\\r\\n二'.encode() + b'\\xff'); sys.stdout.flush()"
    code = f"import sys; {first}; sys.stderr.write('x' * 200000)"
    with Supervisor(tmp_path, progress=told.progress, sink=told.sink) as supervisor:
        supervisor.start(python("one", code, restart=False))
        assert supervisor.run(until="one") == 0
    assert told.lines[0] == ("one", "一")
    assert told.lines[1][1].startswith("二\ufffd")
    assert sum(line.count("x") for _, line in told.lines) == 200000


def test_output_may_go_to_a_file(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "one.log"
    with Supervisor(tmp_path, signals=True) as supervisor:
        supervisor.start(python("one", "print('kept')", restart=False, log=log))
        supervisor.run(until="one")
    assert log.read_text() == "kept\n"
    assert log.stat().st_mode & 0o777 == 0o600


class Slow(Supervisor):
    """Looks at a child only when it has ended."""

    def _launch(self, kept: supervising._Kept) -> None:
        super()._launch(kept)
        assert kept.process is not None
        kept.process.wait(patience.SECONDS)


@pytest.mark.parametrize("status", [0, 3])
def test_a_task_that_was_done_before_anybody_looked_is_no_failure(tmp_path: Path, status: int) -> None:
    with Slow(tmp_path, signals=True) as supervisor:
        task = python("one", f"raise SystemExit({status})", restart=False)
        if status:
            with pytest.raises(ChildFailed):
                supervisor.start(task)
        else:
            supervisor.start(task)
            assert supervisor.run(until="one") == 0


def test_a_second_supervisor_is_refused_and_told_who(tmp_path: Path) -> None:
    with Supervisor(tmp_path, signals=False):
        with pytest.raises(Refusal) as refused, Supervisor(tmp_path, signals=False):
            raise AssertionError
        assert refused.value.code == "data.held"
        assert refused.value.details["pid"] == os.getpid()
    with Supervisor(tmp_path, signals=False):
        pass


def test_what_a_killed_supervisor_left_is_ended_but_nothing_else(tmp_path: Path) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", STAYS], stdout=subprocess.DEVNULL) as left,
        subprocess.Popen([sys.executable, "-c", STAYS], stdout=subprocess.DEVNULL) as stranger,
    ):
        entry = {"signal": 15, "grace": 5.0}
        children = {
            "web": entry | {"pid": left.pid, "born": folder.born(left.pid)},
            "reused": entry | {"pid": stranger.pid, "born": folder.born(left.pid)[:-1]},
            "of old": entry | {"pid": stranger.pid, "started": 5.0},
        }
        (tmp_path / "run.json").write_text(json.dumps({"children": children}))
        end_earlier(tmp_path)
        assert left.wait(patience.SECONDS) == -signal.SIGTERM
        assert stranger.poll() is None
        assert not (tmp_path / "run.json").exists()
        stranger.kill()


def test_a_port_in_use_is_refused_with_its_user() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert listener.get_inheritable()
        with pytest.raises(SettingsError) as taken:
            bind("127.0.0.1", port)
    assert taken.value.code == "port.taken"
    assert taken.value.details["port"] == port
    assert taken.value.details["pid"] == os.getpid()
    with pytest.raises(SettingsError, match=r"host\.unknown"):
        bind("192.0.2.1", 0)


def test_processes_share_one_port(tmp_path: Path) -> None:
    code = textwrap.dedent("""
        import os, socket, sys
        from server.runtime.supervisor import tell_ready
        listener = socket.socket(fileno=int(sys.argv[1]))
        tell_ready()
        while True:
            connection, _ = listener.accept()
            connection.sendall(str(os.getpid()).encode())
            connection.close()
    """)
    with bind("127.0.0.1", 0) as listener, Supervisor(tmp_path, signals=False) as supervisor:
        argv = (sys.executable, "-c", code, str(listener.fileno()))
        web = [
            Child(name=f"web-{n}", argv=argv, group="web", cwd=ROOT, pass_fds=(listener.fileno(),), notifies=True)
            for n in (1, 2)
        ]
        supervisor.start(*web)
        answered: set[int] = set()

        def both() -> bool:
            with socket.create_connection(listener.getsockname()) as client:
                answered.add(int(client.recv(32)))
            return answered == set(supervisor.pids().values())

        wait_until(both, "both processes to answer")
