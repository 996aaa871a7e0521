"""How long failed work waits before it is tried again."""

from datetime import timedelta

SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)


def wait_after(attempts: int) -> timedelta:
    """1 s after the first failed attempt, doubling to 5 min. Never gives up: work is dropped by nobody but people."""
    doublings = min(max(attempts - 1, 0), 16)
    return min(SHORTEST_WAIT * (1 << doublings), LONGEST_WAIT)
