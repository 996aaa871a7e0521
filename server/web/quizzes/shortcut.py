"""The short way of an answer: between the gate, which knows who asks and whether the form is forged, and the framework.

Here only the plain good case is answered. Everything else goes on to the framework's handler (`phone.answer`) and is
refused there, in the one place that has the words; what was refused on this way is handed on and not tried again.
"""

import re
from typing import Any, Final, cast
from uuid import UUID

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from server.runtime import clock
from server.web.frame import i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.gate import peek
from server.web.quizzes import phone
from server.web.quizzes.answering import Answering

_ADDRESS: Final = re.compile(r"/rounds/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/answers")
_HOST: Final = re.compile(rb"[0-9A-Za-z.-]+(?::[0-9]+)?")
"""Hosts that the framework takes too; it is asked about others."""
_LENGTH: Final = re.compile(rb"[0-9]{1,3}")
"""Of a body: an answer has some twenty bytes."""


class Shortcut:
    """Around the framework, within the gate."""

    def __init__(self, app: ASGIApp, answering: Answering) -> None:
        self._app = app
        self._answering = answering

    async def __call__(self, anything: Scope, receive: Receive, send: Send) -> None:
        scope = cast("HTTPScope", anything)
        address = _ADDRESS.fullmatch(scope["path"]) if scope.get("method") == "POST" else None
        if address is not None and (length := _plain(scope)):
            received_at, state = clock.now(), scope["state"]
            state["patient"] = True
            content, receive = await peek(receive)
            if len(content) == length:
                try:
                    written = await phone.recorded(
                        self._answering, UUID(address[1]), state["session"].member, pages.parsed(content), received_at
                    )
                except Exception as refusal:
                    state["refused"] = refusal
                else:
                    await _acknowledge(phone.got_it(_locale(scope), written), send)
                    return
        await self._app(anything, receive, send)


def _plain(scope: HTTPScope) -> int:
    """The length of the form when the page's script of a signed-in member sends one as always; else 0."""
    state: Any = scope["state"]
    if state["session"] is None or state["forged"]:
        return 0
    headers = dict(reversed(list(scope["headers"])))  # of several the first, as the framework reads them
    kind, length = headers.get(b"content-type", b""), headers.get(b"content-length", b"")
    usual = headers.get(b"hx-request") == b"true" and kind.startswith(b"application/x-www-form-urlencoded")
    return int(length) if usual and _HOST.fullmatch(headers.get(b"host", b"")) and _LENGTH.fullmatch(length) else 0


def _locale(scope: HTTPScope) -> str:
    chosen: str | None = cast("Any", scope["state"])["session"].language
    return chosen if chosen in i18n.LOCALES else pages.locale(Asked(scope))


async def _acknowledge(body: bytes, send: Send) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
