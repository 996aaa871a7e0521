"""Season, week and unit boards follow the ledger: in any order, at once, repeated, and the same as made anew."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextvars import Context
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards import database as db
from rewards.boards import actions, queries, rules
from rewards.boards import checks as board_checks
from rewards.boards.actions import place, rebuild, refresh_members, refresh_units, replace, take_off
from rewards.boards.checks import Difference
from rewards.boards.queries import Shown
from rewards.boards.rules import BoardScore
from rewards.ledger import checks as ledger_checks
from rewards.ledger import queries as ledger
from rewards.ledger.actions import Award, reverse, set_rule
from rewards.ledger.queries import SeasonRow
from rewards.refusals import Refusal
from tests.laws import examples
from tests.rewards.ledger.world import (
    FIRST_DAY,
    NOON,
    belong,
    held,
    held_of_season,
    leave,
    people,
    post,
    season,
    unit,
)

TODAY = FIRST_DAY + timedelta(days=10)
LAW_DAY = FIRST_DAY + timedelta(days=20)

FACTS = st.lists(
    st.tuples(
        st.integers(0, 3),  # member
        st.integers(0, 3) | st.just(1000),  # points
        st.integers(0, 20),  # day of the season
        st.integers(0, 4),  # seconds after noon
        st.booleans(),  # reversed
    ),
    max_size=12,
)


async def undo(key: str, by_key: str) -> None:
    async with db.transaction():
        await reverse(key, by_key=by_key, at=NOON, actor=None, why="", new_id=uuid4)


async def carry_out(
    redis: Redis, autumn: SeasonRow, facts: list[tuple[int, int, int, int, bool]], chance: random.Random
) -> list[UUID]:
    """Post and reverse everything for four new members, each twice, several at once, in an order of its own, moving
    boards between; return the members."""
    members = await people(4)

    async def one(number: int, undoing: bool) -> bool:
        who, points, day, second, _ = facts[number]
        key = f"{members[0]}:{number}"
        try:
            if undoing:
                await undo(key, f"undo:{key}")
            else:
                at = NOON + timedelta(seconds=second)
                await post([Award(key, members[who], points)], autumn, day=FIRST_DAY + timedelta(days=day), at=at)
        except Refusal as refused:
            if refused.code != "ledger.unknown_key":
                raise
            return False
        if chance.random() < 0.5:
            await refresh_members(redis, autumn.id, chance.sample(members, 2), today=LAW_DAY)
        return True

    work = [(number, False) for number in range(len(facts))] * 2
    work += [(number, True) for number, fact in enumerate(facts) if fact[4]] * 2
    chance.shuffle(work)
    while work:
        now, work = work[:4], work[4:]
        done = await asyncio.gather(*(one(*piece) for piece in now))
        work += [piece for piece, good in zip(now, done, strict=True) if not good]
    await asyncio.gather(
        *(refresh_members(redis, autumn.id, chance.sample(members, 3), today=LAW_DAY) for _ in range(3)),
        *(refresh_members(redis, autumn.id, [member], today=LAW_DAY) for member in members),
    )
    return members


@examples(30, over_one_fixture=True)
@given(facts=FACTS, seeds=st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)))
async def test_any_order_gives_the_same_ledger_and_boards(
    database: str, redis: Redis, facts: list[tuple[int, int, int, int, bool]], seeds: tuple[int, int]
) -> None:
    found = await ledger.seasons()
    autumn = found[0] if found else await season()
    await set_rule("quiz", None, 33, at=NOON, actor=None)
    worlds = []
    for seed in seeds:
        members = await carry_out(redis, autumn, facts, random.Random(seed))
        await refresh_units(redis, autumn.id, today=LAW_DAY)
        moved = await held_of_season(redis, autumn.id)
        assert await ledger_checks.faults() == []
        await redis.flushall()
        await rebuild(redis, today=LAW_DAY)
        assert await held_of_season(redis, autumn.id) == moved
        assert await board_checks.drift(redis, today=LAW_DAY) == []
        assert await ledger_checks.faults() == []
        mondays = rules.weeks_kept(FIRST_DAY, LAW_DAY, LAW_DAY)
        boards: list[Any] = []
        for board in [rules.season_board(autumn.id)] + [rules.week_board(autumn.id, monday) for monday in mondays]:
            places = await queries.top(redis, board, 10_000)
            ours = [place for place in places if place.member in members]
            boards.append([(members.index(place.member), place.points, place.reached) for place in ours])
        balances = []
        for member in members:
            lines, paged = await ledger.statement(member, 99), []
            while page := await ledger.statement(member, 2, paged[-1].sequence if paged else None):
                paged += page
            assert paged == lines
            for currency in ("honour", "spend"):
                balances.append(await ledger.balance(member, currency))
                assert sum(getattr(line, currency) for line in lines) == balances[-1]
        worlds.append((balances, boards))
    assert worlds[0] == worlds[1]
    right = [sum(points for who, points, _, _, gone in facts if who == n and not gone) for n in range(4)]
    assert worlds[0][0][::2] == right


async def test_leavers_are_taken_off_and_come_back(database: str, redis: Redis) -> None:
    (ann, bob), autumn = await people(2), await season()
    await post([Award("a", ann, 5), Award("b", bob, 6)], autumn)
    await refresh_members(redis, autumn.id, [ann, bob], today=TODAY)
    before = await held_of_season(redis, autumn.id)
    await leave(bob, TODAY)
    assert len(await board_checks.drift(redis, today=TODAY)) == 2
    assert await board_checks.drift(redis, today=TODAY - timedelta(days=1)) == []
    await refresh_members(redis, autumn.id, [bob], today=TODAY)
    assert [one.member for one in await queries.top(redis, rules.season_board(autumn.id), 9)] == [ann]
    after = await held_of_season(redis, autumn.id)
    await rebuild(redis, today=TODAY)
    assert await held_of_season(redis, autumn.id) == after
    await leave(bob, None)
    await refresh_members(redis, autumn.id, [bob], today=TODAY)
    assert await held_of_season(redis, autumn.id) == before


async def test_a_past_season_stands_as_on_its_last_day(database: str, redis: Redis) -> None:
    (ann, bob), autumn = await people(2), await season()
    await post([Award("a", ann, 5), Award("b", bob, 6)], autumn)
    await leave(ann, autumn.ends_on + timedelta(days=1))
    later = autumn.ends_on + timedelta(days=100)
    await rebuild(redis, today=later)
    assert await queries.size(redis, rules.season_board(autumn.id)) == 2
    assert await board_checks.drift(redis, today=later) == []


async def test_weeks_are_boards_of_their_own_and_go_after_sixty_days(database: str, redis: Redis) -> None:
    (ann, bob), autumn = await people(2), await season()
    monday = rules.monday(FIRST_DAY) + timedelta(days=7)
    await post([Award("a", ann, 5)], autumn, day=monday - timedelta(days=1))
    await post([Award("b", bob, 6)], autumn, day=monday)
    await refresh_members(redis, autumn.id, [ann, bob], today=monday)
    first, second = rules.week_board(autumn.id, FIRST_DAY), rules.week_board(autumn.id, monday)
    assert [one.member for one in await queries.top(redis, first, 9)] == [ann]
    assert [one.member for one in await queries.top(redis, second, 9)] == [bob]
    for key in (rules.key(first), rules.guard_key(first)):
        assert 58 * 86400 < await redis.ttl(key) <= 59 * 86400
    assert await redis.ttl(rules.key(rules.season_board(autumn.id))) == -1
    await redis.flushall()
    later = monday + timedelta(days=59)
    assert await rebuild(redis, today=later) == [rules.season_board(autumn.id), second]
    assert await board_checks.drift(redis, today=later) == []


async def test_rebuild_mends_what_drift_names(database: str, redis: Redis) -> None:
    members, autumn = await people(3), await season()
    ann, bob, eve = members
    all_of_us = await unit("All")
    await belong(members, all_of_us)
    await post([Award("a", ann, 5), Award("b", bob, 6)], autumn)
    boards = await rebuild(redis, today=TODAY)
    season_board, week_board = rules.season_board(autumn.id), rules.week_board(autumn.id, FIRST_DAY)
    assert boards == [season_board, week_board, rules.unit_board(autumn.id)]
    right = await held_of_season(redis, autumn.id)
    places = {one.member: one for one in await queries.top(redis, season_board, 9)}
    guard = {UUID(bytes=raw): int(n) for raw, n in (await held(redis, season_board))[1].items()}
    fair = {one: (places[one].points, places[one].reached, guard[one]) for one in (ann, bob)}

    await place(redis, season_board, [BoardScore(ann, 500, 1, 10**6), BoardScore(eve, 1, 1, 1)])
    await take_off(redis, season_board, [bob])
    pipe = redis.pipeline()
    pipe.execute_command("HDEL", rules.guard_key(week_board), bob.bytes)
    pipe.hset(rules.rates_key(rules.unit_board(autumn.id)), mapping={all_of_us.bytes: b"9:9:9"})
    await pipe.execute()
    stray = rules.week_board(autumn.id, FIRST_DAY + timedelta(days=7))
    await place(redis, stray, [BoardScore(ann, 1, 1, 1)])
    found = await board_checks.drift(redis, today=TODAY)
    assert set(found) == {
        Difference(season_board, ann, fair[ann], (500, 1, 10**6)),
        Difference(season_board, bob, fair[bob], None),
        Difference(season_board, eve, None, (1, 1, 1)),
        Difference(week_board, bob, fair[bob], (*fair[bob][:2], -1)),
        Difference(stray, ann, None, (1, 1, 1)),
        *(one for one in found if one.board == rules.unit_board(autumn.id)),
    }
    (rates,) = (one for one in found if one.board == rules.unit_board(autumn.id))
    assert rates.wanted is not None
    assert rates.found is not None
    assert (rates.subject, rates.wanted[2:], rates.found[2:]) == (all_of_us, (3, 2, 11), (9, 9, 9))
    assert await board_checks.drift(redis, today=TODAY) == found, "looking mends nothing"
    await rebuild(redis, today=TODAY)
    assert await held_of_season(redis, autumn.id) == right
    assert await board_checks.drift(redis, today=TODAY) == []


async def test_rebuilding_while_points_are_posted_loses_nothing(database: str, redis: Redis) -> None:
    members, autumn = await people(30), await season()
    await belong(members, await unit("All"))

    async def earn(number: int) -> None:
        chosen = members[number % 7 :: 3]
        await post([Award(f"{number}:{one}", one, number) for one in chosen], autumn)
        await refresh_members(redis, autumn.id, chosen, today=TODAY)
        await refresh_units(redis, autumn.id, today=TODAY)

    async def come_and_go(member: UUID) -> None:
        for day in (TODAY, None, TODAY):
            await leave(member, day)
            await refresh_members(redis, autumn.id, [member], today=TODAY)
            await refresh_units(redis, autumn.id, today=TODAY)

    await asyncio.gather(
        *(earn(number) for number in range(1, 25)),
        *(rebuild(redis, today=TODAY) for _ in range(4)),
        *(come_and_go(member) for member in members[:3]),
    )
    assert await board_checks.drift(redis, today=TODAY) == []
    moved = await held_of_season(redis, autumn.id)
    await rebuild(redis, today=TODAY)
    assert await held_of_season(redis, autumn.id) == moved


async def test_sums_beyond_the_bounds_stay_on_the_board(database: str, redis: Redis) -> None:
    (ann,), autumn = await people(1), await season()
    await post([Award(f"k{n}", ann, 10_000_000) for n in range(27)], autumn, at=NOON + timedelta(days=900))
    await refresh_members(redis, autumn.id, [ann], today=TODAY)
    (top,) = await queries.top(redis, rules.season_board(autumn.id), 1)
    assert (top.points, top.reached) == (rules.MOST_POINTS, rules.MOST_REACHED)
    assert await board_checks.drift(redis, today=TODAY) == []


async def test_unit_boards_are_means_over_the_roster(database: str, redis: Redis) -> None:
    autumn = await season()
    root = await unit("Works")
    one, two, empty = await unit("Hall 1", root), await unit("Hall 2", root), await unit("Hall 3", root)
    shift = await unit("Shift A", one)
    members = await people(9)
    await belong(members[:1], one)
    await belong(members[1:3], shift)
    await belong(members[3:5], two)
    await belong([members[5]], two, until=TODAY)
    await belong([members[5]], one, since=TODAY)
    await belong([members[6]], two, since=TODAY + timedelta(days=1))
    await belong([members[7]], two)
    await leave(members[7], TODAY)
    await post(
        [Award(f"k{n}", members[n], points) for n, points in ((0, 10), (1, 0), (5, 10), (7, 900), (8, 900))], autumn
    )
    await post([Award("k3", members[3], 10)], autumn, at=NOON + timedelta(seconds=1))
    await refresh_units(redis, autumn.id, today=TODAY)

    halls = await queries.unit_rows(redis, autumn.id, root)
    assert [(row.rank, row.unit, row.name, row.mean_hundredths) for row in halls] == [
        (1, one, "Hall 1", 500),
        (2, two, "Hall 2", 500),
    ]
    assert [(row.headcount, row.participants, row.rate_percent) for row in halls] == [(4, 3, 75), (2, 1, 50)]
    assert await queries.unit_rows(redis, autumn.id, None) == halls, "the only root stands for its children"
    (below,) = await queries.unit_rows(redis, autumn.id, one)
    assert (below.unit, below.rank, below.mean_hundredths, below.headcount) == (shift, 1, 0, 2)
    assert (below.participants, below.rate_percent) == (1, 50)
    assert await queries.unit_rows(redis, autumn.id, shift) == await queries.unit_rows(redis, uuid4(), root) == []
    whole = (await queries.unit_scores(autumn.id))[root]
    assert (whole.headcount, whole.participants, whole.points, whole.place) == (6, 4, 30, (500, 3334))
    assert (await held(redis, rules.unit_board(autumn.id)))[2][root.bytes] == b"6:4:30"

    second_root = await unit("Office")
    await belong([members[8]], second_root)
    await refresh_units(redis, autumn.id, today=TODAY)
    roots = await queries.unit_rows(redis, autumn.id, None)
    assert [(row.unit, row.rank) for row in roots] == [(second_root, 1), (root, 2)]
    assert empty not in {row.unit for row in await queries.unit_rows(redis, autumn.id, root)}
    assert await board_checks.drift(redis, today=TODAY) != [], "members were not refreshed"
    await refresh_members(redis, autumn.id, members, today=TODAY)
    assert await board_checks.drift(redis, today=TODAY) == []


async def test_only_the_root_shows_itself_when_it_has_no_children(database: str, redis: Redis) -> None:
    autumn, root = await season(), await unit("Works")
    await belong(await people(2), root)
    await refresh_units(redis, autumn.id, today=TODAY)
    (row,) = await queries.unit_rows(redis, autumn.id, None)
    assert (row.unit, row.mean_hundredths, row.headcount, row.participants) == (root, 0, 2, 0)


async def test_names_show_the_alias_of_who_opted_out(database: str) -> None:
    ann, bob, eve = await people(3)
    await belong([ann], await unit("Hall 1"))
    await belong([bob], await unit("Hall 2"), until=TODAY)
    await db.rows(
        "UPDATE member SET name = 'Li Na', alias = 'Heron', shows_alias = id = $2 WHERE id IN ($1, $2)", ann, bob
    )
    shown = await queries.names([ann, bob, eve, uuid4()])
    assert shown == {ann: Shown("Li Na", "Hall 1"), bob: Shown("Heron", ""), eve: Shown(f"Name {eve}", "")}
    assert await queries.names([]) == {}


async def test_an_unknown_season_is_refused(database: str, redis: Redis) -> None:
    with pytest.raises(Refusal, match=r"ledger\.unknown_season"):
        await refresh_members(redis, uuid4(), [uuid4()], today=TODAY)
    with pytest.raises(Refusal, match=r"ledger\.unknown_season"):
        await refresh_units(redis, uuid4(), today=TODAY)
    await refresh_members(redis, uuid4(), [], today=TODAY)
    assert await rebuild(redis, today=date(2026, 1, 1)) == []
    await replace(redis, "room:x", [])


class Interrupted(Redis):
    """A client that lets `meanwhile` happen right before its `at`-th command, as another process would."""

    def __init__(self, redis: Redis, at: int, meanwhile: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(connection_pool=redis.connection_pool)
        self.left = at
        self.meanwhile = meanwhile

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            await asyncio.create_task(self.meanwhile(), context=Context())
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("during", ["rebuild", "members", "units"])
async def test_whatever_happens_in_between_the_board_ends_up_true(database: str, redis: Redis, during: str) -> None:
    autumn, hall = await season(), await unit("Hall")
    happened = 0
    for at in range(1, 100):
        waiting: list[asyncio.Task[None]] = []
        ann, bob, eve = members = await people(3)
        await belong(members, hall)
        await post([Award(f"{one}", one, 5) for one in members], autumn)
        await refresh_members(redis, autumn.id, members, today=TODAY)
        await leave(eve, TODAY)

        async def meanwhile(
            ann: UUID = ann, bob: UUID = bob, eve: UUID = eve, waiting: list[asyncio.Task[None]] = waiting
        ) -> None:
            nonlocal happened
            happened += 1
            await post([Award(f"{ann}:more", ann, 5), Award(f"{bob}:more", bob, 1)], autumn)
            await undo(f"{ann}", f"undo:{ann}")
            await leave(bob, TODAY)
            await leave(eve, None)
            await refresh_members(redis, autumn.id, [ann, bob, eve], today=TODAY)
            waiting.append(asyncio.create_task(refresh_units(redis, autumn.id, [ann, bob, eve], today=TODAY)))

        interrupted = Interrupted(redis, at, meanwhile)
        if during == "rebuild":
            await rebuild(interrupted, today=TODAY)
        elif during == "members":
            await refresh_members(interrupted, autumn.id, members, today=TODAY)
        else:
            await refresh_units(interrupted, autumn.id, today=TODAY)
        await asyncio.gather(*waiting)
        if interrupted.left > 0:
            break
        assert await board_checks.drift(redis, today=TODAY) == []
    assert happened >= 3


@pytest.mark.parametrize("written", [True, False], ids=["after it was written", "before"])
async def test_units_that_were_counted_when_redis_went_away_are_written_by_the_next_call(
    database: str, redis: Redis, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    autumn, hall, other = await season(), await unit("Hall"), await unit("Other hall")
    ann, bob = await people(2)
    await belong([ann, bob], hall)
    await post([Award("a", ann, 4), Award("b", bob, 5)], autumn)
    await refresh_members(redis, autumn.id, [ann, bob], today=TODAY)
    await refresh_units(redis, autumn.id, today=TODAY)
    write = actions._place_units

    async def cut_off(*given: Any) -> None:
        if written:
            await write(*given)
        raise ConnectionError

    await db.rows("UPDATE membership SET unit = $1 WHERE member = $2", other, ann)
    with monkeypatch.context() as patched:
        patched.setattr(actions, "_place_units", cut_off)
        with pytest.raises(ConnectionError):
            await refresh_units(redis, autumn.id, [ann], today=TODAY)
    await refresh_units(redis, autumn.id, [ann], today=TODAY)
    assert await board_checks.drift(redis, today=TODAY) == []


async def test_of_units_with_the_same_mean_the_one_where_more_took_part_comes_first(
    database: str, redis: Redis
) -> None:
    autumn = await season()
    root = await unit("Works")
    halls = sorted([await unit("Hall 1", root), await unit("Hall 2", root)])
    few, many = await people(3), await people(3)
    await belong(few, halls[0])
    await belong(many, halls[1])
    await post([Award("one", few[0], 30)], autumn)
    await post([Award(f"{one}", one, 10) for one in many], autumn, at=NOON + timedelta(seconds=9))
    await refresh_units(redis, autumn.id, today=TODAY)
    rows = await queries.unit_rows(redis, autumn.id, root)
    assert [(row.unit, row.mean_hundredths, row.rate_percent) for row in rows] == [
        (halls[1], 1000, 100),
        (halls[0], 1000, 33),
    ]
