"""Numbers, days and times as a workbook's formats show them (ECMA-376 part 1, 18.8.30 and 18.8.31). Pure.

A picture that depends on the machine, or that no rule here rebuilds for certain, says so; its text is then the plain
value.
"""

import re
from calendar import day_name
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

# The formats a file need not spell out; what they show in Chinese offices from 27 on.
_DAY, _MONTH, _SHORT = 'yyyy"年"m"月"d"日"', 'yyyy"年"m"月"', 'm"月"d"日"'
_NOON, _NOON_SECONDS = '上午/下午h"时"mm"分"', '上午/下午h"时"mm"分"ss"秒"'
BUILT_IN: Final[dict[int, str]] = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);[Red](#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys((27, 36, 50, 52, 57), _MONTH),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), _SHORT),
    30: "m-d-yy",
    31: _DAY,
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    **dict.fromkeys((34, 55), _NOON),
    **dict.fromkeys((35, 56), _NOON_SECONDS),
}
MOMENTS_OF_THE_MACHINE: Final = frozenset((14, 22))
"""Short days, and days with times, as the machine that shows them is set."""

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = tuple(day_name)
_CHINESE_DAYS = "一二三四五六日"

_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|[_*](.)|\[\$([^\]-]*)(?:-([0-9A-Fa-f]+))?\]|(\[[^\]]*\])'
    r"|(General|AM/PM|A/P|上午/下午|E[+-]|y+|m+|d+|h+|s+|a+|e+|g+|b+|.)",
    re.IGNORECASE | re.DOTALL,
)
_COLOURS = re.compile(
    r"\[(black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|黑色|蓝色|青色|绿色|洋红|红色|白色|黄色)\]",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[-+/():!^&'~{}<>= $¥￥€£,.%#?0-9\u2000-\uffef]")


class Unclear(Exception):
    """No rule here rebuilds this picture."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """A part of a format. `kind`: text (shown as it is), or sign (it stands for something)."""

    kind: str
    text: str


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[tuple[_Sign, ...], ...]:
    sections: list[list[_Sign]] = [[]]
    for found in _TOKEN.finditer(code):
        quoted, escaped, aside, money, locale, bracket, sign = found.groups()
        if quoted is not None or escaped is not None or money:
            sections[-1].append(_Sign("text", quoted if quoted is not None else escaped or money))
        elif aside is not None:
            sections[-1].append(_Sign("text", " "))
        elif locale is not None:
            sections[-1].append(_Sign("locale", locale.upper()))
        elif bracket is not None:
            if not _COLOURS.fullmatch(bracket):
                sections[-1].append(_Sign("sign", bracket.lower()))
        elif sign == ";":
            sections.append([])
        elif sign is not None:
            sections[-1].append(_Sign("sign", sign))
    return tuple(tuple(section) for section in sections)


def picture(value: Decimal, code: str) -> str:
    """A number as the format shows it, without blanks around it. Raises Unclear."""
    sections = _sections(code)
    if not code or any(sign.text.startswith(("[>", "[<", "[=", "[dbnum")) for part in sections for sign in part):
        raise Unclear
    section, minus = sections[0], value < 0
    if value < 0 and len(sections) > 1 and sections[1]:
        section, minus = sections[1], False
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    return " ".join(_number(abs(value), [sign for sign in section if sign.kind != "locale"], minus).split())


def _number(value: Decimal, signs: Sequence[_Sign], minus: bool) -> str:
    said = [sign.text for sign in signs if sign.kind == "sign"]
    kinds = {text for text in said if text.upper() in ("GENERAL", "E+", "E-", "/", "@")}
    if any(not _PLAIN.fullmatch(text) and text not in kinds for text in said):
        raise Unclear
    front = "-" if minus else ""
    if "@" in kinds or any(text.upper() == "GENERAL" for text in kinds):
        if not any(text in said for text in ("0", "#", "?")):
            plain = format(value.normalize(), "f")
            shown = (plain if sign.kind == "sign" and sign.text in kinds else sign.text for sign in signs)
            return front + "".join(shown)
        raise Unclear
    if any(text.upper() in ("E+", "E-") for text in kinds):
        return front + _scientific(value, signs)
    if "/" in kinds and re.search(r"[0#?]", "".join(said)):
        return front + _fraction(value, signs)
    return front + _fixed(value, signs)


def _fixed(value: Decimal, signs: Sequence[_Sign]) -> str:
    places = [at for at, sign in enumerate(signs) if sign.kind == "sign" and sign.text in "0#?"]
    if not places:
        if any(sign.kind == "sign" and sign.text in "123456789" for sign in signs):
            raise Unclear
        return "".join(sign.text for sign in signs)
    point = next((at for at, sign in enumerate(signs) if sign.kind == "sign" and sign.text == "."), None)
    whole = [at for at in places if point is None or at < point]
    parts = [at for at in places if point is not None and at > point]
    value *= Decimal(100) ** sum(sign.kind == "sign" and sign.text == "%" for sign in signs)
    commas = [at for at, sign in enumerate(signs) if sign.kind == "sign" and sign.text == ","]
    last = whole[-1] if whole else -1
    end = point if point is not None else (parts[-1] if parts else last) + len(commas) + 1
    scale = [at for at in commas if last < at < end]
    if scale != list(range(last + 1, last + 1 + len(scale))):
        raise Unclear
    value /= Decimal(1000) ** len(scale)
    thousands = any(whole and whole[0] < at < last for at in commas)
    value = value.quantize(Decimal(1).scaleb(-len(parts)), ROUND_HALF_UP)
    digits, _, rest = format(value, "f").partition(".")
    digits = digits.lstrip("0")

    def piece(place: int, blank: str = "") -> str:
        """The digit at a place from the right, with the separator of thousands behind it."""
        if place >= len(digits) and not blank:
            return ""
        digit = digits[-1 - place] if place < len(digits) else blank
        return digit + ("," if thousands and place and place % 3 == 0 and digit != " " else "")

    blanks = {"0": "0", "?": " "}
    written = {at: piece(place, blanks.get(signs[at].text, "")) for place, at in enumerate(reversed(whole))}
    if whole:
        more = range(len(digits) - 1, len(whole) - 1, -1)
        written[whole[0]] = "".join(piece(place) for place in more) + written[whole[0]]
    kept = len(rest)
    while kept and rest[kept - 1] == "0" and signs[parts[kept - 1]].text == "#":
        kept -= 1
    written |= {at: rest[number] if number < kept else "" for number, at in enumerate(parts)}
    shown = []
    for at, sign in enumerate(signs):
        if at in written:
            shown.append(written[at])
        elif at in commas:
            continue
        elif sign.kind == "sign" and sign.text in "123456789":
            raise Unclear
        else:
            shown.append(sign.text)
    return "".join(shown)


def _scientific(value: Decimal, signs: Sequence[_Sign]) -> str:
    form = "".join(sign.text for sign in signs)
    found = re.fullmatch(r"[0#](?:\.(0*))?E([+-])(0+)", form, re.IGNORECASE)
    if not found:
        raise Unclear
    mantissa, exponent = format(value, f".{len(found[1] or '')}E").split("E")
    sign = "-" if exponent.startswith("-") else "+" if found[2] == "+" else ""
    return f"{mantissa}E{sign}{exponent.lstrip('+-').zfill(len(found[3]))}"


def _fraction(value: Decimal, signs: Sequence[_Sign]) -> str:
    form = "".join(sign.text for sign in signs)
    found = re.fullmatch(r"\s*(?:([#0?]+)\s+)?([?#0]+)\s*/\s*([?#]+|[1-9]\d*)\s*", form)
    if not found:
        raise Unclear
    exact = Fraction(value)
    whole = int(exact) if found[1] else 0
    rest = exact - whole
    if found[3][0] in "?#":
        near = rest.limit_denominator(10 ** len(found[3]) - 1)
        top, bottom = near.numerator, near.denominator
    else:
        bottom = int(found[3])
        top = int(rest * bottom + Fraction(1, 2))
    if found[1] and top == bottom:
        whole, top = whole + 1, 0
    if top == 0:
        return str(whole)
    return f"{whole} {top}/{bottom}" if whole else f"{top}/{bottom}"


def moment_picture(moment: datetime | time, elapsed: timedelta, code: str) -> str:
    """A day or time as the format shows it; `elapsed` is the same since day 0, for counted hours. Raises Unclear."""
    section = _sections(code)[0]
    locales = {sign.text for sign in section if sign.kind == "locale"}
    signs = [(sign.kind, sign.text) for sign in section if sign.kind != "locale"]
    foreign = any(int(locale, 16) & 0xFFFF not in (0x409, 0x804, 0x809, 0x1004) for locale in locales if locale)
    if any(locale.startswith("F") or len(locale) > 4 for locale in locales):
        raise Unclear
    day = moment if isinstance(moment, datetime) else datetime.combine(datetime(1900, 1, 1), moment)
    half = any(kind == "sign" and text.upper() in ("AM/PM", "A/P", "上午/下午") for kind, text in signs)
    named = bool(locales)
    shown: list[str] = []
    at = 0
    while at < len(signs):
        kind, text = signs[at]
        plain = text.lower()
        at += 1
        if kind == "text":
            shown.append(text)
        elif plain[0] in "mdyahse" or plain in ("上午/下午", "[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"):
            if isinstance(moment, time) and plain[0] in "yd":
                raise Unclear
            shown.append(_moment_sign(plain, text, signs, at - 1, day, elapsed, half, named, foreign))
        elif plain == "." and at < len(signs) and signs[at][1] == "0":
            zeros = 0
            while at < len(signs) and signs[at][1] == "0":
                zeros, at = zeros + 1, at + 1
            shown.append("." + f"{day.microsecond:06}"[:zeros])
        elif _PLAIN.fullmatch(text) and text not in "0#?":
            shown.append(text)
        else:
            raise Unclear
    return " ".join("".join(shown).split())


def _is_minute(signs: Sequence[tuple[str, str]], at: int) -> bool:
    """Whether the m at this place follows hours or stands before seconds."""
    before = next((text for kind, text in reversed(signs[:at]) if kind == "sign" and text[0] in "hsdymHSDYM["), "")
    after = next((text for kind, text in signs[at + 1 :] if kind == "sign" and text[0] in "hsdymHSDYM["), "")
    return before.lower().startswith(("h", "[h")) or after.lower().startswith(("s", "[s"))


def _moment_sign(
    plain: str,
    text: str,
    signs: Sequence[tuple[str, str]],
    at: int,
    day: datetime,
    elapsed: timedelta,
    half: bool,
    named: bool,
    foreign: bool,
) -> str:
    size = len(plain)
    seconds = round(elapsed.total_seconds())
    if plain.startswith("["):
        unit = {"h": 3600, "m": 60, "s": 1}[plain[1]]
        return str(seconds // unit).zfill(size - 2)
    if plain in ("am/pm", "a/p", "上午/下午"):
        early, late = ("上午", "下午") if plain[0] == "上" else tuple(text.split("/"))
        return early if day.hour < 12 else late
    if plain[0] == "y" or plain in ("e", "ee", "eee", "eeee"):
        if foreign:
            raise Unclear
        return f"{day.year % 100:02}" if plain[0] == "y" and size <= 2 else f"{day.year:04}"
    if plain[0] == "h":
        return str((day.hour % 12 or 12) if half else day.hour).zfill(min(size, 2))
    if plain[0] == "s":
        return str(day.second).zfill(min(size, 2))
    if plain[0] == "m" and size <= 2:
        return str(day.minute if _is_minute(signs, at) else day.month).zfill(size)
    if plain[0] == "d" and size <= 2:
        return str(day.day).zfill(size)
    if plain in ("aaa", "aaaa"):
        return ("星期" if size == 4 else "") + _CHINESE_DAYS[day.weekday()]
    # Names of months and days follow the language that the format or the machine says.
    if named or plain[0] not in "md" or size > 5:
        raise Unclear
    name = _MONTHS[day.month - 1] if plain[0] == "m" else _DAYS[day.weekday()]
    return name[:1] if size == 5 else name if size == 4 else name[:3]
