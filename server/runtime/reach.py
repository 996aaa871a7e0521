"""Whether the two services can be worked with, asked once at start: what no waiting makes better is said at once."""

import asyncio
import contextlib
import ssl
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from server.runtime import logs
from server.runtime.embedded.locate import POSTGRES_MINIMUM, VALKEY_MINIMUM
from server.runtime.redis_client import FOR_GOOD
from server.runtime.refusals import Refusal

AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)
"""What asyncpg raises when there is no server to talk to."""

_SECONDS: Final = 10.0
_TRIES: Final = 6
_PAUSE: Final = 0.4
"""Seconds between tries while nobody listens: services that start together with us."""
_HANDSHAKE_SECONDS: Final = 3.0

_REFUSED_BY_DATABASE: Final = (
    (asyncpg.InvalidAuthorizationSpecificationError, "services.database_password"),
    (asyncpg.InvalidCatalogNameError, "services.database_missing"),
)


async def database(url: str) -> None:
    """PostgreSQL answers, is new enough, may be written and speaks UTF-8, else Refusal services.database (reason),
    database_password, database_missing, database_old (version, minimum), database_read_only, database_encoding
    (encoding)."""
    where = logs.masked(url)
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS)
        try:
            async with asyncio.timeout(_SECONDS):
                row = await connection.fetchrow(
                    "SELECT current_setting('server_version_num')::integer AS version,"
                    " current_setting('server_version') AS named, current_setting('server_encoding') AS encoding,"
                    " current_setting('transaction_read_only') = 'on' AS read_only"
                )
        finally:
            await connection.close(timeout=2)
    except AWAY as error:
        raise Refusal("services.database", address=where, reason=type(error).__name__) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        code = next((code for kind, code in _REFUSED_BY_DATABASE if isinstance(error, kind)), "services.database")
        raise Refusal(code, address=where, reason=logs.masked(str(error).strip())) from error
    assert row is not None
    if row["version"] < POSTGRES_MINIMUM[0] * 10_000:
        least = str(POSTGRES_MINIMUM[0])
        raise Refusal("services.database_old", address=where, version=row["named"], minimum=least)
    if row["read_only"]:
        raise Refusal("services.database_read_only", address=where)
    if row["encoding"] != "UTF8":
        raise Refusal("services.database_encoding", address=where, encoding=row["encoding"])


async def redis(url: str) -> None:
    """Redis or Valkey answers, lets us in, is new enough, may be written and forgets nothing by itself, else Refusal
    services.redis (reason), redis_password, redis_rights, redis_tls, redis_old (version, minimum), redis_read_only,
    redis_forgets (policy)."""
    where = logs.masked(url)
    try:
        facts = await _facts(url)
    except AuthenticationError as error:
        raise Refusal("services.redis_password", address=where) from error
    except NoPermissionError as error:
        raise Refusal("services.redis_rights", address=where, reason=logs.masked(str(error))) from error
    except (RedisError, OSError, ValueError) as error:
        secured = urlsplit(url).scheme == "rediss"
        if secured and (isinstance(error.__context__, ssl.SSLError) or await _listens(url)):
            raise Refusal("services.redis_tls", address=where) from error
        raise Refusal("services.redis", address=where, reason=type(error).__name__) from error
    version = str(facts.get("valkey_version") or facts.get("redis_version", ""))
    if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < VALKEY_MINIMUM:
        raise Refusal("services.redis_old", address=where, version=version, minimum=".".join(map(str, VALKEY_MINIMUM)))
    if facts.get("role") != "master":
        raise Refusal("services.redis_read_only", address=where)
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        raise Refusal("services.redis_forgets", address=where, policy=policy)


async def _facts(url: str) -> dict[str, object]:
    """INFO, from a server that may be starting."""
    client = Redis.from_url(url, socket_connect_timeout=_HANDSHAKE_SECONDS, socket_timeout=_SECONDS)
    try:
        for left in reversed(range(_TRIES)):
            try:
                facts: dict[str, object] = await client.info()
                return facts
            except (RedisError, OSError) as error:
                waits = isinstance(error.__context__, ConnectionRefusedError | FileNotFoundError)
                if not left or isinstance(error, FOR_GOOD) or not (waits or str(error).startswith("LOADING")):
                    raise
            await asyncio.sleep(_PAUSE)
        raise AssertionError("unreachable")
    finally:
        await client.aclose()


async def _listens(url: str) -> bool:
    """Whether somebody takes connections there, whatever he says."""
    parts = urlsplit(url)
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname or "localhost", parts.port or 6379)
            writer.close()
            return True
    return False
