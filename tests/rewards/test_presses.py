"""What is one press, and what are two."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rewards.presses import APART, is_repeat

NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)
GAPS = st.timedeltas(timedelta(0), timedelta(days=2))


@given(GAPS)
def test_what_comes_within_a_second_and_a_half_is_the_same_press(gap: timedelta) -> None:
    assert is_repeat(NOON, NOON + gap) == (gap < timedelta(seconds=1.5))
    assert not is_repeat(None, NOON + gap)


@given(GAPS, GAPS)
def test_a_clock_that_is_set_back_keeps_nobody_waiting_longer(back: timedelta, gap: timedelta) -> None:
    """However far it went back since the last press, twice that moment is enough."""
    pressed = NOON + gap - back
    assert not is_repeat(NOON, pressed) or not is_repeat(NOON, pressed + 2 * APART)
