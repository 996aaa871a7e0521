"""The door: a hall signs in behind one address, and a stranger beside a room of 200 phones."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from benchmarks.phones import Client, Phone
from rewards.members.actions import issue_links
from server.runtime import clock
from server.runtime.chance import token

ARRIVING = 100.0
"""Seconds in which everybody comes: two minutes, less what the last need."""
PHONES = 200
ROOMS = 3
"""Rooms without the stranger, and as many with him."""
WARM = 10.0
"""Seconds until he holds all that he can."""
HALF_OPEN, HEADS, STREAMS, GUESSES = 20_000, 20, 1_000, 10_000


async def sign_in(server: Any, people: list[Any]) -> dict[str, Any]:
    """Everybody opens the link on his slip, and signs in; all from one address."""
    links = await issue_links(people, actor=None, now=clock.now(), valid=timedelta(hours=1), new_token=token)
    took: list[float] = []
    refused = 0

    async def one(secret: str) -> None:
        nonlocal refused
        await asyncio.sleep(random.random() * ARRIVING)
        client, at = Client(server.address), time.monotonic()
        await client.request("GET", f"/in/{secret}")
        status, _, _ = await client.request("POST", f"/in/{secret}", {})
        took.append(time.monotonic() - at)
        refused += status != 303 or "laurel_session" not in client.cookies
        client.close()

    at = time.monotonic()
    await asyncio.gather(*(one(secret) for _, secret in links))
    return {
        "signed_in": len(took) - refused,
        "sign_in_refused": refused,
        "sign_in_s": round(time.monotonic() - at, 1),
        "sign_in_p99_s": round(sorted(took)[int(len(took) * 0.99)], 4),
    }


@asynccontextmanager
async def stranger(port: int, cookie: str, path: str) -> AsyncIterator[dict[str, list[int]]]:
    """He does all of it at once; what he said of himself, once a second, by kind."""
    half = str(HALF_OPEN // 4)
    doing = {
        "silent": [("silent", half)] * 2,
        "half": [("half", half)] * 2,
        "heads": [("heads", str(HEADS))],
        "streams": [("streams", str(STREAMS), cookie, path)],
        "guesses": [("guesses", str(GUESSES))],
    }
    said: dict[str, list[int]] = {kind: [] for kind in doing}
    running, hearing = [], []
    begun = asyncio.Event()

    async def hear(kind: str, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        async for line in child.stdout:
            said[kind].append(int(line))
            if all(said.values()):
                begun.set()

    for kind, works in doing.items():
        for work in works:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.stranger", str(port), *work, stdout=asyncio.subprocess.PIPE
            )
            running.append(child)
            hearing.append(asyncio.create_task(hear(kind, child)))
    try:
        await begun.wait()
        await asyncio.sleep(WARM)
        yield said
    finally:
        for child in running:
            child.terminate()
        await asyncio.gather(*(child.wait() for child in running), *hearing)


async def measure(
    server: Any,
    members: Callable[[int, str], Awaitable[list[Any]]],
    clients: Callable[..., Awaitable[list[Client]]],
    room: Callable[..., Awaitable[dict[str, Any]]],
    lobby: Callable[[], Awaitable[str]],
    size: int,
) -> dict[str, Any]:
    """`size` members sign in; then rooms without the stranger, and with him."""
    signed_in = await sign_in(server, await members(size, f"L{time.time_ns()}-"))
    quiet: list[float] = []
    beside: list[float] = []
    rooms = [await room(server, PHONES, quiet) for _ in range(ROOMS)]
    # He has an account, and is in a room of his own: each of his streams is one that anybody may open.
    [account] = await clients(server, await members(1, f"S{time.time_ns()}-"))
    his = Phone(account, 0)
    await his.enter(await lobby())
    most = max(server.web_memory())
    cookie = "; ".join(f"{name}={value}" for name, value in account.cookies.items())

    async def look() -> None:
        nonlocal most
        while True:
            await asyncio.sleep(0.2)
            most = max(most, *server.web_memory())

    looking = asyncio.create_task(look())
    async with stranger(server.address.port, cookie, f"{his.room}/live") as said:
        rooms += [await room(server, PHONES, beside) for _ in range(ROOMS)]
    looking.cancel()
    his.leave()
    p99 = [sorted(one)[int(len(one) * 0.99)] for one in (quiet, beside)]
    sums = {
        name: sum(one[name] for one in rooms)
        for name in ("acknowledged", "refused", "lost", "doubled", "board_differs", "ledger_differs", "streams_dropped")
    }
    return {
        **signed_in,
        "phones": PHONES,
        **sums,
        "ack_p99_quiet_s": round(p99[0], 4),
        "ack_p99_stranger_s": round(p99[1], 4),
        "ack_p99_ratio": round(p99[1] / p99[0], 2),
        "web_memory_mb": round(most / 2**20, 1),
        "stranger_silent": max(said["silent"]) * 2,
        "stranger_half_heads": max(said["half"]) * 2,
        "stranger_heads": max(said["heads"]),
        "stranger_streams": max(said["streams"]),
        "stranger_guesses_a_minute": round((said["guesses"][-1] - said["guesses"][0]) * 60 / len(said["guesses"][1:])),
    }
