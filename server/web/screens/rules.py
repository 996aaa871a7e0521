"""Which of all that goes on a wall shows. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from server.web.frame.runs import Run

IDLE: Final = timedelta(hours=3)
"""What nobody has moved for so long leaves the walls, ended or not."""


SET_FOR: Final = timedelta(hours=1)
"""How long a screen that is set to something shows its end."""


def is_over(run: Run, now: datetime, since: datetime | None = None) -> bool:
    """Whether it has ended, and its end was shown for its decent time, counted from `since` when that was later."""
    return run.ended is not None and now >= max(run.ended, since or run.ended) + run.stays


def is_done(run: Run, now: datetime, since: datetime) -> bool:
    """Whether a screen that is set to it since then goes on by itself."""
    return run.ended is not None and now >= max(run.ended, since) + max(run.stays, SET_FOR)


def newest(runs: Iterable[tuple[str, Run]], now: datetime) -> tuple[str, Run] | None:
    """Of (kind, run), the one to show: what began last, if it is not over and not idle.

    What was left unfinished does not come back when something newer has ended, unless somebody has moved it since.
    """
    ended = None
    for kind, run in sorted(runs, key=lambda one: (one[1].began, one[1].subject), reverse=True):
        if run.ended is None:
            if now - run.moved < IDLE and (ended is None or run.moved > ended):
                return kind, run
        elif not is_over(run, now):
            return kind, run
        else:
            ended = run.ended if ended is None else max(ended, run.ended)
    return None
