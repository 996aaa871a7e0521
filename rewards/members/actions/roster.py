"""Changing the roster, and signing members in.

Whatever alters who may be signed in, or what a session says of its member, says so by `follow` in its own transaction
and returns what must follow the commit: whoever asked may carry it out at once, else a worker does.

Locks: whatever changes roles or who is on the roster first takes the roster's advisory lock, so that the last
admin cannot be lost between two people; then member rows by id; then their links; then intents.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Final, get_args
from uuid import UUID

from rewards import database as db
from rewards.audit.actions import note
from rewards.database import Connection, transaction
from rewards.members import queries
from rewards.members.queries import Person
from rewards.members.roster_file import Answers, Field, Language, Roster, RosterRow
from rewards.members.rules import (
    ROLES,
    Change,
    RosterChanges,
    alias_problem,
    clean_alias,
    compare,
    guard_leaving,
    guard_whole,
    said_by,
    settled,
    unit_after,
)
from rewards.members.spellings import keys
from rewards.members.tables import Member
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

_ROSTER_LOCK: Final = 0x6C61_7572_0001

SESSIONS: Final = "follow_sessions"
"""Kind of the intent to bring sessions to what the roster says; its subject is the number of the change."""
BOARDS: Final = "follow_boards"
"""Kind of the intent to bring boards to who is on the roster; its subject is the number of the change."""
DEVICE: Final = "end_device"
"""Kind of the intent to sign one device out; its subject is MEMBER@REF, as `Listed.ref` names it."""

Follows = tuple[tuple[str, str], ...]
"""What must follow a commit: (kind, subject) of each intent that was written in it."""

_CHANGE: Final = """
WITH held AS MATERIALIZED (
    SELECT id FROM member WHERE id = ANY($1) ORDER BY id FOR UPDATE
), change AS MATERIALIZED (
    SELECT nextval('roster_change') AS number FROM (SELECT count(*) FROM held) AS all_held
), marked AS (
    UPDATE member SET access_version = change.number,
        access_floor = CASE WHEN member.id = ANY($2) THEN change.number ELSE access_floor END
    FROM change WHERE member.id = ANY($1)
)
SELECT number FROM change
"""


_IN_USE: Final = """
UPDATE unit SET retired_on = NULL FROM unit AS home
WHERE unit.retired_on IS NOT NULL AND home.id = ANY($1)
  AND (unit.id = home.id OR starts_with(home.path, unit.path || '/'))
"""


async def lock_roster(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ROSTER_LOCK)


async def is_admin(actor: UUID | None) -> bool:
    """Whether the actor governs: an admin who is here, or None, the command line."""
    if actor is None:
        return True
    return await Member.exists().where(Member.id == actor, Member.roles.any("admin"), Member.left_on.is_null())


async def locked(connection: Connection, member: UUID) -> db.Row:
    """The member's row, locked until the transaction ends."""
    found = await connection.fetchrow(
        "SELECT id, staff_number, roles, left_on, code_hash IS NOT NULL AS has_code FROM member"
        " WHERE id = $1 FOR UPDATE",
        member,
    )
    if found is None:
        raise Refusal("members.unknown")
    return found


async def follow(
    connection: Connection,
    changed: Collection[UUID],
    *kinds: str,
    ended: Collection[UUID] = (),
    now: datetime,
    new_id: Callable[[], UUID],
) -> Follows:
    """Joins the caller's transaction. The access of `changed` was altered; the sessions of `ended`, some of them, end.

    The number of the change is taken when their rows are locked, so that a member's versions grow with his commits.
    """
    number = str(await connection.fetchval(_CHANGE, list(changed), list(ended)))
    for kind in kinds:
        await intend(kind, number, due_at=now, now=now, new_id=new_id())
    return tuple((kind, number) for kind in kinds)


async def end_links(connection: Connection, members: Collection[UUID], now: datetime) -> None:
    """Joins the caller's transaction."""
    await connection.execute(
        "UPDATE sign_in_link SET expires_at = $2 WHERE member = ANY($1) AND used_at IS NULL AND expires_at > $2",
        members,
        now,
    )


