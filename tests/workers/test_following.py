"""Sessions and boards follow the roster: at once, by a worker, and after Redis came back with less than it knew."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.members import actions, queries
from rewards.outbox.queries import open_count
from server.runtime import settings
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.following import DEVICE, follow_after_restart, follow_now
from server.runtime.redis_client import connect
from server.runtime.resources import Resources
from server.runtime.sessions import Sessions
from tests.rewards.members.people import person
from tests.server.runtime.test_sessions import OwnValkey, own_valkey  # noqa: F401 - a fixture
from workers.main import JOBS, carry_out

pytestmark = pytest.mark.usefixtures("database")


def house_on(redis: Redis, folder: Path) -> Resources:
    return Resources(settings.load({"LAUREL_DATA": str(folder)}, folder), redis, ZoneInfo("Asia/Shanghai"))


@pytest.fixture
async def resources(redis: Redis, tmp_path: Path) -> Resources:
    return house_on(redis, tmp_path)


@pytest.fixture
async def own_house(own_valkey: OwnValkey, tmp_path: Path) -> AsyncIterator[Resources]:  # noqa: F811
    redis = connect(own_valkey.url, size=4)
    yield house_on(redis, tmp_path)
    await redis.aclose()


async def signed_in(resources: Resources, member: UUID) -> str:
    """A session that says what the roster says."""
    one = (await queries.people([member]))[member]
    started = await Sessions(resources.redis).start(
        member, name=one.name, roles=one.roles, language=None, unit="", device="test", version=one.access_version
    )
    assert started is not None
    return started


async def leave(member: UUID) -> actions.Follows:
    moment = now()
    return await actions.mark_left(member, on=moment.date(), actor=None, now=moment, new_id=new_id)


async def test_what_was_carried_out_at_once_leaves_nothing_to_do(resources: Resources) -> None:
    member = await person("1")
    session = await signed_in(resources, member)
    before = await open_count()
    await follow_now(resources, await leave(member))
    assert await Sessions(resources.redis).get(session) is None
    assert await open_count() == before


async def test_a_worker_does_it_however_often_and_late(resources: Resources) -> None:
    member = await person("1")
    device, session = await signed_in(resources, member), await signed_in(resources, member)
    sessions = Sessions(resources.redis)
    [ref] = [one.ref for one in await sessions.list(member, current=device) if one.is_current]
    ended = await actions.end_sessions(member, ref=ref, count=1, actor=None, now=now(), new_id=new_id)
    assert [kind for kind, _ in ended] == [DEVICE]
    given = await actions.set_roles(member, ["reviewer"], actor=None, now=now(), new_id=new_id)
    for _ in range(2):
        for kind, subject in (*ended, *given):
            await JOBS[kind][0](resources, subject)
            await carry_out({"resources": resources}, kind, subject)
        assert await sessions.get(device) is None
        found = await sessions.get(session)
        assert found is not None
        assert found.roles == ("reviewer",)
    left = await leave(member)
    back = await actions.restore(member, actor=None, now=now(), today=now().date(), new_id=new_id)
    again = await signed_in(resources, member)
    for kind, subject in (*back, *left, *given):
        await JOBS[kind][0](resources, subject)
    assert await sessions.get(session) is None
    assert await sessions.get(again) is not None, "a late worker ends no session that was begun since"


@pytest.mark.faults
async def test_a_redis_that_was_restored_from_before_brings_nobody_back(
    own_valkey: OwnValkey,  # noqa: F811
    own_house: Resources,
    tmp_path: Path,
) -> None:
    leaver, changed, stays = [await person(number) for number in ("1", "2", "3")]
    await actions.set_roles(changed, ["organiser"], actor=None, now=now(), new_id=new_id)
    sessions = Sessions(own_house.redis)
    ids = [await signed_in(own_house, one) for one in (leaver, changed, stays)]
    assert await follow_after_restart(own_house)
    assert not await follow_after_restart(own_house)
    await own_valkey.kill()
    shutil.copytree(tmp_path / "appendonlydir", tmp_path / "kept")
    await own_valkey.start()
    await follow_now(own_house, await leave(leaver))
    await follow_now(own_house, await actions.set_roles(changed, [], actor=None, now=now(), new_id=new_id))
    await db.rows("DELETE FROM intent WHERE done_at IS NOT NULL")
    await own_valkey.kill()
    shutil.rmtree(tmp_path / "appendonlydir")
    shutil.move(tmp_path / "kept", tmp_path / "appendonlydir")
    await own_valkey.start()
    before = [await sessions.get(one) for one in ids]
    assert [one and one.roles for one in before] == [(), ("organiser",), ()]
    assert await follow_after_restart(own_house)
    assert not await follow_after_restart(own_house)
    after = [await sessions.get(one) for one in ids]
    assert [one and one.roles for one in after] == [None, (), ()]


async def test_an_emptied_redis_is_looked_at_once(resources: Resources) -> None:
    await signed_in(resources, await person("1"))
    assert await follow_after_restart(resources)
    await resources.redis.flushall()
    assert await follow_after_restart(resources)
    assert not await follow_after_restart(resources)
