"""What can be done with quizzes and rooms: one transaction each, then the announcement."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from redis.asyncio import Redis

from games.quizzes import queries, rules
from games.quizzes.earnings import QUIZ
from games.quizzes.formats.draft import QuestionDraft
from games.quizzes.tables import Player, Quiz, Room
from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.boards import actions as boards
from rewards.boards.rules import room_board
from rewards.ledger.actions import Award, award
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

NewId = Callable[[], UUID]

DEFAULT_SECONDS = 20


async def add_quiz(
    title: str,
    drafts: Sequence[QuestionDraft],
    *,
    scoring: rules.Scoring,
    floor_percent: int = 50,
    actor: UUID | None,
    now: datetime,
    new_id: NewId,
) -> UUID:
    """Put a quiz with all its questions in the bank; return its id. Refusals: quiz.empty, quiz.title_missing."""
    title = title.strip()
    if not drafts:
        raise Refusal("quiz.empty")
    if not title or len(title) > 200:
        raise Refusal("quiz.title_missing")
    if scoring not in rules.SCORINGS or not 0 <= floor_percent <= 100:
        raise Refusal("quiz.scoring_unknown")
    quiz_id = new_id()
    async with db.transaction() as connection:
        await Quiz.insert(
            Quiz(
                id=quiz_id, title=title, scoring=scoring, floor_percent=floor_percent, created_by=actor, created_at=now
            )
        )
        await connection.executemany(
            "INSERT INTO question (id, quiz, position, kind, text, options, right_mask, seconds, explanation)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                (
                    new_id(),
                    quiz_id,
                    position,
                    draft.kind,
                    draft.text,
                    list(draft.options),
                    rules.mask_of(tuple(draft.right)),
                    min(max(draft.seconds or DEFAULT_SECONDS, 5), 300),
                    draft.explanation,
                )
                for position, draft in enumerate(drafts, start=1)
            ],
        )
        await note("quiz.added", at=now, actor=actor, subject=str(quiz_id), title=title, questions=len(drafts))
    return quiz_id


async def set_scoring(
    quiz_id: UUID, scoring: rules.Scoring, floor_percent: int, *, actor: UUID | None, now: datetime
) -> None:
    """Choose how speed counts, before the quiz is first played. Refusals: quiz.unknown, quiz.already_played."""
    if scoring not in rules.SCORINGS or not 0 <= floor_percent <= 100:
        raise Refusal("quiz.scoring_unknown")
    async with db.transaction() as connection:
        # Every question is asked under a share of this row: who waited for one sees it in the next statement.
        if await connection.fetchval("SELECT id FROM quiz WHERE id = $1 FOR NO KEY UPDATE", quiz_id) is None:
            raise Refusal("quiz.unknown")
        if await queries.was_asked(quiz_id):
            raise Refusal("quiz.already_played")
        await connection.execute(
            "UPDATE quiz SET scoring = $2, floor_percent = $3 WHERE id = $1", quiz_id, scoring, floor_percent
        )
        await note("quiz.scoring_set", at=now, actor=actor, subject=str(quiz_id), scoring=scoring)


async def open_room(
    quiz_id: UUID,
    *,
    host: UUID,
    season: UUID | None,
    code: str,
    now: datetime,
    new_id: NewId,
    opens_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> UUID:
    """A room for a quiz: its lobby at once, or at `opens_at` by a worker; ended at `ends_at` when set.

    Refusals: quiz.unknown, season.none (no season covers today), room.times (they are not in order).
    """
    if season is None:
        raise Refusal("season.none")
    if ends_at is not None and ends_at <= max(now, opens_at or now):
        raise Refusal("room.times")
    waits = opens_at is not None and opens_at > now
    room_id = new_id()
    async with db.transaction():
        if not await Quiz.exists().where(Quiz.id == quiz_id):
            raise Refusal("quiz.unknown")
        await Room.insert(
            Room(
                id=room_id,
                quiz=quiz_id,
                season=season,
                code=code,
                state="scheduled" if waits else "lobby",
                host=host,
                created_at=now,
                moved_at=now,
                opens_at=opens_at,
                ends_at=ends_at,
            )
        )
        if waits and opens_at is not None:
            await intend("open_room", str(room_id), due_at=opens_at, now=now, new_id=new_id())
        if ends_at is not None:
            await intend("end_room", str(room_id), due_at=ends_at, now=now, new_id=new_id())
        await note("room.opened", at=now, actor=host, subject=str(room_id))
    return room_id


Joined = Literal["joined", "already", "closed", "removed"]


async def join(redis: Redis, room_id: UUID, member: UUID, *, now: datetime, new_id: UUID) -> Joined:
    """Enter a room, late or again as often as wished: one row a member, the score kept."""
    async with db.transaction() as connection:
        state = await connection.fetchval("SELECT state FROM room WHERE id = $1", room_id)
        if state is None or state in ("scheduled", "cancelled"):
            return "closed"
        added = await connection.fetchval(
            "INSERT INTO player (id, room, member, joined_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (room, member) DO NOTHING RETURNING id",
            new_id,
            room_id,
            member,
            now,
        )
        if added is None:
            removed = await connection.fetchval(
                "SELECT removed_at FROM player WHERE room = $1 AND member = $2", room_id, member
            )
            return "already" if removed is None else "removed"
    await ticks.announce(redis, f"players:{room_id}")
    return "joined"


async def remove_player(redis: Redis, room_id: UUID, member: UUID, *, actor: UUID, now: datetime, back: bool) -> bool:
    """Send a player out of a room, or let him back in (`back`). His answers stay. False: nothing to change."""
    async with db.transaction():
        changed = await (
            Player.update({Player.removed_at: None if back else now})
            .where(
                Player.room == room_id,
                Player.member == member,
                Player.removed_at.is_not_null() if back else Player.removed_at.is_null(),
            )
            .returning(Player.id)
        )
        if not changed:
            return False
        code = "room.player_let_back" if back else "room.player_removed"
        await note(code, at=now, actor=actor, subject=str(room_id), member=str(member))
    await ticks.announce(redis, f"players:{room_id}")
    await ticks.announce(redis, f"member:{member}")
    return True


@dataclass(frozen=True, slots=True)
class Moved:
    """The room is now at `version`, in `state`."""

    state: str
    version: int


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was done: the room had already moved on to `version` (a double tap, a second host)."""

    version: int


