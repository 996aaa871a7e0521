"""What `laurel serve` does before it serves: `python -m server.commands.opening FD` writes one object of JSON there.

Both services are reached, the tables brought up to date, and the first admin's link made when there is no admin.
"""

import asyncio
import json
import sys

import click

from rewards.members.actions import first_admin_link
from rewards.members.queries import has_admin
from server import cli
from server.commands import terminal
from server.commands.services import migrated, ready
from server.commands.terminal import Exit
from server.runtime.chance import token
from server.runtime.clock import now
from server.runtime.settings import Settings


async def _opened(chosen: Settings) -> dict[str, object]:
    names, first_admin = await migrated(chosen), ""
    async with ready(chosen):
        if not await has_admin():
            first_admin = f"{chosen.public_url}/welcome/{await first_admin_link(now(), token)}"
    return {"migrated": names, "first_admin": first_admin}


@click.command()
@click.argument("answer", type=int)
def opening(answer: int) -> int:
    """The names of what was migrated now, and the address of the one-time link, "" when there is an admin."""
    done = asyncio.run(_opened(terminal.in_force()))
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(done, file)
    return Exit.OK


if __name__ == "__main__":
    sys.exit(cli.run(sys.argv[1:], opening))
