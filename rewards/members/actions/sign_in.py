"""Signing in: personal links and slips, the first admin, codes. Locks: as in roster.py."""

import asyncio
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from piccolo.query.functions import Lower
from piccolo.querystring import QueryString

from rewards import database as db
from rewards.audit.actions import note, note_each
from rewards.database import Connection, transaction
from rewards.members import queries
from rewards.members.actions.roster import (
    SESSIONS,
    Follows,
    end_links,
    find_person,
    follow,
    is_admin,
    lock_roster,
    locked,
    write_keys,
)
from rewards.members.queries import Person
from rewards.members.roster_file import MAX_NAME, clean_staff_number
from rewards.members.rules import FIRST_CODE, clean_code, clean_first_code, code_problem, is_staff_number, staff_key
from rewards.members.tables import Member, SignInLink
from rewards.refusals import Refusal
from rewards.sheets import one_line

# Links


@dataclass(frozen=True, slots=True)
class LinkFor:
    """Whom a link is for. `member` is None for the link that makes the first admin."""

    member: UUID | None
    name: str
    unit: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed for a member: a link's token, and a first code to type. One use ends both."""

    member: UUID
    token: str
    first_code: str


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(b"link\n" + token.encode("utf-8", "surrogatepass")).digest()


def _first_code_hash(staff_number: str, code: str) -> bytes:
    text = f"first code\n{staff_key(staff_number)}\n{clean_first_code(code)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


async def issue_links(
    members: Collection[UUID],
    *,
    actor: UUID | None,
    now: datetime,
    valid: timedelta,
    new_token: Callable[[], str],
) -> list[tuple[UUID, str]]:
    """A personal link for each member, good once and for `valid`; his older unused links and slips end.

    Returns (member, token) in the order given; only hashes are kept. Refuses, issuing none: `links.unknown_member` (one
    is unknown or has left), `links.need_admin` (one holds a role, the actor is neither he nor an admin: a link is the
    account).
    """
    issued = [(member, new_token()) for member in dict.fromkeys(members)]
    async with transaction() as connection:
        await _ready_for_links(connection, [member for member, _ in issued], actor, now)
        await _keep_links(connection, [(member, _token_hash(token)) for member, token in issued], actor, now, valid)
        await note("links.issued", at=now, actor=actor, subject="links", count=len(issued))
        await note_each("member.link_issued", at=now, actor=actor, subjects=[member for member, _ in issued])
    return issued


async def issue_slips(
    members: Collection[UUID],
    *,
    actor: UUID | None,
    now: datetime,
    valid: timedelta,
    new_token: Callable[[], str],
    new_code: Callable[[], str],
) -> list[Slip]:
    """As `issue_links`, with a first code beside each link for those who cannot scan.

    `new_code` makes at least FIRST_CODE small letters and digits; grouping them is for the printer.
    """
    slips = [Slip(member, new_token(), new_code()) for member in dict.fromkeys(members)]
    async with transaction() as connection:
        numbers = await _ready_for_links(connection, [slip.member for slip in slips], actor, now)
        hashes = [(slip.member, _token_hash(slip.token)) for slip in slips]
        hashes += [(slip.member, _first_code_hash(numbers[slip.member], slip.first_code)) for slip in slips]
        await _keep_links(connection, hashes, actor, now, valid)
        await note("links.issued", at=now, actor=actor, subject="slips", count=len(slips))
        await note_each("member.link_issued", at=now, actor=actor, subjects=[slip.member for slip in slips])
    return slips


async def _ready_for_links(
    connection: Connection, members: Sequence[UUID], actor: UUID | None, now: datetime
) -> dict[UUID, str]:
    """Joins the caller's transaction. Locks the members, ends their older links; their staff numbers."""
    found = await connection.fetch(
        "SELECT id, staff_number, roles FROM member WHERE id = ANY($1) AND left_on IS NULL ORDER BY id FOR UPDATE",
        members,
    )
    if len(found) < len(members):
        raise Refusal("links.unknown_member", count=len(members) - len(found))
    guarded = sum(bool(row["roles"]) for row in found if row["id"] != actor)
    if guarded and not await is_admin(actor):
        raise Refusal("links.need_admin", count=guarded)
    await end_links(connection, members, now)
    return {row["id"]: row["staff_number"] for row in found}


