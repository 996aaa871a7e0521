"""What claims and check-in say: refusals, states, and what was done."""

from server.web.i18n import mark as _

TEXTS = {
    # what cannot be done with a prize
    "claim.unknown": _("There is no prize with this code. Compare it with the winner's phone and type it again."),
    "claim.own": _("This is your own prize. A colleague has to hand it over."),
    "claim.already": _("This prize has been handed over before, by %(who)s at %(when)s. Do not hand it over again."),
    "claim.absent": _("The winner was not there when called, so this prize was drawn again."),
    "claim.declined": _("The winner has given this prize up. It belongs to somebody else now, or it went back."),
    "claim.expired": _("The time to fetch this prize is over. It belongs to somebody else now, or it went back."),
    "claim.called_off": _("This draw was called off. Nobody has won."),
    "claim.rehearsal": _("This is the code of a rehearsal. Nothing can be won with it."),
    "claim.not_yours": _("Only the winner can give a prize up."),
    "claim.not_closed": _("The draw is still going on. If you do not want the prize, tell the people on the stage."),
    "claim.proxy_name": _("Give the name of the person who fetches the prize, at most %(name)s characters."),
    "claim.proxy_why": _("Say why the winner does not come, in at most %(why)s characters."),
    "claim.proxy_own": _("You cannot fetch a prize for somebody and hand it over yourself. A colleague has to do it."),
    "claim.signature_form": _("The signature did not arrive whole. Ask for it again, or let the person sign on paper."),
    "claim.signature_large": _("The signature is larger than %(kilobytes)s kB. Ask for it again, or sign on paper."),
    # states of a win
    "claim.state.drawn": _("Waits for the winner"),
    "claim.state.called": _("Being called"),
    "claim.state.claimed": _("Handed over"),
    "claim.state.absent": _("Was not there"),
    "claim.state.declined": _("Given up"),
    "claim.state.expired": _("Not fetched in time"),
    "claim.state.annulled": _("Draw called off"),
    # what was done
    "claim.handed_over": _("Prize handed over"),
    "claim.given_up": _("Prize given up by its winner"),
    "claim.lapsed": _("Prize not fetched in time"),
    "claim.passed_on": _("Prize passed on to the next alternate"),
    "claim.given_back": _("Prize went back: nobody was left to have it"),
    # the door
    "presence.not_listed": _("This person is not on the frozen list of this draw."),
    "presence.own_not_listed": _("You are not on the frozen list of this draw, so you need no badge for it."),
    "presence.own": _("You cannot check yourself in. A colleague has to do it."),
    "presence.closed": _(
        "Check-in is closed: the dice can fall at any moment, and the list of those present is published."
    ),
    "presence.not_open": _("Check-in opens when the list of the draw is frozen."),
    "presence.rehearsal": _("This is a rehearsal. Nobody is checked in for it."),
    "presence.too_many": _("These are too many at once. Bring at most %(most)s in one go."),
    "presence.badge": _("This is not a badge of this draw."),
    "presence.file": _(
        "This is not a waiting list of this draw's check-in. Choose the file that the other device saved."
    ),
    "presence.brought": _("Arrivals brought from a device that had no network"),
    "presence.undone": _("Check-in taken back"),
    "presence.in": _("%(name)s is in."),
    "presence.again": _("%(name)s was in already."),
    "presence.out": _("Taken back."),
    "presence.brought_now": _("%(in)s checked in, %(again)s were in already, %(refused)s could not be checked in."),
    # tickets on paper
    "tickets.range": _("This draw has the tickets 0 to %(last)s."),
}
