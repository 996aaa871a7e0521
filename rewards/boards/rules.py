"""The order of a board, packed into the one number that Redis sorts by, and the names of boards.

Order: more points first; of equals, who reached them earlier (among units: where more took part); of equals again, the
smaller id.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from rewards.ledger.rules import WHOLE

_REACHED_BITS = 25
MOST_POINTS = (1 << 28) - 1
MOST_REACHED = (1 << _REACHED_BITS) - 1
"""388 days in seconds. Both bounds together fill the 53 bits in which a double is exact."""

WHOLE_RATE = 10_000
"""Everyone took part, in hundredths of a percent."""

WEEK_KEPT = timedelta(days=60)
"""How long after its Sunday the board of a week is kept."""


@dataclass(frozen=True, slots=True)
class BoardScore:
    """Where a member stands, absolutely. `reached`: when he came to these points, in whole units of time since a start
    that is the same for the whole board (seconds since the start of the season on ledger boards).

    `sequence` grows with every change of this member on this board: of two standings the higher one is true.
    """

    member: UUID
    points: int
    reached: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Placing:
    """`rank` counts from 1 and never ties."""

    rank: int
    member: UUID
    points: int
    reached: int


@dataclass(frozen=True, slots=True)
class UnitScore:
    """A unit with everything below it, in a season: on the roster, those of them with a posting, and their points."""

    unit: UUID
    headcount: int
    participants: int
    points: int

    @property
    def place(self) -> tuple[int, int]:
        """(points, reached) of its place on a board: the mean over the roster in hundredths of a point; and, so that of
        equals the one where more took part comes first, how far participation is from everyone, in hundredths of a
        percent."""
        missing = WHOLE_RATE - self.participants * WHOLE_RATE // self.headcount
        return bounded(mean_hundredths(self.points, self.headcount), missing)

    @property
    def rates(self) -> str:
        """The value of `rates_key`."""
        return f"{self.headcount}:{self.participants}:{self.points}"

    @property
    def values(self) -> tuple[int, ...]:
        """All that a board holds of it."""
        return *self.place, self.headcount, self.participants, self.points


def read_rates(raw: bytes | None) -> tuple[int, int, int]:
    """(headcount, participants, points) of a value of `rates_key`; -1 each: there is none, or a damaged one."""
    try:
        headcount, participants, points = map(int, (raw or b"").split(b":"))
    except ValueError:
        return -1, -1, -1
    return headcount, participants, points


def read_sequence(raw: bytes | None) -> int:
    """A value of `guard_key`; -1: there is none, or a damaged one."""
    return int(raw) if raw is not None and raw.isdigit() else -1


def pack(points: int, reached: int) -> int:
    """The score: the best place has the lowest. Equal scores stay in the order of the member's 16 bytes.

    Raises ValueError outside 0..MOST_POINTS and 0..MOST_REACHED.
    """
    if not 0 <= points <= MOST_POINTS or not 0 <= reached <= MOST_REACHED:
        raise ValueError(f"a board cannot hold {points} points reached at {reached}")
    return -((points << _REACHED_BITS) + MOST_REACHED - reached)


def unpack(score: float) -> tuple[int, int]:
    """(points, reached) of a score."""
    points, left = divmod(-int(score), 1 << _REACHED_BITS)
    return points, MOST_REACHED - left


def bounded(points: int, reached: int) -> tuple[int, int]:
    """The nearest values that a board can hold, for sums that nobody bounds."""
    return min(max(points, 0), MOST_POINTS), min(max(reached, 0), MOST_REACHED)


def season_board(season: UUID) -> str:
    return f"season:{season}"


def week_board(season: UUID, day: date) -> str:
    """The board of the ISO week that `day` belongs to."""
    year, week, _ = day.isocalendar()
    return f"week:{season}:{year}-W{week:02}"


def board_of(season: UUID, week: date | None) -> str:
    """The board of the week of a Monday, of the whole season (WHOLE), or of its units (None)."""
    if week is None:
        return unit_board(season)
    return season_board(season) if week == WHOLE else week_board(season, week)


def unit_board(season: UUID) -> str:
    return f"units:{season}"


LOOK = "laurel:drift"
"""Redis key: what the last regular look found (Report as JSON)."""
NIGHT = "laurel:drift:night"
"""Redis key: what the last whole pass found."""


COPY = "laurel:copy"
"""Redis key, and checkpoint: which copy of what Redis holds this is (in Redis a Copy as text)."""
COMPLETE = "laurel:copy:complete"
"""Redis key: the id of the copy in which all boards were made to the end. Absent or another: some are missing."""
MARGIN = timedelta(minutes=5)
"""How much further back than a copy was last seen it is looked for what may be missing in it: clocks differ."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What was last seen of what Redis holds: its id, in which run of Redis, and when (seconds since 1970).

    It is written behind everything else, so whatever was written long before it is there when it is.
    """

    id: str
    run: str
    seen: int

    def __str__(self) -> str:
        return f"{self.id} {self.run} {self.seen}"


def read_copy(raw: bytes | None) -> Copy | None:
    """What stands under COPY; None: nothing that we wrote."""
    parts = (raw or b"").decode(errors="replace").split(" ")
    return Copy(parts[0], parts[1], int(parts[2])) if len(parts) == 3 and parts[2].isdecimal() else None


def room_board(room: UUID) -> str:
    return f"room:{room}"


def key(board: str) -> str:
    """The sorted set: member's 16 bytes -> score."""
    return f"board:{{{board}}}"


def guard_key(board: str) -> str:
    """The hash: member's 16 bytes -> sequence of the standing in the sorted set, decimal."""
    return f"{key(board)}:seq"


def rates_key(board: str) -> str:
    """The hash beside a unit board: unit's 16 bytes -> `headcount:participants:points`, decimal."""
    return f"{key(board)}:rates"


def monday(day: date) -> date:
    """The first day of the ISO week."""
    return day - timedelta(days=day.weekday())


def week_ends(day: date) -> date:
    """The first day on which the board of this day's week is not kept any more."""
    return monday(day) + timedelta(days=6) + WEEK_KEPT


def first_kept_week(today: date) -> date:
    """The Monday of the oldest week whose board is kept today."""
    week = monday(today - WEEK_KEPT - timedelta(days=7))
    while week_ends(week) <= today:
        week += timedelta(days=7)
    return week


def weeks_kept(starts_on: date, ends_on: date, today: date) -> list[date]:
    """The Mondays of the weeks of a season that have begun and whose boards are kept today, in order."""
    week = max(first_kept_week(today), monday(starts_on))
    weeks = []
    while week <= min(today, ends_on):
        weeks.append(week)
        week += timedelta(days=7)
    return weeks


def as_of(today: date, ends_on: date) -> date:
    """The day whose roster counts: a board of a past season stays as on the season's last day."""
    return min(today, ends_on)


def mean_hundredths(points: int, headcount: int) -> int:
    """Hundredths of a point for each of `headcount` (at least 1) on the roster, rounded down."""
    return points * 100 // headcount


def rate_percent(participants: int, headcount: int) -> int:
    """Whole percent, rounded down: 100 means everyone. 0 for an empty unit."""
    return participants * 100 // headcount if headcount else 0
