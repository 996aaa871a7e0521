"""What a fund is called and what it holds; how much of it there is stands in the ledger."""

from piccolo.columns import UUID, BigInt, Timestamptz, Varchar
from piccolo.table import Table

from rewards.database import engine


class Fund(Table, tablename="fund", db=engine):
    """A budget (kind `money`) or a stock of one kind of goods (`item`); its id is that of its accounts.

    `value` is what one piece is worth in hundredths of the currency unit, 0 for a budget. No two have the same name,
    capitals or not (a unique index).
    """

    id = UUID(primary_key=True, default=None)
    name = Varchar(100, default=None)
    kind = Varchar(10, default=None)
    value = BigInt(default=0)
    opened_by = UUID(null=True, default=None)
    opened_at = Timestamptz(default=None)
