"""Redis loses what it was given: boards come back by themselves, what stood in it alone is done again, the desk
says so."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from games.quizzes import actions as quizzes
from rewards import database as db
from rewards.boards import checks, queries, rules
from rewards.boards.actions import REBUILD_ALL
from rewards.ledger.actions import Award
from rewards.ledger.queries import SeasonRow, seasons
from rewards.members.actions import mark_left
from rewards.outbox import actions as outbox
from rewards.outbox.queries import overdue
from rewards.outbox.rules import DONE_KEPT
from server.commands.upkeep import rebuild_restored
from server.runtime import settings
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.following import follow_after_restart
from server.runtime.redis_client import connect
from server.runtime.resources import Resources
from tests.games.quizzes.world import Play, Scene, room, scene
from tests.laws import examples
from tests.rewards.ledger.world import post
from tests.server.runtime.test_sessions import OwnValkey, own_valkey  # noqa: F401 - a fixture
from workers import boards
from workers.checks import check_drift
from workers.main import JOBS, carry_out

pytestmark = pytest.mark.usefixtures("database")
ZONE = ZoneInfo("Asia/Shanghai")


class World:
    """Three people in a hall, with points that the boards show."""

    def __init__(self, resources: Resources, season: SeasonRow, members: list[UUID], scene: Scene | None) -> None:
        self.resources, self.season, self.members, self.scene = resources, season, members, scene

    async def played(self, state: str) -> Play:
        """A room that has come so far."""
        assert self.scene is not None
        return await (await room(self.resources.redis, self.scene, code="lostt")).to(state)

    async def earn(self, key: str, points: int = 5) -> None:
        today = self.resources.day_of(now())
        await post([Award(f"{key}:{one}", one, points) for one in self.members], self.season, day=today, at=now())

    async def work(self) -> None:
        """As workers do, until nothing is due."""
        while due := await overdue(now()):
            for one in due:
                await carry_out({"resources": self.resources}, one.kind, one.subject)

    async def look(self) -> bool:
        return await boards.look_at_copy(self.resources)

    async def held(self) -> dict[bytes, object]:
        """Every board with its bytes."""
        redis = self.resources.redis
        keys = sorted(await redis.keys("board:{*"))
        return {
            key: await (redis.zrange(key, 0, -1, withscores=True) if key.endswith(b"}") else redis.hgetall(key))
            for key in keys
        }

    async def is_right(self) -> bool:
        today = self.resources.day_of(now())
        whole = await queries.are_whole(self.resources.redis)
        return whole and await checks.drift(self.resources.redis, today=today) == []


async def world_on(redis: Redis, folder: Path) -> World:
    resources = Resources(settings.load({"LAUREL_DATA": str(folder)}, folder), redis, ZONE)
    there = await scene(3, number=9, at=now())
    [running] = await seasons()
    world = World(resources, running, there.players, there)
    await world.earn("first")
    await world.look()
    await world.work()
    assert await world.is_right()
    assert not await world.look()
    return world


@pytest.fixture
async def world(redis: Redis, tmp_path: Path) -> World:
    return await world_on(redis, tmp_path)


@pytest.fixture
async def own_world(own_valkey: OwnValkey, tmp_path: Path) -> AsyncIterator[World]:  # noqa: F811
    redis = connect(own_valkey.url, size=4)
    yield await world_on(redis, tmp_path)
    await redis.aclose()


async def lost(code: str = "board.lost") -> int:
    found = await db.value("SELECT count(*) FROM audit_entry WHERE code = $1", code)
    return int(found)


async def test_a_first_start_tells_nobody_of_a_loss(world: World) -> None:
    assert await queries.lost_at() is None
    assert await lost() == 0


async def test_a_small_look_finds_whatever_is_not_as_it_was_left(own_world: World, own_valkey: OwnValkey) -> None:  # noqa: F811
    resources = own_world.resources
    assert not await boards.as_left(resources), "its sessions were not followed yet"
    await follow_after_restart(resources)
    assert await boards.as_left(resources)
    before = rules.read_copy(await resources.redis.get(rules.COPY))
    assert before is not None
    for kept in (rules.Copy("another", before.run, before.seen), rules.Copy(before.id, "another", before.seen)):
        await resources.redis.set(rules.COPY, str(kept))
        assert not await boards.as_left(resources)
        assert rules.read_copy(await resources.redis.get(rules.COPY)) == kept
    await resources.redis.set(rules.COPY, str(rules.Copy(before.id, before.run, 0)))
    assert await boards.as_left(resources)
    after = rules.read_copy(await resources.redis.get(rules.COPY))
    assert after is not None
    assert after.seen >= before.seen, "it was seen now"
    await resources.redis.flushall()
    assert not await boards.as_left(resources)
    assert await resources.redis.get(rules.COPY) is None


async def test_an_emptied_redis_is_noticed_once_and_all_boards_come_back(world: World) -> None:
    play = await world.played("reveal")
    before = await world.held()
    await world.resources.redis.flushall()
    assert not await queries.are_whole(world.resources.redis), "already before anybody has looked"
    await asyncio.gather(*(world.look() for _ in range(5)))
    while await world.look():
        pass
    open_ones = [one for one in await overdue(now()) if one.kind == REBUILD_ALL]
    assert len(open_ones) == 1 == await lost()
    assert not await queries.are_whole(world.resources.redis)
    assert await queries.lost_at() is not None
    assert await check_drift(world.resources) == 0, "nothing is said of boards that are being made"
    await world.earn("meanwhile")
    await world.work()
    assert await world.is_right()
    after = await world.held()
    assert after.keys() == before.keys()
    assert rules.key(rules.room_board(play.id)).encode() in after
    assert not await world.look()


async def test_emptied_again_in_the_middle_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.resources.redis.flushall()
    await world.look()
    write = boards.actions.write_lost

    async def cut(redis: Redis, *given: object, **more: object) -> None:
        await write(redis, *given, **more)  # type: ignore[arg-type]
        if await redis.exists("cut") == 0:
            await redis.flushall()
            await redis.set("cut", 1)

    monkeypatch.setattr(boards.actions, "write_lost", cut)
    await world.work()
    assert not await queries.are_whole(world.resources.redis)
    assert await world.look()
    await world.work()
    assert await world.is_right()


async def test_a_worker_that_is_stopped_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.resources.redis.flushall()
    await world.look()
    [work] = [one for one in await overdue(now()) if one.kind == REBUILD_ALL]
    write, written = boards.actions.write_lost, list[object]()

    async def once(redis: Redis, season: SeasonRow, week: object, **more: object) -> None:
        if len(written) == 1:
            written.append("stopped")
            raise RuntimeError
        written.append(week)
        await write(redis, season, week, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(boards.actions, "write_lost", once)
    with pytest.raises(RuntimeError):
        await JOBS[work.kind][0](world.resources, work.subject)
    await JOBS[work.kind][0](world.resources, work.subject)
    assert len(written) == len(set(written)), "none was written twice"
    assert await world.is_right()


async def test_another_laurels_redis_is_none_of_ours(world: World) -> None:
    await world.resources.redis.mset({rules.COPY: "another run 1", rules.COMPLETE: "another"})
    assert await world.look()
    await world.work()
    assert await world.is_right()
    assert await lost() == 1


async def test_told_until_somebody_has_read_it(world: World) -> None:
    await world.resources.redis.flushall()
    await world.look()
    await world.work()
    assert await queries.lost_at() is not None
    for _ in range(2):
        await boards.actions.read_of_loss(at=now(), actor=world.members[0])
    assert await queries.lost_at() is None
    assert await lost("board.loss_read") == 1


async def test_a_restore_is_no_loss(world: World) -> None:
    await world.resources.redis.flushall()
    await rebuild_restored(world.resources)
    assert await world.is_right()
    await world.look()
    assert (await lost(), await queries.lost_at()) == (0, None)


@pytest.mark.faults
async def test_a_redis_that_lacks_what_came_last_is_given_it_again(
    own_valkey: OwnValkey,  # noqa: F811
    own_world: World,
    tmp_path: Path,
) -> None:
    """A log that was cut, or a replica that took over: nothing is made anew but what was done since."""
    own = own_world
    await own_valkey.kill()
    shutil.copytree(tmp_path / "appendonlydir", tmp_path / "kept")
    await own_valkey.start()
    await own.look()
    at = now()
    play = await own.played("podium")
    await own.earn("second", 7)
    await mark_left(own.members[2], on=at.date(), actor=None, now=at, new_id=new_id)
    await own.work()
    right = await own.held()
    await own_valkey.kill()
    shutil.rmtree(tmp_path / "appendonlydir")
    shutil.move(tmp_path / "kept", tmp_path / "appendonlydir")
    await own_valkey.start()
    assert await own.held() != right
    assert await own.look()
    await own.work()
    assert await own.is_right()
    assert await own.held() == right
    assert rules.key(rules.room_board(play.id)).encode() in right
    assert await lost() == 0
    assert not await own.look()


@pytest.mark.faults
@pytest.mark.parametrize("old", [True, False], ids=["older than what is known", "without its snapshot"])
async def test_a_copy_that_cannot_be_caught_up_with_is_made_anew(
    own_valkey: OwnValkey,  # noqa: F811
    own_world: World,
    old: bool,
) -> None:
    own = own_world
    [raw] = await own.resources.redis.mget(rules.COPY)
    copy = rules.read_copy(raw)
    assert copy is not None
    if old:
        seen = int((now() - DONE_KEPT).timestamp())
        await own.resources.redis.set(rules.COPY, str(rules.Copy(copy.id, copy.run, seen)))
    else:
        await own.resources.redis.delete(rules.COMPLETE, *await own.resources.redis.keys("board:{*"))
    await own_valkey.kill()
    await own_valkey.start()
    assert await own.look()
    await own.work()
    assert await own.is_right()
    assert await lost() == 1


@examples(20, over_one_fixture=True)
@given(history=st.lists(st.sampled_from(["earn", "work", "flush", "look", "one", "two"]), max_size=10))
async def test_whatever_happens_in_whatever_order_boards_are_right_in_the_end(
    database: str, redis: Redis, tmp_path: Path, history: list[str]
) -> None:
    there = await db.value("SELECT true FROM season")
    await db.rows("DELETE FROM checkpoint WHERE name LIKE 'laurel:%'")
    await redis.flushall()
    world = await (the_same if there else world_on)(redis, tmp_path)
    for number, event in enumerate(history):
        if event == "earn":
            await world.earn(f"{new_id()}", number + 1)
        elif event == "flush":
            await redis.flushall()
        elif event == "look":
            await world.look()
        elif event == "work":
            await world.work()
        else:
            due = await overdue(now())
            for one in due[: 1 if event == "one" else 2]:
                with contextlib.suppress(RuntimeError):
                    await carry_out({"resources": world.resources}, one.kind, one.subject)
    for _ in range(2):
        await world.look()
        await world.work()
    assert await world.is_right()


async def the_same(redis: Redis, folder: Path) -> World:
    """The world that an earlier example has left in the database."""
    resources = Resources(settings.load({"LAUREL_DATA": str(folder)}, folder), redis, ZONE)
    [running] = await seasons()
    members = [one["member"] for one in await db.rows("SELECT member FROM membership ORDER BY member")]
    world = World(resources, running, members, None)
    await world.look()
    await world.work()
    return world


async def test_work_that_was_done_is_opened_once(world: World) -> None:
    at = now()
    async with db.transaction():
        for kind in ("refresh_boards", "post_room"):
            await outbox.intend(kind, "1-1", due_at=at, now=at, new_id=new_id())
    await outbox.tick_off("refresh_boards", "1-1", now=at)
    await outbox.tick_off("post_room", "1-1", now=at)
    async with db.transaction():
        await outbox.intend("refresh_boards", "2-2", due_at=at, now=at, new_id=new_id())
    await outbox.tick_off("refresh_boards", "2-2", now=at)
    async with db.transaction():
        await outbox.intend("refresh_boards", "2-2", due_at=at, now=at, new_id=new_id())
    since = at - timedelta(seconds=1)
    assert await outbox.reopen(["refresh_boards"], since=at + timedelta(seconds=1), now=at) == 0
    await outbox.reopen(["refresh_boards"], since=since, now=at)
    open_now = [(one.kind, one.subject) for one in await overdue(now())]
    assert open_now.count(("refresh_boards", "1-1")) == open_now.count(("refresh_boards", "2-2")) == 1
    assert ("post_room", "1-1") not in open_now
    assert await outbox.reopen(["refresh_boards"], since=since, now=at) == 0


async def test_rooms_that_are_shown_are_rendered_again(world: World) -> None:
    play = await world.played("podium")
    await quizzes.place_on_board(world.resources.redis, play.id)
    await world.resources.redis.flushall()
    await world.look()
    await world.work()
    topics = [fields[b"topic"].decode() for _, fields in await world.resources.redis.xrange("laurel:ticks")]
    assert f"room:{play.id}" in topics


@examples(40, over_one_fixture=True)
@given(where=st.floats(0, 1, exclude_max=True), filling=st.sampled_from([b"\0\0\0", b"-", b"9" * 30, b""]))
async def test_a_value_that_was_damaged_is_found_and_stops_nobody(
    database: str, redis: Redis, tmp_path: Path, where: float, filling: bytes
) -> None:
    """Bytes of a file that loads all the same: the looks say so, the pages come, and the boards can be made again."""
    await redis.flushall()
    there = await db.value("SELECT true FROM season")
    world = await (the_same if there else world_on)(redis, tmp_path)
    today = world.resources.day_of(now())
    fields = [
        (key, field)
        for key in sorted(await redis.keys("board:{*"))
        if not key.endswith(b"}")
        for field in sorted(await redis.hkeys(key))
    ]
    key, field = fields[int(where * len(fields))]
    await redis.hset(key, field, filling)
    assert await checks.drift(redis, today=today) != []
    await queries.unit_rows(redis, world.season.id, None)
    await world.earn(f"{new_id()}")
    await world.work()
    await redis.hset(key, field, filling)
    await boards.rebuild_boards(world.resources, key.decode().split("{")[1].split("}")[0])
    assert await world.is_right()
