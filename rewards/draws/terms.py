"""All that an organiser decides about a draw before the freeze, and what it must be. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from rewards.draws import eligibility
from rewards.draws.eligibility import LONGEST_WHY, ClassTerms, Rule, is_name
from rewards.draws.rules import (
    MAX_ALTERNATES,
    MAX_BATCH,
    MAX_CALL_SECONDS,
    MAX_CUSTODIANS,
    MAX_ROUNDS,
    MAX_SLOTS,
    MAX_WITNESSES,
)
from rewards.draws.states import VENUE

__all__ = [
    "CODE",
    "LEAST_CUSTODIANS",
    "MOST_CLAIM_DAYS",
    "MOST_DISPUTE_HOURS",
    "MOST_EXCLUSIONS",
    "MOST_PRIZES",
    "MOST_VALUE",
    "SHOWN_NAMES",
    "ClassTerms",
    "CustodianTerms",
    "Exclusion",
    "PrizeTerms",
    "RoundTerms",
    "Terms",
    "flaw",
    "in_rounds",
    "is_dice",
    "per_unit",
    "prizes_flaw",
    "read_rounds",
    "rounds_json",
    "stages",
]

MOST_PRIZES: Final = 100
MOST_VALUE: Final = 100_000_000_000
"""Of one piece, in fen."""
MOST_DISPUTE_HOURS: Final = 8760
MOST_CLAIM_DAYS: Final = 3650
MOST_EXCLUSIONS: Final = 1000
LEAST_CUSTODIANS: Final = 2
"""Sealed secrets that a freeze needs."""
SHOWN_NAMES: Final = ("masked", "full", "number")
CODE: Final = re.compile("[a-z0-9-]{1,32}")
_DICE: Final = re.compile("d(6|10)x([1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True)
class PrizeTerms:
    """`code` is the prize's id in the manifest ([a-z0-9-], 1 to 32); `quantity` equal places.

    `round`: code of its round. `value` of one piece in fen, 0: not stated. `batch`: names shown at a time, 1-150.
    `group`: only this class may win it, "": any. `units`: only people in one of these units or below, empty: any.
    `present`: whoever wins it must be there. `redraw`: dice ("d10x4") before an absent winner's place is drawn again,
    "": none. `alternates` are drawn at the close for places that nobody claims. `budget` and `stock` are the funds that
    pay for it, None: none.
    """

    code: str
    name: str
    quantity: int
    round: str = "r1"
    value: int = 0
    sponsor: str = ""
    batch: int = 1
    group: str = ""
    units: frozenset[UUID] = frozenset()
    present: bool = True
    redraw: str = ""
    alternates: int = 0
    budget: UUID | None = None
    stock: UUID | None = None


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """Prizes that are drawn at one go. `dice` of its own ("d10x6"), thrown when the round starts; "": none."""

    code: str
    name: str
    dice: str = ""


ONE_ROUND: Final = RoundTerms("r1", "")
"""The round of a draw that has no others; it needs no name."""


@dataclass(frozen=True, slots=True)
class CustodianTerms:
    """Who keeps a sealed secret: `label` in the manifest ([a-z0-9-], 1 to 32), the name for everybody's eyes, and the
    member, who then takes no part (None: somebody from outside, a notary)."""

    label: str
    name: str
    member: UUID | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A member whom people leave out, and why (1 to 300 characters, shown to himself and to the desk)."""

    member: UUID
    why: str


