"""Cells that begin like formulas: those that are a value, those made harmless, and those made so by us."""

import re

_NUMBER_LITERAL = re.compile(r"\s*([+-]?\d{1,15}(?:\.\d{1,15})?)\s*")
_TEXT_LITERAL = re.compile(r'\s*"((?:[^"]|"")*)"\s*')


def literal(formula: str) -> str | None:
    """What a formula that computes nothing stands for (`5`, `"00123"`); None for a real one. Without the `=`."""
    if number := _NUMBER_LITERAL.fullmatch(formula):
        return number[1].removeprefix("+")
    if text := _TEXT_LITERAL.fullmatch(formula):
        return text[1].replace('""', '"')
    return None


_ERROR = re.compile(
    r"\s*(#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!)|#{3,})\s*",
    re.IGNORECASE,
)


def is_error(cell: str) -> bool:
    """Whether a spreadsheet has written this where it had no value, or no room to show it (`#N/A`, `####`)."""
    return _ERROR.fullmatch(cell) is not None


_SIGN = "[=+\\-@＝＋－＠]"
_START = f"'*(?:{_SIGN}|[\t\r\n])"
_INSIDE = f"[\"']*{_SIGN}"
_TO_MARK = re.compile(f"\\A(?={_START})|(?<=[;\t\r\n])(?={_INSIDE})")
_MARKED = re.compile(f"\\A'(?={_START})|(?<=[;\t\r\n])'(?={_INSIDE})")


def neutralise(cell: str) -> str:
    """The cell so that no spreadsheet runs it: an apostrophe before what would start a formula, at the start of the
    cell and, as a country that separates by semicolons cuts a comma file elsewhere, after any other separator in it.

    `restored` takes exactly these apostrophes away again.
    """
    return _TO_MARK.sub("'", cell)


def restored(cell: str) -> str:
    """The cell as it was before `neutralise`."""
    return _MARKED.sub("", cell)
