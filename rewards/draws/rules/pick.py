"""Who wins (section 5): whole-number, weighted, without floats, and repeatable by anyone."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from rewards.draws.rules.hashing import mac, redraw_key, u32
from rewards.draws.rules.manifest import Manifest, Prize
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import Line

_WORDS = 2**32


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


class Pool:
    """Which lines may still win. `voided` are line indices struck off before the dice."""

    def __init__(self, manifest: Manifest, lines: Sequence[Line], voided: Collection[int] = ()) -> None:
        self._one_win = manifest.one_win
        self._cap = manifest.unit_cap
        self._lines = lines
        self._out = bytearray(len(lines))
        for line in voided:
            self._out[line] = 1
        self._units: dict[str, list[int]] = {}
        self._unit_wins: dict[str, int] = {}
        if self._cap is not None:
            for line, entrant in enumerate(lines):
                self._units.setdefault(entrant.unit, []).append(line)
        live = [0 if out else entrant.tickets for out, entrant in zip(self._out, lines, strict=True)]
        self._live = live
        self._all = _Wheel(live)
        wanted = {prize.group for prize in manifest.prizes if prize.group}
        self._members: dict[str, list[int]] = {group: [] for group in wanted}
        self._place = [0] * len(lines)
        for line, entrant in enumerate(lines):
            if entrant.group in wanted:
                self._place[line] = len(self._members[entrant.group])
                self._members[entrant.group].append(line)
        self._wheels = {group: _Wheel([live[line] for line in ls]) for group, ls in self._members.items()}

    def pick(self, key: bytes, prize: Prize, slot: int, attempt: int) -> Pick | None:
        """The line that `key` picks for this slot and attempt, or None when no ticket is eligible."""
        wheel = self._wheels[prize.group] if prize.group else self._all
        if wheel.total == 0:
            return None
        counter, ticket = choose(key, prize.id, slot, attempt, wheel.total)
        place = wheel.find(ticket)
        line = self._members[prize.group][place] if prize.group else place
        return Pick(counter, wheel.total, ticket, line)

    def win(self, line: int) -> None:
        """Takes note of a win: the winner leaves when one win is the rule, the unit when its cap is reached."""
        if self._one_win:
            self._out[line] = 1
        self._refresh(line)
        self._count(self._lines[line].unit, 1)

    def absent(self, line: int) -> None:
        """Takes a winning back: the line leaves for the rest of the draw, its unit's cap is freed."""
        self._out[line] = 1
        self._refresh(line)
        self._count(self._lines[line].unit, -1)

    def _count(self, unit: str, change: int) -> None:
        if self._cap is None:
            return
        before = self._unit_wins.get(unit, 0)
        self._unit_wins[unit] = before + change
        if (before >= self._cap) != (before + change >= self._cap):
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
        self._all.add(line, change)
        if entrant.group in self._wheels:
            self._wheels[entrant.group].add(self._place[line], change)


class Drawing:
    """A draw under way. `key` is K_r. `standing` holds the latest outcome of each (prize id, slot), in manifest
    order; a slot whose winner was called absent is missing until it is drawn again. One pick costs O(log n)."""

    def __init__(self, manifest: Manifest, lines: Sequence[Line], key: bytes, voided: Collection[int] = ()) -> None:
        self._key = key
        self._pool = Pool(manifest, lines, voided)
        self._prizes = {prize.id: prize for prize in manifest.prizes}
        self._outcomes: dict[tuple[str, int], Outcome] = {}
        self._vacant: dict[tuple[str, int], int] = {}
        for prize in manifest.prizes:
            for slot in range(prize.count):
                self._attempt(prize, slot, 0, key)

    @property
    def standing(self) -> dict[tuple[str, int], Outcome]:
        return {place: outcome for place, outcome in self._outcomes.items() if place not in self._vacant}

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
        outcome = self._outcomes.get((prize, slot))
        if outcome is None or outcome.pick is None or (prize, slot) in self._vacant:
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
        key = self._key if fresh is None else redraw_key(self._key, prize, slot, lost + 1, fresh)
        return self._attempt(self._prizes[prize], slot, lost + 1, key)
