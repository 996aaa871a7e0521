"""One worker process: `python -m workers`."""

import asyncio
import contextlib
import logging
import os
from pathlib import Path

import uvloop
from redis.exceptions import RedisError

from server.runtime import logs, settings
from server.runtime.supervisor import tell_ready
from workers.main import END, make_worker

LEFT_OFF = 5.0
"""Seconds in which jobs that are told to stop leave off."""


def main() -> None:
    """Work until told to stop (SIGTERM, SIGINT); what was under way is taken up again by the next worker."""
    chosen = settings.prepare(settings.load(os.environ, Path.cwd()))
    logs.set_up(chosen.log)
    if chosen.log != "debug":
        logging.getLogger("arq").setLevel(logging.WARNING)  # it tells of every sweep, each second

    async def work() -> None:
        worker = make_worker(chosen)
        tell_ready()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await worker.async_run()
        finally:
            # arq itself would leave at the first job that was cut off in arq's own books, and the others with it.
            if worker.tasks:
                await asyncio.wait(worker.tasks.values(), timeout=LEFT_OFF)
            worker.tasks.clear()
            try:
                async with asyncio.timeout(END.total_seconds()):
                    await worker.close()
            except (TimeoutError, RedisError):  # arq wants to say good-bye to a Redis that does not hear it
                if worker.on_shutdown is not None:
                    await worker.on_shutdown(worker.ctx)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


if __name__ == "__main__":
    main()
