"""What is in the funds. Every figure is a sum over the ledger at the instant of the call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rewards import database as db
from rewards.funds import rules
from rewards.funds.rules import Kind
from rewards.funds.tables import Fund
from rewards.ledger.queries import NEWEST


@dataclass(frozen=True, slots=True)
class FundRow:
    """`value` is what a piece is worth in hundredths of the unit, 0 for a budget. Amounts are hundredths or pieces:
    `given` was put in, of which `free` is left, `held` is kept for holders and `paid` is gone.
    """

    id: UUID
    name: str
    kind: Kind
    value: int
    opened_at: datetime
    given: int
    free: int
    held: int
    paid: int

    def shown(self, amount: int) -> str:
        """An amount of this fund as people read it."""
        return rules.shown(self.kind, amount)


@dataclass(frozen=True, slots=True)
class Held:
    """What a holder keeps of a fund, more than nothing."""

    fund: UUID
    name: str
    kind: Kind
    amount: int


@dataclass(frozen=True, slots=True)
class MovementRow:
    """What one posting did to a fund: `amount` above zero, in hundredths or pieces.

    `holder` is "" when nothing is kept or was kept; `who` the actor's name, "" for Laurel itself. `sequence` is the
    cursor of the next page.
    """

    sequence: int
    key: str
    at: datetime
    what: rules.Movement
    amount: int
    holder: str
    note: str
    actor: UUID | None
    who: str


_FUND = """
SELECT fund.id, fund.name, fund.kind, fund.value, fund.opened_at,
       (-coalesce(sum(balance) FILTER (WHERE account.purpose = 'issuance'), 0))::bigint AS given,
       coalesce(sum(balance) FILTER (WHERE account.purpose = 'fund'), 0)::bigint AS free,
       coalesce(sum(balance) FILTER (WHERE account.purpose = 'escrow'), 0)::bigint AS held,
       coalesce(sum(balance) FILTER (WHERE account.purpose = 'paid'), 0)::bigint AS paid
FROM fund LEFT JOIN account ON account.fund = fund.id
"""


_NAMED = db.compiled(
    Fund.select(Fund.id, Fund.name).where(db.holds(Fund.name, db.given(1))).order_by(Fund.name, Fund.id)
)
_KINDS = db.compiled(Fund.select(Fund.id, Fund.kind, Fund.name).where(Fund.id == db.any_of(db.given(1))))


async def funds() -> list[FundRow]:
    """All funds, budgets before stocks, by name."""
    found = await db.rows(_FUND + "GROUP BY fund.id ORDER BY fund.kind DESC, lower(fund.name)")
    return [FundRow(**dict(one)) for one in found]


async def fund(fund_id: UUID) -> FundRow | None:
    """The fund of this id."""
    found = await db.row(_FUND + "WHERE fund.id = $1 GROUP BY fund.id", fund_id)
    return None if found is None else FundRow(**dict(found))


async def funds_named(text: str, limit: int) -> list[tuple[UUID, str]]:
    """(id, name) of at most `limit` funds whose name has the text, in capitals or not; by name."""
    return [(one["id"], one["name"]) for one in await db.rows(_NAMED + " LIMIT $2", text, limit)]


async def kinds(funds: Collection[UUID]) -> dict[UUID, tuple[Kind, str]]:
    """(kind, name) of funds. Unknown ids are left out."""
    found = await db.rows(_KINDS, list(funds))
    return {one["id"]: (one["kind"], one["name"]) for one in found}


async def held_by(holder: str) -> list[Held]:
    """What a holder keeps, budgets before stocks, by name; empty: nothing (any more)."""
    found = await db.rows(
        "SELECT fund.id AS fund, fund.name, fund.kind, balance AS amount FROM account"
        " JOIN fund ON fund.id = account.fund"
        " WHERE account.holder = $1 AND account.purpose = 'escrow' AND balance > 0"
        " ORDER BY fund.kind DESC, lower(fund.name)",
        holder,
    )
    return [Held(**dict(one)) for one in found]


# Whatever happens to a fund is seen in what is free in it, or in what was given out.
_MOVEMENTS = f"""
WITH newest AS ({NEWEST} account.fund = $1 AND account.purpose IN ('fund', 'paid'))
SELECT max(entry.id) AS sequence, posting.key, posting.at, posting.note, posting.actor,
coalesce(member.name, '') AS who, max(account.holder) AS holder, max(abs(entry.amount)) AS amount,
coalesce(sum(entry.amount) FILTER (WHERE account.purpose = 'fund'), 0)::bigint AS free,
coalesce(sum(entry.amount) FILTER (WHERE account.purpose = 'escrow'), 0)::bigint AS held
FROM newest JOIN posting ON posting.id = newest.posting JOIN entry ON entry.posting = posting.id
JOIN account ON account.id = entry.account AND account.fund = $1
LEFT JOIN member ON member.id = posting.actor
GROUP BY posting.id, member.name HAVING $3::bigint IS NULL OR max(entry.id) < $3
ORDER BY max(entry.id) DESC LIMIT $2
"""  # noqa: S608 - composed of constants


async def movements(fund_id: UUID, limit: int, before: int | None = None) -> list[MovementRow]:
    """At most `limit` postings of a fund, newest first. The next page is `before` = the last line's sequence."""
    found = await db.rows(
        _MOVEMENTS,
        fund_id,
        limit,
        before,
    )
    return [
        MovementRow(
            sequence=one["sequence"],
            key=one["key"],
            at=one["at"],
            what=rules.movement(one["free"], one["held"]),
            amount=one["amount"],
            holder=one["holder"],
            note=one["note"],
            actor=one["actor"],
            who=one["who"],
        )
        for one in found
    ]
