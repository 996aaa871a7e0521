"""The time that the processes of a machine share, over every step of its clock, and taken back by people."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from rewards import database as db
from rewards.clocks.actions import keep, take_over
from rewards.clocks.queries import RUNS, stepped
from rewards.clocks.rules import Kept
from rewards.outbox.actions import claim, fail, intend
from rewards.outbox.queries import overdue
from rewards.refusals import Refusal

pytestmark = pytest.mark.usefixtures("database")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
CHIEF = UUID(int=7)


class Machine:
    """Its two clocks, and the time that Laurel keeps on it."""

    def __init__(self, name: str = "office", at: datetime = NOON) -> None:
        self.name, self.wall, self.steady = name, at, 3 * HOUR

    def passes(self, time: timedelta) -> "Machine":
        self.wall += time
        self.steady += time
        return self

    async def look(self) -> Kept:
        wall, steady = ((one) // timedelta(microseconds=1) for one in (self.wall - EPOCH, self.steady))
        return await keep(self.name, self.name, wall=wall, steady=steady)

    async def time(self) -> datetime:
        kept = await self.look()
        return EPOCH + self.steady + timedelta(microseconds=kept.base)


async def trail() -> list[tuple[str, str, int]]:
    found = await db.rows("SELECT code, subject, (details ->> 'minutes')::int AS m FROM audit_entry ORDER BY id")
    return [(one["code"], one["subject"], one["m"]) for one in found]


@pytest.mark.parametrize("hours", [-8, -1, 1, 8, 24 * 365])
async def test_a_step_changes_nothing_and_is_told_once(hours: int) -> None:
    machine = Machine()
    assert await machine.time() == NOON
    machine.passes(SECOND).wall += hours * HOUR
    for _ in range(3):
        assert await asyncio.gather(*(machine.time() for _ in range(4))) == [NOON + SECOND] * 4
    assert await trail() == [("clock.stepped", "office", hours * 60)]
    (told,) = await stepped(NOON)
    assert (told.boot, told.apart, told.at, told.behind) == ("office", hours * HOUR, NOON + SECOND, False)
    machine.passes(SECOND).wall -= hours * HOUR
    assert await machine.time() == NOON + 2 * SECOND
    assert await stepped(NOON) == []
    assert (await trail())[1:] == [("clock.agreed", "office", 0)]


async def test_a_machine_that_starts_behind_goes_on_from_what_is_known() -> None:
    await Machine().time()
    await Machine().passes(HOUR).time()
    later = Machine("office, started again", NOON - 8 * HOUR)
    assert await later.time() == NOON + HOUR
    (told,) = await stepped(NOON)
    assert (told.apart, told.behind) == (-9 * HOUR, True)
    assert await Machine("another", NOON + 5 * HOUR).time() == NOON + 5 * HOUR, "whose clock is ahead"
    later.wall = NOON + 3 * HOUR
    assert await later.time() == NOON + 3 * HOUR, "set by a time server, it takes that"
    assert await stepped(NOON) == []


async def test_a_mistaken_year_is_taken_back_on_all_machines() -> None:
    year = timedelta(days=365)
    wrong, other = Machine(at=NOON + year), Machine("other", NOON + year)
    assert [await wrong.time(), await other.time()] == [NOON + year] * 2
    for one in (wrong, other):
        one.wall = NOON
        assert await one.time() == NOON + year
        await take_over(one.name, -365 * 86400, actor=CHIEF, now=NOON + year)
        assert await one.time() == NOON
    assert await Machine("started again", NOON).time() == NOON
    assert await stepped(NOON) == []


async def test_forward_is_taken_as_told() -> None:
    machine = Machine()
    await machine.time()
    machine.wall += 8 * HOUR
    await machine.time()
    await take_over("office", 8 * 3600, actor=CHIEF, now=NOON)
    assert await machine.time() == NOON + 8 * HOUR
    line = await db.row("SELECT at, actor, subject FROM audit_entry WHERE code = 'clock.taken_over'")
    assert line is not None
    assert tuple(line) == (NOON + 8 * HOUR, CHIEF, "office")


async def test_what_was_not_told_is_not_taken() -> None:
    machine = Machine()
    for asked in (("office", -3600), ("nobody", -3600)):
        with pytest.raises(Refusal, match=r"clock\.changed"):
            await take_over(*asked, actor=CHIEF, now=NOON)
    await machine.time()
    machine.wall -= HOUR
    await machine.time()
    with pytest.raises(Refusal, match=r"clock\.changed"):
        await take_over("office", 3600, actor=CHIEF, now=NOON)
    await take_over("office", -3600, actor=CHIEF, now=NOON)
    with pytest.raises(Refusal, match=r"clock\.changed"):
        await take_over("office", -3600, actor=CHIEF, now=NOON)


async def test_nothing_waits_behind_a_time_that_was_taken_back() -> None:
    machine, plan = Machine(), {"due": NOON, "held": NOON, "failed": NOON, "tomorrow": NOON + 24 * HOUR}
    await machine.time()
    async with db.transaction():
        for subject, due_at in plan.items():
            await intend("post", subject, due_at=due_at, now=NOON, new_id=uuid4())
    for subject in ("held", "failed"):
        (one,) = await claim(now=NOON, hold=150 * SECOND, limit=1, kinds=["post"], subject=subject)
        if subject == "failed":
            await fail(one, now=NOON, error="Fault")
    machine.wall -= 8 * HOUR
    await machine.time()
    await take_over("office", -8 * 3600, actor=CHIEF, now=NOON)
    now = await machine.time()
    assert now == NOON - 8 * HOUR
    assert {one.subject for one in await overdue(now)} == {"due", "held", "failed"}
    assert await db.value("SELECT due_at FROM intent WHERE subject = 'tomorrow'") == NOON + 24 * HOUR


async def test_what_does_not_run_is_not_told_of() -> None:
    machine = Machine()
    await machine.time()
    machine.wall -= HOUR
    await machine.time()
    assert len(await stepped(NOON)) == 1
    assert await stepped(NOON + 2 * RUNS) == []
    machine.passes(2 * RUNS)
    await machine.time()
    assert len(await stepped(NOON + 2 * RUNS)) == 1


async def test_keeping_time_writes_once_in_ten_seconds() -> None:
    machine = Machine()
    await machine.time()
    written = set()
    for _ in range(40):
        await machine.passes(SECOND).look()
        written.add(await db.value("SELECT xmin::text FROM clock"))
    assert len(written) == 5
