"""Who stands behind a code: whoever took an account over by links stays behind it, whatever links follow."""

from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rewards.members import actions, queries
from rewards.members.rules import OWN_AFTER
from server.runtime.chance import new_id, token
from tests.laws import examples
from tests.rewards.draws.hall import NOW
from tests.rewards.draws.world import member

pytestmark = pytest.mark.usefixtures("database")

ACCOUNTS = 4
_numbers = count(1)


async def take_over(account: UUID, by: UUID) -> None:
    """By a link that `by` makes."""
    await actions.forget_code(account, actor=by, now=NOW, new_id=new_id)
    [(_, made, *_)] = await actions.issue_links([account], actor=by, now=NOW, valid=timedelta(days=1), new_token=token)
    await actions.use_link(made, NOW)
    await actions.set_code(account, "green-valve-8", issued_by=by, now=NOW, new_id=new_id)


which = st.integers(0, ACCOUNTS - 1)


@examples(15, over_one_fixture=True)
@given(links=st.lists(st.tuples(which, which), max_size=6))
@example(links=[(0, 1), (1, 1)])
@example(links=[(0, 1), (1, 2), (2, 1)])
@example(links=[(0, 1), (1, 2), (2, 3), (3, 1), (1, 1)])
async def test_whoever_took_an_account_over_stays_behind_it(links: list[tuple[int, int]]) -> None:
    """(by, account): each link is made by one of his, or by himself; afterwards the account is his."""
    accounts = [await member(f"H{next(_numbers)}", "Somebody", "admin") for _ in range(ACCOUNTS)]
    his = {accounts[0]}
    for by, account in links:
        if account and accounts[by] in his:
            await take_over(accounts[account], accounts[by])
            his.add(accounts[account])
    for account in accounts:
        assert (accounts[0] in await queries.hands(account, NOW)) == (account in his)
        assert await queries.hands(account, NOW + OWN_AFTER) == {account}
