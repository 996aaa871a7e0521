"""What a command needs to do its work: the settings in force, and the database and Redis, reached or started."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg

from server.commands import terminal
from server.runtime import backup, embedded, reach, settings
from server.runtime.clock import now
from server.runtime.migrate import migrate, pending
from server.runtime.refusals import MigrationError, Refusal
from server.runtime.resources import Resources, opened
from server.runtime.settings import Settings
from server.web.nouns import LISTING

Result = TypeVar("Result")


async def require_services(chosen: Settings) -> None:
    """Refusal services.* when one cannot be worked with."""
    await reach.database(chosen.database_url)
    await reach.redis(chosen.redis_url)


async def migrated(chosen: Settings, *, keeping: bool = True) -> list[str]:
    """Reach both services and bring the tables to this version; the names applied now.

    With `keeping` a backup is made before tables change that hold something. When that cannot be made, or a migration
    fails, everything is as it was, and the way back is told.
    """
    await require_services(chosen)
    made: list[Path] = []
    begun = now()

    async def keep(connection: asyncpg.Connection) -> None:
        terminal.tell(terminal.words("The tables are of an earlier version. Before they change, a backup is made."))
        try:
            made.append(await backup.before_migration(chosen, connection, terminal.SoFar(terminal.WRITTEN)))
        except Refusal:
            terminal.tell(terminal.words("Nothing was changed. To go on without a backup: laurel migrate --no-backup"))
            raise
        terminal.tell(terminal.words("Backup: %(file)s", file=made[0]))

    try:
        names = await migrate(chosen.database_url, LISTING.earnings, _adding_up, keep if keeping else None)
    except MigrationError as error:
        if error.code != "database.migration_failed":
            raise
        for file in made:
            terminal.tell(
                terminal.words(
                    "Should the earlier Laurel find anything amiss, it restores into a new folder:"
                    " LAUREL_DATA=new laurel restore %(file)s",
                    file=file,
                )
            )
        raise
    for file in made:
        await backup.note(chosen, begun)
        terminal.tell(
            terminal.words(
                "The tables are of this version now. The way back is the earlier Laurel, with"
                " LAUREL_DATA=new laurel restore %(file)s",
                file=file,
            )
        )
    return names


def _adding_up(done: int, count: int) -> None:
    if count:
        terminal.tell(
            terminal.words("Adding up the points of earlier days: %(percent)s %%", percent=done * 100 // count)
        )


@asynccontextmanager
async def ready(chosen: Settings) -> AsyncIterator[Resources]:
    """The process's resources, on tables of this version. Refusal services.*, database.behind (count)."""
    await require_services(chosen)
    connection = await asyncpg.connect(chosen.database_url)
    try:
        waiting = await pending(connection)
    finally:
        await connection.close()
    if waiting:
        raise Refusal("database.behind", count=len(waiting))
    async with opened(chosen) as resources:
        yield resources


async def when_ready(chosen: Settings, work: Callable[[Resources], Awaitable[Result]]) -> Result:
    """Do some work with both services, which are running."""
    async with ready(chosen) as resources:
        return await work(resources)


async def reached(chosen: Settings) -> None:
    """Both services answer and the tables are of this version, else the refusals of `ready`."""
    async with ready(chosen):
        pass


def require_data(chosen: Settings) -> None:
    """Refusal data.none when a server of ours would be started over a folder that holds no Laurel."""
    inside = chosen.external_database_url is None and not (chosen.data / "postgres").is_dir()
    if inside:
        raise Refusal("data.none", folder=chosen.data)


def with_house(work: Callable[[Resources], Awaitable[Result]]) -> Result:
    """Do a command's work with both services: those of a running `laurel serve`, the external ones, or ours, started
    for the length of the command."""
    chosen = terminal.in_force()
    require_data(chosen)
    chosen = settings.prepare(chosen)

    with embedded.available(chosen, terminal.quiet):
        return asyncio.run(when_ready(chosen, work))
