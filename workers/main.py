"""The worker: arq wakes it up, the outbox says what is to be done, an action of games or rewards does it.

When is said by Laurel's time alone (decision 25): arq scores and polls by the machine's clock, so it is told how long
to wait and never until when, has no cron, and what it was told before that clock was set is queued anew.
Truth is in the outbox. A job that arq loses is queued again by the next sweep; one that it delivers twice finds
the work claimed or done. Every action is safe to run again after a kill at any point.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

import msgspec
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func

from rewards.outbox import actions as outbox
from rewards.outbox import queries
from server.runtime import clock, following, timekeeping
from server.runtime.clock import now
from server.runtime.redis_client import connect
from server.runtime.resources import Resources, opened
from server.runtime.settings import Settings
from workers import boards, checks, claims, draws, members, quizzes, retention

log = logging.getLogger("laurel.worker")

QUEUE = "laurel:queue"
SIGN = "laurel:worker"
SIGN_SECONDS = 15
"""Where a worker leaves a sign of life with every sweep, and how long it stands once it has stopped."""

SWEEP = timedelta(seconds=0.8)
"""How often it is looked what is due."""

POLL = timedelta(seconds=0.2)
"""How often arq asks Redis for jobs; each time costs a third of a millisecond of CPU."""

AHEAD = timedelta(seconds=3)
"""How far ahead the sweep queues work. arq gives it out a poll early, and it waits for its exact time."""

AGAIN = timedelta(seconds=10)
"""How often the same work is queued while nobody claims it: a worker killed between the queue and the claim leaves its
job marked as being done, for a minute."""

ROUNDING = timedelta(milliseconds=2)
"""The loop's clock and the wall's need not agree; what comes a fraction early would find nothing due."""

QUICK = timedelta(seconds=10)
LONG = timedelta(seconds=60)
HEAVY = timedelta(seconds=150)
"""How long a claim keeps other workers away: so long a killed worker's work waits. A job is ended before that."""

MARGIN = timedelta(seconds=2)
END = timedelta(seconds=2)
"""How long what must not be cut off may take once the worker is told to stop: a frozen service lets nothing end."""
TRIES = 100
"""How often arq asks a Redis that is away or frozen, five and a half seconds each, before the worker begins anew."""
REGULAR_SECONDS = 50
SWEEP_SECONDS = 20
TOGETHER_SECONDS = 5
"""So long it is known that regular work was done in a turn: workers come to the same turn within a sweep."""

Result = TypeVar("Result")

Job = Callable[[Resources, str], Awaitable[None]]

JOBS: dict[str, tuple[Job, timedelta]] = {
    "open_room": (quizzes.open_room, QUICK),
    "close_round": (quizzes.close_round, QUICK),
    "end_room": (quizzes.end_room, QUICK),
    "post_room": (quizzes.post_room, LONG),
    "step_aside": (quizzes.step_aside, QUICK),
    "refresh_boards": (boards.refresh_boards, LONG),
    "rebuild_board": (boards.rebuild_boards, HEAVY),
    "rebuild_boards": (boards.rebuild_all, HEAVY),
    "freeze_draw": (draws.freeze_draw, HEAVY),
    "publish_draw": (draws.publish_draw, LONG),
    "expire_claims": (claims.expire_claims, LONG),
    "make_keys": (members.make_keys, HEAVY),
    **{kind: (work, LONG) for kind, work in following.WORK.items()},
}
"""Kind of intent -> what carries it out, and its hold. An unknown kind stays open; `laurel check` reports it."""

TOGETHER: dict[str, int] = {"refresh_boards": 1_000, "rebuild_board": 1_000}
"""Kinds whose job takes many subjects at once, spaces between, and how many. What has failed is tried by itself."""


