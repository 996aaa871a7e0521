"""What people can earn. Each earning is one value, declared beside the game that pays it and listed where the house is
put together; the ledger keeps how each pays (`earning_rule`), a draw can count each, every page names each."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from rewards.ledger.rules import ADJUSTMENT, rule_flaw

Measure = Literal["", "minutes", "percent"]
"""What the measure of a posting is given in; "": postings have none."""

Tally = Literal["count", "sum", "best"]
"""How postings become one number: how many there are, the sum of their measures, the best of their measures."""

MEASURED: Final[Mapping[Measure, frozenset[Tally]]] = MappingProxyType(
    {"": frozenset(), "minutes": frozenset(("sum", "best")), "percent": frozenset(("best",))}
)
"""What can be made of measures; postings can always be counted."""


@dataclass(frozen=True, slots=True)
class Earning:
    """Something that earns points: `code` is the rule of its postings, `name` what a statement calls it.

    `tallies`: how a draw can count it, each with its words, such as "Hours served"; empty: no draw does. `subjects`: id
    and title of what its postings can be about, in the order in which people choose; None: about nothing that they
    could choose. Words are English msgids; their Chinese is in server/locale. `daily_cap` and `spend_percent` are
    those of the ledger's EarningRule, until an organiser changes them.
    """

    code: str
    name: str
    measure: Measure = ""
    tallies: Mapping[Tally, str] = field(default_factory=dict)
    subjects: Callable[[], Awaitable[Mapping[UUID, str]]] | None = None
    daily_cap: int | None = None
    spend_percent: int = 100


GRANTED: Final = Earning(ADJUSTMENT, "Granted by hand")


def measure_of(earning: Earning, tally: Tally) -> Measure:
    """What the number is given in that a tally makes; "" for a count."""
    return "" if tally == "count" else earning.measure


def misdeclared(earnings: Collection[Earning]) -> str | None:
    """What is wrong with the list of all earnings, for its programmer, or None."""
    codes = [one.code for one in earnings]
    for one in earnings:
        if codes.count(one.code) > 1:
            return f"{one.code}: declared twice"
        if (wrong := rule_flaw(one.code, one.daily_cap, one.spend_percent)) is not None:
            return f"{one.code}: {wrong}"
        if unfit := one.tallies.keys() - {"count"} - MEASURED[one.measure]:
            return f"{one.code}: {', '.join(sorted(unfit))} of {one.measure or 'no measure'}"
    return None
