"""Quizzes at the desk: a file with preview, the scoring, and what cannot be imported."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from games.quizzes import actions, queries
from rewards.database import row, value
from rewards.sheets import Sheet, read_rows, write_xlsx
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.conftest import QUESTIONS, Browser, SignedIn, SignIn

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
KAHOOT = [
    ("Question", "Answer 1", "Answer 2", "Answer 3", "Answer 4", "Time limit (sec)", "Correct answer(s)"),
    ("Which valve first?", "Red", "Blue", "Green", "", 20, "2"),
    ("Which are tools?", "Hammer", "Cloud", "Wrench", "Saw", 30, "1,3,4"),
    ("A helmet is needed.", "True", "False", "", "", 10, "1"),
]


async def drop(client: Browser, who: SignedIn, data: bytes, name: str) -> str:
    """Bring a quiz file; the address of its preview."""
    answer = await client.post(
        f"/desk/quizzes/import?csrf={who.csrf}", headers={"cookie": who.cookie}, files={"file": (name, data)}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_a_kahoot_sheet_is_seen_as_people_will_see_it_then_imported(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, write_xlsx(KAHOOT, "Sheet1"), "Safety at work.xlsx")
    page = (await client.get(preview, headers=who.headers)).text
    assert 'value="Safety at work"' in page
    assert page.count('class="is-right"') == 5
    assert "Several answers are right" in page
    assert "True" in page
    assert await queries.quizzes() == []
    applied = await client.post(
        preview, headers=who.headers, data={"title": "Safety", "scoring": "linear", "floor": "30"}
    )
    assert applied.status_code == 303
    quiz = (await queries.quizzes())[0]
    assert applied.headers["location"].startswith(f"/desk/quizzes/{quiz.id}?said=desk.quiz_added")
    assert (quiz.title, quiz.scoring, quiz.floor_percent, quiz.questions) == ("Safety", "linear", 30, 3)
    note = await row("SELECT actor FROM audit_entry WHERE code = 'quiz.added'")
    assert note is not None
    assert note["actor"] == who.id
    shown = (await client.get(f"/desk/quizzes/{quiz.id}", headers=who.headers)).text
    assert shown.count('class="is-right"') == 5


async def test_two_taps_on_import_make_one_quiz(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, write_xlsx(KAHOOT, "Sheet1"), "safety.xlsx")
    given = {"title": "Safety", "scoring": "none"}
    assert (await client.post(preview, headers=who.headers, data=given)).status_code == 303
    again = await client.post(preview, headers=who.headers, data=given)
    assert again.status_code == 409
    assert len(await queries.quizzes()) == 1


async def test_the_bank_is_searched_counted_and_exported(client: Browser, sign_in: SignIn, quiz: UUID) -> None:
    who = await sign_in("auditor")
    other = await actions.add_quiz(
        "First aid", QUESTIONS, scoring="linear", floor_percent=30, actor=None, now=now(), new_id=new_id
    )
    page = (await client.get("/desk/quizzes", headers=who.headers)).text
    assert "2 quizzes" in page
    found = await client.get("/desk/quizzes?text=AID", headers={**who.headers, "hx-request": "true"})
    assert "<main" not in found.text
    assert "1 quiz<" in found.text
    assert f"/desk/quizzes/{other}" in found.text
    assert f"/desk/quizzes/{quiz}" not in found.text
    assert "/desk/quizzes/export/csv?text=AID" in found.text
    sheet = (await client.get("/desk/quizzes/export/csv?text=AID", headers=who.headers)).text
    day = client.app.state.process.today().isoformat()
    assert sheet.splitlines()[1:] == [f'First aid,2,"Linear, at least 30%",0,{day}']
    assert "No quiz fits" in (await client.get("/desk/quizzes?text=zz", headers=who.headers)).text


@pytest.mark.parametrize("name", ["safety.gift", "safety.aiken.txt"])
async def test_gift_and_aiken_are_read_too(client: Browser, sign_in: SignIn, name: str) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, (SAMPLES / name).read_bytes(), name)
    page = await client.get(preview, headers=who.headers)
    assert page.status_code == 200
    assert 'class="is-right"' in page.text


BANK = [
    ("题型", "问题", "选项A", "选项B", "选项C", "选项D", "答案", "解析"),
    ("单选题", "成立于哪一年？", "1921", "1925", "1949", "1978", "B", ""),
    ("多选题", "哪些属于防护用品？", "安全帽", "手套", "拖鞋", "护目镜", "ABD", ""),
    ("判断题", "会员须缴纳会费。", "", "", "", "", "对", ""),
    ("单选题", "重复的选项", "甲", "甲", "丙", "丁", "C", "z"),
    ("填空题", "成立于（）年", "", "", "", "", "1925", ""),
]


async def test_a_bank_gives_its_good_questions_and_the_others_come_back_to_be_mended(
    client: Browser, sign_in: SignIn
) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, write_xlsx(BANK, "题库"), "安全.xlsx")
    page = (await client.get(preview, headers=who.headers)).text
    assert "2 rows cannot be taken" in page
    assert "Import 3 questions" in page
    assert page.count('class="is-right"') == 5
    wrong = (await client.get(f"{preview}?kind=wrong", headers=who.headers)).text
    assert "Answers 1 and 2 are the same." in wrong
    assert "“填空题” is a kind of question that cannot be played here." in wrong
    applied = await client.post(preview, headers=who.headers, data={"title": "安全", "scoring": "none"})
    assert applied.status_code == 303
    quiz = (await queries.quizzes())[0]
    assert [(one.kind, one.right_mask) for one in await queries.questions(quiz.id)] == [
        ("single", 2),
        ("multiple", 11),
        ("true_false", 1),
    ]
    rest = applied.headers["location"]
    assert rest.startswith("/desk/quizzes/import/")
    assert "Nothing can be imported yet" in (await client.get(rest, headers=who.headers)).text
    got = await client.get(f"{rest.partition('?')[0]}/rest/xlsx", headers=who.headers)
    sheet = read_rows(got.content, "rest.xlsx")
    assert isinstance(sheet, Sheet)
    rows = [list(row) for row in sheet.rows]
    assert [row[1] for row in rows] == ["题目", "重复的选项", "成立于（）年"]
    assert [row[8] for row in rows][:2] == ["What is wrong", "Answers 1 and 2 are the same."]
    assert len(rows[0]) == 9
    rows[1][3] = "乙"
    again = await drop(client, who, write_xlsx(rows[:2], "rest"), "安全.xlsx")
    assert "Import 1 question" in (await client.get(again, headers=who.headers)).text
    assert (await client.get(f"{again}/rest/csv", headers=who.headers)).status_code == 404
    last = await client.post(again, headers=who.headers, data={"title": "安全 2", "scoring": "none"})
    assert last.headers["location"].startswith("/desk/quizzes/0")


async def test_what_is_wrong_with_a_bank_is_said_in_chinese_too(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, write_xlsx(BANK, "题库"), "安全.xlsx")
    await client.post("/language", headers=who.headers, data={"language": "zh-Hans"})
    page = await client.get(f"{preview}?kind=wrong", headers=who.headers)
    assert "“填空题”这种题型不能在这里作答。" in page.text


async def test_a_broken_file_says_what_is_wrong_where_and_imports_nothing(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, b"Too few choices\nA) The only one\nANSWER: A\n", "broken.txt")
    page = (await client.get(preview, headers=who.headers)).text
    assert "Nothing can be imported yet" in page
    assert 'name="title"' not in page
    refused = await client.post(preview, headers=who.headers, data={"title": "x", "scoring": "none"})
    assert refused.status_code == 409
    assert await queries.quizzes() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"title": "", "scoring": "kahoot"}, "Give the quiz a title"),
        ({"title": "x" * 201, "scoring": "kahoot"}, "Give the quiz a title"),
        ({"title": "Mine", "scoring": "fast"}, "Choose how speed counts"),
        ({"title": "Mine", "scoring": "linear", "floor": "400"}, "whole number"),
        ({"title": "Mine", "scoring": "linear", "floor": "half"}, "whole number"),
    ],
)
async def test_a_wrong_form_keeps_the_file_and_what_was_typed(
    client: Browser, sign_in: SignIn, given: dict[str, str], words: str
) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, write_xlsx(KAHOOT, "Sheet1"), "safety.xlsx")
    answer = await client.post(preview, headers=who.headers, data=given)
    assert answer.status_code == 400
    assert words in answer.text
    assert f'value="{given["title"]}"' in answer.text
    right = await client.post(preview, headers=who.headers, data={"title": "Mine", "scoring": "kahoot"})
    assert right.status_code == 303


async def test_scoring_changes_until_the_quiz_is_played(
    client: Browser, sign_in: SignIn, quiz: UUID, season: UUID
) -> None:
    who = await sign_in("organiser")
    path = f"/desk/quizzes/{quiz}"
    changed = await client.post(f"{path}/scoring", headers=who.headers, data={"scoring": "linear", "floor": "0"})
    assert changed.status_code == 303
    found = await queries.quiz(quiz)
    assert found is not None
    assert (found.scoring, found.floor_percent) == ("linear", 0)
    room = await actions.open_room(quiz, host=who.id, season=season, code="bcdfg", now=now(), new_id=new_id)
    redis = client.app.state.process.redis
    await actions.advance(redis, room, expected=1, now=now, new_id=new_id)
    assert "its scoring stays as it was" in (await client.get(path, headers=who.headers)).text
    refused = await client.post(f"{path}/scoring", headers=who.headers, data={"scoring": "none"})
    assert refused.status_code == 409
    assert await value("SELECT scoring FROM quiz WHERE id = $1", quiz) == "linear"


async def test_the_bank_says_what_to_do_when_it_is_empty(client: Browser, sign_in: SignIn) -> None:
    organiser, auditor = await sign_in("organiser"), await sign_in("auditor")
    assert re.search(
        r'href="/desk/quizzes/import"', (await client.get("/desk/quizzes", headers=organiser.headers)).text
    )
    page = (await client.get("/desk/quizzes", headers=auditor.headers)).text
    assert "No quiz yet" in page
    assert "/desk/quizzes/import" not in page


async def test_an_unknown_quiz_is_said_so(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    answer = await client.get(f"/desk/quizzes/{UUID(int=1)}", headers=who.headers)
    assert answer.status_code == 404
    assert "does not exist" in answer.text
