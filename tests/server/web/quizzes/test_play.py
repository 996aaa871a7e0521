"""The room on a phone: joined, answered once, in time, by whoever is in it; the right answer kept until the reveal."""

import json
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import unquote

import pytest
from redis.asyncio import Redis

from games.quizzes import actions, queries, rules
from games.quizzes.queries import RoundRow
from rewards import database as db
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.frame.live import MOST_OF_ONE, Whose
from server.web.quizzes.live import letters
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.counting import counting
from tests.server.web.quizzes.rooms import CODE, WHY, Stage, following, stage

HTMX = {"hx-request": "true"}


async def answer(client: Browser, who: SignedIn, asked: RoundRow, *picked: object, **headers: str):  # type: ignore[no-untyped-def]
    """As answer.js posts it."""
    return await client.post(
        f"/rounds/{asked.id}/answers",
        headers={**who.headers, **HTMX, **headers},
        data={"picked": [str(one) for one in picked]},
    )


async def stored(asked: RoundRow) -> list[tuple[object, int]]:
    """(member, what was picked) of every answer in the table."""
    rows = await db.rows("SELECT member, picked FROM answer WHERE round = $1 ORDER BY member", asked.id)
    return [(row["member"], row["picked"]) for row in rows]


async def ready(client: Browser, sign_in: SignIn, redis: Redis) -> tuple[Stage, SignedIn]:
    """A room and a member in it."""
    host, who = await sign_in("organiser"), await sign_in(name="李娜")
    made = await stage(redis, host.id)
    assert (await client.post("/rooms", headers=who.headers, data={"code": CODE})).status_code == 303
    return made, who


# Coming in


