"""Backoff grows from a second to five minutes and stays there."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from rewards.outbox.rules import LONGEST_WAIT, SHORTEST_WAIT, wait_after


def test_first_waits() -> None:
    assert [wait_after(n).total_seconds() for n in (1, 2, 3, 9, 10, 99)] == [1, 2, 4, 256, 300, 300]


@given(st.integers(0, 10**9))
def test_waits_are_bounded_and_never_shrink(attempts: int) -> None:
    assert SHORTEST_WAIT <= wait_after(attempts) <= wait_after(attempts + 1) <= LONGEST_WAIT
    assert wait_after(attempts) % timedelta(seconds=1) == timedelta(0)
