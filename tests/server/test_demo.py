"""The demo: its people and quizzes, the show from a phone's answer to a claimed prize, and what a power cut leaves."""

import asyncio
import contextlib
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from games.quizzes import queries
from games.quizzes.formats.draft import draft_question
from rewards import database as db
from rewards.members.rules import compare
from server.commands.checking import differences
from server.commands.terminal import Exit
from server.demo import roster
from server.demo.browser import Browser, Lost
from server.demo.players import HURRIED, Show, until
from server.demo.quizzes import quizzes
from server.runtime.clock import now
from server.runtime.resources import opened
from server.runtime.settings import load, prepare
from server.web.frame import i18n
from tests import patience
from tests.server.laurel import ROOT, Running, environment, free_port, laurel

LOCAL = {"LAUREL_HOST": "127.0.0.1", "LAUREL_PORT": "0"}


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_people_are_a_roster_without_problems(language: Any) -> None:
    members = roster.members(language)
    assert len(members) == roster.SIZE
    assert len({member.name for member in members}) == roster.SIZE
    changes = compare([], members, full=True, today=now().date(), said={"staff_number", "name", "unit", "roles"})
    assert len(changes.added) == roster.SIZE
    assert roster.members(language) == members
    numbers = {member.staff_number: member for member in members}
    assert numbers[roster.ORGANISER].roles == numbers[roster.HOST].roles == ("organiser",)
    assert numbers[roster.ADMIN].roles == ("admin",)
    assert numbers[roster.GUEST].roles == ()
    assert {member.unit[0] for member in members} == {roster.organisation(language)}


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_quizzes_keep_the_rules_of_a_quiz_file(language: Any) -> None:
    assert len({quiz.title for quiz in quizzes(language)}) == 2
    for quiz in quizzes(language):
        assert 8 <= len(quiz.questions) <= 10
        assert {question.kind for question in quiz.questions} == {"single", "multiple", "true_false"}
        for question in quiz.questions:
            several = question.kind == "multiple"
            draft, problems = draft_question(1, question.text, question.options, question.right, several=several)
            assert problems == []
            assert draft is not None
            assert (draft.kind, draft.options, draft.right) == (question.kind, question.options, question.right)
            assert question.explanation


def test_it_plays_itself_from_answers_to_a_claimed_prize(tmp_path: Path) -> None:
    ended = laurel(tmp_path / "data", "demo", "--players", "12", "--once", "--json", **LOCAL)
    assert ended.returncode == Exit.OK, ended.stdout + ended.stderr
    report = json.loads(ended.stdout)
    assert report["agrees"]
    assert report["answered"] == report["stored"] == 12 * 9
    assert report["lost"] == report["unacknowledged"] == 0
    assert len(set(report["points"].values())) == 1
    assert report["posted"] == 12
    assert report["drawn"] == 8
    assert report["verified"]
    assert report["claimed"] == 1
    assert report["ways"].keys() == {"quizzes"}
    assert [one["place"] for one in report["ranked"]] == [1, 2, 3]
    assert set(report["seconds"]) == {"set_up", "sign_in", "play", "post", "ways", "draw", "claim", "check"}
    folder = tmp_path / f"data/draws/draw-{now().year}-001"
    assert laurel(tmp_path / "elsewhere", "draw", "verify", str(folder)).returncode == Exit.OK
    (folder / "result.json").write_bytes(b"{}")
    checked = laurel(tmp_path / "data", "check", "--json")
    assert checked.returncode == Exit.REFUSED
    assert [one["code"] for one in json.loads(checked.stdout)["differences"]] == ["check.file_differs"]


