"""Something changed: one Redis stream that every web process reads. A tick carries names, never content.

Announce only after the commit. A lost tick delays a screen, nothing more: readers also compare versions.
"""

from redis.asyncio import Redis

STREAM = "laurel:ticks"
KEPT = 10_000
"""Ticks kept for a reader that was away (about; older ones are trimmed)."""


async def announce(redis: Redis, topic: str, **fields: str | int) -> None:
    """Append one tick. Topics: `room:{id}`, `answers:{room}`, `board:{name}`, `draw:{id}`, `member:{id}`,
    `session:{member}`, `copy:{id}` (Redis had lost what it held)."""
    tick: dict[bytes | memoryview | str | int | float, bytes | memoryview | str | int | float] = {"topic": topic}
    tick.update(fields)
    await redis.xadd(STREAM, tick, maxlen=KEPT, approximate=True)
