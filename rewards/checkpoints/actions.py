"""Keep how far long work has come."""

from rewards.database import rows


async def keep(name: str, place: str) -> None:
    """Join the caller's transaction, if there is one: the work of this name has come so far."""
    await rows(
        "INSERT INTO checkpoint (name, place) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place",
        name,
        place,
    )


async def exchange(name: str, known: str | None, place: str) -> bool:
    """Join the caller's transaction, if there is one: it has come from `known` (None: it had not begun) to `place`.

    False: somebody else has brought it elsewhere; nothing changes.
    """
    moved = await rows(
        "INSERT INTO checkpoint (name, place) VALUES ($1, $3) ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place"
        " WHERE checkpoint.place = $2 RETURNING name",
        name,
        known,
        place,
    )
    return bool(moved)
