"""What becomes of a win between the drawing and the hand-over: who may do what, when, and what is kept of it. Pure."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, get_args
from uuid import UUID

from rewards.sheets import one_line

WinState = Literal["drawn", "called", "claimed", "absent", "declined", "expired", "annulled"]
WIN_STATES: Final[tuple[WinState, ...]] = get_args(WinState)
Step = Literal["call", "claim", "absent", "decline", "expire", "annul"]

_OPEN: Final[tuple[WinState, ...]] = ("drawn", "called")
OPEN: Final[frozenset[str]] = frozenset(_OPEN)
"""A win in one of these states can still be claimed; in any other it has ended for ever."""

STANDING: Final[frozenset[str]] = OPEN | {"claimed"}
"""A win in one of these states holds its place."""


def _from_open(reached: WinState) -> Mapping[str, WinState]:
    return MappingProxyType(dict.fromkeys(_OPEN, reached))


STEPS: Final[Mapping[str, Mapping[str, WinState]]] = MappingProxyType(
    {
        "call": _from_open("called"),
        "claim": _from_open("claimed"),
        "absent": _from_open("absent"),
        "decline": _from_open("declined"),
        "expire": _from_open("expired"),
        "annul": _from_open("annulled"),
    }
)
"""Step -> state before -> state after. What does not stand here is refused.

