"""What draws say: refusals, the rule, why somebody has tickets or none, and what was done."""

from server.web.i18n import mark as _

TEXTS = {
    # what cannot be done
    "draw.unknown": _("There is no such draw."),
    "draw.move": _("That cannot be done now: the draw has moved on. Its page shows where it is."),
    "draw.changed": _("Somebody else has changed this draw meanwhile. Open it again and repeat your change."),
    "draw.title_invalid": _("Give the draw a title of 1 to 200 characters."),
    "draw.points_out_of_range": _("Points must be between 0 and 10,000,000."),
    "draw.cap_out_of_range": _("The most tickets for one person must be between 1 and 1,000."),
    "draw.unit_cap_out_of_range": _(
        "The most winners of one unit must be between 1 and 100,000. Leave it empty for no cap."
    ),
    "draw.prizes_many": _("A draw can have at most 100 different prizes."),
    "draw.prize_name_invalid": _("Give each prize a name of 1 to 200 characters."),
    "draw.prize_code_invalid": _("The code of a prize has 1 to 32 small letters, digits and hyphens."),
    "draw.prize_code_twice": _("Two prizes have the same code."),
    "draw.prize_quantity_invalid": _("Give for each prize how many there are: at least 1, and at most 100,000 in all."),
    "draw.freeze_past": _("Choose a time to freeze the list that is still to come."),
    "draw.beacon_past": _("Choose a moment for the beacon that is still to come."),
    "draw.custodian_unknown": _("One of the custodians is not on the roster any more. Choose again."),
    "draw.exclusion_unknown": _("One of the people left out is not on the roster. Choose again."),
    "draw.unit_unknown": _("One of the units does not exist any more. Choose again."),
    "draw.prizes_none": _("This draw has no prize yet. Add one before the list is frozen."),
    "draw.nobody": _("Nobody would be in this draw, so the list was not frozen. Look at the rule."),
    "draw.tickets_many": _("There are too many tickets for one draw. Lower the most tickets for one person."),
    "draw.already_drawn": _("This draw has been held with other dice. The first result stands."),
    "draw.own_ticket": _("You are on the list of this draw, so a colleague who is not has to hold it."),
    "draw.dice.digits": _(
        "Type exactly %(wanted)s digits from 0 to 9, in the order of the throws. These are %(found)s."
    ),
    "draw.dice.label": _("The dice of this draw are not known: %(label)s."),
    "draw.files_unsound": _(
        "The stored files of this draw do not fit each other, so it was not held. Tell the auditor."
    ),
    "draw.why_missing": _("Say why the draw is called off."),
    "draw.why_unknown_member": _("Nobody on the roster has the staff number %(staff_number)s."),
    "draw.season_missing": _("Choose a season."),
    "draw.whole_number": _("Give a whole number from %(least)s to %(most)s."),
    "draw.moment_unclear": _("Give a date and a time, or leave it empty to freeze by hand."),
    # the rule
    "draw.rule.all": _("Everybody on the roster takes part."),
    "draw.rule.units": _("Open to: %(units)s."),
    "draw.rule.points": _("Points needed in the season: at least %(needed)s."),
    "draw.rule.each": _("Everybody who takes part has one ticket."),
    "draw.rule.tickets": _(
        "One ticket for %(per)s points. Everybody who takes part has at least one, and nobody more than %(cap)s."
    ),
    "draw.rule.conflicts": _(
        "Organisers and administrators can hold draws, and custodians keep their secrets, so they take no part."
    ),
    # why somebody has tickets
    "draw.in.each": _("One ticket, as everybody who takes part."),
    "draw.in.points": _("%(points)s points at one ticket for %(per)s: %(tickets)s."),
    "draw.in.cap": _("%(points)s points at one ticket for %(per)s would be more, but nobody has more than %(cap)s."),
    "draw.in.least": _(
        "%(points)s points are fewer than the %(per)s for a ticket, but everybody who takes part has one."
    ),
    # why somebody has none
    "draw.out.left": _("No longer on the roster."),
    "draw.out.creator": _("Planned this draw. Whoever plans a draw takes no part in it."),
    "draw.out.operator": _("Is an organiser or administrator. They can hold draws, so they take no part."),
    "draw.out.unit": _("Not in one of the units that this draw is open to."),
    "draw.out.points": _("Points in the season: %(found)s. Needed: %(needed)s."),
    "draw.out.not_listed": _("Not on the frozen list of this draw."),
    # what was done
    "draw.created": _("Draw planned"),
    "draw.edited": _("Draw changed"),
    "draw.frozen": _("List frozen and published"),
    "draw.not_frozen": _("The list could not be frozen at its time"),
    "draw.held": _("Draw held"),
    "draw.cancelled": _("Draw called off"),
    "draw.off_screens": _("The screens show again what they showed before."),
    "draw.on_screens": _("The screens show this draw now."),
}
