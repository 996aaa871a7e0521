"""What `laurel check` compares in the ledger."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from rewards.boards.checks import board_of
from rewards.ledger.checks import Fault, piece
from server.runtime.resources import Resources
from server.web.frame.noun import Difference


async def ledger(resources: Resources, now: datetime, after: str) -> tuple[Sequence[Difference], str]:
    """Guards, funds, postings that do not balance, reversals that are not exact, caps that were passed, totals."""
    found, on = await piece(after)
    return [Difference(fault.code, _told(fault, resources.day_of(now))) for fault in found], on


def _told(fault: Fault, today: date) -> Mapping[str, str | int]:
    """With the board to make again, where there is one."""
    board = board_of(fault, today)
    return {**fault.details, "board": board} if board else fault.details
