"""A room to test with: a quiz of two questions, hosted, and moved by its host."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from games.quizzes import actions, queries
from games.quizzes.formats.draft import QuestionDraft
from games.quizzes.queries import RoundRow
from rewards import database as db
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests import patience
from tests.server.web.conftest import Browser

CODE = "k7m2q"
WHY = "Because the explanation says so."
QUESTIONS = (
    QuestionDraft(1, "single", "Who checks the air first?", ("Right one", "Wrong one", "Other one"), (0,), 60, WHY),
    QuestionDraft(2, "multiple", "Which are needed?", ("Helmet", "Music", "Gloves"), (0, 2), 60, WHY),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A room and its host."""

    redis: Redis
    room: UUID
    host: UUID

    async def on(self) -> RoundRow | None:
        """The host's Next; the round that is shown then."""
        await actions.advance(self.redis, self.room, expected=await self.version(), now=now, new_id=new_id)
        return await self.round()

    async def round(self) -> RoundRow | None:
        found = await queries.room(self.room)
        assert found is not None
        return found.round

    async def ask(self) -> RoundRow:
        """The next question."""
        found = await self.on()
        assert found is not None
        return found

    async def version(self) -> int:
        return (await queries.versions([self.room]))[self.room]

    async def remove(self, member: UUID) -> None:
        await actions.remove_player(self.redis, self.room, member, actor=self.host, now=now(), back=False)


async def season() -> UUID:
    """A season around today."""
    made, day = new_id(), now().date()
    await db.rows(
        "INSERT INTO season (id, name, starts_on, ends_on) VALUES ($1, 'Autumn', $2, $3)",
        made,
        day - timedelta(days=40),
        day + timedelta(days=40),
    )
    return made


async def stage(redis: Redis, host: UUID, *, code: str = CODE, of: UUID | None = None) -> Stage:
    """A room in its lobby, in the season `of` or one made for it."""
    quiz = await actions.add_quiz("Safety", QUESTIONS, scoring="none", actor=host, now=now(), new_id=new_id)
    room = await actions.open_room(quiz, host=host, season=of or await season(), code=code, now=now(), new_id=new_id)
    return Stage(redis, room, host)


class Stream:
    """An open event stream: all that came, as text."""

    def __init__(self) -> None:
        self.text = ""
        self._more = asyncio.Condition()

    async def take(self, message: MutableMapping[str, Any]) -> None:
        async with self._more:
            self.text += message.get("body", b"").decode()
            self._more.notify_all()

    async def until(self, words: str) -> str:
        """Wait for `words`, at most ten seconds; all that came by then."""
        async with self._more, asyncio.timeout(patience.SECONDS):
            await self._more.wait_for(lambda: words in self.text)
        return self.text


@asynccontextmanager
async def following(client: Browser, path: str, cookie: str) -> AsyncIterator[Stream]:
    """The event stream of a phone, until the block ends. httpx would wait for its end."""
    stream, gone = Stream(), asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"testserver.local"), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("testserver.local", 80),
    }
    serving = asyncio.ensure_future(client.app(scope, receive, stream.take))  # type: ignore[arg-type]
    try:
        yield stream
    finally:
        gone.set()
        await serving
