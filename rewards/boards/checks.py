"""How boards differ from what ledger and roster give, piece by piece, and what was found; nothing is changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from rewards.boards import queries, rules
from rewards.boards.rules import BoardScore
from rewards.ledger import queries as ledger
from rewards.ledger.checks import Fault, whole
from rewards.ledger.queries import SeasonRow
from rewards.ledger.rules import WHOLE

PLACES: Final = 2_000
"""How many places a piece looks at."""

_MISSING: Final = "!"
"""Behind a place where to go on: somebody was missing before it."""

MOST: Final = 1_000
"""Boards and members that a report names."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A member (or unit) whose place on a board is not what the ledger gives.

    `wanted` and `found` are (points, reached, sequence), on a unit board UnitScore.values; None: not on the board,
    -1: a part is missing.
    """

    board: str
    subject: UUID
    wanted: tuple[int, ...] | None
    found: tuple[int, ...] | None


async def places(redis: Redis, season: SeasonRow, week: date, today: date, after: str) -> tuple[list[Difference], str]:
    """A piece of the board of a week (or WHOLE), by member id: what differs, and where to go on ("": that was all).

    The last piece also names who is on the board and ought not to be: nobody, when it holds everybody who ought to be
    and no more than those.
    """
    last = after.removesuffix(_MISSING)
    board = rules.board_of(season.id, week)
    page = await queries.wanted_page(season, week, today, after=UUID(last or UUID(int=0).hex), limit=PLACES)
    found = _differing(board, page, await _places(redis, board, page))
    complete = last == after and not any(one.found is None or -1 in one.found for one in found)
    if len(page) == PLACES:
        *_, member = page
        return found, member.hex + ("" if complete else _MISSING)
    if complete and not await is_of_wrong_size(redis, season, week, today):
        return found, ""
    return found + await strangers(redis, season, week, today), ""


async def places_of(redis: Redis, season: SeasonRow, members: Collection[UUID], today: date) -> list[Difference]:
    """What differs of these members on all boards of the season that are kept."""
    found = []
    for week, right in (await queries.wanted(season, queries.weeks_of(season, today), members, today)).items():
        board = rules.board_of(season.id, week)
        found += _differing(board, right.scores, await _places(redis, board, members))
    return found


async def unit_places(redis: Redis, season: SeasonRow, today: date) -> list[Difference]:
    """What differs on the unit board of a season. Reads the roster."""
    board = rules.unit_board(season.id)
    right = {unit: one.values for unit, one in (await queries.unit_truth(season, today)).items()}
    pipe = redis.pipeline(transaction=True)
    pipe.zrange(rules.key(board), 0, -1, withscores=True)
    pipe.hgetall(rules.rates_key(board))
    scores, rates = await pipe.execute()
    places = {raw: rules.unpack(score) for raw, score in scores}
    there = {
        UUID(bytes=raw): (*places.get(raw, (-1, -1)), *(rules.read_rates(rates[raw]) if raw in rates else (-1, -1, -1)))
        for raw in places.keys() | rates.keys()
    }
    return _unlike(board, right, there)


def board_of(fault: Fault) -> str:
    """The board that a total is for which is not as it must be; "" for another fault."""
    if fault.code != "ledger.total_differs":
        return ""
    week = str(fault.details["week"])
    return rules.board_of(UUID(str(fault.details["season"])), date.fromisoformat(week) if week else WHOLE)


async def piece(redis: Redis, today: date, after: str) -> tuple[list[Difference], str]:
    """A piece of all boards of all seasons, the oldest first, and where to go on, as a Step of ledger/checks."""
    boards = {
        rules.board_of(season.id, week): (season, week)
        for season in reversed(await ledger.seasons())
        for week in (*queries.weeks_of(season, today), None)
    }
    names = list(boards)
    name, _, place = after.partition(" ")
    if (name and name not in boards) or not boards:
        return [], ""
    board = name or names[0]
    season, week = boards[board]
    if week is None:
        found, on = await unit_places(redis, season, today), ""
    else:
        found, on = await places(redis, season, week, today, place)
    following = names[names.index(board) + 1 :]
    return found, f"{board} {on}" if on else f"{following[0]} " if following else ""


async def drift(redis: Redis, *, today: date) -> list[Difference]:
    """How all boards differ from totals and roster."""
    return await whole(partial(piece, redis, today))


async def is_of_wrong_size(redis: Redis, season: SeasonRow, week: date, today: date) -> bool:
    """Whether the board of a week holds another number of members than it ought to."""
    board = rules.board_of(season.id, week)
    pipe = redis.pipeline(transaction=True)
    pipe.zcard(rules.key(board))
    pipe.hlen(rules.guard_key(board))
    right = await queries.wanted_size(season, week, today)
    return bool(await pipe.execute() != [right, right])


async def strangers(redis: Redis, season: SeasonRow, week: date, today: date) -> list[Difference]:
    """Who is on the board of a week and ought not to be. Reads the board."""
    board = rules.board_of(season.id, week)
    found: list[Difference] = []
    seen: set[UUID] = set()
    for scan, key in ((redis.zscan_iter, rules.key(board)), (redis.hscan_iter, rules.guard_key(board))):
        chunk: list[UUID] = []
        async for raw, _ in scan(key, count=PLACES):
            chunk.append(UUID(bytes=raw))
            if len(chunk) == PLACES:
                found += await _unwanted(redis, season, week, today, chunk, seen)
                chunk = []
        found += await _unwanted(redis, season, week, today, chunk, seen)
    return found


async def _unwanted(
    redis: Redis, season: SeasonRow, week: date, today: date, members: list[UUID], seen: set[UUID]
) -> list[Difference]:
    board = rules.board_of(season.id, week)
    right = (await queries.wanted(season, [week], members, today))[week].scores
    wrong = [member for member in members if member not in right and member not in seen]
    seen.update(wrong)
    return _differing(board, {}, await _places(redis, board, wrong))


async def _places(redis: Redis, board: str, members: Collection[UUID]) -> dict[UUID, tuple[int, ...]]:
    """Member -> (points, reached, sequence) as the board holds them."""
    if not members:
        return {}
    raw: list[Any] = [member.bytes for member in members]
    pipe = redis.pipeline(transaction=True)
    pipe.zmscore(rules.key(board), raw)
    pipe.hmget(rules.guard_key(board), raw)
    scores, guards = await pipe.execute()
    return {
        member: (*((-1, -1) if score is None else rules.unpack(score)), -1 if guard is None else int(guard))
        for member, score, guard in zip(members, scores, guards, strict=True)
        if score is not None or guard is not None
    }


def _differing(board: str, right: Mapping[UUID, BoardScore], there: Mapping[UUID, tuple[int, ...]]) -> list[Difference]:
    return _unlike(board, {one.member: (one.points, one.reached, one.sequence) for one in right.values()}, there)


def _unlike(
    board: str, right: Mapping[UUID, tuple[int, ...]], there: Mapping[UUID, tuple[int, ...]]
) -> list[Difference]:
    return [
        Difference(board, subject, right.get(subject), there.get(subject))
        for subject in sorted(right.keys() | there.keys())
        if right.get(subject) != there.get(subject)
    ]


class Report(msgspec.Struct):
    """How many differences a look found, on which boards, and of whom (hex), at most MOST of each."""

    at: datetime
    differences: int = 0
    boards: list[str] = []
    members: list[str] = []


async def last_report(redis: Redis, key: str) -> Report | None:
    """The last report under rules.LOOK or rules.NIGHT."""
    raw = await redis.get(key)
    try:
        return None if raw is None else msgspec.json.decode(raw, type=Report)
    except msgspec.DecodeError:
        return None


async def add_to_report(
    redis: Redis, key: str, report: Report, faults: Sequence[Fault], differing: Sequence[Difference]
) -> Report:
    """Add to a report what was found, and leave it."""
    members = {UUID(str(one.details["member"])).hex for one in faults if "member" in one.details}
    named = {*report.boards, *map(board_of, faults), *(one.board for one in differing)}
    report.differences += len(faults) + len(differing)
    report.boards = sorted(named - {""})[:MOST]
    report.members = sorted({*report.members, *members, *(one.subject.hex for one in differing)})[:MOST]
    await redis.set(key, msgspec.json.encode(report))
    return report


async def present_report(redis: Redis) -> Report | None:
    """What both say together: the time and the differences of the last regular look, and what the night found beside
    them; None: there was no look yet. A board that was made again is in neither."""
    look, night = await last_report(redis, rules.LOOK), await last_report(redis, rules.NIGHT)
    if look is None or night is None:
        return look
    boards = sorted({*look.boards, *night.boards})
    return Report(look.at, max(look.differences, night.differences), boards, look.members)
