"""`laurel roster import` and `laurel quiz import`: a preview, and with --apply the thing itself."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from games.quizzes.actions import add_quiz
from games.quizzes.formats import QuizDraft, read_questions
from games.quizzes.rules import SCORINGS, Scoring
from rewards.members import actions as members
from rewards.members import queries
from rewards.members.roster_file import Roster, read_roster
from rewards.members.rules import RosterChanges, compare, guard_whole, said_by
from rewards.sheets import MAX_BYTES, Problem
from server.commands import services, terminal
from server.commands.terminal import JSON, Command, Exit, Group
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.following import follow_now
from server.runtime.refusals import Refusal
from server.runtime.resources import Resources
from server.web.frame.i18n import mark

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
@JSON
def import_roster(file: Path, apply: bool, full: bool, allow_many: bool, json: bool) -> int:
    """Exit 1 when not all of the file can be imported; with --apply the rows that can be are."""
    found = read_roster(_content(file), file.name)
    changes: RosterChanges | None = None
    if found.rows:
        changes = services.with_house(lambda resources: _roster(resources, found, apply, full, allow_many))
    counts = [] if changes is None else _roster_counts(changes)
    problems = found.problems + (() if changes is None else changes.problems)
    importable = changes is not None and not changes.problems
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
                "problems": _problems_as_json(problems),
            }
        )
    else:
        _show_problems(problems)
        if counts:
            _show_counts([(text, count) for _, text, count in counts])
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


def _conclude(importable: bool, applied: bool) -> None:
    if not importable:
        terminal.tell(terminal.words("Nothing was imported. Mend the errors and try again."))
    elif applied:
        terminal.say(terminal.words("Done."))
    else:
        terminal.say(terminal.words("Nothing was changed yet. Add --apply to do it."))


async def _roster(resources: Resources, found: Roster, apply: bool, full: bool, allow_many: bool) -> RosterChanges:
    moment = now()
    today = resources.day_of(moment)
    if full:
        guard_whole(found)
    if not apply:
        current = await queries.roster_current()
        return compare(current, found.rows, full=full, today=today, said=said_by(found))
    changes, follows = await members.import_roster(
        found,
        full=full,
        allow_many=allow_many,
        actor=None,
        now=moment,
        today=today,
        new_id=new_id,
    )
    await follow_now(resources, follows)
    return changes


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
