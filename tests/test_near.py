"""Which tests are near a change, and which of them fit into the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.near import House, chosen, look, near

HOUSE = House(
    tests={
        "tests/test_arrows.py",
        "tests/rewards/funds/test_rules.py",
        "tests/rewards/funds/test_funds.py",
        "tests/rewards/draws/test_planning.py",
        "tests/server/web/funds/test_funds.py",
        "tests/server/web/test_html.py",
        "tests/server/web/test_matrix.py",
    },
    nouns={"fund", "draw"},
    importers={
        "rewards.funds.actions": {"rewards.draws.actions", "tests.rewards.funds.test_funds"},
        "rewards.draws.actions": {"tests.rewards.draws.test_planning", "server.web.draws.desk"},
        "server.web.draws.desk": {"server.app"},
        "server.app": {"tests.server.web.test_matrix"},
        "tests.rewards.draws.test_planning": set(),
        "tests.rewards.funds.test_funds": set(),
        "tests.server.web.test_matrix": set(),
    },
)


@pytest.mark.parametrize(
    ("changed", "first", "not_near"),
    [
        ("tests/server/web/test_html.py", "tests/server/web/test_html.py", "tests/server/web/test_matrix.py"),
        ("rewards/funds/rules.py", "tests/rewards/funds/test_rules.py", "tests/server/web/test_html.py"),
        ("rewards/funds/actions.py", "tests/rewards/funds/test_funds.py", "tests/server/web/test_matrix.py"),
        ("templates/desk/funds.html", "tests/rewards/funds/test_funds.py", "tests/rewards/draws/test_planning.py"),
        ("server/web/html.py", "tests/server/web/test_html.py", "tests/server/web/test_matrix.py"),
        ("tests/rewards/conftest.py", "tests/rewards/draws/test_planning.py", "tests/server/web/test_html.py"),
        ("docs/running.md", "tests/test_arrows.py", "tests/server/web/test_html.py"),
    ],
)
def test_what_is_near(changed: str, first: str, not_near: str) -> None:
    found = near([changed], HOUSE)
    assert "tests/test_arrows.py" in found
    assert not_near not in found
    nearest = min(distance for test, distance in found.items() if test != "tests/test_arrows.py" or len(found) == 1)
    assert found[first] == nearest


def test_what_uses_it_through_others_is_less_near_than_what_tests_it() -> None:
    found = near(["rewards/funds/actions.py"], HOUSE)
    assert found["tests/rewards/funds/test_funds.py"] < found["tests/rewards/draws/test_planning.py"]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 50)),
    st.floats(0, 100),
)
def test_the_nearest_are_taken_and_the_time_is_kept(
    distances: dict[str, int], seconds: dict[str, float], budget: float
) -> None:
    taken = chosen(distances, seconds, budget)
    assert taken
    assert len(set(taken)) == len(taken)
    assert [distances[test] for test in taken] == sorted(distances[test] for test in taken)
    if len(taken) > 1:
        assert sum(seconds.get(test, 5.0) for test in taken) <= budget + 1e-6
    if budget >= 6 * 50:
        assert set(taken) == set(distances)


def test_the_house_as_it_stands_is_read() -> None:
    resources = look()
    assert {"fund", "draw", "member", "kit"} <= resources.nouns
    assert "desk" not in resources.nouns
    assert "tests.test_near" in resources.importers["tests.near"]
    assert "tests/rewards/funds/test_funds.py" in near(["rewards/funds/rules.py"], resources)
