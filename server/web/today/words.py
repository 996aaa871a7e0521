"""What is said of the machine's clock."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "desk.clock_taken_over": "Laurel now goes by the machine's clock.",
    "clock.question_open": "A question is open in a room. Close it first: its time would end wrong. Then take over the time.",
    "clock.changed": "The clock has changed since this page was shown. Look at it again.",
    "clock.stepped": "The machine's clock was set",
    "clock.agreed": "The machine's clock shows Laurel's time again",
    "clock.taken_over": "The machine's time was taken over",
}
