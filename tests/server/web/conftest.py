"""The application on this test's own database and an empty Redis, and members who are signed in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, expect
from redis.asyncio import Redis

from games.quizzes import actions
from games.quizzes.formats import QuestionDraft
from rewards import database as db
from rewards import presses
from rewards.boards.rules import COMPLETE, COPY, Copy
from rewards.ledger import actions as ledger
from rewards.members.rules import ROLES
from rewards.presses import APART
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.sessions import CODE
from server.runtime.settings import Settings, load, prepare
from server.web.frame.gate import SESSION
from tests.chromium import launched_on_the_loop
from tests.server.web.serving import Served, alive, on_a_port


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


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press faster than people, and mean it; those of the guard against that take `guarded`."""
    monkeypatch.setattr(presses, "APART", timedelta(0))


@pytest.fixture
def guarded(at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As people have it."""
    monkeypatch.setattr(presses, "APART", APART)


class Browser(httpx.AsyncClient):
    """A browser without a session, which follows no redirect. `app` is the application it talks to."""

    def __init__(self, app: Litestar) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://testserver.local")
        self.app = app


@pytest.fixture
async def client(app_settings: Settings, redis: Redis) -> AsyncIterator[Browser]:
    """The application, started on the tests' own event loop, and a browser. The process's pool is the application's.
    No worker looks after Redis, so it is said here that all boards are there."""
    await redis.mset({COPY: str(Copy("tests", "run", 1)), COMPLETE: "tests"})
    async with alive(app_settings) as app, Browser(app) as browser:
        yield browser


@pytest.fixture
async def served(client: Browser) -> AsyncIterator[Served]:
    """The application of `client` on a port of its own."""
    async with on_a_port(client.app) as served:
        yield served


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Chromium]:
    """One a test process."""
    async with launched_on_the_loop() as started:
        yield started


@pytest.fixture
async def browser(chromium: Chromium) -> AsyncIterator[Chromium]:
    """A real browser; what a test opens in it is closed behind it."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member with a session. `headers` carry the cookie and the form token of that session."""

    id: UUID
    headers: dict[str, str]
    cookie: str
    csrf: str

    @property
    def session(self) -> str:
        """The session's own id."""
        return self.cookie.partition("=")[2]

    async def enter(self, context: BrowserContext, address: str) -> None:
        """Give a real browser the session's cookie, for this address of ours."""
        name, _, value = self.cookie.partition("=")
        await context.add_cookies([{"name": name, "value": value, "url": address}])


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
        process = app.state.process
        named = name or f"Member {count}"
        session = await process.sessions.start(
            who, name=named, roles=roles, language="en", unit="", device="test", version=0, way=CODE
        )
        csrf = process.gate.token_for(session)
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


QUESTIONS: Sequence[QuestionDraft] = (
    QuestionDraft(1, "single", "Which valve first?", ("Red", "Blue", "Green"), (1,), 20, "Blue is upstream."),
    QuestionDraft(2, "true_false", "Helmets are needed here.", ("true", "false"), (0,), 10),
)


@pytest.fixture
async def season(client: Browser) -> UUID:
    """A season that covers today."""
    today = client.app.state.process.today()
    made = await ledger.open_season(
        "Autumn", today - timedelta(days=30), today + timedelta(days=60), at=now(), actor=None, new_id=new_id()
    )
    return made.id


@pytest.fixture
async def quiz(client: Browser) -> UUID:
    """A quiz of two questions."""
    return await actions.add_quiz("Safety", QUESTIONS, scoring="kahoot", actor=None, now=now(), new_id=new_id)


@pytest.fixture
async def room(client: Browser, season: UUID, quiz: UUID, host: UUID) -> UUID:
    """A room of that quiz with its lobby open."""
    return await actions.open_room(quiz, host=host, season=season, code="bcdfg", now=now(), new_id=new_id)


@pytest.fixture
async def host(sign_in: SignIn) -> UUID:
    """An organiser who hosts rooms."""
    return (await sign_in("organiser", name="Host", number="H1")).id


@dataclass(frozen=True, slots=True)
class Phone:
    """A page of a browser that is signed in."""

    page: Page
    address: str
    who: SignedIn

    async def enter(self, code: str) -> None:
        """Into the room, as whoever scans its code: look, then join."""
        await self.page.goto(f"{self.address}/rooms/{code}")
        if await self.page.locator(".room-card").count():
            await self.page.locator(".room-card button").click()
        await expect(self.page.locator("html[data-connection=live]")).to_have_count(1)


@pytest.fixture
async def phone(served: Served, browser: Chromium, sign_in: SignIn) -> Phone:
    who = await sign_in(name="李娜")
    context = await browser.new_context(viewport={"width": 360, "height": 640})
    await who.enter(context, served.address)
    return Phone(await context.new_page(), served.address, who)
