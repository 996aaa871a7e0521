"""Work that takes a processor for seconds, in a process of its own beside the one that serves.

In a thread it would hold the interpreter again and again, its garbage would stop everybody, and its memory would stay.
Here nobody waits for it, it yields to whoever has more haste, and everything that it took goes with it. The process
ends when whoever asked has gone, or when we have.
"""

import asyncio
import os
import pickle
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from msgspec import structs

from rewards.refusals import Refusal
from server.runtime import confine
from server.runtime.resources import Resources, opened
from server.runtime.settings import Settings

Given = ParamSpec("Given")
Found = TypeVar("Found")

CPU_SECONDS: Final = 300
"""Of one piece of work, then it is ended."""
_PLACES: Final = 2
_NICE: Final = 10


async def run(
    resources: Resources,
    work: Callable[Concatenate[Resources, Given], Awaitable[Found]],
    *args: Given.args,
    **kwargs: Given.kwargs,
) -> Found:
    """What `work` returns there, with resources of its own; or the Refusal that it raises. `work`, what it is given and
    what it returns travel, so `work` stands in a module by its name, and returns little: reading it is done here.
    Anything else that it raises, or its end, is a RuntimeError, and its words are in the log.
    """
    asked = pickle.dumps((os.getpid(), structs.replace(resources.settings, database_pool=_PLACES), work, args, kwargs))
    async with resources.beside:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.runtime.beside"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            told, _ = await child.communicate(asked)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if child.returncode != 0:
        raise RuntimeError(f"{work.__name__} beside us ended with {child.returncode}")
    refused, found = pickle.loads(told)  # noqa: S301 - from our own child
    if refused:
        raise found
    return cast("Found", found)


async def _done(chosen: Settings, work: Callable[..., Awaitable[Any]], args: Any, kwargs: Any) -> tuple[bool, Any]:
    async with opened(chosen) as resources:
        try:
            return False, await work(resources, *args, **kwargs)
        except Refusal as refusal:
            return True, refusal


def main() -> None:
    """One piece of work: from standard input, its outcome to standard output."""
    parent, chosen, work, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    confine.end_with(parent, signal.SIGKILL)
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    answer = pickle.dumps(asyncio.run(_done(chosen, work, args, kwargs)))
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
