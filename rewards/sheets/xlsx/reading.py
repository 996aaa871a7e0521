"""A workbook to the rows of one of its visible sheets."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Final

from rewards.sheets.problems import Problem, Refused
from rewards.sheets.table import Sheet, trimmed
from rewards.sheets.text import one_line
from rewards.sheets.xlsx.cells import Cells
from rewards.sheets.xlsx.numbers import Look, Styles
from rewards.sheets.xlsx.package import Parts
from rewards.sheets.xlsx.strings import SharedStrings

Wanted = Callable[[Sequence[tuple[str, ...]]], bool]
"""Whether the rows of a sheet are those that are looked for."""

SHEETS: Final = 20
"""Sheets that are looked at, and told."""


def read_xlsx(data: bytes, misnamed: tuple[Problem, ...], wanted: Wanted | None = None) -> Sheet:
    """The first visible sheet that is `wanted`, the first of all where none is. `misnamed` stands before its own
    warnings. Raises Refused, and what zip and XML readers raise."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts, sheets, strings, looks, epoch_1904 = _book(archive)
        found = sheets[0]
        sheet: Sheet | Refused = _sheet(parts, found, strings.found, looks, epoch_1904)
        if wanted is not None and not (isinstance(sheet, Sheet) and wanted(sheet.rows)):
            for other in sheets[1:SHEETS]:
                if not parts.holds_values(other[1]):
                    continue
                looked_at = _sheet(parts, other, strings.found, looks, epoch_1904)
                if isinstance(looked_at, Sheet) and wanted(looked_at.rows):
                    found, sheet = other, looked_at
                    break
        if isinstance(sheet, Refused):
            raise sheet
        told = {"read": one_line(found[0])[:100]}
        warnings = tuple(
            Problem(None, None, "file.other_sheet_ignored", {**told, "sheet": one_line(name)[:100]}, "warning")
            for name, path in sheets[: SHEETS + 1]
            if path != found[1] and parts.holds_values(path)
        )
    return replace(sheet, problems=misnamed + warnings)


def read_all_xlsx(data: bytes, misnamed: tuple[Problem, ...], wanted: Wanted) -> list[Sheet]:
    """Every visible sheet that is `wanted`, of the first SHEETS. The first carries `misnamed` and the warnings of those
    that are left aside. Raises as `read_xlsx`."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts, sheets, strings, looks, epoch_1904 = _book(archive)
        held = [one for one in sheets[: SHEETS + 1] if parts.holds_values(one[1])]
        looked_at = [_sheet(parts, one, strings.found, looks, epoch_1904) for one in held[:SHEETS]]
    found = [sheet for sheet in looked_at if isinstance(sheet, Sheet) and wanted(sheet.rows)]
    read = {"read": ", ".join(one_line(sheet.name)[:100] for sheet in found)}
    warnings = tuple(
        Problem(None, None, "file.other_sheet_ignored", {**read, "sheet": one_line(name)[:100]}, "warning")
        for name, _ in held
        if name not in {sheet.name for sheet in found}
    )
    return [replace(found[0], problems=misnamed + warnings), *found[1:]] if found else []


def _book(
    archive: zipfile.ZipFile,
) -> tuple[Parts, Sequence[tuple[str, str]], SharedStrings, Sequence[Look], bool]:
    """Parts, visible sheets (name, part), shared texts, looks of cells, and whether days are counted from 1904."""
    parts = Parts(archive)
    home, sheets, epoch_1904 = parts.workbook()
    strings = SharedStrings()
    if home.strings is not None:
        parts.parse(home.strings, strings)
    styles = Styles()
    if home.styles is not None:
        parts.parse(home.styles, styles)
    return parts, sheets, strings, styles.looks(), epoch_1904


def _sheet(
    parts: Parts, found: tuple[str, str], strings: Sequence[str], looks: Sequence[Look], epoch_1904: bool
) -> Sheet | Refused:
    cells = Cells(strings, looks, epoch_1904)
    try:
        parts.parse(found[1], cells)
        cells.fill_merged()
        lines = [cells.rows.get(number, ()) for number in range(1, max(cells.rows, default=0) + 1)]
        return trimmed("xlsx", found[0], lines, (), cells.marks, frozenset(cells.hidden))
    except Refused as refused:
        return refused
