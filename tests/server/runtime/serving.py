"""A small `laurel serve` for tests: `python -m tests.server.runtime.serving` runs the embedded servers over
LAUREL_DATA until told to stop, and prints one JSON line for each thing that the supervisor tells."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from server.runtime import embedded
from server.runtime.refusals import Refusal
from server.runtime.settings import load, prepare
from server.runtime.supervisor import Supervisor


def say(name: str, event: str, details: Mapping[str, object]) -> None:
    print(json.dumps({"name": name, "event": event, **details}, default=str), flush=True)


def main() -> int:
    try:
        settings = prepare(load(os.environ, Path.cwd()))
        with Supervisor(settings.data, progress=say) as supervisor:
            for child in embedded.children(settings):
                supervisor.start(child)
            supervisor.announce("http://127.0.0.1:8080")
            say("all", "up", supervisor.pids())
            supervisor.run()
    except Refusal as refusal:
        say("all", "refused", {"code": refusal.code, **refusal.details})
        return 3
    say("all", "down", {})
    return 0


if __name__ == "__main__":
    sys.exit(main())
