"""Prizes handed over, given up or left lying: each step once, whoever is quick, slow, killed or dishonest."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.claims import Proxy
from rewards.draws.queries import WinFilter
from rewards.funds import actions as funds
from rewards.funds import queries as fund_queries
from rewards.members.rules import OWN_AFTER
from rewards.outbox.queries import overdue
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.chance import new_id
from server.web.nouns import LISTING
from tests.rewards.draws.hall import DAY, FROZEN, NOW, Hall, hall, person, png

pytestmark = pytest.mark.usefixtures("database")

SOON = NOW + timedelta(hours=1)
LATE = NOW + 30 * DAY


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


def codes() -> Callable[[], str]:
    numbers = count(1)
    prefix = uuid4().hex[:6]
    return lambda: f"{prefix}{next(numbers):02}"


async def hand_over(redis: Redis, there: Hall, which: str | UUID, **given: Any) -> queries.WinRow:
    by = given.pop("by", there.cashier)
    return await actions.claim(redis, which, by=by, now=given.pop("now", SOON), new_id=new_id, **given)


async def expire(redis: Redis, win: UUID, now: Any = LATE, code: Callable[[], str] | None = None) -> Any:
    return await actions.expire(redis, win, now=now, new_id=new_id, new_code=code or codes())


async def decline(redis: Redis, there: Hall, win: UUID, by: UUID) -> Any:
    return await actions.decline(redis, win, by=by, now=SOON, new_id=new_id, new_code=codes())


async def set_by(member: UUID, maker: UUID) -> None:
    """The member's code was set by a link of `maker`."""
    await db.rows("UPDATE member SET code_hands = ARRAY[$2::uuid], code_at = $3 WHERE id = $1", member, maker, SOON)


async def noted(there: Hall) -> list[str]:
    return [line.code for line in await queries.history(there.draw)]


async def states(there: Hall) -> list[tuple[int, int, str, UUID]]:
    found = await db.rows(
        "SELECT slot, attempt, state, member FROM win WHERE draw = $1 ORDER BY slot, attempt", there.draw
    )
    return [(one["slot"], one["attempt"], one["state"], one["member"]) for one in found]


async def fund_of(kind: Any, amount: int, held: int, there: Hall | None, fund: UUID | None = None) -> UUID:
    """A fund of `amount`, of which `held` is kept for the draw."""
    made = fund or await funds.open_fund(f"Fund {uuid4()}", kind, amount, actor=None, now=FROZEN, new_id=new_id)
    if there is not None:
        async with db.transaction():
            await funds.hold(f"draw:{there.draw}", {made: held}, f"hold:{made}", actor=None, now=FROZEN, new_id=new_id)
    return made


async def amounts(fund: UUID) -> tuple[int, int, int]:
    """(free, held, paid)."""
    found = await fund_queries.fund(fund)
    assert found is not None
    return found.free, found.held, found.paid


async def paid_for(winners: int = 2, **more: Any) -> tuple[Hall, UUID, UUID]:
    """A draw whose cups cost 250.00 of a budget and one piece of a stock each; both funds hold what it needs."""
    budget = await funds.open_fund(f"B {uuid4()}", "money", 100_000, actor=None, now=FROZEN, new_id=new_id)
    stock = await funds.open_fund(f"S {uuid4()}", "item", 10, actor=None, now=FROZEN, new_id=new_id)
    there = await hall(winners=winners, value=25_000, budget=budget, stock=stock, **more)
    await fund_of("money", 0, 25_000 * winners, there, budget)
    await fund_of("item", 0, winners, there, stock)
    return there, budget, stock


