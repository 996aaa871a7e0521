"""Rows to a workbook."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Final

from xlsxwriter import Workbook

from rewards.sheets.text import one_line
from rewards.sheets.xlsx.strings import escaped

_EXACT_BELOW: Final = 10**15
"""Spreadsheets keep fifteen digits of a number."""


def write_xlsx(rows: Iterable[Sequence[str | int | Decimal]], title: str) -> bytes:
    """An .xlsx of one sheet named `title` (what Excel forbids in it is replaced, 31 characters kept).

    Text stays text (format `@`, quote prefix), so zeros in front survive and nothing is run; of a longer one the
    first 32,767 characters are kept, as Excel does. Numbers are numbers, decimal ones shown with two decimals; whole
    ones that a spreadsheet would round are text. The same rows give the same bytes.

    Memory: the file itself; rows pass through a private folder in the system's temporary place. ValueError where
    there are more rows or columns than a sheet has.
    """
    packed = BytesIO()
    with (
        TemporaryDirectory(prefix="laurel-") as folder,
        Workbook(packed, {"constant_memory": True, "tmpdir": folder}) as book,
    ):
        book.set_properties({"created": datetime(1980, 1, 1)})
        text = book.add_format({"num_format": "@", "quote_prefix": True})
        money = book.add_format({"num_format": "0.00"})
        sheet = book.add_worksheet(_sheet_name(title))
        # The library's own escaping misses escapes that overlap, and takes `<r>...</r>` for markup of its own.
        sheet._escape_control_characters = escaped
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    written = sheet.write_string(line, column, value, text)
                elif isinstance(value, Decimal):
                    written = sheet.write_number(line, column, value, money)
                elif abs(value) < _EXACT_BELOW:
                    written = sheet.write_number(line, column, value)
                else:
                    written = sheet.write_string(line, column, str(value), text)
                if written == -1:
                    raise ValueError("more rows or columns than a sheet has")
    return packed.getvalue()


def _sheet_name(title: str) -> str:
    name = re.sub(r"[\\/*?:\[\]]", " ", one_line(title))
    # Excel counts UTF-16 units.
    kept = name.encode("utf-16-le")[: 2 * 31].decode("utf-16-le", errors="ignore")
    return kept.strip(" '") or "Laurel"
