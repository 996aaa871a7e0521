"""From codes to status and words: the one place that knows both."""

import logging

import asyncpg
from litestar import Response
from litestar.exceptions import HTTPException
from redis.exceptions import RedisError

from rewards.refusals import Refusal
from server.web import html
from server.web.pages import Asked, context, is_htmx, locale, sentence

log = logging.getLogger("laurel.web")

_BY_BEGINNING = (
    (
        400,
        (
            "web.field_",
            "web.bad_",
            "file.",
            "quiz.title",
            "quiz.empty",
            "quiz.scoring",
            "alias.",
            "code.",
            "members.bad_",
            "picture.",
            "draw.code_form",
            "draw.commitment_missing",
        ),
    ),
    (
        403,
        (
            "members.need_admin",
            "links.need_admin",
            "members.own_",
            "roster.roles_need_admin",
            "approval.",
        ),
    ),
    (400, ("roster.",)),
    (
        404,
        (
            "room.unknown",
            "quiz.unknown",
            "draw.unknown",
            "members.unknown",
            "round.unknown",
            "claim.unknown",
            "screen.unknown",
            "funds.unknown",
            "draw.no_custodian",
            "claim.not_yours",
            "presence.badge",
        ),
    ),
    (410, ("sign_in.link_", "screen.revoked_")),
)
STATUS = {
    "web.not_found": 404,
    "web.not_allowed": 403,
    "web.sign_in_first": 401,
    "web.forged": 403,
    "web.too_large": 413,
    "web.method": 405,
    "web.too_many": 429,
    "web.fault": 500,
    "web.resting": 503,
    "sign_in.too_many": 429,
    "sign_in.wrong": 403,
    "sign_in.left": 403,
}
"""Codes with a status of their own; then by how a code begins; any other refusal is 409, a rule of the house."""

_OF_STATUS = {400: "web.bad_input", 404: "web.not_found", 405: "web.method", 413: "web.too_large", 429: "web.too_many"}


def status_of(code: str) -> int:
    """The HTTP status of a refusal."""
    if code in STATUS:
        return STATUS[code]
    return next((status for status, beginnings in _BY_BEGINNING if code.startswith(beginnings)), 409)


def refused(request: Asked, refusal: Refusal) -> Response[bytes]:
    """A refusal as a page (or, for htmx, as a notice to swap in)."""
    return _answer(request, refusal.code, refusal.details, status_of(refusal.code))


def http_error(request: Asked, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself: unknown addresses, wrong methods, malformed input."""
    code = _OF_STATUS.get(error.status_code, "web.bad_input" if error.status_code < 500 else "web.fault")
    return _answer(request, code, {"seconds": 60}, error.status_code)


def no_such_file(request: Asked, _: Exception) -> Response[bytes]:
    """A name that no file can have (too long, a zero byte): the operating system's own refusal."""
    return _answer(request, "web.not_found", {}, 404)


def fault(request: Asked, error: Exception) -> Response[bytes]:
    """A fault of ours. Storage that is starting again is said as such."""
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):  # a zero byte, in an address for example
        return _answer(request, "web.bad_input", {}, 400)
    resting = isinstance(
        error,
        asyncpg.PostgresConnectionError
        | asyncpg.CannotConnectNowError
        | asyncpg.AdminShutdownError
        | asyncpg.InterfaceError
        | ConnectionError
        | RedisError
        | TimeoutError
        | OSError,
    )
    log.error("request.failed path=%s resting=%s", request.url.path, resting, exc_info=error)
    return _answer(request, "web.resting" if resting else "web.fault", {}, 503 if resting else 500)


def _answer(request: Asked, code: str, details: dict[str, str | int], status: int) -> Response[bytes]:
    language = locale(request)
    words = sentence(code, details, language)
    shown = context(request, code=code, words=words, status=status)
    headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"} if is_htmx(request) else {}
    if is_htmx(request):
        text = html.render_block("kit/refusal.html", "notice", language, **shown)
    else:
        text = html.render("kit/refusal.html", language, **shown)
    return Response(text.encode(), status_code=status, media_type="text/html; charset=utf-8", headers=headers)
