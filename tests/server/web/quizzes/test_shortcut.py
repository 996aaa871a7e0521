"""An answer is answered alike by both ways: the short one, and the framework's, which an id in capitals takes."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from games.quizzes import actions
from games.quizzes.queries import RoundRow
from rewards import database as db
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.quizzes.shortcut import Shortcut
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.quizzes.rooms import CODE, Stage, stage

FORM = {"hx-request": "true", "content-type": "application/x-www-form-urlencoded"}
Seen = tuple[int, dict[str, str], str]


def seen(answer: httpx.Response) -> Seen:
    """What a phone sees of an answer. A token may differ each time."""
    text = re.sub(r'(x-csrftoken|name="csrf")[^>]*', "", answer.text)
    headers = dict(answer.headers)
    if text != answer.text:
        del headers["content-length"]
    return answer.status_code, headers, text


@pytest.fixture
def framework(client: Browser) -> list[str]:
    """The addresses that come to the framework from now on."""
    asked: list[str] = []
    shortcut = client.app.state.process.gate._app
    assert isinstance(shortcut, Shortcut)
    inner = shortcut._app

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await inner(scope, receive, send)

    shortcut._app = listening
    return asked


async def post(
    client: Browser, who: SignedIn | None, round_id: UUID, content: bytes, capitals: bool, **headers: str
) -> httpx.Response:
    """As the page's script does it, with these headers in place of its own; an empty one is left out."""
    name = str(round_id).upper() if capitals else str(round_id)
    given = {**FORM, **(who.headers if who is not None else {}), **headers}
    sent = {key.replace("_", "-"): value for key, value in given.items() if value or key == "x-csrftoken"}
    return await client.post(f"/rounds/{name}/answers", headers=sent, content=content)


async def joined(client: Browser, sign_in: SignIn) -> SignedIn:
    who = await sign_in()
    await client.post("/rooms", headers=who.headers, data={"code": CODE})
    return who


async def asked_room(client: Browser, sign_in: SignIn, redis: Redis) -> tuple[Stage, RoundRow]:
    made = await stage(redis, (await sign_in("organiser")).id)
    return made, await made.ask()


async def picks() -> list[int]:
    return [row["picked"] for row in await db.rows("SELECT picked FROM answer ORDER BY picked")]


@pytest.mark.parametrize(
    "content", [b"picked=1", b"picked=1&picked=1", b"csrf=x&picked=1&other=%00", b"picked=%201%20"]
)
async def test_a_good_answer_comes_the_short_way_and_is_told_the_same(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str], content: bytes
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    one, two = await joined(client, sign_in), await joined(client, sign_in)
    framework.clear()
    first = await post(client, one, asked.id, content, False)
    again = await post(client, one, asked.id, b"picked=0", False)
    assert framework == []
    assert seen(first) == seen(await post(client, two, asked.id, content, True))
    assert seen(again) == seen(await post(client, two, asked.id, b"picked=0", True))
    assert len(framework) == 2
    assert (first.status_code, again.status_code, "that answer stands" in again.text) == (200, 200, True)
    assert await picks() == [0b10, 0b10]


@pytest.mark.parametrize(
    ("language", "headers"),
    [
        ("zh-Hans", {}),
        (None, {}),
        (None, {"accept_language": "zh-CN,zh;q=0.9"}),
        ("en", {"accept_language": "zh-CN"}),
        (None, {"cookie": "laurel_language=zh-Hans"}),
        ("xx", {"accept_language": "zh"}),
    ],
)
async def test_it_is_told_in_the_language_of_the_phone(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str], language: str | None, headers: dict[str, str]
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    told = []
    for capitals in (False, True):
        who, process = await joined(client, sign_in), client.app.state.process
        session = await process.sessions.start(
            who.id, name="M", roles=(), language=language, unit="", device="test", version=0
        )
        cookie = "; ".join(filter(None, (f"laurel_session={session}", headers.get("cookie"))))
        given = {**headers, "cookie": cookie, "x-csrftoken": process.gate.token_for(session)}
        framework.clear()
        told.append(await post(client, None, asked.id, b"picked=1", capitals, **given))
        assert len(framework) == capitals
    assert seen(told[0]) == seen(told[1])
    chinese = language == "zh-Hans" or (language != "en" and "zh" in str(headers))
    assert ("收到" in told[0].text) == chinese


