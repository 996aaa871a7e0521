"""Members to test with."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from rewards.members.actions import import_roster
from rewards.members.queries import member_by_staff_number
from rewards.members.roster_file import Answers, Roster, RosterRow
from rewards.members.rules import FIELDS, RosterChanges
from server.runtime.chance import new_id

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
ALL = frozenset(FIELDS)
NO_DOUBT = Answers(numbers="other", names="new")


async def bring_in(
    *rows: RosterRow,
    said: frozenset[str] = ALL,
    full: bool = False,
    allow_many: bool = True,
    actor: UUID | None = None,
    today: date = TODAY,
    answers: Answers = NO_DOUBT,
) -> RosterChanges:
    """Import these rows, by default as the command line would, with every column, and no doubt about names."""
    changes, _ = await import_roster(
        Roster(rows, columns=tuple((name, name) for name in said)),  # type: ignore[misc]
        answers=answers,
        full=full,
        allow_many=allow_many,
        actor=actor,
        now=NOW,
        today=today,
        new_id=new_id,
    )
    return changes


async def person(number: str, name: str = "Li Na", *roles: str, unit: tuple[str, ...] = ("Plant",)) -> UUID:
    """A new member; his id."""
    await bring_in(RosterRow(2, number, name, unit, roles))  # type: ignore[arg-type]
    found = await member_by_staff_number(number)
    assert found is not None
    return found.id
