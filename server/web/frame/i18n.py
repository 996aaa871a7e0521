"""Two languages: English, which is also the language of the msgids, and Simplified Chinese.

The Chinese is read at start from every file of server/locale/zh_Hans/ (one per face, merged); nothing is compiled.
In a msgid and its translation a literal percent sign is always written %%, and values stand as %(name)s.
Dates, times and numbers follow the reader's language through babel; the clock has 24 hours in both.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

SOURCE: Final = "en"
LOCALES: Final = ("en", "zh-Hans")
LOCALE_NAMES: Final = MappingProxyType({"en": "English", "zh-Hans": "简体中文"})  # each in its own language
CATALOGUES: Final = Path(__file__).resolve().parents[2] / "locale"

_BABEL: Final = {"en": Locale("en"), "zh-Hans": Locale("zh", script="Hans")}
GAPS: Final = MappingProxyType({"en": " ", "zh-Hans": ""})  # between two sentences
COLONS: Final = MappingProxyType({"en": ": ", "zh-Hans": "："})  # between what is spoken of and what is said of it
_LONGEST_HEADER: Final = 1000

Key = tuple[str, str]  # (context or "", msgid)
DateStyle = Literal["short", "medium", "long", "full"]


class TranslationConflict(ValueError):
    """Two catalogue files translate one msgid differently."""


def mark(msgid: str) -> str:
    """Mark a literal in Python code as a msgid, so that it is found; it is translated where it is shown."""
    return msgid


@dataclass(frozen=True)
class Translator:
    """The words of one locale. What has no translation comes back in English."""

    locale: str
    messages: Mapping[Key, tuple[str, ...]]

    def text(self, msgid: str, context: str = "") -> str:
        """The translation with its %(name)s still in it."""
        forms = self.messages.get((context, msgid))
        return forms[0] if forms else msgid

    def counted_text(self, singular: str, plural: str, number: int, context: str = "") -> str:
        """The form for `number` things, with its %(name)s still in it. Chinese has one form."""
        forms = self.messages.get((context, singular))
        if forms:
            return forms[0]
        return singular if number == 1 else plural

    def gettext(self, msgid: str, **values: object) -> str:
        return self.text(msgid) % values

    def pgettext(self, context: str, msgid: str, **values: object) -> str:
        return self.text(msgid, context) % values

    def ngettext(self, singular: str, plural: str, number: int, **values: object) -> str:
        """`%(num)s` is the number, grouped as the language groups, unless `num` is given."""
        text = self.counted_text(singular, plural, number)
        return text % {"num": format_number(number, self.locale), **values}


def read_catalogues(folder: Path, names: Collection[str] | None = None) -> dict[Key, tuple[str, ...]]:
    """Every translated message of the .po files in `folder`, or of those named. Empty and fuzzy ones are left out.

    Raises TranslationConflict when two files disagree, and babel's PoFileError on a broken file.
    """
    merged: dict[Key, tuple[str, ...]] = {}
    origin: dict[Key, str] = {}
    for path in sorted(folder.glob("*.po")):
        if names is not None and path.name not in names:
            continue
        with path.open("rb") as file:
            catalogue = read_po(file, locale=folder.name, abort_invalid=True)
        for message in catalogue:
            if not message.id or message.fuzzy:
                continue
            forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            if not forms or not all(forms):
                continue
            msgid = message.id if isinstance(message.id, str) else message.id[0]
            key = (message.context or "", msgid)
            if merged.setdefault(key, forms) != forms:
                raise TranslationConflict(f"{msgid!r} differs between {origin[key]} and {path.name}")
            origin.setdefault(key, path.name)
    return merged


@cache
def translator(locale: str) -> Translator:
    """The translator of one of LOCALES, read once. Raises KeyError for any other name."""
    folder = CATALOGUES / str(_BABEL[locale])
    return Translator(locale, MappingProxyType({} if locale == SOURCE else read_catalogues(folder)))


@lru_cache(maxsize=1024)
def negotiate(accept_language: str | None, wanted: str | None, default: str = SOURCE) -> str:
    """The locale to answer in: `wanted` (what the member chose) if we have it, else the best of the header.

    `accept_language` is the header as it came; nonsense in it is skipped. Every kind of Chinese is served
    the Simplified one, as it is nearer to its reader than English.
    """
    if wanted in LOCALES:
        return str(wanted)
    best, best_weight = default, 0.0
    for part in (accept_language or "")[:_LONGEST_HEADER].split(","):
        tag, _, parameter = part.strip().partition(";")
        found = _nearest(tag.strip())
        weight = _weight(parameter.strip())
        if found and weight > best_weight:
            best, best_weight = found, weight
    return best


def _nearest(tag: str) -> str | None:
    language = tag.lower().replace("_", "-").split("-")[0]
    return {"zh": "zh-Hans", "en": "en"}.get(language)


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


@lru_cache(maxsize=4096, typed=True)
def format_number(value: int | float | Decimal | Fraction, locale: str) -> str:
    """12345 -> 12,345. At most three decimals."""
    plain = float(value) if isinstance(value, Fraction) else value
    return format_decimal(plain, locale=_BABEL[locale])


def format_share(fraction: int | float | Decimal | Fraction, locale: str, digits: int = 0) -> str:
    """0.125 -> 13%, with `digits` decimals. The fraction is of one."""
    decimals = "." + "0" * digits if digits else ""
    plain = float(fraction) if isinstance(fraction, Fraction) else fraction
    return format_percent(plain, format=f"#,##0{decimals}%", locale=_BABEL[locale])


def date_text(moment: date | datetime, locale: str, zone: tzinfo, style: DateStyle = "medium") -> str:
    """The day in `zone`, month in letters. A plain date is shown as it is; a datetime must be aware."""
    day = _in_zone(moment, zone).date() if isinstance(moment, datetime) else moment
    return _day_text(day, locale, style)


@lru_cache(maxsize=4096)
def _day_text(day: date, locale: str, style: DateStyle) -> str:
    return format_date(day, format=style, locale=_BABEL[locale])


def time_text(moment: datetime, zone: tzinfo) -> str:
    """Hours and minutes in `zone`, 00:00 to 23:59, the same in every language. The datetime must be aware."""
    return f"{_in_zone(moment, zone):%H:%M}"


def ago_text(moment: datetime, now: datetime, locale: str) -> str:
    """The distance in words, rounded to its largest unit: 5 minutes ago, in 2 days. Both aware."""
    return format_timedelta(moment - now, add_direction=True, locale=_BABEL[locale])


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone cannot be shown")
    return moment.astimezone(zone)
