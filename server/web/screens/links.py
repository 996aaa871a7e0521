"""The link of a screen. It is all that a screen has: no login, nothing to press.

Whoever has it sees what hangs on the wall anyway; who does not have it cannot make one, and one that went astray is
revoked.
"""

import hmac
from typing import Final
from uuid import UUID

from server.runtime.settings import Settings

MARK_LENGTH: Final = 32
"""Hexadecimal digits of the link's mark: 128 bits."""


def screen_link(settings: Settings, screen_id: UUID) -> str:
    """The whole address of a screen, to open on its browser."""
    return f"{settings.public_url}/screen/{key_of(settings, screen_id)}"


def key_of(settings: Settings, screen_id: UUID) -> str:
    """`ID.MARK`: what stands behind /screen/ in the link."""
    return f"{screen_id.hex}.{_mark(settings, screen_id)}"


def screen_of(settings: Settings, key: str) -> UUID | None:
    """The screen that a key was made for; None for a key that we did not make."""
    identity, _, mark = key.partition(".")
    try:
        screen_id = UUID(identity)
    except ValueError:
        return None
    return screen_id if hmac.compare_digest(mark.encode(), _mark(settings, screen_id).encode()) else None


def _mark(settings: Settings, screen_id: UUID) -> str:
    return hmac.digest(settings.key("screens"), screen_id.hex.encode(), "sha256").hex()[:MARK_LENGTH]
