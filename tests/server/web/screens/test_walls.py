"""Walls at the desk: what each shows, taken over and let go; paired by six characters."""

import re
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import httpx

from rewards import database as db
from server.runtime.clock import now
from server.web.quizzes.screen import PODIUM_FOR
from server.web.screens import actions, pairing, queries, rules
from server.web.screens.links import key_of
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.screens.world import SCENES, Play, people, play, screen, season

STAFF = {"Li Na": "Workshop 1", "Host": ""}
HTMX = {"hx-request": "true"}


async def room(client: Browser, title: str = "Safety", code: str = "bcdfg", of: UUID | None = None) -> Play:
    process = client.app.state.process
    found = await db.rows("SELECT id FROM member WHERE name = 'Host'")
    host = found[0]["id"] if found else (await people(STAFF, process.today()))[-1]
    return await play(process.redis, of or await season(process.today()), host, title=title, code=code)


async def told(client: Browser, who: SignedIn, of: Play) -> Mapping[str, str]:
    """Name of each screen -> what the room's page says of it."""
    asked = {"of": f"room:{of.room_id}"}
    answer = await client.get("/desk/screens/walls", headers={**who.headers, **HTMX}, params=asked)
    assert answer.status_code == 200
    lines = re.findall(r'<li class="row.*?</li>', answer.text, re.DOTALL)
    texts = [" ".join(unescape(re.sub("<[^>]+>", " ", line)).split()) for line in lines]
    return {text.partition(" ")[0]: text.partition(" ")[2] for text in texts}


async def shown(client: Browser, screen_id: UUID) -> str:
    key = key_of(client.app.state.process.resources.settings, screen_id)
    return (await client.get(f"/screen/{key}/state")).text


async def press(client: Browser, who: SignedIn, way: str, of: Play | None = None, screen_id: UUID | None = None) -> int:
    fields = {"of": f"room:{of.room_id}" if of else "", "screen": str(screen_id or "")}
    answer = await client.post(f"/desk/screens/{way}", headers=who.headers, data=fields)
    return answer.status_code


