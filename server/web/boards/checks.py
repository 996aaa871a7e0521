"""What `laurel check` compares on boards."""

from collections.abc import Sequence
from datetime import datetime

from rewards.boards import checks as board_checks
from server.runtime.resources import Resources
from server.web.frame.noun import Difference


def differing(
    board: str, subject: str, wanted: tuple[int | str, ...] | None, found: tuple[int | str, ...] | None
) -> Difference:
    """A line of a board that is not as it must be; None: there is none."""
    said: dict[str, str | int] = {"board": board, "subject": subject}
    return Difference("check.board_differs", {**said, "wanted": _shown(wanted), "found": _shown(found)})


def _shown(values: tuple[int | str, ...] | None) -> str:
    return "-" if values is None else " ".join(map(str, values))


async def boards(resources: Resources, now: datetime, after: str) -> tuple[Sequence[Difference], str]:
    """The boards of seasons, weeks and units against the ledger."""
    found, on = await board_checks.piece(resources.redis, resources.day_of(now), after)
    return [differing(one.board, str(one.subject), one.wanted, one.found) for one in found], on
