"""Days as people write them, and in which order a file writes the parts of a day. Pure."""

import re
import unicodedata
from calendar import month_name
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal

from rewards.sheets import EPOCH_1900, one_line

Order = Literal["", "dmy", "mdy", "ymd"]
"""Of day, month and year; "" where nobody has said."""

YEARS: Final = range(1900, 2101)
HYPHENS: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))

_TIME = r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?"
_MONTH = r"(?P<word>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|[a-z]{4,9})\.?"
_DAY = tuple(
    re.compile(pattern + _TIME, re.ASCII | re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<year>\d{4})\.(?P<month>\d{1,2})\.(?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4}) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -]{_MONTH},?[ -](?P<year>\d{{4}})",
        rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})",
    )
)
_THREE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{1,2})" + _TIME, re.ASCII)
_MONTHS = tuple(month.lower() for month in month_name)[1:]


def _plain(text: str) -> str:
    return one_line(unicodedata.normalize("NFKC", text)).translate(HYPHENS)


def clean_date(text: str, order: Order = "") -> date | None:
    """The day meant by `2024-03-01`, `2024/3/1`, `2024.3.1`, `20240301`, `2024年3月1日`, `1 March 2024`, each perhaps
    with a time of day, or by the five digits of a spreadsheet's day number (45352). None where it is unclear, as in
    `2024-03`, or outside 1900-2100. `01/03/2024` and `24/3/1` are clear by an `order` alone.
    """
    text = _plain(text)
    try:
        for pattern in _DAY:
            if found := pattern.fullmatch(text):
                parts = found.groupdict()
                month = int(parts["month"]) if "month" in parts else _month_of(parts["word"])
                day = date(int(parts["year"]), month, int(parts["day"]))
                return day if day.year in YEARS else None
        if order and (written := _THREE.fullmatch(text)):
            return _ordered(written[1], written[3], written[4], order)
        if re.fullmatch(r"[1-7][0-9]{4}(\.[0-9]{1,12})?", text, re.ASCII):
            # The epoch of the files of an old Mac (1904) is known only inside a workbook, where dates are typed.
            return (EPOCH_1900 + timedelta(days=int(text[:5]))).date()
    except ValueError:
        return None
    return None


def _month_of(word: str) -> int:
    """Raises ValueError where it is no month."""
    found = [at for at, month in enumerate(_MONTHS, start=1) if month.startswith(word.lower()[:9])]
    if word.lower() == "sept":
        return 9
    if len(found) != 1 or len(word) not in (3, len(_MONTHS[found[0] - 1])):
        raise ValueError(word)
    return found[0]


def _ordered(one: str, two: str, three: str, order: Order) -> date | None:
    """Raises ValueError where there is no such day."""
    if order == "ymd":
        return date(_year(one), int(two), int(three)) if len(one) == 2 and len(three) < 4 else None
    if len(three) == 1:
        return None
    day, month = (one, two) if order == "dmy" else (two, one)
    found = date(_year(three), int(month), int(day))
    return found if found.year in YEARS else None


def _year(digits: str) -> int:
    """Two digits as spreadsheets take them: 1930 to 2029."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 30 else 1900)


def orders(text: str) -> frozenset[Order]:
    """The orders by which a text is a day; () where it needs none, or is no day by any."""
    if not _THREE.fullmatch(_plain(text)):
        return frozenset()
    every: tuple[Order, ...] = ("dmy", "mdy", "ymd")
    return frozenset(order for order in every if clean_date(text, order) is not None)


def shared_orders(texts: Iterable[str]) -> frozenset[Order]:
    """The orders by which every text that needs one is a day; () where none of them is, or none needs one."""
    found = {one for text in set(texts) if (one := orders(text))}
    return frozenset.intersection(*found) if found else frozenset()
