"""What every request passes: who is asking, is the request forged, how long it may wait, and the headers that every
answer carries.

Raw ASGI, one layer: it stands on the path of every answer that a phone posts.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from litestar.enums import ScopeType
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from redis.exceptions import RedisError

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
SHORT = 8.0
"""Seconds after which nobody waits for storage that gives no answer."""
WHOLE = 20.0
"""Seconds in which an answer has begun; a busy machine may need them."""
LONG = 120.0
"""The same at the desk, where few people ask for what takes long: whole rosters, whole draws."""
CUT_AGAIN = 5.0
FORM = b"application/x-www-form-urlencoded"
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


CutOff = Callable[[Scope, Exception], ASGIApp]
"""Gives the page for a request that was cut off, or that storage failed before the application had it."""


class Gate:
    """Around the whole application. Puts `session` (or None), `session_id`, `anchor` (what form tokens belong to) and
    `forged` in the request's state; also `sent`, the body of a plain form, and `begun`, once the application has it. A
    request that is `patient` there has WHOLE, whatever storage does.

    A request is cut off that has waited too long for its answer to begin; a stream that has begun never is.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: Callable[[], Sessions],
        key: bytes,
        secure: bool,
        refused: CutOff,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._key = key
        self._secure = secure
        self._refused = refused
        self._waiting: dict[asyncio.Task[Any], tuple[float, HTTPScope]] = {}
        self._cut: set[asyncio.Task[Any]] = set()
        self._session_cookie = f"__Host-{SESSION}" if secure else SESSION

    async def __call__(self, anything: Scope, receive: Receive, send: Send) -> None:
        scope = cast("HTTPScope", anything)
        if anything["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        state = scope.setdefault("state", {})
        # A file is the same for everybody: whoever asks for one is not looked up and gets no cookie.
        for_all = scope["path"].startswith("/static/") or scope["path"] == "/health"
        cookies = {} if for_all else _cookies(scope)
        session_id = cookies.get(self._session_cookie, "")
        visit, new_visit = cookies.get(VISIT, ""), ""
        state.update(session=None, session_id="", anchor=session_id or visit, forged=False)
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        started = False

        def may_compress() -> bool:
            led = state["session"] is not None and headers.get(b"sec-fetch-site") in ELSEWHERE
            return accepts_gzip(headers) and not led and scope["method"] != "HEAD"

        out = compressing(send, may_compress)

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._waiting.pop(task, None)
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

        problem: Exception
        try:
            self._waiting[task] = asyncio.get_running_loop().time(), scope
            sends, given = scope["method"] not in ("GET", "HEAD", "OPTIONS"), ""
            if sends:
                given, receive = await _given(scope, headers, receive, MOST_FORM if session_id else MOST_OF_A_MEMBER)
            session: Session | None = await self._sessions().get(session_id) if session_id else None
            new_visit = "" if for_all or session or len(visit) == 43 else token()
            state["session"] = session
            state["session_id"] = session_id if session else ""
            anchor = state["anchor"] = session_id if session else (new_visit or visit)
            state["forged"] = sends and self._forged(headers, given, anchor)
            if sends and not (session is not None and session.roles) and not _is_short(headers):
                receive = _at_most(receive, MOST_OF_A_MEMBER)
            state["begun"] = True
            await self._app(scope, receive, with_headers)  # type: ignore[arg-type]
            return
        except asyncio.CancelledError:
            if task not in self._cut or started:
                raise
            while task.uncancel():
                pass
            problem = TimeoutError()
        except (RedisError, OSError) as error:
            if started:
                raise
            problem = error
        finally:
            self._waiting.pop(task, None)
            self._cut.discard(task)
        await self._refused(anything, problem)(anything, receive, with_headers)  # type: ignore[arg-type]

    def look(self, away: bool) -> None:
        """Cut off whoever has waited too long; to be called every second or two. `away`: storage gives no answer."""
        now = asyncio.get_running_loop().time()
        for task, (begun, scope) in list(self._waiting.items()):
            limit = LONG if scope["path"].startswith("/desk") else WHOLE
            if away and "patient" not in scope["state"]:
                limit = SHORT
            if now - begun > limit:
                # Said again where it is not heard: one that meets a timeout of redis-py's own is lost there.
                self._waiting[task] = now - limit + CUT_AGAIN, scope
                self._cut.add(task)
                task.cancel()

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

    def _forged(self, headers: Mapping[bytes, bytes], given: str, anchor: str) -> bool:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin not in ("", "null") and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1"):
            return True
        salt, digest = given[:-DIGEST], given[-DIGEST:]
        return not hmac.compare_digest(digest.encode(), self._digest(salt, anchor).encode())


async def _given(scope: HTTPScope, headers: Mapping[bytes, bytes], receive: Receive, most: int) -> tuple[str, Receive]:
    """The form token of a request: from its header, its address, or its form, if it has not more bytes than `most`."""
    given = headers.get(b"x-csrftoken", b"").decode("latin-1")
    if not given:
        given = (parse_qs(scope["query_string"].decode("latin-1")).get("csrf") or [""])[0]
    if not given and headers.get(b"content-type", b"").startswith(FORM):
        body, receive = await peek(receive, most)
        scope["state"]["sent"] = body
        given = (parse_qs(body.decode("utf-8", "replace")).get("csrf") or [""])[0]
    return given, receive


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
