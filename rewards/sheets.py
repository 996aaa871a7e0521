"""Tables that people keep in files, from bytes to rows and back (.xlsx, .csv). Pure: no disk, no clock, no network.

What a file is, is decided by its bytes, never by its name. Nothing in a file is run, followed or fetched: XML with
a document type is refused, a cell with a formula is a problem at that cell. Limits hold before memory is spent.
"""

import csv
import re
import unicodedata
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from io import BytesIO, StringIO
from typing import Literal
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

MAX_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_PACKING_RATIO = 200
MAX_PARTS = 2_000
MAX_XML_ELEMENTS = 8_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELLS = 3_000_000
MAX_CELL_CHARACTERS = 32_767
MAX_CHARACTERS = 50_000_000
MAX_PROBLEMS = 200

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file, at a place.

    `line` is the row or line, from 1, as a spreadsheet or an editor numbers it; None: the whole file.
    `column` is a column's letter or its heading in the file; None: the whole line. `code` is a stable dotted
    string; `details` holds the values its sentence names, which may be personal: show them to who brought the file,
    never log them. One `error` blocks the import, a `warning` does not.
    """

    line: int | None
    column: str | None
    code: str
    details: Mapping[str, str | int] = field(default_factory=dict)
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a table as text. `rows[i]` is line i + 1; rows are ragged: empty cells at the end of a row and
    empty rows at the end of the sheet are cut, empty rows between are `()`.

    Numbers read as a person sees them (`2008`, never `2008.0`; `00123` where the cell's format pads it), dates as
    `2024-03-01` or `2024-03-01T08:30:00`, booleans as `TRUE` and `FALSE`. `name` is the sheet's own, "" for CSV.
    `problems` are warnings only.
    """

    kind: Literal["csv", "xlsx"]
    name: str
    rows: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...] = ()


class _Refused(Exception):
    """Stops reading; carries what to tell. Never leaves this module."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


def _refuse(code: str, line: int | None = None, column: str | None = None, **details: str | int) -> _Refused:
    return _Refused(Problem(line, column, code, details))


class Findings:
    """Problems as they are found. However many there are, it keeps few: the first of each severity, and counts."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._kept: dict[Severity, list[Problem]] = {"error": [], "warning": []}
        self._counts: dict[Severity, int] = {"error": 0, "warning": 0}
        self.add(*problems)

    def add(self, *problems: Problem) -> None:
        for problem in problems:
            self._counts[problem.severity] += 1
            if len(self._kept[problem.severity]) < MAX_PROBLEMS:
                self._kept[problem.severity].append(problem)

    @property
    def blocked(self) -> bool:
        """Whether there is an error among them."""
        return self._counts["error"] > 0

    def told(self) -> tuple[Problem, ...]:
        """In order of line (the whole file first), at most MAX_PROBLEMS, then one that counts the rest.

        Errors go before warnings where not all fit, so that a blocked file always shows why.
        """
        kept = [*self._kept["error"], *self._kept["warning"]][:MAX_PROBLEMS]
        rest = sum(self._counts.values()) - len(kept)
        severity: Severity = "error" if self._counts["error"] > MAX_PROBLEMS else "warning"
        more = [Problem(None, None, "file.more_problems", {"count": rest}, severity)] if rest else []
        return (*sorted(kept, key=lambda problem: problem.line or 0), *more)


# Text


