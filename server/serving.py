"""One web process: `python -m server.serving FD` serves on a listening socket that its parent has bound."""

import asyncio
import gc
import logging
import os
import resource
import socket
import sys
from pathlib import Path

import uvicorn
import uvloop
from litestar import Litestar

from server.app import make_app
from server.runtime import door, logs, settings
from server.runtime.supervisor import tell_ready

GRACE_SECONDS = 3
BACKLOG = 4096
MOST_FILES = 65_536
DEAF_SECONDS = 60
"""What is sent and not taken for so long is given up: a phone that is gone, or somebody who never reads."""


class _Server(door.Server):
    """Ends the event streams before it waits for connections, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, app: Litestar) -> None:
        super().__init__(config)
        self._laurel = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            tell_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._laurel.state.process.hub.stop()
        await super().shutdown(sockets)


def serve(chosen: settings.Settings, listener: socket.socket) -> None:
    """Serve until told to stop (SIGTERM, SIGINT); streams end at once, requests get three seconds."""
    app = make_app(chosen)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(chosen.trusted_proxies),
        forwarded_allow_ips=list(chosen.trusted_proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
        backlog=BACKLOG,
    )
    server = _Server(config, app)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # each connection inherits it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_SECONDS * 1000)
    # What is loaded now stays for ever: the collector need not walk it, nor look so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))


def allow_open_files() -> None:
    """As many open files as this machine lets us: every phone's stream is one, and a login shell allows 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """For the supervisor."""
    allow_open_files()
    chosen = settings.prepare(settings.load(os.environ, Path.cwd()))
    logs.set_up(chosen.log)
    if chosen.log != "debug":
        # The supervisor tells of starts and stops, and that a stranger sent nonsense is no news.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
    serve(chosen, socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
