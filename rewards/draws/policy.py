"""The prize policy: what an employer or a union lets its draws give away, and what a draw breaks of it. Pure.

Guidelines differ by region and name three limits: the share of those taking part who may win (often two thirds), what
one person may receive at one event, and in one year. Values are hundredths of the currency unit (fen); 0 is no limit.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from rewards.funds.rules import MOST, units
from rewards.refusals import Refusal

Mode = Literal["off", "warn", "block"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)

WHOLE: Final = 1000
"""A share of all, in thousandths."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`share`: most winners in thousandths of those taking part. `value_event`, `value_year`: most for one person.

    Mode off: nothing is looked at; warn: what is broken is said and noted; block: such a draw is not frozen.
    """

    mode: Mode = "off"
    share: int = 0
    value_event: int = 0
    value_year: int = 0


@dataclass(frozen=True, slots=True)
class Breach:
    """What a draw breaks: the code of its sentence and the figures in it, values as shown ("1,200.00")."""

    code: str
    details: dict[str, str | int]


def flaw(policy: Policy) -> str | None:
    """The code of what is wrong with a policy that is to be set, or None."""
    if policy.mode not in MODES:
        return "policy.mode_unknown"
    if not 0 <= policy.share <= WHOLE:
        return "policy.share_range"
    if not all(0 <= value <= MOST["money"] for value in (policy.value_event, policy.value_year)):
        return "policy.value_range"
    return None


def read_percent(text: str) -> int:
    """Thousandths of the percentage that somebody typed: "66.7" or "66.7 %" is 667. Full-width signs are fine.

    Refusal policy.share_form: no number from 0 to 100 with at most one decimal.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split()).removesuffix("%")
    found = re.fullmatch(r"([0-9]{1,3})(?:\.([0-9]))?", plain)
    share = -1 if found is None else int(found[1]) * 10 + int(found[2] or 0)
    if not 0 <= share <= WHOLE:
        raise Refusal("policy.share_form")
    return share


def percent(share: int) -> str:
    """Thousandths as people read them: 667 is "66.7", 500 is "50"."""
    whole, rest = divmod(share, 10)
    return f"{whole}.{rest}" if rest else str(whole)


def most_winners(policy: Policy, entrants: int) -> int:
    """How many of `entrants` people may win; all of them without a limit. A share is rounded down."""
    return entrants * policy.share // WHOLE if policy.share else entrants


def judge(
    policy: Policy, entrants: int, places: int, values: Sequence[tuple[str, int, int]], one_win: bool
) -> list[Breach]:
    """Everything that a draw with `entrants` people and `places` places breaks; empty when nothing, or the mode is off.

    `values`: (prize, value of one, quantity), in the order of the prizes. policy.share (winners, people, most): more
    may win than allowed; winners are counted as people, so never more than take part. policy.value_event (prize, value,
    most): one prize is worth more, once a prize. policy.value_together (value, most): no single one is, but without
    `one_win` one person may win them all, which together are.
    """
    if policy.mode == "off":
        return []
    breaches = []
    winners, most = min(places, entrants), most_winners(policy, entrants)
    if winners > most:
        breaches.append(Breach("policy.share", {"winners": winners, "people": entrants, "most": most}))
    if policy.value_event:
        limit = units(policy.value_event)
        above = [(prize, value) for prize, value, quantity in values if quantity and value > policy.value_event]
        breaches += [
            Breach("policy.value_event", {"prize": prize, "value": units(value), "most": limit})
            for prize, value in above
        ]
        together = sum(value * quantity for _, value, quantity in values)
        if not above and not one_win and together > policy.value_event:
            breaches.append(Breach("policy.value_together", {"value": units(together), "most": limit}))
    return breaches


def over_the_year(policy: Policy, already: Mapping[UUID, int], dearest: int) -> set[UUID]:
    """Whose year would be exceeded by winning `dearest`, of those who have won `already` so much in it.

    Empty when the mode is off or there is no limit. Who is not in `already` has won nothing; a prize that is above the
    limit by itself exceeds the year of everybody in it.
    """
    if policy.mode == "off" or not policy.value_year:
        return set()
    return {member for member, value in already.items() if value + dearest > policy.value_year}
