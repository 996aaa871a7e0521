"""What is said of boards."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "desk.boards_rebuilding": "The boards are being made again from the ledger. This page says when it is done.",
    "board.nothing_differs": "The boards agree with the ledger; there is nothing to make again.",
    "board.rebuild_asked": "Boards made again",
    "board.lost": "Redis had lost what it held; boards were made again",
    "board.loss_read": "Read that Redis had lost what it held",
    "board.unknown": "There is no board called %(board)s. `laurel check` names those that differ.",
}
