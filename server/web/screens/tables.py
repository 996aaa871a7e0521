"""Office screens: read-only links that an organiser may name, point at something, and revoke."""

from piccolo.columns import UUID, Bytea, ForeignKey, OnDelete, Timestamptz, Varchar
from piccolo.table import Table

from rewards.database import engine


class Screen(Table, tablename="screen", db=engine):
    """`shows`: auto (what is live now), room:ID, draw:ID or boards. `taken`: likewise, while a host has taken it over;
    null: nobody has. The link's token is an HMAC of the id."""

    id = UUID(primary_key=True, default=None)
    name = Varchar(100, default=None)
    shows = Varchar(60, default="auto")
    shows_since = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
    created_by = UUID(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)
    taken = Varchar(60, null=True, default=None)
    taken_by = UUID(null=True, default=None)
    taken_at = Timestamptz(null=True, default=None)


class Pairing(Table, tablename="pairing", db=engine):
    """A browser on a wall that shows a screen; `browser` is the hash of what it keeps in its cookie."""

    browser = Bytea(primary_key=True, default=None)
    screen = ForeignKey(Screen, null=False, on_delete=OnDelete.restrict, index=True)
    paired_by = UUID(default=None)
    paired_at = Timestamptz(default=None)
