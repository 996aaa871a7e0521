"""The simulated host at the desk: what an organiser does, over the desk's own pages."""

import asyncio
import re
import secrets
from typing import Final
from uuid import UUID

from server.demo.browser import Answer, Browser, Lost

_ROOM: Final = re.compile(r"/desk/rooms/([0-9a-f-]{36})")
_DICE: Final = 20
_MOMENT: Final = 0.5
_PRESSES: Final = 20


class Host:
    """An organiser's browser."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def sign_in(self, link: str) -> None:
        """By personal link."""
        await self._asked(await self.browser.get(link), 200)
        await self._asked(await self.browser.post(link, {}), 303)
        await self._asked(await self.browser.get("/desk"), 200)

    async def open_room(self, quiz: UUID) -> UUID:
        """A room for a quiz; its id."""
        answer = await self._asked(await self.browser.post("/desk/rooms", {"quiz": str(quiz)}), 303)
        found = _ROOM.search(answer.location)
        if found is None:
            raise Lost("no room was opened")
        await self._asked(await self.browser.get(f"/desk/rooms/{found[1]}"), 200)
        return UUID(found[1])

    async def next(self, room: UUID, version: int) -> None:
        """The one big Next."""
        await self._pressed(f"/desk/rooms/{room}/moves", move="next", version=str(version))

    async def freeze(self, draw: UUID) -> None:
        """Have the list of a draw frozen, and put it on the screens."""
        await self._asked(await self.browser.get(f"/desk/draws/{draw}"), 200)
        await self._step(draw, "freeze")
        await self._step(draw, "stage")

    async def arm(self, draw: UUID) -> None:
        """Lock the lists."""
        await self._step(draw, "arm")

    async def throw(self, draw: UUID) -> None:
        """Roll the dice, type them, read them back from the table, and let them count."""
        dice = roll()
        await self._step(draw, "dice", digits=dice)
        await self._asked(await self.browser.get(f"/desk/draws/{draw}"), 200)
        await self._step(draw, "roll", digits=dice)

    async def open_secret(self, draw: UUID, secret: bytes) -> None:
        """Scan what a custodian takes from his envelope."""
        await self._step(draw, "reveal", secret=secret.hex())

    async def close(self, draw: UUID) -> None:
        """End the ceremony."""
        await self._step(draw, "close")

    async def leave_stage(self, draw: UUID) -> None:
        """The screens show their usual things again."""
        await self._asked(await self.browser.post(f"/desk/draws/{draw}/stage", {"off": "1"}), 303)

    async def hand_over(self, claim_code: str) -> None:
        """A winner's code, typed as he says it, and the prize given."""
        found = await self._asked(await self.browser.post("/desk/claims", {"code": claim_code}), 303)
        await self._asked(await self.browser.get(found.location), 200)
        await self._asked(await self.browser.post(f"{found.location}/hand-over", {}), 303)

    async def _step(self, draw: UUID, step: str, **typed: str) -> None:
        await self._pressed(f"/desk/draws/{draw}/{step}", **typed)

    async def _pressed(self, path: str, **typed: str) -> None:
        """A press that came too soon after the last is made again, as people do."""
        for _ in range(_PRESSES):
            if "pressed_twice" not in (await self._asked(await self.browser.post(path, typed), 303)).location:
                return
            await asyncio.sleep(_MOMENT)
        raise Lost("the desk counted no press")

    async def _asked(self, answer: Answer, status: int) -> Answer:
        if answer.status != status:
            raise Lost(f"the desk answered {answer.status}")
        return answer


def roll(count: int = _DICE) -> str:
    """Ten-sided dice as they fall."""
    return "".join(str(secrets.randbelow(10)) for _ in range(count))
