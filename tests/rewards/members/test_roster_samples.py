"""Files of each kind that once came in wrong: who is read of them, and what is told, by line."""

from pathlib import Path

import pytest

from rewards.members.roster_file import Answers, read_roster
from rewards.members.rules import settled
from tests.rewards.members.test_doubts import members

SAMPLES = Path(__file__).parents[2] / "samples" / "rosters"

PEOPLE = {
    "k_csv_sci_variants.csv": """
    """,
    "k_header_repeated_each_page.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
        00125 | 陈静 | 二车间
    """,
    "k_header_repeated_english.xlsx": """
        1 | A | x
        2 | B | x
    """,
    "k_header_vertical_merge_only.xlsx": """
        00123 | 王小明 | 一车间 | 2020-03-01
    """,
    "k_left_column_zaizhi_text.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
        00125 | 陈静 | 二车间
    """,
    "k_notes_row.csv": """
        00123 | 王小明 | 一车间
    """,
    "k_sample_row.csv": """
        00123 | 王小明 | 一车间
    """,
    "k_staff_number_became_date.xlsx": """
    """,
    "k_staff_number_currency_thousand.xlsx": """
        12345 | 王小明 | 一车间
    """,
    "k_staff_number_locale_zero.xlsx": """
        00007 | 王小明 | 一车间
    """,
    "k_staff_number_phone_format.xlsx": """
        100-234 | 王小明 | 一车间
        200-017 | 李 | 一车间
    """,
    "k_staff_number_text_section.xlsx": """
        00007 | 王小明 | 一车间
    """,
    "k_subtotal_per_unit.csv": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
    """,
    "k_total_en.csv": """
        00123 | Mary | Stores
    """,
    "k_units_levels.csv": """
        00123 | 王小明 | 制造部/一车间/甲班
    """,
    "k_units_levels_en.csv": """
        00123 | Mary | Ops/Stores/Night
    """,
    "roster_18_digit_numbers_as_excel_stores_them.xlsx": """
        2 | 李建国 | 二车间
    """,
    "roster_error_cell_in_unread_column.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
    """,
    "roster_feishu_shape.csv": """
        00123 | 王小明 | 制造部/一车间 | 2020-03-01 | +8613800000001
    """,
    "roster_filtered_rows_hidden.xlsx": """
        00123 | 王小明 | 一车间
        00125 | 陈静 | 二车间
    """,
    "roster_formula_in_unread_column.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
    """,
    "roster_german_latin1_few.csv": """
        00123 | Peter Schmidt | Lager
        00124 | Jürgen Müller | Büro
        00126 | Paul Wagner | Lager
    """,
    "roster_hr_export_first_last_name.csv": """
        JAW-1018 | Mary Smith | Drivers | 2020-03-01 | mary@example.org | 07700900123
    """,
    "roster_instructions_sheet_first.xlsx": """
        00123 | 王小明 | 制造部/一车间
    """,
    "roster_month_only.csv": """
    """,
    "roster_number_format_with_letters.xlsx": """
        GH0007 | 王小明 | 一车间
        GH0012 | 李建国 | 二车间
    """,
    "roster_sjis.csv": """
        00123 | 田中太郎 | Stores
        00124 | 佐藤花子 | Stores
    """,
    "roster_status_column.csv": """
        00123 | 王小明 | 一车间
    """,
    "roster_total_row.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
    """,
    "roster_total_row_numbers.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
    """,
    "roster_total_row_only.xlsx": """
        00123 | 王小明 | 一车间
        00124 | 李建国 | 二车间
    """,
    "roster_traditional_head_utf8.csv": """
        00123 | 王小明 | 製造部 | 2020-03-01 | a@example.org | 0912345678
    """,
    "roster_two_digit_year.csv": """
        00123 | 王小明 | 一车间 | 1998-03-01
        00124 | 李建国 | 一车间 | 2003-07-15
    """,
    "roster_uk_dates.csv": """
        00123 | Mary Smith | Stores | 2019-12-25
        00124 | John Brown | Stores | 2024-03-01
    """,
    "roster_us_dates.csv": """
        00123 | Mary Smith | Stores | 2019-12-25
        00124 | John Brown | Stores | 2024-01-03
    """,
    "roster_vlookup_department.xlsx": """
    """,
    "roster_wecom_two_departments.csv": """
        00123 | 王小明 | 星河公司/制造部/一车间
        00124 | 李建国 | 星河公司/制造部
    """,
    "roster_zeros_lost_by_excel.csv": """
        123 | 王小明 | 一车间
        124 | 李建国 | 二车间
    """,
}

TOLD: dict[str, list[tuple[int | None, str]]] = {
    "k_csv_sci_variants.csv": [
        (2, "roster.staff_number_rounded"),
        (3, "roster.staff_number_rounded"),
        (4, "roster.staff_number_rounded"),
        (5, "roster.staff_number_signs"),
        (6, "roster.staff_number_day"),
        (7, "roster.staff_number_day"),
        (8, "roster.staff_number_day"),
        (9, "roster.staff_number_spoiled"),
    ],
    "k_header_repeated_each_page.xlsx": [(4, "roster.headings_again")],
    "k_header_repeated_english.xlsx": [(3, "roster.headings_again")],
    "k_header_vertical_merge_only.xlsx": [(2, "roster.columns_not_read")],
    "k_notes_row.csv": [(2, "roster.note_line"), (3, "roster.sample_line")],
    "k_sample_row.csv": [(2, "roster.sample_line")],
    "k_staff_number_became_date.xlsx": [(2, "roster.staff_number_day")],
    "k_staff_number_currency_thousand.xlsx": [(3, "roster.staff_number_spoiled")],
    "k_subtotal_per_unit.csv": [(3, "roster.total_line"), (5, "roster.total_line"), (6, "roster.total_line")],
    "k_total_en.csv": [(3, "roster.total_line")],
    "k_units_levels_en.csv": [(1, "roster.columns_not_read")],
    "roster_18_digit_numbers_as_excel_stores_them.xlsx": [(2, "file.digits_lost")],
    "roster_error_cell_in_unread_column.xlsx": [(1, "roster.columns_not_read")],
    "roster_filtered_rows_hidden.xlsx": [(3, "roster.left_without_day"), (3, "roster.row_hidden")],
    "roster_formula_in_unread_column.xlsx": [(1, "roster.columns_not_read")],
    "roster_instructions_sheet_first.xlsx": [(None, "file.other_sheet_ignored")],
    "roster_month_only.csv": [(2, "roster.date_unclear"), (3, "roster.date_unclear")],
    "roster_status_column.csv": [(3, "roster.left_without_day")],
    "roster_total_row.xlsx": [(4, "roster.total_line"), (6, "roster.note_line")],
    "roster_total_row_numbers.xlsx": [(1, "roster.columns_not_read"), (4, "roster.total_line")],
    "roster_total_row_only.xlsx": [(4, "roster.total_line")],
    "roster_two_digit_year.csv": [(1, "roster.days_ymd")],
    "roster_uk_dates.csv": [(1, "roster.days_dmy")],
    "roster_us_dates.csv": [(1, "roster.days_mdy")],
    "roster_vlookup_department.xlsx": [(2, "file.formula")],
    "roster_wecom_two_departments.csv": [(2, "roster.unit_first")],
}


def test_every_file_has_its_people() -> None:
    assert sorted(PEOPLE) == sorted(path.name for path in SAMPLES.iterdir())


@pytest.mark.parametrize("name", PEOPLE)
def test_a_file_gives_these_people_and_says_this(name: str) -> None:
    roster = read_roster((SAMPLES / name).read_bytes(), name)
    read = [
        (row.staff_number, row.name, "/".join(row.unit), str(row.joined or ""), row.email, row.phone)
        for row in roster.rows
    ]
    assert [" | ".join(filter(None, row)) for row in read] == [line.strip() for line in PEOPLE[name].split("\n")[1:-1]]
    assert [(problem.line, problem.code) for problem in roster.problems] == TOLD.get(name, [])
    assert {row.line for row in roster.left_out} == {
        problem.line for problem in roster.problems if problem.severity == "error" and problem.line
    }


def test_zeros_that_a_spreadsheet_took_are_asked_about() -> None:
    before = "工号,姓名,部门\n00123,王小明,一车间\n00124,李建国,二车间\n".encode()
    name = "roster_zeros_lost_by_excel.csv"
    read = read_roster((SAMPLES / name).read_bytes(), name)
    found = settled(members(read_roster(before, "a.csv")), read, Answers())
    assert found.rows == ()
    assert [(problem.line, problem.code) for problem in found.problems] == [
        (2, "roster.number_spelled"),
        (3, "roster.number_spelled"),
    ]
