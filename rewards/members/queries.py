"""Looking members and units up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from piccolo.columns.combination import WhereRaw
from piccolo.custom_types import Combinable
from piccolo.querystring import QueryString

from rewards import database as db
from rewards.members.rules import OWN_AFTER, ROLES, OnRoster, staff_key
from rewards.members.spellings import folded
from rewards.members.tables import Member, Membership
from rewards.sheets import one_line

Standing = Literal["here", "left", "all"]

MOST_AT_ONCE = 200
"""Members that one page of a list may hold."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member with the unit that he is in now. `unit_path` is its names from the root; () and None: no unit.

    A session that says all this carries `access_version`; one of a version below `access_floor` is over.
    """

    id: UUID
    staff_number: str
    name: str
    roles: tuple[str, ...]
    language: str | None
    alias: str
    shows_alias: bool
    joined_on: date | None
    left_on: date | None
    email: str
    phone: str
    has_code: bool
    access_version: int
    access_floor: int
    unit: UUID | None
    unit_path: tuple[str, ...]

    @property
    def unit_name(self) -> str:
        """The name of the unit itself, "" for none."""
        return self.unit_path[-1] if self.unit_path else ""


@dataclass(frozen=True, slots=True)
class Label:
    """How a member is named. `shown` is what boards show: the alias where he asked for it. `unit`: "" for none."""

    name: str
    shown: str
    unit: str


@dataclass(frozen=True, slots=True)
class Belonging:
    """From `since` until the day before `until` (None: still). `path`: the unit's names from the root."""

    path: tuple[str, ...]
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit in the tree. `own` members are in it, `within` in it and below; leavers are not counted. Depth from 0."""

    id: UUID
    parent: UUID | None
    name: str
    path: tuple[str, ...]
    depth: int
    own: int
    within: int
    retired_on: date | None


_PERSON = """
SELECT member.id, member.staff_number, member.name, member.roles, member.language, member.alias, member.shows_alias,
       member.joined_on, member.left_on, member.email, member.phone, member.code_hash IS NOT NULL AS has_code,
       member.access_version, member.access_floor, unit.id AS unit, unit.path AS unit_path
FROM member
LEFT JOIN membership ON membership.member = member.id AND membership.until IS NULL
LEFT JOIN unit ON unit.id = membership.unit
"""

_LAST_UNIT = """
SELECT last.unit
FROM member
JOIN LATERAL (
    SELECT membership.unit FROM membership
    WHERE membership.member = member.id AND (membership.until IS NULL OR membership.until >= member.left_on)
    ORDER BY membership.until DESC NULLS FIRST, membership.since DESC, membership.id DESC
    LIMIT 1
) AS last ON true
"""

_BELONGS = """
{} IN (
    SELECT membership.member FROM membership JOIN unit ON unit.id = membership.unit
    WHERE membership.until IS NULL
      AND (unit.id = {} OR starts_with(unit.path, (SELECT path || '/' FROM unit AS root WHERE root.id = {})))
)
"""


# Each hit on its own, for all there are: told of a limit, the planner would rather read the roster than the index.
_HITS = """
WITH whole AS MATERIALIZED (SELECT id FROM member WHERE found_by @@ $1::tsquery),
     begun AS MATERIALIZED (SELECT id FROM member WHERE found_by @@ $2::tsquery),
     hit AS (
        (SELECT id, false AS longer FROM whole LIMIT $3) UNION ALL (SELECT id, true FROM begun LIMIT $3)
     )
