"""What is wrong with a file, where, and how many of it are told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rewards.sheets.limits import MAX_PROBLEMS

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file, at a place.

    `line` is the row or line, from 1, as a spreadsheet or an editor numbers it; None: the whole file.
    `column` is a column's letter or its heading in the file; None: the whole line. `code` is a stable dotted
    string; `details` holds the values its sentence names, which may be personal: show them to who brought the file,
    never log them. One `error` blocks the import, a `warning` does not.
    """

    line: int | None
    column: str | None
    code: str
    details: Mapping[str, str | int] = field(default_factory=dict)
    severity: Severity = "error"


class Refused(Exception):
    """Stops reading; carries what to tell. `read_rows` catches it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


def refuse(code: str, line: int | None = None, column: str | None = None, **details: str | int) -> Refused:
    return Refused(Problem(line, column, code, details))


class Findings:
    """Problems as they are found. However many there are, it keeps few: the first of each severity, and counts."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._kept: dict[Severity, list[Problem]] = {"error": [], "warning": []}
        self._counts: dict[Severity, int] = {"error": 0, "warning": 0}
        self.add(*problems)

    def add(self, *problems: Problem) -> None:
        for problem in problems:
            self._counts[problem.severity] += 1
            if len(self._kept[problem.severity]) < MAX_PROBLEMS:
                self._kept[problem.severity].append(problem)

    @property
    def blocked(self) -> bool:
        """Whether there is an error among them."""
        return self._counts["error"] > 0

    def told(self) -> tuple[Problem, ...]:
        """In order of line (the whole file first), at most MAX_PROBLEMS, then one that counts the rest.

        Errors go before warnings where not all fit, so that a blocked file always shows why.
        """
        kept = [*self._kept["error"], *self._kept["warning"]][:MAX_PROBLEMS]
        rest = sum(self._counts.values()) - len(kept)
        severity: Severity = "error" if self._counts["error"] > MAX_PROBLEMS else "warning"
        more = [Problem(None, None, "file.more_problems", {"count": rest}, severity)] if rest else []
        return (*sorted(kept, key=lambda problem: problem.line or 0), *more)
