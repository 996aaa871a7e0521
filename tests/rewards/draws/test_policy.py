"""What a draw breaks of the prize policy, and how the policy is set."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import database as db
from rewards.audit.queries import latest
from rewards.draws.actions.policing import set_policy
from rewards.draws.policy import MODES, Breach, Policy, flaw, judge, most_winners, over_the_year, percent, read_percent
from rewards.draws.queries.policy import policy
from rewards.refusals import Refusal

NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)
TWO_THIRDS = Policy("block", share=667)
VALUES = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 10**6), st.integers(0, 50)), max_size=6)
POLICIES = st.builds(
    Policy,
    st.sampled_from(MODES),
    share=st.integers(0, 1000),
    value_event=st.integers(0, 10**6),
    value_year=st.integers(0, 10**6),
)


def test_two_thirds_of_sixty_are_forty() -> None:
    assert judge(TWO_THIRDS, 60, 40, [("a", 0, 40)], True) == []
    assert judge(TWO_THIRDS, 60, 41, [("a", 0, 41)], True) == [
        Breach("policy.share", {"winners": 41, "people": 60, "most": 40})
    ]


def test_nobody_wins_twice_in_the_share() -> None:
    assert judge(TWO_THIRDS, 3, 1000, [("a", 0, 1000)], False)[0].details == {"winners": 3, "people": 3, "most": 2}
    assert judge(TWO_THIRDS, 0, 1000, [("a", 0, 1000)], True) == []


def test_a_prize_above_the_limit_is_named() -> None:
    limit = Policy("warn", value_event=80_000)
    assert judge(limit, 10, 3, [("first", 80_001, 1), ("second", 80_000, 2), ("none", 10**6, 0)], True) == [
        Breach("policy.value_event", {"prize": "first", "value": "800.01", "most": "800.00"})
    ]


def test_several_wins_of_one_person_count_together() -> None:
    limit, prizes = Policy("warn", value_event=80_000), [("first", 50_000, 1), ("second", 15_001, 2)]
    assert judge(limit, 10, 3, prizes, True) == []
    assert judge(limit, 10, 3, prizes, False) == [
        Breach("policy.value_together", {"value": "800.02", "most": "800.00"})
    ]


@given(POLICIES, st.integers(0, 500), st.integers(0, 500), VALUES, st.booleans())
def test_a_draw_is_judged_by_each_limit_alone(
    given: Policy, entrants: int, places: int, values: list[tuple[str, int, int]], one_win: bool
) -> None:
    codes = [breach.code for breach in judge(given, entrants, places, values, one_win)]
    if given.mode == "off":
        assert codes == []
        return
    too_many = min(places, entrants) * 1000 > entrants * given.share if given.share else False
    assert ("policy.share" in codes) == too_many
    dear = [value for _, value, quantity in values if quantity and value > given.value_event > 0]
    assert codes.count("policy.value_event") == len(dear)
    worst = max((value for _, value, quantity in values if quantity), default=0)
    if not one_win:
        worst = sum(value * quantity for _, value, quantity in values)
    assert bool(set(codes) - {"policy.share"}) == (worst > given.value_event > 0)
    assert len(codes) == len(set(codes)) or len(dear) > 1


@given(POLICIES, st.integers(0, 500), st.integers(0, 500))
def test_more_winners_never_break_less(given: Policy, entrants: int, places: int) -> None:
    def broken(count: int) -> bool:
        return bool(judge(given, entrants, count, [], True))

    assert broken(places) <= broken(places + 1)
    assert not broken(most_winners(given, entrants))


@given(st.integers(0, 1000))
def test_a_percentage_is_read_as_it_is_shown(share: int) -> None:
    shown = percent(share)
    for typed in (
        shown,
        f" {shown} % ",
        shown.translate(str.maketrans("0123456789.", "０１２３４５６７８９．")) + "％",
    ):
        assert read_percent(typed) == share


@pytest.mark.parametrize("typed", ["", "-1", "100.1", "101", "66.67", "two", "2/3", "1e2"])
def test_what_is_no_percentage_is_refused(typed: str) -> None:
    with pytest.raises(Refusal, match=r"policy\.share_form"):
        read_percent(typed)


@given(POLICIES, st.dictionaries(st.uuids(), st.integers(0, 10**6)), st.integers(0, 10**6))
def test_a_year_is_exceeded_exactly_above_its_limit(given: Policy, already: dict[UUID, int], dearest: int) -> None:
    over = over_the_year(given, already, dearest)
    limited = given.mode != "off" and given.value_year > 0
    assert over == {one for one, value in already.items() if limited and value + dearest > given.value_year}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Policy("block", 1000, 10**11, 10**11), None),
        (Policy("maybe"), "policy.mode_unknown"),  # type: ignore[arg-type]
        (Policy("warn", share=1001), "policy.share_range"),
        (Policy("warn", share=-1), "policy.share_range"),
        (Policy("warn", value_event=-1), "policy.value_range"),
        (Policy("warn", value_year=10**11 + 1), "policy.value_range"),
    ],
)
def test_flaws_of_a_policy(given: Policy, code: str | None) -> None:
    assert flaw(given) == code


async def test_the_policy_is_set_with_a_reason_and_noted(database: str) -> None:
    assert await policy() == Policy()
    actor, wanted = uuid4(), Policy("block", 667, 80_000, 200_000)
    await set_policy(wanted, actor=actor, now=NOON, why=" Guideline of the city union ")
    assert await policy() == wanted
    (line,) = await latest(1)
    assert (line.code, line.actor, line.why) == ("policy.set", actor, "Guideline of the city union")
    assert line.details == {"mode": "block", "share": "66.7 %", "value_event": "800.00", "value_year": "2,000.00"}
    for other, reason, code in ((wanted, " ", "policy.why_missing"), (Policy("warn", 1001), "x", "policy.share_range")):
        with pytest.raises(Refusal, match=code.replace(".", r"\.")):
            await set_policy(other, actor=actor, now=NOON, why=reason)
    assert await policy() == wanted
    with pytest.raises(asyncpg.CheckViolationError):
        await db.rows("INSERT INTO draw_policy (id) VALUES (2)")
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("DELETE FROM draw_policy")
