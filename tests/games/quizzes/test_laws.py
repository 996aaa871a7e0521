"""However answers, closings, skips and postings are ordered, repeated and crossed: the same table, ledger, boards."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from games.quizzes import actions, queries, rules
from games.quizzes.actions import Given, Moved, Stale, Written, record_answers
from rewards import database as db
from rewards.boards import actions as boards
from rewards.boards import checks as board_checks
from rewards.boards.rules import room_board
from rewards.ledger import checks as ledger_checks
from rewards.ledger.actions import set_rule
from rewards.refusals import Refusal
from tests.games.quizzes.world import MS, NOON, RIGHT, SECOND, SECONDS, TODAY, Play, Scene, room, scene, wipe
from tests.laws import examples
from tests.rewards.ledger.world import held, held_of_season

pytestmark = pytest.mark.usefixtures("database")
PLAYERS = 5
LIMIT = SECONDS * 1000


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


@dataclass(frozen=True)
class Tap:
    """A member's finger: an option, so many milliseconds of playing time after the question opened."""

    player: int
    picked: int
    at: int


@dataclass(frozen=True)
class Asked:
    """A question as it went. `pause`: (milliseconds after the opening, how long) or None; taps are in time order."""

    taps: tuple[Tap, ...]
    after: tuple[Tap, ...]
    pause: tuple[int, int] | None
    skipped: bool


TAPS = st.builds(
    Tap, st.integers(0, PLAYERS - 1), st.sampled_from([1, RIGHT, RIGHT, RIGHT, 4]), st.integers(0, LIMIT + 1000)
)
ASKED = st.builds(
    Asked,
    st.lists(TAPS, max_size=10).map(lambda taps: tuple(sorted(taps, key=lambda tap: tap.at))),
    st.lists(TAPS, max_size=4).map(tuple),
    st.none() | st.tuples(st.integers(1, LIMIT - 1), st.integers(1, 60_000)),
    st.sampled_from([False, False, False, True]),
)
SCRIPTS = st.tuples(st.sampled_from(rules.SCORINGS), st.lists(ASKED, min_size=1, max_size=3))
Script = tuple[rules.Scoring, list[Asked]]


@dataclass(frozen=True)
class Outcome:
    """Everything that must not depend on the order."""

    answers: list[tuple[object, ...]]
    room_board: object
    ledger: list[tuple[object, ...]]
    boards: object
    work: list[tuple[object, ...]]


async def outcome(play: Play) -> Outcome:
    answers = await db.rows(
        "SELECT round.position, member, picked, received_at, elapsed_ms, correct, points, round.state, round.closes_at"
        " FROM answer JOIN round ON round.id = answer.round ORDER BY 1, 2"
    )
    entries = await db.rows(
        "SELECT entry.id, key, owner, currency, amount, requested, reason, note, day, at FROM entry"
        " JOIN posting ON posting.id = entry.posting JOIN account ON account.id = entry.account ORDER BY entry.id"
    )
    work = await db.rows(
        "SELECT kind, subject, revision, due_at FROM intent WHERE kind IN ('post_room', 'refresh_boards') ORDER BY kind"
    )
    return Outcome(
        [tuple(one) for one in answers],
        await held(play.redis, room_board(play.id)),
        [tuple(one) for one in entries],
        await held_of_season(play.redis, play.scene.season),
        [tuple(one) for one in work],
    )


async def begin(redis: Redis, script: Script) -> Play:
    await wipe(redis)
    scoring, asked = script
    await set_rule("quiz", 2500, 30, at=NOON, actor=None)
    play = await room(redis, await scene(PLAYERS, number=len(asked), scoring=scoring))
    await play.join()
    return play


def moment(opened: datetime, asked: Asked, tap: Tap) -> datetime:
    """When a tap reached the server: playing time with the pause put back in."""
    paused = asked.pause[1] if asked.pause is not None and tap.at > asked.pause[0] else 0
    return opened + (tap.at + paused) * MS


