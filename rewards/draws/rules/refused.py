"""The one exception of the draw's rules: an input that protocol vdraw/1 refuses."""


class Refused(ValueError):
    """An input is refused.

    `code` is dotted and lower-case and starts with `draw.`; `facts` fill the words a face shows for it
    (names, counts, line numbers from 0). No human words here.
    """

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts: dict[str, str | int] = facts
