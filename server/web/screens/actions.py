"""What is done with screens. Each function is one transaction; what follows the commit stands after it."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.refusals import Refusal
from server.web.screens.queries import SCREEN, ScreenRow

AUTO: Final = "auto"
BOARDS: Final = "boards"
NOTED_EVERY: Final = timedelta(minutes=1)
LONGEST_NAME: Final = 100

Titles = Callable[[list[UUID]], Awaitable[Mapping[UUID, str]]]
"""ids -> what they are called; what does not exist is left out."""


async def add_screen(name: str, *, actor: UUID | None, now: datetime, new_id: Callable[[], UUID]) -> UUID:
    """A screen that shows what is live now; return its id. Refusals: screen.name_missing, screen.name_long."""
    name = _clean(name)
    screen_id = new_id()
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO screen (id, name, shows, created_at, created_by) VALUES ($1, $2, $3, $4, $5)",
            screen_id,
            name,
            AUTO,
            now,
            actor,
        )
        await note("screen.added", at=now, actor=actor, subject=str(screen_id), name=name)
    return screen_id


async def rename(screen_id: UUID, name: str, *, actor: UUID | None, now: datetime) -> None:
    """Another name for the desk. Refusals: screen.unknown, screen.revoked_already, and as in `add_screen`."""
    name = _clean(name)
    async with db.transaction() as connection:
        before = await _working(connection, screen_id)
        if before.name == name:
            return
        await connection.execute("UPDATE screen SET name = $2 WHERE id = $1", screen_id, name)
        await note("screen.renamed", at=now, actor=actor, subject=str(screen_id), name=name, before=before.name)


async def point(
    redis: Redis, screen_id: UUID, shows: str, scenes: Mapping[str, Titles], *, actor: UUID | None, now: datetime
) -> None:
    """Let a screen show `auto`, `boards`, or `KIND:ID` of one of the `scenes`. The same again changes nothing.

    Refusals: screen.unknown, screen.revoked_already, screen.shows_unknown (no such thing to show).
    """
    async with db.transaction() as connection:
        before = await _working(connection, screen_id)
        shows = await _showable(scenes, shows)
        if before.shows != shows:
            await connection.execute("UPDATE screen SET shows = $2 WHERE id = $1", screen_id, shows)
            await note("screen.pointed", at=now, actor=actor, subject=str(screen_id), name=before.name, shows=shows)
    await ticks.announce(redis, f"screen:{screen_id}")


async def revoke(redis: Redis, screen_id: UUID, *, actor: UUID | None, now: datetime) -> None:
    """The link works no more, for good; a screen that shows it says so. Refusals: screen.unknown,
    screen.revoked_already."""
    async with db.transaction() as connection:
        before = await _working(connection, screen_id)
        await connection.execute("UPDATE screen SET revoked_at = $2 WHERE id = $1", screen_id, now)
        await note("screen.revoked", at=now, actor=actor, subject=str(screen_id), name=before.name)
    await ticks.announce(redis, f"screen:{screen_id}")


async def note_seen(screen_ids: Collection[UUID], now: datetime) -> None:
    """These screens are being watched; written down at most once a minute each."""
    await db.rows(
        "UPDATE screen SET seen_at = $2 WHERE id = ANY($1) AND revoked_at IS NULL"
        " AND (seen_at IS NULL OR seen_at <= $3)",
        list(screen_ids),
        now,
        now - NOTED_EVERY,
    )


async def _working(connection: db.Connection, screen_id: UUID) -> ScreenRow:
    found = await connection.fetchrow(SCREEN + "WHERE id = $1 FOR UPDATE OF screen", screen_id)
    if found is None:
        raise Refusal("screen.unknown")
    if found["revoked_at"] is not None:
        raise Refusal("screen.revoked_already")
    return ScreenRow(**dict(found))


async def _showable(scenes: Mapping[str, Titles], shows: str) -> str:
    """`shows` in its one spelling."""
    if shows in (AUTO, BOARDS):
        return shows
    kind, _, identity = shows.partition(":")
    try:
        wanted = UUID(identity)
    except ValueError:
        raise Refusal("screen.shows_unknown") from None
    if kind not in scenes or wanted not in await scenes[kind]([wanted]):
        raise Refusal("screen.shows_unknown")
    return f"{kind}:{wanted}"


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refusal("screen.name_missing")
    if len(name) > LONGEST_NAME:
        raise Refusal("screen.name_long", longest=LONGEST_NAME)
    return name
