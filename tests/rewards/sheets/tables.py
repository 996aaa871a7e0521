"""Files made for the tests of sheets, and what is read of them."""

import zipfile
from io import BytesIO

from hypothesis import strategies as st
from openpyxl import Workbook

from rewards.sheets import Problem, Sheet, read_rows


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


RISKY = st.text(alphabet="=+-@＝;,\t\r\n'\"a ", max_size=12)
