"""Days by which nobody can tell the month from the day, until the file or somebody says the order."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.members.days import Order, clean_date, orders, shared_orders
from rewards.members.roster_file import Answers, Roster, read_roster
from rewards.sheets import write_csv

FORMS: dict[Order, str] = {"dmy": "{d:02}/{m:02}/{y:04}", "mdy": "{m}/{d}/{y:04}", "ymd": "{y2:02}/{m}/{d}"}
ORDERS: list[Order] = ["dmy", "mdy", "ymd"]


def of(days: list[str], answers: Answers | None = None) -> Roster:
    table = [["工号", "姓名", "入职日期"], *([str(at), "Li Na", day] for at, day in enumerate(days))]
    return read_roster(write_csv(table), "a.csv", answers)


def written(day: date, order: Order) -> str:
    return FORMS[order].format(d=day.day, m=day.month, y=day.year, y2=day.year % 100)


@given(st.lists(st.dates(date(1930, 1, 1), date(2029, 12, 31)), min_size=1, max_size=8), st.sampled_from(ORDERS))
def test_a_day_is_read_right_or_asked_about_and_right_once_the_order_is_said(days: list[date], order: Order) -> None:
    texts = [written(day, order) for day in days]
    found = of(texts)
    read = {row.line: row.joined for row in found.rows}
    assert all(read[line] == day for line, day in enumerate(days, start=2) if line in read)
    assert len(found.rows) in (0, len(days))
    if not found.rows:
        (doubt,) = found.doubts
        assert doubt.name == "days"
        assert order in [choice.value for choice in doubt.choices]
        assert len(doubt.choices) > 1
    said = of(texts, Answers(days=order))
    assert [row.joined for row in said.rows] == days
    assert said.doubts == ()


def test_one_day_that_allows_no_other_order_says_it_for_all() -> None:
    british = of(["01/03/2024", "25/12/2019"])
    assert [row.joined for row in british.rows] == [date(2024, 3, 1), date(2019, 12, 25)]
    assert [(one.code, one.severity) for one in british.problems] == [("roster.days_dmy", "warning")]
    american = of(["1/3/2024", "12/25/2019"])
    assert [row.joined for row in american.rows] == [date(2024, 1, 3), date(2019, 12, 25)]
    chinese = of(["98/3/1", "03/7/15"])
    assert [row.joined for row in chinese.rows] == [date(1998, 3, 1), date(2003, 7, 15)]


def test_days_that_contradict_each_other_are_wrong_until_somebody_says_the_order() -> None:
    both = of(["25/12/2019", "12/25/2019"])
    assert both.rows == ()
    assert [problem.code for problem in both.problems] == ["roster.date_unclear"] * 2
    assert [row.joined for row in of(["25/12/2019", "12/25/2019"], Answers(days="dmy")).rows] == [date(2019, 12, 25)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 March 2024", date(2024, 3, 1)),
        ("1-Mar-2024", date(2024, 3, 1)),
        ("March 1, 2024", date(2024, 3, 1)),
        ("1st Sept 2024", date(2024, 9, 1)),
        ("2019年3月", None),
        ("2003.07", None),
        ("1 Ma 2024", None),
        ("30 February 2024", None),
    ],
)
def test_months_by_their_names(text: str, day: date | None) -> None:
    assert clean_date(text) == day


def test_an_order_is_needed_by_few_texts() -> None:
    assert orders("01/03/2024") == {"dmy", "mdy"}
    assert orders("01.03.24") == {"dmy", "mdy", "ymd"}
    assert orders("2024-03-01") == orders("32/13/2024") == orders("soon") == frozenset()
    assert shared_orders(["01/03/2024", "25/12/2019", "2024-01-01"]) == {"dmy"}
    assert shared_orders([]) == frozenset()
