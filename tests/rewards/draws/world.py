"""A plant with people who have earned points, and a draw over them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions
from rewards.draws.actions import Frozen
from rewards.draws.eligibility import Rule
from rewards.draws.terms import PrizeTerms, Terms
from rewards.ledger.actions import Award, award, open_season
from server.runtime.chance import new_id

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
TODAY = date(2026, 9, 2)
HOUR = timedelta(hours=1)
DICE = "3141 5926 5358 9793 2384"
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


def terms(season: UUID, /, **changed: object) -> Terms:
    rule = changed.pop("rule", Rule(per=50, cap=4))
    given = {"title": "Autumn draw", "season": season, "rule": rule, "prizes": PRIZES, **changed}
    return Terms(**given)  # type: ignore[arg-type]


async def planned(redis: Redis, there: Plant, **changed: object) -> UUID:
    return await actions.create_draw(
        redis, terms(there.season, **changed), actor=there.organiser, now=NOW, today=TODAY, new_id=new_id
    )


async def frozen(redis: Redis, draw: UUID, actor: UUID | None = None) -> Frozen:
    done = await actions.freeze(redis, draw, now=NOW + HOUR, actor=actor, new_id=new_id, random_bytes=bytes_of())
    assert done is not None
    return done


async def held(redis: Redis, draw: UUID, actor: UUID, digits: str = DICE) -> actions.Held:
    return await actions.hold(redis, draw, digits, actor=actor, now=NOW + 2 * HOUR, new_id=new_id, new_code=codes())


def bytes_of() -> actions.RandomBytes:
    return secrets.token_bytes


def codes():
    numbers = count(1)
    prefix = secrets.token_hex(3)
    return lambda: f"{prefix}{next(numbers)}"
