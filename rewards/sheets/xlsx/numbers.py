"""Numbers in a workbook as it shows them: plain, padded with zeros, or as days and times."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from rewards.sheets.problems import refuse
from rewards.sheets.xlsx.elements import Handler

EPOCH_1900: Final = datetime(1899, 12, 30)
"""Day 0 of nearly every workbook, so that day 61 is 1 March 1900: spreadsheets take 1900 for a leap year."""
EPOCH_1904: Final = datetime(1904, 1, 1)
"""Day 0 of workbooks from an old Mac."""

# ECMA-376 part 1, 18.8.30: the formats a file need not spell out that show days and times, here or in Chinese,
# Japanese and Korean offices.
_BUILT_IN_MOMENTS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
# Not part of a format's signs: texts, colours, currencies, languages. Counted hours, minutes and seconds are.
_ASIDE = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
_MOMENT_SIGN = re.compile(r"(?<![_\\])[dmhys]", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Look:
    """How a number is shown: as a day or time, or padded with zeros to `digits` (0: not padded)."""

    moment: bool = False
    digits: int = 0


def look_of(number: int, code: str) -> Look:
    """The look of a number format. `code` as the file spells it out, "" where it does not."""
    if not code:
        return Look(moment=number in _BUILT_IN_MOMENTS)
    if padded := re.fullmatch(r"(0{2,20})(;.*)?", code):
        return Look(digits=len(padded[1]))
    return Look(moment=_MOMENT_SIGN.search(_ASIDE.sub("", code.split(";")[0])) is not None)


class Styles(Handler):
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

    def looks(self) -> list[Look]:
        """The look of each cell format, in their order."""
        seen = {number: look_of(number, self._codes.get(number, "")) for number in set(self._used)}
        return [seen[number] for number in self._used]


def moment_of(days: float, epoch: datetime) -> datetime | time:
    """A stored day number as day and time, to the millisecond; from 0 to below 1 the time alone.

    Raises OverflowError or ValueError where there is no such day.
    """
    day, fraction = divmod(days, 1)
    of_day = timedelta(milliseconds=round(fraction * 86_400 * 1000))
    if 0 <= days < 1 and not of_day.days:
        return (datetime.min + of_day).time()
    if 0 < days < 60 and epoch == EPOCH_1900:
        day += 1
    return epoch + timedelta(days=day) + of_day


def moment_text(moment: datetime | time) -> str:
    """`2024-03-01`, `2024-03-01T08:30:00` or `08:30:00`."""
    if isinstance(moment, datetime) and moment.time() == time():
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds")


def number_text(value: str) -> str:
    """A stored number as a spreadsheet shows it: whole numbers without a point, others to 15 significant digits."""
    if re.fullmatch("-?[0-9]{1,40}", value):
        return value.lstrip("0") or "0" if value[0] != "-" else value
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise refuse("file.broken") from None
    if not number.is_finite() or not -300 <= number.adjusted() <= 300:
        raise refuse("file.broken")
    if number == number.to_integral_value():
        return format(number.to_integral_value(), "f")
    return format(Decimal(format(float(number), ".15g")), "f")
