"""Kahoot's sheet in the exact layout of the official template, and in the shapes that people and programs make."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from games.quizzes.formats import QuestionDraft, QuizDraft, read_questions
from games.quizzes.formats.answers import read_signs
from games.quizzes.formats.kahoot import ALLOWED_SECONDS, nearest_seconds, read_seconds
from rewards.sheets import Problem, write_csv

SAMPLES = Path(__file__).parents[3] / "samples"

HEADER = [
    "Question - max 120 characters",
    "Answer 1 - max 75 characters",
    "Answer 2 - max 75 characters",
    "Answer 3 - max 75 characters",
    "Answer 4 - max 75 characters",
    "Time limit (sec) – 5, 10, 20, 30, 60, 90, 120, or 240 secs",
    "Correct answer(s) - choose at least one",
]
HELP = [
    "Add questions, at least two answer alternatives, time limit and choose correct answers (at least one).",
    "Remember: questions have a limit of 120 characters and answers can have 75 characters max.",
    "Text will turn red in Excel or Google Docs if you exceed this limit.",
    "And remember, if you're not using Excel you need to export to .xlsx format before you can import.",
]

CLASSQUIZ = [
    "Question",
    "1st Answer",
    "2nd Answer",
    "3rd Answer",
    "4th Answer",
    "Time Limit (max. 120)",
    "Correct Answers",
]

Cell = str | int | float | bool | None


def official(*questions: Sequence[Cell], title: str = "Quiz template") -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "Sheet1"
    sheet["B2"] = title
    for row, line in enumerate(HELP, start=3):
        sheet.cell(row, 2, line)
    for column, heading in enumerate(HEADER, start=2):
        sheet.cell(8, column, heading)
    times = DataValidation(type="list", formula1='"5,10,20,30,60,90,120,240"')
    sheet.add_data_validation(times)
    times.add("G9")
    for number in range(1, 101):
        sheet.cell(8 + number, 1, number)
    for row, question in enumerate(questions, start=9):
        for column, value in enumerate(question, start=2):
            sheet.cell(row, column, value)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def plain(*questions: Sequence[Cell], header: Sequence[str] = HEADER) -> bytes:
    """A generated file: the header in row 1, no running numbers."""
    book = Workbook()
    sheet = book.active
    sheet.append(list(header))
    for question in questions:
        sheet.append(list(question))
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def codes(quiz: QuizDraft) -> list[str]:
    return [problem.code for problem in quiz.problems]


def test_the_official_template() -> None:
    quiz = read_questions(
        official(
            ["Which year?", 2007, 2008, 2009.5, "2010", 20, 2],
            ["Which two?", "a", "b", "c", "d", 30.0, "1,3"],
            ["Doors stay closed.", True, False, None, None, None, 1.0],
            ["Is it wrong?", "错误", "正确", None, None, 5, "1"],
            [None, None, None, None, None, 20, None],
            ["Comma country", "a", "b", "c", None, 60, 1.2],
        ),
        "Safety month.xlsx",
    )
    assert quiz == QuizDraft(
        "Safety month",
        "kahoot",
        (
            QuestionDraft(9, "single", "Which year?", ("2007", "2008", "2009.5", "2010"), (1,), 20),
            QuestionDraft(10, "multiple", "Which two?", ("a", "b", "c", "d"), (0, 2), 30),
            QuestionDraft(11, "true_false", "Doors stay closed.", ("true", "false"), (0,)),
            QuestionDraft(12, "true_false", "Is it wrong?", ("true", "false"), (1,), 5),
            QuestionDraft(14, "multiple", "Comma country", ("a", "b", "c"), (0, 1), 60),
        ),
        (),
    )
    assert quiz.importable


def test_the_empty_template_has_no_questions() -> None:
    quiz = read_questions(official(), "t.xlsx")
    assert codes(quiz) == ["quiz.no_questions"]
    assert not quiz.importable


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        [heading.replace("–", "-") for heading in HEADER],
        [*HEADER[:3], "Answer 3 - max 75 characters (optional)", "Answer 4 (optional)", "Time limit", "Correct"],
        CLASSQUIZ,
        ["题目", "选项A", "选项B", "选项C", "选项D", "答题时间（秒）", "正确答案"],
        ["QUESTION TEXT", "Option 1", "Option 2", "Option 3", "Option 4", "Time", "Correct"],
    ],
)  # fmt: skip
def test_headings_as_programs_and_people_write_them(header: list[str]) -> None:
    quiz = read_questions(plain(["Why?", "a", "b", "c", "d", 20, "2;4"], header=header), "q.xlsx")
    assert quiz.questions == (QuestionDraft(2, "multiple", "Why?", ("a", "b", "c", "d"), (1, 3), 20),)
    assert quiz.problems == ()


def test_gaps_among_answers_keep_the_right_one_right() -> None:
    quiz = read_questions(official(["Gap?", "a", None, "c", None, 20, 3]), "q.xlsx")
    assert quiz.questions == (QuestionDraft(9, "single", "Gap?", ("a", "c"), (1,), 20),)


def test_every_wrong_row_is_told_and_left_out() -> None:
    quiz = read_questions(
        official(
            ["Fine?", "yes", "no", None, None, 20, 1],
            ["Empty answer right", "a", "b", None, None, 20, 3],
            ["Outside", "a", "b", None, None, 20, "1,5"],
            ["None right", "a", "b", None, None, 20, None],
            [None, "a", "b", None, None, 20, 1],
            ["One answer", "a", None, None, None, 20, 1],
            ["Same", "a", "a", None, None, 20, 1],
            ["Unclear", "a", "b", None, None, 20, "the first"],
            ["x" * 501, "a", "b", None, None, 20, 1],
            ["Long answer", "a", "b" * 201, None, None, 20, 1],
        ),
        "q.xlsx",
    )
    right = "Correct answer(s)"
    assert [question.line for question in quiz.questions] == [9]
    assert [problem for problem in quiz.problems if problem.severity == "error"] == [
        Problem(10, right, "quiz.right_answer_empty", {"number": 3}),
        Problem(11, right, "quiz.right_answer_outside", {"value": "5"}),
        Problem(12, right, "quiz.no_right_answer"),
        Problem(13, "Question", "quiz.text_empty"),
        Problem(14, "Answer 1", "quiz.too_few_options", {"limit": 2}),
        Problem(15, "Answer 2", "quiz.option_twice", {"number": 2, "first": 1}),
        Problem(16, right, "kahoot.right_answer_unclear", {"value": "the first"}),
        Problem(17, "Question", "quiz.text_too_long", {"length": 501, "limit": 500}),
        Problem(18, "Answer 2", "quiz.option_too_long", {"number": 2, "length": 201, "limit": 200}),
    ]
    assert quiz.importable
    assert [row.line for row in quiz.left_out] == list(range(10, 19))
    assert quiz.left_out[6].cells[1:] == ("Unclear", "a", "b", "", "", "20", "the first")
    assert quiz.headings[1:] == tuple(HEADER)


def test_kahoots_own_limits_are_warnings() -> None:
    quiz = read_questions(
        official(
            ["q" * 121, "a" * 76, "b", None, None, 45, 1],
            ["Time?", "a", "b", None, None, "soon", 1],
        ),
        "q.xlsx",
    )
    assert quiz.problems == (
        Problem(9, "Question", "kahoot.long_text", {"length": 121, "limit": 120}, "warning"),
        Problem(9, "Answer 1", "kahoot.long_option", {"length": 76, "limit": 75}, "warning"),
        Problem(9, "Time limit", "kahoot.time_changed", {"seconds": 45, "nearest": 60}, "warning"),
        Problem(10, "Time limit", "kahoot.time_unclear", {"value": "soon"}, "warning"),
    )
    assert [question.seconds for question in quiz.questions] == [60, None]
    assert quiz.importable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", [2]),
        ("2.0", [2]),
        ("1,2,3,4", [1, 2, 3, 4]),
        ("2,1", [2, 1]),
        ("1.2", [1, 2]),
        ("1;2", [1, 2]),
        ("1，2", [1, 2]),
        ("1、2", [1, 2]),
        ("1 and 2", None),
        ("１", [1]),
        ("12", [1, 2]),
        ("A, c", [1, 3]),
        ("5", [5]),
        ("10", [10]),
        ("", []),
        (" ; ", []),
        ("2024-02-01", None),
        ("-1", None),
        ("b or c", None),
    ],
)
def test_which_answers_are_meant(text: str, expected: list[int] | None) -> None:
    assert read_signs(text) == expected


@given(st.integers(0, 10_000))
def test_the_nearest_time_is_nearest(seconds: int) -> None:
    nearest = nearest_seconds(seconds)
    assert nearest in ALLOWED_SECONDS
    assert all(abs(nearest - seconds) <= abs(allowed - seconds) for allowed in ALLOWED_SECONDS)


def test_seconds_with_and_without_a_unit() -> None:
    assert [read_seconds(text) for text in ("20", "20.0", "20 sec", "３０秒", "0", "", "x", "1,5")] == [
        20, 20, 20, 30, None, None, None, None,
    ]  # fmt: skip


def test_a_semicolon_csv_of_the_template() -> None:
    quiz = read_questions((SAMPLES / "kahoot_semicolon.csv").read_bytes(), "quiz.csv")
    assert quiz.questions == (
        QuestionDraft(9, "single", "Welche Zahl, bitte?", ("2007", "2008"), (1,), 20),
        QuestionDraft(10, "multiple", "Ja, beide", ("eins", "zwei", "drei"), (0, 1), 20),
    )
    assert codes(quiz) == ["kahoot.time_changed"]


def test_blooket() -> None:
    quiz = read_questions((SAMPLES / "blooket.csv").read_bytes(), "blooket.csv")
    assert quiz.format == "kahoot"
    assert quiz.questions == (
        QuestionDraft(3, "single", "Which door is the way out?", ("The green one", "The red one"), (0,), 20),
        QuestionDraft(4, "multiple", "Which two are signs?", ("Blue", "Green", "Loud"), (0, 1), 240),
    )


def test_classquiz_as_it_exports() -> None:
    book = Workbook()
    sheet = book.active
    sheet["B5"], sheet["C5"], sheet["B6"], sheet["C6"] = "Title", "Safety first", "Description", "For all"
    for column, heading in enumerate(CLASSQUIZ, start=2):
        sheet.cell(13, column, heading)
    for column, value in enumerate([1, "Which?", "a", "b", "c", None, "20", "1,3"], start=1):
        sheet.cell(14, column, value)
    packed = BytesIO()
    book.save(packed)
    quiz = read_questions(packed.getvalue(), "export.xlsx")
    assert quiz.title == "Safety first"
    assert quiz.questions == (QuestionDraft(14, "multiple", "Which?", ("a", "b", "c"), (0, 2), 20),)


def test_a_title_typed_over_the_templates_is_the_title() -> None:
    assert (
        read_questions(official(["Q?", "a", "b", None, None, 5, 1], title="Fire week"), "x.xlsx").title == "Fire week"
    )


def test_an_explanation_column_is_read() -> None:
    quiz = read_questions(
        plain(["Q?", "a", "b", "1", "because"], header=["题目", "答案1", "答案2", "正确答案", "解析"]), "q.xlsx"
    )
    assert quiz.questions == (QuestionDraft(2, "single", "Q?", ("a", "b"), (0,), explanation="because"),)


def test_sheets_that_are_no_quiz() -> None:
    assert codes(read_questions(plain(header=["Name", "Phone"]), "q.xlsx")) == ["kahoot.no_header"]
    assert codes(read_questions(official(["=1+1", "a", "b", None, None, 5, 1]), "q.xlsx")) == ["file.formula"]
    formula = write_csv([HEADER]) + b"=A1,a,b,,,5,1\r\n"
    assert codes(read_questions(formula, "q.csv")) == ["file.formula"]
    assert codes(read_questions(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "q.xlsx")) == ["file.is_old_excel"]


def test_at_most_five_hundred_questions() -> None:
    question: list[Cell] = ["Q?", "a", "b", None, None, 20, 1]
    assert read_questions(plain(*[question] * 500), "q.xlsx").importable
    many = read_questions(plain(*[question] * 501), "q.xlsx")
    assert many.problems == (Problem(502, None, "quiz.beyond_limit", {"limit": 500}),)
    assert len(many.questions) == 500
    assert [row.line for row in many.left_out] == [502]
    assert many.importable


def test_text_that_hides_is_made_plain() -> None:
    quiz = read_questions(official(["\u202eQ?\u200b", "a\u2066", "b\u200b", None, None, 5, 1]), "q.xlsx")
    assert quiz.questions[0].text == "Q?"
    assert quiz.questions[0].options == ("a", "b")
