"""What `laurel check` compares of quizzes."""

from datetime import datetime

from games.quizzes import queries
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from server.runtime.resources import Resources
from server.web.boards.checks import differing
from server.web.frame.noun import Difference

ROOMS = 20
"""How many a piece looks at."""


async def answers(resources: Resources, now: datetime, _after: str) -> tuple[list[Difference], str]:
    """Answers against their questions, and what they earned against the ledger."""
    return [Difference(code, dict(details)) for code, details in await queries.mismatches()], ""


async def room_boards(resources: Resources, now: datetime, after: str) -> tuple[list[Difference], str]:
    """Each room's board against the answers of its closed questions."""
    found: list[Difference] = []
    rooms = [room for room in sorted(await queries.rooms_with_boards()) if room.hex > after][:ROOMS]
    for room in rooms:
        board = room_board(room)
        wanted = {one.member: (one.points, one.reached) for one in await queries.standings(room)}
        places = await boards.page(resources.redis, board, 0, await boards.size(resources.redis, board))
        there = {place.member: (place.points, place.reached) for place in places}
        found += [
            differing(board, str(member), wanted.get(member), there.get(member))
            for member in sorted(wanted.keys() | there.keys())
            if wanted.get(member) != there.get(member)
        ]
    return found, rooms[-1].hex if len(rooms) == ROOMS else ""
