"""What quizzes bring to pages that belong to nobody alone."""

from games.quizzes import queries
from games.quizzes.queries import RoomRow
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Card, Part, Step

UNDER_WAY = ("lobby", "question", "reveal")


async def _rooms(request: Asked) -> dict[str, object]:
    """`live`: under way; `scheduled` by their time."""
    found = await queries.rooms(live=True)
    return {"live": [room for room in found if room.state in UNDER_WAY], "scheduled": _by_time(found)}


def _by_time(rooms: list[RoomRow]) -> list[RoomRow]:
    coming = [(room.opens_at, room.id, room) for room in rooms if room.state == "scheduled" and room.opens_at]
    return [room for _opens_at, _id, room in sorted(coming, key=lambda one: one[:2])]


async def _to_join(request: Asked) -> dict[str, object]:
    """The same, with a code that no room has (`?code=`), and what is said of it."""
    code = request.query_params.get("code", "")[:20]
    problem = pages.sentence(request, "room.unknown") if code else ""
    return {**await _rooms(request), "code": code, "problem": problem}


async def _has_quiz(request: Asked) -> bool:
    return await queries.any_quiz()


async def _has_room(request: Asked) -> bool:
    return await queries.any_room()


CARDS = (
    Card(
        "desk.today",
        _rooms,
        (Part(10, "quizzes/desk/today_now.html", "now"), Part(10, "quizzes/desk/today_coming.html", "coming")),
    ),
    Card(
        "phone.today",
        _rooms,
        (
            Part(20, "quizzes/phone/today_live.html"),
            Part(40, "quizzes/phone/today_none.html"),
            Part(50, "quizzes/phone/today_coming.html"),
        ),
    ),
    Card("phone.take_part", _to_join, (Part(10, "quizzes/phone/take_part.html"),)),
)
STEPS = (
    Step(
        30,
        _("A quiz"),
        "quizzes.change",
        "/desk/quizzes/import",
        _("Import a quiz"),
        _("An organiser imports a quiz."),
        _has_quiz,
    ),
    Step(
        60, _("A first room"), "rooms.host", "/desk/rooms", _("Open a room"), _("An organiser opens a room."), _has_room
    ),
)
