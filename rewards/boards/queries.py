"""Read boards from Redis, and what they ought to hold from the ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from rewards.boards import rules
from rewards.boards.rules import BoardScore, Placing, UnitScore
from rewards.checkpoints import queries as checkpoints
from rewards.database import Row, rows, value
from rewards.ledger import queries as ledger
from rewards.ledger.queries import Earned, SeasonRow
from rewards.ledger.rules import WHOLE

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """What a board shows of a member: the alias of one who opted out, and the unit's name ("" without one)."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit among its siblings; `rank` counts from 1. `rate_percent`: how many of the roster took part."""

    rank: int
    unit: UUID
    name: str
    mean_hundredths: int
    headcount: int
    participants: int
    rate_percent: int


_AROUND = """
local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
if not rank then return {} end
local first = math.max(rank - tonumber(ARGV[2]), 0)
return {first, redis.call('ZRANGE', KEYS[1], first, rank + tonumber(ARGV[2]), 'WITHSCORES')}
"""

_PLACES = """
local found = {}
for i, member in ipairs(ARGV) do
    local rank = redis.call('ZRANK', KEYS[1], member)
    if rank then
        found[#found + 1] = member
        found[#found + 1] = rank
        found[#found + 1] = redis.call('ZSCORE', KEYS[1], member)
    end
end
return found
"""


async def size(redis: Redis, board: str) -> int:
    """How many are on the board; 0 when there is no such board."""
    return int(await redis.zcard(rules.key(board)))


async def top(redis: Redis, board: str, n: int) -> list[Placing]:
    """The best `n`."""
    return await page(redis, board, 0, n)


async def page(redis: Redis, board: str, offset: int, n: int) -> list[Placing]:
    """`n` places after the first `offset`; fewer or none at the end."""
    if n <= 0:
        return []
    found = await redis.zrange(rules.key(board), offset, offset + n - 1, withscores=True)
    return _places(found, offset)


async def around(redis: Redis, board: str, member: UUID, neighbours: int) -> list[Placing]:
    """The member with at most `neighbours` before and after him; empty when he is not on the board."""
    script = redis.register_script(_AROUND)
    found: Any = await script(keys=[rules.key(board)], args=[member.bytes, neighbours])
    if not found:
        return []
    first, flat = found
    return _places(zip(flat[::2], flat[1::2], strict=True), first)


async def place_of(redis: Redis, board: str, member: UUID) -> Placing | None:
    """The member's place; None when he is not on the board."""
    return (await points_and_places(redis, board, [member])).get(member)


async def points_and_places(redis: Redis, board: str, members: Iterable[UUID]) -> dict[UUID, Placing]:
    """The places of those of `members` who are on the board, in one round trip; ranks hold for one instant within each
    500 of them."""
    wanted = [member.bytes for member in members]
    if not wanted:
        return {}
    script = redis.register_script(_PLACES)
    pipe = redis.pipeline(transaction=False)
    for first in range(0, len(wanted), _CHUNK):
        await script(keys=[rules.key(board)], args=wanted[first : first + _CHUNK], client=pipe)
    places: dict[UUID, Placing] = {}
    for flat in await pipe.execute():
        for raw, rank, score in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
            member = UUID(bytes=raw)
            places[member] = Placing(rank + 1, member, *rules.unpack(float(score)))
    return places


async def names(members: Collection[UUID]) -> dict[UUID, Shown]:
    """What to show for each member; unknown ids are left out."""
    if not members:
        return {}
    found = await rows(
        "SELECT member.id, CASE WHEN member.shows_alias THEN member.alias ELSE member.name END AS name,"
        " coalesce(unit.name, '') AS unit FROM member"
        " LEFT JOIN membership ON membership.member = member.id AND membership.until IS NULL"
        " LEFT JOIN unit ON unit.id = membership.unit WHERE member.id = ANY($1)",
        list(members),
    )
    return {one["id"]: Shown(one["name"], one["unit"]) for one in found}


async def unit_rows(redis: Redis, season: UUID, parent: UUID | None) -> list[UnitRow]:
    """The units right below `parent`, best first; units with nobody on the roster are left out.

    Without a parent: the top units, or the children of the only top unit.
    """
    children = await rows("SELECT id, name FROM unit WHERE parent IS NOT DISTINCT FROM $1::uuid", parent)
    if parent is None and len(children) == 1:
        below = await rows("SELECT id, name FROM unit WHERE parent = $1", children[0]["id"])
        children = below or children
    if not children:
        return []
    board = rules.unit_board(season)
    ids = [one["id"].bytes for one in children]
    pipe = redis.pipeline(transaction=True)
    pipe.zmscore(rules.key(board), ids)
    pipe.hmget(rules.rates_key(board), ids)
    scores, rates = await pipe.execute()
    ranked = sorted(
        (float(score), one["id"].bytes, one["name"], rules.read_rates(rate))
        for one, score, rate in zip(children, scores, rates, strict=True)
        if score is not None and rate is not None
    )
    return [
        UnitRow(
            rank=rank,
            unit=UUID(bytes=raw),
            name=name,
            mean_hundredths=rules.unpack(score)[0],
            headcount=headcount,
            participants=participants,
            rate_percent=rules.rate_percent(participants, headcount),
        )
        for rank, (score, raw, name, (headcount, participants, _)) in enumerate(ranked, 1)
    ]


