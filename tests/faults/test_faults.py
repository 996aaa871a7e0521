"""kill -9 of each process of a served Laurel in the middle of a question and of a freeze: what was acknowledged stays.

`laurel serve` runs as people run it; thirty phones play over HTTP. A lock held by the test keeps half of the answers
(or the freeze) in the middle of their transaction while the process is killed.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil
import pytest

from games.quizzes import queries as quizzes
from rewards import database as db
from rewards.boards import queries as boards
from rewards.boards.actions import refresh_units
from rewards.boards.rules import room_board, season_board
from rewards.draws import actions as draws
from rewards.draws import queries as draw_queries
from rewards.draws.eligibility import Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, Terms
from rewards.draws.verify import verify_folder
from rewards.ledger import queries as ledger
from rewards.members.actions import issue_links
from server.commands.checking import differences
from server.runtime.chance import token
from server.runtime.clock import now
from server.runtime.resources import opened
from server.runtime.settings import Settings
from tests import patience
from tests.faults.phones import Device, Phone
from tests.games.quizzes.world import Play, Scene, room, scene
from tests.patience import until
from tests.rewards.draws.world import seal_all
from tests.server.laurel import Running, free_port, laurel
from tests.server.runtime.served import settings_of
from tests.workers.world import HOUR

pytestmark = pytest.mark.faults

PHONES = 30
LONG = 300
"""Seconds of a question: as many as may be, for none may end while everything is started again."""
RIGHT, WRONG = 1, 2
_code = count(1)


@dataclass
class Office:
    """A served Laurel, its members' phones and its host's desk."""

    running: Running
    settings: Settings
    scene: Scene
    phones: list[Phone]
    host: Device
    web: int
    """Web processes, which share the port and with it the phones of a room."""

    async def value(self, sql: str, *values: object) -> object:
        """Asked on a line of its own; None while the database is away."""
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(self.settings.database_url)
            try:
                return await connection.fetchval(sql, *values)
            finally:
                await connection.close()
        return None

    @contextlib.asynccontextmanager
    async def holding(self, lock: str) -> AsyncIterator[None]:
        """A lock for the length of a block, or until the database is killed in it."""
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            await connection.execute(f"BEGIN; {lock}")
            yield
        finally:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=5)

    async def stuck(self, statement: str) -> None:
        """Until a statement that begins so waits for the lock."""

        async def waits() -> bool:
            found = await self.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~* $1", statement
            )
            return bool(found)

        await until(waits, f"{statement} to wait")

    def _of(self, what: str) -> list[int]:
        return [pid for name, pid in self.running.pids().items() if name.partition("-")[0] == what]

    async def kill(self, what: str) -> None:
        """kill -9, of all that are called so; everything: of the whole tree, and a start over the same folder."""
        if what == "everything":
            port = self.running.said["url"].rpartition(":")[2]
            await asyncio.to_thread(self.running.kill_everything)
            more = {"LAUREL_PORT": port, "LAUREL_WEB_PROCESSES": str(self.web)}
            self.running = await asyncio.to_thread(Running, self.settings.data, "serve", **more)
            return
        victims = self._of(what)
        processes = [psutil.Process(victim) for victim in victims]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)

        def replaced() -> bool:
            found = self._of(what)
            gone = not any(process.is_running() for process in processes)
            return gone and len(found) == len(victims) and not set(found) & set(victims)

        await until(replaced, f"{what} to be started again")

    async def time_passes(self) -> None:
        """As far as the end of every hold and of the queue's marks, which a killed worker leaves behind."""

        async def forgotten() -> bool:
            found = await self.value(
                "WITH freed AS (UPDATE intent SET claimed_until = now(), due_at = least(due_at, now())"
                " WHERE done_at IS NULL AND claimed_until IS NOT NULL RETURNING 1) SELECT count(*) FROM freed"
            )
            return found is not None

        await until(forgotten, "the holds to end")
        async with opened(self.settings) as resources:
            marks = await resources.redis.keys("arq:in-progress:*")
            if marks:
                await resources.redis.delete(*marks)

    async def move(self, play: Play, expected: str) -> None:
        """The host's Next, pressed until the room is there."""

        async def there() -> bool:
            found = await self.value("SELECT state || ' ' || version FROM room WHERE id = $1", play.id)
            state, version = str(found or " 0").split(" ")
            if state not in ("", expected):
                await self.host.ask("POST", f"/desk/rooms/{play.id}/moves", {"move": "next", "version": version})
            return state == expected

        await until(there, f"the room to be at its {expected}")

    async def all_see(self, state: str) -> None:
        await until(lambda: all(phone.state == state for phone in self.phones), f"every phone to see the {state}")

    async def done(self, *kinds: str) -> None:
        """Until no work of these kinds is open that is for now; the ends of questions closed by hand are for later."""

        async def nothing_left() -> bool:
            left = await self.value(
                "SELECT count(*) FROM intent WHERE done_at IS NULL AND due_at < now() + interval '1 minute'"
                " AND kind = ANY($1)",
                list(kinds),
            )
            return left == 0

        await until(nothing_left, f"{kinds} to be done")

    async def check(self, play: Play | None = None) -> None:
        """What the phones were told is in the table once; scores, boards and ledger agree; `check` finds nothing."""
        async with opened(self.settings) as resources:
            if play is not None:
                await self._compare(play, resources.redis)
            assert await differences(resources) == []

    async def _compare(self, play: Play, redis: object) -> None:
        stored = await db.rows(
            "SELECT answer.member, picked FROM answer JOIN round ON round.id = answer.round WHERE room = $1", play.id
        )
        (round_id,) = [one["id"] for one in await db.rows("SELECT id FROM round WHERE room = $1", play.id)]
        told = {phone.member: phone.acknowledged[round_id] for phone in self.phones}
        assert {one["member"]: one["picked"] for one in stored} == told
        assert len(stored) == PHONES
        scores = {one.member: one.points for one in await quizzes.scores(play.id)}
        places = await boards.top(redis, room_board(play.id), 2 * PHONES)  # type: ignore[arg-type]
        assert {one.member: one.points for one in places} == scores
        assert {member: bool(points) for member, points in scores.items()} == {
            phone.member: phone.option == RIGHT for phone in self.phones
        }
        posted = await db.rows("SELECT key, requested FROM posting WHERE key LIKE $1", f"quiz:{play.id}:%")
        assert {UUID(one["key"].split(":")[2]): one["requested"] for one in posted} == scores
        season = await boards.top(redis, season_board(self.scene.season), 2 * PHONES)  # type: ignore[arg-type]
        for place in season:
            assert place.points == await ledger.season_points(self.scene.season, place.member)


