"""Laws of the draw: for any list, any rules, any key and any course of events."""

import hashlib
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.draws import rules
from rewards.draws.rules import Absence, Beacon, Line, Manifest, Prize, Refused, Round, RoundStart
from tests.laws import examples

LABELS = ("organiser", "union")
SECRETS = [hashlib.sha256(label.encode()).digest() for label in LABELS]
SIGNATURE = "c0ffee" * 16
DIGITS = "27182818284590452353"


def promise(lines: list[Line], prizes: tuple[Prize, ...], **named) -> Manifest:
    return Manifest(
        draw_id="law",
        n=len(lines),
        tickets=sum(line.tickets for line in lines),
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        commit=tuple(rules.commitment("law", *pair).hex() for pair in zip(LABELS, SECRETS, strict=True)),
        venue="d10x20",
        prizes=prizes,
        labels=LABELS,
        **named,
    )


class Case(NamedTuple):
    manifest: Manifest
    lines: list[Line]
    voids: dict[int, str]
    present: tuple[int, ...] | None

    @property
    def m(self) -> bytes:
        return rules.manifest_hash(rules.write_manifest(self.manifest))

    def compose(self, sheet: rules.Sheet) -> rules.Composed:
        return rules.compose(self.manifest, self.m, self.lines, sheet, self.voids, self.present)

    def typed(self, inputs: list[str]) -> rules.Composed:
        """What a spare laptop makes of the log on paper."""
        return self.compose(rules.read_inputs(inputs, self.manifest))


@st.composite
def prizes_of(draw: st.DrawFn, rounds: tuple[Round, ...]) -> tuple[Prize, ...]:
    prizes: list[Prize] = []
    for stage in rounds or (Round(""),):
        for _ in range(draw(st.integers(1, 3))):
            redraw = draw(st.sampled_from(["", "", "d10x4"]))
            prizes.append(
                Prize(
                    f"p{len(prizes)}",
                    draw(st.integers(1, 4)),
                    draw(st.sampled_from(["", "", "day", "night", "evening"])),
                    draw(st.integers(1, 150)),
                    redraw,
                    stage.id,
                    tuple(draw(st.sampled_from([(), (), ("A",), ("B", "C"), ("Z",)]))),
                    draw(st.booleans()),
                    0 if redraw else draw(st.sampled_from([0, 0, 1, 3])),
                )
            )
    return tuple(prizes)


@st.composite
def draws(draw: st.DrawFn) -> Case:
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
    rounds = tuple(
        Round(f"r{place}", dice)
        for place, dice in enumerate(draw(st.lists(st.sampled_from(["", "d10x6", "d6x3"]), max_size=3)))
    )
    presence = draw(st.booleans())
    indices = st.integers(0, size - 1)
    manifest = promise(
        lines,
        draw(prizes_of(rounds)),
        rounds=rounds,
        one_win=draw(st.booleans()),
        unit_cap=draw(st.none() | st.integers(1, 3)),
        rehearsal=draw(st.booleans()),
        presence=presence,
        call_seconds=draw(st.sampled_from([0, 30])),
        beacon=draw(st.none() | st.just(Beacon("52" * 32, 2**53 - 1))),
        names=draw(st.just(()) | st.just(("Organiser", "\u5de5\u4f1a"))),
        witnesses=draw(st.just(()) | st.just(("Ann",))),
    )
    voids = draw(st.dictionaries(indices, st.just("left"), max_size=4)) if size else {}
    absent = draw(st.sets(indices, max_size=6)) if size else set()
    return Case(manifest, lines, voids, tuple(n for n in range(size) if n not in absent) if presence else None)


def armed(case: Case) -> rules.Sheet:
    present = None if case.present is None else rules.format_present(case.present)
    return rules.Sheet(case.m.hex(), rules.voids_hash(rules.format_voids(case.voids)), rules.present_hash(present))


def dice_of(label: str) -> str:
    return "1" * int(label.rpartition("x")[2])


def may_go(case: Case, composed: rules.Composed, prize: str, slot: int, attempt: int) -> bool:
    """Whether the winner may be declared absent without a reason."""
    (found,) = (one for one in case.manifest.prizes if one.id == prize)
    return found.present and (not case.manifest.call_seconds or f"call {prize} {slot} {attempt}" in composed.lines)


