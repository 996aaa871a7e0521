"""`laurel draw verify`: recompute a published draw from its files. Needs no service and no settings."""

from pathlib import Path

import click

from rewards.draws.verify import as_json, as_text, verify_folder
from server.commands import terminal
from server.commands.terminal import JSON, Command, Exit, Group
from server.web.frame.i18n import mark


@click.group(cls=Group, help=mark("Check a draw."))
def draw() -> None:
    """The group."""


@draw.command(cls=Command, help=mark("Recompute a draw from the published files in FOLDER."))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--manifest", default="", metavar="HEX", help=mark("The fingerprint that you saw before the draw."))
@click.option("--code", default="", metavar="CODE", help=mark("The code that you saw on the stage."))
@click.option("--receipt", default="", metavar="TEXT", help=mark("The text of your receipt, as its QR code gives it."))
@JSON
def verify(folder: Path, manifest: str, code: str, receipt: str, json: bool) -> int:
    """Exit 0: everything agrees, 1: something does not, 2: there is no published draw in the folder."""
    report = verify_folder(folder, manifest=manifest, code=code, receipt=receipt)
    shown = "zh" if terminal.language() == "zh-Hans" else "en"
    terminal.say(as_json(report) if json else as_text(report, [shown]))
    if not report.usable:
        return Exit.USAGE
    return Exit.OK if report.ok else Exit.REFUSED
