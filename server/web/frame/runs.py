"""What screens choose by. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Run:
    """How something went that a screen can show: when it `began`, was last `moved`, and `ended`, None while it goes on.
    Its end is shown for as long as `stays`."""

    subject: UUID
    began: datetime
    moved: datetime
    ended: datetime | None
    stays: timedelta
