"""Aiken, with the leniency that real files need and the refusals that Moodle makes."""

from pathlib import Path

import pytest

from games.quizzes.formats import QuestionDraft, QuizDraft, read_questions
from rewards.sheets import Problem

SAMPLES = Path(__file__).parents[3] / "samples"


def read(text: str) -> QuizDraft:
    return read_questions(text.encode(), "quiz.txt")


def test_a_lenient_file() -> None:
    quiz = read_questions((SAMPLES / "safety.aiken.txt").read_bytes(), "safety.aiken.txt")
    assert quiz == QuizDraft(
        "safety.aiken",
        "aiken",
        (
            QuestionDraft(1, "single", "What is the capital of safety?", ("Haste", "Care", "Luck"), (1,)),
            QuestionDraft(7, "single", "A. Einstein worked in which office?", ("Patent office", "Post office"), (0,)),
            QuestionDraft(
                13,
                "single",
                "A stem that runs over two lines",
                ("small letters", "are taken with a wrapped line"),
                (1,),
            ),
            QuestionDraft(20, "single", "No blank after the letter", ("Wrong", "Right"), (1,)),
            QuestionDraft(24, "single", "安全帽应当怎样佩戴？", ("系紧下颚带", "反着戴"), (0,)),
            QuestionDraft(28, "true_false", "Fire doors stay closed.", ("true", "false"), (0,)),
        ),
        (),
    )


def test_what_moodle_rejects_is_rejected_and_the_rest_is_read() -> None:
    quiz = read_questions((SAMPLES / "broken.aiken.txt").read_bytes(), "broken.txt")
    assert [question.text for question in quiz.questions] == ["A fine question"]
    assert quiz.problems == (
        Problem(1, None, "quiz.too_few_options", {"limit": 2}),
        Problem(5, None, "quiz.text_empty"),
        Problem(14, None, "aiken.no_answer_line"),
        Problem(21, None, "quiz.right_answer_outside", {"value": "D"}),
        Problem(26, None, "aiken.no_answer_letter"),
        Problem(28, None, "aiken.answer_alone"),
    )
    assert not quiz.importable


def test_a_missing_answer_line_does_not_swallow_the_next_question() -> None:
    quiz = read("First?\nA) a\nB) b\nSecond?\nA) c\nB) d\nANSWER: B\n")
    assert [(question.line, question.text) for question in quiz.questions] == [(4, "Second?")]
    assert quiz.problems == (Problem(1, None, "aiken.no_answer_line"),)


def test_blank_lines_inside_a_question_are_borne() -> None:
    quiz = read("Why?\n\nA) a\n\nB) b\n\nANSWER: A\n\n\nHow?\nA. x\nB. y\nANSWER: B")
    assert [question.right for question in quiz.questions] == [(0,), (1,)]
    assert quiz.importable


@pytest.mark.parametrize(
    ("stem", "options"),
    [
        ("U.S. history began", ("a", "b")),
        ("I. First point", ("a", "b")),
        ("Who said:\nA. I think", ("a", "b")),
        ("B) is a letter", ("a", "b")),
    ],
)
def test_stems_that_look_like_choices(stem: str, options: tuple[str, ...]) -> None:
    quiz = read(f"{stem}\nA) a\nB) b\nANSWER: A\n")
    assert [(question.text, question.options) for question in quiz.questions] == [(stem.replace("\n", " "), options)]


def test_one_letter_only() -> None:
    for written in ("A, C", "AC", "A、C"):
        quiz = read(f"Which?\nA) a\nB) b\nC) c\nANSWER: {written}\n")
        assert quiz.problems == (Problem(5, None, "aiken.first_letter_only", {"letter": "A"}, "warning"),)
        assert quiz.questions[0].right == (0,)


def test_a_letter_twice() -> None:
    assert read("Which?\nA) a\nB) b\nB) c\nANSWER: A\n").problems == (
        Problem(1, None, "aiken.letter_twice", {"letter": "B"}),
    )


def test_short_lines_are_passed_over() -> None:
    assert read("Which?\n-\nA) a\nB) b\nANSWER: A\n").questions[0].text == "Which?"


def test_a_skipped_letter_still_finds_its_answer() -> None:
    assert read("Which?\nA) a\nC) c\nD) d\nANSWER: D\n").questions[0].right == (2,)


def test_too_many_choices() -> None:
    choices = "\n".join(f"{letter}) {letter}{letter}" for letter in "ABCDEFGHI")
    assert [problem.code for problem in read(f"Which?\n{choices}\nANSWER: A").problems] == ["quiz.too_many_options"]


def test_gbk() -> None:
    text = "哪一项正确？\nA．甲\nB．乙\n答案：B\n"
    assert read_questions(text.encode("gbk"), "x.txt").questions == (
        QuestionDraft(1, "single", "哪一项正确？", ("甲", "乙"), (1,)),
    )


def test_a_hostile_file_takes_a_bounded_answer() -> None:
    assert len(read("Why?\nA) a\n" + "ANSWER: A\n" * 100_000).problems) == 201
    assert len(read("Why?\nA) a\nB) b\n" * 50_000).problems) == 201
    assert len(read("Why?\n" + "A) a\n" * 100_000 + "B) b\nANSWER: B\n").problems) == 1
    wrapped = read("Why?\nA) a\nB) b\n" + "and so on\n" * 100_000 + "ANSWER: A\n")
    assert [problem.code for problem in wrapped.problems] == ["quiz.option_too_long"]
