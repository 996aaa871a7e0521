"""Sessions: no id but ours, out at once, read together, and still there when Valkey comes back."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnection

from rewards.boards.rules import COPY, Copy
from rewards.members import actions, queries
from rewards.ticks import STREAM
from server.runtime.chance import new_id, token
from server.runtime.embedded import locate
from server.runtime.redis_client import connect
from server.runtime.sessions import (
    ABSOLUTE_LIFE,
    DESK_IDLE_LIFE,
    IDLE_LIFE,
    LINK,
    REFRESH_AFTER,
    SWEPT_AFTER,
    Session,
    Sessions,
)
from tests import patience
from tests.laws import examples
from tests.patience import until
from tests.rewards.members.people import NOW, person

SECOND = timedelta(seconds=1)


@dataclass
class Clock:
    """Real time and what was added to it: Valkey's own clock cannot be turned."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def sign_in(
    sessions: Sessions, member: UUID, *roles: str, device: str = "Chrome, Android", version: int = 0
) -> str:
    return await sessions.start(
        member, name="Li Na", roles=roles, language="zh-Hans", unit="Workshop 2", device=device, version=version
    )


async def calls(redis: Redis, command: str) -> int:
    stats = await redis.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


async def test_a_session_is_taken_for_no_more_than_it_says(redis: Redis) -> None:
    sessions = Sessions(redis)
    session = await sessions.get(await sign_in(sessions, new_id()))
    assert session is not None
    assert (session.way, session.link_by) == (LINK, None)


async def test_signed_in_and_out(redis: Redis) -> None:
    sessions, member = Sessions(redis), new_id()
    session_id = await sign_in(sessions, member, "organiser", "admin")
    session = await sessions.get(session_id)
    assert session is not None
    assert (session.member, session.name, session.roles) == (member, "Li Na", ("admin", "organiser"))
    assert (session.language, session.unit, session.device) == ("zh-Hans", "Workshop 2", "Chrome, Android")
    await sessions.end(session_id)
    assert await sessions.get(session_id) is None
    assert await redis.keys("session*") == []


async def test_an_id_from_outside_is_nobody_and_never_becomes_somebody(redis: Redis) -> None:
    sessions, planted = Sessions(redis), token()
    assert await sessions.get(planted) is None
    assert await redis.dbsize() == 0
    given = await sign_in(sessions, new_id())
    assert given != planted
    assert await sessions.get(planted) is None
    for wrong in ("", "x", "é" * 43, "*" * 43, given[:-1], given + "A", "session:" + given[8:], "\udc80" * 43):
        assert await sessions.get(wrong) is None


async def test_redis_knows_no_id(redis: Redis) -> None:
    member = new_id()
    session_id = await sign_in(Sessions(redis), member)
    dump = repr([(key, await redis.dump(key)) for key in await redis.keys("*")])
    assert session_id not in dump
    assert hashlib.sha256(session_id.encode()).hexdigest() in dump


@pytest.mark.parametrize("ahead", [timedelta(days=-30), timedelta(hours=-20), timedelta(hours=20), timedelta(days=30)])
async def test_where_redis_has_another_time_people_sign_in_and_stay(redis: Redis, ahead: timedelta) -> None:
    """The machine's clock was set; Laurel goes by its own."""
    clock = Clock(ahead)
    sessions, member = Sessions(redis, clock=clock), new_id()
    session_id = await sign_in(sessions, member, "organiser")
    assert await sessions.get(session_id) is not None
    clock.ahead += REFRESH_AFTER
    assert await sessions.get(session_id) is not None
    assert len(await sessions.list(member)) == 1
    clock.ahead += DESK_IDLE_LIFE
    assert await sessions.get(session_id) is None


async def test_idle_and_absolute_ends(redis: Redis) -> None:
    clock = Clock()
    sessions = Sessions(redis, clock=clock)
    member, desk = await sign_in(sessions, new_id()), await sign_in(sessions, new_id(), "auditor")
    clock.ahead = DESK_IDLE_LIFE + SECOND
    assert await sessions.get(desk) is None
    assert await sessions.get(member) is not None
    clock.ahead += IDLE_LIFE - timedelta(hours=1)
    assert await sessions.get(member) is not None
    for _ in range(3):
        clock.ahead += IDLE_LIFE - timedelta(days=5)
        last = await sessions.get(member)
    assert clock.ahead > ABSOLUTE_LIFE
    assert last is None


