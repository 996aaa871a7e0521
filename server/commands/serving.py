"""`laurel serve`: everything that runs, under one supervisor, until Ctrl-C.

It stays for months, so what is imported here is only what keeps processes running.
"""

import io
import json as jsons
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import click
import segno

from server.commands import terminal
from server.commands.terminal import JSON, Command, Exit
from server.runtime import embedded, settings
from server.runtime.refusals import Refusal
from server.runtime.settings import Settings
from server.runtime.supervisor import Child, Interrupted, Supervisor, bind, to_stderr
from server.web.frame.i18n import mark

ROOT: Final = Path(__file__).resolve().parents[2]

_GRACE: Final = 10.0
"""Seconds for a web or worker process to end what is under way; its own grace is three."""

_READY_WITHIN: Final = 90.0
_OPENING: Final = "opening"


def web_children(chosen: Settings, listener: socket.socket, environ: Mapping[str, str]) -> list[Child]:
    """The web processes, all on one listening socket."""
    return [
        Child(
            name=f"web-{number}",
            group="web",
            argv=(sys.executable, "-m", "server.serving", str(listener.fileno())),
            env=settings.child_environ(chosen, environ),
            cwd=ROOT,
            pass_fds=(listener.fileno(),),
            grace=_GRACE,
            ready_within=_READY_WITHIN,
            notifies=True,
        )
        for number in range(1, chosen.web_processes + 1)
    ]


def worker_children(chosen: Settings, environ: Mapping[str, str], count: int) -> list[Child]:
    """The worker processes: open and close by time, post to the ledger, freeze, check."""
    return [
        Child(
            name=f"worker-{number}",
            group="worker",
            argv=(sys.executable, "-m", "workers"),
            env=settings.child_environ(chosen, environ),
            cwd=ROOT,
            grace=_GRACE,
            ready_within=_READY_WITHIN,
            notifies=True,
        )
        for number in range(1, count + 1)
    ]


@dataclass
class Run:
    """What a running `serve` is: where it is reached, and how it began."""

    settings: Settings
    migrations: list[str]
    first_admin: str = ""  # address of the one-time link, "" when there is an admin
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def local_url(self) -> str:
        """The address by which this very machine reaches it."""
        return settings.derived_url(local_host(self.settings.host), self.settings.port)


def local_host(host: str) -> str:
    """The host to connect to on this machine for what listens on `host`."""
    try:
        number = ip_address(host)
    except ValueError:
        return host
    if number.is_unspecified:
        return "::1" if number.version == 6 else "127.0.0.1"
    return host


def open_services(supervisor: Supervisor, chosen: Settings) -> Run:
    """What opening.py does, in a process of its own: it needs the whole program, the supervisor for months only this.

    When it is refused there it is told there, and this command ends with the same status. A child like the others, so
    that whoever asks us to stop meanwhile is heard.
    """
    with tempfile.TemporaryFile() as answer:
        supervisor.start(
            Child(
                name=_OPENING,
                argv=(sys.executable, "-m", "server.commands.opening", str(answer.fileno())),
                env=settings.child_environ(chosen, os.environ),
                cwd=ROOT,
                pass_fds=(answer.fileno(),),
                restart=False,
            )
        )
        status = supervisor.run(until=_OPENING)
        if supervisor.asked_to_stop():
            raise Interrupted
        if status:
            raise click.exceptions.Exit(status if status > 0 else Exit.FAULT)
        answer.seek(0)
        done = jsons.load(answer)
    return Run(chosen, done["migrated"], done["first_admin"])


def _narrate(name: str, event: str, details: Mapping[str, object]) -> None:
    """As `narrate`, without the opening's coming and going."""
    if name != _OPENING:
        terminal.narrate(name, event, details)


def _heard(name: str, line: str) -> None:
    """A line of a child; the opening speaks for this command."""
    if name == _OPENING:
        terminal.tell(line)
    else:
        to_stderr(name, line)


def start_services(supervisor: Supervisor, chosen: Settings) -> None:
    """The embedded servers that the settings do not replace, each ready before the next."""
    for child in embedded.children(chosen):
        supervisor.start(child)


def require_restored(chosen: Settings) -> None:
    """Refusal data.restoring when `laurel restore` was interrupted in this folder."""
    if (chosen.data / ".restoring").exists():
        raise Refusal("data.restoring", folder=chosen.data)


@click.command(cls=Command, help=mark("Run Laurel: services, web and worker processes, until Ctrl-C."))
@JSON
def serve(json: bool) -> int:
    """One line of JSON, or a page of links, once everything is ready."""
    chosen = settings.prepare(terminal.in_force())
    require_restored(chosen)
    with (
        Supervisor(chosen.data, progress=_narrate, sink=_heard) as supervisor,
        bind(chosen.host, chosen.port) as listener,
    ):
        chosen = settings.served_at(chosen, listener.getsockname()[1])
        start_services(supervisor, chosen)
        run = open_services(supervisor, chosen)
        supervisor.start(
            *web_children(chosen, listener, os.environ),
            *worker_children(chosen, os.environ, chosen.worker_processes),
        )
        supervisor.announce(chosen.public_url)
        if json:
            terminal.say_json(
                {
                    "url": chosen.public_url,
                    "local_url": run.local_url,
                    "first_admin": run.first_admin or None,
                    "migrated": run.migrations,
                    "data": str(chosen.data),
                    "processes": supervisor.pids(),
                }
            )
        else:
            _welcome(run)
        supervisor.run()
        return Exit.OK
    return Exit.STOPPED


def _welcome(run: Run) -> None:
    url = run.settings.public_url
    terminal.say()
    terminal.say(terminal.words("Laurel is running. Phones, desk and screens:"))
    terminal.say(f"  {url}")
    if _is_local(run.settings.host):
        terminal.say(terminal.words("  Only this machine reaches it. For phones start it with LAUREL_HOST=0.0.0.0."))
    else:
        show_qr(url)
    if run.first_admin:
        terminal.say(terminal.words("There is no administrator yet. Open this once, within a day:"))
        terminal.say(f"  {run.first_admin}")
    terminal.say(terminal.words("Data: %(folder)s. Ctrl-C stops everything.", folder=run.settings.data))


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def show_qr(text: str) -> None:
    """A QR code of half blocks, dark on light whatever the terminal's colours; nothing where it cannot print them."""
    drawn = io.StringIO()
    segno.make(text, error="l").terminal(drawn, compact=True, border=2)
    encoding = sys.stdout.encoding or "ascii"
    try:
        drawn.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return
    terminal.say(drawn.getvalue().rstrip("\n"))
