"""Workbooks that were made to harm, or were harmed."""

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.sheets import Sheet, read_rows
from tests.laws import examples
from tests.rewards.sheets.tables import refusal, workbook_of, zipped


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
