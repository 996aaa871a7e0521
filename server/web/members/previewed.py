"""What an import would do, a line each: the desk shows it, and the command line."""

from dataclasses import dataclass
from datetime import date

from rewards.members.rules import Change, Leaving, RosterChanges


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the preview. `kind`: new, changed, moved, returned, left. `line` None: not in the file.

    `before` and `after` are (field, text) pairs of what differs; a new person has only `after`.
    """

    kind: str
    line: int | None
    number: str
    name: str
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " / ".join(value)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _row_of(kind: str, change: Change) -> Row:
    fields = [field for field in change.fields if field != "left"]
    return Row(
        kind,
        change.row.line,
        change.row.staff_number,
        change.row.name,
        tuple((field, _shown(getattr(change.member, field))) for field in fields),
        tuple((field, _shown(getattr(change.row, field))) for field in fields),
    )


def _leaving_row(leaving: Leaving) -> Row:
    line = leaving.row.line if leaving.row else None
    return Row("left", line, leaving.member.staff_number, leaving.member.name, (), (("left", _shown(leaving.on)),))


def preview_rows(changes: RosterChanges) -> list[Row]:
    """What the import would do, a line each: new, changed, moved, returned, leaving."""
    added = [
        Row(
            "new",
            row.line,
            row.staff_number,
            row.name,
            (),
            tuple((name, _shown(getattr(row, name))) for name in ("unit", "roles") if getattr(row, name)),
        )
        for row in changes.added
    ]
    return [
        *added,
        *(_row_of("changed", change) for change in changes.changed),
        *(_row_of("moved", change) for change in changes.moved),
        *(_row_of("returned", change) for change in changes.returned),
        *(_leaving_row(leaving) for leaving in changes.left),
    ]