async def test_a_typed_code_leads_to_the_room(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    who, host = await sign_in(), await sign_in("organiser")
    await stage(redis, host.id)
    found = await client.post("/rooms", headers=who.headers, data={"code": f" {CODE.upper()} "})
    assert (found.status_code, found.headers["location"]) == (303, f"/rooms/{CODE}")
    lost = await client.post("/rooms", headers=who.headers, data={"code": "<b>zz"})
    assert (lost.status_code, lost.headers["location"]) == (303, "/play?code=%3Cb%3Ezz")
    told = await client.get(lost.headers["location"], headers=who.headers)
    assert "There is no room with this code" in told.text
    assert "&lt;b&gt;zz" in told.text


async def test_who_is_not_signed_in_comes_back_to_the_room(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    await stage(redis, (await sign_in("organiser")).id)
    led = (await client.get(f"/rooms/{CODE}")).headers["location"]
    assert unquote(led) == f"/sign-in?next=/rooms/{CODE}"


async def test_looking_joins_nobody(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await stage(redis, (await sign_in("organiser")).id), await sign_in()
    for _ in range(2):
        page = await client.get(f"/rooms/{CODE}", headers=who.headers)
        assert (page.status_code, "data-live" in page.text) == (200, False)
        assert f'name="code" value="{CODE}"' in page.text
    assert await queries.players(made.room) == 0
    await client.post("/rooms", headers=who.headers, data={"code": CODE})
    assert "data-live" in (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert await queries.players(made.room) == 1


async def test_looking_tells_what_joining_would(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await stage(redis, (await sign_in("organiser")).id), await sign_in()
    await actions.cancel_room(redis, made.room, expected=await made.version(), actor=made.host, now=now())
    looked = await client.get(f"/rooms/{CODE}", headers=who.headers)
    joined = await client.post("/rooms", headers=who.headers, data={"code": CODE})
    for refused in (looked, joined):
        assert (refused.status_code, "called off" in refused.text) == (409, True)
    assert await queries.players(made.room) == 0


async def test_the_lobby_says_who_one_is_and_how_many(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert 'data-round="end" data-state="lobby"' in page
    assert f'data-live="/rooms/{made.room}/live"' in page
    assert '<p class="lobby-name" data-mine="name">李娜</p>' in page
    assert '<b class="figure" data-count="players">1</b>' in page


async def test_a_room_that_is_not_open_says_so(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    await actions.cancel_room(redis, made.room, expected=await made.version(), actor=made.host, now=now())
    page = await client.get(f"/rooms/{CODE}", headers=who.headers)
    assert (page.status_code, "called off" in page.text) == (200, True)
    state = await client.get(f"/rooms/{made.room}/state", headers=who.headers)
    assert "This room is closed" in state.text


# Answering


async def test_an_answer_is_acknowledged_after_it_stands_in_the_table(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert f'data-round="{asked.id}" data-state="question"' in page
    said = await answer(client, who, asked, 1)
    assert (said.status_code, "Got it" in said.text, 'data-letters="B"' in said.text) == (200, True, True)
    assert await stored(asked) == [(who.id, 0b10)]


async def test_the_first_answer_stands_and_the_second_is_told_so(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    await answer(client, who, asked, 1)
    again = await answer(client, who, asked, 0)
    assert again.status_code == 200
    assert 'data-letters="B"' in again.text
    assert "that answer stands" in again.text
    assert await stored(asked) == [(who.id, 0b10)]


async def test_several_answers_are_sent_together(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    await made.ask()
    await made.on()
    asked = await made.ask()
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert page.count('type="checkbox" name="picked"') == 3
    said = await answer(client, who, asked, 2, 0, 2)
    assert 'data-letters="A, C"' in said.text
    assert await stored(asked) == [(who.id, 0b101)]


async def test_without_javascript_the_form_posts_and_comes_back(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    form = page[page.index("<form") : page.index("</form>")]
    token = re.search(r'name="csrf" value="([\w-]+)"', form)
    assert token is not None
    assert f'action="/rounds/{asked.id}/answers"' in form
    assert 'name="picked" value="2"' in form
    posted = await client.post(
        f"/rounds/{asked.id}/answers", headers={"cookie": who.cookie}, data={"csrf": token.group(1), "picked": "2"}
    )
    assert (posted.status_code, posted.headers["location"]) == (303, f"/rooms/{CODE}")
    back = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert '<b data-mine="letters">C</b>' in back
    assert '<form class="answer" method="post" ' in back
    assert 'data-mine-when="!outcome=answered" hidden>' in back
    assert '<li data-mine-when="chosen=2">' in back
    assert '<li data-mine-when="chosen=0" hidden>' in back


@pytest.mark.parametrize("picked", [(), ("9",), ("-1",), ("x",), ("0", "1"), ("9" * 5000,), ("1e3",), ("",)])
async def test_what_is_no_answer_is_refused(
    client: Browser, sign_in: SignIn, redis: Redis, picked: tuple[str, ...]
) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    refused = await answer(client, who, asked, *picked)
    assert refused.status_code in (400, 409)
    assert "Choose one of the answers shown." in refused.text
    assert await stored(asked) == []


async def test_a_late_answer_is_told_so(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    await made.on()
    late = await answer(client, who, asked, 0)
    assert (late.status_code, "Too late" in late.text) == (409, True)
    assert late.headers["hx-retarget"] == "#notices"
    assert await stored(asked) == []


async def test_a_paused_question_takes_no_answer(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    await actions.pause(redis, made.room, expected=await made.version(), now=now())
    refused = await answer(client, who, asked, 0)
    assert (refused.status_code, "stopped the clock" in refused.text) == (409, True)
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert "The host has stopped the clock." in page
    assert 'name="picked"' not in page


async def test_who_has_not_joined_cannot_answer(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, _ = await ready(client, sign_in, redis)
    stranger = await sign_in()
    asked = await made.ask()
    refused = await answer(client, stranger, asked, 0)
    assert (refused.status_code, "Join the room first" in refused.text) == (409, True)
    assert (await client.get(f"/rooms/{made.room}/state", headers=stranger.headers)).status_code == 409
    assert await stored(asked) == []


async def test_a_round_of_another_room_takes_no_answer(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    of = (await db.row("SELECT season FROM room WHERE id = $1", made.room))["season"]  # type: ignore[index]
    other = await stage(redis, made.host, code="other", of=of)
    foreign = await other.ask()
    assert (await answer(client, who, foreign, 0)).status_code == 409
    assert await stored(foreign) == []
    unknown = await client.post(f"/rounds/{new_id()}/answers", headers={**who.headers, **HTMX}, data={"picked": "0"})
    assert unknown.status_code == 404


async def test_who_was_sent_out_sees_a_clear_page_and_cannot_answer(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    await made.remove(who.id)
    assert (await answer(client, who, asked, 0)).status_code == 409
    page = await client.get(f"/rooms/{CODE}", headers=who.headers)
    assert (page.status_code, "The host has sent you out" in page.text) == (409, True)
    assert (await client.get(f"/rooms/{made.room}/state", headers=who.headers)).status_code == 409
    assert await stored(asked) == []


async def test_a_forged_answer_is_refused(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    other = await sign_in()
    asked = await made.ask()
    for token in ("", "0" * 64, other.csrf):
        refused = await answer(client, who, asked, 0, **{"x-csrftoken": token})
        assert refused.status_code == 403
    foreign = await answer(client, who, asked, 0, origin="https://evil.example")
    assert foreign.status_code == 403
    nobody = await client.post(f"/rounds/{asked.id}/answers", data={"picked": "0"})
    assert nobody.status_code == 401
    assert await stored(asked) == []


async def test_a_second_phone_has_the_same_score(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    await answer(client, who, await made.ask(), 0)
    await made.on()
    second = await sign_in(name="李娜", member=who.id)
    page = (await client.get(f"/rooms/{CODE}", headers=second.headers)).text
    assert 'data-mine-when="outcome=right">' in page
    assert '<dd data-mine="total">1,000</dd>' in page
    assert await queries.players(made.room) == 1


# What is shown, and what is not


def secrets(page: str) -> list[str]:
    """What would give the right answer away, wherever it stands in a response."""
    return re.findall(rf"is-right|right_mask|{WHY}|outcome&#34;: &#34;right|bar-verdict", page)


async def test_the_right_answer_leaves_the_server_only_with_the_reveal(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    made, who = await ready(client, sign_in, redis)
    async with following(client, f"/rooms/{made.room}/live", who.cookie) as stream:
        await stream.until('data-state="lobby"')
        asked = await made.ask()
        await stream.until(str(asked.id))
        said = await answer(client, who, asked, 0)
        wrong = await answer(client, await joined(client, sign_in), asked, 1)
        page = await client.get(f"/rooms/{CODE}", headers=who.headers)
        state = await client.get(f"/rooms/{made.room}/state", headers=who.headers)
        mine = json.loads(state.headers["x-laurel-mine"])
        before = [stream.text, said.text, page.text, state.text, state.headers["x-laurel-mine"]]
        assert [secrets(text) for text in before] == [[]] * len(before)
        assert (mine["outcome"], mine["letters"], mine["points"], mine["total"]) == ("answered", "A", 0, 0)
        assert said.text.replace("A", "B") == wrong.text.replace("A", "B")  # a right one looks like a wrong one
        assert said.headers.keys() == wrong.headers.keys()
        buttons = [re.sub(r"Right one|Wrong one|Other one", "", tile) for tile in tiles(page.text)]
        assert (
            len({re.sub(r"option-\d|value=\"\d\"|aria-label=\"[^\"]*\"|>[ABC]<|<path[^>]*>", "", b) for b in buttons})
            == 1
        )
        await made.on()
        after = await stream.until(WHY)
        assert "is-right" in after
        await stream.until('"outcome":"right"')
        later = await client.get(f"/rooms/{CODE}", headers=who.headers)
        assert WHY in later.text


def tiles(page: str) -> list[str]:
    return re.findall(r'<button class="option .*?</button>', page)


async def joined(client: Browser, sign_in: SignIn) -> SignedIn:
    who = await sign_in()
    await client.post("/rooms", headers=who.headers, data={"code": CODE})
    return who


async def test_a_page_and_a_stream_show_the_same_state(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    state = await client.get(f"/rooms/{made.room}/state", headers=who.headers)
    assert f'data-round="{asked.id}" data-state="question"' in state.text
    assert "csrf" not in state.text
    assert "李娜" not in state.text
    again = await client.get(
        f"/rooms/{made.room}/state", headers={**who.headers, "if-none-match": state.headers["etag"]}
    )
    assert again.status_code == 304


async def test_a_phone_has_no_more_streams_than_a_browser_opens(
    client: Browser, sign_in: SignIn, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is looked up for whoever opens them all the time."""
    made, who = await ready(client, sign_in, redis)
    other = await joined(client, sign_in)
    path = f"/rooms/{made.room}/live"
    async with AsyncExitStack() as opened:
        others = await opened.enter_async_context(following(client, path, other.cookie))
        streams = []
        for _ in range(MOST_OF_ONE + 1):
            streams.append(await opened.enter_async_context(following(client, path, who.cookie)))
            await streams[-1].until('data-state="lobby"')
        await streams[0].until("event: crowded")
        await made.ask()
        for stream in (others, *streams[1:]):
            assert "crowded" not in await stream.until('data-state="question"')
        assert 'data-state="question"' not in streams[0].text
    hub = client.app.state.process.hub
    while hub.may_open(Whose(who.session)):
        pass
    with counting(monkeypatch) as asked_for:
        refused = await client.get(path, headers={**who.headers, "accept": "text/event-stream"})
    assert (refused.status_code, refused.text, asked_for.statements) == (429, "", [])


async def test_the_podium_names_three_and_tells_me_mine(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    other = await joined(client, sign_in)
    watcher = await joined(client, sign_in)
    asked = await made.ask()
    await answer(client, who, asked, 0)
    await answer(client, other, asked, 1)
    await made.on()
    second = await made.ask()
    await answer(client, who, second, 0, 2)
    async with following(client, f"/rooms/{made.room}/live", who.cookie) as stream:
        await stream.until("event: mine")
        await made.on()
        await made.on()
        said = await stream.until('"right":2')
        assert '"place":1' in said
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert 'data-round="end" data-state="podium"' in page
    assert "data-joy" in page
    assert '<span class="podium-name">李娜</span>' in page
    assert '<span data-mine="right">2</span> / 2' in page
    nothing = (await client.get(f"/rooms/{CODE}", headers=watcher.headers)).text
    assert re.search(r'data-mine-when="!place&gt;0">You have not answered|data-mine-when="!place>0">You have', nothing)


async def test_the_podium_counts_right_answers_of_the_rounds_that_counted(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    made, who = await ready(client, sign_in, redis)
    await answer(client, who, await made.ask(), 0)
    await made.on()
    await made.ask()
    await actions.skip(redis, made.room, expected=await made.version(), now=now(), new_id=new_id)
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert '<span data-mine="right">1</span> / 1' in page


async def test_a_reveal_tells_who_did_not_answer(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    await made.ask()
    await made.on()
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    assert 'data-mine-when="!outcome=right|wrong">' in page
    assert 'data-mine-when="outcome=wrong" hidden>' in page


def test_letters_are_those_of_the_options() -> None:
    assert [letters(rules.mask_of(picked)) for picked in ((), (0,), (0, 2), (7,))] == ["", "A", "A, C", "H"]


async def test_the_time_shown_is_the_servers(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    made, who = await ready(client, sign_in, redis)
    asked = await made.ask()
    await db.rows("UPDATE round SET closes_at = $2 WHERE id = $1", asked.id, now() + timedelta(seconds=7))
    page = (await client.get(f"/rooms/{CODE}", headers=who.headers)).text
    shown = re.search(r'data-remaining-ms="(\d+)" data-total-ms="60000"', page)
    assert shown is not None
    assert 0 < int(shown.group(1)) <= 7000
