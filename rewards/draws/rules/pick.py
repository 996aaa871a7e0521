"""Who wins (section 5): whole-number, weighted, without floats, and repeatable by anyone."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from rewards.draws.rules.hashing import mac, redraw_key, u32
from rewards.draws.rules.manifest import Manifest, Prize, Round
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import Line

_WORDS = 2**32
_MOST_WORK = 50_000_000


class Pick(NamedTuple):
    """How one line was picked: `weight` W tickets were eligible, `ticket` t of 0..W-1 was hit at `counter` c
    (c words were rejected before), and it belongs to `line`."""

    counter: int
    weight: int
    ticket: int
    line: int


class Outcome(NamedTuple):
    """What became of an attempt at a slot; `pick` None: no ticket was eligible, the slot is unfilled."""

    prize: str
    slot: int
    attempt: int
    pick: Pick | None


class Alternate(NamedTuple):
    """Who steps in when the claim of a prize lapses: `place` from 0; `pick` None: no ticket was eligible."""

    prize: str
    place: int
    pick: Pick | None


def word(key: bytes, prize: str, slot: int, attempt: int, counter: int) -> int:
    """x: the first 4 bytes, big-endian, of MAC(key, "pick", prize, u32(slot), u32(attempt), u32(c))."""
    tag = mac(key, "pick", prize.encode("ascii"), u32(slot), u32(attempt), u32(counter))
    return int.from_bytes(tag[:4], "big")


def choose(key: bytes, prize: str, slot: int, attempt: int, weight: int) -> tuple[int, int]:
    """(counter, ticket) for a total `weight` of 1..2^32-1. Words at or above the largest multiple of the
    weight are rejected, so every ticket has exactly the same chance; fewer than 2 words on average."""
    limit = _WORDS - _WORDS % weight
    counter = 0
    while (x := word(key, prize, slot, attempt, counter)) >= limit:
        counter += 1
    return counter, x % weight


class _Wheel:
    """Tickets of an ascending list of lines as a Fenwick tree: build O(n), change and find O(log n)."""

    def __init__(self, tickets: list[int]) -> None:
        self._sums = [0, *tickets]
        self.total = sum(tickets)
        size = len(tickets)
        self._top = 1 << size.bit_length()
        for place in range(1, size + 1):
            above = place + (place & -place)
            if above <= size:
                self._sums[above] += self._sums[place]

    def add(self, place: int, change: int) -> None:
        self.total += change
        place += 1
        while place < len(self._sums):
            self._sums[place] += change
            place += place & -place

    def find(self, ticket: int) -> int:
        """The first place whose cumulative tickets exceed `ticket`, which must be below `total`."""
        place, step = 0, self._top
        while step:
            ahead = place + step
            if ahead < len(self._sums) and self._sums[ahead] <= ticket:
                ticket -= self._sums[ahead]
                place = ahead
            step >>= 1
        return place


class _Filter(NamedTuple):
    """Which lines a prize may go to at all: one class (empty = any), some units (empty = any), those present."""

    group: str
    units: frozenset[str]
    present: bool


class _Club:
    """The lines that pass a filter, ascending, with a wheel over the tickets that are live among them."""

    def __init__(self, members: Sequence[int], live: Sequence[int]) -> None:
        self.members = members
        self.wheel = _Wheel([live[line] for line in members])


class Pool:
    """Which lines may still win. `voided` are line indices struck off before the dice, `present` those on the presence
    list, which counts only when the manifest asks for one.

    A change of one line costs O(log n); a unit that fills up or has room again changes all its lines. Refused
    `draw.pool.work` when unit lists that overlap, or units that fill and empty, ask for more than fifty million such
    steps: a bound on what a hostile file can cost, far above what a draw of 200,000 people needs.
    """

    def __init__(
        self,
        manifest: Manifest,
        lines: Sequence[Line],
        voided: Collection[int] = (),
        present: Collection[int] = (),
    ) -> None:
        self._one_win = manifest.one_win
        self._cap = manifest.unit_cap
        self._presence = manifest.presence
        self._lines = lines
        self._work = 0
        self._out = bytearray(len(lines))
        for line in voided:
            self._out[line] = 1
        self._here = bytearray(len(lines))
        for line in present:
            self._here[line] = 1
        self._units: dict[str, list[int]] = {}
        self._unit_wins: dict[str, int] = {}
        if self._cap is not None:
            for line, entrant in enumerate(lines):
                self._units.setdefault(entrant.unit, []).append(line)
        self._live = [0 if out else entrant.tickets for out, entrant in zip(self._out, lines, strict=True)]
        self._filters = {prize.id: self._filter(prize) for prize in manifest.prizes}
        self._clubs, self._watching = self._found_clubs(set(self._filters.values()))

    def _filter(self, prize: Prize) -> _Filter:
        return _Filter(prize.group, frozenset(prize.units), self._presence and prize.present)

    def _found_clubs(
        self, filters: Collection[_Filter]
    ) -> tuple[dict[_Filter, _Club], dict[tuple[str, str], list[_Filter]]]:
        """A club for every filter, and the filters that lines of a (unit, class) may pass."""
        sizes: dict[str, dict[str, int]] = {}
        for entrant in self._lines:
            groups = sizes.setdefault(entrant.unit, {})
            groups[entrant.group] = groups.get(entrant.group, 0) + 1
        watching: dict[tuple[str, str], list[_Filter]] = {}
        for one in filters:
            for unit in one.units or sizes:
                groups = sizes.get(unit, {})
                for group in {one.group} & groups.keys() if one.group else groups:
                    self._spend(groups[group])
                    watching.setdefault((unit, group), []).append(one)
        members: dict[_Filter, list[int]] = {one: [] for one in filters}
        for line, entrant in enumerate(self._lines):
            for one in watching.get((entrant.unit, entrant.group), ()):
                if self._here[line] or not one.present:
                    members[one].append(line)
        return {one: _Club(found, self._live) for one, found in members.items()}, watching

    def _spend(self, steps: int) -> None:
        self._work += steps
        if self._work > _MOST_WORK:
            raise Refused("draw.pool.work")

    def pick(self, key: bytes, prize: Prize, slot: int, attempt: int) -> Pick | None:
        """The line that `key` picks for this slot and attempt, or None when no ticket is eligible."""
        club = self._clubs[self._filters[prize.id]]
        weight = club.wheel.total
        if weight == 0:
            return None
        counter, ticket = choose(key, prize.id, slot, attempt, weight)
        return Pick(counter, weight, ticket, club.members[club.wheel.find(ticket)])

    def win(self, line: int) -> None:
        """Takes note of a win: the winner leaves when one win is the rule, the unit when its cap is reached."""
        if self._one_win:
            self.leave(line)
        self._count(self._lines[line].unit, 1)

    def absent(self, line: int) -> None:
        """Takes a winning back: the line leaves for the rest of the draw, its unit's cap is freed."""
        self.leave(line)
        self._count(self._lines[line].unit, -1)

    def leave(self, line: int) -> None:
        """The line cannot be picked any more."""
        self._out[line] = 1
        self._refresh(line)

    def _count(self, unit: str, change: int) -> None:
        if self._cap is None:
            return
        before = self._unit_wins.get(unit, 0)
        self._unit_wins[unit] = before + change
        if (before >= self._cap) != (before + change >= self._cap):
            self._spend(len(self._units[unit]))
            for line in self._units[unit]:
                self._refresh(line)

    def _refresh(self, line: int) -> None:
        entrant = self._lines[line]
        full = self._cap is not None and self._unit_wins.get(entrant.unit, 0) >= self._cap
        wanted = 0 if self._out[line] or full else entrant.tickets
        change = wanted - self._live[line]
        if change == 0:
            return
        self._live[line] = wanted
        for one in self._watching.get((entrant.unit, entrant.group), ()):
            if self._here[line] or not one.present:
                club = self._clubs[one]
                club.wheel.add(bisect_left(club.members, line), change)


