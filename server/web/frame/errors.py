"""From refusals and faults to answers: a page, or a notice for htmx."""

import logging
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import asyncpg
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Scope
from redis.exceptions import RedisError

from rewards.refusals import Refusal
from server.web.frame import html
from server.web.frame.asked import Asked
from server.web.frame.desk import menu
from server.web.frame.pages import context, is_htmx, listing, locale, me, sentence

log = logging.getLogger("laurel.web")

_OF_STATUS = {400: "web.bad_input", 404: "web.not_found", 405: "web.method", 413: "web.too_large", 429: "web.too_many"}

_SECRET = {"code", "old"}
"""Fields of forms that no page repeats: a member's code, and his old one."""


def refused(request: Asked, refusal: Refusal) -> Response[bytes]:
    """A refusal as a page (or, for htmx, as a notice to swap in)."""
    return _answer(request, refusal.code, refusal.details, listing(request).status_of(refusal.code))


def http_error(request: Asked, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself: unknown addresses, wrong methods, malformed input.

    An address that only takes forms leads whoever opens it to the page that has the form.
    """
    if error.status_code == 405 and request.method in ("GET", "HEAD"):
        page = listing(request).page_of_form(request.url.path)
        return Response(b"", status_code=303, headers={"Location": page})
    code = _OF_STATUS.get(error.status_code, "web.bad_input" if error.status_code < 500 else "web.fault")
    return _answer(request, code, {"seconds": 60}, error.status_code)


def fault(request: Asked, error: Exception) -> Response[bytes]:
    """A fault of ours. Storage that gives no answer, or lets wait too long, is said as such."""
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):  # a zero byte, in an address for example
        return _answer(request, "web.bad_input", {}, 400)
    locked = isinstance(error, asyncpg.LockNotAvailableError)
    resting = locked or isinstance(
        error,
        asyncpg.PostgresConnectionError
        | asyncpg.CannotConnectNowError
        | asyncpg.AdminShutdownError
        | asyncpg.QueryCanceledError
        | asyncpg.IdleInTransactionSessionTimeoutError
        | asyncpg.InterfaceError
        | RedisError
        | OSError,
    )
    if not resting:
        log.error("request.failed path=%s resting=%s", request.url.path, resting, exc_info=error)
        return _answer(request, "web.fault", {}, 500)
    log.warning("request.waited_in_vain path=%s error=%s", request.url.path, type(error).__name__)
    if request.method in ("GET", "HEAD"):
        return _answer(request, "web.busy" if locked else "web.resting", {}, 503)
    nothing_done = locked or "begun" not in request.scope["state"]
    return _answer(request, "web.not_taken" if nothing_done else "web.unsure", {}, 503)


def cut_off(scope: Scope, error: Exception) -> ASGIApp:
    """The gate's page for a request that waited too long, or for which storage failed before it was begun."""
    request = Asked(scope)
    return fault(request, error).to_asgi_response(None, request)


def _answer(request: Asked, code: str, details: dict[str, str | int], status: int) -> Response[bytes]:
    if request.headers.get("accept") == "text/event-stream":
        return Response(b"", status_code=status, media_type="text/event-stream")  # whoever follows reads no words
    language, waits = locale(request), status == 503
    shown = context(request, code=code, words=sentence(request, code, details), status=status)
    if is_htmx(request):
        text = html.render_block("kit/refusal.html", "notice", language, **shown)
        headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"}
    else:
        again = _sent(request) if waits else []
        looks = waits and request.method in ("GET", "HEAD")
        text = html.render("kit/refusal.html", language, **shown, **_around(request), again=again, looks_again=looks)
        headers = {}
    if waits:
        headers["Retry-After"] = "5"
    return Response(text.encode(), status_code=status, media_type="text/html", headers=headers)


def _sent(request: Asked) -> list[tuple[str, str]]:
    """What a plain form said, to be sent again as it was; its token is the one that came with it."""
    body: bytes = request.scope["state"].get("sent", b"")
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return [] if _SECRET & {name for name, _ in fields} else fields


def _around(request: Asked) -> dict[str, object]:
    """The face that a refusal is shown in, and the ways on: back to where one was on our pages, and to the start."""
    came = urlsplit(request.headers.get("referer", ""))
    ours = came.netloc == request.headers.get("host") and came.path not in ("", request.url.path)
    back = urlunsplit(("", "", came.path, came.query, "")) if ours else ""
    mine = me(request)
    if request.url.path.startswith("/desk") and mine is not None and "desk.open" in mine.may:
        return {"base": "kit/base_desk.html", "menu": menu(request), "back": back, "start": "/desk"}
    return {"base": "kit/base_phone.html", "back": back, "start": "/"}
