"""Looking for drift: what is new at every look, everybody in turn, everything at night; and nothing is mended."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.boards import rules
from rewards.boards.actions import REBUILD, ask_to_rebuild, place, rebuild, refresh_members, refresh_units
from rewards.boards.checks import present_report
from rewards.boards.rules import BoardScore
from rewards.ledger import checks as ledger
from rewards.ledger.actions import Award, reverse
from rewards.ledger.queries import SeasonRow
from rewards.outbox.actions import intend
from rewards.outbox.queries import is_open
from rewards.refusals import Refusal
from server.runtime import settings
from server.runtime.clock import now
from server.runtime.resources import Resources
from tests.rewards.ledger.world import belong, people, post, season, unit
from workers import checks
from workers.main import carry_out

pytestmark = pytest.mark.usefixtures("database")
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def resources(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resources:
    monkeypatch.setattr(checks, "SETTLE", 0.0)
    return Resources(settings.load({"LAUREL_DATA": str(tmp_path)}, tmp_path), redis, ZONE)


class World:
    """Three people in a hall, with points that the boards show."""

    def __init__(self, resources: Resources, season: SeasonRow, members: list[UUID], hall: UUID) -> None:
        self.resources, self.season, self.members, self.hall = resources, season, members, hall
        self.today = resources.day_of(now())

    async def earn(self, key: str, *members: UUID) -> None:
        await post([Award(f"{key}:{one}", one, 5) for one in members], self.season, day=self.today, at=now())

    async def show(self) -> None:
        redis = self.resources.redis
        await refresh_members(redis, self.season.id, self.members, today=self.today)
        await refresh_units(redis, self.season.id, self.members, today=self.today)


@pytest.fixture
async def world(resources: Resources) -> World:
    today = resources.day_of(now())
    running, members, hall = await season(today - timedelta(days=30)), await people(3), await unit("Hall")
    await belong(members, hall, since=today - timedelta(days=20))
    there = World(resources, running, members, hall)
    await there.earn("first", *members)
    await there.show()
    return there


async def on_the_board(world: World) -> None:
    await place(world.resources.redis, rules.season_board(world.season.id), [BoardScore(world.members[0], 9, 9, 10**9)])


async def on_a_week(world: World) -> None:
    board = rules.week_board(world.season.id, world.today)
    await world.resources.redis.execute_command("ZREM", rules.key(board), world.members[1].bytes)


async def of_a_stranger(world: World) -> None:
    await place(world.resources.redis, rules.season_board(world.season.id), [BoardScore(uuid4(), 9, 9, 1)])


async def on_the_units(world: World) -> None:
    rates = rules.rates_key(rules.unit_board(world.season.id))
    await world.resources.redis.execute_command("HSET", rates, world.hall.bytes, "1:1:1")


async def in_a_total(world: World) -> None:
    await db.rows("UPDATE total SET points = points + 1 WHERE member = $1 AND week = '-infinity'", world.members[2])


async def in_a_total_of_a_week_without_a_board(world: World) -> None:
    """Of weeks of long ago no board is kept: with what is made again is the season's."""
    await db.rows("INSERT INTO total SELECT season, '2020-01-06', member, points, reached, sequence FROM total LIMIT 1")


async def in_what_a_unit_has(world: World) -> None:
    await db.rows("UPDATE unit_total SET points = points + 1")
    await world.earn("second", world.members[0])
    await world.show()


async def in_a_share(world: World) -> None:
    await db.rows("UPDATE share SET takes_part = false WHERE member = $1", world.members[2])


async def of_a_strange_unit(world: World) -> None:
    await world.resources.redis.zadd(rules.key(rules.unit_board(world.season.id)), {uuid4().bytes: 1})


PLANTS = [
    on_the_board,
    on_a_week,
    of_a_stranger,
    on_the_units,
    in_a_total,
    in_a_total_of_a_week_without_a_board,
    in_what_a_unit_has,
    in_a_share,
    of_a_strange_unit,
]


@pytest.mark.parametrize("plant", PLANTS)
async def test_what_was_planted_is_found_by_the_next_look_and_mended_by_hand_alone(
    world: World, plant: Callable[[World], Awaitable[None]]
) -> None:
    redis = world.resources.redis
    assert await checks.check_drift(world.resources) == 0
    await plant(world)
    assert await checks.check_drift(world.resources) > 0
    assert await checks.check_drift(world.resources) > 0, "looking mends nothing"
    report = await present_report(redis)
    assert report is not None
    for board in report.boards:
        assert await rebuild(redis, today=world.today, only=[board]) == [board]
    assert await present_report(redis) is None
    assert await checks.check_drift(world.resources) == 0


