"""A live room as phones, screens and desks see it: one picture a face and language, and each phone's own lines."""

from collections.abc import Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from redis.asyncio import Redis

from games.quizzes import queries, rules
from games.quizzes.queries import Result, RoomRow, RoundRow
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.batch import Shared
from server.web.frame import html, pages
from server.web.frame.asked import Asked
from server.web.frame.i18n import translator
from server.web.frame.live import REMAINING, Picture, Topic, json_event
from server.web.quizzes.answering import Answering

Found = TypeVar("Found")

LETTERS = "ABCDEFGH"
PLACES_SHOWN = 10
NAMES_SHOWN = 60
"""Names of players that a lobby shows the host, the latest first; the others are counted."""
FINAL = 32767
"""A position behind every round: the result of the whole room."""


def letters(mask: int) -> str:
    """The letters of the options in a mask, as people read them: "A, C"."""
    return ", ".join(LETTERS[index] for index in rules.indexes_of(mask))


async def room_or_refuse(room_id: UUID) -> RoomRow:
    """The room, or Refusal room.unknown."""
    found = await queries.room(room_id)
    if found is None:
        raise Refusal("room.unknown")
    return found


def remaining(room: RoomRow) -> int:
    """Milliseconds left to answer the room's question; 0 when none is open."""
    asked = room.round
    if asked is None or asked.state not in (*rules.ANSWERING, "paused"):
        return 0
    return rules.remaining_ms(asked.closes_at, clock.now(), asked.paused_at)


def mine_of(result: Result | None, room: RoomRow, right: int = 0) -> dict[str, object]:
    """A player's own lines after a reveal or at the end (keys of `data-mine`). `right`: right answers in the room."""
    asked = room.round
    if result is None:
        outcome, picked, points, total, place, was = "none", 0, 0, 0, 0, 0
    else:
        picked, points, total, place, was = result.picked, result.points, result.total, result.place, result.was
        outcome = "none" if not picked else "right" if result.correct else "wrong"
    return {
        "round": str(asked.id) if asked is not None else "end",
        "outcome": outcome,
        "picked": picked,
        "letters": letters(picked),
        "chosen": rules.indexes_of(picked),
        "points": points,
        "total": total,
        "place": place,
        "change": was - place if was and place else 0,
        "right": right,
    }


def _worded(asked: RoundRow | None, locale: str) -> RoundRow | None:
    """True and false in the reader's language; they are stored as these two words."""
    if asked is None or asked.kind != "true_false":
        return asked
    words = translator(locale)
    return replace(asked, options=(words.pgettext("answer", "True"), words.pgettext("answer", "False")))


