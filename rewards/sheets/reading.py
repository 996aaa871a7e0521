"""Any file to rows."""

import zipfile
import zlib
from typing import Literal
from xml.sax import SAXException

from defusedxml.common import DefusedXmlException

from rewards.sheets.contents import decode, recognise
from rewards.sheets.delimited import records
from rewards.sheets.problems import Problem, Refused
from rewards.sheets.table import Sheet, trimmed
from rewards.sheets.xlsx.reading import read_xlsx


def read_rows(data: bytes, filename: str) -> Sheet | tuple[Problem, ...]:
    """The first visible sheet of an .xlsx, or the table of a .csv (comma, semicolon or tab); else why not.

    `filename` takes no part in the decision; where it promises the other kind, a warning says so. Never raises.
    Cost: linear in the size, bounded by `limits`; run it off the event loop.
    """
    known = recognise(data)
    if isinstance(known, Problem):
        return (known,)
    try:
        if known == "zip":
            return read_xlsx(data, _misnamed(filename, "xlsx"))
        text = decode(data)
        if isinstance(text, Problem):
            return (text,)
        return trimmed("csv", "", records(text), _misnamed(filename, "csv"))
    except Refused as refused:
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