async def _keep_links(
    connection: Connection,
    hashes: Sequence[tuple[UUID | None, bytes]],
    actor: UUID | None,
    now: datetime,
    valid: timedelta,
) -> None:
    """Joins the caller's transaction."""
    await connection.execute(
        """
        INSERT INTO sign_in_link (token_hash, member, created_at, expires_at, created_by)
        SELECT token_hash, member, $3, $4, $5 FROM unnest($1::uuid[], $2::bytea[]) AS made (member, token_hash)
        """,
        [member for member, _ in hashes],
        [token_hash for _, token_hash in hashes],
        now,
        now + valid,
        actor,
    )


def _check_link(link: db.Row | None, now: datetime) -> db.Row:
    """The link if it is still good. Refuses `sign_in.link_unknown`, `.link_used`, `.link_expired`, `sign_in.left`."""
    if link is None:
        raise Refusal("sign_in.link_unknown")
    if link["left_on"] is not None:
        raise Refusal("sign_in.left")
    if link["used_at"] is not None:
        raise Refusal("sign_in.link_used")
    if link["expires_at"] <= now:
        raise Refusal("sign_in.link_expired")
    return link


_LINK = """
SELECT sign_in_link.member, sign_in_link.used_at, sign_in_link.expires_at, member.name, member.left_on
FROM sign_in_link LEFT JOIN member ON member.id = sign_in_link.member
WHERE sign_in_link.token_hash = $1
"""


async def look_at_link(token: str, now: datetime) -> LinkFor:
    """Whom the link is for, without using it up. Refuses as `use_link` does."""
    link = _check_link(await db.row(_LINK, _token_hash(token)), now)
    if link["member"] is None:
        return LinkFor(None, "", "", link["expires_at"])
    person = await find_person(link["member"])
    return LinkFor(person.id, person.name, person.unit_name, link["expires_at"])


async def use_link(token: str, now: datetime) -> Person:
    """Sign in by link: once, whoever comes first. Ends the member's other links.

    Refuses `sign_in.link_unknown`, `sign_in.link_used`, `sign_in.link_expired` (a newer one was issued, or too late),
    `sign_in.left`.
    """
    async with transaction() as connection:
        return await _use(connection, _token_hash(token), now)


async def _use(connection: Connection, token_hash: bytes, now: datetime) -> Person:
    """Joins the caller's transaction."""
    # The member's row is locked before his links, as everywhere, so that two of his links cannot wait for each other.
    await connection.execute(
        "SELECT FROM member WHERE id = (SELECT member FROM sign_in_link WHERE token_hash = $1) FOR UPDATE", token_hash
    )
    link = _check_link(await connection.fetchrow(_LINK, token_hash), now)
    if link["member"] is None:
        raise Refusal("sign_in.link_unknown")
    await SignInLink.update({SignInLink.used_at: now}).where(SignInLink.token_hash == token_hash)
    await end_links(connection, [link["member"]], now)
    return await find_person(link["member"])


# The first admin


async def first_admin_link(now: datetime, new_token: Callable[[], str], valid: timedelta = timedelta(days=1)) -> str:
    """The token of the link that makes the first admin; an older one ends. Refuses `members.admin_exists`."""
    token = new_token()
    async with transaction() as connection:
        await lock_roster(connection)
        if await queries.has_admin():
            raise Refusal("members.admin_exists")
        await connection.execute(
            "UPDATE sign_in_link SET expires_at = $1 WHERE member IS NULL AND used_at IS NULL AND expires_at > $1", now
        )
        await _keep_links(connection, [(None, _token_hash(token))], None, now, valid)
    return token


