"""Services that cannot be worked with: a sentence and an end, no waiting for what does not get better."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.runtime import reach
from server.runtime.embedded import locate
from server.runtime.redis_client import connect
from server.runtime.refusals import Refusal
from tests import patience
from tests.patience import until
from tests.server.laurel import COMMAND, ROOT, environment, free_port, laurel

PASSWORD = "open-sesame"


class Server:
    """A Valkey with a port, which wants a password."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                *(locate.valkey(None).path, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                *("--dir", str(folder), "--requirepass", PASSWORD, *options),
            ],
            stdout=subprocess.DEVNULL,
        )

    def url(self, credentials: str = f":{PASSWORD}@", scheme: str = "redis") -> str:
        return f"{scheme}://{credentials}127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("valkey"))
    yield started
    started.process.kill()
    started.process.wait()


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[Redis]:
    """A client that may do everything; the server is as it was afterwards."""
    async with Redis.from_url(server.url()) as client:

        async def answers() -> bool:
            try:
                return bool(await client.ping())
            except (RedisError, OSError):
                return False

        await until(answers, "Valkey to answer")
        yield client
        await client.config_set("maxmemory-policy", "noeviction")
        await client.execute_command("REPLICAOF", "NO", "ONE")


async def refused(url: str) -> str:
    with pytest.raises(Refusal) as found:
        await reach.redis(url)
    assert PASSWORD not in str(found.value.details)
    return found.value.code


def open_sockets() -> int:
    return sum(one.status == psutil.CONN_ESTABLISHED for one in psutil.Process().net_connections("tcp"))


async def test_redis_that_is_well(server: Server, admin: Redis) -> None:
    await reach.redis(server.url())


@pytest.mark.parametrize("credentials", ["", ":wrong@", "nobody:wrong@"], ids=["none", "wrong", "of nobody"])
async def test_a_password_that_is_missing_or_wrong(server: Server, admin: Redis, credentials: str) -> None:
    before = open_sockets()
    assert await refused(server.url(credentials)) == "services.redis_password"
    assert open_sockets() == before


@pytest.mark.parametrize("credentials", ["", ":wrong@"], ids=["none", "wrong"])
async def test_no_client_of_ours_tries_a_password_again(server: Server, admin: Redis, credentials: str) -> None:
    """610 seconds, and a socket a try, before."""
    before = (await admin.info("stats"))["total_connections_received"]
    client = connect(server.url(credentials), size=2)
    with pytest.raises(RedisError):
        await client.ping()
    await client.aclose()
    assert (await admin.info("stats"))["total_connections_received"] - before <= 2


async def test_tls_to_a_port_that_does_not_speak_it(server: Server, admin: Redis) -> None:
    assert await refused(server.url(scheme="rediss")) == "services.redis_tls"


async def test_a_policy_that_forgets(server: Server, admin: Redis) -> None:
    await admin.config_set("maxmemory-policy", "allkeys-lru")
    assert await refused(server.url()) == "services.redis_forgets"


async def test_a_replica(server: Server, admin: Redis) -> None:
    await admin.execute_command("REPLICAOF", "127.0.0.1", str(free_port()))
    assert await refused(server.url()) == "services.redis_read_only"


async def test_a_user_without_rights(server: Server, admin: Redis) -> None:
    await admin.execute_command("ACL", "SETUSER", "small", "on", ">small", "+ping", "~*")
    assert await refused(server.url("small:small@")) == "services.redis_rights"


async def test_a_server_that_is_too_old(server: Server, admin: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "VALKEY_MINIMUM", (99, 0))
    assert await refused(server.url()) == "services.redis_old"


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
async def test_nobody_there(scheme: str, server: Server) -> None:
    assert await refused(f"{scheme}://127.0.0.1:{free_port()}") == "services.redis"
    assert await refused("unix:///nowhere/at/all") == "services.redis"


async def test_a_server_that_comes_a_little_later(tmp_path: Path) -> None:
    port = free_port()
    waiting = asyncio.create_task(reach.redis(f"redis://127.0.0.1:{port}"))
    await asyncio.sleep(0)
    options = f"--port {port} --dir {tmp_path} --save".split()
    process = await asyncio.create_subprocess_exec(
        locate.valkey(None).path, *options, "", stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await waiting
    finally:
        process.kill()
        await process.wait()


# PostgreSQL


def changed(url: str, *, database: str = "", user: str = "") -> str:
    """The same address with another database or user; a socket's folder stays where it is."""
    parts = urlsplit(url)
    netloc = f"{user}@{parts.netloc.rpartition('@')[2]}" if user else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}" if database else parts.path))


async def refused_database(url: str) -> str:
    with pytest.raises(Refusal) as found:
        await reach.database(url)
    return found.value.code


async def test_a_database_that_is_well(database_url: str) -> None:
    await reach.database(database_url)


async def test_a_database_that_is_not_there(database_url: str) -> None:
    assert await refused_database(changed(database_url, database="none_of_the_name")) == "services.database_missing"


async def test_a_user_whom_the_database_does_not_know(database_url: str) -> None:
    assert await refused_database(changed(database_url, user="nobody_of_the_name")) == "services.database_password"


async def test_a_database_that_can_only_be_read(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await connection.close()
    assert await refused_database(database_url) == "services.database_read_only"


async def test_a_database_in_another_encoding(servers: tuple[str, str]) -> None:
    connection = await asyncpg.connect(servers[0])
    await connection.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    try:
        assert await refused_database(changed(servers[0], database="latin")) == "services.database_encoding"
    finally:
        await connection.execute("DROP DATABASE latin")
        await connection.close()


async def test_a_database_that_is_too_old(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "POSTGRES_MINIMUM", (99, 0))
    assert await refused_database(database_url) == "services.database_old"


async def test_no_database_server(server: Server) -> None:
    assert await refused_database(f"postgresql://a:b@127.0.0.1:{free_port()}/x") == "services.database"
    assert await refused_database(f"postgresql://a:b@127.0.0.1:{server.port}/x") == "services.database"


# As people meet it


@pytest.mark.faults
@pytest.mark.parametrize("command", [["serve"], ["board", "rebuild"], ["check"], ["worker"]])
async def test_a_command_ends_with_a_sentence(
    server: Server, admin: Redis, database_url: str, tmp_path: Path, command: list[str]
) -> None:
    more = {"LAUREL_DATABASE_URL": database_url, "LAUREL_PORT": "0", "LAUREL_LANGUAGE": "zh-Hans"}
    for url, said in ((server.url(""), "口令"), (server.url(scheme="rediss"), "TLS")):
        ended = await asyncio.to_thread(laurel, tmp_path / "data", *command, LAUREL_REDIS_URL=url, **more)
        assert ended.returncode == 3, ended.stderr
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
        assert PASSWORD not in ended.stderr


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_hears_a_stop_while_it_waits_for_redis(database_url: str, tmp_path: Path, number: int) -> None:
    """Somebody takes the connection and never says a word."""
    heard = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        heard.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        more = {"LAUREL_DATABASE_URL": database_url, "LAUREL_REDIS_URL": f"redis://127.0.0.1:{port}"}
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "serve"),
            cwd=ROOT,
            env=environment(tmp_path / "data", LAUREL_PORT="0", **more),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(patience.SECONDS):
            await heard.wait()
            process.send_signal(number)
            _, told = await process.communicate()
    assert process.returncode == 130, told.decode()
    assert "Traceback" not in told.decode()