async def test_a_prize_is_handed_over_once_and_paid_for_once(redis: Redis) -> None:
    there, budget, stock = await paid_for()
    code = there.codes[0]
    given = await hand_over(redis, there, f" {code[:4].upper()}-{code[4:]} ")
    assert (given.state, given.claimed_at, given.handed_over_by) == ("claimed", SOON, "Zhao Min")
    assert await amounts(budget) == (50_000, 25_000, 25_000)
    assert await amounts(stock) == (8, 1, 1)
    with refused("claim.already") as caught:
        await hand_over(redis, there, code, by=there.organiser)
    assert caught.value.details == {"who": "Zhao Min", "when": "2026-09-02T13:00:00+00:00"}
    assert await queries.claims_of([there.draw]) == {there.draw: (1, 2)}
    assert [one.id for one in await queries.last_claims()] == [there.wins[0]]
    assert await noted(there) == ["claim.handed_over"]
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics == [f"draw:{there.draw}", f"member:{there.workers[0]}"]
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("UPDATE win SET claimed_at = NULL, state = 'drawn' WHERE id = $1", there.wins[0])
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("UPDATE win SET member = $2 WHERE id = $1", there.wins[0], there.workers[5])


async def test_many_desks_at_once_hand_over_once(redis: Redis) -> None:
    there, budget, _ = await paid_for()
    done = await asyncio.gather(
        *(hand_over(redis, there, there.codes[0], by=by) for by in (there.cashier, there.organiser) * 4),
        return_exceptions=True,
    )
    assert sum(isinstance(one, queries.WinRow) for one in done) == 1
    assert {one.code for one in done if isinstance(one, Refusal)} == {"claim.already"}
    assert await noted(there) == ["claim.handed_over"]
    assert (await amounts(budget))[2] == 25_000


async def test_nobody_hands_a_prize_to_himself_and_wrong_codes_say_nothing(redis: Redis) -> None:
    there = await hall()
    with refused("claim.own"):
        await hand_over(redis, there, there.codes[0], by=there.workers[0])
    for wrong in ("", "nothing", there.codes[0] + "x", "' OR true --", uuid4()):
        with refused("claim.unknown"):
            await hand_over(redis, there, wrong)
    assert {state for *_, state, _ in await states(there)} == {"drawn"}
    assert await noted(there) == []


async def test_a_proxy_fetches_with_a_name_and_a_reason(redis: Redis) -> None:
    there = await hall()
    for wrong, code in ((Proxy("Sun Li", ""), "claim.proxy_why"), (Proxy("zhao min", "ill"), "claim.proxy_own")):
        with refused(code):
            await hand_over(redis, there, there.codes[0], proxy=wrong)
    given = await hand_over(redis, there, there.codes[0], proxy=Proxy("Sun Li", "on night shift"), on_paper=True)
    assert (given.proxy_name, given.proxy_why, given.signed_on_paper) == ("Sun Li", "on night shift", True)
    (line,) = await queries.history(there.draw)
    assert (line.details["proxy"], line.details["signed"], line.details["shown"]) == (1, "paper", "code")


async def test_a_signature_is_kept_as_it_was_drawn(redis: Redis) -> None:
    there = await hall()
    with refused("claim.signature_form"):
        await hand_over(redis, there, there.wins[0], signature=b"no picture")
    given = await hand_over(redis, there, there.wins[0], signature=png())
    assert given.has_signature
    assert await queries.win_signature(given.id) == png()
    assert await queries.win_signature(there.wins[1]) is None
    (line,) = await queries.history(there.draw)
    assert (line.details["signed"], line.details["shown"]) == ("pad", "card")


async def test_what_is_not_held_for_the_draw_cannot_be_paid(redis: Redis) -> None:
    budget = await funds.open_fund("Empty", "money", 100, actor=None, now=FROZEN, new_id=new_id)
    there = await hall(value=100, budget=budget)
    with pytest.raises(Refusal, match=r"^funds\.not_held$"):
        await hand_over(redis, there, there.codes[0])
    assert {state for *_, state, _ in await states(there)} == {"drawn"}


async def test_the_last_instant_counts(redis: Redis) -> None:
    there = await hall()
    assert (await hand_over(redis, there, there.codes[0], now=LATE - timedelta(microseconds=1))).state == "claimed"
    with refused("claim.expired"):
        await hand_over(redis, there, there.codes[1], now=LATE)
    assert await expire(redis, there.wins[1], LATE - timedelta(microseconds=1)) is None
    assert await expire(redis, there.wins[1]) == actions.Passed(there.wins[1], None)


