"""What nouns share that show something on office screens."""

import hashlib
from functools import cache
from typing import Final

from server.web.frame import html

SLIDE_SECONDS: Final = 15
"""How long a slide of the playlist stays."""


@cache
def build() -> str:
    """Names the style sheets and scripts that the fragments need: a page that was loaded with others loads itself
    again."""
    files = ("tokens.css", "kit.css", "screen.css", "draws.css", "draw/stage_page.css", "screen.js", "live.js")
    return hashlib.sha256("".join(map(html.static, files)).encode()).hexdigest()[:8]
