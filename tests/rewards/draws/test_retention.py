"""What is forgotten of a draw after the years of keeping, and what stays."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.terms import Exclusion
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from tests.rewards.draws.world import HOUR, NOW, Plant, frozen_draw, held, plant

pytestmark = pytest.mark.usefixtures("database")

CLOSED = NOW + 3 * HOUR
YEARS = timedelta(days=3 * 365)


async def ended(redis: Redis, there: Plant) -> UUID:
    """A closed draw with somebody left out for a reason."""
    draw = await frozen_draw(redis, there, exclusions=(Exclusion(there.workers[3], "married to the organiser"),))
    await held(redis, draw, there.organiser)
    await actions.close(redis, draw, actor=there.organiser, now=CLOSED, new_id=new_id)
    return draw


async def forget(draw: UUID, at: datetime) -> bool:
    return await actions.forget_draw(draw, ended_before=at - YEARS, now=at)


async def test_nothing_is_forgotten_before_its_time(redis: Redis) -> None:
    there = await plant()
    draw = await ended(redis, there)
    assert await queries.ended_draws(CLOSED) == []
    assert not await forget(draw, CLOSED + YEARS)
    assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1", draw) > 0


async def test_people_are_forgotten_and_what_was_published_stays(redis: Redis) -> None:
    there = await plant()
    draw = await ended(redis, there)
    await actions.confirm_code(redis, draw, there.workers[0], "0ZK9-XVDB-K0EZ", now=CLOSED, new_id=new_id)
    published = await queries.published(draw)
    winners = {one.member for one in await queries.winners(draw)}
    late = CLOSED + YEARS + HOUR
    assert await queries.ended_draws(late - YEARS) == [draw]
    assert await forget(draw, late)
    assert not await forget(draw, late)
    assert await queries.ended_draws(late - YEARS) == []
    assert await db.value("SELECT count(*) FROM entrant WHERE draw = $1", draw) == 0
    assert await db.value("SELECT count(*) FROM draw_exclusion WHERE draw = $1", draw) == 0
    assert await queries.codes_seen(draw) == []
    assert await queries.published(draw) == published
    assert {one.member for one in await queries.winners(draw)} == winners
    assert await queries.venue(draw) is not None
    assert [line.code for line in await queries.history(draw)][-1] == "draw.forgotten"


async def test_a_draw_that_goes_on_keeps_its_people(redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    assert not await forget(draw, NOW + 10 * YEARS)
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("DELETE FROM entrant WHERE draw = $1", draw)
    with pytest.raises(Refusal) as refused:
        await forget(new_id(), NOW)
    assert refused.value.code == "draw.unknown"


async def test_a_draw_that_was_called_off_is_forgotten_too(redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    await actions.cancel(redis, draw, actor=there.organiser, why="the hall is closed", now=CLOSED, new_id=new_id)
    assert await forget(draw, CLOSED + YEARS + HOUR)
