"""Which format a file is, decided by its content; what is none; and the words for every code."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.quizzes.formats import QuizDraft, read_questions
from games.quizzes.formats.draft import MAX_OPTION, MAX_OPTIONS, MAX_TEXT, title_of
from rewards.members.roster_file import read_roster
from rewards.sheets import Problem, read_rows
from server.web.nouns import LISTING
from tests.laws import examples

ROOT = Path(__file__).parents[4]
SAMPLES = ROOT / "tests" / "samples"
SOURCES = [
    *sorted((ROOT / "rewards" / "sheets").rglob("*.py")),
    ROOT / "rewards" / "members" / "roster_file.py",
    *sorted((ROOT / "games" / "quizzes" / "formats").glob("*.py")),
]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("safety.gift", "gift"),
        ("safety.aiken.txt", "aiken"),
        ("broken.aiken.txt", "aiken"),
        ("kahoot_semicolon.csv", "kahoot"),
        ("blooket.csv", "kahoot"),
    ],
)
def test_the_content_decides_whatever_the_name(name: str, kind: str) -> None:
    data = (SAMPLES / name).read_bytes()
    assert {read_questions(data, other).format for other in (name, "x.txt", "x.csv", "x")} == {kind}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file.empty"),
        (b"Dear all, see you on Monday.\n", "quiz.unknown_format"),
        (b'{"questions": [{"text": "x"}]}', "quiz.unknown_format"),
        (b"a,b,c\n1,2,3\n", "quiz.unknown_format"),
        (b"<html>{=a ~b}</html>", "file.is_web_page"),
        (b"\x89PNG\r\n\x1a\n", "file.is_picture"),
        ((SAMPLES / "roster_gbk.csv").read_bytes(), "quiz.unknown_format"),
    ],
)
def test_what_is_no_quiz(data: bytes, code: str) -> None:
    quiz = read_questions(data, "quiz.txt")
    assert [problem.code for problem in quiz.problems] == [code]
    assert quiz.format is None
    assert not quiz.importable


def test_a_text_quiz_that_speaks_of_questions_and_correct_answers_is_no_sheet() -> None:
    text = "Question 1: which answer is correct, 1, 2, or 3?\nA) one\nB) two\nANSWER: A\n"
    assert read_questions(text.encode(), "q.txt").format == "aiken"
    text = 'Question 1: which answer is "correct", 1, 2, or 3? {=one ~two}\n'
    assert read_questions(text.encode(), "q.txt").format == "gift"


def test_titles_from_names() -> None:
    assert title_of("C:\\Users\\li\\安全月 题库.xlsx") == "安全月 题库"
    assert title_of("/quizzes/a.b.gift") == "a.b"
    assert title_of("no ending") == "no ending"
    assert title_of(".gift") == ""
    assert title_of("x" * 300 + ".txt") == "x" * 200


def said(problem: Problem) -> str:
    """The sentence of a problem; fails where the code has none or a value is missing."""
    sentence = LISTING.texts[problem.code] % problem.details
    assert set(re.findall(r"%\((\w+)\)s", LISTING.texts[problem.code])) == set(problem.details)
    return sentence


def sound(quiz: QuizDraft) -> None:
    assert all(said(problem) for problem in quiz.problems)
    assert len(quiz.problems) <= 201
    for question in quiz.questions:
        assert question.text
        assert len(question.text) <= MAX_TEXT
        assert 2 <= len(question.options) <= MAX_OPTIONS
        assert all(0 < len(option) <= MAX_OPTION for option in question.options)
        assert len(set(question.options)) == len(question.options)
        assert question.right == tuple(sorted(set(question.right)))
        assert question.right
        assert all(0 <= place < len(question.options) for place in question.right)
        assert question.kind == "multiple" or len(question.right) == 1


@examples(300)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_sound_answer(data: bytes) -> None:
    sound(read_questions(data, "any"))
    assert all(said(problem) for problem in read_roster(data, "any").problems)


PIECES = st.sampled_from(
    ["A) ", "B) ", "C. ", "a) x", "ANSWER: ", "ANSWER: B", "\n", "\n\n", "Why?", "{", "}", "=", "~", "#", "####", "->",
     "%50%", "%-5%", "\\", "\\n", "::", "$CATEGORY: a/b", "//", "[html]", "<b>", "</p>", "<![", "T", "FALSE", "x", " ",
     "\u202e", "好", "\ufdd0"]
)  # fmt: skip


@examples(500)
@given(st.lists(PIECES, max_size=60))
def test_any_text_of_the_formats_pieces_gives_a_sound_answer(pieces: list[str]) -> None:
    sound(read_questions("".join(pieces).encode(), "any.txt"))


CELL = st.one_of(
    st.sampled_from(["", "1", "2", "1,2", "1.2", "9", "True", "False", "对", "错", "20"]), st.text(max_size=8)
)


@examples(200)
@given(st.lists(st.lists(CELL, min_size=7, max_size=7), max_size=5))
def test_any_sheet_below_the_header_gives_a_sound_answer(table: list[list[str]]) -> None:
    def line(cells: list[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\r\n"

    header = "Question,Answer 1,Answer 2,Answer 3,Answer 4,Time limit (sec),Correct answer(s)\r\n"
    sound(read_questions((header + "".join(map(line, table))).encode("utf-8", "replace"), "any.csv"))


def codes_in_sources() -> set[str]:
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"^(?:file|roster|quiz|kahoot|bank|gift|aiken)\.[a-z_]+$", node.value))
    return found


def test_every_code_has_a_text_and_every_text_a_code() -> None:
    kinds = ("file.", "kahoot.", "bank.", "gift.", "aiken.")
    found = codes_in_sources()
    assert found <= LISTING.texts.keys()
    assert {code for code in LISTING.texts if code.startswith(kinds)} <= found


def test_the_samples_of_hostile_tables_can_be_told() -> None:
    for data in (b"", b"MZ\x00", b"x,\x00", b'"x', b"=A1,b\n", b"x" * 40_000, b"x," * 300 + b"y", b"PK\x03\x04"):
        problems = read_rows(data, "x.csv")
        assert isinstance(problems, tuple)
        assert all(said(problem) for problem in problems)
