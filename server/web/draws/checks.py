"""What `laurel check` compares of draws."""

import asyncio
from datetime import datetime
from pathlib import Path

from rewards.draws import queries
from server.runtime.resources import Resources
from server.web.frame.noun import Difference


async def published(resources: Resources, now: datetime, _after: str) -> tuple[list[Difference], str]:
    """The published files in DATA/draws against the bytes in the database.

    With an external database another machine may have published: then only folders that are here are looked at.
    """
    elsewhere = resources.settings.external_database_url is not None
    found: list[Difference] = []
    for row in await queries.draws(limit=1_000_000):
        frozen = await queries.published(row.id)
        if frozen is None:
            continue
        slug, files = frozen
        folder = resources.settings.data / "draws" / slug
        if elsewhere and not folder.is_dir():
            continue
        found += await asyncio.to_thread(_compare, folder, slug, files | await queries.conflict_files(row.id))
    return found, ""


def _compare(folder: Path, slug: str, files: dict[str, bytes]) -> list[Difference]:
    found = []
    for name, content in files.items():
        try:
            there = (folder / name).read_bytes()
        except OSError:
            found.append(Difference("check.file_missing", {"draw": slug, "file": name}))
            continue
        if there != content:
            found.append(Difference("check.file_differs", {"draw": slug, "file": name}))
    for name in queries.FILES:
        if name not in files and (folder / name).exists():
            found.append(Difference("check.file_foreign", {"draw": slug, "file": name}))
    return found
