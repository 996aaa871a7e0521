"""What is declared can be earned and counted, with the terms that people set; what is not, cannot."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import database as db
from rewards.ledger import queries
from rewards.ledger.actions import Award, reverse, set_rule
from rewards.ledger.earnings import MEASURED, Earning, Tally, misdeclared
from rewards.refusals import Refusal
from server.web.nouns import LISTING
from tests.laws import examples
from tests.rewards.ledger.world import FIRST_DAY, HOURS, NOON, declare, people, post, season

THINGS = (UUID(int=1), UUID(int=2))


async def terms() -> dict[str, tuple[int | None, int, str]]:
    return {one.code: (one.daily_cap, one.spend_percent, one.measure) for one in await queries.earning_rules()}


async def test_a_new_earning_begins_with_its_terms_and_keeps_those_that_people_set(database: str) -> None:
    before = await terms()
    assert before == {one.code: (one.daily_cap, one.spend_percent, one.measure) for one in LISTING.earnings}
    await set_rule("quiz", 300, 20, at=NOON, actor=None)
    await declare(*LISTING.earnings, HOURS)
    assert await terms() == before | {"quiz": (300, 20, "percent"), "hours": (480, 50, "minutes")}
    await set_rule("hours", None, 10, at=NOON, actor=None)
    await declare(*LISTING.earnings, replace(HOURS, daily_cap=1, spend_percent=1))
    assert (await terms())["hours"] == (None, 10, "minutes")


async def test_what_is_no_longer_declared_pays_nothing_and_keeps_its_postings_and_terms(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await declare(*LISTING.earnings, HOURS)
    await set_rule("hours", 100, 50, at=NOON, actor=None)
    await post([Award("h1", ann, 10, measure=60)], autumn, rule="hours")
    await declare(*LISTING.earnings)
    assert "hours" not in await terms()
    with pytest.raises(Refusal, match=r"^ledger\.unknown_rule$"):
        await post([Award("h2", ann, 10)], autumn, rule="hours")
    with pytest.raises(Refusal, match=r"^ledger\.unknown_rule$"):
        await set_rule("hours", 1, 1, at=NOON, actor=None)
    assert await queries.balance(ann, "honour") == 10
    assert await queries.tallied("hours", "sum") == {ann: 60}
    await declare(*LISTING.earnings, HOURS)
    assert (await terms())["hours"] == (100, 50, "minutes")


@pytest.mark.parametrize(
    ("earnings", "wrong"),
    [
        ((HOURS, HOURS), "declared twice"),
        ((replace(HOURS, code="Hours"),), r"rule\.code_invalid"),
        ((replace(HOURS, daily_cap=-1),), r"rule\.cap_out_of_range"),
        ((replace(HOURS, spend_percent=1001),), r"rule\.spend_out_of_range"),
        ((replace(HOURS, measure=""),), "sum of no measure"),
        ((replace(HOURS, measure="percent"),), "sum of percent"),
    ],
)
async def test_what_cannot_be_declared_stops_the_start(
    database: str, earnings: tuple[Earning, ...], wrong: str
) -> None:
    with pytest.raises(ValueError, match=f"{wrong}$"):
        await declare(*earnings)
    assert misdeclared(LISTING.earnings) is None


@dataclass(frozen=True)
class Fact:
    """One posting to be, of one of two members."""

    who: int
    rule: str
    day: int
    about: UUID | None
    measure: int | None
    undone: bool


FACTS = st.lists(
    st.builds(
        Fact,
        st.integers(0, 1),
        st.sampled_from(["quiz", "hours"]),
        st.integers(0, 3),
        st.sampled_from([None, *THINGS]),
        st.one_of(st.none(), st.integers(0, 100)),
        st.booleans(),
    ),
    max_size=10,
)
NAIVE: dict[Tally, Callable[[list[int]], int]] = {
    "count": len,
    "sum": sum,
    "best": lambda measures: max(measures, default=0),
}


@examples(40, over_one_fixture=True)
@given(
    facts=FACTS,
    earning=st.sampled_from(["quiz", "hours", "unheard_of"]),
    tally=st.sampled_from(sorted(NAIVE)),
    days=st.one_of(st.none(), st.tuples(st.integers(0, 3), st.integers(0, 3))),
    about=st.sampled_from([None, *THINGS]),
)
async def test_the_tallies_are_those_of_a_naive_count(
    database: str,
    facts: list[Fact],
    earning: str,
    tally: Tally,
    days: tuple[int, int] | None,
    about: UUID | None,
) -> None:
    await declare(*LISTING.earnings, HOURS)
    autumn = await queries.season_of(FIRST_DAY) or await season()
    members = await people(2)
    for fact in facts:
        key = str(uuid4())
        award = Award(key, members[fact.who], 1, about=fact.about, measure=fact.measure)
        await post([award], autumn, rule=fact.rule, day=_day(fact.day))
        if fact.undone:
            async with db.transaction():
                await reverse(key, by_key=f"undo:{key}", at=NOON, actor=None, why="A mistake", new_id=uuid4)
    wanted = {}
    for number, member in enumerate(members):
        own = [
            fact
            for fact in facts
            if fact.who == number
            and fact.rule == earning
            and not fact.undone
            and (days is None or days[0] <= fact.day <= days[1])
            and (about is None or fact.about == about)
        ]
        measures = [fact.measure for fact in own if fact.measure is not None]
        if own:
            wanted[member] = len(own) if tally == "count" else NAIVE[tally](measures)
    found = await queries.tallied(
        earning,
        tally,
        season=autumn.id,
        days=None if days is None else (_day(days[0]), _day(days[1])),
        about=about,
        members=members,
    )
    assert found == wanted
    assert set(NAIVE) == {"count"}.union(*MEASURED.values())


def _day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)
