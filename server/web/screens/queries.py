"""Looking screens up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from piccolo.querystring import QueryString

from rewards import database as db
from server.web.screens.tables import Pairing, Screen


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """A screen. `shows`, since `shows_since`: auto (what is live now), boards, room:ID or draw:ID, which may be done
    (rules.is_done). `seen_at` is exact to a minute; None: never seen. `revoked_at` None: the link works. `taken`: what
    a host has taken it over for (as `shows`), None: nobody has; it may be over (rules.is_over)."""

    id: UUID
    name: str
    shows: str
    shows_since: datetime
    created_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None
    taken: str | None
    taken_by: UUID | None
    taken_at: datetime | None


SCREEN: Final = tuple(Screen.all_columns(exclude=[Screen.created_by]))
_IN_ORDER: Final = QueryString("{} IS NOT NULL", Screen.revoked_at), Screen.name, Screen.id
_SCREENS: Final = db.compiled(Screen.select(*SCREEN).order_by(*_IN_ORDER))
_NAMED: Final = db.compiled(
    Screen.select(Screen.id, Screen.name).where(db.holds(Screen.name, db.given(1))).order_by(*_IN_ORDER)
)
_PAIRED: Final = db.compiled(
    Screen.select(*SCREEN).where(
        Screen.revoked_at.is_null(),
        Screen.id.is_in(Pairing.select(Pairing.screen).where(Pairing.browser == db.given(1))),
    )
)
_SOME_SCREENS: Final = db.compiled(Screen.select(*SCREEN).where(Screen.id == db.any_of(db.given(1))))


async def screens() -> list[ScreenRow]:
    """Every screen, those that work first, by name."""
    return [ScreenRow(**one) for one in await db.rows(_SCREENS)]


async def screen(screen_id: UUID) -> ScreenRow | None:
    """One screen, or None."""
    return next(iter(await some_screens([screen_id])), None)


async def screens_named(text: str, limit: int) -> list[tuple[UUID, str]]:
    """(id, name) of at most `limit` screens whose name has the text, in capitals or not; those that work first."""
    return [(one["id"], one["name"]) for one in await db.rows(_NAMED + " LIMIT $2", text, limit)]


async def some_screens(screen_ids: Collection[UUID]) -> list[ScreenRow]:
    """Those of these screens that exist."""
    return [ScreenRow(**one) for one in await db.rows(_SOME_SCREENS, list(screen_ids))]


async def paired(browser: bytes) -> ScreenRow | None:
    """The working screen that a browser was paired with; None: there is none (any more)."""
    found = await db.row(_PAIRED, browser)
    return None if found is None else ScreenRow(**found)


async def screens_seen(since: datetime) -> tuple[int, int]:
    """(screens that are set up and not revoked, those of them that were seen after `since`)."""
    found = await db.row(
        "SELECT count(*) AS screens, count(*) FILTER (WHERE seen_at > $1) AS seen FROM screen WHERE revoked_at IS NULL",
        since,
    )
    return (0, 0) if found is None else (found["screens"], found["seen"])
