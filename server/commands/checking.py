"""What `laurel check` compares, on a living system: nothing is changed, and work under way is not a difference."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from games.quizzes import queries as quizzes
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from rewards.draws import queries as draws
from rewards.ledger import queries as ledger
from rewards.outbox import queries as outbox
from rewards.outbox.rules import LONGEST_WAIT
from server.runtime.clock import now
from server.runtime.resources import Resources

LATE: Final = timedelta(seconds=30)
"""How long due work may wait before it is a difference."""

FAILING: Final = 3
"""Attempts after which work that fails is a difference."""

SETTLE: Final = 2.0
"""Seconds between two looks; what only one of them sees was work under way."""

_MOST_OVERDUE: Final = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A difference: the code of its sentence, and the values in it."""

    code: str
    details: dict[str, str | int]

    def key(self) -> tuple[str, tuple[tuple[str, str | int], ...]]:
        """Equal for the same difference seen twice."""
        return self.code, tuple(sorted(self.details.items()))


async def differences(house: Resources) -> list[Found]:
    """Every difference that two looks agree on; empty: all is well. Reads everything."""
    first = await _look(house)
    if not first:
        return []
    await asyncio.sleep(SETTLE)
    again = {one.key() for one in await _look(house)}
    return [one for one in first if one.key() in again]


async def _look(house: Resources) -> list[Found]:
    moment = now()
    found = [Found(fault.code, dict(fault.details)) for fault in await ledger.faults()]
    found += [Found(code, dict(details)) for code, details in await quizzes.mismatches()]
    for drift in await boards.drift(house.redis, today=house.day_of(moment)):
        found.append(
            Found(
                "check.board_differs",
                {
                    "board": drift.board,
                    "subject": str(drift.subject),
                    "wanted": _shown(drift.wanted),
                    "found": _shown(drift.found),
                },
            )
        )
    found += await _room_boards(house)
    found += await _work(moment)
    return found + await _published(house)


async def _work(moment: datetime) -> list[Found]:
    """Work that nobody does, and work that fails again and again."""
    found: list[Found] = []
    for waiting in await outbox.overdue(moment + LONGEST_WAIT, limit=_MOST_OVERDUE):
        what: dict[str, str | int] = {"kind": waiting.kind, "subject": waiting.subject}
        if waiting.last_error and waiting.attempts >= FAILING:
            found.append(Found("check.work_failing", {**what, "error": waiting.last_error}))
        elif waiting.due_at <= moment - LATE:
            found.append(Found("check.work_overdue", {**what, "due": waiting.due_at.isoformat(timespec="seconds")}))
    return found


def _shown(values: tuple[int, ...] | None) -> str:
    return "-" if values is None else " ".join(map(str, values))


async def _room_boards(house: Resources) -> list[Found]:
    """Each room's board against the answers of its closed questions."""
    found: list[Found] = []
    for room in await quizzes.rooms_with_boards():
        board = room_board(room)
        wanted = {one.member: (one.points, one.reached) for one in await quizzes.standings(room)}
        places = await boards.page(house.redis, board, 0, await boards.size(house.redis, board))
        there = {place.member: (place.points, place.reached) for place in places}
        found += [
            Found(
                "check.board_differs",
                {
                    "board": board,
                    "subject": str(member),
                    "wanted": _shown(wanted.get(member)),
                    "found": _shown(there.get(member)),
                },
            )
            for member in sorted(wanted.keys() | there.keys())
            if wanted.get(member) != there.get(member)
        ]
    return found


async def _published(house: Resources) -> list[Found]:
    """The published files in DATA/draws against the bytes in the database.

    With an external database another machine may have published: then only folders that are here are looked at.
    """
    elsewhere = house.settings.external_database_url is not None
    found: list[Found] = []
    for row in await draws.draws(limit=1_000_000):
        published = await draws.published(row.id)
        if published is None:
            continue
        slug, files = published
        folder = house.settings.data / "draws" / slug
        if elsewhere and not folder.is_dir():
            continue
        found += await asyncio.to_thread(_compare, folder, slug, files | await draws.conflict_files(row.id))
    return found


def _compare(folder: Path, slug: str, files: dict[str, bytes]) -> list[Found]:
    found = []
    for name, content in files.items():
        try:
            there = (folder / name).read_bytes()
        except OSError:
            found.append(Found("check.file_missing", {"draw": slug, "file": name}))
            continue
        if there != content:
            found.append(Found("check.file_differs", {"draw": slug, "file": name}))
    for name in draws.FILES:
        if name not in files and (folder / name).exists():
            found.append(Found("check.file_foreign", {"draw": slug, "file": name}))
    return found
