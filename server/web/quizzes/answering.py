"""From a phone's answer to its "got it": graded by server time, written with its neighbours in one commit."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from games.quizzes import queries, rules
from games.quizzes.actions import Given, Written, graded, record_answers
from rewards import database as db
from rewards import ticks
from rewards.refusals import Refusal
from server.runtime.batch import Batcher, Shared

log = logging.getLogger("laurel.answering")

MOST_IN_A_COMMIT = 200
COUNT_SECONDS = 0.4
MOST_WAITING = 20_000
"""Answers in line for a commit; the phones of more are told to wait, and send theirs again."""
PATIENCE = (0.1, 0.2, 0.4, 0.8, 1.5, *[3.0] * 20)
"""Seconds between tries while PostgreSQL starts again, or somebody holds what answers need; writing an answer twice is
writing it once. The phone may have been told to wait meanwhile: its answer counts as of when it came."""

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
    OSError,
)


class Answering:
    """One a web process. `forget` is told every tick, so that no round's key outlives its change."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._keys: dict[UUID, queries.AnswerKey] = {}
        self._reading: Shared[queries.AnswerKey] = Shared()
        self._batcher: Batcher[Given, Written] = Batcher(
            _record, most=MOST_IN_A_COMMIT, line=MOST_WAITING, apart=_apart
        )
        self._counting: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self, topic: str, fields: Mapping[str, str]) -> None:
        """A room changed: its rounds' keys are read again when needed."""
        kind, _, identity = topic.partition(":")
        if kind == "room":
            for round_id in [r for r, key in self._keys.items() if str(key.room) == identity]:
                del self._keys[round_id]

    async def answer(self, round_id: UUID, member: UUID, chosen: Sequence[int], received_at: datetime) -> Written:
        """Record the answer of a member. Refusals: round.unknown, round.malformed.

        `chosen`: option indexes, from 0. Only the outcomes "recorded" and "duplicate" are acknowledged.
        """
        for _ in range(3):
            key = await self._key(round_id)
            picked = rules.mask_of(tuple(chosen)) if all(0 <= index < key.options for index in chosen) else 0
            if not rules.well_formed(picked, kind=key.kind, options=key.options):
                raise Refusal("round.malformed")
            written = await self._batcher.put(graded(key, member, picked, received_at))
            if written.outcome != "stale_key":
                break
            self._keys.pop(round_id, None)
        if written.outcome == "recorded":
            self._count(key.room)
        return written

    async def stop(self) -> None:
        """Leave off telling of counts, before Redis is closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _key(self, round_id: UUID) -> queries.AnswerKey:
        # A hall that taps before the key is there must not read it a thousand times.
        return self._keys.get(round_id) or await self._reading.ask(round_id, lambda: self._read_key(round_id))

    async def _read_key(self, round_id: UUID) -> queries.AnswerKey:
        with db.first():
            found = await queries.answer_key(round_id)
        if found is None:
            raise Refusal("round.unknown")
        if len(self._keys) > 1000:
            self._keys.clear()
        self._keys[round_id] = found
        return found

    def _count(self, room_id: UUID) -> None:
        if room_id not in self._counting:
            self._counting.add(room_id)
            task = asyncio.get_running_loop().create_task(self._announce(room_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _announce(self, room_id: UUID) -> None:
        await asyncio.sleep(COUNT_SECONDS)
        self._counting.discard(room_id)
        try:
            await ticks.announce(self._redis, f"answers:{room_id}")
        except RedisError as error:
            log.warning("answers.count_not_announced room=%s error=%s", room_id, type(error).__name__)


def _apart(answers: int) -> float:
    """Seconds from the start of a commit of so many answers to the next: a hall that taps at once pays for few commits,
    and no thumb notices."""
    return min(0.008 + 0.0005 * answers, 0.025)


async def _record(batch: Sequence[Given]) -> Sequence[Written]:
    for pause in PATIENCE:
        try:
            return await _written(batch)
        except _AWAY as error:
            log.warning("answers.waiting_for_database answers=%s error=%s", len(batch), type(error).__name__)
            await asyncio.sleep(pause)
    return await _written(batch)


async def _written(batch: Sequence[Given]) -> Sequence[Written]:
    with db.first():
        return await record_answers(batch)
