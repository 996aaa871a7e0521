"""Headings in one row and two, by any name; units of several columns and of several in a cell; other sheets."""

import pytest
from openpyxl import Workbook

from rewards.members.roster_file import Roster, main_unit, read_roster
from rewards.sheets import Problem, write_csv
from tests.rewards.sheets.tables import saved


def of(*table: list[str]) -> Roster:
    return read_roster(write_csv(list(table)), "roster.csv")


NUMBERS = """工号 員工編號 工號 员工_ID 职工编号 Badge_ID Badge_No. Employee_# Emp_Code Staff_No. Personnel_number
    Worker_ID Payroll_No Membership_number 职工工号（必填） 工号/Staff_ID"""


@pytest.mark.parametrize("number", NUMBERS.split())
def test_a_number_has_many_names(number: str) -> None:
    roster = of([number.replace("_", " "), "姓名"], ["00123", "王小明"])
    assert [row.staff_number for row in roster.rows] == ["00123"], roster.problems
    assert roster.problems == ()


@pytest.mark.parametrize(
    ("head", "cells", "name"),
    [
        (["First Name", "Last Name"], ["Mary", "Smith"], "Mary Smith"),
        (["Surname", "Given names"], ["Smith", "Mary Ann"], "Mary Ann Smith"),
        (["Last name", "First name", "Middle name"], ["Smith", "Mary", "Ann"], "Mary Ann Smith"),
        (["姓", "名"], ["欧阳", "娜娜"], "欧阳娜娜"),
        (["Forename", "Family name", "Full name"], ["M.", "S.", "Mary Smith"], "Mary Smith"),
    ],
)
def test_a_name_is_put_together_of_its_columns(head: list[str], cells: list[str], name: str) -> None:
    roster = of(["Badge ID", *head], ["JAW-1018", *cells])
    assert [row.name for row in roster.rows] == [name]


def test_half_a_name_is_a_part_of_it() -> None:
    roster = of(["Badge ID", "First name", "Last name"], ["1", "Mary", ""], ["2", "", ""])
    assert [(row.name, row.partial) for row in roster.rows] == [("Mary", {"name"})]
    assert [row.line for row in roster.left_out] == [3]
    assert Problem(1, None, "roster.no_name_column") in of(["Badge ID", "First name"], ["1", "Mary"]).problems


@pytest.mark.parametrize(
    ("head", "cells", "unit"),
    [
        (["一级部门", "二级部门", "三级部门"], ["制造部", "一车间", "甲班"], ("制造部", "一车间", "甲班")),
        (["三级部门", "二级部门", "一级部门"], ["甲班", "一车间", "制造部"], ("制造部", "一车间", "甲班")),
        (["部门1", "部门2", "部门3"], ["制造部", "一车间", ""], ("制造部", "一车间")),
        (["Division", "Sub-department", "Section"], ["Ops", "Stores", "Night"], ("Ops", "Stores", "Night")),
        (["Level 2 unit", "Level 1 unit"], ["Stores", "Ops"], ("Ops", "Stores")),
        (["公司", "部门"], ["星河", "星河/制造部"], ("星河", "制造部")),
        (["部门", "科室"], ["办公室", "办公室"], ("办公室",)),
        (["部门", "主部门"], ["工会;制造部/一车间", "制造部/一车间"], ("制造部", "一车间")),
    ],
)
def test_units_of_several_columns_make_one_path(head: list[str], cells: list[str], unit: tuple[str, ...]) -> None:
    roster = of(["工号", "姓名", *head], ["1", "Li", *cells])
    assert [row.unit for row in roster.rows] == [unit]


@pytest.mark.parametrize(
    ("cell", "main", "others"),
    [
        ("A/B;A/C", "A/B", 1),
        ("A/B；A/C；D", "A/B", 2),
        ("A/B | A/C", "A/B", 1),
        ("A/B\nA/C", "A/B", 1),
        ("A/B,A/C", "A/B", 1),
        ("A/B;A/C(主)", "A/C", 1),
        ("A/B;A/C（主部门）;A/D", "A/C", 2),
        ("Sales, Marketing", "Sales, Marketing", 0),
        ("制造部\n一车间", "制造部 一车间", 0),
        ("计划、财务部", "计划、财务部", 0),
        ("制造部,工会", "制造部", 1),
        ("制造部，工会（主）", "工会", 1),
        ("A/B;", "A/B", 0),
        ("", "", 0),
    ],
)
def test_of_several_units_in_a_cell_the_main_one_or_the_first_is_taken(cell: str, main: str, others: int) -> None:
    assert main_unit(cell) == (main, others)
    roster = of(["工号", "姓名", "部门"], ["1", "Li", cell])
    codes = [problem.code for problem in roster.problems]
    assert ("roster.unit_first" in codes) is (others > 0)
    assert ("roster.unit_comma" in codes) is (others == 0 and any(sign in cell for sign in ",、\n"))


