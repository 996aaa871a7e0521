"""`laurel roster import` and `laurel quiz import`: a preview, and with --apply the thing itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

import click

from games.quizzes.actions import add_quiz
from games.quizzes.formats import QuizDraft, read_questions
from games.quizzes.rules import SCORINGS, Scoring
from rewards.members import actions as members
from rewards.members import queries
from rewards.members.days import Order
from rewards.members.roster_file import Answers, Doubt, Roster, read_roster
from rewards.members.rules import RosterChanges, compare, guard_whole, said_by, settled
from rewards.sheets import ENCODINGS, MAX_BYTES, Problem
from server.commands import services, terminal
from server.commands.terminal import JSON, Command, Exit, Group
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.following import follow_now
from server.runtime.refusals import Refusal
from server.runtime.resources import Resources
from server.web.frame.i18n import mark
from server.web.members.previewed import Row, preview_rows

FILE = click.argument("file", type=click.Path(path_type=Path))
APPLY = click.option("--apply", is_flag=True, help=mark("Do it; without this nothing is changed."))


def _content(file: Path) -> bytes:
    """At most one byte more than may be read. Refusal file.unreadable."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refusal("cli.file_unreadable", file=file, reason=error.strerror or type(error).__name__) from error


def _problems_as_json(problems: Sequence[Problem]) -> list[dict[str, object]]:
    return [
        {
            "line": problem.line,
            "column": problem.column,
            "severity": problem.severity,
            "code": problem.code,
            "text": terminal.sentence(problem.code, problem.details),
        }
        for problem in problems
    ]


