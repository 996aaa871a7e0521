"""`laurel`: the one command, and the place where refusals become sentences and exit codes."""

import logging
import os
import sys
from collections.abc import Sequence

import click

from rewards.refusals import Refusal as BrokenRule
from server.commands import backups, draws, imports, serving, terminal, upkeep
from server.commands.demo import demo
from server.commands.terminal import Exit, Group
from server.runtime.migrate import MigrationError
from server.runtime.refusals import Refusal
from server.web.frame.i18n import mark
from server.web.frame.pages import VERSION

log = logging.getLogger("laurel.cli")


@click.group(
    cls=Group,
    help=mark("Laurel: quizzes, boards and prize draws for a union or an employer, on its own machine."),
    epilog=mark(
        "Settings are LAUREL_* variables; `laurel settings` shows them. LAUREL_LANGUAGE=zh-Hans speaks Chinese."
    ),
)
@click.version_option(VERSION, prog_name="laurel", message="%(prog)s %(version)s", help=mark("Show the version."))
def laurel() -> None:
    """Everything that the command line can do."""


for command in (
    serving.serve,
    serving.worker,
    demo,
    upkeep.migrate_command,
    imports.roster,
    imports.quiz,
    draws.draw,
    upkeep.board,
    upkeep.check,
    backups.backup,
    backups.restore,
    upkeep.settings_command,
):
    laurel.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line and return its exit code; never raises, never shows a traceback."""
    try:
        status = laurel.main(arguments, prog_name="laurel", standalone_mode=False)
        return int(status or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        terminal.say(error.format_message())
        return Exit.USAGE
    except click.UsageError as error:
        terminal.tell(terminal.misused(error))
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        return Exit.STOPPED
    except (Refusal, BrokenRule) as refusal:
        terminal.tell(terminal.sentence(refusal.code, refusal.details))
        return terminal.exit_for(refusal.code)
    except MigrationError as error:
        terminal.tell(terminal.sentence(error.code, {"name": error.name}))
        return Exit.BLOCKED
    except BrokenPipeError:
        # Whoever read our answer has gone; nothing more can be said, also not by the interpreter at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        log.debug("command.failed", exc_info=True)
        terminal.tell(terminal.sentence("cli.fault", {"kind": type(error).__name__}))
        return Exit.FAULT


def main() -> None:
    """The entry point."""
    sys.exit(run())