_INVISIBLE = re.compile(
    # Controls but tab and newline; soft hyphen, Arabic mark, zero width and bidi marks, embeddings, overrides and
    # isolates; invisible operators; byte order mark, annotations; surrogates, noncharacters; tag characters.
    # The two joiners (U+200C, U+200D) stay: scripts and pictures need them.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)


def plain_text(text: str) -> str:
    """The text without characters that hide, reorder or control; newlines as `\\n`; NFC; trimmed.

    Letters, accents, symbols and pictures stay. Never raises.
    """
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text.strip()
    text = re.sub("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85", "\n", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).strip()


def one_line(text: str) -> str:
    """`plain_text` with every run of blanks, line breaks included, as one space."""
    return " ".join(plain_text(text).split())


_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "file.is_pdf"),
    (b"\x89PNG", "file.is_picture"),
    (b"\xff\xd8\xff", "file.is_picture"),
    (b"GIF87a", "file.is_picture"),
    (b"GIF89a", "file.is_picture"),
    (b"BM", "file.is_picture"),
    (b"RIFF", "file.is_picture"),
    (b"II*\x00", "file.is_picture"),
    (b"MM\x00*", "file.is_picture"),
    (b"MZ", "file.is_program"),
    (b"\x7fELF", "file.is_program"),
    (b"\xcf\xfa\xed\xfe", "file.is_program"),
    (b"\xfe\xed\xfa", "file.is_program"),
    (b"\xca\xfe\xba\xbe", "file.is_program"),
    (b"#!", "file.is_program"),
    (b"Rar!\x1a\x07", "file.is_archive"),
    (b"7z\xbc\xaf\x27\x1c", "file.is_archive"),
    (b"\x1f\x8b", "file.is_archive"),
    (b"BZh", "file.is_archive"),
    (b"\xfd7zXZ", "file.is_archive"),
    (b"PK\x05\x06", "file.is_archive"),
    (b"{\\rtf", "file.is_document"),
)
# Two letters begin honest text too ("BM, ..."); these count only where the bytes go on as a binary file does.
_SHORT_STARTS = (b"BM", b"MZ", b"RIFF")
_MARKUP = re.compile(r"\s*<(!doctype|html|head|body|table|script|style|meta|svg|\?xml|\?mso)\b", re.IGNORECASE)


