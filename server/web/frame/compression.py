"""Answers leave compressed: files once (frame/files.py), pages as they are sent, event streams and pictures never."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from litestar.types import Send

QUICK: Final = 1
"""The level for what is sent once: half the CPU of level 6 for a long page, and a tenth more bytes."""
THOROUGH: Final = 9
"""The level for what is kept and sent often."""
LEAST: Final = 1024
"""Bytes below which an answer is left as it is: it would fill one packet all the same."""
LONG: Final = 128 * 1024
"""Bytes from which another thread does it, so that nobody waits for somebody's long list."""

VARY: Final = (b"vary", b"accept-encoding")
_TYPES: Final = (b"text/html", b"text/csv", b"text/plain", b"application/json")


def gzipped(content: bytes, level: int) -> bytes:
    """The same in gzip, equal for equal content; `level` 1 (quick) to 9."""
    return zlib.compress(content, level, wbits=31)


def accepts_gzip(headers: Mapping[bytes, bytes]) -> bool:
    """Whether who asked said that he can read gzip."""
    for coding in headers.get(b"accept-encoding", b"").lower().split(b","):
        name, _, quality = coding.partition(b";")
        if name.strip() == b"gzip":
            return quality.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def compressing(send: Send, wanted: Callable[[], bool]) -> Send:
    """A `send` that compresses what is worth it where it is `wanted`, which is asked only then, and tells caches so.

    Everything else (streams, short answers, pictures, what is compressed already) is passed on at once.
    """
    begun: Any = None

    async def sending(message: Any) -> None:
        nonlocal begun
        if message["type"] == "http.response.start" and _worth(dict(message["headers"])):
            message["headers"].append(VARY)
            if wanted():
                begun = message  # its length is known when its body is
                return
        elif begun is not None:
            start, begun = begun, None
            if not message.get("more_body"):
                body = await _quickly(message["body"])
                kept = [header for header in start["headers"] if header[0] != b"content-length"]
                length = (b"content-length", str(len(body)).encode())
                start["headers"] = [*kept, (b"content-encoding", b"gzip"), length]
                message["body"] = body
            await send(start)
        await send(message)

    return sending


async def _quickly(body: bytes) -> bytes:
    return await asyncio.to_thread(gzipped, body, QUICK) if len(body) >= LONG else gzipped(body, QUICK)


def _worth(headers: Mapping[bytes, bytes]) -> bool:
    return (
        int(headers.get(b"content-length", 0)) >= LEAST
        and headers.get(b"content-type", b"").startswith(_TYPES)
        and b"content-encoding" not in headers
    )
