"""What this very program is called."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from server import VERSION

_ROOT: Final = Path(__file__).resolve().parents[2]
_ROOMS: Final = ("server", "games", "rewards", "workers", "templates")
_SUFFIXES: Final = {".py", ".sql", ".html", ".js", ".css", ".po"}


@cache
def version() -> str:
    """The release and the beginning of a digest of the program, as in "0.1.0+3f9a2c1b": two programs that differ never
    have the same name. Reads the whole program, in some hundredths of a second."""
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (_ROOT / room).rglob("*") if path.suffix in _SUFFIXES):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(_ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return f"{VERSION}+{digest.hexdigest()[:8]}"
