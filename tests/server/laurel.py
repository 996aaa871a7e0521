"""Run the real `laurel` as people do: in a process of its own, over a data folder of its own."""

import contextlib
import json
import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import click
import psutil

from server import cli
from server.runtime import folder
from tests import patience
from tests.patience import wait_until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-c", "from server.cli import main; main()")


def environment(data: Path, **more: str) -> dict[str, str]:
    """Ours without settings of Laurel, with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LAUREL_")}
    return {**kept, "LAUREL_DATA": str(data), "LAUREL_WEB_PROCESSES": "1", **more}


def laurel(data: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """A command carried out to its end in a process of its own, which has loaded the program already: loading it is a
    second of work, most of what a command costs."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        outputs = DupFd(said.fileno()), DupFd(told.fileno())
        process = _LOADED.Process(target=_carry_out, args=(arguments, environment(data, **more), *outputs))
        process.start()
        process.join(patience.SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
        for stream in (said, told):
            stream.seek(0)
        return subprocess.CompletedProcess(arguments, process.exitcode, said.read().decode(), told.read().decode())


COMMANDS = [
    cli.laurel.get_command(click.Context(cli.laurel), name)
    for name in cli.laurel.list_commands(click.Context(cli.laurel))
]
"""All of them, loaded here for whoever is forked off."""

_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload([__name__])


def _carry_out(arguments: Sequence[str], given: Mapping[str, str], said: DupFd, told: DupFd) -> None:
    """As a process of its own would, with these outputs, at our place and in this environment."""
    os.dup2(said.detach(), 1)
    os.dup2(told.detach(), 2)
    os.environ.clear()
    os.environ.update(given)
    os.chdir(ROOT)
    sys.argv = ["laurel", *arguments]
    cli.main()


def answer(data: Path, *arguments: str, **more: str) -> Any:
    """The JSON of a command that must succeed."""
    ended = laurel(data, *arguments, "--json", **more)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return json.loads(ended.stdout)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


class Running:
    """A `laurel` that stays: `serve`, `worker` or `demo`. Its first line of JSON is `said`."""

    def __init__(self, data: Path, *arguments: str, **more: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--json"],
            cwd=ROOT,
            env=environment(data, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.errors: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors.append)),
        ]
        for reader in self._readers:
            reader.start()
        line = self._lines.get(timeout=patience.SECONDS)
        if not line:
            self.ended()
            raise AssertionError("".join(self.errors))
        self.said: dict[str, Any] = json.loads(line)

    def _read(self, stream: Any, put: Any) -> None:
        for line in stream:
            put(line)
        put("")

    def pids(self, below: str = "") -> dict[str, int]:
        """Its children by name, as its data folder (or a folder below) records them."""
        children = (folder.read(self.data / below / "run.json") or {}).get("children", {})
        return {name: child["pid"] for name, child in children.items()}

    def tree(self) -> list[psutil.Process]:
        """It and everything that it has started."""
        if self.process.poll() is not None:
            return []
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def kill_everything(self) -> None:
        """kill -9 of every process at once, as a power cut would."""
        family = self.tree()
        for act in (psutil.Process.suspend, psutil.Process.kill):
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):  # a database's helper comes and goes
                    act(process)
        self.ended()
        wait_until(lambda: not any(process.is_running() for process in family), "the whole tree to be gone")

    def stop(self) -> int:
        """Ctrl-C; its exit code once nothing of it is left."""
        family = self.tree()
        self.process.send_signal(signal.SIGINT)
        status = self.ended()
        wait_until(lambda: not any(process.is_running() for process in family), "everything to end")
        return status

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        status = self.process.wait(patience.SECONDS)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def end(self) -> None:
        """For the end of a test, however it went."""
        if self.process.poll() is None:
            self.kill_everything()
