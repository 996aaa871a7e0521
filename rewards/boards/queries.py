"""Read boards from Redis, and what they ought to hold from the ledger."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from rewards.boards import rules
from rewards.boards.rules import BoardScore, Placing
from rewards.database import rows
from rewards.ledger import queries as ledger
from rewards.ledger.queries import Earned, SeasonRow

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """What a board shows of a member: the alias of one who opted out, and the unit's name ("" without one)."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class UnitScore:
    """A unit with everything below it. `standing.points` is the mean over the roster in hundredths of a point."""

    score: BoardScore
    headcount: int
    participants: int
    points: int


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


@dataclass(frozen=True, slots=True)
class Difference:
    """A member (or unit) whose place on a board is not what the ledger gives.

    `wanted` and `found` are (points, reached, sequence), on a unit board followed by (headcount, participants, points);
    None: not on the board, -1: a part is missing.
    """

    board: str
    subject: UUID
    wanted: tuple[int, ...] | None
    found: tuple[int, ...] | None


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
        (float(score), one["id"].bytes, one["name"], _rates(rate))
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


async def leavers(season: SeasonRow, today: date, members: Collection[UUID] | None = None) -> set[UUID]:
    """Those (of `members`) who are on no board of this season because they have left."""
    found = await rows(
        "SELECT id FROM member WHERE left_on <= $1 AND ($2::uuid[] IS NULL OR id = ANY($2))",
        rules.as_of(today, season.ends_on),
        None if members is None else list(members),
    )
    return {one["id"] for one in found}


async def ledger_boards(
    season: SeasonRow, today: date, members: Collection[UUID] | None = None
) -> dict[str, tuple[date | None, list[BoardScore]]]:
    """What the season's board and the boards of its weeks still kept ought to hold (of `members`), by board.

    With each board the first day on which it is kept no more (None: kept for good). Leavers are left out. Without
    `members`, the weeks that ought to be empty are there too.
    """
    gone = await leavers(season, today, members)
    boards: dict[str, tuple[date | None, list[BoardScore]]] = {
        rules.season_board(season.id): (None, _standings(await ledger.standings_of_season(season.id, members), gone))
    }
    weeks = await ledger.standings_of_weeks(season.id, rules.first_kept_week(today), date.max, members)
    for monday, earned in weeks.items():
        boards[rules.week_board(season.id, monday)] = rules.week_ends(monday), _standings(earned, gone)
    if members is None:
        for monday in rules.weeks_kept(season.starts_on, season.ends_on, today):
            boards.setdefault(rules.week_board(season.id, monday), (rules.week_ends(monday), []))
    return boards


async def unit_standings(season: SeasonRow, today: date) -> list[UnitScore]:
    """Every unit with somebody on the roster of the day, by unit id. On the roster: a membership covers the day and
    the member has not left. Points are those of the season, participants have at least one posting in it."""
    found = await rows(
        "WITH RECURSIVE above (unit, ancestor) AS (SELECT id, id FROM unit UNION"
        " SELECT above.unit, unit.parent FROM above JOIN unit ON unit.id = above.ancestor WHERE unit.parent IS NOT NULL"
        "), roster AS (SELECT DISTINCT ON (membership.member) membership.member, membership.unit"
        " FROM membership JOIN member ON member.id = membership.member WHERE membership.since <= $2"
        " AND (membership.until IS NULL OR membership.until > $2) AND (member.left_on IS NULL OR member.left_on > $2)"
        " ORDER BY membership.member, membership.since DESC"
        "), earned AS (SELECT account.owner AS member, sum(entry.amount) AS points, max(entry.id) AS sequence,"
        " max(posting.at) FILTER (WHERE entry.amount > 0 AND undo.id IS NULL) AS reached"
        " FROM posting JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
        " LEFT JOIN posting AS undo ON undo.reverses = posting.id"
        " WHERE posting.season = $1 AND account.purpose = 'member' AND account.currency = 'honour'"
        " GROUP BY account.owner"
        ") SELECT above.ancestor AS unit, count(*) AS headcount, count(earned.member) AS participants,"
        " coalesce(sum(earned.points), 0)::bigint AS points, coalesce(max(earned.sequence), 0) AS sequence,"
        " coalesce(floor(extract(epoch FROM max(earned.reached)"
        " - (season.starts_on::timestamp - interval '14 hours') AT TIME ZONE 'UTC')), 0)::bigint AS reached"
        " FROM roster JOIN above ON above.unit = roster.unit JOIN season ON season.id = $1"
        " LEFT JOIN earned ON earned.member = roster.member GROUP BY above.ancestor, season.id ORDER BY above.ancestor",
        season.id,
        rules.as_of(today, season.ends_on),
    )
    return [
        UnitScore(
            BoardScore(
                one["unit"],
                *rules.bounded(rules.mean_hundredths(one["points"], one["headcount"]), one["reached"]),
                one["sequence"],
            ),
            one["headcount"],
            one["participants"],
            one["points"],
        )
        for one in found
    ]