@contextlib.asynccontextmanager
async def an_office(data: Path, web: int) -> AsyncIterator[Office]:
    """Opened over a new data folder, everybody signed in."""
    more = {"LAUREL_PORT": str(free_port()), "LAUREL_WEB_PROCESSES": str(web)}
    running = await asyncio.to_thread(Running, data, "serve", **more)
    url, settings = running.said["url"], settings_of(data)
    async with opened(settings) as resources:
        there = await scene(PHONES, number=1, seconds=LONG, at=now())
        await db.rows("UPDATE member SET roles = '{organiser}' WHERE id = $1", there.host)
        await refresh_units(resources.redis, there.season, today=resources.day_of(now()))
        people = [there.host, *there.players]
        links = await issue_links(people, actor=None, now=now(), valid=HOUR, new_token=token)
    paths = {member: f"/in/{secret}" for member, secret in links}
    host, *devices = [Device(url) for _ in people]
    phones = [
        Phone(member, device, RIGHT if number % 3 else WRONG)
        for number, (member, device) in enumerate(zip(there.players, devices, strict=True))
    ]
    made = Office(running, settings, there, phones, host, web)
    try:
        await asyncio.gather(
            *(device.sign_in(paths[one]) for one, device in zip(people, (host, *devices), strict=True))
        )
        yield made
    finally:
        await asyncio.gather(*(device.http.aclose() for device in (host, *devices)))
        await asyncio.to_thread(made.running.kill_everything)


@pytest.fixture(scope="module", params=[1, 2], ids=["one web process", "two web processes"])
async def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with an_office(tmp_path_factory.mktemp("faults") / "data", request.param) as made:
        yield made


@contextlib.asynccontextmanager
async def playing(office: Office) -> AsyncIterator[Play]:
    """A new room with everyone in it, in its lobby; at the end all have seen the podium."""
    for phone in office.phones:
        phone.ready.clear()
        phone.sent, phone.refused = 0, []
    async with opened(office.settings) as resources:
        play = await room(resources.redis, office.scene, code=f"room{next(_code)}")
        code = await db.value("SELECT code FROM room WHERE id = $1", play.id)
    async with asyncio.TaskGroup() as group:
        for phone in office.phones:
            group.create_task(phone.play(code))
        await office.all_see("lobby")
        yield play


@contextlib.asynccontextmanager
async def open_page(device: Device, stream: str) -> AsyncIterator[None]:
    """A page that follows a stream for the length of a block."""
    heard = asyncio.Event()

    async def follow() -> None:
        async for _ in device.events(stream):
            heard.set()

    following = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(patience.SECONDS):
            await heard.wait()
        yield
    finally:
        following.cancel()


def let(phones: list[Phone]) -> None:
    """They tap."""
    for phone in phones:
        phone.ready.set()


async def acknowledged(phones: list[Phone], play: Play, office: Office) -> None:
    """Until each of them was told that the server has his answer to the room's question."""
    round_id = None
    while round_id is None:
        round_id = await office.value("SELECT id FROM round WHERE room = $1", play.id)
    await until(lambda: all(round_id in phone.acknowledged for phone in phones), "the phones to be acknowledged")


