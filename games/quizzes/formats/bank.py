"""Questions in a sheet, one a row: Kahoot's, and the banks that organisations keep, whatever their columns."""

import re
from collections.abc import Sequence
from dataclasses import replace

from games.quizzes.formats.answers import (
    TRUE_FALSE,
    Right,
    emptied,
    held_answers,
    plain,
    read_right,
    read_signs,
    split_options,
    truth_told,
    unlabelled,
)
from games.quizzes.formats.draft import Columns, Drafts, QuestionDraft, draft_question
from games.quizzes.formats.headings import Header, kind_in
from games.quizzes.formats.kahoot import USUAL_OPTION, USUAL_TEXT, nearest_seconds, read_seconds
from rewards.sheets import Problem, Sheet, one_line

_NO_OPTION = ("-", "--", "/", "\\", "—", "——", "无", "n/a")


def read_bank(sheet: Sheet, header: Header, drafts: Drafts, *, named: bool = False) -> None:
    """Take the questions below the header of a sheet, and what is wrong or doubtful, by row and column; `named`: also
    by the sheet. Empty rows, and the headings once more, are skipped.
    """

    def told(problems: Sequence[Problem]) -> list[Problem]:
        if not named:
            return list(problems)
        return [replace(one, column=" · ".join(filter(None, (sheet.name[:40], one.column)))) for one in problems]

    drafts.findings.add(*sheet.problems, *told((*header.problems, *_unnamed(sheet, header))))
    kind = kind_in(sheet.name) if header.kind is None else None
    headings = [*_headings(header), *(("题型",) if kind else ())]
    places = drafts.places_of(headings)
    kinds_told = set[str]()
    for line, cells in enumerate(sheet.rows[header.line :], start=header.line + 1):
        if header.is_again(cells):
            continue
        row = _Row(line, cells, header, sheet)
        question = row.question(kinds_told)
        if any(problem.severity == "error" for problem in row.problems):
            question = None
        whole = [*cells, *[""] * (len(headings) - len(cells))]
        if kind:
            whole[len(headings) - 1] = sheet.name
        drafts.take(question, told(row.problems), line, _laid(whole, places))


