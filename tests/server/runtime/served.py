"""Start `serving` as a process of its own and look at what it serves."""

import asyncio
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from redis import Redis

from server.runtime.settings import Settings, load
from tests import patience
from tests.patience import wait_until

ROOT = Path(__file__).resolve().parents[3]
SERVERS = {"postgres", "valkey-server", "initdb"}


class Served:
    """One supervisor process over a data folder."""

    def __init__(
        self,
        data: Path,
        *,
        python: Sequence[str] = (sys.executable,),
        env: dict[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.data = data
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LAUREL_")}
        self.process = subprocess.Popen(
            [*python, "-m", "tests.server.runtime.serving"],
            cwd=ROOT,
            env=kept | {"LAUREL_DATA": str(data)} | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=before,
        )
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, name: str, event: str) -> dict[str, Any]:
        """The next such event; AssertionError with all that was said when the process ends without it."""
        while True:
            line = self._lines.get(timeout=patience.SECONDS)
            assert line is not None, f"ended before {name} {event}: {self.events}"
            if not line.startswith("{"):
                self.events.append({"name": "all", "event": "printed", "line": line})
                continue
            found: dict[str, Any] = json.loads(line)
            self.events.append(found)
            if (found["name"], found["event"]) == (name, event):
                return found

    def up(self) -> "Served":
        self.until("all", "up")
        return self

    def pids(self) -> dict[str, int]:
        children = json.loads((self.data / "run.json").read_text())["children"]
        return {name: child["pid"] for name, child in children.items()}

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        status = self.process.wait(patience.SECONDS)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def kill_everything(self) -> None:
        """For the end of a test that failed: nothing of this data folder stays."""
        if self.process.poll() is None:
            self.process.kill()
        self.ended()

        def none_left() -> bool:
            kill(*(left := remaining(self.data)))  # again and again: a server begets another while it is listed
            return not left

        wait_until(none_left, "servers to end")


def remaining(data: Path) -> list[psutil.Process]:
    """The living servers that work inside the data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            living = process.name() in SERVERS and process.status() != psutil.STATUS_ZOMBIE
            if living and Path(process.cwd()).is_relative_to(data.resolve()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(*processes: psutil.Process) -> None:
    """kill -9 of those that have not ended by themselves meanwhile."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def gone(data: Path) -> None:
    wait_until(lambda: not remaining(data), "servers to end")


def settings_of(data: Path) -> Settings:
    return load({"LAUREL_DATA": str(data)}, data)


def sql(data: Path, *statements: str) -> Any:
    """The single value of the last statement, asked as a web process would: from the data folder alone."""

    async def ask() -> Any:
        connection = await asyncpg.connect(settings_of(data).database_url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(ask())


def redis(data: Path) -> Redis:
    return Redis.from_url(settings_of(data).redis_url, decode_responses=True)


def put(data: Path, value: int) -> None:
    """Something acknowledged in both servers."""
    sql(
        data,
        "CREATE TABLE IF NOT EXISTS kept (value int)",
        f"INSERT INTO kept VALUES ({value})",
        "SELECT count(*) FROM kept",
    )
    with redis(data) as client:
        client.rpush("kept", value)


def kept(data: Path) -> tuple[list[int], list[int]]:
    """(values in PostgreSQL, values in Valkey)."""
    rows = sql(data, "SELECT array_agg(value ORDER BY value) FROM kept")
    with redis(data) as client:
        return list(rows or []), [int(value) for value in client.lrange("kept", 0, -1)]
