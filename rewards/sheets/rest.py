"""Rows of a file that cannot be taken, and the table in which they go back to whoever brought them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rewards.sheets.problems import Problem
from rewards.sheets.text import one_line


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row as it was read, and what is wrong with it, at least one error. `line` counts from 1."""

    line: int
    cells: tuple[str, ...]
    problems: tuple[Problem, ...]


def rest_table(
    head: Sequence[str],
    left_out: Sequence[LeftOut],
    *,
    why: str,
    whys: Collection[str],
    say: Callable[[Problem], str],
) -> list[list[str]]:
    """The rows under their headings, their cells untouched, and a last column `why` that says what is wrong.

    Mended and brought again, it is read like the file that it comes from. A column with one of the headings `whys`,
    of a rest that was brought before, is not repeated.
    """
    width = max([len(head), *(len(row.cells) for row in left_out)])
    kept = [place for place in range(width) if place >= len(head) or one_line(head[place]) not in whys]
    rows = [(head, why)] + [(row.cells, " ".join(say(problem) for problem in row.problems)) for row in left_out]
    return [[*(cells[place] if place < len(cells) else "" for place in kept), said] for cells, said in rows]
