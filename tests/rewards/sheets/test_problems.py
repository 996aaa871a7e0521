"""Problems as they are told."""

from rewards.sheets import Findings, Problem
from rewards.sheets.limits import MAX_PROBLEMS


def test_findings_keep_few_and_count_all() -> None:
    doubts = [Problem(line, None, "x.doubt", severity="warning") for line in range(1, 301)]
    assert not Findings(doubts).blocked
    told = Findings([*doubts, Problem(999, None, "x.wrong")]).told()
    assert [problem.code for problem in told].count("x.wrong") == 1
    assert told[-1] == Problem(None, None, "file.more_problems", {"count": 101}, "warning")
    assert len(told) == MAX_PROBLEMS + 1
    assert Findings([Problem(1, None, "x.wrong")] * 201).told()[-1].severity == "error"