async def carry_out(ctx: dict[str, Any], kind: str, subject: str, due: float = 0.0) -> None:
    """Claim one piece of work when it is `due` (a timestamp; "": all that waits together), do it, tick it off; on a
    fault, or when told to stop, leave it for later."""
    resources: Resources = ctx["resources"]
    if (early := due - now().timestamp()) > 0:
        # No longer than it is given out early: a clock that was set back must not keep a place for an hour.
        await asyncio.sleep(min(early, POLL.total_seconds()) + ROUNDING.total_seconds())
    job, hold = JOBS.get(kind, (_unknown, QUICK))
    which: dict[str, Any] = {"limit": 1, "subject": subject} if subject else {"limit": TOGETHER[kind], "untried": True}
    claimed = await _unbroken(outbox.claim(now=now(), hold=hold, kinds=[kind], **which))
    if not claimed:
        return
    try:
        async with asyncio.timeout((hold - MARGIN).total_seconds()):
            await job(resources, " ".join(one.subject for one in claimed))
    except asyncio.CancelledError:
        await _unbroken(_leave(claimed, "stopped"), stopped=True)
        raise
    except Exception as error:
        first = claimed[0]
        log.exception(
            "job.failed kind=%s subject=%s count=%s attempts=%s", kind, first.subject, len(claimed), first.attempts
        )
        await _leave(claimed, type(error).__name__)
    else:
        await _unbroken(outbox.finish(*claimed, now=now()))
        log.info("job.done kind=%s subject=%s count=%s", kind, claimed[0].subject, len(claimed))


async def _leave(claimed: Sequence[outbox.Claimed], error: str) -> None:
    for one in claimed:
        await outbox.fail(one, now=now(), error=error)


async def _unbroken(work: Awaitable[Result], *, stopped: bool = False) -> Result:
    """The result of some bookkeeping, told to stop meanwhile or not; the stop then comes at the next opportunity, or
    when the END of all patience has come."""
    task = asyncio.ensure_future(work)
    told = False
    while not task.done():
        try:
            _, late = await asyncio.wait([task], timeout=END.total_seconds() if stopped or told else None)
            if late:
                task.cancel()
        except asyncio.CancelledError:
            told = True
    if told and (current := asyncio.current_task()) is not None:
        current.cancel()
    return task.result()


async def _unknown(resources: Resources, subject: str) -> None:
    raise LookupError("no job of this kind: a newer program intended it")


async def sweep(ctx: dict[str, Any]) -> None:
    """Queue whatever is due soon and held by nobody; also what an earlier queueing lost."""
    queue: ArqRedis = ctx["redis"]
    moment = now()
    # What was queued before the machine's clock was set is in the queue for another time.
    turn = f"{moment.timestamp() // AGAIN.total_seconds()}:{round(clock.lead() / AGAIN)}"
    gathered: set[str] = set()
    for waiting in await queries.overdue(moment + AHEAD, limit=500):
        subject, job = waiting.subject, f"{waiting.id}:{waiting.attempts}:{waiting.due_at.timestamp()}:{turn}"
        if waiting.kind in TOGETHER and not waiting.attempts:
            if waiting.kind in gathered:
                continue
            gathered.add(waiting.kind)
            subject, job = "", f"{waiting.kind}:{turn}"
        await queue.enqueue_job(
            "carry_out",
            waiting.kind,
            subject,
            waiting.due_at.timestamp(),
            _job_id=job,
            _defer_by=max(waiting.due_at - POLL - moment, timedelta()),
        )


