"""`laurel backup` and `laurel restore`: everything that cannot be made again, in one file that proves itself."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg
import click
import msgspec

from rewards import database as db
from rewards.checkpoints.actions import keep
from rewards.draws import actions as draws
from rewards.draws import queries as draw_queries
from server.commands import services, terminal
from server.commands.checking import RESTORED, differences
from server.commands.terminal import JSON, Command, Exit
from server.commands.upkeep import Comparing, in_json, rebuild_restored, say_differences
from server.runtime import archive, backup, embedded, folder, logs, reach, settings
from server.runtime.archive import SECRETS, Backup
from server.runtime.clock import now
from server.runtime.migrate import tables
from server.runtime.refusals import Refusal
from server.runtime.resources import Resources
from server.runtime.settings import Settings
from server.web.frame.i18n import mark
from server.web.frame.noun import Difference

_RESTORING: Final = ".restoring"


@click.command(
    "backup",
    cls=Command,
    help=mark("Write everything that cannot be made again into FILE (a tar), or into a new file in the folder FILE."),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help=mark("Replace FILE when it exists."))
@click.option("--verify", is_flag=True, help=mark("Write nothing: prove that every byte of the backup FILE is right."))
@JSON
def backup_command(file: Path, force: bool, verify: bool, json: bool) -> int:
    """May be run while people play: the database is read as of one instant."""
    chosen = terminal.in_force()
    if verify:
        return _verify(chosen, file, json)
    if file.is_file() and not force:
        raise Refusal("backup.exists", file=file)
    services.require_data(chosen)
    chosen = settings.prepare(chosen)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, which leaves no half file
    with embedded.available(chosen, terminal.quiet, ["database"]):
        asyncio.run(reach.database(chosen.database_url))
        file = asyncio.run(backup.make(chosen, file, force=force, progress=terminal.SoFar(terminal.WRITTEN)))
    size = file.stat().st_size
    if json:
        terminal.say_json({"file": str(file.absolute()), "bytes": size})
    else:
        said = terminal.words("Written and proved: %(file)s (%(size)s MB).", file=file, size=f"{size / 1e6:.1f}")
        terminal.say(said)
        if not (chosen.data / SECRETS).exists():
            terminal.tell(terminal.words("The secret is given from outside and is not in the file. Keep it yourself."))
    return Exit.OK


def _verify(chosen: Settings, file: Path, json: bool) -> int:
    with _proved(chosen, file) as found:
        made = {"version": found.version, "tables": tables(found.migrations), "made_at": found.made_at}
        if json:
            terminal.say_json({"file": str(file.absolute()), **made, "digests": found.proved, "files": found.names})
        elif found.proved:
            terminal.say(
                terminal.words(
                    "%(file)s is whole: made at %(made_at)s by Laurel %(version)s, tables %(tables)s.",
                    file=file,
                    **made,
                )
            )
    return Exit.OK


@contextmanager
def _proved(chosen: Settings, file: Path) -> Iterator[Backup]:
    """A backup that can be restored here, looked through to its last byte. Refusals restore.*"""
    with archive.opened(file) as found:
        asyncio.run(backup.prove(chosen, found))
        if not found.proved:
            terminal.tell(
                terminal.words(
                    "This backup is of before there were digests: its database can be read, and more cannot be proved."
                )
            )
        yield found


@click.command(cls=Command, help=mark("Bring a backup FILE back into an empty data folder."))
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def restore(file: Path, json: bool) -> int:
    """The data folder (and an external database) must be empty; after a failure it is as empty as before.

    Nothing is written before the file is proved. Exit 1 when what was restored does not agree with itself.
    """
    chosen = terminal.in_force()
    if not _is_empty(chosen.data):
        raise Refusal("restore.not_empty", folder=chosen.data)
    terminal.tell(terminal.words("Proving every byte of the backup."))
    with _proved(chosen, file) as found:
        if chosen.external_database_url is not None:
            asyncio.run(_require_empty(chosen))
        folder.create(chosen.data)
        inside = chosen.data / _RESTORING
        shutil.rmtree(inside, ignore_errors=True)
        inside.mkdir(mode=0o700)
        try:
            boards, differing = _rebuilt(_within(chosen, inside), found)
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
    said = {"data": str(chosen.data), "made_at": found.made_at, "boards": len(boards)}
    if json:
        terminal.say_json({**said, "ok": not differing, "differences": in_json(differing)})
    else:
        terminal.say(terminal.words("Restored into %(data)s as of %(made_at)s.", **said))
        say_differences(differing)
    return Exit.REFUSED if differing else Exit.OK


def _is_empty(data: Path) -> bool:
    """Whether there is nothing in the folder but what an interrupted restore or a file system leaves."""
    if not data.exists():
        return True
    left = {path.name for path in data.iterdir()} - {_RESTORING, "lost+found"}
    return not left or (left == {"logs"} and not any((data / "logs").iterdir()))


def _within(chosen: Settings, inside: Path) -> Settings:
    """The settings of the servers that fill the folder: in `inside`, out of sight of a `serve`."""
    return msgspec.structs.replace(chosen, data=inside, sockets=folder.sockets(inside, os.environ))


def _rebuilt(chosen: Settings, found: Backup) -> tuple[list[str], list[Difference]]:
    """Unpack, load, bring up to this version, make the boards, compare; the boards' names, and what differs."""

    async def rebuild(resources: Resources) -> tuple[list[str], list[Difference]]:
        terminal.tell(terminal.words("Making boards and published draws again."))
        await db.count_anew()
        boards = await rebuild_restored(resources)
        for draw in await draw_queries.draws():
            await draws.publish(draw.id, chosen.data / "draws")
        if found.proved:
            await keep(archive.MADE, found.made_at)
        await keep(RESTORED, now().isoformat(timespec="seconds"))
        terminal.tell(terminal.words("Comparing what was restored with itself."))
        return boards, await differences(resources, Comparing())

    terminal.tell(terminal.words("Loading files and database."))
    try:
        _unpack(found, chosen.data)
    except OSError as error:
        raise Refusal("restore.failed", step=error.filename or "", said=error.strerror or "") from error
    with embedded.available(chosen, terminal.quiet):
        there = asyncio.run(_require_empty(chosen))
        try:
            asyncio.run(backup.load(chosen, found, terminal.SoFar(terminal.LOADED)))
            asyncio.run(services.migrated(chosen, keeping=False))
            return asyncio.run(services.when_ready(chosen, rebuild))
        except BaseException:
            asyncio.run(_empty(chosen, there))
            raise