async def test_a_prize_may_be_fetched_before_the_close_but_not_of_a_draw_that_was_called_off(redis: Redis) -> None:
    there = await hall(state="drawn")
    assert (await hand_over(redis, there, there.codes[0])).state == "claimed"
    await db.rows("UPDATE draw SET state = 'cancelled' WHERE id = $1", there.draw)
    with refused("claim.called_off"):
        await hand_over(redis, there, there.codes[1])


async def test_a_rehearsal_wins_nothing(redis: Redis) -> None:
    real = await hall()
    there = await hall(rehearses=real.draw, alternates=1)
    with refused("claim.rehearsal"):
        await hand_over(redis, there, there.codes[0])
    with refused("claim.rehearsal"):
        await decline(redis, there, there.wins[0], there.workers[0])
    assert await expire(redis, there.wins[0]) is None
    assert await queries.overdue_claims(LATE) == real.wins
    assert await queries.wins_of(there.workers[0], ended=True) == []
    assert await queries.wins_count(WinFilter()) == 2
    assert [one.id for one in await queries.claimable_draws()] == [real.draw]


async def test_an_unclaimed_prize_goes_to_each_alternate_in_turn_and_then_back(redis: Redis) -> None:
    there, budget, stock = await paid_for(winners=1, alternates=2)
    (first,) = there.wins
    assert await expire(redis, first) == actions.Passed(first, there.workers[1])
    assert await states(there) == [(0, 0, "expired", there.workers[0]), (0, 1, "drawn", there.workers[1])]
    (second,) = await queries.winners(there.draw)
    assert (second.alternate_place, second.line, second.expires_at) == (0, 1, LATE + 30 * DAY)
    assert second.claim_code != there.codes[0]
    with refused("claim.expired"):
        await hand_over(redis, there, there.codes[0], now=LATE + DAY)
    assert [one.subject for one in await overdue(LATE + 30 * DAY)] == [f"{there.draw}@{(LATE + 30 * DAY).isoformat()}"]
    assert await expire(redis, second.id) is None

    later = LATE + 30 * DAY
    assert (await expire(redis, second.id, later)).to == there.workers[2]
    (third,) = await queries.winners(there.draw)
    assert (third.alternate_place, third.attempt) == (1, 2)
    assert await amounts(budget) == (75_000, 25_000, 0)
    assert await expire(redis, third.id, later + 30 * DAY) == actions.Passed(third.id, None)
    assert await amounts(budget) == (100_000, 0, 0)
    assert await amounts(stock) == (10, 0, 0)
    assert await queries.winners(there.draw) == []
    assert await queries.wins_of(there.workers[1]) == []
    assert [one.state for one in await queries.wins_of(there.workers[1], ended=True)] == ["expired"]
    assert await noted(there) == [
        "claim.lapsed",
        "claim.passed_on",
        "claim.lapsed",
        "claim.passed_on",
        "claim.lapsed",
        "claim.given_back",
    ]


async def test_an_alternate_fetches_what_nobody_else_wanted(redis: Redis) -> None:
    there, budget, _ = await paid_for(winners=1, alternates=1)
    await expire(redis, there.wins[0])
    (second,) = await queries.winners(there.draw)
    assert (await hand_over(redis, there, second.claim_code, now=LATE + DAY)).member == there.workers[1]
    assert await amounts(budget) == (75_000, 0, 25_000)


async def test_two_workers_at_once_ask_one_alternate(redis: Redis) -> None:
    there, budget, _ = await paid_for(winners=2, alternates=1)
    done = await asyncio.gather(*(expire(redis, win) for win in there.wins * 4))
    passed = [one for one in done if one is not None]
    assert {one.win for one in passed} == set(there.wins)
    assert len(passed) == 2
    assert sorted(one.to is None for one in passed) == [False, True]
    assert len(await queries.winners(there.draw)) == 1
    assert await amounts(budget) == (75_000, 25_000, 0)


