"""What one person can do to a draw that others hold too: nothing that changes a winner, and nothing in silence."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries
from rewards.refusals import Refusal
from server.runtime.chance import claim_code, new_id
from server.web.nouns import LISTING
from tests.rewards.draws.test_transcripts import ROUND, SHORT
from tests.rewards.draws.venue import AGAIN_DICE, TOP_DICE, Venue, offline, thrown, venue

pytestmark = pytest.mark.usefixtures("database")

DECLINED = ["absent card 0 0 declined"]
REPLACED = [
    *DECLINED,
    ROUND,
    "absent trip 0 0 declined",
    f"redraw trip 0 1 redraw-d10x4 {AGAIN_DICE}",
    "close",
]


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def winners(there: Venue) -> list[tuple[str, int, int, str]]:
    """Prize, slot, attempt and state of every win."""
    found = await db.rows(
        "SELECT prize.code, slot, attempt, state FROM win JOIN prize ON prize.id = win.prize WHERE win.draw = $1"
        " ORDER BY prize.position, slot, attempt",
        there.draw,
    )
    return [tuple(one.values()) for one in found]


async def drawn(there: Venue) -> None:
    """At the desk, as far as the winners of every round."""
    await there.arm()
    await there.roll()
    await there.open_secrets()
    await there.round()


# A log from the hall


@pytest.mark.parametrize("more", [DECLINED, ["call card 0 0"], ["close"], ["abort power.failed"], REPLACED[2:]])
async def test_what_was_held_at_the_desk_is_not_gone_on_with_from_a_file(redis: Redis, more: list[str]) -> None:
    there = await venue(redis, **SHORT)
    await drawn(there)
    stood, won = await there.row(), await winners(there)
    log = await offline(there, [*thrown(there), ROUND, *more])
    with refused("draw.bring_desk"):
        await there.bring(log)
    assert (await there.row(), await winners(there)) == (stood, won)


async def test_a_log_from_the_hall_counts_by_the_word_of_two(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    log = await offline(there, [*thrown(there), *REPLACED])
    for _ in range(2):
        brought = await bring(there, log)
        assert (brought.verdict, brought.state) == ("waits", "frozen")
    assert not await winners(there)
    assert (await there.row())["log"] is None
    (waits,) = await queries.waiting_logs(there.draw)
    assert (waits.by_name, waits.replaced) == ("Wang Fang", 2)
    assert await queries.transcripts(there.draw) == []
    with refused("draw.second.same"):
        await confirm(there, waits.code, there.organiser)
    with refused("draw.second.may"):
        await confirm(there, waits.code, there.keepers[0])
    with refused("draw.own_ticket"):
        await confirm(there, waits.code, there.plant.workers[3])
    with refused("draw.waiting_none"):
        await confirm(there, "0000-0000-0000", there.witness)
    with refused("draw.code_form"):
        await confirm(there, "the code", there.witness)
    done = await confirm(there, waits.code, there.witness)
    assert (done.verdict, done.state, done.code) == ("counts", "closed", waits.code)
    assert (await there.row())["log"].encode() == log
    line = (await queries.history(there.draw))[-1]
    assert (line.code, line.who) == ("draw.transcript_counted", "Witness")
    assert line.details["first"] == str(there.organiser)
    stood = await there.row()
    assert (await confirm(there, waits.code, there.witness)).verdict == "known", "said twice, it stands once"
    assert await there.row() == stood


async def test_the_same_log_brought_by_another_is_the_second_word(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    log = await offline(there, [*thrown(there), ROUND, "close"])
    assert (await bring(there, log)).verdict == "waits"
    assert (await bring(there, log, there.cashier)).verdict == "counts"


async def test_of_logs_that_wait_the_one_that_is_confirmed_counts_and_the_others_contradict(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    shorter = await bring(there, await offline(there, [*thrown(there), ROUND]))
    forged = await bring(there, await offline(there, [*thrown(there, "7" * 20), ROUND, "close"]), there.cashier)
    honest = await bring(there, await offline(there, [*thrown(there), ROUND, "close"]))
    assert (shorter.verdict, forged.verdict, honest.verdict) == ("waits", "waits", "waits")
    await confirm(there, honest.code, there.witness)
    assert await queries.waiting_logs(there.draw) == []
    assert [one.code for one in await queries.conflicts(there.draw)] == [forged.code]
    assert {one.by for one in await queries.conflicts(there.draw)} == {"Zhao Min"}


async def test_a_log_that_waited_while_the_desk_went_on_contradicts(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    await there.arm(hall=True)
    waits = await bring(there, await offline(there, [*thrown(there, "7" * 20), ROUND, "close"]))
    assert waits.verdict == "waits"
    await there.roll()
    assert (await confirm(there, waits.code, there.witness)).verdict == "conflict"
    assert len(await queries.conflicts(there.draw)) == 1


async def test_what_was_armed_for_the_hall_is_gone_on_with_by_two(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    await there.arm(hall=True)
    await there.roll()
    await there.open_secrets()
    won = await winners(there)
    log = await offline(there, [*thrown(there), *REPLACED])
    brought = await bring(there, log)
    assert brought.verdict == "waits"
    assert await winners(there) == won
    assert (await confirm(there, brought.code, there.witness)).verdict == "counts"


async def confirm(there: Venue, code: str, actor: UUID) -> actions.Brought:
    return await actions.confirm_log(
        there.redis, there.draw, code, actor=actor, now=there.later(), new_id=new_id, new_code=claim_code
    )


async def bring(there: Venue, log: bytes, actor: UUID | None = None) -> actions.Brought:
    """By one person, and nobody else."""
    return await actions.bring(
        there.redis,
        there.draw,
        log,
        None,
        None,
        (),
        actor=actor or there.organiser,
        now=there.later(),
        new_id=new_id,
        new_code=claim_code,
    )


# Calling off


async def test_nobody_alone_calls_a_draw_off_whose_winners_are_known(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    await drawn(there)
    won = await winners(there)
    assert not await cancel(there, there.organiser)
    assert (await there.row())["state"] == "drawn"
    assert await winners(there) == won
    with refused("draw.second.same"):
        await cancel(there, there.organiser)
    with refused("draw.second.may"):
        await cancel(there, there.keepers[0])
    assert await actions.keep(redis, there.draw, actor=there.cashier, now=there.later())
    assert not await actions.keep(redis, there.draw, actor=there.cashier, now=there.later())
    with refused("draw.off_none"):
        await actions.confirm_cancel(redis, there.draw, actor=there.witness, now=there.later(), new_id=new_id)
    with refused("draw.second.may"):
        await cancel(there, there.witness)
    assert not await cancel(there, there.organiser)
    assert await cancel(there, there.witness)
    row = await there.row()
    assert (row["state"], row["off_why"]) == ("cancelled", "a storm")
    assert [(prize, name) for prize, name in await queries.annulled(there.draw)] == [
        (one.name, "李*") for one in await queries.prizes(there.draw) for _ in range(one.quantity)
    ]
    line = (await queries.history(there.draw))[-1]
    assert (line.code, line.who, line.details["first"]) == ("draw.cancelled", "Witness", str(there.organiser))


async def _armed(there: Venue) -> None:
    await there.arm()


async def _rolled(there: Venue) -> None:
    await there.arm()
    await there.roll()


async def _kit_left(there: Venue) -> None:
    await actions.take_kit(there.draw, actor=there.organiser, digest="ab" * 32, now=there.later())


@pytest.mark.parametrize("before", [_armed, _rolled, _kit_left])
async def test_nor_one_whose_dice_may_lie_where_laurel_does_not_see_them(
    redis: Redis, before: Callable[[Venue], Awaitable[None]]
) -> None:
    there = await venue(redis, **SHORT)
    await before(there)
    state = (await there.row())["state"]
    assert not await cancel(there, there.organiser)
    assert (await there.row())["state"] == state
    assert await cancel(there, there.cashier)


async def test_before_that_one_is_enough(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    assert await cancel(there, there.organiser)
    assert await queries.annulled(there.draw) == []


async def cancel(there: Venue, actor: UUID) -> bool:
    return await actions.cancel(there.redis, there.draw, actor=actor, why="a storm", now=there.later(), new_id=new_id)


# Conflicts


async def test_one_person_brings_a_few_logs_that_contradict_and_no_more(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    await drawn(there)
    await there.close()
    for number in range(3):
        log = await offline(there, [*thrown(there, f"{number}" * 20), f"round top round-d10x4 {TOP_DICE}", "close"])
        assert (await bring(there, log)).verdict == "conflict"
    log = await offline(there, [*thrown(there, "9" * 20), ROUND, "close"])
    with refused("draw.brought_many"):
        await bring(there, log)
    assert len(await queries.conflicts(there.draw)) == 3
    assert (await bring(there, log, there.cashier)).verdict == "conflict"