def grow(case: Case, data: st.DataObject, most: int = 12) -> list[rules.Composed]:
    """A ceremony by whatever may come next, as composed after every single input."""
    states = [case.compose(armed(case))]
    while (after := rules.next_events(case.manifest, states[-1])).kinds:
        kinds = sorted(after.kinds - {"abort"} if len(states) < most else after.kinds)
        if len(states) >= most + 10:
            kinds = ["abort"]
        kind = data.draw(st.sampled_from(kinds))
        line = {
            "venue": f"venue d10x20 {DIGITS}",
            "beacon": f"beacon {2**53 - 1} {SIGNATURE}",
            "close": "close",
            "abort": "abort lights-out",
        }.get(kind, "")
        if kind == "reveal":
            line = f"reveal {LABELS[after.reveal]} {SECRETS[after.reveal].hex()}"
        if kind == "round":
            dice = after.round.dice
            line = f"round {after.round.id}" + (f" round-{dice} {dice_of(dice)}" if dice else "")
        if kind == "redraw":
            prize, slot, attempt, label = after.redraw
            line = f"redraw {prize} {slot} {attempt} {label} {dice_of(label)}"
        if kind in ("call", "absent"):
            won = data.draw(st.sampled_from([one for one in states[-1].outcomes if one.pick]))
            place = f"{won.prize} {won.slot} {won.attempt}"
            line = f"call {place}"
            if kind == "absent":
                line = f"absent {place}"
                if not may_go(case, states[-1], won.prize, won.slot, won.attempt) or data.draw(st.booleans()):
                    line += " " + data.draw(st.sampled_from(rules.ABSENCE_REASONS))
        states.append(case.typed([*rules.inputs_of(states[-1].lines), line]))
    return states


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


@given(draws(), st.randoms(use_true_random=False))
def test_the_lists_read_back_whatever_order_they_were_given_in(case: Case, chance) -> None:
    _, lines, voids, present = case
    shuffled = list(lines)
    chance.shuffle(shuffled)
    data = rules.format_snapshot(shuffled)
    assert rules.parse_snapshot(data) == tuple(lines)
    assert rules.parse_voids(rules.format_voids(voids), len(lines)) == voids
    here = list(present or ())
    chance.shuffle(here)
    assert rules.parse_present(rules.format_present(here + here), len(lines)) == tuple(sorted(here))


@given(draws())
def test_a_manifest_reads_back(case: Case) -> None:
    assert rules.parse_manifest(rules.write_manifest(case.manifest)) == case.manifest


def by_hand(case: Case, seed_key: bytes, steps: tuple[rules.Step, ...], closed: bool):
    """Section 5 as it is written, with lists and sums: the second opinion on the fast one.

    Gives (prize, slot) -> (attempt, line) and (prize, place) -> line, None for unfilled.
    """
    manifest, lines = case.manifest, case.lines
    standing: dict[tuple[str, int], tuple[int, int | None]] = {}
    gone: set[int] = set()
    aside: set[int] = set()
    keys: dict[str, bytes] = {}

    def pick(prize: Prize, slot: int, number: int, with_key: bytes) -> int | None:
        wins = Counter(line for _, line in standing.values() if line is not None)
        units = Counter()
        for line, times in wins.items():
            units[lines[line].unit] += times
        eligible = [
            line
            for line, entrant in enumerate(lines)
            if line not in case.voids
            and line not in gone
            and line not in aside
            and (not prize.group or entrant.group == prize.group)
            and (not prize.units or entrant.unit in prize.units)
            and (not manifest.presence or not prize.present or line in case.present)
            and not (manifest.one_win and line in wins)
            and (manifest.unit_cap is None or units[entrant.unit] < manifest.unit_cap)
        ]
        weight = sum(lines[line].tickets for line in eligible)
        if not weight:
            return None
        counter = 0
        while True:
            parts = (prize.id.encode(), rules.u32(slot), rules.u32(number), rules.u32(counter))
            x = int.from_bytes(rules.mac(with_key, "pick", *parts)[:4], "big")
            if x < 2**32 - 2**32 % weight:
                break
            counter += 1
        left = x % weight
        for line in eligible:
            left -= lines[line].tickets
            if left < 0:
                return line
        raise AssertionError

    def start(stage: Round, digits: str) -> None:
        fresh = rules.th("venue", case.m, f"round-{stage.dice}".encode(), digits.encode()) if stage.dice else b""
        for prize in manifest.prizes:
            if not manifest.rounds or prize.round == stage.id:
                keys[prize.id] = rules.mac(seed_key, "round", stage.id.encode(), fresh)
                for slot in range(prize.count):
                    standing[prize.id, slot] = (0, pick(prize, slot, 0, keys[prize.id]))

    ahead = list(manifest.rounds) or [Round(manifest.round)]
    if not ahead[0].dice:
        start(ahead.pop(0), "")
    prizes = {prize.id: prize for prize in manifest.prizes}
    for step in steps:
        if isinstance(step, RoundStart):
            start(ahead.pop(0), step.digits)
        elif isinstance(step, Absence):
            place = (step.prize, step.slot)
            number, line = standing.pop(place)
            gone.add(line)
            key = keys[step.prize]
            if prizes[step.prize].redraw and not step.digits:
                continue
            if step.digits:
                fresh = rules.th("venue", case.m, step.label.encode(), step.digits.encode())
                parts = (step.prize.encode(), rules.u32(step.slot), rules.u32(number + 1), fresh)
                key = rules.mac(key, "redraw", *parts)
            standing[place] = (number + 1, pick(prizes[step.prize], step.slot, number + 1, key))
    alternates: dict[tuple[str, int], int | None] = {}
    for prize in manifest.prizes if closed else ():
        for place in range(prize.alternates):
            line = alternates[prize.id, place] = pick(prize, prize.count + place, 0, keys[prize.id])
            if line is not None:
                aside.add(line)
    return standing, alternates


