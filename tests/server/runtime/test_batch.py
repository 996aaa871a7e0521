"""Many callers share one piece of work, and none of them notices."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from server.runtime.batch import Batcher, Shared
from tests import patience

NEVER = 3600.0


@dataclass
class Work:
    """Squares numbers; `gate` holds every batch back until it is opened."""

    batches: list[list[int]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    under_way: int = 0
    most_under_way: int = 0

    async def run(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self.begun.put_nowait(None)
        await self.gate.wait()
        self.under_way -= 1
        if -1 in items:
            raise ValueError("minus one")
        return [item * item for item in items] if -2 not in items else []


@pytest.fixture
async def work() -> Work:
    made = Work()
    made.gate.set()
    return made


async def turns(number: int = 20) -> None:
    """Of the loop, more than anything here needs."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("count", [1, 7, 50, 51, 1000])
async def test_each_gets_his_own_result_and_no_batch_is_too_large(work: Work, count: int) -> None:
    batcher = Batcher(work.run, most=50)
    assert await asyncio.gather(*(batcher.put(n) for n in range(count))) == [n * n for n in range(count)]
    assert [item for batch in work.batches for item in batch] == list(range(count)), "each once, in order"
    assert max(map(len, work.batches)) <= 50
    assert len(work.batches) == -(-count // 50)
    assert work.most_under_way == 1


async def test_one_alone_is_not_kept_waiting_for_company(work: Work) -> None:
    batcher = Batcher(work.run, most=1000)
    for number in range(3):
        assert await batcher.put(number) == number * number
    assert work.batches == [[0], [1], [2]]


async def test_what_comes_while_a_batch_is_under_way_is_the_next_one(work: Work) -> None:
    work.gate.clear()
    batcher = Batcher(work.run, most=50)
    callers = [asyncio.create_task(batcher.put(0))]
    await work.begun.get()
    for number in range(1, 8):
        callers.append(asyncio.create_task(batcher.put(number)))
        await turns()
    assert work.batches == [[0]]
    work.gate.set()
    assert await asyncio.gather(*callers) == [n * n for n in range(8)]
    assert work.batches == [[0], [1, 2, 3, 4, 5, 6, 7]]


async def test_the_first_never_waits_and_the_next_batch_keeps_its_distance(work: Work) -> None:
    batcher = Batcher(work.run, most=1000, apart=lambda items: NEVER if items == 1 else 0.0)
    assert await batcher.put(1) == 1
    soon = [asyncio.create_task(batcher.put(n)) for n in (2, 3)]
    await turns()
    assert work.batches == [[1]]
    assert batcher._working is not None
    batcher._working.cancel()
    await turns()
    batcher._next = 0.0
    assert await batcher.put(4) == 16, "after quiet the first starts at once, with whoever waits"
    assert await asyncio.gather(*soon) == [4, 9]
    assert await batcher.put(5) == 25, "how far apart follows from how many there were"
    assert work.batches == [[1], [2, 3, 4], [5]]
    await turns()
    assert batcher._working.done(), "where nobody waits nothing is left running"


async def test_a_fault_is_told_to_its_own_batch_only(work: Work) -> None:
    batcher = Batcher(work.run, most=2)
    told = await asyncio.gather(*(batcher.put(n) for n in (5, -1, 6, 7)), return_exceptions=True)
    assert [type(one) for one in told[:2]] == [ValueError, ValueError]
    assert told[2:] == [36, 49]
    assert await batcher.put(8) == 64


async def test_too_few_results_are_a_fault_and_leave_nobody_waiting(work: Work) -> None:
    batcher = Batcher(work.run, most=2)
    async with asyncio.timeout(patience.SECONDS):
        told = await asyncio.gather(*(batcher.put(n) for n in (3, -2)), return_exceptions=True)
    assert [type(one) for one in told] == [ValueError, ValueError]


async def test_who_hangs_up_disturbs_nobody_and_his_item_is_done(work: Work) -> None:
    work.gate.clear()
    batcher = Batcher(work.run, most=3)
    callers = [asyncio.create_task(batcher.put(n)) for n in (1, 2, 3)]
    await work.begun.get()
    callers[1].cancel()
    work.gate.set()
    assert await asyncio.gather(callers[0], callers[2]) == [1, 9]
    assert work.batches == [[1, 2, 3]]


@dataclass
class Finding:
    """Finds a number; `gate` holds it back until it is opened."""

    found: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self) -> int:
        self.found += 1
        await self.gate.wait()
        if self.found == 2:
            raise ValueError("two")
        return self.found


async def test_those_who_ask_for_the_same_meanwhile_share_one_answer() -> None:
    finding, shared = Finding(), Shared[int]()
    asked = [asyncio.create_task(shared.ask("a", finding.find)) for _ in range(100)]
    await turns()
    asked[0].cancel()
    finding.gate.set()
    assert await asyncio.gather(*asked[1:]) == [1] * 99
    assert finding.found == 1
    told = await asyncio.gather(*(shared.ask("a", finding.find) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in told] == [ValueError] * 3, "nothing is kept, and a fault is everybody's"
    assert await asyncio.gather(*(shared.ask(key, finding.find) for key in "ab")) == [3, 4]
