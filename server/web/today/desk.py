"""The desk's start page: what runs now, what waits, what comes next, and whether all is well."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from litestar import Response, get
from redis.asyncio import Redis

from games.quizzes import queries as quizzes
from rewards.draws import queries as draws
from rewards.draws.queries import DrawRow
from rewards.ledger import queries as ledger
from rewards.members import queries as members
from rewards.outbox import queries as outbox
from server.runtime import clock
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_fragment, desk_page
from server.web.screens.queries import screens_seen

DRIFT = "laurel:drift"
"""Where the worker leaves its comparison of boards and ledger (workers/checks.py)."""

WORKER = "laurel:queue:health-check"
"""Where a running worker leaves a sign of life (arq; gone when it has stopped)."""

LATE = timedelta(seconds=30)
"""Work that waits longer than this past its time says that no worker is at it."""

SCREEN_SEEN = timedelta(minutes=2)
OLD_REPORT = timedelta(minutes=30)


@get("/desk", guards=[guards.may("desk.open")])
async def show_today(request: Asked) -> Response[bytes]:
    """One glance: what runs, what waits for somebody, what comes, how the machine is."""
    house = pages.house(request)
    rooms = await quizzes.rooms(live=True)
    coming = await draws.coming(5)
    return desk_page(
        request,
        "today/desk/today.html",
        running=[room for room in rooms if room.state != "scheduled"],
        scheduled=sorted(
            (room for room in rooms if room.state == "scheduled" and room.opens_at),
            key=lambda room: (room.opens_at, room.id),
        ),
        draws=coming,
        unclaimed=await _unclaimed(),
        season=await ledger.season_of(house.today()),
        seasons=await ledger.seasons(),
        people=await members.member_count(),
        quizzes=len(await quizzes.quizzes()),
        health=await look(house.redis, clock.now()),
    )


@get("/desk/health", guards=[guards.may("desk.open")])
async def show_health(request: Asked) -> Response[bytes]:
    """Only the health, for the page to ask again now and then."""
    health = await look(pages.house(request).redis, clock.now())
    return desk_fragment(request, "today/desk/today.html", "health", health=health)


async def _unclaimed() -> list[tuple[DrawRow, int]]:
    """Draws that were held, with how many prizes are not handed over yet; none at 0."""
    waiting = []
    for held in await draws.past(5):
        left = sum(win.claimed_at is None for win in await draws.winners(held.id))
        if left:
            waiting.append((held, left))
    return waiting


class Drift(msgspec.Struct, frozen=True):
    """The worker's last comparison of boards and ledger."""

    at: datetime
    differences: int


@dataclass(frozen=True, slots=True)
class Health:
    """`database_ms`, `redis_ms`: the time of one question (when one does not answer, no page comes at all).

    `open_work` counts what is not done, due or not; `late_since` is since when the oldest piece waits, None: none is
    late. `drift` None: no report yet. `screens_seen` of `screens` have been seen in the last two minutes.
    """

    database_ms: int
    redis_ms: int
    worker: bool
    open_work: int
    late: int
    late_since: datetime | None
    drift: Drift | None
    drift_old: bool
    screens: int
    screens_seen: int


async def look(redis: Redis, now: datetime) -> Health:
    """How the parts are right now."""
    started = time.perf_counter()
    sign, report = await redis.mget([WORKER, DRIFT])
    redis_ms = _ms(started)
    started = time.perf_counter()
    screens, seen = await screens_seen(now - SCREEN_SEEN)
    database_ms = _ms(started)
    late = await outbox.overdue(now - LATE)
    drift = _drift(report)
    return Health(
        database_ms=database_ms,
        redis_ms=redis_ms,
        worker=sign is not None and not late,
        open_work=await outbox.open_count(),
        late=len(late),
        late_since=late[0].due_at if late else None,
        drift=drift,
        drift_old=drift is not None and now - drift.at > OLD_REPORT,
        screens=screens,
        screens_seen=seen,
    )


def _ms(started: float) -> int:
    return max(1, round((time.perf_counter() - started) * 1000))


def _drift(report: bytes | None) -> Drift | None:
    try:
        return None if report is None else msgspec.json.decode(report, type=Drift)
    except msgspec.DecodeError:
        return None


HANDLERS = [show_today, show_health]