"""

_OF_HITS = """
JOIN (SELECT id, bool_and(longer) AS longer FROM hit GROUP BY id) AS hit ON hit.id = member.id
ORDER BY member.left_on IS NOT NULL, hit.longer, lower(member.staff_number) LIMIT $4
"""

_LOOKED_AT = 200
_UNIT_OF = db.compiled(
    Membership.select(Membership.unit).where(
        Membership.member == db.given(1),
        Membership.since <= db.given(2),
        Membership.until.is_null() | (Membership.until > db.given(2)),
    )
)


_CODE_HASH = "SELECT code_hash FROM member WHERE lower(staff_number) = $1"


async def member(member_id: UUID) -> Person | None:
    """The member, also one who has left; None: unknown."""
    found = await db.row(_PERSON + "WHERE member.id = $1", member_id)
    return None if found is None else _person(found)


async def code_hash(staff_number: str) -> str | None:
    """What is kept of the code of this number, however it is typed; None: unknown, or no code yet."""
    found: str | None = await db.value(_CODE_HASH, staff_key(staff_number))
    return found


async def member_by_staff_number(staff_number: str) -> Person | None:
    """The member of this number, however it is typed (full-width, small letters); also one who has left."""
    found = await db.row(_PERSON + "WHERE lower(member.staff_number) = $1", staff_key(staff_number))
    return None if found is None else _person(found)


async def people(member_ids: Collection[UUID]) -> dict[UUID, Person]:
    """These members, leavers among them, in one query. Unknown ids are left out."""
    found = await db.rows(_PERSON + "WHERE member.id = ANY($1)", list(member_ids))
    return {row["id"]: _person(row) for row in found}


async def page_of_ids(after: UUID | None, limit: int) -> list[UUID]:
    """At most `limit` of the ids of all members there ever were, in order, behind `after`."""
    asked = Member.select(Member.id).order_by(Member.id).limit(limit)
    return [row["id"] for row in await (asked if after is None else asked.where(Member.id > after))]


async def changed_since(change: int) -> list[UUID]:
    """Whose access the change of this number altered, or a later one."""
    found = await db.rows("SELECT id FROM member WHERE access_version > 0 AND access_version >= $1", change)
    return [row["id"] for row in found]


async def members(
    *,
    text: str = "",
    unit: UUID | None = None,
    role: str = "",
    standing: Standing = "here",
    after: str = "",
    limit: int = 50,
) -> list[Person]:
    """A page of members in the order of staff numbers, beginning behind the number `after` ("": the first page).

    `text` is how a name, its pinyin, its initials or a staff number begins (spellings.py), `unit` takes in the units
    below it. At most MOST_AT_ONCE.
    """
    after = one_line(after)
    asked = *_matching(text, unit, role, standing), WhereRaw("lower({}) > lower({})", Member.staff_number, after)
    page = "WHERE {} ORDER BY lower(member.staff_number) LIMIT {}"
    found = await db.rows(QueryString(_PERSON + page, db.all_of(*asked), min(limit, MOST_AT_ONCE)))
    return [_person(row) for row in found]


async def member_count(*, text: str = "", unit: UUID | None = None, role: str = "", standing: Standing = "here") -> int:
    """How many members `members` finds on all its pages."""
    return int(await Member.count().where(*_matching(text, unit, role, standing)))


def _matching(text: str, unit: UUID | None, role: str, standing: Standing) -> list[Combinable]:
    """What a member of the list fulfils; nothing for what is not asked."""
    asked: list[Combinable] = []
    if one_line(text):
        asked.append(WhereRaw("{} @@ {}::tsquery", Member.found_by, _beginning(text)))
    if unit is not None:
        asked.append(WhereRaw(_BELONGS, Member.id, unit, unit))
    if role:
        asked.append(Member.roles.any(role))
    if standing != "all":
        asked.append(Member.left_on.is_null() if standing == "here" else Member.left_on.is_not_null())
    return asked


async def members_found(text: str, limit: int) -> list[Person]:
    """At most `limit` members whom a text finds: those who are here first, then those it names whole, by staff number.

    Reads the index and, of what it holds under the text, at most _LOOKED_AT members.
    """
    found = await db.rows(_HITS + _PERSON + _OF_HITS, _key(text), _beginning(text), _LOOKED_AT, limit)
    return [_person(row) for row in found]


def _beginning(text: str) -> str:
    """The query for the members of whom a key begins with the text; "", for nobody, when nothing is left of it."""
    key = _key(text)
    return key and f"{key}:*"


def _key(text: str) -> str:
    """The query for the members who have a text as a key; "", for nobody, when nothing is left of it."""
    key = folded(text).replace("\\", "\\\\").replace("'", "''")
    return key and f"'{key}'"


async def labels(member_ids: Collection[UUID]) -> dict[UUID, Label]:
    """Names and units of these members, leavers among them, in one query. Unknown ids are left out."""
    found = await db.rows(
        """
        SELECT member.id, member.name, coalesce(unit.name, '') AS unit,
               CASE WHEN member.shows_alias THEN member.alias ELSE member.name END AS shown
        FROM member
        LEFT JOIN membership ON membership.member = member.id AND membership.until IS NULL
        LEFT JOIN unit ON unit.id = membership.unit
        WHERE member.id = ANY($1)
        """,
        list(member_ids),
    )
    return {row["id"]: Label(row["name"], row["shown"], row["unit"]) for row in found}


async def unit_tree(*, retired: bool = False) -> tuple[UnitNode, ...]:
    """Every unit that is not retired, or every one; each parent right before its subtree, siblings by name."""
    found = await db.rows(
        """
        SELECT unit.id, unit.parent, unit.name, unit.path, unit.retired_on, count(member.id) AS own
        FROM unit
        LEFT JOIN membership ON membership.unit = unit.id AND membership.until IS NULL
        LEFT JOIN member ON member.id = membership.member AND member.left_on IS NULL
        GROUP BY unit.id
        """
    )
    within: dict[tuple[str, ...], int] = {}
    paths = {row["id"]: _parts(row["path"]) for row in found}
    for row in found:
        path = paths[row["id"]]
        for depth in range(1, len(path) + 1):
            within[path[:depth]] = within.get(path[:depth], 0) + row["own"]
    return tuple(
        UnitNode(
            row["id"], row["parent"], row["name"], path, len(path) - 1, row["own"], within[path], row["retired_on"]
        )
        for row in sorted(found, key=lambda row: paths[row["id"]])
        for path in (paths[row["id"]],)
        if retired or row["retired_on"] is None
    )


async def unit_of(member_id: UUID, day: date) -> UUID | None:
    """The unit that the member belonged to on that day; None: none."""
    found: UUID | None = await db.value(_UNIT_OF, member_id, day)
    return found


async def unit_left_from(member_id: UUID) -> UUID | None:
    """The unit of a leaver on his last day; of whoever is here, his unit now. None: none."""
    found: UUID | None = await db.value(_LAST_UNIT + "WHERE member.id = $1", member_id)
    return found


async def are_more_than(number: int) -> bool:
    """Whether more than so many have ever been on the roster; costs no more than counting to there."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM member OFFSET $1)", number)
    return found


