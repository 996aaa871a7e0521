"""What the stage of a draw says: scenes of the operator's window and what is refused there."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    # the controls
    "stage.next": "Next",
    "stage.back": "Back",
    "stage.draw": "Reveal",
    "stage.out": "Leave the show",
    "stage.sound": "Sound",
    "stage.bright": "Bright",
    "stage.pool": "Still in the draw: %(count)s",
    # before the dice
    "stage.rehearsal": "Rehearsal: nothing can be won",
    "stage.draft": "The list is not frozen yet: points still make tickets.",
    "stage.size": "%(people)s people, %(tickets)s tickets",
    "stage.list": "The list is fixed",
    "stage.fingerprint": "Fingerprint of the list and the rules",
    "stage.arm": "Everything is fixed",
    "stage.arm.photograph": "Photograph this code before the dice",
    "stage.arm.why": "Whoever changed anything from now on would get another code.",
    # the draw
    "stage.dice": "Dice: %(digits)s",
    "stage.thrown": "The dice have fallen",
    "stage.thrown.code": "Photograph this code before the secrets are opened",
    "stage.secret": "Secret %(number)s of %(count)s is open",
    "stage.places": "Winners: %(count)s",
    "stage.coded": "Code: %(code)s",
    "stage.written": "Written down",
    "stage.code": "The code so far",
    "stage.code.why": "Anybody can compute it again from the published files.",
    # a prize
    "stage.prize": "Prize %(number)s of %(count)s",
    "stage.count": "× %(count)s",
    "stage.range": "Winners %(first)s to %(last)s of %(count)s",
    "stage.number": "Winner %(place)s of %(count)s",
    "stage.redrawn": "Place %(place)s, drawn again",
    "stage.worth": "%(amount)s yuan",
    "stage.sponsor": "Given by %(name)s",
    "stage.unfilled": "Nobody was left to win it",
    "stage.out.absent": "not there when called",
    "stage.out.declined": "declined",
    "stage.out.ineligible": "not eligible",
    # the end
    "stage.closed": "The draw is closed",
    "stage.result_code": "The result code",
    "stage.closed.why": "Scan to check the result yourself.",
    "stage.off": "This draw was called off.",
}