def weeks_of(season: SeasonRow, today: date) -> list[date]:
    """The season (WHOLE) and those of its weeks that have begun and whose boards are kept, by their Mondays."""
    return [WHOLE, *rules.weeks_kept(season.starts_on, season.ends_on, today)]


def all_of(season: SeasonRow, today: date) -> list[date | None]:
    """What the season has boards of, as `rules.board_of` takes it: units from the first day on."""
    return [*weeks_of(season, today), *([None] if season.starts_on <= today else [])]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a board ought to hold of some members, and who of them has left and is to be on it no more."""

    scores: dict[UUID, BoardScore]
    gone: list[UUID]


async def wanted(
    season: SeasonRow, weeks: Collection[date], members: Collection[UUID], today: date
) -> dict[date, Wanted]:
    """What the boards of these weeks ought to hold of these members."""
    day = rules.as_of(today, season.ends_on)
    found = await ledger.standings(season, weeks, members, day=day)
    return {week: Wanted(_scores(standing), gone) for week, (standing, gone) in found.items()}


async def wanted_page(season: SeasonRow, week: date, today: date, *, after: UUID, limit: int) -> dict[UUID, BoardScore]:
    """At most `limit` of all that the board of a week ought to hold, by member id, behind `after`."""
    day = rules.as_of(today, season.ends_on)
    return _scores(await ledger.page_of_standings(season, week, day=day, after=after, limit=limit))


async def wanted_size(season: SeasonRow, week: date, today: date) -> int:
    """How many the board of a week ought to hold."""
    return await ledger.count_of_standings(season, week, day=rules.as_of(today, season.ends_on))


def _scores(standing: Sequence[Earned]) -> dict[UUID, BoardScore]:
    return {
        one.member: BoardScore(one.member, *rules.bounded(one.points, one.reached), one.sequence) for one in standing
    }


def _places(found: Iterable[tuple[bytes, Any]], offset: int) -> list[Placing]:
    return [
        Placing(rank, UUID(bytes=raw), *rules.unpack(float(score)))
        for rank, (raw, score) in enumerate(found, offset + 1)
    ]


# Units: a member on the roster of the day brings his unit, and every unit above it, one head, his points of the season,
# and one participant when he has a posting in it. What he brings is kept (`share`), and so is what each unit has
# (`unit_total`): what its own people bring and what the units right below it have. Neither is ever the truth.

ROSTER: Final = """
SELECT DISTINCT ON (membership.member) membership.member, membership.unit,
    coalesce(total.points, 0) AS points, total.member IS NOT NULL AS takes_part
FROM membership JOIN member ON member.id = membership.member
LEFT JOIN total ON total.season = $1 AND total.week = '-infinity' AND total.member = membership.member
WHERE membership.since <= $2 AND (membership.until IS NULL OR membership.until > $2)
    AND (member.left_on IS NULL OR member.left_on > $2)