class Drawing:
    """A draw under way: rounds are started in order, absent winners replaced, alternates drawn at the end.

    `standing` holds the latest outcome of each (prize id, slot) drawn so far, in manifest order; a slot whose winner
    was called absent is missing until it is drawn again. One pick costs O(log n).
    """

    def __init__(
        self,
        manifest: Manifest,
        lines: Sequence[Line],
        voided: Collection[int] = (),
        present: Collection[int] = (),
    ) -> None:
        self._manifest = manifest
        self._pool = Pool(manifest, lines, voided, present)
        self._prizes = {prize.id: prize for prize in manifest.prizes}
        self._keys: dict[str, bytes] = {}
        self._outcomes: dict[tuple[str, int], Outcome] = {}
        self._vacant: dict[tuple[str, int], int] = {}

    @property
    def standing(self) -> dict[tuple[str, int], Outcome]:
        return {place: outcome for place, outcome in self._outcomes.items() if place not in self._vacant}

    def start(self, stage: Round, key: bytes) -> tuple[Outcome, ...]:
        """Draws every slot of a round with its key K_r. The caller starts the rounds in their order, each once."""
        outcomes: list[Outcome] = []
        for prize in self._manifest.prizes_of(stage):
            self._keys[prize.id] = key
            outcomes.extend(self._attempt(prize, slot, 0, key) for slot in range(prize.count))
        return tuple(outcomes)

    def winner(self, prize: str, slot: int) -> Outcome | None:
        """The outcome of the slot when a winner stands there."""
        outcome = self._outcomes.get((prize, slot))
        if outcome is None or outcome.pick is None or (prize, slot) in self._vacant:
            return None
        return outcome

    def _attempt(self, prize: Prize, slot: int, attempt: int, key: bytes) -> Outcome:
        pick = self._pool.pick(key, prize, slot, attempt)
        if pick is not None:
            self._pool.win(pick.line)
        outcome = Outcome(prize.id, slot, attempt, pick)
        self._outcomes[prize.id, slot] = outcome
        return outcome

    def absent(self, prize: str, slot: int) -> int:
        """Calls the standing winner of a slot absent and gives the attempt that was lost.

        Refused `draw.absent.slot` when no winner stands there.
        """
        outcome = self.winner(prize, slot)
        if outcome is None or outcome.pick is None:
            raise Refused("draw.absent.slot", prize=prize, slot=slot)
        self._pool.absent(outcome.pick.line)
        self._vacant[prize, slot] = outcome.attempt
        return outcome.attempt

    def redraw(self, prize: str, slot: int, fresh: bytes | None = None) -> Outcome:
        """Draws a vacant slot again. `fresh` is V_a, the value of the redraw dice; None = the round's key.

        Refused `draw.redraw.slot` when the slot is not vacant.
        """
        lost = self._vacant.pop((prize, slot), None)
        if lost is None:
            raise Refused("draw.redraw.slot", prize=prize, slot=slot)
        key = self._keys[prize]
        if fresh is not None:
            key = redraw_key(key, prize, slot, lost + 1, fresh)
        return self._attempt(self._prizes[prize], slot, lost + 1, key)

    def alternates(self) -> Iterator[Alternate]:
        """Draws the alternates of all prizes, in manifest order: the last thing that a drawing is asked for.

        They are drawn like one more slot each, count + place, with the key of the round. They count as no win, but
        nobody is an alternate twice.
        """
        for prize in self._manifest.prizes:
            for place in range(prize.alternates):
                pick = self._pool.pick(self._keys[prize.id], prize, prize.count + place, 0)
                if pick is not None:
                    self._pool.leave(pick.line)
                yield Alternate(prize.id, place, pick)
