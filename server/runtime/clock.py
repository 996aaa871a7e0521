"""Laurel's time. Only shells (routes, jobs, the command line) read it; rules and actions are given the time.

It is the machine's steady clock, which nobody sets, and a base that all processes on the machine share (decision 25,
`timekeeping.py`). Nothing else in Laurel reads the wall clock.
"""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from rewards.clocks.rules import LITTLE

_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The one that counts while the machine sleeps; on macOS the other does."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_base: int | None = None
_last = 0


def now() -> datetime:
    """This instant, aware, in UTC, microsecond resolution. It never goes back, unless somebody at the desk says that
    it has to; in a process that has no database yet it is the wall's."""
    global _last
    _last = max(_last, _steady() + _base) if _base is not None else _wall()
    return _EPOCH + timedelta(microseconds=_last)


def read() -> tuple[int, int]:
    """(wall, steady) in microseconds, of one instant: when the process is halted between the two, it reads again."""
    readings = [(_wall(), _steady()) for _ in range(3)]
    return max(readings, key=lambda one: one[0] - one[1])


def lead() -> timedelta:
    """How far the machine's clock is ahead of Laurel's time, behind: below 0."""
    wall, steady = read()
    return timedelta(microseconds=wall - steady - _base) if _base is not None else timedelta()


def count_from(base: int) -> None:
    """From now on Laurel's time is `base` microseconds more than the steady clock."""
    global _base, _last
    if _base is None or base + _steady() < _last - LITTLE:
        _last = 0  # it begins, or was taken back
    _base = base


@cache
def boot() -> str:
    """What names this run of the machine, from its start to its end."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        asked = subprocess.run(["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=True)  # noqa: S607
        return asked.stdout.strip()


def _wall() -> int:
    return time.time_ns() // 1000


def _steady() -> int:
    return time.clock_gettime_ns(_STEADY) // 1000