async def drift(redis: Redis, *, today: date) -> list[Difference]:
    """How the boards of all seasons differ from the ledger; empty: not at all. Changes nothing.

    Looks twice, so that a board that was being moved meanwhile is not reported; what was posted and waits to be put on
    the boards is. Reads the whole ledger and all its boards.
    """
    first = await _differences(redis, today)
    if not first:
        return []
    again = set(await _differences(redis, today))
    return [one for one in first if one in again]


async def _differences(redis: Redis, today: date) -> list[Difference]:
    found: list[Difference] = []
    for season in reversed(await ledger.seasons()):
        boards = await ledger_boards(season, today)
        wanted: dict[str, dict[UUID, tuple[int, ...]]] = {
            board: {one.member: (one.points, one.reached, one.sequence) for one in standings}
            for board, (_, standings) in boards.items()
        }
        wanted[rules.unit_board(season.id)] = {
            one.score.member: (
                one.score.points,
                one.score.reached,
                one.score.sequence,
                one.headcount,
                one.participants,
                one.points,
            )
            for one in await unit_standings(season, today)
        }
        for board, right in wanted.items():
            there = await _contents(redis, board, units=board == rules.unit_board(season.id))
            found += [
                Difference(board, subject, right.get(subject), there.get(subject))
                for subject in sorted(right.keys() | there.keys())
                if right.get(subject) != there.get(subject)
            ]
    return found


async def _contents(redis: Redis, board: str, *, units: bool) -> dict[UUID, tuple[int, ...]]:
    parts: dict[bytes, tuple[int, ...]] = {}
    async for raw, score in redis.zscan_iter(rules.key(board), count=5000):
        parts[raw] = rules.unpack(score)
    whole: dict[bytes, tuple[int, ...]] = {}
    async for raw, sequence in redis.hscan_iter(rules.guard_key(board), count=5000):
        whole[raw] = (*parts.pop(raw, (-1, -1)), int(sequence))
    whole |= {raw: (*part, -1) for raw, part in parts.items()}
    if units:
        rates = {raw: _rates(rate) async for raw, rate in redis.hscan_iter(rules.rates_key(board), count=5000)}
        whole = {
            raw: (*whole.get(raw, (-1, -1, -1)), *rates.get(raw, (-1, -1, -1))) for raw in whole.keys() | rates.keys()
        }
    return {UUID(bytes=raw): values for raw, values in whole.items()}


def _rates(raw: bytes) -> tuple[int, int, int]:
    headcount, participants, points = raw.split(b":")
    return int(headcount), int(participants), int(points)


def _standings(earned: Sequence[Earned], gone: Collection[UUID]) -> list[BoardScore]:
    return [
        BoardScore(one.member, *rules.bounded(one.points, one.reached), one.sequence)
        for one in earned
        if one.member not in gone
    ]


def _places(found: Iterable[tuple[bytes, Any]], offset: int) -> list[Placing]:
    return [
        Placing(rank, UUID(bytes=raw), *rules.unpack(float(score)))
        for rank, (raw, score) in enumerate(found, offset + 1)
    ]