@dataclass
class Rooms:
    """How rooms are shown in this process."""

    redis: Redis
    _results: dict[Hashable, dict[UUID, Result]] = field(default_factory=dict)
    _reading: Shared[dict[UUID, Result]] = field(default_factory=Shared)
    _right: dict[Hashable, dict[UUID, int]] = field(default_factory=dict)
    _counting: Shared[dict[UUID, int]] = field(default_factory=Shared)

    def topic(self) -> Topic:
        """For the hub's topics `room`."""
        return Topic(self.render, self.personal, self.count, self.versions, {"answers": False, "players": True})

    async def render(self, identity: str, face: str, locale: str) -> Picture:
        """The state of a room as a fragment (block `state` of quizzes/FACE/room.html)."""
        room = await room_or_refuse(UUID(identity))
        text = html.render_block(f"quizzes/{face}/room.html", "state", locale, **await self.facts(room, face, locale))
        asked = room.round
        ticking = asked is not None and room.state == "question"
        return Picture(str(room.version), text, (lambda: remaining(room)) if ticking else None)

    async def facts(self, room: RoomRow, face: str, locale: str, left: int | None = None) -> dict[str, object]:
        """What the templates of a room are given. `left`: milliseconds to show; None: filled in when sent."""
        shown: dict[str, object] = {
            "room": room,
            "round": _worded(room.round, locale),
            "remaining": REMAINING if left is None else left,
            "letters": letters,
            "indexes": rules.indexes_of,
            "players": await queries.players(room.id),
        }
        if face != "phone":
            shown["answers"] = await queries.answered(room.id) if room.state == "question" else 0
            shown["by_unit"] = await queries.players_by_unit(room.id) if room.state in ("lobby", "podium") else []
        if room.state == "podium" or (face != "phone" and room.state != "question"):
            places = await boards.top(self.redis, room_board(room.id), PLACES_SHOWN) if room.position else []
            shown |= {"places": places, "names": await boards.names([place.member for place in places])}
        if face == "desk":
            people = await queries.player_ids(room.id, NAMES_SHOWN) if room.state == "lobby" else []
            shown["people"] = await boards.names(people)
        return shown

    async def personal(self, identity: str) -> Mapping[UUID, bytes]:
        """Behind a reveal or the podium: every player's own result; otherwise nothing."""
        room = await room_or_refuse(UUID(identity))
        if room.state not in ("reveal", "podium"):
            return {}
        found, right = await self.results(room), await self.right_answers(room)
        return {
            member: json_event("mine", mine_of(result, room, right.get(member, 0))) for member, result in found.items()
        }

    async def own(self, room: RoomRow, member: UUID) -> dict[str, object]:
        """A member's own lines now, for a page that opens or comes back."""
        if room.state in ("reveal", "podium"):
            right = await self.right_answers(room)
            return mine_of((await self.results(room)).get(member), room, right.get(member, 0))
        mine = await queries.mine(room.id, member)
        before = (await self.results(room)).get(member) if room.position > 1 else None
        lines = mine_of(None, room)
        lines |= {
            "picked": mine.picked,
            "letters": letters(mine.picked),
            "chosen": rules.indexes_of(mine.picked),
        }
        lines["outcome"] = "answered" if mine.picked else "open"
        if before is not None:
            lines |= {"total": before.total, "place": before.place}
        return lines

    async def results(self, room: RoomRow) -> Mapping[UUID, Result]:
        """Every player's result after the last closed round, read once a version."""
        position = FINAL if room.state == "podium" else room.position - (room.state == "question")

        async def read() -> dict[UUID, Result]:
            return {result.member: result for result in await queries.results(room.id, position)}

        return await _once(self._results, self._reading, (room.id, position, room.version), read)

    async def right_answers(self, room: RoomRow) -> Mapping[UUID, int]:
        """How many right answers every player has, at the podium; before it nothing. Read once a room."""
        if room.state != "podium":
            return {}

        async def read() -> dict[UUID, int]:
            return {score.member: score.correct for score in await queries.scores(room.id)}

        return await _once(self._right, self._counting, room.id, read)

    async def count(self, identity: str) -> bytes:
        """The counter of answers and players."""
        room_id = UUID(identity)
        answers, players = await queries.answered(room_id), await queries.players(room_id)
        return json_event("count", {"room": identity, "answers": answers, "players": players})

    async def versions(self, identities: list[str]) -> Mapping[str, str]:
        """The version that each room should show."""
        found = await queries.versions([UUID(identity) for identity in identities])
        return {str(room_id): str(version) for room_id, version in found.items()}


async def _once(
    kept: dict[Hashable, Found],
    reading: Shared[Found],
    key: Hashable,
    read: Callable[[], Coroutine[Any, Any, Found]],
) -> Found:
    """What is kept under the key, else what is read now for all who ask; the last sixteen are kept."""
    found = kept.get(key)
    if found is None:
        found = await reading.ask(key, read)
        while len(kept) >= 16 and key not in kept:
            kept.pop(next(iter(kept)))
        kept[key] = found
    return found


@dataclass(frozen=True, slots=True)
class Live:
    """What quizzes hold open in a web process."""

    rooms: Rooms
    answering: Answering


def live(request: Asked) -> Live:
    """The same, of the process that serves this request."""
    found: Live = pages.opened(request, "quizzes")
    return found
