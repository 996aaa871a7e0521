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
from server.web.screens.tables import Pairing, Screen

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
    browser: bytes | None = None,
) -> UUID:
    """A screen that shows what is live now, or what another one does; return its id. `browser`: the one on the wall
    that is paired with it.

    Refusals: screen.name_missing, screen.name_long, screen.shows_unknown.
    """
    name = _clean(name)
    screen_id = new_id()
    async with db.transaction():
        shows = await _showable(scenes, shows)
        await Screen.insert(
            Screen(id=screen_id, name=name, shows=shows, shows_since=now, created_at=now, created_by=actor)
        )
        await note("screen.added", at=now, actor=actor, subject=str(screen_id), name=name)
        if browser is not None and actor is not None:
            await _pair(await _working(screen_id), browser, actor=actor, now=now)
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
            await Screen.update({Screen.shows: shows, Screen.shows_since: now}).where(Screen.id == screen_id)
            await note("screen.pointed", at=now, actor=actor, subject=str(screen_id), name=before.name, shows=shows)
    await ticks.announce(redis, f"screen:{screen_id}")


async def take_over(
    redis: Redis,
    screen_ids: Collection[UUID],
    shows: str,
    scenes: Mapping[str, Titles],
    *,
    actor: UUID,
    now: datetime,
) -> None:
    """These screens show `KIND:ID` of one of the `scenes`, until they are let go or it is over; what they show else
    stays as it is set. Refusals: screen.unknown, screen.revoked_already, screen.shows_unknown."""
    if ":" not in shows:
        raise Refusal("screen.shows_unknown")
    async with db.transaction():
        wanted = await _showable(scenes, shows)
        for screen_id in sorted(screen_ids):
            before = await _working(screen_id)
            await Screen.update({Screen.taken: wanted, Screen.taken_by: actor, Screen.taken_at: now}).where(
                Screen.id == screen_id
            )
            await note("screen.taken", at=now, actor=actor, subject=str(screen_id), name=before.name, shows=wanted)
    await _announce(redis, screen_ids)


async def let_go(redis: Redis, screen_ids: Collection[UUID], *, actor: UUID, now: datetime) -> None:
    """These screens show again what they are set to; those that nobody has taken over stay as they are.

    Refusals: screen.unknown, screen.revoked_already.
    """
    async with db.transaction():
        for screen_id in sorted(screen_ids):
            before = await _working(screen_id)
            if before.taken is None:
                continue
            await Screen.update({Screen.taken: None, Screen.taken_by: None, Screen.taken_at: None}).where(
                Screen.id == screen_id
            )
            await note("screen.let_go", at=now, actor=actor, subject=str(screen_id), name=before.name)
    await _announce(redis, screen_ids)


async def pair(screen_id: UUID, browser: bytes, *, actor: UUID, now: datetime) -> None:
    """A browser shows this screen from now on, whatever it showed before. Refusals: screen.unknown,
    screen.revoked_already."""
    async with db.transaction():
        await _pair(await _working(screen_id), browser, actor=actor, now=now)


async def _pair(screen: ScreenRow, browser: bytes, *, actor: UUID, now: datetime) -> None:
    await Pairing.delete().where(Pairing.browser == browser)
    await Pairing.insert(Pairing(browser=browser, screen=screen.id, paired_by=actor, paired_at=now))
    await note("screen.paired", at=now, actor=actor, subject=str(screen.id), name=screen.name)


async def _announce(redis: Redis, screen_ids: Collection[UUID]) -> None:
    for screen_id in screen_ids:
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
        await Pairing.delete().where(Pairing.screen == screen_id)
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