def _laid(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    """The cells, each at its place; those under no heading behind."""
    laid = [""] * (max(places, default=-1) + 1)
    for place, cell in zip(places, cells, strict=False):
        laid[place] = cell
    return laid + list(cells[len(places) :])


def _unnamed(sheet: Sheet, header: Header) -> list[Problem]:
    """Columns among those of options that hold something under no heading: they are not read."""
    among = range(min(header.options.values(), default=0), max(header.options.values(), default=0))
    unnamed = [place for place in among if header.line and not header.headings[place]]
    rows = sheet.rows[header.line :]
    held = [place for place in unnamed if any(place < len(cells) and cells[place].strip() for cells in rows)]
    columns = ", ".join(header.name(place) for place in held)
    return [Problem(header.line, None, "bank.columns_not_read", {"columns": columns}, "warning")] if held else []


def _headings(header: Header) -> tuple[str, ...]:
    """Over the rows that go back. A question's column is never called as the one that says what is wrong is (问题)."""
    if header.line:
        texts = {header.text: "题目" if header.headings[header.text] == "问题" else header.headings[header.text]}
        return tuple(texts.get(place, heading) for place, heading in enumerate(header.headings))
    names = {header.text: "题目", header.right: "正确答案", header.kind: "题型", header.explanation: "解析"}
    names |= {place: f"选项{chr(64 + number)}" for number, place in header.options.items()}
    return tuple(names.get(place, "") for place in range(max(place for place in names if place is not None) + 1))


class _Row:
    """One row being read; collects what is wrong with it."""

    def __init__(self, line: int, cells: Sequence[str], header: Header, sheet: Sheet) -> None:
        self.line, self.cells, self.header, self.sheet = line, cells, header, sheet
        self.columns = header.columns()
        self.problems: list[Problem] = []

    def _cell(self, place: int | None) -> str:
        return self.cells[place].strip() if place is not None and place < len(self.cells) else ""

    def _tell(self, column: str | None, code: str, *, error: bool = False, **details: str | int) -> None:
        self.problems.append(Problem(self.line, column, code, details, "error" if error else "warning"))

    def question(self, kinds_told: set[str]) -> QuestionDraft | None:
        """The question, or None with at least one error; None without any for a row that holds nothing."""
        header, columns = self.header, self.columns
        text, told = self._cell(header.text), one_line(self._cell(header.right))
        written, options_certain = self._options()
        if not self._look():
            return None
        if not text and written == {}:
            if told:
                self._tell(columns.text, "quiz.text_empty", error=True)
            return None
        kind = kind_in(self._cell(header.kind) if header.kind is not None else self.sheet.name)
        self._kind_told(kind, kinds_told)
        if written is None:
            self._tell(header.name(header.together or 0), "bank.options_unclear", error=True)
            return None
        if not options_certain:
            self._tell(header.name(header.together or 0), "bank.options_guessed", count=len(written))
        if kind == "true_false" or truth_told(told) is not None:
            written = {number: option for number, option in written.items() if option.casefold() not in _NO_OPTION}
        text, told = self._held(text, told, written)
        right = self._right(told, written, kind)
        several = kind == "multiple"
        if not written and right.numbers:
            written = {1: TRUE_FALSE[0], 2: TRUE_FALSE[1]}
        self._fitting(kind, written, right.numbers)
        self._usual(text, written)
        present = tuple(header.name(header.options[number]) if number in header.options else None for number in written)
        if header.together is not None:
            present = (header.name(header.together),) * len(written)
        question, wrong = draft_question(
            self.line,
            text,
            tuple(written.values()),
            [list(written).index(number) for number in right.numbers],
            several=several,
            seconds=self._seconds(),
            explanation=self._cell(header.explanation),
            columns=Columns(columns.text, present or columns.options, columns.right, columns.explanation),
        )
        if any(problem.severity == "error" for problem in self.problems):
            wrong = [problem for problem in wrong if problem.code != "quiz.no_right_answer"]
        self.problems += wrong
        return question

    def _options(self) -> tuple[dict[int, str] | None, bool]:
        """(options by number, whether they are certain); (None, _) where those of one cell cannot be told apart."""
        header = self.header
        if header.together is not None:
            return split_options(self._cell(header.together))
        written = {number: self._cell(place) for number, place in header.options.items() if self._cell(place)}
        bare = unlabelled(written)
        if bare is None:
            self._tell(self.columns.option(0), "bank.labels_differ", error=True)
            return written, True
        return bare, True

    def _look(self) -> bool:
        """Say what the cells do not show; whether all that is read of the row can be."""
        header = self.header
        places = [header.text, *header.options.values(), header.right, header.explanation, header.together, header.kind]
        for place in places:
            code = "" if place is None else self.sheet.mark(self.line, place).code
            if self.sheet.kind == "xlsx" and re.fullmatch(r"-?\d+\.\d{10,}", self._cell(place)):
                # How many of its digits are shown is up to the width of the column.
                code = code or "file.shown_unclear"
            if code and place is not None:
                self._tell(header.name(place), code, error=code != "file.shown_unclear")
        held = bool(self.problems) or any(self._cell(place) for place in places)
        if held and self.line in self.sheet.hidden:
            self._tell(None, "bank.row_hidden")
        return all(problem.severity == "warning" for problem in self.problems)

    def _kind_told(self, kind: str | None, kinds_told: set[str]) -> None:
        place = self.header.kind
        if place is None:
            return
        value = one_line(self._cell(place))[:40]
        if kind == "other":
            self._tell(self.header.name(place), "bank.kind_not_played", error=True, value=value)
        elif kind is None and value not in kinds_told:
            kinds_told.add(value)
            self._tell(self.header.name(place), "bank.kind_unknown", value=value)

    def _held(self, text: str, told: str, written: dict[int, str]) -> tuple[str, str]:
        """(stem, answer), where the stem may hold its answer in brackets: with no answer beside, that is it; with the
        same beside, it is hidden."""
        held = held_answers(text)
        if len(held) != 1 or (truth_told(held[0]) is None) != bool(written):
            return text, told
        if not told:
            self._tell(self.columns.right, "bank.answer_in_question", value=held[0])
            return emptied(text), held[0]
        if read_signs(held[0]) == read_signs(told) and truth_told(held[0]) == truth_told(told):
            self._tell(self.columns.text, "bank.answer_hidden", value=held[0])
            return emptied(text), told
        self._tell(self.columns.right, "bank.answer_differs", value=told[:40], held=held[0])
        return text, told

    def _right(self, told: str, written: dict[int, str], kind: str | None) -> Right:
        header = self.header
        column = self.columns.right
        if written:
            known = max(header.options, default=0)
            right = read_right(told, written, lettered=header.lettered, known=known)
        elif (said := truth_told(told)) is not None:
            right = Right((said + 1,))
        elif kind == "true_false" and (read_signs(told) or []) in ([1], [2], [0]):
            first = read_signs(told) == [1]
            right = Right((1,) if first else (2,), "bank.truth_by_sign", {"value": told[:40]})
        else:
            # With nothing to choose from, that alone is wrong.
            return Right(())
        if right.code:
            self._tell(column, right.code, error=not right.numbers, **right.details)
        return right

    def _fitting(self, kind: str | None, written: dict[int, str], right: Sequence[int]) -> None:
        """Whether the kind that the row names is that of its answers."""
        if self.header.kind is None or not right:
            return
        column, value = self.header.name(self.header.kind), one_line(self._cell(self.header.kind))[:40]
        truthful = {plain(option) for option in written.values()} == set(TRUE_FALSE) or len(written) == 2
        if kind in ("single", "true_false") and len(right) > 1:
            self._tell(column, "bank.kind_differs", error=True, value=value, count=len(right))
        elif kind == "multiple" and len(right) == 1:
            self._tell(column, "bank.kind_differs", value=value, count=1)
        elif kind == "true_false" and not truthful:
            self._tell(column, "bank.kind_not_two", value=value)

    def _usual(self, text: str, written: dict[int, str]) -> None:
        if len(text) > USUAL_TEXT:
            self._tell(self.columns.text, "kahoot.long_text", length=len(text), limit=USUAL_TEXT)
        for number, option in written.items():
            if len(option) > USUAL_OPTION:
                place = self.header.options.get(number, self.header.together)
                column = None if place is None else self.header.name(place)
                self._tell(column, "kahoot.long_option", length=len(option), limit=USUAL_OPTION)

    def _seconds(self) -> int | None:
        place = self.header.seconds
        told = self._cell(place)
        if place is None or not told:
            return None
        seconds, column = read_seconds(told), self.header.name(place)
        if seconds is None:
            self._tell(column, "kahoot.time_unclear", value=one_line(told)[:40])
        elif (nearest := nearest_seconds(seconds)) != seconds:
            self._tell(column, "kahoot.time_changed", seconds=seconds, nearest=nearest)
            return nearest
        return seconds