async def advance(
    redis: Redis, room_id: UUID, *, expected: int, now: Callable[[], datetime], new_id: NewId
) -> Moved | Stale:
    """The host's one big Next: start, close the question, go on, or end after the last question.

    Refusals: room.unknown, room.move (the state has no Next).
    """
    found = await db.row(
        "SELECT state, version, (SELECT id FROM round WHERE round.room = room.id AND round.position = room.position)"
        " AS round FROM room WHERE id = $1",
        room_id,
    )
    if found is None:
        raise Refusal("room.unknown")
    if found["version"] != expected:
        return Stale(found["version"])
    if found["state"] == "question":
        return await close_round(redis, found["round"], now=now)
    return await _go_on(redis, room_id, expected=expected, now=now(), new_id=new_id, move="next")


async def _held(connection: db.Connection, room_id: UUID) -> db.Row:
    """The room's state, version, position and quiz, its row locked until the commit; Refusal room.unknown."""
    room = await connection.fetchrow(
        "SELECT state, version, position, quiz FROM room WHERE id = $1 FOR NO KEY UPDATE", room_id
    )
    if room is None:
        raise Refusal("room.unknown")
    return room


def _after(room: db.Row, move: rules.Move, *, left: bool = True) -> rules.State:
    """The state after the move, as rules.after; Refusal room.move when it is out of order."""
    state = rules.after(room["state"], move, left=left)
    if state is None:
        raise Refusal("room.move", state=room["state"])
    return state


