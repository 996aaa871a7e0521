"""What leaves compressed, and that it is the same: a law over all answers, and pages and streams over a real line."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from server.web.frame.compression import LEAST, LONG, QUICK, accepts_gzip, compressing, gzipped
from tests import patience
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.quizzes.rooms import CODE, stage
from tests.server.web.serving import Served
from tests.server.web.world import World, build

PLAIN = {"accept-encoding": "identity"}
TYPES = {
    "text/html; charset=utf-8": True,
    "text/csv": True,
    "text/plain; charset=utf-8": True,
    "application/json": True,
    "text/event-stream; charset=utf-8": False,
    "image/jpeg": False,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": False,
}


def sent(parts: Sequence[bytes], kind: str, wanted: bool, *own: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """What reaches the wire of an answer given in parts; its length is told when it is one."""
    found: list[dict[str, Any]] = []

    async def take(message: Any) -> None:
        found.append(message)

    async def run() -> None:
        send: Any = compressing(take, lambda: wanted)
        length = [(b"content-length", str(len(parts[0])).encode())] if len(parts) == 1 else []
        headers = [(b"content-type", kind.encode()), *length, *own]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        assert len(found) == (not wanted or len(parts) > 1 or len(parts[0]) < LEAST or not TYPES[kind] or bool(own))
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})
            assert len(found) == number + 1  # nothing is held back

    asyncio.run(run())
    return found


bodies = st.builds(
    lambda piece, times: piece * times,
    st.binary(min_size=1, max_size=40) | st.text(min_size=1, max_size=20).map(str.encode),
    st.sampled_from((0, 1, 30, 200, LONG // 10)),
)


@given(st.lists(bodies, min_size=1, max_size=3), st.sampled_from(sorted(TYPES)), st.booleans())
def test_who_reads_gzip_and_who_does_not_get_the_same_bytes(parts: list[bytes], kind: str, wanted: bool) -> None:
    start, *rest = sent(parts, kind, wanted)
    headers, body = dict(start["headers"]), b"".join(one["body"] for one in rest)
    worth = len(parts) == 1 and len(parts[0]) >= LEAST and TYPES[kind]
    assert (headers.get(b"content-encoding") == b"gzip") == (worth and wanted)
    assert (b"vary" in headers) == worth
    assert headers.get(b"content-length", str(len(body)).encode()) == str(len(body)).encode()
    assert len(headers) == len(start["headers"])  # no header twice
    assert (zlib.decompress(body, 31) if worth and wanted else body) == b"".join(parts)


def test_nothing_is_compressed_twice() -> None:
    once = gzipped(b"ab" * LEAST * 500, QUICK)
    assert len(once) > LEAST
    start, body = sent([once], "text/html; charset=utf-8", True, (b"content-encoding", b"gzip"))
    assert body["body"] == once
    assert [value for name, value in start["headers"] if name == b"content-encoding"] == [b"gzip"]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("br, zstd,gzip", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000, br", False),
        ("identity", False),
        ("x-notgzip", False),
        ("*", False),
        ("", False),
    ],
)
def test_who_reads_gzip(said: str, read: bool) -> None:
    assert accepts_gzip({b"accept-encoding": said.encode()}) is read


# Over a real line


@pytest.fixture
async def world(client: Browser) -> World:
    return await build(client)


@pytest.fixture
async def line(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.address, timeout=patience.SECONDS) as opened:
        yield opened


def words(answer: httpx.Response) -> str:
    """The page without its token, which is another in each answer."""
    assert answer.status_code in (200, 404)
    return re.sub(r'(name="csrf" value=|"x-csrftoken": |[?]csrf=)"?[\w-]{86}', r"\1", answer.text)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_page_read_plain_is_the_page_read_compressed(
    world: World, line: httpx.AsyncClient, language: str
) -> None:
    head = await world.enter(world.head, ("organiser",), language)
    member = await world.enter(world.subject, (), language)
    for path, who in (
        ("/sign-in", world.stranger(language)),
        ("/nothing", world.stranger(language)),
        ("/", member),
        ("/me", member),
        ("/boards", member),
        (f"/draws/{world.slug}/verify", member),
        (f"/desk/rooms/{world.lobby}/state", head),
        ("/desk/members", head),
        ("/desk/members/import", head),
        (f"/desk/draws/{world.draws['frozen']}", head),
    ):
        cookie = {"cookie": who["cookie"]}
        plain = await line.get(path, headers={**cookie, **PLAIN})
        packed = await line.get(path, headers=cookie)
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip", path
        assert words(plain) == words(packed), path
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
        assert not packed.headers.get("etag", "").startswith('"')  # the same strong one for both would be wrong


async def test_what_another_site_asks_for_in_somebodys_name_is_not_compressed(client: Browser, sign_in: SignIn) -> None:
    """His browser can be made to ask with guesses in the address; their length then says nothing."""
    who = await sign_in()
    for site, packed in (("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True)):
        there = {"sec-fetch-site": site}
        mine = await client.get("/me", headers={"cookie": who.cookie, **there})
        assert ("content-encoding" in mine.headers) is packed, site
        assert "content-encoding" in (await client.get("/sign-in", headers=there)).headers


async def test_short_answers_and_the_answer_to_an_answer_are_left_alone(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    who, host = await sign_in(), await sign_in("organiser")
    made = await stage(redis, host.id)
    assert (await client.get(f"/rooms/{CODE}", headers=who.headers)).headers["content-encoding"] == "gzip"
    await client.post("/rooms", headers=who.headers, data={"code": CODE})
    asked = await made.ask()
    headers = {**who.headers, "hx-request": "true"}
    said = await client.post(f"/rounds/{asked.id}/answers", headers=headers, data={"picked": "0"})
    assert "got" in said.text.lower()
    for short in (said, await client.get("/health")):
        assert short.status_code == 200
        assert {"vary", "content-encoding"}.isdisjoint(short.headers)


async def test_a_stream_is_not_compressed_and_each_event_leaves_at_once(world: World, line: httpx.AsyncClient) -> None:
    who = await world.enter(world.subject, ())
    await world.join(world.subject)
    async with line.stream("GET", f"/rooms/{world.lobby}/live", headers={"cookie": who["cookie"]}) as answer:
        assert "gzip" in answer.request.headers["accept-encoding"]
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert {"content-encoding", "content-length", "vary"}.isdisjoint(answer.headers)
        heard = answer.aiter_raw()
        text = ""
        async with asyncio.timeout(patience.SECONDS):
            while "event: state" not in text:
                text += (await anext(heard)).decode()
            await world.process.hub.show(f"room:{world.lobby}")
            while text.count("event: state") < 2:
                text += (await anext(heard)).decode()