async def find_person(member: UUID) -> Person:
    found = await queries.member(member)
    if found is None:
        raise Refusal("members.unknown")
    return found


# Roster


MANY: Final = 1_000
"""So many rows that come at once make another table of it."""


async def import_roster(
    roster: Roster,
    *,
    answers: Answers | None = None,
    full: bool,
    allow_many: bool,
    actor: UUID | None,
    now: datetime,
    today: date,
    new_id: Callable[[], UUID],
) -> tuple[RosterChanges, Follows]:
    """Bring the roster to what the good rows of the file say (see `rules.compare`), all of them or none. Rows that are
    not certain beside the present members (see `rules.settled`) are left out without an answer.

    `actor` None is the command line. A file that changes nothing writes nothing. Refuses, changing nothing:
    `roster.whole_needs_all` (`full`, and rows are left out: who stands in them would leave), `roster.has_problems`,
    `roster.too_many_leave`, `roster.roles_need_admin` (only an admin gives or takes roles, a leaver's too),
    `members.own_roles`, `members.last_admin`. Ten thousand rows take a second or two.
    """
    said = said_by(roster)
    async with transaction() as connection:
        await lock_roster(connection)
        current = await queries.roster_current()
        roster = settled(current, roster, answers or Answers())
        if full:
            guard_whole(roster)
        changes = compare(current, roster.rows, full=full, today=today, said=said)
        if changes.problems:
            raise Refusal("roster.has_problems", count=len(changes.problems))
        if changes.is_empty:
            return changes, ()
        if full:
            guard_leaving(changes, staying=sum(member.left is None for member in current), allow_many=allow_many)
        if changes.touches_roles and not await is_admin(actor):
            raise Refusal("roster.roles_need_admin", count=changes.touches_roles)
        if actor is not None and any(
            member.id == actor
            for member in (
                *(change.member for change in changes.changed if "roles" in change.fields),
                *(leaving.member for leaving in changes.left),
            )
        ):
            raise Refusal("members.own_roles")
        had_admin = await queries.has_admin()
        units = await _settled_units(connection, changes, said, new_id)
        await _leave(connection, [(gone.member.id, gone.on) for gone in changes.left], now)
        await write_details(connection, (*changes.changed, *changes.returned))
        await _come_back(connection, [change.member.id for change in changes.returned])
        await _move(connection, changes, said, units, today, new_id)
        added = await add_rows(connection, changes.added, units, now, today, new_id)
        left = [gone.member.id for gone in changes.left]
        altered = {change.member.id for change in (*changes.changed, *changes.moved, *changes.returned)}
        # Boards follow from the number of the newcomers on, who have no sessions.
        boards = await follow(connection, added, BOARDS, now=now, new_id=new_id)
        sessions = await follow(connection, {*left, *altered}, SESSIONS, ended=left, now=now, new_id=new_id)
        if had_admin and not await queries.has_admin():
            raise Refusal("members.last_admin")
        await note(
            "roster.imported",
            at=now,
            actor=actor,
            subject="roster",
            added=len(changes.added),
            changed=len(changes.changed),
            returned=len(changes.returned),
            moved=len(changes.moved),
            left=len(changes.left),
            unchanged=changes.unchanged,
            full=full,
        )
    if len(changes.added) + len(changes.moved) >= MANY:
        await db.count_anew("member", "membership", "unit")
    return changes, (*sessions, *boards)


async def _settled_units(
    connection: Connection, changes: RosterChanges, said: Collection[Field], new_id: Callable[[], UUID]
) -> dict[tuple[str, ...], UUID]:
    """The ids of all units that the changes name, made where they are missing, parents too."""
    named = {row.unit for row in changes.added}
    named |= {unit_after(change, said) for change in (*changes.moved, *changes.returned)}
    paths = sorted(
        {path[:depth] for path in named for depth in range(1, len(path) + 1)}, key=lambda path: (len(path), path)
    )
    found = await connection.fetch("SELECT id, path FROM unit WHERE path = ANY($1)", ["/".join(path) for path in paths])
    ids = {tuple(row["path"].split("/")): row["id"] for row in found}
    missing = [path for path in paths if path not in ids]
    ids |= {path: new_id() for path in missing}
    if missing:
        await connection.execute(
            """
            INSERT INTO unit (id, parent, name, path)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
            """,
            [ids[path] for path in missing],
            [ids[path[:-1]] if len(path) > 1 else None for path in missing],
            [path[-1] for path in missing],
            ["/".join(path) for path in missing],
        )
    return ids


