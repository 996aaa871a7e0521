"""Chance, on keys derived from a counter: the same numbers on every run, so nothing here can fail by chance alone."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

from rewards.draws import rules
from rewards.draws.rules import Line, Manifest, Prize, Round

RUNS = 20_000
WEIGHTS = [3, 1, 10, 5, 2]
Eligible = Callable[[tuple[int, ...]], Sequence[int]]
"""Lines picked so far -> lines that may be picked next."""


def key_of(number: int) -> bytes:
    return hashlib.sha256(f"key:{number}".encode()).digest()


def entrants(weights: list[int], units: str = "", groups: str = "") -> list[Line]:
    return [
        Line(f"{place:064x}", weight, units[place] if units else "A", groups[place] if groups else "")
        for place, weight in enumerate(weights)
    ]


def promise(lines: list[Line], *prizes: Prize, **named) -> Manifest:
    return Manifest(
        draw_id="fair",
        n=len(lines),
        tickets=sum(line.tickets for line in lines),
        root="0" * 64,
        commit=("0" * 64,),
        venue="d10x20",
        prizes=prizes,
        **named,
    )


def chances(weights: list[int], picks: Sequence[Eligible]) -> dict[tuple[int, ...], float]:
    """How likely every sequence of picks is, ticket for ticket."""
    found = {(): 1.0}
    for eligible in picks:
        longer: dict[tuple[int, ...], float] = {}
        for before, chance in found.items():
            lines = eligible(before)
            total = sum(weights[line] for line in lines)
            for line in lines:
                longer[*before, line] = chance * weights[line] / total
        found = longer
    return found


def fair(counts: Counter, expected: dict[tuple[int, ...], float]) -> bool:
    """Chi-square below its 0.001 point (the approximation of Wilson and Hilferty, 1931)."""
    assert set(counts) <= set(expected)
    runs = sum(counts.values())
    assert min(expected.values()) * runs > 5
    value = sum((counts[cell] - runs * chance) ** 2 / (runs * chance) for cell, chance in expected.items())
    df = len(expected) - 1
    return value < df * (1 - 2 / (9 * df) + 3.09 * (2 / (9 * df)) ** 0.5) ** 3


def started(manifest: Manifest, lines: list[Line], run: int, **named) -> tuple[rules.Drawing, tuple[int, ...]]:
    drawing = rules.Drawing(manifest, lines, **named)
    outcomes = drawing.start(manifest.stages[0], key_of(run))
    return drawing, tuple(outcome.pick.line for outcome in outcomes)


def test_the_measure_knows_unfair_from_fair() -> None:
    """Two tickets too many for one line of 21, and the test says so."""
    lines = entrants([3, 1, 10, 5, 4])
    manifest = promise(lines, Prize("a", 1))
    counts = Counter(started(manifest, lines, run)[1] for run in range(RUNS))
    assert fair(counts, chances([3, 1, 10, 5, 4], [lambda before: range(5)]))
    assert not fair(counts, chances(WEIGHTS, [lambda before: range(5)]))


def test_tickets_are_chances() -> None:
    lines = entrants(WEIGHTS)
    manifest = promise(lines, Prize("a", 1))
    pool = rules.Pool(manifest, lines)
    counts = Counter((pool.pick(key_of(run), manifest.prizes[0], 0, 0).line,) for run in range(RUNS))
    assert fair(counts, chances(WEIGHTS, [lambda before: range(5)]))


def others(before: tuple[int, ...]) -> list[int]:
    return [line for line in range(5) if line not in before]


def test_pairs_are_drawn_in_proportion_to_what_remains() -> None:
    """The ordered pair of two slots, 20 outcomes."""
    lines = entrants(WEIGHTS)
    manifest = promise(lines, Prize("a", 2))
    counts = Counter(started(manifest, lines, run)[1] for run in range(RUNS))
    assert fair(counts, chances(WEIGHTS, [others, others]))


def test_a_cap_takes_a_unit_out_and_nothing_else() -> None:
    """Units A A B B C, one win each: the second and third pick are among the units that have none."""
    units = "AABBC"
    lines = entrants(WEIGHTS, units)
    manifest = promise(lines, Prize("a", 3), unit_cap=1)

    def capped(before: tuple[int, ...]) -> list[int]:
        return [line for line in range(5) if units[line] not in {units[won] for won in before}]

    counts = Counter(started(manifest, lines, run)[1] for run in range(RUNS))
    assert fair(counts, chances(WEIGHTS, [capped] * 3))


def test_unit_lists_and_classes_share_by_tickets() -> None:
    """A prize for units A and C, one for the class `n`, one for all: each in proportion among its own."""
    lines = entrants(WEIGHTS, "AABBC", "nnndd")
    prizes = (Prize("team", 1, units=("C", "A")), Prize("night", 1, "n"), Prize("all", 1))
    manifest = promise(lines, *prizes)
    picks: list[Eligible] = [
        lambda before: [0, 1, 4],
        lambda before: [line for line in (0, 1, 2) if line not in before],
        others,
    ]
    counts = Counter(started(manifest, lines, run)[1] for run in range(RUNS))
    assert fair(counts, chances(WEIGHTS, picks))


def test_presence_and_voids_leave_the_rest_in_proportion() -> None:
    lines = entrants([*WEIGHTS, 7])
    manifest = promise(lines, Prize("here", 1), Prize("anywhere", 1, present=False), presence=True)
    picks: list[Eligible] = [
        lambda before: [0, 2, 4],
        lambda before: [line for line in (0, 2, 3, 4, 5) if line not in before],
    ]
    counts = Counter(started(manifest, lines, run, voided=[1], present=[0, 1, 2, 4])[1] for run in range(RUNS))
    assert fair(counts, chances([*WEIGHTS, 7], picks))


def test_a_redraw_is_fair_with_and_without_dice() -> None:
    """Two slots, the first winner goes: his place falls to one of the other three, whatever the key is made of."""
    lines = entrants(WEIGHTS)
    manifest = promise(lines, Prize("a", 2))
    for fresh in (lambda run: None, lambda run: hashlib.sha256(f"dice:{run % 10_000:04}".encode()).digest()):
        counts: Counter[tuple[int, ...]] = Counter()
        for run in range(RUNS):
            drawing, before = started(manifest, lines, run)
            drawing.absent("a", 0)
            counts[*before, drawing.redraw("a", 0, fresh(run)).pick.line] += 1
        assert fair(counts, chances(WEIGHTS, [others, others, others]))


def test_dice_alone_make_a_redraw_fair() -> None:
    """One seed known to all: the ten thousand throws of four dice share the place out by tickets."""
    lines = entrants(WEIGHTS)
    manifest = promise(lines, Prize("a", 1, redraw="d10x4"))
    _, (gone,) = started(manifest, lines, 0)
    counts: Counter[tuple[int, ...]] = Counter()
    for throw in range(10_000):
        drawing, _ = started(manifest, lines, 0)
        drawing.absent("a", 0)
        counts[(drawing.redraw("a", 0, rules.venue_value(bytes(32), "redraw-d10x4", f"{throw:04}")).pick.line,)] += 1
    assert fair(counts, chances(WEIGHTS, [lambda before: [line for line in range(5) if line != gone]]))


def test_alternates_are_drawn_in_proportion_too() -> None:
    lines = entrants(WEIGHTS)
    manifest = promise(lines, Prize("a", 1, alternates=2))
    counts: Counter[tuple[int, ...]] = Counter()
    for run in range(RUNS):
        drawing, before = started(manifest, lines, run)
        counts[*before, *(alternate.pick.line for alternate in drawing.alternates())] += 1
    assert fair(counts, chances(WEIGHTS, [others, others, others]))


def test_rounds_do_not_know_of_each_other() -> None:
    """One seed, two rounds of equal chances with everybody in both: all 25 pairs are as likely as tickets say."""
    lines = entrants(WEIGHTS)
    stages = (Round("one"), Round("two"))
    manifest = promise(lines, Prize("a", 1, round="one"), Prize("b", 1, round="two"), rounds=stages, one_win=False)
    counts: Counter[tuple[int, ...]] = Counter()
    for run in range(RUNS):
        drawing = rules.Drawing(manifest, lines)
        found = [drawing.start(stage, rules.round_key(key_of(run), stage.id)) for stage in stages]
        counts[tuple(one.pick.line for (one,) in found)] += 1
    assert fair(counts, chances(WEIGHTS, [lambda before: range(5)] * 2))


def test_first_and_last_line_have_fair_odds() -> None:
    """Of 100 equal lines each end wins 200 of 20,000 times, give or take four standard deviations of 14.07."""
    lines = entrants([1] * 100)
    manifest = promise(lines, Prize("a", 1))
    pool = rules.Pool(manifest, lines)
    counts = Counter(pool.pick(key_of(run), manifest.prizes[0], 0, 0).line for run in range(RUNS))
    for end in (0, 99):
        assert abs(counts[end] - 200) < 4 * 14.07


def test_the_first_and_last_ticket_belong_to_the_first_and_last_line() -> None:
    lines = entrants([2, 3, 4])
    pool = rules.Pool(promise(lines, Prize("a", 1)), lines)
    found: dict[int, set[int]] = {}
    for run in range(500):
        pick = pool.pick(key_of(run), Prize("a", 1), 0, 0)
        found.setdefault(pick.line, set()).add(pick.ticket)
    assert found == {0: {0, 1}, 1: {2, 3, 4}, 2: {5, 6, 7, 8}}


def test_half_of_all_words_may_be_rejected_without_bias() -> None:
    """Weight 2^31 + 1, the worst case: both halves of the tickets are hit equally often (4 deviations of 70.7)."""
    weight = 2**31 + 1
    found = [rules.choose(key_of(run), "a", 0, 0, weight) for run in range(RUNS)]
    assert abs(sum(ticket < weight // 2 for _, ticket in found) - 10_000) < 4 * 70.8
    assert abs(sum(counter > 0 for counter, _ in found) - 10_000) < 4 * 70.8
    assert max(counter for counter, _ in found) > 5
    assert all(ticket < weight for _, ticket in found)


def test_a_draw_takes_the_rejection_branch_and_agrees_with_the_page() -> None:
    """Two lines of 2^31 tickets less one and of two: W = 2^31 + 1, and about every second pick rejects a word."""
    lines = entrants([2**31 - 1, 2])
    manifest = promise(lines, Prize("a", 1))
    rejected = 0
    for run in range(200):
        drawing = rules.Drawing(manifest, lines)
        (outcome,) = drawing.start(manifest.stages[0], key_of(run))
        counter, weight, ticket, line = outcome.pick
        assert weight == 2**31 + 1
        words = [rules.word(key_of(run), "a", 0, 0, number) for number in range(counter + 1)]
        assert [word >= weight for word in words] == [True] * counter + [False]
        assert (ticket, line) == (words[-1], int(words[-1] >= 2**31 - 1))
        rejected += counter > 0
    assert 60 < rejected < 140
