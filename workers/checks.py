"""Drift between the ledger and what is shown, looked for and reported, never mended in silence.

A regular look costs the same however long the history is: it looks at whose points moved since the look before, at the
next members in turn, at whom the last look found, and at the units of the season that runs. A whole pass goes through
everything at night, in pieces, and goes on where it was stopped.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards.boards import checks as boards
from rewards.boards import rules
from rewards.ledger import checks as ledger
from rewards.ledger.queries import season_of, seasons
from rewards.ledger.rules import WHOLE
from rewards.members.queries import page_of_ids
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.checks")

ENTRIES: Final = 20_000
MEMBERS: Final = 2_000
"""Most entries that are new, and most members in turn, in one look."""
TURN: Final = "look:members"
"""The checkpoint of the last member whose turn it was."""
AT_NIGHT: Final = "look:night"
"""The checkpoint of the whole pass: DAY STEP PLACE, with the step "-" when the day's pass is done."""
NIGHT: Final = range(1, 5)
"""The hours of the organisation's clock in which the whole pass runs."""
SECONDS: Final = 40.0
"""How long it runs at a time."""


async def check_drift(resources: Resources) -> int:
    """A regular look; leave a report and return the number of differences."""
    at, redis = now(), resources.redis
    today = resources.day_of(at)
    last = await boards.last_report(redis, rules.LOOK)
    again = [] if last is None else [UUID(one) for one in last.members]
    members = {*await ledger.news(ENTRIES), *await _in_turn(), *again}
    faults = await ledger.totals_of(members)
    differing = [one for season in await seasons() for one in await boards.places_of(redis, season, members, today)]
    running = await season_of(today)
    if running is not None:
        differing += await boards.unit_places(redis, running, today)
        for week in (WHOLE, rules.monday(today)):
            if await boards.is_of_wrong_size(redis, running, week, today):
                differing += await boards.strangers(redis, running, week, today)
    return await _leave(redis, rules.LOOK, boards.Report(at), faults, differing)


async def _in_turn() -> Sequence[UUID]:
    place = await ledger.checkpoint(TURN)
    members = await page_of_ids(UUID(place) if place else None, MEMBERS)
    await ledger.set_checkpoint(TURN, members[-1].hex if len(members) == MEMBERS else "")
    return members


async def _leave(
    redis: Redis,
    key: str,
    report: boards.Report,
    faults: Sequence[ledger.Fault],
    differing: Sequence[boards.Difference],
) -> int:
    report = await boards.add_to_report(redis, key, report, faults, differing)
    if faults or differing:
        log.error("boards.drifted differences=%s boards=%s", report.differences, " ".join(report.boards[:10]))
    return report.differences


async def whole_pass(resources: Resources) -> bool:
    """Go on with the night's pass for SECONDS; True when it is done by now, or it is not night."""
    at, redis = now(), resources.redis
    today = resources.day_of(at)
    if at.astimezone(resources.zone).hour not in NIGHT:
        return True
    steps: list[Callable[[str], Awaitable[tuple[Sequence[ledger.Fault | boards.Difference], str]]]]
    steps = [ledger.piece, partial(boards.piece, redis, today)]
    day, step, place = ((await ledger.checkpoint(AT_NIGHT)) or "- 0 ").split(" ", 2)
    report = await boards.last_report(redis, rules.NIGHT) or boards.Report(at)
    if day != today.isoformat():
        step, place, report = "0", "", boards.Report(at)
    found: list[ledger.Fault | boards.Difference] = []
    until = time.monotonic() + SECONDS
    while step != "-" and time.monotonic() < until:
        more, place = await steps[int(step)](place)
        found += more
        if not place:
            step = str(int(step) + 1) if int(step) + 1 < len(steps) else "-"
        await ledger.set_checkpoint(AT_NIGHT, f"{today.isoformat()} {step} {place}")
    faults = [one for one in found if isinstance(one, ledger.Fault)]
    await _leave(redis, rules.NIGHT, report, faults, [one for one in found if isinstance(one, boards.Difference)])
    return step == "-"
