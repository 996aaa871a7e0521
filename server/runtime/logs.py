"""Log lines: when, level, what happened (dotted, past tense), ids. One line an event, to stderr.

    2026-11-22T08:00:00.123Z info round.closed round=01a2 answers=198

Only ids, counts and codes are given to it: never names, answers, codes of people, tokens.
"""

import json
import logging
import re
import sys
import time
from typing import Final, Literal

Level = Literal["debug", "info", "warning", "error"]
LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning", "error")

_PLAIN: Final = re.compile(r"[^\s\"=\x00-\x1f\x7f]+")
_CREDENTIALS: Final = re.compile(r"(\w+://)[^/@\s]*:[^/@\s]*@")
_PASSWORD: Final = re.compile(r"([?&](?:password|sslpassword)=)[^&\s]*")


def masked(text: str) -> str:
    """The same text with the user part and password of every address in it replaced by ***."""
    return _PASSWORD.sub(r"\1***", _CREDENTIALS.sub(r"\1***@", text))


class Log:
    """The voice of one part of the program, e.g. Log("games.quizzes")."""

    def __init__(self, area: str) -> None:
        self._logger = logging.getLogger(area)

    def debug(self, event: str, **ids: object) -> None:
        self._say(logging.DEBUG, event, ids)

    def info(self, event: str, **ids: object) -> None:
        self._say(logging.INFO, event, ids)

    def warning(self, event: str, **ids: object) -> None:
        self._say(logging.WARNING, event, ids)

    def error(self, event: str, **ids: object) -> None:
        self._say(logging.ERROR, event, ids)

    def failed(self, event: str, **ids: object) -> None:
        """An error with the traceback of the exception being handled."""
        self._say(logging.ERROR, event, ids, traceback=True)

    def _say(self, level: int, event: str, ids: dict[str, object], *, traceback: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            line = " ".join([event, *(f"{name}={_value(value)}" for name, value in ids.items())])
            self._logger.log(level, "%s", line, exc_info=traceback)


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = f"{moment}.{int(record.msecs):03d}Z {record.levelname.lower()} {record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return masked(text)


def set_up(level: Level) -> None:
    """Send every logger of this process to stderr in our form. Calling again changes the level only.

    Access logs of the web server are turned off: they carry tokens in addresses.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "arq", "arq.worker", "litestar"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
