"""Workbooks read as people see them, whichever program wrote them."""

from datetime import date, datetime

from openpyxl import Workbook

from rewards.sheets import Problem, Sheet, read_all_sheets, read_rows
from tests.rewards.sheets.tables import rows, saved, workbook_of


def test_a_workbook_reads_as_people_see_it() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "名册"
    sheet.append(["number", 2008, 2008.0, 1.5, 0.1 + 0.2, True, False, date(2024, 3, 1), None])
    sheet.append([])
    sheet.append(["00123", 123, datetime(2024, 3, 1, 8, 30), 1e20, -4, " two\nlines ", 12345678901, "=", ""])
    sheet["B3"].number_format = "00000"
    read = read_rows(saved(book), "people.xlsx")
    assert isinstance(read, Sheet)
    assert (read.kind, read.name) == ("xlsx", "名册")
    assert read.rows == (
        ("number", "2008", "2008", "1.5", "0.3", "TRUE", "FALSE", "2024-03-01"),
        (),
        ("00123", "00123", "2024-03-01 8:30:00", "1" + "0" * 20, "-4", " two\nlines ", "12345678901", "="),
    )


def test_what_other_programs_write_is_read() -> None:
    strings = (
        "<si><t>Li</t></si><si><r><t>Wang </t></r><r><t>Xiao</t></r><rPh><t>left out</t></rPh></si>"
        "<si><t>a_x000D_b_x005F_x0041_</t></si>"
    )
    styles = (
        '<numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="176"/><xf numFmtId="31"/><xf numFmtId="49"/></cellXfs>'
    )
    sheet = (
        '<x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c>'
        '<x:c t="s"><x:v>2</x:v></x:c></x:row>'
        '<x:row r="3"><x:c r="A3" s="1"><x:v>45352</x:v></x:c><x:c r="B3" s="2"><x:v>45352.0</x:v></x:c>'
        '<x:c r="C3" s="3" t="inlineStr"><x:is><x:t>007</x:t></x:is></x:c>'
        '<x:c r="D3"><x:v>1.3800138E10</x:v></x:c><x:c r="E3" t="str"><x:v>text</x:v></x:c>'
        '<x:c r="F3" t="d"><x:v>2024-03-01T00:00:00</x:v></x:c></x:row>'
        '<x:row r="1048576"><x:c r="XFD1048576" s="1"/></x:row></x:sheetData>'
    )
    assert rows(workbook_of(sheet, strings, styles)) == (
        ("Li", "Wang Xiao", "a\rb_x0041_"),
        (),
        ("2024年3月1日", "2024年3月1日", "007", "13800138000", "text", "2024-03-01"),
    )


def test_the_first_visible_sheet_is_read_and_others_that_hold_something_are_told() -> None:
    book = Workbook()
    hidden = book.active
    hidden.sheet_state = "hidden"
    hidden["A1"] = "hidden"
    book.create_sheet("People")["A1"] = "seen"
    book.create_sheet("Empty")
    book.create_sheet("Old")["B2"] = "aside"
    book.active = 1
    read = read_rows(saved(book), "people.xlsx")
    assert isinstance(read, Sheet)
    assert read.rows == (("seen",),)
    assert [(problem.code, dict(problem.details)) for problem in read.problems] == [
        ("file.other_sheet_ignored", {"read": "People", "sheet": "Old"})
    ]


def test_a_cell_merged_downwards_stands_in_every_line_it_covers() -> None:
    book = Workbook()
    sheet = book.active
    for row in (["All members", None, None], ["1", "Li", "Workshop"], ["2", "Wang"], ["3", "Bo"], [None], ["4", "An"]):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("C2:C5")
    assert rows(saved(book)) == (
        ("All members",),
        ("1", "Li", "Workshop"),
        ("2", "Wang", "Workshop"),
        ("3", "Bo", "Workshop"),
        (),
        ("4", "An"),
    )


def test_formulas_and_errors_are_problems_at_their_cells() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["number", "name"])
    sheet.append(["=1+1", "Li"])
    sheet.append(['="00123"', "=DDE(1)"])
    sheet.append(["=42", "#N/A"])
    assert read_rows(saved(book), "people.xlsx") == (
        Problem(2, "A", "file.formula"),
        Problem(3, "B", "file.formula"),
        Problem(4, "B", "file.error_cell"),
    )


def test_text_that_begins_like_a_formula_stays_text() -> None:
    sheet = (
        '<x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>=1+1</x:t></x:is></x:c></x:row></x:sheetData>'
    )
    assert rows(workbook_of(sheet)) == (("=1+1",),)


def test_every_sheet_that_is_wanted_is_read_and_the_others_are_told() -> None:
    book = Workbook()
    book.active.append(["how to"])
    for name in ("One", "Two", "Hidden", "Empty"):
        sheet = book.create_sheet(name)
        if name != "Empty":
            sheet.append(["head", name])
    book["Hidden"].sheet_state = "hidden"
    found = read_all_sheets(saved(book), "x.xlsx", lambda rows: rows[0][0] == "head")
    assert isinstance(found, list)
    assert [(sheet.name, sheet.rows) for sheet in found] == [("One", (("head", "One"),)), ("Two", (("head", "Two"),))]
    assert [(one.code, dict(one.details)) for sheet in found for one in sheet.problems] == [
        ("file.other_sheet_ignored", {"read": "One, Two", "sheet": "Sheet"})
    ]
    none = read_all_sheets(saved(book), "x.xlsx", lambda rows: False)
    assert isinstance(none, list)
    assert [sheet.rows for sheet in none] == [(("how to",),)]
    assert read_all_sheets(saved(book)[:-100], "x.xlsx", lambda rows: True) == (Problem(None, None, "file.broken"),)
