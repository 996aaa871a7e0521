"""Rooms on screens: the latest one that is live, and the slide of those that are planned."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

from games.quizzes import queries
from games.quizzes.queries import RoomRow, RoomRun
from rewards.boards.queries import Shown
from rewards.boards.rules import Placing
from server.runtime.resources import Resources
from server.web.boards.screen import Gain, lines_of
from server.web.frame import html
from server.web.frame.i18n import mark as _
from server.web.frame.live import Remaining
from server.web.frame.noun import Scene
from server.web.frame.runs import Run
from server.web.frame.screen import build
from server.web.quizzes.live import Rooms, remaining, room_or_refuse

PODIUM_FOR: Final = timedelta(minutes=3)
"""How long a podium stays where nothing newer is live."""

COMING: Final = 5
MOST_UNITS: Final = 14
"""Units that a lobby or a podium names; the others are counted."""


def scene(resources: Resources, rooms: Rooms) -> Scene:
    """Rooms as a screen shows them."""
    address = resources.settings.public_url

    async def version(room: UUID, now: datetime) -> str | None:
        return await queries.room_version(room)

    async def render(room_id: UUID, locale: str) -> tuple[str, Remaining | None]:
        room = await room_or_refuse(room_id)
        facts = await rooms.facts(room, "screen", locale)
        beside = await _beside(rooms, room, facts, address)
        text = html.render_block("quizzes/screen/room.html", "state", locale, **facts, **beside)
        return text, (lambda: remaining(room)) if room.state == "question" else None

    async def live(since: datetime) -> list[Run]:
        return [_run(one) for one in await queries.recent_runs(since)]

    async def runs(ids: Sequence[UUID]) -> list[Run]:
        return [_run(one) for one in await queries.runs(ids)]

    async def counters(room: UUID) -> dict[str, object]:
        answers, players = await queries.answered(room), await queries.players(room)
        return {"room": str(room), "answers": answers, "players": players}

    async def choices() -> list[tuple[UUID, str]]:
        return [(room.id, _title(room.title, room.code)) for room in await queries.rooms(live=True)]

    async def titles(ids: Sequence[UUID]) -> dict[UUID, str]:
        return {room: _title(*named) for room, named in (await queries.titles(ids)).items()}

    label, address_of = _("Room: %(title)s"), "/desk/rooms"
    return Scene("room", label, address_of, version, render, live, runs, choices, titles, counters)


def _run(one: RoomRun) -> Run:
    return Run(one.id, one.began, one.moved, one.ended, PODIUM_FOR)


def _title(title: str, code: str) -> str:
    return f"{title} ({code})"


async def _beside(rooms: Rooms, room: RoomRow, facts: Mapping[str, object], address: str) -> dict[str, object]:
    """What a room's picture needs beyond its facts."""
    results = await rooms.results(room) if room.state == "reveal" else {}
    gains = {member: Gain(result.was, result.points) for member, result in results.items()}
    places: Sequence[Placing] = facts.get("places", ())  # type: ignore[assignment]
    names: Mapping[UUID, Shown] = facts.get("names", {})  # type: ignore[assignment]
    units: Sequence[tuple[str, int]] = facts["by_unit"]  # type: ignore[assignment]
    return {
        "lines": lines_of(places, names, gains if room.state == "reveal" else None),
        "right": sum(result.correct for result in results.values() if not result.outside),
        "units": units[:MOST_UNITS],
        "units_more": max(0, len(units) - MOST_UNITS),
        "join_link": f"{address}/rooms/{room.code}",
        "address": address.partition("://")[2],
        "leaves": _leaves(),
        "build": build(),
    }


@cache
def _leaves() -> tuple[str, ...]:
    """The leaves of the wreath as paths, from the foot upwards, left and right in turn."""
    path = str(html.environment("en").get_template("kit/parts.html").module.laurel_path)  # type: ignore[attr-defined]
    leaves = [leaf + "z" for leaf in path.split("z") if leaf]
    half = len(leaves) // 2
    return tuple(leaf for pair in zip(leaves[:half], leaves[half:], strict=True) for leaf in pair)


async def slides(resources: Resources, now: datetime) -> dict[str, object] | None:
    """Rooms that wait for their time; None: there are none."""
    rooms = await queries.coming_rooms(now, COMING)
    return {"rooms": rooms} if rooms else None
