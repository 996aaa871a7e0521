"""Funds on real PostgreSQL: what is held is never spent twice, everything adds up, and every fact counts once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from rewards import database as db
from rewards.audit.queries import latest
from rewards.boards import checks as board_checks
from rewards.funds import queries
from rewards.funds.actions import give_back, hold, open_fund, pay, top_up
from rewards.ledger import actions as ledger
from rewards.ledger import checks as ledger_checks
from rewards.ledger import queries as points
from rewards.ledger.actions import Award
from rewards.ledger.rules import Pocket
from rewards.refusals import Refusal
from tests.rewards.ledger.world import NOON, people, post, season, standings

SAID: dict[str, Any] = {"actor": None, "now": NOON, "new_id": uuid4}
DRAW, OTHER = f"draw:{uuid4()}", f"draw:{uuid4()}"


async def budget(amount: int = 100_000, name: str = "Autumn budget") -> UUID:
    return await open_fund(name, "money", amount, **SAID)


async def stock(pieces: int = 10, name: str = "Thermos", value: int = 8_000) -> UUID:
    return await open_fund(name, "item", pieces, value, **SAID)


async def joined(action: Callable[..., Awaitable[bool]], *given: Any, **named: Any) -> bool:
    """An action that joins, in a transaction of its own."""
    async with db.transaction():
        return await action(*given, **{**SAID, **named})


async def figures(fund: UUID) -> tuple[int, int, int, int]:
    """(given, free, held, paid), after checks that hold of every fund at any time."""
    found = await queries.fund(fund)
    assert found is not None
    assert found.given == found.free + found.held + found.paid
    assert min(found.given, found.free, found.held, found.paid) >= 0
    assert await db.value("SELECT coalesce(sum(amount), 0) FROM entry") == 0
    assert await ledger_checks.faults() == []
    return found.given, found.free, found.held, found.paid


async def test_a_fund_is_opened_with_what_is_in_it(database: str) -> None:
    actor = (await people(1))[0]
    money = await open_fund(" Autumn budget ", "money", 120_050, actor=actor, now=NOON, new_id=uuid4)
    goods = await stock(3)
    empty = await budget(0, "Winter budget")
    assert await figures(money) == (120_050, 120_050, 0, 0)
    assert await figures(goods) == (3, 3, 0, 0)
    assert await figures(empty) == (0, 0, 0, 0)
    assert [(one.id, one.name, one.kind, one.value) for one in await queries.funds()] == [
        (money, "Autumn budget", "money", 0),
        (empty, "Winter budget", "money", 0),
        (goods, "Thermos", "item", 8_000),
    ]
    found = await queries.fund(money)
    assert found is not None
    assert found.shown(found.free) == "1,200.50"
    assert await queries.fund(uuid4()) is None
    (line,) = await latest(1, code_prefix="fund.", actor=actor)
    assert (line.code, line.subject, line.details["amount"]) == ("fund.opened", str(money), "1,200.50")


async def test_two_funds_are_never_called_the_same(database: str) -> None:
    await budget()
    tries = await asyncio.gather(*(stock(1, name) for name in ("autumn BUDGET", "Mug", "mug")), return_exceptions=True)
    assert sorted(one.code for one in tries if isinstance(one, Refusal)) == ["funds.name_taken"] * 2
    assert len(await queries.funds()) == 2
    with pytest.raises(Refusal, match=r"funds\.name_invalid"):
        await budget(0, " ")


async def test_more_is_put_in_and_taken_out_once(database: str) -> None:
    money = await budget(1_000)
    for _ in range(2):
        await top_up(money, 500, "second half", key="form:1", **SAID)
    assert await figures(money) == (1_500, 1_500, 0, 0)
    await joined(hold, DRAW, {money: 1_400}, "held")
    with pytest.raises(Refusal) as refused:
        await top_up(money, -101, "typing error", key="form:2", **SAID)
    assert (refused.value.code, refused.value.details) == (
        "funds.short",
        {"wanted": "1.01", "free": "1.00", "name": "Autumn budget"},
    )
    assert await top_up(money, -100, "typing error", key="form:2", **SAID)
    assert not await top_up(money, -100, "typing error", key="form:2", **SAID)
    assert await figures(money) == (1_400, 0, 1_400, 0)
    for amount, why, code in (
        (0, "x", "funds.amount_range"),
        (10**12, "x", "funds.amount_range"),
        (5, " ", "funds.why_missing"),
        (5, "n" * 301, "ledger.note_invalid"),
    ):
        with pytest.raises(Refusal, match=code.replace(".", r"\.")):
            await top_up(money, amount, why, key="form:3", **SAID)
    with pytest.raises(Refusal, match=r"ledger\.key_reused"):
        await top_up(money, 7, "other", key="form:1", **SAID)
    with pytest.raises(Refusal, match=r"funds\.unknown"):
        await top_up(uuid4(), 7, "other", key="form:4", **SAID)
    assert [line.code for line in await latest(3)] == ["fund.taken_out", "fund.topped_up", "fund.opened"]


async def test_what_was_held_and_given_back_is_as_if_it_never_was(database: str) -> None:
    money, goods = await budget(), await stock()
    before = await figures(money), await figures(goods)
    assert await joined(hold, DRAW, {money: 60_000, goods: 4}, "draw:1:held", note="Autumn draw")
    assert await joined(hold, OTHER, {money: 40_000}, "draw:2:held")
    assert await figures(money) == (100_000, 0, 100_000, 0)
    held = [(one.name, one.kind, one.amount) for one in await queries.held_by(DRAW)]
    assert held == [("Autumn budget", "money", 60_000), ("Thermos", "item", 4)]
    assert await joined(give_back, DRAW, "draw:1:back")
    assert await queries.held_by(DRAW) == []
    assert await joined(give_back, OTHER, "draw:2:back")
    assert (await figures(money), await figures(goods)) == before
    assert not await joined(give_back, DRAW, "draw:1:again")


async def test_every_fact_counts_once(database: str) -> None:
    money, goods = await budget(), await stock()
    for again in (False, True):
        assert await joined(hold, DRAW, {money: 500, goods: 2}, "held") is not again
        assert await joined(pay, DRAW, {goods: 1}, "paid") is not again
        assert await joined(give_back, DRAW, "part", only={money: 200}) is not again
        assert await joined(give_back, DRAW, "back") is not again
    assert await figures(money) == (100_000, 100_000, 0, 0)
    assert await figures(goods) == (10, 9, 0, 1)
    assert await joined(hold, DRAW, {goods: 1}, "held again")
    assert not await joined(give_back, DRAW, "back")  # that fact stands, with what was there then
    assert await figures(goods) == (10, 8, 1, 1)
    for action, given in (
        (hold, (DRAW, {money: 501}, "held")),
        (hold, (OTHER, {money: 500, goods: 2}, "held")),
        (pay, (DRAW, {goods: 1}, "held")),
        (give_back, (OTHER, "back")),
    ):
        with pytest.raises(Refusal, match=r"ledger\.key_reused"):
            await joined(action, *given)
    assert not await joined(hold, DRAW, {money: 0}, "nothing")
    assert not await joined(pay, DRAW, {goods: 0}, "nothing")


async def test_all_or_nothing_is_held(database: str) -> None:
    money, goods = await budget(), await stock()
    with pytest.raises(Refusal) as refused:
        await joined(hold, DRAW, {money: 1, goods: 11}, "held")
    assert (refused.value.code, refused.value.details) == (
        "funds.short",
        {"wanted": "11", "free": "10", "name": "Thermos"},
    )
    assert await queries.held_by(DRAW) == []
    with pytest.raises(Refusal, match=r"funds\.unknown"):
        await joined(hold, DRAW, {uuid4(): 1}, "held")
    for holder, amount in (("nobody", 1), (DRAW, -1)):
        with pytest.raises(ValueError):  # noqa: PT011
            await joined(hold, holder, {money: amount}, "held")
    assert await joined(hold, DRAW, {money: 1, goods: 10}, "held")


async def test_only_what_is_held_is_paid_or_returned(database: str) -> None:
    money = await budget()
    await joined(hold, DRAW, {money: 300}, "held")
    await joined(hold, OTHER, {money: 900}, "other")
    assert await joined(pay, DRAW, {money: 100}, "paid:1")
    for action, given in ((pay, (DRAW, {money: 201}, "paid:2")), (give_back, (DRAW, "part"))):
        with pytest.raises(Refusal) as refused:
            await joined(action, *given, **({} if action is pay else {"only": {money: 201}}))
        assert (refused.value.code, refused.value.details) == (
            "funds.not_held",
            {"wanted": "2.01", "held": "2.00", "name": "Autumn budget"},
        )
    assert await joined(give_back, DRAW, "part", only={money: 150})
    assert await joined(pay, DRAW, {money: 50}, "paid:2")
    assert await figures(money) == (100_000, 98_950, 900, 150)


async def test_what_joins_is_undone_with_its_transaction(database: str) -> None:
    money = await budget()

    async def half_done(*given: Any, **named: Any) -> bool:
        await hold(*given, **named)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await joined(half_done, DRAW, {money: 5}, "held")
    assert await figures(money) == (100_000, 100_000, 0, 0)
    assert await joined(hold, DRAW, {money: 5}, "held")
    with pytest.raises(RuntimeError, match="transaction"):
        await hold(DRAW, {money: 5}, "alone", **SAID)


async def test_holds_at_once_never_overspend(database: str) -> None:
    money, goods = await budget(1_000), await stock(30)
    wanted = [({money: 100, goods: 2}, f"draw:{n}") for n in range(10)] + [({goods: 3}, f"draw:{n}") for n in range(10)]
    done = await asyncio.gather(
        *(joined(hold, holder, each, f"held:{n}") for n, (each, holder) in enumerate(wanted)),
        return_exceptions=True,
    )
    kept = [each for (each, _), one in zip(wanted, done, strict=True) if one is True]
    assert {one.code for one in done if isinstance(one, Refusal)} == {"funds.short"}
    assert sum(isinstance(one, Refusal) for one in done) + len(kept) == 20
    pieces = sum(each[goods] for each in kept)
    assert 28 <= pieces <= 30
    assert await figures(goods) == (30, 30 - pieces, pieces, 0)
    assert (await figures(money))[2] == sum(each.get(money, 0) for each in kept)


async def test_payments_and_returns_at_once_give_out_what_was_held(database: str) -> None:
    goods = await stock(20)
    await joined(hold, DRAW, {goods: 10}, "held")
    done = await asyncio.gather(
        *(joined(pay, DRAW, {goods: 1}, f"claim:{n % 12}") for n in range(24)),
        *(joined(give_back, DRAW, f"part:{n}", only={goods: 1}) for n in range(4)),
        return_exceptions=True,
    )
    assert {one.code for one in done if isinstance(one, Refusal)} == {"funds.not_held"}
    assert sum(one is True for one in done) == 10
    _, free, held, paid = await figures(goods)
    assert (held, free + paid) == (0, 20)


async def test_one_fact_told_many_times_at_once_counts_once(database: str) -> None:
    goods = await stock(5)
    done = await asyncio.gather(*(joined(hold, DRAW, {goods: 5}, "held") for _ in range(6)))
    assert sorted(done) == [False] * 5 + [True]
    assert await figures(goods) == (5, 0, 5, 0)


async def test_who_looks_at_an_older_state_is_told_to_begin_again(database: str) -> None:
    """A freeze reads one instant (REPEATABLE READ); what others held since then must not be held twice."""
    goods = await stock(5)
    await joined(hold, OTHER, {goods: 1}, "first")

    async def of_one_instant(meanwhile: int) -> None:
        async with db.transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await connection.fetchval("SELECT count(*) FROM fund")
            if meanwhile:
                await _elsewhere(database, goods, meanwhile)
            await hold(DRAW, {goods: 3}, "held", **SAID)

    with pytest.raises(asyncpg.SerializationError):
        await of_one_instant(3)
    with pytest.raises(Refusal) as refused:
        await of_one_instant(0)
    assert refused.value.details["free"] == "1"
    assert await figures(goods) == (5, 1, 4, 0)


async def _elsewhere(url: str, fund: UUID, amount: int) -> None:
    """Held by another process meanwhile, by the same statements."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            posting = await connection.fetchval(
                "INSERT INTO posting (id, key, digest, at) VALUES (gen_random_uuid(), 'elsewhere', sha256(''), now())"
                " RETURNING id"
            )
            await connection.execute(
                "INSERT INTO entry (posting, account, amount)"
                " SELECT $1, id, CASE purpose WHEN 'fund' THEN -$3::bigint ELSE $3::bigint END FROM account"
                " WHERE fund = $2 AND (purpose = 'fund' OR holder = $4)",
                posting,
                fund,
                amount,
                OTHER,
            )
    finally:
        await connection.close()


