"""Looking screens up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rewards import database as db

SCREEN: Final = "SELECT id, name, shows, created_at, revoked_at, seen_at FROM screen "


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


async def screens() -> list[ScreenRow]:
    """Every screen, those that work first, by name."""
    found = await db.rows(SCREEN + "ORDER BY revoked_at IS NOT NULL, name, id")
    return [ScreenRow(**dict(one)) for one in found]


async def screen(screen_id: UUID) -> ScreenRow | None:
    """One screen, or None."""
    found = await db.row(SCREEN + "WHERE id = $1", screen_id)
    return None if found is None else ScreenRow(**dict(found))


async def screens_named(text: str, limit: int) -> list[tuple[UUID, str]]:
    """(id, name) of at most `limit` screens whose name has the text, in capitals or not; those that work first."""
    found = await db.rows(
        "SELECT id, name FROM screen WHERE position(lower($1) IN lower(name)) > 0"
        " ORDER BY revoked_at IS NOT NULL, name, id LIMIT $2",
        text,
        limit,
    )
    return [(one["id"], one["name"]) for one in found]


async def some_screens(screen_ids: Collection[UUID]) -> list[ScreenRow]:
    """Those of these screens that exist."""
    found = await db.rows(SCREEN + "WHERE id = ANY($1)", list(screen_ids))
    return [ScreenRow(**dict(one)) for one in found]


async def screens_seen(since: datetime) -> tuple[int, int]:
    """(screens that are set up and not revoked, those of them that were seen after `since`)."""
    found = await db.row(
        "SELECT count(*) AS screens, count(*) FILTER (WHERE seen_at > $1) AS seen FROM screen WHERE revoked_at IS NULL",
        since,
    )
    return (0, 0) if found is None else (found["screens"], found["seen"])
