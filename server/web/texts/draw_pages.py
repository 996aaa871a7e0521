"""What the phone's and the printed pages of a draw say: receipts, custody, what members saw, what was forgotten."""

from server.web.i18n import mark as _

TEXTS = {
    "draw.kit_file": _("This is no file of the kit, or it was damaged on the way. Save it again from the kit."),
    "draw.receipt_early": _("There are no receipts yet: the list is not frozen."),
    "draw.not_frozen_yet": _("There is nothing to print yet: the list is not frozen."),
    "draw.protocol_early": _("There is no protocol yet: the draw has not begun."),
    "draw.no_custodian": _("You keep no secret of this draw."),
    "draw.commitment_missing": _("The secret did not arrive sealed. Make it again in a browser with JavaScript."),
    "draw.sealed_now": _("Sealed. Keep your envelope closed until the dice lie."),
    "draw.revealed_now": _("Your secret is open, and it is the one that was promised."),
    "draw.code_form": _("A code has twelve letters and digits, such as 0ZK9-XVDB-K0EZ."),
    "draw.code_early": _("Nothing has been shown on the stage yet, so there is no code."),
    "draw.code_noted": _("Noted: %(code)s. It is a code of this draw."),
    "draw.code_noted_other": _(
        "Noted: %(code)s. This code appears nowhere in the published record. Compare with your photograph, and tell"
        " the auditor."
    ),
    "check.dice.seen": _("The dice that you noted stand in the record: %(label)s %(digits)s."),
    "check.dice.other": _("The dice that you noted are not in the record. It says: %(label)s %(digits)s."),
    "check.dice.early": _("No dice stand in the record yet."),
    "draw.code_differs": _("Somebody saw a code that is not in the record"),
    "draw.forgotten": _("Who stood behind the lines was forgotten, as its time was over"),
    "claim.declined_now": _("You gave it back. It goes to the next in line."),
}
