"""A screen's page over HTTP: who gets it, what each state shows, and what never leaves before the reveal."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from games.quizzes import actions
from games.quizzes.formats import QuestionDraft
from rewards import database as db
from rewards.draws import actions as draws
from rewards.draws.eligibility import Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, Terms
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import Resources
from server.web.boards.screen import lines_of
from server.web.draws.screen import stage
from server.web.frame.live import Channel
from server.web.frame.noun import Shown, Slide
from server.web.quizzes.screen import PODIUM_FOR
from server.web.screens import actions as screen_actions
from server.web.screens import links as screen_links
from server.web.screens import queries as screen_queries
from server.web.screens.actions import Titles
from server.web.screens.panels import Screens
from server.web.screens.rules import IDLE
from tests import patience
from tests.rewards.draws.world import frozen, seal_all
from tests.server.web.conftest import Browser
from tests.server.web.screens.world import QUESTIONS, Play, earn, people, play, screen, season

ROOT = Path(__file__).resolve().parents[4]
STAFF = {"Li Na": "Workshop 1", "Wang Wei": "Workshop 1", "Zhang Min": "Workshop 2", "Host": ""}


class Wall:
    """One screen of a plant where a quiz is about to be played."""

    def __init__(self, client: Browser, screen_id: UUID, members: list[UUID], season_id: UUID) -> None:
        self.client = client
        self.id = screen_id
        self.members = members
        self.season = season_id
        self.process = client.app.state.process
        self.screens: Screens = client.app.state.process.opened["screens"].own
        self.path = f"/screen/{screen_links.key_of(self.process.resources.settings, screen_id)}"

    @property
    def host(self) -> UUID:
        return self.members[-1]

    async def play(self, *questions: QuestionDraft, code: str = "bcdfg", title: str = "Safety") -> Play:
        return await play(self.process.redis, self.season, self.host, questions or QUESTIONS, title, code)

    async def page(self, query: str = "") -> str:
        answer = await self.client.get(self.path + query)
        assert answer.status_code == 200
        return answer.text

    async def state(self, query: str = "", etag: str = "") -> httpx.Response:
        return await self.client.get(f"{self.path}/state{query}", headers={"if-none-match": etag} if etag else {})

    def scenes(self) -> dict[str, Titles]:
        """What this screen can be pointed at."""
        return {kind: scene.titles for kind, scene in self.screens.shown.scenes.items()}

    async def shown(self) -> str:
        return (await self.state()).text


@pytest.fixture
async def wall(client: Browser) -> Wall:
    """A screen, four people, a season."""
    today = client.app.state.process.today()
    members = await people(STAFF, today - timedelta(days=5))
    return Wall(client, await screen(), members, await season(today))


# Who gets in


async def test_a_link_needs_no_login_and_is_framed_by_no_one(wall: Wall) -> None:
    answer = await wall.client.get(wall.path)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert f'data-live="{wall.path}/live?lang=en"' in answer.text
    assert "<form" not in answer.text


@pytest.mark.parametrize("tail", ["", "/state", "/live"])
async def test_a_forged_or_withdrawn_link_is_refused(wall: Wall, tail: str) -> None:
    forged = [
        f"/screen/{wall.id.hex}.{'0' * 32}",
        f"/screen/{uuid4().hex}.{wall.path[-32:]}",
        "/screen/x",
        "/screen/x.",
    ]
    for path in forged:
        answer = await wall.client.get(path + tail)
        assert answer.status_code == 404
        assert "data-live" not in answer.text
    await screen_actions.revoke(wall.process.redis, wall.id, actor=None, now=now())
    answer = await wall.client.get(wall.path + tail)
    assert answer.status_code == 410
    assert "data-live" not in answer.text


async def test_a_refused_page_says_so_calmly_in_the_houses_words(wall: Wall) -> None:
    words = (await wall.client.get("/screen/x", headers={"accept-language": "zh-CN"})).text
    assert "This is not a link of a screen" in words
    assert 'data-face="screen"' in words
    assert "此大屏已停用" not in words
    await screen_actions.revoke(wall.process.redis, wall.id, actor=None, now=now())
    assert "此大屏已停用" in (await wall.client.get(wall.path + "?lang=zh-Hans")).text


async def test_the_language_is_the_houses_unless_the_link_says_otherwise(wall: Wall) -> None:
    assert 'lang="en"' in await wall.page()
    chinese = await wall.page("?lang=zh-Hans&theme=dark")
    assert 'lang="zh-Hans"' in chinese
    assert 'data-theme="dark"' in chinese
    assert f"{wall.path}/live?lang=zh-Hans" in chinese
    assert 'lang="en"' in await wall.page("?lang=xx&theme=xx")


# What is shown


async def test_a_room_from_lobby_to_podium(wall: Wall) -> None:
    room = await wall.play()
    lobby = await wall.shown()
    assert "bcdfg" in lobby
    assert "testserver.local" in lobby
    assert "Who will be the first?" in lobby
    await room.join(wall.members[:3])
    lobby = await wall.shown()
    assert ">3</b>" in lobby
    assert lobby.count('class="is-on"') == 3
    assert lobby.index("Workshop 1") < lobby.index("Workshop 2")

    first, second, third = wall.members[:3]
    await room.next()
    question = await wall.shown()
    for words in ("Question 1 of 2", "Which valve first?", "Red", "Blue", "Green", "data-remaining-ms"):
        assert words in question
    await room.answer({first: 2, second: 2, third: 1}, {first: 0, second: 0, third: 0})
    await room.next()
    reveal = await wall.shown()
    assert "2 of 3 answers were right" in reveal
    assert "Blue is upstream." in reveal
    assert reveal.count("is-right") == 1
    assert "same points" in reveal

    await room.next()
    await room.answer({third: 1}, {third: 0})
    await room.next()
    board = await wall.shown()
    assert f'data-key="{third}" data-place="3" data-was="3"' in board
    assert "+1,000" in board

    await room.next()
    podium = await wall.shown()
    assert f'data-joy="{room.room_id}"' in podium
    assert podium.count("podium-name") == 3
    assert "Workshop 2" in podium


async def test_the_solution_leaves_only_with_the_reveal(wall: Wall) -> None:
    """Two rooms alike in all but the solution: until the reveal their screens get the same bytes."""
    seen: list[list[str]] = []
    for right in (0, 1):
        draft = QuestionDraft(1, "single", "Which valve first?", ("Red", "Blue"), (right,), 60, f"Because of {right}.")
        room = await wall.play(draft, code=f"bcdf{right}")
        await room.join(wall.members[:2])
        told = []
        for _ in range(2):
            answers = [await wall.client.get(wall.path), await wall.state(), await wall.state("?lang=zh-Hans")]
            channel = Channel(f"screen:{wall.id}", "screen", "en")
            told += [answer.text for answer in answers] + [(await wall.process.hub.picture(channel)).html]
            found = await room.room()
            if found.state == "lobby":
                await room.next()
                await room.answer({wall.members[0]: 1})
        asked = (await room.room()).round
        assert asked is not None
        mine = {str(room.room_id): "ROOM", str(asked.id): "ROUND", f"bcdf{right}": "CODE"}
        seen.append([replaced(text, mine) for text in told])
        assert not any("Because of" in text for text in told)
        await room.next()
        assert f"Because of {right}." in await wall.shown()
        await room.end()
    assert seen[0] == seen[1]


def replaced(text: str, words: dict[str, str]) -> str:
    """Without what differs from room to room, the time left, and the picture's name and QR code."""
    for word, other in words.items():
        text = text.replace(word, other)
    lines = [line for line in text.split("\n") if "data-remaining-ms" not in line and "qr" not in line]
    return "\n".join(line for line in lines if "data-live=" not in line and "x-csrftoken" not in line)


