"""Rooms at the desk: opened once, led by one button, never twice by one tap."""

import asyncio
import re
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from games.quizzes import actions, queries
from rewards import database as db
from rewards.database import value
from server.runtime.chance import ALPHABET, new_id
from server.runtime.clock import now
from tests import patience
from tests.server.web.conftest import Browser, SignedIn, SignIn


async def state_of(room: UUID) -> tuple[str, int, int]:
    """(state, version, position)."""
    found = await queries.room(room)
    assert found is not None
    return found.state, found.version, found.position


async def press(client: Browser, who: SignedIn, room: UUID, move: str, version: int | None, **more: str) -> int:
    """One press of the host; the status."""
    given = {"move": move, **({} if version is None else {"version": str(version)})}
    answer = await client.post(f"/desk/rooms/{room}/moves", headers={**who.headers, **more}, data=given)
    return answer.status_code


async def test_a_room_opens_with_a_code_that_can_be_said(
    client: Browser, sign_in: SignIn, quiz: UUID, season: UUID
) -> None:
    who = await sign_in("organiser")
    answer = await client.post("/desk/rooms", headers=who.headers, data={"quiz": str(quiz)})
    assert answer.status_code == 303
    room = (await queries.rooms(live=True))[0]
    assert answer.headers["location"] == f"/desk/rooms/{room.id}"
    assert re.fullmatch(f"[{ALPHABET}]{{5}}", room.code)
    assert (room.state, room.host, room.season) == ("lobby", who.id, season)
    page = (await client.get(f"/desk/rooms/{room.id}", headers=who.headers)).text
    assert room.code in page
    assert f"http://testserver.local/rooms/{room.code}" in page
    assert 'data-key-next=""' in page
    assert f'data-version="{room.version}"' in page


async def test_the_same_form_sent_twice_opens_one_room(
    client: Browser, sign_in: SignIn, quiz: UUID, season: UUID
) -> None:
    who = await sign_in("organiser")
    form = (await client.get("/desk/rooms", headers=who.headers)).text
    found = re.search(r'name="id" value="([0-9a-f-]{36})"', form)
    assert found is not None
    given = {"quiz": str(quiz), "id": found[1]}
    answers = await asyncio.gather(*(client.post("/desk/rooms", headers=who.headers, data=given) for _ in range(4)))
    assert {answer.headers["location"] for answer in answers} == {f"/desk/rooms/{found[1]}"}
    assert len(await queries.rooms(live=True)) == 1


async def test_a_room_waits_for_its_time_in_the_organisations_zone(
    client: Browser, sign_in: SignIn, quiz: UUID, season: UUID
) -> None:
    who = await sign_in("organiser")
    tomorrow = client.app.state.process.today() + timedelta(days=1)
    given = {"quiz": str(quiz), "opens_at": f"{tomorrow}T09:30", "ends_at": f"{tomorrow}T10:00"}
    await client.post("/desk/rooms", headers=who.headers, data=given)
    room = (await queries.rooms(live=True))[0]
    assert room.state == "scheduled"
    assert room.opens_at == datetime.fromisoformat(f"{tomorrow}T01:30+00:00")
    page = (await client.get(f"/desk/rooms/{room.id}", headers=who.headers)).text
    assert "The lobby opens by itself" in page
    assert "09:30" in page
    assert await press(client, who, room.id, "open", room.version) == 303
    assert (await state_of(room.id))[0] == "lobby"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 404),
        ({"quiz": "x"}, 404),
        ({"quiz": str(UUID(int=1))}, 404),
        ({"opens_at": "soon"}, 400),
        ({"ends_at": "2001-01-01T10:00"}, 409),
        ({"id": "x\x00y"}, 400),
    ],
)
async def test_a_room_that_cannot_be_is_refused(
    client: Browser, sign_in: SignIn, quiz: UUID, season: UUID, given: dict[str, str], status: int
) -> None:
    who = await sign_in("organiser")
    full = given if given in ({},) or "quiz" in given else {"quiz": str(quiz), **given}
    answer = await client.post("/desk/rooms", headers=who.headers, data=full)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert await queries.rooms(live=True) == []


async def test_without_a_season_no_room(client: Browser, sign_in: SignIn, quiz: UUID) -> None:
    who = await sign_in("organiser")
    answer = await client.post("/desk/rooms", headers=who.headers, data={"quiz": str(quiz)})
    assert answer.status_code == 409
    assert "No season covers today" in answer.text


