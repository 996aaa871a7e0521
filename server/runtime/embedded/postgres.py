"""The private PostgreSQL: a cluster in DATA/postgres, one unix socket, no port, a direct child of the supervisor."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

import psutil

from server.runtime import confine, folder
from server.runtime.confine import Identity
from server.runtime.embedded.locate import Program
from server.runtime.refusals import Refusal
from server.runtime.settings import DATABASE_PORT, Settings
from server.runtime.supervisor import Child

USER: Final = "laurel"
_CONNECTIONS: Final = 100
_SPARE_CONNECTIONS: Final = 20  # the command line, backups, three reserved for the superuser
_FIRST_START_SECONDS: Final = 300
_TOOL_SECONDS: Final = 60


class Postgres:
    """The cluster of one data folder. Every method is for the supervisor's thread."""

    def __init__(self, settings: Settings, program: Program, identity: Identity) -> None:
        self._cluster = settings.data / "postgres"
        self._data = settings.data
        self._sockets = settings.sockets
        self._program = program
        self._identity = identity
        processes = settings.web_processes + settings.worker_processes
        self._connections = max(_CONNECTIONS, processes * settings.database_pool + _SPARE_CONNECTIONS)

    def child(self) -> Child:
        return Child(
            name="database",
            argv=self._argv(),
            env=environment(),
            identity=self._identity,
            log=self._data / "logs" / "postgres.log",
            death_signal=signal.SIGINT,
            stop_signal=signal.SIGINT,  # "fast": refuse new work, roll back what is open, checkpoint, exit
            haste_signal=signal.SIGQUIT,  # "immediate": recovery at the next start
            grace=60,
            ready_within=_FIRST_START_SECONDS,  # recovery after a crash may be long
            prepare=self.prepare,
            ready=self.ready,
            settle=self.settle,
        )

    def _argv(self) -> tuple[str, ...]:
        given = {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": str(self._connections),
            "shared_buffers": "128MB",
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_destination": "stderr",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] ",
            # A log tells of the server, not of members: no statements, no values of rows.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            # Nobody subscribes to the private server, and what it reads is in memory: no processes for these.
            "max_logical_replication_workers": "0",
            **({"io_method": "sync"} if self._program.version[0] >= 18 else {}),
        }
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        server = str(self._program.path)
        return (
            server,
            "-D",
            str(self._cluster),
            "-k",
            str(self._sockets),
            "-h",
            "",
            "-p",
            str(DATABASE_PORT),
            *options,
        )

    def prepare(self) -> None:
        """Before every start: end what an earlier server left, make the cluster the first time, check versions.

        Refusal `database.version` (found, installed), `database.failed` (step, said).
        """
        self._end_leftovers(self._cluster)
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._check_version()
        confine.own(self._cluster, self._identity)
        folder.make_sockets(self._data, self._sockets, (self._identity.uid, self._identity.gid))
        # Nothing of ours works in the cluster now, so whatever process has the recorded pid, it is not its server;
        # PostgreSQL alone would refuse to start when that number is in use again (as in a restarted container)
        # or belongs to a dead process that nobody has reaped.
        stale = f".s.PGSQL.{DATABASE_PORT}"
        for file in (self._cluster / "postmaster.pid", self._sockets / f"{stale}.lock", self._sockets / stale):
            file.unlink(missing_ok=True)

    def _end_leftovers(self, cluster: Path) -> None:
        def server() -> list[psutil.Process]:
            pid = _recorded(cluster)[0]
            return [process for process in confine.leftovers(cluster, {"postgres"}) if process.pid == pid]

        def all_of_them() -> list[psutil.Process]:
            return confine.leftovers(cluster, {"postgres", "initdb"})

        # The server takes its own children along; without it they end by themselves when they notice.
        if server():
            confine.end(server, [(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)])
        confine.end(all_of_them, [(None, 2), (signal.SIGQUIT, 5), (signal.SIGKILL, 10)])

    def _make_cluster(self) -> None:
        """initdb into a draft and rename it: a cluster is there whole or not at all."""
        if self._cluster.exists() and any(self._cluster.iterdir()):
            raise Refusal("database.foreign", folder=self._cluster)
        draft = self._data / "postgres.new"
        if draft.exists():
            self._end_leftovers(draft)
            shutil.rmtree(draft)
        confine.own(draft, self._identity)
        # Sorting by code point that does not change with the system's C library, where the version can.
        builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        locale = builtin if self._program.version[0] >= 17 else ["--locale=C.UTF-8"]
        self._run(
            "initdb",
            ["-D", str(draft), "-U", USER, "--auth=trust", "--encoding=UTF8", *locale, "--no-instructions"],
            self._identity,
        )
        if self._cluster.exists():
            self._cluster.rmdir()
        draft.rename(self._cluster)
        folder.sync(self._data)

    def _check_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        installed = str(self._program.version[0])
        if found != installed:
            raise Refusal("database.version", folder=self._cluster, found=found, installed=installed)

    def ready(self) -> bool:
        """Whether the server says in its pid file that it takes connections (as pg_ctl asks it)."""
        return _recorded(self._cluster)[1] == "ready"

    def settle(self) -> None:
        """Make our database when it is missing."""
        if self._psql("SELECT count(*) FROM pg_database WHERE datname = 'laurel'").strip() == "0":
            self._psql("CREATE DATABASE laurel")

    def _psql(self, statement: str) -> str:
        options = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
        server = ["-h", str(self._sockets), "-p", str(DATABASE_PORT), "-U", USER, "-d", "postgres"]
        return self._run("psql", [*options, *server, "-c", statement], confine.same())

    def _run(self, tool: str, arguments: list[str], identity: Identity) -> str:
        child = confine.start(
            [self._program.path.parent / tool, *arguments],
            identity,
            death_signal=signal.SIGKILL,
            env=environment(),
            output=subprocess.PIPE,
        )
        try:
            said = child.communicate(timeout=_TOOL_SECONDS)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            raise Refusal("database.failed", step=tool, said="") from None
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode != 0:
            raise Refusal("database.failed", step=tool, said=said.strip()[-2000:])
        return said


def _recorded(cluster: Path) -> tuple[int | None, str]:
    """(pid, state) that a server wrote into its cluster; (None, "") without."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return abs(int(lines[0])), lines[7].strip() if len(lines) > 7 else ""
    except (OSError, ValueError, IndexError):
        return None, ""


def environment() -> dict[str, str]:
    """What PostgreSQL's programs get of our environment: none of our secrets, nor the user's PG* defaults."""
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}