@dataclass(frozen=True, slots=True)
class Terms:
    """All that an organiser decides before the freeze. Prizes are drawn in this order, round by round.

    `rounds` empty: one. `unit_cap`: at most so many winners a unit (whoever has no unit counts as of one); None: no
    cap. `presence`: only who is checked in can win what must be received in person. `call_seconds`: how long a winner
    is called before he counts as absent. `dispute_hours` pass between freeze and dice, `claim_days` between the end
    and the expiry of what nobody claims. `shown_names` for everybody's eyes: masked, full or number. `freeze_at` None:
    frozen by hand. `beacon_at`: a moment whose public randomness counts as well, None: none.
    """

    title: str
    season: UUID
    rule: Rule
    prizes: tuple[PrizeTerms, ...]
    rounds: tuple[RoundTerms, ...] = ()
    unit_cap: int | None = None
    one_win: bool = True
    presence: bool = False
    call_seconds: int = 60
    dispute_hours: int = 24
    claim_days: int = 30
    shown_names: str = "masked"
    witnesses: tuple[str, ...] = ()
    custodians: tuple[CustodianTerms, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    freeze_at: datetime | None = None
    beacon_at: datetime | None = None
    venue: str = VENUE


def flaw(terms: Terms) -> str | None:
    """The code of what is wrong with the terms of a draw taken by themselves, or None."""
    if not is_name(terms.title):
        return "draw.title_invalid"
    if (wrong := eligibility.flaw(terms.rule)) is not None:
        return wrong
    if terms.unit_cap is not None and not 1 <= terms.unit_cap <= MAX_SLOTS:
        return "draw.unit_cap_out_of_range"
    if (wrong := rounds_flaw(terms.rounds)) is not None:
        return wrong
    if (wrong := prizes_flaw(terms.prizes)) is not None:
        return wrong
    known = {one.code for one in stages(terms.rounds)}
    drawn_in = {prize.round for prize in terms.prizes}
    if not drawn_in <= known:
        return "draw.prize_round_unknown"
    if terms.prizes and drawn_in != known:
        return "draw.round_empty"
    classes = {"", *(one.code for one in terms.rule.classes)}
    if any(prize.group not in classes for prize in terms.prizes):
        return "draw.prize_class_unknown"
    return _people_flaw(terms) or _numbers_flaw(terms)


def prizes_flaw(prizes: Sequence[PrizeTerms]) -> str | None:
    """The code of what is wrong with a list of prizes, or None. None of them is fine until the freeze."""
    if len(prizes) > MOST_PRIZES:
        return "draw.prizes_many"
    if not all(is_name(prize.name) for prize in prizes):
        return "draw.prize_name_invalid"
    if any(CODE.fullmatch(prize.code) is None for prize in prizes):
        return "draw.prize_code_invalid"
    if len({prize.code for prize in prizes}) != len(prizes):
        return "draw.prize_code_twice"
    if any(prize.quantity < 1 for prize in prizes) or sum(one.quantity + one.alternates for one in prizes) > MAX_SLOTS:
        return "draw.prize_quantity_invalid"
    return next((wrong for prize in prizes if (wrong := _prize_flaw(prize)) is not None), None)


def rounds_flaw(rounds: Sequence[RoundTerms]) -> str | None:
    """The code of what is wrong with a list of rounds, or None. Empty is fine: one round."""
    if len(rounds) > MAX_ROUNDS:
        return "draw.rounds_many"
    if any(CODE.fullmatch(one.code) is None for one in rounds):
        return "draw.round_code_invalid"
    if len({one.code for one in rounds}) != len(rounds):
        return "draw.round_code_twice"
    if not all(is_name(one.name) for one in rounds) and list(rounds) != [ONE_ROUND]:
        return "draw.round_name_invalid"
    if any(one.dice and not is_dice(one.dice) for one in rounds):
        return "draw.round_dice_invalid"
    return None


def is_dice(label: str) -> bool:
    """Whether this names dice: d6xN or d10xN, N from 1 to 999 throws."""
    return _DICE.fullmatch(label) is not None


def stages(rounds: Sequence[RoundTerms]) -> tuple[RoundTerms, ...]:
    """The rounds in their order, at least one."""
    return tuple(rounds) or (ONE_ROUND,)


def in_rounds(terms: Terms) -> tuple[PrizeTerms, ...]:
    """The prizes in the order of the rounds, within a round in the order given."""
    place = {one.code: number for number, one in enumerate(stages(terms.rounds))}
    return tuple(sorted(terms.prizes, key=lambda prize: place[prize.round]))


def per_unit(prize: PrizeTerms, units: Iterable[UUID]) -> tuple[PrizeTerms, ...]:
    """A prize guaranteed to each of these units, in their order: as many pieces for each as `prize` has.

    Codes are those of the prize with -1, -2 and so on.
    """
    stem = prize.code[:27]
    return tuple(
        replace(prize, code=f"{stem}-{number}", units=frozenset({unit})) for number, unit in enumerate(units, 1)
    )


def rounds_json(rounds: Sequence[RoundTerms]) -> list[dict[str, str]]:
    """Rounds as plain data for JSON; `read_rounds` brings them back."""
    return [{"code": one.code, "name": one.name, "dice": one.dice} for one in rounds]


def read_rounds(data: Sequence[Mapping[str, Any]]) -> tuple[RoundTerms, ...]:
    """The rounds of `rounds_json`."""
    return tuple(RoundTerms(one["code"], one["name"], one.get("dice", "")) for one in data)


def _prize_flaw(prize: PrizeTerms) -> str | None:
    if not 0 <= prize.value <= MOST_VALUE:
        return "draw.prize_value_invalid"
    if prize.sponsor and not is_name(prize.sponsor):
        return "draw.prize_sponsor_invalid"
    if not 1 <= prize.batch <= MAX_BATCH:
        return "draw.prize_batch_invalid"
    if prize.redraw and not is_dice(prize.redraw):
        return "draw.prize_redraw_invalid"
    if not 0 <= prize.alternates <= MAX_ALTERNATES:
        return "draw.prize_alternates_invalid"
    if prize.alternates and prize.redraw:
        return "draw.prize_alternates_redraw"
    if prize.budget is not None and prize.value == 0:
        return "draw.prize_budget_value"
    if len(prize.units) > eligibility.MOST_UNITS:
        return "draw.units_out_of_range"
    return None


def _people_flaw(terms: Terms) -> str | None:
    custodians, members = terms.custodians, [one.member for one in terms.custodians if one.member is not None]
    if len(custodians) > MAX_CUSTODIANS:
        return "draw.custodians_many"
    if any(CODE.fullmatch(one.label) is None for one in custodians):
        return "draw.custodian_label_invalid"
    if not all(is_name(one.name) for one in custodians):
        return "draw.custodian_name_invalid"
    if len({one.label for one in custodians}) != len(custodians) or len(set(members)) != len(members):
        return "draw.custodian_twice"
    if len(terms.witnesses) > MAX_WITNESSES:
        return "draw.witnesses_many"
    if not all(is_name(one) for one in terms.witnesses):
        return "draw.witness_invalid"
    if len(terms.exclusions) > MOST_EXCLUSIONS:
        return "draw.exclusions_many"
    if any(not 1 <= len(one.why.strip()) <= LONGEST_WHY or "\0" in one.why for one in terms.exclusions):
        return "draw.exclusion_why_missing"
    if len({one.member for one in terms.exclusions}) != len(terms.exclusions):
        return "draw.exclusion_twice"
    return None


def _numbers_flaw(terms: Terms) -> str | None:
    if not 0 <= terms.call_seconds <= MAX_CALL_SECONDS:
        return "draw.call_seconds_out_of_range"
    if not 0 <= terms.dispute_hours <= MOST_DISPUTE_HOURS:
        return "draw.dispute_hours_out_of_range"
    if not 0 <= terms.claim_days <= MOST_CLAIM_DAYS:
        return "draw.claim_days_out_of_range"
    if terms.shown_names not in SHOWN_NAMES:
        return "draw.shown_names_unknown"
    if not is_dice(terms.venue):
        return "draw.venue_invalid"
    if terms.beacon_at is not None and terms.freeze_at is not None and terms.beacon_at <= terms.freeze_at:
        return "draw.beacon_early"
    return None
