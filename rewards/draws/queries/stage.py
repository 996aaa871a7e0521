"""What stage and kit show of a draw: its lists, the people behind lines, and what names the present picture."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards import database as db
from rewards.draws.states import shown_name


@dataclass(frozen=True, slots=True)
class DrawLists:
    """The published lists of a frozen draw. `voids` and `present` are empty where there is no such file."""

    snapshot: bytes
    voids: bytes
    present: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """Who stands behind a line of the frozen list, as of the freeze; `unit` may be ""."""

    salt: bytes
    name: str
    staff_number: str
    unit: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a picture of a draw depends on. `called_at`: when the last one who is being called was; None: nobody is."""

    version: int
    state: str
    objections: bool
    call_seconds: int
    called_at: datetime | None


@dataclass(frozen=True, slots=True)
class DrawRun:
    """How a draw is held: when it was armed (before that, made), when something of it was last written down, and when
    it was closed or called off, None: neither yet."""

    id: UUID
    began: datetime
    moved: datetime
    ended: datetime | None


async def runs(draw_ids: Sequence[UUID]) -> list[DrawRun]:
    """Those of these draws that exist."""
    found = await db.rows(
        "SELECT id, coalesce(armed_at, created_at) AS began,"
        " greatest(created_at, armed_at, drawn_at, (SELECT max(greatest(called_at, state_at)) FROM win"
        " WHERE win.draw = draw.id)) AS moved, CASE state WHEN 'closed' THEN closed_at"
        " WHEN 'cancelled' THEN coalesce(off_at, created_at) END AS ended FROM draw WHERE id = ANY($1)",
        list(draw_ids),
    )
    return [DrawRun(**dict(one)) for one in found]


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


async def listed(draw_id: UUID) -> list[Listed]:
    """Everybody on the frozen list, in its order."""
    found = await db.rows(
        "SELECT salt, coalesce(nullif(entrant.name, ''), member.name) AS name,"
        " coalesce(nullif(entrant.staff_number, ''), member.staff_number) AS staff_number,"
        " coalesce(unit.name, '') AS unit FROM entrant JOIN member ON member.id = entrant.member"
        " LEFT JOIN unit ON unit.id = entrant.unit WHERE entrant.draw = $1 ORDER BY line",
        draw_id,
    )
    return [Listed(bytes(one["salt"]), one["name"], one["staff_number"], one["unit"]) for one in found]


async def stage_mark(draw_id: UUID, now: datetime) -> Mark | None:
    """What names the picture of a draw; None: no such draw."""
    found = await db.row(
        "SELECT version, state, coalesce(arm_after > $2, false) AS objections, call_seconds,"
        " (SELECT max(called_at) FROM win WHERE win.draw = draw.id AND win.state = 'called') AS called_at"
        " FROM draw WHERE id = $1",
        draw_id,
        now,
    )
    return None if found is None else Mark(**dict(found))
