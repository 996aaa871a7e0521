"""How long a test waits for what must come: the same for everything, and far more than the slowest machine needs.

A test waits for the thing itself and goes on as soon as it is there; this only ends a wait for what never comes.
LAUREL_TEST_PATIENCE names other seconds, for whoever breaks a thing by hand and wants to see it fail soon.
"""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

SECONDS: Final = float(os.environ.get("LAUREL_TEST_PATIENCE", "180"))

_PAUSE: Final = 0.02
"""Seconds between two looks."""

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], what: str) -> Found:
    """The condition's first true answer; AssertionError naming `what` when it never comes."""
    end = time.monotonic() + SECONDS
    pause = threading.Event()
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        pause.wait(_PAUSE)
    raise AssertionError(f"waited {SECONDS:g} s in vain: {what}")


async def until(condition: Callable[[], Awaitable[object]] | Callable[[], bool], what: str) -> None:
    """Until the condition is true; AssertionError naming `what` when it never is."""
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                found = condition()
                if found if isinstance(found, bool) else await found:
                    return
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise AssertionError(f"waited {SECONDS:g} s in vain: {what}") from None