@examples(120)
@given(draws(), st.data())
def test_a_ceremony_grows_and_every_part_of_it_stands_alone(case: Case, data: st.DataObject) -> None:
    """The inputs give the log back, the log its inputs; and a log may be cut after an input and nowhere else."""
    states = grow(case, data)
    for before, after in pairwise(states):
        assert after.lines[: len(before.lines)] == before.lines
        assert len(rules.inputs_of(after.lines)) == len(rules.inputs_of(before.lines)) + 1
    whole = {len(state.lines): state for state in states}
    lines = list(states[-1].lines)
    for length in range(1, len(lines) + 1):
        part = rules.split_log(rules.log_text(lines[:length]).encode())
        if length not in whole:
            with pytest.raises(Refused, match=r"draw\.log\.cut"):
                rules.read_sheet(part, case.manifest)
            continue
        sheet = rules.read_sheet(part, case.manifest)
        assert sheet == rules.read_inputs(rules.inputs_of(part), case.manifest)
        assert case.compose(sheet) == whole[length]


@examples(120)
@given(draws(), st.data())
def test_what_may_not_come_next_is_refused(case: Case, data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(grow(case, data, most=8)))
    after = rules.next_events(case.manifest, state)
    inputs = rules.inputs_of(state.lines)
    won = next((one for one in state.outcomes if one.pick), None)
    place = f"{won.prize} {won.slot} {won.attempt}" if won else "p0 0 0"
    tries = {
        "arm": [f"arm {case.m.hex()}"],
        "venue": [f"venue d10x20 {DIGITS}"],
        "beacon": [f"beacon {2**53 - 1} {SIGNATURE}"],
        "reveal": [f"reveal {label} {secret.hex()}" for label, secret in zip(LABELS, SECRETS, strict=True)],
        "round": [f"round {stage.id}" for stage in case.manifest.stages if not stage.dice]
        + [
            f"round {stage.id} round-{stage.dice} {dice_of(stage.dice)}" for stage in case.manifest.stages if stage.dice
        ],
        "call": [f"call {place}"],
        "absent": [f"absent {place} declined"],
        "redraw": [f"redraw {place} redraw-d10x4 1111"],
        "win": [f"win {place} 0"],
        "alternate": ["alternate p0 0 0"],
        "close": ["close"],
        "abort": ["abort lights-out"],
    }
    for kind, lines in tries.items():
        if kind not in after.kinds:
            for line in lines:
                with pytest.raises(Refused):
                    case.typed([*inputs, line])


@examples(250)
@given(draws(), st.data())
def test_the_draw_is_the_one_of_the_page(case: Case, data: st.DataObject) -> None:
    final = grow(case, data)[-1]
    sheet = rules.read_sheet(final.lines, case.manifest)
    if not final.seed or sheet.abort:
        assert (final.outcomes, final.alternates) == ((), ())
        return
    standing, alternates = by_hand(case, final.seed, sheet.steps, sheet.closed)
    assert standing == {
        (one.prize, one.slot): (one.attempt, one.pick.line if one.pick else None) for one in final.outcomes
    }
    assert alternates == {(one.prize, one.place): one.pick.line if one.pick else None for one in final.alternates}


@examples(250)
@given(draws(), st.data())
def test_no_rule_of_the_draw_is_ever_broken(case: Case, data: st.DataObject) -> None:
    manifest, lines = case.manifest, case.lines
    prizes = {prize.id: prize for prize in manifest.prizes}

    def eligible(prize: Prize, line: int) -> bool:
        return (
            line not in case.voids
            and (not prize.group or lines[line].group == prize.group)
            and (not prize.units or lines[line].unit in prize.units)
            and (not manifest.presence or not prize.present or line in case.present)
        )

    for state in grow(case, data):
        won = [(prizes[one.prize], one.pick.line) for one in state.outcomes if one.pick]
        assert all(eligible(prize, line) for prize, line in won)
        winners = [line for _, line in won]
        if manifest.one_win:
            assert len(set(winners)) == len(winners)
        if manifest.unit_cap is not None:
            assert all(times <= manifest.unit_cap for times in Counter(lines[n].unit for n in winners).values())
        by_place = {}
        for line in state.lines:
            kind, _, rest = line.partition(" ")
            if kind == "win":
                prize, slot, _, index = rest.split()
                by_place[prize, slot] = index
            elif kind == "absent":
                by_place.pop(tuple(rest.split()[:2]))
        gone = {
            int(line.split()[4]) for line in state.lines if line.startswith("win ") and not line.endswith("unfilled")
        } - {int(index) for index in by_place.values() if index != "unfilled"}
        assert not gone & set(winners)
        waiting = [(prizes[one.prize], one.pick.line) for one in state.alternates if one.pick]
        assert all(eligible(prize, line) for prize, line in waiting)
        aside = [line for _, line in waiting]
        assert len(set(aside)) == len(aside)
        assert not set(aside) & gone
        if manifest.one_win:
            assert not set(aside) & set(winners)


