"""Move boards: always to an absolute standing, never by a difference, so that doing it twice or late does no harm."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from rewards.audit.actions import note as audit
from rewards.boards import checks, queries, rules
from rewards.boards.rules import BoardScore, UnitScore
from rewards.checkpoints import queries as checkpoints
from rewards.checkpoints.actions import exchange, keep
from rewards.database import Connection, transaction
from rewards.ledger import queries as ledger
from rewards.ledger.actions import funds_anew, total_anew
from rewards.ledger.rules import WHOLE
from rewards.members import queries as roster
from rewards.outbox.actions import intend
from rewards.refusals import Refusal
from rewards.ticks import announce

_CHUNK = 500
_PAGE = 1_000
_LEFT_BEHIND = 600
"""Seconds after which the beginnings of a replacement that died are gone."""

_PLACE = """
local members = {}
for i = 2, #ARGV, 3 do members[#members + 1] = ARGV[i] end
local known = redis.call('HMGET', KEYS[2], unpack(members))
local scores, guards = {}, {}
for i, member in ipairs(members) do
    local score, sequence = ARGV[3 * i], ARGV[3 * i + 1]
    local held = tonumber(known[i] or '')
    if not held or held < tonumber(sequence) then
        scores[#scores + 1], scores[#scores + 2] = score, member
        guards[#guards + 1], guards[#guards + 2] = member, sequence
    end
end
local changed = 0
if #scores > 0 then
    changed = redis.call('ZADD', KEYS[1], 'CH', unpack(scores))
    redis.call('HSET', KEYS[2], unpack(guards))
end
if tonumber(ARGV[1]) > 0 then
    redis.call('EXPIRE', KEYS[1], ARGV[1])
    redis.call('EXPIRE', KEYS[2], ARGV[1])
end
return changed
"""

_TAKE_OFF = """
local changed = redis.call('ZREM', KEYS[1], unpack(ARGV))
redis.call('HDEL', KEYS[2], unpack(ARGV))
return changed
"""

_SWAP = """
local changed = 0
for i = 1, #KEYS, 2 do
    if redis.call('EXISTS', KEYS[i]) == 1 then
        changed = 1
        redis.call('RENAME', KEYS[i], KEYS[i + 1])
        if tonumber(ARGV[1]) > 0 then
            redis.call('EXPIRE', KEYS[i + 1], ARGV[1])
        else
            redis.call('PERSIST', KEYS[i + 1])
        end
    else
        changed = math.max(changed, redis.call('DEL', KEYS[i + 1]))
    end
end
return changed
"""


async def place(redis: Redis, board: str, standings: Iterable[BoardScore], *, keep_seconds: int = 0) -> int:
    """Bring each member to his standing and announce the board if anything moved; return how many moved.

    A standing with a sequence lower than or equal to the one on the board changes nothing. Any number of them, 500 a
    script. `keep_seconds` > 0: the board goes away that long after its last call. Raises ValueError, before anything is
    changed, when points or reached are out of bounds (rules.pack).
    """
    newest: dict[UUID, BoardScore] = {}
    for one in standings:
        if one.member not in newest or newest[one.member].sequence < one.sequence:
            newest[one.member] = one
    flat: list[bytes | int] = []
    for one in newest.values():
        flat += (one.member.bytes, rules.pack(one.points, one.reached), one.sequence)
    script = redis.register_script(_PLACE)
    keys = [rules.key(board), rules.guard_key(board)]
    changed = 0
    for first in range(0, len(flat), 3 * _CHUNK):
        changed += int(await script(keys=keys, args=[keep_seconds, *flat[first : first + 3 * _CHUNK]]))
    if changed:
        await announce(redis, f"board:{board}")
    return changed


async def take_off(redis: Redis, board: str, members: Iterable[UUID]) -> int:
    """Remove members with all trace, and announce the board if anyone was on it; return how many were."""
    raw = [member.bytes for member in members]
    script = redis.register_script(_TAKE_OFF)
    keys = [rules.key(board), rules.guard_key(board)]
    changed = 0
    for first in range(0, len(raw), _CHUNK):
        changed += int(await script(keys=keys, args=raw[first : first + _CHUNK]))
    if changed:
        await announce(redis, f"board:{board}")
    return changed


async def replace(redis: Redis, board: str, standings: Sequence[BoardScore]) -> None:
    """Make the board hold exactly `standings` (one a member), whatever it held; readers see the old one, then the new.

    The same bytes as `place` of the same standings on an empty board. None at all: the board goes away.
    """
    beside = await _Beside.begin(redis, board)
    await beside.add(standings)
    await beside.swap()


async def refresh_members(
    redis: Redis, season: UUID, members: Iterable[UUID], *, today: date, weeks: Collection[date] | None = None
) -> None:
    """Bring these members to where the ledger has them, on the season's board and those of these weeks (Mondays; None:
    of all that are still kept).

    Leavers are taken off. May be called any number of times, at once with itself and with `rebuild`.
    """
    chosen = sorted(set(members))
    if not chosen:
        return
    row = await _season(season)
    spans = [week for week in queries.weeks_of(row, today) if weeks is None or week == WHOLE or week in weeks]
    wanted = await queries.wanted(row, spans, chosen, today)
    while True:
        for week, right in wanted.items():
            board = rules.board_of(season, week)
            if right.scores:
                await place(redis, board, right.scores.values(), keep_seconds=_kept_for(week, today))
            if right.gone:
                await take_off(redis, board, right.gone)
        # A member who left, or came back, since we looked may have been moved by another call before us.
        done, wanted = wanted, await queries.wanted(row, spans, chosen, today)
        if all(done[week].gone == wanted[week].gone for week in spans):
            return


async def refresh_units(
    redis: Redis, season: UUID, members: Collection[UUID] | None = None, *, today: date, lost: bool = False
) -> None:
    """Bring the unit board of the season to what these members (None: everybody) bring by ledger and roster now, and to
    the roster of the day. `lost`: the board may hold anything, so all of it is written.

    May be called at once with itself: one is at it at a time in a season. The board is written before what was counted
    is committed, so whoever is killed in between leaves it ahead at most, and the same call again makes it right.
    """
    row = await _season(season)
    board = rules.unit_board(season)
    async with transaction() as connection:
        changed = await _count(connection, row, members, today)
        if changed is None or lost:
            beside = await _Beside.begin(redis, board)
            await beside.add_units((await queries.unit_scores(season)).values())
            await beside.swap()
        elif changed:
            await _place_units(redis, board, await queries.unit_scores(season, changed), changed)


async def _place_units(redis: Redis, board: str, there: Mapping[UUID, UnitScore], changed: Collection[UUID]) -> None:
    empty: list[Any] = [unit.bytes for unit in changed if unit not in there]
    pipe = redis.pipeline(transaction=True)
    if there:
        pipe.zadd(rules.key(board), {one.unit.bytes: rules.pack(*one.place) for one in there.values()})
        pipe.hset(rules.rates_key(board), mapping={one.unit.bytes: one.rates for one in there.values()})
    if empty:
        pipe.zrem(rules.key(board), *empty)
        pipe.hdel(rules.rates_key(board), *empty)
    await pipe.execute()
    await announce(redis, f"board:{board}")


REBUILD: Final = "rebuild_board"
"""The kind of intent; its subject is the board's name."""


async def ask_to_rebuild(redis: Redis, *, at: datetime, actor: UUID, new_id: Callable[[], UUID]) -> list[str]:
    """Have the boards made again that the last looks found to differ; which. Refusal board.nothing_differs."""
    report = await checks.present_report(redis)
    if report is None or not report.boards:
        raise Refusal("board.nothing_differs")
    async with transaction():
        for name in report.boards:
            await intend(REBUILD, name, due_at=at, now=at, new_id=new_id())
        await audit("board.rebuild_asked", at=at, actor=actor, subject="", boards=report.boards)
    return report.boards


async def rebuild(redis: Redis, *, today: date, only: Collection[str] = ()) -> list[str]:
    """Make all boards of all seasons (or `only` those of these names) from the ledger alone, and the totals that are
    kept beside it; the names of those that hold anything. Refusal board.unknown: there is none of them.

    In bounded memory; may be run while points are posted and boards are moved.
    """
    made = {name: what for name, what in (await queries.all_boards(today)).items() if not only or name in only}
    if only and not made:
        raise Refusal("board.unknown", board=" ".join(only))
    await _total_anew()
    names = []
    for name, (season, week) in made.items():
        if week is None:
            await refresh_units(redis, season.id, today=today)
        else:
            await _rebuild_members(redis, season, week, today)
        if await queries.size(redis, name):
            names.append(name)
    await redis.delete(rules.LOOK, rules.NIGHT)
    return names


REBUILD_ALL: Final = "rebuild_boards"
"""The kind of intent; its subject is the id of the copy that is to have all boards."""


async def found_lost(known: str | None, copy: str, *, at: datetime, new_id: Callable[[], UUID]) -> bool:
    """Redis does not hold the copy that is `known` (None: there was none yet): have all boards made in a new one, and
    say so until somebody has read it.

    False: somebody else has found so before.
    """
    async with transaction():
        if not await exchange(rules.COPY, known, copy):
            return False
        await intend(REBUILD_ALL, copy, due_at=at, now=at, new_id=new_id())
        if known is not None and await queries.lost_at() is None:
            await keep(queries.LOST, at.isoformat())
            await audit("board.lost", at=at, actor=None, subject="")
    return True


async def read_of_loss(*, at: datetime, actor: UUID) -> None:
    """Somebody has read that something was lost. Nothing changes when nothing was."""
    async with transaction():
        if await queries.lost_at() is not None:
            await keep(queries.LOST, "")
            await audit("board.loss_read", at=at, actor=actor, subject="")


async def write_lost(redis: Redis, season: ledger.SeasonRow, week: date | None, *, today: date) -> None:
    """Write a board that Redis may have lost, from what is kept in the database, which is not counted anew."""
    if week is None:
        await refresh_units(redis, season.id, [], today=today, lost=True)
    else:
        await _rebuild_members(redis, season, week, today)


async def vouch(redis: Redis, copy: str) -> None:
    """All boards were made to the end in this copy; what was reported of those before is over."""
    await redis.delete(rules.LOOK, rules.NIGHT)
    await redis.set(rules.COMPLETE, copy)
    await announce(redis, "board:all")


async def _total_anew() -> None:
    after: UUID | None = None
    while page := await roster.page_of_ids(after, _PAGE):
        async with transaction() as connection:
            await total_anew(connection, page)
        after = page[-1]
    async with transaction() as connection:
        await funds_anew(connection)


async def _rebuild_members(redis: Redis, season: ledger.SeasonRow, week: date, today: date) -> None:
    board = rules.board_of(season.id, week)
    beside = await _Beside.begin(redis, board)
    after = UUID(int=0)
    while page := await queries.wanted_page(season, week, today, after=after, limit=_PAGE):
        await beside.add(list(page.values()))
        *_, after = page
    await beside.swap(keep_seconds=_kept_for(week, today))
    # What was placed while we were building has gone with the old board: place it again.
    piece = ""
    while True:
        differing, piece = await checks.places(redis, season, week, today, piece)
        await refresh_members(redis, season.id, {one.subject for one in differing}, today=today, weeks=[week])
        if not piece:
            return


class _Beside:
    """A board in the making, under names of its own; readers see the old one until it is swapped in, in one step."""

    def __init__(self, redis: Redis, board: str, build: int) -> None:
        self._redis = redis
        self._board = board
        self._targets = [rules.key(board), rules.guard_key(board), rules.rates_key(board)]
        self._keys = [f"{target}:new:{build}" for target in self._targets]

    @classmethod
    async def begin(cls, redis: Redis, board: str) -> "_Beside":
        return cls(redis, board, int(await redis.incr("board:builds")))

    async def add(self, standings: Sequence[BoardScore]) -> None:
        """Members, in any number of calls."""
        for first in range(0, len(standings), _CHUNK):
            chunk = standings[first : first + _CHUNK]
            scores: dict[bytes, int] = {one.member.bytes: rules.pack(one.points, one.reached) for one in chunk}
            await self._write(scores, 1, {one.member.bytes: one.sequence for one in chunk})

    async def add_units(self, scores: Collection[UnitScore]) -> None:
        """Units, all of them."""
        if scores:
            places = {one.unit.bytes: rules.pack(*one.place) for one in scores}
            await self._write(places, 2, {one.unit.bytes: one.rates for one in scores})

    async def _write(self, scores: Mapping[bytes, int], beside: int, values: Mapping[bytes, int | str]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        pipe.zadd(self._keys[0], dict(scores))
        pipe.hset(self._keys[beside], mapping=dict(values))
        for name in (self._keys[0], self._keys[beside]):
            pipe.expire(name, _LEFT_BEHIND)
        await pipe.execute()

    async def swap(self, *, keep_seconds: int = 0) -> None:
        """Now readers see it."""
        script = self._redis.register_script(_SWAP)
        keys = [name for pair in zip(self._keys, self._targets, strict=True) for name in pair]
        if await script(keys=keys, args=[keep_seconds]):
            await announce(self._redis, f"board:{self._board}")


def _kept_for(week: date, today: date) -> int:
    """Seconds; 0: for good."""
    return 0 if week == WHOLE else (rules.week_ends(week) - today).days * 86_400


async def _season(season: UUID) -> ledger.SeasonRow:
    row = await ledger.season(season)
    if row is None:
        raise Refusal("ledger.unknown_season")
    return row


async def turn_of_day(redis: Redis, *, today: date) -> int:
    """Joiners and leavers of the days since the last call count in the unit boards; how many seasons it was for.

    A season that is over is counted as on its last day, and then no more.
    """
    counted = await queries.counted_days()
    turned = [
        season
        for season in await ledger.seasons()
        if season.starts_on <= today and counted.get(season.id) != rules.as_of(today, season.ends_on)
    ]
    for season in turned:
        await refresh_units(redis, season.id, [], today=today)
    return len(turned)


async def follow_roster(redis: Redis, members: Sequence[UUID], *, today: date) -> None:
    """After a change of the roster: leavers go off the boards of today's season, units count anew.

    `members`: who left, came back or moved. Nothing happens between seasons.
    """
    season = await ledger.season_of(today)
    if season is not None:
        await refresh_members(redis, season.id, members, today=today)
        moved = await queries.units_moved(season.id)
        await refresh_units(redis, season.id, None if moved else members, today=today)


_SHARES = f"""
INSERT INTO share (season, member, unit, points, takes_part)
SELECT $1, roster.* FROM ({queries.ROSTER}{queries.LATEST}) AS roster
"""  # noqa: S608 - composed of constants of this noun

_COUNT = f"""
WITH RECURSIVE brought AS (SELECT * FROM share WHERE season = $1), {queries.DIRECT}, {queries.ABOVE}
INSERT INTO unit_total (season, unit, parent, headcount, participants, points)
SELECT $1, unit.id, unit.parent, headcount, participants, points FROM whole JOIN unit ON unit.id = whole.unit
"""  # noqa: S608 - as above

_MOVE = f"""
WITH RECURSIVE {queries.CHANGED}, gone AS (
    DELETE FROM share USING changed
    WHERE share.season = $1 AND share.member = changed.member AND changed.to_unit IS NULL
), kept AS (
    INSERT INTO share (season, member, unit, points, takes_part)
    SELECT $1, member, to_unit, to_points, to_part FROM changed WHERE to_unit IS NOT NULL
    ON CONFLICT (season, member) DO UPDATE
    SET unit = EXCLUDED.unit, points = EXCLUDED.points, takes_part = EXCLUDED.takes_part
), moved (unit, headcount, participants, points) AS (
    SELECT to_unit, 1, to_part::integer, to_points FROM changed WHERE to_unit IS NOT NULL
    UNION ALL SELECT of_unit, -1, -of_part::integer, -of_points FROM changed WHERE of_unit IS NOT NULL
), direct AS (
    SELECT unit, sum(headcount) AS headcount, sum(participants) AS participants, sum(points) AS points
    FROM moved GROUP BY unit
), {queries.ABOVE}
INSERT INTO unit_total AS kept (season, unit, parent, headcount, participants, points)
SELECT $1, unit.id, unit.parent, headcount, participants, points FROM whole JOIN unit ON unit.id = whole.unit
WHERE (headcount, participants, points) <> (0, 0, 0)
ON CONFLICT (season, unit) DO UPDATE SET headcount = kept.headcount + EXCLUDED.headcount,
    participants = kept.participants + EXCLUDED.participants, points = kept.points + EXCLUDED.points
RETURNING unit, headcount
"""  # noqa: S608 - as above

_CHANGED_BETWEEN = """
SELECT member FROM membership WHERE (since > $1 AND since <= $2) OR (until > $1 AND until <= $2)
UNION SELECT id FROM member WHERE left_on > $1 AND left_on <= $2
"""


async def _count(
    connection: Connection, season: ledger.SeasonRow, members: Collection[UUID] | None, today: date
) -> list[UUID] | None:
    """Joins the transaction, alone in the season until it ends: count what these members bring now (None: everybody),
    by the roster of the day. Which units changed; None: all were counted anew, as they are the first time."""
    day = rules.as_of(today, season.ends_on)
    name = f"{queries.COUNTED}{season.id}"
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
    place = await checkpoints.place(name)
    if place != day.isoformat():
        await keep(name, day.isoformat())
    if place is None or members is None:
        await _count_all(connection, season.id, day)
        return None
    chosen, before = set(members), date.fromisoformat(place)
    if before != day:
        turned = await connection.fetch(_CHANGED_BETWEEN, min(before, day), max(before, day))
        chosen |= {one["member"] for one in turned}
    return await _move(connection, season.id, day, chosen)


async def _count_all(connection: Connection, season: UUID, day: date) -> None:
    await connection.execute("DELETE FROM share WHERE season = $1", season)
    await connection.execute("DELETE FROM unit_total WHERE season = $1", season)
    await connection.execute(_SHARES, season, day)
    await connection.execute(_COUNT, season)


async def _move(connection: Connection, season: UUID, day: date, members: Collection[UUID]) -> list[UUID]:
    if not members:
        return []
    found = await connection.fetch(_MOVE, season, day, list(members))
    empty = [one["unit"] for one in found if not one["headcount"]]
    if empty:
        await connection.execute("DELETE FROM unit_total WHERE season = $1 AND unit = ANY($2)", season, empty)
    return [one["unit"] for one in found]