async def test_a_hand_over_and_the_end_of_the_time_meet(redis: Redis) -> None:
    """Clocks of two machines may differ: one of both happens, never both."""
    for _ in range(5):
        there, budget, _ = await paid_for(winners=1, alternates=1)
        given, lapsed = await asyncio.gather(
            hand_over(redis, there, there.codes[0], now=LATE - DAY),
            expire(redis, there.wins[0]),
            return_exceptions=True,
        )
        if isinstance(given, queries.WinRow):
            assert lapsed is None
            assert await amounts(budget) == (75_000, 0, 25_000)
        else:
            assert isinstance(given, Refusal)
            assert given.code == "claim.expired"
            assert lapsed.to == there.workers[1]
            assert await amounts(budget) == (75_000, 25_000, 0)


async def test_a_winner_gives_his_prize_up_and_only_his(redis: Redis) -> None:
    there = await hall(winners=1, alternates=1)
    with refused("claim.not_yours"):
        await decline(redis, there, there.wins[0], there.workers[1])
    with refused("claim.unknown"):
        await decline(redis, there, uuid4(), there.workers[0])
    passed = await decline(redis, there, there.wins[0], there.workers[0])
    assert passed.to == there.workers[1]
    with refused("claim.declined"):
        await decline(redis, there, there.wins[0], there.workers[0])
    with refused("claim.declined"):
        await hand_over(redis, there, there.codes[0])
    assert (await queries.winners(there.draw))[0].expires_at == SOON + 30 * DAY
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics == [f"draw:{there.draw}", f"member:{there.workers[0]}", f"member:{there.workers[1]}"]


async def test_nobody_gives_it_up_for_him_with_a_code_that_a_link_set(redis: Redis) -> None:
    """Whoever made the winner's link could have set his code by it, and draw in his place."""
    there = await hall(winners=1, alternates=1)
    winner = there.workers[0]
    await set_by(winner, there.organiser)
    with refused("claim.decline_hand"):
        await decline(redis, there, there.wins[0], winner)
    assert await states(there) == [(0, 0, "drawn", winner)]
    await db.rows("UPDATE member SET code_at = $2 WHERE id = $1", winner, SOON - OWN_AFTER)
    assert (await decline(redis, there, there.wins[0], winner)).to == there.workers[1]


async def test_on_the_stage_the_ceremony_asks(redis: Redis) -> None:
    there = await hall(state="drawn")
    with refused("claim.not_closed"):
        await decline(redis, there, there.wins[0], there.workers[0])
    assert await expire(redis, there.wins[0]) is None


async def test_prizes_without_an_end_never_lapse(redis: Redis) -> None:
    there = await hall(days=0)
    assert await expire(redis, there.wins[0], NOW + 4000 * DAY) is None
    assert await queries.overdue_claims(NOW + 4000 * DAY) == []
    assert (await hand_over(redis, there, there.codes[0], now=NOW + 4000 * DAY)).state == "claimed"


class Killed(Exception):
    """The process died here."""


def dies_at(calls: int, real: Callable[[], Any]) -> Callable[[], Any]:
    left = iter(range(calls))

    def call() -> Any:
        if next(left, None) is None:
            raise Killed
        return real()

    return call


@pytest.mark.parametrize("calls", range(3))
async def test_a_lapse_that_dies_leaves_nothing_and_is_done_again(redis: Redis, calls: int) -> None:
    there, budget, _ = await paid_for(winners=1, alternates=1 if calls < 2 else 0)
    before = await states(there), await amounts(budget)
    with pytest.raises(Killed):
        await actions.expire(redis, there.wins[0], now=LATE, new_id=dies_at(calls % 2, new_id), new_code=codes())
    assert (await states(there), await amounts(budget)) == before
    assert await noted(there) == []
    assert await queries.overdue_claims(LATE) == there.wins
    assert (await expire(redis, there.wins[0])).to == (there.workers[1] if calls < 2 else None)


