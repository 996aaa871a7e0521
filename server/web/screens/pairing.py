"""Pairing a wall: it shows six characters, an organiser types them at the desk, and it shows its screen at once.

Two things live in Redis and nowhere else, for minutes; when they are lost, the wall shows other characters by itself:
laurel:wall:{hash}     the characters that a browser shows
laurel:pairing:{code}  the hash of what the browser keeps in its cookie
Which screen a browser was paired with is a row, so that a wall that is switched on again goes on where it was.
"""

import hashlib
import unicodedata
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get
from redis.asyncio import Redis

from rewards.refusals import Refusal
from server.runtime.chance import human_code, token
from server.web.frame import html, pages
from server.web.frame.asked import Asked
from server.web.frame.limits import Policy, network_of
from server.web.screens import links, queries
from server.web.screens.screen import language_of, theme_of

CODE_LENGTH: Final = 6
SHOWN_FOR: Final = timedelta(minutes=10)
TYPED_FOR: Final = SHOWN_FOR + timedelta(minutes=1)
"""What somebody has read from a wall still counts when the wall has just changed it."""

NEW_CODES: Final = Policy("screen.codes", 60, 1 / 10)
"""Characters for walls, by the address they are asked from: a house full of walls that is switched on at once."""

WRONG_CODES: Final = Policy("screen.wrong_codes", 20, 1 / 30)
"""Characters that no wall shows, by whoever types them."""

COOKIE: Final = "laurel_wall"
YEAR: Final = 365 * 86400


def _hash(kept: str) -> bytes:
    return hashlib.sha256(kept.encode()).digest()


def _wall(browser: bytes) -> str:
    return f"laurel:wall:{browser.hex()}"


def _pairing(code: str) -> str:
    return f"laurel:pairing:{code}"


async def _code(request: Asked, browser: bytes) -> str:
    """What a browser that is not paired shows; "" when too many are asked for from where it stands."""
    process = pages.process(request)
    shown: bytes | None = await process.redis.get(_wall(browser))
    if shown is not None:
        return shown.decode()
    taken = await process.limits.take(
        NEW_CODES.name,
        key=network_of(request.client.host if request.client else ""),
        capacity=NEW_CODES.capacity,
        refill_per_second=NEW_CODES.refill_per_second,
    )
    code = human_code(CODE_LENGTH) if taken.allowed else ""
    if not code or not await process.redis.set(_pairing(code), browser, ex=TYPED_FOR, nx=True):
        return ""  # asked again in a moment
    await process.redis.set(_wall(browser), code, ex=SHOWN_FOR)
    return code


async def browser_of(request: Asked, typed: str) -> bytes:
    """The browser whose characters somebody typed at the desk, in capitals or not. Refusals: screen.code_unknown,
    web.too_many (he has typed too many that no wall shows)."""
    process, who = pages.process(request), str(pages.signed_in(request).id)
    name, capacity, refill = WRONG_CODES.name, WRONG_CODES.capacity, WRONG_CODES.refill_per_second
    tried = await process.limits.take(name, key=who, capacity=capacity, refill_per_second=refill)
    if not tried.allowed:
        raise Refusal("web.too_many", seconds=tried.retry_after_seconds)
    plain = unicodedata.normalize("NFKC", typed).lower()
    found: bytes | None = await process.redis.get(_pairing("".join(sign for sign in plain if sign.isalnum())))
    if found is None:
        raise Refusal("screen.code_unknown")
    await process.limits.give_back(name, key=who, capacity=capacity, refill_per_second=refill)
    return found


async def forget(redis: Redis, browser: bytes) -> None:
    """A browser that was paired needs its characters no more."""
    shown: bytes | None = await redis.getdel(_wall(browser))
    if shown is not None:
        await redis.delete(_pairing(shown.decode()))


async def _home(request: Asked, browser: bytes) -> str:
    """The address of the screen that a browser was paired with, in the language that it was opened in; "" for none."""
    screen = await queries.paired(browser)
    if screen is None:
        return ""
    asked = {name: value for name in ("lang", "theme") if (value := request.query_params.get(name, ""))}
    key = links.key_of(pages.process(request).resources.settings, screen.id)
    return f"/screen/{key}" + (f"?{urlencode(asked)}" if asked else "")


def _shown(request: Asked, code: str) -> dict[str, object]:
    asked = {"lang": language_of(request), "theme": theme_of(request), "seen": code}
    ask = "/screen/code?" + urlencode({name: value for name, value in asked.items() if value})
    address = pages.process(request).resources.settings.public_url.partition("://")[2]
    return {"code": code, "ask": ask, "address": address}


@get("/screen", opt={"open": True})
async def show_pairing(request: Asked) -> Response[bytes]:
    """What is opened on a wall: on to its screen, or the characters that pair it with one."""
    kept = request.cookies.get(COOKIE, "")
    new = "" if len(kept) == 43 else token()
    browser = _hash(new or kept)
    if home := await _home(request, browser):
        return Response(b"", status_code=303, headers={"Location": home})
    shown = pages.context(request, theme=theme_of(request), **_shown(request, await _code(request, browser)))
    text = html.render("screens/screen/pairing.html", language_of(request), **shown)
    answer = Response(text.encode(), media_type="text/html")
    if new:
        answer.headers["set-cookie"] = pages.process(request).gate.cookie(COOKIE, new, YEAR)
    return answer


@get("/screen/code", opt={"open": True})
async def poll_pairing(request: Asked) -> Response[bytes]:
    """For that page, every two seconds: on to the screen once it is paired, other characters when its own are old."""
    kept = request.cookies.get(COOKIE, "")
    if len(kept) != 43:
        return Response(b"", status_code=204)
    browser = _hash(kept)
    if home := await _home(request, browser):
        return Response(b"", status_code=204, headers={"HX-Redirect": home})
    code = await _code(request, browser)
    if code == request.query_params.get("seen", ""):
        return Response(b"", status_code=204)
    text = html.render_block("screens/screen/pairing.html", "code", language_of(request), **_shown(request, code))
    return Response(text.encode(), media_type="text/html")


HANDLERS = [show_pairing, poll_pairing]
