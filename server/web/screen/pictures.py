"""What a screen shows: which of all that goes on, and the picture of it, drawn once a language for every screen."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

from games.quizzes import queries as quizzes
from games.quizzes.queries import Result, RoomRow
from rewards.boards import queries as boards
from rewards.boards.queries import Shown
from rewards.boards.rules import Place, season_board, week_board
from rewards.draws import queries as draws
from rewards.draws.queries import DrawRow
from rewards.draws.states import grouped
from rewards.ledger import queries as ledger
from server.runtime import clock
from server.runtime.resources import Resources
from server.web import html
from server.web.live import REMAINING, Channel, Hub, Kind, Picture
from server.web.rooms import Rooms, remaining, room_or_refuse
from server.web.screen import queries, screens
from server.web.screen.screens import ScreenRow
from server.web.screen.stage import on_stage, stage_facts, stage_version

PODIUM_FOR: Final = timedelta(minutes=3)
"""How long a podium stays where nothing else is live."""

FORGOTTEN_AFTER: Final = timedelta(hours=12)
"""A room that nobody ended leaves the screens after so long."""

PLACES: Final = 10
COMING: Final = 5
SLIDE_SECONDS: Final = 15
MOST_UNITS: Final = 14
"""Units that a lobby or a podium names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen: a room, a draw, the boards alone, the idle playlist, or nothing any more (withdrawn).

    `version` changes with what is shown of it.
    """

    kind: str
    subject: UUID | None
    version: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a board. `was`: the place before (0: none), `gained`: points of the last question; None on boards that
    do not tell. `tie`: "ahead" or "behind" of one with equal points, "" otherwise; `reached` decides it: milliseconds
    on right answers in a room, seconds since the start of the season elsewhere."""

    place: int
    member: UUID
    name: str
    unit: str
    points: int
    reached: int
    tie: str
    was: int | None = None
    gained: int | None = None


def lines_of(
    places: Sequence[Place], names: Mapping[UUID, Shown], results: Mapping[UUID, Result] | None = None
) -> list[Line]:
    """Rows with what stands beside the points. Members who are no longer known are left out."""
    shown = [place for place in places if place.member in names]
    made = []
    for index, place in enumerate(shown):
        tie = ""
        if index + 1 < len(shown) and shown[index + 1].points == place.points:
            tie = "ahead"
        if index and shown[index - 1].points == place.points:
            tie = "behind"
        result = None if results is None else results.get(place.member)
        made.append(
            Line(
                place=place.rank,
                member=place.member,
                name=names[place.member].name,
                unit=names[place.member].unit,
                points=place.points,
                reached=place.reached,
                tie=tie,
                was=None if results is None else 0 if result is None else result.was,
                gained=None if result is None else result.points,
            )
        )
    return made


def _mark(scene: Scene, ticks: int) -> str:
    """Names a scene as of a tick: a picture with another mark may be out of date, in every language."""
    return f"{scene.kind}:{scene.subject}:{scene.version}#{ticks}"


@cache
def build() -> str:
    """Names the style sheets and scripts that the fragments need: a page that was loaded with others loads itself
    again."""
    files = ("tokens.css", "kit.css", "screen.css", "draws.css", "draw/stage_page.css", "screen.js", "live.js")
    return hashlib.sha256("".join(map(html.static, files)).encode()).hexdigest()[:8]


