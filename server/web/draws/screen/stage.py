"""The stage: one draw on the screens, from its promise over code, dice and secrets to the winners.

Three things live in Redis and nowhere else, and losing them loses nothing that counts:
laurel:stage        which draw was put on the screens and when (ID@ISO), for some hours
laurel:dice:{id}    dice that were typed and wait to be read back from the table, for an hour
laurel:shown        sorted set: draw -> number of the last line of its log whose winners may be seen on office screens

Office screens do not run ahead of the stage in the hall: while a draw is in progress they name a winner only once the
operator's window has shown him, the operator has released him, or he is called. When the draw is closed everything is
shown. Phones and the public page are not held back: they show what is written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import ticks
from rewards.draws import queries
from rewards.draws.queries import CustodianRow, DrawRow, PrizeRow, Slot, Venue
from rewards.draws.states import grouped
from rewards.refusals import Refusal
from server.web.draws.screen.deck import dice_groups
from server.web.draws.steps import Dice, dice_wanted

STAGE: Final = "laurel:stage"
SHOWN: Final = "laurel:shown"
SHOWN_FOR: Final = timedelta(hours=6)
DICE_KEPT: Final = timedelta(hours=1)
CALLED_FOR: Final = timedelta(seconds=60)
"""How long a call stays on the screens after its countdown, while nothing else happens."""

MOST_NAMES: Final = 36
MOST_PRIZES: Final = 8
NAMES_ABREAST: Final = {"few": 3, "some": 4, "many": 5}
LINES: Final = {"few": 4, "some": 7}
"""What a stage of 1920x1080 holds at a size that reads from eight metres; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A winner for everybody's eyes; `unit` may be ""."""

    shown: str
    unit: str


@dataclass(frozen=True, slots=True)
class Won:
    """A prize with those who are shown; `more` are not, for want of room."""

    prize: PrizeRow
    winners: Sequence[Seat]
    more: int


@dataclass(frozen=True, slots=True)
class Called:
    """Who is being called for which prize, until when; `whole` is the countdown's length in milliseconds, 0: none."""

    seat: Seat
    prize: str
    until: datetime
    whole: int

    def left(self, now: datetime) -> int:
        """Milliseconds until the countdown ends."""
        return max(0, int((self.until - now).total_seconds() * 1000))


@dataclass(frozen=True, slots=True)
class Stage:
    """What is to be seen now; `seen` names this very picture.

    `scene`: before (not frozen), frozen, armed, dice (typed, not read back yet), secrets, held (winners are written
    down and none is shown yet), winners, called, redraw (waits for dice), result, or off (called off, `why` in words).
    Prizes: the main one, which is drawn last, first; `prizes_more` do not fit. `density` (few, some, many) says how
    large the winners' names can be; `hidden` places are written down and not shown yet. `wanted`: the dice that are
    waited for, `wanted_for` what they are for. `digits` and `fingerprint` in groups, empty when there are none.
    `objections`: whether the time for them still runs.
    """

    draw: DrawRow
    scene: str
    prizes: Sequence[PrizeRow]
    prizes_more: int
    won: Sequence[Won]
    hidden: int
    density: str
    wanted: Dice | None
    wanted_for: str
    digits: Sequence[str]
    custodians: Sequence[CustodianRow]
    rounds: Sequence[tuple[str, bool]]
    called: Called | None
    code: str
    fingerprint: Sequence[str]
    objections: bool
    why: str
    address: str
    check: str
    seen: str


async def show_on_screens(redis: Redis, draw_id: UUID, *, now: datetime) -> None:
    """Put a draw on every screen that follows "auto": until something newer is live, for six hours at most."""
    await redis.set(STAGE, f"{draw_id}@{now.isoformat()}", ex=SHOWN_FOR)
    await ticks.announce(redis, f"draw:{draw_id}")


async def take_off_screens(redis: Redis, draw_id: UUID) -> None:
    """The screens go back to what they showed."""
    if await on_stage(redis) == draw_id:
        await redis.delete(STAGE)
        await ticks.announce(redis, f"draw:{draw_id}")


async def staged(redis: Redis) -> tuple[UUID, datetime] | None:
    """The draw that was put on the screens, and when; None when none is."""
    found = await redis.get(STAGE)
    draw, _, at = ("" if found is None else found.decode()).partition("@")
    return (UUID(draw), datetime.fromisoformat(at)) if at else None


async def on_stage(redis: Redis) -> UUID | None:
    """The draw that was put on the screens, None when none is."""
    found = await staged(redis)
    return None if found is None else found[0]


