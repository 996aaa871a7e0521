"""What the phone's and the printed pages of a draw say: receipts, custody, what members saw, what was forgotten."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "draw.kit_file": "This is no file of the kit, or it was damaged on the way. Save it again from the kit.",
    "draw.receipt_early": "There are no receipts yet: the list is not frozen.",
    "draw.not_frozen_yet": "There is nothing to print yet: the list is not frozen.",
    "draw.protocol_early": "There is no protocol yet: the draw has not begun.",
    "draw.no_custodian": "You keep no secret of this draw.",
    "draw.commitment_missing": "The secret did not arrive sealed. Make it again in a browser with JavaScript.",
    "draw.sealed_now": "Sealed. Keep your envelope closed until the dice lie.",
    "draw.revealed_now": "Your secret is open, and it is the one that was promised.",
    "draw.code_form": "A code has twelve letters and digits, such as 0ZK9-XVDB-K0EZ.",
    "draw.code_early": "Nothing has been shown on the stage yet, so there is no code.",
    "draw.code_noted": "Noted: %(code)s. It is a code of this draw.",
    "draw.code_noted_other": (
        "Noted: %(code)s. This code appears nowhere in the published record. Compare with your photograph, and tell"
        " the auditor."
    ),
    "check.dice.seen": "The dice that you noted stand in the record: %(label)s %(digits)s.",
    "check.dice.other": "The dice that you noted are not in the record. It says: %(label)s %(digits)s.",
    "check.dice.early": "No dice stand in the record yet.",
    "draw.code_differs": "Somebody saw a code that is not in the record",
    "draw.forgotten": "Who stood behind the lines was forgotten, as its time was over",
    "claim.declined_now": "You gave it back. It goes to the next in line.",
}
