"""What every action on a draw begins with: the row, locked, and the table of moves."""

from collections.abc import Callable
from uuid import UUID

from rewards import database as db
from rewards.draws import states
from rewards.draws.states import Move, State
from rewards.refusals import Refusal

NewId = Callable[[], UUID]

RandomBytes = Callable[[int], bytes]
"""`n` -> n unguessable bytes (secrets.token_bytes)."""


async def found_draw(draw_id: UUID) -> db.Row:
    """Join the caller's transaction: the draw, locked. Refusal draw.unknown."""
    found = await db.row("SELECT * FROM draw WHERE id = $1 FOR UPDATE", draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


async def locked(draw_id: UUID, move: Move) -> db.Row:
    found = await found_draw(draw_id)
    moved(found["state"], move)
    return found


def moved(state: str, move: Move) -> State:
    """The state after the move; Refusal draw.move when it is out of order."""
    reached = states.after(state, move)
    if reached is None:
        raise Refusal("draw.move", state=state, move=move)
    return reached
