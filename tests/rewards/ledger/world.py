"""People, units and seasons to post for, and what a board holds byte for byte."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from redis.asyncio import Redis

from rewards import database as db
from rewards.boards import rules as boards
from rewards.ledger.actions import Award, award, bring_up, open_season
from rewards.ledger.earnings import Earning
from rewards.ledger.queries import Earned, Posted, SeasonRow, page_of_standings
from rewards.ledger.rules import WHOLE

FIRST_DAY = date(2026, 9, 1)
NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)


async def people(count: int) -> list[UUID]:
    """Members by ascending id."""
    ids = sorted(uuid4() for _ in range(count))
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at) SELECT id, id::text, 'Name ' || id, $2"
        " FROM unnest($1::uuid[]) AS id",
        ids,
        NOON,
    )
    return ids


async def unit(name: str, parent: UUID | None = None) -> UUID:
    id = uuid4()
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, $2, $3, $3)", id, parent, name)
    return id


async def belong(members: Sequence[UUID], unit: UUID, since: date = FIRST_DAY, until: date | None = None) -> None:
    await db.rows(
        "INSERT INTO membership (id, member, unit, since, until)"
        " SELECT gen_random_uuid(), member, $2, $3, $4 FROM unnest($1::uuid[]) AS member",
        list(members),
        unit,
        since,
        until,
    )


async def leave(member: UUID, day: date | None) -> None:
    await db.rows("UPDATE member SET left_on = $2 WHERE id = $1", member, day)


async def season(starts_on: date = FIRST_DAY, days: int = 90) -> SeasonRow:
    ends_on = starts_on + timedelta(days=days - 1)
    return await open_season("Season", starts_on, ends_on, at=NOON, actor=None, new_id=uuid4())


HOURS = Earning("hours", "Volunteer hours", "minutes", {"sum": "Hours served"}, daily_cap=480, spend_percent=50)
"""Something that no game of ours pays."""


async def declare(*earnings: Earning) -> None:
    """Let the ledger know these, and no others."""
    async with db.transaction() as connection:
        await bring_up(connection, earnings)


async def post(
    awards: Sequence[Award],
    season: SeasonRow,
    *,
    rule: str = "quiz",
    day: date | None = None,
    at: datetime = NOON,
    actor: UUID | None = None,
) -> list[Posted]:
    async with db.transaction():
        return await award(
            awards,
            rule=rule,
            season=season.id,
            day=season.starts_on + timedelta(days=1) if day is None else day,
            at=at,
            actor=actor,
            new_id=uuid4,
        )


async def standings(season: SeasonRow, week: date = WHOLE, *, day: date | None = None) -> list[Earned]:
    """All of a season or of a week of it, by member id, but for who had left by the day (its first)."""
    return await page_of_standings(season, week, day=day or season.starts_on, after=UUID(int=0), limit=10_000)


async def held(redis: Redis, board: str) -> tuple[list[tuple[bytes, float]], dict[bytes, bytes], dict[bytes, bytes]]:
    """The board's bytes: sorted set, guard, rates."""
    pipe = redis.pipeline()
    pipe.zrange(boards.key(board), 0, -1, withscores=True)
    pipe.hgetall(boards.guard_key(board))
    pipe.hgetall(boards.rates_key(board))
    ranked, guard, rates = await pipe.execute()
    return ranked, guard, rates


async def held_of_season(redis: Redis, season: UUID) -> dict[bytes, object]:
    """Every key of the season's boards with its bytes."""
    keys = sorted(await redis.keys(f"board:{{*{season}*"))
    pipe = redis.pipeline()
    for key in keys:
        if key.endswith(b"}"):
            pipe.zrange(key, 0, -1, withscores=True)
        else:
            pipe.hgetall(key)
    return dict(zip(keys, await pipe.execute(), strict=True))