async def test_redis_forgets_by_itself(redis: Redis) -> None:
    sessions, member = Sessions(redis), new_id()
    await sign_in(sessions, member)
    [key] = await redis.keys("session:*")
    assert IDLE_LIFE - 60 * SECOND < timedelta(milliseconds=await redis.pttl(key)) - SWEPT_AFTER <= IDLE_LIFE
    index = timedelta(milliseconds=await redis.pttl(f"sessions:{member}")) - SWEPT_AFTER
    assert ABSOLUTE_LIFE - 60 * SECOND < index <= ABSOLUTE_LIFE
    await sign_in(sessions, desk := new_id(), "organiser")
    hashed = (await redis.zrange(f"sessions:{desk}", 0, -1))[0].decode()
    assert timedelta(milliseconds=await redis.pttl(f"session:{hashed}")) - SWEPT_AFTER <= DESK_IDLE_LIFE


async def test_seen_is_written_at_most_every_ten_minutes(redis: Redis) -> None:
    clock = Clock()
    sessions = Sessions(redis, clock=clock)
    session_id = await sign_in(sessions, new_id())
    first = await sessions.get(session_id)
    writes = await calls(redis, "set")
    clock.ahead = REFRESH_AFTER - SECOND * 5
    assert await sessions.get(session_id) == first
    assert await calls(redis, "set") == writes
    clock.ahead = REFRESH_AFTER + SECOND
    seen = await sessions.get(session_id)
    assert seen is not None
    assert first is not None
    assert seen.seen_at - first.seen_at >= REFRESH_AFTER
    assert await sessions.get(session_id) == seen
    assert await calls(redis, "set") == writes + 1


async def test_a_revoked_session_is_out_at_once_in_every_process(redis: Redis) -> None:
    here, there, member = Sessions(redis), Sessions(redis), new_id()
    one, two, three = [await sign_in(here, member, device=f"phone {number}") for number in range(3)]
    other = await sign_in(here, new_id())
    assert await there.get(one) is not None
    refs = {listed.device: listed.ref for listed in await here.list(member)}
    assert await here.end_one(member, refs["phone 0"])
    assert await there.get(one) is None
    assert not await here.end_one(member, refs["phone 0"])
    assert not await here.end_one(new_id(), refs["phone 1"])
    assert not await here.end_one(member, "")
    assert await here.end_all(member, but=two) == 1
    assert await there.get(three) is None
    assert await there.get(two) is not None
    assert await here.end_all(member) == 1
    assert await there.get(two) is None
    assert await there.get(other) is not None


async def test_devices_are_listed_and_dead_ones_forgotten(redis: Redis) -> None:
    clock = Clock()
    sessions, member = Sessions(redis, clock=clock), new_id()
    await sign_in(sessions, member, device="old tablet")
    clock.ahead = 2 * SECOND
    current = await sign_in(sessions, member, device="phone " * 40)
    listed = await sessions.list(member, current=current)
    assert [(one.device[:6], one.is_current) for one in listed] == [("phone ", True), ("old ta", False)]
    assert len(listed[0].device) == 80
    [dead] = [hashed for hashed in await index(redis, member) if not hashed.startswith(listed[0].ref)]
    await redis.delete(f"session:{dead}")
    assert [one.ref for one in await sessions.list(member, current=current)] == [listed[0].ref]
    assert len(await index(redis, member)) == 1
    assert await sessions.list(new_id()) == ()


async def index(redis: Redis, member: UUID) -> list[str]:
    return [hashed.decode() for hashed in await redis.zrange(f"sessions:{member}", 0, -1)]


async def test_signing_in_drops_what_has_ended_for_good(redis: Redis) -> None:
    clock = Clock(-ABSOLUTE_LIFE - timedelta(days=1))
    sessions, member = Sessions(redis, clock=clock), new_id()
    await sign_in(sessions, member)
    clock.ahead = timedelta()
    await sign_in(sessions, member)
    assert len(await index(redis, member)) == 1


async def test_a_changed_role_holds_at_once_and_a_late_refresh_cannot_undo_it(redis: Redis, database: str) -> None:
    clock = Clock()
    sessions, member = Sessions(redis, clock=clock), await person("1", "Wang", "reviewer", unit=("Plant", "Stores"))
    phone, laptop = await sign_in(sessions, member, "admin"), await sign_in(sessions, member, "admin")
    clock.ahead = REFRESH_AFTER + SECOND
    await asyncio.gather(
        *(sessions.get(phone) for _ in range(20)),
        sessions.follow([member]),
        *(sessions.get(phone) for _ in range(20)),
    )
    for session_id in (phone, laptop):
        session = await sessions.get(session_id)
        assert session is not None
        assert (session.name, session.roles, session.unit, session.language) == ("Wang", ("reviewer",), "Stores", None)
    await redis.delete(STREAM)
    await sessions.follow([member])
    assert await redis.xlen(STREAM) == 0, "nothing was to be changed, so nothing is announced"


