"""Backups are made, proved and loaded: the database as of one instant, the draws that it has published, the secret.

Boards, sessions and the queue are not in one: boards are made again from the ledger, people sign in again.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote, unquote, urlsplit

import asyncpg

from rewards import database as db
from rewards.checkpoints.actions import keep
from rewards.draws import queries as draws
from server.runtime import archive, embedded, folder, logs
from server.runtime.archive import DUMP, SECRETS, Backup
from server.runtime.clock import now
from server.runtime.embedded.postgres import environment
from server.runtime.migrate import applied, files, tables
from server.runtime.refusals import Refusal
from server.runtime.settings import Settings
from server.runtime.version import version

FOLDER: Final = "backups"
"""Under the data folder: where those that Laurel makes by itself lie."""
KEPT: Final = 3
"""So many of those made before a migration stay."""

_BY_HAND: Final = "laurel"
_AUTOMATIC: Final = "laurel-before-migration"
_LIMITS: Final = ["statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"]
_PIECE: Final = 256 * 1024
_SAID: Final = 500


def silent(size: int) -> None:
    """The progress of a caller who does not want to know."""


async def make(
    chosen: Settings,
    target: Path,
    *,
    force: bool = False,
    kind: str = _BY_HAND,
    progress: Callable[[int], None] = silent,
) -> Path:
    """Write and prove a backup, and return its file: there whole or not at all. May be called while people play.

    `target` is the file, or a folder, where it gets a name of its own. The tables may be of an earlier version: then
    the draws are those that this machine has published. `progress` is told how many bytes there are so far.

    Refusals: backup.exists, backup.failed (step, said), backup.unproved (file), database.behind (there is nothing yet).
    """
    await db.open_pool(chosen.database_url, 1)
    try:
        async with db.transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # It waits for as long as the dump takes; before PostgreSQL 17 there is one limit less.
            await connection.execute(
                "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = ANY($1)", _LIMITS
            )
            names, moment = await applied(connection), now()
            if not names:
                raise Refusal("database.behind", count=len(files()))
            named = f"{kind}-{moment.astimezone(chosen.zone):%Y-%m-%d-%H%M%S}-{version()}-tables-{tables(names)}.tar"
            with _whole(target, named, force) as (file, draft, stream):
                await _fill(chosen, stream, names, moment, progress)
                stream.flush()
                os.fsync(stream.fileno())
                try:
                    with archive.opened(draft) as made:
                        await prove(chosen, made)
                except Refusal as refusal:
                    raise Refusal("backup.unproved", file=file) from refusal
    finally:
        await db.close_pool()
    if _is_current(names):
        await note(chosen, moment)
    return file


async def note(chosen: Settings, moment: datetime) -> None:
    """Let the tables, which are of this version, know from when their last backup is."""
    await db.open_pool(chosen.database_url, 1)
    try:
        await keep(archive.MADE, moment.isoformat(timespec="seconds"))
    finally:
        await db.close_pool()


@contextmanager
def _whole(target: Path, named: str, force: bool) -> Iterator[tuple[Path, Path, BinaryIO]]:
    """(file, draft, the draft's stream): what the block has written becomes the file when it ends well."""
    file = target / named if target.is_dir() else target
    if file.exists() and not force:
        raise Refusal("backup.exists", file=file)
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with open(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b") as stream:
            yield file, draft, stream
        os.replace(draft, file)
        folder.sync(file.absolute().parent)
        folder.give(file, file.parent)
    except OSError as error:
        raise Refusal("backup.failed", step=error.filename or str(file), said=error.strerror or "") from error
    finally:
        draft.unlink(missing_ok=True)


def _is_current(names: Iterable[str]) -> bool:
    return {name for name, _ in files()} == set(names)


async def _fill(
    chosen: Settings, stream: BinaryIO, names: list[str], moment: datetime, progress: Callable[[int], None]
) -> None:
    """All of it, in the open transaction and as it sees the database."""
    published = await _published(chosen.data, names)
    secrets = [SECRETS] if (chosen.data / SECRETS).exists() else []
    head = {
        "format": archive.FORMAT,
        "version": version(),
        "made_at": moment.isoformat(timespec="seconds"),
        "migrations": names,
        "tables": tables(names),
    }
    writer = archive.Writer(stream, head, [DUMP, *secrets, *published])
    with writer.member(DUMP) as write:

        def sink(piece: bytes) -> None:
            write(piece)
            progress(stream.tell())

        instant = await db.value("SELECT pg_export_snapshot()")
        options = ["--format=custom", "--no-owner", "--no-acl", f"--snapshot={instant}", *_address(chosen)]
        await _run(chosen, "pg_dump", options, "backup.failed", sink=sink)
    for name in secrets:
        with writer.member(name) as write:
            write((chosen.data / name).read_bytes())
    for name, path in published.items():
        _, slug, part = name.split("/")
        content = path.read_bytes() if path else await draws.published_file(slug, part)
        with writer.member(name) as write:
            write(content or b"")
    writer.finish()


async def _published(data: Path, names: Iterable[str]) -> dict[str, Path | None]:
    """Member -> the file where it lies here, None: the database has it, whichever machine has published it."""
    found: dict[str, Path | None] = {}
    for path in sorted((data / "draws").glob("*/*")):
        name = f"draws/{path.parent.name}/{path.name}"
        if path.is_file() and not path.is_symlink() and archive.is_name(name):
            found[name] = path
    if _is_current(names):
        for draw in await draws.draws():
            found |= {f"draws/{draw.slug}/{name}": None for name in await draws.published_names(draw.id)}
    return found


async def before_migration(
    chosen: Settings, connection: asyncpg.Connection, progress: Callable[[int], None] = silent
) -> Path:
    """A backup in DATA/backups before the tables change; of the earlier ones of this kind the last few stay.

    Refusals as `make`, and backup.no_room (folder, needed, free: MB).
    """
    place = chosen.data / FOLDER
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        folder.give(place, chosen.data)
        for left in place.glob(f".{_AUTOMATIC}-*.part"):
            left.unlink()
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise Refusal("backup.failed", step=str(place), said=error.strerror or "") from error
    # What a dump needs at the most: it has no indexes, and is packed.
    sizes = "SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
    needed = await connection.fetchval(sizes)
    if free < needed:
        raise Refusal("backup.no_room", folder=place, needed=-(-needed // 10**6), free=free // 10**6)
    file = await make(chosen, place, kind=_AUTOMATIC, progress=progress)
    mine = sorted(path for path in place.glob(f"{_AUTOMATIC}-*.tar") if path != file)
    for old in mine[: 1 - KEPT]:
        old.unlink(missing_ok=True)
    return file


async def prove(chosen: Settings, backup: Backup) -> None:
    """Read the dump from its first byte to its last as a restore would. Refusal restore.unreadable (file, said)."""
    await _run(chosen, "pg_restore", ["--file=-"], "restore.unreadable", source=backup.chunks(DUMP), file=backup.file)


async def load(chosen: Settings, backup: Backup, progress: Callable[[int], None] = silent) -> None:
    """Load the dump into the empty database, all or nothing. `progress` is told how many bytes of it have been taken.
    Refusal restore.failed (step, said).
    """

    def told() -> Iterator[bytes]:
        taken = 0
        for piece in backup.chunks(DUMP):
            yield piece
            taken += len(piece)
            progress(taken)

    options = ["--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", *_address(chosen)]
    await _run(chosen, "pg_restore", options, "restore.failed", source=told())


async def _run(
    chosen: Settings,
    tool: str,
    arguments: list[str],
    refusal: str,
    *,
    source: Iterable[bytes] | None = None,
    sink: Callable[[bytes], None] | None = None,
    **details: object,
) -> None:
    """pg_dump into the sink, or pg_restore from the source, piece by piece; ended at once when we are."""
    env, pipe, nothing = _environment(chosen), asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    with tempfile.TemporaryFile() as told:
        process = await asyncio.create_subprocess_exec(
            embedded.tools(chosen) / tool,
            *arguments,
            env=env,
            stdin=nothing if source is None else pipe,
            stdout=nothing if sink is None else pipe,
            stderr=told,
        )
        try:
            if process.stdin is not None:
                with suppress(ConnectionError):  # it has ended already, and says why
                    for piece in source or ():
                        process.stdin.write(piece)
                        await process.stdin.drain()
                process.stdin.close()
            while process.stdout is not None and sink is not None and (piece := await process.stdout.read(_PIECE)):
                sink(piece)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            told.seek(0)
            said = logs.masked(told.read().decode(errors="replace").strip())[-_SAID:]
            raise Refusal(refusal, step=tool, said=said, **details)


def _address(chosen: Settings) -> list[str]:
    """Without the password: every user of the machine can read a command line."""
    parts = urlsplit(chosen.database_url)
    if parts.password is not None:
        hosts = parts.netloc.rpartition("@")[2]
        parts = parts._replace(netloc=f"{quote(unquote(parts.username or ''), safe='')}@{hosts}")
    return [f"--dbname={parts.geturl()}"]


def _environment(chosen: Settings) -> Mapping[str, str]:
    password = urlsplit(chosen.database_url).password
    return environment() | ({} if password is None else {"PGPASSWORD": unquote(password)})
