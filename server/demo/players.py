"""The show of the demo: simulated phones and a host that plays rooms, holds the draw and hands a prize over.

`python -m server.demo.players COUNT [--once]` is a process of its own beside a running Laurel: whatever people would do
goes over real HTTP. It says what happens in JSON lines on stdout. With --once one room and one draw are played as fast
as may be, everything is compared, and the last line is the report; exit 1 when anything disagrees.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from games.quizzes import queries
from games.quizzes.queries import AnswerKey, RoomRow
from rewards import database as db
from rewards.draws import queries as draws
from rewards.draws.actions import PUBLISH
from rewards.members import actions as members
from rewards.members import queries as people
from server.commands.serving import local_host
from server.demo import roster, seed
from server.demo.agreement import Played, agreement
from server.demo.browser import Browser, Lost
from server.demo.host import Host
from server.demo.phone import Acknowledged, Pace, Phone
from server.runtime import logs, settings
from server.runtime.chance import token
from server.runtime.clock import now
from server.runtime.resources import Resources, opened
from server.runtime.settings import Settings
from server.web.nouns import NOUNS

LIVELY: Final = Pace(thinking=4.0, longest=11.0, lobby=12.0, reveal=5.0, podium=10.0, stage=25.0, between=45.0)
HURRIED: Final = Pace(thinking=0.5, longest=1.2, lobby=0.0, reveal=0.0, podium=0.0, stage=0.0, between=0.0)

_AGENT: Final = "Laurel demo phone"
_AT_ONCE: Final = 12
"""Phones that sign in at the same time."""

_LOOK: Final = 0.25  # seconds between looks at a room
_PATIENCE: Final = 60.0  # seconds that something which must come may take
_SEED: Final = 2026


def tell(event: str, **facts: object) -> None:
    """One line for whoever started us."""
    sys.stdout.write(json.dumps({"event": event, **facts}, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


@dataclass
class Stopwatch:
    """Seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)

    def lap(self, stage: str) -> None:
        """The stage that ends now took the time since the one before."""
        passed = time.monotonic() - self._last
        self.seconds[stage] = round(passed, 2)
        self._last += passed


