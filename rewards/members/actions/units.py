"""Units by hand: added, renamed, moved, retired when nobody is left in them, brought back.

Whatever changes the tree takes the roster's lock, as an import does; so its paths are changed by one at a time. A unit
that somebody is in is not retired, nor is any above it: `roster.belong` sees to that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from rewards.audit.actions import note
from rewards.database import transaction
from rewards.members import rules
from rewards.members.actions.roster import BOARDS, SESSIONS, Follows, follow, lock_roster
from rewards.members.tables import Membership, Unit
from rewards.refusals import Refusal

_RENAME = """
UPDATE unit SET path = $3 || substr(path, length($2) + 1),
    name = CASE WHEN id = $1 THEN $4 ELSE name END, parent = CASE WHEN id = $1 THEN $5 ELSE parent END
WHERE path = $2 OR starts_with(path, $2 || '/')
"""

_BELOW = "SELECT path FROM unit WHERE path = $1 OR starts_with(path, $1 || '/')"


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    parent: UUID | None
    path: str
    retired_on: date | None


async def _found(unit: UUID) -> _Found:
    row = await Unit.select(Unit.name, Unit.parent, Unit.path, Unit.retired_on).where(Unit.id == unit).first()
    if row is None:
        raise Refusal("unit.unknown")
    return _Found(**row)


async def working_path(unit: UUID | None) -> tuple[str, ...]:
    """The names of a unit from the root; () for None. Refuses `unit.unknown`, `unit.is_retired`."""
    if unit is None:
        return ()
    found = await _found(unit)
    if found.retired_on is not None:
        raise Refusal("unit.is_retired", name=found.name)
    return tuple(found.path.split("/"))


async def add_unit(
    name: str, parent: UUID | None, *, actor: UUID | None, now: datetime, new_id: Callable[[], UUID]
) -> UUID:
    """A unit below `parent`, None: at the top. One of this name that was retired is brought back as it was.

    Refuses what `rules.unit_name` and `rules.guard_path` refuse, `unit.taken`, `unit.unknown`, `unit.is_retired`.
    """
    name = rules.unit_name(name)
    async with transaction() as connection:
        await lock_roster(connection)
        path = (*await working_path(parent), name)
        rules.guard_path(path)
        known = await Unit.select(Unit.id, Unit.retired_on).where(Unit.path == "/".join(path)).first()
        if known is None:
            unit = new_id()
            await Unit.insert(Unit(id=unit, parent=parent, name=name, path="/".join(path)))
            await note("unit.added", at=now, actor=actor, subject=str(unit), name=name)
            return unit
        if known["retired_on"] is None:
            raise Refusal("unit.taken", name=name)
        return await _bring_back(known["id"], name, actor, now)


async def change_unit(
    unit: UUID, name: str, parent: UUID | None, *, actor: UUID | None, now: datetime, new_id: Callable[[], UUID]
) -> Follows:
    """Give a unit this name and this place, with all below it; nobody's membership is touched.

    The same again changes nothing. Refuses as `add_unit` does, and `unit.under_itself`.
    """
    name = rules.unit_name(name)
    async with transaction() as connection:
        await lock_roster(connection)
        before, found = await working_path(unit), await _found(unit)
        over = await working_path(parent)
        if over[: len(before)] == before:
            raise Refusal("unit.under_itself", name=found.name)
        after = (*over, name)
        if after == before:
            return ()
        below = [row["path"].split("/") for row in await connection.fetch(_BELOW, found.path)]
        for path in below:
            rules.guard_path((*after, *path[len(before) :]))
        if await Unit.exists().where(Unit.path == "/".join(after), Unit.id != unit):
            raise Refusal("unit.taken", name=name)
        await connection.execute(_RENAME, unit, found.path, "/".join(after), name, parent)
        renamed = name != found.name
        members = await _members_of(unit) if renamed else []
        follows = await follow(connection, members, SESSIONS, BOARDS, now=now, new_id=new_id)
        await note(
            "unit.renamed" if renamed and parent == found.parent else "unit.moved",
            at=now,
            actor=actor,
            subject=str(unit),
            name=name,
            before=found.path,
            after="/".join(after),
            parent=str(found.parent or ""),
        )
    return follows


async def retire_unit(unit: UUID, *, actor: UUID | None, now: datetime, today: date) -> str:
    """A unit that nobody is in, and nothing is below, is offered no more; its name.

    Refuses `unit.unknown`, `unit.is_retired`, `unit.has_members`, `unit.has_units`.
    """
    async with transaction() as connection:
        await lock_roster(connection)
        await working_path(unit)
        found = await _found(unit)
        if count := len(await _members_of(unit)):
            raise Refusal("unit.has_members", name=found.name, count=count)
        if await Unit.exists().where(Unit.parent == unit, Unit.retired_on.is_null()):
            raise Refusal("unit.has_units", name=found.name)
        await Unit.update({Unit.retired_on: today}).where(Unit.id == unit)
        await note("unit.retired", at=now, actor=actor, subject=str(unit), name=found.name)
    return found.name


async def bring_back_unit(unit: UUID, *, actor: UUID | None, now: datetime) -> str:
    """Offer a retired unit again; its name.

    Refuses `unit.unknown`, `unit.not_retired`, `unit.is_retired` (what it is below).
    """
    async with transaction() as connection:
        await lock_roster(connection)
        found = await _found(unit)
        if found.retired_on is None:
            raise Refusal("unit.not_retired", name=found.name)
        await working_path(found.parent)
        await _bring_back(unit, found.name, actor, now)
    return found.name


async def _bring_back(unit: UUID, name: str, actor: UUID | None, now: datetime) -> UUID:
    """Joins the caller's transaction."""
    await Unit.update({Unit.retired_on: None}).where(Unit.id == unit)
    await note("unit.restored", at=now, actor=actor, subject=str(unit), name=name)
    return unit


async def _members_of(unit: UUID) -> list[UUID]:
    """Who is in the unit itself."""
    found = await Membership.select(Membership.member).where(Membership.unit == unit, Membership.until.is_null())
    return [row["member"] for row in found]
