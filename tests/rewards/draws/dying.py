"""Processes that do one thing at a venue and are killed: `python -m tests.rewards.draws.dying DATABASE`.

Each line of stdin is JSON: the action's name, the draw, its own arguments, the actor, the moment, and `when` to be
killed: `before` the commit, or `after` it, when nobody has been told yet. A process is forked for each, and how it
ended is said in a line: -9 for killed.
"""

import asyncio
import inspect
import json
import os
import signal
import sys
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from rewards import database as db
from rewards.draws import actions
from server.runtime.chance import claim_code, new_id


def die(*_: object, **__: object) -> NoReturn:
    """kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit("unreachable")


class Unreached:
    """Stands where Redis would: whoever comes here has committed."""

    async def xadd(self, *_: object, **__: object) -> NoReturn:
        die()


async def act(url: str, what: dict[str, Any]) -> None:
    action = getattr(actions, what["action"])
    given: dict[str, object] = {
        "actor": UUID(what["actor"]),
        "now": datetime.fromisoformat(what["now"]),
        "new_id": die if what["when"] == "before" else new_id,
        "new_code": claim_code,
    }
    arguments = what["arguments"]
    if what["action"] == "bring":
        arguments[0] = arguments[0].encode("ascii")
    wanted = inspect.signature(action).parameters
    await db.open_pool(url, size=1)
    kept = {name: value for name, value in given.items() if name in wanted}
    await action(Unreached(), UUID(what["draw"]), *arguments, **kept)


def main(url: str) -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(act(url, json.loads(line)))
            sys.exit()
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