async def test_whoever_sees_it_at_the_desk_has_it_mended_by_the_worker(world: World) -> None:
    redis, (actor, *_) = world.resources.redis, world.members
    with pytest.raises(Refusal, match=r"board\.nothing_differs"):
        await ask_to_rebuild(redis, at=now(), actor=actor, new_id=uuid4)
    await on_the_board(world)
    await on_the_units(world)
    await checks.check_drift(world.resources)
    asked = await ask_to_rebuild(redis, at=now(), actor=actor, new_id=uuid4)
    assert asked == [rules.season_board(world.season.id), rules.unit_board(world.season.id)]
    assert await is_open(REBUILD)
    async with db.transaction():
        await intend(REBUILD, "week:of-long-ago", due_at=now(), now=now(), new_id=uuid4())
    await carry_out({"resources": world.resources}, REBUILD, "")
    assert not await is_open(REBUILD)
    assert await present_report(redis) is None
    assert await checks.check_drift(world.resources) == 0
    assert await db.value("SELECT details->>'boards' FROM audit_entry WHERE code = 'board.rebuild_asked'") is not None


async def test_a_look_sees_whose_points_moved_also_when_a_commit_came_late(
    world: World, resources: Resources, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has his turn here: only what is new is looked at. An entry may be committed behind later ones."""
    monkeypatch.setattr(checks, "MEMBERS", 0)
    monkeypatch.setattr(checks, "TOTALS", 0)
    ann, bob, _ = world.members
    assert await ledger.news(100) == []
    other = await asyncpg.connect(database)
    held = other.transaction()
    await held.start()
    await other.execute("SELECT nextval('entry_id_seq')")
    await other.execute("INSERT INTO audit_entry (at, code, subject) VALUES (now(), 'season.opened', '')")
    await world.earn("second", ann)
    assert await ledger.news(100) == [ann]
    assert await ledger.news(100) == [ann], "something from before may still be committed"
    await held.rollback()
    await other.close()
    await world.earn("third", bob)
    assert bob in await ledger.news(100)
    assert await ledger.news(100) == []


@pytest.mark.parametrize("plant", PLANTS)
async def test_everybody_has_his_turn(
    world: World, plant: Callable[[World], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for turn in ("MEMBERS", "TOTALS", "UNITS", "PLACES"):
        monkeypatch.setattr(checks, turn, 1)
    await checks.check_drift(world.resources)
    await plant(world)
    found = [await checks.check_drift(world.resources) for _ in range(4)]
    assert sum(one > 0 for one in found) >= 1
    assert found[-1] > 0, "what was found is looked at again"


async def test_the_night_goes_through_everything_and_goes_on_where_it_was_stopped(
    world: World, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = datetime.combine(world.today, datetime.min.time(), ZONE) + timedelta(hours=2)
    monkeypatch.setattr(checks, "now", lambda: night)
    monkeypatch.setattr(checks, "SECONDS", 0.0)
    await in_a_total(world)
    await on_the_board(world)
    assert not await checks.whole_pass(resources)
    assert await resources.redis.get(rules.NIGHT) is not None
    monkeypatch.setattr(checks, "SECONDS", 3600.0)
    assert await checks.whole_pass(resources)
    report = await checks.boards.last_report(resources.redis, rules.NIGHT)
    assert report is not None
    assert report.differences >= 2
    assert report.boards == [rules.season_board(world.season.id), rules.unit_board(world.season.id)]
    assert await checks.whole_pass(resources), "once a night"
    monkeypatch.setattr(checks, "now", lambda: night + timedelta(hours=9))
    assert await checks.whole_pass(resources), "not by day"


async def test_boards_that_are_about_to_follow_are_no_difference(
    world: World, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    await checks.check_drift(resources)
    await world.earn("second", *world.members)
    looked, first = checks._differing, []

    async def then_followed(*given: Any) -> Any:
        found = await looked(*given)
        first.append(found)
        await world.show()
        return found

    monkeypatch.setattr(checks, "_differing", then_followed)
    assert await checks.check_drift(resources) == 0
    assert len(first[0]) == 3 * 3, "season, week and share of each"


async def test_what_was_taken_back_is_looked_at(world: World) -> None:
    await checks.check_drift(world.resources)
    async with db.transaction():
        await reverse(f"first:{world.members[0]}", by_key="undo", at=now(), actor=None, why="A mistake", new_id=uuid4)
    assert await checks.check_drift(world.resources) > 0, "the boards have not followed yet"
    await world.show()
    assert await checks.check_drift(world.resources) == 0
