"""Numbers in a workbook as it shows them: plain, padded with zeros, or as days and times."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal, InvalidOperation

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from rewards.sheets.problems import refuse
from rewards.sheets.xlsx.elements import Handler


@dataclass(frozen=True, slots=True)
class Look:
    """How a number is shown: as a date, or padded with zeros to `digits` (0: not padded)."""

    date: bool = False
    digits: int = 0


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
        seen: dict[int, Look] = {}
        for number in self._used:
            if number not in seen:
                seen[number] = self._look(number)
        return [seen[number] for number in self._used]

    def _look(self, number: int) -> Look:
        code = self._codes.get(number) or BUILTIN_FORMATS.get(number, "")
        if not code:
            # ECMA-376 part 1, 18.8.30: these numbers are dates and times in Chinese, Japanese and Korean offices.
            return Look(date=27 <= number <= 36 or 50 <= number <= 58)
        if padded := re.fullmatch(r"(0{2,20})(;.*)?", code):
            return Look(digits=len(padded[1]))
        return Look(date=code != "General" and is_date_format(code))


def moment_text(moment: datetime | time) -> str:
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
