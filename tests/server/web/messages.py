"""Which msgids the code and the templates use, and which of them the Chinese catalogues hold."""

import io
from collections.abc import Iterable
from pathlib import Path

from babel.messages.extract import extract_python
from jinja2.ext import babel_extract

from server.web.frame import i18n

KEYWORDS = ("_", "gettext", "ngettext", "pgettext", "npgettext", "mark")
OPTIONS = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}


def extract_msgids(paths: Iterable[Path]) -> set[str]:
    """The msgids of templates and Python files; folders are walked. One with a context is "context|msgid".

    Of a counted message it is the singular. A message that is not a literal is not found.
    """
    found: set[str] = set()
    for path in _files(paths):
        extract = extract_python if path.suffix == ".py" else babel_extract
        options = {} if path.suffix == ".py" else OPTIONS
        for _line, function, message, _comments in extract(io.BytesIO(path.read_bytes()), KEYWORDS, (), options):
            words = [message] if isinstance(message, str) else [word for word in message if isinstance(word, str)]
            if not words:
                continue
            found.add(f"{words[0]}|{words[1]}" if function in ("pgettext", "npgettext") else words[0])
    return found


def translated_msgids(*names: str) -> set[str]:
    """The msgids that the named Chinese catalogues translate ("kit" is kit.po), written as extract_msgids does.

    Without names: of all catalogues.
    """
    folder = i18n.CATALOGUES / "zh_Hans"
    keys = i18n.read_catalogues(folder, [f"{name}.po" for name in names] or None)
    return {f"{context}|{msgid}" if context else msgid for context, msgid in keys}


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        files += [f for f in sorted(path.rglob("*")) if f.suffix in (".html", ".py")] if path.is_dir() else [path]
    return files
