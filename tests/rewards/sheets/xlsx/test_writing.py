"""Workbooks of ours come back as they went, and other readers find in them what we wrote."""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from openpyxl import load_workbook

from rewards.sheets import Sheet, read_rows, write_xlsx
from tests.laws import examples
from tests.rewards.sheets.tables import TEXT, rows, trimmed

PIECES = st.sampled_from(
    ["_x0041_", "_x005F_", "_x000d_", "_xD800_", "_x00", "_x", "x0041", "x0041_", "41", "\x01", "\r", "\x1f", "\ufffe",
     "\uffff", "<r>", "</r>", "<r><t>1</t></r>", "</is></c>", "<", "&amp;", "]]>", "=1+1", "00123", "'", '"', "\n",
     "\t", " ", "\u3000", "🎉", "李"]
)  # fmt: skip
TRAP = st.lists(PIECES, max_size=6).map("".join)
TRAPS = st.lists(st.lists(st.one_of(TEXT, TRAP), min_size=1, max_size=5), min_size=1, max_size=6)


@examples(200)
@given(TRAPS)
@example([["_x0041_x0042_"], ["_x0041\x01"], ["_x005F_x0041_"]])
@example([["<r>", "<r><t>1</t></r>", '<r></r></is></c><c r="C1"><f>1+1</f></c><c r="D1"><is><r></r>'], ["", "2"]])
@example([["=1+1", "@SUM(1)", "-2", "+3"], ["", "00123", ""], [""], [" two  blanks ", "a\r\nb\tc"]])
def test_xlsx_comes_back_as_it_went(table: list[list[str]]) -> None:
    expected = trimmed(table)
    assume(expected)
    assert rows(write_xlsx(table, "Export")) == expected


@examples(50)
@given(st.lists(st.one_of(st.integers(), st.decimals(-(10**12), 10**12, places=2)), min_size=1, max_size=5))
@example([10**15 - 1, 10**15, -(10**15), 10**400, 0, Decimal("0.00"), Decimal("1234.50")])
def test_numbers_come_back_exactly(numbers: list[int | Decimal]) -> None:
    (read,) = rows(write_xlsx([numbers], "Export"))
    assert [Decimal(cell) for cell in read] == numbers


def test_of_a_long_text_the_beginning_is_kept() -> None:
    longest = "好" * 32_767
    assert rows(write_xlsx([[longest + "x", "next"]], "Export")) == ((longest, "next"),)
    assert rows(write_xlsx([["_x0041_" * 4_681]], "Export")) == (("_x0041_" * 4_681,),)


def test_another_reader_finds_text_as_text_and_numbers_as_numbers() -> None:
    sheet = load_workbook(BytesIO(write_xlsx([["00123", 5, "=1+1", "-2", Decimal("1.5"), "", 10**15]], "a/b:c"))).active
    assert sheet is not None
    assert sheet.title == "a b c"
    assert [(cell.value, cell.data_type, cell.number_format, bool(cell.quotePrefix)) for cell in sheet[1]] == [
        ("00123", "s", "@", True),
        (5, "n", "General", False),
        ("=1+1", "s", "@", True),
        ("-2", "s", "@", True),
        (1.5, "n", "0.00", False),
        ("", "s", "@", True),
        ("1000000000000000", "s", "@", True),
    ]


@examples(50)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@example("x" * 30 + "🎉")
@example("'" * 40)
@example("")
def test_any_title_names_the_sheet(title: str) -> None:
    read = read_rows(write_xlsx([["x"]], title), "a.xlsx")
    assert isinstance(read, Sheet)
    assert 1 <= len(read.name.encode("utf-16-le")) // 2 <= 31
    assert not re.search(r"[\\/*?:\[\]]|^'|'$", read.name)


def test_the_same_rows_give_the_same_bytes_and_hold_no_clock() -> None:
    book = write_xlsx([["00123", 5, Decimal("1.50")]], "Export")
    assert write_xlsx([["00123", 5, Decimal("1.50")]], "Export") == book
    with zipfile.ZipFile(BytesIO(book)) as archive:
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_nothing_is_left_on_the_disk_even_where_the_rows_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []

    def failing() -> Iterator[list[str]]:
        yield ["secret"]
        seen.extend(path.stat().st_mode & 0o777 for path in tmp_path.iterdir())
        raise LookupError

    with pytest.raises(LookupError):
        write_xlsx(failing(), "Export")
    write_xlsx([["secret"]], "Export")
    assert seen == [0o700]
    assert not list(tmp_path.iterdir())


def test_more_than_a_sheet_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="more rows or columns"):
        write_xlsx([["x"] * 16_385], "Export")