async def changed(member: UUID, *roles: str) -> None:
    """The member's roles, changed and not yet followed."""
    await actions.set_roles(member, roles, actor=None, now=NOW, new_id=new_id)


async def version(member: UUID) -> int:
    return (await queries.people([member]))[member].access_version


async def test_followers_at_once_end_in_what_the_roster_says(redis: Redis, database: str) -> None:
    sessions, member = Sessions(redis), await person("1")
    session_id = await sign_in(sessions, member)
    for roles in (["reviewer"], [], ["auditor"], ["organiser", "reviewer"]):
        await asyncio.gather(changed(member, *roles), *(sessions.follow([member]) for _ in range(5)))
        await asyncio.gather(*(sessions.follow([member]) for _ in range(3)))
        session = await sessions.get(session_id)
        assert session is not None
        assert (list(session.roles), session.version) == (roles, await version(member))


async def test_whoever_was_signing_in_meanwhile_reads_the_roster_again(redis: Redis, database: str) -> None:
    sessions, member = Sessions(redis), await person("1", "Li Na", "organiser")
    before = await version(member)
    await changed(member)
    await sessions.follow([member])
    assert await sign_in(sessions, member, "organiser", version=before) is None
    assert await sessions.list(member) == ()
    session_id = await sign_in(sessions, member, version=await version(member))
    assert await sessions.get(session_id) is not None


async def test_sessions_of_a_roster_that_was_restored_from_before_end(redis: Redis, database: str) -> None:
    sessions, member = Sessions(redis), await person("1")
    later = await sign_in(sessions, member, version=await version(member) + 7)
    stranger = await sign_in(sessions, new_id())
    now_here = await sign_in(sessions, member, version=await version(member))
    await sessions.follow([one async for one in sessions.everyone()])
    assert [await sessions.get(one) is None for one in (later, stranger, now_here)] == [True, True, False]
    assert len(await sessions.list(member)) == 1


async def test_a_session_of_before_there_were_versions_is_read(redis: Redis) -> None:
    sessions, member = Sessions(redis), new_id()
    session_id = await sign_in(sessions, member)
    [key] = await redis.keys("session:*")
    older = msgspec.msgpack.encode(msgspec.msgpack.decode(await redis.get(key))[:-1])
    await redis.set(key, older)
    session = await sessions.get(session_id)
    assert session is not None
    assert (session.member, session.version) == (member, 0)


async def test_a_refresh_does_not_bring_back_what_was_ended(redis: Redis) -> None:
    clock = Clock()
    sessions, member = Sessions(redis, clock=clock), new_id()
    session_id = await sign_in(sessions, member)
    clock.ahead = REFRESH_AFTER + SECOND
    await asyncio.gather(sessions.get(session_id), sessions.end_all(member), sessions.get(session_id))
    assert await sessions.get(session_id) is None
    assert await redis.keys("session*") == []


async def test_an_open_stream_holds_its_session_and_ends_with_it(redis: Redis, database: str) -> None:
    sessions, elsewhere, member = Sessions(redis), Sessions(redis), await person("1")
    session_id = await sign_in(sessions, member, "organiser")
    session = await sessions.get(session_id)
    assert session is not None
    ended = asyncio.Event()
    with sessions.holding(session_id, session, ended.set):
        await redis.config_resetstat()
        assert await sessions.get(session_id) == session
        assert await calls(redis, "mget") == 0
        await elsewhere.follow([member])
        await sessions.recheck()
        changed = await sessions.get(session_id)
        assert changed is not None
        assert changed.roles == ()
        assert not ended.is_set()
        await elsewhere.end_all(member)
        [(_, tick)] = await redis.xrevrange(STREAM, count=1)
        sessions.heard(tick[b"topic"].decode(), {})
        await asyncio.wait_for(ended.wait(), patience.SECONDS)
        assert await sessions.get(session_id) is None


