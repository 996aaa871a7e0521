"""How the command line talks: its language, sentences for codes, help, tables, JSON, and what its exit codes mean.

Answers go to stdout, everything said on the way to stderr, so that an answer can be piped.
"""

import json
import os
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

import click

from server.commands import words as cli
from server.runtime import logs
from server.runtime.settings import Settings, load
from server.web.frame import i18n

_CONTEXT: Final = "cli"
_NARROW: Final = 58
"""Characters in a line of Chinese help; each is twice as wide."""


_OF_CLICK: Final = (i18n.mark("Options"), i18n.mark("Commands"), i18n.mark("Show this message and exit."))
"""What click itself writes into help."""


class Exit(IntEnum):
    """What a program that called us may rely on (docs/running.md)."""

    OK = 0
    REFUSED = 1  # differences were found, or a file, a rule or a state refuses what was asked
    USAGE = 2  # an unknown command, option or setting, or a wrong value of one
    SERVICES = 3  # the database or Redis cannot be reached or does not start
    BLOCKED = 4  # Laurel cannot work here: folder in use or damaged, port taken, other version
    FAULT = 70  # a fault of ours
    STOPPED = 130  # Ctrl-C before the work was done


_EXITS: Final = (
    ("settings.", Exit.USAGE),
    (("services.", "postgres.", "valkey.", "servers.", "database.failed", "child."), Exit.SERVICES),
    (("port.", "host.", "data.", "sockets.", "secret.", "database."), Exit.BLOCKED),
)

_ALTERNATIVES: Final = {
    "data.held": ("pid", "data.held.unknown"),
    "port.taken": ("program", "port.taken.unknown"),
    "settings.unknown": ("nearest", "settings.unknown.alone"),
    "restore.damaged": ("part", "restore.damaged.between"),
}
"""Code -> (detail that may be None or "", the code of the sentence without it)."""


def exit_for(code: str) -> Exit:
    """The exit code of a refusal."""
    return next((status for prefixes, status in _EXITS if code.startswith(prefixes)), Exit.REFUSED)


def language() -> str:
    """The language of everything that the command line says (LAUREL_LANGUAGE; English when it is nonsense)."""
    wanted = os.environ.get("LAUREL_LANGUAGE", "").strip()
    return wanted if wanted in i18n.LOCALES else i18n.SOURCE


def words(msgid: str, **values: object) -> str:
    """A sentence in the language of the command line. Its msgids have the context `cli`, as they are short."""
    return i18n.translator(language()).text(msgid, _CONTEXT) % values


@cache
def _sentences() -> Mapping[str, str]:
    # Only when something went wrong: the list of nouns takes the whole program along.
    return {**import_module("server.web.nouns").LISTING.texts, **cli.TEXTS}


def sentence(code: str, details: Mapping[str, object]) -> str:
    """The words of a code; the code itself where nobody has written any."""
    detail, alternative = _ALTERNATIVES.get(code, ("", ""))
    if detail and details.get(detail) in (None, ""):
        code = alternative
    if code == "settings.invalid":
        details = {**details, "wanted": _wanted(str(details["reason"]))}
    found = _sentences().get(code)
    if found is None:
        return " ".join([code, *(f"{name}={value}" for name, value in details.items())])
    return i18n.translator(language()).text(found) % details


def _wanted(reason: str) -> str:
    """What a setting must be, from the reason's code: `number.1-128`, `one-of.en|zh-Hans`, `time-zone` ..."""
    kind, _, rest = reason.partition(".")
    if kind == "number":
        least, _, most = rest.partition("-")
        return sentence("settings.wants.number", {"least": least, "most": most})
    if rest in ("origin-only", "1-80", "32-characters"):
        return sentence(f"settings.wants.{reason}", {})
    return sentence(f"settings.wants.{kind}", {"choices": rest.replace("|", ", ")})


def say(text: str = "") -> None:
    """A line of the answer."""
    click.echo(text)


def tell(text: str) -> None:
    """A line on the way: progress, warnings, refusals."""
    click.echo(text, err=True)


