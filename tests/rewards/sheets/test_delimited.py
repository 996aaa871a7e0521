"""Tables as text: separators, lines, limits, and that our own come back as they went."""

import csv
import re
from io import StringIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rewards.sheets import Problem, decode, read_rows, write_csv
from rewards.sheets.formulas import neutralise
from tests.laws import examples
from tests.rewards.sheets.tables import RISKY, TABLE, refusal, rows, trimmed


@pytest.mark.parametrize(
    "text",
    [
        'number,name\n1,"Na, Li"\n',
        'number;name\n1;"Na, Li"\n',
        "number;name\n1;Na, Li\n",
        "number;name\r\n1;Na, Li\r\n2;Bo\r\n",
        "number\tname\n1\tNa, Li\n",
        "number;name\r1;Na, Li\r",
        'sep=;\r\nnumber;name\r\n1;"Na, Li"\r\n',
        "Members, all of them, as of today\n\nnumber;name\n1;Na, Li\n2;Bo\n",
    ],
)
def test_the_separator_is_found(text: str) -> None:
    assert [row for row in rows(text.encode(), "a.csv") if len(row) == 2][:2] == [
        ("number", "name"),
        ("1", "Na, Li"),
    ]


def test_lines_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    assert rows(b'a,b\n\n"1\n2",x,,\n\n\n', "a.csv") == (("a", "b"), (), ("1\n2", "x"))


def test_a_formula_in_a_csv_is_a_problem_and_a_literal_is_its_value() -> None:
    problems = read_rows(b'number,name\n="00123",Li\n1,=HYPERLINK("http://x";"y")\n2,=1+1\n', "a.csv")
    assert problems == (Problem(3, "B", "file.formula"), Problem(4, "B", "file.formula"))
    assert rows(b'number,name\n="00123",Li\n=7,-3\n=,@home\n', "a.csv")[1:] == (
        ("00123", "Li"),
        ("7", "-3"),
        ("=", "@home"),
    )


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"x\n" * 200_001, "file.too_many_rows", 200_001),
        (b"x\n" + b"," * 200 + b"x\n", "file.too_many_columns", 2),
        (b"x\ny," + b"z" * 32_768, "file.cell_too_long", 2),
        (b"x\n" + b"z" * 140_000, "file.cell_too_long", 2),
    ],
)
def test_limits_of_a_csv(data: bytes, code: str, line: int) -> None:
    problem = refusal(data, "a.csv")
    assert (problem.code, problem.line) == (code, line)


@examples(300)
@given(TABLE)
def test_csv_comes_back_as_it_went(table: list[list[str]]) -> None:
    expected = trimmed(table)
    data = write_csv(table)
    text = decode(data)
    assume(expected and isinstance(text, str))
    assert rows(data, "a.csv") == expected


@examples(300)
@given(st.lists(st.lists(RISKY, min_size=1, max_size=4), min_size=1, max_size=5))
def test_no_exported_cell_starts_a_formula_whatever_a_country_separates_by(table: list[list[str]]) -> None:
    text = write_csv(table).decode("utf-8-sig")
    cells = [cell for record in csv.reader(StringIO(text, newline="")) for cell in record]
    assert not any(cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r", "\n")) for cell in cells)
    # Each piece as a reader takes it that separates by semicolons, tabs and lines alone.
    pieces = ["".join(*csv.reader([piece], delimiter="\x1f")) for piece in re.split("[;\t\r\n]", text) if piece]
    assert not any(piece.startswith(("=", "+", "-", "@", "＝")) for piece in pieces)


@examples(300)
@given(st.lists(st.lists(RISKY, min_size=1, max_size=4), min_size=1, max_size=5))
def test_risky_cells_come_back_as_they_went(table: list[list[str]]) -> None:
    expected = trimmed(table)
    assume(any("".join(row).strip() for row in table))
    assert rows(write_csv(table), "a.csv") == expected


def test_csv_bytes_are_those_that_spreadsheets_expect() -> None:
    data = write_csv([["工号", "备注"], ["00123", "-5"], [-5, 'a "b"; c']])
    assert data == '\ufeff工号,备注\r\n00123,\'-5\r\n-5,"a ""b""; c"\r\n'.encode()
    assert neutralise("'=1") == "''=1"
    assert neutralise("it's") == "it's"
    assert neutralise("a;=1\n@b") == "a;'=1\n'@b"


def test_zeros_in_front_and_risky_text_survive() -> None:
    table = [["number", "name"], ["00123", "李娜"], ["007", "=cmd|' /C calc'!A0"]]
    assert rows(write_csv(table), "a.csv") == tuple(map(tuple, table))
