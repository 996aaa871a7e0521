"""Laws of the draw: for any list, any rules and any key."""

import hashlib
from collections import Counter
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.draws import rules
from rewards.draws.rules import Absence, Line, Manifest, Prize, Refused

LABELS = ("organiser", "union")


def key_of(number: int) -> bytes:
    return hashlib.sha256(f"key:{number}".encode()).digest()


def entrants(weights: list[int], units: list[str] | None = None, groups: list[str] | None = None) -> list[Line]:
    return [
        Line(f"{place:064x}", weight, units[place] if units else "A", groups[place] if groups else "")
        for place, weight in enumerate(weights)
    ]


def promise(lines: list[Line], prizes: tuple[Prize, ...], **named) -> Manifest:
    return Manifest(
        draw_id="law",
        n=len(lines),
        tickets=sum(line.tickets for line in lines),
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        commit=tuple(rules.commitment("law", label, hashlib.sha256(label.encode()).digest()).hex() for label in LABELS),
        venue="d10x20",
        prizes=prizes,
        labels=LABELS,
        **named,
    )


@st.composite
def draws(draw: st.DrawFn) -> tuple[Manifest, list[Line], dict[int, str]]:
    size = draw(st.integers(0, 24))
    lines = [
        Line(id_commit, tickets, unit, group)
        for id_commit, tickets, unit, group in zip(
            sorted(hashlib.sha256(bytes([n])).hexdigest() for n in range(size)),
            draw(st.lists(st.integers(1, 60), min_size=size, max_size=size)),
            draw(st.lists(st.sampled_from("ABC"), min_size=size, max_size=size)),
            draw(st.lists(st.sampled_from(["", "day", "night"]), min_size=size, max_size=size)),
            strict=True,
        )
    ]
    prizes = tuple(
        Prize(f"p{place}", count, group, redraw=redraw)
        for place, (count, group, redraw) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.integers(1, 6),
                        st.sampled_from(["", "", "day", "night", "evening"]),
                        st.sampled_from(["", "d10x4"]),
                    ),
                    min_size=1,
                    max_size=4,
                )
            )
        )
    )
    voids = draw(st.dictionaries(st.integers(0, size - 1), st.just("left"), max_size=4)) if size else {}
    manifest = promise(
        lines,
        prizes,
        one_win=draw(st.booleans()),
        unit_cap=draw(st.none() | st.integers(1, 3)),
        rehearsal=draw(st.booleans()),
    )
    return manifest, lines, voids


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_every_inclusion_path_holds_and_no_other(size: int, data: st.DataObject) -> None:
    leaves = [bytes([n]) for n in range(size)]
    tree = rules.Tree(leaves)
    for index, leaf in enumerate(leaves):
        assert rules.path_holds(leaf, index, size, tree.path(index), tree.root)
    index = data.draw(st.integers(0, size - 1))
    path = tree.path(index)
    for wrong in (size, -1):
        assert not rules.path_holds(leaves[index], wrong, size, path, tree.root)
    assert not rules.path_holds(b"other", index, size, path, tree.root)
    assert not rules.path_holds(leaves[index], index, size, (*path, bytes(32)), tree.root)
    if size > 1:
        elsewhere = data.draw(st.integers(0, size - 1).filter(lambda other: other != index))
        assert not rules.path_holds(leaves[elsewhere], index, size, path, tree.root)
        assert not rules.path_holds(leaves[index], elsewhere, size, path, tree.root)
        assert not rules.path_holds(leaves[index], index, size, path[:-1], tree.root)
        turned = (bytes(b ^ 1 for b in path[0]), *path[1:])
        assert not rules.path_holds(leaves[index], index, size, turned, tree.root)


@settings(deadline=None)
@given(st.integers(0, 40))
def test_the_tree_is_the_recursion_of_the_rfc(size: int) -> None:
    leaves = [bytes([n]) for n in range(size)]

    def root(part: list[bytes]) -> bytes:
        if not part:
            return hashlib.sha256(b"").digest()
        if len(part) == 1:
            return hashlib.sha256(b"\x00" + part[0]).digest()
        split = 1
        while split * 2 < len(part):
            split *= 2
        return hashlib.sha256(b"\x01" + root(part[:split]) + root(part[split:])).digest()

    assert rules.Tree(leaves).root == root(leaves)


@settings(deadline=None)
@given(draws(), st.randoms(use_true_random=False))
def test_a_snapshot_reads_back_whatever_order_it_was_given_in(drawn, chance) -> None:
    _, lines, voids = drawn
    shuffled = list(lines)
    chance.shuffle(shuffled)
    data = rules.format_snapshot(shuffled)
    assert rules.parse_snapshot(data) == tuple(lines)
    assert rules.parse_voids(rules.format_voids(voids), len(lines)) == voids


