"""What only the desk looks up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from games.quizzes.tables import Player
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


_REMOVED = db.compiled(
    Player.select(Player.member)
    .where(Player.room == db.given(1), Player.removed_at.is_not_null())
    .order_by(Player.removed_at, Player.id, ascending=False)
)


async def removed_players(room: UUID) -> list[UUID]:
    """Who was sent out of a room and may be let back in, the latest first."""
    return [row["member"] for row in await db.rows(_REMOVED, room)]


async def was_asked(quiz: UUID) -> bool:
    """Whether any question of the quiz was ever asked: from then on its scoring stays."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM room WHERE quiz = $1 AND position > 0)", quiz)
    return found


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