async def _go_on(
    redis: Redis, room_id: UUID, *, expected: int, now: datetime, new_id: NewId, move: rules.Move
) -> Moved | Stale:
    """To the next question, or to the podium when there is none or `move` is end. Skip and end drop an open one."""
    async with db.transaction() as connection:
        room = await _held(connection, room_id)
        if room["version"] != expected:
            return Stale(room["version"])
        position = room["position"] + 1
        question = None if move == "end" else await _next_question(connection, room["quiz"], position)
        state = _after(room, move, left=question is not None)
        if move != "next":
            await connection.execute(
                "UPDATE round SET state = 'skipped', closed_at = $2 WHERE room = $1"
                " AND state IN ('open', 'paused', 'closing')",
                room_id,
                now,
            )
        if question is None:
            await connection.execute("UPDATE room SET ended_at = $2 WHERE id = $1", room_id, now)
            await intend("post_room", str(room_id), due_at=now, now=now, new_id=new_id())
            moved = await _move(connection, room_id, state, now)
        else:
            await _ask(connection, room_id, question, position, now=now, new_id=new_id)
            moved = await _move(connection, room_id, state, now, position=position)
    await announce_room(redis, room_id, moved)
    return moved


async def _next_question(connection: db.Connection, quiz: UUID, position: int) -> db.Row | None:
    """(id, seconds) of the question at a position, or None; its quiz is shared, so that its scoring stays."""
    return await connection.fetchrow(
        "SELECT question.id, seconds FROM question JOIN quiz ON quiz.id = question.quiz"
        " WHERE quiz = $1 AND position = $2 FOR SHARE OF quiz",
        quiz,
        position,
    )


async def _ask(
    connection: db.Connection, room_id: UUID, question: db.Row, position: int, *, now: datetime, new_id: NewId
) -> None:
    """Open a round for a question, and intend its closing when its time is over."""
    round_id = new_id()
    closes_at = now + timedelta(seconds=question["seconds"])
    await connection.execute(
        "INSERT INTO round (id, room, question, position, opened_at, closes_at) VALUES ($1, $2, $3, $4, $5, $6)",
        round_id,
        room_id,
        question["id"],
        position,
        now,
        closes_at,
    )
    await intend(*_closing(round_id, closes_at), due_at=closes_at, now=now, new_id=new_id())


def _closing(round_id: UUID, at: datetime) -> tuple[str, str]:
    """Kind and subject of the closing of a round at a time; a pause moves the time, so it makes another intent."""
    return "close_round", f"{round_id}@{at.timestamp():.3f}"


async def skip(redis: Redis, room_id: UUID, *, expected: int, now: datetime, new_id: NewId) -> Moved | Stale:
    """Drop the open question (nobody scores by it) and ask the next one."""
    return await _go_on(redis, room_id, expected=expected, now=now, new_id=new_id, move="skip")


async def end_room(redis: Redis, room_id: UUID, *, expected: int, now: datetime, new_id: NewId) -> Moved | Stale:
    """To the podium now; an open question is dropped."""
    return await _go_on(redis, room_id, expected=expected, now=now, new_id=new_id, move="end")


async def _move(
    connection: db.Connection, room_id: UUID, state: rules.State, now: datetime, *, position: int | None = None
) -> Moved:
    version = await connection.fetchval(
        "UPDATE room SET state = $2, version = version + 1, position = coalesce($3, position), moved_at = $4"
        " WHERE id = $1 RETURNING version",
        room_id,
        state,
        position,
        now,
    )
    return Moved(state, version)


async def announce_room(redis: Redis, room_id: UUID, moved: Moved) -> None:
    """Tell every web process that the room changed (after the commit)."""
    await ticks.announce(redis, f"room:{room_id}", version=moved.version, state=moved.state)


