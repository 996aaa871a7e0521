"""A broken rule, as a code. The words for people live at the edge (words.py of the nouns in server/web)."""


class Refusal(Exception):
    """Raised by actions when a rule forbids what was asked; nothing has been changed.

    `code` is a stable dotted lower-case string ("ledger.key_reused"). `details` holds the values that the
    sentence for people names (strings and integers only; never names of people, answers or codes).
    """

    def __init__(self, code: str, **details: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
