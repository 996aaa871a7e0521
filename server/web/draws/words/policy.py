"""What the prize policy says of a draw, and of itself."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "policy.share": "%(winners)s of %(people)s people would win; at most %(most)s may.",
    "policy.value_event": "Prize “%(prize)s” is worth %(value)s; at one event a person may receive at most %(most)s.",
    "policy.value_together": (
        "One person may win several prizes here, worth up to %(value)s together; at one event a person may receive"
        " at most %(most)s. Let everybody win once only, or choose smaller prizes."
    ),
    "policy.mode_unknown": "A policy is off, warns, or stops.",
    "policy.share_form": "Give a percentage from 0 to 100 with at most one decimal, such as 66.7.",
    "policy.share_range": "A share lies between nobody and everybody.",
    "policy.value_range": "A value lies between 0 and %(most)s.",
    "policy.why_missing": "Say which guideline or decision this comes from.",
    "policy.said_set": "The prize policy was changed. It holds for every draw that is frozen from now on.",
    "policy.set": "Prize policy changed",
    # the beacon of a draw
    "draw.beacon.chain": "This beacon is not known here.",
    "draw.beacon.early": "The beacon had not begun at that time.",
    "draw.beacon.signature": "This is not the beacon's signature of round %(round)s. Check every character.",
}
