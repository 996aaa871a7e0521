"""All processes on a machine keep one time: they share its base through the database, and look again every second."""

import asyncio
import logging
import platform
from typing import Final, NoReturn
from uuid import UUID

import asyncpg

from rewards.clocks import actions
from server.runtime import clock

log = logging.getLogger("laurel.clock")

LOOK: Final = 1.0
"""Seconds between two looks."""


async def look() -> None:
    """Go on with the time of this machine; with the wall's while the tables are older than the program."""
    wall, steady = clock.read()
    try:
        kept = await actions.keep(clock.boot(), platform.node(), wall=wall, steady=steady)
    except asyncpg.UndefinedTableError:
        return
    clock.count_from(kept.base)


async def take_over(boot: str, seconds: int, *, actor: UUID) -> None:
    """As of rewards.clocks; when it returns, every process goes by the time that was taken over."""
    await actions.take_over(boot, seconds, actor=actor, now=clock.now())
    await asyncio.sleep(2 * LOOK)
    await look()


async def go_on() -> NoReturn:
    """For as long as a process serves; while the database is away it goes on by itself."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            await look()
        except Exception as error:
            log.warning("clock.not_looked error=%s", type(error).__name__)
