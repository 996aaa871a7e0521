"""Kahoot's spreadsheet, and those of the same shape: ClassQuiz, Blooket, and sheets that people make themselves."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from games.quizzes.formats.draft import Columns, Drafts, QuestionDraft, draft_question
from rewards.sheets import Problem, one_line

HEADER_WITHIN = 20
ALLOWED_SECONDS = (5, 10, 20, 30, 60, 90, 120, 240)
USUAL_TEXT = 120
USUAL_OPTION = 75


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are (places from 0) and the row of the headings, from 1. `options` by their number, from 1."""

    line: int
    text: int
    options: dict[int, int]
    right: int
    seconds: int | None
    explanation: int | None
    headings: tuple[str, ...]

    def columns(self) -> Columns:
        """The headings of this sheet's parts, short: "Answer 1" for "Answer 1 - max 75 characters"."""
        return Columns(
            self.name(self.text),
            tuple(self.name(place) for place in self.options.values()),
            self.name(self.right),
            None if self.explanation is None else self.name(self.explanation),
        )

    def name(self, place: int) -> str:
        return re.split(r" [-–—] | \(|（", self.headings[place])[0].strip()[:60]


_TEXT = re.compile(r"(question|题目|题干|问题|试题)(?! ?(#|no\b|number|id\b|type|编号|类型))")
_OPTION = re.compile(r"(?:answer|option|choice|答案|选项) ?([1-8a-h])\b|([1-8])(?:st|nd|rd|th) answer\b")
_RIGHT = re.compile(r"correct|right answer|正确|标准答案|答案$")
_SECONDS = re.compile(r"time|限时|时间|答题时间")
_EXPLANATION = re.compile(r"explanation|解析|答案解析|说明")


def find_header(rows: Sequence[tuple[str, ...]]) -> Header | None:
    """The first of the first 20 rows that names a question, answer 1 and the correct answer."""
    for line, cells in enumerate(rows[:HEADER_WITHIN], start=1):
        headings = tuple(one_line(cell) for cell in cells)
        plain = [unicodedata.normalize("NFKC", heading[:200]).casefold() for heading in headings]

        def place_of(pattern: re.Pattern[str], plain: list[str] = plain) -> int | None:
            return next((place for place, heading in enumerate(plain) if pattern.match(heading)), None)

        options: dict[int, int] = {}
        for place, heading in enumerate(plain):
            if found := _OPTION.match(heading):
                sign = found[1] or found[2]
                options.setdefault(int(sign) if sign.isdigit() else ord(sign) - 96, place)
        text, right = place_of(_TEXT), place_of(_RIGHT)
        if text is not None and right is not None and 1 in options:
            options = dict(sorted(options.items()))
            return Header(line, text, options, right, place_of(_SECONDS), place_of(_EXPLANATION), headings)
    return None


def title_in(rows: Sequence[tuple[str, ...]], header: Header) -> str:
    """The title that the sheet carries above its header (Kahoot: B2, ClassQuiz: C5), or ""."""

    def cell(line: int, place: int) -> str:
        row = rows[line - 1]
        return one_line(row[place]) if place < len(row) else ""

    if header.line == 13 and cell(5, 1).casefold() == "title":
        return cell(5, 2)
    if header.line == 8 and cell(2, 1).casefold() != "quiz template":
        return cell(2, 1)
    return ""


def read_kahoot(rows: Sequence[tuple[str, ...]], header: Header) -> Drafts:
    """The questions below the header, and what is wrong or doubtful, by row and column. Empty rows are skipped."""
    drafts = Drafts()
    for line, cells in enumerate(rows[header.line :], start=header.line + 1):
        drafts.take(*_question(line, cells, header))
    return drafts


def _question(line: int, cells: tuple[str, ...], header: Header) -> tuple[QuestionDraft | None, list[Problem]]:
    def cell(place: int | None) -> str:
        return cells[place].strip() if place is not None and place < len(cells) else ""

    text = cell(header.text)
    written = {number: cell(place) for number, place in header.options.items() if cell(place)}
    if not text and not written:
        return None, []
    problems: list[Problem] = []
    columns = header.columns()

    def tell(column: str | None, code: str, *, error: bool = False, **details: str | int) -> None:
        problems.append(Problem(line, column, code, details, "error" if error else "warning"))

    if len(text) > USUAL_TEXT:
        tell(columns.text, "kahoot.long_text", length=len(text), limit=USUAL_TEXT)
    for number, option in written.items():
        if len(option) > USUAL_OPTION:
            column = header.name(header.options[number])
            tell(column, "kahoot.long_option", length=len(option), limit=USUAL_OPTION)

    seconds: int | None = None
    if header.seconds is not None and (told := cell(header.seconds)):
        seconds = read_seconds(told)
        column = header.name(header.seconds)
        if seconds is None:
            tell(column, "kahoot.time_unclear", value=one_line(told)[:40])
        elif (nearest := nearest_seconds(seconds)) != seconds:
            tell(column, "kahoot.time_changed", seconds=seconds, nearest=nearest)
            seconds = nearest

    right: list[int] = []
    told = one_line(cell(header.right))
    numbers = read_numbers(told)
    if numbers is None:
        tell(columns.right, "kahoot.right_answer_unclear", error=True, value=told[:40])
    for number in numbers or ():
        if number not in header.options:
            tell(columns.right, "quiz.right_answer_outside", error=True, value=str(number)[:20])
        elif number not in written:
            tell(columns.right, "quiz.right_answer_empty", error=True, number=number)
        else:
            right.append(list(written).index(number))

    # Answers may leave gaps: their own columns name them in problems.
    present = tuple(header.name(header.options[number]) for number in written)
    columns = Columns(columns.text, present, columns.right, columns.explanation)
    question, wrong = draft_question(
        line,
        text,
        tuple(written.values()),
        right,
        seconds=seconds,
        explanation=cell(header.explanation),
        columns=columns,
    )
    if any(problem.severity == "error" for problem in problems):
        question = None
        wrong = [problem for problem in wrong if problem.code != "quiz.no_right_answer"]
    return question, problems + wrong


def read_numbers(text: str) -> list[int] | None:
    """The answers meant by `2`, `2.0`, `1,2`, `1;2`, `1，2`, `1.2` (what a decimal-comma country makes of 1,2), `12`
    and `A, C`; [] for nothing; None where it is unclear, as in a date that a spreadsheet made of `1,2`.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if whole := re.fullmatch(r"([0-9]+)\.0+", text):
        text = whole[1]
    parts = [part for part in re.split(r"[\s,;.、/&+|]+", text) if part]
    if all(re.fullmatch("[A-Ha-h]", part) for part in parts):
        return [ord(part.upper()) - 64 for part in parts]
    if not all(re.fullmatch("[0-9]{1,9}", part) for part in parts):
        return None
    if len(parts) == 1 and re.fullmatch("[1-8]{2,8}", parts[0]):
        return [int(digit) for digit in parts[0]]
    return [int(part) for part in parts]


def read_seconds(text: str) -> int | None:
    """Seconds from `20`, `20.0`, `20 sec`, `20 秒`; None where it is no number or zero."""
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    found = re.fullmatch(r"([0-9]{1,6})(\.[0-9]+)?\s*(s|sec|secs|second|seconds|秒|秒钟)?\.?", text)
    return int(found[1]) or None if found else None


def nearest_seconds(seconds: int) -> int:
    """The nearest of Kahoot's times; halfway, the longer."""
    return min(ALLOWED_SECONDS, key=lambda allowed: (abs(allowed - seconds), -allowed))
