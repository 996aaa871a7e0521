"""What `laurel check` compares, on a living system: nothing is changed, and work under way is not a difference."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from rewards.checkpoints.queries import place
from rewards.outbox import queries as outbox
from rewards.outbox.rules import LONGEST_WAIT
from server.runtime.clock import now
from server.runtime.resources import Resources
from server.web.frame.noun import Difference
from server.web.nouns import NOUNS

LATE: Final = timedelta(seconds=30)
"""How long due work may wait before it is a difference."""

RESTORED: Final = "restored"
"""The checkpoint that tells when this Laurel was restored."""

FAILING: Final = 3
"""Attempts after which work that fails is a difference."""

SETTLE: Final = 2.0
"""Seconds between two looks; what only one of them sees was work under way."""

MOST: Final = 10_000
"""Differences that are told."""

_MOST_OVERDUE: Final = 1000


Progress = Callable[[int, int, int], None]
"""Told (check, checks in all, its pieces so far) before each piece."""


def silent(number: int, checks: int, pieces: int) -> None:
    """The progress of a caller who does not want to know."""


async def differences(resources: Resources, progress: Progress = silent, *, served: bool = True) -> list[Difference]:
    """Every difference that two looks agree on; empty: all is well. Reads everything, piece by piece.

    Work that is due is only a difference where workers could have done it: not when this Laurel is not `served`, nor
    after a restore until one has begun.
    """
    first = await _look(resources, progress, served)
    if not first:
        return []
    await asyncio.sleep(SETTLE)
    again = {_key(one) for one in await _look(resources, progress, served)}
    return [one for one in first if _key(one) in again]


async def _look(resources: Resources, progress: Progress, served: bool) -> list[Difference]:
    moment = now()
    found: list[Difference] = []
    checks = [check for noun in NOUNS for check in noun.checks]
    for number, check in enumerate(checks, 1):
        after = ""
        for piece in count():
            progress(number, len(checks), piece)
            more, after = await check(resources, moment, after)
            found += more[: MOST - len(found)]
            if not after:
                break
    restored = await place(RESTORED)
    begun = restored is None or await outbox.any_done_since(datetime.fromisoformat(restored))
    return found + await _work(moment, served and begun)


async def _work(moment: datetime, served: bool) -> list[Difference]:
    """Work that nobody does, and work that fails again and again."""
    found: list[Difference] = []
    for waiting in await outbox.overdue(moment + LONGEST_WAIT, limit=_MOST_OVERDUE):
        what: dict[str, str | int] = {"kind": waiting.kind, "subject": waiting.subject}
        if waiting.last_error and waiting.attempts >= FAILING:
            found.append(Difference("check.work_failing", {**what, "error": waiting.last_error}))
        elif served and waiting.due_at <= moment - LATE:
            due = waiting.due_at.isoformat(timespec="seconds")
            found.append(Difference("check.work_overdue", {**what, "due": due}))
    return found


def _key(one: Difference) -> tuple[str, tuple[tuple[str, str | int], ...]]:
    """Equal for the same difference seen twice."""
    return one.code, tuple(sorted(one.details.items()))