@settings(deadline=None)
@given(draws())
def test_a_manifest_reads_back(drawn) -> None:
    manifest = drawn[0]
    assert rules.parse_manifest(rules.write_manifest(manifest)) == manifest


def by_hand(manifest: Manifest, lines: list[Line], key: bytes, voids: dict[int, str], absences):
    """Section 5 as it is written, with lists and sums: the second opinion on the fast one."""
    standing: dict[tuple[str, int], tuple[int, int | None]] = {}
    absent: set[int] = set()

    def attempt(prize: Prize, slot: int, number: int, with_key: bytes) -> None:
        wins = Counter(line for _, line in standing.values() if line is not None)
        units = Counter()
        for line, times in wins.items():
            units[lines[line].unit] += times
        eligible = [
            line
            for line, entrant in enumerate(lines)
            if line not in voids
            and line not in absent
            and (not prize.group or entrant.group == prize.group)
            and not (manifest.one_win and line in wins)
            and (manifest.unit_cap is None or units[entrant.unit] < manifest.unit_cap)
        ]
        weight = sum(lines[line].tickets for line in eligible)
        if not weight:
            standing[prize.id, slot] = (number, None)
            return
        counter = 0
        while True:
            tag = rules.mac(
                with_key,
                "pick",
                prize.id.encode(),
                rules.u32(slot),
                rules.u32(number),
                rules.u32(counter),
            )
            x = int.from_bytes(tag[:4], "big")
            if x < 2**32 - 2**32 % weight:
                break
            counter += 1
        left = x % weight
        for line in eligible:
            left -= lines[line].tickets
            if left < 0:
                standing[prize.id, slot] = (number, line)
                return

    prizes = {prize.id: prize for prize in manifest.prizes}
    for prize in manifest.prizes:
        for slot in range(prize.count):
            attempt(prize, slot, 0, key)
    for place, fresh in absences:
        number, line = standing.pop(place)
        absent.add(line)
        with_key = key if fresh is None else rules.redraw_key(key, *place, number + 1, fresh)
        attempt(prizes[place[0]], place[1], number + 1, with_key)
    return standing


@settings(max_examples=200, deadline=None)
@given(draws(), st.integers(0, 2**20), st.data())
def test_the_draw_is_the_one_of_the_page(drawn, number: int, data: st.DataObject) -> None:
    manifest, lines, voids = drawn
    key = key_of(number)
    drawing = rules.Drawing(manifest, lines, voids)
    drawing.start(manifest.stages[0], key)
    absences = []
    for _ in range(data.draw(st.integers(0, 6))):
        filled = [place for place, outcome in drawing.standing.items() if outcome.pick]
        if not filled:
            break
        place = data.draw(st.sampled_from(filled))
        fresh = data.draw(st.none() | st.binary(min_size=32, max_size=32))
        drawing.absent(*place)
        drawing.redraw(*place, fresh)
        absences.append((place, fresh))
    standing = {
        place: (outcome.attempt, outcome.pick.line if outcome.pick else None)
        for place, outcome in drawing.standing.items()
    }
    assert standing == by_hand(manifest, lines, key, voids, absences)

    winners = [line for _, line in standing.values() if line is not None]
    assert not set(winners) & set(voids)
    if manifest.one_win:
        assert len(set(winners)) == len(winners)
    if manifest.unit_cap is not None:
        assert all(times <= manifest.unit_cap for times in Counter(lines[n].unit for n in winners).values())
    groups = {prize.id: prize.group for prize in manifest.prizes}
    for (prize, _), (_, line) in standing.items():
        assert line is None or not groups[prize] or lines[line].group == groups[prize]


@settings(deadline=None)
@given(draws(), st.text("0123456789", min_size=20, max_size=20), st.data())
def test_a_log_read_back_composes_itself(drawn, digits: str, data: st.DataObject) -> None:
    manifest, lines, voids = drawn
    written = rules.write_manifest(manifest)
    snapshot = rules.format_snapshot(lines)
    void_list = rules.format_voids(voids)
    secrets = [hashlib.sha256(label.encode()).digest() for label in LABELS]
    demands = {prize.id: prize.redraw for prize in manifest.prizes}
    absences: list[Absence] = []

    def published(closed: bool) -> rules.Published:
        return rules.publish_result(
            written, snapshot, digits, secrets, voids=void_list, steps=absences, closed=closed
        )

    for _ in range(data.draw(st.integers(0, 4))):
        winners = published(False).winners
        if not winners:
            break
        gone = data.draw(st.sampled_from(winners))
        dice = demands[gone.prize]
        thrown = (rules.redraw_label(dice), "2718") if dice else ()
        absences.append(Absence(gone.prize, gone.slot, "", *thrown))
    done = published(True)
    m = rules.manifest_hash(written)
    events = rules.split_log(done.log.encode())
    sheet = rules.read_sheet(events, manifest)
    assert sheet.steps == tuple(absences)
    again = rules.compose(manifest, m, lines, sheet, voids)
    assert rules.publish(manifest, m, lines, again) == done
    assert list(again.lines) == events


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_readers_of_any_bytes_only_ever_refuse(data: bytes) -> None:
    manifest = promise([], (Prize("a", 1),))
    for read in (
        rules.parse_manifest,
        rules.parse_snapshot,
        lambda given: rules.parse_voids(given, 5),
        lambda given: rules.read_sheet(rules.split_log(given), manifest),
    ):
        with suppress(Refused):
            read(data)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_a_display_code_is_read_back(head: bytes) -> None:
    code = rules.display_code(head)
    assert rules.read_code(code.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code


# chance, on keys derived from a counter: the same numbers on every run


def chi_square(counts: list[int], expected: list[float]) -> float:
    return sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))


