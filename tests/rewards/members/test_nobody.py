"""Lines of a roster that are nobody, among those that are somebody."""

import random

import pytest
from openpyxl import Workbook

from rewards.members.roster_file import Roster, read_roster
from rewards.sheets import write_csv
from tests.rewards.sheets.tables import saved

HEAD = ["工号", "姓名", "部门"]
PEOPLE = [["00123", "王小明", "一车间"], ["00124", "李建国", "二车间"], ["A-7", "Mary Smith", "Stores"]]


def of(*table: list[str]) -> Roster:
    return read_roster(write_csv(list(table)), "roster.csv")


def told(roster: Roster, line: int) -> set[tuple[str, str]]:
    return {(problem.severity, problem.code) for problem in roster.problems if problem.line == line}


NOBODY = {
    "roster.total_line": [
        *(
            [word + end, count, unit]
            for word in (
                "合计",
                "小计",
                "总计",
                "合 计",
                "总人数",
                "一车间小计",
                "Total",
                "Subtotal",
                "Grand total",
                "TOTAL",
            )
            for end in ("", "：", ":")
            for count in ("2", "2人", "2 people", "")
            for unit in ("", "一车间")
        ),
        ["合计：3人", "", ""],
        ["共3人", "", ""],
        ["合计（人）", "3", ""],
        ["合计人数：3", "", ""],
        ["以上共 3 人", "", ""],
        ["Total (people)", "3", ""],
        ["", "合计", "2"],
        ["", "总人数", "2人"],
        ["", "Total", ""],
        ["2", "合计", ""],
        ["Total employees: 12", "", ""],
        ["Stores total", "4", "Stores"],
        ["", "", "合计"],
    ],
    "roster.note_line": [
        ["填写说明", "请勿删除本行", ""],
        ["说明：红色为必填", "", ""],
        ["请勿修改表头", "", ""],
        ["注：工号必填", "", ""],
        ["必填", "必填", "选填"],
        ["required", "required", "optional"],
        ["Note: do not delete this row", "", ""],
        ["制表人：赵敏", "", "审核："],
        ["审核：", "张华", ""],
        ["Prepared by: HR", "", ""],
        ["Page 1 of 3", "", ""],
        ["第 1 页", "", ""],
        ["1. 红色字段必填", "", ""],
        ["一车间", "", ""],
        ["--- end ---", "", ""],
        ["负责人签字：", "", "日期："],
        ["导入须知", "", "共三条"],
        ["（必填）", "（必填）", "（选填）"],
        ["文本", "文本", "文本"],
        ["number", "text", "text"],
        ["2 people are on leave today", "", ""],
    ],
    "roster.sample_line": [
        ["示例", "张三", "示例部门"],
        ["例如00001", "张三", "一车间"],
        ["样例", "张三", ""],
        ["00001", "张三", "示例部门"],
        ["00001", "张三（示例）", "一车间"],
        ["00001", "示例", ""],
        ["00001", "XXX", "一车间"],
        ["00001", "某某", "一车间"],
        ["Sample", "Mary Smith", "Stores"],
        ["Example 1", "John", ""],
        ["例：00001", "张三", ""],
        ["e.g. 00001", "Mary", ""],
        ["（示例）00001", "张三", ""],
    ],
    "roster.headings_again": [HEAD, ["工号", "姓名", "单位"], ["Staff number", "Name", "Unit"], ["工号", "", ""]],
}


@pytest.mark.parametrize(("code", "line"), [(code, line) for code, lines in NOBODY.items() for line in lines])
def test_a_line_that_is_nobody_is_left_aside_with_a_note(code: str, line: list[str]) -> None:
    place = random.Random(str(line)).randrange(1, 4)
    roster = of(HEAD, *PEOPLE[:place], line, *PEOPLE[place:])
    assert [row.staff_number for row in roster.rows] == ["00123", "00124", "A-7"]
    assert roster.left_out == ()
    assert told(roster, place + 2) == {("warning", code)}