async def test_a_paused_a_called_off_and_an_empty_room(wall: Wall) -> None:
    room = await wall.play()
    await room.next()
    await actions.pause(wall.process.redis, room.room_id, expected=(await room.room()).version, now=now())
    assert "Paused" in await wall.shown()
    await room.end()
    podium = await wall.shown()
    assert "the podium stays free" in podium
    assert "data-joy" not in podium
    off = await wall.play(code="ccccc", title="Off")
    await screen_actions.point(wall.process.redis, wall.id, f"room:{off.room_id}", wall.scenes(), actor=None, now=now())
    version = (await off.room()).version
    await actions.cancel_room(wall.process.redis, off.room_id, expected=version, actor=wall.host, now=now())
    assert "This quiz was called off." in await wall.shown()


async def test_the_podium_gives_way_after_three_minutes_and_a_forgotten_room_after_three_hours(wall: Wall) -> None:
    room = await wall.play()
    await room.next()
    await room.end()
    assert "show-podium" in await wall.shown()
    await db.rows("UPDATE room SET ended_at = $1", now() - PODIUM_FOR)
    assert "show-idle" in await wall.shown()
    lobby = await wall.play(code="ccccc")
    assert "show-lobby" in await wall.shown()
    await db.rows("UPDATE room SET created_at = $1, moved_at = $1 WHERE id = $2", now() - IDLE, lobby.room_id)
    assert "show-idle" in await wall.shown()
    await screen_actions.point(
        wall.process.redis, wall.id, f"room:{lobby.room_id}", wall.scenes(), actor=None, now=now()
    )
    assert "show-lobby" in await wall.shown()


