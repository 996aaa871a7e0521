"""The desk's start page: what runs now, what waits, what comes next, and whether all is well."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from litestar import Response, get
from markupsafe import Markup, escape
from redis.asyncio import Redis

from rewards.boards.actions import REBUILD
from rewards.boards.checks import Report, present_report
from rewards.ledger import queries as ledger
from rewards.outbox import queries as outbox
from server.runtime import clock
from server.runtime.watch import Away, last_away
from server.web.frame import guards, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_fragment, desk_page
from server.web.screens.queries import screens_seen

WORKER = "laurel:queue:health-check"
"""Where a running worker leaves a sign of life (arq; gone when it has stopped)."""

LATE = timedelta(seconds=30)
"""Work that waits longer than this past its time says that no worker is at it."""

SCREEN_SEEN = timedelta(minutes=2)
OLD_REPORT = timedelta(minutes=30)
TOLD = timedelta(days=1)


@get("/desk", guards=[guards.may("desk.open")])
async def show_today(request: Asked) -> Response[bytes]:
    """One glance: what runs, what waits for somebody, what comes; and what is to be done before all that."""
    return desk_page(
        request,
        "today/desk/today.html",
        season=await ledger.season_of(pages.process(request).today()),
        steps=await _steps(request),
        brought=await pages.brought(request, "desk.today"),
    )


async def _steps(request: Asked) -> list[tuple[str, str, Markup]]:
    """(state, label, what to do) of the steps to get started, as kit.steps shows them; empty when all are done."""
    words, may = i18n.translator(pages.locale(request)), pages.signed_in(request).may
    steps: list[tuple[str, str, Markup]] = []
    state = "now"
    for step in pages.listing(request).steps:
        if await step.done(request):
            steps.append(("done", words.text(step.label), Markup()))
            continue
        to_do = escape(words.text(step.otherwise))
        if step.permission in may:
            to_do = Markup('<a href="{}">{}</a>').format(step.address, words.text(step.action))
        steps.append((state, words.text(step.label), to_do))
        state = "later"
    return [] if state == "now" else steps


@get("/desk/health", guards=[guards.may("desk.open")])
async def show_health(request: Asked) -> Response[bytes]:
    """How the machine is; with `?dot=1` only its one sign, for the frame of every page."""
    process, now = pages.process(request), clock.now()
    away = process.watch.away
    health = None if away else await look(process.redis, now)
    if "dot" in request.query_params:
        return desk_fragment(request, "today/desk/health.html", "dot", health=health)
    return desk_page(request, "today/desk/health.html", health=health, away=away)


@dataclass(frozen=True, slots=True)
class Health:
    """`database_ms`, `redis_ms`: the time of one question. `was_away`: what gave no answer for a while in the last day.

    `open_work` counts what is not done, due or not; `late_since` is since when the oldest piece waits, None: none is
    late. `drift` None: no report yet. `rebuilding`: boards are being made again.
    `screens_seen` of `screens` have been seen in the last two minutes.
    """

    database_ms: int
    redis_ms: int
    worker: bool
    open_work: int
    late: int
    late_since: datetime | None
    drift: Report | None
    drift_old: bool
    rebuilding: bool
    screens: int
    screens_seen: int
    was_away: Sequence[Away]

    @property
    def well(self) -> bool:
        """Whether nobody has to do anything."""
        return self.worker and not (self.drift is not None and (self.drift.differences or self.drift_old))


async def look(redis: Redis, now: datetime) -> Health:
    """How the parts are right now."""
    started = time.perf_counter()
    sign = await redis.get(WORKER)
    redis_ms = _ms(started)
    started = time.perf_counter()
    screens, seen = await screens_seen(now - SCREEN_SEEN)
    database_ms = _ms(started)
    late = await outbox.overdue(now - LATE)
    drift = await present_report(redis)
    return Health(
        database_ms=database_ms,
        redis_ms=redis_ms,
        worker=sign is not None and not late,
        open_work=await outbox.open_count(),
        late=len(late),
        late_since=late[0].due_at if late else None,
        drift=drift,
        drift_old=drift is not None and now - drift.at > OLD_REPORT,
        rebuilding=await outbox.is_open(REBUILD),
        screens=screens,
        screens_seen=seen,
        was_away=[one for one in await last_away(redis) if now - one.until < TOLD],
    )


def _ms(started: float) -> int:
    return max(1, round((time.perf_counter() - started) * 1000))


HANDLERS = [show_today, show_health]
