"""Pages from templates/: one environment per language, escaping always, an unknown name is an error.

A fragment is a block of its page's file: `render` gives the page, `render_block` the block alone. A block rendered
alone does not see what the file sets or imports outside it; the kit needs no import, it is the global `kit`.
"""

import base64
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from server.web.frame import files, i18n

ROOT: Final = Path(__file__).resolve().parents[3]
TEMPLATES: Final = ROOT / "templates"

_zone: tzinfo = UTC


def show_times_in(zone: tzinfo) -> None:
    """Set the time zone of every date and time on every page; called once at start. UTC until then."""
    global _zone
    _zone = zone


def render(name: str, locale: str, /, **context: object) -> str:
    """The page `name` (a path under templates/) in one of i18n.LOCALES.

    Raises jinja2.UndefinedError when the page uses a name that `context` lacks.
    """
    return environment(locale).get_template(name).render({**context, "locale": locale})


def render_block(name: str, block: str, locale: str, /, **context: object) -> str:
    """Only the block `block` that the file `name` itself defines. Raises KeyError when it has none."""
    template = environment(locale).get_template(name)
    return _block_text(template, block, {**context, "locale": locale})


def make_ready(*names: str) -> None:
    """Compile these pages in every language now, not when somebody first asks: tens of milliseconds of CPU each."""
    for locale in i18n.LOCALES:
        for name in names:
            environment(locale).get_template(name)


def _block_text(template: Template, block: str, context: Mapping[str, object]) -> str:
    return "".join(template.blocks[block](template.new_context(dict(context))))


def qr(text: str, label: str = "", as_image: bool = False, error: str = "m") -> Markup:
    """A QR code of `text`, dark on white with its quiet zone in either theme; sized by CSS through the class `qr`.

    `label` is read out in its place (empty: it is decoration beside the same words). `as_image` makes a picture
    instead of inline SVG: in-app browsers offer "save" and "recognise" on a long press of pictures only.
    `error`: level of correction, l (coarser modules for long texts), m or q. Raises segno.DataOverflowError for more
    than about 2,300 bytes.
    """
    code = segno.make(text, error=error, micro=False)
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    if as_image:
        picture = io.BytesIO()
        code.save(picture, kind="png", scale=8, border=4)
        source = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode("ascii")
        return Markup('<img class="qr" alt="{}" src="{}">').format(label, source)
    size = code.symbol_size(border=4)[0]
    path = "".join(
        f"M{x + 4} {y + 4}h1v1h-1z" if length == 1 else f"M{x + 4} {y + 4}h{length}v1h-{length}z"
        for y, row in enumerate(code.matrix)
        for x, length in _dark_runs(row)
    )
    return Markup(
        '<svg class="qr" {} viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%" fill="#fff"/><path fill="#000" d="{}"/></svg>'
    ).format(spoken, size, size, path)


def _dark_runs(row: bytearray) -> list[tuple[int, int]]:
    """(first column, length) of each run of dark modules."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if not dark:
            continue
        if runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((x, 1))
    return runs


@cache
def environment(locale: str) -> Environment:
    """The environment of one locale, made once. Raises KeyError for a locale we do not have.

    One for each, not one for all: macros of the kit are compiled and bound once, so what they call
    (gettext, number, date) must already know the language.
    """
    words = i18n.translator(locale)

    def number(value: int | float | Decimal | Fraction) -> str:
        return i18n.format_number(value, locale)

    def percent(fraction: int | float | Decimal | Fraction, digits: int = 0) -> str:
        return i18n.format_share(fraction, locale, digits)

    def day(moment: date | datetime, style: i18n.DateStyle = "medium") -> Markup:
        shown = i18n.date_text(moment, locale, _zone, style)
        return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)

    def clock(moment: datetime) -> Markup:
        shown = i18n.time_text(moment, _zone)
        return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)

    def ago(moment: datetime, now: datetime) -> Markup:
        exact = f"{i18n.date_text(moment, locale, _zone)} {i18n.time_text(moment, _zone)}"
        shown = i18n.ago_text(moment, now, locale)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), exact, shown)

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.text,
        words.counted_text,
        newstyle=True,
        pgettext=lambda context, msgid: words.text(msgid, context),
        npgettext=lambda context, one, many, n: words.counted_text(one, many, n, context),
    )
    made.filters.update(number=number, percent=percent, date=day, time=clock, ago=ago)
    made.globals.update(
        static=files.address, qr=qr, locales=i18n.LOCALE_NAMES, gap=i18n.GAPS[locale], colon=i18n.COLONS[locale]
    )
    made.globals["kit"] = made.get_template("kit/parts.html").module
    return made
