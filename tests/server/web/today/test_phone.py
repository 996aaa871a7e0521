"""Today, the boards and Me: mine at a glance, sums that add up, what to do next where there is nothing."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from games.quizzes import actions as quizzes
from rewards import database as db
from rewards.boards import actions as boards
from rewards.ledger import actions as ledger
from rewards.ledger.actions import Award
from rewards.members.actions import set_alias
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.frame import html
from tests.rewards.members.people import person
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member
from tests.server.web.quizzes.rooms import CODE, QUESTIONS, season, stage

MINE = ("room", "sign_in", "link", "welcome", "set_code", "today", "play", "boards", "me", "me_points", "sessions")
PARTS = ("language", "lines", "join", "room_card", "scheduled")
PAGES = ("/", "/play", "/boards", "/boards/week", "/boards/units", "/me", "/me/points", "/me/devices", "/set-code")


async def award(
    of: UUID, points: dict[UUID, int], key: str = "a", rule: str = "quiz", note: str = "Fire safety"
) -> None:
    """Points of today for each member."""
    async with db.transaction():
        await ledger.award(
            [Award(f"{key}:{member}", member, amount, note) for member, amount in points.items()],
            rule=rule,
            season=of,
            day=now().date(),
            at=now(),
            new_id=new_id,
        )


async def put_up(redis: Redis, of: UUID, members: list[UUID]) -> None:
    await boards.refresh_members(redis, of, members, today=now().date())
    await boards.refresh_units(redis, of, today=now().date())


def ranks(page: str) -> list[int]:
    return [int(place) for place in re.findall(r'data-place="(\d+)"', page)]


# Nothing yet


@pytest.mark.parametrize("path", PAGES)
async def test_an_empty_house_has_every_page(client: Browser, sign_in: SignIn, path: str) -> None:
    who = await sign_in()
    for language in ("en", "zh-CN"):
        page = await client.get(path, headers={**who.headers, "accept-language": language})
        assert page.status_code == 200, page.text


@pytest.mark.parametrize("path", PAGES[1:])
async def test_the_pages_of_a_member_need_one(client: Browser, path: str) -> None:
    refused = await client.get(path)
    assert (refused.status_code, "Please sign in first" in refused.text) == (401, True)


async def test_a_stranger_finds_the_door(client: Browser) -> None:
    page = (await client.get("/")).text
    assert "Plant A" in page
    assert 'href="/sign-in"' in page
    assert 'action="/rooms"' in page
    assert "bottom-bar" not in page


async def test_what_to_do_next_is_said_where_there_is_nothing(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    assert "No season is running" in (await client.get("/boards", headers=who.headers)).text
    today = (await client.get("/", headers=who.headers)).text
    assert "Type a room code" in today
    await season()
    assert "Your first quiz puts you on the board." in (await client.get("/", headers=who.headers)).text
    assert "Nobody is on this board yet" in (await client.get("/boards", headers=who.headers)).text


# Today


async def test_today_has_my_points_my_place_and_what_is_on(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    who, host = await sign_in(), await sign_in("organiser")
    of = await season()
    other = await add_member("Wang Wei", "W1")
    await award(of, {who.id: 1200, other: 1500})
    await put_up(redis, of, [who.id, other])
    await stage(redis, host.id, of=of)
    quiz = await quizzes.add_quiz("Later", QUESTIONS, scoring="none", actor=host.id, now=now(), new_id=new_id)
    await quizzes.open_room(
        quiz,
        host=host.id,
        season=of,
        code="later",
        now=now(),
        new_id=new_id,
        opens_at=now() + timedelta(hours=2),
    )
    page = (await client.get("/", headers=who.headers)).text
    assert '<b class="figure">1,200</b>' in page
    assert '<b class="figure gold">2</b>' in page
    assert "place of 2" in page
    assert "1,200 points this week" in page
    assert f'name="code" value="{CODE}"' in page
    assert 'value="later"' not in page
    assert "Later" in page
    assert "Fire safety" in page
    assert 'href="/desk"' not in page
    assert 'href="/desk"' in (await client.get("/", headers=host.headers)).text


# Boards


async def test_i_stand_among_my_neighbours_below_the_first_ten(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    who = await sign_in(name="Li Na")
    of = await season()
    others = [await add_member(f"Other {n}", f"O{n:03}") for n in range(30)]
    await award(of, {member: 1000 - 10 * n for n, member in enumerate(others)} | {who.id: 805})
    await put_up(redis, of, [*others, who.id])
    for path in ("/boards", "/boards/week"):
        page = (await client.get(path, headers=who.headers)).text
        assert ranks(page) == [*range(1, 11), *range(19, 24)]
        assert page.count("is-me") == 1
        assert re.search(r'is-me" data-key="[^"]*" data-place="21" aria-current="true"', page)
        assert "31 members" in page


async def test_near_the_first_ten_nobody_stands_twice(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    who = await sign_in()
    of = await season()
    others = [await add_member(f"Other {n}", f"O{n:03}") for n in range(14)]
    await award(of, {member: 1000 - 10 * n for n, member in enumerate(others)} | {who.id: 905})
    await put_up(redis, of, [*others, who.id])
    page = (await client.get("/boards", headers=who.headers)).text
    assert ranks(page) == list(range(1, 14))
    assert "board-gap" not in page


async def test_an_alias_stands_for_the_name(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    who = await sign_in()
    of = await season()
    shy = await add_member("Zhao Lei", "Z1")
    await set_alias(shy, "Quiet Pine", True, now=now())
    await award(of, {shy: 10})
    await put_up(redis, of, [shy])
    page = (await client.get("/boards", headers=who.headers)).text
    assert "Quiet Pine" in page
    assert "Zhao Lei" not in page
    assert "You are not on this board yet" in page


async def test_units_show_mean_and_rate_and_mark_mine(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    of = await season()
    here = await person("P1", "Li Na", unit=("Plant", "Workshop 1", "Line A"))
    there = await person("P2", "Wang Wei", unit=("Plant", "Workshop 2"))
    await db.rows("UPDATE membership SET since = $1", now().date() - timedelta(days=30))
    await award(of, {here: 300})
    await put_up(redis, of, [here, there])
    who = await sign_in(member=here)
    page = (await client.get("/boards/units", headers=who.headers)).text
    mine = page[page.index("is-me") : page.index("</li>", page.index("is-me"))]
    assert "Workshop 1" in mine
    assert "1 of 1 took part, 100%" in mine
    assert '<span class="board-points">300</span>' in mine
    assert page.count("is-me") == 1
    assert "0 of 1 took part, 0%" in page


# Me


async def test_points_by_source_add_up_to_what_the_ledger_has(client: Browser, sign_in: SignIn, redis: Redis) -> None:
    who = await sign_in()
    of = await season()
    await ledger.set_rule("quiz", 500, 100, at=now(), actor=None)
    await award(of, {who.id: 400})
    await award(of, {who.id: 250}, key="b", note="Waste")
    await award(of, {who.id: 70}, key="c", rule="adjustment", note="Helped")
    page = (await client.get("/me", headers=who.headers)).text
    sums = page[page.index('class="sums') : page.index("</dl>")]
    figures = [int(figure.replace(",", "")) for figure in re.findall(r"<dd>([\d,]+)</dd>", sums)]
    assert figures == [500, 70, 570]
    assert re.search(r"All seasons</dt><dd>570</dd>", page)
    assert re.search(r"To spend</dt><dd>570</dd>", page)
    assert "The most for one day was reached" in page
    assert "It would have been 250." in page


async def test_all_postings_are_paged_and_each_is_shown_once(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    of = await season()
    for n in range(65):
        await award(of, {who.id: n}, key=f"k{n}", note=f"Quiz number {n}.")
    path, seen = "/me/points", list[str]()
    while path:
        page = (await client.get(path, headers=who.headers)).text
        seen += re.findall(r"Quiz number (\d+)\.", page)
        older = re.search(r'href="(/me/points\?before=\d+)"', page)
        path = older.group(1) if older else ""
    assert [int(number) for number in seen] == list(range(64, -1, -1))
    for nonsense in ("x", "-1", "9" * 40, "٣", "1.5"):
        assert (await client.get("/me/points", params={"before": nonsense}, headers=who.headers)).status_code == 200


async def test_a_reversal_is_seen_on_both_lines(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    await award(await season(), {who.id: 300})
    async with db.transaction():
        await ledger.reverse(f"a:{who.id}", by_key="undo:a", at=now(), actor=None, why="mistake", new_id=new_id)
    page = (await client.get("/me/points", headers=who.headers)).text
    assert page.count("Taken back") == 2
    assert "-300" in page


async def test_an_alias_is_chosen_or_refused_beside_its_field(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    done = await client.post("/me/alias", headers=who.headers, data={"alias": "Quiet Pine", "shows": "1"})
    assert done.headers["location"] == "/me?said=phone.alias_shown"
    refused = await client.post("/me/alias", headers=who.headers, data={"alias": "<", "shows": "1"})
    assert refused.status_code == 409
    assert "An alias needs at least 2 characters." in refused.text
    assert 'value="&lt;"' in refused.text
    back = await client.post("/me/alias", headers=who.headers, data={"alias": "Quiet Pine"})
    assert back.headers["location"] == "/me?said=phone.name_shown"


async def test_the_size_of_text_stays_on_the_device(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    done = await client.post("/me/text-size", headers=who.headers, data={"size": "larger"})
    cookie = done.headers["set-cookie"].split(";")[0]
    page = await client.get("/boards", headers={**who.headers, "cookie": f"{who.cookie}; {cookie}"})
    assert 'data-text="larger"' in page.text
    assert (await client.post("/me/text-size", headers=who.headers, data={"size": "x"})).status_code == 409
    odd = await client.get("/boards", headers={**who.headers, "cookie": f"{who.cookie}; laurel_text=%22x"})
    assert "data-text" not in odd.text


async def devices(client: Browser, who: SignedIn) -> list[str]:
    """The refs of the devices that could be signed out."""
    return re.findall(r'name="ref" value="([0-9a-f]+)"', (await client.get("/me/devices", headers=who.headers)).text)


async def test_devices_are_signed_out_one_by_one_or_all_others(client: Browser, sign_in: SignIn) -> None:
    here = await sign_in()
    there, third = await sign_in(member=here.id), await sign_in(member=here.id)
    stranger = await sign_in()
    refs = await devices(client, here)
    assert len(refs) == 2
    taken = await client.post("/me/devices/end", headers=stranger.headers, data={"ref": refs[0]})
    assert taken.headers["location"].endswith("said=phone.device_gone")
    assert len(await devices(client, here)) == 2
    await client.post("/me/devices/end", headers=here.headers, data={"ref": refs[0]})
    statuses = [(await client.get("/me", headers=one.headers)).status_code for one in (here, there, third)]
    assert sorted(statuses) == [200, 200, 401]
    await client.post("/me/devices/end", headers=here.headers)
    statuses = [(await client.get("/me", headers=one.headers)).status_code for one in (here, there, third)]
    assert statuses == [200, 401, 401]
    assert (await client.get("/me", headers=stranger.headers)).status_code == 200


@pytest.mark.parametrize("path", ["/me/alias", "/me/text-size", "/me/devices/end", "/set-code", "/language"])
async def test_forged_forms_change_nothing(client: Browser, sign_in: SignIn, path: str) -> None:
    who, other = await sign_in(), await sign_in()
    for token in ("", other.csrf):
        refused = await client.post(
            path,
            headers={"cookie": who.cookie, "x-csrftoken": token},
            data={"alias": "Eve", "shows": "1", "size": "large", "code": "blue kite 9", "language": "zh-Hans"},
        )
        assert refused.status_code == 403
    found = await db.row("SELECT alias, language, code_hash FROM member WHERE id = $1", who.id)
    assert found is not None
    assert tuple(found) == ("", None, None)


def test_no_page_of_the_phone_has_a_style_or_script_of_its_own() -> None:
    found = sorted(html.TEMPLATES.glob("*/phone/*.html"))
    assert len(found) > len(MINE)
    for path in found:
        assert not re.search(r"\sstyle=|<script(?! defer src)|\son[a-z]+=", path.read_text("utf-8")), path
