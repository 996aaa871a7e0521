"""Whose process a child of ours is, that it dies with us, and that none of an earlier run is left.

PostgreSQL refuses to run as root. When we are root, the embedded servers run, in this order of preference,
1. as the user to whom the data folder belongs, when that is not root;
2. in a user namespace in which root's files belong to an ordinary user: nothing changes on disk;
3. where namespaces are refused (containers): as `nobody`, to whom only our own folders are given.
In 1 and 3 a folder on the way that shuts out others (a 0700 home) is passed with one inherited capability
(read-search, else override) instead of changing the mode of anybody's folder.
"""

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, Literal

import psutil

from server.runtime.refusals import Refusal

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_KEEPCAPS: Final = 8
_PR_CAPBSET_READ: Final = 23
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_CAPABILITY_VERSION_3: Final = 0x20080522
_CLONE_NEWUSER: Final = 0x10000000
_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_PROBE_SECONDS: Final = 20
_POLL: Final = 0.02

LINUX: Final = sys.platform == "linux"
_libc: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """Who a child is. `uid` and `gid` are the owner of its files as we see them.

    `same`: who we are. `namespace`: us outside, `inner` inside a user namespace. `user`: that user, with
    `capability` (a number) kept when one is needed to reach our folders.
    """

    kind: Literal["same", "namespace", "user"]
    uid: int
    gid: int
    inner: tuple[int, int] = (0, 0)
    capability: int | None = None


def same() -> Identity:
    return Identity("same", os.geteuid(), os.getegid())


def start(
    argv: Sequence[str | Path],
    identity: Identity,
    *,
    death_signal: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: int | IO[bytes] = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    reach: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own (a Ctrl-C in the terminal reaches only us), umask 077, stdin empty,
    stdout and stderr to `output`, and gets `death_signal` from the kernel when this thread dies (Linux).

    Call it from the main thread: the kernel watches the thread that starts. With `reach` the child first
    enters that folder and fails when it cannot. OSError or subprocess.SubprocessError when it cannot start.
    """
    enter = _entering(identity, death_signal, reach)
    return subprocess.Popen(
        [os.fspath(part) for part in argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=enter,
    )


def _entering(identity: Identity, death_signal: int, reach: Path | None) -> Callable[[], None]:
    parent = os.getpid()

    def enter() -> None:
        if identity.kind == "namespace":
            _enter_namespace(identity)
        elif identity.kind == "user":
            _become(identity)
        end_with(parent, death_signal)
        if reach is not None:
            os.chdir(reach)
        os.umask(0o077)

    return enter


def end_with(parent: int, death_signal: int) -> None:
    """In a child: get this signal from the kernel when the parent's thread that started us dies (Linux)."""
    if LINUX:
        _checked(_libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0))
        if os.getppid() != parent:  # it died before the kernel was told to watch
            os._exit(1)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _enter_namespace(identity: Identity) -> None:
    _checked(_libc.unshare(_CLONE_NEWUSER))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{identity.inner[0]} {identity.uid} 1"),
        ("gid_map", f"{identity.inner[1]} {identity.gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _become(identity: Identity) -> None:
    if identity.capability is not None:
        _checked(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    if sys.platform == "darwin":
        os.setregid(identity.gid, identity.gid)
        os.setreuid(identity.uid, identity.uid)
    else:
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
    if identity.capability is not None:
        bit = 1 << identity.capability
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable; low, high
        _checked(_libc.capset(header, sets))
        _checked(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, identity.capability, 0, 0))


def choose(data: Path, probe: Sequence[str | Path]) -> Identity:
    """Who the embedded servers run as over this data folder; `probe` is a harmless command of theirs.

    The first identity in the order above that can enter the folder and run the probe. When it is another user's, the
    data folder (ours, never a parent) is opened to that user's group for passing through (0710).
    Refusal `servers.unreachable` when none can, `servers.no-user` when the system has no ordinary user.
    """
    for identity in _candidates(data):
        if identity.kind == "user" and identity.uid != data.stat().st_uid:
            _let_through(data, identity.gid)
        if _works(identity, probe, data):
            return identity
    raise Refusal("servers.unreachable", folder=data, program=os.fspath(probe[0]))


def _candidates(data: Path) -> list[Identity]:
    us = same()
    if us.uid != 0:
        # initdb insists on a name for its user; a container started as a bare number has none.
        return [us] if _named(us.uid) else [us, _namespace(us)] if LINUX else [us]
    owner = data.stat()
    cluster = data / "postgres"
    if owner.st_uid == 0 and cluster.is_dir():
        owner = cluster.stat()
    if owner.st_uid != 0:
        return _with_capabilities(Identity("user", owner.st_uid, owner.st_gid))
    nobody = _ordinary("nobody")
    return [
        *([_namespace(us)] if LINUX else []),
        *_with_capabilities(Identity("user", nobody.pw_uid, nobody.pw_gid)),
    ]


def _named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _namespace(us: Identity) -> Identity:
    inside = _ordinary("daemon")
    return replace(us, kind="namespace", inner=(inside.pw_uid, inside.pw_gid))


def _ordinary(preferred: str) -> pwd.struct_passwd:
    """The preferred user, else the first that is not root."""
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not users:
        raise Refusal("servers.no-user")
    return next((user for user in users if user.pw_name == preferred), users[0])


def _with_capabilities(identity: Identity) -> list[Identity]:
    bits = [_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE] if LINUX else []
    allowed = [bit for bit in bits if _libc.prctl(_PR_CAPBSET_READ, bit, 0, 0, 0) == 1]
    return [identity, *(replace(identity, capability=bit) for bit in allowed)]


def _let_through(data: Path, gid: int) -> None:
    found = data.stat()
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700:  # else somebody has arranged it
        os.chown(data, -1, gid)
        data.chmod(0o710)


def _works(identity: Identity, probe: Sequence[str | Path], data: Path) -> bool:
    try:
        child = start(probe, identity, death_signal=signal.SIGKILL, reach=data)
    except (OSError, subprocess.SubprocessError):
        return False
    try:
        return child.wait(_PROBE_SECONDS) == 0
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return False


def own(folder: Path, identity: Identity) -> None:
    """Make a folder of ours (0700) when missing, and see that all in it belongs to the identity.

    Refusal `data.foreign` when it belongs to somebody else and we may not give it away.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid == identity.uid:
        return
    if os.geteuid() != 0:
        raise Refusal("data.foreign", folder=folder, owner=found.st_uid)
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            os.chown(os.path.join(place, name), identity.uid, identity.gid, follow_symlinks=False)
    os.chown(folder, identity.uid, identity.gid)  # last: a broken-off walk is done again


def leftovers(folder: Path, names: Collection[str]) -> list[psutil.Process]:
    """Living processes with one of these names that work in this folder: servers of ours from an earlier run
    (both PostgreSQL and Valkey enter their data folder). Needs no pid file, so a reused pid deceives nobody."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = process.name() in names and process.cwd() == str(folder)
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def end(processes: Callable[[], Sequence[psutil.Process]], steps: Sequence[tuple[int | None, float]]) -> None:
    """Send each signal in turn (None: only wait) to what `processes` still finds, and wait up to that many
    seconds for it to be gone. Refusal `servers.immortal` when the last step leaves some."""
    for number, seconds in steps:
        remaining = processes()
        if number is not None:
            for process in remaining:
                try:
                    process.send_signal(number)
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
        deadline = time.monotonic() + seconds
        while remaining and time.monotonic() < deadline:
            time.sleep(_POLL)
            remaining = processes()
        if not remaining:
            return
    raise Refusal("servers.immortal", pids=[process.pid for process in processes()])
