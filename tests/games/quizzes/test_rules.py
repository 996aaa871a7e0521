"""What a right answer is worth, what an answer is, and when it counts."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product
from math import floor
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.quizzes import rules
from games.quizzes.rules import MOVES, Move, Timing, after, indexes_of, mask_of, moves_from, remaining_ms, score

STATES = get_args(rules.State)
NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)

SCORINGS = st.sampled_from(rules.SCORINGS)
POINTS = st.integers(0, 10_000)
LIMITS = st.integers(5, 300).map(lambda seconds: seconds * 1000)
FLOORS = st.integers(0, 100)


@st.composite
def timed(draw: st.DrawFn) -> tuple[int, int]:
    """(elapsed, limit) in milliseconds, the limit included."""
    limit = draw(LIMITS)
    return draw(st.integers(0, limit)), limit


@given(SCORINGS, POINTS, timed(), FLOORS)
def test_a_right_answer_is_worth_between_the_floor_and_all_points(
    scoring: rules.Scoring, points: int, time: tuple[int, int], least: int
) -> None:
    elapsed, limit = time
    worth = score(scoring, points=points, elapsed_ms=elapsed, limit_ms=limit, floor_percent=least)
    floors = {"none": Fraction(points), "kahoot": Fraction(points, 2), "linear": Fraction(points * least, 100)}
    assert isinstance(worth, int)
    assert half_up(floors[scoring]) <= worth <= points


@given(SCORINGS, POINTS, LIMITS, FLOORS, st.data())
def test_waiting_never_pays(scoring: rules.Scoring, points: int, limit: int, least: int, data: st.DataObject) -> None:
    sooner = data.draw(st.integers(-1000, limit + 1000))
    later = data.draw(st.integers(sooner, limit + 2000))
    first, second = (
        score(scoring, points=points, elapsed_ms=elapsed, limit_ms=limit, floor_percent=least)
        for elapsed in (sooner, later)
    )
    assert first >= second


@given(POINTS, timed())
def test_kahoots_formula(points: int, time: tuple[int, int]) -> None:
    elapsed, limit = time
    exact = (1 - Fraction(elapsed, limit) / 2) * points
    assert score("kahoot", points=points, elapsed_ms=elapsed, limit_ms=limit) == (
        points if elapsed < 500 else half_up(exact)
    )


@given(POINTS, timed(), FLOORS)
def test_linear_formula(points: int, time: tuple[int, int], least: int) -> None:
    elapsed, limit = time
    exact = points * max(Fraction(least, 100), 1 - Fraction(elapsed, limit))
    assert score("linear", points=points, elapsed_ms=elapsed, limit_ms=limit, floor_percent=least) == half_up(exact)


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("elapsed", "limit", "worth"),
    [
        (2000, 30_000, 967),  # the example of Kahoot's help page
        (0, 20_000, 1000),
        (499, 20_000, 1000),
        (500, 20_000, 988),  # 987.5
        (5000, 20_000, 875),
        (10_000, 20_000, 750),
        (19_999, 20_000, 500),
        (20_000, 20_000, 500),
        (499, 5000, 1000),
        (500, 5000, 950),
    ],
)
def test_kahoots_known_values(elapsed: int, limit: int, worth: int) -> None:
    assert score("kahoot", points=1000, elapsed_ms=elapsed, limit_ms=limit) == worth
    assert score("kahoot", points=0, elapsed_ms=elapsed, limit_ms=limit) == 0
    assert score("none", points=1000, elapsed_ms=elapsed, limit_ms=limit) == 1000


@pytest.mark.parametrize(
    ("elapsed", "least", "worth"),
    [(0, 0, 1000), (5000, 0, 750), (20_000, 0, 0), (10_000, 50, 500), (15_000, 50, 500), (15_000, 100, 1000)],
)
def test_linear_known_values(elapsed: int, least: int, worth: int) -> None:
    assert score("linear", points=1000, elapsed_ms=elapsed, limit_ms=20_000, floor_percent=least) == worth


@given(SCORINGS, POINTS, LIMITS, FLOORS, st.integers(0, 10**6))
def test_outside_the_time_counts_as_its_ends(
    scoring: rules.Scoring, points: int, limit: int, least: int, beyond: int
) -> None:
    def worth(elapsed: int) -> int:
        return score(scoring, points=points, elapsed_ms=elapsed, limit_ms=limit, floor_percent=least)

    assert worth(-beyond) == worth(0)
    assert worth(limit + beyond) == worth(limit)


@given(st.integers(1, 500).flatmap(lambda counted: st.tuples(st.integers(0, counted), st.just(counted))), st.data())
def test_percent_right_reaches_a_bar_only_when_the_answers_do(play: tuple[int, int], data: st.DataObject) -> None:
    correct, counted = play
    percent = rules.percent_right(correct, counted)
    assert 0 <= percent <= 100
    bar = data.draw(st.integers(0, 100))
    assert (percent >= bar) == (Fraction(correct, counted) >= Fraction(bar, 100))


@given(st.frozensets(st.integers(0, 7)))
def test_masks_round_trip(options: frozenset[int]) -> None:
    mask = mask_of(options)
    assert indexes_of(mask) == tuple(sorted(options))
    assert 0 <= mask < 1 << 8
    assert mask_of(indexes_of(mask)) == mask


@given(st.integers(-(1 << 10), 1 << 10), st.sampled_from(get_args(rules.Kind)), st.integers(2, 8))
def test_an_answer_picks_what_there_is(picked: int, kind: str, options: int) -> None:
    chosen = indexes_of(picked) if picked > 0 else ()
    is_one = len(chosen) >= 1 and chosen[-1] < options and (kind == "multiple" or len(chosen) == 1)
    assert rules.well_formed(picked, kind=kind, options=options) == is_one


@given(st.integers(0, 300_000), st.integers(0, 60_000), st.integers(-1000, 400_000))
def test_elapsed_is_the_time_since_opening_without_the_pauses(limit: int, paused: int, after: int) -> None:
    timing = Timing(NOON, NOON + (limit + paused) * MS, paused)
    received = NOON + after * MS
    assert timing.elapsed_ms(received) == max(0, after - paused)
    if received <= timing.closes_at:
        assert timing.elapsed_ms(received) <= limit


@given(st.integers(-1000, 1000), st.none() | st.integers(-1000, 1000))
def test_what_is_left_never_runs_while_paused(now: int, paused: int | None) -> None:
    left = remaining_ms(NOON, NOON + now * MS, None if paused is None else NOON + paused * MS)
    assert left == max(0, -(now if paused is None else paused))


def test_the_table_of_moves_is_closed() -> None:
    reached = {state for states in MOVES.values() for state in states}
    assert {state for state, _ in MOVES} | reached <= set(STATES)
    for state, move in product(STATES, get_args(Move)):
        assert ((state, move) in MOVES) == (move in moves_from(state))
        led = {after(state, move), after(state, move, left=False)} - {None}
        assert led == set(MOVES.get((state, move), ())), "with a question left or without, and nowhere else"
    assert moves_from("podium") == moves_from("cancelled") == ()
    assert reached == set(STATES) - {"scheduled"}


PRESSES = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(seconds=4)), st.sampled_from(("open", "next", "next", "pause", "resume"))
    ),
    max_size=40,
)


@given(PRESSES, st.integers(1, 4))
def test_no_press_opens_a_question_and_closes_it_at_once(presses: list[tuple[timedelta, Move]], left: int) -> None:
    """Whatever is pressed whenever, by however many hands: nothing that was shown goes before somebody has seen it."""
    state, at = "scheduled", datetime(2026, 9, 2, 12, tzinfo=UTC)
    moved, opened = at, at
    for gap, move in presses:
        at += gap
        reached = rules.after(state, move, left=left > 0)
        if reached is None or not rules.counts(move, moved, at):
            continue
        assert at - moved >= timedelta(seconds=1.5)
        if state == "question" and reached == "reveal":
            assert at - opened >= timedelta(seconds=1.5)
        if reached == "question" and move == "next":
            opened, left = at, left - 1
        state, moved = reached, at


def test_what_asks_once_more_is_not_counted_as_a_press() -> None:
    at = datetime(2026, 9, 2, 12, tzinfo=UTC)
    for move in get_args(rules.Move):
        assert rules.counts(move, at, at) == (move in ("skip", "end", "cancel"))
