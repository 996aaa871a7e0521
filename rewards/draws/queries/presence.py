"""Who is at the venue of a draw, and the tickets of its list as they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.sheets import one_line

MOST_FOUND: Final = 50
MOST_TICKETS: Final = 2000
"""Tickets of one print."""


@dataclass(frozen=True, slots=True)
class DoorRow:
    """A draw as the door sees it. `people` on its list, `present` of them checked in; `tickets` of the whole list.

    `presence`: whoever is not checked in cannot win the prizes that ask for it.
    """

    id: UUID
    number: int
    slug: str
    title: str
    state: str
    rehearsal: bool
    presence: bool
    shown_names: str
    people: int
    present: int
    tickets: int


@dataclass(frozen=True, slots=True)
class GuestRow:
    """Somebody on the list. `unit` is the path "A / B", "" for none. `since` None: not checked in."""

    line: int
    member: UUID
    name: str
    staff_number: str
    unit: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets `first` to `last` (from 0) of a line, in a row. `struck`: on the void list."""

    line: int
    first: int
    last: int
    name: str
    staff_number: str
    unit: str
    struck: bool


_DOOR = """
SELECT draw.id, number, slug, title, state, rehearses IS NOT NULL AS rehearsal, presence, shown_names,
       (SELECT count(*) FROM entrant WHERE entrant.draw = draw.id)::integer AS people,
       (SELECT count(*) FROM check_in WHERE check_in.draw = draw.id)::integer AS present,
       (SELECT coalesce(sum(tickets), 0) FROM entrant WHERE entrant.draw = draw.id)::integer AS tickets
FROM draw
"""

_GUEST = """
SELECT entrant.line, entrant.member, coalesce(nullif(entrant.name, ''), member.name) AS name,
       coalesce(nullif(entrant.staff_number, ''), member.staff_number) AS staff_number,
       coalesce(replace(unit.path, '/', ' / '), '') AS unit, check_in.scanned_at AS since
FROM entrant
JOIN member ON member.id = entrant.member
LEFT JOIN unit ON unit.id = entrant.unit
LEFT JOIN check_in ON check_in.draw = entrant.draw AND check_in.member = entrant.member
"""


async def door(draw_id: UUID) -> DoorRow | None:
    """The door of a draw."""
    found = await db.row(_DOOR + "WHERE draw.id = $1", draw_id)
    return None if found is None else DoorRow(**dict(found))


async def door_by_number(number: int) -> DoorRow | None:
    """The door of the draw with this number."""
    found = await db.row(_DOOR + "WHERE draw.number = $1", number)
    return None if found is None else DoorRow(**dict(found))


async def door_by_slug(slug: str) -> DoorRow | None:
    """The door of the draw with this public name ("draw-2026-003")."""
    found = await db.row(_DOOR + "WHERE draw.slug = $1", slug)
    return None if found is None else DoorRow(**dict(found))


async def presence_now(draw_id: UUID) -> tuple[str, int]:
    """(state of the draw, how many are in); ("", 0): no such draw."""
    found = await db.row(
        "SELECT state, (SELECT count(*) FROM check_in WHERE check_in.draw = draw.id)::integer FROM draw WHERE id = $1",
        draw_id,
    )
    return ("", 0) if found is None else (found[0], found[1])


async def guest(draw_id: UUID, line: int) -> GuestRow | None:
    """Who stands on a line of the frozen list."""
    found = await db.row(_GUEST + "WHERE entrant.draw = $1 AND entrant.line = $2", draw_id, line)
    return None if found is None else GuestRow(**dict(found))


async def guest_of(draw_id: UUID, member: UUID) -> GuestRow | None:
    """The member's line of the frozen list; None: he is not on it."""
    found = await db.row(_GUEST + "WHERE entrant.draw = $1 AND entrant.member = $2", draw_id, member)
    return None if found is None else GuestRow(**dict(found))


