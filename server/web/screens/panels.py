"""What a screen shows: which of all that goes on, and the picture of it, rendered once a language for every screen."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from markupsafe import Markup

from rewards.ledger import queries as ledger
from server.runtime import clock
from server.runtime.resources import Resources
from server.web.frame import html
from server.web.frame.live import REMAINING, Channel, Hub, Picture, Remaining, Topic, json_event
from server.web.frame.noun import Shown
from server.web.frame.screen import SLIDE_SECONDS, build
from server.web.screens import actions, queries, rules
from server.web.screens.queries import ScreenRow


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be seen: a scene of a noun, the boards alone, the idle playlist, or nothing any more (withdrawn).

    `version` changes with what is shown of it.
    """

    kind: str
    subject: UUID | None
    version: str


def _mark(sight: Sight, ticks: int) -> str:
    """Names a sight as of a tick: a picture with another mark may be out of date, in every language."""
    return f"{sight.kind}:{sight.subject}:{sight.version}#{ticks}"


@dataclass
class Screens:
    """The screens of this process."""

    resources: Resources
    shown: Shown
    _ticks: int = 0
    _rendered: dict[UUID, str] = field(default_factory=dict)
    _rendering: dict[tuple[str, str], "asyncio.Task[tuple[str, Picture]]"] = field(default_factory=dict)

    def topic(self) -> Topic:
        """For the hub's topics `screen`."""
        return Topic(render=self.render, versions=self.versions, follows_all=True)

    def forget(self, topic: str, fields: Mapping[str, str]) -> None:
        """A tick came: pictures rendered so far may be out of date. Counters travel by themselves."""
        if topic.partition(":")[0] not in ("answers", "players", "member"):
            self._ticks += 1
            self._rendering.clear()

    async def render(self, identity: str, face: str, locale: str) -> Picture:
        """What a screen shows now. Screens that show the same at the same moment share one rendering."""
        screen_id = UUID(identity)
        screen = await queries.screen(screen_id)
        shows = "" if screen is None else (await self.wanted([screen], clock.now()))[screen.id]
        key = (shows, locale)
        task = self._rendering.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._render(shows, locale))
            self._rendering[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        source, picture = await asyncio.shield(task)
        self._rendered[screen_id] = source
        return picture

    def _done(self, key: tuple[str, str], task: "asyncio.Task[tuple[str, Picture]]") -> None:
        if self._rendering.get(key) is task:
            del self._rendering[key]

    async def _render(self, shows: str, locale: str) -> tuple[str, Picture]:
        ticks = self._ticks
        sight = await self.sight(shows)
        text, left = await self._text(sight, locale)
        return _mark(sight, ticks), Picture(hashlib.sha256(text.encode()).hexdigest()[:16], text, left)

    async def _text(self, sight: Sight, locale: str) -> tuple[str, Remaining | None]:
        if sight.subject is not None:
            return await self.shown.scenes[sight.kind].render(sight.subject, locale)
        if sight.kind == "withdrawn":
            return html.render_block("screens/screen/screen.html", "words", locale, why="withdrawn"), None
        return await self._idle(locale, boards_only=sight.kind == "boards")

    async def now(self, hub: Hub, screen: ScreenRow, locale: str) -> tuple[Sight, Picture]:
        """The present picture for one who asks: rendered anew when what it shows has changed unseen."""
        sight = await self.sight((await self.wanted([screen], clock.now()))[screen.id])
        topic = f"screen:{screen.id}"
        if self._rendered.get(screen.id) != _mark(sight, self._ticks):
            await hub.show(topic)
        return sight, await hub.picture(Channel(topic, "screen", locale))

    async def versions(self, identities: list[str]) -> Mapping[str, str]:
        """For the hub, every few seconds: the screens whose picture is out of date. Those asked for are being watched,
        which is noted."""
        ids = [UUID(identity) for identity in identities]
        await actions.note_seen(ids, clock.now())
        changed: dict[str, str] = {}
        for screen, sight in (await self.sights(await queries.some_screens(ids))).items():
            wanted = _mark(sight, self._ticks)
            if self._rendered.get(screen) != wanted:
                changed[str(screen)] = wanted
        return changed

    # Which

    async def wanted(self, screens: Sequence[ScreenRow], now: datetime) -> dict[UUID, str]:
        """Screen -> what it is to show, as in `ScreenRow.shows`: what it was taken over for until that is over, else
        what it is set to until that is done, else what is live; "" when its link was withdrawn."""
        named: dict[str, set[UUID]] = {}
        for screen in screens:
            for spec in (screen.taken or "", screen.shows):
                kind, _, identity = spec.partition(":")
                if kind in self.shown.scenes:
                    named.setdefault(kind, set()).add(UUID(identity))
        runs = {
            f"{kind}:{run.subject}": run
            for kind, ids in named.items()
            for run in await self.shown.scenes[kind].runs(list(ids))
        }

        def shows(screen: ScreenRow) -> str:
            taken, set_to = runs.get(screen.taken or ""), runs.get(screen.shows)
            if screen.revoked_at is not None:
                return ""
            if screen.taken and taken is not None and not rules.is_over(taken, now, screen.taken_at):
                return screen.taken
            is_done = set_to is not None and rules.is_done(set_to, now, screen.shows_since)
            return actions.AUTO if is_done else screen.shows

        return {screen.id: shows(screen) for screen in screens}

    async def sights(self, screens: Sequence[ScreenRow]) -> dict[UUID, Sight]:
        """What is to be seen on each of these screens now."""
        wanted = await self.wanted(screens, clock.now())
        seen = {shows: await self.sight(shows) for shows in set(wanted.values())}
        return {screen: seen[shows] for screen, shows in wanted.items()}

    async def sight(self, shows: str) -> Sight:
        """What is to be seen now; `shows` as in ScreenRow, "" for a link that was withdrawn."""
        if not shows:
            return Sight("withdrawn", None, "")
        now = clock.now()
        if shows == actions.AUTO:
            return await self._live(now) or self._idling("idle", now)
        kind, _, identity = shows.partition(":")
        found = await self._seen(kind, UUID(identity), now) if kind in self.shown.scenes else None
        return found or self._idling("boards", now)

    async def _live(self, now: datetime) -> Sight | None:
        """The newest of all that goes on or has just ended, of whatever kind."""
        runs = [(kind, run) for kind, scene in self.shown.scenes.items() for run in await scene.live(now - rules.IDLE)]
        found = rules.newest(runs, now)
        return None if found is None else await self._seen(found[0], found[1].subject, now)

    async def _seen(self, kind: str, subject: UUID, now: datetime) -> Sight | None:
        version = await self.shown.scenes[kind].version(subject, now)
        return None if version is None else Sight(kind, subject, version)

    def _idling(self, kind: str, now: datetime) -> Sight:
        """Looked at again every minute, for what changes without a word: dates, and times that have passed."""
        return Sight(kind, None, str(int(now.timestamp()) // 60))

    # How

    async def _idle(self, locale: str, *, boards_only: bool) -> tuple[str, Remaining | None]:
        now, settings = clock.now(), self.resources.settings
        slides: list[Markup] = []
        until = None
        for slide in self.shown.slides:
            facts = await slide.facts(self.resources, now) if slide.boards or not boards_only else None
            if facts is not None:
                frame = {"first": not slides, "remaining": REMAINING, "slide_seconds": SLIDE_SECONDS}
                slides.append(Markup(html.render(slide.template, locale, **facts, **frame)))  # noqa: S704 - our own template, escaped there
                until = until or facts.get("until")
        text = html.render_block(
            "screens/screen/idle.html",
            "state",
            locale,
            slides=slides,
            season=None if slides else await ledger.season_of(self.resources.day_of(now)),
            public_url=settings.public_url,
            address=settings.public_url.partition("://")[2],
            organisation=settings.organisation,
            slide_seconds=SLIDE_SECONDS,
            build=build(),
        )
        return text, (lambda: _until(until)) if isinstance(until, datetime) else None

    async def count(self, sight: Sight) -> bytes:
        """The counters of what is shown, as an event; empty when it has none."""
        found = await self.counted(sight)
        return json_event("count", found) if found else b""

    async def counted(self, sight: Sight) -> Mapping[str, object]:
        """The same as values; empty when what is shown has none."""
        scene = self.shown.scenes.get(sight.kind)
        if scene is None or scene.counters is None or sight.subject is None:
            return {}
        return await scene.counters(sight.subject)


def _until(moment: datetime) -> int:
    """Milliseconds from now; 0 when it has passed."""
    return max(0, int((moment - clock.now()).total_seconds() * 1000))
