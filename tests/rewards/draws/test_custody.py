"""Secrets are sealed by those who keep them, once; lines are struck off before the dice, and never after."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.states import VOID_REASONS
from rewards.draws.terms import CustodianTerms
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from server.web.nouns import LISTING
from tests.rewards.draws.venue import FULL, venue
from tests.rewards.draws.world import NOW, Plant, custodians, plan_draw, plant

pytestmark = pytest.mark.usefixtures("database")


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def seal(redis: Redis, draw: UUID, label: str, by: UUID, secret: bytes = b"s" * 32) -> bool:
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    return await actions.seal(redis, draw, label, rules.commitment(slug, label, secret), member=by, now=NOW)


async def draft(redis: Redis, there: Plant, **terms: object) -> UUID:
    return await plan_draw(redis, there, **terms)


async def test_a_custodian_seals_once_and_nobody_for_him(redis: Redis) -> None:
    there = await plant(3)
    draw = await draft(redis, there)
    keeper = custodians(there)[0]
    assert keeper.member is not None
    with refused("draw.seal.other"):
        await seal(redis, draw, keeper.label, there.cashier)
    assert await seal(redis, draw, keeper.label, keeper.member)
    assert not await seal(redis, draw, keeper.label, keeper.member)
    with refused("draw.sealed"):
        await seal(redis, draw, keeper.label, keeper.member, b"t" * 32)
    first, second = await queries.custodians(draw)
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    assert first.commitment == rules.commitment(slug, keeper.label, b"s" * 32).hex()
    assert (first.sealed_at, first.sealed_by, first.kept, first.revealed) == (NOW, "Wang Fang", False, False)
    assert (second.commitment, second.sealed_at) == ("", None)
    (mine,) = await queries.custodian_of(keeper.member)
    assert (mine.draw, mine.slug, mine.label, mine.commitment) == (draw, slug, keeper.label, first.commitment)
    assert [line.code for line in await queries.history(draw)] == ["draw.created", "draw.sealed_by"]
    for column in ("commitment", "label"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.rows(f"UPDATE custodian SET {column} = NULL WHERE draw = $1 AND commitment IS NOT NULL", draw)


async def test_no_secret_is_ever_told_to_the_server(redis: Redis) -> None:
    there = await plant(3)
    draw = await draft(redis, there)
    await seal(redis, draw, "organiser", there.organiser)
    for table in ("custodian", "audit_entry", "draw", "intent"):
        for row in await db.rows(f"SELECT * FROM {table}"):
            assert b"s" * 32 not in [bytes(one) for one in row.values() if isinstance(one, bytes)]
            assert (b"s" * 32).hex() not in str(tuple(row.values()))
    assert await queries.kept_secrets(draw) == {}


async def test_what_is_no_commitment_or_no_custodian_is_refused(redis: Redis) -> None:
    there = await plant(3)
    draw = await draft(redis, there)
    for wrong in (b"", b"c" * 31, b"c" * 33):
        with refused("draw.seal.form"):
            await actions.seal(redis, draw, "organiser", wrong, member=there.organiser, now=NOW)
    with refused("draw.seal.unknown"):
        await seal(redis, draw, "notary", there.organiser)
    with refused("draw.unknown"):
        await actions.seal(redis, uuid4(), "organiser", b"c" * 32, member=there.organiser, now=NOW)


async def test_a_custodian_from_outside_is_sealed_by_two_different_hands(redis: Redis) -> None:
    there = await plant(3)
    outside = (CustodianTerms("notary", "A notary"), CustodianTerms("press", "A journalist"))
    draw = await draft(redis, there, custodians=outside)
    assert await seal(redis, draw, "notary", there.organiser)
    with refused("draw.seal.twice"):
        await seal(redis, draw, "press", there.organiser)
    assert await seal(redis, draw, "press", there.cashier)
    mixed = (CustodianTerms("union", "Zhao Min", there.cashier), CustodianTerms("press", "A journalist"))
    other = await draft(redis, there, custodians=mixed)
    with refused("draw.seal.twice"):
        await seal(redis, other, "press", there.cashier)


async def test_of_two_secrets_sealed_at_once_one_stands(redis: Redis) -> None:
    there = await plant(3)
    draw = await draft(redis, there)
    made = await asyncio.gather(
        *(seal(redis, draw, "organiser", there.organiser, bytes([n]) * 32) for n in range(4)), return_exceptions=True
    )
    assert [one for one in made if one is True] == [True]
    assert {one.code for one in made if isinstance(one, Refusal)} == {"draw.sealed"}


async def test_after_the_freeze_nobody_seals(redis: Redis) -> None:
    there = await venue(redis)
    assert not await seal(redis, there.draw, "union", there.keepers[1], there.secrets["union"])
    with refused("draw.move"):
        await seal(redis, there.draw, "union", there.keepers[1])


async def test_lines_are_struck_off_and_put_back(redis: Redis) -> None:
    there = await venue(redis)
    assert await there.void(3)
    assert not await there.void(3)
    assert await there.void(1)
    first, second = await queries.voids(there.draw)
    assert (first.line, first.reason, first.why, first.by) == (1, "left", "has left", "Wang Fang")
    assert second.line == 3
    found = await db.value("SELECT member FROM entrant WHERE draw = $1 AND line = 3", there.draw)
    assert second.member == found
    assert await actions.unvoid(redis, there.draw, 1, actor=there.organiser, now=there.later())
    assert not await actions.unvoid(redis, there.draw, 1, actor=there.organiser, now=there.later())
    assert (await there.look()).voids == 1
    codes = [line.code for line in await queries.history(there.draw)]
    assert codes[-3:] == ["draw.voided", "draw.voided", "draw.unvoided"]
    await there.arm()
    assert (await there.row())["voids"] == b"3\tleft\n"
    with refused("draw.move"):
        await there.void(2)
    with refused("draw.move"):
        await actions.unvoid(redis, there.draw, 3, actor=there.organiser, now=there.later())


async def test_what_cannot_be_struck_off(redis: Redis) -> None:
    there = await venue(redis)
    size = await there.size()
    wrong = [
        (size, "left", "gone", "draw.void.unknown_line"),
        (-1, "left", "gone", "draw.void.unknown_line"),
        (0, "because", "gone", "draw.void.reason"),
        (0, "left", "  ", "draw.why_missing"),
    ]
    for line, reason, why, code in wrong:
        with refused(code):
            await actions.void(
                redis, there.draw, line, reason, why, actor=there.organiser, now=there.later(), new_id=new_id
            )
    entrant = there.plant.workers[3]
    with refused("draw.own_ticket"):
        await actions.void(redis, there.draw, 0, "left", "gone", actor=entrant, now=there.later(), new_id=new_id)
    assert await queries.voids(there.draw) == []
    assert all(f"draw.void.{reason}" in LISTING.texts for reason in VOID_REASONS)


async def test_who_is_struck_off_wins_nothing(redis: Redis) -> None:
    there = await venue(redis, **(FULL | {"presence": False}))
    for line in range(5):
        await there.void(line)
    await there.arm()
    await there.roll()
    await there.open_secrets()
    await there.round()
    await there.close()
    found = await there.look()
    lines = {one.line for one in found.places} | {line for _, _, line in found.alternates}
    assert lines.isdisjoint(range(5))
    assert len(lines - {None}) == 8
