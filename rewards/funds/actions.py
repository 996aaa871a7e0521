"""Open and fill funds; keep a part of them for a holder, give it back, pay it out. All of it stands in the ledger.

Lock order: whatever the holder locks for itself (a draw's row), then accounts, which the ledger locks in one order
within a call. Who keeps of several funds in one transaction asks for all at once.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from rewards.audit.actions import note as audit
from rewards.database import transaction
from rewards.funds import queries, rules
from rewards.funds.rules import Kind
from rewards.funds.tables import Fund
from rewards.ledger import actions as ledger
from rewards.ledger.rules import Pocket
from rewards.refusals import Refusal

NewId = Callable[[], UUID]


async def open_fund(
    name: str, kind: Kind, amount: int, value_fen: int = 0, *, actor: UUID | None, now: datetime, new_id: NewId
) -> UUID:
    """Open a budget of `amount` hundredths, or a stock of `amount` pieces worth `value_fen` hundredths each.

    Refusals: funds.name_invalid (longest), funds.name_taken (name), funds.kind_invalid (unknown, or a budget with a
    value), funds.amount_range (least, most).
    """
    name = name.strip()
    if (flaw := rules.flaw(name, kind, amount, value_fen)) is not None:
        raise Refusal(flaw, longest=rules.LONGEST_NAME, least="0", most=rules.shown(kind, rules.MOST.get(kind, 0)))
    made = new_id()
    try:
        async with transaction():
            await Fund.insert(Fund(id=made, name=name, kind=kind, value=value_fen, opened_by=actor, opened_at=now))
            if amount:
                await ledger.transfer(
                    f"fund:{made}:opened",
                    rules.put_in(made, kind, amount),
                    ["open", str(made), amount],
                    at=now,
                    actor=actor,
                    new_id=new_id,
                )
            details = {"kind": kind, "amount": rules.shown(kind, amount), "value": rules.units(value_fen)}
            await audit("fund.opened", at=now, actor=actor, subject=str(made), name=name, **details)
    except asyncpg.UniqueViolationError:
        raise Refusal("funds.name_taken", name=name) from None
    return made


async def top_up(
    fund: UUID, amount: int, why: str, *, key: str, actor: UUID | None, now: datetime, new_id: NewId
) -> bool:
    """Put more in, or take out of what is free (a negative amount); once by `key`. False: it was done before.

    Refusals: funds.unknown, funds.why_missing, funds.amount_range (least, most), funds.short (wanted, free, name),
    ledger.key_reused (key), ledger.note_invalid (longest).
    """
    why = why.strip()
    async with transaction():
        kind, name = await _known(fund)
        if amount == 0 or abs(amount) > rules.MOST[kind]:
            raise Refusal("funds.amount_range", least=rules.shown(kind, 1), most=rules.shown(kind, rules.MOST[kind]))
        if not why:
            raise Refusal("funds.why_missing")
        legs = rules.put_in(fund, kind, amount)
        facts: list[str | int] = ["top_up", str(fund), amount]
        there = await ledger.lock_pockets(legs, new_id=new_id)
        if await ledger.is_transferred(key, facts):
            return False
        _covered(fund, (kind, name), -amount, there)
        await ledger.transfer(key, legs, facts, at=now, actor=actor, note=why, new_id=new_id)
        code, moved = ("fund.topped_up", amount) if amount > 0 else ("fund.taken_out", -amount)
        await audit(code, at=now, actor=actor, subject=str(fund), why=why, name=name, amount=rules.shown(kind, moved))
    return True


async def hold(
    holder: str,
    wanted: Mapping[UUID, int],
    key: str,
    *,
    note: str = "",
    actor: UUID | None,
    now: datetime,
    new_id: NewId,
) -> bool:
    """Join the caller's transaction: keep so much of each fund for a holder ("draw:ID"), all or nothing, once by `key`.

    False: it was done before, or nothing was wanted (zeros are left out). `note` (the draw's title) is shown among the
    movements. Raises ValueError for a negative amount or a holder that is none.
    Refusals: funds.unknown, funds.short (wanted, free, name), ledger.key_reused (key), ledger.key_invalid.
    """
    _is_holder(holder)
    wanted = _in_order(wanted)
    if not wanted:
        return False
    known = await _all_known(wanted)
    facts: list[str | int] = ["hold", holder]
    legs: dict[Pocket, int] = {}
    for fund, amount in wanted.items():
        facts += [str(fund), amount]
        legs |= rules.keep(fund, known[fund][0], holder, amount)
    there = await ledger.lock_pockets(legs, new_id=new_id)
    if await ledger.is_transferred(key, facts):
        return False
    for fund, amount in wanted.items():
        _covered(fund, known[fund], amount, there)
    return await ledger.transfer(key, legs, facts, at=now, actor=actor, note=note, new_id=new_id)


async def give_back(
    holder: str,
    key: str,
    *,
    only: Mapping[UUID, int] | None = None,
    note: str = "",
    actor: UUID | None,
    now: datetime,
    new_id: NewId,
) -> bool:
    """Join the caller's transaction: everything that is still kept for the holder returns to its funds, once by `key`.

    `only`: no more than so much of each fund (a prize that nobody claimed). False: it was done before, or nothing was
    held. Refusals: funds.not_held (wanted, held, name), funds.unknown, ledger.key_reused (key), ledger.key_invalid.
    """
    _is_holder(holder)
    asked = None if only is None else _in_order(only)
    if asked is None:
        known = {one.fund: (one.kind, one.name) for one in await queries.held_by(holder)}
    else:
        known = await _all_known(asked)
    facts: list[str | int] = ["give_back", holder]
    for fund, amount in (asked or {}).items():
        facts += [str(fund), amount]
    pockets = [pocket for fund, (kind, _) in known.items() for pocket in rules.keep(fund, kind, holder, 1)]
    there = await ledger.lock_pockets(pockets, new_id=new_id)
    if await ledger.is_transferred(key, facts):
        return False
    legs: dict[Pocket, int] = {}
    for fund, (kind, name) in known.items():
        held = there[Pocket(fund, kind, "escrow", holder)]
        amount = held if asked is None else asked[fund]
        if amount > held:
            _not_held(kind, name, amount, held)
        if amount:
            legs |= rules.keep(fund, kind, holder, -amount)
    if not legs:
        return False
    return await ledger.transfer(key, legs, facts, at=now, actor=actor, note=note, new_id=new_id)


async def pay(
    holder: str,
    wanted: Mapping[UUID, int],
    key: str,
    *,
    note: str = "",
    actor: UUID | None,
    now: datetime,
    new_id: NewId,
) -> bool:
    """Join the caller's transaction: so much of what is kept for the holder in each fund is given out, once by `key`.

    False: it was done before, or nothing was wanted.
    Refusals: funds.unknown, funds.not_held (wanted, held, name), ledger.key_reused (key), ledger.key_invalid.
    """
    _is_holder(holder)
    wanted = _in_order(wanted)
    if not wanted:
        return False
    known = await _all_known(wanted)
    facts: list[str | int] = ["pay", holder]
    legs: dict[Pocket, int] = {}
    for fund, amount in wanted.items():
        facts += [str(fund), amount]
        legs |= rules.give_out(fund, known[fund][0], holder, amount)
    there = await ledger.lock_pockets(legs, new_id=new_id)
    if await ledger.is_transferred(key, facts):
        return False
    for fund, amount in wanted.items():
        kind, name = known[fund]
        held = there[Pocket(fund, kind, "escrow", holder)]
        if amount > held:
            _not_held(kind, name, amount, held)
    return await ledger.transfer(key, legs, facts, at=now, actor=actor, note=note, new_id=new_id)


async def take_back(
    holder: str, wanted: Mapping[UUID, int], key: str, *, actor: UUID | None, now: datetime, new_id: NewId
) -> bool:
    """Join the caller's transaction: so much of each fund that was given out for the holder is kept for it again, once
    by `key`.

    False: it was done before, or nothing was wanted. Refusals: funds.unknown, ledger.key_reused (key),
    ledger.key_invalid.
    """
    _is_holder(holder)
    wanted = _in_order(wanted)
    if not wanted:
        return False
    known = await _all_known(wanted)
    facts: list[str | int] = ["take_back", holder]
    legs: dict[Pocket, int] = {}
    for fund, amount in wanted.items():
        facts += [str(fund), amount]
        legs |= rules.give_out(fund, known[fund][0], holder, -amount)
    return await ledger.transfer(key, legs, facts, at=now, actor=actor, new_id=new_id)


def _in_order(amounts: Mapping[UUID, int]) -> dict[UUID, int]:
    """By fund, without the zeros. Raises ValueError for a negative amount."""
    if any(amount < 0 for amount in amounts.values()):
        raise ValueError("less than nothing of a fund")
    return {fund: amount for fund, amount in sorted(amounts.items()) if amount}


async def _all_known(funds: Collection[UUID]) -> dict[UUID, tuple[Kind, str]]:
    """Fund -> (kind, name); Refusal funds.unknown."""
    found = await queries.kinds(list(funds)) if funds else {}
    if len(found) < len(funds):
        raise Refusal("funds.unknown")
    return found


async def _known(fund: UUID) -> tuple[Kind, str]:
    """(kind, name); Refusal funds.unknown."""
    return (await _all_known([fund]))[fund]


def _is_holder(holder: str) -> None:
    if not rules.is_holder(holder):
        raise ValueError(holder)


def _covered(fund: UUID, known: tuple[Kind, str], wanted: int, there: Mapping[Pocket, int]) -> None:
    """Refusal funds.short when less is free."""
    kind, name = known
    free = there[Pocket(fund, kind, "fund")]
    if wanted > free:
        raise Refusal("funds.short", wanted=rules.shown(kind, wanted), free=rules.shown(kind, free), name=name)


def _not_held(kind: Kind, name: str, wanted: int, held: int) -> None:
    raise Refusal("funds.not_held", wanted=rules.shown(kind, wanted), held=rules.shown(kind, held), name=name)
