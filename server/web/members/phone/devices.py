"""Devices that know a member's code, because it was typed there and was right.

A cookie says so: a name that the device got at random, and behind it a mark for each of the last few codes. Which
device knows which code is kept nowhere else, and a mark ends with its code: of a new one no device knows before it was
typed there. It opens nothing; it only has tries of its own (frame/limits.py, decision 23).
"""

import hmac
import re
from typing import Final

from rewards.members import queries
from server.runtime.chance import token
from server.web.frame import pages
from server.web.frame.asked import Asked

COOKIE: Final = "laurel_device"
YEAR: Final = 365 * 86400
MOST: Final = 5
"""Codes that one device knows: a family's telephone, the terminal in the canteen."""

_SHAPE: Final = re.compile(r"[\w-]{22}(?:\.[0-9a-f]{32}){1,5}", re.ASCII)


def _read(request: Asked) -> tuple[str, list[str]]:
    """What the device is called and its marks; a new name for a device without any."""
    given = request.cookies.get(COOKIE, "")
    name, *marks = given.split(".") if _SHAPE.fullmatch(given) else (token()[:22],)
    return name, marks


def _mark(request: Asked, name: str, code_hash: str) -> str:
    key = pages.process(request).resources.settings.key("device")
    return hmac.digest(key, f"{name}\n{code_hash}".encode(), "sha256").hex()[:32]


async def knows(request: Asked, staff_number: str) -> str:
    """What this device is called, if it knows the code of this number; else ""."""
    name, marks = _read(request)
    if not marks:
        return ""
    code_hash = await queries.code_hash(staff_number)
    mine = _mark(request, name, code_hash or "")
    return name if code_hash is not None and any(hmac.compare_digest(mine, mark) for mark in marks) else ""


async def remember(request: Asked, staff_number: str) -> None:
    """From this answer on, this device knows the code of this number."""
    code_hash = await queries.code_hash(staff_number)
    if code_hash is not None:
        name, marks = _read(request)
        mine = _mark(request, name, code_hash)
        kept = ".".join([name, mine, *(mark for mark in marks if mark != mine)][: MOST + 1])
        pages.set_cookie(request, COOKIE, kept, YEAR)
