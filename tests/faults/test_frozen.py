"""Valkey or PostgreSQL stands still (SIGSTOP), or somebody holds a lock that everybody needs: pages say so in time,
whoever can go on does, and afterwards all goes on by itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.phones import Device
from tests.faults.test_faults import Office, acknowledged, an_office, half_answered, send
from tests.patience import until
from tests.server.laurel import Running, free_port

pytestmark = pytest.mark.faults

SERVICES = ["redis", "database"]
HEALTH_SECONDS = 2
"""In which the health of a process must be told."""

WAITING = {
    "en": "Laurel is waiting for its storage.",
    "zh-CN": "系统正在等待数据存储响应",
}
UNSURE = {"en": "it is not certain whether this was done", "zh-CN": "无法确定这次操作是否已完成"}
NOT_TAKEN = {"en": "Not done, and nothing was changed", "zh-CN": "未完成，也没有改动任何内容"}


@pytest.fixture(scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with an_office(tmp_path_factory.mktemp("frozen") / "data", 1) as made:
        yield made


@contextlib.contextmanager
def frozen(running: Running, what: str) -> Iterator[None]:
    """All processes of a service stand still for the length of a block."""
    server = psutil.Process(running.pids()[what])
    server.suspend()
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(family):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


async def health(office: Office) -> tuple[int, list[str]]:
    """Status, and what is missing; fails when it takes too long."""
    async with httpx.AsyncClient(base_url=office.running.said["url"], timeout=HEALTH_SECONDS) as probe:
        answer = await probe.get("/health")
        return answer.status_code, answer.json().get("missing", [])


async def well(office: Office) -> None:
    async def ready() -> bool:
        return await health(office) == (200, [])

    await until(ready, "everything to answer again")


async def asked(device: Device, method: str, path: str, language: str = "en", **form: str) -> httpx.Response:
    """Once, with the device's session; as a browser without scripts asks."""
    fields = {"csrf": device._token, **form} if method == "POST" else None
    headers = {"accept-language": language}
    return await device.http.request(method, path, data=fields, headers=headers, timeout=45)


@pytest.mark.parametrize("what", SERVICES)
async def test_pages_say_that_they_wait_and_health_says_for_what(office: Office, what: str) -> None:
    before = office.running.pids()
    phone = office.phones[0].device
    with frozen(office.running, what):
        assert await health(office) == (503, [what])

        async def read(device: Device, path: str, language: str) -> None:
            page = await asked(device, "GET", path, language)
            assert (page.status_code, WAITING[language] in page.text) == (503, True), page.text
            assert page.headers["retry-after"]
            assert 'http-equiv="refresh"' in page.text

        async def send(language: str) -> None:
            sent = await asked(office.host, "POST", "/desk/units", language, name="Forge & Foundry", parent="")
            # The gate needs Redis to know who sends; a handler was cut off in the middle of its work.
            words = (NOT_TAKEN if what == "redis" else UNSURE)[language]
            assert (sent.status_code, words in sent.text) == (503, True), sent.text
            assert 'value="Forge &amp; Foundry"' in sent.text, "what was typed is there, to be sent again"

        pages = ((phone, "/"), (phone, "/boards"), (office.host, "/desk"))
        await asyncio.gather(*(read(*page, language) for page in pages for language in WAITING))
        await asyncio.gather(*map(send, WAITING))
        assert await health(office) == (503, [what])
    await well(office)
    assert await office.value("SELECT count(*) FROM unit WHERE name LIKE 'Forge%'") == 0
    assert (await asked(phone, "GET", "/")).status_code == 200
    assert office.running.pids() == before, "nobody was ended for it"

    async def told() -> bool:
        page = await asked(office.host, "GET", "/desk/health")
        return f"{what.capitalize() if what == 'redis' else 'The database'} gave no answer from" in page.text

    await until(told, "the desk to say what happened")


@pytest.mark.parametrize("what", SERVICES)
async def test_a_crowd_that_waits_takes_no_more_than_it_gives_back(office: Office, what: str) -> None:
    web = psutil.Process(office.running.pids()["web-1"])
    size = office.settings.database_pool
    crowd = [phone.device for phone in office.phones]
    with frozen(office.running, what):
        async with httpx.AsyncClient(base_url=office.running.said["url"], timeout=60) as strangers:
            pages = [asked(device, "GET", "/") for device in crowd] + [
                asked(device, "GET", "/boards") for device in crowd
            ]
            answers = await asyncio.gather(*pages, *(strangers.get("/sign-in") for _ in range(60)))
            assert {answer.status_code for answer in answers[: 2 * len(crowd)]} == {503}
            assert web.num_fds() < len(answers) + 100 + size
    await well(office)

    async def few() -> bool:
        lines = await office.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'laurel'")
        return isinstance(lines, int) and lines <= 2 * size

    await until(few, "no more lines to the database than two processes may have")
    answers = await asyncio.gather(*(asked(device, "GET", "/") for device in crowd))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("what", SERVICES)
async def test_answers_given_meanwhile_are_not_lost(office: Office, what: str) -> None:
    async with half_answered(office) as (play, late):
        with frozen(office.running, what):
            await send(late)
            if what == "redis":  # their open streams say who they are, and what counts is the commit
                await acknowledged(late, play, office)
            for _ in range(3):  # ten seconds and more
                assert (await asked(office.host, "GET", "/desk")).status_code == 503
        await well(office)


async def test_a_lock_that_everybody_needs_hangs_nothing(office: Office) -> None:
    phone = office.phones[0].device
    assert (await asked(office.host, "GET", "/desk/members")).status_code == 200
    async with office.holding("LOCK TABLE member IN ACCESS EXCLUSIVE MODE"):
        pages = [asked(office.host, "GET", "/desk/members") for _ in range(8)] + [asked(phone, "GET", "/me")]
        answers, *_ = await asyncio.gather(asyncio.gather(*pages), office.stuck("SELECT"))
        assert await health(office) == (200, [])
        assert {answer.status_code for answer in answers[:8]} == {503}
        busy = [answer for answer in answers if "work takes a while" in answer.text]
        assert busy
        fields = {"staff_number": "X-1", "name": "Wang Wu", "unit": ""}
        sent = await asked(office.host, "POST", "/desk/members", **fields)
        assert (sent.status_code, NOT_TAKEN["en"] in sent.text) == (503, True), sent.text
    assert (await asked(office.host, "GET", "/desk/members")).status_code == 200
    assert await office.value("SELECT count(*) FROM member WHERE staff_number = 'X-1'") == 0


async def test_all_of_it_ends_when_told_while_everything_stands_still(tmp_path: Path) -> None:
    running = await asyncio.to_thread(Running, tmp_path / "data", "serve", LAUREL_PORT=str(free_port()))
    with contextlib.ExitStack() as still:
        for what in SERVICES:
            still.enter_context(frozen(running, what))
        family = running.tree()
        running.process.terminate()
        await asyncio.to_thread(running.process.wait, 45)
        assert running.ended() == 0
        assert not any(process.is_running() for process in family)
