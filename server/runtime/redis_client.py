"""The one way to reach Redis or Valkey: bounded, and patient while the server restarts."""

import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, ReadOnlyError
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as LateAnswer

Result = TypeVar("Result")

_RETRIES = 5
_SHORTEST_WAIT = 0.05  # seconds; doubled at each retry
_LONGEST_WAIT = 0.5

FOR_GOOD: Final = (AuthenticationError, AuthorizationError, ReadOnlyError, ssl.SSLError)
"""What no second try makes better, though redis-py and the system call some of it a lost connection."""


class _Patience(Retry):
    """Tries again what may get better."""

    async def call_with_retry(self, do: Callable[[], Awaitable[Result]], fail: Callable[[Any], Any]) -> Result:
        async def failed(error: Exception) -> None:
            await fail(error)
            if isinstance(error, FOR_GOOD):
                raise error

        return await super().call_with_retry(do, failed)


def connect(
    url: str, *, size: int = 64, read_timeout: float = 5.0, late_again: bool = True, retries: int = _RETRIES
) -> Redis:
    """A client of at most `size` connections, opened as needed, to `redis://`, `rediss://` or `unix://`.

    A lost connection is tried again for about 2 s (10 s when it was lost while answering), then redis-py's
    ConnectionError is raised. What was sent may so run twice: send only what may (absolute values,
    compare-and-set scripts, counters where one more does no harm). A caller that finds all connections
    busy waits at most 5 s. `read_timeout` is in seconds and must be longer than any BLOCK that is asked for. An answer
    that is later is a loss like another, or, when not `late_again`, redis-py's TimeoutError at once: whoever waits for
    a frozen server does not wait six times.
    """
    again = (LostConnection, LateAnswer) if late_again else (LostConnection,)
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=size,
        timeout=5,
        retry=_Patience(ExponentialBackoff(cap=_LONGEST_WAIT, base=_SHORTEST_WAIT), retries, again),
        # While connecting, what fails is the operating system's own error: redis-py renames it only after the retries.
        retry_on_error=[*again, OSError],
        health_check_interval=15,
        socket_connect_timeout=2,
        socket_timeout=read_timeout,
    )
    return Redis.from_pool(pool)
