"""Tables from files: what they are, what they hold, what is refused, and that our own come back as they went."""

import csv
import re
import zipfile
from datetime import date, datetime
from io import BytesIO, StringIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from rewards import sheets
from rewards.sheets import (
    Findings,
    Problem,
    Sheet,
    decode,
    neutralise,
    one_line,
    plain_text,
    read_rows,
    write_csv,
    write_xlsx,
)
from tests.laws import examples

ODS = "application/vnd.oasis.opendocument.spreadsheet"


def saved(book: Workbook) -> bytes:
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def zipped(parts: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook_of(sheet: str, strings: str = "", styles: str = "", **extra: str | bytes) -> bytes:
    """The smallest .xlsx around the XML of one sheet's data, as other programs than Excel write it."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="a" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:r="{OFFICE}"><x:sheets>'
        '<x:sheet name="People" sheetId="1" r:id="b"/></x:sheets></x:workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
        f'<Relationship Id="b" Type="{OFFICE}/worksheet" Target="/xl/worksheets/one.xml"/>'
        f'<Relationship Id="c" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="d" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/one.xml": f'<x:worksheet xmlns:x="{MAIN}">{sheet}</x:worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }
    return zipped(parts | extra)


def rows(data: bytes, filename: str = "people.xlsx") -> tuple[tuple[str, ...], ...]:
    sheet = read_rows(data, filename)
    assert isinstance(sheet, Sheet), sheet
    return sheet.rows


def refusal(data: bytes, filename: str = "people.xlsx") -> Problem:
    problems = read_rows(data, filename)
    assert not isinstance(problems, Sheet)
    assert problems[0].severity == "error"
    return problems[0]


# What a file is


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file.empty"),
        (b" \r\n\r\n", "file.empty"),
        (b"\xef\xbb\xbf", "file.empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "file.is_old_excel"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "file.has_password",
        ),
        (b"%PDF-1.7\n", "file.is_pdf"),
        (b"\x89PNG\r\n\x1a\n", "file.is_picture"),
        (b"\xff\xd8\xff\xe0", "file.is_picture"),
        (b"MZ\x90\x00\x03", "file.is_program"),
        (b"\x7fELF\x02", "file.is_program"),
        (b"#!/bin/sh\nrm -rf /\n", "file.is_program"),
        (b"Rar!\x1a\x07\x00", "file.is_archive"),
        (b"\x1f\x8b\x08\x00", "file.is_archive"),
        (b"\r\n<html><table><tr><td>1</td></tr></table></html>", "file.is_web_page"),
        (b'<?xml version="1.0"?><Workbook/>', "file.is_web_page"),
        (b"number,name\n1,\x00\n", "file.nul_character"),
        ("number,name".encode("utf-32"), "file.nul_character"),
        (b"\xff\xff\xff\xff", "file.unknown_encoding"),
        (b"\xef\xbb\xbf\xc3(", "file.unknown_encoding"),
        ("Zo\u00eb,\u20ac".encode("cp1252"), "file.unknown_encoding"),
        (zipped({"readme.txt": "hello"}), "file.is_archive"),
        (zipped({"word/document.xml": "<a/>", "[Content_Types].xml": "<a/>"}), "file.is_document"),
        (zipped({"mimetype": ODS, "content.xml": "<a/>"}), "file.is_document"),
        (b"PK\x03\x04 and then nothing", "file.broken"),
        (b'number,name\n"1,Li Na\n2,Wang\n', "file.quote_not_closed"),
    ],
)
def test_a_file_that_is_no_table_is_named(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_the_name_decides_nothing_but_is_doubted() -> None:
    sheet = read_rows(b"number,name\n1,Li Na\n", "people.xls")
    assert isinstance(sheet, Sheet)
    assert sheet.rows == (("number", "name"), ("1", "Li Na"))
    assert [problem.code for problem in sheet.problems] == ["file.name_differs"]
    honest = read_rows(b"number,name\n1,Li Na\n", "people.CSV")
    assert isinstance(honest, Sheet)
    assert honest.problems == ()


def test_too_large_is_refused_before_it_is_read() -> None:
    assert refusal(b"a," * (sheets.MAX_BYTES // 2) + b"b").code == "file.too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_one_text_in_every_encoding(encoding: str) -> None:
    text = "工号,姓名\n00123,欧阳娜娜\n"
    assert decode(text.encode(encoding)) == text


# Comma, semicolon, tab


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


# Workbooks


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
        ("00123", "00123", "2024-03-01T08:30:00", "1" + "0" * 20, "-4", " two\nlines ", "12345678901", "="),
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
        ("2024-03-01", "2024-03-01", "007", "13800138000", "text", "2024-03-01"),
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
        ("file.other_sheet_ignored", {"sheet": "Old"})
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


def bomb() -> bytes:
    return workbook_of("<x:sheetData>" + " " * 30_000_000 + "</x:sheetData>")


def claims_100_mb() -> bytes:
    data = bytearray(workbook_of("<x:sheetData/>"))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (200_000_000).to_bytes(4, "little")
    return bytes(data)


def macros() -> bytes:
    return workbook_of("<x:sheetData/>", **{"xl/vbaProject.bin": b"\x00"})


def external_entity() -> bytes:
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    return workbook_of("", **{"xl/worksheets/one.xml": entity + "<worksheet>&e;</worksheet>"})


def laughs() -> bytes:
    entity = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    return workbook_of("", **{"xl/sharedStrings.xml": entity + "<sst>&b;</sst>"})


def cells(*names: str) -> bytes:
    inside = "".join(f'<x:c r="{name}"><x:v>1</x:v></x:c>' for name in names)
    line = names[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if names else "1"
    return workbook_of(f'<x:sheetData><x:row r="{line}">{inside}</x:row></x:sheetData>')


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bomb(), "file.unpacks_too_large"),
        (claims_100_mb(), "file.unpacks_too_large"),
        (zipped({f"xl/{number}": "" for number in range(2_001)}), "file.unpacks_too_large"),
        (macros(), "file.has_macros"),
        (external_entity(), "file.broken"),
        (laughs(), "file.broken"),
        (cells("A200001"), "file.too_many_rows"),
        (cells("A999999999999999999"), "file.too_many_rows"),
        (cells("GS1"), "file.too_many_columns"),
        (cells("AAAAAAAAAAAAAAA1"), "file.broken"),
        (cells("?1"), "file.broken"),
        (workbook_of("<x:sheetData><x:row r='1'></x:sheetData>"), "file.broken"),
        (workbook_of("<x:sheetData/>"), "file.empty"),
        (workbook_of("<x:sheetData/>", **{"xl/workbook.xml": "<workbook/>"}), "file.no_sheet"),
        (workbook_of("<x:sheetData/>", **{"xl/_rels/workbook.xml.rels": "<Relationships/>"}), "file.no_sheet"),
        (workbook_of('<x:sheetData><x:row><x:c t="s"><x:v>7</x:v></x:c></x:row></x:sheetData>'), "file.broken"),
    ],
)
def test_hostile_workbooks_are_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_encrypted_parts_are_told() -> None:
    data = bytearray(workbook_of("<x:sheetData/>"))
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    assert refusal(bytes(data)).code == "file.has_password"


@examples(200)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n"]))
def test_reading_never_raises(data: bytes, start: bytes) -> None:
    read = read_rows(start + data, "any.csv")
    assert isinstance(read, Sheet) or all(isinstance(problem, Problem) for problem in read)


@examples(200)
@given(st.data())
def test_reading_a_damaged_workbook_never_raises(data: st.DataObject) -> None:
    whole = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read = read_rows(bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))]), "any.xlsx")
    assert isinstance(read, Sheet) or read[0].code.startswith("file.")


def stored_small() -> bytes:
    whole = workbook_of('<x:sheetData><x:row><x:c s="1"><x:v>4</x:v></x:c></x:row></x:sheetData>')
    with zipfile.ZipFile(BytesIO(whole)) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()}, zipfile.ZIP_STORED)


SMALL = stored_small()


@examples(150)
@given(st.text(alphabet="<>/=\"'&;xrcvtsf1A#! ", max_size=80))
def test_any_xml_inside_never_raises(inside: str) -> None:
    read = read_rows(workbook_of(f"<x:sheetData>{inside}</x:sheetData>"), "any.xlsx")
    assert isinstance(read, Sheet) or read[0].code.startswith("file.")


# Writing and reading back

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
TABLE = st.lists(st.lists(TEXT, min_size=1, max_size=5), min_size=1, max_size=8)


def trimmed(table: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    found = []
    for row in table:
        cut = list(row)
        while cut and not cut[-1]:
            cut.pop()
        found.append(tuple(cut))
    while found and not found[-1]:
        found.pop()
    return tuple(found)


@examples(300)
@given(TABLE)
def test_csv_comes_back_as_it_went(table: list[list[str]]) -> None:
    expected = trimmed(table)
    data = write_csv(table)
    text = decode(data)
    assume(expected and isinstance(text, str))
    assert rows(data, "a.csv") == expected


@examples(150)
@given(TABLE)
def test_xlsx_comes_back_as_it_went(table: list[list[str]]) -> None:
    expected = trimmed(table)
    assume(expected)
    assert rows(write_xlsx(table, "Export")) == expected


RISKY = st.text(alphabet="=+-@＝;,\t\r\n'\"a ", max_size=12)


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


def test_zeros_in_front_survive_both_ways() -> None:
    table = [["number", "name"], ["00123", "李娜"], ["007", "=cmd|' /C calc'!A0"]]
    assert rows(write_csv(table), "a.csv") == tuple(map(tuple, table))
    assert rows(write_xlsx(table, "名册")) == tuple(map(tuple, table))


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


def test_csv_bytes_are_those_that_spreadsheets_expect() -> None:
    data = write_csv([["工号", "备注"], ["00123", "-5"], [-5, 'a "b"; c']])
    assert data == '\ufeff工号,备注\r\n00123,\'-5\r\n-5,"a ""b""; c"\r\n'.encode()
    assert neutralise("'=1") == "''=1"
    assert neutralise("it's") == "it's"
    assert neutralise("a;=1\n@b") == "a;'=1\n'@b"


# Text and findings


def test_text_that_hides_or_reorders_is_made_plain() -> None:
    assert plain_text("\ufeff Li\u202e\u2066 Na\u200b\x07\r\n2\u2029e\u0301 ") == "Li Na\n2\né"
    assert plain_text("👩\u200d🔧 می\u200cخواهم") == "👩\u200d🔧 می\u200cخواهم"
    assert one_line(" a \t\n b\u3000c ") == "a b c"


@given(st.text(max_size=60))
def test_plain_text_is_plain_and_settled(text: str) -> None:
    once = plain_text(text)
    assert plain_text(once) == once
    assert not any(sign in once for sign in "\x00\x1b\x7f\r\u202e\u2067\u200b\ufeff")


def test_findings_keep_few_and_count_all() -> None:
    doubts = [Problem(line, None, "x.doubt", severity="warning") for line in range(1, 301)]
    assert not Findings(doubts).blocked
    told = Findings([*doubts, Problem(999, None, "x.wrong")]).told()
    assert [problem.code for problem in told].count("x.wrong") == 1
    assert told[-1] == Problem(None, None, "file.more_problems", {"count": 101}, "warning")
    assert len(told) == sheets.MAX_PROBLEMS + 1
    assert Findings([Problem(1, None, "x.wrong")] * 201).told()[-1].severity == "error"
