"""Which files of a draw are published by now."""

from typing import Final
from uuid import UUID

from rewards import database as db

NAMES: Final = (
    "manifest.json",
    "manifest.sig",
    "snapshot.tsv",
    "kit.html",
    "void.tsv",
    "present.tsv",
    "log.txt",
    "result.json",
    "result.sig",
)
"""What a draw publishes, in the order in which it comes to be."""


async def published_names(draw_id: UUID) -> tuple[str, ...]:
    """The files that exist now, in the order of NAMES; none before the freeze or for an unknown draw."""
    found = await db.row(
        "SELECT manifest IS NOT NULL, manifest_signature <> '', snapshot IS NOT NULL, program IS NOT NULL,"
        " octet_length(voids) > 0, present IS NOT NULL, log IS NOT NULL, result IS NOT NULL, result_signature <> ''"
        " FROM draw WHERE id = $1",
        draw_id,
    )
    return () if found is None else tuple(name for name, there in zip(NAMES, found.values(), strict=True) if there)
