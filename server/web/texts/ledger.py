"""What the ledger, its seasons and rules, and the boards say: refusals, reasons, sources, and what a check finds."""

from server.web.i18n import mark as _

TEXTS = {
    "ledger.key_reused": _("These points were posted before with other facts, so they were not posted again: %(key)s."),
    "ledger.key_invalid": _("A posting needs a key of 1 to 200 characters."),
    "ledger.points_out_of_range": _("Points must be between 0 and %(most)s."),
    "ledger.note_invalid": _("The note is too long. It may have at most %(longest)s characters."),
    "ledger.measure_out_of_range": _("A measure must be between 0 and 1,000,000."),
    "ledger.unknown_rule": _("There is no earning rule called %(rule)s."),
    "ledger.unknown_season": _("This season does not exist."),
    "ledger.unknown_member": _("This member is not on the roster."),
    "ledger.unknown_key": _("There is no posting %(key)s."),
    "ledger.own_item": _("You cannot decide about your own points. Ask a colleague to do it."),
    "ledger.already_reversed": _("This posting has been reversed already. Nothing was changed."),
    "ledger.reversal_of_reversal": _("A reversal cannot be reversed. Grant the points again instead."),
    "season.overlap": _("Another season covers some of these days. Choose other days."),
    "season.name_invalid": _("Give the season a name of 1 to 100 characters."),
    "season.ends_before_start": _("A season cannot end before it starts."),
    "season.too_long": _("A season can last at most %(longest)s days."),
    "rule.code_invalid": _("The code of a rule has 1 to 40 small letters, digits and underscores."),
    "rule.cap_out_of_range": _("The daily cap must be 0 or more. Leave it empty for no cap."),
    "rule.spend_out_of_range": _("Spend points for every 100 honour points must be between 0 and 1000."),
    "reason.daily_cap": _("The most for one day was reached, so fewer points were given."),
    "earning.named": "%(what)s",
    "earning.gone": _("Something that is no longer earned here"),
    "ledger.reversed": _("Posting reversed"),
    "season.opened": _("Season opened"),
    "rule.set": _("Earning rule changed"),
    "ledger.trigger_missing": _("The database guard %(trigger)s is missing on %(table)s."),
    "ledger.unbalanced": _("Posting %(key)s does not add up: %(sum)s in %(currency)s instead of 0."),
    "ledger.posting_empty": _("Posting %(key)s has no entries."),
    "ledger.bad_reversal": _("Reversal %(key)s is not the exact opposite of %(original)s."),
    "ledger.cap_overrun": _(
        "Member %(member)s earned %(earned)s by rule %(rule)s on %(day)s, above the daily cap of %(cap)s."
    ),
}
