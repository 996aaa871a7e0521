"""`laurel worker`: workers alone, under a supervisor, until Ctrl-C."""

import asyncio
import os

import click

from server.commands import services, terminal
from server.commands.serving import worker_children
from server.commands.terminal import JSON, Command, Exit
from server.runtime import settings
from server.runtime.supervisor import Supervisor
from server.web.frame.i18n import mark


@click.command(cls=Command, help=mark("Run only workers, on this or another machine, until Ctrl-C."))
@click.option(
    "--processes",
    type=click.IntRange(1, 32),
    default=None,
    help=mark("How many (else LAUREL_WORKER_PROCESSES)."),
)
@JSON
def worker(processes: int | None, json: bool) -> int:
    """Uses the external services, or those of a `laurel serve` over the same data folder."""
    chosen = terminal.in_force()
    services.require_data(chosen)
    chosen = settings.prepare(chosen)
    asyncio.run(services.reached(chosen))
    count = processes or max(chosen.worker_processes, 1)
    home = chosen.data / "workers"
    with Supervisor(home, progress=terminal.narrate) as supervisor:
        supervisor.start(*worker_children(chosen, os.environ, count))
        if json:
            terminal.say_json({"processes": supervisor.pids(), "data": str(chosen.data)})
        else:
            terminal.say(terminal.words("Workers running: %(count)s. Ctrl-C stops them.", count=count))
        supervisor.run()
        return Exit.OK
    return Exit.STOPPED
