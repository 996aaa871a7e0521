"""The published files of a draw: which there are by now, and their exact bytes."""

from typing import Final
from uuid import UUID

from rewards import database as db

_COLUMNS: Final = {
    "manifest.json": ("manifest", "manifest IS NOT NULL"),
    "manifest.sig": ("manifest_signature || E'\\n'", "manifest_signature <> ''"),
    "snapshot.tsv": ("snapshot", "snapshot IS NOT NULL"),
    "kit.html": ("program", "program IS NOT NULL"),
    "void.tsv": ("voids", "octet_length(voids) > 0"),
    "present.tsv": ("present", "present IS NOT NULL"),
    "log.txt": ("log", "log IS NOT NULL"),
    "result.json": ("result", "result IS NOT NULL"),
    "result.sig": ("result_signature || E'\\n'", "result_signature <> ''"),
}
"""File -> (its content, whether it is there)."""

FILES: Final = tuple(_COLUMNS)
"""What a draw publishes, in the order in which it comes to be."""


async def published_names(draw_id: UUID) -> tuple[str, ...]:
    """The files that exist now, in the order of FILES; none before the freeze or for an unknown draw."""
    there = ", ".join(there for _, there in _COLUMNS.values())
    found = await db.row(f"SELECT {there} FROM draw WHERE id = $1", draw_id)
    return () if found is None else tuple(name for name, there in zip(FILES, found.values(), strict=True) if there)


async def published(draw_id: UUID) -> tuple[str, dict[str, bytes]] | None:
    """(slug, name -> exact bytes of each published file that exists); None: no such draw."""
    contents = ", ".join(f"CASE WHEN {there} THEN {content} END" for content, there in _COLUMNS.values())
    found = await db.row(f"SELECT slug, {contents} FROM draw WHERE id = $1", draw_id)
    if found is None:
        return None
    slug, *given = found.values()
    return slug, {name: _bytes(one) for name, one in zip(FILES, given, strict=True) if one is not None}


async def published_file(slug: str, name: str) -> bytes | None:
    """The exact bytes of one published file; None: there is no such file, or not yet."""
    if name not in _COLUMNS:
        return None
    content, there = _COLUMNS[name]
    found = await db.value(f"SELECT {content} FROM draw WHERE slug = $1 AND {there}", slug)
    return None if found is None else _bytes(found)


def _bytes(content: bytes | str) -> bytes:
    return content.encode("ascii") if isinstance(content, str) else bytes(content)
