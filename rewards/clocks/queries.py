"""Clocks that differ from Laurel's time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rewards.clocks.tables import Clock
from rewards.database import compiled, given, rows

RUNS: Final = timedelta(minutes=5)
"""A machine that has kept no time for so long does not run, or has been started anew."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A machine whose clock shows a time that is `apart` ahead of Laurel's (below 0: behind), since `at`.

    `behind`: it was so already when Laurel started.
    """

    boot: str
    machine: str
    apart: timedelta
    at: datetime
    behind: bool


_STEPPED = compiled(
    Clock.select(Clock.boot, Clock.machine, Clock.apart, Clock.stepped_at.as_alias("at"), Clock.behind)
    .where(Clock.apart != given(1), Clock.latest > given(2))
    .order_by(Clock.machine, Clock.boot)
)


async def stepped(now: datetime) -> list[Stepped]:
    """The machines that run and whose clock does not show Laurel's time, by their name."""
    found = await rows(_STEPPED, 0, now - RUNS)
    return [Stepped(**{**one, "apart": timedelta(microseconds=one["apart"])}) for one in found]
