"""The machine's clock is set, by an hour and by eight, back and ahead, under a served Laurel amid a question.

`laurel serve` runs as people run it, but its processes read the wall clock through `stepped/sitecustomize.py`.
"""

import asyncio
import re
import runpy
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from games.quizzes import queries as quizzes
from rewards import database as db
from rewards.boards.actions import refresh_units
from rewards.members.actions import issue_links
from rewards.outbox.queries import overdue
from server.commands.checking import differences
from server.runtime.chance import token
from server.runtime.clock import now
from server.runtime.resources import opened
from server.runtime.settings import Settings
from tests.faults.phones import Device, Phone
from tests.games.quizzes.world import Play, Scene, room, scene
from tests.patience import until
from tests.server.laurel import Running, free_port
from tests.server.runtime.served import settings_of
from tests.workers.world import HOUR

pytestmark = pytest.mark.faults

STEPPED = Path(__file__).parent / "stepped"
PHONES = 6
SECONDS = 10
"""Of a question: nobody says Next, its time ends it."""
STEPS = [-3600, 3600, -8 * 3600, 8 * 3600]
SET = {True: "The machine's clock was set back", False: "The machine's clock was set ahead"}
_LEFT = re.compile(r'data-remaining-ms="(\d+)"')
_BOOT = re.compile(r'name="boot" value="([^"]+)"')
_code = count(1)


@dataclass
class Hall:
    """A served Laurel, phones, and an administrator who hosts. `ahead`: where it stands how far the wall is ahead."""

    running: Running
    settings: Settings
    scene: Scene
    phones: list[Phone]
    host: Device
    ahead: Path
    more: dict[str, str]

    def set(self, seconds: int) -> None:
        draft = self.ahead.with_suffix(".new")
        draft.write_text(str(seconds))
        draft.replace(self.ahead)

    async def says(self, text: str, path: str = "/desk/health") -> None:
        async def found() -> bool:
            return text in (await self.host.ask("GET", path)).text

        await until(found, f"{path} to say: {text}")

    async def agrees(self) -> None:
        async def silent() -> bool:
            page = (await self.host.ask("GET", "/desk/health")).text
            return "A worker is at work." in page and not any(text in page for text in SET.values())

        await until(silent, "nothing to be told of clocks")

    async def next(self, play: Play, expected: str) -> None:
        async def there() -> bool:
            async with opened(self.settings):
                state, version = await play.state(), await play.version()
            if state != expected:
                await self.host.ask("POST", f"/desk/rooms/{play.id}/moves", {"move": "next", "version": str(version)})
            return state == expected

        await until(there, f"the room to be at its {expected}")

    async def see(self, state: str) -> None:
        await until(lambda: all(phone.state == state for phone in self.phones), f"every phone to see the {state}")

    async def play(self, step: int | None = None, *, hosted: bool = False) -> None:
        """A room from lobby to podium; nobody but the clock closes its question, in which the wall is set, or else (if
        `hosted`) the host."""
        for phone in self.phones:
            phone.ready.set()
            phone.refused.clear()
        async with opened(self.settings) as resources:
            play = await room(resources.redis, self.scene, code=f"clock{next(_code)}")
            code = await db.value("SELECT code FROM room WHERE id = $1", play.id)
        async with asyncio.TaskGroup() as group:
            for phone in self.phones:
                group.create_task(phone.play(code))
            await self.see("lobby")
            await self.next(play, "question")
            async with opened(self.settings):
                asked = await play.round()
            await until(lambda: all(asked in phone.acknowledged for phone in self.phones), "the phones to be answered")
            if step is not None:
                self.set(step)
                page = (await self.phones[0].device.ask("GET", f"/rooms/{code}")).text
                assert all(int(left) <= SECONDS * 1000 for left in _LEFT.findall(page)), page
            if hosted:
                await self.next(play, "reveal")
            await self.see("reveal")
            await self.next(play, "podium")
        assert not any(phone.refused for phone in self.phones)
        await self.check(play, asked)

    async def check(self, play: Play, asked: UUID) -> None:
        """What the phones were told is there, the points are posted, and no work waits."""
        async with opened(self.settings):
            stored = await db.rows("SELECT member, picked FROM answer WHERE round = $1", asked)
            assert {one["member"]: one["picked"] for one in stored} == {
                phone.member: phone.acknowledged[asked] for phone in self.phones
            }

            async def all_done() -> bool:
                posted = await db.value("SELECT count(*) FROM posting WHERE key LIKE $1", f"quiz:{play.id}:%")
                return posted == len(await quizzes.scores(play.id)) and await overdue(now()) == []

            await until(all_done, "the work to be done")

    async def take_over(self, seconds: int) -> None:
        """The button on the page of health."""
        await self.says(SET[seconds < 0])
        page = (await self.host.ask("GET", "/desk/health")).text
        (boot,) = _BOOT.findall(page)
        assert f'name="seconds" value="{seconds}"' in page
        done = await self.host.ask("POST", "/desk/clock", {"boot": boot, "seconds": str(seconds)})
        assert done.status_code == 303, done.text
        await self.agrees()


