"""What a quiz file says, before anyone decides to import it: questions as drafts, and what is wrong with them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from games.quizzes.rules import Kind
from rewards.sheets import Findings, Problem, one_line, plain_text

Format = Literal["kahoot", "gift", "aiken"]

MAX_TEXT = 500
MAX_OPTION = 200
MIN_OPTIONS = 2
MAX_OPTIONS = 8
MAX_EXPLANATION = 1000
MAX_TITLE = 200
MAX_QUESTIONS = 500

TRUE_FALSE = ("true", "false")


@dataclass(frozen=True, slots=True)
class QuestionDraft:
    """One question as a file has it. `line` is where it starts, from 1.

    `right` holds the places of the right options, from 0, ascending, at least one; exactly one unless `kind` is
    multiple. A true/false question always has the options `TRUE_FALSE` in that order, whatever words the file
    used: pages say them in the reader's language. `seconds` None: the file says nothing. `explanation`, `category`
    (a path `a/b`) and `name` are "" where the file says nothing.
    """

    line: int
    kind: Kind
    text: str
    options: tuple[str, ...]
    right: tuple[int, ...]
    seconds: int | None = None
    explanation: str = ""
    category: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class QuizDraft:
    """`title` is a guess for the organiser to correct. `format` None: no known format.

    `questions` are the good ones in the order of the file; `problems` in the order of lines.
    """

    title: str
    format: Format | None
    questions: tuple[QuestionDraft, ...]
    problems: tuple[Problem, ...]

    @property
    def importable(self) -> bool:
        """All good questions, or none: no error, and at least one question."""
        return bool(self.questions) and all(problem.severity != "error" for problem in self.problems)


@dataclass(slots=True)
class Drafts:
    """What a reader gathers. Questions beyond MAX_QUESTIONS are counted, not kept."""

    findings: Findings = field(default_factory=Findings)
    kept: list[QuestionDraft] = field(default_factory=list)
    count: int = 0

    def take(self, question: QuestionDraft | None, problems: Sequence[Problem]) -> None:
        self.findings.add(*problems)
        if question is not None:
            self.count += 1
            if self.count <= MAX_QUESTIONS:
                self.kept.append(question)

    def quiz(self, title: str, kind: Format) -> QuizDraft:
        if self.count > MAX_QUESTIONS:
            details = {"count": self.count, "limit": MAX_QUESTIONS}
            self.findings.add(Problem(None, None, "quiz.too_many_questions", details))
        elif not self.count and not self.findings.blocked:
            self.findings.add(Problem(None, None, "quiz.no_questions"))
        return QuizDraft(title, kind, tuple(self.kept), self.findings.told())


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings that a sheet gives to the parts of a question; for a text file there are none."""

    text: str | None = None
    options: tuple[str | None, ...] = ()
    right: str | None = None
    explanation: str | None = None

    def option(self, place: int) -> str | None:
        return self.options[place] if place < len(self.options) else None


_TRUE_WORDS = frozenset(("true", "t", "对", "正确", "√", "✓"))
_FALSE_WORDS = frozenset(("false", "f", "错", "错误", "×", "✗", "不对", "不正确"))


def _truth(option: str) -> int | None:
    """0 for a word that says true, 1 for false: the place in TRUE_FALSE; None for any other text."""
    word = unicodedata.normalize("NFKC", option).casefold().rstrip(".。")
    return 0 if word in _TRUE_WORDS else 1 if word in _FALSE_WORDS else None


def draft_question(
    line: int,
    text: str,
    options: Sequence[str],
    right: Sequence[int],
    *,
    several: bool = False,
    seconds: int | None = None,
    explanation: str = "",
    category: str = "",
    name: str = "",
    columns: Columns | None = None,
) -> tuple[QuestionDraft | None, list[Problem]]:
    """A cleaned question that keeps the limits, with its warnings; or None with at least one error.

    `several`: the file asks for all right answers, even if only one is. Places in `right` index `options`.
    """
    columns = columns or Columns()
    text, explanation = plain_text(text), plain_text(explanation)
    cleaned = tuple(one_line(option) for option in options)
    places = tuple(sorted(set(right)))
    problems: list[Problem] = []

    def wrong(column: str | None, code: str, **details: str | int) -> None:
        problems.append(Problem(line, column, code, details))

    if not text:
        wrong(columns.text, "quiz.text_empty")
    if len(text) > MAX_TEXT:
        wrong(columns.text, "quiz.text_too_long", length=len(text), limit=MAX_TEXT)
    if len(cleaned) < MIN_OPTIONS:
        wrong(columns.option(0), "quiz.too_few_options", limit=MIN_OPTIONS)
    if len(cleaned) > MAX_OPTIONS:
        wrong(columns.option(MAX_OPTIONS), "quiz.too_many_options", limit=MAX_OPTIONS)
    for place, option in enumerate(cleaned[:MAX_OPTIONS]):
        if not option:
            wrong(columns.option(place), "quiz.option_empty", number=place + 1)
        elif len(option) > MAX_OPTION:
            wrong(
                columns.option(place),
                "quiz.option_too_long",
                number=place + 1,
                length=len(option),
                limit=MAX_OPTION,
            )
        elif option in cleaned[:place]:
            first = cleaned.index(option)
            wrong(columns.option(place), "quiz.option_twice", number=place + 1, first=first + 1)
    if not places:
        wrong(columns.right, "quiz.no_right_answer")
    if len(explanation) > MAX_EXPLANATION:
        wrong(columns.explanation, "quiz.explanation_too_long", length=len(explanation), limit=MAX_EXPLANATION)
    if problems:
        return None, problems

    kind: Kind = "multiple" if several or len(places) > 1 else "single"
    if kind == "single" and len(cleaned) == 2 and {_truth(option) for option in cleaned} == {0, 1}:
        kind, places = "true_false", (0 if _truth(cleaned[places[0]]) == 0 else 1,)
        cleaned = TRUE_FALSE
    question = QuestionDraft(
        line, kind, text, cleaned, places, seconds, explanation, one_line(category)[:200], one_line(name)[:200]
    )
    return question, []


def lines_of(text: str) -> list[str]:
    """The lines of a text file, cleaned and trimmed; the first is line 1."""
    return [one_line(line) for line in re.split("\r\n?|\n", text)]


def title_of(filename: str) -> str:
    """The file's name without folders and ending, at most MAX_TITLE characters; "" where there is none."""
    last = re.split(r"[/\\]", filename)[-1]
    stem, dot, ending = last.rpartition(".")
    return one_line(stem if dot and len(ending) <= 5 else last)[:MAX_TITLE].strip()
