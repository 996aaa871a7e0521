"""What every request passes: who is asking, is the request forged, and the headers that every answer carries.

Raw ASGI, one layer: it stands on the path of every answer that a phone posts.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from litestar.enums import ScopeType
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from server.runtime.chance import token
from server.runtime.sessions import Session, Sessions
from server.web.frame.compression import accepts_gzip, compressing

SESSION = "laurel_session"
VISIT = "laurel_visit"
MOST_FORM = 256 * 1024
"""Bytes of a form without a header token that are read to find the token in it."""
MOST_OF_A_MEMBER = 64 * 1024
"""Bytes of whatever somebody without a role sends, or a stranger: only the desk brings files."""
SALT = 22
"""Characters of a form token that are only there to make it another one: 132 bits."""
DIGEST = 64
ELSEWHERE = (b"cross-site", b"same-site")
"""What a browser says in Sec-Fetch-Site when another site had it ask."""

Message = MutableMapping[str, Any]

HEADERS: list[tuple[bytes, bytes]] = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        b" font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]


class Gate:
    """Around the whole application. Puts `session` (or None), `session_id`, `anchor` (what form tokens belong to) and
    `forged` in the request's state."""

    def __init__(self, app: ASGIApp, *, sessions: Callable[[], Sessions], key: bytes, secure: bool) -> None:
        self._app = app
        self._sessions = sessions
        self._key = key
        self._secure = secure
        self._session_cookie = f"__Host-{SESSION}" if secure else SESSION

    async def __call__(self, anything: Scope, receive: Receive, send: Send) -> None:
        scope = cast("HTTPScope", anything)
        if anything["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        # A file is the same for everybody: whoever asks for one is not looked up and gets no cookie.
        for_all = scope["path"].startswith("/static/")
        cookies = {} if for_all else _cookies(scope)
        session_id = cookies.get(self._session_cookie, "")
        session: Session | None = await self._sessions().get(session_id) if session_id else None
        visit = cookies.get(VISIT, "")
        new_visit = "" if for_all or session or len(visit) == 43 else token()
        anchor = session_id if session else (new_visit or visit)
        state = scope.setdefault("state", {})
        state["session"] = session
        state["session_id"] = session_id if session else ""
        state["anchor"] = anchor
        state["forged"] = False
        if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            at_desk = session is not None and bool(session.roles)
            most = MOST_FORM if at_desk else MOST_OF_A_MEMBER
            state["forged"], receive = await self._forged(scope, headers, receive, anchor, most)
            if not at_desk and not _is_short(headers):
                receive = _at_most(receive, MOST_OF_A_MEMBER)

        def may_compress() -> bool:
            led = session is not None and headers.get(b"sec-fetch-site") in ELSEWHERE
            return accepts_gzip(headers) and not led and scope["method"] != "HEAD"

        out = compressing(send, may_compress)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                headers.extend(HEADERS)
                if self._secure:
                    headers.append((b"strict-transport-security", b"max-age=31536000"))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                headers.extend((b"set-cookie", cookie.encode()) for cookie in state.get("cookies", {}).values())
                if new_visit and scope["method"] == "GET":
                    headers.append((b"set-cookie", self.cookie(VISIT, new_visit, 86400).encode()))
                message["headers"] = headers
            await out(message)  # type: ignore[arg-type]

        await self._app(scope, receive, with_headers)  # type: ignore[arg-type]

    def token_for(self, anchor: str) -> str:
        """A form token that belongs to a session (or to a visit before sign-in): another in each call, and all of them
        are good. A page is compressed, and what stayed the same in it could be guessed by its length (decision 18)."""
        salt = token()[:SALT]
        return salt + self._digest(salt, anchor)

    def seal(self, text: str, anchor: str) -> str:
        """What proves that this text was ours, and meant for this session (or visit)."""
        return hmac.digest(self._key, f"said\n{anchor}\n{text}".encode(), "sha256").hex()

    def _digest(self, salt: str, anchor: str) -> str:
        """Without a salt it is the token of pages that were opened before there were salts."""
        return hmac.digest(self._key, f"{salt}{anchor}".encode(), "sha256").hex()

    def cookie(self, name: str, value: str, seconds: int) -> str:
        """A Set-Cookie value; `seconds` 0 removes it."""
        secure = "; Secure" if self._secure else ""
        return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"

    def session_cookie(self, session_id: str) -> str:
        """The Set-Cookie value that signs a device in; an empty id signs it out."""
        return self.cookie(self._session_cookie, session_id, 90 * 86400 if session_id else 0)

    async def _forged(
        self, scope: HTTPScope, headers: Mapping[bytes, bytes], receive: Receive, anchor: str, most: int
    ) -> tuple[bool, Receive]:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin not in ("", "null") and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1"):
            return True, receive
        given = headers.get(b"x-csrftoken", b"").decode("latin-1")
        if not given:
            given = (parse_qs(scope["query_string"].decode("latin-1")).get("csrf") or [""])[0]
        if not given and headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
            body, receive = await peek(receive, most)
            given = (parse_qs(body.decode("utf-8", "replace")).get("csrf") or [""])[0]
        salt, digest = given[:-DIGEST], given[-DIGEST:]
        return not hmac.compare_digest(digest.encode(), self._digest(salt, anchor).encode()), receive


def _cookies(scope: HTTPScope) -> dict[str, str]:
    """Name -> value, as sent. Ours hold nothing that needs quoting; the standard parser costs ten times as much."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                key, _, content = pair.strip().partition("=")
                found.setdefault(key, content)
    return found


def _is_short(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the body says that it is short; then the server lets no more come."""
    length = headers.get(b"content-length", b"")
    return length.isdigit() and len(length) < 8 and int(length) <= MOST_OF_A_MEMBER


def _at_most(receive: Receive, most: int) -> Receive:
    """The same body; RequestEntityTooLarge in place of its rest where it is longer."""
    taken = 0

    async def counted() -> Any:
        nonlocal taken
        message = cast("Message", await receive())
        taken += len(message.get("body", b""))
        if taken > most:
            raise RequestEntityTooLarge
        return message

    return counted


async def peek(receive: Receive, most: int = MOST_FORM) -> tuple[bytes, Receive]:
    """Read a small body and give it back to be read again; a larger one is left to be refused."""
    messages: list[Any] = []
    body = b""
    more = True
    while more and len(body) <= most:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    waiting = iter(messages)

    async def again() -> Any:
        for message in waiting:
            return message
        return await receive()

    replay: Callable[[], Awaitable[Any]] = again
    return body, replay
