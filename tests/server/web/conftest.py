"""The application on this test's own database and an empty Redis, and members who are signed in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from rewards import database as db
from rewards.members.rules import ROLES
from server.app import make_app
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.settings import Settings, load, prepare
from server.web.frame.door import SESSION


@pytest.fixture
def app_settings(database_url: str, servers: tuple[str, str], tmp_path: Path) -> Settings:
    """What the application is told: this test's database, this process's Redis, a data folder of its own."""
    told = {
        "LAUREL_DATABASE_URL": database_url,
        "LAUREL_REDIS_URL": servers[1],
        "LAUREL_PUBLIC_URL": "http://testserver.local",
        "LAUREL_ORGANISATION": "Plant A",
        "LAUREL_DATABASE_POOL": "4",
    }
    return prepare(load(told, tmp_path))


class Browser(httpx.AsyncClient):
    """A browser without a session, which follows no redirect. `app` is the application it talks to."""

    def __init__(self, app: Litestar) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://testserver.local")
        self.app = app


@pytest.fixture
async def client(app_settings: Settings, redis: Redis) -> AsyncIterator[Browser]:
    """The application, started on the tests' own event loop, and a browser. The process's pool is the application's."""
    app = make_app(app_settings)
    started, over = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with app.lifespan():
            started.set()
            await over.wait()

    # The framework wants its lifespan entered and left by one task; a fixture's two halves may be two.
    serving = asyncio.create_task(serve())
    await asyncio.wait([serving, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    async with Browser(app) as browser:
        yield browser
    over.set()
    # redis-py swallows a cancellation that meets its own look at the socket; asking again gets through.
    again = [serving]
    while not (await asyncio.wait([serving], timeout=0.5))[0]:
        again.append(asyncio.create_task(app.state.house.hub.stop()))
    await asyncio.gather(*again)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member with a session. `headers` carry the cookie and the form token of that session."""

    id: UUID
    headers: dict[str, str]
    cookie: str
    csrf: str

    @property
    def session(self) -> str:
        """The session's id, as in the cookie."""
        return self.cookie.partition("=")[2]


SignIn = Callable[..., Awaitable[SignedIn]]


@pytest.fixture
async def sign_in(client: Browser) -> SignIn:
    """`await sign_in("organiser", name=..., number=..., member=...)`: a member (made unless given) with these roles
    and a session of his own."""
    app = client.app
    count = 0

    async def make(*roles: str, name: str = "", number: str = "", member: UUID | None = None) -> SignedIn:
        nonlocal count
        count += 1
        assert set(roles) <= set(ROLES)
        who = member or await add_member(name or f"Member {count}", number or f"T{count:04}", roles)
        house = app.state.house
        session = await house.sessions.start(
            who, name=name or f"Member {count}", roles=roles, language="en", unit="", device="test", version=0
        )
        csrf = house.door.token_for(session)
        cookie = f"{SESSION}={session}"
        return SignedIn(who, {"cookie": cookie, "x-csrftoken": csrf}, cookie, csrf)

    return make


async def add_member(name: str, number: str, roles: Collection[str] = (), left: date | None = None) -> UUID:
    """A member on the roster, in no unit."""
    made = new_id()
    await db.rows(
        "INSERT INTO member (id, staff_number, name, roles, left_on, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        made,
        number,
        name,
        list(roles),
        left,
        now(),
    )
    return made