async def _leave(connection: Connection, leaving: Sequence[tuple[UUID, date]], now: datetime) -> None:
    """Joins the caller's transaction. Takes roles, open membership and unused links from whoever leaves."""
    if not leaving:
        return
    members, days = [member for member, _ in leaving], [day for _, day in leaving]
    await connection.execute(
        """
        UPDATE member SET left_on = gone.day, roles = '{}'
        FROM unnest($1::uuid[], $2::date[]) AS gone (id, day) WHERE member.id = gone.id
        """,
        members,
        days,
    )
    await connection.execute(
        """
        UPDATE membership SET until = greatest(membership.since, gone.day)
        FROM unnest($1::uuid[], $2::date[]) AS gone (id, day)
        WHERE membership.member = gone.id AND membership.until IS NULL
        """,
        members,
        days,
    )
    await end_links(connection, members, now)


async def write_details(connection: Connection, changes: Sequence[Change]) -> None:
    """Joins the caller's transaction. Writes the fields that differ; the others keep what the member has."""
    altered = [(change.member, change.row, change.fields) for change in changes if set(change.fields) - {"unit"}]
    if not altered:
        return
    names = [row.name if "name" in fields else member.name for member, row, fields in altered]
    await connection.execute(
        """
        UPDATE member
        SET name = said.name, roles = string_to_array(said.roles, ',')::varchar[], joined_on = said.joined_on,
            email = said.email, phone = said.phone, language = said.language,
            found_by = array_to_tsvector(string_to_array(said.keys, ' '))
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::text[], $6::text[], $7::text[], $8::text[])
            AS said (id, name, roles, joined_on, email, phone, language, keys)
        WHERE member.id = said.id
        """,
        [member.id for member, _, _ in altered],
        names,
        [",".join(row.roles if "roles" in fields else member.roles) for member, row, fields in altered],
        [row.joined if "joined" in fields else member.joined for member, row, fields in altered],
        [row.email if "email" in fields else member.email for member, row, fields in altered],
        [row.phone if "phone" in fields else member.phone for member, row, fields in altered],
        [row.language if "language" in fields else member.language for member, row, fields in altered],
        await _keys([(name, member.staff_number) for name, (member, _, _) in zip(names, altered, strict=True)]),
    )


async def _come_back(connection: Connection, members: Collection[UUID]) -> None:
    """Joins the caller's transaction."""
    if members:
        await connection.execute("UPDATE member SET left_on = NULL WHERE id = ANY($1)", members)


async def _move(
    connection: Connection,
    changes: RosterChanges,
    said: Collection[Field],
    units: dict[tuple[str, ...], UUID],
    today: date,
    new_id: Callable[[], UUID],
) -> None:
    """Joins the caller's transaction. The old membership ends before today, the new one begins today."""
    if changes.moved:
        await connection.execute(
            "UPDATE membership SET until = greatest(since, $2) WHERE member = ANY($1) AND until IS NULL",
            [change.member.id for change in changes.moved],
            today,
        )
    settled = [
        (change.member.id, units[unit])
        for change in (*changes.moved, *changes.returned)
        if (unit := unit_after(change, said))
    ]
    await belong(connection, settled, today, new_id)


async def belong(
    connection: Connection, settled: Sequence[tuple[UUID, UUID]], today: date, new_id: Callable[[], UUID]
) -> None:
    """Joins the caller's transaction. Each (member, unit) from today; retired units that they come to are back."""
    if settled:
        await connection.execute(_IN_USE, [unit for _, unit in settled])
        await connection.execute(
            """
            INSERT INTO membership (id, member, unit, since)
            SELECT *, $4 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])
            """,
            [new_id() for _ in settled],
            [member for member, _ in settled],
            [unit for _, unit in settled],
            today,
        )