async def roster_current() -> list[OnRoster]:
    """Everybody, leavers too, by staff number. A leaver's unit is the one that he left from."""
    found = await db.rows(
        """
        SELECT member.id, member.staff_number, member.name, member.roles, member.joined_on, member.left_on,
               member.email, member.phone, member.language, unit.path AS unit_path
        FROM member
        LEFT JOIN LATERAL (
            SELECT membership.unit FROM membership
            WHERE membership.member = member.id
              AND (membership.until IS NULL OR membership.until >= member.left_on)
            ORDER BY membership.until DESC NULLS FIRST, membership.since DESC, membership.id DESC
            LIMIT 1
        ) AS last ON true
        LEFT JOIN unit ON unit.id = last.unit
        ORDER BY lower(member.staff_number)
        """
    )
    return [
        OnRoster(
            row["id"],
            row["staff_number"],
            row["name"],
            _parts(row["unit_path"]),
            _ordered(row["roles"]),
            row["joined_on"],
            row["left_on"],
            row["email"],
            row["phone"],
            row["language"],
        )
        for row in found
    ]


async def roster_mark() -> str:
    """Another one whenever `roster_current` is another, for much less."""
    found: str = await db.value(
        """
        SELECT concat_ws(
            ',',
            (SELECT sum(hashtextextended(
                (id, staff_number, name, roles, joined_on, left_on, email, phone, language)::text, 0)) FROM member),
            (SELECT sum(hashtextextended(membership::text, 0)) FROM membership),
            (SELECT sum(hashtextextended((id, path)::text, 0)) FROM unit)
        )
        """
    )
    return found


