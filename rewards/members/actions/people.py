"""One member by hand: added, and corrected. The roster from a file does the same to many (roster.py)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from rewards.audit.actions import note
from rewards.database import Connection, transaction
from rewards.members.actions.roster import (
    BOARDS,
    SESSIONS,
    Follows,
    add_rows,
    belong,
    end_links,
    find_person,
    follow,
    is_admin,
    lock_roster,
    locked,
    write_details,
)
from rewards.members.actions.units import working_path
from rewards.members.queries import Person
from rewards.members.roster_file import Field, RosterRow
from rewards.members.rules import Change, OnRoster, differing, staff_key
from rewards.members.tables import Member
from rewards.refusals import Refusal

_SAID: Final[frozenset[Field]] = frozenset(("name", "unit", "joined", "email", "phone"))


async def add_member(
    row: RosterRow,
    unit: UUID | None,
    *,
    actor: UUID | None,
    now: datetime,
    today: date,
    new_id: Callable[[], UUID],
) -> tuple[UUID, Follows]:
    """Put a person on the roster, in this unit, without a role; `row` is as `read_person` gives it.

    Refuses `members.number_taken` (also by one who has left), `unit.unknown`, `unit.is_retired`.
    """
    async with transaction() as connection:
        await lock_roster(connection)
        await _free(connection, row.staff_number, None)
        path = await working_path(unit)
        units = {} if unit is None else {path: unit}
        (member,) = await add_rows(connection, [replace(row, unit=path, roles=())], units, now, today, new_id)
        follows = await follow(connection, [member], BOARDS, now=now, new_id=new_id)
        await note("member.added", at=now, actor=actor, subject=str(member), name=row.name)
    return member, follows


async def correct_member(
    member: UUID,
    row: RosterRow,
    unit: UUID | None,
    *,
    actor: UUID | None,
    now: datetime,
    today: date,
    new_id: Callable[[], UUID],
    why: str = "",
) -> Follows:
    """Bring a member's own details and unit to what `row` and `unit` say; roles and language stay. His sessions say it.

    The same again changes nothing. The trail keeps what was there (`was`: number, name, day, unit), unless addresses
    changed, which it never keeps. With another number his unused links and slips end, as a slip's code is bound to it.
    Refuses `members.unknown`, `members.left`, `members.need_admin` (he holds a role, the actor is neither he nor an
    admin), and as `add_member` does.
    """
    async with transaction() as connection:
        await lock_roster(connection)
        found = await locked(connection, member)
        if found["left_on"] is not None:
            raise Refusal("members.left")
        if found["roles"] and member != actor and not await is_admin(actor):
            raise Refusal("members.need_admin")
        await _free(connection, row.staff_number, member)
        path = await working_path(unit)
        row, person = replace(row, unit=path, cleared=_SAID), await find_person(member)
        before = _as_rostered(person)
        fields = differing(before, row, _SAID)
        renumbered = row.staff_number != before.staff_number
        if not fields and not renumbered:
            return ()
        if renumbered:
            await Member.update({Member.staff_number: row.staff_number}).where(Member.id == member)
            await end_links(connection, [member], now)
        details = tuple(name for name in fields if name != "unit") or ("name",)
        await write_details(connection, [Change(replace(before, staff_number=row.staff_number), row, details)])
        if "unit" in fields:
            until = "UPDATE membership SET until = greatest(since, $2) WHERE member = $1 AND until IS NULL"
            await connection.execute(until, member, today)
            await belong(connection, [] if unit is None else [(member, unit)], today, new_id)
        follows = await follow(connection, [member], SESSIONS, BOARDS, now=now, new_id=new_id)
        told: dict[str, str | list[str]] = {**_difference(before, row)}
        if not {"email", "phone"} & set(fields):
            joined = before.joined.isoformat() if before.joined else ""
            told["was"] = [before.staff_number, before.name, joined, str(person.unit or "")]
        await note("member.corrected", at=now, actor=actor, subject=str(member), why=why, **told)
    return follows


def _difference(before: OnRoster, row: RosterRow) -> dict[str, str]:
    """What the trail keeps of a correction: number, name and unit, where they differ; no addresses."""
    told = (
        (before.staff_number, row.staff_number),
        (before.name, row.name),
        ("/".join(before.unit), "/".join(row.unit)),
    )
    changed = [(old or "-", new or "-") for old, new in told if old != new]
    if not changed:
        return {}
    return {"before": ", ".join(old for old, _ in changed), "after": ", ".join(new for _, new in changed)}


def _as_rostered(person: Person) -> OnRoster:
    return OnRoster(
        person.id,
        person.staff_number,
        person.name,
        person.unit_path,
        person.roles,
        person.joined_on,
        person.left_on,
        person.email,
        person.phone,
        person.language,
    )


async def _free(connection: Connection, number: str, member: UUID | None) -> None:
    """Refuses `members.number_taken`: the number is that of somebody else."""
    name = await connection.fetchval(
        "SELECT name FROM member WHERE lower(staff_number) = $1 AND id IS DISTINCT FROM $2", staff_key(number), member
    )
    if name is not None:
        raise Refusal("members.number_taken", number=number, name=name)