async def add_rows(
    connection: Connection,
    rows: Sequence[RosterRow],
    units: dict[tuple[str, ...], UUID],
    now: datetime,
    today: date,
    new_id: Callable[[], UUID],
) -> list[UUID]:
    """Joins the caller's transaction. The members' ids, in the order of the rows."""
    if not rows:
        return []
    ids = [new_id() for _ in rows]
    await connection.execute(
        """
        INSERT INTO member (id, staff_number, name, roles, joined_on, email, phone, language, found_by, created_at)
        SELECT id, staff_number, name, string_to_array(roles, ',')::varchar[], joined_on, email, phone, language,
               array_to_tsvector(string_to_array(keys, ' ')), $10
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[], $7::text[], $8::text[],
                    $9::text[])
            AS said (id, staff_number, name, roles, joined_on, email, phone, language, keys)
        """,
        ids,
        [row.staff_number for row in rows],
        [row.name for row in rows],
        [",".join(row.roles) for row in rows],
        [row.joined for row in rows],
        [row.email for row in rows],
        [row.phone for row in rows],
        [row.language for row in rows],
        await _keys([(row.name, row.staff_number) for row in rows]),
        now,
    )
    settled = [(member, units[row.unit]) for member, row in zip(ids, rows, strict=True) if row.unit]
    await belong(connection, settled, today, new_id)
    return ids


async def _keys(named: Sequence[tuple[str, str]]) -> list[str]:
    """What each (name, staff number) is found by, with blanks between. 20,000 take a thread a second."""
    return await asyncio.to_thread(lambda: [" ".join(keys(*one)) for one in named])


async def write_keys(connection: Connection, named: Sequence[tuple[UUID, str, str]]) -> None:
    """Joins the caller's transaction. What each (member, name, staff number) is found by."""
    await connection.execute(
        """
        UPDATE member SET found_by = array_to_tsvector(string_to_array(said.keys, ' '))
        FROM unnest($1::uuid[], $2::text[]) AS said (id, keys) WHERE member.id = said.id
        """,
        [member for member, _, _ in named],
        await _keys([(name, number) for _, name, number in named]),
    )


async def make_keys(limit: int = 1000) -> int:
    """Make the keys of at most `limit` members who have none yet; how many there were."""
    async with transaction() as connection:
        waiting = await connection.fetch(
            "SELECT id, name, staff_number FROM member WHERE found_by IS NULL ORDER BY id LIMIT $1 FOR UPDATE", limit
        )
        await write_keys(connection, [(one["id"], one["name"], one["staff_number"]) for one in waiting])
    return len(waiting)


async def mark_left(
    member: UUID, *, on: date, actor: UUID | None, now: datetime, new_id: Callable[[], UUID], why: str = ""
) -> Follows:
    """The member has left; `on` is the first day away. The account stays, his sessions end.

    Refuses `members.already_left`, `members.own_leaving`, `members.need_admin` (he holds a role), `members.last_admin`.
    """
    async with transaction() as connection:
        await lock_roster(connection)
        if member == actor:
            raise Refusal("members.own_leaving")
        found = await locked(connection, member)
        if found["left_on"] is not None:
            raise Refusal("members.already_left")
        if found["roles"] and not await is_admin(actor):
            raise Refusal("members.need_admin")
        await _leave(connection, [(member, on)], now)
        if "admin" in found["roles"] and not await queries.has_admin():
            raise Refusal("members.last_admin")
        follows = await follow(connection, [member], SESSIONS, BOARDS, ended=[member], now=now, new_id=new_id)
        await note("member.left", at=now, actor=actor, subject=str(member), why=why, on=on.isoformat())
    return follows


async def restore(
    member: UUID,
    *,
    actor: UUID | None,
    now: datetime,
    today: date,
    new_id: Callable[[], UUID],
    why: str = "",
) -> Follows:
    """The member is back, with his account and in the unit that he left from; roles are to be given again.

    Refuses `members.already_here`.
    """
    async with transaction() as connection:
        await lock_roster(connection)
        found = await locked(connection, member)
        if found["left_on"] is None:
            raise Refusal("members.already_here")
        unit = await queries.unit_left_from(member)
        await _come_back(connection, [member])
        if unit is not None:
            await belong(connection, [(member, unit)], today, new_id)
        follows = await follow(connection, [member], SESSIONS, BOARDS, now=now, new_id=new_id)
        await note("member.restored", at=now, actor=actor, subject=str(member), why=why)
    return follows