async def test_a_tick_about_somebody_else_costs_nothing(redis: Redis) -> None:
    sessions, member = Sessions(redis), new_id()
    session_id = await sign_in(sessions, member)
    session = await sessions.get(session_id)
    assert session is not None
    ended: list[str] = []
    with sessions.holding(session_id, session, lambda: ended.append("stream")):
        await redis.config_resetstat()
        sessions.heard(f"session:{new_id()}", {})
        sessions.heard(f"room:{member}", {})
        assert await sessions.get(session_id) == session
        assert await calls(redis, "mget") == 0
    assert ended == []
    await sessions.end(session_id)
    assert await sessions.get(session_id) is None


async def test_reads_that_wait_together_are_few_commands(redis: Redis) -> None:
    sessions = Sessions(redis)
    ids = [await sign_in(sessions, UUID(int=number)) for number in range(300)]
    await redis.config_resetstat()
    found = await asyncio.gather(*(sessions.get(session_id) for session_id in [*ids, *ids, token()]))
    assert [session.member.int for session in found[:-1] if session] == [*range(300), *range(300)]
    assert found[-1] is None
    assert await calls(redis, "mget") == 1
    assert await calls(redis, "get") == 0
    many = await asyncio.gather(*(sessions.get(token()) for _ in range(1_001)))
    assert set(many) == {None}
    assert await calls(redis, "mget") == 1 + 3


