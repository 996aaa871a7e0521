"""What `laurel check` compares, on a living system: nothing is changed, and work under way is not a difference."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from rewards.outbox import queries as outbox
from rewards.outbox.rules import LONGEST_WAIT
from server.runtime.clock import now
from server.runtime.resources import Resources
from server.web.frame.noun import Difference
from server.web.nouns import NOUNS

LATE: Final = timedelta(seconds=30)
"""How long due work may wait before it is a difference."""

FAILING: Final = 3
"""Attempts after which work that fails is a difference."""

SETTLE: Final = 2.0
"""Seconds between two looks; what only one of them sees was work under way."""

_MOST_OVERDUE: Final = 1000


async def differences(resources: Resources) -> list[Difference]:
    """Every difference that two looks agree on; empty: all is well. Reads everything."""
    first = await _look(resources)
    if not first:
        return []
    await asyncio.sleep(SETTLE)
    again = {_key(one) for one in await _look(resources)}
    return [one for one in first if _key(one) in again]


async def _look(resources: Resources) -> list[Difference]:
    moment = now()
    found = [one for noun in NOUNS for check in noun.checks for one in await check(resources, moment)]
    return found + await _work(moment)


async def _work(moment: datetime) -> list[Difference]:
    """Work that nobody does, and work that fails again and again."""
    found: list[Difference] = []
    for waiting in await outbox.overdue(moment + LONGEST_WAIT, limit=_MOST_OVERDUE):
        what: dict[str, str | int] = {"kind": waiting.kind, "subject": waiting.subject}
        if waiting.last_error and waiting.attempts >= FAILING:
            found.append(Difference("check.work_failing", {**what, "error": waiting.last_error}))
        elif waiting.due_at <= moment - LATE:
            due = waiting.due_at.isoformat(timespec="seconds")
            found.append(Difference("check.work_overdue", {**what, "due": due}))
    return found


def _key(one: Difference) -> tuple[str, tuple[tuple[str, str | int], ...]]:
    """Equal for the same difference seen twice."""
    return one.code, tuple(sorted(one.details.items()))
