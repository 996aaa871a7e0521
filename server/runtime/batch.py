"""Many callers, one piece of work: concurrent items share one call (one commit, one round trip), and those who ask for
the same thing at the same time one answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Call `run` with one item or many, at most `most`, one batch at a time; give each caller its own result.

    Nobody waits for company: the first item starts a batch, with all that come in the same turn of the loop. What comes
    while it is under way makes the next, `apart(items of this one)` seconds at least after the start of this one.
    `run` returns one result an item, in order; when it raises, every caller of that batch gets the exception.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        apart: Callable[[int], float] = lambda _: 0.0,
    ) -> None:
        self._run = run
        self._most = most
        self._apart = apart
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._working: asyncio.Task[None] | None = None
        self._next = 0.0

    async def put(self, item: Item) -> Result:
        """Hand an item in and wait for its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._working is None or self._working.done():
            self._working = loop.create_task(self._work())
        return await future

    async def _work(self) -> None:
        """One batch after the other until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            if (early := self._next - loop.time()) > 0:
                await asyncio.sleep(early)
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._next = loop.time() + self._apart(len(batch))
            await self._carry_out(batch)

    async def _carry_out(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._run([item for item, _ in batch])
            answered = list(zip(batch, results, strict=True))
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in answered:
            if not future.done():
                future.set_result(result)


class Shared(Generic[Result]):
    """What is asked for again while it is being found is found once. Nothing is kept beyond that."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Result]] = {}

    async def ask(self, key: Hashable, find: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of `find`, or of the one that is under way for this key; its exception is everybody's."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.get_running_loop().create_task(find())
            task.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(task)
