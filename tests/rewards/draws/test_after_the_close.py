"""From the stage to the desk: a draw as it was held, with its funds; what is fetched, given up and left lying."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from rewards.draws import actions, queries
from rewards.draws.terms import PrizeTerms
from rewards.funds import actions as funds
from rewards.funds import queries as fund_queries
from rewards.outbox.queries import overdue
from server.runtime.chance import claim_code, new_id
from tests.rewards.draws.venue import Venue, venue
from tests.rewards.draws.world import NOW

pytestmark = pytest.mark.usefixtures("database")

DAY = timedelta(days=1)


async def closed(redis: Redis, **changed: Any) -> tuple[Venue, UUID, UUID]:
    """Three mugs of a budget and one trip of a stock, drawn and closed; both funds held what they need."""
    budget = await funds.open_fund("Mugs", "money", 100_000, actor=None, now=NOW, new_id=new_id)
    stock = await funds.open_fund("Trips", "item", 5, 90_000, actor=None, now=NOW, new_id=new_id)
    there = await venue(
        redis,
        prizes=(
            PrizeTerms("mug", "Mug", 3, value=2_500, alternates=2, budget=budget),
            PrizeTerms("trip", "Trip", 1, value=90_000, stock=stock),
        ),
        claim_days=10,
        **changed,
    )
    assert await amounts(budget) == (92_500, 7_500, 0)
    assert await amounts(stock) == (4, 1, 0)
    await there.arm()
    await there.roll()
    await there.open_secrets()
    await there.close()
    return there, budget, stock


async def amounts(fund: UUID) -> tuple[int, int, int]:
    """(free, held, paid)."""
    found = await fund_queries.fund(fund)
    assert found is not None
    return found.free, found.held, found.paid


async def test_every_piece_is_paid_or_goes_back_and_nothing_is_left_over(redis: Redis) -> None:
    there, budget, stock = await closed(redis)
    won = await queries.winners(there.draw)
    assert [(one.prize, one.state) for one in won] == [("mug", "drawn")] * 3 + [("trip", "drawn")]
    ends = there.now + 10 * DAY
    assert {one.expires_at for one in won} == {ends}
    assert f"{there.draw}@{ends.isoformat()}" in [one.subject for one in await overdue(ends)]
    first, second, third, trip = won

    await actions.claim(redis, first.claim_code, by=there.cashier, now=there.later(), new_id=new_id)
    given = {"now": there.later(), "new_id": new_id, "new_code": claim_code}
    passed = await actions.decline(redis, second.id, by=second.member, **given)
    assert passed.to is not None
    given["now"] = ends
    assert await queries.overdue_claims(ends) == [third.id, trip.id]
    late = [await actions.expire(redis, win, **given) for win in (third.id, trip.id)]
    assert [one is not None and one.to is not None for one in late] == [True, False]
    assert await amounts(budget) == (92_500, 5_000, 2_500)
    assert await amounts(stock) == (5, 0, 0)

    mugs = [one for one in await queries.winners(there.draw) if one.is_open]
    assert [(one.slot, one.alternate_place) for one in mugs] == [(1, 0), (2, 1)]
    assert len({one.member for one in (*won, *mugs)}) == 6, "alternates are people who have won nothing"
    for mug in mugs:
        await actions.claim(redis, mug.claim_code, by=there.cashier, now=ends, new_id=new_id)
    assert await amounts(budget) == (92_500, 0, 7_500)
    assert await queries.overdue_claims(ends + 100 * DAY) == []
    assert [one.state for one in await queries.wins_of(second.member, ended=True)] == ["declined"]
    look = await there.look()
    assert look.state == "closed"
