"""What a fact is worth, and when two facts are the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

HONOUR = "honour"
SPEND = "spend"
MONEY: Final = "money"
"""Hundredths of the currency unit."""
ITEM: Final = "item"
"""Pieces of the goods of one fund."""
ADJUSTMENT = "adjustment"
"""The rule of what people grant by hand; nobody grants it to himself."""

MOST_POINTS = 10_000_000
"""Most honour points of one award."""

MOST_MEASURE = 1_000_000
"""Largest measure of one award: percent, minutes."""

WHOLE: Final = date.min
"""Stands for the whole season where a week is named (-infinity in the database)."""

LONGEST_KEY = 200
LONGEST_NOTE = 300
LONGEST_SEASON = 380
"""Days. A board tells instants apart for 388 days from the start of its season (boards/rules.py)."""

DAILY_CAP = "daily_cap"


def digest(
    *,
    member: UUID,
    points: int,
    rule: str,
    season: UUID,
    day: date,
    note: str,
    about: UUID | None = None,
    measure: int | None = None,
) -> bytes:
    """SHA-256 of the input of an award. The actor and the hour are not part of it: a retry may differ in them."""
    facts: list[str | int | None] = ["award", str(member), points, rule, str(season), day.isoformat(), note]
    if about is not None or measure is not None:
        facts += [str(about), measure]
    return sha256(json.dumps(facts, separators=(",", ":")).encode()).digest()


def reversal_digest(original: UUID) -> bytes:
    """SHA-256 of the input of a reversal: the posting that it undoes."""
    return sha256(json.dumps(["reversal", str(original)], separators=(",", ":")).encode()).digest()


@dataclass(frozen=True, slots=True, order=True)
class Pocket:
    """Where something of a fund can be: not given yet (issuance), free (fund), kept for a holder, or paid."""

    fund: UUID
    currency: Literal["money", "item"]
    purpose: Literal["issuance", "fund", "escrow", "paid"]
    holder: str = ""


def transfer_digest(facts: Sequence[str | int]) -> bytes:
    """SHA-256 of the input of a transfer, which the caller puts in one order."""
    return sha256(json.dumps(["transfer", *facts], separators=(",", ":")).encode()).digest()


def is_balanced(legs: Mapping[Pocket, int]) -> bool:
    """Whether something moves, and of each fund as much into places as out of others."""
    sums: dict[tuple[UUID, str], int] = {}
    for pocket, amount in legs.items():
        sums[pocket.fund, pocket.currency] = sums.get((pocket.fund, pocket.currency), 0) + amount
    return bool(legs) and all(legs.values()) and not any(sums.values())


def granted(points: int, *, cap: int | None, earned: int) -> tuple[int, str]:
    """(points given, reason for giving less or ""), where `earned` is what the member has by this rule on this day."""
    if cap is None:
        return points, ""
    given = min(points, max(cap - earned, 0))
    return given, "" if given == points else DAILY_CAP


def spend_of(honour: int, percent: int) -> int:
    """Spend points that come with `honour` points, rounded down."""
    return honour * percent // 100


def flaw(*, key: str, points: int, note: str, measure: int | None = None) -> str | None:
    """The code of what is wrong with an award taken by itself, or None."""
    if not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        return "ledger.key_invalid"
    if not 0 <= points <= MOST_POINTS:
        return "ledger.points_out_of_range"
    if len(note) > LONGEST_NOTE or "\0" in note:
        return "ledger.note_invalid"
    if measure is not None and not 0 <= measure <= MOST_MEASURE:
        return "ledger.measure_out_of_range"
    return None


def season_flaw(name: str, starts_on: date, ends_on: date) -> str | None:
    """The code of what is wrong with a season taken by itself, or None."""
    if not name.strip() or len(name) > 100 or "\0" in name:
        return "season.name_invalid"
    if ends_on < starts_on:
        return "season.ends_before_start"
    if (ends_on - starts_on).days >= LONGEST_SEASON:
        return "season.too_long"
    return None


def dates_flaw(
    old: tuple[date, date], new: tuple[date, date], posted: tuple[date, date] | None, today: date
) -> str | None:
    """The code of why a season's (first, last) day cannot be changed so, or None. `posted`: first and last day of what
    was posted in it; None: nothing.

    With postings, boards count from the first day, and an end that is past has settled who is on them.
    """
    if old == new or posted is None:
        return None
    if new[0] != old[0]:
        return "season.start_posted"
    if old[1] < today:
        return "season.end_past"
    if new[1] < max(posted[1], today):
        return "season.end_posted"
    return None


def rule_flaw(code: str, daily_cap: int | None, spend_percent: int) -> str | None:
    """The code of what is wrong with an earning rule, or None."""
    named = 0 < len(code) <= 40 and code.isascii() and code.replace("_", "").isalnum() and code == code.lower()
    if not named:
        return "rule.code_invalid"
    if daily_cap is not None and not 0 <= daily_cap <= 2**31 - 1:
        return "rule.cap_out_of_range"
    if not 0 <= spend_percent <= 1000:
        return "rule.spend_out_of_range"
    return None
