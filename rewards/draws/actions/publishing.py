"""The folder of published files."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from rewards.draws import queries

PUBLISH: Final = "publish_draw"
"""Kind of the intent to publish; its subject is the draw."""


async def publish(draw_id: UUID, folder: Path) -> Path | None:
    """Write what is published of a draw to FOLDER/SLUG, each file whole or not at all; return that folder.

    The bytes are those of the database; a file that has them already is left alone, one that differs is put right. Logs
    that contradict the one that counts stand in a folder of their own. None: nothing is published yet. The folder may
    be given to anybody; `verify.verify_folder` reads it.
    """
    found = await queries.published(draw_id)
    if found is None or not found[1]:
        return None
    slug, files = found
    await asyncio.to_thread(_write_files, folder / slug, files | await queries.conflict_files(draw_id))
    return folder / slug


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    touched = {folder}
    for name, content in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(mode=0o755, exist_ok=True)
        touched.add(path.parent)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(descriptor, 0o644)
                os.fsync(descriptor)
            os.replace(draft, path)
        finally:
            Path(draft).unlink(missing_ok=True)
    for one in sorted(touched, reverse=True):
        descriptor = os.open(one, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
