"""Work that must happen after a commit, written in that same commit. arq only wakes the worker up."""

from piccolo.columns import UUID, Integer, Timestamptz, Varchar
from piccolo.table import Table

from rewards.database import engine


class Intent(Table, tablename="intent", db=engine):
    """Open while `done_at` is null; at most one open row a (kind, subject).

    `revision` grows when the same work is intended again while open: a worker that finishes an older
    revision leaves the row open. `claimed_until` keeps other workers away while one is at it.
    """

    id = UUID(primary_key=True, default=None)
    kind = Varchar(40, default=None)
    subject = Varchar(200, default=None)
    revision = Integer(default=1)
    due_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
    claimed_until = Timestamptz(null=True, default=None)
    attempts = Integer(default=0)
    last_error = Varchar(200, default="")
    done_at = Timestamptz(null=True, default=None)
