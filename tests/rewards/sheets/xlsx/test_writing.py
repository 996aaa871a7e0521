"""Workbooks of ours come back as they went, and other readers find in them what we wrote."""

from io import BytesIO

from hypothesis import assume, given, settings
from openpyxl import load_workbook

from rewards.sheets import write_xlsx
from tests.rewards.sheets.tables import TABLE, rows, trimmed


@settings(max_examples=150, deadline=None)
@given(TABLE)
def test_xlsx_comes_back_as_it_went(table: list[list[str]]) -> None:
    expected = trimmed(table)
    assume(expected)
    assert rows(write_xlsx(table, "Export")) == expected


def test_another_reader_finds_text_as_text_and_numbers_as_numbers() -> None:
    sheet = load_workbook(BytesIO(write_xlsx([["00123", 5, "=1+1", "-2"]], "a/b:c"))).active
    assert sheet is not None
    assert sheet.title == "a b c"
    assert [(cell.value, cell.data_type) for cell in sheet[1]] == [
        ("00123", "s"),
        (5, "n"),
        ("=1+1", "s"),
        ("-2", "s"),
    ]
    assert sheet["C1"].quotePrefix
