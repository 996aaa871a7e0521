"""The web application: every face, what it holds open, and the one place where they meet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Response, get
from litestar.datastructures import CacheControlHeader, State
from litestar.exceptions import HTTPException, InternalServerException
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from rewards import database
from rewards.refusals import Refusal
from server.runtime.redis_client import connect
from server.runtime.resources import opened
from server.runtime.settings import Settings
from server.web import errors, html, pages
from server.web.answering import Answering
from server.web.desk import (
    audit,
    boards,
    ceremony,
    check_in,
    claims,
    draw_exports,
    draw_form,
    draw_kit,
    draw_prints,
    draws,
    funds,
    members,
    policy,
    quizzes,
    rooms,
    screens,
    today,
)
from server.web.desk import settings as desk_settings
from server.web.desk import stage as desk_stage
from server.web.door import Door
from server.web.limits import Limits
from server.web.live import Hub
from server.web.pages import Asked, House
from server.web.phone import badge, custody, me, play, receipts, sign_in
from server.web.phone import boards as phone_boards
from server.web.phone import draws as phone_draws
from server.web.phone import today as phone_today
from server.web.rooms import Rooms
from server.web.screen import watching
from server.web.screen.pictures import Screens
from server.web.session import Sessions

MOST_UPLOAD = 12 * 1024 * 1024
"""Bytes of a request body; the largest file that is read is 10 MiB."""


@get("/health", opt={"open": True})
async def health(request: Asked) -> Response[dict[str, str]]:
    """Whether this process can reach its storage (for supervisors and proxies)."""
    await database.value("SELECT 1")
    await pages.house(request).redis.ping()
    return Response({"status": "ready", "version": pages.VERSION})


def handlers() -> list[ControllerRouterHandler]:
    """Every handler of every face."""
    return [
        health,
        *audit.HANDLERS,
        *badge.HANDLERS,
        *boards.HANDLERS,
        *ceremony.HANDLERS,
        *check_in.HANDLERS,
        *claims.HANDLERS,
        *custody.HANDLERS,
        *desk_settings.HANDLERS,
        *desk_stage.HANDLERS,
        *draw_exports.HANDLERS,
        *draw_form.HANDLERS,
        *draw_kit.HANDLERS,
        *draw_prints.HANDLERS,
        *draws.HANDLERS,
        *funds.HANDLERS,
        *me.HANDLERS,
        *members.HANDLERS,
        *phone_boards.HANDLERS,
        *phone_draws.HANDLERS,
        *phone_today.HANDLERS,
        *play.HANDLERS,
        *policy.HANDLERS,
        *quizzes.HANDLERS,
        *receipts.HANDLERS,
        *rooms.HANDLERS,
        *screens.HANDLERS,
        *sign_in.HANDLERS,
        *today.HANDLERS,
        *watching.HANDLERS,
    ]


def make_app(settings: Settings) -> Litestar:
    """The application for one web process. `state.settings` may be changed before a start, which reads them."""

    @asynccontextmanager
    async def house(app: Litestar) -> AsyncIterator[None]:
        chosen: Settings = app.state.settings
        html.show_times_in(chosen.zone)
        async with opened(chosen) as resources:
            rooms = Rooms.of(resources.redis)
            panels = Screens(resources, rooms)
            hub = Hub(
                connect(chosen.redis_url, size=2, read_timeout=30),
                {"room": rooms.kind(), "screen": panels.kind()},
            )
            answering = Answering(resources.redis)
            sessions = Sessions(resources.redis)
            door = Door(
                routed,
                sessions=lambda: sessions,
                key=chosen.key("csrf"),
                secure=chosen.public_url.startswith("https:"),
            )
            # Outermost, so that what the framework refuses by itself (an unknown address) passes it too.
            app.asgi_handler = door
            hub.heard += [answering.forget, panels.forget, sessions.heard]
            hub.beats.append(sessions.recheck)
            app.state.house = House(resources, sessions, Limits(resources.redis), hub, door)
            app.state.rooms = rooms
            app.state.screens = panels
            app.state.answering = answering
            hub.start()
            try:
                yield
            finally:
                await answering.stop()
                await hub.stop()
                await hub.redis.aclose()

    app = Litestar(
        route_handlers=[
            *handlers(),
            create_static_files_router(
                path="/static",
                directories=[html.STATIC],
                cache_control=CacheControlHeader(max_age=31536000, public=True, immutable=True),
                exception_handlers={InternalServerException: errors.no_such_file, ValueError: errors.no_such_file},
                include_in_schema=False,
            ),
        ],
        exception_handlers={
            Refusal: errors.refused,
            HTTPException: errors.http_error,
            Exception: errors.fault,
        },
        lifespan=[house],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MOST_UPLOAD,
        state=State({"settings": settings}),
    )
    routed = app.asgi_handler
    return app
