"""The worker forgets by the setting, and for ever means never."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions
from rewards.outbox.rules import DONE_KEPT
from server.runtime import settings
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources
from tests.rewards.draws.world import frozen_draw, held, plant
from workers import retention
from workers.retention import forget_draws, forget_work

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def resources(redis: Redis, tmp_path: Path) -> Resources:
    return Resources(settings.load({"LAUREL_DATA": str(tmp_path)}, tmp_path), redis, ZoneInfo("Asia/Shanghai"))


async def test_what_is_older_than_the_setting_is_forgotten(resources: Resources, redis: Redis, tmp_path: Path) -> None:
    there = await plant()
    old, young = [await frozen_draw(redis, there) for _ in range(2)]
    for draw, age in ((old, 4 * 366), (young, 2 * 365)):
        await held(redis, draw, there.organiser)
        await actions.close(redis, draw, actor=there.organiser, now=now(), new_id=new_id)
        await db.rows("UPDATE draw SET closed_at = $2 WHERE id = $1", draw, now() - timedelta(days=age))
    for_ever = settings.load({"LAUREL_DRAW_RETENTION_YEARS": "0"}, tmp_path)
    assert await forget_draws(replace(resources, settings=for_ever)) == 0
    assert resources.settings.draw_retention_years == 3
    assert await forget_draws(resources) == 1
    assert await forget_draws(resources) == 0
    left = await db.rows("SELECT DISTINCT draw FROM entrant")
    assert [one["draw"] for one in left] == [young]


async def test_work_that_was_done_long_ago_is_forgotten_and_open_work_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    await db.rows(
        "INSERT INTO intent (id, kind, subject, due_at, created_at, done_at)"
        " SELECT gen_random_uuid(), 'post_room', coalesce(n::text, 'open'), $1::timestamptz, $1,"
        " $1 + make_interval(days => n) FROM unnest($2::int[]) AS n",
        now() - DONE_KEPT - timedelta(days=7, hours=12),
        [*range(1, 9), None],
    )
    assert await forget_work() == 7
    assert await forget_work() == 0
    left = await db.rows("SELECT subject FROM intent ORDER BY subject")
    assert [one["subject"] for one in left] == ["8", "open"]
