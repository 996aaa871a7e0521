"""One piece of work at a time: done, delivered again, failed, given back, crossed by the host."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from games.quizzes import actions, rules
from rewards import database as db
from rewards.boards.actions import refresh_units
from rewards.boards.checks import drift
from rewards.boards.queries import points_and_places
from rewards.boards.rules import room_board, season_board
from rewards.checkpoints.actions import keep
from rewards.ledger.actions import Award
from rewards.outbox.actions import claim, intend
from rewards.outbox.queries import open_count, overdue
from server.commands import checking
from server.runtime import settings
from server.runtime.clock import now
from server.runtime.following import WORK
from server.runtime.resources import Resources
from tests import patience
from tests.games.quizzes.test_actions import until_waiting
from tests.games.quizzes.world import ZONE, day_of, image, room, scene
from tests.rewards.ledger.world import people, post, season
from tests.workers.world import HOUR, check, due
from workers import main, quizzes
from workers.main import JOBS, MARGIN, _end, carry_out, sweep

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))
    monkeypatch.setattr(checking, "SETTLE", 0)


@pytest.fixture
def resources(redis: Redis, tmp_path: Path) -> Resources:
    return Resources(settings.load({"LAUREL_DATA": str(tmp_path)}, tmp_path), redis, ZONE)


async def everything_due(resources: Resources) -> None:
    """As the sweeps of one worker would, until nothing is left to do."""
    while waiting := await overdue(now() + timedelta(seconds=1)):
        for one in waiting:
            await carry_out({"resources": resources}, one.kind, one.subject)


async def test_done_again_and_again_it_is_done_once(resources: Resources) -> None:
    expected = await due(resources.redis)
    subjects = [(one["kind"], one["subject"]) for one in await db.rows("SELECT kind, subject FROM intent")]
    # A closed draw's own are in test_claims.py, what follows the roster in test_following.py, keys in test_members.py,
    # boards made again in test_checks.py and test_copies.py, who steps aside in a room in
    # tests/games/quizzes/test_insiders.py.
    elsewhere = {"publish_draw", "expire_claims", "make_keys", "rebuild_board", "rebuild_boards", "step_aside", *WORK}
    assert {kind for kind, _ in subjects} == set(JOBS) - elsewhere
    for kind, subject in subjects:
        # A worker that dies right after the deed, and before it could tick it off.
        await JOBS[kind][0](resources, subject)
    await everything_due(resources)
    await check(expected, resources.redis, resources.settings.data)
    before = await image("room", "round", "posting", "entry", "audit_entry", "draw", "entrant")
    for kind, subject in subjects:
        await asyncio.gather(*(JOBS[kind][0](resources, subject) for _ in range(3)))
        await carry_out({"resources": resources}, kind, subject)
    await everything_due(resources)
    assert await image("room", "round", "posting", "entry", "audit_entry", "draw", "entrant") == before
    await check(expected, resources.redis, resources.settings.data)


async def test_what_is_delivered_early_waits_for_its_time(resources: Resources) -> None:
    season_id, awards = await posted_one_by_one(1)
    due = now() + timedelta(seconds=0.1)
    await db.rows("UPDATE intent SET due_at = $1", due)
    await carry_out({"resources": resources}, "refresh_boards", "", due.timestamp())
    assert await open_count() == 0
    assert len(await points_and_places(resources.redis, season_board(season_id), [awards[0].member])) == 1


async def test_a_clock_that_was_set_back_keeps_no_place(resources: Resources) -> None:
    """What seems an hour away is left to the next sweep."""
    await posted_one_by_one(1)
    due = now() + HOUR
    await db.rows("UPDATE intent SET due_at = $1", due)
    async with asyncio.timeout(patience.SECONDS):
        await carry_out({"resources": resources}, "refresh_boards", "", due.timestamp())
    assert await open_count() == 1


async def test_a_sweep_ends_though_it_was_told_once_in_vain() -> None:
    told = 0

    async def deaf() -> None:
        nonlocal told
        while told < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1

    task = asyncio.create_task(deaf())
    await asyncio.wait([task], timeout=0.01)
    async with asyncio.timeout(patience.SECONDS):
        await _end(task)
    assert (told, task.done()) == (2, True)


async def test_two_deliveries_at_once_are_one_claim(resources: Resources) -> None:
    expected = await due(resources.redis)
    for one in await overdue(now()):
        await asyncio.gather(*(carry_out({"resources": resources}, one.kind, one.subject) for _ in range(4)))
    attempts = {one["attempts"] for one in await db.rows("SELECT attempts FROM intent WHERE done_at IS NOT NULL")}
    assert attempts == {1}
    await everything_due(resources)
    await check(expected, resources.redis, resources.settings.data)


async def test_no_hold_is_shorter_than_its_job_may_take() -> None:
    assert all(hold > MARGIN for _, hold in JOBS.values())


async def test_work_for_what_is_not_there_is_no_work(resources: Resources) -> None:
    await scene(1, at=now())
    before = await image("room", "posting", "audit_entry")
    for kind in ("open_room", "end_room", "post_room", "step_aside"):
        await JOBS[kind][0](resources, str(uuid4()))
    await JOBS["refresh_boards"][0](resources, "1-2")
    assert await image("room", "posting", "audit_entry") == before


async def test_an_unknown_kind_stays_open_and_is_reported(
    resources: Resources, caplog: pytest.LogCaptureFixture
) -> None:
    async with db.transaction():
        await intend("teleport", "here", due_at=now() - HOUR, now=now(), new_id=uuid4())
    assert [one.code for one in await checking.differences(resources)] == ["check.work_overdue"]
    caplog.set_level(logging.CRITICAL)
    for _ in range(checking.FAILING):
        await db.rows("UPDATE intent SET due_at = now() - interval '1 minute'")
        await carry_out({"resources": resources}, "teleport", "here")
    assert await open_count() == 1
    assert await overdue(now()) == [], "a worker that tries again and again keeps it from being overdue"
    (found,) = await checking.differences(resources)
    assert (found.code, found.details["kind"], found.details["error"]) == (
        "check.work_failing",
        "teleport",
        "LookupError",
    )


async def test_work_that_nobody_could_have_done_is_no_difference(resources: Resources) -> None:
    """Nobody serves; or it was just restored, and no worker has begun since."""

    async def wait(kind: str) -> None:
        async with db.transaction():
            await intend(kind, "here", due_at=now() - HOUR, now=now(), new_id=uuid4())

    await wait("teleport")
    assert [one.code for one in await checking.differences(resources)] == ["check.work_overdue"]
    assert await checking.differences(resources, served=False) == []
    await keep(checking.RESTORED, now().isoformat())
    assert await checking.differences(resources) == []
    await wait("open_room")
    await db.rows("UPDATE intent SET done_at = now() + interval '1 second' WHERE kind = 'open_room'")
    assert [one.details["kind"] for one in await checking.differences(resources)] == ["teleport"]


async def test_a_fault_leaves_the_work_for_later(resources: Resources, caplog: pytest.LogCaptureFixture) -> None:
    expected = await due(resources.redis)
    caplog.set_level(logging.CRITICAL)
    await db.rows("ALTER TABLE entry RENAME TO elsewhere")
    (post,) = [
        one for one in await overdue(now()) if one.kind == "post_room" and one.subject == str(expected.played.id)
    ]
    await carry_out({"resources": resources}, post.kind, post.subject)
    assert await db.value("SELECT last_error FROM intent WHERE id = $1", post.id) == "UndefinedTableError"
    await db.rows("ALTER TABLE elsewhere RENAME TO entry")
    await db.rows("UPDATE intent SET due_at = now() - interval '1 minute' WHERE id = $1", post.id)
    await everything_due(resources)
    await check(expected, resources.redis, resources.settings.data)


async def test_being_stopped_gives_the_work_back(resources: Resources, database: str) -> None:
    expected = await due(resources.redis)
    between = await asyncpg.connect(database)
    async with between.transaction():
        await between.execute("LOCK TABLE entry IN SHARE MODE")
        job = asyncio.create_task(carry_out({"resources": resources}, "post_room", str(expected.played.id)))
        await until_waiting(database, 1)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    await between.close()
    row = await db.row("SELECT claimed_until, last_error FROM intent WHERE subject = $1", str(expected.played.id))
    assert row is not None
    assert tuple(row) == (None, "stopped")
    await db.rows("UPDATE intent SET due_at = now() - interval '1 minute' WHERE done_at IS NULL")
    await everything_due(resources)
    await check(expected, resources.redis, resources.settings.data)


async def test_being_stopped_while_ticking_off_ticks_off_first(resources: Resources, database: str) -> None:
    expected = await due(resources.redis)
    between = await asyncpg.connect(database)
    await between.execute("BEGIN")
    await between.execute("SELECT FROM room WHERE id = $1 FOR UPDATE", expected.planned.id)
    job = asyncio.create_task(carry_out({"resources": resources}, "open_room", str(expected.planned.id)))
    await until_waiting(database, 1)
    other = await asyncpg.connect(database)
    async with other.transaction():
        await other.execute("LOCK TABLE intent IN SHARE MODE")
        await between.execute("COMMIT")
        await until_waiting(database, 1, "\nUPDATE intent SET claimed_until = NULL")
        job.cancel()
        await db.value("SELECT 1")
    await asyncio.wait([job])
    await other.close()
    await between.close()
    done = await db.row("SELECT done_at, claimed_until FROM intent WHERE subject = $1", str(expected.planned.id))
    assert done is not None
    assert (done["done_at"] is not None, done["claimed_until"]) == (True, None)
    await everything_due(resources)
    await check(expected, resources.redis, resources.settings.data)


class FakeQueue:
    """Keeps the jobs that a sweep queues."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Any, ...]] = []
        self.how: list[dict[str, Any]] = []

    async def enqueue_job(self, *job: Any, **how: Any) -> None:
        self.jobs.append(job)
        self.how.append(how)

    async def set(self, *sign: Any, **how: Any) -> None:
        """The sign of life."""


