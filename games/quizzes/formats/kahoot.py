"""What is particular to Kahoot's spreadsheet, and to those of the same shape (ClassQuiz, Blooket): times and titles."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from games.quizzes.formats.headings import Header
from rewards.sheets import one_line

ALLOWED_SECONDS: Final = (5, 10, 20, 30, 60, 90, 120, 240)
USUAL_TEXT: Final = 120
USUAL_OPTION: Final = 75


def title_in(rows: Sequence[tuple[str, ...]], header: Header) -> str:
    """The title that the sheet carries above its header (Kahoot: B2, ClassQuiz: C5), or ""."""

    def cell(line: int, place: int) -> str:
        row = rows[line - 1]
        return one_line(row[place]) if place < len(row) else ""

    if header.line == 13 and cell(5, 1).casefold() == "title":
        return cell(5, 2)
    if header.line == 8 and cell(2, 1).casefold() != "quiz template":
        return cell(2, 1)
    return ""


def read_seconds(text: str) -> int | None:
    """Seconds from `20`, `20.0`, `20 sec`, `20 秒`; None where it is no number or zero."""
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    found = re.fullmatch(r"([0-9]{1,6})(\.[0-9]+)?\s*(s|sec|secs|second|seconds|秒|秒钟)?\.?", text)
    return int(found[1]) or None if found else None


def nearest_seconds(seconds: int) -> int:
    """The nearest of Kahoot's times; halfway, the longer."""
    return min(ALLOWED_SECONDS, key=lambda allowed: (abs(allowed - seconds), -allowed))
