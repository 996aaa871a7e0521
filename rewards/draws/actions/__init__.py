"""What can be done with a draw: one transaction each, then the announcement. states.py holds the table of moves.

Lock order: the draw's row, then its wins. `redis` only carries the tick; nothing is kept there.
"""

from rewards.draws.actions.ceremony import (
    Confirmed,
    arm,
    beacon,
    call,
    cancel,
    check_dice,
    close,
    confirm_absence,
    confirm_cancel,
    keep,
    open_round,
    redraw,
    reveal,
    roll,
    take_kit,
    withdraw_absence,
)
from rewards.draws.actions.claiming import EXPIRE, Passed, claim, decline, expire, plan_expiry, undo_claim
from rewards.draws.actions.custody import seal
from rewards.draws.actions.freezing import Frozen, Progress, ask_freeze, freeze, miss_freeze, say_progress
from rewards.draws.actions.locking import NewId, RandomBytes
from rewards.draws.actions.planning import FREEZE, create_draw, edit_draw, set_prize_picture
from rewards.draws.actions.presence import MOST_ARRIVALS, Arrival, Seen, check_in, undo_check_in
from rewards.draws.actions.publishing import PUBLISH, publish
from rewards.draws.actions.recording import Logged, NewCode
from rewards.draws.actions.rehearsing import rehearse
from rewards.draws.actions.retention import forget_draw
from rewards.draws.actions.transcripts import MOST_BROUGHT, Brought, bring, confirm_log, weigh
from rewards.draws.actions.voiding import unvoid, void
from rewards.draws.actions.witnessing import confirm_code, dismiss_witness, name_witness

__all__ = [
    "EXPIRE",
    "FREEZE",
    "MOST_ARRIVALS",
    "MOST_BROUGHT",
    "PUBLISH",
    "Arrival",
    "Brought",
    "Confirmed",
    "Frozen",
    "Logged",
    "NewCode",
    "NewId",
    "Passed",
    "Progress",
    "RandomBytes",
    "Seen",
    "arm",
    "ask_freeze",
    "beacon",
    "bring",
    "call",
    "cancel",
    "check_dice",
    "check_in",
    "claim",
    "close",
    "confirm_absence",
    "confirm_cancel",
    "confirm_code",
    "confirm_log",
    "create_draw",
    "decline",
    "dismiss_witness",
    "edit_draw",
    "expire",
    "forget_draw",
    "freeze",
    "keep",
    "miss_freeze",
    "name_witness",
    "open_round",
    "plan_expiry",
    "publish",
    "redraw",
    "rehearse",
    "reveal",
    "roll",
    "say_progress",
    "seal",
    "set_prize_picture",
    "take_kit",
    "undo_check_in",
    "undo_claim",
    "unvoid",
    "void",
    "weigh",
    "withdraw_absence",
]
