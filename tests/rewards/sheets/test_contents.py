"""What a file is, and which are none of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.sheets import MAX_BYTES, Problem, Sheet, decode, read_rows
from tests.laws import examples
from tests.rewards.sheets.tables import refusal, zipped

ODS = "application/vnd.oasis.opendocument.spreadsheet"


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
        ("Zo\u00eb Lef\u00e8vre".encode("cp1252"), "file.encoding_unclear"),
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
    assert refusal(b"a," * (MAX_BYTES // 2) + b"b").code == "file.too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_one_text_in_every_encoding(encoding: str) -> None:
    text = "工号,姓名\n00123,欧阳娜娜\n"
    assert decode(text.encode(encoding)) == text


@examples(200)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n"]))
def test_reading_never_raises(data: bytes, start: bytes) -> None:
    read = read_rows(start + data, "any.csv")
    assert isinstance(read, Sheet) or all(isinstance(problem, Problem) for problem in read)