async def once(redis: Redis, script: Script) -> Outcome:
    """One phone after the other, one host, one worker: nothing twice, nothing crossed."""
    play = await begin(redis, script)
    await play.next()
    for number, asked in enumerate(script[1], start=1):
        opened = play.now

        async def take(taps: Sequence[Tap], opened: datetime = opened, asked: Asked = asked) -> None:
            for tap in taps:
                member = play.scene.players[tap.player]
                await record_answers([await play.graded(member, tap.picked, moment(opened, asked, tap))])

        if asked.pause is not None:
            at, length = asked.pause
            await take([tap for tap in asked.taps if tap.at <= at])
            play.now = opened + at * MS
            await play.pause()
            play.now += length * MS
            await play.resume()
            await take([tap for tap in asked.taps if tap.at > at])
        else:
            await take(asked.taps)
        play.now = await db.value("SELECT closes_at FROM round ORDER BY position DESC LIMIT 1")
        if asked.skipped:
            await play.skip()
        else:
            await play.close(by_worker=False)
            play.now += SECOND
            await play.next()
        assert await db.value("SELECT count(*) FROM round") == min(number + 1, len(script[1]))
    play.now += SECOND
    await play.post()
    await boards.refresh_members(redis, play.scene.season, play.scene.players, today=TODAY)
    await boards.refresh_units(redis, play.scene.season, today=TODAY)
    return await outcome(play)


class Storm:
    """The same script, with everything that a bad day brings."""

    def __init__(self, redis: Redis, script: Script, chance: random.Random) -> None:
        self.redis, self.script, self.chance = redis, script, chance

    async def play(self) -> Play:
        play = await begin(self.redis, self.script)
        await asyncio.gather(*(play.join(member) for member in play.scene.players * 2))
        version = await play.version()
        await self.crossed(*(self.step(play, "next", version) for _ in range(self.chance.randint(1, 3))))
        for asked in self.script[1]:
            await self.ask(play, asked)
        await self.end(play)
        return play

    async def step(self, play: Play, what: str, version: int) -> Moved | Stale:
        move = actions.advance if what == "next" else actions.skip
        now = (lambda: play.now) if what == "next" else play.now
        return await move(self.redis, play.id, expected=version, now=now, new_id=play.scene.new_id)  # type: ignore[operator]

    async def crossed(self, *work: object) -> list[object]:
        """All at once, in any order."""
        jobs = list(work)
        self.chance.shuffle(jobs)
        return await asyncio.gather(*jobs)  # type: ignore[call-overload,no-any-return]

    async def ask(self, play: Play, asked: Asked) -> None:
        opened, round_id = play.now, await play.round()
        if asked.pause is not None:
            at, length = asked.pause
            await self.take(play, asked, opened, [tap for tap in asked.taps if tap.at <= at])
            play.now = opened + at * MS
            await play.pause()
            for tap in asked.after:
                told = await play.answer(play.scene.players[tap.player], tap.picked, play.now)
                assert told.outcome in ("duplicate", "paused")
            play.now += length * MS
            await self.crossed(play.close(by_worker=True), play.close(by_worker=True))
            await play.resume()
            await self.take(play, asked, opened, [tap for tap in asked.taps if tap.at > at])
        else:
            await self.take(play, asked, opened, asked.taps)
        play.now = await db.value("SELECT closes_at FROM round WHERE id = $1", round_id)
        version = await play.version()
        if asked.skipped:
            skips = [self.step(play, "skip", version) for _ in range(self.chance.randint(1, 3))]
            assert sum(isinstance(one, Moved) for one in await self.crossed(*skips)) == 1
        else:
            host = [self.step(play, "next", version) for _ in range(self.chance.randint(0, 2))]
            worker = [self.close(play, round_id) for _ in range(self.chance.randint(0 if host else 1, 2))]
            assert sum(isinstance(one, Moved) for one in await self.crossed(*host, *worker)) == 1
            await self.crossed(self.close(play, round_id), actions.place_on_board(self.redis, play.id))
        for tap in asked.after:
            key = await queries.answer_key(round_id)
            assert key is not None
            given = actions.graded(key, play.scene.players[tap.player], tap.picked, opened + tap.at * MS)
            (told,) = await record_answers([given])
            assert told.outcome in ("duplicate", "late")
        if not asked.skipped:
            play.now += SECOND
            await self.step(play, "next", await play.version())

    async def close(self, play: Play, round_id: object) -> Moved | Stale:
        return await actions.close_round(self.redis, round_id, now=lambda: play.now, only_due=True)  # type: ignore[arg-type]

    async def take(self, play: Play, asked: Asked, opened: datetime, taps: Sequence[Tap]) -> None:
        """Two web processes, each with its own members; answers come in any order but each finger's own."""
        lanes = self.chance.choice([(range(PLAYERS),), (range(2), range(2, PLAYERS))])
        await asyncio.gather(*(self.lane(play, asked, opened, [t for t in taps if t.player in lane]) for lane in lanes))

    async def lane(self, play: Play, asked: Asked, opened: datetime, taps: Sequence[Tap]) -> None:
        waiting = {player: [tap for tap in taps if tap.player == player] for player in range(PLAYERS)}
        order = [tap.player for tap in taps]
        self.chance.shuffle(order)
        shuffled = [waiting[player].pop(0) for player in order]
        while shuffled:
            size = self.chance.randint(1, 6)
            batch = [
                await play.graded(play.scene.players[tap.player], tap.picked, moment(opened, asked, tap))
                for tap in shuffled[:size]
            ]
            shuffled = shuffled[size:]
            # The first try may have been cut off after its commit: then all of it is sent again.
            for _ in range(self.chance.randint(1, 2)):
                await record_answers(batch)

    async def end(self, play: Play) -> None:
        assert await play.state() == "podium"
        play.now += SECOND
        season, people = play.scene.season, play.scene.players
        for _ in range(self.chance.randint(1, 3)):
            await self.crossed(*(play.post() for _ in range(self.chance.randint(1, 3))))
        await self.crossed(
            *(boards.refresh_members(self.redis, season, people, today=TODAY) for _ in range(2)),
            *(boards.refresh_units(self.redis, season, today=TODAY) for _ in range(2)),
            boards.rebuild(self.redis, today=TODAY),
            actions.rebuild_boards(self.redis),
        )


