"""Keep how far long work has come."""

from rewards.database import rows


async def keep(name: str, place: str) -> None:
    """Join the caller's transaction, if there is one: the work of this name has come so far."""
    await rows(
        "INSERT INTO checkpoint (name, place) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place",
        name,
        place,
    )
