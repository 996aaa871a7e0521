"""The zip of a workbook: its parts, within the limits, and which of them are wanted."""

import re
import zipfile
from dataclasses import dataclass

from defusedxml.expatreader import DefusedExpatParser

from rewards.sheets.limits import MAX_PACKING_RATIO, MAX_PARTS, MAX_UNPACKED_BYTES
from rewards.sheets.problems import refuse
from rewards.sheets.xlsx.elements import Handler


@dataclass(frozen=True, slots=True)
class Home:
    """Where a workbook keeps its shared texts and its styles; None: it has none."""

    strings: str | None
    styles: str | None


class Parts:
    """The parts of an Office package, each read within the limits."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        entries = archive.infolist()
        self.names = {entry.filename.casefold(): entry for entry in entries}
        if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
            raise refuse("file.unpacks_too_large")
        for entry in entries:
            if entry.file_size > 1024**2 and entry.file_size > MAX_PACKING_RATIO * max(1, entry.compress_size):
                raise refuse("file.unpacks_too_large")
        names = self.names.keys()
        if "xl/workbook.bin" in names or "word/document.xml" in names or "ppt/presentation.xml" in names:
            raise refuse("file.is_document")
        if "mimetype" in names and "content.xml" in names:
            raise refuse("file.is_document")
        if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
            raise refuse("file.is_archive")
        if any(name.endswith("vbaproject.bin") for name in names):
            raise refuse("file.has_macros")
        if any(entry.flag_bits & 1 for entry in entries):
            raise refuse("file.has_password")
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise refuse("file.broken")

    def has(self, path: str) -> bool:
        return path.casefold() in self.names

    def parse(self, path: str, handler: Handler) -> None:
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

    def workbook(self) -> tuple[Home, list[tuple[str, str]], bool]:
        """Where strings and styles are; the visible sheets (name, part), at least one; whether days count from 1904."""
        main = next((path for kind, path in self.relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
        if not self.has(main):
            raise refuse("file.broken")
        book = _Book()
        self.parse(main, book)
        relations = self.relations(main)
        sheets = [
            (name, relations[key][1])
            for name, key, visible in book.sheets
            if visible and key in relations and relations[key][0] == "worksheet"
        ]
        if not sheets or not self.has(sheets[0][1]):
            raise refuse("file.no_sheet")

        def of_kind(wanted: str) -> str | None:
            return next((path for kind, path in relations.values() if kind == wanted and self.has(path)), None)

        return Home(of_kind("sharedStrings"), of_kind("styles")), sheets, book.epoch_1904


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


class _Relations(Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found.append((attributes.get("Id", ""), kind, attributes.get("Target", "")))


class _Book(Handler):
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
