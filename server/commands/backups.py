"""`laurel backup` and `laurel restore`: everything that cannot be made again, in one file.

A tar of: laurel.json (what it is, first), database.dump (pg_dump, custom format), secrets.json, draws/SLUG/FILE.
Boards, sessions and the queue are not in it: boards are made again from the ledger, people sign in again.
"""

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote, unquote, urlsplit

import asyncpg
import click
import msgspec

from server import VERSION
from server.commands import services, terminal
from server.commands.services import migrated
from server.commands.terminal import JSON, Command, Exit
from server.commands.upkeep import rebuild_restored
from server.runtime import embedded, folder, logs, settings
from server.runtime.clock import now
from server.runtime.embedded.postgres import environment
from server.runtime.migrate import files
from server.runtime.refusals import Refusal
from server.runtime.settings import Settings
from server.web.frame.i18n import mark

FORMAT: Final = "laurel-backup/1"
HEAD: Final = "laurel.json"
DUMP: Final = "database.dump"
SECRETS: Final = "secrets.json"
_DRAW_FILE: Final = re.compile(r"draws/[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_.-]{1,64}")
_MOST_HEAD: Final = 1024 * 1024
_RESTORING: Final = ".restoring"


@click.command(cls=Command, help=mark("Write everything that cannot be made again into FILE (a tar)."))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help=mark("Replace FILE when it exists."))
@JSON
def backup(file: Path, force: bool, json: bool) -> int:
    """May be run while people play: the database is read as of one instant."""
    if file.exists() and not force:
        raise Refusal("backup.exists", file=file)
    chosen = terminal.in_force()
    services.require_data(chosen)
    chosen = settings.prepare(chosen)
    with embedded.available(chosen, terminal.quiet):
        asyncio.run(services.reached(chosen))
        size = _write(chosen, file)
    if json:
        terminal.say_json({"file": str(file.absolute()), "bytes": size})
    else:
        terminal.say(terminal.words("Written: %(file)s (%(size)s MB).", file=file, size=f"{size / 1e6:.1f}"))
        if not (chosen.data / SECRETS).exists():
            terminal.tell(terminal.words("The secret is given from outside and is not in the file. Keep it yourself."))
    return Exit.OK