"""
LATEST: Final = " ORDER BY membership.member, membership.since DESC"

ABOVE: Final = """
above (unit, ancestor) AS (
    SELECT unit, unit FROM direct
    UNION SELECT above.unit, unit.parent FROM above JOIN unit ON unit.id = above.ancestor WHERE unit.parent IS NOT NULL
), whole AS (
    SELECT ancestor AS unit, sum(headcount)::integer AS headcount, sum(participants)::integer AS participants,
        sum(points)::bigint AS points
    FROM direct JOIN above USING (unit) GROUP BY ancestor
)
"""
DIRECT: Final = """
direct AS (
    SELECT unit, count(*) AS headcount, count(*) FILTER (WHERE takes_part) AS participants, sum(points) AS points
    FROM brought GROUP BY unit
)
"""
CHANGED: Final = f"""
wanted AS ({ROSTER} AND membership.member = ANY($3){LATEST}), had AS (
    SELECT member, unit, points, takes_part FROM share WHERE season = $1 AND member = ANY($3)
), changed AS (
    SELECT member, wanted.unit AS to_unit, wanted.points AS to_points, wanted.takes_part AS to_part,
        had.unit AS of_unit, had.points AS of_points, had.takes_part AS of_part
    FROM wanted FULL JOIN had USING (member)
    WHERE (wanted.unit, wanted.points, wanted.takes_part) IS DISTINCT FROM (had.unit, had.points, had.takes_part)
)
"""  # noqa: S608 - composed of constants of this file

_CHANGED = "WITH " + CHANGED + " SELECT * FROM changed ORDER BY member"  # noqa: S608 - as above

_RECOUNTED = f"""
WITH brought AS (SELECT * FROM share WHERE season = $1 AND unit = ANY($2)), {DIRECT}, below AS (
    SELECT * FROM direct UNION ALL
    SELECT unit.parent, headcount, participants, points FROM unit
    JOIN unit_total ON season = $1 AND unit_total.unit = unit.id WHERE unit.parent = ANY($2)
), wanted AS (
    SELECT unit, sum(headcount)::integer AS headcount, sum(participants)::integer AS participants,
        sum(points)::bigint AS points
    FROM below GROUP BY unit
)
SELECT true AS wanted, * FROM wanted UNION ALL
SELECT false, unit, headcount, participants, points FROM unit_total WHERE season = $1 AND unit = ANY($2)
"""  # noqa: S608 - as above

_ABOVE_THEM = """
WITH RECURSIVE up (unit) AS (
    SELECT unit FROM share WHERE season = $1 AND member = ANY($2)
    UNION SELECT unit.parent FROM up JOIN unit ON unit.id = up.unit WHERE unit.parent IS NOT NULL
)
SELECT unit FROM up
"""

_SCORES = "SELECT unit, headcount, participants, points FROM unit_total WHERE season = $1"

COUNTED: Final = "units:"
"""The checkpoint of a season: the day whose roster was counted (ISO)."""

Share = tuple[str, int, bool]
"""What a member brings: his unit's id, his points, whether he takes part."""


async def shares_differing(
    season: SeasonRow, members: Collection[UUID], today: date
) -> dict[UUID, tuple[Share | None, Share | None]]:
    """Of these members, who brings something else than is kept: what, and what is kept; None: nothing."""
    found = await rows(_CHANGED, season.id, rules.as_of(today, season.ends_on), list(members))
    return {one["member"]: (_share(one, "to"), _share(one, "of")) for one in found}


def _share(one: Row, side: str) -> Share | None:
    unit = one[f"{side}_unit"]
    return None if unit is None else (str(unit), one[f"{side}_points"], one[f"{side}_part"])


async def recounted(season: UUID, units: Collection[UUID]) -> tuple[dict[UUID, UnitScore], dict[UUID, UnitScore]]:
    """What these units ought to have by what their own people bring and the units right below them have; and what they
    have. Units with nobody are left out."""
    wanted: dict[UUID, UnitScore] = {}
    had: dict[UUID, UnitScore] = {}
    for is_wanted, *score in await rows(_RECOUNTED, season, list(units)):
        (wanted if is_wanted else had)[score[0]] = UnitScore(*score)
    return wanted, had


async def units_of(season: UUID, members: Collection[UUID]) -> list[UUID]:
    """The units to which these members bring something, and all above them."""
    return [one["unit"] for one in await rows(_ABOVE_THEM, season, list(members))]


async def page_of_units(after: UUID | None, limit: int) -> list[UUID]:
    """At most `limit` of the ids of all units, in order, behind `after`."""
    found = await rows("SELECT id FROM unit WHERE id > $1 ORDER BY id LIMIT $2", after or UUID(int=0), limit)
    return [one["id"] for one in found]


async def unit_scores(season: UUID, units: Collection[UUID] | None = None) -> dict[UUID, UnitScore]:
    """What was counted of these units (None: of all); units with nobody on the roster are left out."""
    some = [] if units is None else [list(units)]
    found = await rows(_SCORES + (" AND unit = ANY($2)" if some else ""), season, *some)
    return {one["unit"]: UnitScore(**one) for one in found}


async def units_moved(season: UUID) -> bool:
    """Whether units stand below others than when they were counted. Reads the units."""
    found: bool = await value(
        "SELECT EXISTS (SELECT FROM unit_total JOIN unit ON unit.id = unit_total.unit"
        " WHERE season = $1 AND unit_total.parent IS DISTINCT FROM unit.parent)",
        season,
    )
    return found


async def counted_days() -> Mapping[UUID, date]:
    """Season -> the day whose roster was counted; who was never counted is left out."""
    found = await checkpoints.places(COUNTED)
    return {UUID(name.removeprefix(COUNTED)): date.fromisoformat(place) for name, place in found.items()}
