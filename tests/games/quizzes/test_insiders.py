"""Who knows the right answers of a quiz does not score in it, in whatever order he looks, leads, joins and answers."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from games.quizzes import actions, queries, rules
from games.quizzes.formats.draft import QuestionDraft
from rewards import database as db
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from rewards.outbox.actions import claim
from tests.games.quizzes.world import NOON, RIGHT, SECOND, WRONG, Play, Scene, questions, room, scene, wipe
from tests.laws import examples
from tests.rewards.ledger.world import held

pytestmark = pytest.mark.usefixtures("database")
PLAYERS = 4
NUMBER = 2


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAIN", timedelta(0))


@dataclass(frozen=True)
class Step:
    """`what` a player does, or what happens to a room (0 or 1)."""

    what: str
    room: int
    player: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(
            ["look", "lead", "open", "join", "answer", "answer", "miss", "next", "next", "next", "end", "post"]
        ),
        st.integers(0, 1),
        st.integers(0, PLAYERS - 1),
    ),
    min_size=8,
    max_size=40,
)
BEGUN = [*(Step("join", 0, player) for player in range(PLAYERS)), Step("next", 0, 0), Step("answer", 0, 1)]
"""A room in play, so that what is drawn comes to its end and beyond."""


@dataclass
class Evening:
    """Two rooms of one quiz, and who knows its answers by then. `apart`: room -> players whose part is left out."""

    redis: Redis
    scene: Scene
    apart: Sequence[Collection[int]] = ((), ())
    rooms: dict[int, Play] = field(default_factory=dict)
    knows: set[int] = field(default_factory=set)
    outside: dict[int, set[int]] = field(default_factory=dict)
    minute: int = 0

    async def take(self, step: Step) -> None:
        self.minute += 1
        now, member = NOON + self.minute * SECOND, self.scene.players[step.player]
        if step.what == "look":
            await actions.see(self.redis, self.scene.quiz, member, now=now, new_id=self.scene.new_id)
            self.knows.add(step.player)
        elif step.what == "open" and step.room not in self.rooms:
            await self.open(step.room, member)
            self.knows.add(step.player)
        elif step.room in self.rooms:
            play = self.rooms[step.room]
            play.now = now
            await self.play(step, play, member)
            if await play.state() == "podium":
                self.outside.setdefault(step.room, set(self.knows))

    async def open(self, number: int, host: UUID) -> None:
        there, now = self.scene, NOON + self.minute * SECOND
        made = await actions.open_room(
            there.quiz, host=host, season=there.season, code=f"room{number}", now=now, new_id=there.new_id
        )
        self.rooms[number] = Play(self.redis, there, made, now)

    async def play(self, step: Step, play: Play, member: UUID) -> None:
        state = await play.state()
        takes_part = step.player not in self.apart[step.room]
        if step.what == "lead" and state != "podium":
            quiz, new_id = self.scene.quiz, self.scene.new_id
            await actions.see(self.redis, quiz, member, leading=play.id, now=play.now, new_id=new_id)
            self.knows.add(step.player)
        elif step.what == "join" and takes_part:
            await play.join(member)
        elif step.what in ("answer", "miss") and state == "question" and takes_part:
            await play.answer(member, RIGHT if step.what == "answer" else WRONG)
        elif (step.what == "next" and state != "podium") or (step.what == "end" and "end" in rules.moves_from(state)):
            await play.move("next" if step.what == "next" else "end")
        elif step.what == "post":
            await play.post()

    async def over(self) -> None:
        """Every room to its podium and its posting."""
        for number, play in self.rooms.items():
            while await play.state() != "podium":
                await self.take(Step("next", number, 0))
            await play.post()

    def who(self, players: Collection[int]) -> set[UUID]:
        return {self.scene.players[player] for player in players}


@dataclass(frozen=True)
class Counted:
    """What a room has brought: its board, its places, what was posted, who is counted."""

    board: object
    results: list[queries.Result]
    posted: dict[UUID, tuple[int, int]]


async def counted(play: Play) -> Counted:
    posted = await db.rows(
        "SELECT split_part(key, ':', 3)::uuid AS member, requested, measure FROM posting WHERE key LIKE $1",
        f"quiz:{play.id}:%",
    )
    results = [one for one in await queries.results(play.id, 99) if not one.outside]
    return Counted(
        await held(play.redis, room_board(play.id)),
        sorted(results, key=lambda one: one.place),
        {one["member"]: (one["requested"], one["measure"]) for one in posted},
    )


async def on_board(play: Play) -> set[UUID]:
    return {place.member for place in await boards.page(play.redis, room_board(play.id), 0, 99)}


@examples(40, over_one_fixture=True)
@given(steps=st.integers(0, PLAYERS - 1).flatmap(lambda host: STEPS.map([Step("open", 0, host), *BEGUN].__add__)))
async def test_who_knew_before_the_end_scores_nothing_and_all_others_as_if_he_were_not_there(
    database: str, redis: Redis, steps: list[Step]
) -> None:
    await wipe(redis)
    evening = Evening(redis, await scene(PLAYERS, number=NUMBER))
    for step in steps:
        await evening.take(step)
        for number, play in evening.rooms.items():
            assert not await on_board(play) & evening.who(evening.outside.get(number, evening.knows))
    await evening.over()
    whole = {number: await counted(play) for number, play in evening.rooms.items()}
    for number, play in evening.rooms.items():
        answered = await db.rows(
            "SELECT DISTINCT member FROM answer JOIN round ON round.id = answer.round"
            " WHERE room = $1 AND round.state = 'closed'",
            play.id,
        )
        scored = {one["member"] for one in answered} - evening.who(evening.outside[number])
        assert whole[number].posted.keys() == {one.member for one in whole[number].results} == scored
        assert await on_board(play) == scored
        aside = await db.rows("SELECT member FROM player WHERE room = $1", play.id)
        assert set(await queries.outsiders(play.id)) <= {one["member"] for one in aside}
    assert await queries.mismatches() == []
    await actions.rebuild_boards(redis)
    assert {number: await counted(play) for number, play in evening.rooms.items()} == whole

    await wipe(redis)
    apart = [evening.outside.get(number, set()) for number in (0, 1)]
    without = Evening(redis, await scene(PLAYERS, number=NUMBER), apart)
    for step in steps:
        await without.take(step)
    await without.over()
    assert {number: await counted(play) for number, play in without.rooms.items()} == whole


@examples(15, over_one_fixture=True)
@given(data=st.data())
async def test_looking_crossed_with_the_end_agrees_everywhere(database: str, redis: Redis, data: st.DataObject) -> None:
    """He looks just as the room ends, is posted, and a worker places the board: it is one or the other, everywhere."""
    await wipe(redis)
    play = await room(redis, await scene(PLAYERS, number=1))
    await play.to("reveal")
    looker, there = play.scene.players[0], play.scene

    async def end() -> None:
        await play.next()
        await play.post()

    work = [
        end(),
        actions.see(redis, there.quiz, looker, now=play.now, new_id=there.new_id),
        actions.place_on_board(redis, play.id),
        play.post(),
    ]
    await asyncio.gather(*data.draw(st.permutations(work)))
    await play.post()
    assert await queries.mismatches() == []
    standings = {one.member for one in await queries.standings(play.id)}
    posted = await db.rows("SELECT split_part(key, ':', 3)::uuid AS member FROM posting")
    assert standings == {one["member"] for one in posted} == await on_board(play)
    assert standings >= set(there.players[1:])


class Slow:
    """Redis for somebody whose scripts wait until `go`; `reached`: one does."""

    def __init__(self, redis: Redis) -> None:
        self._redis, self.reached, self.go = redis, asyncio.Event(), asyncio.Event()

    def register_script(self, text: str) -> Any:
        script = self._redis.register_script(text)

        async def run(**given: Any) -> Any:
            self.reached.set()
            await self.go.wait()
            return await script(**given)

        return run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)


async def test_whoever_writes_an_old_board_late_takes_off_who_stepped_aside_meanwhile(redis: Redis) -> None:
    play = await room(redis, await scene(2, number=1))
    await play.to("reveal")
    there, slow = play.scene, Slow(redis)
    writing = asyncio.create_task(actions.place_on_board(slow, play.id))  # type: ignore[arg-type]
    await slow.reached.wait()
    await actions.see(redis, there.quiz, there.players[0], now=play.now, new_id=there.new_id)
    slow.go.set()
    await writing
    assert await on_board(play) == {there.players[1]}


async def test_what_was_earned_before_stays(redis: Redis) -> None:
    there = await scene(2, number=1)
    before = await (await room(redis, there)).to("podium")
    await before.post()
    looker = there.players[0]
    assert await actions.see(redis, there.quiz, looker, now=NOON, new_id=there.new_id)
    assert not await actions.see(redis, there.quiz, looker, now=NOON, new_id=there.new_id)
    assert looker in await on_board(before)
    after = await (await room(redis, there, code="after")).to("podium")
    assert await after.post() == 1
    assert await on_board(after) == {there.players[1]}
    assert await queries.mismatches() == []
    assert await db.value("SELECT count(*) FROM audit_entry WHERE code = 'quiz.answers_seen'") == 1


async def test_who_steps_aside_leaves_no_count_and_is_told(redis: Redis) -> None:
    play = await room(redis, await scene(3, number=2))
    await play.to("reveal")
    there = play.scene
    await actions.see(redis, there.quiz, there.players[0], now=play.now, new_id=there.new_id)
    assert await queries.players(play.id) == await queries.answered(play.id) == 2
    assert there.players[0] not in await queries.player_ids(play.id)
    assert sum(count for _, count in await queries.players_by_unit(play.id)) == 2
    assert await queries.outsiders(play.id) == [there.players[0]]
    shown = await queries.room(play.id)
    assert shown is not None
    assert shown.round is not None
    assert (shown.round.answers, sum(shown.round.counts)) == (2, 2)
    (mine,) = [one for one in await queries.results(play.id, 1) if one.outside]
    assert (mine.member, mine.correct, mine.right, mine.points, mine.total, mine.place) == (
        there.players[0],
        True,
        1,
        0,
        0,
        0,
    )


async def test_a_board_that_was_not_told_is_mended_by_the_work_of_the_commit(redis: Redis) -> None:
    """Who opens a second room leaves the first; nobody but a worker tells its board."""
    there = await scene(2, number=1)
    play = await (await room(redis, there)).to("reveal")
    second, new_id = there.players[0], there.new_id
    await actions.open_room(there.quiz, host=second, season=there.season, code="other", now=play.now, new_id=new_id)
    work = await claim(now=play.now, hold=timedelta(minutes=1), limit=9, kinds=["step_aside"])
    assert [one.subject for one in work] == [str(play.id)]
    await actions.step_aside(redis, UUID(work[0].subject))
    assert await on_board(play) == {there.players[1]}


async def test_check_finds_whoever_scored_all_the_same(redis: Redis) -> None:
    there = await scene(2, number=1)
    play = await (await room(redis, there)).to("podium")
    await play.post()
    assert await queries.mismatches() == []
    await db.rows("INSERT INTO insider (quiz, member, since) VALUES ($1, $2, $3)", there.quiz, there.players[0], NOON)
    ((code, details),) = await queries.mismatches()
    assert (code, details["member"], details["earned"]) == ("check.posting_differs", str(there.players[0]), 0)


async def copied(there: Scene, drafts: list[QuestionDraft], actor: UUID | None = None) -> UUID:
    return await actions.add_quiz("Copy", drafts, scoring="none", actor=actor, now=NOON, new_id=there.new_id)


async def test_the_same_question_in_another_quiz_is_known_too(redis: Redis) -> None:
    there = await scene(3, number=3)
    looker, importer, _ = there.players
    before = await copied(there, [*questions(1), QuestionDraft(2, "single", "Another?", ("a", "b"), (0,), 20, "")])
    other = await copied(there, [QuestionDraft(1, "single", "Question 1?", ("Yes", "No"), (0,), 20, "")])
    await actions.see(redis, there.quiz, looker, now=NOON, new_id=there.new_id)
    after = await copied(there, questions(2), importer)
    assert await queries.insider_since(before, looker) is not None
    assert await queries.insider_since(after, looker) is not None
    assert await queries.insider_since(other, looker) is None, "other answers to choose from: another question"
    assert await queries.insider_since(there.quiz, importer) is not None
    assert await queries.insider_since(there.quiz, there.players[2]) is None