async def test_who_stops_waiting_spoils_nothing_for_the_others(redis: Redis) -> None:
    sessions = Sessions(redis)
    session_id = await sign_in(sessions, new_id())
    waiting = [asyncio.create_task(sessions.get(session_id)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(isinstance(session, Session) for session in found[1:])


class OwnValkey:
    """A Valkey of this test's own, with an append-only file, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder / 's'}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        program = locate.valkey(None).path
        options = f"--port 0 --unixsocket {self.folder / 's'} --dir {self.folder} --appendonly yes --appendfsync always"
        self.process = await asyncio.create_subprocess_exec(
            program, *options.split(), "--save", "", stdout=asyncio.subprocess.DEVNULL
        )

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[OwnValkey]:
    """Started; ended with the test."""
    valkey = OwnValkey(tmp_path)
    await valkey.start()
    yield valkey
    await valkey.kill()


@pytest.mark.faults
async def test_sessions_outlive_a_killed_valkey_and_nobody_notices(own_valkey: OwnValkey) -> None:
    redis = connect(own_valkey.url, size=4)
    sessions, member = Sessions(redis), new_id()
    ids = [await sign_in(sessions, member) for _ in range(3)]
    assert None not in [await sessions.get(session_id) for session_id in ids]
    await own_valkey.kill()
    asked = [asyncio.create_task(sessions.get(session_id)) for session_id in ids]
    await own_valkey.start()
    assert None not in await asyncio.gather(*asked)
    assert len(await sessions.list(member)) == 3
    assert await sessions.get(await sign_in(sessions, member)) is not None
    await redis.aclose()


@pytest.mark.faults
async def test_reading_goes_on_after_an_error(own_valkey: OwnValkey) -> None:
    patient, hasty = connect(own_valkey.url, size=2), Redis.from_url(own_valkey.url)
    session_id = await sign_in(Sessions(patient), new_id())
    sessions = Sessions(hasty)
    assert await sessions.get(session_id) is not None
    await own_valkey.kill()
    failed = await asyncio.gather(*(sessions.get(session_id) for _ in range(5)), return_exceptions=True)
    assert {type(error) for error in failed} == {LostConnection}
    await own_valkey.start()
    assert await patient.ping()
    assert await sessions.get(session_id) is not None
    await patient.aclose()
    await hasty.aclose()


# Redis loses what it held


async def lose(redis: Redis) -> str:
    """As FLUSHALL does, and the worker who has noticed it; the tick that says so."""
    await redis.flushall()
    copy = new_id().hex
    await redis.set(COPY, str(Copy(copy, "run", 1)))
    return f"copy:{copy}"


@pytest.fixture
async def hall(database: str, redis: Redis) -> AsyncIterator[tuple[Sessions, list[UUID], list[str], set[str]]]:
    """Phones with open streams: their sessions here, members, ids, and which streams were ended."""
    await redis.set(COPY, str(Copy("first", "run", 1)))
    sessions, members = Sessions(redis), [await person(str(number)) for number in range(3)]
    ids, ended = [await sign_in(sessions, one) for one in members], set[str]()
    with contextlib.ExitStack() as streams:
        for one in ids:
            session = await sessions.get(one)
            assert session is not None
            streams.enter_context(sessions.holding(one, session, partial(ended.add, one)))
        await sessions.recheck()
        yield sessions, members, ids, ended


Hall = tuple[Sessions, list[UUID], list[str], set[str]]


async def test_a_hall_stays_signed_in_when_redis_has_lost_everything(hall: Hall, redis: Redis) -> None:
    sessions, members, ids, ended = hall
    tick = await lose(redis)
    assert None not in [await sessions.get(one) for one in ids], "while nobody has looked yet"
    sessions.heard(tick, {})
    await until(lambda: _are_there(redis, len(ids)), "the sessions to be written again")
    elsewhere = Sessions(redis)
    assert [found and found.member for found in [await elsewhere.get(one) for one in ids]] == members
    assert [len(await elsewhere.list(member)) for member in members] == [1, 1, 1]
    assert ended == set()


async def _are_there(redis: Redis, count: int) -> bool:
    return len(await redis.keys("session:*")) == count


async def test_before_a_worker_has_noticed_it(hall: Hall, redis: Redis) -> None:
    sessions, _, ids, ended = hall
    await redis.flushall()
    await sessions.recheck()
    assert None not in [await Sessions(redis).get(one) for one in ids]
    await redis.set(COPY, str(Copy("second", "run", 1)))
    await sessions.recheck()
    assert ended == set()


async def test_another_process_waits_for_the_one_that_holds_the_stream(hall: Hall, redis: Redis) -> None:
    sessions, members, ids, _ = hall
    elsewhere = Sessions(redis)
    await elsewhere.recheck()
    await redis.flushall()
    asked = [asyncio.create_task(elsewhere.get(one)) for one in ids]
    await until(lambda: redis.xlen(STREAM), "the other processes to be called")
    assert [fields[b"topic"] for _, fields in await redis.xrange(STREAM)] == [b"copy:"]
    sessions.heard("copy:", {})
    assert [found and found.member for found in await asyncio.gather(*asked)] == members
    assert await elsewhere.get(token()) is None


async def test_nobody_comes_back_whom_the_roster_does_not_let_in(hall: Hall, redis: Redis) -> None:
    sessions, (leaver, out, stays), ids, ended = hall
    await actions.mark_left(leaver, on=NOW.date(), actor=None, now=NOW, new_id=new_id)
    await actions.end_sessions(out, count=1, actor=None, now=NOW, new_id=new_id)
    await lose(redis)
    await sessions.recheck()
    assert ended == set(ids[:2])
    assert [await Sessions(redis).get(one) for one in ids[:2]] == [None, None]
    back = await Sessions(redis).get(ids[2])
    assert back is not None
    assert back.member == stays


async def test_who_is_signed_out_behind_the_loss_stays_out(hall: Hall, redis: Redis) -> None:
    sessions, members, ids, ended = hall
    await lose(redis)
    sessions.heard(f"session:{members[0]}", {})
    await until(lambda: ids[0] in ended, "his stream to end")
    await sessions.recheck()
    await Sessions(redis).end(ids[1])
    await sessions.recheck()
    assert [await Sessions(redis).get(one) is None for one in ids] == [True, True, False]
    assert ended == set(ids[:2])


async def test_without_a_loss_a_session_that_is_gone_was_ended(hall: Hall, redis: Redis) -> None:
    sessions, _, ids, ended = hall
    await redis.delete(*await redis.keys("session:*"))
    await sessions.recheck()
    assert ended == set(ids)
    assert await redis.keys("session:*") == []


@examples(50, over_one_fixture=True)
@given(
    where=st.floats(0, 1, exclude_max=True),
    length=st.integers(1, 60),
    filling=st.sampled_from([b"\0", b"\xff", b"\xc1"]),
)
async def test_what_a_damaged_file_makes_of_a_session_is_nobody_or_a_session(
    database: str, redis: Redis, where: float, length: int, filling: bytes
) -> None:
    await redis.flushall()
    sessions, member = Sessions(redis), new_id()
    session_id = await sign_in(sessions, member)
    [key] = await redis.keys("session:*")
    raw = await redis.get(key)
    start = int(where * len(raw))
    await redis.set(key, raw[:start] + filling * min(length, len(raw) - start) + raw[start + length :])
    found = await sessions.get(session_id)
    assert found is None or isinstance(found, Session)
    await sessions.list(member)
    await sessions.recheck()
    await sessions.follow([member])
    await sessions.end(session_id)
    assert await sessions.get(session_id) is None
