"""The published files of a draw: which there are by now, and their exact bytes."""

from typing import Final
from uuid import UUID

from piccolo.columns import Column, Selectable, Where
from piccolo.querystring import QueryString

from rewards.draws.tables import Draw


def _line(column: Column) -> QueryString:
    return QueryString("{} || E'\\n'", column)


_COLUMNS: Final[dict[str, tuple[Selectable, Where]]] = {
    "manifest.json": (Draw.manifest, Draw.manifest.is_not_null()),
    "manifest.sig": (_line(Draw.manifest_signature), Draw.manifest_signature != ""),
    "snapshot.tsv": (Draw.snapshot, Draw.snapshot.is_not_null()),
    "kit.html": (Draw.program, Draw.program.is_not_null()),
    "void.tsv": (Draw.voids, Draw.voids != b""),
    "present.tsv": (Draw.present, Draw.present.is_not_null()),
    "log.txt": (Draw.log, Draw.log.is_not_null()),
    "result.json": (Draw.result, Draw.result.is_not_null()),
    "result.sig": (_line(Draw.result_signature), Draw.result_signature != ""),
}
"""File -> (its content, whether it is there)."""

FILES: Final = tuple(_COLUMNS)
"""What a draw publishes, in the order in which it comes to be."""


async def published_names(draw_id: UUID) -> tuple[str, ...]:
    """The files that exist now, in the order of FILES; none before the freeze or for an unknown draw."""
    there = (there.querystring.as_alias(name) for name, (_, there) in _COLUMNS.items())
    found = await Draw.select(*there).where(Draw.id == draw_id).first()
    return () if found is None else tuple(name for name in FILES if found[name])


async def published(draw_id: UUID) -> tuple[str, dict[str, bytes]] | None:
    """(slug, name -> exact bytes of each published file that exists); None: no such draw."""
    contents = (
        QueryString("CASE WHEN {} THEN {} END", there.querystring, content, alias=name)
        for name, (content, there) in _COLUMNS.items()
    )
    found = await Draw.select(Draw.slug, *contents).where(Draw.id == draw_id).first()
    if found is None:
        return None
    return found["slug"], {name: _bytes(found[name]) for name in FILES if found[name] is not None}


async def published_file(slug: str, name: str) -> bytes | None:
    """The exact bytes of one published file; None: there is no such file, or not yet."""
    if name not in _COLUMNS:
        return None
    content, there = _COLUMNS[name]
    found = await Draw.select(QueryString("{}", content, alias=name)).where(Draw.slug == slug, there).first()
    return None if found is None else _bytes(found[name])


def _bytes(content: bytes | str) -> bytes:
    return content.encode("ascii") if isinstance(content, str) else bytes(content)