def test_it_never_plays_among_real_members(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert laurel(data, "migrate").returncode == Exit.OK
    assert laurel(data, "roster", "import", "tests/samples/roster_utf8.csv", "--apply").returncode == Exit.OK
    refused = laurel(data, "demo", "--once", **LOCAL)
    assert refused.returncode == Exit.REFUSED
    assert str(data) in refused.stderr


async def play_and_cut(running: Running, acknowledged: int) -> dict[tuple[Any, Any], int]:
    """Play a room, kill every process once so many answers are acknowledged; what the phones know to be stored."""
    async with house_of(running) as resources, contextlib.aclosing(Show(resources, 8, HURRIED)) as show:
        await show.gather()
        room = await show.open_room((await queries.quizzes())[0].id)
        playing = asyncio.create_task(show.play(room, hosted=True))

        async def enough() -> bool:
            return len(show.log.answers) >= acknowledged or playing.done()

        await until(enough)
        await asyncio.to_thread(running.kill_everything)
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await playing
        return dict(show.log.answers)


@contextlib.asynccontextmanager
async def house_of(running: Running) -> Any:
    """The resources of this process over the data of a running Laurel."""
    port = running.said["local_url"].rpartition(":")[2]
    chosen = prepare(load(environment(running.data, LAUREL_HOST="127.0.0.1", LAUREL_PORT=port), ROOT))
    async with opened(chosen) as resources:
        yield resources


@pytest.mark.faults
async def test_after_a_power_cut_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    more = {"LAUREL_HOST": "127.0.0.1", "LAUREL_PORT": str(free_port())}
    running = await asyncio.to_thread(lambda: Running(tmp_path / "data", "demo", **more))
    try:
        known = await play_and_cut(running, 20)
        assert len(known) >= 20
        running = await asyncio.to_thread(lambda: Running(tmp_path / "data", "demo", **more))
        async with house_of(running) as resources, contextlib.aclosing(Show(resources, 8, HURRIED)) as show:
            assert await stored() | known == await stored()
            (room,) = await queries.rooms(live=True)
            await show.gather()
            await show.play(room, hosted=True)
            assert await show.posted(room.id) == 8
            everything = await stored()
            assert everything | known | show.log.answers == everything
            assert await differences(resources) == []
        assert await asyncio.to_thread(running.stop) == Exit.OK
    finally:
        await asyncio.to_thread(running.end)


async def test_who_is_cancelled_while_he_hangs_up_has_hung_up() -> None:
    """As phones are whose show is over while their server dies: all the others still hang up."""
    lines: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        lines.append(writer)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        browser = Browser("127.0.0.1", server.sockets[0].getsockname()[1], language="en", agent="test")
        assert (await browser.get("/")).status == 204
        hanging_up = asyncio.create_task(browser.close())
        await asyncio.sleep(0)
        hanging_up.cancel()
        assert isinstance((await asyncio.gather(hanging_up, return_exceptions=True))[0], asyncio.CancelledError)
        await browser.close()
        assert (await browser.get("/")).status == 204
        await browser.close()
        for line in lines:
            line.close()
            await line.wait_closed()


async def stored() -> dict[tuple[Any, Any], int]:
    rows = await db.rows("SELECT round, member, picked FROM answer")
    return {(row["round"], row["member"]): row["picked"] for row in rows}


async def test_it_shows_the_newcomer_the_way(tmp_path: Path) -> None:
    running = await asyncio.to_thread(lambda: Running(tmp_path / "data", "demo", **LOCAL))
    try:
        local, public = running.said["local_url"], running.said["url"]
        for name in ("phone", "organiser", "admin", "screen"):
            assert running.said[name].startswith(public + "/")
            assert await asyncio.to_thread(fetched, running.said[name].replace(public, local)) == 200
        browser = Browser("127.0.0.1", int(local.rpartition(":")[2]), language="en", agent="test")
        link = running.said["phone"].removeprefix(public)
        assert "Li Na" in (await browser.get(link)).text
        assert (await browser.post(link, {})).status == 303
        assert (await browser.get("/")).status == 200
        assert (await browser.post(link, {})).status >= 400
        assert (await browser.get("/desk")).status == 403
        with pytest.raises(Lost):
            async for _ in browser.follow("/rooms/0193aaaa-0000-7000-8000-000000000001/live"):
                pass
        await browser.close()
        screen = running.said["screen"].rpartition("/")[2]
        assert await asyncio.to_thread(running.stop) == Exit.OK
        running = await asyncio.to_thread(lambda: Running(tmp_path / "data", "demo", **LOCAL))
        assert running.said["screen"].rpartition("/")[2] == screen
        assert await asyncio.to_thread(running.stop) == Exit.OK
    finally:
        await asyncio.to_thread(running.end)


def fetched(url: str) -> int:
    with urllib.request.urlopen(url, timeout=patience.SECONDS) as found:
        return int(found.status)