async def become_first_admin(
    token: str, staff_number: str, name: str, code: str, *, now: datetime, new_id: Callable[[], UUID]
) -> tuple[Person, Follows]:
    """Whoever holds the printed link becomes the first admin, with this code: the member of this number, or a new one.

    A member who is on the roster keeps the name that stands there; who was signed in as him no longer is. Refuses what
    `use_link` does, what `rules.code_problem` names, `members.admin_exists`, `members.bad_staff_number`,
    `members.bad_name`.
    """
    number, called = clean_staff_number(staff_number), one_line(name)
    if not is_staff_number(number):
        raise Refusal("members.bad_staff_number")
    if not 0 < len(called) <= MAX_NAME:
        raise Refusal("members.bad_name")
    token_hash = _token_hash(token)
    _check_link(await db.row(_LINK, token_hash), now)  # nobody has codes hashed, which is work, without a link
    code_hash = await _hashed_code(code, number)
    async with transaction() as connection:
        await lock_roster(connection)
        link = _check_link(await connection.fetchrow(_LINK, token_hash), now)
        if link["member"] is not None:
            raise Refusal("sign_in.link_unknown")
        if await queries.has_admin():
            raise Refusal("members.admin_exists")
        known = await queries.member_by_staff_number(number)
        if known is not None and known.left_on is not None:
            raise Refusal("sign_in.left")
        member = new_id() if known is None else known.id
        if known is None:
            await Member.insert(
                Member(
                    id=member, staff_number=number, name=called, roles=["admin"], code_hash=code_hash, created_at=now
                )
            )
            await write_keys(connection, [(member, called, number)])
        else:
            roles = QueryString("array_append(roles, 'admin')")
            await Member.update({Member.roles: roles, Member.code_hash: code_hash}).where(Member.id == member)
        await SignInLink.update({SignInLink.used_at: now}).where(SignInLink.token_hash == token_hash)
        follows = await follow(connection, [member], SESSIONS, ended=[member], now=now, new_id=new_id)
        await note("first_admin.made", at=now, actor=member, subject=str(member))
        return await find_person(member), follows


# Codes

# argon2id with the second recommended set of the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_DUMMY: Final = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}${'A' * 22}${'A' * 43}"
)
"""The hash of no code: comparing with it takes as long as with a real one."""


def _step_back() -> None:
    # On Linux a priority belongs to a thread, so hashing gives way to play. Elsewhere it would be the whole process's.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_HASHING: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="codes", initializer=_step_back)
"""At most two codes are hashed at a time in a process; the others wait."""


def _matches(code_hash: str, code: str) -> bool:
    try:
        return _HASHER.verify(code_hash, code)
    except (VerificationError, InvalidHashError):
        return False


async def _hashed_code(code: str, staff_number: str) -> str:
    cleaned = clean_code(code)
    problem = code_problem(cleaned, staff_number)
    if problem is not None:
        raise Refusal(problem)
    return await asyncio.get_running_loop().run_in_executor(_HASHING, _HASHER.hash, cleaned)


async def set_code(
    member: UUID,
    code: str,
    *,
    now: datetime,
    new_id: Callable[[], UUID],
    old: str | None = None,
    issued_by: UUID | None = None,
) -> Follows:
    """Set or replace the member's own code; only for whoever is signed in as this member.

    Replacing it takes the `old` one, and ends all his sessions: what the old code opened is closed. So does a first
    code that is set by a link, which somebody else may have used too. `issued_by`: who made the link that signed him in
    (None: nobody else); a first code remembers who stands behind him. About 40 ms of one core.

    Refuses what `rules.code_problem` names, `code.old_wrong`, `members.unknown`, `members.left`.
    """
    person = await find_person(member)
    code_hash = await _hashed_code(code, person.staff_number)
    before = await db.value("SELECT code_hash FROM member WHERE id = $1", member)
    if before is not None and not await _is_code(before, old or ""):
        raise Refusal("code.old_wrong")
    async with transaction() as connection:
        found = await connection.fetchrow("SELECT left_on, code_hash FROM member WHERE id = $1 FOR UPDATE", member)
        if found is None or found["left_on"] is not None:
            raise Refusal("members.left")
        if found["code_hash"] != before:
            raise Refusal("code.old_wrong")
        await Member.update({Member.code_hash: code_hash}).where(Member.id == member)
        if before is None:
            behind = () if issued_by is None else await queries.hands(issued_by, now)
            await Member.update({Member.code_at: now, Member.code_hands: list(behind)}).where(Member.id == member)
        follows: Follows = ()
        if before is not None or issued_by is not None:
            follows = await follow(connection, [member], SESSIONS, ended=[member], now=now, new_id=new_id)
        more = {} if issued_by is None else {"link_by": str(issued_by)}
        await note("code.set", at=now, actor=member, subject=str(member), **more)
    return follows


