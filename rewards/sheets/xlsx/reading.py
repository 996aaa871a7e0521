"""A workbook to the rows of its first visible sheet."""

import zipfile
from io import BytesIO

from rewards.sheets.problems import Problem, Refused
from rewards.sheets.table import Sheet, trimmed
from rewards.sheets.text import one_line
from rewards.sheets.xlsx.cells import Cells
from rewards.sheets.xlsx.numbers import Styles
from rewards.sheets.xlsx.package import Parts
from rewards.sheets.xlsx.strings import SharedStrings


def read_xlsx(data: bytes, misnamed: tuple[Problem, ...]) -> Sheet:
    """The sheet, with `misnamed` before its own warnings. Raises Refused, and what zip and XML readers raise."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = Parts(archive)
        home, (sheet_name, sheet_path), epoch_1904, others = parts.workbook()
        warnings = tuple(
            Problem(None, None, "file.other_sheet_ignored", {"sheet": one_line(name)[:100]}, "warning")
            for name, path in others[:20]
            if parts.holds_values(path)
        )
        strings = SharedStrings()
        if home.strings is not None:
            parts.parse(home.strings, strings)
        styles = Styles()
        if home.styles is not None:
            parts.parse(home.styles, styles)
        cells = Cells(strings.found, styles.looks(), epoch_1904)
        parts.parse(sheet_path, cells)
    if cells.problems:
        raise Refused(*cells.problems)
    cells.fill_merged()
    lines = [cells.rows.get(number, ()) for number in range(1, max(cells.rows, default=0) + 1)]
    return trimmed("xlsx", sheet_name, lines, misnamed + warnings)
