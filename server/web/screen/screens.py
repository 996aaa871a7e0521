"""Office screens: their links, what each one shows, and when it was last seen.

A link is all that a screen has: no login, nothing to press. Whoever has it sees what hangs on the wall anyway; who
does not have it cannot make one, and one that went astray is revoked.
"""

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from piccolo.querystring import QueryString
from redis.asyncio import Redis

from games.quizzes.tables import Room
from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws.tables import Draw
from rewards.refusals import Refusal
from server.runtime.settings import Settings
from server.web.screen.tables import Screen

AUTO: Final = "auto"
BOARDS: Final = "boards"
NOTED_EVERY: Final = timedelta(minutes=1)
MARK_LENGTH: Final = 32
"""Hexadecimal digits of the link's mark: 128 bits."""

LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """A screen. `shows`: auto (what is live now), boards, room:ID or draw:ID. `seen_at` is exact to a minute; None:
    never seen. `revoked_at` None: the link works."""

    id: UUID
    name: str
    shows: str
    created_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None


# The link


def screen_link(settings: Settings, screen_id: UUID) -> str:
    """The whole address of a screen, to open on its browser."""
    return f"{settings.public_url}/screen/{key_of(settings, screen_id)}"


def key_of(settings: Settings, screen_id: UUID) -> str:
    """`ID.MARK`: what stands behind /screen/ in the link."""
    return f"{screen_id.hex}.{_mark(settings, screen_id)}"


def screen_of(settings: Settings, key: str) -> UUID | None:
    """The screen that a key was made for; None for a key that we did not make."""
    identity, _, mark = key.partition(".")
    try:
        screen_id = UUID(identity)
    except ValueError:
        return None
    return screen_id if hmac.compare_digest(mark.encode(), _mark(settings, screen_id).encode()) else None


def _mark(settings: Settings, screen_id: UUID) -> str:
    return hmac.digest(settings.key("screens"), screen_id.hex.encode(), "sha256").hex()[:MARK_LENGTH]


# Looking up


_SCREEN: Final = Screen.id, Screen.name, Screen.shows, Screen.created_at, Screen.revoked_at, Screen.seen_at
_SCREENS: Final = db.compiled(
    Screen.select(*_SCREEN).order_by(QueryString("{} IS NOT NULL", Screen.revoked_at), Screen.name, Screen.id)
)
_SOME_SCREENS: Final = db.compiled(Screen.select(*_SCREEN).where(Screen.id == db.any_of(db.given(1))))


async def screens() -> list[ScreenRow]:
    """Every screen, those that work first, by name."""
    return [ScreenRow(**one) for one in await db.rows(_SCREENS)]


async def screen(screen_id: UUID) -> ScreenRow | None:
    """One screen, or None."""
    return next(iter(await some_screens([screen_id])), None)


async def some_screens(screen_ids: Collection[UUID]) -> list[ScreenRow]:
    """Those of these screens that exist."""
    return [ScreenRow(**one) for one in await db.rows(_SOME_SCREENS, list(screen_ids))]


# Doing


async def add_screen(name: str, *, actor: UUID | None, now: datetime, new_id: Callable[[], UUID]) -> UUID:
    """A screen that shows what is live now; return its id. Refusals: screen.name_missing, screen.name_long."""
    name = _clean(name)
    screen_id = new_id()
    async with db.transaction():
        await Screen.insert(Screen(id=screen_id, name=name, shows=AUTO, created_at=now, created_by=actor))
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


async def point(redis: Redis, screen_id: UUID, shows: str, *, actor: UUID | None, now: datetime) -> None:
    """Let a screen show `auto`, `boards`, `room:ID` or `draw:ID`. The same again changes nothing.

    Refusals: screen.unknown, screen.revoked_already, screen.shows_unknown (no such thing to show).
    """
    async with db.transaction():
        before = await _working(screen_id)
        shows = await _showable(shows)
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


async def note_seen(screen_ids: Collection[UUID], now: datetime) -> None:
    """These screens are being watched; written down at most once a minute each."""
    await Screen.update({Screen.seen_at: now}).where(
        Screen.id == db.any_of(screen_ids),
        Screen.revoked_at.is_null(),
        Screen.seen_at.is_null() | (Screen.seen_at <= now - NOTED_EVERY),
    )


async def _working(screen_id: UUID) -> ScreenRow:
    """The screen, its row locked until the transaction ends."""
    found = await Screen.select(*_SCREEN).where(Screen.id == screen_id).lock_rows("UPDATE").first()
    if found is None:
        raise Refusal("screen.unknown")
    if found["revoked_at"] is not None:
        raise Refusal("screen.revoked_already")
    return ScreenRow(**found)


async def _showable(shows: str) -> str:
    """`shows` in its one spelling."""
    if shows in (AUTO, BOARDS):
        return shows
    kind, _, identity = shows.partition(":")
    try:
        wanted = UUID(identity)
    except ValueError:
        raise Refusal("screen.shows_unknown") from None
    known = {"room": Room.exists().where(Room.id == wanted), "draw": Draw.exists().where(Draw.id == wanted)}
    if kind not in known or not await known[kind]:
        raise Refusal("screen.shows_unknown")
    return f"{kind}:{wanted}"


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refusal("screen.name_missing")
    if len(name) > LONGEST_NAME:
        raise Refusal("screen.name_long", longest=LONGEST_NAME)
    return name
