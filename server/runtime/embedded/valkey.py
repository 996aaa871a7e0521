"""The private Valkey: DATA/valkey with an append-only file, one unix socket, no port, a direct child.

All that it keeps can be made again or done without (decision 26): files that it cannot load are set aside, and it
starts empty.
"""

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from server.runtime import confine, folder
from server.runtime.clock import now
from server.runtime.confine import Identity
from server.runtime.embedded.locate import Program
from server.runtime.embedded.postgres import environment
from server.runtime.settings import Settings
from server.runtime.supervisor import Child

_NAMES: Final = ("valkey-server", "redis-server")
_ANSWER_SECONDS: Final = 2.0
_REWRITE_FROM: Final = 16 * 1024 * 1024  # bytes; 58 MB of log took 11 s to load, rewritten to 24 MB under 1 s
_REWRITE_SECONDS: Final = 20.0
_POLL: Final = 0.05
_BLOCK: Final = 1024 * 1024
ASIDE: Final = "valkey.damaged-"
"""How the names of folders begin that were set aside, beside DATA/valkey; then the time."""
_ASIDE_KEPT: Final = 3
_ENDED_BY_OTHERS: Final = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


class Valkey:
    """The store of one data folder. Every method is for the supervisor's thread."""

    def __init__(self, settings: Settings, program: Program, identity: Identity) -> None:
        self._home = settings.data / "valkey"
        self._data = settings.data
        self._sockets = settings.sockets
        self._socket = settings.sockets / "valkey.sock"
        self._program = program
        self._identity = identity
        self._aside: Path | None = None  # set aside, and not yet known whether it starts without

    def child(self) -> Child:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._home),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "daemonize": "no",
        }
        return Child(
            name="redis",
            argv=(str(self._program.path), *(part for name, value in options.items() for part in (f"--{name}", value))),
            env=environment(),
            identity=self._identity,
            log=self._data / "logs" / "valkey.log",
            grace=30,
            ready_within=120,
            prepare=self.prepare,
            ready=self.ready,
            settle=self.settle,
            mend=self.mend,
            wind_down=self.rewrite,
        )

    def prepare(self) -> None:
        """Before every start: two servers must never append to one file."""
        confine.end(
            lambda: confine.leftovers(self._home, _NAMES),
            [(signal.SIGTERM, 30), (signal.SIGKILL, 10)],
        )
        confine.own(self._home, self._identity)
        _cut_zeros(self._home)
        folder.make_sockets(self._data, self._sockets, (self._identity.uid, self._identity.gid))

    def mend(self, status: int) -> bool:
        """It ended while it was loading: whether to start it again, without what it kept.

        Only a start tells whether the files are to blame, or a full disk, its program or the machine: when it does not
        start without them either, they are put back and False comes back.
        """
        if status in _ENDED_BY_OTHERS:
            return False
        if self._aside is not None:
            shutil.rmtree(self._home)
            self._aside.rename(self._home)
            self._aside = None
            return False
        with contextlib.suppress(PermissionError):  # a folder that nobody may read is one to do without
            if not any(self._home.iterdir()):
                return False
        self._aside = self._data / f"{ASIDE}{now():%Y%m%d-%H%M%S-%f}"
        self._home.rename(self._aside)
        folder.sync(self._data)
        return True

    def settle(self) -> None:
        """It has started: whatever was set aside was to blame. The latest are kept, for whoever wants to look."""
        if self._aside is not None:
            self._aside = None
            for old in sorted(self._data.glob(f"{ASIDE}*"))[:-_ASIDE_KEPT]:
                shutil.rmtree(old, ignore_errors=True)

    def ready(self) -> bool:
        """Whether it answers and has loaded what it kept."""
        return self._facts().get("loading") == "0"

    def rewrite(self, hurried: Callable[[], bool]) -> None:
        """Before stopping: shorten a long append-only file, so that the next start is quick.

        Gives up, harmlessly, when `hurried` says so or after 20 seconds.
        """
        facts = self._facts()
        size, base = int(facts.get("aof_current_size", "0")), int(facts.get("aof_base_size", "0"))
        if size < max(_REWRITE_FROM, base + base // 2):
            return
        self._ask("BGREWRITEAOF")
        deadline = time.monotonic() + _REWRITE_SECONDS
        while time.monotonic() < deadline and not hurried():
            facts = self._facts()
            if facts.get("aof_rewrite_in_progress") == "0" and facts.get("aof_rewrite_scheduled") == "0":
                return
            time.sleep(_POLL)

    def _facts(self) -> dict[str, str]:
        """INFO persistence as name -> value; empty when there is no answer."""
        lines = self._ask("INFO persistence").splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _ask(self, command: str) -> str:
        """The answer to one command (a status or a bulk string); "" when there is none."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(_ANSWER_SECONDS)
                client.connect(str(self._socket))
                client.sendall(command.encode() + b"\r\n")
                with client.makefile("rb") as answer:
                    head = answer.readline()
                    if head.startswith(b"$") and int(head[1:]) >= 0:
                        return answer.read(int(head[1:])).decode()
                    return head[1:].decode().strip() if head.startswith(b"+") else ""
        except (OSError, ValueError):
            return ""


def _cut_zeros(home: Path) -> None:
    """Zeros at the end of the log, which a power cut leaves: no command ends with one, and without them it loads."""
    numbered = {path.name.split(".")[-3]: path for path in home.glob("appendonlydir/*.*.incr.aof")}
    last = max((number for number in numbered if number.isdecimal()), key=int, default="")
    with contextlib.suppress(OSError, KeyError), numbered[last].open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            if left := file.read(end - start).rstrip(b"\0"):
                end = start + len(left)
                break
            end = start
        file.truncate(end)
