"""A plant with people who have earned points, and a draw over them."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, rules
from rewards.draws.actions import Frozen
from rewards.draws.eligibility import Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, Terms
from rewards.ledger.actions import Award, award, open_season
from rewards.outbox.queries import Overdue, overdue
from server.runtime.chance import human_code, new_id

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
TODAY = date(2026, 9, 2)
HOUR = timedelta(hours=1)
DICE = "3141 5926 5358 9793 2384"
PROGRAM = b"<!doctype html><title>kit</title>"
"""Stands for the empty kit, whose bytes the freeze publishes and promises."""
PRIZES = (PrizeTerms("third", "Thermos", 2), PrizeTerms("first", "Bicycle", 1))


@dataclass(frozen=True)
class Plant:
    """`workers` by staff number; worker n has n * 30 points. The organiser plans, the cashier hands over."""

    season: UUID
    units: tuple[UUID, UUID]
    workers: list[UUID]
    organiser: UUID
    cashier: UUID


async def member(number: str, name: str, *roles: str, unit: UUID | None = None) -> UUID:
    id = uuid4()
    await db.rows(
        "INSERT INTO member (id, staff_number, name, roles, created_at) VALUES ($1, $2, $3, $4, $5)",
        id,
        number,
        name,
        list(roles),
        NOW,
    )
    if unit is not None:
        await db.rows(
            "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, $4)", uuid4(), id, unit, TODAY
        )
    return id


async def earn(member: UUID, points: int, season: UUID, key: str = "") -> None:
    async with db.transaction():
        await award(
            [Award(key or f"quiz:{uuid4()}", member, points)],
            rule="quiz",
            season=season,
            day=TODAY,
            at=NOW,
            new_id=uuid4,
        )


async def plant(workers: int = 9) -> Plant:
    season = await open_season("Autumn", date(2026, 9, 1), date(2026, 11, 30), at=NOW, actor=None, new_id=uuid4())
    top, below = uuid4(), uuid4()
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, NULL, '一车间', '一车间')", top)
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, $2, '装配', '一车间/装配')", below, top)
    people = [await member(f"E{n:04}", f"李娜{n}", unit=(top, below, None)[n % 3]) for n in range(workers)]
    for n, one in enumerate(people):
        if n:
            await earn(one, n * 30, season.id)
    return Plant(
        season.id,
        (top, below),
        people,
        await member("O1", "Wang Fang", "organiser"),
        await member("O2", "Zhao Min", "organiser"),
    )


def terms(there: Plant, /, **changed: object) -> Terms:
    """Two custodians of different offices, no time for objections, winners absent as soon as they are called."""
    given = {
        "title": "Autumn draw",
        "season": there.season,
        "rule": Rule(per=50, cap=4),
        "prizes": PRIZES,
        "custodians": custodians(there),
        "dispute_hours": 0,
        "call_seconds": 0,
        **changed,
    }
    return Terms(**given)  # type: ignore[arg-type]


def custodians(there: Plant) -> tuple[CustodianTerms, ...]:
    return (
        CustodianTerms("organiser", "Wang Fang", there.organiser),
        CustodianTerms("union", "Zhao Min", there.cashier),
    )


async def plan_draw(redis: Redis, there: Plant, **changed: object) -> UUID:
    """A draft whose custodians have not sealed."""
    return await actions.create_draw(
        redis, terms(there, **changed), actor=there.organiser, now=NOW, today=TODAY, new_id=new_id
    )


def secret_of(label: str) -> bytes:
    """The secret of a custodian, which a test may know."""
    return hashlib.sha256(label.encode()).digest()


async def seal_all(redis: Redis, draw: UUID, now: datetime = NOW) -> None:
    """Every custodian seals `secret_of` his label; one who is not on the roster by a stranger's hand."""
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    for one in await db.rows("SELECT label, member FROM custodian WHERE draw = $1 AND commitment IS NULL", draw):
        commitment = rules.commitment(slug, one["label"], secret_of(one["label"]))
        await actions.seal(redis, draw, one["label"], commitment, member=one["member"] or uuid4(), now=now)


async def sealed(redis: Redis, there: Plant, **changed: object) -> UUID:
    """A draft that can be frozen."""
    draw = await plan_draw(redis, there, **changed)
    await seal_all(redis, draw)
    return draw


async def frozen(
    redis: Redis, draw: UUID, actor: UUID | None = None, now: datetime = NOW + HOUR, program: bytes = PROGRAM
) -> Frozen:
    """Freeze a sealed draft."""
    done = await actions.freeze(
        redis, draw, now=now, actor=actor, new_id=new_id, random_bytes=secrets.token_bytes, program=program
    )
    assert done is not None
    return done


async def frozen_draw(redis: Redis, there: Plant, **changed: object) -> UUID:
    """A frozen draw that can be armed at once."""
    draw = await sealed(redis, there, **changed)
    await frozen(redis, draw)
    return draw


async def held(
    redis: Redis, draw: UUID, actor: UUID, digits: str = DICE, now: datetime = NOW + 2 * HOUR
) -> actions.Logged:
    """Arm a frozen draw, throw the dice, open all secrets: the winners of the first round are known."""
    await actions.arm(redis, draw, actor=actor, now=now, new_id=new_id)
    logged = await actions.roll(redis, draw, digits, actor=actor, now=now, new_id=new_id)
    for one in await db.rows("SELECT label FROM custodian WHERE draw = $1 ORDER BY position", draw):
        logged = await actions.reveal(
            redis,
            draw,
            secret_of(one["label"]).hex(),
            actor=actor,
            now=now,
            new_id=new_id,
            new_code=lambda: human_code(8),
        )
    return logged


async def due(at: datetime) -> list[Overdue]:
    """What has not been carried out by then, but for the boards that follow what `plant` posted."""
    return [one for one in await overdue(at, limit=1000) if one.kind != "refresh_boards"]
