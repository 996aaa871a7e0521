"""The English of every code, by room. Chinese is in server/locale/zh_Hans under the same msgids."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

ROOMS = (
    "imports",
    "ledger",
    "earnings",
    "members",
    "quizzes",
    "draws",
    "ceremony",
    "claims",
    "desk_draws",
    "draw_pages",
    "web",
    "desk",
    "phone",
    "screens",
    "stage",
    "funds",
    "pictures",
    "policy",
)


@cache
def texts() -> Mapping[str, str]:
    """Code -> English sentence with %(name)s for its details. Raises ValueError when two rooms share a code."""
    merged: dict[str, str] = {}
    for room in ROOMS:
        own: Mapping[str, str] = import_module(f"server.web.texts.{room}").TEXTS
        if clash := merged.keys() & own.keys():
            raise ValueError(f"codes with two texts: {sorted(clash)}")
        merged.update(own)
    return MappingProxyType(merged)
