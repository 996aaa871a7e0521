"""The packed score orders exactly like (points down, reached up, member up) over the whole bounds."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rewards.boards import rules

POINTS = st.integers(0, rules.MOST_POINTS) | st.sampled_from([0, 1, rules.MOST_POINTS - 1, rules.MOST_POINTS])
REACHED = st.integers(0, rules.MOST_REACHED) | st.sampled_from([0, 1, rules.MOST_REACHED - 1, rules.MOST_REACHED])
STANDINGS = st.tuples(POINTS, REACHED)


@given(STANDINGS, STANDINGS)
@example((rules.MOST_POINTS, 0), (rules.MOST_POINTS, 1))
@example((rules.MOST_POINTS, rules.MOST_REACHED), (rules.MOST_POINTS - 1, 0))
@example((0, rules.MOST_REACHED), (0, rules.MOST_REACHED - 1))
def test_packing_orders_like_the_pair(one: tuple[int, int], two: tuple[int, int]) -> None:
    better = (-one[0], one[1]) < (-two[0], two[1])
    assert (float(rules.pack(*one)) < float(rules.pack(*two))) == better
    assert (rules.pack(*one) == rules.pack(*two)) == (one == two)


@given(STANDINGS)
def test_a_double_keeps_every_bit(standing: tuple[int, int]) -> None:
    score = rules.pack(*standing)
    assert int(float(score)) == score
    assert rules.unpack(float(score)) == standing


def test_the_bounds_fill_the_exact_doubles() -> None:
    assert rules.MOST_POINTS == 268_435_455
    assert rules.pack(rules.MOST_POINTS, 0) == -(2**53 - 1)
    assert rules.pack(0, rules.MOST_REACHED) == 0
    assert str(rules.pack(0, rules.MOST_REACHED)) == "0"


@pytest.mark.parametrize(
    ("points", "reached"), [(-1, 0), (rules.MOST_POINTS + 1, 0), (0, -1), (0, rules.MOST_REACHED + 1)]
)
def test_nothing_outside_the_bounds_is_packed(points: int, reached: int) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        rules.pack(points, reached)
    rules.pack(*rules.bounded(points, reached))


@given(st.integers(), st.integers())
def test_bounded_keeps_what_fits(points: int, reached: int) -> None:
    kept = rules.bounded(points, reached)
    rules.pack(*kept)
    assert rules.bounded(*kept) == kept
    if 0 <= points <= rules.MOST_POINTS and 0 <= reached <= rules.MOST_REACHED:
        assert kept == (points, reached)


def test_names_and_keys() -> None:
    id = UUID("0190f3a0-0000-7000-8000-000000000001")
    assert rules.season_board(id) == f"season:{id}"
    assert rules.unit_board(id) == f"units:{id}"
    assert rules.room_board(id) == f"room:{id}"
    assert rules.week_board(id, date(2027, 1, 1)) == f"week:{id}:2026-W53"
    assert rules.week_board(id, date(2026, 1, 5)) == f"week:{id}:2026-W02"
    assert rules.key("season:x") == "board:{season:x}"
    assert rules.guard_key("season:x") == "board:{season:x}:seq"
    assert rules.rates_key("season:x") == "board:{season:x}:rates"


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-200, 200))
def test_a_week_is_kept_for_sixty_days_after_its_sunday(day: date, later: int) -> None:
    today = day + timedelta(days=later)
    sunday = rules.monday(day) + timedelta(days=6)
    assert rules.monday(day).weekday() == 0
    assert rules.monday(day) <= day <= sunday
    kept = (today - sunday).days < 60
    assert (today < rules.week_ends(day)) == kept
    assert (rules.first_kept_week(today) <= rules.monday(day)) == kept
    if later >= 0:
        assert (rules.monday(day) in rules.weeks_kept(day, day, today)) == kept


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.data())
def test_means_and_rates_are_rounded_down(points: int, headcount: int, data: st.DataObject) -> None:
    mean = rules.mean_hundredths(points, headcount)
    assert mean * headcount <= points * 100 < (mean + 1) * headcount
    participants = data.draw(st.integers(0, headcount))
    rate = rules.rate_percent(participants, headcount)
    assert 0 <= rate <= 100
    assert (rate == 100) == (participants == headcount)
    assert rules.rate_percent(0, 0) == 0