@examples(40, over_one_fixture=True)
@given(script=SCRIPTS, seed=st.integers(0, 2**32))
async def test_a_storm_leaves_what_one_clean_run_leaves(database: str, redis: Redis, script: Script, seed: int) -> None:
    clean = await once(redis, script)
    play = await Storm(redis, script, random.Random(seed)).play()
    stormy = await outcome(play)
    assert stormy == clean

    assert await actions.rebuild_boards(redis) == [room_board(play.id)] * await closed(play)
    await boards.rebuild(redis, today=TODAY)
    assert await outcome(play) == clean, "built anew from the answers and the ledger: the same bytes"
    await redis.flushall()
    await actions.rebuild_boards(redis)
    await boards.rebuild(redis, today=TODAY)
    rebuilt = await outcome(play)
    assert (rebuilt.room_board, rebuilt.boards) == (clean.room_board, clean.boards)

    assert await queries.mismatches() == []
    assert await ledger_checks.faults() == []
    assert await board_checks.drift(redis, today=TODAY) == []


async def closed(play: Play) -> bool:
    return bool(await db.value("SELECT count(*) FROM round WHERE room = $1 AND state = 'closed'", play.id))


@examples(30, over_one_fixture=True)
@given(script=SCRIPTS)
async def test_percent_right_is_of_the_rounds_that_counted(database: str, redis: Redis, script: Script) -> None:
    """By the fingers alone: the first tap of each in time, at the questions that were not skipped."""
    await once(redis, script)
    counted = [asked for asked in script[1] if not asked.skipped]
    firsts = [{tap.player: tap.picked for tap in reversed(one.taps) if tap.at <= LIMIT} for one in counted]
    people = [row["id"] for row in await db.rows("SELECT member AS id FROM player ORDER BY member")]
    posted = await db.rows("SELECT split_part(key, ':', 3)::uuid AS member, measure FROM posting WHERE rule = 'quiz'")
    assert {people.index(row["member"]): row["measure"] for row in posted} == {
        player: 100 * sum(picks.get(player) == RIGHT for picks in firsts) // len(counted)
        for player in range(PLAYERS)
        if any(player in picks for picks in firsts)
    }
    (found,) = await queries.rooms(live=False)
    assert (found.counted, found.questions) == (len(counted), len(script[1]))


