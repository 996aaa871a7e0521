"""The data folder: everything that a Laurel on this machine keeps, and who is using it.

DATA/secrets.json   made once, 0600            DATA/lock          held by the supervisor
DATA/postgres/      the database               DATA/run.json      what the supervisor runs now
DATA/valkey/        boards, sessions, queue    DATA/run/          the sockets (0700)
DATA/logs/          of the embedded servers    DATA/sockets.json  where they are when DATA/run is too long a path
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil

from server.runtime.clock import boot
from server.runtime.refusals import Refusal

SOCKET_LIMIT: Final = 103
"""Bytes in the path of a unix socket: 107 on Linux, 103 on macOS."""
_LONGEST_SOCKET: Final = len("/.s.PGSQL.5432")


def create(data: Path) -> None:
    """Make the data folder (0700) when missing; a folder that exists keeps its mode.

    Refusal `data.unusable` when it cannot be made or written.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Refusal("data.unusable", folder=data, reason=error.strerror) from error
    give(data / "logs", data)
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise Refusal("data.unusable", folder=data, reason=os.strerror(errno.EACCES))


def give(path: Path, data: Path) -> None:
    """When root works in a folder that belongs to somebody else, what it makes there becomes theirs."""
    if os.geteuid() == 0:
        owner = data.stat()
        if owner.st_uid != 0 and path.lstat().st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def write(path: Path, text: str, *, only_new: bool = False) -> bool:
    """Write a 0600 file that is either whole or absent after a crash, its folder synced.

    With only_new an existing file wins and False comes back.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        give(draft, path.parent)
        if only_new:
            try:
                os.link(draft, path)
            except FileExistsError:
                return False
        else:
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)
    return True


def sync(folder: Path) -> None:
    """Make renames in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None when there is no such file or it is not one."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise Refusal("data.unreadable", file=path, reason=error.strerror) from error
    return found if isinstance(found, dict) else None


class Lock:
    """Only one supervisor at a time in a data folder. Freed by the system however the holder dies."""

    def __init__(self, data: Path) -> None:
        self._path = data / "lock"
        self._data = data
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Refusal `data.held` with the holder's pid (None when it cannot be told) when somebody has it."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refusal("data.unusable", folder=self._data, reason=error.strerror) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise Refusal("data.unusable", folder=self._data, reason=error.strerror) from error
            raise Refusal("data.held", folder=self._data, pid=int(text) if text.isdigit() else None) from error
        give(self._path, self._data)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def held(data: Path) -> bool:
    """Whether a living supervisor has the folder now."""
    try:
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Refusal("data.unusable", folder=data, reason=error.strerror) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def sockets(data: Path, environ: Mapping[str, str]) -> Path:
    """The folder of the embedded servers' sockets: DATA/run, or a short one elsewhere when that path is too
    long for a socket or has a character that an address cannot carry.

    A short folder is named after the data folder, so it is found again; once used, it is recorded in
    DATA/sockets.json and found by processes whose XDG_RUNTIME_DIR or TMPDIR differ.
    """
    recorded = read(data / "sockets.json")
    if recorded and recorded.get("data") == str(data) and isinstance(recorded.get("sockets"), str):
        return Path(recorded["sockets"])
    if _fits(data / "run"):
        return data / "run"
    name = f"laurel-{os.geteuid()}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"
    homes = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - made 0700 and its owner checked
    if environ.get("XDG_RUNTIME_DIR") and os.geteuid() != 0:
        homes.insert(0, Path(environ["XDG_RUNTIME_DIR"]))
    return next((home / name for home in homes if home.is_dir() and _fits(home / name)), homes[-1] / name)


def _fits(folder: Path) -> bool:
    """Whether clients and servers can use sockets in it: "," splits lists of hosts, %, ? and # end a path."""
    path = os.fsencode(folder)
    return len(path) + _LONGEST_SOCKET <= SOCKET_LIMIT and not any(mark in path for mark in b",%?#\n\\'\"")


def make_sockets(data: Path, chosen: Path, owner: tuple[int, int]) -> None:
    """Make the sockets' folder, 0700, for the user that runs the servers, and record it.

    Refusal `sockets.foreign` when somebody else's folder has that name already.
    """
    with contextlib.suppress(FileExistsError):
        chosen.mkdir(mode=0o700)
    found = chosen.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner[0], data.stat().st_uid}:
        raise Refusal("sockets.foreign", folder=chosen)
    if stat.S_IMODE(found.st_mode) != 0o700:
        chosen.chmod(0o700)
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != owner:
        os.chown(chosen, *owner)
    if chosen != data / "run":
        write(data / "sockets.json", json.dumps({"data": str(data), "sockets": str(chosen)}))


def drop_sockets(data: Path) -> None:
    """After a clean stop: no empty folder of ours stays outside the data folder. The record of where it was does."""
    recorded = read(data / "sockets.json") or {}
    if recorded.get("data") == str(data) and isinstance(recorded.get("sockets"), str):
        with contextlib.suppress(OSError):
            os.rmdir(recorded["sockets"])


def born(pid: int) -> str:
    """When a process began, so that a clock that is set changes nothing of it: which run of the machine, and how many
    seconds after its start. Raises psutil.NoSuchProcess."""
    return f"{boot()} {psutil.Process(pid).create_time() - psutil.boot_time():.2f}"


def alive(pid: int, birth: str) -> psutil.Process | None:
    """The process that had this pid and was `born` then, unless it has ended."""
    try:
        process = psutil.Process(pid)
        return process if born(pid) == birth and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
