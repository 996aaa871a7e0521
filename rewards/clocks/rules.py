"""Which time a machine's Laurel keeps, and what its wall clock may change of it. Whole microseconds throughout.

`wall`: since 1970 by the clock that people set. `steady`: since the machine was started, by the one that nobody sets.
"""

from dataclasses import dataclass, replace
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND

LITTLE: Final = MINUTE
"""A step of the wall up to this is followed without a word: forward at once (a virtual machine that was halted for its
backup), back by SLOWER with every look, so that time runs slower and never back."""

SLOWER: Final = SECOND // 10
AGREES: Final = SECOND // 20
"""Less is between any two readings."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Laurel's time is steady + `base`.

    `apart`: by how much the wall was ahead of it (behind: below 0) when that was last told; 0: they go together.
    `behind`: it began with what was stored, as the wall had fallen behind that.
    """

    base: int
    apart: int = 0
    behind: bool = False


def begun(wall: int, steady: int, latest: int | None) -> Kept:
    """With the wall, but no earlier than the `latest` time that is known (None: nothing is)."""
    if latest is not None and wall < latest:
        return Kept(latest - steady, behind=True)
    return Kept(wall - steady)


def seen(kept: Kept, lead: int) -> Kept:
    """After a look at the clocks; `lead` is wall - steady. The same when there is nothing to follow or to tell."""
    apart = lead - kept.base
    if abs(apart) <= LITTLE or (kept.behind and apart > 0):
        step = 0 if abs(apart) <= AGREES else max(apart, -SLOWER)
        return Kept(kept.base + step) if step or kept.apart else kept
    return replace(kept, apart=apart) if abs(apart - kept.apart) > SECOND else kept


def taken(kept: Kept) -> Kept:
    """The wall's time, as it was told."""
    return Kept(kept.base + kept.apart)
