"""A large file is read, weighed and applied beside the process that serves, and comes out as a small one does."""

import re
from typing import Any, NoReturn

import pytest
from redis.asyncio import Redis

from games.quizzes import queries as quizzes
from rewards import database as db
from rewards.members import queries, rules
from server.runtime import beside as run_beside
from server.web.frame import imports, uploads
from server.web.members.desk import importing
from server.web.quizzes.desk import quizzes as quiz_desk
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.members.test_members import drop

ROSTER = """工号,姓名,部门,入职日期
1,李娜,工厂/一车间,2020-01-02
2,Wang Wei,工厂/二车间,01/02/2021
3,王芳,,
3,王芬,,
,nobody,,
"""
QUIZ = """One::What is one?{=1 ~2}

Two::What is two?{=2 ~}

Three::Three?{
"""


def nowhere(*args: object, **kwargs: object) -> NoReturn:
    raise AssertionError("not here")


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From when it is called, all files are large, and nothing of the work is done in this process."""

    def now() -> None:
        monkeypatch.setattr(imports, "LARGE", 0)
        monkeypatch.setattr(importing, "read_roster", nowhere)
        monkeypatch.setattr(quiz_desk, "read_questions", nowhere)
        monkeypatch.setattr(rules, "compare", nowhere)
        monkeypatch.setattr(queries, "roster_current", nowhere)

    return now


def plain(page: str) -> str:
    """Without what is another in each answer."""
    return re.sub(r"[A-Za-z0-9_-]{43,}|csrf[^>]*", "", page)


async def seen(client: Browser, who: SignedIn, *addresses: str) -> list[str]:
    answers = [await client.get(address, headers=who.headers) for address in addresses]
    assert {answer.status_code for answer in answers} == {200}
    return [plain(answer.text) for answer in answers]


async def test_a_large_roster_shows_and_does_the_same(client: Browser, sign_in: SignIn, beside: Any) -> None:
    who = await sign_in("organiser")
    there = await drop(client, who, ROSTER.encode())
    pages = [there, f"{there}?days=dmy&full=1", f"{there}?days=dmy&kind=wrong&from=1", f"{there}/rest/csv?days=dmy"]
    small = await seen(client, who, *pages)
    beside()
    assert await seen(client, who, *pages) == small
    assert "李娜" in small[0]
    answer = await client.post(there, headers=who.headers, data={"days": "dmy"})
    assert answer.status_code == 303, answer.text
    assert "/desk/members/import/" in answer.headers["location"]
    found = await db.rows("SELECT staff_number, name FROM member WHERE staff_number < 'A' ORDER BY staff_number")
    assert [tuple(row) for row in found] == [("1", "李娜"), ("2", "Wang Wei")]
    [rest] = await seen(client, who, answer.headers["location"].partition("?")[0] + "/rest/csv")
    assert "王芬" in rest


async def test_the_pages_of_a_large_preview_are_read_once_and_never_show_a_roster_that_was(
    client: Browser, sign_in: SignIn, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await sign_in("organiser")
    rows = [f"{n},Name {chr(65 + n % 26)}{'x' * (n % 40)},Works,\n" for n in range(1, 251)]
    there = await drop(client, who, ("工号,姓名,部门,入职日期\n" + "".join(rows) + ",nobody,,\n").encode())
    queries = ("", "?from=100", "?kind=new&from=200", "?kind=wrong", "?kind=moved", "?from=900")
    small = await seen(client, who, *(there + query for query in queries))
    beside()
    first = await seen(client, who, there)
    with monkeypatch.context() as once:
        once.setattr(run_beside, "run", nowhere)
        assert first + await seen(client, who, *(there + query for query in queries[1:])) == small

    added = await client.post(
        "/desk/members", headers=who.headers, data={"staff_number": "7", "name": "Name Somebody Else"}
    )
    assert added.status_code == 303, added.text
    [page] = await seen(client, who, there)
    assert "Name Somebody Else" in page
    [page] = await seen(client, who, f"{there}?kind=new&from=200")
    assert "201 to 249 of 249" in page


async def test_what_was_found_in_a_file_goes_with_it_and_is_bounded(
    client: Browser, sign_in: SignIn, beside: Any, monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    who = await sign_in("organiser")
    there = await drop(client, who, ROSTER.encode())
    key = f"upload:roster:{who.id}"
    beside()
    await seen(client, who, f"{there}?days=dmy")
    found = {field for field in await redis.hkeys(key) if b":" in field}
    assert found
    await seen(client, who, f"{there}?days=mdy")
    others = {field for field in await redis.hkeys(key) if b":" in field}
    assert others
    assert not found & others
    await drop(client, who, ROSTER.encode())
    assert set(await redis.hkeys(key)) == {b"token", b"name", b"data"}
    late = uploads.Finding("roster", who.id, there.rpartition("/")[2], "mark")
    await late.keep(redis, {"head": b"late"})
    there = await drop(client, who, ROSTER.encode())
    now = uploads.Finding("roster", who.id, there.rpartition("/")[2], "mark")
    monkeypatch.setattr(uploads, "MOST_FOUND", 3)
    await now.keep(redis, {"head": b"long"})
    assert set(await redis.hkeys(key)) == {b"token", b"name", b"data"}
    await now.keep(redis, {"head": b"fit"})
    assert await now.kept(redis, "head", "more") == [b"fit", None]
    assert await late.kept(redis, "head") == [None]


async def test_a_refusal_of_a_large_roster_is_told_in_words(client: Browser, sign_in: SignIn, beside: Any) -> None:
    who = await sign_in("organiser")
    there = await drop(client, who, b"staff number,name,role\n77,Friend,admin\n")
    beside()
    answer = await client.post(there, headers=who.headers, data={})
    assert answer.status_code == 403
    assert "Only an administrator" in answer.text


async def test_beside_many_members_a_small_file_is_much_to_weigh(
    client: Browser, sign_in: SignIn, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await sign_in("organiser")
    there = await drop(client, who, ROSTER.encode())
    large = imports.LARGE
    beside()
    monkeypatch.setattr(imports, "LARGE", large)
    monkeypatch.setattr(importing, "SMALL_ROSTER", 0)
    assert "李娜" in (await seen(client, who, there))[0]


async def test_a_large_quiz_is_read_once_and_shows_and_does_the_same(
    client: Browser, sign_in: SignIn, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await sign_in("organiser")
    brought = await client.post(
        f"/desk/quizzes/import?csrf={who.csrf}",
        headers={"cookie": who.cookie},
        files={"file": ("q.txt", QUIZ.encode())},
    )
    there = brought.headers["location"]
    pages = [there, f"{there}?kind=wrong", f"{there}/rest/csv"]
    small = await seen(client, who, *pages)
    beside()
    assert await seen(client, who, *pages) == small
    with monkeypatch.context() as once:
        once.setattr(run_beside, "run", nowhere)
        assert await seen(client, who, *pages[:2]) == small[:2]
    wrong = await client.post(there, headers=who.headers, data={"title": "", "scoring": "none"})
    assert wrong.status_code == 400
    done = await client.post(there, headers=who.headers, data={"title": "Numbers", "scoring": "none"})
    assert done.status_code == 303, done.text
    assert [one.title for one in await quizzes.quizzes("")] == ["Numbers"]
