"""The stage: one draw on the screens, from its promise over the dice to the winners.

Which draw is on the screens, and dice that are typed but not yet confirmed, live in Redis for some hours and nowhere
else: losing them loses nothing that counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import ticks
from rewards.draws import queries
from rewards.draws.queries import DrawRow, PrizeRow, WinRow
from rewards.draws.states import grouped
from rewards.refusals import Refusal

STAGE: Final = "laurel:stage"
SHOWN_FOR: Final = timedelta(hours=6)
DICE_KEPT: Final = timedelta(hours=1)
FRESH: Final = timedelta(hours=6)
"""A draw held so recently is still worth a screen of its own."""

MOST_NAMES: Final = 36
MOST_PRIZES: Final = 8
NAMES_ABREAST: Final = {"few": 3, "some": 4, "many": 5}
LINES: Final = {"few": 4, "some": 7}
"""What a stage of 1920x1080 holds at a size that reads from eight metres; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Won:
    """A prize with those who are shown; `more` are not."""

    prize: PrizeRow
    winners: Sequence[WinRow]
    more: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What is to be seen now. `scene` is before, dice, result or off (called off); `seen` names this very picture.

    Prizes: the main one, which is drawn last, first; `prizes_more` do not fit. `digits` and `fingerprint` in groups,
    empty when there are none. `density` (few, some, many) says how large the winners' names can be.
    """

    draw: DrawRow
    scene: str
    prizes: Sequence[PrizeRow]
    prizes_more: int
    won: Sequence[Won]
    density: str
    digits: Sequence[str]
    fingerprint: Sequence[str]
    address: str
    seen: str


_SCENES: Final = {"drawn": "result", "cancelled": "off"}


async def show_on_screens(redis: Redis, draw_id: UUID) -> None:
    """Put a draw on every screen that follows "auto", for six hours or until another is put there."""
    await redis.set(STAGE, str(draw_id), ex=SHOWN_FOR)
    await ticks.announce(redis, f"draw:{draw_id}")


async def take_off_screens(redis: Redis, draw_id: UUID) -> None:
    """The screens go back to what they showed."""
    if await on_stage(redis) == draw_id:
        await redis.delete(STAGE)
        await ticks.announce(redis, f"draw:{draw_id}")


async def on_stage(redis: Redis) -> UUID | None:
    """The draw that was put on the screens, None when none is."""
    found = await redis.get(STAGE)
    return None if found is None else UUID(found.decode())


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


async def stage_facts(redis: Redis, draw_id: UUID, *, public_url: str) -> Stage:
    """What block `state` of screen/stage.html shows, given to it as `stage`. Refusal draw.unknown.

    Ask again after every tick `draw:{id}`. The page that holds the block needs draws.css besides screen.css.
    """
    facts = await queries.draw_facts(draw_id)
    if facts is None:
        raise Refusal("draw.unknown")
    draw = facts.draw
    waiting = await kept_dice(redis, draw_id) if draw.state == "frozen" else ""
    won = _shown(facts.prizes, {prize.id: facts.winners.get(prize.id, ()) for prize in facts.prizes})
    return Stage(
        draw=draw,
        scene=_SCENES.get(draw.state, "dice" if waiting else "before"),
        prizes=facts.prizes[::-1][:MOST_PRIZES],
        prizes_more=max(0, len(facts.prizes) - MOST_PRIZES),
        won=won,
        density=_density(won),
        digits=grouped(draw.digits or waiting, 4),
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        address=f"{public_url}/draws/{draw.slug}/verify",
        seen=f"{draw.version}-{waiting}",
    )


def _shown(prizes: Sequence[PrizeRow], winners: Mapping[UUID, Sequence[WinRow]]) -> list[Won]:
    """The main prize first. A prize with a crowd of winners gives way to the others."""
    shown = prizes[::-1][:MOST_PRIZES]
    shares: dict[UUID, int] = {}
    left = MOST_NAMES
    for number, prize in enumerate(sorted(shown, key=lambda prize: len(winners[prize.id]))):
        shares[prize.id] = min(len(winners[prize.id]), left // (len(shown) - number))
        left -= shares[prize.id]
    return [
        Won(
            prize,
            winners[prize.id][: shares[prize.id]],
            len(winners[prize.id]) - shares[prize.id],
        )
        for prize in shown
    ]


def _density(won: Sequence[Won]) -> str:
    """few, some or many: how large the names can be so that all lines fit (draws.css goes by it)."""
    for density, most in LINES.items():
        abreast = NAMES_ABREAST[density]
        if sum(max(1, -(-(len(one.winners) + bool(one.more)) // abreast)) for one in won) <= most:
            return density
    return "many"


def _dice(draw_id: UUID) -> str:
    return f"laurel:dice:{draw_id}"
