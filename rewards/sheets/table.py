"""The cells of a file as text, cut to what holds something."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rewards.sheets.columns import column_letters
from rewards.sheets.limits import MAX_CELL_CHARACTERS, MAX_CELLS, MAX_CHARACTERS, MAX_COLUMNS, MAX_ROWS
from rewards.sheets.problems import Problem, refuse


@dataclass(frozen=True, slots=True)
class Mark:
    """What a cell's text does not tell. `value` is the plain number or moment under a format, "" where the text is it.

    `code`: file.formula, file.error_cell (the text is ""), file.digits_lost (a number of more digits than a spreadsheet
    keeps), file.shown_unclear (the cell may show something else than the text); "" for none of them.
    """

    code: str = ""
    value: str = ""


Marks = dict[tuple[int, int], Mark]
"""By line, from 1, and place, from 0."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a table as text. `rows[i]` is line i + 1; rows are ragged: empty cells at the end of a row and
    empty rows at the end of the sheet are cut, empty rows between are `()`.

    Numbers, days and times read as a person sees them (`2008`, never `2008.0`; `00123`, `25%`, `8:30` where the cell's
    format shows them so); where that cannot be known, days as `2024-03-01` or `2024-03-01T08:30:00`. Booleans are
    `TRUE` and `FALSE`. `name` is the sheet's own, "" for CSV. `problems` are warnings only. `marks` tell of single
    cells; `hidden` are the lines that the workbook does not show.
    """

    kind: Literal["csv", "xlsx"]
    name: str
    rows: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...] = ()
    marks: Mapping[tuple[int, int], Mark] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()

    def mark(self, line: int, place: int) -> Mark:
        """Of a cell; an empty one where there is nothing to tell."""
        return self.marks.get((line, place), _NONE)


_NONE = Mark()


def trimmed(
    kind: Literal["csv", "xlsx"],
    name: str,
    lines: Iterable[Sequence[str]],
    problems: tuple[Problem, ...] = (),
    marks: Marks | None = None,
    hidden: frozenset[int] = frozenset(),
) -> Sheet:
    rows: list[tuple[str, ...]] = []
    cells = characters = 0
    for number, line in enumerate(lines, start=1):
        width = len(line)
        while width and not line[width - 1]:
            width -= 1
        if not width:
            if number <= MAX_ROWS:
                rows.append(())
            continue
        if number > MAX_ROWS:
            raise refuse("file.too_many_rows", number, limit=MAX_ROWS)
        if width > MAX_COLUMNS:
            raise refuse("file.too_many_columns", number, limit=MAX_COLUMNS)
        row = tuple(line[:width])
        cells += width
        for column, cell in enumerate(row, start=1):
            characters += len(cell)
            if len(cell) > MAX_CELL_CHARACTERS:
                raise refuse("file.cell_too_long", number, column_letters(column), limit=MAX_CELL_CHARACTERS)
            if "\x00" in cell:
                raise refuse("file.nul_character", number, column_letters(column))
        if cells > MAX_CELLS or characters > MAX_CHARACTERS:
            raise refuse("file.unpacks_too_large")
        rows.append(row)
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise refuse("file.empty")
    return Sheet(kind, name, tuple(rows), problems, marks or {}, hidden)
