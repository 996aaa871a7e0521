"""The desk's start page: what runs now, what waits, what comes next, and whether all is well."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from litestar import Response, get, post
from markupsafe import Markup, escape
from redis.asyncio import Redis

from games.quizzes.queries import any_question_open
from rewards.boards.actions import REBUILD
from rewards.boards.checks import Report, present_report
from rewards.boards.queries import are_whole, lost_at
from rewards.checkpoints.queries import place
from rewards.clocks.queries import Stepped, stepped
from rewards.ledger import queries as ledger
from rewards.outbox import queries as outbox
from rewards.refusals import Refusal
from server.runtime import clock, timekeeping
from server.runtime.archive import MADE
from server.runtime.watch import Away, last_away
from server.web.frame import guards, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_fragment, desk_page
from server.web.screens.queries import screens_seen

WORKER = "laurel:worker"
"""Where a running worker leaves a sign of life (gone soon after it has stopped)."""

MOST_SECONDS = 10**11
"""How far a clock may be set: thousands of years."""

LATE = timedelta(seconds=30)
"""Work that waits longer than this past its time says that no worker is at it."""

SCREEN_SEEN = timedelta(minutes=2)
OLD_REPORT = timedelta(minutes=30)
OLD_BACKUP = timedelta(days=7)
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
    made = None if away else await place(MADE)
    backup = None if made is None else datetime.fromisoformat(made)
    return desk_page(
        request,
        "today/desk/health.html",
        health=health,
        away=away,
        backup=backup,
        backup_old=backup is not None and now - backup > OLD_BACKUP,
    )


@post("/desk/clock", guards=[guards.may("clock.change")])
async def take_over_clock(request: Asked) -> Response[bytes]:
    """A machine's clock is right and Laurel's time is wrong. Refusals: clock.question_open, clock.changed."""
    form = await pages.form(request)
    boot, seconds = form.text("boot", most=80), form.number("seconds", least=-MOST_SECONDS, most=MOST_SECONDS)
    if await any_question_open():
        raise Refusal("clock.question_open")
    await timekeeping.take_over(boot, seconds, actor=pages.signed_in(request).id)
    return pages.go(request, "/desk/health", said="desk.clock_taken_over")


@dataclass(frozen=True, slots=True)
class Health:
    """`database_ms`, `redis_ms`: the time of one question. `was_away`: what gave no answer for a while in the last day.

    `whole`: no board is missing; `lost_at`: since when Redis misses what it held before, None: nothing, or it was read.
    `open_work` counts what is not done, due or not; `late_since` is since when the oldest piece waits, None: none is
    late. `drift` None: no report yet. `rebuilding`: boards are being made again.
    `clocks`: machines whose clock does not show Laurel's time.
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
    whole: bool
    lost_at: datetime | None
    rebuilding: bool
    clocks: list[Stepped]
    screens: int
    screens_seen: int
    was_away: Sequence[Away]

    @property
    def well(self) -> bool:
        """Whether nobody has to do anything."""
        return (
            self.worker
            and not self.clocks
            and self.whole
            and self.lost_at is None
            and not (self.drift is not None and (self.drift.differences or self.drift_old))
        )


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
        whole=await are_whole(redis),
        lost_at=await lost_at(),
        drift_old=drift is not None and now - drift.at > OLD_REPORT,
        rebuilding=await outbox.is_open(REBUILD),
        clocks=await stepped(now),
        screens=screens,
        screens_seen=seen,
        was_away=[one for one in await last_away(redis) if now - one.until < TOLD],
    )


def _ms(started: float) -> int:
    return max(1, round((time.perf_counter() - started) * 1000))


HANDLERS = [show_today, show_health, take_over_clock]