async def queue_regular(ctx: dict[str, Any]) -> None:
    """What has its turn, once for all workers; and a sign of life."""
    queue: ArqRedis = ctx["redis"]
    turns: dict[str, int] = ctx.setdefault("turns", {})
    moment = now().timestamp()
    for one in REGULAR:
        turn = int((moment - one.after) // one.every)
        if turns.setdefault(one.name, 0 if one.at_start else turn) != turn:
            if one.unless is None or not await one.unless(ctx["resources"]):
                await queue.enqueue_job(one.name, _job_id=f"{one.name}:{turn}")
            turns[one.name] = turn
    await queue.set(SIGN, "", ex=SIGN_SECONDS)


async def _sweep_on(ctx: dict[str, Any]) -> NoReturn:
    """For as long as the worker works; whatever goes wrong, the next look comes."""
    while True:
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                await timekeeping.look()
                await sweep(ctx)
                await queue_regular(ctx)
        except Exception as error:
            log.warning("sweep.failed error=%s", type(error).__name__)
        await asyncio.sleep(SWEEP.total_seconds())


async def _end(task: asyncio.Task[Any]) -> None:
    """A cancellation that meets one of redis-py's own timeouts is lost there, so it is said until it is heard."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)


async def check_drift(ctx: dict[str, Any]) -> None:
    """Every ten minutes: do the boards still say what the ledger says?"""
    await checks.check_drift(ctx["resources"])


async def whole_pass(ctx: dict[str, Any]) -> None:
    """Every minute of the night: go on looking through everything."""
    await checks.whole_pass(ctx["resources"])


async def turn_of_day(ctx: dict[str, Any]) -> None:
    """Every minute: has the organisation's day changed?"""
    await boards.turn_of_day(ctx["resources"])


async def look_for_unclaimed(ctx: dict[str, Any]) -> None:
    """Every minute: is there a prize that nobody fetched in time?"""
    await claims.look_for_unclaimed(ctx["resources"])


async def follow_after_restart(ctx: dict[str, Any]) -> None:
    """Every two seconds: is this another run of Redis, or does it hold something else than it was given?"""
    await following.follow_after_restart(ctx["resources"])
    await boards.look_at_copy(ctx["resources"])


async def forget_work(ctx: dict[str, Any]) -> None:
    """Every hour: is there work that was done long ago?"""
    await retention.forget_work()


async def forget_draws(ctx: dict[str, Any]) -> None:
    """Every hour: is there a draw whose people need not be kept any longer?"""
    await retention.forget_draws(ctx["resources"])


@dataclass(frozen=True, slots=True)
class Regular:
    """What is done `every` so many seconds of Laurel's time, `after` so many of them; it may take `seconds`.

    `unless`: a look that costs little, and says that there is nothing to do.
    """

    work: WorkerCoroutine
    every: int
    after: int = 0
    seconds: int = REGULAR_SECONDS
    at_start: bool = False
    unless: Callable[[Resources], Awaitable[bool]] | None = None

    @property
    def name(self) -> str:
        return self.work.__qualname__


REGULAR: tuple[Regular, ...] = (
    Regular(follow_after_restart, every=2, at_start=True, unless=boards.as_left),
    Regular(turn_of_day, every=60, after=15),
    Regular(look_for_unclaimed, every=60, after=25),
    Regular(forget_draws, every=3600, after=7 * 60 + 45),
    Regular(forget_work, every=3600, after=37 * 60 + 5),
    Regular(whole_pass, every=60, after=50, seconds=2 * REGULAR_SECONDS),
    Regular(check_drift, every=600, after=30),
)


def make_worker(settings: Settings) -> Worker:
    """A worker process's one worker, not yet running."""
    stack = AsyncExitStack()

    async def startup(ctx: dict[str, Any]) -> None:
        ctx["resources"] = await stack.enter_async_context(opened(settings))
        stack.push_async_callback(_end, asyncio.create_task(_sweep_on(ctx)))
        log.info("worker.started")

    async def shutdown(ctx: dict[str, Any]) -> None:
        await stack.aclose()
        log.info("worker.stopped")

    return Worker(
        functions=[
            func(carry_out, name="carry_out", keep_result=0, max_tries=1, timeout=HEAVY.total_seconds()),
            *(
                func(one.work, name=one.name, keep_result=TOGETHER_SECONDS, max_tries=1, timeout=one.seconds)
                for one in REGULAR
            ),
        ],
        queue_name=QUEUE,
        redis_pool=queue(settings.redis_url),
        on_startup=startup,
        on_shutdown=shutdown,
        poll_delay=POLL.total_seconds(),
        max_jobs=10,
        queue_read_limit=1000,
        health_check_interval=10,
        handle_signals=True,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
    )


def queue(url: str) -> ArqRedis:
    """arq's own client of the same Redis. One that arq makes waits for a frozen Redis without end, and ends the worker
    with one that is away; ours asks again, and every work of arq may be done twice."""
    pool = connect(url, retries=TRIES).connection_pool
    client = ArqRedis(
        pool,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
        default_queue_name=QUEUE,
    )
    client.auto_close_connection_pool = True
    return client