def workbook(*sheets: tuple[str, list[list[str | None]], list[str]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows, merged in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for ref in merged:
            sheet.merge_cells(ref)
    return saved(book)


GROUPED: list[list[str | None]] = [["工号", "姓名", "部门", "入职信息", None], [None, None, None, "日期", "渠道"]]
LEVELS: list[list[str | None]] = [["工号", "姓名", "部门", None, "电话"], [None, None, "一级部门", "二级部门", None]]
KINDS: list[list[str | None]] = [
    ["基本信息", None, "组织", "其他", None],
    ["工号", "姓名", "部门", "入职日期", "备注"],
]
TWICE: list[list[str | None]] = [["员工名册"], *[["工号", "姓名", "部门", "入职日期", "渠道"]] * 2]
TWO_ROWS = [
    (GROUPED, ["A1:A2", "B1:B2", "C1:C2", "D1:E1"], ("一车间",), True),
    (GROUPED, [], ("一车间",), True),
    (LEVELS, ["C1:D1"], ("一车间", "校招"), False),
    (KINDS, ["A1:B1", "D1:E1"], ("一车间",), True),
    (TWICE, ["A1:E1"], ("一车间",), True),
]


@pytest.mark.parametrize(("head", "merged", "unit", "joined"), TWO_ROWS)
def test_headings_of_two_rows_are_nobody(
    head: list[list[str | None]], merged: list[str], unit: tuple[str, ...], joined: bool
) -> None:
    person: list[str | None] = ["00123", "王小明", "一车间", "2020-03-01" if joined else "校招", "校招"]
    roster = read_roster(workbook(("名单", [*head, person], merged)), "a.xlsx")
    assert [(row.staff_number, row.name, row.unit, row.joined is not None) for row in roster.rows] == [
        ("00123", "王小明", unit, joined)
    ], roster.problems
    assert roster.left_out == ()


PEOPLE: list[list[str | None]] = [["工号", "姓名"], ["00123", "王小明"]]


@pytest.mark.parametrize(
    "first",
    [
        [["填写说明"], ["1. 红色字段必填"]],
        [["字段", "说明"], ["工号", "必填"], ["姓名", "必填"]],
        [["工号", "姓名"], ["示例", "张三"]],
        [["工号", "姓名"]],
        [],
    ],
)
def test_people_are_found_on_whichever_sheet_they_are(first: list[list[str | None]]) -> None:
    roster = read_roster(workbook(("说明", first, []), ("员工名单", PEOPLE, [])), "a.xlsx")
    assert [row.staff_number for row in roster.rows] == ["00123"]
    told = [problem.details for problem in roster.problems if problem.code == "file.other_sheet_ignored"]
    assert told == ([{"read": "员工名单", "sheet": "说明"}] if first else [])


def test_of_two_sheets_with_people_the_first_is_read() -> None:
    roster = read_roster(workbook(("甲", PEOPLE, []), ("乙", [PEOPLE[0], ["2", "Li"]], [])), "a.xlsx")
    assert [row.staff_number for row in roster.rows] == ["00123"]
    assert [problem.details["sheet"] for problem in roster.problems] == ["乙"]


@pytest.mark.parametrize("cell", ["=TODAY()", "#N/A", "=1/0", "#REF!"])
def test_a_column_that_is_not_read_refuses_nothing_and_one_that_is_read_its_row(cell: str) -> None:
    head: list[str | None] = ["工号", "姓名", "部门", "备注"]
    book = workbook(("a", [head, ["1", "Li", "一车间", cell], ["2", "Bo", cell, ""], [cell, "Ma", "", ""]], []))
    comma = f"工号,姓名,部门,备注\n1,Li,一车间,{cell}\n2,Bo,{cell},\n{cell},Ma,,\n".encode()
    for data in (book, comma):
        roster = read_roster(data, "a")
        assert [row.staff_number for row in roster.rows] == ["1"]
        assert [[problem.code for problem in row.problems] for row in roster.left_out] == (
            [["file.formula"]] * 2 if cell.startswith("=") else [["file.error_cell"]] * 2
        )
