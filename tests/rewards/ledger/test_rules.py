"""Caps, rounding and what makes two facts the same."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.ledger import rules

DAY = date(2026, 9, 2)
POINTS = st.integers(0, rules.MOST_POINTS)


@given(st.lists(POINTS, max_size=20), st.none() | st.integers(0, 10**8))
def test_a_cap_gives_the_first_points_up_to_itself(asked: list[int], cap: int | None) -> None:
    earned = 0
    for points in asked:
        given, reason = rules.granted(points, cap=cap, earned=earned)
        assert 0 <= given <= points
        assert (reason == "") == (given == points)
        earned += given
    assert earned == (sum(asked) if cap is None else min(sum(asked), cap))


@given(st.integers(0, 100), st.integers(0, 200))
def test_a_cap_lowered_below_what_is_earned_gives_nothing(points: int, earned: int) -> None:
    assert rules.granted(points, cap=0, earned=earned)[0] == 0


@given(POINTS, st.integers(0, 1000))
def test_spend_points_are_rounded_down(points: int, percent: int) -> None:
    assert 0 <= points * percent - rules.spend_of(points, percent) * 100 < 100


FACTS = st.fixed_dictionaries(
    {
        "member": st.uuids(),
        "points": st.integers(0, 20),
        "rule": st.sampled_from(["quiz", "quiz2"]),
        "season": st.uuids(),
        "day": st.dates(),
        "note": st.text(alphabet='a",]1\\', max_size=4),
    }
)


@given(FACTS, FACTS, st.sets(st.sampled_from(["member", "points", "rule", "season", "day", "note"])))
def test_the_digest_tells_inputs_apart(one: dict[str, object], two: dict[str, object], same: set[str]) -> None:
    two = two | {name: one[name] for name in same}
    assert (rules.digest(**one) == rules.digest(**two)) == (one == two)  # type: ignore[arg-type]


def test_the_digest_stays_what_it_was() -> None:
    digest = rules.digest(member=UUID(int=1), points=5, rule="quiz", season=UUID(int=2), day=DAY, note="安全")
    assert digest.hex() == "1386fcb7cc038a11a7c6358cc930897382b81af42eb0b544a8d9d56abf6d902f"


@pytest.mark.parametrize(
    ("key", "points", "note", "code"),
    [
        ("k", 0, "", None),
        ("k" * 200, rules.MOST_POINTS, "n" * 300, None),
        ("", 0, "", "ledger.key_invalid"),
        ("k" * 201, 0, "", "ledger.key_invalid"),
        ("k\0", 0, "", "ledger.key_invalid"),
        ("k", -1, "", "ledger.points_out_of_range"),
        ("k", rules.MOST_POINTS + 1, "", "ledger.points_out_of_range"),
        ("k", 0, "n" * 301, "ledger.note_invalid"),
        ("k", 0, "\0", "ledger.note_invalid"),
    ],
)
def test_flaws_of_an_award(key: str, points: int, note: str, code: str | None) -> None:
    assert rules.flaw(key=key, points=points, note=note) == code


@pytest.mark.parametrize(
    ("name", "days", "code"),
    [
        ("Autumn", 0, None),
        ("Autumn", rules.LONGEST_SEASON - 1, None),
        ("Autumn", rules.LONGEST_SEASON, "season.too_long"),
        ("Autumn", -1, "season.ends_before_start"),
        (" ", 1, "season.name_invalid"),
        ("a" * 101, 1, "season.name_invalid"),
    ],
)
def test_flaws_of_a_season(name: str, days: int, code: str | None) -> None:
    assert rules.season_flaw(name, DAY, DAY + timedelta(days=days)) == code


@pytest.mark.parametrize(
    ("rule", "cap", "percent", "code"),
    [
        ("team_win", None, 0, None),
        ("quiz", 0, 1000, None),
        ("Quiz", 0, 0, "rule.code_invalid"),
        ("", 0, 0, "rule.code_invalid"),
        ("a b", 0, 0, "rule.code_invalid"),
        ("a" * 41, 0, 0, "rule.code_invalid"),
        ("quiz", -1, 0, "rule.cap_out_of_range"),
        ("quiz", 2**31, 0, "rule.cap_out_of_range"),
        ("quiz", None, 1001, "rule.spend_out_of_range"),
        ("quiz", None, -1, "rule.spend_out_of_range"),
    ],
)
def test_flaws_of_a_rule(rule: str, cap: int | None, percent: int, code: str | None) -> None:
    assert rules.rule_flaw(rule, cap, percent) == code
