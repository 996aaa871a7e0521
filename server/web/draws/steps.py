"""The line of steps of a draw: which are done, which is the present one, and what dice it waits for. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from rewards.draws.queries import CustodianRow, DrawRow, Venue
from rewards.draws.terms import LEAST_CUSTODIANS

Mark = Literal["done", "now", "open", "later", "stopped"]
"""`open`: possible now beside the present step."""

STEPS: Final = (
    "rule", "prizes", "custodians", "freeze", "dispute", "voids", "check_in", "arm", "dice", "beacon", "secrets",
    "result", "winners", "close", "claims",
)  # fmt: skip

_REACHED: Final[Mapping[str, int]] = MappingProxyType(
    {
        "draft": 0,
        "freezing": STEPS.index("freeze"),
        "frozen": STEPS.index("dispute"),
        "armed": STEPS.index("dice"),
        "rolled": STEPS.index("beacon"),
        "drawn": STEPS.index("winners"),
        "closed": STEPS.index("claims"),
    }
)
"""State -> the first step that may not be done yet."""


@dataclass(frozen=True, slots=True)
class Dice:
    """Dice that must be thrown now. `event`: venue, round or redraw; `label` says which ("d10x6"): `throws`
    of `sides` each. `round`, `prize`, `slot` and `attempt` say for what."""

    event: str
    label: str
    round: str = ""
    prize: str = ""
    slot: int = 0
    attempt: int = 0

    @property
    def sides(self) -> int:
        """6 or 10."""
        return int(self.label.partition("x")[0][1:])

    @property
    def throws(self) -> int:
        """How many throws."""
        return int(self.label.rpartition("x")[2])


def dice_wanted(venue: Venue | None) -> Dice | None:
    """The dice that the draw waits for; None: it waits for none."""
    if venue is None or venue.state not in ("armed", "drawn"):
        return None
    if venue.state == "armed":
        return Dice("venue", venue.manifest.venue)
    if (slot := venue.waiting) is not None:
        return Dice("redraw", slot.label.rpartition("-")[2], prize=slot.prize, slot=slot.slot, attempt=slot.attempt)
    stage = venue.next.round
    if stage is not None and stage.dice:
        return Dice("round", stage.dice, round=stage.id)
    return None


def is_sealed(custodians: Sequence[CustodianRow]) -> bool:
    """Whether all secrets that a freeze needs are sealed."""
    return len(custodians) >= LEAST_CUSTODIANS and all(one.commitment for one in custodians)


def marks(
    draw: DrawRow, venue: Venue | None, custodians: Sequence[CustodianRow], now: datetime, *, prizes: int, waiting: int
) -> dict[str, Mark]:
    """Step -> mark. `prizes`: kinds of prizes; `waiting`: prizes that are not handed over yet."""
    shown = [step for step in STEPS if step != "beacon" or draw.beacon_at is not None]
    done = _done(draw, venue, custodians, now, prizes=prizes, waiting=waiting)
    if draw.state == "cancelled":
        return {step: "done" if step in done else "stopped" for step in shown}
    present = _present(draw, venue, done, now)
    beside = _beside(draw, now)
    return {
        step: "now" if step == present else "done" if step in done else "open" if step in beside else "later"
        for step in shown
    }


def _done(
    draw: DrawRow,
    venue: Venue | None,
    custodians: Sequence[CustodianRow],
    now: datetime,
    *,
    prizes: int,
    waiting: int,
) -> Collection[str]:
    reached = _REACHED.get(draw.state, 0)
    if draw.state == "cancelled":
        reached = _reached_before(draw, venue)
    done = {"rule", *STEPS[:reached]}
    if prizes:
        done.add("prizes")
    if is_sealed(custodians):
        done.add("custodians")
    if draw.arm_after is not None and draw.state == "frozen" and draw.arm_after <= now:
        done.add("dispute")
    if venue is not None and venue.beacon:
        done.add("beacon")
    if draw.state == "closed" and not waiting:
        done.add("claims")
    return done


def _reached_before(draw: DrawRow, venue: Venue | None) -> int:
    """How far a draw had come that was called off."""
    kinds = set() if venue is None else {event.kind for event in venue.events}
    if draw.drawn_at is not None:
        return _REACHED["drawn"]
    if "venue" in kinds:
        return _REACHED["rolled"]
    return 0 if draw.promise is None else _REACHED["frozen"]


def _present(draw: DrawRow, venue: Venue | None, done: Collection[str], now: datetime) -> str:
    if draw.state == "draft":
        return next(step for step in ("prizes", "custodians", "freeze") if step not in done)
    if draw.state == "frozen":
        return "dispute" if "dispute" not in done else "arm"
    if draw.state == "rolled":
        return "beacon" if draw.beacon_at is not None and "beacon" not in done else "secrets"
    if draw.state == "drawn" and venue is not None and "close" in venue.next.kinds and not _to_come(venue):
        return "close"
    return {"freezing": "freeze", "armed": "dice", "drawn": "winners", "closed": "claims"}[draw.state]


def _to_come(venue: Venue) -> bool:
    """Whether a winner who must be there has not been called yet, or is being decided about."""
    must = {prize.id for prize in venue.manifest.prizes if prize.present}
    return bool(venue.doubts) or any(one.prize in must and one.state in ("drawn", "called") for one in venue.places)


def _beside(draw: DrawRow, now: datetime) -> Collection[str]:
    if draw.state == "frozen":
        return (
            {"voids", "check_in", "arm"} if draw.arm_after is None or draw.arm_after <= now else {"voids", "check_in"}
        )
    return {"winners", "close", "claims"} if draw.state == "drawn" else set()
