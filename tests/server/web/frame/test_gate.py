"""The token of forms: another in each answer, each of them good for its session and for no other."""

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.frame import gate as frame_gate
from server.web.frame.gate import MOST_OF_A_MEMBER, VISIT, Gate
from tests.patience import SECONDS, until
from tests.server.web.conftest import Browser, SignIn

FORM = {"content-type": "application/x-www-form-urlencoded"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"|"x-csrftoken": "([^"]+)"')


def gate() -> Gate:
    return Gate(None, sessions=None, key=b"k" * 32, secure=False, refused=None)  # type: ignore[arg-type]


def tokens(page: str) -> set[str]:
    return {one or other for one, other in TOKEN.findall(page)}


@given(st.text(alphabet="abc-_", min_size=1, max_size=43))
def test_no_two_tokens_of_a_session_have_anything_in_common(anchor: str) -> None:
    one, other = gate().token_for(anchor), gate().token_for(anchor)
    assert len(one) == len(other) == 86
    assert one[:22] != other[:22]
    assert one[22:] != other[22:]


async def test_two_answers_never_show_the_same_token_and_both_are_good(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    seen = [tokens((await client.get("/me", headers={"cookie": who.cookie})).text) for _ in range(3)]
    assert [len(one) for one in seen] == [1, 1, 1]
    assert len(set.union(*seen)) == 3
    for token in set.union(*seen):
        data = {"csrf": token, "language": "en", "back": "/me"}
        assert (await client.post("/language", headers={"cookie": who.cookie}, data=data)).status_code == 303
        headers = {"cookie": who.cookie, "x-csrftoken": token}
        assert (await client.post("/language", headers=headers, data={"language": "en"})).status_code == 303


@pytest.mark.parametrize("part", ["", "cut", "salt", "other salt", "turned", "longer", "of another", "汉", "\x00"])
async def test_a_token_that_is_not_of_this_session_is_refused(client: Browser, sign_in: SignIn, part: str) -> None:
    who, other = await sign_in(), await sign_in()
    good = who.csrf
    given = {
        "cut": good[:-1],
        "salt": good[:22],
        "other salt": ("B" if good[0] == "A" else "A") + good[1:],
        "turned": good[22:] + good[:22],
        "longer": good + "0",
        "of another": other.csrf,
    }.get(part, part)
    answer = await client.post("/language", headers={"cookie": who.cookie}, data={"csrf": given, "language": "en"})
    assert answer.status_code == 403
    assert (await client.post("/language", headers=who.headers, data={"language": "en"})).status_code == 303


async def test_a_page_that_was_open_during_the_upgrade_can_still_send_its_form(
    client: Browser, sign_in: SignIn
) -> None:
    """Its token is the bare digest of the session."""
    who = await sign_in()
    key = client.app.state.process.resources.settings.key("csrf")
    bare = hmac.digest(key, who.session.encode(), "sha256").hex()
    answer = await client.post("/language", headers={"cookie": who.cookie}, data={"csrf": bare, "language": "en"})
    assert answer.status_code == 303


async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("roles", [None, (), ("organiser",)])
@pytest.mark.parametrize("told", [True, False])
async def test_only_who_holds_a_role_sends_much(
    client: Browser, sign_in: SignIn, roles: tuple[str, ...] | None, told: bool
) -> None:
    """In one piece with its length, or in pieces without; more than fits nobody."""
    visit = "v" * 43
    stranger = {"cookie": f"{VISIT}={visit}", "x-csrftoken": client.app.state.process.gate.token_for(visit)}
    headers = stranger if roles is None else (await sign_in(*roles)).headers
    for size, fits in ((MOST_OF_A_MEMBER // 2, True), (MOST_OF_A_MEMBER * 2, bool(roles))):
        content: Any = b"x" * size if told else pieces(size // 1024, 1024)
        answer = await client.post("/language", headers={**headers, **FORM}, content=content)
        assert (answer.status_code == 413) != fits, (size, answer.status_code)
        assert fits or "too large" in answer.text


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e3", "٣", ""])
async def test_a_length_that_is_none_is_no_fault(client: Browser, length: str) -> None:
    answer = await client.post("/language", headers={**FORM, "content-length": length.encode()}, content=b"language=en")
    assert answer.status_code < 500


class Hanging:
    """An application whose answers never come; `entered` counts who waits in it. At /deaf the first word is lost."""

    def __init__(self) -> None:
        self.entered: dict[str, int] = {}
        self.over = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        if path == "/answer":
            scope["state"]["patient"] = True
        while True:
            self.entered[path] = self.entered.get(path, 0) + 1
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if path != "/deaf" or self.entered[path] > 1 or self.over:
                    raise


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.over = True  # whatever came of it, its tasks can be ended


async def test_who_waits_too_long_is_answered_and_a_stream_goes_on(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, refused = hanging, []

    def answer(scope: Any, error: Exception) -> Any:
        async def say(scope: Any, receive: Any, send: Any) -> None:
            refused.append((scope["path"], type(error)))

        return say

    async def nothing(*_: Any) -> Any:
        return {"type": "http.request"}

    gate = Gate(app, sessions=None, key=b"k" * 32, secure=False, refused=answer)  # type: ignore[arg-type]
    paths = ("/page", "/deaf", "/stream", "/answer", "/desk/draws")
    scopes: list[Any] = [{"type": "http", "path": path, "method": "GET", "headers": [], "state": {}} for path in paths]
    tasks = {scope["path"]: asyncio.create_task(gate(scope, nothing, nothing)) for scope in scopes}
    await until(lambda: len(app.entered) == len(paths), "all to wait")
    gate.look(True)
    gate.look(False)
    assert not any(task.done() for task in tasks.values()), "nobody has waited long yet"
    monkeypatch.setattr(frame_gate, "SHORT", 0.0)
    gate.look(True)
    await asyncio.wait([tasks["/page"], tasks["/desk/draws"]], timeout=SECONDS)
    assert refused == [("/page", TimeoutError), ("/desk/draws", TimeoutError)]
    await until(lambda: app.entered["/deaf"] == 2, "the deaf to have heard nothing")
    monkeypatch.setattr(frame_gate, "WHOLE", -frame_gate.CUT_AGAIN)
    gate.look(False)
    await asyncio.wait([tasks["/deaf"], tasks["/answer"]], timeout=SECONDS)
    assert sorted(path for path, _ in refused) == ["/answer", "/deaf", "/desk/draws", "/page"]
    assert not tasks["/stream"].done()
    tasks["/stream"].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks["/stream"]
