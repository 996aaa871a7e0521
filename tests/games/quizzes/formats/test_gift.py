"""GIFT: every construct of Moodle's grammar, what is left out with a word, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.quizzes.formats import QuestionDraft, QuizDraft, read_questions
from games.quizzes.formats.gift import words_of_html
from rewards.sheets import Problem

SAMPLES = Path(__file__).parents[3] / "samples"


def read(text: str) -> QuizDraft:
    return read_questions(text.encode(), "quiz.gift")


def one(text: str) -> QuestionDraft:
    quiz = read(text)
    assert len(quiz.questions) == 1, quiz.problems
    return quiz.questions[0]


def codes(quiz: QuizDraft) -> list[str]:
    return [problem.code for problem in quiz.problems]


def test_a_file_of_every_kind() -> None:
    quiz = read_questions((SAMPLES / "safety.gift").read_bytes(), "Safety 2026.gift")
    assert (quiz.title, quiz.format) == ("Safety 2026", "gift")
    fire, aid = "Safety/Fire", "Safety/First aid"
    assert quiz.questions == (
        QuestionDraft(
            4,
            "single",
            "Which extinguisher puts out burning oil?",
            ("water", "foam", "sand mixed with water"),
            (1,),
            None,
            "Foam keeps the air away.",
            fire,
            "Extinguisher",
        ),
        QuestionDraft(
            11,
            "multiple",
            "Name both ways out.\nThink of the stairs.",
            ("north door", "east stairs", "the lift"),
            (0, 1),
            None,
            "Lifts stop when the alarm goes.",
            fire,
            "Exits",
        ),
        QuestionDraft(
            19,
            "single",
            "A wound is _____ before it is dressed.",
            ("cleaned", "rubbed", "ignored"),
            (0,),
            category=aid,
        ),
        QuestionDraft(
            21,
            "true_false",
            "Butter helps a burn.",
            ("true", "false"),
            (1,),
            None,
            "Never put fat on a burn.",
            aid,
            "Burns",
        ),
        QuestionDraft(24, "true_false", "Cool water helps a burn.", ("true", "false"), (0,), None, "", aid, "Burns"),
        QuestionDraft(
            26,
            "single",
            "The sign {#1} means: stop\nWhat is 2 = 1 + 1 ~ about?",
            ("=2", "#3", "a\\b"),
            (0,),
            None,
            "",
            aid,
            "Signs",
        ),
        QuestionDraft(44, "single", "Difficult.", ("wrong", "half right", "right"), (2,), category=aid),
        QuestionDraft(46, "single", "三级安全教育由谁负责？", ("企业", "员工", "家属"), (0,), category=aid),
    )
    assert [(problem.line, problem.code) for problem in quiz.problems] == [
        (4, "gift.feedback_not_kept"),
        (11, "quiz.picture_left_out"),
        (28, "gift.essay_left_out"),
        (30, "gift.numerical_left_out"),
        (32, "gift.numerical_left_out"),
        (34, "gift.short_answer_left_out"),
        (36, "gift.matching_left_out"),
        (42, "gift.description_left_out"),
        (44, "gift.part_marks_not_kept"),
    ]
    assert quiz.importable


@pytest.mark.parametrize("word", ["T", "TRUE", "True", "F#wrong#right", "FALSE"])
def test_true_and_false(word: str) -> None:
    question = one(f"Water is wet. {{ {word} }}")
    assert question.kind == "true_false"
    assert question.right == ((0,) if word[0] == "T" else (1,))
    assert question.explanation == ("right" if "#" in word else "")


def test_without_an_equals_sign_it_is_multiple_response() -> None:
    question = one("Pick {~%100%a ~b ~%-50%c}")
    assert (question.kind, question.options, question.right) == ("multiple", ("a", "b", "c"), (0,))


def test_several_marked_right_are_all_to_be_chosen_and_that_is_told() -> None:
    quiz = read("Pick {=a =b ~c}")
    assert (quiz.questions[0].kind, quiz.questions[0].right) == ("multiple", (0, 1))
    assert codes(quiz) == ["gift.several_right"]
    assert quiz.importable


def test_an_unknown_tag_is_text_and_html_elsewhere_stays_text() -> None:
    assert one("[latex]<b>x</b> is? {=<i>1</i> ~2}").text == "[latex]<b>x</b> is?"
    assert one("[plain]<b>x</b>? {=<i>1</i> ~2}").options == ("<i>1</i>", "2")


def test_html_becomes_words_and_only_words() -> None:
    question = one(
        "[html]<p>1 &lt; 2<script>alert\\(1\\)</script><style>p \\{\\}</style> <![CDATA[x]]> <!-- no --> so</p>"
        "{=[html]<b>yes</b>&\\#33; ~[plain]<b>no</b>}</p>"
    )
    assert question.text == "1 < 2 so"
    assert question.options == ("yes!", "<b>no</b>")


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("a < b and b > c", "a < b and b > c"),
        ("<P class='x'>one<BR/>two</P>\nthree", "one\ntwo\nthree"),
        ("a<!-- <p> never closed", "a"),
        ("a<SCRIPT>x</script >b<style>c", "ab"),
        ("10<sup>2</sup> m<SUP>n+1</SUP> H<sub>2</sub>O x<sup>th</sup>", "10² mⁿ⁺¹ H₂O x^(th)"),
        ("<scripted>a</scripted>", "a"),
        ("&amp;lt;b&amp;gt; &nbsp; x", "&lt;b&gt; x"),
        ("<?php echo 1 ?>a<!doctype html>", "a"),
    ],
)
def test_words_of_html(html: str, words: str) -> None:
    assert words_of_html(html) == (words, False)


@given(st.text(alphabet="<>/!-?aiprsctlmg =\"'&;\n", max_size=60))
def test_words_of_any_html_hold_no_tag(html: str) -> None:
    words, _ = words_of_html(html)
    assert "\n\n" not in words
    assert words == words.strip()


@pytest.mark.parametrize(
    "html", ["<![foo bar]> a", "<!doctype x> a", "<a href='", "<", "</", "<!-", "&#xfffffff; a", "<svg><x"]
)
def test_broken_html_never_raises(html: str) -> None:
    escaped = html.replace("=", "\\=").replace("#", "\\#")
    assert read(f"[html]Text {escaped} {{=1 ~2}}").format == "gift"


def test_moodles_own_format_is_html_too() -> None:
    question = one(
        "[moodle]<p>Two</p> {=a<br>b ~c &amp; d ~[plain]<i>e</i> ~<b onclick=x>f</b>}".replace("k=x", "k\\=x")
    )
    assert (question.text, question.options) == ("Two", ("a / b", "c & d", "<i>e</i>", "f"))


def test_signs_of_latex_are_escaped_and_shown_as_they_are() -> None:
    question = one(r"Solve \\( \\frac\{1\}\{2\} \= x \\) {=\~0\:5\# ~\\neq}")
    assert (question.text, question.options) == (r"Solve \( \frac{1}{2} = x \)", ("~0:5#", r"\neq"))


@pytest.mark.parametrize("start", ["{ ~a =b } c", "{=b ~a} c", "{\n~a\n=b\n}\nc", "::n::{~a =b} c"])
def test_the_answers_may_come_first(start: str) -> None:
    question = one(start)
    assert question.text == "_____ c" if "\n" not in start else question.text.startswith("_____")
    assert [question.options[place] for place in question.right] == ["b"]


def test_wrapped_lines_are_joined_and_written_breaks_kept() -> None:
    assert one("One\ntwo\\nthree {=a ~b}").text == "One two\nthree"
    assert one("安全\n第一 {=a ~b}").text == "安全第一"


def test_moodles_shape_of_numbers_in_the_weights() -> None:
    question = one("Pick {~%33.33333%a ~%33.33333%b ~%33.33333%c ~%-100%d}")
    assert question.right == (0, 1, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A question {=a ~b", "gift.brace_alone"),
        ("A question =a ~b}", "gift.brace_alone"),
        ("A question }=a ~b{", "gift.brace_alone"),
        ("First {=a ~b}\nSecond {=c ~d}", "gift.two_blocks"),
        ("A question {stray =a ~b}", "gift.text_before_answers"),
        ("A question {~a ~b}", "quiz.no_right_answer"),
        ("A question {~ =a}", "quiz.too_few_options"),
        ("::name::{=a ~b}", "quiz.text_empty"),
        ("A question {=a ~a}", "quiz.option_twice"),
        ("A question {=a ~[html]<br>}", "quiz.option_empty"),
        ("A question {=a ~b ~c ~d ~e ~f ~g ~h ~i}", "quiz.too_many_options"),
        ("Q" * 501 + "{=a ~b}", "quiz.text_too_long"),
        ("Q {=a ~" + "b" * 201 + "}", "quiz.option_too_long"),
        ("Q {=a ~b####" + "b" * 1001 + "}", "quiz.explanation_too_long"),
        ("Q {=a ~b" + "x" * 20_000 + "}", "gift.too_long"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    quiz = read(f"// a comment\n\nGood? {{=yes ~no}}\n\n{text}\n")
    errors = [problem for problem in quiz.problems if problem.severity == "error"]
    assert [(problem.line, problem.code) for problem in errors] == [(5, code)]
    assert [question.line for question in quiz.questions] == [3]
    assert [row.line for row in quiz.left_out] == [5]
    assert quiz.importable


def test_only_what_cannot_be_played_is_no_quiz() -> None:
    assert codes(read("Write {}")) == ["quiz.no_questions", "gift.essay_left_out"]


def test_a_blank_line_inside_the_answers_ends_the_question_as_in_moodle() -> None:
    assert codes(read("Q {=a\n\n~b}")) == ["gift.brace_alone", "gift.brace_alone"]


def test_windows_lines_and_a_byte_order_mark() -> None:
    quiz = read_questions("\ufeffOne {=a ~b}\r\n\r\nTwo {T}\r\n".encode(), "q.txt")
    assert [(question.line, question.text) for question in quiz.questions] == [(1, "One"), (3, "Two")]


def test_categories_as_moodle_writes_them() -> None:
    quiz = read("$CATEGORY: $system$/top/A//B/C\nQ {T}\n\n$CATEGORY: Plain\n\nR {T}")
    assert [question.category for question in quiz.questions] == ["A//B/C", "Plain"]


def test_signs_that_hold_escapes_cannot_be_smuggled_in() -> None:
    assert one("A\ufdd0\u202eB {=a ~b}").text == "AB"


def test_problems_of_a_hostile_file_stay_few() -> None:
    quiz = read("{\n\n" * 50_000)
    assert quiz.format is None or len(quiz.problems) == 201
    assert len(read("a{\n\n" * 50_000).problems) == 201
    assert codes(read_questions(b"a {=a ~b}\n" * 250_000, "q.gift")) == ["file.too_large"]


def test_the_problem_names_its_line() -> None:
    assert read("\n\nQ {=a}").problems[-1] == Problem(3, None, "gift.short_answer_left_out", {}, "warning")