async def test_an_unfinished_room_does_not_come_back_behind_the_podium_of_a_newer_one(wall: Wall) -> None:
    left = await wall.play(title="Left lying")
    await left.next()
    newer = await wall.play(code="ccccc", title="Newer")
    assert "Newer" in await wall.shown()
    await newer.next()
    await newer.end()
    assert "show-podium" in await wall.shown()
    await db.rows("UPDATE room SET moved_at = $1 WHERE id = $2", now() - 2 * PODIUM_FOR, left.room_id)
    await db.rows("UPDATE room SET ended_at = $1 WHERE id = $2", now() - PODIUM_FOR, newer.room_id)
    assert "show-idle" in await wall.shown()
    await left.next()
    assert "show-reveal" in await wall.shown()


async def test_a_closed_draw_gives_way_to_a_room_that_begins_later(wall: Wall) -> None:
    redis = wall.process.redis
    draw = await planned(wall)
    await stage.show_on_screens(redis, draw, now=now())
    assert "Autumn draw" in await wall.shown()
    await wall.play()
    assert "show-lobby" in await wall.shown()


async def test_winners_stay_for_a_quarter_of_an_hour(wall: Wall) -> None:
    redis = wall.process.redis
    draw = await planned(wall)
    await stage.show_on_screens(redis, draw, now=now() - timedelta(hours=1))
    for ago, seen in ((timedelta(minutes=14), True), (timedelta(minutes=16), False)):
        await db.rows("UPDATE draw SET state = 'cancelled', off_at = $1", now() - ago)
        assert ("Autumn draw" in await wall.shown()) == seen


async def test_a_draw_on_the_stage_comes_before_a_room_and_may_be_pointed_at(wall: Wall) -> None:
    redis = wall.process.redis
    await wall.play()
    draw = await planned(wall)
    await stage.show_on_screens(redis, draw, now=now())
    assert "Autumn draw" in await wall.shown()
    await stage.take_off_screens(redis, draw)
    assert "show-lobby" in await wall.shown()
    await screen_actions.point(redis, wall.id, f"draw:{draw}", wall.scenes(), actor=None, now=now())
    assert "hall-is-before" in await wall.shown()
    await screen_actions.point(redis, wall.id, "boards", wall.scenes(), actor=None, now=now())
    shown = await wall.shown()
    assert "show-idle" in shown
    assert "Autumn draw" not in shown


async def planned(wall: Wall) -> UUID:
    terms = Terms(
        title="Autumn draw",
        season=wall.season,
        rule=Rule(per=100),
        prizes=(PrizeTerms("bike", "A bicycle", 1),),
        custodians=(CustodianTerms("organiser", "Host", wall.host), CustodianTerms("notary", "Notary Li")),
        freeze_at=now() + timedelta(days=2),
    )
    return await draws.create_draw(
        wall.process.redis, terms, actor=wall.host, now=now(), today=wall.process.today(), new_id=new_id
    )


