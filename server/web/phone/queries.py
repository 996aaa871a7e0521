"""What the phone asks that belongs to no one room."""

from uuid import UUID

from rewards import database as db


async def units_over(unit: UUID | None) -> frozenset[UUID]:
    """The unit and every unit above it; empty for none."""
    found = await db.rows(
        "WITH RECURSIVE above (id, parent) AS (SELECT id, parent FROM unit WHERE id = $1"
        " UNION SELECT unit.id, unit.parent FROM unit JOIN above ON unit.id = above.parent) SELECT id FROM above",
        unit,
    )
    return frozenset(row["id"] for row in found)