@pytest.fixture(scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    folder = tmp_path_factory.mktemp("clock")
    ahead = folder / "ahead"
    ahead.write_text("0")
    # This process keeps time over the same database, so it sees the same clock.
    patched = pytest.MonkeyPatch()
    patched.setenv("CLOCK_AHEAD", str(ahead))
    for name in ("time", "time_ns"):
        patched.setattr(time, name, getattr(time, name))
    runpy.run_path(str(STEPPED / "sitecustomize.py"))
    more = {
        "LAUREL_PORT": str(free_port()),
        "LAUREL_WEB_PROCESSES": "2",
        "PYTHONPATH": str(STEPPED),
    }
    running = await asyncio.to_thread(Running, folder / "data", "serve", **more)
    url, settings = running.said["url"], settings_of(folder / "data")
    async with opened(settings) as resources:
        there = await scene(PHONES, number=1, seconds=SECONDS, at=now())
        await db.rows("UPDATE member SET roles = '{admin,organiser}' WHERE id = $1", there.host)
        await refresh_units(resources.redis, there.season, today=resources.day_of(now()))
        people = [there.host, *there.players]
        links = dict(await issue_links(people, actor=None, now=now(), valid=HOUR, new_token=token))
    host, *devices = [Device(url) for _ in people]
    phones = [
        Phone(member, device, 1 + n % 2) for n, (member, device) in enumerate(zip(there.players, devices, strict=True))
    ]
    made = Hall(running, settings, there, phones, host, ahead, more)
    try:
        pairs = zip(people, (host, *devices), strict=True)
        await asyncio.gather(*(device.sign_in(f"/in/{links[one]}") for one, device in pairs))
        await made.agrees()
        yield made
    finally:
        await asyncio.gather(*(device.http.aclose() for device in (host, *devices)))
        await asyncio.to_thread(made.running.kill_everything)
        patched.undo()


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_is_told_and_changes_nothing(hall: Hall, step: int) -> None:
    """The question ends in its time; the desk says what happened, and no more once the clock is put right."""
    await hall.play(step)
    await hall.says(SET[step < 0])
    await hall.says("A worker is at work.")
    await hall.says("Somebody has to say which time is right.", "/desk")
    await hall.play(hosted=True)
    hall.set(0)
    await hall.agrees()


@pytest.mark.parametrize("seconds", [-3600, 8 * 3600, -8 * 3600])
async def test_the_clock_was_wrong_and_is_right_now(hall: Hall, seconds: int) -> None:
    """Said at the desk; what comes then comes in its time, and everybody is still signed in."""
    before = int(hall.ahead.read_text())
    hall.set(before + seconds)
    await hall.take_over(seconds)
    await hall.play()


async def test_all_processes_end_and_come_back_after_a_step(hall: Hall) -> None:
    before = int(hall.ahead.read_text())
    hall.set(before - 3600)
    await asyncio.to_thread(hall.running.kill_everything)
    hall.running = await asyncio.to_thread(Running, hall.settings.data, "serve", **hall.more)
    await hall.says(SET[True])
    await hall.play()
    hall.set(before)
    await hall.agrees()


async def test_after_all_of_it_check_finds_nothing(hall: Hall) -> None:
    async with opened(hall.settings) as resources:

        async def nothing() -> bool:  # a worker that was ended keeps what it had claimed for a minute
            return await differences(resources) == []

        await until(nothing, "check to find nothing")
        found = await db.rows("SELECT code, count(*) AS n FROM audit_entry WHERE code LIKE 'clock.%' GROUP BY 1")
    told = {"clock.agreed": 0, "clock.taken_over": 0, **{one["code"]: one["n"] for one in found}}
    assert told["clock.stepped"] == told["clock.agreed"] + told["clock.taken_over"] > 0
