"""How many are still in a draw, for the stage: counted from the published files, so that it is what the log says.

It draws nothing. Whoever has won leaves where one win is the rule, whoever was absent leaves for good, and a unit that
has reached its cap stands aside.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rewards.draws.rules import Line, Manifest, Prize


class Sieve(NamedTuple):
    """Who may win a prize: of this class, of these units ("" and none: all), and on the presence list or not."""

    group: str
    units: frozenset[str]
    present: bool


def sieve_of(manifest: Manifest, prize: Prize) -> Sieve:
    """The sieve of a prize."""
    return Sieve(prize.group, frozenset(prize.units), manifest.presence and prize.present)


class Kind(NamedTuple):
    """What decides over a line, besides being struck off."""

    unit: str
    group: str
    here: bool


def passes(kind: Kind, sieve: Sieve) -> bool:
    """Whether lines of a kind can win such a prize, as long as nobody has won."""
    return (
        (not sieve.group or kind.group == sieve.group)
        and (not sieve.units or kind.unit in sieve.units)
        and (not sieve.present or kind.here)
    )


@dataclass(frozen=True, slots=True)
class Crowd:
    """The list as it stood when the dice were thrown, without the lines that were struck off; small enough to be kept
    for 200,000 people. `lines` ascending, by kind."""

    lines: Mapping[Kind, "array[int]"]

    def sizes(self, sieve: Sieve) -> dict[str, int]:
        """Unit -> how many of its lines can win such a prize."""
        found: dict[str, int] = {}
        for kind, lines in self.lines.items():
            if passes(kind, sieve):
                found[kind.unit] = found.get(kind.unit, 0) + len(lines)
        return found

    def sample(self, sieve: Sieve, most: int) -> list[int]:
        """Lines that can win such a prize: all when they are at most `most`, else about as many, spread evenly."""
        own = [lines for kind, lines in self.lines.items() if passes(kind, sieve)]
        step = max(1, -(-sum(map(len, own)) // most))
        return sorted(line for lines in own for line in lines[::step])[: 2 * most]

    def kind(self, line: int) -> Kind | None:
        """The kind of a line; None: struck off, or not on the list. Takes a search in each kind."""
        for kind, lines in self.lines.items():
            at = bisect_left(lines, line)
            if at < len(lines) and lines[at] == line:
                return kind
        return None


def crowd(lines: Sequence[Line], voided: Collection[int] = (), present: Collection[int] = ()) -> Crowd:
    """Linear in the lines; half a second for 200,000."""
    out, here = frozenset(voided), frozenset(present)
    found: dict[Kind, array[int]] = {}
    for number, line in enumerate(lines):
        if number not in out:
            found.setdefault(Kind(line.unit, line.group, number in here), array("L")).append(number)
    return Crowd(found)


class Remaining:
    """Counts who is left while wins and absences are told in the order of the log."""

    def __init__(self, manifest: Manifest, made: Crowd) -> None:
        self._one_win, self._cap, self._crowd = manifest.one_win, manifest.unit_cap, made
        self._left = {sieve: made.sizes(sieve) for sieve in {sieve_of(manifest, prize) for prize in manifest.prizes}}
        self._gone: set[int] = set()
        self._wins: dict[str, int] = {}

    def count(self, sieve: Sieve) -> int:
        """How many could win such a prize now."""
        left = self._left[sieve].items()
        return sum(size for unit, size in left if self._cap is None or self._wins.get(unit, 0) < self._cap)

    def win(self, line: int) -> None:
        """The line has won a place."""
        self._note(line, 1, leaves=self._one_win)

    def absent(self, line: int) -> None:
        """The line has lost its place."""
        self._note(line, -1, leaves=True)

    def _note(self, line: int, wins: int, *, leaves: bool) -> None:
        kind = self._crowd.kind(line)
        if kind is None:
            return
        self._wins[kind.unit] = self._wins.get(kind.unit, 0) + wins
        if not leaves or line in self._gone:
            return
        self._gone.add(line)
        for sieve, left in self._left.items():
            if passes(kind, sieve):
                left[kind.unit] -= 1
