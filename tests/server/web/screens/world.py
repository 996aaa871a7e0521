"""A plant with people, a season and a quiz that is played step by step, for the screens to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from redis.asyncio import Redis

from games.quizzes import actions, queries
from games.quizzes.formats import QuestionDraft
from games.quizzes.queries import RoomRow
from rewards import database as db
from rewards.boards import actions as boards
from rewards.draws import queries as draws
from rewards.ledger import actions as ledger
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.screens import actions as screen_actions
from server.web.screens.actions import Titles

QUESTIONS: Sequence[QuestionDraft] = (
    QuestionDraft(1, "single", "Which valve first?", ("Red", "Blue", "Green"), (1,), 20, "Blue is upstream."),
    QuestionDraft(2, "true_false", "Helmets are needed here.", ("true", "false"), (0,), 30),
)


async def _rooms(ids: Sequence[UUID]) -> dict[UUID, str]:
    found = [await queries.room(one) for one in ids]
    return {room.id: room.title for room in found if room is not None}


async def _draws(ids: Sequence[UUID]) -> dict[UUID, str]:
    found = [await draws.draw(one) for one in ids]
    return {draw.id: draw.title for draw in found if draw is not None}


SCENES: Mapping[str, Titles] = {"room": _rooms, "draw": _draws}
"""What a screen can be pointed at."""


async def screen(name: str = "Main hall") -> UUID:
    """A screen that shows what is live."""
    return await screen_actions.add_screen(name, actor=None, now=now(), new_id=new_id)


async def season(today: date, name: str = "Autumn") -> UUID:
    """A season that covers today."""
    made = await ledger.open_season(
        name, today - timedelta(days=30), today + timedelta(days=60), at=now(), actor=None, new_id=new_id()
    )
    return made.id


async def people(names: Mapping[str, str], since: date) -> list[UUID]:
    """Members by name -> unit, in order; the units are made where they are missing."""
    units: dict[str, UUID] = {}
    ids = []
    for number, (name, unit) in enumerate(names.items()):
        if unit not in units:
            units[unit] = new_id()
            await db.rows("INSERT INTO unit (id, name, path) VALUES ($1, $2, $2)", units[unit], unit)
        ids.append(new_id())
        await db.rows(
            "INSERT INTO member (id, staff_number, name, created_at) VALUES ($1, $2, $3, $4)",
            ids[-1],
            f"S{number:05}",
            name,
            now(),
        )
        await db.rows(
            "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, $4)",
            new_id(),
            ids[-1],
            units[unit],
            since,
        )
    return ids


async def earn(redis: Redis, points: Mapping[UUID, int], season_id: UUID, today: date) -> None:
    """Honour points for members, on the boards too."""
    async with db.transaction():
        await ledger.award(
            [ledger.Award(f"test:{new_id()}", member, some) for member, some in points.items()],
            rule="quiz",
            season=season_id,
            day=today,
            at=now(),
            new_id=new_id,
        )
    await boards.rebuild(redis, today=today)


@dataclass
class Play:
    """A room that is played: every step as the host and the phones would do it."""

    redis: Redis
    room_id: UUID
    members: list[UUID] = field(default_factory=list)

    async def room(self) -> RoomRow:
        found = await queries.room(self.room_id)
        assert found is not None
        return found

    async def join(self, members: Sequence[UUID]) -> None:
        for member in members:
            await actions.join(self.redis, self.room_id, member, now=now(), new_id=new_id())
        self.members += members

    async def next(self) -> RoomRow:
        room = await self.room()
        await actions.advance(self.redis, self.room_id, expected=room.version, now=now, new_id=new_id)
        return await self.room()

    async def answer(self, picked: Mapping[UUID, int], elapsed_ms: Mapping[UUID, int] | None = None) -> None:
        """Masks by member, received now, or so many milliseconds after the question was opened."""
        room = await self.room()
        assert room.round is not None
        key = await queries.answer_key(room.round.id)
        assert key is not None
        given = [
            actions.graded(
                key,
                member,
                mask,
                now()
                if elapsed_ms is None
                else min(now(), room.round.opened_at + timedelta(milliseconds=elapsed_ms[member])),
            )
            for member, mask in picked.items()
        ]
        assert {one.outcome for one in await actions.record_answers(given)} == {"recorded"}

    async def end(self) -> RoomRow:
        room = await self.room()
        await actions.end_room(self.redis, self.room_id, expected=room.version, now=now(), new_id=new_id)
        return await self.room()


async def play(
    redis: Redis,
    season_id: UUID,
    host: UUID,
    questions: Sequence[QuestionDraft] = QUESTIONS,
    title: str = "Safety",
    code: str = "bcdfg",
) -> Play:
    """A room with its lobby open."""
    quiz = await actions.add_quiz(title, questions, scoring="kahoot", actor=None, now=now(), new_id=new_id)
    room = await actions.open_room(quiz, host=host, season=season_id, code=code, now=now(), new_id=new_id)
    return Play(redis, room)
