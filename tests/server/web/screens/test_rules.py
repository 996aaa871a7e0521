"""Laws of what a wall shows of all that goes on."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.web.frame.runs import Run
from server.web.screens.rules import IDLE, is_over, newest

NOW = datetime(2026, 9, 2, 20, tzinfo=UTC)
STAYS = timedelta(minutes=3)
MINUTES = st.integers(0, 600)


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[str, Run]]:
    """A day of rooms and draws until NOW: each begins, is moved, and may end with its last move."""
    made = []
    for number in range(draw(st.integers(0, 6))):
        began = NOW - timedelta(minutes=draw(MINUTES))
        moved = began + (NOW - began) * draw(st.integers(0, 10)) / 10
        ended = moved if draw(st.booleans()) else None
        made.append((draw(st.sampled_from(("room", "draw"))), Run(UUID(int=number), began, moved, ended, STAYS)))
    return made


@given(runs())
def test_what_is_shown_goes_on_or_has_just_ended(all_runs: list[tuple[str, Run]]) -> None:
    found = newest(all_runs, NOW)
    if found is not None:
        assert found in all_runs
        run = found[1]
        assert NOW - run.moved < IDLE if run.ended is None else run.ended + STAYS > NOW


@given(runs())
def test_nothing_left_lying_comes_back_behind_something_newer(all_runs: list[tuple[str, Run]]) -> None:
    found = newest(all_runs, NOW)
    if found is None or found[1].ended is not None:
        return
    shown = found[1]
    for _, other in all_runs:
        if other.ended is not None and (other.began, other.subject) > (shown.began, shown.subject):
            assert shown.moved > other.ended


@given(runs())
def test_what_began_last_and_goes_on_is_shown_whatever_else_there_is(all_runs: list[tuple[str, Run]]) -> None:
    begun = Run(UUID(int=99), NOW, NOW, None, STAYS)
    assert newest([*all_runs, ("room", begun)], NOW) == ("room", begun)


def test_the_two_evenings_that_were_spoiled() -> None:
    hour = timedelta(hours=1)
    draw = Run(UUID(int=1), NOW - 3 * hour, NOW - 2 * hour, NOW - 2 * hour, timedelta(minutes=15))
    room = Run(UUID(int=2), NOW - hour, NOW - hour / 2, None, STAYS)
    assert newest([("draw", draw), ("room", room)], NOW) == ("room", room)
    left = Run(UUID(int=3), NOW - 2 * hour, NOW - 2 * hour, None, STAYS)
    podium = Run(UUID(int=4), NOW - hour, NOW, NOW, STAYS)
    both = [("room", left), ("room", podium)]
    assert newest(both, NOW) == ("room", podium)
    assert newest(both, NOW + STAYS) is None
    again = Run(left.subject, left.began, NOW + STAYS / 2, None, STAYS)
    assert newest([("room", again), ("room", podium)], NOW + STAYS) == ("room", again)


@given(st.timedeltas(timedelta(0), timedelta(hours=1)), st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_who_takes_over_what_has_ended_sees_its_end_for_as_long_as_others_did(ago: timedelta, taken: timedelta) -> None:
    run = Run(UUID(int=1), NOW - ago, NOW - ago, NOW - ago, STAYS)
    assert is_over(run, NOW, NOW - taken) == (min(ago, taken) >= STAYS)
