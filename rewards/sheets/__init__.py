"""Tables that people keep in files, from bytes to rows and back (.xlsx, .csv). No clock, no network.

What a file is, is decided by its bytes, never by its name. Nothing in a file is run, followed or fetched: XML with
a document type is refused, a cell with a formula is a problem at that cell. Limits hold before memory is spent.
"""

from rewards.sheets.contents import decode, recognise
from rewards.sheets.delimited import write_csv
from rewards.sheets.encodings import ENCODINGS, Reading, readings
from rewards.sheets.formulas import is_error
from rewards.sheets.limits import MAX_BYTES
from rewards.sheets.problems import Findings, Problem
from rewards.sheets.reading import read_all_sheets, read_rows, read_table
from rewards.sheets.rest import LeftOut, rest_table
from rewards.sheets.table import Mark, Sheet
from rewards.sheets.text import one_line, plain_text
from rewards.sheets.xlsx.numbers import EPOCH_1900
from rewards.sheets.xlsx.writing import write_xlsx

__all__ = (
    "ENCODINGS",
    "EPOCH_1900",
    "MAX_BYTES",
    "Findings",
    "LeftOut",
    "Mark",
    "Problem",
    "Reading",
    "Sheet",
    "decode",
    "is_error",
    "one_line",
    "plain_text",
    "read_all_sheets",
    "read_rows",
    "read_table",
    "readings",
    "recognise",
    "rest_table",
    "write_csv",
    "write_xlsx",
)
