"""A simulated member with a phone: signs in by link, follows the room, thinks for a while and answers."""

import asyncio
import contextlib
import math
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from games.quizzes.queries import AnswerKey
from games.quizzes.rules import indexes_of, mask_of
from server.demo.browser import Answer, Browser, Lost

_STREAM: Final = re.compile(r'data-live="(/rooms/[0-9a-f-]{36}/live)"')
_ROUND: Final = re.compile(r'action="/rounds/([0-9a-f-]{36})/answers"')
_GOT: Final = re.compile(r'data-letters="([A-H](?:, [A-H])*)"')
_STATE: Final = re.compile(r'data-state="([a-z]+)"')
_OVER: Final = ("podium", "cancelled")
_RETRIES: Final = 6
_PAUSE: Final = 0.5  # seconds before a broken line or a resting server is tried again

Knows = Callable[[UUID], Awaitable[AnswerKey | None]]
"""What a question asks and which options are right: what stands in people's heads."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast people are, in seconds. Thinking is log-normal around `thinking`, never longer than `longest`."""

    thinking: float
    longest: float
    lobby: float
    reveal: float
    podium: float
    stage: float
    between: float


@dataclass
class Acknowledged:
    """What the server has said it has: (round, member) -> bits of the options chosen."""

    answers: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    refused: int = 0


class Phone:
    """One member. `skill`, 0 to 1, is how often he is right; the quick are often the skilled."""

    def __init__(self, member: UUID, browser: Browser, *, chance: random.Random, pace: Pace, log: Acknowledged) -> None:
        self.member = member
        self.browser = browser
        self._chance = chance
        self._pace = pace
        self._log = log
        self._skill = chance.betavariate(4, 2)
        self._speed = math.exp(chance.gauss(0.15 - 0.3 * self._skill, 0.25))
        self._begun: set[UUID] = set()
        self._answering: set[asyncio.Task[None]] = set()

    async def sign_in(self, token: str) -> None:
        """By personal link, as a person does: look, then say yes. Lost when it is refused."""
        await self._expect(await self.browser.get(f"/in/{token}"), 200)
        await self._expect(await self.browser.post(f"/in/{token}", {}), 303)
        await self._expect(await self.browser.get("/"), 200)

    async def _expect(self, answer: Answer, status: int) -> None:
        if answer.status != status:
            raise Lost(f"the server answered {answer.status}")

    async def play(self, code: str, knows: Knows) -> None:
        """Join a room and play it to its end, through broken lines and restarts of the server."""
        try:
            while True:
                if await self._follow(code, knows):
                    return
                await asyncio.sleep(_PAUSE * (1 + self._chance.random()))
        finally:
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)

    async def _follow(self, code: str, knows: Knows) -> bool:
        """Whether the room is over; False when the page has to be asked again."""
        with contextlib.suppress(Lost):
            page = await self.browser.get(f"/rooms/{code}")
            if page.status == 200 and _STREAM.search(page.text) is None:
                await self.browser.post("/rooms", {"code": code})
                page = await self.browser.get(f"/rooms/{code}")
            stream = _STREAM.search(page.text)
            if page.status != 200 or stream is None:
                return page.status in (403, 404, 409)
            async with contextlib.aclosing(self.browser.follow(stream[1])) as events:
                async for event in events:
                    if event.name == "resync":
                        return False
                    if event.name == "state" and self._see(event.data, knows):
                        return True
        return False

    def _see(self, shown: str, knows: Knows) -> bool:
        """Take in the state that the phone shows; whether the room is over."""
        state = _STATE.search(shown)
        asked = _ROUND.search(shown)
        if asked is not None and UUID(asked[1]) not in self._begun:
            self._begun.add(UUID(asked[1]))
            task = asyncio.get_running_loop().create_task(self._answer(UUID(asked[1]), knows))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        return state is not None and state[1] in _OVER

    async def _answer(self, round_id: UUID, knows: Knows) -> None:
        key = await knows(round_id)
        if key is None:
            return
        thinking = self._pace.thinking * self._speed * math.exp(self._chance.gauss(0, 0.35))
        await asyncio.sleep(min(thinking, self._pace.longest, key.limit_ms / 1000 * 0.9))
        picked = self._choose(key)
        for _ in range(_RETRIES):
            with contextlib.suppress(Lost):
                answer = await self.browser.post(
                    f"/rounds/{round_id}/answers", {"picked": [str(index) for index in picked]}, htmx=True
                )
                got = _GOT.search(answer.text)
                if answer.status == 200 and got is not None:
                    # What the phone now shows as stored: of two answers to a question, the first.
                    shown = [ord(letter) - ord("A") for letter in got[1].split(", ")]
                    self._log.answers[(round_id, self.member)] = mask_of(shown)
                    return
                if answer.status < 500:
                    self._log.refused += 1
                    return
            await asyncio.sleep(_PAUSE)

    def _choose(self, key: AnswerKey) -> tuple[int, ...]:
        right = indexes_of(key.right_mask)
        if self._chance.random() < self._skill:
            return right
        if key.kind == "multiple":
            # Half right is the commonest mistake: one option too few or too many.
            changed = key.right_mask ^ 1 << self._chance.randrange(key.options)
            return indexes_of(changed or key.right_mask ^ 3)
        wrong = [index for index in range(key.options) if index not in right]
        return (self._chance.choice(wrong),)
