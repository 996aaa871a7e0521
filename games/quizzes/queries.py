"""What is known of quizzes and rooms. What a phone may see never includes `right_mask` before the reveal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from piccolo.querystring import QueryString

from games.quizzes import rules
from games.quizzes.tables import Player, Question, Quiz, Room
from rewards import database as db
from rewards.boards.rules import BoardScore


@dataclass(frozen=True, slots=True)
class QuizRow:
    """A quiz in a list: how many questions it has and how often it was played to the end."""

    id: UUID
    title: str
    scoring: str
    floor_percent: int
    questions: int
    played: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question with its solution: for the desk only."""

    id: UUID
    position: int
    kind: str
    text: str
    options: tuple[str, ...]
    right_mask: int
    seconds: int
    points: int
    explanation: str


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round as everyone may see it. `right_mask`, `explanation` and `counts` are empty until it is closed.

    `counts`: how many picked each option, in option order; `answers`: how many answered.
    """

    id: UUID
    position: int
    state: str
    kind: str
    text: str
    options: tuple[str, ...]
    opened_at: datetime
    closes_at: datetime
    paused_at: datetime | None
    limit_ms: int
    right_mask: int = 0
    explanation: str = ""
    counts: tuple[int, ...] = ()
    answers: int = 0


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room at one version. `position` counts the questions asked, of `questions`; `round` is the latest one.

    `counted`: rounds by which people score: those that are closed, not skipped.
    """

    id: UUID
    code: str
    state: str
    version: int
    position: int
    questions: int
    counted: int
    title: str
    quiz: UUID
    season: UUID
    host: UUID
    opens_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    posted_at: datetime | None
    moved_at: datetime
    round: RoundRow | None


@dataclass(frozen=True, slots=True)
class ComingRoom:
    """A room that waits for its time."""

    title: str
    opens_at: datetime
    questions: int


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """All that grading needs of a round. Stays inside the server process."""

    round: UUID
    room: UUID
    state: str
    timing: rules.Timing
    limit_ms: int
    kind: str
    options: int
    right_mask: int
    points: int
    scoring: rules.Scoring
    floor_percent: int


@dataclass(frozen=True, slots=True)
class Result:
    """A player after a closed round. `picked` 0: did not answer; `right`: right answers so far. Places are 1-based;
    `was` 0: not placed before. Who plays outside the board has no place, and no points."""

    member: UUID
    picked: int
    correct: bool
    points: int
    total: int
    place: int
    was: int
    right: int

    @property
    def outside(self) -> bool:
        return not self.place


@dataclass(frozen=True, slots=True)
class Mine:
    """A member in a room: whether he plays, perhaps outside the board, and his pick in the current round (0: none)."""

    joined: bool
    removed: bool
    outside: bool
    picked: int


_QUIZ = (
    "SELECT quiz.id, title, scoring, floor_percent, created_at,"
    " (SELECT count(*) FROM question WHERE question.quiz = quiz.id) AS questions,"
    " (SELECT count(*) FROM room WHERE room.quiz = quiz.id AND room.state = 'podium') AS played FROM quiz "
)
_TITLED = db.compiled(
    Quiz.select(Quiz.id, Quiz.title)
    .where(db.holds(Quiz.title, db.given(1)))
    .order_by(Quiz.created_at, Quiz.id, ascending=False)
)
_QUESTIONS = db.compiled(
    Question.select(*Question.all_columns(exclude=[Question.quiz]))
    .where(Question.quiz == db.given(1))
    .order_by(Question.position)
)


async def quizzes(text: str = "") -> list[QuizRow]:
    """Every quiz whose title has the text, in capitals or not; the newest first."""
    wanted = db.all_of(db.holds(Quiz.title, text))
    found = await db.rows(QueryString(_QUIZ + "WHERE {} ORDER BY created_at DESC, quiz.id DESC", wanted))
    return [QuizRow(**row) for row in found]


async def quiz(quiz_id: UUID) -> QuizRow | None:
    """One quiz, or None."""
    found = await db.row(_QUIZ + "WHERE quiz.id = $1", quiz_id)
    return None if found is None else QuizRow(**found)