async def keep_dice(redis: Redis, draw_id: UUID, digits: str) -> None:
    """Show typed dice to the hall before they count, so that everybody can compare them with the table."""
    await redis.set(_dice(draw_id), digits, ex=DICE_KEPT)
    await ticks.announce(redis, f"draw:{draw_id}")


async def drop_dice(redis: Redis, draw_id: UUID) -> None:
    """Typed wrongly: away with them."""
    await redis.delete(_dice(draw_id))
    await ticks.announce(redis, f"draw:{draw_id}")


async def kept_dice(redis: Redis, draw_id: UUID) -> str:
    """The dice as typed, "" when none are waiting."""
    found = await redis.get(_dice(draw_id))
    return "" if found is None else str(found.decode())


async def show_up_to(redis: Redis, draw_id: UUID, line: int) -> None:
    """Winners up to this line of the log (from 1) may be seen on office screens; never fewer than before."""
    if await redis.zadd(SHOWN, {str(draw_id): line}, gt=True, ch=True):
        await ticks.announce(redis, f"draw:{draw_id}")


async def shown_up_to(redis: Redis, draw_id: UUID) -> int:
    """The last line of the log whose winners may be seen; 0 when none was shown yet."""
    found = await redis.zscore(SHOWN, str(draw_id))
    return 0 if found is None else int(found)


async def stage_version(redis: Redis, draw_id: UUID, now: datetime) -> str | None:
    """Names the picture of a draw as of now, cheaply; None: no such draw."""
    found = await queries.stage_mark(draw_id, now)
    if found is None:
        return None
    called = found.called_at
    calling = called is not None and now < called + timedelta(seconds=found.call_seconds) + CALLED_FOR
    held = await shown_up_to(redis, draw_id) if found.state == "drawn" else 0
    marks = (found.version, await kept_dice(redis, draw_id), held, called if calling else "", found.objections)
    return "-".join(str(int(mark) if isinstance(mark, bool) else mark or 0) for mark in marks).replace(" ", "T")


async def stage_facts(redis: Redis, draw_id: UUID, *, public_url: str, now: datetime) -> Stage:
    """What block `state` of screen/stage.html shows, given to it as `stage`. Refusal draw.unknown.

    Ask again after every tick `draw:{id}`. The page that holds the block needs draw/stage_page.css besides screen.css.
    """
    seen = await stage_version(redis, draw_id, now)
    facts = await queries.draw_facts(draw_id)
    if seen is None or facts is None:
        raise Refusal("draw.unknown")
    draw, venue = facts.draw, await queries.venue(draw_id)
    waiting = await kept_dice(redis, draw_id) if draw.state in ("armed", "drawn") else ""
    seats: Mapping[UUID, Sequence[Seat]] = {}
    hidden = 0
    if draw.state == "closed":
        seats = {
            prize: [Seat(win.shown, win.unit) for win in facts.winners.get(prize, ())]
            for prize in (one.id for one in facts.prizes)
        }
    elif venue is not None and draw.state == "drawn":
        seats, hidden = revealed(venue, facts.prizes, await shown_up_to(redis, draw_id))
    prizes = [prize for prize in facts.prizes if prize.id in seats] or facts.prizes
    won = _fitting(prizes, seats) if seats else []
    called = None if venue is None else calling(venue, facts.prizes, now)
    wanted = dice_wanted(venue)
    address = f"{public_url}/draws/{draw.slug}"
    return Stage(
        draw=draw,
        scene=_scene(draw, venue, waiting=bool(waiting), called=called, shown=bool(seats)),
        prizes=facts.prizes[::-1][:MOST_PRIZES],
        prizes_more=max(0, len(prizes) - MOST_PRIZES),
        won=won,
        hidden=hidden,
        density=_density(won),
        wanted=wanted,
        wanted_for=_wanted_for(draw, facts.prizes, wanted),
        digits=dice_groups(waiting or draw.digits),
        custodians=() if venue is None else venue.custodians,
        rounds=_rounds(draw, venue),
        called=called,
        code="" if venue is None else venue.code,
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        objections=draw.arm_after is not None and now < draw.arm_after,
        why=await why_off(draw, venue),
        address=f"{address}/verify",
        check="" if draw.rehearses is not None else f"{address}/check",
        seen=seen,
    )


