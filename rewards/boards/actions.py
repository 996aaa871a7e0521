"""Move boards: always to an absolute standing, never by a difference, so that doing it twice or late does no harm."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from redis.asyncio import Redis

from rewards.boards import queries, rules
from rewards.boards.rules import BoardScore
from rewards.ledger import queries as ledger
from rewards.refusals import Refusal
from rewards.ticks import announce

_CHUNK = 500
_LEFT_BEHIND = 600
"""Seconds after which the beginnings of a replacement that died are gone."""

_PLACE = """
local members = {}
for i = 2, #ARGV, 3 do members[#members + 1] = ARGV[i] end
local known = redis.call('HMGET', KEYS[2], unpack(members))
local scores, guards = {}, {}
for i, member in ipairs(members) do
    local score, sequence = ARGV[3 * i], ARGV[3 * i + 1]
    if not known[i] or tonumber(known[i]) < tonumber(sequence) then
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


async def replace(redis: Redis, board: str, standings: Sequence[BoardScore], *, keep_seconds: int = 0) -> None:
    """Make the board hold exactly `standings` (one a member), whatever it held; readers see the old one, then the new.

    The same bytes as `place` of the same standings on an empty board. None at all: the board goes away.
    """
    await _replace(redis, board, standings, {}, keep_seconds=keep_seconds)


async def refresh_members(redis: Redis, season: UUID, members: Iterable[UUID], *, today: date) -> None:
    """Bring these members to where the ledger has them, on the season's board and those of its weeks still kept.

    Leavers are taken off. May be called any number of times, at once with itself and with `rebuild`.
    """
    chosen = sorted(set(members))
    if not chosen:
        return
    row = await _season(season)
    while True:
        gone = await queries.leavers(row, today, chosen)
        for board, (ends, standings) in (await queries.ledger_boards(row, today, chosen)).items():
            await place(
                redis, board, (one for one in standings if one.member not in gone), keep_seconds=_seconds(ends, today)
            )
            await take_off(redis, board, gone)
        # A member who left, or came back, since we looked may have been moved by another call before us.
        if await queries.leavers(row, today, chosen) == gone:
            return


async def refresh_units(redis: Redis, season: UUID, *, today: date) -> None:
    """Make the unit board of the season what ledger and roster give now. May be called at once with itself."""
    row = await _season(season)
    board = rules.unit_board(season)
    wanted = await queries.unit_standings(row, today)
    while True:
        rates = {one.score.member.bytes: f"{one.headcount}:{one.participants}:{one.points}".encode() for one in wanted}
        await _replace(redis, board, [one.score for one in wanted], rates)
        # Another call may have read later than we did and written before us.
        written, wanted = wanted, await queries.unit_standings(row, today)
        if written == wanted:
            return


async def rebuild(redis: Redis, *, today: date) -> list[str]:
    """Make all boards of all seasons from the ledger alone; return the names of those that hold anything.

    May be run while points are posted and boards are moved.
    """
    names: list[str] = []
    for season in reversed(await ledger.seasons()):
        before = await queries.ledger_boards(season, today)
        for board, (ends, standings) in before.items():
            await replace(redis, board, standings, keep_seconds=_seconds(ends, today))
        # What was placed while we were building has gone with the old board: place it again.
        after = await queries.ledger_boards(season, today)
        moved = _members(before) ^ _members(after)
        await refresh_members(redis, season.id, {score.member for _, score in moved}, today=today)
        await refresh_units(redis, season.id, today=today)
        for board in (*after, rules.unit_board(season.id)):
            if await queries.size(redis, board):
                names.append(board)
    return names


def _members(boards: dict[str, tuple[date | None, list[BoardScore]]]) -> set[tuple[str, BoardScore]]:
    return {(board, one) for board, (_, standings) in boards.items() for one in standings}


def _seconds(ends: date | None, today: date) -> int:
    return 0 if ends is None else (ends - today).days * 86_400


async def _season(season: UUID) -> ledger.SeasonRow:
    row = await ledger.season(season)
    if row is None:
        raise Refusal("ledger.unknown_season")
    return row


async def _replace(
    redis: Redis, board: str, standings: Sequence[BoardScore], rates: dict[bytes, bytes], *, keep_seconds: int = 0
) -> None:
    """Build beside under a name of our own, then rename over in one step."""
    build = int(await redis.incr("board:builds"))
    targets = [rules.key(board), rules.guard_key(board), rules.rates_key(board)]
    beside = [f"{target}:new:{build}" for target in targets]
    for first in range(0, len(standings), _CHUNK):
        chunk = standings[first : first + _CHUNK]
        pipe = redis.pipeline(transaction=False)
        pipe.zadd(beside[0], {one.member.bytes: rules.pack(one.points, one.reached) for one in chunk})
        pipe.hset(beside[1], mapping={one.member.bytes: one.sequence for one in chunk})
        for name in beside[:2]:
            pipe.expire(name, _LEFT_BEHIND)
        await pipe.execute()
    if rates:
        pipe = redis.pipeline(transaction=False)
        pipe.hset(beside[2], mapping=dict(rates))
        pipe.expire(beside[2], _LEFT_BEHIND)
        await pipe.execute()
    script = redis.register_script(_SWAP)
    keys = [name for pair in zip(beside, targets, strict=True) for name in pair]
    if await script(keys=keys, args=[keep_seconds]):
        await announce(redis, f"board:{board}")


async def follow_roster(redis: Redis, members: Sequence[UUID], *, today: date) -> None:
    """After a change of the roster: leavers go off the boards of today's season, units count anew.

    `members`: who left or came back. Nothing happens between seasons.
    """
    season = await ledger.season_of(today)
    if season is not None:
        await refresh_members(redis, season.id, members, today=today)
        await refresh_units(redis, season.id, today=today)
