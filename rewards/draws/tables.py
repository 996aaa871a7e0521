"""A draw: its rule, prizes, frozen lines, commitments, what was published, and who won."""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
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
from rewards.members.tables import Member, Unit


class Draw(Table, tablename="draw", db=engine):
    """States: see states.py, which holds the table of moves.

    `rule` is the JSON of an eligibility.Rule, `rounds` of the rounds ([{"code", "name", "dice"}]); a draw with
    `rehearses` is the rehearsal of that draw. `program` is the empty kit that was published. `manifest`, `snapshot`,
    `voids`, `present`, `log`, `result` are the exact bytes of the published files, null until they exist; `venue` is
    the dice label ("d10x20"). `shown_names`: masked, full or number, for everybody's eyes. `hall`: armed for the kit,
    which may go on with it; `kit_at`: when the filled kit first left. `off_why`: why it is to be called off, or was
    (`off_at`); `off_asked_by`: the first of the two who say so.
    """

    id = UUID(primary_key=True, default=None)
    number = Serial(unique=True)
    slug = Varchar(64, unique=True, default=None)
    title = Varchar(200, default=None)
    state = Varchar(12, default="draft")
    version = Integer(default=1)
    season = ForeignKey(Season, null=False, on_delete=OnDelete.restrict)
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
    rule = JSONB(default="{}")
    rounds = JSONB(default="[]")
    rehearses: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict, index=True)
    one_win = Boolean(default=True)
    presence = Boolean(default=False)
    call_seconds = Integer(default=60)
    dispute_hours = Integer(default=24)
    claim_days = Integer(default=30)
    shown_names = Varchar(10, default="masked")
    witnesses = Array(base_column=Varchar(200), default=list)
    beacon_at = Timestamptz(null=True, default=None)
    freezing_since = Timestamptz(null=True, default=None)
    frozen_by = UUID(null=True, default=None)
    arm_after = Timestamptz(null=True, default=None)
    armed_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    forgotten_at = Timestamptz(null=True, default=None)
    program = Bytea(null=True, default=None)
    manifest_signature = Varchar(128, default="")
    result_signature = Varchar(128, default="")
    voids = Bytea(null=True, default=None)
    present = Bytea(null=True, default=None)
    hall = Boolean(default=False)
    kit_at = Timestamptz(null=True, default=None)
    off_why = Varchar(500, default="")
    off_asked_by = UUID(null=True, default=None)
    off_at = Timestamptz(null=True, default=None)