async def test_a_wall_is_taken_over_until_it_is_let_go_or_the_room_is_over(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser", name="Wang Fang")
    canteen, hall = await screen("Canteen"), await screen("Hall")
    mine = await room(client, "Mine")
    other = await room(client, "Other", "ccccc", (await mine.room()).season)
    assert {"Other" in line for line in (await told(client, who, mine)).values()} == {True}
    assert await press(client, who, "take", mine, canteen) == 303
    lines = await told(client, who, mine)
    assert "Room: Mine (bcdfg) Taken over by Wang Fang at" in lines["Canteen"]
    assert "Let go" in lines["Canteen"]
    assert "Room: Other (ccccc) By itself Take over" in lines["Hall"].replace("  ", " ")
    assert "Mine" in await shown(client, canteen)
    assert "Other" in await shown(client, hall)
    await press(client, who, "let-go", mine, canteen)
    assert "Other" in await shown(client, canteen)
    await press(client, who, "take", mine)
    await mine.next()
    await mine.end()
    for one in (canteen, hall):
        assert "show-podium" in await shown(client, one)
    long_ago = now() - 2 * PODIUM_FOR
    await db.rows("UPDATE room SET ended_at = $1 WHERE id = $2", long_ago, mine.room_id)
    await db.rows("UPDATE screen SET taken_at = $1", long_ago)
    for one in (canteen, hall):
        assert "show-lobby" in await shown(client, one)
    assert "Taken over" not in str(await told(client, who, other))
    trail = await db.rows("SELECT code FROM audit_entry WHERE subject = $1 ORDER BY id", str(canteen))
    assert [one["code"] for one in trail] == ["screen.added", "screen.taken", "screen.let_go", "screen.taken"]


async def test_what_a_wall_was_set_to_comes_back_when_it_is_let_go(client: Browser, sign_in: SignIn) -> None:
    who, wall = await sign_in("organiser"), await screen()
    mine = await room(client)
    redis, scenes = client.app.state.process.redis, {}
    await actions.point(redis, wall, "boards", scenes, actor=None, now=now())
    assert "show-idle" in await shown(client, wall)
    await press(client, who, "take", mine, wall)
    assert "show-lobby" in await shown(client, wall)
    await press(client, who, "let-go", None, wall)
    assert "show-idle" in await shown(client, wall)
    assert await press(client, who, "let-go", None, wall) == 303


async def test_a_wall_that_is_set_to_a_room_goes_on_by_itself_an_hour_after_its_end(
    client: Browser, sign_in: SignIn
) -> None:
    who, wall = await sign_in("organiser"), await screen("Hall")
    mine = await room(client, "Mine")
    await actions.point(client.app.state.process.redis, wall, f"room:{mine.room_id}", SCENES, actor=None, now=now())
    await mine.next()
    await mine.end()
    other = await room(client, "Other", "ccccc", (await mine.room()).season)
    almost, longer = rules.SET_FOR - timedelta(minutes=1), rules.SET_FOR + timedelta(seconds=1)

    async def set_back(ended: timedelta, since: timedelta) -> tuple[str, str]:
        await db.rows("UPDATE room SET ended_at = $1 WHERE id = $2", now() - ended, mine.room_id)
        await db.rows("UPDATE screen SET shows_since = $1", now() - since)
        return await shown(client, wall), (await told(client, who, other))["Hall"]

    for ended, since in ((almost, longer), (longer, almost)):
        page, line = await set_back(ended, since)
        assert "show-podium" in page
        assert "Room: Mine (bcdfg) Set to it" in line
    page, line = await set_back(longer, longer)
    assert "show-lobby" in page
    assert "Room: Other (ccccc) By itself: “Room: Mine (bcdfg)”, to which it is set, is over" in line
    one = await client.get(f"/desk/screens/{wall}", headers=who.headers)
    assert "to which it is set, is over" in one.text
    await actions.point(client.app.state.process.redis, wall, "boards", SCENES, actor=None, now=now())
    assert "show-idle" in await shown(client, wall)
    await actions.point(client.app.state.process.redis, wall, f"room:{mine.room_id}", SCENES, actor=None, now=now())
    assert "show-podium" in await shown(client, wall)


async def test_the_audit_trail_names_what_a_screen_was_set_to(client: Browser, sign_in: SignIn) -> None:
    who, wall = await sign_in("auditor"), await screen("room:hall")
    mine = await room(client, "Mine")
    redis, shows = client.app.state.process.redis, f"room:{mine.room_id}"
    for spec in (shows, "auto", "boards"):
        await actions.point(redis, wall, spec, SCENES, actor=None, now=now())
    await actions.take_over(redis, [wall], shows, SCENES, actor=who.id, now=now())
    page = (await client.get("/desk/audit", headers=who.headers)).text
    assert page.count(f'<a href="/desk/rooms/{mine.room_id}">Room: Mine (bcdfg)</a>') == 2
    assert shows not in page
    assert "What is live now" in page
    assert re.search(r"shows</span> Boards\s*<", page)


async def test_the_part_is_sent_again_only_when_it_says_something_else(client: Browser, sign_in: SignIn) -> None:
    who, wall = await sign_in("organiser"), await screen()
    mine = await room(client)

    async def ask(address: str) -> httpx.Response:
        return await client.get(address, headers={**who.headers, **HTMX})

    first = await ask(f"/desk/screens/walls?of=room:{mine.room_id}")
    again = unescape(re.findall(r'hx-get="([^"]+)"', first.text)[0])
    assert (await ask(again)).status_code == 204
    await press(client, who, "take", mine, wall)
    assert (await ask(again)).status_code == 200
    assert "<html" not in (await ask(again)).text
    assert "<html" in (await client.get(again, headers=who.headers)).text


async def test_who_may_only_read_sees_it_and_moves_nothing(client: Browser, sign_in: SignIn) -> None:
    auditor, wall = await sign_in("auditor"), await screen()
    mine = await room(client)
    assert "Take over" not in str(await told(client, auditor, mine))
    assert await press(client, auditor, "take", mine, wall) == 403
    found = await queries.screen(wall)
    assert found is not None
    assert found.taken is None


async def test_only_what_exists_is_shown(client: Browser, sign_in: SignIn) -> None:
    who, wall = await sign_in("organiser"), await screen()
    for of in (f"room:{uuid4()}", f"quiz:{uuid4()}", "room:x", "boards", "auto"):
        fields = {"of": of, "screen": str(wall)}
        answer = await client.post("/desk/screens/take", headers=who.headers, data=fields)
        assert answer.status_code == 404, of


# Pairing


async def code_of(wall: Browser, at: str = "/screen") -> str:
    answer = await wall.get(at)
    assert answer.status_code == 200
    (code,) = re.findall(r'<h1 class="pairing-code"><span>(\w{3})</span><span>(\w{3})</span>', answer.text)
    return "".join(code)


async def test_a_wall_is_paired_by_what_it_shows(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    async with Browser(client.app) as wall:
        code = await code_of(wall)
        assert len(code) == 6
        assert not set(code) & set("0o1il")
        assert await code_of(wall) == code
        assert (await wall.get("/screen/code", params={"seen": code})).status_code == 204
        typed = f" {code[:3].upper()}-{code[3:]} "
        made = await client.post("/desk/screens", headers=who.headers, data={"name": "Canteen", "code": typed})
        assert "screen_paired" in made.headers["location"]
        asked = await wall.get("/screen/code", params={"seen": code, "lang": "zh-Hans"})
        assert re.fullmatch(r"/screen/[0-9a-f]{32}\.[0-9a-f]{32}\?lang=zh-Hans", asked.headers["hx-redirect"])
        assert (await wall.get(asked.headers["hx-redirect"])).status_code == 200
        again = await wall.get("/screen")
        assert again.status_code == 303
        (row,) = await queries.screens()
        await actions.revoke(client.app.state.process.redis, row.id, actor=None, now=now())
        assert await code_of(wall) != code
    (kept,) = await db.rows("SELECT * FROM pairing")
    assert kept["screen"] == row.id


async def test_another_wall_shows_a_screen_that_there_is(client: Browser, sign_in: SignIn) -> None:
    who, there = await sign_in("organiser"), await screen()
    async with Browser(client.app) as wall:
        for _ in range(2):
            code = await code_of(wall)
            answer = await client.post(f"/desk/screens/{there}/pair", headers=who.headers, data={"code": code})
            assert answer.status_code == 303
            home = (await wall.get("/screen")).headers["location"]
            assert home == f"/screen/{key_of(client.app.state.process.resources.settings, there)}"
            await db.rows("DELETE FROM pairing")


async def test_a_code_that_no_wall_shows_is_said_beside_it_and_guessed_a_few_times_only(
    client: Browser, sign_in: SignIn
) -> None:
    who, other = await sign_in("organiser"), await sign_in("organiser")
    for _ in range(pairing.WRONG_CODES.capacity):
        answer = await client.post("/desk/screens", headers=who.headers, data={"name": "Gate", "code": "zzzzzz"})
        assert answer.status_code == 400
        assert "No wall shows these six characters now." in answer.text
    async with Browser(client.app) as wall:
        form = {"name": "Gate", "code": await code_of(wall)}
        assert (await client.post("/desk/screens", headers=who.headers, data=form)).status_code == 429
        assert await queries.screens() == []
        assert (await client.post("/desk/screens", headers=other.headers, data=form)).status_code == 303


async def test_lost_characters_are_replaced_by_themselves(client: Browser) -> None:
    redis = client.app.state.process.redis
    async with Browser(client.app) as wall:
        code = await code_of(wall)
        assert 0 < await redis.ttl(f"laurel:pairing:{code}") <= timedelta(minutes=11).total_seconds()
        await redis.flushall()
        answer = await wall.get("/screen/code", params={"seen": code})
        assert answer.status_code == 200
        assert "pairing-code" in answer.text
        assert code[:3] not in answer.text or code[3:] not in answer.text


async def test_who_asks_for_characters_again_and_again_is_told_to_wait(client: Browser) -> None:
    for _ in range(pairing.NEW_CODES.capacity):
        async with Browser(client.app) as wall:
            await code_of(wall)
    async with Browser(client.app) as wall:
        answer = await wall.get("/screen")
        assert answer.status_code == 200
        assert "A moment, please" in answer.text
        assert "hx-get" in answer.text


async def test_the_page_of_a_screen_says_what_it_shows_and_lets_it_go(client: Browser, sign_in: SignIn) -> None:
    who, wall = await sign_in("organiser", name="Wang Fang"), await screen("Canteen")
    mine = await room(client)

    async def page() -> str:
        answer = await client.get(f"/desk/screens/{wall}", headers=who.headers)
        assert answer.status_code == 200
        return " ".join(unescape(re.sub("<[^>]+>", " ", answer.text.partition("<main")[2])).split())

    assert "Room: Safety (bcdfg) ·" in await page()
    assert "Let go" not in await page()
    await press(client, who, "take", mine, wall)
    assert "Taken over by Wang Fang at" in await page()
    answer = await client.get("/desk/screens", headers=who.headers)
    assert "Let Canteen go" in answer.text
    assert "Let Canteen go" not in (await client.get("/desk/screens", headers=(await sign_in("auditor")).headers)).text
    await press(client, who, "let-go", None, wall)
    assert "Taken over" not in await page()
    await actions.revoke(client.app.state.process.redis, wall, actor=None, now=now())
    assert "link withdrawn" in await page()
