"""Members' phones and the host's desk over real HTTP, as stubborn as the real pages."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx

_TOKEN = re.compile(r"x-csrftoken[^\w-]{1,20}([\w-]{86})")
_LIVE = re.compile(r'data-live="(/rooms/[0-9a-f-]{36}/live)"')
_ROUND = re.compile(r'data-round="([0-9a-f-]{36})"')
_STATE = re.compile(r'data-state="([a-z]+)"')
_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
"""Seconds between tries, doubled each time."""


class Device:
    """A browser with one cookie jar. What fails on the way, or is answered by a server that rests, is tried again."""

    def __init__(self, url: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(15, read=45))
        self._token = ""

    async def sign_in(self, link: str) -> None:
        """By personal link: look, then say yes."""
        await self.ask("GET", link)
        signed = await self.ask("POST", link)
        assert signed.status_code == 303, signed.text
        await self.ask("GET", "/")

    async def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, *, htmx: bool = False
    ) -> httpx.Response:
        """The first answer below 500."""
        headers = {"x-csrftoken": self._token} | ({"hx-request": "true"} if htmx else {})
        pause = _PAUSE
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self.http.request(method, path, data=form, headers=headers)
                if answer.status_code < 500:
                    if found := _TOKEN.search(answer.text):
                        self._token = found[1]
                    return answer
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def events(self, path: str) -> AsyncIterator[tuple[str, str]]:
        """(name, data) of a stream until it breaks or ends."""
        name, data = "", []
        with contextlib.suppress(httpx.TransportError):
            async with self.http.stream("GET", path) as stream:
                if stream.status_code != 200:
                    return
                async for line in stream.aiter_lines():
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        data.append(line[6:])
                    elif not line and name:
                        yield name, "\n".join(data)
                        name, data = "", []


@dataclass
class Phone:
    """A member in a room. `acknowledged`: round -> the option he was told that the server has."""

    member: UUID
    device: Device
    option: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """He thinks until it is set."""
    acknowledged: dict[UUID, int] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)
    sent: int = 0
    state: str = ""
    _answers: dict[UUID, "asyncio.Task[None]"] = field(default_factory=dict)

    async def play(self, code: str) -> None:
        """Follow a room to its end, whatever happens to the line."""
        self.state = ""
        pause = _PAUSE
        try:
            await self.device.ask("GET", f"/rooms/{code}")
            await self.device.ask("POST", "/rooms", {"code": code})
            while self.state not in ("podium", "cancelled"):
                page = await self.device.ask("GET", f"/rooms/{code}")
                found = _LIVE.search(page.text)
                assert found is not None, (page.status_code, page.text)
                async for name, data in self.device.events(found[1]):
                    if name == "resync":
                        break
                    if name == "state":
                        pause = _PAUSE
                        self._see(data)
                        if self.state in ("podium", "cancelled"):
                            return
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            await asyncio.gather(*self._answers.values())
            self._answers.clear()

    def _see(self, shown: str) -> None:
        state, asked = _STATE.search(shown), _ROUND.search(shown)
        self.state = state[1] if state else ""
        if self.state == "question" and asked is not None and UUID(asked[1]) not in self._answers:
            round_id = UUID(asked[1])
            self._answers[round_id] = asyncio.create_task(self._answer(round_id))

    async def _answer(self, round_id: UUID) -> None:
        await self.ready.wait()
        self.sent += 1
        answer = await self.device.ask("POST", f"/rounds/{round_id}/answers", {"picked": str(self.option)}, htmx=True)
        if answer.status_code == 200:
            self.acknowledged[round_id] = 1 << self.option
        else:
            self.refused.append((answer.status_code, answer.text))
