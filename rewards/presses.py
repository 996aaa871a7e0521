"""A button pressed twice where it was meant once: a clicker that bounces, an impatient finger, two devices. Pure."""

from datetime import datetime, timedelta
from typing import Final

APART: Final = timedelta(milliseconds=1500)
"""What is pressed sooner than this after what was last done is the same press once more."""


def is_repeat(last: datetime | None, now: datetime) -> bool:
    """Whether a press at `now` belongs to what was done at `last` (None: nothing yet), both by the server's clock.

    A clock that is set back makes nobody wait longer than APART.
    """
    return last is not None and abs(now - last) < APART
