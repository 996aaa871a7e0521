"""What is done with screens. Each function is one transaction; what follows the commit stands after it."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.refusals import Refusal
from server.web.screens.queries import SCREEN, ScreenRow
from server.web.screens.tables import Screen

AUTO: Final = "auto"
BOARDS: Final = "boards"
NOTED_EVERY: Final = timedelta(minutes=1)
LONGEST_NAME: Final = 100

Titles = Callable[[list[UUID]], Awaitable[Mapping[UUID, str]]]
"""ids -> what they are called; what does not exist is left out."""


async def add_screen(
    name: str,
    shows: str = AUTO,
    scenes: Mapping[str, Titles] = MappingProxyType({}),
    *,
    actor: UUID | None,
    now: datetime,
    new_id: Callable[[], UUID],
) -> UUID:
    """A screen that shows what is live now, or what another one does; return its id.

    Refusals: screen.name_missing, screen.name_long, screen.shows_unknown.
    """
    name = _clean(name)
    screen_id = new_id()
    async with db.transaction():
        shows = await _showable(scenes, shows)
        await Screen.insert(Screen(id=screen_id, name=name, shows=shows, created_at=now, created_by=actor))
        await note("screen.added", at=now, actor=actor, subject=str(screen_id), name=name)
    return screen_id


async def rename(screen_id: UUID, name: str, *, actor: UUID | None, now: datetime) -> None:
    """Another name for the desk. Refusals: screen.unknown, screen.revoked_already, and as in `add_screen`."""
    name = _clean(name)
    async with db.transaction():
        before = await _working(screen_id)
        if before.name == name:
            return
        await Screen.update({Screen.name: name}).where(Screen.id == screen_id)
        await note("screen.renamed", at=now, actor=actor, subject=str(screen_id), name=name, before=before.name)


async def point(
    redis: Redis, screen_id: UUID, shows: str, scenes: Mapping[str, Titles], *, actor: UUID | None, now: datetime
) -> None:
    """Let a screen show `auto`, `boards`, or `KIND:ID` of one of the `scenes`. The same again changes nothing.

    Refusals: screen.unknown, screen.revoked_already, screen.shows_unknown (no such thing to show).
    """
    async with db.transaction():
        before = await _working(screen_id)
        shows = await _showable(scenes, shows)
        if before.shows != shows:
            await Screen.update({Screen.shows: shows}).where(Screen.id == screen_id)
            await note("screen.pointed", at=now, actor=actor, subject=str(screen_id), name=before.name, shows=shows)
    await ticks.announce(redis, f"screen:{screen_id}")


async def revoke(redis: Redis, screen_id: UUID, *, actor: UUID | None, now: datetime) -> None:
    """The link works no more, for good; a screen that shows it says so. Refusals: screen.unknown,
    screen.revoked_already."""
    async with db.transaction():
        before = await _working(screen_id)
        await Screen.update({Screen.revoked_at: now}).where(Screen.id == screen_id)
        await note("screen.revoked", at=now, actor=actor, subject=str(screen_id), name=before.name)
    await ticks.announce(redis, f"screen:{screen_id}")


async def remove(redis: Redis, screen_id: UUID, *, actor: UUID | None, now: datetime) -> None:
    """Take a screen back that was set up by mistake, and its link. Refusals as in `revoke`."""
    async with db.transaction():
        before = await _working(screen_id)
        await Screen.delete().where(Screen.id == screen_id)
        await note("screen.removed", at=now, actor=actor, subject=str(screen_id), name=before.name)
    await ticks.announce(redis, f"screen:{screen_id}")


async def note_seen(screen_ids: Collection[UUID], now: datetime) -> None:
    """These screens are being watched; written down at most once a minute each."""
    await Screen.update({Screen.seen_at: now}).where(
        Screen.id == db.any_of(screen_ids),
        Screen.revoked_at.is_null(),
        Screen.seen_at.is_null() | (Screen.seen_at <= now - NOTED_EVERY),
    )


async def _working(screen_id: UUID) -> ScreenRow:
    """The screen, its row locked until the transaction ends."""
    found = await Screen.select(*SCREEN).where(Screen.id == screen_id).lock_rows("UPDATE").first()
    if found is None:
        raise Refusal("screen.unknown")
    if found["revoked_at"] is not None:
        raise Refusal("screen.revoked_already")
    return ScreenRow(**found)


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
