"""Rows to a workbook."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from rewards.sheets.text import one_line
from rewards.sheets.xlsx.strings import _MUST_ESCAPE


def write_xlsx(rows: Iterable[Sequence[str | int | Decimal]], title: str) -> bytes:
    """An .xlsx of one sheet named `title` (what Excel forbids in it is replaced, 31 characters kept).

    Text stays text (format `@`, quote prefix), so zeros in front survive and nothing is run; numbers are numbers, and
    decimal ones are shown with two decimals.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]\x00-\x1f]", " ", one_line(title))[:31].strip(" '") or "Laurel")
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            if isinstance(value, str):
                cell.value = _MUST_ESCAPE.sub(lambda sign: f"_x{ord(sign[0]):04X}_", value)
                cell.data_type = "s"
                cell.number_format = "@"
                cell.quotePrefix = True
            else:
                cell.value = value
                if isinstance(value, Decimal):
                    cell.number_format = "0.00"
            cells.append(cell)
        sheet.append(cells)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()
