"""Forms that come back with what was typed."""

from collections.abc import Callable, Mapping

from rewards.refusals import Refusal
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.pages import Form


class Typed:
    """What somebody typed, and what is wrong with it by field, in words."""

    def __init__(self, request: Asked, form: Form, *names: str) -> None:
        self.values = {name: form.text(name) for name in names}
        self.problems: dict[str, str] = {}
        self._request = request

    def read(self, field: str, reading: Callable[[str], int]) -> int:
        """The number in a field; 0 where it is wrong, which is then kept among the problems."""
        try:
            return reading(self.values[field])
        except Refusal as refusal:
            self.wrong(field, refusal)
            return 0

    def wrong(self, field: str, refusal: Refusal) -> None:
        """Say a refusal beside a field."""
        self.problems[field] = pages.said(self._request, refusal)

    def said_beside(self, refusal: Refusal, fields: Mapping[str, str]) -> None:
        """The same where the refusal's code tells the field; any other is raised again."""
        if refusal.code not in fields:
            raise refusal
        self.wrong(fields[refusal.code], refusal)