@contextlib.asynccontextmanager
async def half_answered(office: Office) -> AsyncIterator[tuple[Play, list[Phone]]]:
    """(room, phones that think) in the middle of a question that the others have answered. What is done to them in the
    block loses nothing: all are acknowledged, the room goes to its end, and everything agrees."""
    early, late = office.phones[: PHONES // 2], office.phones[PHONES // 2 :]
    async with playing(office) as play:
        await office.move(play, "question")
        await office.all_see("question")
        let(early)
        await acknowledged(early, play, office)
        yield play, late
        await acknowledged(office.phones, play, office)
        await office.move(play, "reveal")
        await office.all_see("reveal")
        await office.move(play, "podium")
    assert not any(phone.refused for phone in office.phones)
    await office.done("post_room", "refresh_boards")
    await office.check(play)


async def send(phones: list[Phone]) -> None:
    """They tap, and what they sent is on its way."""
    let(phones)
    await until(lambda: all(phone.sent for phone in phones), "the late to have sent")


@pytest.mark.parametrize("what", ["web", "worker", "redis", "database", "everything"])
async def test_in_the_middle_of_a_question(office: Office, what: str) -> None:
    async with half_answered(office) as (_, late), office.holding("LOCK TABLE answer IN SHARE MODE"):
        await send(late)
        await office.stuck("INSERT INTO answer")
        await office.kill(what)


async def test_redis_is_emptied_in_the_middle_of_a_question(office: Office) -> None:
    """Nobody is signed out, nothing that was acknowledged is lost, boards come back by themselves, the desk says so."""
    early, late = office.phones[: PHONES // 2], office.phones[PHONES // 2 :]
    async with playing(office) as play, open_page(office.host, f"/desk/rooms/{play.id}/live"):
        await office.move(play, "question")
        await office.all_see("question")
        let(early)
        await acknowledged(early, play, office)
        async with opened(office.settings) as resources:
            await until(lambda: boards.are_whole(resources.redis), "all boards to be there")
            await resources.redis.flushall()
        let(late)
        await acknowledged(office.phones, play, office)
        await office.move(play, "reveal")
        await office.all_see("reveal")
        async with opened(office.settings) as resources:
            await until(lambda: boards.are_whole(resources.redis), "all boards to be there again")
            assert await boards.lost_at() is not None
        await office.move(play, "podium")
    assert not any(phone.refused for phone in office.phones)
    assert "had lost what it held" in (await office.host.ask("GET", "/desk/health")).text
    await office.done("post_room", "refresh_boards", "rebuild_boards")
    await office.check(play)


@pytest.mark.parametrize("what", ["web", "worker", "database"])
async def test_in_the_middle_of_a_closing(office: Office, what: str) -> None:
    """The time of the question is up and the worker has announced it; the last word is not said."""
    async with playing(office) as play:
        await office.move(play, "question")
        let(office.phones)
        await acknowledged(office.phones, play, office)
        async with office.holding(f"SELECT FROM room WHERE id = '{play.id}' FOR UPDATE"):
            await office.value(
                "WITH up AS (UPDATE round SET closes_at = greatest(now(), (SELECT max(received_at) FROM answer"
                " WHERE answer.round = round.id)) WHERE room = $1 RETURNING id)"
                " UPDATE intent SET due_at = now() FROM up WHERE subject LIKE up.id || '@%'",
                play.id,
            )
            await office.stuck("FOR NO KEY UPDATE OF room")
            await office.kill(what)
        await office.time_passes()
        await office.all_see("reveal")
        await office.move(play, "podium")
    await office.done("close_round", "post_room", "refresh_boards")
    await office.check(play)


@pytest.mark.parametrize("what", ["worker", "database", "everything"])
async def test_in_the_middle_of_a_freeze(office: Office, what: str) -> None:
    at = now()
    async with opened(office.settings) as resources:
        draw = await draws.create_draw(
            resources.redis,
            Terms(
                f"Draw of {what}",
                office.scene.season,
                Rule(cap=3),
                (PrizeTerms("first", "Bicycle", 1),),
                custodians=(
                    CustodianTerms("organiser", "Host", office.scene.host),
                    CustodianTerms("notary", "Notary Li"),
                ),
            ),
            actor=office.scene.host,
            now=at - 2 * HOUR,
            today=resources.day_of(at),
            new_id=office.scene.new_id,
        )
        await seal_all(resources.redis, draw, at - 2 * HOUR)
        slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    async with office.holding("LOCK TABLE entrant IN SHARE MODE"):
        async with opened(office.settings) as resources:
            await draws.ask_freeze(
                resources.redis, draw, actor=office.scene.host, now=now(), new_id=office.scene.new_id
            )
        await office.stuck('COPY "entrant"')
        await office.kill(what)
    await office.time_passes()
    await office.done("freeze_draw", "publish_draw")
    async with opened(office.settings):
        steps = [line.code for line in await draw_queries.history(draw)]
        assert (steps[0], steps[-1], steps.count("draw.frozen")) == ("draw.created", "draw.frozen", 1)
        assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1", draw) == PHONES
    assert verify_folder(office.settings.data / "draws" / slug).state == "frozen"
    await office.check()


async def test_after_all_of_it_check_says_so(office: Office) -> None:
    ended = await asyncio.to_thread(laurel, office.settings.data, "check")
    assert ended.returncode == 0, ended.stdout + ended.stderr
