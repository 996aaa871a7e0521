"""Rosters as HR departments keep them, and as they should not be."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from rewards.members.roster_file import (
    Roster,
    RosterRow,
    clean_date,
    clean_email,
    clean_phone,
    clean_staff_number,
    read_roster,
)
from rewards.sheets import Problem, rest_table, write_csv, write_xlsx
from server.web.frame import i18n
from tests.laws import examples

SAMPLES = Path(__file__).parents[2] / "samples"

WORKSHOP = ("第三分厂", "电工车间")
EXPECTED = (
    RosterRow(4, "00123", "李娜", (*WORKSHOP, "甲班"), (), date(2019, 7, 1), phone="13800138000", language="zh-Hans"),
    RosterRow(
        5,
        "00456",
        "王小明",
        (*WORKSHOP, "乙班"),
        ("organiser", "reviewer"),
        date(2020, 3, 9),
        phone="051266880011",
        language="zh-Hans",
    ),
    RosterRow(6, "A-0789", "买买提·艾力", ("第三分厂", "机修车间"), ("admin",), date(2021, 11, 15), language="en"),
    RosterRow(8, "01001", "欧阳文静", ("第三分厂",), (), date(2022, 2, 28)),
)


def of(*table: list[str], name: str = "roster.csv") -> Roster:
    return read_roster(write_csv(list(table)), name)


def codes(roster: Roster) -> list[str]:
    return [problem.code for problem in roster.problems]


@pytest.mark.parametrize("name", ["roster_utf8.csv", "roster_gbk.csv"])
def test_a_chinese_roster_gives_the_same_members_in_either_encoding(name: str) -> None:
    roster = read_roster((SAMPLES / name).read_bytes(), name)
    assert roster.rows == EXPECTED
    assert roster.left_out == ()
    assert roster.header_line == 3
    assert roster.columns == (
        ("序号", None),
        ("工号*", "staff_number"),
        ("姓名", "name"),
        ("所属部门", "unit"),
        ("班组", "unit"),
        ("角色", "roles"),
        ("入职日期(年-月-日)", "joined"),
        ("手机号码", "phone"),
        ("语言", "language"),
    )
    assert roster.problems == (
        Problem(3, None, "roster.columns_not_read", {"columns": "序号"}, "warning"),
        Problem(6, "角色", "roster.makes_admin", {}, "warning"),
    )
    assert roster.says("joined")
    assert not roster.says("left")


def test_an_english_workbook() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Staff No.", "Full name", "Department", "Date joined", "Left", "E-mail", "Mobile", "Role"])
    sheet.append([123, "Ana  Lima", "Plant 2/Paint", date(2024, 3, 1), None, "ana@example.org", 13800138000, None])
    sheet.append([124.0, "Bo Li", "Plant 2 > Press", 45352, 45380, None, None, "Organizer; reviewer"])
    sheet.append(["00125", "Cy", None, "2024/3/1", "n/a", "-", "+86 (10) 6688-0011", "Member"])
    sheet["A5"], sheet["B5"] = 126, "Di"
    sheet["A5"].number_format = "00000"
    packed = BytesIO()
    book.save(packed)
    roster = read_roster(packed.getvalue(), "people.xlsx")
    assert roster.problems == ()
    assert roster.rows == (
        RosterRow(
            2,
            "123",
            "Ana Lima",
            ("Plant 2", "Paint"),
            (),
            date(2024, 3, 1),
            None,
            "ana@example.org",
            "13800138000",
        ),
        RosterRow(
            3,
            "124",
            "Bo Li",
            ("Plant 2", "Press"),
            ("organiser", "reviewer"),
            date(2024, 3, 1),
            date(2024, 3, 29),
        ),
        RosterRow(4, "00125", "Cy", (), (), date(2024, 3, 1), phone="+861066880011"),
        RosterRow(5, "00126", "Di"),
    )


def test_every_wrong_cell_is_told_by_row_and_column_and_blocks_the_import() -> None:
    roster = of(
        ["工号 Staff No.", "姓名 Name", "部门", "角色", "加入", "离职日期", "邮箱", "手机", "语言"],
        ["1", "Good", "A/B", "审计员", "2024-03-01", "", "", "", "English"],
        ["", "No Number", "", "", "", "", "", "", ""],
        ["2", "", "", "", "", "", "", "", ""],
        ["０００1", "Wide", "", "", "", "", "", "", ""],
        ["0001", "Twice", "", "", "", "", "", "", ""],
        ["1.23E+11", "Rounded", "", "", "", "", "", "", ""],
        ["a b", "Blank inside", "", "", "", "", "", "", ""],
        ["3", "Role", "", "会员、king", "", "", "", "", ""],
        ["4", "Date", "", "", "01/03/2024", "2024-02-30", "", "", ""],
        ["5", "Order", "", "", "2024-03-02", "2024-03-01", "", "", ""],
        ["6", "N" * 201, "", "", "", "", "", "", ""],
        ["7", "Deep", "/".join("abcdefghijk"), "", "", "", "", "", ""],
        ["8", "Long unit", "u" * 201, "", "", "", "", "", ""],
        ["9", "Contact", "", "", "", "", "no mail", "12", "Klingon"],
        ["x" * 65, "Long number", "", "", "", "", "", "", ""],
    )
    number, name, left = "工号 Staff No.", "姓名 Name", "离职日期"
    assert roster.problems == (
        Problem(3, number, "roster.staff_number_empty"),
        Problem(4, name, "roster.name_empty"),
        Problem(5, number, "roster.staff_number_again", {"number": "0001", "again": 6}),
        Problem(6, number, "roster.staff_number_twice", {"number": "0001", "first": 5}),
        Problem(7, number, "roster.staff_number_rounded", {"value": "1.23E+11"}),
        Problem(8, number, "roster.staff_number_signs", {"value": "a b"}),
        Problem(9, "角色", "roster.unknown_role", {"value": "king"}),
        Problem(10, "加入", "roster.date_unclear", {"value": "01/03/2024"}),
        Problem(10, left, "roster.date_unclear", {"value": "2024-02-30"}),
        Problem(11, left, "roster.left_before_joined"),
        Problem(12, name, "roster.too_long", {"limit": 200}),
        Problem(13, "部门", "roster.unit_too_deep", {"limit": 10}),
        Problem(14, "部门", "roster.too_long", {"limit": 200}),
        Problem(15, "邮箱", "roster.email_unclear", {"value": "no mail"}, "warning"),
        Problem(15, "手机", "roster.phone_unclear", {"value": "12"}, "warning"),
        Problem(15, "语言", "roster.unknown_language", {"value": "Klingon"}, "warning"),
        Problem(16, number, "roster.too_long", {"limit": 64}),
    )
    assert [row.line for row in roster.left_out] == [*range(3, 15), 16]
    assert roster.rows == (
        RosterRow(2, "1", "Good", ("A", "B"), ("auditor",), date(2024, 3, 1), language="en"),
        RosterRow(15, "9", "Contact"),
    )
    assert [row.cells for row in roster.left_out[:2]] == [("", "No Number"), ("2",)]


def test_of_numbers_that_differ_only_in_case_nobody_can_tell_which_is_right() -> None:
    roster = of(["工号", "姓名"], ["a1", "Li"], ["A1", "Bo"], ["2", "Ma"])
    assert codes(roster) == ["roster.staff_number_again", "roster.staff_number_twice"]
    assert [row.staff_number for row in roster.rows] == ["2"]


CELLS = st.lists(
    st.sampled_from(["1", "2", "a", "A", "", "x y", "Li Na", "2024-03-01", "soon", "组长"]), min_size=3, max_size=3
)


@given(st.lists(CELLS, max_size=8), st.sampled_from(["csv", "xlsx"]))
def test_every_row_is_taken_or_comes_back_and_what_comes_back_is_still_wrong(rows: list[list[str]], kind: str) -> None:
    """Good and wrong rows are all there are; a rest brought as it is gives itself; the good alone are taken whole."""
    head = ["工号", "姓名", "入职日期"]
    roster = of(head, *rows)
    taken, back = [row.line for row in roster.rows], [row.line for row in roster.left_out]
    assert sorted(taken + back) == [line for line, row in enumerate(rows, start=2) if any(row)]
    assert len({row.staff_number.casefold() for row in roster.rows}) == len(roster.rows)
    rest = rest_table(roster.headings, roster.left_out, why="问题", whys=("问题",), say=lambda problem: problem.code)
    again = read_roster(write_csv(rest) if kind == "csv" else write_xlsx(rest, "rest"), f"rest.{kind}")
    assert again.rows == ()
    assert len(again.left_out) == len(roster.left_out)
    twice = rest_table(again.headings, again.left_out, why="问题", whys=("问题",), say=lambda problem: problem.code)
    assert not again.left_out or twice == rest
    alone = of(head, *(rows[line - 2] for line in taken))
    assert alone.left_out == ()
    assert [row.staff_number for row in alone.rows] == [row.staff_number for row in roster.rows]


def test_the_column_that_says_why_is_not_called_unread() -> None:
    for language in i18n.LOCALES:
        why = i18n.translator(language).text("What is wrong")
        assert of(["工号", "姓名", why], ["1", "Li", "The name is missing."]).problems == ()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([["some", "thing", "else", "here"], ["1", "2", "3", "4"]], ["roster.no_header"]),
        ([["姓名", "部门"], ["Li", "A"]], ["roster.no_staff_number_column"]),
        ([["工号", "部门"], ["1", "A"]], ["roster.no_name_column"]),
        ([["部门", "电话"], ["A", "1"]], ["roster.no_staff_number_column", "roster.no_name_column"]),
        ([["工号", "姓名"]], ["roster.no_rows"]),
        ([["工号", "姓名", "备注"], ["", "", "totals"]], ["roster.no_rows", "roster.columns_not_read"]),
        ([["工号", "姓名", "工号"], ["1", "Li", "2"]], ["roster.column_twice"]),
        ([[str(line), "x"] for line in range(12)] + [["工号", "姓名"]], ["roster.no_header"]),
    ],
)
def test_a_file_without_its_columns_is_one_clear_problem(table: list[list[str]], expected: list[str]) -> None:
    roster = of(*table)
    assert codes(roster) == expected
    assert roster.rows == ()
    assert roster.left_out == ()


def test_of_two_columns_for_one_field_the_better_name_is_read() -> None:
    roster = of(["编号", "工号", "姓名", "电话", "手机"], ["1", "00123", "Li", "010-66880011", "13800138000"])
    assert [(row.staff_number, row.phone) for row in roster.rows] == [("00123", "13800138000")]
    assert [name for _, name in roster.columns] == [None, "staff_number", "name", None, "phone"]
    assert codes(roster) == ["roster.columns_not_read"]


def test_a_refused_file_gives_no_rows_and_the_reason() -> None:
    assert read_roster(b"%PDF-1.4", "roster.csv").problems == (Problem(None, None, "file.is_pdf"),)
    assert codes(read_roster(b"number,name\n=A1,Li\n", "roster.csv")) == ["file.formula"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01", date(2024, 3, 1)),
        ("2024/3/1", date(2024, 3, 1)),
        ("2024.3.1", date(2024, 3, 1)),
        ("20240301", date(2024, 3, 1)),
        ("2024年3月1日", date(2024, 3, 1)),
        ("２０２４－０３－０１", date(2024, 3, 1)),
        ("2024-03-01T08:30:00", date(2024, 3, 1)),
        ("2024/3/1 8:30", date(2024, 3, 1)),
        ("45352", date(2024, 3, 1)),
        ("45352.5", date(2024, 3, 1)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", None),
        ("1899-12-31", None),
        ("2101-01-01", None),
        ("01/03/2024", None),
        ("2024-03", None),
        ("2024.1", None),
        ("yesterday", None),
        ("0", None),
    ],
)
def test_dates(text: str, expected: date | None) -> None:
    assert clean_date(text) == expected


@given(
    st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日"])
)
def test_every_day_is_read_in_every_form(day: date, form: str) -> None:
    assert (
        clean_date(form.replace("%Y", f"{day.year:04}").replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}"))
        == day
    )


@given(st.from_regex(r"[0-9A-Za-z]([0-9A-Za-z-]{0,10}[0-9A-Za-z])?", fullmatch=True))
def test_a_staff_number_survives_csv_and_xlsx(number: str) -> None:
    table = [["工号", "姓名"], [number, "李娜"]]
    for data, name in ((write_csv(table), "a.csv"), (write_xlsx(table, "a"), "a.xlsx")):
        roster = read_roster(data, name)
        assert [row.staff_number for row in roster.rows] == [number], roster.problems
    assert clean_staff_number(clean_staff_number(number)) == number


def test_staff_numbers_as_people_and_sheets_write_them() -> None:
    assert clean_staff_number(" ００１２３　") == "00123"
    assert clean_staff_number("123.0") == "123"
    assert clean_staff_number("GZ–12") == "GZ-12"
    assert clean_staff_number(" ") == ""


def test_addresses_and_phones() -> None:
    assert clean_email("li.na@union.example.cn") == "li.na@union.example.cn"
    assert clean_email("李娜@工会.中国") == "李娜@工会.中国"
    assert not any(
        map(clean_email, ("li.na", "a@b", "a b@c.de", "<a@b.cd>", "a@b.cd\nBcc: x@y.zz", "a" * 330 + "@b.cd"))
    )
    assert clean_phone("13800138000.0") == "13800138000"
    assert not any(map(clean_phone, ("1.38E+10", "call me", "1234", "1" * 21)))


@examples(200)
@given(st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=6), max_size=6))
def test_a_roster_of_anything_never_raises(table: list[list[str]]) -> None:
    encodable = [[cell.encode("utf-8", "replace").decode() for cell in row] for row in table]
    roster = of(["工号", "姓名", "部门", "角色", "入职日期", "邮箱"], *encodable)
    for row in roster.left_out:
        assert any(problem.severity == "error" for problem in row.problems)


@examples(100)
@given(st.binary(max_size=200))
def test_a_roster_of_any_bytes_never_raises(data: bytes) -> None:
    assert isinstance(read_roster(data, "x"), Roster)


def test_a_large_roster_of_wrong_rows_tells_few_and_counts_the_rest() -> None:
    roster = of(["工号", "姓名"], *([str(number), ""] for number in range(5_000)))
    assert len(roster.problems) == 201
    assert roster.problems[-1].details == {"count": 4_800}
    assert len(roster.left_out) == 5_000
