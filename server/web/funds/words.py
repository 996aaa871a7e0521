"""What is said of budgets and stocks."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "funds.unknown": "There is no such fund.",
    "funds.name_invalid": "Give the fund a name of 1 to %(longest)s characters.",
    "funds.name_taken": "There is a fund called “%(name)s” already. Choose another name, or put more into that one.",
    "funds.kind_invalid": "A fund is a budget or a stock of goods.",
    "funds.amount_form": "Give an amount such as 1200 or 1200.50.",
    "funds.pieces_form": "Give a whole number of pieces.",
    "funds.amount_range": "Give at least %(least)s and at most %(most)s.",
    "funds.why_missing": "Say why, so that others can follow it.",
    "funds.short": "“%(name)s” has %(free)s free, and %(wanted)s is wanted. Put more in, or want less.",
    "funds.not_held": "Of “%(name)s”, %(held)s is kept for this, and %(wanted)s is wanted.",
    "funds.said_opened": "The fund “%(name)s” was opened.",
    "funds.said_added": "Put in: %(amount)s.",
    "funds.said_removed": "Taken out: %(amount)s.",
    "funds.sent_before": "This form was sent before with another amount. Nothing was changed now; look at the movements, then try again.",
    "fund.opened": "Fund opened",
    "fund.topped_up": "Put into a fund",
    "fund.taken_out": "Taken out of a fund",
}
