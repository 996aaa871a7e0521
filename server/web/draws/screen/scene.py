"""Draws on screens: the one that is on the stage, and the slide of the next one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from rewards.draws import queries
from rewards.draws.states import grouped
from server.runtime import clock
from server.runtime.resources import Resources
from server.web.draws.screen.stage import stage_facts, stage_version, staged
from server.web.frame import html
from server.web.frame.i18n import mark as _
from server.web.frame.live import REMAINING, Remaining
from server.web.frame.noun import Scene
from server.web.frame.runs import Run
from server.web.frame.screen import build

WINNERS_FOR: Final = timedelta(minutes=15)
"""How long the winners of a draw that is closed stay where nothing newer is live."""

PRIZES: Final = 5
CHOICES: Final = 20


def scene(resources: Resources) -> Scene:
    """Draws as a screen shows them."""
    redis, url = resources.redis, resources.settings.public_url

    async def version(draw: UUID, now: datetime) -> str | None:
        return await stage_version(redis, draw, now)

    async def render(draw_id: UUID, locale: str) -> tuple[str, Remaining | None]:
        stage = await stage_facts(redis, draw_id, public_url=url, now=clock.now())
        shown = {"stage": stage, "remaining": REMAINING, "build": build()}
        text = html.render_block("draws/screen/stage.html", "state", locale, **shown)
        called = stage.called
        return text, None if called is None else lambda: called.left(clock.now())

    async def live(since: datetime) -> list[Run]:
        found = await staged(redis)
        if found is None:
            return []
        draw, at = found
        # It began for the walls when it was put on them, and an older draw's winners are news once more.
        return [
            Run(draw, at, max(run.moved, at), run.ended and max(run.ended, at), WINNERS_FOR)
            for run in await runs([draw])
        ]

    async def runs(ids: Sequence[UUID]) -> list[Run]:
        return [Run(one.id, one.began, one.moved, one.ended, WINNERS_FOR) for one in await queries.runs(ids)]

    async def choices() -> list[tuple[UUID, str]]:
        return [(one.id, one.title) for one in await queries.draws(limit=CHOICES) if one.state != "cancelled"]

    async def titles(ids: Sequence[UUID]) -> dict[UUID, str]:
        return {UUID(one): title for one, title in (await queries.titles([str(one) for one in ids])).items()}

    return Scene("draw", _("Draw: %(title)s"), "/desk/draws", version, render, live, runs, choices, titles)


async def slides(resources: Resources, now: datetime) -> dict[str, object] | None:
    """The next draw; None: none is planned. `until`: when its list closes, None: closed, or by hand."""
    draw = next(iter(await queries.coming(1)), None)
    if draw is None:
        return None
    return {
        "draw": draw,
        "prizes": (await queries.prizes(draw.id))[::-1][:PRIZES],
        "fingerprint": [] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        "until": draw.freeze_at if draw.promise is None else None,
    }
