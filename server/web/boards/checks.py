"""What `laurel check` compares on boards."""

from datetime import datetime

from rewards.boards import queries
from server.runtime.resources import Resources
from server.web.frame.noun import Difference


def differing(board: str, subject: str, wanted: tuple[int, ...] | None, found: tuple[int, ...] | None) -> Difference:
    """A line of a board that is not as it must be; None: there is none."""
    said: dict[str, str | int] = {"board": board, "subject": subject}
    return Difference("check.board_differs", {**said, "wanted": _shown(wanted), "found": _shown(found)})


def _shown(values: tuple[int, ...] | None) -> str:
    return "-" if values is None else " ".join(map(str, values))


async def boards(resources: Resources, now: datetime) -> list[Difference]:
    """The boards of seasons, weeks and units against the ledger."""
    drifts = await queries.drift(resources.redis, today=resources.day_of(now))
    return [differing(one.board, str(one.subject), one.wanted, one.found) for one in drifts]