@pytest.mark.parametrize(
    "line",
    [
        ["00777", "Sum Wai", "Total Quality"],
        ["SUM-01", "Notley Page", "Example Street"],
        ["EG-0012", "Total Recall", "Sample Lab"],
        ["NB-1", "王合计", "小计科"],
        ["777", "计春华", "总计室"],
        ["Z9", "共青", "备注"],
        ["注-9", "说明", ""],
    ],
)
def test_somebody_with_an_odd_name_is_somebody(line: list[str]) -> None:
    roster = of(HEAD, *PEOPLE, line)
    assert [row.staff_number for row in roster.rows][-1] == line[0]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["", "No Number", ""], "roster.staff_number_empty"),
        (["", "李娜", "一车间"], "roster.staff_number_empty"),
        (["00777", "", "一车间"], "roster.name_empty"),
        (["00777", "12人", "一车间"], "roster.name_is_none"),
        (["00777", "45", "一车间"], "roster.name_is_none"),
        (["00777", "3月1日", "一车间"], "roster.name_is_none"),
        (["00777", "1-Mar", "一车间"], "roster.name_is_none"),
        (["00777", "?!", "一车间"], "roster.name_is_none"),
        (["姓名", "工号", "部门"], "roster.other_headings"),
    ],
)
def test_what_may_be_somebody_comes_back(line: list[str], code: str) -> None:
    """Whoever stands in such a row would leave with a whole roster, so it is no note."""
    roster = of(HEAD, *PEOPLE, line)
    assert len(roster.rows) == 3
    assert [row.line for row in roster.left_out] == [5]
    assert ("error", code) in told(roster, 5)


def test_usual_names_of_examples_are_taken_with_a_note() -> None:
    roster = of(HEAD, ["1", "张三", "一车间"], ["2", "John Doe", ""], ["3", "王小明", ""])
    assert len(roster.rows) == 3
    assert (told(roster, 2), told(roster, 4)) == ({("warning", "roster.usual_example")}, set())


def test_a_total_that_is_a_formula_and_a_hidden_row_of_a_workbook() -> None:
    book = Workbook()
    sheet = book.active
    for row in (HEAD, *PEOPLE, ["合计", "=COUNTA(A2:A4)", None]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    roster = read_roster(saved(book), "a.xlsx")
    assert len(roster.rows) == 3
    assert told(roster, 3) == {("warning", "roster.row_hidden")}
    assert told(roster, 5) == {("warning", "roster.total_line")}


def test_the_status_says_who_has_left() -> None:
    head = ["工号", "姓名", "状态", "离职日期"]
    roster = of(
        head,
        ["1", "Li", "在职", ""],
        ["2", "Bo", "离职", ""],
        ["3", "Ma", "离职", "2024-03-01"],
        ["4", "An", "", ""],
        ["5", "Wu", "外星", ""],
        ["6", "Qi", "外星", ""],
        ["7", "Fu", "已离职（协商）", ""],
        ["8", "Yu", "已離職", ""],
    )
    assert [row.staff_number for row in roster.rows] == ["1", "3", "4", "5", "6"]
    assert told(roster, 3) == told(roster, 8) == told(roster, 9) == {("error", "roster.left_without_day")}
    assert (told(roster, 6), told(roster, 7)) == ({("warning", "roster.status_unclear")}, set())
    asked = of(["工号", "姓名", "是否离职"], ["1", "Li", "是"], ["2", "Bo", "否"])
    assert [row.staff_number for row in asked.rows] == ["2"]


@pytest.mark.parametrize("there", ["在职", "9999-12-31", "9999/12/31", "99991231", "至今", "present", "-", ""])
def test_words_and_days_without_end_mean_that_somebody_is_there(there: str) -> None:
    roster = of(["工号", "姓名", "离职日期"], ["1", "Li", there], ["2", "Bo", "2024-03-01"])
    assert [row.left is None for row in roster.rows] == [True, False]
    assert roster.problems == ()