def _scene(draw: DrawRow, venue: Venue | None, *, waiting: bool, called: Called | None, shown: bool) -> str:
    if draw.state in ("frozen", "closed", "cancelled"):
        return {"frozen": "frozen", "closed": "result", "cancelled": "off"}[draw.state]
    if waiting:
        return "dice"
    if draw.state in ("armed", "rolled"):
        return {"armed": "armed", "rolled": "secrets"}[draw.state]
    if draw.state != "drawn" or venue is None:
        return "before"
    if venue.waiting is not None:
        return "redraw"
    if called is not None:
        return "called"
    return "winners" if shown or not venue.places else "held"


def revealed(venue: Venue, prizes: Sequence[PrizeRow], upto: int) -> tuple[dict[UUID, list[Seat]], int]:
    """Standing winners that may be seen, by prize in their order, and how many may not be seen yet.

    A prize of which nobody is to be seen is left out; a place that nobody could win says so by being none.
    """
    numbers = {event.text.rpartition(" ")[0]: event.number for event in venue.events if event.kind == "win"}
    ids = {prize.code: prize.id for prize in prizes}
    seats: dict[UUID, list[Seat]] = {}
    hidden = 0
    for place in venue.places:
        if numbers[f"win {place.prize} {place.slot} {place.attempt}"] > upto and place.called_at is None:
            hidden += 1
            continue
        own = seats.setdefault(ids[place.prize], [])
        if place.line is not None:
            own.append(Seat(place.shown, place.unit))
    return seats, hidden


def calling(venue: Venue, prizes: Sequence[PrizeRow], now: datetime) -> Called | None:
    """Who was called last, while that is news: for its countdown and a while after, until another round is drawn."""
    whole = timedelta(seconds=venue.manifest.call_seconds)
    kinds = [event.kind for event in venue.events]
    called: list[tuple[datetime, Slot]] = [
        (place.called_at, place) for place in venue.places if place.called_at is not None and place.state == "called"
    ]
    if venue.state != "drawn" or not called or "round" in kinds[len(kinds) - kinds[::-1].index("call") :]:
        return None
    at, place = max(called, key=lambda one: one[0])
    if now >= at + whole + CALLED_FOR:
        return None
    name = next(prize.name for prize in prizes if prize.code == place.prize)
    return Called(Seat(place.shown, place.unit), name, at + whole, int(whole.total_seconds() * 1000))


async def why_off(draw: DrawRow, venue: Venue | None) -> str:
    """In words why a draw was called off; the reason that the log gives when it was called off elsewhere."""
    if draw.state != "cancelled":
        return ""
    history = await queries.history(draw.id)
    said = next((line.why for line in reversed(history) if line.code == "draw.cancelled"), "")
    aborted = [] if venue is None else [event.text for event in venue.events if event.kind == "abort"]
    return said or (aborted[-1].partition(" ")[2] if aborted else "")


def _rounds(draw: DrawRow, venue: Venue | None) -> list[tuple[str, bool]]:
    """(name, whether it was drawn), when there are several."""
    if venue is None or len(venue.rounds) < 2:
        return []
    names = {one.code: one.name for one in draw.rounds}
    return [(names.get(one.id, one.id), one.drawn) for one in venue.rounds]


def _wanted_for(draw: DrawRow, prizes: Sequence[PrizeRow], wanted: Dice | None) -> str:
    """The prize that is drawn again, or the round; "" for the dice of the whole draw."""
    if wanted is None:
        return ""
    names = {one.code: one.name for one in draw.rounds} | {prize.code: prize.name for prize in prizes if wanted.prize}
    return names.get(wanted.prize or wanted.round, "")


def _fitting(prizes: Sequence[PrizeRow], winners: Mapping[UUID, Sequence[Seat]]) -> list[Won]:
    """The main prize first. A prize with a crowd of winners gives way to the others."""
    shown = prizes[::-1][:MOST_PRIZES]
    shares: dict[UUID, int] = {}
    left = MOST_NAMES
    for number, prize in enumerate(sorted(shown, key=lambda prize: len(winners[prize.id]))):
        shares[prize.id] = min(len(winners[prize.id]), left // (len(shown) - number))
        left -= shares[prize.id]
    return [
        Won(prize, winners[prize.id][: shares[prize.id]], len(winners[prize.id]) - shares[prize.id]) for prize in shown
    ]


def _density(won: Sequence[Won]) -> str:
    """few, some or many: how large the names can be so that all lines fit (draw/stage_page.css goes by it)."""
    for density, most in LINES.items():
        abreast = NAMES_ABREAST[density]
        if sum(max(1, -(-(len(one.winners) + bool(one.more)) // abreast)) for one in won) <= most:
            return density
    return "many"


def _dice(draw_id: UUID) -> str:
    return f"laurel:dice:{draw_id}"
