"""`laurel`: the one command, and the place where refusals become sentences and exit codes."""

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from rewards.refusals import Refusal as BrokenRule
from server.commands import terminal
from server.commands.terminal import Exit, Group
from server.runtime.refusals import MigrationError, Refusal
from server.runtime.version import version
from server.web.frame.i18n import mark

log = logging.getLogger("laurel.cli")


_COMMANDS: Final = {
    "serve": "serving:serve",
    "worker": "working:worker",
    "demo": "demo:demo",
    "migrate": "upkeep:migrate_command",
    "roster": "imports:roster",
    "quiz": "imports:quiz",
    "draw": "draws:draw",
    "board": "upkeep:board",
    "check": "upkeep:check",
    "backup": "backups:backup_command",
    "restore": "backups:restore",
    "settings": "upkeep:settings_command",
}
"""Name -> where it stands in server.commands. Loaded when asked for: `serve` stays for months and needs no other."""


class _Laurel(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, name = _COMMANDS.get(cmd_name, "").partition(":")
        return getattr(import_module(f"server.commands.{module}"), name) if module else None


def _say_version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        terminal.say(f"laurel {version()}")
        context.exit()


@click.group(
    cls=_Laurel,
    help=mark("Laurel: quizzes, boards and prize draws for a union or an employer, on its own machine."),
    epilog=mark(
        "Settings are LAUREL_* variables; `laurel settings` shows them. LAUREL_LANGUAGE=zh-Hans speaks Chinese."
    ),
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help=mark("Show the version.")
)
def laurel() -> None:
    """Everything that the command line can do."""


def run(arguments: Sequence[str] | None = None, command: click.Command = laurel) -> int:
    """Carry out a command line and return its exit code; never raises, never shows a traceback."""
    try:
        status = command.main(arguments, prog_name="laurel", standalone_mode=False)
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
        terminal.tell(terminal.sentence(error.code, {"name": error.name, "said": error.said}))
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
