"""One worker process: `python -m workers`."""

import asyncio
import contextlib
import logging
import os
from pathlib import Path

from server.runtime import logs, settings
from server.runtime.supervisor import tell_ready
from workers.main import make_worker


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
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
            worker.tasks.clear()
            await worker.close()

    asyncio.run(work())


if __name__ == "__main__":
    main()
