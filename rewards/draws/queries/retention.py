"""Draws whose time of keeping is over."""

from datetime import datetime
from uuid import UUID

from rewards import database as db


async def ended_draws(ended_before: datetime, limit: int = 20) -> list[UUID]:
    """Draws whose time of keeping is over and that are not forgotten yet, the oldest first."""
    found = await db.rows(
        "SELECT id FROM draw WHERE forgotten_at IS NULL AND state IN ('closed', 'cancelled')"
        " AND CASE WHEN state = 'closed' THEN closed_at ELSE frozen_at END < $1 ORDER BY number LIMIT $2",
        ended_before,
        limit,
    )
    return [one["id"] for one in found]