def test_tickets_are_chances() -> None:
    """20,000 draws over weights 3, 1, 10, 5, 2. 18.47 is the 0.001 point of chi-square with 4 degrees."""
    weights = [3, 1, 10, 5, 2]
    manifest = promise(entrants(weights), (Prize("a", 1),))
    pool = rules.Pool(manifest, entrants(weights))
    runs = 20_000
    counts = Counter(pool.pick(key_of(run), manifest.prizes[0], 0, 0).line for run in range(runs))
    expected = [runs * weight / sum(weights) for weight in weights]
    assert chi_square([counts[line] for line in range(5)], expected) < 18.47


def test_pairs_are_drawn_in_proportion_to_what_remains() -> None:
    """The ordered pair of two slots, 20 outcomes. 43.82 is the 0.001 point of chi-square with 19 degrees."""
    weights = [3, 1, 10, 5, 2]
    lines = entrants(weights)
    manifest = promise(lines, (Prize("a", 2),))
    runs, total = 20_000, sum(weights)
    counts: Counter[tuple[int, ...]] = Counter()
    for run in range(runs):
        outcomes = rules.Drawing(manifest, lines).start(manifest.stages[0], key_of(run))
        counts[tuple(outcome.pick.line for outcome in outcomes)] += 1
    pairs = [(a, b) for a in range(5) for b in range(5) if a != b]
    chances = [weights[a] / total * weights[b] / (total - weights[a]) for a, b in pairs]
    assert chi_square([counts[pair] for pair in pairs], [runs * chance for chance in chances]) < 43.82


def test_first_and_last_line_have_fair_odds() -> None:
    """Of 100 equal lines each end wins 200 of 20,000 times, give or take four standard deviations of 14.07."""
    lines = entrants([1] * 100)
    manifest = promise(lines, (Prize("a", 1),))
    pool = rules.Pool(manifest, lines)
    counts = Counter(pool.pick(key_of(run), manifest.prizes[0], 0, 0).line for run in range(20_000))
    for end in (0, 99):
        assert abs(counts[end] - 200) < 4 * 14.07


def test_half_of_all_words_may_be_rejected_without_bias() -> None:
    """Weight 2^31 + 1, the worst case: both halves of the tickets are hit equally often (4 deviations of 70.7)."""
    weight = 2**31 + 1
    found = [rules.choose(key_of(run), "a", 0, 0, weight) for run in range(20_000)]
    assert abs(sum(ticket < weight // 2 for _, ticket in found) - 10_000) < 4 * 70.8
    assert abs(sum(counter > 0 for counter, _ in found) - 10_000) < 4 * 70.8
    assert all(ticket < weight for _, ticket in found)


def test_a_large_draw_is_exact() -> None:
    """50,000 lines and 1,000 winners, with cap and class: the fast structure against plain sums."""
    size = 50_000
    lines = [Line(f"{n:064x}", n % 20 + 1, f"U{n % 400}", "night" if n % 3 == 0 else "day") for n in range(size)]
    manifest = promise(lines, (Prize("a", 600), Prize("b", 400, "night")), unit_cap=4)
    drawing = rules.Drawing(manifest, lines, {5: "left"})
    drawing.start(manifest.stages[0], key_of(0))
    winners: list[int] = []
    for outcome in drawing.standing.values():
        assert outcome.pick is not None
        winners.append(outcome.pick.line)
    assert len(set(winners)) == 1000
    units = Counter(lines[line].unit for line in winners)
    assert max(units.values()) <= 4
    assert all(lines[line].group == "night" for line in winners[600:])
    last = next(reversed(drawing.standing.values())).pick
    before = Counter(lines[line].unit for line in winners[:-1])
    taken = {*winners[:-1], 5}
    eligible = [
        line
        for line in range(size)
        if line not in taken and lines[line].group == "night" and before[lines[line].unit] < 4
    ]
    assert last.weight == sum(lines[line].tickets for line in eligible)
    below = sum(lines[line].tickets for line in eligible if line < last.line)
    assert below <= last.ticket < below + lines[last.line].tickets
