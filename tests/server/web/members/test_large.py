"""A large file is read, weighed and applied beside the process that serves, and comes out as a small one does."""

import re
from typing import Any, NoReturn

import pytest

from games.quizzes import queries as quizzes
from rewards import database as db
from rewards.members import queries, rules
from server.web.frame import imports
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


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From when it is called, all files are large, and nothing of the work is done in this process."""

    def now() -> None:
        def here(*args: object, **kwargs: object) -> NoReturn:
            raise AssertionError("in this process")

        monkeypatch.setattr(imports, "LARGE", 0)
        monkeypatch.setattr(importing, "read_roster", here)
        monkeypatch.setattr(quiz_desk, "read_questions", here)
        monkeypatch.setattr(rules, "compare", here)
        monkeypatch.setattr(queries, "roster_current", here)

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


async def test_a_large_quiz_shows_and_does_the_same(client: Browser, sign_in: SignIn, beside: Any) -> None:
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
    wrong = await client.post(there, headers=who.headers, data={"title": "", "scoring": "none"})
    assert wrong.status_code == 400
    done = await client.post(there, headers=who.headers, data={"title": "Numbers", "scoring": "none"})
    assert done.status_code == 303, done.text
    assert [one.title for one in await quizzes.quizzes("")] == ["Numbers"]