async def close_round(
    redis: Redis, round_id: UUID, *, now: Callable[[], datetime], only_due: bool = False
) -> Moved | Stale:
    """Close a round once: announce, let what was received in time land, then the last word and the reveal.

    The last word alone takes the strong lock, so a burst of answers cannot starve it. Called by the host's Next
    and by the worker at the set time (`only_due`: not while paused, not before its time); whoever comes second
    changes nothing. An answer acknowledged before the announcement counts, so the round closes no earlier than that.
    """
    state = await db.value(
        "UPDATE round SET state = 'closing', closes_at = least(closes_at, $2) WHERE id = $1"
        " AND (state = 'open' AND (closes_at <= $2 OR NOT $3) OR state = 'paused' AND NOT $3) RETURNING state",
        round_id,
        now(),
        only_due,
    )
    if (state or await db.value("SELECT state FROM round WHERE id = $1", round_id)) == "closing":
        await asyncio.sleep(rules.DRAIN.total_seconds())
    async with db.transaction() as connection:
        # The room first, then the round, as in every other move: two moves at once must not wait for each other.
        room = await connection.fetchrow(
            "SELECT room.id, version, room.state FROM room JOIN round ON round.room = room.id WHERE round.id = $1"
            " FOR NO KEY UPDATE OF room",
            round_id,
        )
        if room is None:
            raise Refusal("round.unknown")
        as_found = Moved(room["state"], room["version"])
        moved = None
        if await connection.fetchval("SELECT state FROM round WHERE id = $1 FOR UPDATE", round_id) == "closing":
            closed_at = now()
            await connection.execute(
                "UPDATE round SET state = 'closed', closed_at = $2, closes_at ="
                " greatest(closes_at, (SELECT max(received_at) FROM answer WHERE round = $1)) WHERE id = $1",
                round_id,
                closed_at,
            )
            moved = await _move(connection, room["id"], _after(room, "next"), closed_at)
    await place_on_board(redis, room["id"])
    if moved is None:
        # The one who closed it may have died before saying so.
        await announce_room(redis, room["id"], as_found)
        return Stale(as_found.version)
    await announce_room(redis, room["id"], moved)
    return moved


async def place_on_board(redis: Redis, room_id: UUID) -> None:
    """Bring the room's board up to its closed rounds."""
    await boards.place(redis, room_board(room_id), await queries.standings(room_id))


async def pause(redis: Redis, room_id: UUID, *, expected: int, now: datetime) -> Moved | Stale:
    """Stop the clock of the open question; answers are refused until `resume`."""
    async with db.transaction() as connection:
        room = await _held(connection, room_id)
        if room["version"] != expected:
            return Stale(room["version"])
        state = _after(room, "pause")
        paused = await connection.fetchval(
            "UPDATE round SET state = 'paused', paused_at = $2 WHERE room = $1 AND state = 'open' AND closes_at > $2"
            " RETURNING id",
            room_id,
            now,
        )
        if paused is None:
            raise Refusal("room.move", state=room["state"])
        moved = await _move(connection, room_id, state, now)
    await announce_room(redis, room_id, moved)
    return moved


async def resume(redis: Redis, room_id: UUID, *, expected: int, now: datetime, new_id: NewId) -> Moved | Stale:
    """Let the clock run on; nobody loses the time of the pause."""
    async with db.transaction() as connection:
        room = await _held(connection, room_id)
        if room["version"] != expected:
            return Stale(room["version"])
        state = _after(room, "resume")
        resumed = await connection.fetchrow(
            "UPDATE round SET state = 'open', closes_at = closes_at + ($2 - paused_at), paused_at = NULL,"
            " paused_ms = paused_ms + (extract(epoch FROM $2 - paused_at) * 1000)::int"
            " WHERE room = $1 AND state = 'paused' RETURNING id, closes_at",
            room_id,
            now,
        )
        if resumed is None:
            raise Refusal("room.move", state=room["state"])
        again = resumed["closes_at"]
        await intend(*_closing(resumed["id"], again), due_at=again, now=now, new_id=new_id())
        moved = await _move(connection, room_id, state, now)
    await announce_room(redis, room_id, moved)
    return moved


