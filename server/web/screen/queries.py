"""What only the screens look up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards import database as db


@dataclass(frozen=True, slots=True)
class ComingRoom:
    """A room that waits for its time."""

    title: str
    opens_at: datetime
    questions: int


async def room_for_all(*, since: datetime, ended_since: datetime) -> UUID | None:
    """The latest room that is in play and was opened after `since`, or that ended after `ended_since`; None: none."""
    found: UUID | None = await db.value(
        "SELECT id FROM room WHERE (state IN ('lobby', 'question', 'reveal')"
        " AND greatest(created_at, opens_at) > $1) OR (state = 'podium' AND ended_at > $2)"
        " ORDER BY greatest(created_at, opens_at) DESC, id DESC LIMIT 1",
        since,
        ended_since,
    )
    return found


async def coming_rooms(after: datetime, limit: int) -> list[ComingRoom]:
    """Scheduled rooms, the next one first."""
    found = await db.rows(
        "SELECT quiz.title, opens_at, (SELECT count(*) FROM question WHERE question.quiz = room.quiz) AS questions"
        " FROM room JOIN quiz ON quiz.id = room.quiz WHERE room.state = 'scheduled' AND opens_at > $1"
        " ORDER BY opens_at, room.id LIMIT $2",
        after,
        limit,
    )
    return [ComingRoom(**dict(one)) for one in found]


async def room_version(room_id: UUID) -> str | None:
    """What a screen's picture of a room depends on: its version and, in the lobby, how many have joined."""
    found = await db.row(
        "SELECT version, CASE WHEN state = 'lobby' THEN (SELECT count(*) FROM player WHERE player.room = room.id"
        " AND removed_at IS NULL) ELSE 0 END AS players FROM room WHERE id = $1",
        room_id,
    )
    return None if found is None else f"{found['version']}.{found['players']}"


async def draw_version(draw_id: UUID) -> int | None:
    """The version of a draw, None when there is no such draw."""
    found: int | None = await db.value("SELECT version FROM draw WHERE id = $1", draw_id)
    return found
