"""Work that is due, real worker processes that do it, and what must be there once it is done."""

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from games.quizzes import queries as quizzes
from rewards import database as db
from rewards.boards import checks as board_checks
from rewards.draws import actions as draws
from rewards.draws import queries as draw_queries
from rewards.draws.eligibility import Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, Terms
from rewards.draws.verify import verify_folder
from rewards.ledger import checks as ledger_checks
from rewards.outbox.queries import open_count
from server.runtime.clock import now
from server.runtime.settings import Settings
from tests.games.quizzes.world import RIGHT, SECOND, WRONG, Play, day_of, room, scene
from tests.patience import until
from tests.rewards.draws.world import seal_all

ROOT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)
LOG = "worker.log"
"""In the data folder: what the workers of a test have printed."""
RULE = Rule(per=1000, cap=5)


@contextlib.contextmanager
def worker(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m workers` for the length of a block."""
    told = {
        "LAUREL_DATABASE_URL": settings.database_url,
        "LAUREL_REDIS_URL": settings.redis_url,
        "LAUREL_DATA": str(settings.data),
        "LAUREL_DATABASE_POOL": "10",  # every piece of the due work can be at it at once
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LAUREL_")}
    with (settings.data / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers"], cwd=ROOT, env=kept | told, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Due:
    """Everything that can fall due: `asked` has a question open, `planned` waits for its lobby, `ending` shows an
    answer, `idle` was never begun, `played` is over; and a draw, over the points of a room of old."""

    asked: Play
    planned: Play
    ending: Play
    idle: Play
    played: Play
    draw: UUID
    at: datetime


async def due(redis: Redis) -> Due:
    """Nobody has worked for an hour."""
    there = await scene(4, number=2, at=now() - 3 * HOUR)
    before = await (await room(redis, there, code="befor")).to("podium")
    await before.post()
    draw = await draws.create_draw(
        redis,
        Terms(
            "Draw",
            there.season,
            RULE,
            (PrizeTerms("first", "Bicycle", 1),),
            custodians=(CustodianTerms("organiser", "Host", there.host), CustodianTerms("notary", "Notary Li")),
            freeze_at=there.at + HOUR,
        ),
        actor=there.host,
        now=there.at,
        today=day_of(there.at),
        new_id=there.new_id,
    )
    await seal_all(redis, draw, there.at)
    planned = await room(redis, there, code="plann", scheduled=True)
    idle = await room(redis, there, code="idle0", ends_at=there.at + HOUR)
    asked = await room(redis, there, code="asked")
    ending = await room(redis, there, code="endin", ends_at=there.at + HOUR)
    for play in (asked, ending):
        await play.join()
        await play.next()
        for member, picked in zip(there.players, (RIGHT, WRONG, RIGHT), strict=False):
            play.now += SECOND
            await play.answer(member, picked)
    await ending.next()
    played = await (await room(redis, there, code="playd")).to("podium")
    return Due(asked, planned, ending, idle, played, draw, there.at)


async def done(due: Due) -> None:
    """Until nothing is left to do."""

    async def nothing_left() -> bool:
        return await open_count() == 0

    await until(nothing_left, "the work to be done")


async def check(due: Due, redis: Redis, data: Path) -> None:
    """Each effect is there, once."""
    rooms = {
        due.planned: ("lobby", 2),
        due.asked: ("reveal", 3),
        due.ending: ("podium", 4),
        due.idle: ("cancelled", 2),
    }
    for play, (state, version) in rooms.items():
        assert (await play.state(), await play.version()) == (state, version)
    assert await db.value("SELECT count(*) FROM audit_entry WHERE code = 'room.cancelled'") == 1
    posted = await db.rows("SELECT split_part(key, ':', 2)::uuid AS room, count(*) AS members FROM posting GROUP BY 1")
    counts = {one["room"]: one["members"] for one in posted}
    assert (counts.pop(due.played.id), counts.pop(due.ending.id), list(counts.values())) == (4, 3, [4])
    assert await db.value("SELECT count(*) FROM room WHERE posted_at IS NOT NULL") == 3
    steps = [line.code for line in await draw_queries.history(due.draw)]
    assert (steps[0], steps[-1], steps.count("draw.frozen")) == ("draw.created", "draw.frozen", 1)
    found = await draw_queries.draw(due.draw)
    assert found is not None
    assert verify_folder(data / "draws" / found.slug).state == "frozen"
    assert await ledger_checks.faults() == []
    assert await quizzes.mismatches() == []
    assert await board_checks.drift(redis, today=day_of(now())) == []


async def time_passes(redis: Redis) -> None:
    """What a minute does for the work of a worker that was killed: the holds end, and so do the marks of the queue."""
    await db.rows("UPDATE intent SET claimed_until = now() WHERE done_at IS NULL AND claimed_until > now()")
    for mark in await redis.keys("arq:in-progress:*"):
        await redis.delete(mark)


@contextlib.asynccontextmanager
async def stuck(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Every piece of the due work comes as far as the middle of its transaction, and no further, in this block.

    Gives a connection that sees who waits.
    """
    holding, watching = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with holding.transaction():
            await holding.execute("LOCK TABLE entry, entrant, audit_entry IN SHARE MODE")
            await holding.execute("SELECT FROM room WHERE state IN ('scheduled', 'question', 'reveal') FOR UPDATE")
            yield watching
    finally:
        await holding.close()
        await watching.close()
