"""Quizzes, the live rooms that play them, and what people answered."""

from piccolo.columns import (
    UUID,
    Array,
    BigSerial,
    Boolean,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Unique
from piccolo.table import Table

from rewards.database import engine
from rewards.ledger.tables import Season
from rewards.members.tables import Member


class Quiz(Table, tablename="quiz", db=engine):
    """A list of questions. `scoring`: none, kahoot or linear (rules.py); `floor_percent` is linear's floor, 0-100."""

    id = UUID(primary_key=True, default=None)
    title = Varchar(200, default=None)
    scoring = Varchar(10, default="kahoot")
    floor_percent = SmallInt(default=50)
    created_by = UUID(null=True, default=None)
    created_at = Timestamptz(default=None)


class Question(Table, tablename="question", db=engine):
    """`kind`: single, multiple, true_false. `right_mask`: bit i set when option i is right (never sent to phones
    before the reveal). `seconds` 5-300 to answer; `points` for a right answer at once, 0-10000."""

    id = UUID(primary_key=True, default=None)
    quiz = ForeignKey(Quiz, null=False, on_delete=OnDelete.restrict)
    position = SmallInt(default=0)
    kind = Varchar(12, default=None)
    text = Varchar(500, default=None, index=True, index_method=IndexMethod.hash)
    options = Array(base_column=Varchar(), default=list)
    right_mask = SmallInt(default=0)
    seconds = SmallInt(default=20)
    points = Integer(default=1000)
    explanation = Varchar(1000, default="")

    question_one_position = Unique([quiz, position])


class Insider(Table, tablename="insider", db=engine):
    """A member who knows the right answers of a quiz: he has seen them, brought it, or led a room of it. For good.

    He scores in no room of it but those that were over before (`Player.kept`): the view `outside` (room, member) has
    the players who play outside the board.
    """

    id = BigSerial(primary_key=True)
    quiz = ForeignKey(Quiz, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    since = Timestamptz(default=None)

    insider_once = Unique([quiz, member])


class Room(Table, tablename="room", db=engine):
    """A live play of a quiz. `version` grows by one with every change that a phone or screen must show.

    States (rules.py): scheduled, lobby, question, reveal, podium, cancelled. `position` is the number of questions
    asked so far. `opens_at`, `ends_at`: by the clock, when set; a lobby opened sooner has it then. `moved_at`: when
    `version` last grew. `posted_at`: when its points reached the ledger.
    """

    id = UUID(primary_key=True, default=None)
    quiz = ForeignKey(Quiz, null=False, on_delete=OnDelete.restrict, index=True)
    season = ForeignKey(Season, null=False, on_delete=OnDelete.restrict)
    code = Varchar(8, unique=True, default=None)
    state = Varchar(12, default="lobby")
    version = Integer(default=1)
    position = SmallInt(default=0)
    host = ForeignKey(Member, null=False, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
    opens_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    posted_at = Timestamptz(null=True, default=None)
    moved_at = Timestamptz(default=None)


class Player(Table, tablename="player", db=engine):
    """A member in a room; `removed_at` set when the host sent him out. `kept`: he saw the answers after its end, so
    what he earned in it stays (see Insider)."""

    id = UUID(primary_key=True, default=None)
    room = ForeignKey(Room, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    joined_at = Timestamptz(default=None)
    removed_at = Timestamptz(null=True, default=None)
    kept = Boolean(default=False)

    player_once = Unique([room, member])


class Round(Table, tablename="round", db=engine):
    """A question asked in a room. States: open, paused, closing, closed, skipped; one unclosed a room.

    Time to answer runs from `opened_at` to `closes_at`, less `paused_ms` of pauses.
    """

    id = UUID(primary_key=True, default=None)
    room = ForeignKey(Room, null=False, on_delete=OnDelete.restrict)
    question = ForeignKey(Question, null=False, on_delete=OnDelete.restrict)
    position = SmallInt(default=0)
    state = Varchar(10, default="open")
    opened_at = Timestamptz(default=None)
    closes_at = Timestamptz(default=None)
    paused_at = Timestamptz(null=True, default=None)
    paused_ms = Integer(default=0)
    closed_at = Timestamptz(null=True, default=None)

    round_once = Unique([room, position])


class Answer(Table, tablename="answer", db=engine):
    """The one answer of a member to a round. `picked`: bit i set when option i was chosen.

    `elapsed_ms` is server time from opening to receipt, pauses taken out; `points` follows the quiz's scoring.
    """

    id = BigSerial(primary_key=True)
    round = ForeignKey(Round, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(Member, null=False, on_delete=OnDelete.restrict, index=True)
    picked = SmallInt(default=0)
    received_at = Timestamptz(default=None)
    elapsed_ms = Integer(default=0)
    correct = Boolean(default=False)
    points = Integer(default=0)

    answer_once = Unique([round, member])
