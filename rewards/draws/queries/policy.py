"""The prize policy that is set."""

from rewards import database as db
from rewards.draws.policy import Policy
from rewards.draws.tables import DrawPolicy

_POLICY = db.compiled(
    DrawPolicy.select(DrawPolicy.mode, DrawPolicy.share, DrawPolicy.value_event, DrawPolicy.value_year)
)


async def policy() -> Policy:
    """What holds now; off with no limit until somebody sets it."""
    found = await db.row(_POLICY)
    return Policy() if found is None else Policy(**found)
