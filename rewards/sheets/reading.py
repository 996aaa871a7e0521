"""Any file to rows."""

import zipfile
import zlib
from dataclasses import replace
from typing import Final, Literal
from xml.sax import SAXException

from defusedxml.common import DefusedXmlException

from rewards.sheets.columns import column_letters
from rewards.sheets.contents import decode, recognise
from rewards.sheets.delimited import records
from rewards.sheets.limits import MAX_PROBLEMS
from rewards.sheets.problems import Problem, Refused
from rewards.sheets.table import Marks, Sheet, trimmed
from rewards.sheets.xlsx.reading import Wanted, read_all_xlsx, read_xlsx


def read_rows(data: bytes, filename: str) -> Sheet | tuple[Problem, ...]:
    """As `read_table`, of the first visible sheet, for whoever reads every cell: one that holds a formula or an error
    refuses all; one that may show something else than its text is a warning."""
    sheet = read_table(data, filename)
    if not isinstance(sheet, Sheet):
        return sheet
    marked = [
        Problem(line, column_letters(place + 1), mark.code, {}, "error" if mark.code in _EMPTY else "warning")
        for (line, place), mark in sheet.marks.items()
        if mark.code
    ]
    wrong = [problem for problem in marked if problem.severity == "error"]
    return tuple(wrong[:MAX_PROBLEMS]) or replace(sheet, problems=(*sheet.problems, *marked[:MAX_PROBLEMS]))


_EMPTY = ("file.formula", "file.error_cell")


def read_table(
    data: bytes, filename: str, *, encoding: str = "", wanted: Wanted | None = None
) -> Sheet | tuple[Problem, ...]:
    """The first visible sheet of an .xlsx that is `wanted`, or the table of a .csv (comma, semicolon or tab); else why
    not. What single cells hold back stands in `Sheet.marks`.

    `filename` takes no part in the decision; where it promises the other kind, a warning says so. `encoding` is that
    of a .csv, "" to find it. Never raises. Cost: linear in the size, bounded by `limits`; run it off the event loop.
    """
    known = recognise(data)
    if isinstance(known, Problem):
        return (known,)
    try:
        if known == "zip":
            return read_xlsx(data, _misnamed(filename, "xlsx"), wanted)
        text = decode(data, encoding)
        if isinstance(text, Problem):
            return (text,)
        marks: Marks = {}
        return trimmed("csv", "", records(text, marks), _misnamed(filename, "csv"), marks)
    except Refused as refused:
        return refused.problems
    except _BROKEN:
        return (Problem(None, None, "file.broken"),)


def read_all_sheets(data: bytes, filename: str, wanted: Wanted) -> list[Sheet] | tuple[Problem, ...]:
    """Every visible sheet of an .xlsx that is `wanted`, in their order; where none is, the first of all; else why not.
    Never raises; cost as `read_table`."""
    try:
        found = read_all_xlsx(data, _misnamed(filename, "xlsx"), wanted)
    except Refused as refused:
        return refused.problems
    except _BROKEN:
        return (Problem(None, None, "file.broken"),)
    if found:
        return found
    first = read_table(data, filename)
    return [first] if isinstance(first, Sheet) else first


_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    SAXException,
    DefusedXmlException,
    LookupError,
    ValueError,
    ArithmeticError,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
)
"""What readers of zips, XML, numbers and texts raise of a damaged file."""


def _misnamed(filename: str, kind: Literal["csv", "xlsx"]) -> tuple[Problem, ...]:
    ending = filename.rpartition(".")[2].casefold()
    promised = {"xlsx": "xlsx", "xlsm": "xlsx", "xls": "xlsx", "csv": "csv", "txt": "csv", "tsv": "csv"}.get(ending)
    if promised in (None, kind):
        return ()
    return (Problem(None, None, "file.name_differs", {"ending": "." + ending, "kind": "." + kind}, "warning"),)
