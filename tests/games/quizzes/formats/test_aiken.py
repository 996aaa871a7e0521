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
    assert quiz.importable
    assert quiz.notes == ()
    assert quiz.headings == ("Question", "Correct answer(s)", "Explanation", *(f"Option {one}" for one in "ABCD"))
    assert [(row.line, row.cells) for row in quiz.left_out] == [
        (1, ("Too few choices here", "A", "", "The only one")),
        (5, ("", "A", "", "Choices without a stem", "and a second one")),
        (14, ("A question without its answer line", "", "", "One", "Two")),
        (18, ("A letter that is not there", "D", "", "One", "Two")),
        (23, ("An answer that is no letter", "2", "", "One", "Two")),
        (28, ("ANSWER: C", "", "")),
    ]


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


@pytest.mark.parametrize(
    "written", ["A, C", "AC", "A、C", "ＡＣ", "（A）（C）", "A C", "C,A", "a c.", "A和C", "one;three"]
)
def test_several_letters_are_several_right_answers(written: str) -> None:
    quiz = read(f"Which?\nA) one\nB) two\nC) three\nANSWER: {written}\n")
    assert quiz.problems == ()
    assert (quiz.questions[0].kind, quiz.questions[0].right) == ("multiple", (0, 2))


@pytest.mark.parametrize("written", ["A or C", "AA", "Apple", "not B", "1", "A-C", "", "?", "neither"])
def test_what_names_no_choice_is_never_taken_for_one(written: str) -> None:
    quiz = read(f"Which?\nA) one\nB) two\nC) three\nANSWER: {written}\n")
    assert quiz.questions == ()
    assert [problem.code for problem in quiz.problems] == ["aiken.no_answer_letter"]


@pytest.mark.parametrize(
    ("written", "right"), [("two", 1), ("B) two", 1), ("B. two", 1), ("B", 1), ("b.", 1), ("【B】", 1), ("选B", 1)]
)
def test_an_answer_may_be_the_text_of_a_choice(written: str, right: int) -> None:
    assert read(f"Which?\nA) one\nB) two\nC) three\nANSWER: {written}\n").questions[0].right == (right,)


@pytest.mark.parametrize(
    "head", ["ANSWER:", "Answer：", "答案：", "正确答案:", "参考答案： ", "【答案】", "Correct answer:", "答案"]
)
def test_words_before_the_answer(head: str) -> None:
    assert read(f"Which?\nA) one\nB) two\n{head}B\n").questions[0].right == (1,)


@pytest.mark.parametrize(
    "form",
    ["{0}) {1}", "{0}. {1}", "{0}、{1}", "{0}．{1}", "({0}) {1}", "（{0}）{1}", "{0} - {1}", "{0}: {1}", "{0}：{1}"],
)
@pytest.mark.parametrize("between", ["\n", "  "])
def test_forms_of_choices_under_each_other_and_in_one_line(form: str, between: str) -> None:
    if between != "\n" and " - " in form:
        between = "\n"
    choices = between.join(form.format(letter, text) for letter, text in zip("ABC", ("one", "two", "三"), strict=True))
    quiz = read(f"Which one is it?\n{choices}\nANSWER: C\n")
    assert quiz.problems == ()
    assert (quiz.questions[0].options, quiz.questions[0].right) == (("one", "two", "三"), (2,))


def test_statements_alone_each_in_its_line() -> None:
    quiz = read("1. 会员须缴纳会费。（ √ ）\n2. 女职工不享受产假。（×）\n3. 是的（对）\n")
    assert [(one.text, one.right) for one in quiz.questions] == [
        ("1. 会员须缴纳会费。", (0,)),
        ("2. 女职工不享受产假。", (1,)),
        ("3. 是的", (0,)),
    ]


def test_brackets_beside_an_answer_line() -> None:
    quiz = read("哪个（B）？\nA.甲\nB.乙\n答案：B\n\n又哪个（A）？\nA.甲\nB.乙\n答案：B\n")
    assert [(one.text, one.right) for one in quiz.questions] == [("哪个（  ）？", (1,)), ("又哪个（A）？", (1,))]
    assert [(one.line, one.code) for one in quiz.problems] == [(1, "bank.answer_hidden"), (6, "bank.answer_differs")]


def test_a_missing_letter_is_told() -> None:
    quiz = read("Which?\nA) a\nB) bC) c\nD) d\nANSWER: D\n")
    assert quiz.problems == (Problem(1, None, "aiken.letter_missing", {"letter": "C"}, "warning"),)
    assert read("哪个？\nA.甲B.乙\nC.丙D.丁\n答案：C\n").questions[0].options == ("甲", "乙", "丙", "丁")


def test_full_width_letters() -> None:
    quiz = read("哪个？\nＡ．甲\nＢ．乙\n（Ｃ）丙\n答案：ＢＣ\n")
    assert (quiz.questions[0].options, quiz.questions[0].right) == (("甲", "乙", "丙"), (1, 2))


def test_a_talk_in_the_stem_is_no_choice() -> None:
    quiz = read("A: Where are you?\nB: At home.\nWho asks?\nA) the first\nB) the second\nANSWER: A\n")
    assert quiz.questions[0].text == "A: Where are you? B: At home. Who asks?"
    assert quiz.questions[0].options == ("the first", "the second")


def test_statements_explanations_and_headings_of_parts() -> None:
    quiz = read(
        "一、判断题\n1、会员须缴纳会费。\n答案：对\n解析：见章程。\n第二条。\n2、女职工不享受产假。（×）\n\n"
        "二、单选题（每题2分）\n3、成立于（）年\nA、1921  B、1925\n答案：B\n解析：五月一日\n"
        "4、哪个？\nA、甲\nB、乙\n答案：A\n"
    )
    assert quiz.problems == ()
    assert [(one.text, one.kind, one.right, one.explanation) for one in quiz.questions] == [
        ("1、会员须缴纳会费。", "true_false", (0,), "见章程。 第二条。"),
        ("2、女职工不享受产假。", "true_false", (1,), ""),
        ("3、成立于（）年", "single", (1,), "五月一日"),
        ("4、哪个？", "single", (0,), ""),
    ]


def test_two_brackets_in_a_stem_are_no_answer() -> None:
    quiz = read("（A）和（B）\nA. one\nB. two\n\n哪个（B）？\nA. one\nB. two\n")
    assert [(one.text, one.right) for one in quiz.questions] == [("哪个（  ）？", (1,))]
    assert quiz.problems == (Problem(1, None, "aiken.several_brackets", {"count": 2}),)


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
