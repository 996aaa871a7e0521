"""The parent of everything that `laurel serve` and `laurel demo` start.

Children start in order, each after the one before is ready; one that dies is started again with a growing pause;
at the end they stop in reverse. However the supervisor itself dies, the kernel ends its children (Linux), and the
next one over the same data folder ends what is left before it starts.

One thread, which must be the main one: the kernel ties a child's end to the thread that started it.
"""

import contextlib
import errno
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

import psutil

from server.runtime import confine, folder
from server.runtime.confine import Identity
from server.runtime.refusals import Refusal
from server.runtime.settings import SettingsError

BACKOFF_FIRST: Final = 0.1  # seconds; doubled at each death in a row
BACKOFF_LONGEST: Final = 10.0
HEALTHY_AFTER: Final = 30.0  # seconds of life after which a death is again the first
READY_VARIABLE: Final = "SUPERVISOR_READY_FD"
_POLL: Final = 0.02  # seconds between questions while something starts or stops
_IDLE: Final = 1.0
_HASTENED_GRACE: Final = 1.0
_KILLED_SECONDS: Final = 10.0
_TAIL: Final = 20  # lines of a dead child's output that are told
_LONGEST_LOG: Final = 16 * 1024 * 1024
_LONGEST_LINE: Final = 64 * 1024

Progress = Callable[[str, str, Mapping[str, object]], None]
"""Told (child, event, details): starting, ready, mended (it starts without what kept it from starting), died (status),
waiting (seconds), failed (code ...), stopping, stopped, killed, ended (pid: left by an earlier run)."""
Sink = Callable[[str, str], None]
"""Told (child, line) for each line that a child without a log file prints."""


def silent(name: str, event: str, details: Mapping[str, object]) -> None:
    """The progress of a caller who does not want to know."""


def to_stderr(name: str, line: str) -> None:
    """The line with its child's name before it; dropped when nobody reads any more."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{name} | {line}\n")
        sys.stderr.flush()


@dataclass(frozen=True, kw_only=True)
class Child:
    """One process that the supervisor keeps. Hooks run in the supervisor's thread.

    Neighbours in order with the same `group` stop together. `ready` is asked until it is true; when `notifies`, the
    child is ready once it calls `tell_ready`; with neither, at once. `restart=False`: a task, run once.
    """

    name: str
    argv: tuple[str, ...]
    group: str = ""
    env: Mapping[str, str] | None = None  # None = ours
    cwd: Path | None = None
    identity: Identity = field(default_factory=confine.same)
    pass_fds: tuple[int, ...] = ()
    log: Path | None = None  # None = its lines go to the sink
    death_signal: int = signal.SIGTERM  # sent by the kernel when the supervisor dies
    stop_signal: int = signal.SIGTERM
    haste_signal: int = signal.SIGKILL  # after the grace, or at a second Ctrl-C
    grace: float = 10.0  # seconds
    ready_within: float = 60.0  # seconds
    restart: bool = True
    notifies: bool = False
    prepare: Callable[[], None] | None = None  # before each start; may raise Refusal
    ready: Callable[[], bool] | None = None
    settle: Callable[[], None] | None = None  # once ready, before the next child
    mend: Callable[[int], bool] | None = None  # given the status of one that ended before it was ready: start again?
    wind_down: Callable[[Callable[[], bool]], None] | None = None  # before the stop signal; given "hurried?"


class ChildFailed(Refusal):
    """`child.failed`: a child ended (status) or was not ready in time (status None). name, said: its last lines."""


class Interrupted(Exception):
    """A stop was asked for while something was starting. Leaving the supervisor's `with` swallows it."""


