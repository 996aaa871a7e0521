"""What the stage of a draw says: scenes of the operator's window and what is refused there."""

from server.web.i18n import mark as _

TEXTS = {
    # the controls
    "stage.next": _("Next"),
    "stage.back": _("Back"),
    "stage.draw": _("Reveal"),
    "stage.out": _("Leave the show"),
    "stage.sound": _("Sound"),
    "stage.bright": _("Bright"),
    "stage.pool": _("Still in the draw: %(count)s"),
    # before the dice
    "stage.rehearsal": _("Rehearsal: nothing can be won"),
    "stage.draft": _("The list is not frozen yet: points still make tickets."),
    "stage.size": _("%(people)s people, %(tickets)s tickets"),
    "stage.list": _("The list is fixed"),
    "stage.fingerprint": _("Fingerprint of the list and the rules"),
    "stage.arm": _("Everything is fixed"),
    "stage.arm.photograph": _("Photograph this code before the dice"),
    "stage.arm.why": _("Whoever changed anything from now on would get another code."),
    # the draw
    "stage.dice": _("Dice: %(digits)s"),
    "stage.thrown": _("The dice have fallen"),
    "stage.thrown.code": _("Photograph this code before the secrets are opened"),
    "stage.secret": _("Secret %(number)s of %(count)s is open"),
    "stage.places": _("Winners: %(count)s"),
    "stage.coded": _("Code: %(code)s"),
    "stage.written": _("Written down"),
    "stage.code": _("The code so far"),
    "stage.code.why": _("Anybody can compute it again from the published files."),
    # a prize
    "stage.prize": _("Prize %(number)s of %(count)s"),
    "stage.count": "× %(count)s",
    "stage.range": _("Winners %(first)s to %(last)s of %(count)s"),
    "stage.number": _("Winner %(place)s of %(count)s"),
    "stage.redrawn": _("Place %(place)s, drawn again"),
    "stage.worth": _("%(amount)s yuan"),
    "stage.sponsor": _("Given by %(name)s"),
    "stage.unfilled": _("Nobody was left to win it"),
    "stage.out.absent": _("not there when called"),
    "stage.out.declined": _("declined"),
    "stage.out.ineligible": _("not eligible"),
    # the end
    "stage.closed": _("The draw is closed"),
    "stage.result_code": _("The result code"),
    "stage.closed.why": _("Scan to check the result yourself."),
    "stage.off": _("This draw was called off."),
}
