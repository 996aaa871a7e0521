"""Numbers in a workbook: plain, as their cells show them, and as days and times."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from rewards.sheets.problems import refuse
from rewards.sheets.xlsx.elements import Handler
from rewards.sheets.xlsx.pictures import BUILT_IN, MOMENTS_OF_THE_MACHINE, Unclear, moment_picture, picture

EPOCH_1900: Final = datetime(1899, 12, 30)
"""Day 0 of nearly every workbook, so that day 61 is 1 March 1900: spreadsheets take 1900 for a leap year."""
EPOCH_1904: Final = datetime(1904, 1, 1)
"""Day 0 of workbooks from an old Mac."""

# Not part of a format's signs: texts, colours, currencies, languages. Counted hours, minutes and seconds are.
_ASIDE = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
_MOMENT_SIGN = re.compile(r"(?<![_\\])[dmhys]", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Look:
    """How a number is shown: as a day or time, and by which format; "" shows it as it is. `certain`: the same on every
    machine."""

    moment: bool = False
    code: str = ""
    certain: bool = True


def look_of(number: int, code: str) -> Look:
    """The look of a number format. `code` as the file spells it out, "" where it does not."""
    if not code:
        if number in MOMENTS_OF_THE_MACHINE:
            return Look(moment=True, certain=False)
        code = BUILT_IN.get(number, "")
        if not code and 0 < number < 59:
            return Look(certain=False)
    if code.lower() in ("general", "@", ""):
        return Look()
    return Look(_MOMENT_SIGN.search(_ASIDE.sub("", code.split(";")[0])) is not None, code)


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as its cell shows it. `value`: what it is without the format, "" where that is the same text.
    `certain`: the text is what the cell shows."""

    text: str
    value: str = ""
    certain: bool = True


def shown(value: str, look: Look, epoch: datetime) -> Shown:
    """A stored number by its look. Raises OverflowError or ValueError where there is no such day."""
    if look.moment:
        return _moment(float(value), look, epoch)
    plain = number_text(value)
    if not look.code:
        return Shown(plain, certain=look.certain)
    try:
        text = picture(Decimal(plain), look.code)
    except (Unclear, ArithmeticError):
        return Shown(plain, certain=False)
    return Shown(text, plain if text != plain else "")


def _moment(days: float, look: Look, epoch: datetime) -> Shown:
    moment = moment_of(days, epoch)
    plain = moment_text(moment)
    if not look.code:
        return Shown(plain, certain=look.certain)
    elapsed = timedelta(milliseconds=round(days * 86_400 * 1000))
    try:
        text = moment_picture(moment, elapsed, look.code)
    except Unclear:
        return Shown(plain, certain=False)
    return Shown(text, plain if text != plain else "")


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
