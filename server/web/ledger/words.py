"""What is said of points, seasons and earning rules."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "season.none": "No season covers today, so points would belong nowhere. An administrator opens one in Settings.",
    "season.days_missing": "Give the first and the last day of the season.",
    "desk.season_opened": "The season “%(name)s” was opened.",
    "desk.rule_set": "The earning rule was changed. It holds from now on.",
    "ledger.key_reused": "These points were posted before with other facts, so they were not posted again: %(key)s.",
    "ledger.key_invalid": "A posting needs a key of 1 to 200 characters.",
    "ledger.points_out_of_range": "Points must be between 0 and %(most)s.",
    "ledger.note_invalid": "The note is too long. It may have at most %(longest)s characters.",
    "ledger.measure_out_of_range": "A measure must be between 0 and 1,000,000.",
    "ledger.unknown_rule": "There is no earning rule called %(rule)s.",
    "ledger.unknown_season": "This season does not exist.",
    "ledger.unknown_member": "This member is not on the roster.",
    "ledger.unknown_key": "There is no posting %(key)s.",
    "ledger.own_item": "You cannot decide about your own points. Ask a colleague to do it.",
    "ledger.already_reversed": "This posting has been reversed already. Nothing was changed.",
    "ledger.reversal_of_reversal": "A reversal cannot be reversed. Grant the points again instead.",
    "season.overlap": "Another season covers some of these days. Choose other days.",
    "season.name_invalid": "Give the season a name of 1 to 100 characters.",
    "season.ends_before_start": "A season cannot end before it starts.",
    "season.too_long": "A season can last at most %(longest)s days.",
    "rule.code_invalid": "The code of a rule has 1 to 40 small letters, digits and underscores.",
    "rule.cap_out_of_range": "The daily cap must be 0 or more. Leave it empty for no cap.",
    "rule.spend_out_of_range": "Spend points for every 100 honour points must be between 0 and 1000.",
    "reason.daily_cap": "The most for one day was reached, so fewer points were given.",
    "ledger.reversed": "Posting reversed",
    "season.opened": "Season opened",
    "rule.set": "Earning rule changed",
    "ledger.trigger_missing": "The database guard %(trigger)s is missing on %(table)s.",
    "ledger.unbalanced": "Posting %(key)s does not add up: %(sum)s in %(currency)s instead of 0.",
    "ledger.posting_empty": "Posting %(key)s has no entries.",
    "ledger.bad_reversal": "Reversal %(key)s is not the exact opposite of %(original)s.",
    "ledger.cap_overrun": "Member %(member)s earned %(earned)s by rule %(rule)s on %(day)s, above the daily cap of %(cap)s.",
    # the ledger's own, of what funds move
    "ledger.short": "There is %(there)s where %(wanted)s is wanted. Nothing was moved.",
    "ledger.overdrawn": "The %(purpose)s account of fund %(fund)s stands at %(sum)s, below nothing.",
    "earning.named": "%(what)s",
    "earning.gone": "Something that is no longer earned here",
}
