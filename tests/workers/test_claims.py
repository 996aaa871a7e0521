"""Prizes that nobody fetched: moved on by the clock, delivered late, twice, to two workers, or after a kill."""

import asyncio
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.outbox.queries import open_count
from server.runtime import settings
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources
from server.runtime.settings import Settings
from tests.patience import until
from tests.rewards.draws.hall import DAY, hall
from tests.server.web.conftest import app_settings  # noqa: F401 - a fixture
from tests.workers.world import time_passes, worker
from workers import claims
from workers.main import JOBS, carry_out

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def resources(redis: Redis, tmp_path: Path) -> Resources:
    return Resources(settings.load({"LAUREL_DATA": str(tmp_path)}, tmp_path), redis, ZoneInfo("Asia/Shanghai"))


async def due(draw: UUID) -> str:
    """The intent of the close, whose moment has come; its subject."""
    at = await db.value("SELECT max(expires_at) FROM win WHERE draw = $1", draw)
    async with db.transaction():
        await actions.plan_expiry(draw, at, now=at - DAY, new_id=new_id)
        await actions.plan_expiry(draw, None, now=at - DAY, new_id=new_id)
    return f"{draw}@{at.isoformat()}"


async def chances(draw: UUID) -> list[tuple[int, int | None]]:
    return [(one.slot, one.alternate_place) for one in await queries.winners(draw)]


async def test_the_time_is_over_and_the_alternates_have_their_turn(resources: Resources) -> None:
    there = await hall(winners=3, alternates=2, days=1, closed_at=now() - 2 * DAY)
    subject = await due(there.draw)
    assert actions.EXPIRE in JOBS
    await carry_out({"resources": resources}, actions.EXPIRE, subject)
    assert await chances(there.draw) == [(0, 0), (1, 1)]
    assert await open_count() == 1, "the alternates' own time"
    moments = {one.expires_at for one in await queries.winners(there.draw)}
    assert len(moments) == 1
    await carry_out({"resources": resources}, actions.EXPIRE, subject)
    assert await chances(there.draw) == [(0, 0), (1, 1)]


async def test_what_was_lost_on_the_way_is_found_by_looking(resources: Resources) -> None:
    one = await hall(winners=2, days=1, closed_at=now() - 2 * DAY)
    other = await hall(winners=1, alternates=1, days=1, closed_at=now() - 2 * DAY)
    young = await hall(winners=1, days=3, closed_at=now() - 2 * DAY)
    assert await claims.look_for_unclaimed(resources) == 3
    assert await chances(one.draw) == []
    assert await chances(other.draw) == [(0, 0)]
    assert await chances(young.draw) == [(0, None)]
    assert await claims.look_for_unclaimed(resources) == 0


async def test_two_workers_at_once_do_each_once(resources: Resources) -> None:
    there = await hall(winners=4, alternates=2, days=1, closed_at=now() - 2 * DAY)
    moved = await asyncio.gather(*(claims.look_for_unclaimed(resources) for _ in range(3)))
    assert sum(moved) == 4
    assert len(await chances(there.draw)) == 2
    noted = [line.code for line in await queries.history(there.draw)]
    assert (noted.count("claim.lapsed"), noted.count("claim.passed_on"), noted.count("claim.given_back")) == (4, 2, 2)


WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'alternate'::regclass"
GONE = (
    "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'laurel' AND query LIKE '%alternate%'"
    " AND state <> 'idle' AND datname = current_database()"
)


@pytest.mark.faults
async def test_a_worker_that_is_killed_in_the_middle_has_lost_nothing(
    resources: Resources,
    app_settings: Settings,  # noqa: F811
    database_url: str,
) -> None:
    there = await hall(winners=3, alternates=3, days=1, closed_at=now() - 2 * DAY)
    await due(there.draw)
    watching = await asyncpg.connect(database_url)
    holding = await asyncpg.connect(database_url)
    try:
        async with holding.transaction():
            # The first step of a pass is taken; the next one waits for us, and the worker dies while it does.
            await holding.execute("LOCK TABLE alternate IN SHARE MODE")
            with worker(app_settings) as process:

                async def stuck() -> bool:
                    assert process.poll() is None
                    return bool(await watching.fetchval(WAITS))

                await until(stuck, "the worker to wait")
                process.kill()
                process.wait()
    finally:
        await holding.close()
    await until(lambda: watching.fetchval(GONE), "what the dead worker had begun to be taken back")
    await watching.close()
    assert await chances(there.draw) == [(0, None), (1, None), (2, None)]
    assert [line.code for line in await queries.history(there.draw)] == []
    await time_passes(resources.redis)
    with worker(app_settings):

        async def passed_on() -> bool:
            return await chances(there.draw) == [(0, 0), (1, 1), (2, 2)]

        await until(passed_on, "the prizes to go to those who wait")
    assert await queries.overdue_claims(now()) == []
