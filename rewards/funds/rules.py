"""Amounts as people type and read them, and what a movement of a fund is. Pure.

Money is counted in hundredths of the currency unit (fen), goods in pieces.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal, get_args
from uuid import UUID

from rewards.ledger.rules import ITEM, MONEY, Pocket
from rewards.refusals import Refusal

Kind = Literal["money", "item"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

MOST: Final[Mapping[Kind, int]] = {"money": 100_000_000_000, "item": 1_000_000}
"""Most that is put into a fund, or taken out, at once; a piece is worth at most as much as the first."""

LONGEST_NAME: Final = 100

Movement = Literal["added", "removed", "held", "returned", "paid", "unpaid"]

_UNITS = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20})(?:\.([0-9]{1,2}))?")
_HOLDER = re.compile(r"[a-z]{1,20}:[0-9A-Za-z-]{1,59}")


def read_amount(kind: Kind, text: str, *, least: int = 0, most: int | None = None) -> int:
    """The amount that somebody typed: hundredths of "1,234.50" for money, pieces of "1,234" for goods.

    Full-width signs, spaces, a currency sign before and the unit after it are fine. Refusals: funds.amount_form
    and funds.pieces_form (it is no such number), funds.amount_range (least, most: as shown) outside `least` to `most`
    (None: MOST of the kind).
    """
    most = MOST[kind] if most is None else most
    plain = "".join(unicodedata.normalize("NFKC", text).split()).removeprefix("¥").removesuffix("元")
    found = _UNITS.fullmatch(plain)
    if found is None or (kind == ITEM and found[2] is not None):
        raise Refusal("funds.amount_form" if kind == MONEY else "funds.pieces_form")
    whole = int(found[1].replace(",", ""))
    amount = whole if kind == ITEM else whole * 100 + int((found[2] or "").ljust(2, "0"))
    if not least <= amount <= most:
        raise Refusal("funds.amount_range", least=shown(kind, least), most=shown(kind, most))
    return amount


def units(fen: int) -> str:
    """Hundredths as units with two decimals: 123450 -> "1,234.50"."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"


def shown(kind: Kind, amount: int) -> str:
    """An amount as people read it: money with two decimals, pieces whole."""
    return units(amount) if kind == MONEY else f"{amount:,}"


def flaw(name: str, kind: Kind, amount: int, value: int) -> str | None:
    """The code of what is wrong with a fund that is to be opened, or None."""
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        return "funds.name_invalid"
    if kind not in KINDS or (kind == MONEY and value):
        return "funds.kind_invalid"
    if not 0 <= amount <= MOST[kind] or not 0 <= value <= MOST[MONEY]:
        return "funds.amount_range"
    return None


def is_holder(holder: str) -> bool:
    """Whether something can be kept for it: what it is, a colon, its id ("draw:0192...")."""
    return _HOLDER.fullmatch(holder) is not None


def put_in(fund: UUID, kind: Kind, amount: int) -> dict[Pocket, int]:
    """From outside into what is free; out again when `amount` is negative."""
    return {Pocket(fund, kind, "issuance"): -amount, Pocket(fund, kind, "fund"): amount}


def keep(fund: UUID, kind: Kind, holder: str, amount: int) -> dict[Pocket, int]:
    """From what is free to the holder's part; back when `amount` is negative."""
    return {Pocket(fund, kind, "fund"): -amount, Pocket(fund, kind, "escrow", holder): amount}


def give_out(fund: UUID, kind: Kind, holder: str, amount: int) -> dict[Pocket, int]:
    """From the holder's part to what was paid; back when `amount` is negative."""
    return {Pocket(fund, kind, "escrow", holder): -amount, Pocket(fund, kind, "paid"): amount}


def movement(free: int, held: int) -> Movement:
    """What a posting did to a fund, by what it changed in what is free and in what is held."""
    if held == 0:
        return "added" if free > 0 else "removed"
    if free == 0:
        return "paid" if held < 0 else "unpaid"
    return "held" if held > 0 else "returned"