async def was_asked(quiz_id: UUID) -> bool:
    """Whether any question of the quiz was ever asked: from then on its scoring stays."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM room WHERE quiz = $1 AND position > 0)", quiz_id)
    return found


async def insider_since(quiz_id: UUID, member: UUID) -> datetime | None:
    """Since when a member knows the right answers of a quiz; None: he does not."""
    found: datetime | None = await db.value(
        "SELECT since FROM insider WHERE quiz = $1 AND member = $2", quiz_id, member
    )
    return found


async def is_playing(quiz_id: UUID, member: UUID) -> bool:
    """Whether a member is in a room of the quiz that is not over."""
    found: bool = await db.value(
        "SELECT EXISTS (SELECT FROM player JOIN room ON room.id = player.room WHERE quiz = $1 AND member = $2"
        " AND removed_at IS NULL AND state IN ('lobby', 'question', 'reveal'))",
        quiz_id,
        member,
    )
    return found


async def quizzes_titled(text: str, limit: int) -> list[tuple[UUID, str]]:
    """(id, title) of at most `limit` quizzes whose title has the text, in capitals or not; the newest first."""
    return [(one["id"], one["title"]) for one in await db.rows(_TITLED + " LIMIT $2", text, limit)]


async def questions(quiz_id: UUID) -> list[QuestionRow]:
    """The questions of a quiz with their solutions, in order. For the desk only."""
    found = await db.rows(_QUESTIONS, quiz_id)
    return [QuestionRow(**{**row, "options": tuple(row["options"])}) for row in found]


_ON_BOARD = "member NOT IN (SELECT member FROM outside WHERE room = $1)"
"""Of a room's players those whose answers count; what follows counts no others."""

_ROOM = (
    "SELECT room.id, code, room.state, version, room.position, quiz.title, room.quiz, season, host, opens_at, ends_at,"
    " ended_at, posted_at, moved_at, (SELECT count(*) FROM question WHERE question.quiz = room.quiz) AS questions,"
    " (SELECT count(*) FROM round WHERE round.room = room.id AND round.state = 'closed') AS counted"
)
_FROM = " FROM room JOIN quiz ON quiz.id = room.quiz "
_WITH_ROUND = (
    _ROOM + ", asked.id AS round, asked.position AS round_position, asked.state AS round_state, kind, text, options,"
    " opened_at, closes_at, paused_at, seconds * 1000 AS limit_ms, right_mask, explanation" + _FROM + "LEFT JOIN"
    " (round AS asked JOIN question ON question.id = asked.question) ON asked.room = room.id"
    " AND asked.position = room.position AND room.state IN ('question', 'reveal') "
)


async def room(room_id: UUID) -> RoomRow | None:
    """A room with its latest round, as one consistent picture; None when there is no such room."""
    return await _with_round(await db.row(_WITH_ROUND + "WHERE room.id = $1", room_id))


async def room_by_code(code: str) -> RoomRow | None:
    """The room of a code that people type (any case, spaces around it), or None."""
    return await _with_round(await db.row(_WITH_ROUND + "WHERE code = $1", code.strip().lower()))


async def rooms(*, live: bool, limit: int = 50) -> list[RoomRow]:
    """Rooms that are scheduled or under way (`live`), or those that ended; the newest first, without rounds."""
    states = ["scheduled", "lobby", "question", "reveal"] if live else ["podium", "cancelled"]
    found = await db.rows(
        _ROOM + _FROM + "WHERE room.state = ANY($1) ORDER BY room.created_at DESC, room.id DESC LIMIT $2", states, limit
    )
    return [RoomRow(**row, round=None) for row in found]


async def rooms_called(text: str, limit: int) -> list[tuple[UUID, str, str]]:
    """(id, title, code) of at most `limit` rooms whose title has the text or whose code begins so; the newest first."""
    found = await db.rows(
        "SELECT room.id, quiz.title, code FROM room JOIN quiz ON quiz.id = room.quiz"
        " WHERE starts_with(code, lower($1)) OR position(lower($1) IN lower(quiz.title)) > 0"
        " ORDER BY room.created_at DESC, room.id DESC LIMIT $2",
        text,
        limit,
    )
    return [(one["id"], one["title"], one["code"]) for one in found]


