"""How long failed work waits before it is tried again, and how long it is known what was done."""

from datetime import timedelta

SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)

DONE_KEPT = timedelta(days=14)
"""So long it can be looked up in the database that a piece of work was done, and be done once more when Redis has lost
what came of it."""


def wait_after(attempts: int) -> timedelta:
    """1 s after the first failed attempt, doubling to 5 min. Never gives up: work is dropped by nobody but people."""
    doublings = min(max(attempts - 1, 0), 16)
    return min(SHORTEST_WAIT * (1 << doublings), LONGEST_WAIT)
