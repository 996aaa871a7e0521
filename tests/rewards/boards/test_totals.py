"""Totals of members and units against a plain count of the same history: late, moved, taken back, out of order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards import database as db
from rewards.boards import actions, checks, queries, rules
from rewards.boards.rules import UnitScore
from rewards.ledger import checks as ledger_checks
from rewards.ledger import queries as ledger
from rewards.ledger.actions import TOTALS, Award, add_up, reverse
from rewards.ledger.queries import SeasonRow
from rewards.ledger.rules import WHOLE
from server.runtime.migrate import ADDING_UP, pending
from tests.laws import examples
from tests.rewards.ledger.world import (
    FIRST_DAY,
    NOON,
    belong,
    held_of_season,
    leave,
    people,
    post,
    season,
    standings,
    unit,
)

PEOPLE, UNITS = 4, 4

HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(0, PEOPLE - 1), st.integers(0, 9), st.integers(0, 40)),
        st.tuples(st.just("undo"), st.integers(0, 9), st.just(0), st.just(0)),
        st.tuples(st.just("move"), st.integers(0, PEOPLE - 1), st.integers(0, UNITS - 1), st.just(0)),
        st.tuples(st.just("leave"), st.integers(0, PEOPLE - 1), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("lift"), st.integers(1, UNITS - 1), st.integers(0, UNITS - 2), st.just(0)),
        st.tuples(st.just("sleep"), st.integers(1, 30), st.just(0), st.just(0)),
    ),
    max_size=16,
)


@dataclass
class Plain:
    """The same history in dictionaries, added up from the beginning whenever it is asked."""

    redis: Redis
    season: SeasonRow
    members: list[UUID]
    units: list[UUID]
    today: date
    posted: dict[str, tuple[UUID, int, date]] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    unit_of: dict[UUID, UUID] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)
    parent: dict[UUID, UUID | None] = field(default_factory=dict)

    def points(self, week: date = WHOLE) -> dict[UUID, int]:
        found: dict[UUID, int] = {}
        for key, (member, points, day) in self.posted.items():
            if week in (WHOLE, rules.monday(day)):
                found[member] = found.get(member, 0) + (0 if key in self.undone else points)
        return found

    def scores(self) -> dict[UUID, UnitScore]:
        counts: dict[UUID, list[int]] = {}
        points = self.points()
        for member in self.members:
            at = None if member in self.gone else self.unit_of.get(member)
            while at is not None:
                count = counts.setdefault(at, [0, 0, 0])
                count[0] += 1
                count[1] += member in points
                count[2] += points.get(member, 0)
                at = self.parent[at]
        return {one: UnitScore(one, *count) for one, count in counts.items()}

    async def carry_out(self, kind: str, one: int, other: int, third: int) -> list[UUID]:
        """A piece of history; whom it concerns."""
        if kind == "earn":
            return await self._earn(self.members[one], other, max(FIRST_DAY, self.today - timedelta(days=third)))
        if kind == "undo":
            return await self._undo(one)
        if kind == "move":
            return await self._move(self.members[one], self.units[other])
        if kind == "leave":
            await leave(self.members[one], self.today if other else None)
            (self.gone.add if other else self.gone.discard)(self.members[one])
            return [self.members[one]]
        if kind == "lift":
            await self._lift(self.units[one], self.units[min(other, one - 1)])
        else:
            self.today = min(self.today + timedelta(days=one), self.season.ends_on)
        return []

    async def _earn(self, member: UUID, points: int, day: date) -> list[UUID]:
        key = f"{self.members[0]}:{len(self.posted)}"
        await post([Award(key, member, points)], self.season, day=day, at=NOON + timedelta(seconds=len(self.posted)))
        self.posted[key] = member, points, day
        return [member]

    async def _undo(self, number: int) -> list[UUID]:
        keys = [key for key in self.posted if key not in self.undone]
        if number >= len(keys):
            return []
        async with db.transaction():
            await reverse(keys[number], by_key=f"undo:{keys[number]}", at=NOON, actor=None, why="", new_id=uuid4)
        self.undone.add(keys[number])
        return [self.posted[keys[number]][0]]

    async def _move(self, member: UUID, to: UUID) -> list[UUID]:
        await db.rows("DELETE FROM membership WHERE member = $1", member)
        await belong([member], to)
        self.unit_of[member] = to
        return [member]

    async def _lift(self, moved: UUID, below: UUID) -> None:
        await db.rows("UPDATE unit SET parent = $2 WHERE id = $1", moved, below)
        self.parent[moved] = below

    async def follow(self, members: Sequence[UUID]) -> None:
        """What the intents of a piece of history do, in whatever order they come."""
        await actions.refresh_members(self.redis, self.season.id, members, today=self.today)
        lifted = await queries.units_moved(self.season.id)
        await actions.refresh_units(self.redis, self.season.id, None if lifted else members, today=self.today)


async def plain(redis: Redis, autumn: SeasonRow) -> Plain:
    """Whoever an earlier example has left here has gone before the first day."""
    await db.rows("UPDATE member SET left_on = $1", FIRST_DAY)
    await db.rows("DELETE FROM membership")
    root = await unit(f"Works {uuid4()}")
    tree = [root] + [await unit(f"Hall {n} {uuid4()}", root) for n in range(1, UNITS)]
    there = Plain(redis, autumn, await people(PEOPLE), tree, FIRST_DAY + timedelta(days=5))
    there.parent = {root: None} | dict.fromkeys(tree[1:], root)
    return there


@examples(30, over_one_fixture=True)
@given(history=HISTORY, followed=st.lists(st.booleans(), min_size=16, max_size=16), seed=st.integers(0, 2**32))
async def test_totals_are_those_of_a_plain_count(
    database: str,
    redis: Redis,
    history: list[tuple[str, int, int, int]],
    followed: list[bool],
    seed: int,
) -> None:
    """Some of what follows is killed and comes late, in any order, and twice."""
    found = await ledger.seasons()
    autumn = found[0] if found else await season()
    there = await plain(redis, autumn)
    await redis.flushall()
    await actions.rebuild(redis, today=there.today)
    late: list[list[UUID]] = []
    for piece, at_once in zip(history, followed, strict=False):
        concerned = await there.carry_out(*piece)
        if at_once:
            await there.follow(concerned)
        late.append(concerned)
    random.Random(seed).shuffle(late)
    for concerned in [*late, []]:
        await there.follow(concerned)

    assert await ledger_checks.totals_of(there.members) == []
    for week in (WHOLE, *{rules.monday(day) for _, _, day in there.posted.values()}):
        ours = {one.member: one.points for one in await standings(autumn, week, day=there.today)}
        assert ours == {member: points for member, points in there.points(week).items() if member not in there.gone}
    scores = await queries.unit_scores(autumn.id)
    assert {one: score for one, score in scores.items() if one in there.units} == there.scores()
    drifted = await checks.drift(redis, today=there.today)
    assert [one for one in drifted if one.board == rules.unit_board(autumn.id)] == []
    moved = await held_of_season(redis, autumn.id)
    await redis.flushall()
    await actions.rebuild(redis, today=there.today)
    made = await held_of_season(redis, autumn.id)
    kept = {rules.board_of(autumn.id, week) for week in queries.all_of(autumn, there.today)}
    moved = {key: held for key, held in moved.items() if key.decode().split("{")[1].split("}")[0] in kept}
    assert {key: made[key] for key in moved} == moved, "but for weeks whose time has run out"


async def test_a_season_that_is_over_keeps_the_units_of_its_last_day(database: str, redis: Redis) -> None:
    """Worker asleep over the turn of the season: who joins and leaves later counts in the next one alone."""
    autumn = await season(days=30)
    winter = await season(autumn.ends_on + timedelta(days=1), days=30)
    hall = await unit("Hall")
    ann, bob, eve = await people(3)
    await belong([ann, bob], hall)
    await belong([eve], hall, since=winter.starts_on)
    await leave(bob, winter.starts_on)
    await post([Award("a", ann, 4), Award("b", bob, 5)], autumn)
    await actions.turn_of_day(redis, today=autumn.starts_on)
    assert await queries.unit_scores(autumn.id) == {hall: UnitScore(hall, 2, 2, 9)}
    assert await actions.turn_of_day(redis, today=winter.starts_on + timedelta(days=3)) == 2
    assert await actions.turn_of_day(redis, today=winter.starts_on + timedelta(days=3)) == 0
    assert await queries.unit_scores(autumn.id) == {hall: UnitScore(hall, 2, 2, 9)}
    assert await queries.unit_scores(winter.id) == {hall: UnitScore(hall, 2, 0, 0)}
    await post([Award("late", bob, 1)], autumn)
    await actions.refresh_units(redis, autumn.id, [bob], today=winter.ends_on)
    assert await queries.unit_scores(autumn.id) == {hall: UnitScore(hall, 2, 2, 10)}


async def test_an_earlier_ledger_is_added_up_and_a_stop_goes_on(database: str) -> None:
    """As a migration finds it: postings, no totals. It is stopped in the middle, and the next start goes on."""
    members, autumn = await people(1_200), await season()
    await post([Award(f"{one}", one, 3) for one in members], autumn)
    right = await standings(autumn)
    await db.rows("DELETE FROM total")
    await db.rows("INSERT INTO checkpoint (name, place) VALUES ($1, '')", TOTALS)
    connection = await asyncpg.connect(database)
    told: list[tuple[int, int]] = []

    def stopped(done: int, count: int) -> None:
        told.append((done, count))
        if done:
            raise KeyboardInterrupt

    try:
        await add_up(connection, stopped)
    except KeyboardInterrupt:
        assert told == [(0, 1_200), (500, 1_200)]
    assert await standings(autumn) == right[:500]
    assert ADDING_UP in await pending(connection)
    told.clear()
    assert await add_up(connection, lambda done, count: told.append((done, count)))
    assert told == [(500, 1_200), (1_000, 1_200), (1_200, 1_200)]
    assert await standings(autumn) == right
    assert ADDING_UP not in await pending(connection)
    assert not await add_up(connection, lambda *_: None)
    await connection.close()