class Show:
    """Everybody who plays, and what they do together."""

    def __init__(self, resources: Resources, count: int, pace: Pace) -> None:
        self.resources = resources
        self.count = count
        self.pace = pace
        self.log = Acknowledged()
        self.phones: list[Phone] = []
        self.host = Host(self._browser("Laurel demo host"))
        self._keys: dict[UUID, Awaitable[AnswerKey | None]] = {}

    def _browser(self, agent: str) -> Browser:
        chosen = self.resources.settings
        return Browser(local_host(chosen.host), chosen.port, language=chosen.language, agent=agent)

    async def gather(self) -> None:
        """Issue links and sign everybody in by them."""
        chosen = await self._chosen()
        issued = await members.issue_links(chosen, actor=None, now=now(), valid=timedelta(hours=1), new_token=token)
        chance = random.Random(_SEED)  # noqa: S311 - who is how good and how quick is a game
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(phone: Phone, made: str) -> None:
            async with places:
                await phone.sign_in(made)

        for member, _ in issued:
            own = random.Random(chance.getrandbits(64))  # noqa: S311
            self.phones.append(Phone(member, self._browser(_AGENT), chance=own, pace=self.pace, log=self.log))
        await self.host.sign_in(await seed.link(roster.HOST))
        await asyncio.gather(*(one(phone, made) for phone, (_, made) in zip(self.phones, issued, strict=True)))
        tell("signed_in", count=len(self.phones))

    @property
    def browsers(self) -> list[Browser]:
        """Of everybody who plays."""
        return [phone.browser for phone in self.phones]

    async def aclose(self) -> None:
        """Everybody hangs up."""
        for browser in (self.host.browser, *self.browsers):
            await browser.close()

    async def _chosen(self) -> list[UUID]:
        """Plain members in the order of their numbers, without the newcomer's own."""
        found: list[UUID] = []
        after = ""
        while len(found) < self.count:
            page = await people.members(after=after, limit=people.MOST_AT_ONCE)
            found += [one.id for one in page if not one.roles and one.staff_number != roster.GUEST]
            if len(page) < people.MOST_AT_ONCE:
                break
            after = page[-1].staff_number
        return found[: self.count]

    async def knows(self, round_id: UUID) -> AnswerKey | None:
        """What is in people's heads, looked up once for all."""
        if round_id not in self._keys:
            self._keys[round_id] = asyncio.ensure_future(queries.answer_key(round_id))
        return await self._keys[round_id]

    async def play(self, room: RoomRow, *, hosted: bool) -> None:
        """Everybody in the room until it is over; `hosted`: our host presses Next."""
        tell("room", code=room.code, title=room.title, hosted=hosted)
        playing = [asyncio.create_task(phone.play(room.code, self.knows)) for phone in self.phones]
        try:
            if hosted:
                await self._host(room.id)
            else:
                await self._watch(room.id)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await asyncio.gather(*playing)
        finally:
            for task in playing:
                task.cancel()
            await asyncio.gather(*playing, return_exceptions=True)
        self._keys.clear()

    async def _host(self, room_id: UUID) -> None:
        await until(lambda: self._all_in(room_id))
        await asyncio.sleep(self.pace.lobby)
        while True:
            room = await queries.room(room_id)
            if room is None or room.state in ("podium", "cancelled"):
                return
            if room.state == "reveal":
                tell("revealed", position=room.position, questions=room.questions)
                await asyncio.sleep(self.pace.reveal)
            elif room.state == "question":
                # Real people who play along get their time; without them nobody needs to wait.
                answered, players = await queries.answered(room_id), await queries.players(room_id)
                if answered < max(players, 1):
                    await asyncio.sleep(_LOOK)
                    continue
            with contextlib.suppress(Lost):
                await self.host.next(room_id, room.version)

    async def _all_in(self, room_id: UUID) -> bool:
        return await queries.players(room_id) >= len(self.phones)

    async def _watch(self, room_id: UUID) -> None:
        while True:
            room = await queries.room(room_id)
            if room is None or room.state in ("podium", "cancelled"):
                return
            await asyncio.sleep(1.0)

    async def open_room(self, quiz: UUID) -> RoomRow:
        """A room of our host's for a quiz."""
        room = await queries.room(await self.host.open_room(quiz))
        if room is None:
            raise Lost("the room that was opened is not there")
        return room

    async def posted(self, room_id: UUID) -> int:
        """Wait until the worker has brought a room to the ledger; how many members got points."""

        async def there() -> bool:
            room = await queries.room(room_id)
            return room is not None and room.posted_at is not None

        await until(there)
        return len(await queries.scores(room_id))

    async def podium(self, room_id: UUID) -> list[dict[str, object]]:
        """The best three of a room."""
        best = (await queries.scores(room_id))[:3]
        names = await people.labels([one.member for one in best])
        return [
            {"place": place, "name": names[one.member].shown, "unit": names[one.member].unit, "points": one.points}
            for place, one in enumerate(best, 1)
        ]

    async def draw(self) -> UUID | None:
        """Seal, freeze and hold the next draw that is planned; None when there is none, or people have begun it."""
        for draw in await draws.coming():
            sealed = await seed.seal(self.resources, draw) if draw.state == "draft" else None
            if sealed is not None:
                break
        else:
            return None
        await self.host.freeze(draw.id)
        await until(lambda: self._is(draw.id, "frozen"))
        frozen = await draws.draw(draw.id)
        if frozen is None or frozen.promise is None:
            raise Lost("the draw was not frozen")
        tell("frozen", draw=frozen.slug, people=frozen.promise.people, tickets=frozen.promise.tickets)
        await asyncio.sleep(self.pace.podium)
        await self.host.arm(draw.id)
        await self.host.throw(draw.id)
        for secret in sealed:
            await self.host.open_secret(draw.id, secret)
        await self.host.close(draw.id)
        await until(lambda: self._published(draw.id))
        held = await draws.draw(draw.id)
        if held is None or held.state != "closed":
            raise Lost("the draw was not held")
        winners = await draws.winners(draw.id)
        tell(
            "held",
            draw=held.slug,
            code=held.code,
            winners=[{"prize": one.prize_name, "name": one.shown, "unit": one.unit} for one in winners],
        )
        return draw.id

    async def _is(self, draw_id: UUID, state: str) -> bool:
        found = await draws.draw(draw_id)
        return found is not None and found.state == state

    async def _published(self, draw_id: UUID) -> bool:
        """Whether the worker has written everything that is public."""
        waiting = "SELECT EXISTS (SELECT FROM intent WHERE kind = $1 AND subject = $2 AND done_at IS NULL)"
        return not await db.value(waiting, PUBLISH, str(draw_id))

    async def claim(self, draw_id: UUID) -> int:
        """One winner shows his code at the desk, and gets his prize; how many were handed over."""
        won = [one for one in await draws.winners(draw_id) if one.claimed_at is None]
        if not won:
            return 0
        await asyncio.sleep(self.pace.stage)
        await self.host.hand_over(won[-1].claim_code)
        await self.host.leave_stage(draw_id)
        claimed = [one for one in await draws.winners(draw_id) if one.claimed_at is not None]
        tell("claimed", prize=won[-1].prize_name, name=won[-1].shown)
        return len(claimed)


