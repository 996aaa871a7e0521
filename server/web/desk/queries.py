"""What only the desk looks up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from rewards import database as db


@dataclass(frozen=True, slots=True)
class Belonging:
    """From `since` until the day before `until` (None: still). `path`: the unit's names from the root."""

    path: tuple[str, ...]
    since: date
    until: date | None


async def unit_history(member: UUID) -> list[Belonging]:
    """The units a member has belonged to, the latest first; without those corrected on the same day."""
    found = await db.rows(
        "SELECT unit.path, since, until FROM membership JOIN unit ON unit.id = membership.unit"
        " WHERE member = $1 AND (until IS NULL OR until > since) ORDER BY since DESC, membership.id DESC",
        member,
    )
    return [Belonging(tuple(row["path"].split("/")), row["since"], row["until"]) for row in found]


async def removed_players(room: UUID) -> list[UUID]:
    """Who was sent out of a room and may be let back in, the latest first."""
    found = await db.rows(
        "SELECT member FROM player WHERE room = $1 AND removed_at IS NOT NULL ORDER BY removed_at DESC, id", room
    )
    return [row["member"] for row in found]


async def screens_seen(since: datetime) -> tuple[int, int]:
    """(screens that are set up and not revoked, those of them that were seen after `since`)."""
    found = await db.row(
        "SELECT count(*) AS screens, count(*) FILTER (WHERE seen_at > $1) AS seen FROM screen WHERE revoked_at IS NULL",
        since,
    )
    return (0, 0) if found is None else (found["screens"], found["seen"])


async def titles_of_draws(draws: Collection[str]) -> dict[str, str]:
    """The titles of draws by id as text. What names no draw is left out."""
    found = await db.rows("SELECT id, title FROM draw WHERE id::text = ANY($1)", list(draws))
    return {str(row["id"]): row["title"] for row in found}