async def open_lobby(redis: Redis, room_id: UUID, *, now: datetime) -> Moved | None:
    """The set time of a scheduled room has come, or its host opens it before. None when it was opened or cancelled
    already."""
    async with db.transaction() as connection:
        waiting = await connection.fetchval("SELECT state FROM room WHERE id = $1 FOR NO KEY UPDATE", room_id)
        state = None if waiting is None else rules.after(waiting, "open")
        if state is None:
            return None
        await connection.execute("UPDATE room SET opens_at = least(opens_at, $2) WHERE id = $1", room_id, now)
        moved = await _move(connection, room_id, state, now)
    await announce_room(redis, room_id, moved)
    return moved


async def cancel_room(redis: Redis, room_id: UUID, *, expected: int, actor: UUID, now: datetime) -> Moved | Stale:
    """Call a room off before its first question."""
    async with db.transaction() as connection:
        room = await _held(connection, room_id)
        if room["version"] != expected:
            return Stale(room["version"])
        state = _after(room, "cancel")
        await note("room.cancelled", at=now, actor=actor, subject=str(room_id))
        moved = await _move(connection, room_id, state, now)
    await announce_room(redis, room_id, moved)
    return moved


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as received and graded, not yet written."""

    round: UUID
    member: UUID
    picked: int
    received_at: datetime
    elapsed_ms: int
    correct: bool
    points: int
    paused_ms: int


Outcome = Literal["recorded", "duplicate", "late", "paused", "not_in_room", "unknown", "stale_key"]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an answer. `picked` is what stands in the table (the first one, for a duplicate); 0: nothing."""

    outcome: Outcome
    picked: int


def graded(key: queries.AnswerKey, member: UUID, picked: int, received_at: datetime) -> Given:
    """Grade and score an answer by server time. `picked` must be well formed for the round."""
    elapsed = key.timing.elapsed_ms(received_at)
    correct = picked == key.right_mask
    points = 0
    if correct:
        points = rules.score(
            key.scoring,
            points=key.points,
            elapsed_ms=elapsed,
            limit_ms=key.limit_ms,
            floor_percent=key.floor_percent,
        )
    return Given(key.round, member, picked, received_at, elapsed, correct, points, key.timing.paused_ms)


_RECORD = """
    WITH given AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::timestamptz[], $5::int[], $6::bool[],
            $7::int[], $8::int[]) WITH ORDINALITY
            AS g (round, member, picked, received_at, elapsed_ms, correct, points, paused_ms, place)
    ), live AS (
        SELECT id, room, closes_at, paused_ms FROM round WHERE id = ANY($9::uuid[]) AND state IN ('open', 'closing')
        FOR KEY SHARE
    )
    INSERT INTO answer (round, member, picked, received_at, elapsed_ms, correct, points)
    SELECT given.round, given.member, picked, received_at, elapsed_ms, correct, points
    FROM given JOIN live ON live.id = given.round AND live.paused_ms = given.paused_ms
        AND given.received_at <= live.closes_at
    JOIN player ON player.room = live.room AND player.member = given.member AND player.removed_at IS NULL
    ORDER BY given.round, given.member, given.place
    ON CONFLICT (round, member) DO NOTHING RETURNING round, member, picked, received_at
"""


