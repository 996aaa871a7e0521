"""What nouns share that show something on office screens."""

import hashlib
from functools import cache
from typing import Final

from server.web.frame import files

SLIDE_SECONDS: Final = 15
"""How long a slide of the playlist stays."""


@cache
def build() -> str:
    """Names the style sheets and scripts that the fragments need: a page that was loaded with others loads itself
    again."""
    needed = ("bundle/screen.css", "draws.css", "draw/stage_page.css", "bundle/screen.js")
    return hashlib.sha256("".join(map(files.address, needed)).encode()).hexdigest()[:8]
