"""What a quiz file says, before anyone decides to import it: questions as drafts, and what is wrong with them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from games.quizzes.formats.answers import TRUE_FALSE, truth
from games.quizzes.rules import Kind
from rewards.sheets import Findings, LeftOut, Problem, one_line, plain_text

Format = Literal["kahoot", "bank", "gift", "aiken"]

MAX_TEXT = 500
MAX_OPTION = 200
MIN_OPTIONS = 2
MAX_OPTIONS = 8
MAX_EXPLANATION = 1000
MAX_TITLE = 200
MAX_QUESTIONS = 500


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
    """`title` is a guess for the organiser to correct. `format` None: no known format; "bank": a sheet of another
    shape than Kahoot's.

    `questions` are the good ones and `left_out` the others, both in the order of the file; `problems` tell of all of it
    in the order of lines, of many the first. `headings` are those over the cells of `left_out`.
    """

    title: str
    format: Format | None
    questions: tuple[QuestionDraft, ...]
    problems: tuple[Problem, ...]
    headings: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is said of the file and of the questions that can be taken."""
        left_out = {(one.line, one.column, one.code) for row in self.left_out for one in row.problems}
        return tuple(one for one in self.problems if (one.line, one.column, one.code) not in left_out)

    @property
    def importable(self) -> bool:
        """Whether the good questions can be taken: there is one, and nothing is wrong with the file as a whole."""
        whole = (problem for problem in self.problems if problem.line is None and problem.code != "file.more_problems")
        return bool(self.questions) and all(problem.severity != "error" for problem in whole)


@dataclass(slots=True)
class Drafts:
    """What a reader gathers. Questions beyond MAX_QUESTIONS are left out like those with an error."""

    findings: Findings = field(default_factory=Findings)
    kept: list[QuestionDraft] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)

    def places_of(self, headings: Sequence[str]) -> list[int]:
        """Where the columns of a sheet stand in the file of what is left out: under the headings of those before, of
        equal ones each its own, else behind."""
        places = list[int]()
        for heading in headings:
            same = [place for place, one in enumerate(self.headings) if one == heading and place not in places]
            if not same:
                self.headings.append(heading)
            places.append(same[0] if same else len(self.headings) - 1)
        return places

    def take(
        self, question: QuestionDraft | None, problems: Sequence[Problem], line: int = 0, cells: Sequence[str] = ()
    ) -> None:
        """`cells` of `line` go back to whoever brought them where there is an error among the problems."""
        if question is not None and len(self.kept) == MAX_QUESTIONS:
            problems = [*problems, Problem(line, None, "quiz.beyond_limit", {"limit": MAX_QUESTIONS})]
        self.findings.add(*problems)
        if any(problem.severity == "error" for problem in problems):
            self.left_out.append(LeftOut(line, tuple(cells), tuple(problems)))
        elif question is not None:
            self.kept.append(question)

    def quiz(self, title: str, kind: Format) -> QuizDraft:
        if not self.kept and not self.findings.blocked:
            self.findings.add(Problem(None, None, "quiz.no_questions"))
        headings = tuple(self.headings or _headings_for(self.left_out)) if self.left_out else ()
        return QuizDraft(title, kind, tuple(self.kept), self.findings.told(), headings, tuple(self.left_out))


def cells_of(text: str, options: Sequence[str] = (), right: str = "", explanation: str = "") -> tuple[str, ...]:
    """A question of a text file as a row of a sheet, for the file of those that could not be taken."""
    return (text, right, explanation, *options)


def _headings_for(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """Headings over such rows, in the language of the questions; the sheet is read like any other."""
    count = max([4, *(len(row.cells) - 3 for row in left_out)])
    letters = [chr(65 + place) for place in range(min(count, 26))]
    if any(re.search("[\u4e00-\u9fff]", row.cells[0]) for row in left_out if row.cells):
        return ("题目", "正确答案", "解析", *(f"选项{letter}" for letter in letters))
    return ("Question", "Correct answer(s)", "Explanation", *(f"Option {letter}" for letter in letters))


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings that a sheet gives to the parts of a question; for a text file there are none."""

    text: str | None = None
    options: tuple[str | None, ...] = ()
    right: str | None = None
    explanation: str | None = None

    def option(self, place: int) -> str | None:
        return self.options[place] if place < len(self.options) else None


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
    if kind == "single" and len(cleaned) == 2 and {truth(option) for option in cleaned} == {0, 1}:
        kind, places = "true_false", (0 if truth(cleaned[places[0]]) == 0 else 1,)
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
