"""Chance. Only shells draw it; rules and actions are given what was drawn."""

import secrets
import uuid

import uuid_utils.compat

ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"
"""28 characters for codes that people read, say and type: none of 0 o 1 i l u, and no vowel, so no words."""


def new_id() -> uuid.UUID:
    """A UUIDv7: sorts by the millisecond it was made in, then at random."""
    return uuid_utils.compat.uuid7()


def human_code(length: int) -> str:
    """`length` (at least 1) characters of ALPHABET, about 4.8 bits each. Not unique by itself: the caller checks."""
    if length < 1:
        raise ValueError(length)
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def claim_code() -> str:
    """What a winner shows for his prize: eight characters, 38 bits. Not unique by itself: the caller checks."""
    return human_code(8)


def token() -> str:
    """256 bits as 43 characters safe in an address (A-Z a-z 0-9 - _). Unguessable; store only its hash."""
    return secrets.token_urlsafe(32)
