"""What a room allows, what an answer needs to count, and what one hand does to the other's work."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import get_args
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from games.quizzes import actions, queries, rules
from games.quizzes.actions import Given, Moved, Stale, Written, record_answers
from games.quizzes.rules import MOVES, Move
from rewards import database as db
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from rewards.ledger import checks as ledger_checks
from rewards.ledger import queries as ledger
from rewards.outbox import queries as outbox
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from tests.games.quizzes.test_rules import STATES
from tests.games.quizzes.world import (
    MS,
    NOON,
    RIGHT,
    SECOND,
    SECONDS,
    WRONG,
    Play,
    day_of,
    image,
    questions,
    room,
    scene,
)
from tests.patience import until

pytestmark = pytest.mark.usefixtures("database")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on its way while these tests close a question, unless they say so."""
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


async def started(redis: Redis, *, players: int = 4, scoring: rules.Scoring = "kahoot") -> Play:
    """The first question is open since NOON; everyone is in."""
    play = await room(redis, await scene(players, scoring=scoring))
    await play.join()
    await play.next()
    return play


async def refused(work: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as refusal:
        await work
    return refusal.value.code


async def until_waiting(database_url: str, count: int, statement: str = "") -> None:
    """Until so many statements of this test's database that begin so wait for a lock."""
    watch = await asyncpg.connect(database_url)
    try:
        await until(
            lambda: watch.fetchval(
                "SELECT count(*) >= $1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database() AND starts_with(query, $2)",
                count,
                statement,
            ),
            f"{count} statements to wait",
        )
    finally:
        await watch.close()


# Moves


async def changed(play: Play) -> tuple[object, ...]:
    """All that a move could leave behind."""
    keys = sorted(await play.redis.keys("board:*"))
    return await image(), await play.redis.xlen(STREAM), keys


async def brought_to(redis: Redis, state: str) -> Play:
    return await (await room(redis, await scene(2, number=2), scheduled=state == "scheduled")).to(state)


@pytest.mark.parametrize("state", STATES)
async def test_moves_outside_the_table_are_refused_and_change_nothing(state: str, redis: Redis) -> None:
    play = await brought_to(redis, state)
    before = await changed(play)
    for what in get_args(Move):
        if (state, what) in MOVES:
            continue
        if what == "open":
            assert await play.move(what) is None
        else:
            assert await refused(play.move(what)) == "room.move"
        assert await changed(play) == before, what


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize(("state", "what"), sorted(MOVES))
async def test_moves_of_the_table_lead_where_it_says(state: str, what: Move, left: bool, redis: Redis) -> None:
    play = await brought_to(redis, state)
    if not left:
        await db.rows("DELETE FROM question WHERE id NOT IN (SELECT question FROM round)")
    if what == "resume":
        await play.pause()
    version = await play.version()
    moved = await play.move(what)
    assert isinstance(moved, Moved)
    assert moved.state == rules.after(state, what, left=left)
    assert (moved.state, moved.version) == (await play.state(), version + 1)
    ((_, tick),) = await redis.xrevrange(STREAM, count=1)
    assert tick == {
        b"topic": f"room:{play.id}".encode(),
        b"version": str(version + 1).encode(),
        b"state": moved.state.encode(),
    }


@pytest.mark.parametrize(("state", "what"), sorted(one for one in MOVES if one[1] != "open"))
async def test_a_host_who_saw_an_older_room_changes_nothing(state: str, what: Move, redis: Redis) -> None:
    play = await brought_to(redis, state)
    before, version = await changed(play), await play.version()
    assert await play.move(what, version - 1) == Stale(version)
    assert await changed(play) == before


async def test_moves_in_a_room_that_is_not_there(redis: Redis) -> None:
    play = Play(redis, await scene(), uuid4(), NOON)
    for what in get_args(Move):
        if what == "open":
            assert await play.move(what, 1) is None
        else:
            assert await refused(play.move(what, 1)) == "room.unknown"
    assert await refused(actions.close_round(redis, uuid4(), now=lambda: NOON)) == "round.unknown"


async def test_a_paused_question_pauses_once_and_an_open_one_does_not_resume(redis: Redis) -> None:
    play = await started(redis)
    assert await refused(play.resume()) == "room.move"
    await play.pause()
    before = await image()
    assert await refused(play.pause()) == "room.move"
    assert await image() == before
    await play.resume()
    play.now = NOON + SECONDS * SECOND
    assert await refused(play.pause()) == "room.move", "its time is over"


async def test_a_double_tap_on_next_is_one_next(redis: Redis) -> None:
    play = await room(redis, await scene(2, number=2))
    for state in ("question", "reveal", "question", "reveal", "podium"):
        version = await play.version()
        taps = await asyncio.gather(*(play.move("next", version) for _ in range(3)))
        assert [tap for tap in taps if isinstance(tap, Moved)] == [Moved(state, version + 1)]
        assert taps.count(Stale(version + 1)) == 2
    assert await db.value("SELECT count(*) FROM round WHERE room = $1", play.id) == 2
    assert await db.value("SELECT count(*) FROM intent WHERE kind = 'post_room'") == 1


async def test_skip_beside_a_closing_does_not_wait_for_it_for_ever(redis: Redis, database: str) -> None:
    """Both want the room and the round; were it in another order, PostgreSQL would have to kill one of them."""
    play = await started(redis)
    version, round_id = await play.version(), await play.round()
    between = await asyncpg.connect(database)
    try:
        await between.execute("UPDATE round SET state = 'closing' WHERE id = $1", round_id)
        async with between.transaction():
            await between.execute("SELECT FROM round WHERE id = $1 FOR NO KEY UPDATE", round_id)
            closing = asyncio.create_task(play.close(by_worker=False))
            await until_waiting(database, 1)
            skipping = asyncio.create_task(play.move("skip", version))
            await until_waiting(database, 2)
        closed, skipped = await asyncio.gather(closing, skipping)
    finally:
        await between.close()
    assert sorted([type(closed), type(skipped)], key=str) == [Moved, Stale]


# Quizzes and rooms


async def test_a_quiz_needs_questions_a_title_and_a_known_scoring() -> None:
    there = await scene()
    before = await image()

    async def add(title: str = "T", number: int = 1, scoring: str = "none", floor: int = 50) -> UUID:
        return await actions.add_quiz(
            title,
            questions(number),
            scoring=scoring,  # type: ignore[arg-type]
            floor_percent=floor,
            actor=there.host,
            now=NOON,
            new_id=uuid4,
        )

    assert await refused(add(number=0)) == "quiz.empty"
    assert await refused(add("  ")) == "quiz.title_missing"
    assert await refused(add("x" * 201)) == "quiz.title_missing"
    assert await refused(add(scoring="fastest")) == "quiz.scoring_unknown"
    assert await refused(add(floor=101)) == "quiz.scoring_unknown"
    assert await image() == before
    quiz = await add(" Title ", 3)
    found = await queries.quiz(quiz)
    assert found is not None
    assert (found.title, found.questions, found.played) == ("Title", 3, 0)
    assert [one.right_mask for one in await queries.questions(quiz)] == [RIGHT] * 3


async def test_scoring_is_chosen_before_the_first_question(redis: Redis) -> None:
    play = await room(redis, await scene())
    quiz = play.scene.quiz
    await actions.set_scoring(quiz, "linear", 20, actor=play.scene.host, now=NOON)
    assert await refused(actions.set_scoring(uuid4(), "none", 0, actor=None, now=NOON)) == "quiz.unknown"
    await play.next()
    before = await image()
    assert await refused(actions.set_scoring(quiz, "none", 0, actor=None, now=NOON)) == "quiz.already_played"
    assert await image() == before


@pytest.mark.parametrize("first", ["question", "scoring"])
async def test_scoring_does_not_change_beside_the_first_question(first: str, redis: Redis, database: str) -> None:
    """Each is held just before its commit while the other begins; nobody answers under a scoring that changes."""
    play = await room(redis, await scene(scoring="kahoot"))
    does: dict[str, Callable[[], Awaitable[object]]] = {
        "question": play.next,
        "scoring": lambda: actions.set_scoring(play.scene.quiz, "none", 0, actor=None, now=NOON),
    }
    (second,) = does.keys() - {first}
    last_of = {"question": "intent", "scoring": "audit_entry"}
    between = await asyncpg.connect(database)
    try:
        async with between.transaction():
            await between.execute(f"LOCK TABLE {last_of[first]} IN SHARE MODE")
            held = asyncio.ensure_future(does[first]())
            await until_waiting(database, 1)
            beside = asyncio.ensure_future(does[second]())
            waits = asyncio.ensure_future(until_waiting(database, 2))
            await asyncio.wait([beside, waits], return_when=asyncio.FIRST_COMPLETED)
            assert not beside.done(), "it did not wait for the other"
        await waits
        if first == "question":
            await held
            assert await refused(beside) == "quiz.already_played"
        else:
            await asyncio.gather(held, beside)
        assert await play.state() == "question"
        key = await queries.answer_key(await play.round())
        assert key is not None
        assert key.scoring == ("kahoot" if first == "question" else "none")
    finally:
        await between.close()


async def test_a_room_needs_a_season_a_quiz_and_times_in_order(redis: Redis) -> None:
    there = await scene()
    before = await image()

    async def open_room(**changed: object) -> UUID:
        given = {"host": there.host, "season": there.season, "code": "abcde", "now": NOON, "new_id": uuid4} | changed
        return await actions.open_room(given.pop("quiz", there.quiz), **given)  # type: ignore[arg-type]

    assert await refused(open_room(season=None)) == "season.none"
    assert await refused(open_room(quiz=uuid4())) == "quiz.unknown"
    assert await refused(open_room(ends_at=NOON)) == "room.times"
    assert await refused(open_room(opens_at=NOON + HOUR, ends_at=NOON + HOUR)) == "room.times"
    assert await image() == before
    waiting = await open_room(opens_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    assert [(one.kind, one.subject, one.due_at) for one in await outbox.overdue(NOON + 2 * HOUR)] == [
        ("open_room", str(waiting), NOON + HOUR),
        ("end_room", str(waiting), NOON + 2 * HOUR),
    ]
    assert await actions.join(redis, waiting, there.players[0], now=NOON, new_id=uuid4()) == "closed"
    with pytest.raises(asyncpg.UniqueViolationError):
        await open_room()
    assert await actions.open_lobby(redis, waiting, now=NOON + HOUR / 2) == Moved("lobby", 2)
    assert await actions.open_lobby(redis, waiting, now=NOON + HOUR) is None
    found = await queries.room(waiting)
    assert found is not None
    assert (found.opens_at, found.moved_at) == (NOON + HOUR / 2, NOON + HOUR / 2)
    assert await actions.join(redis, waiting, there.players[0], now=NOON, new_id=uuid4()) == "joined"


# Players


async def test_a_late_joiner_plays_on_and_a_second_phone_keeps_the_score(redis: Redis) -> None:
    play = await room(redis, await scene(3))
    early, late, never = play.scene.players
    await play.join(early)
    await play.next()
    assert (await play.answer(late)).outcome == "not_in_room"
    await play.join(late)
    play.now += SECOND
    assert (await play.answer(late)).outcome == "recorded"
    assert (await play.answer(early)).outcome == "recorded"
    assert (await play.answer(never)).outcome == "not_in_room"
    await play.next()
    for phone in range(2):
        again = await actions.join(redis, play.id, late, now=play.now, new_id=UUID(int=phone + 1))
        assert again == "already"
    assert await queries.players(play.id) == 2
    assert {one.member for one in await queries.standings(play.id)} == {early, late}
    assert await actions.join(redis, uuid4(), late, now=play.now, new_id=uuid4()) == "closed"


async def test_joining_at_once_from_many_phones_is_one_player(redis: Redis) -> None:
    play = await room(redis, await scene(1))
    (member,) = play.scene.players
    joined = await asyncio.gather(*(actions.join(redis, play.id, member, now=NOON, new_id=uuid4()) for _ in range(6)))
    assert sorted(joined) == ["already"] * 5 + ["joined"]
    assert await redis.xlen(STREAM) == 1


async def test_who_was_sent_out_answers_no_more_until_he_is_let_back(redis: Redis) -> None:
    play = await started(redis)
    out, *_ = play.scene.players
    await play.answer(out)
    await play.next()
    await play.next()

    async def remove(*, back: bool) -> bool:
        host = play.scene.host
        return await actions.remove_player(redis, play.id, out, actor=host, now=play.now, back=back)

    assert not await remove(back=True)
    assert await remove(back=False)
    assert not await remove(back=False)
    assert (await play.answer(out)) == Written("not_in_room", 0)
    assert await actions.join(redis, play.id, out, now=NOON, new_id=uuid4()) == "removed"
    assert (await queries.mine(play.id, out)).removed
    assert [one.member for one in await queries.standings(play.id)] == [out], "what he had answered stays"
    assert await remove(back=True)
    assert (await play.answer(out)).outcome == "recorded"
    assert await actions.join(redis, play.id, out, now=NOON, new_id=uuid4()) == "already"


# Answers


@pytest.mark.parametrize("scoring", rules.SCORINGS)
async def test_points_follow_the_quiz_and_server_time(scoring: rules.Scoring, redis: Redis) -> None:
    play = await started(redis, scoring=scoring)
    quick, slow, last, wrong = play.scene.players
    at = {quick: NOON + 400 * MS, slow: NOON + 5 * SECOND, last: NOON + 20 * SECOND, wrong: NOON + SECOND}
    for member, moment in at.items():
        await play.answer(member, WRONG if member == wrong else RIGHT, moment)
    found = await db.rows("SELECT member, elapsed_ms, correct, points FROM answer")
    worth = {
        "none": (1000, 1000, 1000, 0),
        "kahoot": (1000, 875, 500, 0),
        "linear": (980, 750, 500, 0),
    }[scoring]
    assert {one["member"]: (one["elapsed_ms"], one["correct"], one["points"]) for one in found} == {
        quick: (400, True, worth[0]),
        slow: (5000, True, worth[1]),
        last: (20_000, True, worth[2]),
        wrong: (1000, False, worth[3]),
    }


@pytest.mark.parametrize(("picked", "correct"), [(0b0011, True), (0b0001, False), (0b0111, False), (0b0100, False)])
async def test_multiple_choice_is_right_when_all_of_it_is(picked: int, correct: bool, redis: Redis) -> None:
    play = await started(redis)
    await db.rows("UPDATE question SET kind = 'multiple', right_mask = 3")
    given = await play.graded(play.scene.players[0], picked)
    assert (given.correct, given.points) == (correct, 1000 * correct)


async def test_the_first_answer_stands(redis: Redis) -> None:
    play = await started(redis)
    member = play.scene.players[0]
    assert await play.answer(member, WRONG) == Written("recorded", WRONG)
    assert await play.answer(member, RIGHT) == Written("duplicate", WRONG)
    await play.next()
    assert await play.answer(member, RIGHT) == Written("duplicate", WRONG), "told again, however late"
    assert await db.value("SELECT count(*) FROM answer") == 1


@pytest.mark.parametrize("order", [(RIGHT, WRONG, 0b1000), (0b1000, WRONG, RIGHT), (WRONG, RIGHT, RIGHT)])
async def test_the_first_of_a_batch_stands_and_is_the_one_told(order: tuple[int, ...], redis: Redis) -> None:
    play = await started(redis, players=40)
    batch = [await play.graded(member, picked) for picked in order for member in play.scene.players]
    written = await record_answers(batch)
    assert written[:40] == [Written("recorded", order[0])] * 40
    assert written[40:] == [Written("duplicate", order[0])] * 80
    assert [row["picked"] for row in await db.rows("SELECT DISTINCT picked FROM answer")] == [order[0]]


async def test_a_refused_answer_before_a_good_one_in_a_batch_is_not_acknowledged(redis: Redis) -> None:
    play = await started(redis)
    member = play.scene.players[0]
    key = await queries.answer_key(await play.round())
    assert key is not None
    before_pause = Given(key.round, member, WRONG, NOON + SECOND, 1000, False, 0, paused_ms=7)
    good = await play.graded(member, RIGHT, NOON + 2 * SECOND)
    assert await record_answers([before_pause, good]) == [Written("duplicate", RIGHT), Written("recorded", RIGHT)]


async def test_late_is_later_than_the_closing_instant(redis: Redis) -> None:
    play = await started(redis)
    closes = NOON + SECONDS * SECOND
    one, two, three, _ = play.scene.players
    assert (await play.answer(one, at=closes)).outcome == "recorded"
    assert await play.answer(two, at=closes + timedelta(microseconds=1)) == Written("late", 0)
    play.now = closes
    await play.close(by_worker=True)
    assert await play.answer(three, at=NOON) == Written("late", 0), "the last word has been said"
    assert await play.answer(three, at=closes + SECOND) == Written("late", 0)


async def test_an_answer_to_nothing(redis: Redis) -> None:
    play = await started(redis)
    given = await play.graded(play.scene.players[0], RIGHT)
    stray = Given(uuid4(), given.member, RIGHT, NOON, 0, True, 1000, 0)
    assert [one.outcome for one in await record_answers([stray, given])] == ["unknown", "recorded"]


async def test_next_ends_the_time_and_what_came_before_still_lands(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = await started(redis)
    before, after, *_ = play.scene.players
    play.now = NOON + 3 * SECOND
    monkeypatch.setattr(rules, "DRAIN", HOUR)
    closing = asyncio.create_task(play.next())
    await until(lambda: db.value("SELECT state = 'closing' FROM round"), "the round to close")
    assert (await play.answer(before, at=NOON + 3 * SECOND)).outcome == "recorded"
    assert (await play.answer(after, at=NOON + 3 * SECOND + MS)).outcome == "late"
    assert await db.value("SELECT closes_at FROM round") == NOON + 3 * SECOND
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)


async def test_the_second_to_close_waits_as_long_for_answers_as_the_first(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = await started(redis)
    play.now = NOON + 3 * SECOND
    monkeypatch.setattr(rules, "DRAIN", HOUR)
    both = [asyncio.create_task(play.close(by_worker=False)) for _ in range(2)]
    await until(lambda: db.value("SELECT state = 'closing' FROM round"), "the round to close")
    for _ in range(50):
        await db.value("SELECT 1")
    assert not any(task.done() for task in both)
    assert (await play.answer(play.scene.players[0], at=NOON + SECOND)).outcome == "recorded"
    for task in both:
        task.cancel()
    await asyncio.gather(*both, return_exceptions=True)


async def test_an_answer_acknowledged_while_next_was_on_its_way_is_in_time(redis: Redis) -> None:
    play = await started(redis)
    played = await play.answer(play.scene.players[0], at=NOON + 3 * SECOND + MS)
    assert played.outcome == "recorded"
    play.now = NOON + 3 * SECOND
    await play.next()
    assert await db.value("SELECT closes_at FROM round") == NOON + 3 * SECOND + MS
    assert await queries.mismatches() == []


# Pauses


async def test_while_paused_nobody_answers_and_nobody_loses_time(redis: Redis) -> None:
    play = await started(redis, scoring="linear")
    early, waiting, late, beyond = play.scene.players
    await play.answer(early, at=NOON + 2 * SECOND)
    play.now = NOON + 4 * SECOND
    await play.pause()
    assert await play.answer(waiting, at=NOON + 3 * SECOND) == Written("paused", 0)
    known = await play.graded(waiting, RIGHT, NOON + 10 * SECOND)
    play.now = NOON + 34 * SECOND
    await play.resume()
    assert await record_answers([known]) == [Written("stale_key", 0)], "graded before the pause had an end"
    assert (await play.answer(waiting, at=NOON + 36 * SECOND)).outcome == "recorded"
    assert (await play.answer(late, at=NOON + 50 * SECOND)).outcome == "recorded"
    assert (await play.answer(beyond, at=NOON + 50 * SECOND + MS)).outcome == "late"
    found = await db.rows("SELECT member, elapsed_ms, points FROM answer")
    assert {one["member"]: (one["elapsed_ms"], one["points"]) for one in found} == {
        early: (2000, 900),
        waiting: (6000, 700),
        late: (20_000, 500),
    }


async def test_two_pauses_add_up(redis: Redis) -> None:
    play = await started(redis)
    for _ in range(2):
        play.now += 2 * SECOND
        await play.pause()
        play.now += 5 * SECOND
        await play.resume()
    assert await db.value("SELECT closes_at FROM round") == NOON + (SECONDS + 10) * SECOND
    await play.answer(play.scene.players[0], at=NOON + 15 * SECOND)
    assert await db.value("SELECT elapsed_ms FROM answer") == 5000


async def test_the_worker_closes_at_its_time_and_never_a_paused_question(redis: Redis) -> None:
    play = await started(redis)
    version = await play.version()
    play.now = NOON + SECONDS * SECOND - MS
    assert await play.close(by_worker=True) == Stale(version)
    await play.pause()
    play.now = NOON + HOUR
    assert await play.close(by_worker=True) == Stale(version + 1)
    assert await play.state() == "question"
    await play.resume()
    assert await play.close(by_worker=True) == Stale(version + 2)
    due = [one.due_at for one in await outbox.overdue(NOON + 2 * HOUR)]
    assert due == [NOON + SECONDS * SECOND, NOON + HOUR + MS], "one for the old time, one for the new"
    play.now = due[-1]
    assert await play.close(by_worker=True) == Moved("reveal", version + 3)


async def test_the_host_may_close_a_paused_question(redis: Redis) -> None:
    play = await started(redis)
    await play.answer(play.scene.players[0])
    await play.pause()
    assert await play.next() == Moved("reveal", await play.version())
    assert await queries.mismatches() == []


# The end of a room


async def test_a_skipped_question_scores_nobody(redis: Redis) -> None:
    play = await started(redis)
    first, second, *_ = play.scene.players
    await play.answer(first)
    await play.skip()
    await play.answer(second)
    await play.next()
    assert {one.member for one in await queries.standings(play.id)} == {second}
    assert await boards.size(redis, room_board(play.id)) == 1
    await play.next()
    await play.answer(first)
    await play.end()
    assert [one.member for one in await queries.scores(play.id)] == [second]
    assert await play.post() == 1
    assert await db.value("SELECT count(*) FROM answer") == 3, "what was acknowledged stays"
    assert await queries.mismatches() == []


async def test_only_a_finished_room_is_posted_and_once(redis: Redis) -> None:
    play = await room(redis, await scene())
    assert await play.post() is None
    await play.to("reveal")
    assert await play.post() is None
    while await play.state() != "podium":
        await play.next()
    posted = await asyncio.gather(*(play.post() for _ in range(5)))
    assert sorted(posted, key=str) == [4, None, None, None, None]
    assert await play.post() is None
    totals = {one.member: one.points for one in await queries.scores(play.id)}
    assert len(totals) == 4
    assert await ledger.tallied("quiz", "count", season=play.scene.season) == dict.fromkeys(totals, 1)
    for member, points in totals.items():
        assert await ledger.season_points(play.scene.season, member) == points
    assert await actions.post_room(uuid4(), day_of=day_of, now=NOON, new_id=uuid4) is None
    assert await ledger_checks.faults() == []


async def test_a_room_nobody_played_is_posted_too(redis: Redis) -> None:
    play = await room(redis, await scene())
    await play.next()
    await play.end()
    assert await play.post() == 0
    assert await play.post() is None


# Differences


DIFFERENCES = [
    ("UPDATE answer SET points = points + 1 WHERE member = $1 AND correct", "check.posting_differs"),
    ("DELETE FROM answer WHERE member = $1", "check.posting_differs"),
    ("DELETE FROM posting WHERE key LIKE 'quiz:%:' || $1::uuid", "check.answers_not_posted"),
    ("UPDATE posting SET requested = 1 WHERE key LIKE 'quiz:%:' || $1::uuid", "check.posting_differs"),
    ("UPDATE answer SET correct = false WHERE member = $1", "check.answer_misgraded"),
    ("UPDATE answer SET picked = 4 WHERE member = $1", "check.answer_misgraded"),
    ("UPDATE answer SET received_at = received_at + interval '1 day' WHERE member = $1", "check.answer_misgraded"),
    ("UPDATE answer SET received_at = received_at - interval '1 day' WHERE member = $1", "check.answer_misgraded"),
    ("UPDATE question SET right_mask = 4 WHERE position = 1 AND $1::uuid IS NOT NULL", "check.answer_misgraded"),
]
"""What no action of ours does, and how it is named."""


async def test_every_planted_difference_is_found(redis: Redis) -> None:
    play = await (await room(redis, await scene(3))).to("podium")
    assert await queries.mismatches() == []
    await play.post()
    assert await queries.mismatches() == []
    member = play.scene.players[1]
    for statement, code in DIFFERENCES:
        found: list[tuple[str, dict[str, str | int]]] = []
        with contextlib.suppress(Undone):
            async with db.transaction() as connection:
                await connection.execute("SET LOCAL session_replication_role = replica")
                await connection.execute(statement, member)
                found = await queries.mismatches()
                raise Undone
        assert {one for one, _ in found} == {code}, statement
        if code != "check.answer_misgraded":
            assert {details["member"] for _, details in found} == {str(member)}
    assert await queries.mismatches() == []


class Undone(Exception):
    """Rolls a planted difference back."""


async def test_the_database_refuses_to_rewrite_an_answer(redis: Redis) -> None:
    play = await started(redis)
    await play.answer(play.scene.players[0])
    for statement in ("UPDATE answer SET points = 0", "DELETE FROM answer", "TRUNCATE answer"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows(statement)


@pytest.mark.parametrize("by_worker", [(False, True), (True, True), (False, False)])
async def test_whoever_closes_second_changes_nothing(by_worker: tuple[bool, bool], redis: Redis) -> None:
    play = await started(redis)
    for member in play.scene.players:
        await play.answer(member, at=NOON + SECOND)
    play.now = NOON + SECONDS * SECOND
    version = await play.version()
    closed = await asyncio.gather(*(play.close(by_worker=one) for one in by_worker))
    assert sorted(closed, key=str) == [Moved("reveal", version + 1), Stale(version + 1)]
    before = await image(), await redis.zrange(f"board:{{{room_board(play.id)}}}", 0, -1, withscores=True)
    assert await play.close(by_worker=True) == Stale(version + 1)
    assert (await image(), await redis.zrange(f"board:{{{room_board(play.id)}}}", 0, -1, withscores=True)) == before