def _write(chosen: Settings, file: Path) -> int:
    """Draft, dump, pack, rename: the file is there whole or not at all. Its size in bytes."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    dump = file.with_name(f".{file.name}.{os.getpid()}.dump")
    try:
        for path in (draft, dump):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _postgres_tool(chosen, "pg_dump", ["--format=custom", "--no-owner", "--no-acl", f"--file={dump}"])
        head: dict[str, object] = {
            "format": FORMAT,
            "version": VERSION,
            "made_at": now().isoformat(timespec="seconds"),
            "migrations": [name for name, _ in files()],
        }
        with draft.open("wb") as stream:
            _pack(stream, head, dump, chosen.data)
            stream.flush()
            os.fsync(stream.fileno())
        size = draft.stat().st_size
        os.replace(draft, file)
        folder.sync(file.absolute().parent)
        return size
    except OSError as error:
        raise Refusal("backup.failed", step=error.filename or str(file), said=error.strerror or "") from error
    finally:
        draft.unlink(missing_ok=True)
        dump.unlink(missing_ok=True)


def _pack(stream: IO[bytes], head: dict[str, object], dump: Path, data: Path) -> None:
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, HEAD, json.dumps(head, indent=1).encode())
        with dump.open("rb") as content:
            info = _info(DUMP, dump.stat().st_size)
            tar.addfile(info, content)
        if (data / SECRETS).exists():
            _add(tar, SECRETS, (data / SECRETS).read_bytes())
        for path in sorted((data / "draws").glob("*/*")):
            name = f"draws/{path.parent.name}/{path.name}"
            if path.is_file() and not path.is_symlink() and _DRAW_FILE.fullmatch(name):
                _add(tar, name, path.read_bytes())


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    info.mtime = int(now().timestamp())
    return info


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_info(name, len(content)), io.BytesIO(content))


def _postgres_tool(chosen: Settings, tool: str, arguments: list[str]) -> None:
    """Run pg_dump or pg_restore on our database. Refusal backup.failed, restore.failed (step, said).

    The password is not on the command line, where every user of the machine could read it.
    """
    address, password = _without_password(chosen.database_url)
    env = environment() | ({"PGPASSWORD": password} if password else {})
    argv: list[str | Path] = [embedded.tools(chosen) / tool, f"--dbname={address}", *arguments]
    ended = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ended.returncode != 0:
        said = logs.masked(ended.stderr.decode(errors="replace").strip())
        code = "backup.failed" if tool == "pg_dump" else "restore.failed"
        raise Refusal(code, step=tool, said=said[-500:])


def _without_password(address: str) -> tuple[str, str]:
    """The same address without its password, and the password ("" without)."""
    parts = urlsplit(address)
    if parts.password is None:
        return address, ""
    hosts = parts.netloc.rpartition("@")[2]
    user = quote(unquote(parts.username or ""), safe="")
    return parts._replace(netloc=f"{user}@{hosts}").geturl(), unquote(parts.password)


@click.command(cls=Command, help=mark("Bring a backup FILE back into an empty data folder."))
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def restore(file: Path, json: bool) -> int:
    """The data folder (and an external database) must be empty; after a failure it is as empty as before."""
    chosen = terminal.in_force()
    if not _is_empty(chosen.data):
        raise Refusal("restore.not_empty", folder=chosen.data)
    with _opened(file) as tar:
        head = _head(tar, file)
        folder.create(chosen.data)
        inside = chosen.data / _RESTORING
        shutil.rmtree(inside, ignore_errors=True)
        inside.mkdir(mode=0o700)
        try:
            boards = _rebuilt(_within(chosen, inside), tar, file)
        except BaseException:
            shutil.rmtree(inside, ignore_errors=True)
            (chosen.data / "logs").rmdir()
            raise
    (chosen.data / "logs").rmdir()
    for path in sorted(inside.iterdir(), key=lambda path: path.name == SECRETS):
        if path.name not in ("lock", "run", "sockets.json", "workers"):
            path.rename(chosen.data / path.name)
    shutil.rmtree(inside)
    folder.sync(chosen.data)
    if json:
        terminal.say_json({"data": str(chosen.data), "made_at": head["made_at"], "boards": len(boards)})
    else:
        terminal.say(terminal.words("Restored into %(folder)s as of %(at)s.", folder=chosen.data, at=head["made_at"]))
    return Exit.OK


def _is_empty(data: Path) -> bool:
    """Whether there is nothing in the folder but what an interrupted restore or a file system leaves."""
    if not data.exists():
        return True
    left = {path.name for path in data.iterdir()} - {_RESTORING, "lost+found"}
    return not left or (left == {"logs"} and not any((data / "logs").iterdir()))


def _opened(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, mode="r:")
    except FileNotFoundError as error:
        raise Refusal("cli.file_unreadable", file=file, reason=error.strerror or "") from error
    except (OSError, tarfile.TarError) as error:
        raise Refusal("restore.foreign", file=file) from error


def _head(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    """What the backup says of itself. Refusal restore.foreign, restore.newer."""
    try:
        first = tar.next()
        stream = tar.extractfile(first) if first and first.name == HEAD and first.size <= _MOST_HEAD else None
        head = json.loads(stream.read()) if stream else {}
        known = {name for name, _ in files()}
        stated = head["format"] == FORMAT and set(head["migrations"])
        head["made_at"]
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise Refusal("restore.foreign", file=file) from error
    if not stated:
        raise Refusal("restore.foreign", file=file)
    if not stated <= known:
        raise Refusal("restore.newer", file=file, version=str(head.get("version", "?"))[:40])
    return dict(head)


def _within(chosen: Settings, inside: Path) -> Settings:
    """The settings of the servers that fill the folder: in `inside`, out of sight of a `serve`."""
    return msgspec.structs.replace(chosen, data=inside, sockets=folder.sockets(inside, os.environ))


def _rebuilt(chosen: Settings, tar: tarfile.TarFile, file: Path) -> list[str]:
    """Unpack, load, bring up to this version, make the boards; the names of the boards."""
    dump = chosen.data / DUMP
    try:
        _unpack(tar, chosen.data, file)
    except (OSError, tarfile.TarError) as error:
        raise Refusal("restore.foreign", file=file) from error
    with embedded.available(chosen, terminal.quiet):
        asyncio.run(_require_empty(chosen))
        options = ["--no-owner", "--no-acl", "--exit-on-error", "--single-transaction"]
        _postgres_tool(chosen, "pg_restore", [*options, str(dump)])
        asyncio.run(migrated(chosen))
        boards = asyncio.run(services.when_ready(chosen, rebuild_restored))
    dump.unlink()
    return boards


async def _require_empty(chosen: Settings) -> None:
    """Refusal restore.database_not_empty when the (external) database has tables."""
    await services.require_services(chosen)
    connection = await asyncpg.connect(chosen.database_url)
    try:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        if await connection.fetchval(tables):
            raise Refusal("restore.database_not_empty", address=logs.masked(chosen.database_url))
    finally:
        await connection.close()


def _unpack(tar: tarfile.TarFile, data: Path, file: Path) -> None:
    """Write the known members; a name or kind that a backup of ours never has is refused before it is written."""
    names = set()
    for member in tar:
        known = member.name in (HEAD, DUMP, SECRETS) or _DRAW_FILE.fullmatch(member.name)
        dotted = any(part.startswith(".") for part in member.name.split("/"))
        stream = tar.extractfile(member) if member.isreg() else None
        if not known or dotted or member.name in names or stream is None:
            raise Refusal("restore.foreign", file=file)
        names.add(member.name)
        if member.name == HEAD:
            continue
        path = data / member.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            shutil.copyfileobj(stream, target)
            target.flush()
            os.fsync(target.fileno())
    if DUMP not in names:
        raise Refusal("restore.foreign", file=file)