ALL_MOVES = get_args(rules.Move)
HOSTED = st.lists(st.tuples(st.sampled_from([True, True, True, False]), st.integers(0, 6)), min_size=4, max_size=16)
"""Steps of a host: whether he keeps to what the state offers, and which of these moves (else of all) he makes."""


@examples(50, over_one_fixture=True)
@given(scheduled=st.booleans(), number=st.integers(1, 3), steps=HOSTED)
async def test_a_room_goes_where_the_table_of_moves_leads(
    database: str, redis: Redis, scheduled: bool, number: int, steps: list[tuple[bool, int]]
) -> None:
    await wipe(redis)
    play = await room(redis, await scene(1, number=number), scheduled=scheduled)
    state, asked, paused = "scheduled" if scheduled else "lobby", 0, False
    for keeps, pick in steps:
        offered = (rules.moves_from(state) if keeps else ()) or ALL_MOVES
        what = offered[pick % len(offered)]
        led = rules.after(state, what, left=asked < number)
        if what in ("pause", "resume") and paused == (what == "pause"):
            led = None
        if what == "open" and led is None:
            assert await actions.open_lobby(redis, play.id, now=play.now) is None
        elif led is None:
            with pytest.raises(Refusal) as refusal:
                await play.move(what)
            assert refusal.value.code == "room.move"
        else:
            moved = await play.move(what)
            assert isinstance(moved, Moved)
            assert moved.state == led
            state = led
            asked += led == "question" and what in ("next", "skip")
            paused = what == "pause"
        assert await play.state() == state
        assert await db.value("SELECT position FROM room") == asked


@dataclass(frozen=True)
class Sent:
    """An answer as graded somewhere: `player` PLAYERS is sent out, one more is a stranger; `stale`: an old key."""

    player: int
    picked: int
    at: int
    stale: bool


SENT = st.builds(
    Sent,
    st.integers(0, PLAYERS + 1),
    st.sampled_from([1, RIGHT, 4]),
    st.integers(0, LIMIT + 2000),
    st.sampled_from([False, False, False, True]),
)


async def batched(redis: Redis, sent: Sequence[Sent], cuts: Sequence[int]) -> tuple[list[Written], list[object]]:
    """(what each was told, the table) when sent in batches of these sizes, then the rest one by one."""
    await wipe(redis)
    there: Scene = await scene(PLAYERS + 2)
    play = await room(redis, there)
    await play.join(*there.players[: PLAYERS + 1])
    await actions.remove_player(redis, play.id, there.players[PLAYERS], actor=there.host, now=NOON, back=False)
    await play.next()
    key = await queries.answer_key(await play.round())
    assert key is not None
    graded = [actions.graded(key, there.players[one.player], one.picked, NOON + one.at * MS) for one in sent]
    batch = [
        Given(g.round, g.member, g.picked, g.received_at, g.elapsed_ms, g.correct, g.points, 5 if one.stale else 0)
        for g, one in zip(graded, sent, strict=True)
    ]
    told: list[Written] = []
    for size in cuts:
        head, batch = batch[:size], batch[size:]
        told += await record_answers(head) if head else []
    for one in batch:
        told += await record_answers([one])
    stored = await db.rows(
        "SELECT member, picked, received_at, elapsed_ms, correct, points FROM answer ORDER BY member"
    )
    return told, [tuple(one) for one in stored]


@examples(60, over_one_fixture=True)
@given(sent=st.lists(SENT, max_size=24), cuts=st.lists(st.integers(1, 12), max_size=6))
async def test_any_batching_is_one_by_one(database: str, redis: Redis, sent: list[Sent], cuts: list[int]) -> None:
    (told, stored), (alone, kept) = await batched(redis, sent, cuts), await batched(redis, sent, [])
    assert stored == kept
    for one, two in zip(told, alone, strict=True):
        # Within a batch the table is looked at once, so a refused answer may already be told of the one that stands.
        assert one == two or (one.outcome == "duplicate" and two.outcome not in ("recorded", "duplicate"))
    assert [one for one in told if one.outcome == "recorded"] == [one for one in alone if one.outcome == "recorded"]