@pytest.mark.parametrize("calls", range(4))
async def test_a_hand_over_that_dies_pays_nothing_and_is_done_again(redis: Redis, calls: int) -> None:
    there, budget, stock = await paid_for(winners=1)
    with pytest.raises(Killed):
        await actions.claim(redis, there.codes[0], by=there.cashier, now=SOON, new_id=dies_at(calls, new_id))
    assert (await amounts(budget), await amounts(stock)) == ((75_000, 25_000, 0), (9, 1, 0))
    assert (await hand_over(redis, there, there.codes[0])).state == "claimed"
    assert (await amounts(budget), await amounts(stock)) == ((75_000, 0, 25_000), (9, 0, 1))


async def test_codes_that_are_taken_are_not_given_twice(redis: Redis) -> None:
    there = await hall(winners=2, alternates=1)
    offered = iter([*there.codes, "fresh234"])
    await expire(redis, there.wins[0], code=lambda: next(offered))
    assert {one.claim_code for one in await queries.winners(there.draw)} == {there.codes[1], "fresh234"}


async def test_the_list_finds_what_is_asked_for(redis: Redis) -> None:
    there, other = await hall(winners=3), await hall(winners=1)
    await hand_over(redis, there, there.codes[1])
    number = (await queries.win(there.wins[2])).staff_number  # type: ignore[union-attr]

    async def found(**wanted: Any) -> list[UUID]:
        made = WinFilter(**wanted)
        rows = await queries.wins_found(made, limit=50)
        assert await queries.wins_count(made) == len(rows)
        return [one.id for one in rows]

    assert await found() == [*other.wins, *there.wins]
    assert await found(draw=there.draw) == there.wins
    assert await found(draw=there.draw, states=frozenset({"claimed"})) == [there.wins[1]]
    assert await found(draw=there.draw, states=frozenset({"drawn", "called"})) == [there.wins[0], there.wins[2]]
    assert await found(prize="mug") == []
    assert await found(text=f" {number.lower()} ") == [there.wins[2]]
    assert await found(text="娜", draw=there.draw) == [there.wins[0]]
    assert await found(text="' OR true --") == []
    assert [one.id for one in await queries.wins_found(WinFilter(draw=there.draw), limit=1, offset=1)] == [
        there.wins[1]
    ]
    assert [one.id for one in await queries.handed_over(there.draw)] == [there.wins[1]]
    assert [one.line for one in await queries.to_hand_over(there.draw, "unit")] == [2, 0, 1]
    assert [(one.slug, one.claimed, one.open) for one in await queries.claimable_draws()] == [
        (other.slug, 0, 1),
        (there.slug, 1, 2),
    ]


@pytest.mark.parametrize(("shown", "name"), [("masked", "李*"), ("full", "李娜"), ("number", "")])
async def test_names_are_shown_as_the_draw_has_them_set(shown: str, name: str) -> None:
    there = await hall(shown=shown)
    one = (await queries.winners(there.draw))[0]
    assert one.shown == (name or one.staff_number)


async def undo(redis: Redis, there: Hall, win: UUID, by: UUID, **given: Any) -> queries.WinRow:
    why, at = given.pop("why", "wrong person"), given.pop("now", SOON)
    return await actions.undo_claim(redis, win, why, by=by, now=at, new_id=new_id)


async def test_a_hand_over_taken_back_leaves_all_as_it_was_before(redis: Redis) -> None:
    there, budget, stock = await paid_for()
    before = await db.row("SELECT * FROM win WHERE id = $1", there.wins[0])
    assert before is not None
    held = await amounts(budget), await amounts(stock)
    for time in range(1, 4):
        by, other = (there.cashier, there.organiser) if time % 2 else (there.cashier, await _cashier())
        given = await hand_over(redis, there, there.codes[0], by=by, signature=png(), proxy=Proxy("Sun Li", "ill"))
        assert given.state == "claimed"
        assert await amounts(budget) == (50_000, 25_000, 25_000)
        back = await undo(redis, there, there.wins[0], other)
        assert (back.state, back.undone, back.undone_by) == ("drawn", time, other)
        assert (await amounts(budget), await amounts(stock)) == held
        after = await db.row("SELECT * FROM win WHERE id = $1", there.wins[0])
        assert after is not None
        own = {"undone", "undone_by", "state_at"}
        assert {k: v for k, v in after.items() if k not in own} == {k: v for k, v in before.items() if k not in own}
    assert await noted(there) == ["claim.handed_over", "claim.undone"] * 3
    movements = [one.what for one in await fund_queries.movements(budget, 2)]
    assert movements == ["unpaid", "paid"]


