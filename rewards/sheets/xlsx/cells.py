"""The cells of one sheet as text."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rewards.sheets.columns import column_number
from rewards.sheets.formulas import literal
from rewards.sheets.limits import MAX_CELLS, MAX_COLUMNS, MAX_MARKS, MAX_ROWS
from rewards.sheets.problems import refuse
from rewards.sheets.table import Mark, Marks
from rewards.sheets.xlsx.elements import Handler
from rewards.sheets.xlsx.numbers import EPOCH_1900, EPOCH_1904, Look, moment_text, shown
from rewards.sheets.xlsx.strings import unescaped

KEPT_DIGITS: Final = 15
"""Digits of a number that a spreadsheet keeps."""

_FORMULA, _ERROR = Mark("file.formula"), Mark("file.error_cell")
_LOST, _UNCLEAR = Mark("file.digits_lost"), Mark("file.shown_unclear")


class Cells(Handler):
    """The cells of one sheet. `rows`: line -> its cells from column A; only lines that hold something. `hidden`: lines
    that the workbook does not show."""

    def __init__(self, strings: Sequence[str], looks: Sequence[Look], epoch_1904: bool) -> None:
        super().__init__()
        self.rows: dict[int, list[str]] = {}
        self.marks: Marks = {}
        self.hidden: set[int] = set()
        self._strings, self._looks, self._epoch_1904 = strings, looks, epoch_1904
        self._merged: list[tuple[int, int, int]] = []
        self._row = self._column = self._size = 0
        self._kind = "n"
        self._style = 0
        self._value: list[str] = []
        self._text: list[str] = []
        self._formula: list[str] | None = None
        self._into: list[str] | None = None
        self._phonetic = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "row":
                row = int(attributes["r"]) if "r" in attributes else self._row + 1
                if row <= self._row:
                    raise refuse("file.broken")
                self._row, self._column = row, 0
                if attributes.get("hidden") in ("1", "true") and row <= MAX_ROWS:
                    self.hidden.add(row)
            case "c":
                self._column = column_number(attributes["r"]) if "r" in attributes else self._column + 1
                self._kind = attributes.get("t", "n")
                style = attributes.get("s", "0")
                self._style = int(style) if style.isdigit() else 0
                self._value, self._text, self._formula = [], [], None
            case "v":
                self._into = self._value
            case "f":
                self._formula = []
                self._into = self._formula
            case "rPh":
                self._phonetic = True
            case "t":
                self._into = None if self._phonetic else self._text
            case "mergeCell":
                self._merge(attributes.get("ref", ""))

    def characters(self, content: str) -> None:
        if self._into is not None:
            self._into.append(content)

    def closed(self, name: str) -> None:
        if name in ("v", "f", "t"):
            self._into = None
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            self._keep(self._read())

    def _keep(self, cell: str) -> None:
        if not cell:
            return
        if self._row > MAX_ROWS:
            raise refuse("file.too_many_rows", self._row, limit=MAX_ROWS)
        if self._column > MAX_COLUMNS:
            raise refuse("file.too_many_columns", self._row, limit=MAX_COLUMNS)
        row = self.rows.setdefault(self._row, [])
        added = max(0, self._column - len(row))
        self._size += added
        if self._size > MAX_CELLS:
            raise refuse("file.unpacks_too_large")
        row.extend([""] * added)
        row[self._column - 1] = cell

    def _mark(self, mark: Mark) -> str:
        self.marks[self._row, self._column - 1] = mark
        if len(self.marks) > MAX_MARKS:
            raise refuse("file.unpacks_too_large")
        return ""

    def _read(self) -> str:
        if self._formula is not None:
            value = literal("".join(self._formula))
            return self._mark(_FORMULA) if value is None else value
        if self._kind == "inlineStr":
            return unescaped("".join(self._text))
        value = "".join(self._value)
        if not value:
            return ""
        match self._kind:
            case "s":
                return self._strings[int(value)]
            case "str":
                return unescaped(value)
            case "b":
                return "TRUE" if value.strip() in ("1", "true") else "FALSE"
            case "e":
                return self._mark(_ERROR)
            case "d":
                return moment_text(datetime.fromisoformat(value.strip()))
            case _:
                return self._number(value.strip())

    def _number(self, value: str) -> str:
        look = self._looks[self._style] if self._style < len(self._looks) else Look()
        try:
            found = shown(value, look, EPOCH_1904 if self._epoch_1904 else EPOCH_1900)
        except (OverflowError, ValueError):
            if not look.moment:
                raise
            return self._mark(_ERROR)
        if len((found.value or found.text).partition(".")[0].lstrip("-")) > KEPT_DIGITS and not look.moment:
            self._mark(_LOST)
        elif not found.certain:
            self._mark(_UNCLEAR)
        elif found.value:
            self._mark(Mark(value=found.value))
        return found.text

    def _merge(self, ref: str) -> None:
        corners = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})", ref)
        if corners and corners[1] == corners[3]:
            self._merged.append((column_number(corners[1]), int(corners[2]), int(corners[4])))

    def fill_merged(self) -> None:
        """A cell merged downwards stands in every line it covers: people write a workshop once for its members.

        Lines that hold nothing else stay empty.
        """
        filled = 0
        for column, first, last in self._merged:
            top = self.rows.get(first, [])
            value = top[column - 1] if column <= len(top) else ""
            mark = self.marks.get((first, column - 1))
            if not value and mark is None:
                continue
            for number in range(first + 1, min(last, MAX_ROWS) + 1):
                filled += 1
                if filled > MAX_CELLS:
                    raise refuse("file.unpacks_too_large")
                row = self.rows.get(number)
                if row is None:
                    continue
                row.extend("" for _ in range(len(row), column))
                if not row[column - 1]:
                    row[column - 1] = value
                    if mark is not None:
                        self.marks.setdefault((number, column - 1), mark)
