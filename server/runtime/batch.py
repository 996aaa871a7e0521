"""Many callers, one piece of work: concurrent items share one call (one commit, one round trip)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Gather items for `wait` seconds or until there are `most`, call `run` once, give each caller its own result.

    `run` returns one result an item, in order; when it raises, every caller of that batch gets the exception.
    At most `lanes` batches are under way at once; more items wait in the next one.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        wait: float,
        lanes: int = 2,
    ) -> None:
        self._run = run
        self._most = most
        self._wait = wait
        self._lanes = asyncio.Semaphore(lanes)
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, item: Item) -> Result:
        """Hand an item in and wait for its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._most:
            self._start()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait, self._start)
        return await future

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            task = asyncio.get_running_loop().create_task(self._carry_out(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        async with self._lanes:
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
