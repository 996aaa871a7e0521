"""Amounts as typed and shown, and what a movement is."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.funds import rules
from rewards.ledger.rules import is_balanced
from rewards.refusals import Refusal

FUND = UUID(int=7)
FULL_WIDTH = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
KINDS = st.sampled_from(rules.KINDS)


@given(KINDS, st.data())
def test_what_is_shown_is_read_back_however_it_was_typed(kind: rules.Kind, data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, rules.MOST[kind]))
    shown = rules.shown(kind, amount)
    plain = shown.replace(",", "")
    for typed in (shown, plain, shown.translate(FULL_WIDTH), f"  {plain} ", f"¥{shown}", f"￥ {plain}", f"{plain} 元"):
        assert rules.read_amount(kind, typed) == amount


@given(st.integers(0, 10**9 - 1), st.integers(0, 9))
def test_a_short_fraction_is_tenths(whole: int, tenths: int) -> None:
    assert rules.read_amount("money", f"{whole}.{tenths}") == whole * 100 + tenths * 10


@given(st.integers(-(10**13), 10**13))
def test_units_lose_nothing(fen: int) -> None:
    text = rules.units(fen)
    assert text[-3] == "."
    assert int(text.replace(",", "").replace(".", "")) == fen


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        ("money", "", "funds.amount_form"),
        ("money", "abc", "funds.amount_form"),
        ("money", "-5", "funds.amount_form"),
        ("money", "1.234", "funds.amount_form"),
        ("money", "1,23", "funds.amount_form"),
        ("money", "1e3", "funds.amount_form"),
        ("money", ".5", "funds.amount_form"),
        ("money", "٣", "funds.amount_form"),
        ("money", "9" * 21, "funds.amount_form"),
        ("money", "1000000000.01", "funds.amount_range"),
        ("item", "2.0", "funds.pieces_form"),
        ("item", "two", "funds.pieces_form"),
        ("item", "1000001", "funds.amount_range"),
    ],
)
def test_what_is_no_amount_is_refused(kind: rules.Kind, typed: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        rules.read_amount(kind, typed)
    assert refused.value.code == code


@given(KINDS, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_range_is_kept_and_named(kind: rules.Kind, amount: int, least: int, most: int) -> None:
    typed = rules.shown(kind, amount)
    if least <= amount <= most:
        assert rules.read_amount(kind, typed, least=least, most=most) == amount
        return
    with pytest.raises(Refusal) as refused:
        rules.read_amount(kind, typed, least=least, most=most)
    assert refused.value.code == "funds.amount_range"
    assert refused.value.details == {"least": rules.shown(kind, least), "most": rules.shown(kind, most)}


@given(KINDS, st.integers(1, 10**9), st.text("abcdef0123456789-", min_size=1, max_size=36))
def test_every_movement_balances_and_is_told_by_its_legs(kind: rules.Kind, amount: int, name: str) -> None:
    holder = f"draw:{name}"
    moves = {
        "added": rules.put_in(FUND, kind, amount),
        "removed": rules.put_in(FUND, kind, -amount),
        "held": rules.keep(FUND, kind, holder, amount),
        "returned": rules.keep(FUND, kind, holder, -amount),
        "paid": rules.give_out(FUND, kind, holder, amount),
        "unpaid": rules.give_out(FUND, kind, holder, -amount),
    }
    for what, legs in moves.items():
        assert is_balanced(legs)
        free = sum(one for place, one in legs.items() if place.purpose == "fund")
        held = sum(one for place, one in legs.items() if place.purpose == "escrow")
        assert rules.movement(free, held) == what
    there_and_back = [*moves["held"].items(), *moves["returned"].items()]
    assert {place: sum(one for at, one in there_and_back if at == place) for place in moves["held"]} == dict.fromkeys(
        moves["held"], 0
    )


def test_legs_that_do_not_balance_are_seen() -> None:
    held = rules.keep(FUND, "item", "draw:1", 3)
    assert not is_balanced({})
    assert not is_balanced(rules.keep(FUND, "item", "draw:1", 0))
    assert not is_balanced(dict(list(held.items())[:1]))
    other = rules.keep(UUID(int=8), "item", "draw:1", 3)
    assert is_balanced(held | other)
    assert not is_balanced(dict([*list(held.items())[:1], *list(other.items())[1:]]))  # one kind for another


@pytest.mark.parametrize(
    ("name", "kind", "amount", "value", "code"),
    [
        ("Autumn budget", "money", 0, 0, None),
        ("Thermos", "item", 1_000_000, 100_000_000_000, None),
        ("", "money", 0, 0, "funds.name_invalid"),
        ("n" * 101, "money", 0, 0, "funds.name_invalid"),
        ("a\0b", "money", 0, 0, "funds.name_invalid"),
        ("a", "gold", 0, 0, "funds.kind_invalid"),
        ("a", "money", 0, 1, "funds.kind_invalid"),
        ("a", "money", -1, 0, "funds.amount_range"),
        ("a", "item", 1_000_001, 0, "funds.amount_range"),
        ("a", "item", 1, -1, "funds.amount_range"),
    ],
)
def test_flaws_of_a_fund(name: str, kind: rules.Kind, amount: int, value: int, code: str | None) -> None:
    assert rules.flaw(name, kind, amount, value) == code


@pytest.mark.parametrize(
    ("holder", "right"),
    [("draw:0192-ab", True), ("draw:", False), ("draw", False), ("Draw:1", False), ("draw:a b", False)],
)
def test_who_can_hold(holder: str, right: bool) -> None:
    assert rules.is_holder(holder) is right