async def unit_history(member: UUID) -> list[Belonging]:
    """The units a member has belonged to, the latest first; without those corrected on the same day."""
    found = await db.rows(
        "SELECT unit.path, since, until FROM membership JOIN unit ON unit.id = membership.unit"
        " WHERE member = $1 AND (until IS NULL OR until > since) ORDER BY since DESC, membership.id DESC",
        member,
    )
    return [Belonging(tuple(row["path"].split("/")), row["since"], row["until"]) for row in found]


async def units_over(unit: UUID | None) -> frozenset[UUID]:
    """The unit and every unit above it; empty for none."""
    found = await db.rows(
        "WITH RECURSIVE above (id, parent) AS (SELECT id, parent FROM unit WHERE id = $1"
        " UNION SELECT unit.id, unit.parent FROM unit JOIN above ON unit.id = above.parent) SELECT id FROM above",
        unit,
    )
    return frozenset(row["id"] for row in found)


async def any_link() -> bool:
    """Whether a personal link was ever made."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM sign_in_link)")
    return found


TOLD_FOR: Final = timedelta(days=90)
"""How long a member can read where he was signed in and who made links for him."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a member is told of the ways into his account: a link that `by` made (`device` None), or a device that was
    signed in, by a link of `by` (a name, "" for nobody's)."""

    at: datetime
    by: str
    device: str | None


async def told(member: UUID, since: datetime, *, ref: str, limit: int) -> list[Told]:
    """Links that others made for a member and devices signed in as him after `since`, the latest first; without the
    device `ref` itself and the link that it came by."""
    found = await db.rows(
        """
        SELECT one.at, coalesce(member.name, '') AS by, one.device FROM (
            SELECT created_at AS at, created_by AS by, NULL AS device FROM sign_in_link
            WHERE member = $1 AND created_at > $2 AND created_by IS DISTINCT FROM $1 AND NOT EXISTS (
                SELECT FROM sign_in WHERE sign_in.member = $1 AND session = $3 AND at = used_at)
            GROUP BY created_at, created_by, used_at
            UNION ALL
            SELECT at, issued_by, device FROM sign_in WHERE member = $1 AND at > $2 AND session <> $3
        ) AS one LEFT JOIN member ON member.id = one.by ORDER BY one.at DESC LIMIT $4
        """,
        member,
        since,
        ref,
        limit,
    )
    return [Told(**dict(one)) for one in found]


async def link_used(member: UUID, at: datetime) -> tuple[bool, UUID | None]:
    """Whether it was a link or slip that signed a member in at this very moment, and who made it (None: the command
    line)."""
    found = await db.row("SELECT created_by FROM sign_in_link WHERE member = $1 AND used_at = $2", member, at)
    return (False, None) if found is None else (True, found["created_by"])


async def hands(member: UUID, now: datetime) -> frozenset[UUID]:
    """Who may stand behind what is said with a member's code: he himself and, for OWN_AFTER, who made the link that he
    set it by, who stood behind that one then, and so on."""
    found = await db.value("SELECT code_hands FROM member WHERE id = $1 AND code_at > $2", member, now - OWN_AFTER)
    return frozenset((member, *(found or ())))


async def has_admin() -> bool:
    """Whether anybody who is here is an admin."""
    return await Member.exists().where(Member.roles.any("admin"), Member.left_on.is_null())


def _parts(path: str | None) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


def _ordered(roles: Collection[str]) -> tuple[str, ...]:
    return tuple(role for role in ROLES if role in roles)


def _person(row: db.Row) -> Person:
    return Person(
        row["id"],
        row["staff_number"],
        row["name"],
        _ordered(row["roles"]),
        row["language"],
        row["alias"],
        row["shows_alias"],
        row["joined_on"],
        row["left_on"],
        row["email"],
        row["phone"],
        row["has_code"],
        row["access_version"],
        row["access_floor"],
        row["unit"],
        _parts(row["unit_path"]),
    )
