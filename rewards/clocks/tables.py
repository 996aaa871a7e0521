"""Which time is kept on which machine."""

from piccolo.columns import BigInt, Boolean, Timestamptz, Varchar
from piccolo.table import Table

from rewards.database import engine


class Clock(Table, tablename="clock", db=engine):
    """One run of a machine, from its start to its end (`boot`), under the name it gives itself.

    `base`, `apart` and `behind` as of rules.Kept. `stepped_at`: when `apart` was told. `latest`: a time that has been
    on it, ten seconds ago at most while it runs.
    """

    boot = Varchar(80, primary_key=True, default=None)
    machine = Varchar(200, default=None)
    base = BigInt(default=None)
    apart = BigInt(default=0)
    behind = Boolean(default=False)
    stepped_at = Timestamptz(null=True, default=None)
    latest = Timestamptz(default=None)
