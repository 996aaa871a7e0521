"""Quizzes and rooms in the find field."""

from collections.abc import Sequence

from games.quizzes import queries
from server.web.frame import records
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Finder, Found


async def _quizzes(_request: Asked, text: str, limit: int) -> Sequence[Found]:
    return [Found(f"/desk/quizzes/{quiz}", title) for quiz, title in await queries.quizzes_titled(text, limit)]


async def _rooms(_request: Asked, text: str, limit: int) -> Sequence[Found]:
    """By title or code."""
    found = await queries.rooms_called(text, limit)
    return [Found(f"/desk/rooms/{room}", title, code) for room, title, code in found]


FINDERS = (
    Finder(20, _("Quizzes"), "quizzes.read", _quizzes, lambda text: records.address("/desk/quizzes", {"text": text})),
    Finder(30, _("Rooms"), "rooms.read", _rooms, lambda _text: "/desk/rooms"),
)