async def set_roles(
    member: UUID,
    roles: Collection[str],
    *,
    actor: UUID | None,
    now: datetime,
    new_id: Callable[[], UUID],
    why: str = "",
) -> Follows:
    """Give the member exactly these roles, in all his sessions. The same roles again change nothing.

    Refuses `members.unknown_role`, `members.own_roles`, `members.need_admin`, `members.left`, `members.last_admin`.
    """
    if not set(roles) <= set(ROLES):
        raise Refusal("members.unknown_role")
    ordered: list[str] = [role for role in ROLES if role in roles]
    async with transaction() as connection:
        await lock_roster(connection)
        if member == actor:
            raise Refusal("members.own_roles")
        if not await is_admin(actor):
            raise Refusal("members.need_admin")
        found = await locked(connection, member)
        if found["left_on"] is not None:
            raise Refusal("members.left")
        before: list[str] = [role for role in ROLES if role in found["roles"]]
        if before == ordered:
            return ()
        await Member.update({Member.roles: ordered}).where(Member.id == member)
        if "admin" in before and not await queries.has_admin():
            raise Refusal("members.last_admin")
        follows = await follow(connection, [member], SESSIONS, now=now, new_id=new_id)
        await note("roles.changed", at=now, actor=actor, subject=str(member), why=why, before=before, after=ordered)
    return follows


async def end_sessions(
    member: UUID, *, ref: str = "", count: int, actor: UUID | None, now: datetime, new_id: Callable[[], UUID]
) -> Follows:
    """Sign the member out: on the device that `ref` names, or on all of them, `count` in number. Refuses
    `members.unknown`."""
    async with transaction() as connection:
        await locked(connection, member)
        if ref:
            follows: Follows = ((DEVICE, f"{member}@{ref}"),)
            await intend(*follows[0], due_at=now, now=now, new_id=new_id())
        else:
            follows = await follow(connection, [member], SESSIONS, ended=[member], now=now, new_id=new_id)
        await note("sessions.ended", at=now, actor=actor, subject=str(member), count=count)
    return follows


# What a member says of himself


async def set_language(member: UUID, language: str | None, *, now: datetime, new_id: Callable[[], UUID]) -> Follows:
    """`en`, `zh-Hans`, or None for what the browser asks for. Refuses `members.unknown_language`."""
    if language is not None and language not in get_args(Language):
        raise Refusal("members.unknown_language")
    async with transaction() as connection:
        await locked(connection, member)
        await Member.update({Member.language: language}).where(Member.id == member)
        return await follow(connection, [member], SESSIONS, now=now, new_id=new_id)


async def set_alias(member: UUID, alias: str, shows: bool, *, now: datetime) -> None:
    """Set the alias, and whether boards show it in place of the name. "" with `shows` False takes it away.

    Refuses what `rules.alias_problem` names, and `alias.taken`: another member's name or alias, capitals, spaces and
    full-width signs aside.
    """
    cleaned = clean_alias(alias)
    problem = alias_problem(cleaned) if cleaned or shows else None
    if problem is not None:
        raise Refusal(problem)
    async with transaction() as connection:
        await lock_roster(connection)
        await locked(connection, member)
        if cleaned and await connection.fetchval(
            r"""
            SELECT EXISTS (
                SELECT FROM member, LATERAL (VALUES (member.name), (member.alias)) AS known (text)
                WHERE member.id <> $1
                  AND lower(regexp_replace(normalize(known.text, NFKC), '\s', '', 'g'))
                    = lower(regexp_replace(normalize($2, NFKC), '\s', '', 'g'))
            )
            """,
            member,
            cleaned,
        ):
            raise Refusal("alias.taken")
        await Member.update({Member.alias: cleaned, Member.shows_alias: shows}).where(Member.id == member)
        await note("alias.set", at=now, actor=member, subject=str(member), shows=shows)