BAD: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing picked": (b"", {}),
    "an empty pick": (b"picked=", {}),
    "no number": (b"picked=x", {}),
    "no such option": (b"picked=9", {}),
    "below all options": (b"picked=-1", {}),
    "two of a single choice": (b"picked=0&picked=1", {}),
    "a very long number": (b"picked=" + b"9" * 900, {}),
    "a longer form than any answer": (b"picked=" + b"9" * 5000, {}),
    "no text": (b"picked=\xff", {}),
    "a zero byte": (b"picked=%00", {}),
    "too many fields": (b"&".join([b"a"] * 450), {}),
    "another token": (b"picked=1", {"x-csrftoken": "0" * 64}),
    "no token": (b"picked=1", {"x-csrftoken": ""}),
    "another page's form": (b"picked=1", {"origin": "https://evil.example"}),
    "no session": (b"picked=1", {"cookie": ""}),
    "an unknown session": (b"picked=1", {"cookie": "laurel_session=" + "a" * 43}),
    "a host that is none": (b"picked=1", {"host": "a b"}),
    "a form in parts without its mark": (b"picked=1", {"content-type": "multipart/form-data"}),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_is_bad_is_refused_by_the_framework_alike(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str], case: str
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    who = await joined(client, sign_in)
    content, headers = BAD[case]
    framework.clear()
    short = await post(client, who, asked.id, content, False, **headers)
    assert len(framework) == 1
    assert seen(short) == seen(await post(client, who, asked.id, content, True, **headers))
    assert 400 <= short.status_code < 500
    assert await picks() == []


async def late(made: Stage, who: SignedIn) -> None:
    await made.on()


async def paused(made: Stage, who: SignedIn) -> None:
    await actions.pause(made.redis, made.room, expected=await made.version(), now=now())


async def sent_out(made: Stage, who: SignedIn) -> None:
    await made.remove(who.id)


@pytest.mark.parametrize("happens", [late, paused, sent_out], ids=lambda one: one.__name__)
async def test_what_the_room_refuses_is_told_alike_and_tried_once(
    client: Browser,
    sign_in: SignIn,
    redis: Redis,
    framework: list[str],
    happens: Callable[[Stage, SignedIn], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, asked = await asked_room(client, sign_in, redis)
    who = await joined(client, sign_in)
    await happens(made, who)
    answering = client.app.state.process.opened["quizzes"].own.answering
    tries, answer = [], answering.answer

    async def counted(*given: Any) -> Any:
        tries.append(given)
        return await answer(*given)

    monkeypatch.setattr(answering, "answer", counted)
    framework.clear()
    short = await post(client, who, asked.id, b"picked=1", False)
    assert (len(framework), len(tries)) == (1, 1)
    assert seen(short) == seen(await post(client, who, asked.id, b"picked=1", True))
    assert short.status_code == 409
    assert short.headers["hx-retarget"] == "#notices"
    assert await picks() == []


async def test_a_round_that_is_none_and_a_stranger_are_refused_alike(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str]
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    for who, round_id, status in ((await sign_in(), asked.id, 409), (await joined(client, sign_in), new_id(), 404)):
        short = await post(client, who, round_id, b"picked=1", False)
        assert seen(short) == seen(await post(client, who, round_id, b"picked=1", True))
        assert short.status_code == status
    assert await picks() == []


async def test_a_fault_is_told_as_a_fault(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    who = await joined(client, sign_in)

    async def fails(*given: Any) -> None:
        raise ConnectionError("gone")

    monkeypatch.setattr(client.app.state.process.opened["quizzes"].own.answering, "answer", fails)
    short = await post(client, who, asked.id, b"picked=1", False)
    assert seen(short) == seen(await post(client, who, asked.id, b"picked=1", True))
    assert short.status_code == 503


@pytest.mark.parametrize("headers", [{"hx-request": ""}, {"content-type": "text/plain"}, {"hx-request": "false"}])
async def test_a_browser_without_our_script_goes_by_the_framework(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str], headers: dict[str, str]
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    who = await joined(client, sign_in)
    framework.clear()
    await post(client, who, asked.id, b"picked=1", False, **headers)
    assert len(framework) == 1
    assert await picks() == [0b10]


async def test_a_body_that_never_comes_whole_is_no_answer(
    client: Browser, sign_in: SignIn, redis: Redis, framework: list[str]
) -> None:
    _, asked = await asked_room(client, sign_in, redis)
    who = await joined(client, sign_in)
    framework.clear()
    await post(client, who, asked.id, b"picked=1", False, **{"content-length": "18"})
    assert len(framework) == 1
