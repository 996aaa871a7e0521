"""What can be done with a draw: one transaction each, then the announcement. states.py holds the table of moves.

Lock order: the draw's row, then its wins. `redis` only carries the tick; nothing is kept there.
"""

from rewards.draws.actions.ceremony import Held, cancel, check_dice, hold, read_digits
from rewards.draws.actions.claiming import claim
from rewards.draws.actions.freezing import Frozen, freeze, miss_freeze
from rewards.draws.actions.locking import NewId, RandomBytes
from rewards.draws.actions.planning import FREEZE, create_draw, edit_draw
from rewards.draws.actions.publishing import PUBLISH, publish
from rewards.draws.actions.retention import ended_draws, forget_draw
from rewards.draws.actions.witnessing import confirm_code

__all__ = [
    "FREEZE",
    "PUBLISH",
    "Frozen",
    "Held",
    "NewId",
    "RandomBytes",
    "cancel",
    "check_dice",
    "claim",
    "confirm_code",
    "create_draw",
    "edit_draw",
    "ended_draws",
    "forget_draw",
    "freeze",
    "hold",
    "miss_freeze",
    "publish",
    "read_digits",
]
