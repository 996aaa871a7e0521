"""All processes on a machine keep one time: they share its base through the database, and look again every second."""

import asyncio
import logging
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

import asyncpg

from rewards.clocks import actions
from server.runtime import clock

log = logging.getLogger("laurel.clock")

LOOK: Final = 1.0
"""Seconds between two looks."""


@cache
def boot() -> str:
    """What names this run of the machine, from its start to its end."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        asked = subprocess.run(["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=True)  # noqa: S607
        return asked.stdout.strip()


async def look() -> None:
    """Go on with the time of this machine; with the wall's while the tables are older than the program."""
    wall, steady = clock.read()
    try:
        kept = await actions.keep(boot(), platform.node(), wall=wall, steady=steady)
    except asyncpg.UndefinedTableError:
        return
    clock.count_from(kept.base)


async def go_on() -> NoReturn:
    """For as long as a process serves; while the database is away it goes on by itself."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            await look()
        except Exception as error:
            log.warning("clock.not_looked error=%s", type(error).__name__)