@dataclass
class Screens:
    """The screens of this process."""

    resources: Resources
    rooms: Rooms
    _ticks: int = 0
    _drawn: dict[UUID, str] = field(default_factory=dict)
    _drawing: dict[tuple[str, str], "asyncio.Task[tuple[str, Picture]]"] = field(default_factory=dict)

    def kind(self) -> Kind:
        """For the hub's topic `screen`."""
        return Kind(draw=self.draw, versions=self.versions)

    def forget(self, topic: str, fields: Mapping[str, str]) -> None:
        """A tick came: pictures drawn so far may be out of date. Counters travel by themselves."""
        if topic.partition(":")[0] not in ("answers", "players", "member"):
            self._ticks += 1
            self._drawing.clear()

    async def draw(self, identity: str, face: str, locale: str) -> Picture:
        """What a screen shows now. Screens that show the same at the same moment share one drawing."""
        screen_id = UUID(identity)
        screen = await screens.screen(screen_id)
        shows = "" if screen is None or screen.revoked_at is not None else screen.shows
        key = (shows, locale)
        task = self._drawing.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._draw(shows, locale))
            self._drawing[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        source, picture = await asyncio.shield(task)
        self._drawn[screen_id] = source
        return picture

    def _done(self, key: tuple[str, str], task: "asyncio.Task[tuple[str, Picture]]") -> None:
        if self._drawing.get(key) is task:
            del self._drawing[key]

    async def _draw(self, shows: str, locale: str) -> tuple[str, Picture]:
        ticks = self._ticks
        scene = await self.scene(shows)
        drawing: Coroutine[None, None, tuple[str, Callable[[], int] | None]]
        if scene.kind == "room" and scene.subject is not None:
            drawing = self._room(scene.subject, locale)
        elif scene.kind == "draw" and scene.subject is not None:
            drawing = self._stage(scene.subject, locale)
        elif scene.kind == "withdrawn":
            drawing = self._withdrawn(locale)
        else:
            drawing = self._idle(locale, boards_only=scene.kind == "boards")
        text, left = await drawing
        return _mark(scene, ticks), Picture(hashlib.sha256(text.encode()).hexdigest()[:16], text, left)

    async def now(self, hub: Hub, screen: ScreenRow, locale: str) -> tuple[Scene, Picture]:
        """The present picture for one who asks: drawn anew when what it shows has changed unseen."""
        scene = await self.scene("" if screen.revoked_at is not None else screen.shows)
        topic = f"screen:{screen.id}"
        if self._drawn.get(screen.id) != _mark(scene, self._ticks):
            await hub.show(topic)
        return scene, await hub.picture(Channel(topic, "screen", locale))

    async def versions(self, identities: list[str]) -> Mapping[str, str]:
        """For the hub, every few seconds: the screens whose picture is out of date. Those asked for are being watched,
        which is noted."""
        ids = [UUID(identity) for identity in identities]
        await screens.note_seen(ids, clock.now())
        changed: dict[str, str] = {}
        scenes: dict[str, Scene] = {}
        for screen in await screens.some_screens(ids):
            shows = "" if screen.revoked_at is not None else screen.shows
            if shows not in scenes:
                scenes[shows] = await self.scene(shows)
            wanted = _mark(scenes[shows], self._ticks)
            if self._drawn.get(screen.id) != wanted:
                changed[str(screen.id)] = wanted
        return changed

    # Which

    async def scene(self, shows: str) -> Scene:
        """What is to be seen now; `shows` as in ScreenRow, "" for a link that was withdrawn."""
        if not shows:
            return Scene("withdrawn", None, "")
        now = clock.now()
        if shows == screens.AUTO:
            return await self._live(now) or self._idling("idle", now)
        kind, _, identity = shows.partition(":")
        found = None
        if kind == "room":
            found = await self._room_scene(UUID(identity))
        elif kind == "draw":
            found = await self._draw_scene(UUID(identity))
        return found or self._idling("boards", now)

    async def _live(self, now: datetime) -> Scene | None:
        """A draw on the stage, else the latest room."""
        drawn = await on_stage(self.resources.redis)
        scene = None if drawn is None else await self._draw_scene(drawn)
        if scene is not None:
            return scene
        room = await queries.room_for_all(since=now - FORGOTTEN_AFTER, ended_since=now - PODIUM_FOR)
        return None if room is None else await self._room_scene(room)

    async def _room_scene(self, room: UUID) -> Scene | None:
        version = await queries.room_version(room)
        return None if version is None else Scene("room", room, version)

    async def _draw_scene(self, draw: UUID) -> Scene | None:
        version = await stage_version(self.resources.redis, draw, clock.now())
        return None if version is None else Scene("draw", draw, version)

    def _idling(self, kind: str, now: datetime) -> Scene:
        """Looked at again every minute, for what changes without a word: dates, and times that have passed."""
        return Scene(kind, None, str(int(now.timestamp()) // 60))

    # How

    async def _room(self, room_id: UUID, locale: str) -> tuple[str, Callable[[], int] | None]:
        room = await room_or_refuse(room_id)
        facts = await self.rooms.facts(room, "screen", locale)
        text = html.render_block("screen/room.html", "state", locale, **facts, **await self._beside(room, facts))
        return text, (lambda: remaining(room)) if room.state == "question" else None

    async def _beside(self, room: RoomRow, facts: Mapping[str, object]) -> dict[str, object]:
        """What a room's picture needs beyond its facts."""
        results = await self.rooms.results(room) if room.state == "reveal" else {}
        places: Sequence[Place] = facts["places"]  # type: ignore[assignment]
        names: Mapping[UUID, Shown] = facts["names"]  # type: ignore[assignment]
        units: Sequence[tuple[str, int]] = facts["by_unit"]  # type: ignore[assignment]
        address = self.resources.settings.public_url
        return {
            "lines": lines_of(places, names, results if room.state == "reveal" else None),
            "right": sum(result.correct for result in results.values()),
            "units": units[:MOST_UNITS],
            "units_more": max(0, len(units) - MOST_UNITS),
            "join_link": f"{address}/rooms/{room.code}",
            "address": address.partition("://")[2],
            "leaves": _leaves(),
            "build": build(),
        }

    async def _stage(self, draw: UUID, locale: str) -> tuple[str, Callable[[], int] | None]:
        url = self.resources.settings.public_url
        stage = await stage_facts(self.resources.redis, draw, public_url=url, now=clock.now())
        text = html.render_block("screen/stage.html", "state", locale, stage=stage, remaining=REMAINING, build=build())
        called = stage.called
        return text, None if called is None else lambda: called.left(clock.now())

    async def _withdrawn(self, locale: str) -> tuple[str, None]:
        return html.render_block("screen/screen.html", "words", locale, why="withdrawn"), None

    async def _idle(self, locale: str, *, boards_only: bool) -> tuple[str, Callable[[], int] | None]:
        redis, now = self.resources.redis, clock.now()
        today = self.resources.day_of(now)
        season = await ledger.season_of(today)
        slides: dict[str, object] = {"season_lines": [], "week_lines": [], "units": []}
        if season is not None:
            whole = await boards.top(redis, season_board(season.id), PLACES)
            week = await boards.top(redis, week_board(season.id, today), PLACES)
            names = await boards.names({place.member for place in (*whole, *week)})
            units = await boards.unit_rows(redis, season.id, None)
            slides = {
                "season_lines": lines_of(whole, names),
                "week_lines": lines_of(week, names),
                "units": [unit for unit in units if unit.participants][:PLACES],
            }
        draw: DrawRow | None = None
        if not boards_only:
            draw = next(iter(await draws.coming(1)), None)
        freeze_at = draw.freeze_at if draw is not None and draw.promise is None else None
        settings = self.resources.settings
        text = html.render_block(
            "screen/idle.html",
            "state",
            locale,
            season=season,
            today=today,
            rooms=[] if boards_only else await queries.coming_rooms(now, COMING),
            draw=draw,
            prizes=[] if draw is None else (await draws.prizes(draw.id))[::-1][:COMING],
            fingerprint=[] if draw is None or draw.promise is None else grouped(draw.promise.fingerprint, 8),
            freeze_at=freeze_at,
            remaining=REMAINING,
            public_url=settings.public_url,
            address=settings.public_url.partition("://")[2],
            organisation=settings.organisation,
            now=now,
            slide_seconds=SLIDE_SECONDS,
            build=build(),
            **slides,
        )
        return text, None if freeze_at is None else lambda: _until(freeze_at)

    async def count(self, scene: Scene) -> bytes:
        """The counters of the room that is shown; empty when none is."""
        if scene.kind != "room" or scene.subject is None:
            return b""
        return await self.rooms.count(str(scene.subject))

    async def counted(self, scene: Scene) -> dict[str, object]:
        """The same as values; empty when no room is shown."""
        if scene.kind != "room" or scene.subject is None:
            return {}
        answers, players = await quizzes.answered(scene.subject), await quizzes.players(scene.subject)
        return {"room": str(scene.subject), "answers": answers, "players": players}


def _until(moment: datetime) -> int:
    """Milliseconds from now; 0 when it has passed."""
    return max(0, int((moment - clock.now()).total_seconds() * 1000))


@cache
def _leaves() -> tuple[str, ...]:
    """The leaves of the wreath as paths, from the foot upwards, left and right in turn."""
    path = str(html.environment("en").get_template("kit/parts.html").module.laurel_path)  # type: ignore[attr-defined]
    leaves = [leaf + "z" for leaf in path.split("z") if leaf]
    half = len(leaves) // 2
    return tuple(leaf for pair in zip(leaves[:half], leaves[half:], strict=True) for leaf in pair)
