"""Drift between the ledger and what is shown, looked for and reported, never mended in silence.

A regular look costs the same however long the history is and however many there are: it looks at whose points moved
since the look before and at the units above them, at whom the last look found, and at the next members, units and
places in turn. A whole pass goes through everything at night, in pieces, and goes on where it was stopped.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards.boards import checks as boards
from rewards.boards import rules
from rewards.boards.actions import REBUILD_ALL
from rewards.boards.queries import page_of_units, size, units_of
from rewards.checkpoints import queries as checkpoints
from rewards.checkpoints.actions import keep
from rewards.ledger import checks as ledger
from rewards.ledger.queries import SeasonRow, season_of, seasons
from rewards.ledger.rules import WHOLE
from rewards.members.queries import page_of_ids
from rewards.outbox import queries as outbox
from server.runtime.clock import now
from server.runtime.resources import Resources

log = logging.getLogger("laurel.checks")

ENTRIES: Final = 20_000
"""Most entries that are new in one look."""
ADDED_UP: Final = 300
"""Of how many members whose points moved the totals are added up, which reads all their entries; at night of all."""
MEMBERS: Final = 500
TOTALS: Final = 50
UNITS: Final = 200
PLACES: Final = 500
"""How many have their turn in one look: members on boards, members whose totals are added up, units, and places of a
board."""
SETTLE: Final = 5.0
"""Seconds after which a look looks again at what it found: boards that were about to follow have followed then."""
TURN: Final = "look:"
"""The checkpoints of who had his turn last: of members, totals, units (ids) and places (a number)."""
AT_NIGHT: Final = "look:night"
"""The checkpoint of the whole pass: DAY STEP PLACE, with the step "-" when the day's pass is done."""
NIGHT: Final = range(1, 5)
"""The hours of the organisation's clock in which the whole pass runs."""
SECONDS: Final = 40.0
"""How long it runs at a time."""


async def check_drift(resources: Resources) -> int:
    """A regular look; leave a report and return the number of differences. None while all boards are made again."""
    if await outbox.is_open(REBUILD_ALL):
        return 0
    at, redis = now(), resources.redis
    today = resources.day_of(at)
    running = await season_of(today)
    last = await boards.last_report(redis, rules.LOOK)
    moved = {*await ledger.news(ENTRIES), *([] if last is None else [UUID(one) for one in last.members])}
    above = [] if running is None else await units_of(running.id, moved)
    units = await _in_turn("units", page_of_units, UNITS)
    faults = await ledger.totals_of({*sorted(moved)[:ADDED_UP], *await _in_turn("totals", page_of_ids, TOTALS)})
    differing = await _differing(
        redis,
        today,
        {*moved, *await _in_turn("members", page_of_ids, MEMBERS)},
        {*moved, *above, *units},
    )
    if running is not None:
        differing += await _strangers(redis, running, today)
        if len(units) < UNITS:  # the last of all
            differing += await boards.unit_strangers(redis, running)
    if differing:
        await asyncio.sleep(SETTLE)
        subjects = {one.subject for one in differing}
        again = set(await _differing(redis, today, subjects, subjects))
        differing = [one for one in differing if one in again]
    return await _leave(redis, rules.LOOK, boards.Report(at), faults, differing, today)


async def _differing(
    redis: Redis, today: date, members: Collection[UUID], units: Collection[UUID]
) -> list[boards.Difference]:
    found = [one for season in await seasons() for one in await boards.places_of(redis, season, members, today)]
    running = await season_of(today)
    if running is not None:
        found += await boards.shares(running, members, today)
        found += await boards.units(redis, running, sorted(units))
    return found


async def _strangers(redis: Redis, season: SeasonRow, today: date) -> list[boards.Difference]:
    """Who ought not to be on the boards of season and week, of the places in turn."""
    first, found = int(await checkpoints.place(f"{TURN}places") or 0), list[boards.Difference]()
    for week in (WHOLE, rules.monday(today)):
        found += await boards.strangers_at(redis, season, week, today, first, PLACES)
    more = first + PLACES < await size(redis, rules.season_board(season.id))
    await keep(f"{TURN}places", str(first + PLACES if more else 0))
    return found


async def _in_turn(
    what: str, page_of: Callable[[UUID | None, int], Awaitable[Sequence[UUID]]], limit: int
) -> Sequence[UUID]:
    place = await checkpoints.place(TURN + what)
    page = await page_of(UUID(place) if place else None, limit)
    await keep(TURN + what, page[-1].hex if page and len(page) == limit else "")
    return page


async def _leave(
    redis: Redis,
    key: str,
    report: boards.Report,
    faults: Sequence[ledger.Fault],
    differing: Sequence[boards.Difference],
    today: date,
) -> int:
    report = await boards.add_to_report(redis, key, report, faults, differing, today)
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
    day, step, place = ((await checkpoints.place(AT_NIGHT)) or "- 0 ").split(" ", 2)
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
        await keep(AT_NIGHT, f"{today.isoformat()} {step} {place}")
    faults = [one for one in found if isinstance(one, ledger.Fault)]
    differing = [one for one in found if isinstance(one, boards.Difference)]
    await _leave(redis, rules.NIGHT, report, faults, differing, today)
    return step == "-"
