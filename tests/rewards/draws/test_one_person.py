"""One person with every role and every account that a link gives him, in any order, against a draw held by others.

A machine of Hypothesis: somebody who governs and runs draws takes over whoever he can by links and codes, a winner too,
gives roles, names witnesses, and lets all of them act. Whatever he does, who has won stands, and the draw is not called
off. That he can do a great deal otherwise is the point: nothing of it is forbidden to him as such.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.members import actions as members
from rewards.members import queries as roster
from rewards.refusals import Refusal
from server.runtime.chance import claim_code, new_id, token
from tests.laws import EXAMPLES
from tests.rewards.draws.test_transcripts import ROUND, SHORT, frozen_twin
from tests.rewards.draws.venue import AGAIN_DICE, Venue, offline, thrown, venue
from tests.rewards.draws.world import DICE, member

pytestmark = pytest.mark.usefixtures("database")

CODE = "green-valve-8"
PUPPETS = 3
STEPS = 14
_numbers = count(1)

Win = tuple[str, int, int]
who = st.integers(0, PUPPETS + 1)
reasons = st.sampled_from(["", "declined", "ineligible"])


async def standing(draw: UUID) -> set[Win]:
    """Prize, slot and attempt of whoever has won and has lost nothing."""
    found = await db.rows(
        "SELECT prize.code, slot, attempt FROM win JOIN prize ON prize.id = win.prize"
        " WHERE win.draw = $1 AND state IN ('drawn', 'called', 'claimed')",
        draw,
    )
    return {(one["code"], one["slot"], one["attempt"]) for one in found}


class OnePerson(RuleBasedStateMachine):
    """`closed`: it begins when the draw is over. `accounts`: he himself, and those that he may take over, a winner
    last; `his` of them he has."""

    world: ClassVar[Venue]
    closed: ClassVar[bool]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.accounts: list[UUID] = []
        self.his: set[UUID] = set()
        self.won: set[Win] = set()

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it on the loop of the test."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def attempt(self, work: Awaitable[Any]) -> None:
        """Whatever comes of it; a refusal is an answer."""

        async def tried() -> None:
            with suppress(Refusal):
                await work

        self.wait(tried())

    @initialize(hall=st.booleans(), makers=st.tuples(*[who] * (PUPPETS + 1)))
    def begin(self, hall: bool, makers: tuple[int, ...]) -> None:
        """The draw is held as it should be; then he takes over whom he can, each by one of those that he has."""
        self.wait(self._begin(hall))
        for puppet, by in enumerate(makers, 1):
            self.wait(self._take_over(self.accounts[puppet], self.actor(by)))

    async def _begin(self, hall: bool) -> None:
        self.there = await frozen_twin(self.world)
        tag = next(_numbers)
        roles = ("admin",), ("organiser",), ("auditor",), ("reviewer",)
        self.accounts = [await member(f"X{tag}-{n}", "Somebody", *roles[n]) for n in range(PUPPETS + 1)]
        self.his = {self.accounts[0]}
        await self.there.arm(hall=hall)
        await self.there.roll()
        await self.there.open_secrets()
        await self.there.round()
        if self.closed:
            await self.there.close()
        self.won = await standing(self.there.draw)
        assert self.won
        self.place, winner = await self._place()
        self.accounts.append(winner)

    async def _place(self) -> tuple[UUID, UUID]:
        """A win of this draw, and whose it is."""
        win = (await queries.winners(self.there.draw))[0]
        return win.id, win.member

    def actor(self, number: int) -> UUID:
        """One of his accounts; he himself when that one is not his."""
        wanted = self.accounts[number]
        return wanted if wanted in self.his else self.accounts[0]

    @rule(puppet=who, by=who)
    def take_over(self, puppet: int, by: int) -> None:
        self.wait(self._take_over(self.accounts[puppet], self.actor(by)))

    async def _take_over(self, target: UUID, by: UUID) -> None:
        now = self.there.later()
        try:
            await members.forget_code(target, actor=by, now=now, new_id=new_id)
            issued = await members.issue_links([target], actor=by, now=now, valid=timedelta(days=1), new_token=token)
            await members.use_link(issued[0][1], now)
            _, maker = await roster.link_used(target, now)
            await members.set_code(target, CODE, issued_by=maker, now=now, new_id=new_id)
        except Refusal:
            return
        self.his.add(target)

    @rule(puppet=who, by=who, role=st.sampled_from(["organiser", "auditor", "admin"]))
    def give_role(self, puppet: int, by: int, role: str) -> None:
        given = members.set_roles(
            self.accounts[puppet], [role], actor=self.actor(by), now=self.there.later(), new_id=new_id, why="helps"
        )
        self.attempt(given)

    @rule(by=who, second=st.booleans())
    def call_off(self, by: int, second: bool) -> None:
        here, now = self.there, self.there.later()
        if second:
            self.attempt(actions.confirm_cancel(here.redis, here.draw, actor=self.actor(by), now=now, new_id=new_id))
        else:
            self.attempt(
                actions.cancel(here.redis, here.draw, actor=self.actor(by), why="a storm", now=now, new_id=new_id)
            )

    @rule(by=who, place=st.integers(0, 5), reason=reasons, called=st.booleans())
    def lose(self, by: int, place: int, reason: str, called: bool) -> None:
        prize, slot, attempt = sorted(self.won)[place % len(self.won)]
        here = self.there
        if called:
            now = here.later(timedelta(minutes=2))
            self.attempt(
                actions.call(here.redis, here.draw, prize, slot, attempt, actor=self.actor(by), now=now, new_id=new_id)
            )
            here.later(timedelta(minutes=2))
        self.attempt(here.doubt(prize, slot, attempt, reason, actor=self.actor(by)))

    @rule(by=who, dice=st.sampled_from([DICE, "0" * 20]), more=st.sampled_from([[], ["close"], ["abort power.failed"]]))
    def bring(self, by: int, dice: str, more: list[str]) -> None:
        self.wait(self._bring(self.actor(by), dice, more))

    async def _bring(self, actor: UUID, dice: str, more: list[str]) -> None:
        here = self.there
        calls = [line for line in await here.log() if line.startswith("call ")]
        inputs = [*thrown(here, dice), ROUND, *calls, "absent card 0 0 declined", "absent trip 0 0 declined"]
        inputs += [f"redraw trip 0 1 redraw-d10x4 {AGAIN_DICE}", *more]
        log = await offline(here, inputs)
        with suppress(Refusal):
            await actions.bring(
                here.redis,
                here.draw,
                log,
                None,
                None,
                (),
                actor=actor,
                now=here.later(),
                new_id=new_id,
                new_code=claim_code,
            )

    @rule(by=who)
    def confirm(self, by: int) -> None:
        self.wait(self._confirm(self.actor(by)))

    async def _confirm(self, actor: UUID) -> None:
        here = self.there
        for one in await queries.waiting_logs(here.draw):
            with suppress(Refusal):
                await actions.confirm_log(
                    here.redis, here.draw, one.code, actor=actor, now=here.later(), new_id=new_id, new_code=claim_code
                )

    @rule(by=who, puppet=who, off=st.booleans())
    def name_witness(self, by: int, puppet: int, off: bool) -> None:
        here, now = self.there, self.there.later()
        actor, member = self.actor(by), self.accounts[puppet]
        if off:
            self.attempt(actions.dismiss_witness(here.redis, here.draw, member, actor=actor, now=now))
        else:
            self.attempt(actions.name_witness(here.redis, here.draw, member, actor=actor, now=now, new_id=new_id))

    @rule()
    def give_up(self) -> None:
        here, winner = self.there, self.actor(PUPPETS + 1)
        self.attempt(
            actions.decline(here.redis, self.place, by=winner, now=here.later(), new_id=new_id, new_code=claim_code)
        )

    @rule(by=who, back=st.booleans())
    def hand_over(self, by: int, back: bool) -> None:
        here, actor, now = self.there, self.actor(by), self.there.later()
        if back:
            self.attempt(actions.undo_claim(here.redis, self.place, "a mix-up", by=actor, now=now, new_id=new_id))
        else:
            self.attempt(actions.claim(here.redis, self.place, by=actor, now=now, new_id=new_id))

    @rule(by=who, place=st.one_of(st.none(), st.integers(0, 5)))
    def take_word_back(self, by: int, place: int | None) -> None:
        here, actor, now = self.there, self.actor(by), self.there.later()
        if place is None:
            self.attempt(actions.keep(here.redis, here.draw, actor=actor, now=now))
        else:
            at = sorted(self.won)[place % len(self.won)]
            self.attempt(actions.withdraw_absence(here.redis, here.draw, *at, actor=actor, now=now))

    @invariant()
    def who_has_won_stands(self) -> None:
        if self.won:
            assert self.wait(standing(self.there.draw)) == self.won
            assert self.wait(self.there.row())["state"] != "cancelled"


@pytest.mark.parametrize(("closed", "percent"), [(False, 30), (True, 10)])
async def test_one_person_changes_no_winner_and_calls_nothing_off(redis: Redis, closed: bool, percent: int) -> None:
    OnePerson.world, OnePerson.closed = await venue(redis, **SHORT), closed
    OnePerson.loop = asyncio.get_running_loop()
    several = settings(
        max_examples=max(1, EXAMPLES * percent // 100),
        stateful_step_count=STEPS,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    await asyncio.to_thread(run_state_machine_as_test, OnePerson, settings=several)
