"""The prize policy that is set."""

from rewards import database as db
from rewards.draws.policy import Policy


async def policy() -> Policy:
    """What holds now; off with no limit until somebody sets it."""
    found = await db.row("SELECT mode, share, value_event, value_year FROM draw_policy")
    return Policy() if found is None else Policy(**dict(found))
