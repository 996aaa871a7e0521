"""What is said of boards."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "board.unknown": "There is no board called %(board)s. `laurel check` names those that differ.",
}
