"""What the ceremony of a draw says: sealing, voids, every event at the venue, logs from offline kits, rehearsals."""

from server.web.i18n import mark as _

TEXTS = {
    # sealing
    "draw.seal.form": _("This is no commitment. Open the page for custodians again and seal there."),
    "draw.seal.unknown": _("This draw has no such custodian."),
    "draw.seal.other": _("Only the custodian himself can seal this secret."),
    "draw.seal.twice": _("You keep or have sealed another secret of this draw. Somebody else has to seal this one."),
    "draw.sealed": _("This secret is sealed already. To seal another one, the custodian has to be set anew."),
    # lines that are struck off
    "draw.void.reason": _("Choose why the line is struck off."),
    "draw.void.unknown_line": _("The list has no line %(line)s."),
    "draw.void.left": _("No longer on the roster"),
    "draw.void.ineligible": _("Should not have been on the list"),
    "draw.void.duplicate": _("Is on the list twice"),
    "draw.void.withdrawn": _("Asked to be taken off"),
    "draw.void.conflict": _("Holds or guards the draw"),
    # at the venue
    "draw.dispute_open": _(
        "Objections to the list may still come for %(hours)s h %(minutes)s min. Lock the lists after that."
    ),
    "draw.arm.nobody": _("Nobody could win: every line is struck off or not checked in. Look at both lists."),
    "draw.roll.other": _("The dice of this draw stand already, and these are others. Dice are never thrown again."),
    "draw.beacon.none": _("This draw uses no public beacon."),
    "draw.beacon.form": _("The value of the beacon has 96 digits from 0 to 9 and a to f. Copy it again."),
    "draw.beacon.first": _("The value of the public beacon comes before the secrets."),
    "draw.secret.row": _(
        "Row %(row)s of the secret is mistyped: its check digits do not fit. Compare it with the sheet."
    ),
    "draw.secret.form": _(
        "A secret has 64 digits, or 80 with the check digits of its rows. These are %(digits)s. Scan or type it again."
    ),
    "draw.commitment": _(
        "This is not the secret that was sealed (%(label)s). Open the right envelope, or its duplicate."
    ),
    "draw.reveal.label": _("This is the secret of %(found)s. First comes that of %(wanted)s."),
    "draw.round.order": _("The rounds have a fixed order: %(wanted)s comes next, not %(found)s."),
    "draw.round.dice": _("The round %(round)s has no dice of its own."),
    "draw.round.other": _("This round has been drawn with other dice. The first result stands."),
    "draw.place_moved": _("Somebody else has this place by now. Look at the page again before you go on."),
    "draw.place_claimed": _("A winner has this prize in his hands already, so it cannot be taken back."),
    "draw.call.running": _("The countdown is still running: %(seconds)s seconds are left."),
    "draw.call.slot": _("Nobody has won this place, so nobody can be called."),
    "draw.absent.reason": _("Choose why the winner goes."),
    "draw.absent.slot": _("Nobody has won this place, so nobody can be absent."),
    "draw.absent.present": _("Whoever wins this prize need not be there."),
    "draw.absent.uncalled": _("Call the winner first; the countdown has to run out before somebody counts as absent."),
    "draw.absence.same": _("You have confirmed this. A second person has to confirm it too."),
    "draw.absence.reason": _("The first confirmation gives another reason. Take it back, or confirm the same one."),
    "draw.absence.may": _(
        "You may not confirm this. It takes somebody who holds draws, and a second person at the desk."
    ),
    "draw.absence.open": _("An absence waits for its second confirmation. Confirm it or take it back first."),
    "draw.redraw.pending": _("First throw the dice for the place that was given up."),
    "draw.redraw.none": _("This place waits for no dice."),
    "draw.redraw.other": _("This place has been drawn again with other dice. The first result stands."),
    "draw.close.early": _("A round or a place is still to be drawn. The draw can be closed after that."),
    "draw.pool.work": _("The units of the prizes overlap too much to be drawn in reasonable time. Tell the auditor."),
    # logs from offline kits
    "draw.transcript": _(
        "The log was not taken, and nothing of it was stored: it fails the check %(check)s (%(why)s)."
    ),
    "draw.check.log.order": _("The log is damaged, or its events are not in their order."),
    "draw.check.log.manifest": _("The log belongs to another draw, or to another list of this one."),
    "draw.check.log.rehearsal": _("The log is that of a rehearsal and cannot stand for the draw."),
    "draw.check.log.unfinished": _("The log ends before anybody has won. Finish it in the kit first."),
    "draw.check.voids.list": _("The list of struck lines is damaged."),
    "draw.check.voids.locked": _("The list of struck lines is not the one that was locked before the dice."),
    "draw.check.present.list": _("The presence list is damaged."),
    "draw.check.present.locked": _("The presence list is not the one that was locked before the dice."),
    "draw.check.commitment": _("A secret is not the one that was sealed before the list was frozen."),
    "draw.check.beacon": _("The value is not that of the public beacon."),
    "draw.check.winners": _("Recomputed, the dice and secrets lead to other winners."),
    "draw.transcript.counts": _("The log was recomputed and counts. Its code is %(code)s."),
    "draw.transcript.known": _("Everything in this log stood here before."),
    "draw.transcript.conflicts": _(
        "This log contradicts the one that stands. It is kept and published as a conflict, and changes nothing."
    ),
    # rehearsals
    "draw.rehearsal": _("A rehearsal cannot be rehearsed."),
    # what was done
    "draw.sealed_by": _("Secret sealed"),
    "draw.voided": _("Line struck off"),
    "draw.unvoided": _("Line put back"),
    "draw.armed": _("Lists locked"),
    "draw.rolled": _("Dice typed"),
    "draw.beacon_taken": _("Public beacon taken"),
    "draw.revealed": _("Secret opened"),
    "draw.drawn": _("Winners drawn"),
    "draw.round_drawn": _("Round drawn"),
    "draw.called": _("Winner called"),
    "draw.absence_confirmed": _("Absence confirmed once"),
    "draw.absence_withdrawn": _("Confirmation of an absence taken back"),
    "draw.absence_written": _("Absence confirmed twice, and written down"),
    "draw.redrawn": _("Place drawn again"),
    "draw.closed": _("Draw closed"),
    "draw.transcript_counted": _("Log of an offline kit taken"),
    "draw.transcript_conflict": _("Contradicting log kept and published"),
    "draw.transcript_refused": _("Log of an offline kit refused"),
    "draw.rehearsed": _("Rehearsal begun"),
}
