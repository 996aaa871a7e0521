"""Office screens: read-only links that an organiser may name, point at something, and revoke."""

from piccolo.columns import UUID, Timestamptz, Varchar
from piccolo.table import Table

from rewards.database import engine


class Screen(Table, tablename="screen", db=engine):
    """`shows`: auto (what is live now), room:ID, draw:ID or boards. The link's token is an HMAC of the id."""

    id = UUID(primary_key=True, default=None)
    name = Varchar(100, default=None)
    shows = Varchar(60, default="auto")
    created_at = Timestamptz(default=None)
    created_by = UUID(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)