async def test_the_database_itself_refuses_what_is_not_covered(database: str) -> None:
    money, goods = await budget(100), await stock(1)
    account = {
        (one["fund"], one["purpose"]): one["id"] for one in await db.rows("SELECT id, fund, purpose FROM account")
    }
    for legs, wrong in (
        ([(account[money, "fund"], -101), (account[money, "issuance"], 101)], "account_covered"),
        ([(account[money, "fund"], -1), (account[goods, "fund"], 1)], "sum to zero"),
    ):
        with pytest.raises(asyncpg.CheckViolationError, match=wrong):
            await _post_by_hand(legs)
    for made in (
        "'member', 'money', gen_random_uuid(), ''",
        "'fund', 'honour', gen_random_uuid(), ''",
        "'escrow', 'item', gen_random_uuid(), ''",
        "'fund', 'item', NULL, ''",
        "'paid', 'item', gen_random_uuid(), 'draw:1'",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await db.rows(
                f"INSERT INTO account (id, purpose, currency, fund, holder) VALUES (gen_random_uuid(), {made})"
            )
    with pytest.raises(asyncpg.CheckViolationError, match="earned_or_moved"):
        await db.rows(
            "INSERT INTO posting (id, key, digest, rule, at) VALUES (gen_random_uuid(), 'k', sha256(''), 'quiz', now())"
        )
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows("DELETE FROM fund")


async def _post_by_hand(legs: list[tuple[UUID, int]]) -> None:
    """(account, amount) of one posting, past everything but the database."""
    async with db.transaction() as connection:
        posting = await connection.fetchval(
            "INSERT INTO posting (id, key, digest, at) VALUES (gen_random_uuid(), 'k', sha256(''), now()) RETURNING id"
        )
        await connection.execute(
            "INSERT INTO entry (posting, account, amount) SELECT $1, * FROM unnest($2::uuid[], $3::bigint[])",
            posting,
            [one for one, _ in legs],
            [amount for _, amount in legs],
        )


async def test_a_planted_overdraft_is_found(database: str) -> None:
    money = await budget(100)
    await db.rows("ALTER TABLE entry DISABLE TRIGGER append_only")
    await db.rows(
        "UPDATE entry SET amount = -amount FROM account WHERE account.id = entry.account AND account.fund = $1", money
    )
    await db.rows("ALTER TABLE entry ENABLE TRIGGER append_only")
    said = {"whose": str(money), "currency": "money"}
    issued = ("ledger.balance_differs", {**said, "purpose": "issuance", "wanted": 100, "found": -100})
    overdrawn = ("ledger.balance_differs", {**said, "purpose": "fund", "wanted": -100, "found": 100})
    found = [(one.code, one.details) for one in await ledger_checks.faults()]
    assert sorted(found, key=str) == sorted([issued, overdrawn], key=str)
    async with db.transaction() as connection:
        await ledger.funds_anew(connection)
    assert [(one.code, one.details) for one in await ledger_checks.faults()] == [overdrawn], "what cannot be stays told"


async def test_a_transfer_says_what_is_short_and_takes_no_other_legs(database: str) -> None:
    fund = uuid4()
    free, held = Pocket(fund, "item", "fund"), Pocket(fund, "item", "escrow", "draw:1")

    async def move(amount: int, **legs: Any) -> bool:
        async with db.transaction():
            return await ledger.transfer(
                "k", legs.get("legs", {free: -amount, held: amount}), [amount], at=NOON, actor=None, new_id=uuid4
            )

    with pytest.raises(Refusal) as refused:
        await move(4)
    assert (refused.value.code, refused.value.details) == ("ledger.short", {"wanted": 4, "there": 0})
    with pytest.raises(ValueError, match="balance"):
        await move(1, legs={free: 1})
    assert await db.value("SELECT count(*) FROM posting") == 0


async def test_movements_are_told_newest_first_page_by_page(database: str) -> None:
    (actor,) = await people(1)
    money, goods = await budget(10_000), await stock()
    told: dict[str, Any] = {"actor": actor, "now": NOON + timedelta(hours=1), "new_id": uuid4}
    await top_up(money, 500, "gift of the works council", key="form:1", **told)
    await top_up(money, -100, "typing error", key="form:2", **told)
    await joined(hold, DRAW, {money: 3_000, goods: 2}, "held", note="Autumn draw", **told)
    await joined(pay, DRAW, {money: 1_000}, "paid", note="First prize", **told)
    await joined(give_back, DRAW, "back", **told)
    lines, before = [], None
    while page := await queries.movements(money, 2, before):
        lines += page
        before = page[-1].sequence
    assert [(one.what, one.amount, one.holder, one.note) for one in lines] == [
        ("returned", 2_000, DRAW, ""),
        ("paid", 1_000, DRAW, "First prize"),
        ("held", 3_000, DRAW, "Autumn draw"),
        ("removed", 100, "", "typing error"),
        ("added", 500, "", "gift of the works council"),
        ("added", 10_000, "", ""),
    ]
    assert {one.who for one in lines[:5]} == {f"Name {actor}"}
    assert (lines[5].actor, lines[5].who) == (None, "")
    assert [(one.what, one.amount) for one in await queries.movements(goods, 9)] == [
        ("returned", 2),
        ("held", 2),
        ("added", 10),
    ]


async def test_members_points_and_boards_stay_as_they_are(database: str, redis: Any) -> None:
    (ann, bob), autumn = await people(2), await season()
    await post([Award("quiz:1", ann, 30), Award("quiz:2", bob, 20)], autumn)
    before = (
        await standings(autumn),
        await points.statement(ann, 9),
        await points.balance(ann, "spend"),
    )
    drifted = await board_checks.drift(redis, today=autumn.starts_on)
    assert len(drifted) > 0  # nobody has brought the points to the boards
    money = await budget()
    await joined(hold, DRAW, {money: 500}, "held")
    await joined(pay, DRAW, {money: 500}, "paid")
    assert await board_checks.drift(redis, today=autumn.starts_on) == drifted
    await post([Award("quiz:3", ann, 1)], autumn)
    async with db.transaction():
        await ledger.reverse("quiz:3", by_key="undo", at=NOON, actor=None, why="A mistake", new_id=uuid4)
    after = await standings(autumn)
    assert [(one.member, one.points) for one in after] == [(one.member, one.points) for one in before[0]]
    assert (await points.statement(ann, 9))[-1:] == before[1]
    assert await points.balance(ann, "spend") == before[2]
    for key in ("held", "paid"):
        with pytest.raises(Refusal, match=r"ledger\.unknown_key"):
            async with db.transaction():
                await ledger.reverse(key, by_key="no", at=NOON, actor=None, why="no", new_id=uuid4)
        with pytest.raises(Refusal, match=r"ledger\.key_reused"):
            await post([Award(key, ann, 5)], autumn)