async def test_the_idle_playlist(wall: Wall) -> None:
    empty = await wall.shown()
    assert "its board is still empty" in empty
    redis, today = wall.process.redis, wall.process.today()
    first, second, third, host = wall.members
    await earn(redis, {first: 500, second: 500, third: 20}, wall.season, today)
    draw = await planned(wall)
    quiz = await actions.add_quiz("Fire", QUESTIONS, scoring="none", actor=None, now=now(), new_id=new_id)
    await actions.open_room(
        quiz, host=host, season=wall.season, code="ddddd", now=now(), new_id=new_id, opens_at=now() + timedelta(days=1)
    )
    idle = await wall.shown()
    for words in ("Autumn, until", "points since Monday", "Our units", "Autumn draw", "data-until-ms", "Fire"):
        assert words in idle
    assert "its board is still empty" not in idle
    assert idle.count("same points, reached earlier") == 2
    assert idle.count("data-slide") == 5
    assert idle.count(" hidden") >= 4
    await seal_all(redis, draw, now())
    await frozen(redis, draw, host, now())
    sealed = await wall.shown()
    assert "The list is sealed." in sealed
    assert "data-until-ms" not in sealed


async def test_names_are_those_of_the_boards(wall: Wall) -> None:
    await db.rows("UPDATE member SET shows_alias = true, alias = 'Laurel 7' WHERE name = 'Li Na'")
    await earn(wall.process.redis, {wall.members[0]: 500}, wall.season, wall.process.today())
    shown = await wall.shown()
    assert "Laurel 7" in shown
    assert "Li Na" not in shown


# Staying up to date


async def test_the_poll_answers_304_until_something_changes(wall: Wall) -> None:
    room = await wall.play()
    await room.join(wall.members[:2])
    first = await wall.state()
    assert json.loads(first.headers["x-laurel-count"]) == {"room": str(room.room_id), "answers": 0, "players": 2}
    again = await wall.state(etag=first.headers["etag"])
    assert (again.status_code, again.text) == (304, "")
    assert (await wall.state("?lang=zh-Hans", etag=first.headers["etag"])).status_code == 200
    await room.next()
    await room.answer({wall.members[0]: 1})
    changed = await wall.state(etag=first.headers["etag"])
    assert changed.status_code == 200
    assert json.loads(changed.headers["x-laurel-count"])["answers"] == 1
    assert (await wall.state(etag=changed.headers["etag"])).status_code == 304


async def test_a_followed_screen_is_told_at_once_and_made_good_when_a_tick_is_lost(wall: Wall) -> None:
    hub, room = wall.process.hub, await wall.play()
    channel = Channel(f"screen:{wall.id}", "screen", "en")
    with hub.following(channel, None) as reader:
        await hub.picture(channel)
        await room.next()
        async with asyncio.timeout(patience.SECONDS):
            frames = b""
            while b"Which valve first?" not in frames:
                frames = await reader.next() or b""
        assert await wall.screens.versions([str(wall.id)]) == {}
        await db.rows("UPDATE room SET version = version + 1")
        assert list(await wall.screens.versions([str(wall.id)])) == [str(wall.id)]
        await hub.show(channel.topic)
        assert await wall.screens.versions([str(wall.id)]) == {}
        await screen_actions.revoke(wall.process.redis, wall.id, actor=None, now=now())
        async with asyncio.timeout(patience.SECONDS):
            while b"This screen has been taken down" not in frames:
                frames = await reader.next() or b""


async def test_being_followed_is_being_seen(wall: Wall) -> None:
    assert await wall.screens.versions([str(wall.id)]) != {}
    (row,) = await screen_queries.screens()
    assert row.seen_at is not None


async def test_screens_that_show_the_same_share_one_drawing(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await screen("Gate")
    looked_up, both_are_looked_up = screen_queries.screen, asyncio.Event()
    looks: list[UUID] = []

    async def look_up(screen_id: UUID) -> screen_queries.ScreenRow | None:
        row = await looked_up(screen_id)
        looks.append(screen_id)
        if len(looks) == 2:
            both_are_looked_up.set()
        return row

    async def held_back(_resources: Resources, _now: datetime) -> None:
        """A drawing that is not done before the second screen has asked for its own."""
        await both_are_looked_up.wait()

    monkeypatch.setattr(screen_queries, "screen", look_up)
    monkeypatch.setattr(wall.screens, "shown", Shown(wall.screens.shown.scenes, [Slide(0, "", True, held_back)]))
    one, two = await asyncio.gather(
        wall.screens.render(str(wall.id), "screen", "en"), wall.screens.render(str(other), "screen", "en")
    )
    assert one is two
    assert one.version != (await wall.screens.render(str(other), "screen", "zh-Hans")).version


def test_a_board_without_anybody_has_no_lines() -> None:
    assert lines_of([], {}) == []