_OBJECTS: Final = """
SELECT 'TABLE ' || oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
UNION SELECT 'SEQUENCE ' || oid::regclass FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
UNION SELECT 'FUNCTION ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
"""What a backup brings into a database, as DROP names it; the rest of it goes along."""


async def _require_empty(chosen: Settings) -> set[str]:
    """What else there is. Refusal restore.database_not_empty when the (external) database has tables."""
    await services.require_services(chosen)
    connection = await asyncpg.connect(chosen.database_url)
    try:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        if await connection.fetchval(tables):
            raise Refusal("restore.database_not_empty", address=logs.masked(chosen.database_url))
        return {one[0] for one in await connection.fetch(_OBJECTS)}
    finally:
        await connection.close()


async def _empty(chosen: Settings, there: set[str]) -> None:
    """Take back what a restore that failed has brought into an external database."""
    if chosen.external_database_url is None:
        return
    connection = await asyncpg.connect(chosen.database_url)
    try:
        brought = sorted({one[0] for one in await connection.fetch(_OBJECTS)} - there)
        await connection.execute("".join(f"DROP {one.replace(' ', ' IF EXISTS ', 1)} CASCADE;" for one in brought))
    finally:
        await connection.close()


def _unpack(found: Backup, data: Path) -> None:
    """Write every member but the dump, which goes straight into the database. Published draws are for anybody."""
    for name in found.names:
        if name == archive.DUMP:
            continue
        path = data / name
        is_public = name.startswith("draws/")
        path.parent.mkdir(mode=0o755 if is_public else 0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            for piece in found.chunks(name):
                target.write(piece)
            target.flush()
            if is_public:
                os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
