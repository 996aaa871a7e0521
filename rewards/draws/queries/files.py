"""The published files of a draw: which there are by now, and their exact bytes."""

from typing import Final
from uuid import UUID

from piccolo.columns import Column
from piccolo.querystring import QueryString

from rewards import database as db
from rewards.draws.tables import Draw


def _file(content: Column) -> tuple[Column | QueryString, QueryString]:
    """One that is there as soon as it was made, however short."""
    return content, QueryString("{} IS NOT NULL", content)


def _signature(content: Column) -> tuple[Column | QueryString, QueryString]:
    return QueryString("{} || E'\\n'", content), QueryString("{} <> ''", content)


_COLUMNS: Final = {
    "manifest.json": _file(Draw.manifest),
    "manifest.sig": _signature(Draw.manifest_signature),
    "snapshot.tsv": _file(Draw.snapshot),
    "kit.html": _file(Draw.program),
    "void.tsv": (Draw.voids, QueryString("octet_length({}) > 0", Draw.voids)),
    "present.tsv": _file(Draw.present),
    "log.txt": _file(Draw.log),
    "result.json": _file(Draw.result),
    "result.sig": _signature(Draw.result_signature),
}
"""File -> (its content, whether it is there)."""

FILES: Final = tuple(_COLUMNS)
"""What a draw publishes, in the order in which it comes to be."""

_CONTENTS: Final = {
    name: QueryString("CASE WHEN {} THEN {} END", there, content, alias=name)
    for name, (content, there) in _COLUMNS.items()
}
_THERE: Final = db.compiled(
    Draw.select(*(there.as_alias(name) for name, (_, there) in _COLUMNS.items())).where(Draw.id == db.given(1))
)
_PUBLISHED: Final = db.compiled(Draw.select(Draw.slug, *_CONTENTS.values()).where(Draw.id == db.given(1)))
_FILE: Final = {
    name: db.compiled(Draw.select(content).where(Draw.slug == db.given(1))) for name, content in _CONTENTS.items()
}


async def published_names(draw_id: UUID) -> tuple[str, ...]:
    """The files that exist now, in the order of FILES; none before the freeze or for an unknown draw."""
    found = await db.row(_THERE, draw_id)
    return () if found is None else tuple(name for name in FILES if found[name])


async def published(draw_id: UUID) -> tuple[str, dict[str, bytes]] | None:
    """(slug, name -> exact bytes of each published file that exists); None: no such draw."""
    found = await db.row(_PUBLISHED, draw_id)
    if found is None:
        return None
    return found["slug"], {name: _bytes(found[name]) for name in FILES if found[name] is not None}


async def published_file(slug: str, name: str) -> bytes | None:
    """The exact bytes of one published file; None: there is no such file, or not yet."""
    found = await db.value(_FILE[name], slug) if name in _FILE else None
    return None if found is None else _bytes(found)


def _bytes(content: bytes | str) -> bytes:
    return content.encode("ascii") if isinstance(content, str) else bytes(content)
