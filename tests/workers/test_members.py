"""What members are found by, where a migration has left it to the worker."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.members import actions, queries
from rewards.outbox.queries import overdue
from server.runtime import settings
from server.runtime.clock import now
from server.runtime.migrate import ROOT
from server.runtime.resources import Resources
from tests.rewards.members.people import person
from workers.main import JOBS, carry_out

MIGRATION = ROOT / "rewards" / "migrations" / "0006_found_by.sql"


@pytest.fixture
def resources(redis: Redis, tmp_path: Path) -> Resources:
    return Resources(settings.load({"LAUREL_DATA": str(tmp_path)}, tmp_path), redis, ZoneInfo("Asia/Shanghai"))


async def everybody() -> list[tuple[str, str | None]]:
    found = await db.rows("SELECT staff_number, found_by::text AS keys FROM member ORDER BY staff_number")
    return [(one["staff_number"], one["keys"]) for one in found]


@pytest.mark.usefixtures("database")
async def test_a_roster_from_before_is_found_after_the_worker_has_been_at_it(resources: Resources) -> None:
    """And what is made anew is what was made with the name; also for more than one commit's worth."""
    for number, name in (("P1", "李娜"), ("P2", "曾乐"), ("P3", "O'Neil Anna"), ("P4", "!!!"), ("P5", "José")):
        await person(number, name)
    before = await everybody()
    await db.rows("DROP INDEX member_found_by, member_not_found")
    await db.rows("ALTER TABLE member DROP COLUMN found_by")
    async with db.transaction() as connection:
        await connection.execute(MIGRATION.read_text())
    assert await queries.members(text="lina") == []
    assert [name.name for name in await queries.members()] == ["李娜", "曾乐", "O'Neil Anna", "!!!", "José"]
    assert await actions.make_keys(2) == 2
    for one in await overdue(now()):
        await carry_out({"resources": resources}, one.kind, one.subject)
    assert await overdue(now()) == []
    assert await everybody() == before
    assert [found.name for found in await queries.members(text="lina")] == ["李娜"]
    await JOBS["make_keys"][0](resources, "members")
    assert await everybody() == before
