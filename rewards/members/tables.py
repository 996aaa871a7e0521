"""Who is on the roster, where they belong and since when, and how they may sign in."""

from typing import Any

from piccolo.columns import (
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Column,
    Date,
    ForeignKey,
    OnDelete,
    Timestamptz,
    Varchar,
)
from piccolo.columns.indexes import IndexMethod
from piccolo.table import Table

from rewards.database import engine


class Keys(Column):
    """A set of texts that is asked for by their beginnings."""

    value_type = str

    @property
    def column_type(self) -> str:
        """As PostgreSQL calls it."""
        return "TSVECTOR"


class Unit(Table, tablename="unit", db=engine):
    """A node of the tree of units. `path` is its names from the root joined by `/`, unique. Retired: offered no
    more; its history stays."""

    id = UUID(primary_key=True, default=None)
    parent: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict, index=True)
    name = Varchar(200, default=None)
    path = Varchar(2000, unique=True, default=None)
    retired_on = Date(null=True, default=None)


class Member(Table, tablename="member", db=engine):
    """A person of the roster. Leaving sets `left_on`; nothing is ever deleted.

    `roles` holds any of organiser, reviewer, auditor, admin; everyone is a member. `code_hash` is argon2id,
    null until the member has set a code. With `shows_alias` boards show `alias` in place of the name.
    `access_version` is the number of the last change of what his sessions say or of whether they last; those with a
    version below `access_floor` are over. `code_at` and `code_hands`: when his first code was set, and who stood
    behind the link that signed him in then. `found_by` are the keys of spellings.py, null while the worker has
    not made them yet.
    """

    id = UUID(primary_key=True, default=None)
    staff_number = Varchar(64, unique=True, default=None)
    name = Varchar(200, default=None)
    roles = Array(base_column=Varchar(), default=list)
    language = Varchar(16, null=True, default=None)
    alias = Varchar(40, default="")
    shows_alias = Boolean(default=False)
    joined_on = Date(null=True, default=None)
    left_on = Date(null=True, default=None)
    email = Varchar(320, default="")
    phone = Varchar(40, default="")
    code_hash = Varchar(255, null=True, default=None)
    access_version = BigInt(default=0)
    access_floor = BigInt(default=0)
    created_at = Timestamptz(default=None)
    code_at = Timestamptz(null=True, default=None)
    code_hands = Array(base_column=UUID(), default=list)
    found_by = Keys(null=True, default=None, index=True, index_method=IndexMethod.gin)


class Membership(Table, tablename="membership", db=engine):
    """A member belongs to a unit from `since` until the day before `until` (null: still)."""

    id = UUID(primary_key=True, default=None)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    unit = ForeignKey(Unit, null=False, on_delete=OnDelete.restrict, index=True)
    since = Date(default=None)
    until = Date(null=True, default=None)


class SignInLink(Table, tablename="sign_in_link", db=engine):
    """A personal link, good once. Only the SHA-256 of its 256-bit token is kept.

    `member` is null for the link that makes the first admin.
    """

    token_hash = Bytea(primary_key=True, default=None)
    member = ForeignKey(Member, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)
    created_by = UUID(null=True, default=None)


class SignIn(Table, tablename="sign_in", db=engine):
    """A member was signed in on a device, by his code or by a link (or slip) that `issued_by` made (null: the command
    line). `session` is what lists of his devices call it. Kept for ninety days."""

    id = UUID(primary_key=True, default=None)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict)
    at = Timestamptz(default=None)
    way = Varchar(4, default=None)
    session = Varchar(16, default=None)
    device = Varchar(80, default="")
    issued_by = UUID(null=True, default=None)
