"""What funds say: what is wrong with an amount, what is short, what was done."""

from server.web.i18n import mark as _

TEXTS = {
    "funds.unknown": _("There is no such fund."),
    "funds.name_invalid": _("Give the fund a name of 1 to %(longest)s characters."),
    "funds.name_taken": _("There is a fund called “%(name)s” already. Choose another name, or put more into that one."),
    "funds.kind_invalid": _("A fund is a budget or a stock of goods."),
    "funds.amount_form": _("Give an amount such as 1200 or 1200.50."),
    "funds.pieces_form": _("Give a whole number of pieces."),
    "funds.amount_range": _("Give at least %(least)s and at most %(most)s."),
    "funds.why_missing": _("Say why, so that others can follow it."),
    "funds.short": _("“%(name)s” has %(free)s free, and %(wanted)s is wanted. Put more in, or want less."),
    "funds.not_held": _("Of “%(name)s”, %(held)s is kept for this, and %(wanted)s is wanted."),
    "funds.said_opened": _("The fund “%(name)s” was opened."),
    "funds.said_added": _("Put in: %(amount)s."),
    "funds.said_removed": _("Taken out: %(amount)s."),
    "funds.sent_before": _(
        "This form was sent before with another amount. Nothing was changed now; look at the movements, then try again."
    ),
    "fund.opened": _("Fund opened"),
    "fund.topped_up": _("Put into a fund"),
    "fund.taken_out": _("Taken out of a fund"),
    "desk.area_fund": _("Funds"),
    # the ledger's own, of what funds move
    "ledger.short": _("There is %(there)s where %(wanted)s is wanted. Nothing was moved."),
    "ledger.overdrawn": _("The %(purpose)s account of fund %(fund)s stands at %(sum)s, below nothing."),
}