class _Kept:
    """A child and how it is now."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0  # monotonic
        self.born = ""  # as of folder.born
        self.is_ready = False
        self.pause = BACKOFF_FIRST
        self.due: float | None = None  # monotonic; when to start again
        self.status: int | None = None
        self.told = False  # it has called tell_ready
        self.mended = False  # since it was ready last
        self.output: int | None = None
        self.telling: int | None = None
        self.rest = b""
        self.tail: deque[str] = deque(maxlen=_TAIL)


class Supervisor:
    """Keeps children over one data folder, which it locks: `with Supervisor(data) as supervisor: ...`.

    Entering raises Refusal `data.held` when another one has the folder, and ends what a killed one left. Leaving
    stops everything. With `signals` (the default) SIGINT, SIGTERM and SIGHUP ask for the stop, a second one hastens
    it; without, the caller's own handling stands and only `start` and `stop` are of use.
    """

    def __init__(
        self, data: Path, *, progress: Progress = silent, sink: Sink = to_stderr, signals: bool = True
    ) -> None:
        self._data = data
        self._progress = progress
        self._sink = sink
        self._signals = signals
        self._kept: list[_Kept] = []
        self._lock = folder.Lock(data)
        self._asked = 0  # how many times to stop
        self._stopped = False
        self._url: str | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the supervisor runs in the main thread only")
        folder.create(self._data)
        self._lock.__enter__()
        try:
            end_earlier(self._data, self._progress)
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ, None)
        if self._signals:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                    self._before[number] = signal.signal(number, self._signalled)
        self._record()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            self.stop()
        finally:
            if self._signals:
                signal.set_wakeup_fd(-1)
            for number, handler in self._before.items():
                signal.signal(number, handler)
            self._selector.close()
            self._wake_in.close()
            self._wake_out.close()
            self._lock.__exit__(None, None, None)
        return isinstance(error, Interrupted)

    def start(self, *children: Child) -> None:
        """Start these at once and return when all are ready. They are kept from then on (in `run`).

        ChildFailed when one ends or is late; Refusal from its hooks; Interrupted when asked to stop meanwhile.
        """
        new = [_Kept(child) for child in children]
        for kept in new:
            self._check()
            self._kept.append(kept)
            self._launch(kept)
        while not all(kept.is_ready for kept in new):
            self._check()
            for kept in new:
                if self._ended(kept) and self._mend(kept):
                    self._launch(kept)
                elif self._is_done(kept):
                    kept.is_ready = True
                elif self._ended(kept) or (not kept.is_ready and self._late(kept)):
                    self._wait_output(kept)
                    raise ChildFailed("child.failed", name=kept.child.name, status=kept.status, said=self._said(kept))
                self._ask_ready(kept)
            if not all(kept.is_ready for kept in new):
                self._pause(_POLL)

    def run(self, until: str | None = None) -> int:
        """Keep the children until asked to stop (then 0), or until the task named `until` has ended (then its
        exit status; negative = the signal that killed it)."""
        while True:
            if self._asked:
                return 0
            now = time.monotonic()
            for kept in self._kept:
                self._tend(kept, now)
                if kept.child.name == until and kept.process is None and kept.status is not None:
                    return kept.status
            dues = [kept.due for kept in self._kept if kept.due is not None]
            starting = any(kept.process is not None and not kept.is_ready for kept in self._kept)
            limit = _POLL if starting or not self._signals else _IDLE
            self._pause(min([limit, *(max(0.0, due - time.monotonic()) for due in dues)]))

    def stop(self) -> None:
        """Stop every child, the last started first, and wait until none is left. Again: nothing."""
        if self._stopped:
            return
        self._stopped = True
        asked = self._asked

        def hurried() -> bool:
            self._rearm()
            return self._asked > max(asked, 1)

        groups = groupby(reversed(self._kept), key=lambda kept: kept.child.group or kept.child.name)
        for group in [list(members) for _, members in groups]:
            self._stop_group([kept for kept in group if not self._ended(kept)], hurried)
        self._kept.clear()
        (self._data / "run.json").unlink(missing_ok=True)
        folder.drop_sockets(self._data)

    def pids(self) -> dict[str, int]:
        """The children that live now, by name, in the order of their start."""
        return {kept.child.name: kept.process.pid for kept in self._kept if kept.process is not None}

    def announce(self, url: str) -> None:
        """Write the address of what is served into DATA/run.json."""
        self._url = url
        self._record()

    def asked_to_stop(self) -> bool:
        return self._asked > 0

    # Starting and watching

    def _launch(self, kept: _Kept) -> None:
        child = kept.child
        self._progress(child.name, "starting", {})
        kept.due, kept.status, kept.is_ready, kept.told = None, None, False, False
        kept.rest = b""
        kept.tail.clear()
        if child.prepare is not None:
            child.prepare()
        env = dict(os.environ if child.env is None else child.env)
        pass_fds = list(child.pass_fds)
        ours: list[int] = []
        theirs: list[int] = []
        try:
            if child.log is not None:
                output = self._open_log(child.log)
            else:
                kept.output, output = os.pipe()
                ours.append(kept.output)
            theirs.append(output)
            if child.notifies:
                kept.telling, telling = os.pipe()
                ours.append(kept.telling)
                theirs.append(telling)
                pass_fds.append(telling)
                env[READY_VARIABLE] = str(telling)
            with os.fdopen(output, "wb", closefd=False) as stream:
                kept.process = confine.start(
                    child.argv,
                    child.identity,
                    death_signal=child.death_signal,
                    env=env,
                    cwd=child.cwd,
                    output=stream,
                    pass_fds=pass_fds,
                )
        except (OSError, subprocess.SubprocessError) as error:
            for descriptor in ours:
                os.close(descriptor)
            kept.output = kept.telling = None
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            raise ChildFailed("child.failed", name=child.name, status=None, said=reason) from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        for descriptor in ours:
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ, kept)
        kept.started = time.monotonic()
        with contextlib.suppress(psutil.NoSuchProcess):
            kept.born = folder.born(kept.process.pid)
        self._record()

    def _open_log(self, path: Path) -> int:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > _LONGEST_LOG:
                os.replace(path, path.with_name(path.name + ".1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        folder.give(path, self._data)
        return descriptor

    def _tend(self, kept: _Kept, now: float) -> None:
        """One look at one child: note its death, start it again when due, ask whether it is ready."""
        child = kept.child
        if kept.process is None:
            if kept.due is None or now < kept.due:
                return
            try:
                self._launch(kept)
            except Refusal as refusal:
                self._progress(child.name, "failed", {"code": refusal.code, **refusal.details})
                self._again(kept, now)
            except OSError as error:
                self._progress(child.name, "failed", {"code": "child.unprepared", "said": str(error)})
                self._again(kept, now)
            return
        if self._ended(kept):
            if self._mend(kept):
                kept.due = now
            elif child.restart:
                if kept.is_ready and now - kept.started >= HEALTHY_AFTER:
                    kept.pause = BACKOFF_FIRST
                self._again(kept, now)
        elif not kept.is_ready:
            if self._late(kept):
                self._progress(child.name, "failed", {"code": "child.late"})
                self._signal(kept, child.haste_signal)
                return
            try:
                self._ask_ready(kept)
            except Refusal as refusal:
                self._progress(child.name, "failed", {"code": refusal.code, **refusal.details})
                self._signal(kept, child.haste_signal)

    def _mend(self, kept: _Kept) -> bool:
        """Whether the child, which ended, is to be started at once because what kept it from starting is away."""
        mend, status = kept.child.mend, kept.status
        if mend is None or status is None or kept.is_ready:
            return False
        kept.mended = mend(status)
        return kept.mended

    def _again(self, kept: _Kept, now: float) -> None:
        self._progress(kept.child.name, "waiting", {"seconds": kept.pause})
        kept.due = now + kept.pause
        kept.pause = min(kept.pause * 2, BACKOFF_LONGEST)

    def _ended(self, kept: _Kept) -> bool:
        """Whether the child is gone; notes it once."""
        if kept.process is None:
            return True
        status = kept.process.poll()
        if status is None:
            return False
        self._wait_output(kept)
        self._forget(kept)
        kept.process, kept.status = None, status
        if not self._stopped:
            self._progress(kept.child.name, "died", {"status": status})
            self._record()
        return True

    def _is_done(self, kept: _Kept) -> bool:
        """Whether a task that had only to be done was so before anybody looked."""
        child = kept.child
        return kept.status == 0 and not (child.restart or child.notifies or child.ready)

    def _late(self, kept: _Kept) -> bool:
        return time.monotonic() - kept.started > kept.child.ready_within

    def _ask_ready(self, kept: _Kept) -> None:
        if kept.is_ready or kept.process is None:
            return
        child = kept.child
        if (child.notifies and not kept.told) or (child.ready is not None and not child.ready()):
            return
        if child.settle is not None:
            child.settle()
        kept.is_ready = True
        self._record()
        self._progress(child.name, "ready", {"seconds": round(time.monotonic() - kept.started, 3)})
        if kept.mended:
            kept.mended = False
            self._progress(child.name, "mended", {})

    def _check(self) -> None:
        self._rearm()
        if self._asked:
            raise Interrupted

    # Waiting, signals and output

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._asked += 1

    def _rearm(self) -> None:
        """An event loop that ran in this thread meanwhile has taken the wake-up away."""
        if self._signals:
            signal.set_wakeup_fd(self._wake_out.fileno(), warn_on_full_buffer=False)

    def _pause(self, seconds: float) -> None:
        """Wait until a signal, output, or the time; pass on what was printed; reap strangers."""
        self._rearm()
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wake_in.recv(4096)
            else:
                self._read(key.data, key.fd)
        if os.getpid() == 1:
            self._reap_strangers()

    def _read(self, kept: _Kept, descriptor: int) -> bool:
        """Take what a child has written; False when there is nothing more for now."""
        try:
            content = os.read(descriptor, 65536)
        except BlockingIOError:
            return False
        if descriptor == kept.telling:
            kept.told = kept.told or bool(content)
        if not content:
            self._close(descriptor)
            if descriptor == kept.telling:
                kept.telling = None
            else:
                kept.output = None
                self._pass_on(kept, b"\n" if kept.rest else b"")
            return False
        if descriptor == kept.output:
            self._pass_on(kept, content)
        return True

    def _pass_on(self, kept: _Kept, content: bytes) -> None:
        *lines, kept.rest = (kept.rest + content).split(b"\n")
        if len(kept.rest) > _LONGEST_LINE:
            lines, kept.rest = [*lines, kept.rest], b""
        for raw in lines:
            line = raw.decode("utf-8", errors="replace").rstrip("\r")
            kept.tail.append(line)
            self._sink(kept.child.name, line)

    def _wait_output(self, kept: _Kept) -> None:
        """Read what a dead child had still written (not what its own children may yet write)."""
        while kept.output is not None and self._read(kept, kept.output):
            pass

    def _forget(self, kept: _Kept) -> None:
        for descriptor in (kept.output, kept.telling):
            if descriptor is not None:
                self._close(descriptor)
        if kept.rest:
            self._pass_on(kept, b"\n")
        kept.output = kept.telling = None

    def _close(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)

    def _said(self, kept: _Kept) -> str:
        """The last lines of what it printed."""
        if kept.child.log is None:
            return "\n".join(kept.tail)
        try:
            with kept.child.log.open("rb") as file:
                file.seek(max(0, kept.child.log.stat().st_size - 8192))
                return "\n".join(file.read().decode("utf-8", errors="replace").splitlines()[-_TAIL:])
        except OSError:
            return ""

    def _reap_strangers(self) -> None:
        """As process 1 of a container we inherit the orphans of dead children; nobody else would reap them."""
        ours = {kept.process.pid for kept in self._kept if kept.process is not None}
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
                if process.pid not in ours and process.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(process.pid, os.WNOHANG)

    # Stopping

    def _stop_group(self, group: Sequence[_Kept], hurried: Callable[[], bool]) -> None:
        for kept in group:
            self._progress(kept.child.name, "stopping", {})
            if kept.child.wind_down is not None and kept.is_ready and not hurried():
                kept.child.wind_down(hurried)
            self._signal(kept, kept.child.stop_signal)
        begun = time.monotonic()
        hastened: float | None = None
        hurried_since: float | None = None
        left = list(group)
        while left:
            self._pause(_POLL)
            now = time.monotonic()
            if hurried_since is None and hurried():
                hurried_since = now
            for kept in list(left):
                if self._ended(kept):
                    left.remove(kept)
                    self._progress(kept.child.name, "stopped", {"status": kept.status})
            if not left:
                return
            grace = max(kept.child.grace for kept in left)
            rushed = hurried_since is not None and now - hurried_since >= _HASTENED_GRACE
            if hastened is None and (now - begun >= grace or rushed):
                hastened = now
                for kept in left:
                    self._progress(kept.child.name, "killed", {})
                    self._signal(kept, kept.child.haste_signal)
            elif hastened is not None and now - hastened >= _KILLED_SECONDS:
                hastened = now
                for kept in left:
                    self._signal(kept, signal.SIGKILL)

    def _signal(self, kept: _Kept, number: int) -> None:
        """Also wakes whoever is frozen in it, as a stopped process hears of no end but SIGKILL."""
        if kept.process is None:
            return
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            family = psutil.Process(kept.process.pid).children(recursive=True)
            kept.process.send_signal(number)
            kept.process.send_signal(signal.SIGCONT)
            for process in family:
                process.send_signal(signal.SIGCONT)

    def _record(self) -> None:
        """DATA/run.json: who runs now, for tests, `laurel check` and the next start. Gone after a clean stop.

        A full disk must not end what runs well: then the file stays as it was.
        """
        if self._stopped:
            return
        found = {
            "url": self._url,
            "lasting": self._signals,
            "supervisor": {"pid": os.getpid(), "born": folder.born(os.getpid())},
            "children": {
                kept.child.name: {
                    "pid": kept.process.pid,
                    "born": kept.born,
                    "ready": kept.is_ready,
                    "signal": int(kept.child.stop_signal),
                    "grace": kept.child.grace,
                }
                for kept in self._kept
                if kept.process is not None
            },
        }
        with contextlib.suppress(OSError):
            folder.write(self._data / "run.json", json.dumps(found, indent=1) + "\n")


def tell_ready() -> None:
    """Called by a child that `notifies`: it now serves. Anywhere else: nothing."""
    text = os.environ.pop(READY_VARIABLE, "")
    if text.isdigit():
        with contextlib.suppress(OSError):
            os.write(int(text), b"1")
            os.close(int(text))


def running(data: Path) -> dict[str, int]:
    """The living children of whatever supervisor runs over the data folder, by name; empty when none does."""
    if not folder.held(data):
        return {}
    children = (folder.read(data / "run.json") or {}).get("children", {})
    return {name: entry["pid"] for name, entry in children.items() if folder.alive(entry["pid"], entry.get("born", ""))}


def lasting(data: Path, names: Sequence[str]) -> bool:
    """Whether a supervisor that stays (not one for the length of a command) has all these children ready."""
    found = (folder.read(data / "run.json") or {}) if folder.held(data) else {}
    children = found.get("children", {})
    return bool(found.get("lasting")) and all(children.get(name, {}).get("ready") for name in names)


def end_earlier(data: Path, progress: Progress = silent) -> None:
    """End the children that a killed supervisor left, in reverse (on Linux they are already ending by themselves).

    Only for the holder of the folder's lock.
    """
    record = data / "run.json"
    children = (folder.read(record) or {}).get("children", {})
    for name, entry in reversed(list(children.items())):
        pid, birth = int(entry["pid"]), str(entry.get("born", ""))

        def left(pid: int = pid, birth: str = birth) -> list[psutil.Process]:
            process = folder.alive(pid, birth)
            return [] if process is None else [process]

        if left():
            progress(name, "ended", {"pid": pid})
            confine.end(left, [(int(entry["signal"]), float(entry["grace"])), (signal.SIGKILL, _KILLED_SECONDS)])
    record.unlink(missing_ok=True)


def bind(host: str, port: int, backlog: int = 2048) -> socket.socket:
    """A listening TCP socket that children may inherit (`pass_fds=(s.fileno(),)`, uvicorn's `fd=`).

    SettingsError `port.taken` (with pid and program when they can be told), `port.forbidden`, `host.unknown`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError("host.unknown", host=host) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(backlog)
        listener.set_inheritable(True)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            pid, program = _listener(port)
            raise SettingsError("port.taken", host=host, port=port, pid=pid, program=program) from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise SettingsError("port.forbidden", host=host, port=port) from error
        raise SettingsError("host.unknown", host=host) from error
    return listener


def _listener(port: int) -> tuple[int | None, str | None]:
    """(pid, program) of who listens on the port, as far as the system tells us."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            mine = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if mine and connection.pid:
                return connection.pid, psutil.Process(connection.pid).name()
    return None, None
