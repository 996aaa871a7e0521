"""`laurel migrate`, `check`, `board rebuild` and `settings`."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import click

from games.quizzes import actions as quizzes
from rewards.boards import actions as boards
from rewards.boards import rules
from rewards.checkpoints import queries as checkpoints
from server.commands import services, terminal
from server.commands.checking import differences
from server.commands.terminal import JSON, Command, Exit, Group
from server.runtime import embedded, settings
from server.runtime.clock import now
from server.runtime.resources import Resources
from server.runtime.supervisor import lasting
from server.web.frame.i18n import mark
from server.web.frame.noun import Difference

ROOMS: Final = "room:"
"""How the name of a room's board begins."""


@click.command("migrate", cls=Command, help=mark("Bring the database to this version (serve does it by itself)."))
@click.option("--no-backup", is_flag=True, help=mark("Make no backup before the tables change."))
@JSON
def migrate_command(no_backup: bool, json: bool) -> int:
    """Safe to run on several machines at once."""
    chosen = settings.prepare(terminal.in_force())
    with embedded.available(chosen, terminal.quiet):
        applied = asyncio.run(services.migrated(chosen, keeping=not no_backup))
    if json:
        terminal.say_json({"applied": applied})
    elif applied:
        terminal.say(terminal.words("Applied: %(names)s.", names=", ".join(applied)))
    else:
        terminal.say(terminal.words("The database is up to date."))
    return Exit.OK


@click.group(cls=Group, help=mark("Look after the boards."))
def board() -> None:
    """The group."""


async def rebuild_all(resources: Resources, only: str = "") -> list[str]:
    """Make every board (or `only` one) again from ledger and answers; the names of those that hold anything."""
    if only.startswith(ROOMS):
        return await quizzes.rebuild_boards(resources.redis, only)
    names = await boards.rebuild(resources.redis, today=resources.day_of(now()), only=[only] if only else [])
    return names if only else names + await quizzes.rebuild_boards(resources.redis)


async def rebuild_restored(resources: Resources) -> list[str]:
    """As `rebuild_all`, in a Redis to which nothing was given yet: that is no loss to tell of."""
    names, redis = await rebuild_all(resources), resources.redis
    copy = await checkpoints.place(rules.COPY)
    if copy is not None:
        run = str((await redis.info("server"))["run_id"])
        await redis.set(rules.COPY, str(rules.Copy(copy, run, int(now().timestamp()))))
        await boards.vouch(redis, copy)
    return names


@board.command(cls=Command, help=mark("Make every board, or the one named, again from the ledger and the answers."))
@click.argument("name", required=False, default="")
@JSON
def rebuild(name: str, json: bool) -> int:
    """May be run while people play."""
    names = services.with_house(lambda resources: rebuild_all(resources, name))
    if json:
        terminal.say_json({"boards": names})
    else:
        terminal.say(terminal.words("%(count)s boards were made again.", count=len(names)))
    return Exit.OK


@click.command(cls=Command, help=mark("Compare ledger, boards, answers and published draws; change nothing."))
@JSON
def check(json: bool) -> int:
    """Exit 1 when there is any difference."""
    chosen = terminal.in_force()
    served = chosen.external_database_url is not None or lasting(chosen.data, ["database"])
    found = services.with_house(lambda resources: differences(resources, Comparing(), served=served))
    if json:
        terminal.say_json({"ok": not found, "differences": in_json(found)})
    else:
        say_differences(found)
    return Exit.REFUSED if found else Exit.OK


def in_json(found: Sequence[Difference]) -> list[dict[str, object]]:
    """Differences for a program."""
    return [{"code": one.code, **one.details, "text": terminal.sentence(one.code, one.details)} for one in found]


def say_differences(found: Sequence[Difference]) -> None:
    """What a check has found, for people."""
    for one in found:
        terminal.say(terminal.sentence(one.code, one.details))
    if not found:
        terminal.say(terminal.words("Everything agrees: ledger, boards, answers, work to do and published draws."))
        return
    terminal.say(terminal.words("%(count)s differences were found. Nothing was changed.", count=len(found)))
    for name in sorted({str(one.details["board"]) for one in found if "board" in one.details}):
        terminal.say(terminal.words("To make this board again: laurel board rebuild %(board)s", board=name))


class Comparing:
    """Says on stderr how far a check has come, every few seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, number: int, checks: int, pieces: int) -> None:
        if time.monotonic() - self._said > terminal.SAY_EVERY:
            self._said = time.monotonic()
            part = {"number": number, "all": checks, "piece": pieces + 1}
            terminal.tell(terminal.words("Comparing: part %(number)s of %(all)s, piece %(piece)s", **part))


@click.command("settings", cls=Command, help=mark("Show the settings in force and where each comes from."))
@JSON
def settings_command(json: bool) -> int:
    """Secrets and passwords are shown as ***."""
    found = settings.describe(terminal.in_force())
    if json:
        terminal.say_json({name: {"value": value, "from": origin} for name, value, origin in found})
        return Exit.OK
    origins = {
        "default": terminal.words("default"),
        "environment": terminal.words("environment"),
        "file": terminal.words("data folder"),
    }
    terminal.say_table(
        [terminal.words("Setting"), terminal.words("Value"), terminal.words("From")],
        [(name, value, origins[origin]) for name, value, origin in found],
    )
    return Exit.OK