def _show_problems(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    marks = {"error": terminal.words("error"), "warning": terminal.words("note")}
    terminal.say()
    terminal.say_table(
        [terminal.words("Row"), terminal.words("Column"), terminal.words("Kind"), terminal.words("What")],
        [
            (
                problem.line or "-",
                problem.column or "-",
                marks[problem.severity],
                terminal.sentence(problem.code, problem.details),
            )
            for problem in problems
        ],
    )
    terminal.say()


def _show_counts(counts: Sequence[tuple[str, int]]) -> None:
    terminal.say_table([terminal.words("What"), terminal.words("Count")], counts)


# Roster


@click.group(cls=Group, help=mark("The people and their units."))
def roster() -> None:
    """The group."""


@roster.command(
    "import", cls=Command, help=mark("Show what a roster FILE (.csv, .xlsx) changes; with --apply change it.")
)
@FILE
@APPLY
@click.option("--full", is_flag=True, help=mark("The file is the whole roster: who is not in it leaves."))
@click.option("--allow-many", is_flag=True, help=mark("With --full: let more than a tenth leave at once."))
@click.option("--encoding", type=click.Choice(ENCODINGS), help=mark("How the letters of a .csv are stored."))
@click.option("--days", type=click.Choice(["dmy", "mdy", "ymd"]), help=mark("In which order days are written."))
@click.option(
    "--numbers",
    type=click.Choice(["same", "other"]),
    help=mark("Other spellings of known staff numbers: the same people, or others."),
)
@click.option(
    "--names", type=click.Choice(["new"]), help=mark("Altogether other names at known staff numbers are new.")
)
@JSON
def import_roster(
    file: Path,
    apply: bool,
    full: bool,
    allow_many: bool,
    encoding: str | None,
    days: Order | None,
    numbers: Literal["same", "other"] | None,
    names: Literal["new"] | None,
    json: bool,
) -> int:
    """Exit 1 when not all of the file can be imported; with --apply the rows that can be are."""
    answers = Answers(encoding or "", days or "", numbers or "", names or "")
    found = read_roster(_content(file), file.name, answers)
    changes: RosterChanges | None = None
    if found.rows:
        found, changes = services.with_house(
            lambda resources: _roster(resources, found, answers, apply, full, allow_many)
        )
    people = [] if changes is None else preview_rows(changes)
    counts = [] if changes is None else _roster_counts(changes)
    problems = found.problems + (() if changes is None else changes.problems)
    importable = changes is not None and bool(found.rows) and not changes.problems
    whole = importable and not found.left_out
    if json:
        terminal.say_json(
            {
                "importable": importable,
                "applied": apply and importable,
                "rows": len(found.rows),
                "left_out": len(found.left_out),
                "columns": {heading: field for heading, field in found.columns if heading},
                "changes": {name: count for name, _, count in counts},
                "people": [_person_as_json(row) for row in people],
                "doubts": [asdict(doubt) for doubt in found.doubts],
                "problems": _problems_as_json(problems),
            }
        )
    else:
        _show_problems(problems)
        _show_people(people)
        if counts:
            _show_counts([(text, count) for _, text, count in counts])
        _show_doubts(found.doubts)
        _conclude(importable, apply)
        if importable and not whole:
            terminal.tell(
                terminal.words("Left out, as they cannot be read: %(count)s rows.", count=len(found.left_out))
            )
    return Exit.OK if whole else Exit.REFUSED


def _roster_counts(changes: RosterChanges) -> list[tuple[str, str, int]]:
    return [
        ("added", terminal.words("New members"), len(changes.added)),
        ("changed", terminal.words("Changed details"), len(changes.changed)),
        ("moved", terminal.words("Moved to another unit"), len(changes.moved)),
        ("returned", terminal.words("Come back"), len(changes.returned)),
        ("left", terminal.words("Leaving"), len(changes.left)),
        ("unchanged", terminal.words("Unchanged"), changes.unchanged),
    ]


_SHOWN: Final = 100
"""People who are named on the terminal; --json names all."""


def _person_as_json(row: Row) -> dict[str, object]:
    return {
        "kind": row.kind,
        "line": row.line,
        "staff_number": row.number,
        "name": row.name,
        "before": dict(row.before),
        "after": dict(row.after),
    }


def _show_people(people: Sequence[Row]) -> None:
    kinds = {
        "new": terminal.words("new"),
        "changed": terminal.words("changed"),
        "moved": terminal.words("moved"),
        "returned": terminal.words("comes back"),
        "left": terminal.words("leaves"),
    }
    if people:
        terminal.say_table(
            [terminal.words(word) for word in (mark("Row"), mark("Kind"), mark("Number"), mark("Name"), mark("What"))],
            [
                (row.line or "-", kinds[row.kind], row.number, row.name, "; ".join(_difference(row)))
                for row in people[:_SHOWN]
            ],
        )
        if len(people) > _SHOWN:
            terminal.say(terminal.words("And %(count)s more; --json names all.", count=len(people) - _SHOWN))
        terminal.say()


def _difference(row: Row) -> Iterator[str]:
    before = dict(row.before)
    return (f"{before[name] or '-'} → {after or '-'}" if name in before else after for name, after in row.after)


def _show_doubts(doubts: Sequence[Doubt]) -> None:
    for doubt in doubts:
        terminal.tell(terminal.words("Not certain. Say which, by --%(option)s:", option=doubt.name))
        for choice in doubt.choices:
            terminal.tell(f"  --{doubt.name} {choice.value}  {choice.example}")


def _conclude(importable: bool, applied: bool) -> None:
    if not importable:
        terminal.tell(terminal.words("Nothing was imported. Mend the errors and try again."))
    elif applied:
        terminal.say(terminal.words("Done."))
    else:
        terminal.say(terminal.words("Nothing was changed yet. Add --apply to do it."))


async def _roster(
    resources: Resources, found: Roster, answers: Answers, apply: bool, full: bool, allow_many: bool
) -> tuple[Roster, RosterChanges]:
    """The roster as it stands beside the present members, and what it changes."""
    moment = now()
    today = resources.day_of(moment)
    current = await queries.roster_current()
    roster = settled(current, found, answers)
    if full:
        guard_whole(roster)
    if not apply or not roster.rows:
        return roster, compare(current, roster.rows, full=full, today=today, said=said_by(roster))
    changes, follows = await members.import_roster(
        roster,
        answers=answers,
        full=full,
        allow_many=allow_many,
        actor=None,
        now=moment,
        today=today,
        new_id=new_id,
    )
    await follow_now(resources, follows)
    return roster, changes


# Quizzes


@click.group(cls=Group, help=mark("The quizzes in the bank."))
def quiz() -> None:
    """The group."""


@quiz.command("import", cls=Command, help=mark("Show a quiz FILE (sheet, GIFT, Aiken); with --apply add it."))
@FILE
@APPLY
@click.option("--title", default="", help=mark("The title, when the file has none or a poor one."))
@click.option(
    "--scoring", type=click.Choice(SCORINGS), default="kahoot", help=mark("How speed counts: none, kahoot or linear.")
)
@click.option(
    "--floor", type=click.IntRange(0, 100), default=50, help=mark("With linear: percent for the slowest right answer.")
)
@JSON
def import_quiz(file: Path, apply: bool, title: str, scoring: Scoring, floor: int, json: bool) -> int:
    """Exit 1 when not all of the file can be imported; with --apply the questions that can be are."""
    draft = read_questions(_content(file), file.name)
    title = title.strip() or draft.title
    added: str | None = None
    if apply and draft.importable:
        added = services.with_house(lambda resources: _add(draft, title, scoring, floor))
    kinds = Counter(question.kind for question in draft.questions)
    if json:
        terminal.say_json(
            {
                "importable": draft.importable,
                "applied": added is not None,
                "quiz": added,
                "title": title,
                "format": draft.format,
                "questions": len(draft.questions),
                "left_out": len(draft.left_out),
                "kinds": dict(kinds),
                "problems": _problems_as_json(draft.problems),
            }
        )
    else:
        _show_problems(draft.problems)
        terminal.say(terminal.words("Title: %(title)s", title=title))
        _show_counts(
            [
                (terminal.words("One right answer"), kinds["single"]),
                (terminal.words("Several right answers"), kinds["multiple"]),
                (terminal.words("True or false"), kinds["true_false"]),
            ]
        )
        _conclude(draft.importable, apply)
        if draft.importable and draft.left_out:
            terminal.tell(
                terminal.words("Left out, as they cannot be read: %(count)s rows.", count=len(draft.left_out))
            )
    return Exit.OK if draft.importable and not draft.left_out else Exit.REFUSED


async def _add(draft: QuizDraft, title: str, scoring: Scoring, floor: int) -> str:
    added = await add_quiz(
        title,
        draft.questions,
        scoring=scoring,
        floor_percent=floor,
        actor=None,
        now=now(),
        new_id=new_id,
    )
    return str(added)
