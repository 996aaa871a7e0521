"""A draw: its rule, prizes, frozen lines, commitments, what was published, and who won."""

from piccolo.columns import (
    UUID,
    Array,
    Bytea,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.constraints import Unique
from piccolo.table import Table

from rewards.database import engine
from rewards.ledger.tables import Season
from rewards.members.tables import Member


class Draw(Table, tablename="draw", db=engine):
    """States: draft, frozen, drawn, cancelled (rules.py holds the table of moves).

    The rule: at least `min_points` honour points in the season, at least `min_quizzes` quizzes taken, in one of
    `units` (subtrees; empty: any). Tickets = min(ticket_cap, points // points_per_ticket), at least 1;
    `points_per_ticket` 0 gives everyone one ticket. `manifest`, `snapshot`, `log`, `result` are the exact bytes
    of the published files, null until they exist; `venue` is the dice label ("d10x20").
    """

    id = UUID(primary_key=True, default=None)
    number = Serial(unique=True)
    slug = Varchar(64, unique=True)
    title = Varchar(200)
    state = Varchar(12, default="draft")
    version = Integer(default=1)
    season = ForeignKey(Season, null=False, on_delete=OnDelete.restrict)
    min_points = Integer(default=0)
    min_quizzes = Integer(default=0)
    units = Array(base_column=UUID(), default=list)
    points_per_ticket = Integer(default=0)
    ticket_cap = Integer(default=20)
    unit_cap = Integer(null=True, default=None)
    venue = Varchar(20, default="d10x20")
    freeze_at = Timestamptz(null=True, default=None)
    created_by = UUID(default=None)
    created_at = Timestamptz(default=None)
    frozen_at = Timestamptz(null=True, default=None)
    drawn_at = Timestamptz(null=True, default=None)
    manifest = Bytea(null=True, default=None)
    snapshot = Bytea(null=True, default=None)
    log = Text(null=True, default=None)
    result = Bytea(null=True, default=None)


class Prize(Table, tablename="prize", db=engine):
    """Drawn in order of `position`; `code` is the prize id in the manifest ([a-z0-9-]{1,32})."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict, index=True)
    position = SmallInt(default=0)
    code = Varchar(32)
    name = Varchar(200)
    quantity = Integer(default=1)

    prize_one_code = Unique([draw, code])


class Entrant(Table, tablename="entrant", db=engine):
    """A line of the frozen snapshot with the private facts behind it. `salt` is 16 random bytes."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    line = Integer(default=0)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    salt = Bytea(default=None)
    tickets = Integer(default=1)
    points = Integer(default=0)

    entrant_one_line = Unique([draw, line])
    entrant_one_member = Unique([draw, member])


class Commitment(Table, tablename="commitment", db=engine):
    """A sealed secret of 32 random bytes; its hash is in the manifest, itself in the log once revealed."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    position = SmallInt(default=0)
    label = Varchar(32)
    secret = Bytea(default=None)

    commitment_one_label = Unique([draw, label])


class Win(Table, tablename="win", db=engine):
    """A drawn slot. `claim_code` is shown to the winner only; `claimed_at` null until handed over."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    prize = ForeignKey(Prize, null=False, on_delete=OnDelete.restrict)
    slot = Integer(default=0)
    attempt = Integer(default=0)
    line = Integer(default=0)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    claim_code = Varchar(16, unique=True)
    claimed_at = Timestamptz(null=True, default=None)
    handed_over_by = UUID(null=True, default=None)

    win_one_slot = Unique([draw, prize, slot, attempt])