async def _cashier() -> UUID:
    return await person("Sun Li", f"Z-{uuid4()}", "organiser")


async def test_nobody_alone_takes_a_hand_over_back(redis: Redis) -> None:
    there, budget, _ = await paid_for(winners=1, alternates=1)
    with refused("claim.undo_none"):
        await undo(redis, there, there.wins[0], there.organiser)
    await hand_over(redis, there, there.codes[0])
    for by, code in (
        (there.cashier, "claim.undo_same"),
        (there.workers[0], "claim.undo_own"),
        (there.workers[1], "claim.undo_own"),  # the alternate, who would come next
    ):
        with refused(code):
            await undo(redis, there, there.wins[0], by)
    await set_by(there.organiser, there.cashier)
    with refused("claim.undo_hand"):
        await undo(redis, there, there.wins[0], there.organiser)
    with refused("claim.undo_why"):
        await undo(redis, there, there.wins[0], await _cashier(), why=" ")
    assert await amounts(budget) == (75_000, 0, 25_000)
    other = await _cashier()
    await undo(redis, there, there.wins[0], other)
    with refused("claim.undone_by_you"):
        await hand_over(redis, there, there.codes[0], by=other)
    for by in (there.cashier, there.workers[0]):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows("UPDATE win SET undone = undone + 1, undone_by = $2 WHERE id = $1", there.wins[0], by)
    await hand_over(redis, there, there.codes[0])
    for by in (there.cashier, there.workers[0]):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows(
                "UPDATE win SET state = 'drawn', claimed_at = NULL, handed_over_by = NULL, undone = undone + 1,"
                " undone_by = $2 WHERE id = $1",
                there.wins[0],
                by,
            )


async def test_what_is_taken_back_behind_its_time_has_a_new_one(redis: Redis) -> None:
    there = await hall(winners=2)
    for code in there.codes:
        await hand_over(redis, there, code)
    in_time = await undo(redis, there, there.wins[0], there.organiser)
    assert in_time.expires_at == LATE
    late = await undo(redis, there, there.wins[1], there.organiser, now=LATE)
    assert late.expires_at == LATE + 30 * DAY
    assert await queries.overdue_claims(LATE) == [there.wins[0]]
    due = await db.rows("SELECT due_at FROM intent WHERE kind = $1 ORDER BY due_at", actions.EXPIRE)
    assert due[-1]["due_at"] == LATE + 30 * DAY


async def test_many_at_once_take_it_back_once(redis: Redis) -> None:
    there, budget, _ = await paid_for()
    await hand_over(redis, there, there.codes[0])
    by = [there.organiser, await _cashier(), await _cashier()]
    done = await asyncio.gather(*(undo(redis, there, there.wins[0], one) for one in by * 2), return_exceptions=True)
    assert sum(isinstance(one, queries.WinRow) for one in done) == 1
    assert {one.code for one in done if isinstance(one, Refusal)} == {"claim.undo_none"}
    assert await amounts(budget) == (50_000, 50_000, 0)


@pytest.mark.parametrize("calls", range(3))
async def test_an_undo_that_dies_leaves_the_hand_over(redis: Redis, calls: int) -> None:
    there, budget, _ = await paid_for(winners=1)
    await hand_over(redis, there, there.codes[0])
    new = dies_at(calls, new_id)
    try:
        await actions.undo_claim(redis, there.wins[0], "wrong", by=there.organiser, now=LATE, new_id=new)
    except Killed:
        assert (await states(there))[0][2] == "claimed"
        assert await amounts(budget) == (75_000, 0, 25_000)
    else:
        assert (await states(there))[0][2] == "drawn"
        assert await amounts(budget) == (75_000, 25_000, 0)
