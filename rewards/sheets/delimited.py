"""Tables as text: .csv, separated by commas, semicolons or tabs."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from io import StringIO

from rewards.sheets.formulas import is_error, literal, neutralise, restored
from rewards.sheets.limits import MAX_CELL_CHARACTERS, MAX_MARKS
from rewards.sheets.problems import refuse
from rewards.sheets.table import Mark, Marks

_DELIMITERS = ",\t;"


def records(text: str, marks: Marks) -> Iterator[list[str]]:
    """The records of a CSV text. Empty lines are records too, so that numbers are those a spreadsheet shows.

    Formulas are empty cells with a mark in `marks`; so are the errors that a spreadsheet writes (`#N/A`)."""
    if told := re.match(r"(?i)sep=([,;\t])\r?\n", text):
        delimiter, text = told[1], text[told.end() :]
    else:
        delimiter = _delimiter(text)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error as wrong:
            if "field larger" in str(wrong):
                raise refuse("file.cell_too_long", number, limit=MAX_CELL_CHARACTERS) from wrong
            raise refuse("file.quote_not_closed", number) from wrong
        if record is None:
            break
        for column, cell in enumerate(record):
            if "'" in cell:
                record[column] = restored(cell)
            if not cell.startswith(("=", "#")):
                continue
            if cell[0] == "#":
                code = "file.error_cell" if is_error(cell) else ""
            elif (value := literal(cell[1:])) is not None:
                record[column], code = value, ""
            else:
                code = "file.formula" if len(cell) > 1 else ""
            if code:
                record[column] = ""
                marks[number, column] = Mark(code)
                if len(marks) > MAX_MARKS:
                    raise refuse("file.unpacks_too_large")
        yield record


def _delimiter(text: str) -> str:
    """The candidate that comes the same number of times in most of the first records; the comma where none does."""
    counts: list[Counter[str]] = []
    current: Counter[str] = Counter()
    quoted, before = False, "\n"
    for sign in text[:65_536]:
        if quoted:
            quoted = sign != '"'
        elif sign == '"' and (before in _DELIMITERS or before in '\r\n"'):
            quoted = True
        elif sign in "\r\n":
            if before not in "\r\n":
                counts.append(current)
            current = Counter()
            if len(counts) == 50:
                break
        elif sign in _DELIMITERS:
            current[sign] += 1
        before = sign
    else:
        counts.append(current)

    def evenness(delimiter: str) -> tuple[int, int]:
        seen = Counter(count[delimiter] for count in counts if count[delimiter])
        return max(((lines, times) for times, lines in seen.items()), default=(0, 0))

    return max(_DELIMITERS, key=evenness)


def write_csv(rows: Iterable[Sequence[str | int | Decimal]]) -> bytes:
    """CSV as every spreadsheet opens it: UTF-8 with a byte order mark, commas, CRLF. Text is neutralised, numbers
    are written as they are. Cells with any separator are quoted.
    """
    lines = (",".join(_quoted(cell) for cell in row) + "\r\n" for row in rows)
    return b"\xef\xbb\xbf" + "".join(lines).encode("utf-8")


def _quoted(cell: str | int | Decimal) -> str:
    text = neutralise(cell) if isinstance(cell, str) else str(cell)
    if re.search('[",;\t\r\n]|^ | $', text):
        return '"' + text.replace('"', '""') + '"'
    return text
