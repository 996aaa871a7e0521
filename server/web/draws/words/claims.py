"""What claims and check-in say: refusals, states, and what was done."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    # what cannot be done with a prize
    "claim.unknown": "There is no prize with this code. Compare it with the winner's phone and type it again.",
    "claim.own": "This is your own prize. A colleague has to hand it over.",
    "claim.already": "This prize has been handed over before, by %(who)s at %(when)s. Do not hand it over again.",
    "claim.pressed_twice": "Pressed twice: the prize was handed over once.",
    "claim.undone_by_you": "You took back how this prize was handed over. A colleague has to hand it over now.",
    "claim.undo_none": "This prize is not handed over, so there is nothing to take back.",
    "claim.undo_same": "You handed this prize over yourself. Somebody else has to take that back, on another account.",
    "claim.undo_own": "You could gain by this. A colleague has to take it back.",
    "claim.undo_hand": "One person may stand behind your account and that of %(who)s, by a link or a code that one made "
    "for the other. Somebody else has to take it back.",
    "claim.undo_why": "Say why, in at most %(why)s characters.",
    "claim.absent": "The winner was not there when called, so this prize was drawn again.",
    "claim.declined": "The winner has given this prize up. It belongs to somebody else now, or it went back.",
    "claim.expired": "The time to fetch this prize is over. It belongs to somebody else now, or it went back.",
    "claim.called_off": "This draw was called off. Nobody has won.",
    "claim.rehearsal": "This is the code of a rehearsal. Nothing can be won with it.",
    "claim.not_yours": "Only the winner can give a prize up.",
    "claim.decline_hand": "Your code was set by somebody else’s link, less than %(hours)s hours ago. "
    "To give a prize up for ever, come back when your code is older.",
    "claim.not_closed": "The draw is still going on. If you do not want the prize, tell the people on the stage.",
    "claim.proxy_name": "Give the name of the person who fetches the prize, at most %(name)s characters.",
    "claim.proxy_why": "Say why the winner does not come, in at most %(why)s characters.",
    "claim.proxy_own": "You cannot fetch a prize for somebody and hand it over yourself. A colleague has to do it.",
    "claim.signature_form": "The signature did not arrive whole. Ask for it again, or let the person sign on paper.",
    "claim.signature_large": "The signature is larger than %(kilobytes)s kB. Ask for it again, or sign on paper.",
    # states of a win
    "claim.state.drawn": "Waits for the winner",
    "claim.state.called": "Being called",
    "claim.state.claimed": "Handed over",
    "claim.state.absent": "Was not there",
    "claim.state.declined": "Given up",
    "claim.state.expired": "Not fetched in time",
    "claim.state.annulled": "Draw called off",
    # what was done
    "claim.handed_over": "Prize handed over",
    "claim.undone": "Hand-over of a prize taken back",
    "claim.said_undone": "The hand-over was taken back. The prize waits for its winner again.",
    "claim.said_handed_over": "The prize was handed over.",
    "claim.given_up": "Prize given up by its winner",
    "claim.lapsed": "Prize not fetched in time",
    "claim.passed_on": "Prize passed on to the next alternate",
    "claim.given_back": "Prize went back: nobody was left to have it",
    # the door
    "presence.not_listed": "This person is not on the frozen list of this draw.",
    "presence.own_not_listed": "You are not on the frozen list of this draw, so you need no badge for it.",
    "presence.own": "You cannot check yourself in. A colleague has to do it.",
    "presence.closed": "Check-in is closed: the dice can fall at any moment, and the list of those present is published.",
    "presence.not_open": "Check-in opens when the list of the draw is frozen.",
    "presence.rehearsal": "This is a rehearsal. Nobody is checked in for it.",
    "presence.too_many": "These are too many at once. Bring at most %(most)s in one go.",
    "presence.badge": "This is not a badge of this draw.",
    "presence.file": "This is not a waiting list of this draw's check-in. Choose the file that the other device saved.",
    "presence.brought": "Arrivals brought from a device that had no network",
    "presence.undone": "Check-in taken back",
    "presence.in": "%(name)s is in.",
    "presence.again": "%(name)s was in already.",
    "presence.out": "Taken back.",
    "presence.brought_now": "%(in)s checked in, %(again)s were in already, %(refused)s could not be checked in.",
    # tickets on paper
    "tickets.range": "This draw has the tickets 0 to %(last)s.",
}