async def record_answers(batch: Sequence[Given]) -> list[Written]:
    """Write a batch of answers in one commit; say of each, in order, what became of it.

    One statement for a batch of new answers. The first answer of a member to a round stands for ever; the
    database decides (round open, received in time, member in the room), whatever the caller believed.
    """
    columns = list(
        zip(
            *(
                (g.round, g.member, g.picked, g.received_at, g.elapsed_ms, g.correct, g.points, g.paused_ms)
                for g in batch
            ),
            strict=True,
        )
    )
    written = await db.rows(_RECORD, *map(list, columns), list({g.round for g in batch}))
    fresh = {tuple(row) for row in written}
    outcomes: list[Written | None] = []
    for given in batch:
        # Of several answers of one member in the batch, the one that stands may be the second: the first was refused.
        key = (given.round, given.member, given.picked, given.received_at)
        outcomes.append(Written("recorded", given.picked) if key in fresh else None)
        fresh.discard(key)
    missing = [given for given, outcome in zip(batch, outcomes, strict=True) if outcome is None]
    if missing:
        reasons = iter(await _why_not(missing))
        outcomes = [outcome or next(reasons) for outcome in outcomes]
    return [outcome for outcome in outcomes if outcome is not None]


async def _why_not(missing: Sequence[Given]) -> list[Written]:
    found = await db.rows(
        "SELECT g.round, g.member, answer.picked, round.state, round.closes_at, round.paused_ms,"
        " player.id IS NOT NULL AND player.removed_at IS NULL AS playing"
        " FROM unnest($1::uuid[], $2::uuid[]) AS g (round, member) LEFT JOIN round ON round.id = g.round"
        " LEFT JOIN answer ON answer.round = g.round AND answer.member = g.member"
        " LEFT JOIN player ON player.room = round.room AND player.member = g.member",
        [given.round for given in missing],
        [given.member for given in missing],
    )
    facts = {(row["round"], row["member"]): row for row in found}
    return [_reason(given, facts[(given.round, given.member)]) for given in missing]


def _reason(given: Given, fact: db.Row) -> Written:
    if fact["picked"] is not None:
        return Written("duplicate", fact["picked"])
    if fact["state"] is None:
        return Written("unknown", 0)
    if not fact["playing"]:
        return Written("not_in_room", 0)
    if fact["state"] == "paused":
        return Written("paused", 0)
    if fact["state"] not in rules.ANSWERING or given.received_at > fact["closes_at"]:
        return Written("late", 0)
    return Written("stale_key", 0)


async def post_room(room_id: UUID, *, day_of: Callable[[datetime], date], now: datetime, new_id: NewId) -> int | None:
    """Bring the points of a finished room to the ledger: one posting a member, key `quiz:{room}:{member}`.

    Returns how many members were posted; None when it was done before or the room is not finished. The day is
    the organisation's day on which the room ended. Each posting is about the quiz and measures how much was right,
    in whole percent of the rounds that counted.
    """
    async with db.transaction() as connection:
        await connection.execute("SELECT FROM room WHERE id = $1 FOR NO KEY UPDATE", room_id)
        room = await queries.room(room_id)
        if room is None or room.ended_at is None or room.posted_at is not None:
            return None
        scores = await queries.scores(room_id)
        await award(
            [
                Award(
                    f"quiz:{room_id}:{score.member}",
                    score.member,
                    score.points,
                    room.title,
                    about=room.quiz,
                    measure=rules.percent_right(score.correct, room.counted),
                )
                for score in scores
            ],
            rule=QUIZ.code,
            season=room.season,
            day=day_of(room.ended_at),
            at=now,
            new_id=new_id,
        )
        await connection.execute("UPDATE room SET posted_at = $2 WHERE id = $1", room_id, now)
    return len(scores)


async def rebuild_boards(redis: Redis, only: str = "") -> list[str]:
    """Every room's board (or `only` the one of this name) made anew from the answers; the names of the boards.

    Refusal board.unknown.
    """
    rooms = {room_board(room): room for room in await queries.rooms_with_boards()}
    if only:
        if only not in rooms:
            raise Refusal("board.unknown", board=only)
        rooms = {only: rooms[only]}
    for name, room in rooms.items():
        await boards.replace(redis, name, await queries.standings(room))
    return list(rooms)