async def test_what_was_queued_before_the_clock_was_set_is_queued_anew(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By how long it waits, never until when by the clock of the queue."""
    await posted_one_by_one(1)
    await db.rows("UPDATE intent SET due_at = $1", now() + timedelta(seconds=2))
    queue, moment = FakeQueue(), now()
    monkeypatch.setattr(main, "now", lambda: moment)
    for lead in (timedelta(), timedelta(microseconds=-1), -HOUR, HOUR, 8 * HOUR):
        monkeypatch.setattr(main.clock, "lead", lambda lead=lead: lead)
        await sweep({"redis": queue})
    assert {tuple(sorted(how)) for how in queue.how} == {("_defer_by", "_job_id")}
    assert all(timedelta() <= how["_defer_by"] <= main.AHEAD for how in queue.how)
    assert len({how["_job_id"] for how in queue.how}) == 4


async def test_regular_work_has_its_turn_by_laurels_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for all workers, also when that time was taken over, back or ahead; what wakes at a start, at once. What a
    look finds needless is not queued."""
    left = False

    async def as_left(resources: object) -> bool:
        return left

    looked = tuple(replace(one, unless=as_left) if one.unless else one for one in main.REGULAR)
    monkeypatch.setattr(main, "REGULAR", looked)
    workers: list[dict[str, Any]] = [{"redis": FakeQueue(), "resources": None} for _ in range(2)]

    async def at(moment: datetime) -> list[list[str]]:
        monkeypatch.setattr(main, "now", lambda: moment)
        ids = []
        for ctx in workers:
            before = len(ctx["redis"].how)
            await main.queue_regular(ctx)
            ids.append([how["_job_id"] for how in ctx["redis"].how[before:]])
        return ids

    noon = datetime(2026, 9, 2, 12, 0, 0, tzinfo=UTC)
    started = await at(noon)
    assert started[0] == started[1]
    assert [one.partition(":")[0] for one in started[0]] == ["follow_after_restart"]
    assert await at(noon) == [[], []]
    for moment in (noon + HOUR, noon - 8 * HOUR, noon + 365 * 24 * HOUR):
        one, other = await at(moment)
        assert one == other
        wanted = {regular.name for regular in main.REGULAR if not (left and regular.unless)}
        assert {job.partition(":")[0] for job in one} == wanted
        assert await at(moment) == [[], []]
        left = not left


async def posted_one_by_one(count: int) -> tuple[UUID, list[Award]]:
    """A season in which so many members were given points, each by a posting of his own."""
    running, members = await season(day_of(now()) - timedelta(days=30)), await people(count)
    awards = [Award(f"one:{member}", member, 5) for member in members]
    for one in awards:
        await post([one], running, day=day_of(now()), at=now())
    return running.id, awards


async def test_boards_follow_all_that_waits_at_once(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many points came one by one, they are one job: one look at the ledger, one move of the units."""
    season_id, awards = await posted_one_by_one(5)
    queue = FakeQueue()
    await sweep({"redis": queue})
    assert [job[:3] for job in queue.jobs] == [("carry_out", "refresh_boards", "")]
    moves = []

    async def counted(*given: Any, **how: Any) -> None:
        moves.append(given)
        await refresh_units(*given, **how)

    monkeypatch.setattr("rewards.boards.actions.refresh_units", counted)
    await carry_out({"resources": resources}, "refresh_boards", "")
    assert (len(moves), await open_count()) == (1, 0)
    places = await points_and_places(resources.redis, season_board(season_id), [one.member for one in awards])
    assert [places[one.member].points for one in awards] == [5] * 5
    assert await drift(resources.redis, today=resources.day_of(now())) == []


async def test_what_failed_together_is_tried_one_by_one(resources: Resources, caplog: pytest.LogCaptureFixture) -> None:
    """One piece that can never be done keeps nothing else from being done."""
    await posted_one_by_one(3)
    caplog.set_level(logging.CRITICAL)
    async with db.transaction():
        await intend("refresh_boards", "nonsense", due_at=now() - HOUR, now=now(), new_id=uuid4())
    await carry_out({"resources": resources}, "refresh_boards", "")
    assert await open_count() == 4
    await db.rows("UPDATE intent SET due_at = now() - interval '1 minute'")
    await carry_out({"resources": resources}, "refresh_boards", "")
    assert await open_count() == 4, "not together again"
    queue = FakeQueue()
    await sweep({"redis": queue})
    for _, *job in queue.jobs:
        await carry_out({"resources": resources}, *job)
    assert [one["subject"] for one in await db.rows("SELECT subject FROM intent WHERE done_at IS NULL")] == ["nonsense"]


async def test_nobody_does_what_another_holds(resources: Resources) -> None:
    expected = await due(resources.redis)
    held = await claim(now=now(), hold=HOUR, limit=100)
    for one in held:
        await carry_out({"resources": resources}, one.kind, one.subject)
    assert await expected.planned.state() == "scheduled"
    assert await open_count() == len(held)


async def test_the_end_of_a_room_comes_even_if_the_host_moves_at_that_moment(
    resources: Resources, database: str
) -> None:
    expected = await due(resources.redis)
    for play, state in ((expected.ending, "podium"), (expected.idle, "cancelled")):
        between = await asyncpg.connect(database)
        async with between.transaction():
            await between.execute("UPDATE room SET version = version + 1 WHERE id = $1", play.id)
            ending = asyncio.create_task(quizzes.end_room(resources, str(play.id)))
            await until_waiting(database, 1)
        await ending
        await between.close()
        assert await play.state() == state


async def test_a_question_that_was_left_closing_is_closed(resources: Resources) -> None:
    """The one who announced it died before the last word."""
    play = await room(resources.redis, await scene(2, at=now() - HOUR))
    await play.join()
    await play.next()
    await play.answer(play.scene.players[0])
    await db.rows("UPDATE round SET state = 'closing'")
    await everything_due(resources)
    assert (await play.state(), await play.version()) == ("reveal", 3)
    await refresh_units(resources.redis, play.scene.season, today=resources.day_of(now()))
    assert await checking.differences(resources) == []


async def test_a_board_that_was_not_reached_at_the_closing_is_mended_by_the_worker(resources: Resources) -> None:
    play = await room(resources.redis, await scene(2, at=now() - HOUR))
    await refresh_units(resources.redis, play.scene.season, today=resources.day_of(now()))
    await play.join()
    await play.next()
    await play.answer(play.scene.players[0])
    nowhere = Redis(unix_socket_path="/nowhere/valkey.sock")
    with pytest.raises(Exception, match="nowhere"):
        await actions.close_round(nowhere, await play.round(), now=now)
    await nowhere.aclose()
    assert await play.state() == "reveal"
    found = await checking.differences(resources)
    assert [one.code for one in found] == ["check.board_differs", "check.work_overdue"]
    assert found[0].details["board"] == room_board(play.id)
    await everything_due(resources)
    assert await checking.differences(resources) == []