def recognise(data: bytes) -> Literal["zip", "text"] | Problem:
    """What the bytes are: a zip (perhaps .xlsx), or text by elimination; else the problem that names it.

    Empty and oversized files are problems too.
    """
    if not data:
        return Problem(None, None, "file.empty")
    if len(data) > MAX_BYTES:
        return Problem(None, None, "file.too_large", {"megabytes": MAX_BYTES // 1024**2})
    if data.startswith(b"PK\x03\x04"):
        return "zip"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        locked = "EncryptedPackage".encode("utf-16-le") in data
        return Problem(None, None, "file.has_password" if locked else "file.is_old_excel")
    for start, code in _STARTS:
        if data.startswith(start) and (start not in _SHORT_STARTS or b"\x00" in data[:512]):
            return Problem(None, None, code)
    return "text"


def decode(data: bytes) -> str | Problem:
    """Text from bytes: by its byte order mark, else strict UTF-8, else GB18030; else what is wrong with it.

    GB18030 gives a meaning to most bytes; where it yields characters that no writer uses, the bytes were not it.
    """
    known = recognise(data)
    if isinstance(known, Problem):
        return known
    if known == "zip":
        return Problem(None, None, "file.is_archive")
    try:
        if data.startswith(b"\xef\xbb\xbf"):
            text = data[3:].decode("utf-8")
        elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            text = _without_mark(data)
    except UnicodeDecodeError:
        return Problem(None, None, "file.unknown_encoding")
    zero = text.find("\x00")
    if zero >= 0:
        return Problem(text.count("\n", 0, zero) + 1, None, "file.nul_character")
    if _MARKUP.match(text):
        return Problem(None, None, "file.is_web_page")
    if not text.strip():
        return Problem(None, None, "file.empty")
    return text


def _without_mark(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
        if re.search("[\x80-\x9f\ue000-\uf8ff\ufffe\uffff\U000f0000-\U0010ffff]", text):
            raise
        return text


# Reading


def read_rows(data: bytes, filename: str) -> Sheet | tuple[Problem, ...]:
    """The first visible sheet of an .xlsx, or the table of a .csv (comma, semicolon or tab); else why not.

    `filename` takes no part in the decision; where it promises the other kind, a warning says so. Never raises.
    Cost: linear in the size, bounded by the limits above; run it off the event loop.
    """
    known = recognise(data)
    if isinstance(known, Problem):
        return (known,)
    try:
        if known == "zip":
            return _read_xlsx(data, _misnamed(filename, "xlsx"))
        text = decode(data)
        if isinstance(text, Problem):
            return (text,)
        return _trimmed("csv", "", _read_csv(text), _misnamed(filename, "csv"))
    except _Refused as refused:
        return refused.problems
    except (
        zipfile.BadZipFile,
        zlib.error,
        SAXException,
        DefusedXmlException,
        LookupError,
        ValueError,
        ArithmeticError,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
    ):
        return (Problem(None, None, "file.broken"),)


def _misnamed(filename: str, kind: Literal["csv", "xlsx"]) -> tuple[Problem, ...]:
    ending = filename.rpartition(".")[2].casefold()
    promised = {"xlsx": "xlsx", "xlsm": "xlsx", "xls": "xlsx", "csv": "csv", "txt": "csv", "tsv": "csv"}.get(ending)
    if promised in (None, kind):
        return ()
    return (Problem(None, None, "file.name_differs", {"ending": "." + ending, "kind": "." + kind}, "warning"),)


def _trimmed(
    kind: Literal["csv", "xlsx"], name: str, lines: Iterable[Sequence[str]], problems: tuple[Problem, ...] = ()
) -> Sheet:
    rows: list[tuple[str, ...]] = []
    cells = characters = 0
    for number, line in enumerate(lines, start=1):
        width = len(line)
        while width and not line[width - 1]:
            width -= 1
        if not width:
            if number <= MAX_ROWS:
                rows.append(())
            continue
        if number > MAX_ROWS:
            raise _refuse("file.too_many_rows", number, limit=MAX_ROWS)
        if width > MAX_COLUMNS:
            raise _refuse("file.too_many_columns", number, limit=MAX_COLUMNS)
        row = tuple(line[:width])
        cells += width
        for column, cell in enumerate(row, start=1):
            characters += len(cell)
            if len(cell) > MAX_CELL_CHARACTERS:
                raise _refuse("file.cell_too_long", number, get_column_letter(column), limit=MAX_CELL_CHARACTERS)
            if "\x00" in cell:
                raise _refuse("file.nul_character", number, get_column_letter(column))
        if cells > MAX_CELLS or characters > MAX_CHARACTERS:
            raise _refuse("file.unpacks_too_large")
        rows.append(row)
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise _refuse("file.empty")
    return Sheet(kind, name, tuple(rows), problems)


_DELIMITERS = ",\t;"
_NUMBER_LITERAL = re.compile(r"\s*([+-]?\d{1,15}(?:\.\d{1,15})?)\s*")
_TEXT_LITERAL = re.compile(r'\s*"((?:[^"]|"")*)"\s*')


def _literal(formula: str) -> str | None:
    """What a formula that computes nothing stands for (`5`, `"00123"`); None for a real one. Without the `=`."""
    if number := _NUMBER_LITERAL.fullmatch(formula):
        return number[1].removeprefix("+")
    if text := _TEXT_LITERAL.fullmatch(formula):
        return text[1].replace('""', '"')
    return None


def _read_csv(text: str) -> Iterator[list[str]]:
    """The records of a CSV text. Empty lines are records too, so that numbers are those a spreadsheet shows."""
    if told := re.match(r"(?i)sep=([,;\t])\r?\n", text):
        delimiter, text = told[1], text[told.end() :]
    else:
        delimiter = _delimiter(text)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    formulas: list[Problem] = []
    number = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error as wrong:
            if "field larger" in str(wrong):
                raise _refuse("file.cell_too_long", number, limit=MAX_CELL_CHARACTERS) from wrong
            raise _refuse("file.quote_not_closed", number) from wrong
        if record is None:
            break
        for column, cell in enumerate(record):
            if "'" in cell:
                record[column] = _restored(cell)
            if not cell.startswith("="):
                continue
            if (literal := _literal(cell[1:])) is not None:
                record[column] = literal
            elif len(cell) > 1 and len(formulas) < MAX_PROBLEMS:
                formulas.append(Problem(number, get_column_letter(column + 1), "file.formula"))
        yield record
    if formulas:
        raise _Refused(*formulas)


def _delimiter(text: str) -> str:
    """The candidate that comes the same number of times in most of the first records; the comma where none does."""
    counts: list[Counter[str]] = []
    current: Counter[str] = Counter()
    quoted, before = False, "\n"
    for sign in text[:65_536]:
        if quoted:
            quoted = sign != '"'
        elif sign == '"' and (before in _DELIMITERS or before in '\r\n"'):
            quoted = True
        elif sign in "\r\n":
            if before not in "\r\n":
                counts.append(current)
            current = Counter()
            if len(counts) == 50:
                break
        elif sign in _DELIMITERS:
            current[sign] += 1
        before = sign
    else:
        counts.append(current)

    def evenness(delimiter: str) -> tuple[int, int]:
        seen = Counter(count[delimiter] for count in counts if count[delimiter])
        return max(((lines, times) for times, lines in seen.items()), default=(0, 0))

    return max(_DELIMITERS, key=evenness)


# Workbooks. A reader of our own, as openpyxl pads rows up to any row number a file claims, fails on styles that
# other office programs write, and knows neither the Chinese date formats nor a format that pads with zeros.


def _read_xlsx(data: bytes, misnamed: tuple[Problem, ...]) -> Sheet:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = _Parts(archive)
        home, (sheet_name, sheet_path), epoch_1904, others = parts.workbook()
        warnings = tuple(
            Problem(None, None, "file.other_sheet_ignored", {"sheet": one_line(name)[:100]}, "warning")
            for name, path in others[:20]
            if parts.holds_values(path)
        )
        strings = _SharedStrings()
        if home.strings is not None:
            parts.parse(home.strings, strings)
        styles = _Styles()
        if home.styles is not None:
            parts.parse(home.styles, styles)
        cells = _Cells(strings.found, styles.looks(), epoch_1904)
        parts.parse(sheet_path, cells)
    if cells.problems:
        raise _Refused(*cells.problems)
    cells.fill_merged()
    lines = [cells.rows.get(number, ()) for number in range(1, max(cells.rows, default=0) + 1)]
    return _trimmed("xlsx", sheet_name, lines, misnamed + warnings)


@dataclass(frozen=True, slots=True)
class _Home:
    strings: str | None
    styles: str | None


class _Parts:
    """The parts of an Office package, each read within the limits."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        entries = archive.infolist()
        self.names = {entry.filename.casefold(): entry for entry in entries}
        if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
            raise _refuse("file.unpacks_too_large")
        for entry in entries:
            if entry.file_size > 1024**2 and entry.file_size > MAX_PACKING_RATIO * max(1, entry.compress_size):
                raise _refuse("file.unpacks_too_large")
        names = self.names.keys()
        if "xl/workbook.bin" in names or "word/document.xml" in names or "ppt/presentation.xml" in names:
            raise _refuse("file.is_document")
        if "mimetype" in names and "content.xml" in names:
            raise _refuse("file.is_document")
        if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
            raise _refuse("file.is_archive")
        if any(name.endswith("vbaproject.bin") for name in names):
            raise _refuse("file.has_macros")
        if any(entry.flag_bits & 1 for entry in entries):
            raise _refuse("file.has_password")
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise _refuse("file.broken")

    def has(self, path: str) -> bool:
        return path.casefold() in self.names

    def parse(self, path: str, handler: "_Handler") -> None:
        parser = DefusedExpatParser(forbid_dtd=True)
        parser.setContentHandler(handler)
        with self.archive.open(self.names[path.casefold()]) as part:
            while chunk := part.read(65_536):
                parser.feed(chunk)
        parser.close()

    def holds_values(self, path: str) -> bool:
        if not self.has(path):
            return False
        with self.archive.open(self.names[path.casefold()]) as part:
            return re.search(rb"<(\w+:)?(v|is)>", part.read(1024**2)) is not None

    def relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Relation id -> (its kind, the part it points to); none where the part has no relations."""
        folder, _, name = path.rpartition("/")
        rels = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        if not self.has(rels):
            return {}
        found = _Relations()
        self.parse(rels, found)
        return {key: (kind, _joined(folder, target)) for key, kind, target in found.found}

    def workbook(self) -> tuple[_Home, tuple[str, str], bool, list[tuple[str, str]]]:
        """Where strings and styles are; the first visible sheet (name, part); the epoch; the other visible sheets."""
        main = next((path for kind, path in self.relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
        if not self.has(main):
            raise _refuse("file.broken")
        book = _Book()
        self.parse(main, book)
        relations = self.relations(main)
        sheets = [
            (name, relations[key][1])
            for name, key, visible in book.sheets
            if visible and key in relations and relations[key][0] == "worksheet"
        ]
        if not sheets or not self.has(sheets[0][1]):
            raise _refuse("file.no_sheet")

        def of_kind(wanted: str) -> str | None:
            return next((path for kind, path in relations.values() if kind == wanted and self.has(path)), None)

        return _Home(of_kind("sharedStrings"), of_kind("styles")), sheets[0], book.epoch_1904, sheets[1:]


def _joined(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    path = folder.split("/") if folder else []
    for part in target.split("/"):
        if part == "..":
            path = path[:-1]
        elif part not in ("", "."):
            path.append(part)
    return "/".join(path)


class _Handler(ContentHandler, ABC):
    """Elements and attributes by local name, so that any prefix and both the strict and the usual kind are read."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MAX_XML_ELEMENTS

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        self._left -= 1
        if self._left < 0:
            raise _refuse("file.unpacks_too_large")
        given = attrs.items()
        self.opened(name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in given} if given else {})

    def endElement(self, name: str) -> None:
        self.closed(name.rpartition(":")[2])

    @abstractmethod
    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def closed(self, name: str) -> None:
        """Most parts are told by their opening tags alone."""


class _Relations(_Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found.append((attributes.get("Id", ""), kind, attributes.get("Target", "")))


class _Book(_Handler):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.epoch_1904 = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            visible = attributes.get("state", "visible") == "visible"
            self.sheets.append((attributes.get("name", ""), attributes.get("id", ""), visible))
        elif name == "workbookPr":
            self.epoch_1904 = attributes.get("date1904", "") in ("1", "true")


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    """ST_Xstring of ECMA-376 part 1, 22.9.2.19: `_x000D_` is a carriage return, `_x005F_` an underscore."""
    if "_x" not in text:
        return text

    def sign(match: re.Match[str]) -> str:
        value = int(match[1], 16)
        return match[0] if 0xD800 <= value <= 0xDFFF else chr(value)

    return _ESCAPED.sub(sign, text)


class _SharedStrings(_Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._text: list[str] = []
        self._inside = self._phonetic = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._text = []
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._inside = not self._phonetic

    def characters(self, content: str) -> None:
        if self._inside:
            self._text.append(content)

    def closed(self, name: str) -> None:
        if name == "t":
            self._inside = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self.found.append(_unescaped("".join(self._text)))


@dataclass(frozen=True, slots=True)
class _Look:
    """How a number is shown: as a date, or padded with zeros to `digits` (0: not padded)."""

    date: bool = False
    digits: int = 0


class _Styles(_Handler):
    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[int, str] = {}
        self._used: list[int] = []
        self._in_cell_formats = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt" and attributes.get("numFmtId", "").isdigit():
            self._codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_formats = True
        elif name == "xf" and self._in_cell_formats:
            number = attributes.get("numFmtId", "0")
            self._used.append(int(number) if number.isdigit() else 0)

    def closed(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cell_formats = False

    def looks(self) -> list[_Look]:
        seen: dict[int, _Look] = {}
        for number in self._used:
            if number not in seen:
                seen[number] = self._look(number)
        return [seen[number] for number in self._used]

    def _look(self, number: int) -> _Look:
        code = self._codes.get(number) or BUILTIN_FORMATS.get(number, "")
        if not code:
            # ECMA-376 part 1, 18.8.30: these numbers are dates and times in Chinese, Japanese and Korean offices.
            return _Look(date=27 <= number <= 36 or 50 <= number <= 58)
        if padded := re.fullmatch(r"(0{2,20})(;.*)?", code):
            return _Look(digits=len(padded[1]))
        return _Look(date=code != "General" and is_date_format(code))


class _Cells(_Handler):
    """The cells of one sheet. `rows`: line -> its cells from column A; only lines that hold something."""

    def __init__(self, strings: Sequence[str], looks: Sequence[_Look], epoch_1904: bool) -> None:
        super().__init__()
        self.rows: dict[int, list[str]] = {}
        self.problems: list[Problem] = []
        self._strings, self._looks, self._epoch_1904 = strings, looks, epoch_1904
        self._merged: list[tuple[int, int, int]] = []
        self._row = self._column = self._size = 0
        self._kind = "n"
        self._style = 0
        self._value: list[str] = []
        self._text: list[str] = []
        self._formula: list[str] | None = None
        self._into: list[str] | None = None
        self._phonetic = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "row":
                row = int(attributes["r"]) if "r" in attributes else self._row + 1
                if row <= self._row:
                    raise _refuse("file.broken")
                self._row, self._column = row, 0
            case "c":
                self._column = _column(attributes["r"]) if "r" in attributes else self._column + 1
                self._kind = attributes.get("t", "n")
                style = attributes.get("s", "0")
                self._style = int(style) if style.isdigit() else 0
                self._value, self._text, self._formula = [], [], None
            case "v":
                self._into = self._value
            case "f":
                self._formula = []
                self._into = self._formula
            case "rPh":
                self._phonetic = True
            case "t":
                self._into = None if self._phonetic else self._text
            case "mergeCell":
                self._merge(attributes.get("ref", ""))

    def characters(self, content: str) -> None:
        if self._into is not None:
            self._into.append(content)

    def closed(self, name: str) -> None:
        if name in ("v", "f", "t"):
            self._into = None
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            self._keep(self._read())

    def _keep(self, cell: str) -> None:
        if not cell:
            return
        if self._row > MAX_ROWS:
            raise _refuse("file.too_many_rows", self._row, limit=MAX_ROWS)
        if self._column > MAX_COLUMNS:
            raise _refuse("file.too_many_columns", self._row, limit=MAX_COLUMNS)
        row = self.rows.setdefault(self._row, [])
        added = max(0, self._column - len(row))
        self._size += added
        if self._size > MAX_CELLS:
            raise _refuse("file.unpacks_too_large")
        row.extend([""] * added)
        row[self._column - 1] = cell

    def _problem(self, code: str) -> str:
        self.problems.append(Problem(self._row, get_column_letter(min(self._column, 18_278)), code))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Refused(*self.problems)
        return ""

    def _read(self) -> str:
        if self._formula is not None:
            literal = _literal("".join(self._formula))
            return self._problem("file.formula") if literal is None else literal
        if self._kind == "inlineStr":
            return _unescaped("".join(self._text))
        value = "".join(self._value)
        if not value:
            return ""
        match self._kind:
            case "s":
                return self._strings[int(value)]
            case "str":
                return _unescaped(value)
            case "b":
                return "TRUE" if value.strip() in ("1", "true") else "FALSE"
            case "e":
                return self._problem("file.error_cell")
            case "d":
                return _moment(datetime.fromisoformat(value.strip()))
            case _:
                return self._number(value.strip())

    def _number(self, value: str) -> str:
        look = self._looks[self._style] if self._style < len(self._looks) else _Look()
        if look.date:
            try:
                moment = from_excel(float(value), MAC_EPOCH if self._epoch_1904 else WINDOWS_EPOCH)
            except (OverflowError, ValueError):
                return self._problem("file.error_cell")
            if isinstance(moment, datetime | time):
                return _moment(moment)
        shown = _shown(value)
        return shown.zfill(look.digits) if shown.isdigit() else shown

    def _merge(self, ref: str) -> None:
        corners = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})", ref)
        if corners and corners[1] == corners[3]:
            self._merged.append((_column(corners[1]), int(corners[2]), int(corners[4])))

    def fill_merged(self) -> None:
        """A cell merged downwards stands in every line it covers: people write a workshop once for its members.

        Lines that hold nothing else stay empty.
        """
        filled = 0
        for column, first, last in self._merged:
            top = self.rows.get(first, [])
            value = top[column - 1] if column <= len(top) else ""
            if not value:
                continue
            for number in range(first + 1, min(last, MAX_ROWS) + 1):
                filled += 1
                if filled > MAX_CELLS:
                    raise _refuse("file.unpacks_too_large")
                row = self.rows.get(number)
                if row is None:
                    continue
                row.extend("" for _ in range(len(row), column))
                row[column - 1] = row[column - 1] or value


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789").upper():
        if not "A" <= letter <= "Z":
            raise _refuse("file.broken")
        number = number * 26 + ord(letter) - 64
        if number > 1_000_000:
            raise _refuse("file.broken")
    return number


def _moment(moment: datetime | time) -> str:
    if isinstance(moment, datetime) and moment.time() == time():
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds")


def _shown(value: str) -> str:
    """A stored number as a spreadsheet shows it: whole numbers without a point, others to 15 significant digits."""
    if re.fullmatch("-?[0-9]{1,40}", value):
        return value.lstrip("0") or "0" if value[0] != "-" else value
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _refuse("file.broken") from None
    if not number.is_finite() or not -300 <= number.adjusted() <= 300:
        raise _refuse("file.broken")
    if number == number.to_integral_value():
        return format(number.to_integral_value(), "f")
    return format(Decimal(format(float(number), ".15g")), "f")


# Writing


_SIGN = "[=+\\-@＝＋－＠]"
_START = f"'*(?:{_SIGN}|[\t\r\n])"
_INSIDE = f"[\"']*{_SIGN}"
_TO_MARK = re.compile(f"\\A(?={_START})|(?<=[;\t\r\n])(?={_INSIDE})")
_MARKED = re.compile(f"\\A'(?={_START})|(?<=[;\t\r\n])'(?={_INSIDE})")


def neutralise(cell: str) -> str:
    """The cell so that no spreadsheet runs it: an apostrophe before what would start a formula, at the start of the
    cell and, as a country that separates by semicolons cuts a comma file elsewhere, after any other separator in it.

    Reading back (`read_rows` of a CSV) takes exactly these apostrophes away again.
    """
    return _TO_MARK.sub("'", cell)


def _restored(cell: str) -> str:
    return _MARKED.sub("", cell)


def write_csv(rows: Iterable[Sequence[str | int | Decimal]]) -> bytes:
    """CSV as every spreadsheet opens it: UTF-8 with a byte order mark, commas, CRLF. Text is neutralised, numbers
    are written as they are. Cells with any separator are quoted.
    """
    lines = (",".join(_quoted(cell) for cell in row) + "\r\n" for row in rows)
    return b"\xef\xbb\xbf" + "".join(lines).encode("utf-8")


def _quoted(cell: str | int | Decimal) -> str:
    text = neutralise(cell) if isinstance(cell, str) else str(cell)
    if re.search('[",;\t\r\n]|^ | $', text):
        return '"' + text.replace('"', '""') + '"'
    return text


_MUST_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def write_xlsx(rows: Iterable[Sequence[str | int | Decimal]], title: str) -> bytes:
    """An .xlsx of one sheet named `title` (what Excel forbids in it is replaced, 31 characters kept).

    Text stays text (format `@`, quote prefix), so zeros in front survive and nothing is run; numbers are numbers, and
    decimal ones are shown with two decimals.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]\x00-\x1f]", " ", one_line(title))[:31].strip(" '") or "Laurel")
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            if isinstance(value, str):
                cell.value = _MUST_ESCAPE.sub(lambda sign: f"_x{ord(sign[0]):04X}_", value)
                cell.data_type = "s"
                cell.number_format = "@"
                cell.quotePrefix = True
            else:
                cell.value = value
                if isinstance(value, Decimal):
                    cell.number_format = "0.00"
            cells.append(cell)
        sheet.append(cells)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()