async def test_a_quiz_is_led_to_its_podium_by_one_button(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    seen = []
    for _ in range(5):
        state, version, position = await state_of(room)
        seen.append((state, position))
        assert await press(client, who, room, "next", version) == 303
        page = (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text
        assert f'data-version="{(await state_of(room))[1]}"' in page
    assert seen == [("lobby", 0), ("question", 1), ("reveal", 1), ("question", 2), ("reveal", 2)]
    assert (await state_of(room))[0] == "podium"
    assert "Nobody answered a question" in page
    assert await press(client, who, room, "next", (await state_of(room))[1]) == 409


async def test_taps_that_come_together_move_once(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who, other = await sign_in("organiser"), await sign_in("organiser")
    statuses = await asyncio.gather(
        *(press(client, host, room, "next", 1, **{"hx-request": "true"}) for host in (who, other, who, other))
    )
    assert set(statuses) == {204}
    assert await state_of(room) == ("question", 2, 1)
    assert await press(client, who, room, "next", 1) == 303
    assert await state_of(room) == ("question", 2, 1)


async def test_pause_stops_the_clock_and_go_on_starts_it(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    await press(client, who, room, "next", 1)
    assert await press(client, who, room, "pause", 2) == 303
    page = (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text
    assert "Paused" in page
    assert "Go on" in page
    assert await press(client, who, room, "pause", 3) == 409
    assert await press(client, who, room, "resume", 3) == 303
    assert "Paused" not in (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text


async def test_skip_end_and_call_off_ask_once(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    asked = await client.get(f"/desk/rooms/{room}/confirm?move=cancel", headers=who.headers)
    assert "Call the room off?" in asked.text
    assert "Safety" in asked.text
    unfit = await client.get(f"/desk/rooms/{room}/confirm?move=end", headers=who.headers)
    assert unfit.headers["location"] == f"/desk/rooms/{room}"
    await press(client, who, room, "next", 1)
    skipping = await client.get(f"/desk/rooms/{room}/confirm?move=skip", headers=who.headers)
    assert 'name="version" value="2"' in skipping.text
    assert await press(client, who, room, "skip", 2) == 303
    assert await state_of(room) == ("question", 3, 2)
    assert await press(client, who, room, "skip", None) == 400
    ending = await client.get(f"/desk/rooms/{room}/confirm?move=end", headers=who.headers)
    assert "goes to the podium after 1 of 2 questions" in ending.text
    assert await press(client, who, room, "end", None) == 303
    assert (await state_of(room))[0] == "podium"
    assert await press(client, who, room, "end", None) == 409


async def test_a_room_is_called_off_before_it_begins(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    assert await press(client, who, room, "cancel", None) == 303
    assert (await state_of(room))[0] == "cancelled"
    assert "called off" in (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text
    assert await value("SELECT actor FROM audit_entry WHERE code = 'room.cancelled'") == who.id


@pytest.mark.parametrize(
    "given",
    [
        {"move": "fly", "version": "1"},
        {"version": "1"},
        {"move": "next"},
        {"move": "next", "version": "x"},
        {"move": "next", "version": "-1"},
        {"move": "next", "version": "9" * 15},
        {"move": "ne\x00xt", "version": "1"},
    ],
)
async def test_a_move_that_is_none_is_refused(
    client: Browser, sign_in: SignIn, room: UUID, given: dict[str, str]
) -> None:
    who = await sign_in("organiser")
    answer = await client.post(f"/desk/rooms/{room}/moves", headers=who.headers, data=given)
    assert answer.status_code in (400, 409)
    assert await state_of(room) == ("lobby", 1, 0)


async def test_a_huge_form_is_refused(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    many = "&".join(f"f{index}=1" for index in range(3000))
    headers = {**who.headers, "content-type": "application/x-www-form-urlencoded"}
    assert (await client.post(f"/desk/rooms/{room}/moves", headers=headers, content=many)).status_code == 400
    huge = "a=" + "x" * (13 * 1024**2)
    assert (await client.post(f"/desk/rooms/{room}/moves", headers=headers, content=huge)).status_code == 413
    assert await state_of(room) == ("lobby", 1, 0)


async def test_the_right_answer_is_not_on_the_page_before_the_reveal(
    client: Browser, sign_in: SignIn, room: UUID
) -> None:
    who = await sign_in("organiser")
    await press(client, who, room, "next", 1)
    page = (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text
    assert "Which valve first?" in page
    assert "Blue is upstream" not in page
    assert "is-right" not in page
    await press(client, who, room, "next", 2)
    page = (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text
    assert "Blue is upstream" in page
    assert page.count("is-right") == 1


async def test_the_fragment_is_the_page_without_its_frame_and_is_asked_for_by_its_mark(
    client: Browser, sign_in: SignIn, room: UUID
) -> None:
    who = await sign_in("organiser")
    first = await client.get(f"/desk/rooms/{room}/state", headers=who.headers)
    assert "<html" not in first.text
    assert re.match(r'\s*<section[^>]* data-version="1"', first.text)
    assert first.headers["x-laurel-count"] == '{"answers":0,"players":0}'
    same = await client.get(
        f"/desk/rooms/{room}/state", headers={**who.headers, "if-none-match": first.headers["etag"]}
    )
    assert same.status_code == 304
    assert same.content == b""


async def test_players_are_sent_out_and_let_back_in(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who, player = await sign_in("organiser"), await sign_in(name="Li Na", number="7")
    redis = client.app.state.process.redis
    await actions.join(redis, room, player.id, now=now(), new_id=new_id())
    path, given = f"/desk/rooms/{room}/players", {"member": str(player.id)}
    page = (await client.get(path, headers=who.headers)).text
    assert "Li Na" in page
    assert "Send out" in page
    assert (await client.post(path, headers=who.headers, data=given)).status_code == 303
    assert (await queries.mine(room, player.id)).removed
    page = (await client.get(path, headers=who.headers)).text
    assert "Let back in" in page
    again = await client.post(path, headers=who.headers, data=given)
    assert again.headers["location"] == path
    await client.post(path, headers=who.headers, data={**given, "back": "1"})
    assert not (await queries.mine(room, player.id)).removed
    assert await value("SELECT count(*) FROM audit_entry WHERE code LIKE 'room.player_%'") == 2
    bad = await client.post(path, headers=who.headers, data={"member": "x"})
    assert bad.status_code == 404


async def test_who_may_only_read_sees_the_room_without_buttons(client: Browser, sign_in: SignIn, room: UUID) -> None:
    for role in ("auditor", "reviewer"):
        who = await sign_in(role)
        page = (await client.get(f"/desk/rooms/{room}", headers=who.headers)).text
        assert "bcdfg" in page
        assert "data-live=" not in page
        assert "/moves" not in page
        assert "/confirm" not in page


async def test_the_stream_brings_the_state_and_every_change(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    frames: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message.get("body"):
            frames.put_nowait(message["body"])

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/desk/rooms/{room}/live",
        "raw_path": f"/desk/rooms/{room}/live".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver.local"), (b"cookie", who.cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("testserver.local", 80),
    }
    app: Any = client.app
    following = asyncio.create_task(app(scope, receive, send))

    async def until(sign: bytes) -> bytes:
        seen = b""
        async with asyncio.timeout(patience.SECONDS):
            while sign not in seen:
                seen += await frames.get()
        return seen

    first = await until(b"event: count")
    assert b'data-state="lobby"' in first
    await press(client, who, room, "next", 1)
    second = await until(b'data-state="question"')
    assert b"@@REMAINING@@" not in second
    assert b'name="csrf"' not in second
    gone.set()
    await following


# Pressed twice


async def passed(room: UUID, seconds: float) -> None:
    """So long ago was the room moved."""
    await db.rows("UPDATE room SET moved_at = now() - make_interval(secs => $2) WHERE id = $1", room, seconds)


@pytest.mark.usefixtures("guarded")
async def test_the_second_of_two_quick_presses_closes_no_question(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who, remote = await sign_in("organiser"), await sign_in("organiser")
    await passed(room, 2)
    assert await press(client, who, room, "next", 1) == 303
    for host in (who, remote):
        given = {"move": "next", "version": "2"}
        answer = await client.post(f"/desk/rooms/{room}/moves", headers=host.headers, data=given)
        assert answer.headers["location"] == f"/desk/rooms/{room}?said=room.pressed_twice"
        assert (
            "only the first press counted" in (await client.get(answer.headers["location"], headers=host.headers)).text
        )
        live = await client.post(
            f"/desk/rooms/{room}/moves", headers={**host.headers, "hx-request": "true"}, data=given
        )
        assert live.status_code == 200
        assert "only the first press counted" in live.text
    assert await state_of(room) == ("question", 2, 1)
    await passed(room, 1.4)
    await press(client, who, room, "next", 2)
    assert await state_of(room) == ("question", 2, 1)
    await passed(room, 1.5)
    await press(client, who, room, "next", 2)
    assert (await state_of(room))[0] == "reveal"


@pytest.mark.usefixtures("guarded")
async def test_no_press_skips_what_was_not_seen_yet_whoever_moved_the_room(
    client: Browser, sign_in: SignIn, room: UUID
) -> None:
    """The clock closes the question as the host presses to close it; a pause is not undone by its own press."""
    who = await sign_in("organiser")
    await passed(room, 2)
    await press(client, who, room, "next", 1)
    await passed(room, 2)
    await press(client, who, room, "pause", 2)
    await press(client, who, room, "resume", 3)
    assert await state_of(room) == ("question", 3, 1)
    await passed(room, 2)
    await press(client, who, room, "resume", 3)
    round_id = await value("SELECT id FROM round WHERE room = $1", room)
    await actions.close_round(client.app.state.process.redis, round_id, now=now)
    await press(client, who, room, "next", 5)
    assert await state_of(room) == ("reveal", 5, 1)
    assert await press(client, who, room, "end", 5) == 303
    assert (await state_of(room))[0] == "podium"


@pytest.mark.usefixtures("guarded")
async def test_a_clock_that_was_set_back_holds_nobody_up(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    await passed(room, -3600)
    await press(client, who, room, "next", 1)
    assert (await state_of(room))[0] == "question"