async def titles(room_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """(title, code) of those of these rooms that exist."""
    found = await db.rows("SELECT room.id, quiz.title, code" + _FROM + "WHERE room.id = ANY($1)", list(room_ids))
    return {one["id"]: (one["title"], one["code"]) for one in found}


_OF_ROUND: Final = ("kind", "text", "opened_at", "closes_at", "paused_at", "limit_ms", "right_mask", "explanation")


async def _with_round(found: db.Row | None) -> RoomRow | None:
    if found is None:
        return None
    facts = dict(found)
    asked = {name: facts.pop(name) for name in _OF_ROUND}
    asked |= {name: facts.pop(f"round_{name}") for name in ("position", "state")}
    round_id, options = facts.pop("round"), facts.pop("options")
    if round_id is None:
        return RoomRow(**facts, round=None)
    latest = RoundRow(round_id, options=tuple(options), **asked)
    if latest.state != "closed" or found["state"] != "reveal":
        return RoomRow(**facts, round=replace(latest, right_mask=0, explanation=""))
    picks = await db.rows(
        f"SELECT picked, count(*) AS n FROM answer WHERE round = $2 AND {_ON_BOARD} GROUP BY picked",  # noqa: S608 - composed of constants of this noun
        found["id"],
        round_id,
    )
    counts = tuple(sum(p["n"] for p in picks if p["picked"] >> i & 1) for i in range(len(options)))
    return RoomRow(**facts, round=replace(latest, counts=counts, answers=sum(p["n"] for p in picks)))


async def answer_key(round_id: UUID) -> AnswerKey | None:
    """What grading needs, or None when there is no such round."""
    row = await db.row(
        "SELECT round.room, round.state, opened_at, closes_at, paused_ms, seconds, kind, options, right_mask, points,"
        " scoring, floor_percent FROM round JOIN question ON question.id = round.question"
        " JOIN quiz ON quiz.id = question.quiz WHERE round.id = $1",
        round_id,
    )
    if row is None:
        return None
    return AnswerKey(
        round=round_id,
        room=row["room"],
        state=row["state"],
        timing=rules.Timing(row["opened_at"], row["closes_at"], row["paused_ms"]),
        limit_ms=row["seconds"] * 1000,
        kind=row["kind"],
        options=len(row["options"]),
        right_mask=row["right_mask"],
        points=row["points"],
        scoring=row["scoring"],
        floor_percent=row["floor_percent"],
    )


_VERSIONS = db.compiled(Room.select(Room.id, Room.version).where(Room.id == db.any_of(db.given(1))))


async def versions(room_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The present version of each of these rooms."""
    found = await db.rows(_VERSIONS, list(room_ids))
    return {row["id"]: row["version"] for row in found}


async def answered(room_id: UUID) -> int:
    """How many have answered the latest round of a room."""
    count: int = await db.value(
        "SELECT count(*) FROM answer JOIN round ON round.id = answer.round JOIN room ON room.id = round.room"  # noqa: S608 - composed of constants of this noun
        f" WHERE room.id = $1 AND round.position = room.position AND {_ON_BOARD}",
        room_id,
    )
    return count


async def players(room_id: UUID) -> int:
    """How many have joined a room and were not sent out."""
    count: int = await db.value(
        f"SELECT count(*) FROM player WHERE room = $1 AND removed_at IS NULL AND {_ON_BOARD}",  # noqa: S608 - composed of constants of this noun
        room_id,
    )
    return count


async def player_ids(room_id: UUID, limit: int = 200) -> list[UUID]:
    """Who has joined and was not sent out, the latest first."""
    found = await db.rows(
        f"SELECT member FROM player WHERE room = $1 AND removed_at IS NULL AND {_ON_BOARD}"  # noqa: S608 - composed of constants of this noun
        " ORDER BY joined_at DESC, id DESC LIMIT $2",
        room_id,
        limit,
    )
    return [row["member"] for row in found]


async def outsiders(room_id: UUID) -> list[UUID]:
    """Who plays in a room outside its board, as he knows the answers; also who was sent out."""
    return [row["member"] for row in await db.rows("SELECT member FROM outside WHERE room = $1 ORDER BY 1", room_id)]


async def players_by_unit(room_id: UUID) -> list[tuple[str, int]]:
    """(unit name, players), most first; members without a unit under ""."""
    found = await db.rows(
        "SELECT coalesce(unit.name, '') AS name, count(*) AS n FROM player"  # noqa: S608 - composed of constants of this noun
        " LEFT JOIN membership ON membership.member = player.member AND membership.until IS NULL"
        " LEFT JOIN unit ON unit.id = membership.unit"
        f" WHERE room = $1 AND removed_at IS NULL AND player.{_ON_BOARD} GROUP BY 1 ORDER BY 2 DESC, 1",
        room_id,
    )
    return [(row["name"], row["n"]) for row in found]


async def mine(room_id: UUID, member: UUID) -> Mine:
    """What a member's phone needs beyond what everyone sees."""
    row = await db.row(
        "SELECT player.removed_at, coalesce(answer.picked, 0) AS picked,"
        " EXISTS (SELECT FROM outside WHERE outside.room = player.room AND outside.member = player.member) AS outside"
        " FROM player"
        " JOIN room ON room.id = player.room"
        " LEFT JOIN round ON round.room = room.id AND round.position = room.position"
        " LEFT JOIN answer ON answer.round = round.id AND answer.member = player.member"
        " WHERE player.room = $1 AND player.member = $2",
        room_id,
        member,
    )
    if row is None:
        return Mine(joined=False, removed=False, outside=False, picked=0)
    return Mine(joined=True, removed=row["removed_at"] is not None, outside=row["outside"], picked=row["picked"])


_TOTALS = f"""
    SELECT answer.member, sum(answer.points) AS points, max(round.position) AS last,
        coalesce(sum(answer.elapsed_ms) FILTER (WHERE answer.correct), 0) AS ms,
        count(*) FILTER (WHERE answer.correct) AS correct
    FROM answer JOIN round ON round.id = answer.round
    WHERE round.room = $1 AND round.state = 'closed' AND round.position <= $2 AND answer.{_ON_BOARD}
    GROUP BY answer.member
"""  # noqa: S608 - composed of constants of this noun


_RESULTS = """
    WITH total AS (
        SELECT answer.member, sum(answer.points) AS points,
            coalesce(sum(answer.elapsed_ms) FILTER (WHERE answer.correct), 0) AS ms,
            count(*) FILTER (WHERE answer.correct) AS right_answers,
            sum(answer.points) FILTER (WHERE round.position < $2) AS points_before,
            coalesce(sum(answer.elapsed_ms) FILTER (WHERE answer.correct AND round.position < $2), 0) AS ms_before
        FROM answer JOIN round ON round.id = answer.round
        WHERE round.room = $1 AND round.state = 'closed' AND round.position <= $2
        GROUP BY answer.member
    ), placed AS (
        SELECT member, points, points_before, right_answers,
            row_number() OVER (ORDER BY points DESC, ms, member) AS place,
            row_number() OVER (ORDER BY points_before DESC NULLS LAST, ms_before, member) AS place_before
        FROM total WHERE member NOT IN (SELECT member FROM outside WHERE room = $1)
        UNION ALL
        SELECT outside.member, 0, NULL, coalesce(right_answers, 0), 0, 0
        FROM outside LEFT JOIN total ON total.member = outside.member WHERE room = $1
    )
    SELECT placed.member, coalesce(answer.picked, 0) AS picked, coalesce(answer.correct, false) AS correct,
        CASE WHEN place > 0 THEN coalesce(answer.points, 0) ELSE 0 END AS points, placed.points::int AS total,
        place::int AS place, CASE WHEN points_before IS NULL THEN 0 ELSE place_before END::int AS was,
        right_answers::int AS right
    FROM placed
    LEFT JOIN round ON round.room = $1 AND round.position = $2
    LEFT JOIN answer ON answer.round = round.id AND answer.member = placed.member
    WHERE $3::uuid IS NULL OR placed.member = $3
"""


async def results(room_id: UUID, position: int, member: UUID | None = None) -> list[Result]:
    """Every player who has answered, and all who play outside the board, after the closed round at `position` (or only
    `member`), with place now and before.

    Order of places: points, then less time on right answers, then member id: as the room's board.
    """
    found = await db.rows(_RESULTS, room_id, position, member)
    return [Result(**row) for row in found]


async def standings(room_id: UUID) -> list[BoardScore]:
    """What the room's board must hold: points, milliseconds on right answers, last closed round answered."""
    found = await db.rows(_TOTALS, room_id, 32767)
    return [BoardScore(row["member"], int(row["points"]), int(row["ms"]), row["last"]) for row in found]


@dataclass(frozen=True, slots=True)
class Score:
    """A player at the end: right answers and milliseconds beside the points."""

    member: UUID
    points: int
    correct: int
    ms: int


async def scores(room_id: UUID) -> list[Score]:
    """Final scores, best first."""
    found = await db.rows(_TOTALS + "ORDER BY points DESC, ms, member", room_id, 32767)
    return [Score(row["member"], int(row["points"]), row["correct"], int(row["ms"])) for row in found]


async def rooms_with_boards(since: datetime | None = None) -> list[UUID]:
    """Rooms of which at least one round is closed, the newest first; of those that have ended only those that did
    after `since` (None: all)."""
    found = await db.rows(
        "SELECT room.id FROM room WHERE EXISTS"
        " (SELECT FROM round WHERE round.room = room.id AND round.state = 'closed')"
        " AND ($1::timestamptz IS NULL OR ended_at IS NULL OR ended_at > $1) ORDER BY created_at DESC",
        since,
    )
    return [row["id"] for row in found]


@dataclass(frozen=True, slots=True)
class RoomRun:
    """How a room went: its lobby opened at `began`, `moved` last, and `ended`; None while it goes on."""

    id: UUID
    began: datetime
    moved: datetime
    ended: datetime | None


_RUN = (
    "SELECT id, greatest(created_at, opens_at) AS began, moved_at AS moved,"
    " CASE WHEN state IN ('podium', 'cancelled') THEN coalesce(ended_at, moved_at) END AS ended FROM room "
)


async def recent_runs(since: datetime) -> list[RoomRun]:
    """Rooms in play that were moved after `since`, and those whose podium came after it."""
    found = await db.rows(
        _RUN + "WHERE (state IN ('lobby', 'question', 'reveal') AND moved_at > $1)"
        " OR (state = 'podium' AND ended_at > $1)",
        since,
    )
    return [RoomRun(**dict(one)) for one in found]


async def runs(room_ids: Sequence[UUID]) -> list[RoomRun]:
    """Those of these rooms that exist."""
    return [RoomRun(**dict(one)) for one in await db.rows(_RUN + "WHERE id = ANY($1)", list(room_ids))]


async def coming_rooms(after: datetime, limit: int) -> list[ComingRoom]:
    """Scheduled rooms, the next one first."""
    found = await db.rows(
        "SELECT quiz.title, opens_at, (SELECT count(*) FROM question WHERE question.quiz = room.quiz) AS questions"
        " FROM room JOIN quiz ON quiz.id = room.quiz WHERE room.state = 'scheduled' AND opens_at > $1"
        " ORDER BY opens_at, room.id LIMIT $2",
        after,
        limit,
    )
    return [ComingRoom(**dict(one)) for one in found]


async def room_version(room_id: UUID) -> str | None:
    """What a screen's picture of a room depends on: its version and, in the lobby, how many have joined."""
    found = await db.row(
        "SELECT version, CASE WHEN state = 'lobby' THEN (SELECT count(*) FROM player WHERE player.room = room.id"
        " AND removed_at IS NULL) ELSE 0 END AS players FROM room WHERE id = $1",
        room_id,
    )
    return None if found is None else f"{found['version']}.{found['players']}"


_REMOVED: Final = db.compiled(
    Player.select(Player.member)
    .where(Player.room == db.given(1), Player.removed_at.is_not_null())
    .order_by(Player.removed_at, Player.id, ascending=False)
)


async def removed_players(room: UUID) -> list[UUID]:
    """Who was sent out of a room and may be let back in, the latest first."""
    return [row["member"] for row in await db.rows(_REMOVED, room)]


async def any_quiz() -> bool:
    """Whether there is a quiz."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM quiz)")
    return found


async def any_room() -> bool:
    """Whether a room was ever opened."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM room)")
    return found


async def any_question_open() -> bool:
    """Whether time runs somewhere for an answer, or is stopped."""
    found: bool = await db.value("SELECT EXISTS (SELECT FROM room WHERE state = 'question')")
    return found


async def mismatches() -> list[tuple[str, dict[str, str | int]]]:
    """(code, details) of every room whose answers and ledger postings disagree; empty when all is well. Who plays
    outside the board earns nothing."""
    found = await db.rows(
        """
        WITH earned AS (
            SELECT round.room, answer.member, sum(answer.points) AS points
            FROM answer JOIN round ON round.id = answer.round JOIN room ON room.id = round.room
            LEFT JOIN outside ON outside.room = room.id AND outside.member = answer.member
            WHERE round.state = 'closed' AND room.posted_at IS NOT NULL AND outside.room IS NULL GROUP BY 1, 2
        ), posted AS (
            SELECT split_part(key, ':', 2)::uuid AS room, split_part(key, ':', 3)::uuid AS member, requested AS points
            FROM posting WHERE key LIKE 'quiz:%'
        )
        SELECT coalesce(earned.room, posted.room)::text AS room, coalesce(earned.member, posted.member)::text AS member,
            earned.points::bigint AS earned, posted.points::bigint AS posted
        FROM earned FULL JOIN posted ON posted.room = earned.room AND posted.member = earned.member
        WHERE earned.points IS DISTINCT FROM posted.points
        """
    )
    differences: list[tuple[str, dict[str, str | int]]] = [
        (
            "check.answers_not_posted" if row["posted"] is None else "check.posting_differs",
            {"room": row["room"], "member": row["member"], "earned": row["earned"] or 0, "posted": row["posted"] or 0},
        )
        for row in found
    ]
    misgraded = await db.rows(
        "SELECT answer.id FROM answer JOIN round ON round.id = answer.round"
        " JOIN question ON question.id = round.question"
        " WHERE answer.correct <> (answer.picked = question.right_mask) OR (NOT answer.correct AND answer.points <> 0)"
        " OR answer.received_at > round.closes_at OR answer.received_at < round.opened_at"
    )
    return differences + [("check.answer_misgraded", {"answer": row["id"]}) for row in misgraded]
