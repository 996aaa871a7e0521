"""Drift between the ledger and what is shown, looked for and reported, never mended in silence."""

import logging

import msgspec

from rewards.boards import queries as boards
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.checks")

REPORT = "laurel:drift"
"""Redis key of the last report (JSON: when, differences), read by the desk's health line."""


async def check_drift(resources: Resources) -> int:
    """Compare every board with the ledger; leave a report and return the number of differences."""
    at = now()
    found = await boards.drift(resources.redis, today=resources.day_of(at))
    await resources.redis.set(REPORT, msgspec.json.encode({"at": at, "differences": len(found)}))
    if found:
        log.error("boards.drifted differences=%s", len(found))
    return len(found)
