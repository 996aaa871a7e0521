"""`laurel demo`: a Laurel with people in it, in a data folder of its own, that plays itself when asked to."""

import asyncio
import json as jsons
import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any, Final

import click

from server.commands import terminal
from server.commands.services import migrated, ready
from server.commands.serving import Run, require_restored, show_qr, start_services, web_children, worker_children
from server.commands.terminal import JSON, Command, Exit
from server.demo import roster, seed
from server.runtime import settings
from server.runtime.migrate import ROOT
from server.runtime.settings import Settings, SettingsError
from server.runtime.supervisor import Child, Supervisor, bind, to_stderr
from server.web.frame.i18n import mark

FOLDER: Final = "data/demo"
_PLAYERS: Final = "players"

_SAID: Final = {
    "signed_in": mark("%(count)s simulated phones have signed in, each by its own link."),
    "room": mark("Room %(code)s is open: %(title)s"),
    "revealed": mark("Question %(position)s of %(questions)s: the answer is shown."),
    "podium": mark("Podium: %(best)s"),
    "posted": mark("The points of %(members)s members are in the ledger; the boards follow."),
    "frozen": mark("%(draw)s is frozen: %(people)s people, %(tickets)s tickets."),
    "held": mark("%(draw)s is drawn, result code %(code)s: %(winners)s"),
    "claimed": mark("Handed over at the desk: %(prize)s to %(name)s."),
    "pause": mark("The next room opens in %(seconds)s seconds. Open one at the desk, and they play yours."),
    "interrupted": mark("The show was interrupted (%(why)s) and goes on with the next room."),
}


@dataclass
class _Stage:
    """Hears what the simulated players say, and what the other processes print."""

    report: dict[str, Any] = field(default_factory=dict)

    def hear(self, name: str, line: str) -> None:
        """A line of a child."""
        facts = _facts(line) if name == _PLAYERS else None
        if facts is None:
            to_stderr(name, line)
        elif facts["event"] == "report":
            self.report = facts
        elif (said := _SAID.get(facts["event"])) is not None:
            terminal.tell("  " + terminal.words(said, **_shown(facts)))


def _told(name: str, event: str, details: Mapping[str, object]) -> None:
    """As `narrate`; the simulated players come and go without a word, as they tell their own story."""
    if name != _PLAYERS:
        terminal.narrate(name, event, details)


def _facts(line: str) -> dict[str, Any] | None:
    try:
        found = jsons.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None


def _shown(facts: Mapping[str, Any]) -> dict[str, object]:
    """Lists as text."""
    shown = dict(facts)
    if "best" in facts:
        shown["best"] = ", ".join(f"{one['place']}. {one['name']} ({one['points']})" for one in facts["best"])
    if "winners" in facts:
        shown["winners"] = ", ".join(f"{one['name']} {one['prize']}" for one in facts["winners"])
    return shown


def demo_settings(chosen: Settings) -> Settings:
    """The settings with the demo's own defaults: its folder, every network of this machine, a name, few log lines."""
    given = {name for name, origin in chosen.origins.items() if origin == "environment"}
    environ = {name: value for name, value in os.environ.items() if name.startswith("LAUREL_")}
    environ |= {
        name: value
        for name, value in {
            "LAUREL_DATA": FOLDER,
            "LAUREL_HOST": "0.0.0.0",  # noqa: S104 - so that the newcomer's own phone can join
            "LAUREL_ORGANISATION": roster.organisation(chosen.language),
            "LAUREL_LOG": "warning",
        }.items()
        if name not in given
    }
    return settings.load(environ, Path.cwd())


def _listener(chosen: Settings) -> socket:
    """Port 8080, or any free one where that is taken and nobody asked for it."""
    try:
        return bind(chosen.host, chosen.port)
    except SettingsError as error:
        if error.code != "port.taken" or chosen.origins["LAUREL_PORT"] == "environment":
            raise
    return bind(chosen.host, 0)


@click.command(cls=Command, help=mark("Run a Laurel with made-up people, in data/demo unless LAUREL_DATA is set."))
@click.option(
    "--players", type=click.IntRange(0, 230), default=0, help=mark("Simulated phones that play against each other.")
)
@click.option("--once", is_flag=True, help=mark("Play one room and one draw as fast as may be, compare all, and end."))
@JSON
def demo(players: int, once: bool, json: bool) -> int:
    """With --once: exit 0 only if clients, tables, boards, ledger and the published draw agree."""
    begun = time.monotonic()
    chosen = settings.prepare(demo_settings(terminal.in_force()))
    require_restored(chosen)
    stage = _Stage()
    with Supervisor(chosen.data, progress=_told, sink=stage.hear) as supervisor, closing(_listener(chosen)) as port:
        chosen = settings.served_at(chosen, port.getsockname()[1])
        start_services(supervisor, chosen)
        links, screen = asyncio.run(_furnished(chosen))
        environ = {**os.environ, **_said(chosen)}
        supervisor.start(
            *web_children(chosen, port, environ),
            *worker_children(chosen, environ, max(chosen.worker_processes, 1)),
        )
        supervisor.announce(chosen.public_url)
        ready = round(time.monotonic() - begun, 2)
        if not once:
            _welcome(Run(chosen, []), links, screen, players, json)
        if players or once:
            supervisor.start(_players(chosen, environ, players or 12, once))
        if not once:
            supervisor.run()
            return Exit.OK
        status = supervisor.run(until=_PLAYERS)
        if not stage.report:
            return Exit.STOPPED if supervisor.asked_to_stop() else Exit.FAULT
        stage.report["seconds"] = {"set_up": ready, **stage.report["seconds"]}
        _conclude(stage.report, json)
        return Exit.OK if status == 0 else Exit.REFUSED
    return Exit.STOPPED


