"""Grading, scoring and the moves of a live room. Pure: times come in as arguments, in milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from rewards.presses import is_repeat

Scoring = Literal["none", "kahoot", "linear"]
Kind = Literal["single", "multiple", "true_false"]
State = Literal["scheduled", "lobby", "question", "reveal", "podium", "cancelled"]
Move = Literal["open", "next", "pause", "resume", "skip", "end", "cancel"]

SCORINGS: tuple[Scoring, ...] = ("none", "kahoot", "linear")
ANSWERING = ("open", "closing")
"""States of a round in which an answer received in time is still written down."""

DRAIN = timedelta(milliseconds=250)
"""Between the announcement that a round closes and its last word: answers received in time may still land."""

MOVES: Final[Mapping[tuple[str, Move], tuple[State, ...]]] = MappingProxyType(
    {
        ("scheduled", "open"): ("lobby",),
        ("scheduled", "cancel"): ("cancelled",),
        ("lobby", "next"): ("question", "podium"),
        ("lobby", "cancel"): ("cancelled",),
        ("question", "next"): ("reveal",),
        ("question", "pause"): ("question",),
        ("question", "resume"): ("question",),
        ("question", "skip"): ("question", "podium"),
        ("question", "end"): ("podium",),
        ("reveal", "next"): ("question", "podium"),
        ("reveal", "end"): ("podium",),
    }
)
"""(state of the room, what the host does) -> the state after it; where two stand, the second when no question is left.

What is not here is refused. A clock moves a room as its host would: it opens it, closes a question (next) and ends it.
"""


def after(state: str, move: Move, *, left: bool = True) -> State | None:
    """The state that a move leads to, or None when it cannot be made now. `left`: there is a question to ask yet."""
    found = MOVES.get((state, move))
    return None if found is None else found[0 if left else -1]


PRESSED: Final[tuple[Move, ...]] = ("open", "next", "pause", "resume")
"""Moves that one press makes, of a button, a key or a clicker; the others ask once more before they are made."""


def counts(move: Move, moved_at: datetime, now: datetime) -> bool:
    """Whether a press counts in a room that was last moved at `moved_at`: by whom or what does not matter, as nobody
    can have meant what he has not yet seen."""
    return move not in PRESSED or not is_repeat(moved_at, now)


def moves_from(state: str) -> tuple[Move, ...]:
    """What the host may do in this state, in the order of the table."""
    return tuple(move for (here, move) in MOVES if here == state)


def score(scoring: Scoring, *, points: int, elapsed_ms: int, limit_ms: int, floor_percent: int = 50) -> int:
    """Points of a right answer after `elapsed_ms` of `limit_ms` (0 <= elapsed <= limit, limit > 0).

    none: all of `points`, speed does not count. kahoot: round((1 - (t/T)/2) * P), answers under half a second
    get P (support.kahoot.com, "How points work"). linear: P * max(floor, 1 - t/T), rounded half up.
    """
    elapsed_ms = min(max(elapsed_ms, 0), limit_ms)
    if scoring == "none":
        return points
    if scoring == "kahoot":
        return points if elapsed_ms < 500 else _rounded(points * (2 * limit_ms - elapsed_ms), 2 * limit_ms)
    return _rounded(points * max(floor_percent * limit_ms, 100 * (limit_ms - elapsed_ms)), 100 * limit_ms)


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def percent_right(correct: int, counted: int) -> int:
    """Whole percent, rounded down, of `counted` rounds (closed, not skipped; at least one) that were answered right."""
    return 100 * correct // counted


def mask_of(indexes: "frozenset[int] | set[int] | tuple[int, ...] | list[int]") -> int:
    """Options 0..7 as bits: bit i set when option i is among them."""
    mask = 0
    for index in indexes:
        mask |= 1 << index
    return mask


def indexes_of(mask: int) -> tuple[int, ...]:
    """The options of a mask, ascending."""
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


def well_formed(picked: int, *, kind: str, options: int) -> bool:
    """Whether `picked` is an answer at all: known options only, at least one, and one alone unless multiple."""
    return 0 < picked < 1 << options and (kind == "multiple" or picked & (picked - 1) == 0)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a round was opened, when answers stop counting, and the pauses in between."""

    opened_at: datetime
    closes_at: datetime
    paused_ms: int

    def elapsed_ms(self, received_at: datetime) -> int:
        """Milliseconds from opening to receipt without the pauses, at least 0."""
        return max(0, _ms(received_at - self.opened_at) - self.paused_ms)


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def remaining_ms(closes_at: datetime, now: datetime, paused_at: datetime | None) -> int:
    """Milliseconds left to answer; while paused, as many as were left then. Never negative."""
    return max(0, _ms(closes_at - (paused_at or now)))
