"""A quiz and people to play it, at moments that the test chooses."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from games.quizzes import actions, queries, rules
from games.quizzes.actions import Given, Moved, NewId, Stale, Written
from games.quizzes.formats.draft import QuestionDraft
from games.quizzes.rules import Move
from rewards import database as db
from rewards.ledger.actions import open_season

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 9, 2, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MS = timedelta(milliseconds=1)
SECONDS = 20
"""What every question of these quizzes gives to answer."""
RIGHT = 0b0010
WRONG = 0b0100


def day_of(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


TODAY = day_of(NOON)


def ids(start: int = 1 << 64) -> NewId:
    """Ids that come out the same each time."""
    numbers: Iterator[int] = count(start)
    return lambda: UUID(int=next(numbers))


@dataclass(frozen=True)
class Scene:
    """Two units with the players, a host, and a quiz of questions whose right option is always the second."""

    season: UUID
    units: tuple[UUID, UUID]
    players: list[UUID]
    host: UUID
    quiz: UUID
    new_id: NewId
    at: datetime


def questions(number: int, kind: str = "single", seconds: int = SECONDS) -> list[QuestionDraft]:
    options = ("true", "false") if kind == "true_false" else ("Red", "Green", "Blue", "Grey")
    return [
        QuestionDraft(n, kind, f"Question {n}?", options, (1,), seconds, f"Because of {n}.")  # type: ignore[arg-type]
        for n in range(1, number + 1)
    ]


async def scene(
    players: int = 4,
    *,
    number: int = 3,
    seconds: int = SECONDS,
    scoring: rules.Scoring = "kahoot",
    floor: int = 50,
    at: datetime = NOON,
) -> Scene:
    """The same ids at each call on an empty database; the season began the day before `at`. Each question lasts so
    many `seconds`."""
    new_id, first_day = ids(), day_of(at) - timedelta(days=1)
    host, units = new_id(), (new_id(), new_id())
    people = [new_id() for _ in range(players)]
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at) SELECT id, 'N' || id, 'Name ' || id, $2"
        " FROM unnest($1::uuid[]) AS id",
        [host, *people],
        at,
    )
    await db.rows("INSERT INTO unit (id, name, path) VALUES ($1, 'Casting', 'Casting')", units[0])
    await db.rows("INSERT INTO unit (id, name, path) VALUES ($1, 'Paint', 'Paint')", units[1])
    await db.rows(
        "INSERT INTO membership (id, member, unit, since) SELECT gen_random_uuid(), member, unit, $3"
        " FROM unnest($1::uuid[], $2::uuid[]) AS m (member, unit)",
        people,
        [units[n % 2] for n in range(players)],
        first_day,
    )
    season = await open_season("Autumn", first_day, first_day + timedelta(days=89), at=at, actor=None, new_id=new_id())
    quiz = await actions.add_quiz(
        "Safety",
        questions(number, seconds=seconds),
        scoring=scoring,
        floor_percent=floor,
        actor=host,
        now=at,
        new_id=new_id,
    )
    return Scene(season.id, units, people, host, quiz, new_id, at)


@dataclass(eq=False)
class Play:
    """A room of a scene, whose clock only the test moves."""

    redis: Redis
    scene: Scene
    id: UUID
    now: datetime

    async def version(self) -> int:
        version: int = await db.value("SELECT version FROM room WHERE id = $1", self.id)
        return version

    async def state(self) -> str:
        state: str = await db.value("SELECT state FROM room WHERE id = $1", self.id)
        return state

    async def round(self) -> UUID:
        """The latest round."""
        found: UUID = await db.value("SELECT id FROM round WHERE room = $1 ORDER BY position DESC LIMIT 1", self.id)
        return found

    async def join(self, *members: UUID) -> None:
        for member in members or self.scene.players:
            await actions.join(self.redis, self.id, member, now=self.now, new_id=self.scene.new_id())

    async def move(self, what: Move, expected: int | None = None) -> Moved | Stale | None:
        """What the desk does for a move."""
        redis, new_id, now = self.redis, self.scene.new_id, self.now
        seen = await self.version() if expected is None else expected
        does: dict[Move, Callable[[], Awaitable[Moved | Stale | None]]] = {
            "open": lambda: actions.open_lobby(redis, self.id, now=now),
            "next": lambda: actions.advance(redis, self.id, expected=seen, now=lambda: self.now, new_id=new_id),
            "pause": lambda: actions.pause(redis, self.id, expected=seen, now=now),
            "resume": lambda: actions.resume(redis, self.id, expected=seen, now=now, new_id=new_id),
            "skip": lambda: actions.skip(redis, self.id, expected=seen, now=now, new_id=new_id),
            "end": lambda: actions.end_room(redis, self.id, expected=seen, now=now, new_id=new_id),
            "cancel": lambda: actions.cancel_room(redis, self.id, expected=seen, actor=self.scene.host, now=now),
        }
        return await does[what]()

    async def next(self) -> Moved | Stale | None:
        return await self.move("next")

    async def pause(self) -> Moved | Stale | None:
        return await self.move("pause")

    async def resume(self) -> Moved | Stale | None:
        return await self.move("resume")

    async def skip(self) -> Moved | Stale | None:
        return await self.move("skip")

    async def end(self) -> Moved | Stale | None:
        return await self.move("end")

    async def close(self, *, by_worker: bool) -> Moved | Stale:
        return await actions.close_round(self.redis, await self.round(), now=lambda: self.now, only_due=by_worker)

    async def post(self) -> int | None:
        return await actions.post_room(self.id, day_of=day_of, now=self.now, new_id=self.scene.new_id)

    async def graded(self, member: UUID, picked: int, at: datetime | None = None) -> Given:
        key = await queries.answer_key(await self.round())
        assert key is not None
        return actions.graded(key, member, picked, self.now if at is None else at)

    async def answer(self, member: UUID, picked: int = RIGHT, at: datetime | None = None) -> Written:
        """As one phone alone would."""
        (written,) = await actions.record_answers([await self.graded(member, picked, at)])
        return written

    async def to(self, state: str) -> "Play":
        """Bring a new room to a state: everyone has joined and answers every question on the way."""
        if state in ("scheduled", "lobby"):
            return self
        if state == "cancelled":
            await self.move("cancel")
            return self
        await self.join()
        await self.next()
        while await self.state() != state:
            if await self.state() == "question":
                for member in self.scene.players:
                    self.now += SECOND
                    await self.answer(member)
            await self.next()
        return self


async def room(
    redis: Redis, there: Scene, *, code: str = "abcde", scheduled: bool = False, ends_at: datetime | None = None
) -> Play:
    """A room in its lobby, or one that opens an hour later."""
    opened = await actions.open_room(
        there.quiz,
        host=there.host,
        season=there.season,
        code=code,
        now=there.at,
        new_id=there.new_id,
        opens_at=there.at + timedelta(hours=1) if scheduled else None,
        ends_at=ends_at,
    )
    return Play(redis, there, opened, there.at)


_IMAGED = ("quiz", "question", "room", "player", "round", "answer", "intent", "posting", "entry", "audit_entry")


async def image(*tables: str) -> dict[str, list[str]]:
    """Every row of the tables that a game can change, as text."""
    return {
        table: [one["line"] for one in await db.rows(f"SELECT t::text AS line FROM {table} AS t ORDER BY 1")]
        for table in tables or _IMAGED
    }


_KEPT = ("earning_rule", "migration")


async def wipe(redis: Redis) -> None:
    """Back to the migrated, empty database, also its sequences, and an empty Redis."""
    names: Sequence[str] = [
        one["tablename"]
        for one in await db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        if one["tablename"] not in _KEPT
    ]
    sequences = await db.rows("SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public'")
    async with db.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("; ".join(f"DELETE FROM {name}" for name in names))
        await connection.execute("; ".join(f"ALTER SEQUENCE {one['name']} RESTART" for one in sequences))
    await redis.flushall()
