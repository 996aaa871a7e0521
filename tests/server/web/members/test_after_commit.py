"""Redis fails between a commit and the line after it: what must follow the commit follows all the same."""

import ast
import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.boards import actions as boards
from rewards.boards.checks import drift
from rewards.boards.queries import place_of
from rewards.boards.rules import season_board
from rewards.ledger import actions as ledger
from rewards.members import actions
from rewards.members.roster_file import RosterRow
from rewards.outbox.queries import open_count, overdue
from server.runtime import redis_client
from server.runtime.chance import new_id, token
from server.runtime.clock import now
from server.runtime.settings import Settings, load, prepare
from tests.games.quizzes.test_actions import until_waiting
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member
from workers.main import carry_out

ADMIN, CODE, NEW_CODE = "A-1", "Blue-valve-7", "Red-lever-42"
ROOT = Path(__file__).resolve().parents[4]
PACKAGES = ("rewards", "games", "server", "workers")


@pytest.fixture
async def app_settings(
    database_url: str, servers: tuple[str, str], redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    """The application comes to Redis as a user of its own, who can be shut out, and does not try again for long."""
    monkeypatch.setattr(redis_client, "_RETRIES", 0)
    await redis.execute_command("ACL SETUSER laurel on >word ~* &* +@all")
    yield prepare(
        load(
            {
                "LAUREL_DATABASE_URL": database_url,
                "LAUREL_REDIS_URL": servers[1].replace("://", "://laurel:word@"),
                "LAUREL_PUBLIC_URL": "http://testserver.local",
            },
            tmp_path,
        )
    )
    await redis.execute_command("ACL DELUSER laurel")


@dataclass
class Scene:
    """An admin, and a member who is signed in on a `phone` and a `laptop`."""

    client: Browser
    redis: Redis
    database: str
    admin: SignedIn
    phone: SignedIn
    laptop: SignedIn
    preview: str = ""

    @property
    def member(self) -> UUID:
        return self.phone.id

    @property
    def path(self) -> str:
        return f"/desk/members/{self.member}"

    async def session(self, who: SignedIn):
        """What the session of a device says; None when it is signed out."""
        return await self.client.app.state.process.sessions.get(who.session)

    async def bring(self, data: str) -> None:
        """A roster file, as far as its preview."""
        answer = await self.client.post(
            f"/desk/members/import?csrf={self.admin.csrf}",
            headers={"cookie": self.admin.cookie},
            files={"file": ("roster.csv", data.encode())},
        )
        self.preview = answer.headers["location"]

    async def cut(self, asked: Awaitable[httpx.Response]) -> httpx.Response:
        """Ask for something, and shut the application out of Redis while its transaction is under way."""
        between = await asyncpg.connect(self.database)
        async with between.transaction():
            await between.execute("LOCK TABLE member, audit_entry IN SHARE MODE")
            task = asyncio.ensure_future(asked)
            await until_waiting(self.database, 1)
            await self.redis.execute_command("ACL SETUSER laurel off")
            await self.redis.execute_command("CLIENT KILL USER laurel")
        await between.close()
        answer = await task
        await self.redis.execute_command("ACL SETUSER laurel on")
        return answer

    async def work(self) -> None:
        """What a worker does, until nothing is left to do."""
        resources = self.client.app.state.process.resources
        while waiting := await overdue(now()):
            for one in waiting:
                await carry_out({"resources": resources}, one.kind, one.subject)
        assert await open_count() == 0


@pytest.fixture
async def scene(client: Browser, redis: Redis, database_url: str, sign_in: SignIn) -> Scene:
    admin = await sign_in("admin", name="Admin", number=ADMIN)
    phone = await sign_in("organiser", name="Li Na", number="00123")
    await db.rows("UPDATE member SET language = 'en' WHERE id = $1", phone.id)
    await actions.set_code(phone.id, CODE, now=now(), new_id=new_id)
    laptop = await sign_in("organiser", name="Li Na", member=phone.id)
    return Scene(client, redis, database_url, admin, phone, laptop)


async def leave(scene: Scene) -> httpx.Response:
    return await scene.client.post(f"{scene.path}/leave", headers=scene.admin.headers)


async def change_roles(scene: Scene) -> httpx.Response:
    return await scene.client.post(f"{scene.path}/roles", headers=scene.admin.headers, data={"role": "auditor"})


async def apply_roster(scene: Scene) -> httpx.Response:
    return await scene.client.post(scene.preview, headers=scene.admin.headers)


async def correct(scene: Scene) -> httpx.Response:
    given = {"staff_number": "00123", "name": "Li Nana"}
    return await scene.client.post(f"{scene.path}/edit", headers=scene.admin.headers, data=given)


async def end_all(scene: Scene) -> httpx.Response:
    return await scene.client.post(f"{scene.path}/sessions", headers=scene.admin.headers)


async def end_laptop(scene: Scene) -> httpx.Response:
    page = (await scene.client.get(scene.path, headers=scene.admin.headers)).text
    refs = re.findall(r'name="ref" value="(\w{16})"', page)
    [ref] = [ref for ref in refs if hashlib.sha256(scene.laptop.session.encode()).hexdigest().startswith(ref)]
    return await scene.client.post(f"{scene.path}/sessions", headers=scene.admin.headers, data={"ref": ref})


async def change_code(scene: Scene) -> httpx.Response:
    return await scene.client.post("/set-code", headers=scene.phone.headers, data={"old": CODE, "code": NEW_CODE})


async def lose_code(scene: Scene) -> httpx.Response:
    return await scene.client.post(f"{scene.path}/code", headers=scene.admin.headers)


async def change_language(scene: Scene) -> httpx.Response:
    return await scene.client.post("/language", headers=scene.phone.headers, data={"language": "zh-Hans"})


def says(name: str = "Li Na", roles: tuple[str, ...] = ("organiser",), language: str | None = "en", unit: str = ""):
    """What each session of the member says afterwards."""
    return (name, roles, language, unit)


HERE = says()
OUT = None


@dataclass(frozen=True)
class Case:
    """An action of `rewards.members.actions`, asked for by a page; what phone and laptop are afterwards."""

    action: str
    ask: Callable[[Scene], Awaitable[httpx.Response]]
    phone: tuple[object, ...] | None
    laptop: tuple[object, ...] | None
    file: str = ""


CASES = [
    Case("mark_left", leave, OUT, OUT),
    Case("set_roles", change_roles, says(roles=("auditor",)), says(roles=("auditor",))),
    Case("import_roster", apply_roster, OUT, OUT, "staff number,name,left\n00123,Li Na,2026-01-05\n"),
    Case(
        "import_roster",
        apply_roster,
        says("Li Nana", ("reviewer",)),
        says("Li Nana", ("reviewer",)),
        "staff number,name,role\n00123,Li Nana,reviewer\n",
    ),
    Case(
        "import_roster",
        apply_roster,
        says(unit="Stores"),
        says(unit="Stores"),
        "staff number,name,unit\n00123,Li Na,A/Stores\n",
    ),
    Case("correct_member", correct, says("Li Nana"), says("Li Nana")),
    Case("end_sessions", end_all, OUT, OUT),
    Case("end_sessions", end_laptop, HERE, OUT),
    Case("set_code", change_code, OUT, OUT),
    Case("forget_code", lose_code, OUT, OUT),
    Case("set_language", change_language, says(language="zh-Hans"), says(language="zh-Hans")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
async def test_what_a_session_says_follows_the_roster(scene: Scene, case: Case) -> None:
    if case.file:
        await scene.bring(case.file)
    await scene.cut(case.ask(scene))
    await scene.work()
    found = [await scene.session(device) for device in (scene.phone, scene.laptop)]
    told = [one and (one.name, one.roles, one.language, one.unit) for one in found]
    assert told == [case.phone, case.laptop]


async def test_a_renamed_unit_is_what_those_in_it_say(scene: Scene) -> None:
    unit = await actions.add_unit("Stores", None, actor=None, now=now(), new_id=new_id)
    row = RosterRow(1, "00123", "Li Na")
    today = scene.client.app.state.process.today()
    await actions.correct_member(scene.member, row, unit, actor=None, now=now(), today=today, new_id=new_id)
    form = {"name": "Works", "parent": ""}
    await scene.cut(scene.client.post(f"/desk/units/{unit}", headers=scene.admin.headers, data=form))
    await scene.work()
    found = [await scene.session(device) for device in (scene.phone, scene.laptop)]
    assert [one and one.unit for one in found] == ["Works", "Works"]


async def test_an_import_of_five_hundred(scene: Scene) -> None:
    people = [await add_member(f"Member {n}", f"N{n}", ["reviewer"]) for n in range(500)]
    sessions = scene.client.app.state.process.sessions
    ids = [
        await sessions.start(one, name="Before", roles=["reviewer"], language=None, unit="", device="test", version=0)
        for one in people
    ]
    lines = [f"N{n},Member {n} Li,clear,{'2026-01-05' if n % 2 else ''}" for n in range(500)]
    await scene.bring("\n".join(["staff number,name,role,left", *lines]))
    await scene.cut(apply_roster(scene))
    await scene.work()
    found = await asyncio.gather(*(sessions.get(one) for one in ids))
    assert [one and (one.name, one.roles) for one in found] == [
        None if n % 2 else (f"Member {n} Li", ()) for n in range(500)
    ]


async def test_the_first_admin_takes_over_no_session_of_before(scene: Scene) -> None:
    """Whoever was signed in as this member is not an admin by it."""
    await db.rows("UPDATE member SET roles = '{}'")
    made = await actions.first_admin_link(now(), token)
    page = await scene.client.get(f"/welcome/{made}")
    csrf = re.search(r'name="csrf" value="([\w-]+)"', page.text)
    assert csrf is not None
    told = {"csrf": csrf[1], "name": "Li Na", "staff_number": "00123", "code": NEW_CODE}
    await scene.cut(scene.client.post(f"/welcome/{made}", data=told))
    await scene.work()
    assert [await scene.session(device) for device in (scene.phone, scene.laptop)] == [None, None]


async def test_boards_follow_who_leaves_and_who_comes_back(scene: Scene) -> None:
    redis, today = scene.redis, scene.client.app.state.process.today()
    season = await ledger.open_season(
        "Autumn", today - timedelta(days=30), today + timedelta(days=60), at=now(), actor=None, new_id=new_id()
    )
    async with db.transaction():
        await ledger.award(
            [ledger.Award("quiz:1", scene.member, 60)],
            rule="quiz",
            season=season.id,
            day=today,
            at=now(),
            new_id=new_id,
        )
    await boards.rebuild(redis, today=today)
    board = season_board(season.id)
    assert await place_of(redis, board, scene.member) is not None
    await scene.cut(leave(scene))
    await scene.work()
    assert await place_of(redis, board, scene.member) is None
    await scene.cut(scene.client.post(f"{scene.path}/restore", headers=scene.admin.headers))
    await scene.work()
    assert await place_of(redis, board, scene.member) is not None
    await scene.bring("staff number,name,left\n00123,Li Na,2026-01-05\n")
    await scene.cut(apply_roster(scene))
    await scene.work()
    assert await drift(redis, today=today) == []
    assert await place_of(redis, board, scene.member) is None


TABLES = "member|membership|unit"
WRITES = re.compile(rf"(UPDATE|INSERT INTO|DELETE FROM) ({TABLES})\b|(?i:\b({TABLES})\.(update|insert|delete)\()")
"""Where somebody writes what sessions say: who he is, what he may, where he belongs; in SQL or by a table's class."""
SAYS_NOTHING_ELSE = {
    "set_alias": "boards ask for it when they are shown",
    "check_code": "the same code, hashed anew",
    "follow": "lets the sessions of those whom it is told of follow",
    "belong": "joins the transaction of whoever calls it",
    "add_rows": "joins the transaction of whoever calls it",
    "write_details": "joins the transaction of whoever calls it",
    "write_keys": "what a member is found by",
    "make_keys": "what a member is found by",
    "add_unit": "nobody is in it",
    "retire_unit": "nobody is in it",
    "bring_back_unit": "nobody is in it",
}


def writers() -> set[str]:
    """Every public function of the program that writes these tables, itself or by others of its module."""
    found = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        texts: dict[str, str] = {}
        names: dict[str, set[str]] = {}
        for one in ast.parse(path.read_text()).body:
            target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", one)
            name = getattr(target, "id", getattr(target, "name", ""))
            texts[name] = ast.unparse(one)
            names[name] = {part.id for part in ast.walk(one) if isinstance(part, ast.Name)} - {name}
        writing = {name for name, text in texts.items() if WRITES.search(text)}
        while more := {name for name in names if names[name] & writing} - writing:
            writing |= more
        found |= {name for name in writing if name.islower() and not name.startswith("_")}
    return found


def test_every_action_that_writes_what_a_session_says_is_tried_here() -> None:
    """A new one that is not among the cases, or among those that say why they need none, is named."""
    tried = {case.action for case in CASES} | {"become_first_admin", "restore", "change_unit"}
    assert writers() - set(SAYS_NOTHING_ELSE) == tried
    assert set(SAYS_NOTHING_ELSE) <= writers()