async def until(done: Callable[[], Awaitable[bool]], patience: float = _PATIENCE) -> None:
    """Look until it is so. TimeoutError when it takes too long."""
    async with asyncio.timeout(patience):
        while True:
            if await done():
                return
            await asyncio.sleep(_LOOK)


async def play_once(resources: Resources, count: int) -> int:
    """One room, one draw, one claim, and the comparison of everything; the exit code."""
    watch = Stopwatch()
    async with contextlib.aclosing(Show(resources, count, HURRIED)) as show:
        try:
            report = await _played(show, watch)
        except (Lost, TimeoutError) as error:
            report = {"agrees": False, "failed": str(error) or type(error).__name__, "after": [*watch.seconds]}
    tell("report", **report, seconds=watch.seconds)
    return 0 if report["agrees"] else 1


async def _played(show: Show, watch: Stopwatch) -> dict[str, Any]:
    resources = show.resources
    await show.gather()
    watch.lap("sign_in")
    quiz = (await queries.quizzes())[0]
    room = await show.open_room(quiz.id)
    await show.play(room, hosted=True)
    watch.lap("play")
    await show.posted(room.id)
    watch.lap("post")
    ways = {noun.name: await noun.plays(resources, show.host.browser, show.browsers) for noun in NOUNS if noun.plays}
    watch.lap("ways")
    await seed.ensure_draw(resources)
    draw_id = await show.draw()
    watch.lap("draw")
    claimed = 0 if draw_id is None else await show.claim(draw_id)
    watch.lap("claim")
    played = Played(room.id, [phone.member for phone in show.phones], show.log, draw_id, claimed)
    report = await agreement(resources, played)
    report["ways"] = {"quizzes": {"agrees": report["agrees"], "posted": report["posted"]}, **ways}
    report["agrees"] = all(one["agrees"] for one in report["ways"].values())
    report["ranked"] = await show.podium(room.id)
    watch.lap("check")
    return report


async def play_on(resources: Resources, count: int) -> int:
    """Room after room, with a draw whenever one is planned, until we are stopped."""
    async with contextlib.aclosing(Show(resources, count, LIVELY)) as show:
        await show.gather()
        turn = 0
        while True:
            try:
                await _scene(show, turn)
            except (Lost, TimeoutError) as error:
                # The server rests or somebody at the desk was quicker: begin the next scene.
                tell("interrupted", why=str(error) or type(error).__name__)
            turn += 1
            tell("pause", seconds=int(show.pace.between))
            await _between(show)


async def _scene(show: Show, turn: int) -> None:
    quizzes = await queries.quizzes()
    room = await show.open_room(quizzes[turn % len(quizzes)].id)
    await show.play(room, hosted=True)
    tell("podium", best=await show.podium(room.id))
    await asyncio.sleep(show.pace.podium)
    tell("posted", members=await show.posted(room.id))
    draw_id = await show.draw()
    if draw_id is not None:
        await show.claim(draw_id)


async def _between(show: Show) -> None:
    """Rest; whoever opens a room at the desk meanwhile finds players in it."""
    rested = time.monotonic() + show.pace.between
    while time.monotonic() < rested:
        for room in await queries.rooms(live=True):
            if room.state in ("lobby", "question", "reveal"):
                with contextlib.suppress(Lost, TimeoutError):
                    await show.play(room, hosted=False)
        await asyncio.sleep(1.0)


async def run(chosen: Settings, count: int, *, once: bool) -> int:
    """The exit code."""
    async with opened(chosen) as resources:
        return await (play_once if once else play_on)(resources, count)


def main(arguments: Sequence[str]) -> int:
    """For the supervisor."""
    chosen = settings.load(os.environ, Path.cwd())
    logs.set_up(chosen.log)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return asyncio.run(run(chosen, int(arguments[0]), once="--once" in arguments))
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
