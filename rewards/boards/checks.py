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
from rewards.ledger.checks import Fault, whole
from rewards.ledger.queries import SeasonRow
from rewards.ledger.rules import WHOLE
from rewards.members.queries import page_of_ids

PLACES: Final = 2_000
"""How many places a piece looks at."""

_MISSING: Final = "!"
"""Behind a place where to go on: somebody was missing before it."""

MOST: Final = 1_000
"""Boards and members that a report names."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A member (or unit) whose place on a board is not what the ledger gives.

    `wanted` and `found` are (points, reached, sequence); on a unit board UnitScore.values of a unit, and of a member
    what he brings (queries.Share). None: there is nothing, -1: a part is missing.
    """

    board: str
    subject: UUID
    wanted: tuple[int | str, ...] | None
    found: tuple[int | str, ...] | None


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
    if complete and not await _is_of_wrong_size(redis, season, week, today):
        return found, ""
    return found + await _strangers(redis, season, week, today), ""


async def places_of(redis: Redis, season: SeasonRow, members: Collection[UUID], today: date) -> list[Difference]:
    """What differs of these members on all boards of the season that are kept."""
    found = []
    for week, right in (await queries.wanted(season, queries.weeks_of(season, today), members, today)).items():
        board = rules.board_of(season.id, week)
        found += _differing(board, right.scores, await _places(redis, board, members))
    return found


async def shares(season: SeasonRow, members: Collection[UUID], today: date) -> list[Difference]:
    """Whose share of what the units have differs from roster and total."""
    board = rules.unit_board(season.id)
    found = await queries.shares_differing(season, members, today)
    return [Difference(board, member, right, kept) for member, (right, kept) in found.items()]


async def units(redis: Redis, season: SeasonRow, some: Sequence[UUID]) -> list[Difference]:
    """What differs of these units: what was counted from what their people and the units below them have, and the board
    from that."""
    board = rules.unit_board(season.id)
    wanted, counted = await queries.recounted(season.id, some)
    right = {unit: one.values for unit, one in wanted.items()}
    found = _unlike(board, right, {unit: one.values for unit, one in counted.items()})
    return found + _unlike(board, right, await _unit_places(redis, board, some))


async def unit_strangers(redis: Redis, season: SeasonRow) -> list[Difference]:
    """Which units are on the board that nothing was counted of. Reads the board."""
    board = rules.unit_board(season.id)
    pipe = redis.pipeline(transaction=True)
    pipe.zrange(rules.key(board), 0, -1)
    pipe.hkeys(rules.rates_key(board))
    there = {UUID(bytes=raw) for found in await pipe.execute() for raw in found}
    strange = sorted(there - (await queries.unit_scores(season.id)).keys())
    return _unlike(board, {}, await _unit_places(redis, board, strange))


async def _unit_places(redis: Redis, board: str, some: Sequence[UUID]) -> dict[UUID, tuple[int, ...]]:
    """Unit -> UnitScore.values as the board holds them."""
    return {
        unit: (
            *((-1, -1) if score is None else rules.unpack(score)),
            *rules.read_rates(rates),
        )
        for unit, (score, rates) in (await _beside(redis, rules.key(board), rules.rates_key(board), some)).items()
    }


async def _unit_piece(redis: Redis, season: SeasonRow, today: date, after: str) -> tuple[list[Difference], str]:
    """A piece of what the units have: what members bring, by member id, then the units, by unit id."""
    last = UUID(after[1:]) if after[1:] else None
    if not after.startswith("u"):
        members = await page_of_ids(last, PLACES)
        on = f"m{members[-1].hex}" if len(members) == PLACES else "u"
        return await shares(season, members, today), on
    some = await queries.page_of_units(last, PLACES)
    found = await units(redis, season, some)
    if len(some) == PLACES:
        return found, f"u{some[-1].hex}"
    return found + await unit_strangers(redis, season), ""


def board_of(fault: Fault, today: date) -> str:
    """The board with which a total is made again that is not as it must be: its own, or the season's where that of the
    week is kept no more; "" for another fault."""
    if fault.code != "ledger.total_differs":
        return ""
    week = date.fromisoformat(str(fault.details["week"] or WHOLE))
    is_kept = week != WHOLE and rules.week_ends(week) > today
    return rules.board_of(UUID(str(fault.details["season"])), week if is_kept else WHOLE)


async def piece(redis: Redis, today: date, after: str) -> tuple[list[Difference], str]:
    """A piece of all boards of all seasons, the oldest first, and where to go on, as a Step of ledger/checks."""
    boards = await queries.all_boards(today)
    names = list(boards)
    name, _, place = after.partition(" ")
    if (name and name not in boards) or not boards:
        return [], ""
    board = name or names[0]
    season, week = boards[board]
    if week is None:
        found, on = await _unit_piece(redis, season, today, place)
    else:
        found, on = await places(redis, season, week, today, place)
    following = names[names.index(board) + 1 :]
    return found, f"{board} {on}" if on else f"{following[0]} " if following else ""


async def drift(redis: Redis, *, today: date) -> list[Difference]:
    """How all boards differ from totals and roster."""
    return await whole(partial(piece, redis, today))


async def _is_of_wrong_size(redis: Redis, season: SeasonRow, week: date, today: date) -> bool:
    """Whether the board of a week holds another number of members than it ought to."""
    board = rules.board_of(season.id, week)
    pipe = redis.pipeline(transaction=True)
    pipe.zcard(rules.key(board))
    pipe.hlen(rules.guard_key(board))
    right = await queries.wanted_size(season, week, today)
    return bool(await pipe.execute() != [right, right])


async def strangers_at(
    redis: Redis, season: SeasonRow, week: date, today: date, first: int, limit: int
) -> list[Difference]:
    """Who is on the board of a week and ought not to be, of `limit` places behind the first ones."""
    raw = await redis.zrange(rules.key(rules.board_of(season.id, week)), first, first + limit - 1)
    return await _unwanted(redis, season, week, today, [UUID(bytes=one) for one in raw], set())


async def _strangers(redis: Redis, season: SeasonRow, week: date, today: date) -> list[Difference]:
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
    return {
        member: (*((-1, -1) if score is None else rules.unpack(score)), rules.read_sequence(guard))
        for member, (score, guard) in (await _beside(redis, rules.key(board), rules.guard_key(board), members)).items()
    }


async def _beside(
    redis: Redis, key: str, beside: str, subjects: Collection[UUID]
) -> dict[UUID, tuple[float | None, bytes | None]]:
    """What a sorted set and the hash beside it hold of each; who is in neither is left out."""
    if not subjects:
        return {}
    raw: list[Any] = [one.bytes for one in subjects]
    pipe = redis.pipeline(transaction=True)
    pipe.zmscore(key, raw)
    pipe.hmget(beside, raw)
    scores, values = await pipe.execute()
    return {
        one: (score, value)
        for one, score, value in zip(subjects, scores, values, strict=True)
        if score is not None or value is not None
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
    redis: Redis, key: str, report: Report, faults: Sequence[Fault], differing: Sequence[Difference], today: date
) -> Report:
    """Add to a report what was found, and leave it."""
    members = {UUID(str(one.details["member"])).hex for one in faults if "member" in one.details}
    named = {*report.boards, *(board_of(one, today) for one in faults), *(one.board for one in differing)}
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
