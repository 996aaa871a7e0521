"""The web application: every face, what it holds open, and the one place where they meet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from rewards.refusals import Refusal
from server.runtime import timekeeping
from server.runtime.redis_client import connect
from server.runtime.resources import Resources, opened
from server.runtime.sessions import Sessions
from server.runtime.settings import Settings
from server.runtime.watch import Watch
from server.web.frame import errors, files, html
from server.web.frame.gate import Gate
from server.web.frame.limits import Limits
from server.web.frame.listing import Listing
from server.web.frame.live import Hub
from server.web.frame.noun import Opened, Shown
from server.web.frame.pages import Process
from server.web.nouns import LISTING

MOST_UPLOAD = 12 * 1024 * 1024
"""Bytes of a request body; the largest file that is read is 10 MiB."""


def make_app(settings: Settings, listing: Listing = LISTING) -> Litestar:
    """The application for one web process, of the nouns that are listed.

    `state.settings` may be changed before a start, which reads them.
    """

    @asynccontextmanager
    async def process(app: Litestar) -> AsyncIterator[None]:
        chosen: Settings = app.state.settings
        html.show_times_in(chosen.zone)
        async with opened(chosen, for_pages=True) as resources:
            hub = Hub(connect(chosen.redis_url, size=2, read_timeout=30))
            sessions, watch = Sessions(resources.redis), Watch(resources.redis)
            nouns = _open(listing, resources, hub)
            within = routed
            for noun in nouns.values():
                within = noun.shortcut(within) if noun.shortcut is not None else within
            gate = Gate(
                within,
                sessions=lambda: sessions,
                key=chosen.key("csrf"),
                secure=chosen.public_url.startswith("https:"),
                refused=errors.cut_off,
            )
            # Outermost, so that what the framework refuses by itself (an unknown address) passes it too.
            app.asgi_handler = gate
            hub.heard.append(sessions.heard)
            hub.beats.append(sessions.recheck)
            app.state.process = Process(resources, sessions, Limits(resources.redis), hub, gate, nouns, watch)
            hub.start()
            watch.looked.append(gate.look)
            watch.start()
            keeping = asyncio.create_task(timekeeping.go_on())
            try:
                yield
            finally:
                await watch.stop()
                keeping.cancel()
                await asyncio.wait([keeping])
                for noun in nouns.values():
                    if noun.stop is not None:
                        await noun.stop()
                await hub.stop()
                await hub.redis.aclose()

    app = Litestar(
        route_handlers=[*listing.handlers, files.send_static],
        exception_handlers={
            Refusal: errors.refused,
            HTTPException: errors.http_error,
            Exception: errors.fault,
        },
        lifespan=[process],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MOST_UPLOAD,
        state=State({"settings": settings, "listing": listing}),
    )
    routed = app.asgi_handler
    return app


def _open(listing: Listing, resources: Resources, hub: Hub) -> dict[str, Opened]:
    """What the nouns hold open, by name; the hub then knows their topics, and each screen their scenes."""
    shown = Shown({}, listing.slides)
    nouns = {noun.name: noun.opens(resources, shown) for noun in listing.nouns if noun.opens is not None}
    for noun in nouns.values():
        hub.topics.update(noun.topics)
        hub.heard += noun.hears
        shown.scenes.update({scene.kind: scene for scene in noun.scenes})
    return nouns
