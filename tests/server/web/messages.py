"""Which words each noun says, and in which Chinese catalogue they stand.

`python -m tests.server.web.messages` puts every msgid into the catalogue of its noun (of frame when several say it),
drops what nobody says, and leaves new ones empty for somebody to translate; tests fail until he has.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from server.web.frame import html, i18n
from server.web.frame.noun import Noun
from server.web.nouns import NOUNS

WEB = html.ROOT / "server" / "web"
CHINESE = i18n.CATALOGUES / "zh_Hans"
PROGRAMS = {"commands"}
"""Catalogues of the command line; tests/server/test_cli.py looks after them."""

VALUE = re.compile(r"%\((\w+)\)(?:s|\.\df)")
WORDS = re.compile("[A-Za-z]")
KEYWORDS = ("_", "gettext", "ngettext", "pgettext", "npgettext", "mark")
NEWSTYLE = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}


def sources(noun: Noun, suffix: str) -> list[Path]:
    """The files of a noun's pages and words."""
    shared = [html.TEMPLATES / "kit"] if noun.name == "frame" else []
    folders = [WEB / noun.name, html.TEMPLATES / noun.name, *shared]
    return [path for folder in folders for path in sorted(folder.rglob(f"*{suffix}"))]


def msgids(paths: Iterable[Path]) -> Iterator[tuple[i18n.Key, str]]:
    """((context, msgid), plural or "") of what templates and Python files say where it is written out."""
    for path in paths:
        extract, options = (extract_python, {}) if path.suffix == ".py" else (babel_extract, NEWSTYLE)
        for _line, function, message, _comments in extract(io.BytesIO(path.read_bytes()), KEYWORDS, (), options):
            words = [one for one in ([message] if isinstance(message, str) else message) if isinstance(one, str)]
            context = words.pop(0) if words and function in ("pgettext", "npgettext") else ""
            if words:
                yield (context, words[0]), words[1] if function in ("ngettext", "npgettext") else ""


def said_by(noun: Noun) -> dict[i18n.Key, str]:
    """Everything that a noun says to people -> its plural, or ""."""
    told = {("", text): "" for part in noun.texts for text in part.values() if WORDS.search(VALUE.sub("", text))}
    told |= {("", word): "" for word in noun.fields.values()}
    told |= {("", word): "" for one in noun.earnings for word in (one.name, *one.tallies.values())}
    return told | dict(msgids([*sources(noun, ".py"), *sources(noun, ".html")]))


def _known() -> dict[i18n.Key, Message]:
    found: dict[i18n.Key, Message] = {}
    for path in sorted(CHINESE.glob("*.po")):
        if path.stem not in PROGRAMS:
            with path.open("rb") as file:
                for message in read_po(file, locale=CHINESE.name):
                    if message.id:
                        msgid = message.id if isinstance(message.id, str) else message.id[0]
                        found[message.context or "", msgid] = message
    return found


def sort() -> int:
    """Write the catalogues anew; how many msgids have no Chinese yet."""
    known, said = _known(), {noun.name: said_by(noun) for noun in NOUNS}
    plurals = {key: plural for one in said.values() for key, plural in one.items()}
    homes: dict[str, list[i18n.Key]] = {name: [] for name in said}
    for key in [*(key for key in known if key in plurals), *(key for key in plurals if key not in known)]:
        users = [name for name, own in said.items() if key in own]
        homes["frame" if "frame" in users or len(users) > 1 else users[0]].append(key)
    for name, keys in homes.items():
        path = CHINESE / f"{name}.po"
        if not keys:
            path.unlink(missing_ok=True)
            continue
        blocks = [_head(name), *(_entry(key, plurals[key], known.get(key)) for key in keys)]
        path.write_text("\n".join(blocks), "utf-8")
    return sum(key not in known for key in plurals)


def _head(name: str) -> str:
    language = Catalog(locale=CHINESE.name)
    return (
        f'# Simplified Chinese: {name}.\nmsgid ""\nmsgstr ""\n"Language: {CHINESE.name}\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {language.plural_forms}\\n"\n'
    )


def _entry(key: i18n.Key, plural: str, message: Message | None) -> str:
    context, msgid = key
    said = "" if message is None else message.string if isinstance(message.string, str) else message.string[0]
    head = f"msgctxt {_quoted(context)}\n" if context else ""
    if plural:
        return f"{head}msgid {_quoted(msgid)}\nmsgid_plural {_quoted(plural)}\nmsgstr[0] {_quoted(said)}\n"
    return f"{head}msgid {_quoted(msgid)}\nmsgstr {_quoted(said)}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


if __name__ == "__main__":
    sys.exit(f"{sort()} without Chinese")
