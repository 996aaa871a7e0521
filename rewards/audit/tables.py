"""The audit trail: who changed what, when and why. Rows are only ever added (a trigger refuses the rest)."""

from piccolo.columns import JSONB, UUID, BigSerial, Timestamptz, Varchar
from piccolo.table import Table

from rewards.database import engine


class AuditEntry(Table, tablename="audit_entry", db=engine):
    """`code` is dotted past tense ("roster.imported"); `actor` is null when Laurel itself acted."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None)
    actor = UUID(null=True, default=None, index=True)
    code = Varchar(80, default=None)
    subject = Varchar(200, index=True, default=None)
    why = Varchar(500, default="")
    details = JSONB(default="{}")
