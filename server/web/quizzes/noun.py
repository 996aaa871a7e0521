"""What the shells need to know of quizzes and rooms."""

from collections.abc import Mapping
from typing import Any

from games.quizzes.earnings import QUIZ
from server.runtime.resources import Resources
from server.web.frame import html
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun, Opened, Shown, Slide, Way
from server.web.quizzes import cards, checks, finding, phone, screen, words
from server.web.quizzes.answering import Answering
from server.web.quizzes.desk import quizzes, rooms
from server.web.quizzes.live import Live, Rooms
from server.web.quizzes.shortcut import Shortcut

DESK_ROOM = ("desk/room", "desk/room_parts", "desk/words")
"""The host's page and what it takes in while it is drawn."""


def _opened(resources: Resources, shown: Shown) -> Opened:
    # The first click of an evening must not wait for them.
    html.make_ready(*(f"quizzes/{page}.html" for page in ("phone/room", "screen/room", *DESK_ROOM)))
    live, answering = Rooms(resources.redis), Answering(resources.redis)
    return Opened(
        own=Live(live, answering),
        topics={"room": live.topic()},
        scenes=(screen.scene(resources, live),),
        hears=(answering.forget,),
        stop=answering.stop,
        shortcut=lambda app: Shortcut(app, answering),
    )


def _quiz(subject: str, details: Mapping[str, Any]) -> tuple[str, str]:
    return f"/desk/quizzes/{subject}", str(details.get("title", ""))


def _room(subject: str, details: Mapping[str, Any]) -> tuple[str, str]:
    return f"/desk/rooms/{subject}", str(details.get("title", ""))


QUIZZES = Noun(
    name="quizzes",
    handlers=(*quizzes.HANDLERS, *rooms.HANDLERS, *phone.HANDLERS),
    permissions={"quizzes.read": "reads", "quizzes.change": "runs", "rooms.read": "reads", "rooms.host": "runs"},
    doors=(
        Door("/desk/rooms", _("Rooms"), "play", "rooms.read", "now", 20),
        Door("/desk/quizzes", _("Quizzes"), "quiz", "quizzes.read", "programme", 10),
    ),
    ways=(Way("take_part", "/rooms"),),
    slides=(Slide(30, "quizzes/screen/coming.html", False, screen.slides),),
    texts=(words.TEXTS,),
    statuses={
        "quiz.title": 400,
        "quiz.empty": 400,
        "quiz.scoring": 400,
        "quiz.unknown": 404,
        "room.unknown": 404,
        "round.unknown": 404,
    },
    areas=(Area("quiz", _("Quizzes"), _quiz), Area("room", _("Rooms"), _room)),
    cards=cards.CARDS,
    steps=cards.STEPS,
    finders=finding.FINDERS,
    opens=_opened,
    earnings=(QUIZ,),
    checks=(checks.answers, checks.room_boards),
)
