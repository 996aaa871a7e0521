"""Laws of Laurel's time, whatever people and time servers do to the wall clock."""

from hypothesis import given
from hypothesis import strategies as st

from rewards.clocks.rules import AGREES, LITTLE, SECOND, SLOWER, Kept, begun, seen, taken
from tests.laws import examples

HOUR = 3600 * SECOND
WALL = 1_800_000_000 * SECOND
STEADY = 5 * HOUR

passed = st.integers(0, 12 * HOUR)
large = st.integers(LITTLE + 1, 9000 * HOUR).flatmap(lambda far: st.sampled_from([far, -far]))
little = st.integers(-LITTLE, LITTLE)
set_by = st.one_of(st.just(0), little, large, st.sampled_from([HOUR, -HOUR, 8 * HOUR, -8 * HOUR]))
acts = st.lists(st.tuples(passed, set_by), max_size=30)


@examples(200)
@given(acts)
def test_time_goes_on_whatever_the_wall_does(acts: list[tuple[int, int]]) -> None:
    """Every second is a second, less what a look may slow it down by; it never goes ahead of both clocks."""
    wall, steady = WALL, STEADY
    kept = begun(wall, steady, None)
    for gone, by in acts:
        before = steady + kept.base
        wall, steady = wall + gone + by, steady + gone
        then = seen(kept, wall - steady)
        now = steady + then.base
        assert before + gone - SLOWER <= now <= before + gone + LITTLE
        assert now <= max(before + gone, wall)
        kept = then


@examples(200)
@given(acts)
def test_it_differs_from_the_wall_only_by_what_is_told(acts: list[tuple[int, int]]) -> None:
    wall, steady = WALL, STEADY
    kept = begun(wall, steady, None)
    for gone, by in acts:
        wall, steady = wall + gone + by, steady + gone
        kept = seen(kept, wall - steady)
        apart = wall - steady - kept.base
        assert abs(apart - kept.apart) <= SECOND if kept.apart else abs(apart) <= LITTLE
        assert seen(taken(kept), wall - steady).apart == 0


@given(st.lists(large, max_size=5), little)
def test_when_the_clock_is_put_right_all_is_as_before(steps: list[int], rest: int) -> None:
    """To within what is followed; and the rest of it is gone after as many looks as it takes to slow down."""
    kept = first = begun(WALL, STEADY, None)
    lead = WALL - STEADY
    for by in steps:
        lead += by
        kept = seen(kept, lead)
    lead = WALL - STEADY + rest
    for _ in range(LITTLE // SLOWER + 1):
        kept = seen(kept, lead)
    assert kept.apart == 0
    assert abs(kept.base - lead) <= AGREES
    assert abs(kept.base - first.base) <= LITTLE


@given(st.integers(0, 9000 * HOUR), st.integers(0, 9000 * HOUR))
def test_a_start_is_never_before_what_is_known(latest: int, wall: int) -> None:
    kept = begun(wall, STEADY, latest)
    assert STEADY + kept.base == max(latest, wall)
    assert kept.behind == (wall < latest)


def test_a_machine_that_started_behind_takes_the_time_that_it_is_given() -> None:
    """Its battery was empty; a time server, or somebody, sets it later, however far."""
    kept = seen(begun(0, STEADY, WALL), 0 - STEADY)
    assert (kept.base, kept.apart, kept.behind) == (WALL - STEADY, -WALL, True)
    assert seen(kept, WALL + 30 * HOUR - STEADY) == Kept(WALL + 30 * HOUR - STEADY)
    assert seen(kept, WALL - 2 * HOUR - STEADY) == Kept(WALL - STEADY, -2 * HOUR, True), "still behind"


def test_between_two_readings_nothing_is_told() -> None:
    kept = begun(WALL, STEADY, None)
    assert all(seen(kept, kept.base + noise) is kept for noise in (-AGREES, -1, 0, 1, AGREES))