_SAID: Final = {
    "starting": i18n.mark("Starting %(name)s."),
    "ready": i18n.mark("Ready: %(name)s (%(seconds).1f s)."),
    "mended": i18n.mark(
        "The files of %(name)s are damaged and were set aside; it starts empty. Nothing that counts is lost:"
        " boards are made again, people sign in again."
    ),
    "died": i18n.mark("Ended unexpectedly: %(name)s (status %(status)s). It is started again."),
    "killed": i18n.mark("Did not stop in time and was ended: %(name)s."),
    "ended": i18n.mark("Left by an earlier run and ended: %(name)s (process %(pid)s)."),
    "stopped": i18n.mark("Stopped: %(name)s."),
}
_NAMES: Final = {
    "database": i18n.mark("the database (PostgreSQL)"),
    "redis": i18n.mark("the boards' store (Valkey)"),
    "web": i18n.mark("web process %(number)s"),
    "worker": i18n.mark("worker process %(number)s"),
}


def in_force() -> Settings:
    """The settings of this command; its log lines go to stderr."""
    chosen = load(os.environ, Path.cwd())
    logs.set_up("warning" if chosen.log == "info" else chosen.log)
    return chosen


def narrate(name: str, event: str, details: Mapping[str, object]) -> None:
    """Say on stderr what happens to a child of the supervisor."""
    kind, _, number = name.partition("-")
    said = {"name": words(_NAMES.get(kind, name), number=number), **details}
    if event == "failed":
        tell(sentence(str(details["code"]), said))
    elif event in _SAID:
        tell(words(_SAID[event], **said))


def quiet(name: str, event: str, details: Mapping[str, object]) -> None:
    """As `narrate`, but only what went wrong: for commands that start the servers for a moment."""
    if event in ("died", "mended", "failed", "killed", "ended"):
        narrate(name, event, details)


SAY_EVERY: Final = 3.0
"""Seconds between two words of progress."""


class SoFar:
    """Says on stderr in these words how much of a file (`size`, MB) has been written or read, every few seconds."""

    def __init__(self, said: str) -> None:
        self._words = said
        self._said = time.monotonic()

    def __call__(self, size: int) -> None:
        if time.monotonic() - self._said > SAY_EVERY:
            self._said = time.monotonic()
            tell(words(self._words, size=size // 10**6))


WRITTEN: Final = i18n.mark("Written so far: %(size)s MB")
LOADED: Final = i18n.mark("Loaded so far: %(size)s MB")


def say_json(value: object) -> None:
    """The answer for a program: one JSON object."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def _width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def say_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns under headings."""
    cells = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        line = "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        say(line.rstrip())


class _Help(click.HelpFormatter):
    """Help in the language of the command line: every text that it is given is a msgid."""

    def __init__(self, **given: Any) -> None:
        if language() != i18n.SOURCE:
            given = {**given, "width": _NARROW}
        super().__init__(**given)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, words("Usage:") + " ")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section(words(name)):
            yield

    def write_text(self, text: str) -> None:
        super().write_text(words(text))

    def write_dl(self, rows: Any, col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, words(text)) for term, text in rows], col_max, col_spacing)


class _Context(click.Context):
    formatter_class = _Help


class Command(click.Command):
    """A command whose help is a msgid; its first line stands in lists."""

    context_class = _Context

    def get_short_help_str(self, limit: int = 45) -> str:
        return self.short_help or self.help or ""


class Group(click.Group):
    """As Command, for a group of them."""

    context_class = _Context
    command_class = Command
    group_class = type

    def get_short_help_str(self, limit: int = 45) -> str:
        return self.short_help or self.help or ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added."""
        return list(self.commands)


def misused(error: click.UsageError) -> str:
    """What is wrong with a command line, in one sentence."""
    if isinstance(error, click.NoSuchOption):
        return words("There is no option %(name)s.", name=error.option_name)
    if isinstance(error, click.exceptions.NoSuchCommand):
        return words("There is no command %(name)s.", name=error.command_name)
    if isinstance(error, click.MissingParameter):
        return words("%(name)s is missing.", name=_named(error))
    if isinstance(error, click.BadParameter):
        return words("%(name)s has a value that is not possible.", name=_named(error))
    if isinstance(error, click.BadOptionUsage):
        return words("%(name)s needs a value, or one less.", name=error.option_name)
    return words("These words cannot stand together. See --help.")


def _named(error: click.BadParameter) -> str:
    parameter = error.param
    if parameter is None:
        return words("A value")
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.make_metavar(cast(Any, error.ctx))


JSON = click.option("--json", is_flag=True, help=i18n.mark("Answer in JSON, for a program."))
"""The option that every command has whose answer a program may read."""