async def guests(draw_id: UUID) -> list[GuestRow]:
    """The whole list, in its order. Linear: 50,000 people take about a second."""
    found = await db.rows(_GUEST + "WHERE entrant.draw = $1 ORDER BY entrant.line", draw_id)
    return [GuestRow(**dict(one)) for one in found]


async def guests_found(draw_id: UUID, text: str, limit: int = MOST_FOUND) -> list[GuestRow]:
    """Whose name, staff number or unit holds the text, exact staff numbers first; nobody for no text."""
    text = one_line(text)
    if not text:
        return []
    found = await db.rows(
        _GUEST + "WHERE entrant.draw = $1 AND (position(lower($2) IN lower(coalesce(nullif(entrant.name, ''),"
        " member.name))) > 0 OR position(lower($2) IN lower(coalesce(nullif(entrant.staff_number, ''),"
        " member.staff_number))) > 0 OR position(lower($2) IN lower(coalesce(unit.path, ''))) > 0)"
        " ORDER BY lower(coalesce(nullif(entrant.staff_number, ''), member.staff_number)) <> lower($2), entrant.line"
        " LIMIT $3",
        draw_id,
        text,
        limit,
    )
    return [GuestRow(**dict(one)) for one in found]


async def arrived(draw_id: UUID, since: datetime | None = None) -> list[tuple[int, datetime, datetime]]:
    """(line, when, when the server heard of it) of those checked in, the latest heard of first; `since`: heard of then
    or later."""
    found = await db.rows(
        "SELECT entrant.line, scanned_at, received_at FROM check_in"
        " JOIN entrant ON entrant.draw = check_in.draw AND entrant.member = check_in.member"
        " WHERE check_in.draw = $1 AND ($2::timestamptz IS NULL OR received_at >= $2) ORDER BY received_at DESC, line",
        draw_id,
        since,
    )
    return [(one["line"], one["scanned_at"], one["received_at"]) for one in found]


async def arrived_last(draw_id: UUID, limit: int = 10) -> list[GuestRow]:
    """Who was checked in last, the latest first."""
    found = await db.rows(
        _GUEST + "WHERE entrant.draw = $1 AND check_in.id IS NOT NULL ORDER BY check_in.received_at DESC, entrant.line"
        " LIMIT $2",
        draw_id,
        limit,
    )
    return [GuestRow(**dict(one)) for one in found]


async def present_lines(draw_id: UUID) -> list[int]:
    """The lines of those checked in, ascending."""
    found = await db.rows(
        "SELECT entrant.line FROM check_in JOIN entrant ON entrant.draw = check_in.draw"
        " AND entrant.member = check_in.member WHERE check_in.draw = $1 ORDER BY entrant.line",
        draw_id,
    )
    return [one["line"] for one in found]


_TICKETS = """
WITH counted AS MATERIALIZED (
    SELECT line, member, name, staff_number, unit, tickets,
           sum(tickets) OVER (ORDER BY line) - tickets AS first
    FROM entrant WHERE draw = $1
)
SELECT counted.line, counted.first::integer AS first, (counted.first + counted.tickets - 1)::integer AS last,
       coalesce(nullif(counted.name, ''), member.name) AS name,
       coalesce(nullif(counted.staff_number, ''), member.staff_number) AS staff_number,
       coalesce(unit.name, '') AS unit, void_line.id IS NOT NULL AS struck
FROM counted
JOIN member ON member.id = counted.member
LEFT JOIN unit ON unit.id = counted.unit
LEFT JOIN void_line ON void_line.draw = $1 AND void_line.line = counted.line
WHERE counted.first < $3 AND counted.first + counted.tickets > $2
ORDER BY counted.line
"""


async def tickets_of(draw_id: UUID, start: int, count: int) -> Sequence[Tickets]:
    """Whose tickets the numbers `start` to `start + count - 1` are, line by line; empty: beyond the last ticket.

    Counted through the frozen list as the protocol counts (section 5: each line holds a range of its tickets).
    """
    found = await db.rows(_TICKETS, draw_id, start, start + count)
    return [Tickets(**dict(one)) for one in found]