def _said(chosen: Settings) -> dict[str, str]:
    """The demo's own defaults, for its children."""
    return {"LAUREL_ORGANISATION": chosen.organisation, "LAUREL_LOG": chosen.log}


def _players(chosen: Settings, environ: Mapping[str, str], count: int, once: bool) -> Child:
    return Child(
        name=_PLAYERS,
        argv=(sys.executable, "-m", "server.demo.players", str(count), *(["--once"] if once else [])),
        env=settings.child_environ(chosen, environ),
        cwd=ROOT,
        restart=not once,
        grace=5.0,
    )


async def _furnished(chosen: Settings) -> tuple[seed.Links, str]:
    """Tables, people and all; the links to show, and the screen's."""
    await migrated(chosen)
    async with ready(chosen) as resources:
        if await seed.seed(resources):
            terminal.tell(terminal.words("240 members, two quizzes, a screen and a draw are there."))
        return await seed.links(), await seed.screen(resources)


def _welcome(run: Run, links: seed.Links, screen: str, players: int, json: bool) -> None:
    url = run.settings.public_url
    if json:
        terminal.say_json(
            {
                "url": url,
                "local_url": run.local_url,
                "phone": url + links.phone,
                "screen": screen,
                "organiser": url + links.organiser,
                "admin": url + links.admin,
                "data": str(run.settings.data),
                "players": players,
            }
        )
        return
    terminal.say()
    terminal.say(terminal.words("Your phone (scan it; this link works once):"))
    show_qr(url + links.phone)
    terminal.say(f"  {url}{links.phone}")
    terminal.say(terminal.words("The screen (for a browser in full screen):"))
    terminal.say(f"  {screen}")
    terminal.say(terminal.words("The organiser's desk (this link works once):"))
    terminal.say(f"  {url}{links.organiser}")
    terminal.say(terminal.words("The administrator's desk (this link works once):"))
    terminal.say(f"  {url}{links.admin}")
    if run.local_url != url:
        terminal.say(terminal.words("On this machine the same pages are at %(url)s.", url=run.local_url))
    if not players:
        terminal.say(terminal.words("With --players 200 simulated phones play along."))
    terminal.say(terminal.words("Data: %(folder)s. Ctrl-C stops everything.", folder=run.settings.data))
    terminal.say()


def _conclude(report: dict[str, Any], json: bool) -> None:
    facts = {name: value for name, value in report.items() if name != "event"}
    if json:
        terminal.say_json(facts)
        return
    if "failed" in facts:
        terminal.tell(terminal.words("The show broke off: %(why)s.", why=facts["failed"]))
        return
    points = facts["points"]
    rows = [
        (terminal.words("Answers that clients know are stored"), facts["answered"]),
        (terminal.words("Answers in the table"), facts["stored"]),
        (terminal.words("Acknowledged but lost"), facts["lost"]),
        (terminal.words("Points: answers"), points["answers"]),
        (terminal.words("Points: board"), points["board"]),
        (terminal.words("Points: ledger"), points["ledger"]),
        (terminal.words("Members posted"), facts["posted"]),
        (terminal.words("Prizes drawn"), facts["drawn"]),
        (terminal.words("Draw recomputed from its files"), _yes(facts["verified"])),
        (terminal.words("Prizes handed over"), facts["claimed"]),
        (terminal.words("Differences found by check"), len(facts["check"])),
    ]
    terminal.say_table([terminal.words("What"), terminal.words("Count")], rows)
    for one in facts["ranked"]:
        terminal.say(f"  {one['place']}. {one['name']} ({one['unit']}) {one['points']}")
    spent = ", ".join(f"{stage} {seconds}" for stage, seconds in facts["seconds"].items())
    terminal.say(terminal.words("Seconds: %(spent)s", spent=spent))
    terminal.say(
        terminal.words("Everything agrees.") if facts["agrees"] else terminal.words("Something does not agree.")
    )


def _yes(value: bool) -> str:
    return terminal.words("yes") if value else terminal.words("no")