`call`, `absent` and `annul` (the draw was called off) belong to the ceremony, `decline` and `expire` come after its
close, `claim` at any time.
"""

CODE_LENGTH: Final = 8
"""Characters of a claim code that people type: 38 bits."""

MOST_NAME: Final = 200
MOST_WHY: Final = 300
MOST_SIGNATURE: Final = 64 * 1024
MOST_WIDTH: Final = 2000
MOST_HEIGHT: Final = 1000

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CRITICAL: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


@dataclass(frozen=True, slots=True)
class Win:
    """What decides over a win. `expires_at` None: nothing ends it yet. `rehearsal`: its draw only rehearses another.
    `giver`: who handed it over, None before that; `undone_by`: who took a hand-over of it back last, None: nobody."""

    state: str
    draw_state: str
    rehearsal: bool
    member: UUID
    expires_at: datetime | None
    giver: UUID | None = None
    undone_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Proxy:
    """Somebody else who fetches a prize for its winner: who, and why. Both are needed."""

    name: str
    why: str


def after(state: str, step: Step) -> WinState | None:
    """The state that a step leads to, or None when it cannot be made now."""
    return STEPS[step].get(state)


def window(start: datetime, days: int) -> datetime | None:
    """Until when a prize can be fetched that is announced at `start`; None for 0 days: there is no end."""
    return start + timedelta(days=days) if days else None


def is_over(expires_at: datetime | None, now: datetime) -> bool:
    """Whether the time to fetch a prize has run out; its last instant is the one before `expires_at`."""
    return expires_at is not None and now >= expires_at


def claim_flaw(win: Win, *, by: UUID, now: datetime) -> str | None:
    """Why `by` cannot hand this prize over now, or None.

    claim.rehearsal, claim.called_off, claim.own, claim.already, claim.absent, claim.declined, claim.expired,
    claim.undone_by_you (who took a hand-over back has said that it was not right, and gives nothing out for it).
    """
    if win.rehearsal:
        return "claim.rehearsal"
    if win.draw_state == "cancelled" or win.state == "annulled":
        return "claim.called_off"
    if win.member == by:
        return "claim.own"
    if win.state == "claimed":
        return "claim.already"
    if after(win.state, "claim") is None:
        return f"claim.{win.state}"
    if is_over(win.expires_at, now):
        return "claim.expired"
    return "claim.undone_by_you" if win.undone_by == by else None


def undo_flaw(win: Win, *, by: UUID, why: str) -> str | None:
    """Why `by` cannot take this hand-over back, or None.

    claim.undo_none (it is not handed over), claim.undo_same (it takes somebody else than who handed it over),
    claim.undo_own (the winner, who would have it twice), claim.undo_why (missing or too long).
    """
    if win.state != "claimed":
        return "claim.undo_none"
    if by in (win.giver, win.member):
        return "claim.undo_same" if by == win.giver else "claim.undo_own"
    return None if 0 < len(why) <= MOST_WHY else "claim.undo_why"


def before_claim(called_at: datetime | None) -> WinState:
    """The state of a win before it was handed over, and again when that is taken back."""
    return "drawn" if called_at is None else "called"


def decline_flaw(win: Win, *, by: UUID, now: datetime) -> str | None:
    """Why `by` cannot give this prize up now, or None.

    claim.not_yours, claim.rehearsal, claim.called_off, claim.not_closed (whoever is asked on the stage says so there),
    claim.already, claim.absent, claim.declined, claim.expired.
    """
    if win.member != by:
        return "claim.not_yours"
    if win.rehearsal:
        return "claim.rehearsal"
    if win.draw_state == "cancelled" or win.state == "annulled":
        return "claim.called_off"
    if win.draw_state != "closed":
        return "claim.not_closed"
    if win.state == "claimed":
        return "claim.already"
    if after(win.state, "decline") is None:
        return f"claim.{win.state}"
    return "claim.expired" if is_over(win.expires_at, now) else None


def may_expire(win: Win, now: datetime) -> bool:
    """Whether nobody fetched the prize in time. Nothing expires before the draw is closed."""
    due = win.draw_state == "closed" and not win.rehearsal and is_over(win.expires_at, now)
    return due and after(win.state, "expire") is not None


def read_proxy(name: str, why: str) -> Proxy | None:
    """The proxy as typed, on one line each; None when both are empty."""
    name, why = one_line(name), one_line(why)
    return Proxy(name, why) if name or why else None


def proxy_flaw(proxy: Proxy, *, own_name: str) -> str | None:
    """Why somebody with `own_name` cannot hand a prize to this proxy, or None: claim.proxy_name (missing or too long),
    claim.proxy_why (likewise), claim.proxy_own (he would hand it to himself)."""
    if not 0 < len(proxy.name) <= MOST_NAME:
        return "claim.proxy_name"
    if not 0 < len(proxy.why) <= MOST_WHY:
        return "claim.proxy_why"
    return "claim.proxy_own" if proxy.name.casefold() == one_line(own_name).casefold() else None


def signature_flaw(png: bytes) -> str | None:
    """Why these bytes are no signature, or None: claim.signature_large, claim.signature_form.

    A signature is one whole PNG of at most MOST_WIDTH by MOST_HEIGHT pixels (PNG specification, section 5: chunks with
    length and CRC-32; the first is IHDR, the last IEND).
    """
    if len(png) > MOST_SIGNATURE:
        return "claim.signature_large"
    chunks = _chunks(png)
    if not chunks:
        return "claim.signature_form"
    kinds = [kind for kind, _ in chunks]
    whole = kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and b"IDAT" in kinds
    once = kinds.count(b"IHDR") == 1 and kinds.count(b"IEND") == 1
    # A capital first letter marks a chunk without which the picture cannot be read.
    known = all(kind in _CRITICAL for kind in kinds if kind[:1].isupper())
    return None if whole and once and known and _fits(chunks[0][1]) else "claim.signature_form"


def plain_signature(png: bytes) -> bytes:
    """A signature without what devices add to pictures: its pixels and colours stay, words, times and places go."""
    kept = [(kind, content) for kind, content in _chunks(png) if kind in _CRITICAL or kind == b"tRNS"]
    return _PNG + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in kept
    )


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, content) of each chunk of a PNG; empty for anything that is not one whole PNG."""
    if not png.startswith(_PNG):
        return []
    found: list[tuple[bytes, bytes]] = []
    place = len(_PNG)
    while place < len(png):
        if place + 12 > len(png):
            return []
        length = int.from_bytes(png[place : place + 4], "big")
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        checked = png[place + 8 + length : place + 12 + length]
        if len(content) != length or checked != struct.pack(">I", zlib.crc32(kind + content)):
            return []
        found.append((kind, content))
        place += 12 + length
    return found


def _fits(head: bytes) -> bool:
    if len(head) != 13:
        return False
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    return 0 < width <= MOST_WIDTH and 0 < height <= MOST_HEIGHT


def each_piece(value: int, budget: UUID | None, stock: UUID | None) -> dict[UUID, int]:
    """What one piece of a prize takes of each fund: its value in hundredths of the budget, one piece of the stock.

    Funds of which it takes nothing are left out.
    """
    taken = {fund: amount for fund, amount in ((budget, value), (stock, 1)) if fund is not None and amount}
    return dict(sorted(taken.items()))