async def forget_code(member: UUID, *, actor: UUID, now: datetime, new_id: Callable[[], UUID]) -> Follows:
    """Take away a code that its member has forgotten; all his sessions end, and a link lets him set another. Who stood
    behind it is kept: the next link may be his own.

    Refuses `members.unknown`, `links.need_admin` (he holds a role, the actor is neither he nor an admin).
    """
    async with transaction() as connection:
        found = await locked(connection, member)
        if found["roles"] and actor != member and not await is_admin(actor):
            raise Refusal("links.need_admin", count=1)
        await Member.update({Member.code_hash: None}).where(Member.id == member)
        follows = await follow(connection, [member], SESSIONS, ended=[member], now=now, new_id=new_id)
        await note("member.code_forgotten", at=now, actor=actor, subject=str(member))
    return follows


async def allow_tries(member: UUID, *, actor: UUID, now: datetime) -> None:
    """Note that new devices may try this member's code again. Refuses as `forget_code`."""
    async with transaction() as connection:
        found = await locked(connection, member)
        if found["roles"] and actor != member and not await is_admin(actor):
            raise Refusal("links.need_admin", count=1)
        await note("member.tries_lifted", at=now, actor=actor, subject=str(member))


async def note_sign_in(
    member: UUID, *, way: str, ref: str, device: str, issued_by: UUID | None, now: datetime, new_id: Callable[[], UUID]
) -> None:
    """Remember that a member was signed in on a device (`way`: code or link), for him to be told elsewhere."""
    async with transaction() as connection:
        await connection.execute("DELETE FROM sign_in WHERE member = $1 AND at < $2", member, now - queries.TOLD_FOR)
        await connection.execute(
            "INSERT INTO sign_in (id, member, at, way, session, device, issued_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            new_id(),
            member,
            now,
            way,
            ref,
            device,
            issued_by,
        )


async def _is_code(code_hash: str, code: str) -> bool:
    """Whether this is the code, about 20 ms of one core."""
    return await asyncio.get_running_loop().run_in_executor(_HASHING, _matches, code_hash, clean_code(code))


_CODE: Final = db.compiled(
    Member.select(Member.id, Member.code_hash, Member.left_on).where(Lower(Member.staff_number) == db.given(1))
)


async def check_code(staff_number: str, code: str, *, now: datetime, tries_left: int) -> Person:
    """Sign in by staff number and the member's code, or the first code of a slip, which is then used up.

    Nobody gets a code this way who has none: whoever signs in by slip has `has_code` False and is asked to set one.
    Refuses `sign_in.wrong` with `left` = `tries_left` (what the limits leave after this try), in the same words and
    time for unknown numbers, members without a code, leavers and wrong codes. About 20 ms of one core; none for the
    first code of a slip: a hall types them at once.
    """
    if len(clean_first_code(code)) >= FIRST_CODE:
        with suppress(Refusal):
            async with transaction() as connection:
                return await _use(connection, _first_code_hash(staff_number, code), now)
    found = await db.row(_CODE, staff_key(staff_number))
    code_hash = _DUMMY if found is None or found["code_hash"] is None else found["code_hash"]
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_HASHING, _matches, code_hash, clean_code(code))
    if not right or found is None or found["left_on"] is not None:
        raise Refusal("sign_in.wrong", left=tries_left)
    if _HASHER.check_needs_rehash(code_hash):
        fresh = await loop.run_in_executor(_HASHING, _HASHER.hash, clean_code(code))
        await Member.update({Member.code_hash: fresh}).where(Member.id == found["id"], Member.code_hash == code_hash)
    return await find_person(found["id"])