class Prize(Table, tablename="prize", db=engine):
    """Drawn in order of `position`; `code` is the prize id in the manifest ([a-z0-9-]{1,32}).

    `value` of one piece in fen, 0: not stated. `batch`: names shown at a time, 1-150. `class` and `units`: who may win
    it ("" and empty: everybody). `redraw`: dice thrown before an absent winner's place is drawn again. `picture`: JPEG.
    `budget` and `stock` are the funds (rewards/funds) that pay for it.
    """

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict, index=True)
    position = SmallInt(default=0)
    code = Varchar(32, default=None)
    name = Varchar(200, default=None)
    quantity = Integer(default=1)
    round = Varchar(32, default="r1")
    value = BigInt(default=0)
    sponsor = Varchar(200, default="")
    picture = Bytea(null=True, default=None)
    batch = Integer(default=1)
    class_ = Varchar(64, default="", db_column_name="class")
    units = Array(base_column=UUID(), default=list)
    present = Boolean(default=True)
    redraw = Varchar(20, default="")
    alternates = Integer(default=0)
    budget = UUID(null=True, default=None)
    stock = UUID(null=True, default=None)

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
    name = Varchar(200, default="")
    staff_number = Varchar(64, default="")
    unit = ForeignKey(Unit, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    class_ = Varchar(64, default="", db_column_name="class")

    entrant_one_line = Unique([draw, line])
    entrant_one_member = Unique([draw, member])


class DrawExclusion(Table, tablename="draw_exclusion", db=engine):
    """A member whom people have left out of a draw, with the reason."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    why = Varchar(300, default=None)
    added_by = UUID(default=None)

    draw_exclusion_one_each = Unique([draw, member])


class Custodian(Table, tablename="custodian", db=engine):
    """Who keeps a sealed secret. The server knows the 32 bytes of its commitment; `kept` (32 bytes) is a secret that
    the server made itself, for a rehearsal."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    position = SmallInt(default=0)
    label = Varchar(32, default=None)
    name = Varchar(200, default=None)
    member = ForeignKey(Member, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    commitment = Bytea(null=True, default=None)
    sealed_at = Timestamptz(null=True, default=None)
    sealed_by = UUID(null=True, default=None)
    kept = Bytea(null=True, default=None)

    custodian_one_label = Unique([draw, label])


class DrawWitness(Table, tablename="draw_witness", db=engine):
    """Who stands by at a draw, may give the second word in it, and takes no part."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    named_by = UUID(default=None)
    named_at = Timestamptz(default=None)

    draw_witness_one_each = Unique([draw, member])


class VoidLine(Table, tablename="void_line", db=engine):
    """A line struck off between the freeze and the arm. `reason` is the published code, `why` for the desk."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    line = Integer(default=None)
    reason = Varchar(64, default=None)
    why = Varchar(300, default="")
    added_by = UUID(default=None)
    added_at = Timestamptz(default=None)

    void_line_one_each = Unique([draw, line])


class CheckIn(Table, tablename="check_in", db=engine):
    """A member is at the venue. `scanned_at` by the device, `received_at` by the server; `way`: scan, list, offline."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    scanned_at = Timestamptz(default=None)
    received_at = Timestamptz(default=None)
    by = UUID(default=None)
    way = Varchar(10, default=None)

    check_in_one_each = Unique([draw, member])


class Transcript(Table, tablename="transcript", db=engine):
    """A log brought from an offline kit. `code` is its display code; `verdict`: counts, conflict. `confirmed_by`: who
    gave the second word on one that counts."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    digest = Bytea(default=None)
    log = Text(default=None)
    voids = Bytea(null=True, default=None)
    present = Bytea(null=True, default=None)
    code = Varchar(20, default=None)
    verdict = Varchar(10, default=None)
    witnesses = Array(base_column=Varchar(200), default=list)
    brought_by = UUID(default=None)
    brought_at = Timestamptz(default=None)
    confirmed_by = UUID(null=True, default=None)

    transcript_one_each = Unique([draw, digest])


class WaitingLog(Table, tablename="waiting_log", db=engine):
    """A log from an offline kit that would count, and waits for the word of a second person."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    digest = Bytea(default=None)
    log = Text(default=None)
    voids = Bytea(null=True, default=None)
    present = Bytea(null=True, default=None)
    code = Varchar(20, default=None)
    witnesses = Array(base_column=Varchar(200), default=list)
    brought_by = UUID(default=None)
    brought_at = Timestamptz(default=None)

    waiting_log_one_each = Unique([draw, digest])


class AbsenceConfirmation(Table, tablename="absence_confirmation", db=engine):
    """The first of two people who say that a standing winner goes. `reason`: "" for absent, declined, ineligible."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    prize = ForeignKey(Prize, null=False, on_delete=OnDelete.restrict)
    slot = Integer(default=None)
    attempt = Integer(default=None)
    reason = Varchar(20, default="")
    confirmed_by = UUID(default=None)
    confirmed_at = Timestamptz(default=None)

    absence_confirmation_one_each = Unique([draw, prize, slot, attempt])


class Alternate(Table, tablename="alternate", db=engine):
    """Who takes a prize that nobody claimed in time, in order of `place` (from 0)."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    prize = ForeignKey(Prize, null=False, on_delete=OnDelete.restrict)
    place = Integer(default=None)
    line = Integer(default=None)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    used_at = Timestamptz(null=True, default=None)

    alternate_one_place = Unique([draw, prize, place])


class CodeSeen(Table, tablename="code_seen", db=engine):
    """The display code that a member says he saw on the stage ("0ZK9-XVDB-K0EZ"); the last word counts."""

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    code = Varchar(20, default=None)
    at = Timestamptz(default=None)

    code_seen_one_each = Unique([draw, member])


class Win(Table, tablename="win", db=engine):
    """A drawn slot. `claim_code` is shown to the winner only; `claimed_at` null until handed over.

    States: see claims.py, which holds the table of steps. `expires_at` null: before the close, or no end.
    `alternate_place` is the place of the alternate who took it over (null: drawn).
    `signature` is a PNG of the hand that received it. `undone`: how often a hand-over was taken back, `undone_by` by
    whom last.
    """

    id = UUID(primary_key=True, default=None)
    draw = ForeignKey(Draw, null=False, on_delete=OnDelete.restrict)
    prize = ForeignKey(Prize, null=False, on_delete=OnDelete.restrict)
    slot = Integer(default=0)
    attempt = Integer(default=0)
    line = Integer(default=0)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    claim_code = Varchar(16, unique=True, default=None)
    claimed_at = Timestamptz(null=True, default=None)
    handed_over_by = UUID(null=True, default=None)
    state = Varchar(10, default="drawn")
    state_at = Timestamptz(null=True, default=None)
    called_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    alternate_place = Integer(null=True, default=None)
    proxy_name = Varchar(200, default="")
    proxy_why = Varchar(300, default="")
    signature = Bytea(null=True, default=None)
    signed_on_paper = Boolean(default=False)
    undone = SmallInt(default=0)
    undone_by = UUID(null=True, default=None)

    win_one_slot = Unique([draw, prize, slot, attempt])


class SigningKey(Table, tablename="signing_key", db=engine):
    """The one Ed25519 key of this server (row 1), see signing.py: 32 private bytes, never changed."""

    id = SmallInt(primary_key=True, default=None)
    private = Bytea(default=None)
    made_at = Timestamptz(default=None)


class DrawPolicy(Table, tablename="draw_policy", db=engine):
    """What prizes may be (row 1), see policy.py: `share` in thousandths, values in hundredths of the unit; 0: any."""

    id = SmallInt(primary_key=True, default=None)
    mode = Varchar(5, default="off")
    share = Integer(default=0)
    value_event = BigInt(default=0)
    value_year = BigInt(default=0)
