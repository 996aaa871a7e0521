"""What only the screens look up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards import database as db
from rewards.draws.states import shown_name


@dataclass(frozen=True, slots=True)
class ComingRoom:
    """A room that waits for its time."""

    title: str
    opens_at: datetime
    questions: int


@dataclass(frozen=True, slots=True)
class DrawLists:
    """The published lists of a frozen draw. `voids` and `present` are empty where there is no such file."""

    snapshot: bytes
    voids: bytes
    present: bytes


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


async def draw_lists(draw_id: UUID) -> DrawLists:
    """The lists of a draw that is frozen."""
    found = await db.row("SELECT snapshot, voids, present FROM draw WHERE id = $1", draw_id)
    assert found is not None
    return DrawLists(bytes(found["snapshot"]), bytes(found["voids"] or b""), bytes(found["present"] or b""))


async def names_of_lines(draw_id: UUID, lines: Collection[int], how: str) -> dict[int, str]:
    """Line of the list -> its person for everybody's eyes; `how` as in states.shown_name."""
    found = await db.rows(
        "SELECT line, coalesce(nullif(entrant.name, ''), member.name) AS name,"
        " coalesce(nullif(entrant.staff_number, ''), member.staff_number) AS staff_number"
        " FROM entrant JOIN member ON member.id = entrant.member WHERE entrant.draw = $1 AND line = ANY($2)",
        draw_id,
        list(lines),
    )
    return {one["line"]: shown_name(one["name"], one["staff_number"], how) for one in found}
