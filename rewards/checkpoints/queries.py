"""Where long work goes on."""

from rewards.checkpoints.tables import Checkpoint
from rewards.database import compiled, given, rows, value

_PLACE = compiled(Checkpoint.select(Checkpoint.place).where(Checkpoint.name == given(1)))


async def place(name: str) -> str | None:
    """How far the work of this name has come; None: it has not begun."""
    found: str | None = await value(_PLACE, name)
    return found


async def places(beginning: str) -> dict[str, str]:
    """Name -> place of all work whose name begins so."""
    found = await rows("SELECT name, place FROM checkpoint WHERE starts_with(name, $1)", beginning)
    return {one["name"]: one["place"] for one in found}
