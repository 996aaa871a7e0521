"""The ledger: append-only postings of integer entries that sum to zero in every currency and of every fund.

A trigger refuses UPDATE, DELETE and TRUNCATE of posting and entry; another refuses a statement that leaves a
posting's entries of one currency, or of one fund, with a sum other than zero. All entries of a posting go in by one
statement. A third one keeps what is in each account (`balance`), so that a fund gives no more than is there.

A fourth trigger keeps `total` (season, week, member -> points, reached, sequence), which is asked in SQL alone: what a
member came to in a season (week -infinity) or in a week of it (its Monday). It is never the truth, which is the view
`earned` of the entries, and the same as that to the bit. `points` are honour points; `reached` is the `at` of the
latest posting not reversed that brought points (null: there is none); `sequence` the last entry of his that counts.
"""

from typing import Any

from piccolo.columns import (
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Timestamptz,
    Varchar,
)
from piccolo.constraints import Unique
from piccolo.table import Table

from rewards.database import engine
from rewards.members.tables import Member


class Season(Table, tablename="season", db=engine):
    """A span of days, both ends included. Seasons do not overlap (an exclusion constraint)."""

    id = UUID(primary_key=True, default=None)
    name = Varchar(100, default=None)
    starts_on = Date(default=None)
    ends_on = Date(default=None)


class EarningRule(Table, tablename="earning_rule", db=engine):
    """How an earning pays. `daily_cap`: most honour points a member may earn by it in a day (null: no cap).

    `spend_percent`: spend points given for every 100 honour points, rounded down (0 to 1000). `measure` as in Earning.
    Not `declared`: the running version does not know it; it pays nothing, and keeps its terms and postings.
    """

    code = Varchar(40, primary_key=True, default=None)
    daily_cap = Integer(null=True, default=None)
    spend_percent = Integer(default=100)
    measure = Varchar(10, default="")
    declared = Boolean(default=False)


class Account(Table, tablename="account", db=engine):
    """A member's account in honour or spend points (purpose `member`), or where those come from (`issuance`).

    Of a fund (rewards/funds), in `money` or `item`: where it comes from (`issuance`), what is free in it (`fund`), what
    a holder keeps of it (`escrow`, by `holder`) and what was given out (`paid`). All but issuance are never below zero
    (a constraint). `balance` is the sum of the entries; 0 for the issuance of points, which everybody shares.
    """

    id = UUID(primary_key=True, default=None)
    purpose = Varchar(20, default=None)
    owner = ForeignKey(Member, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    currency = Varchar(10, default=None)
    fund = UUID(null=True, default=None)
    holder = Varchar(80, default="")
    balance = BigInt(default=0)

    account_one_each = Unique([purpose, owner, currency, fund, holder], nulls_distinct=False)


class Posting(Table, tablename="posting", db=engine):
    """One business fact, once. `key` names the fact; `digest` is the SHA-256 of its input.

    `day` is the organisation's day on which it counts; a reversal keeps the season and day of the original.
    `requested` is what the rule would have given; `reason` says why less was given ("" or "daily_cap"). `about` is what
    the fact is about in its own room (a quiz), `measure` how well or how long it was (percent right in a quiz, minutes
    served); null: not stated. A transfer between accounts of funds has no rule, season or day, and none of the others.
    """

    id = UUID(primary_key=True, default=None)
    key = Varchar(200, unique=True, default=None)
    digest = Bytea(default=None)
    rule = ForeignKey(EarningRule, null=True, default=None, on_delete=OnDelete.restrict)
    season = ForeignKey(Season, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    day = Date(null=True, default=None, index=True)
    at = Timestamptz(default=None)
    requested = BigInt(default=0)
    reason = Varchar(40, default="")
    note = Varchar(300, default="")
    reverses: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict, unique=True)
    actor = UUID(null=True, default=None)
    about = UUID(null=True, default=None)
    measure = Integer(null=True, default=None)


class Entry(Table, tablename="entry", db=engine):
    """One leg of a posting: `amount` into (+) or out of (-) an account in whole points, hundredths of the currency
    unit or pieces; 0 when capped.
    """

    id = BigSerial(primary_key=True)
    posting = ForeignKey(Posting, null=False, on_delete=OnDelete.restrict, index=True)
    account = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)  # its index has the id beside it
    amount = BigInt(default=0)
