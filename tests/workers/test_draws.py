"""Draws by the clock: freeze and publish, delivered late, twice, to two workers, or after a kill."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.eligibility import Points, Rule
from rewards.draws.verify import verify_folder
from rewards.outbox.queries import open_count
from server.runtime import settings
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources
from tests.rewards.draws.world import PROGRAM, held, plan_draw, plant, seal_all, terms
from workers import draws
from workers.main import JOBS, carry_out

pytestmark = pytest.mark.usefixtures("database")
HOUR = timedelta(hours=1)


@pytest.fixture
def resources(redis: Redis, tmp_path: Path) -> Resources:
    return Resources(settings.load({"LAUREL_DATA": str(tmp_path)}, tmp_path), redis, ZoneInfo("Asia/Shanghai"))


async def due(redis: Redis, **changed: object) -> tuple[UUID, str, datetime]:
    """A draw whose hour has come, with the subject of its freeze."""
    there = await plant()
    await db.rows("UPDATE intent SET done_at = $1", now())  # the boards have followed
    at = now() - HOUR
    plan = terms(there, freeze_at=at, **changed)
    draw = await actions.create_draw(redis, plan, actor=there.organiser, now=at - HOUR, today=at.date(), new_id=new_id)
    await seal_all(redis, draw, at - HOUR)
    return draw, f"{draw}@{at.isoformat()}", at


async def state(draw: UUID) -> str:
    found = await queries.draw(draw)
    assert found is not None
    return found.state


async def asked(draw: UUID) -> str:
    """The subject of the freeze that was asked for."""
    at = await db.value("SELECT freezing_since FROM draw WHERE id = $1", draw)
    return f"{draw}@{at.isoformat()}"


async def test_the_hour_comes_and_the_files_are_there(resources: Resources) -> None:
    draw, subject, _ = await due(resources.redis)
    await carry_out({"resources": resources}, "freeze_draw", subject)
    assert await state(draw) == "freezing"
    await carry_out({"resources": resources}, "freeze_draw", await asked(draw))
    assert await state(draw) == "frozen"
    assert await queries.progress(resources.redis, draw) == 100
    await carry_out({"resources": resources}, "publish_draw", str(draw))
    assert await open_count() == 0
    found = await queries.draw(draw)
    assert found is not None
    folder = resources.settings.data / draws.FOLDER / found.slug
    assert verify_folder(folder).state == "frozen"

    other = await db.value("SELECT id FROM member WHERE staff_number = 'O2'")
    await held(resources.redis, draw, other, now=now())
    await carry_out({"resources": resources}, "publish_draw", str(draw))
    report = verify_folder(folder)
    assert (report.ok, report.state) == (True, "open")
    assert await open_count() == 0


async def test_delivered_twice_and_to_two_at_once(resources: Resources) -> None:
    draw, subject, _ = await due(resources.redis)
    await asyncio.gather(*(draws.freeze_draw(resources, subject) for _ in range(3)))
    freeze = await asked(draw)
    await asyncio.gather(*(draws.freeze_draw(resources, freeze) for _ in range(3)))
    await draws.freeze_draw(resources, freeze)
    await draws.freeze_draw(resources, subject)
    assert [line.code for line in await queries.history(draw)].count("draw.frozen") == 1
    await asyncio.gather(*(draws.publish_draw(resources, str(draw)) for _ in range(3)))
    files = sorted(path.name for path in (resources.settings.data / draws.FOLDER).rglob("*") if path.is_file())
    assert files == ["kit.html", "manifest.json", "manifest.sig", "snapshot.tsv"]


async def test_a_worker_that_dies_after_the_freeze_is_followed_by_another(resources: Resources) -> None:
    draw, subject, _ = await due(resources.redis)
    await carry_out({"resources": resources}, "freeze_draw", subject)
    freeze = await asked(draw)
    await actions.freeze(
        resources.redis,
        draw,
        now=now(),
        actor=None,
        new_id=new_id,
        random_bytes=token_bytes,
        program=PROGRAM,
        due_at=datetime.fromisoformat(freeze.partition("@")[2]),
    )
    assert await open_count() == 2
    await carry_out({"resources": resources}, "freeze_draw", freeze)
    await carry_out({"resources": resources}, "publish_draw", str(draw))
    assert await open_count() == 0
    assert await state(draw) == "frozen"


async def test_what_cannot_be_frozen_is_left_to_people(resources: Resources) -> None:
    draw, subject, _ = await due(resources.redis, prizes=())
    await carry_out({"resources": resources}, "freeze_draw", subject)
    assert await open_count() == 0
    assert await state(draw) == "draft"
    assert [(line.code, line.why) for line in await queries.history(draw)][-1] == (
        "draw.not_frozen",
        "draw.prizes_none",
    )


async def test_what_cannot_be_frozen_when_the_worker_comes_is_a_draft_again(resources: Resources) -> None:
    draw, subject, _ = await due(resources.redis, rule=Rule((Points(9_000),)))
    await carry_out({"resources": resources}, "freeze_draw", subject)
    await carry_out({"resources": resources}, "freeze_draw", await asked(draw))
    assert await open_count() == 0
    assert await state(draw) == "draft"
    assert (await queries.history(draw))[-1].why == "draw.nobody"
    assert await queries.progress(resources.redis, draw) is None


async def test_a_freeze_of_another_hour_or_of_nothing_does_nothing(resources: Resources) -> None:
    there = await plant()
    draw = await plan_draw(resources.redis, there)
    await draws.freeze_draw(resources, f"{draw}@{now().isoformat()}")
    await draws.freeze_draw(resources, f"{new_id()}@{now().isoformat()}")
    await draws.publish_draw(resources, str(draw))
    await draws.publish_draw(resources, str(new_id()))
    assert await state(draw) == "draft"
    assert not (resources.settings.data / draws.FOLDER).exists()


def test_both_jobs_are_known_to_the_worker() -> None:
    assert JOBS[actions.FREEZE][0] is draws.freeze_draw
    assert JOBS[actions.PUBLISH][0] is draws.publish_draw