@given(draws(), st.data())
def test_what_is_published_is_what_was_composed(case: Case, data: st.DataObject) -> None:
    final = grow(case, data)[-1]
    sheet = rules.read_sheet(final.lines, case.manifest)
    written = rules.write_manifest(case.manifest)
    present = None if case.present is None else rules.format_present(case.present)
    published = rules.publish_result(
        written,
        rules.format_snapshot(case.lines),
        sheet.digits,
        [reveal.secret for reveal in sheet.reveals],
        voids=rules.format_voids(case.voids),
        present=present,
        beacon=sheet.beacon,
        steps=sheet.steps,
        closed=sheet.closed,
        abort=sheet.abort,
    )
    assert published == rules.publish(case.manifest, case.m, case.lines, final)
    result = rules.read_json(published.result)
    promised = any(prize.alternates for prize in case.manifest.prizes)
    assert ("alternates" in result) == (promised and sheet.closed)
    assert result["code"] == rules.display_code(rules.chain(case.m, final.lines)[-1])


@given(st.one_of(st.text('"\\[]{}\n x'), st.integers(1, 5000).map(lambda count: '"' + r"\"" * count)))
def test_brackets_are_looked_for_in_one_pass(text: str) -> None:
    """Every quote is inside a match, so none is tried in vain: that would cost a second look at all that follows."""
    found = "".join(match[0] for match in rules.manifest._BRACKETS.finditer(text))
    assert all(found.count(sign) == text.count(sign) for sign in '"[]{}')


@given(st.binary(max_size=400))
def test_readers_of_any_bytes_only_ever_refuse(data: bytes) -> None:
    manifest = promise([], (Prize("a", 1),))
    for read in (
        rules.parse_manifest,
        rules.parse_snapshot,
        lambda given: rules.parse_voids(given, 5),
        lambda given: rules.parse_present(given, 5),
        lambda given: rules.read_sheet(rules.split_log(given), manifest),
        lambda given: rules.read_inputs(rules.split_log(given), manifest),
        lambda given: rules.read_inputs(given.decode("latin-1").split("\n"), manifest),
        lambda given: rules.read_receipt(given.decode("latin-1")),
        lambda given: rules.read_secret(given.decode("latin-1")),
    ):
        with suppress(Refused):
            read(data)


@given(st.binary(min_size=32, max_size=32), st.booleans(), st.booleans())
def test_a_secret_on_paper_is_read_back_however_it_is_typed(secret: bytes, wide: bool, shout: bool) -> None:
    paper = rules.write_secret(secret)
    assert len(paper.splitlines()) == 8
    for text in (secret.hex(), paper, paper.replace("\n", " "), "".join(paper.split()), paper.replace(":", " :")):
        typed = text.upper() if shout else text
        if wide:
            typed = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in typed)
        assert rules.read_secret(typed) == secret


@given(st.binary(min_size=32, max_size=32), st.integers(1, 8), st.integers(0, 9), st.integers(1, 15))
def test_a_mistyped_digit_is_found_in_its_row(secret: bytes, row: int, place: int, change: int) -> None:
    """Of one wrong digit the check knows 255 of 256; where it does not, the commitment refuses the secret."""
    rows = ["".join(line.split()[1:]) for line in rules.write_secret(secret).splitlines()]
    typed = list(rows[row - 1])
    typed[place] = f"{int(typed[place], 16) ^ change:x}"
    rows[row - 1] = "".join(typed)
    found: object = None
    try:
        found = rules.read_secret(" ".join(rows))
    except Refused as refused:
        found = (refused.code, refused.facts)
    assert found == ("draw.secret.row", {"row": row}) or (isinstance(found, bytes) and found != secret)


@given(st.binary(min_size=32, max_size=32))
def test_a_display_code_is_read_back(head: bytes) -> None:
    code = rules.display_code(head)
    assert rules.read_code(code.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code


def key_of(number: int) -> bytes:
    return hashlib.sha256(f"key:{number}".encode()).digest()


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
