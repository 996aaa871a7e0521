"""A rehearsal is a ceremony like the real one, and nothing of it can be passed off as the draw."""

import secrets
from pathlib import Path
from uuid import UUID

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.terms import PrizeTerms
from rewards.draws.verify import verify_folder
from rewards.funds import actions as funds
from rewards.funds import queries as kept
from rewards.outbox.queries import overdue
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from server.web.nouns import LISTING
from tests.rewards.draws.venue import FULL, TOP_DICE, Venue, offline, thrown, venue
from tests.rewards.draws.world import NOW, PROGRAM, TODAY, plan_draw, plant

pytestmark = pytest.mark.usefixtures("database")

ROUND = f"round top round-d10x4 {TOP_DICE}"


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def asked(redis: Redis, draw: UUID, actor: UUID) -> UUID:
    """A rehearsal that waits for the worker."""
    return await actions.rehearse(
        redis, draw, actor=actor, now=NOW, today=TODAY, new_id=new_id, random_bytes=secrets.token_bytes
    )


async def rehearsed(there: Venue) -> Venue:
    """A rehearsal of this draw, frozen by the worker."""
    draw = await asked(there.redis, there.draw, there.organiser)
    await actions.freeze(
        there.redis,
        draw,
        now=there.now,
        actor=None,
        new_id=new_id,
        random_bytes=secrets.token_bytes,
        program=PROGRAM,
        due_at=NOW,
    )
    sealed = await queries.kept_secrets(draw)
    return Venue(there.redis, draw, there.plant, sealed, there.keepers, there.witness, there.now)


async def test_a_whole_rehearsal(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, **FULL)
    rehearsal = await rehearsed(there)
    found = await rehearsal.look()
    assert (found.slug, found.rehearses, found.state) == ("rehearsal-2026-002", there.draw, "frozen")
    assert found.manifest.rehearsal
    assert not (await there.look()).manifest.rehearsal
    assert [(one.label, one.kept) for one in found.custodians] == [("organiser", True), ("union", True)]
    assert all(len(secret) == 32 for secret in rehearsal.secrets.values())
    assert set(rehearsal.secrets.values()).isdisjoint(there.secrets.values())
    await rehearsal.arm()
    await rehearsal.roll()
    await rehearsal.reveal(rehearsal.secrets["organiser"].hex())
    assert (await rehearsal.reveal("")).line == f"reveal union {rehearsal.secrets['union'].hex()}"
    await rehearsal.absent("mug", 1)
    await rehearsal.round()
    await rehearsal.absent("trip")
    await rehearsal.redraw("trip")
    closed = await rehearsal.close()
    folder = await actions.publish(rehearsal.draw, tmp_path)
    assert folder == tmp_path / "rehearsal-2026-002"
    report = verify_folder(folder, code=closed.code)
    assert (report.ok, report.rehearsal, report.state) == (True, True, "closed")
    assert (await there.look()).state == "frozen"
    assert [(one.draw, one.slug, one.state) for one in await queries.rehearsals(there.draw)] == [
        (rehearsal.draw, "rehearsal-2026-002", "closed")
    ]


async def test_nothing_is_won_in_a_rehearsal(redis: Redis) -> None:
    there = await venue(redis, **FULL)
    rehearsal = await rehearsed(there)
    await rehearsal.arm()
    await rehearsal.roll()
    await rehearsal.open_secrets()
    for one in await db.rows("SELECT member, claim_code FROM win"):
        with refused("claim.rehearsal"):
            await actions.claim(redis, one["claim_code"], by=there.cashier, now=there.now, new_id=new_id)
        assert await queries.wins_of(one["member"]) == []
    await rehearsal.round()
    await rehearsal.close()
    assert [one.kind for one in await overdue(NOW.replace(year=2030)) if "expire" in one.kind] == []
    assert rehearsal.draw not in [one.id for one in (*await queries.draws(), *await queries.past())]


async def test_a_rehearsal_is_not_passed_off_as_the_draw(redis: Redis) -> None:
    there = await venue(redis, **(FULL | {"presence": False}))
    rehearsal = await rehearsed(there)
    log = await offline(rehearsal, [*thrown(rehearsal), ROUND, "close"])
    with refused("draw.transcript") as caught:
        await there.bring(log)
    assert caught.value.details["check"] == "log.rehearsal"
    real, other = (await there.look()).fingerprint, (await rehearsal.look()).fingerprint
    with refused("draw.transcript") as caught:
        await there.bring(log.replace(other.encode(), real.encode()))
    assert caught.value.details["check"] == "commitment.organiser"
    with refused("draw.transcript") as caught:
        await rehearsal.bring(await offline(there, [*thrown(there), ROUND, "close"]))
    assert caught.value.details["check"] == "log.rehearsal"
    assert (await rehearsal.bring(log)).verdict == "counts"
    assert (await there.look()).state == "frozen"
    await there.arm()
    await there.roll()
    with refused("draw.commitment"):
        await there.reveal(rehearsal.secrets["organiser"].hex())
    with refused("draw.secret.form"):
        await there.reveal("")


async def test_people_and_terms_are_those_of_the_draw(redis: Redis) -> None:
    there = await venue(redis, **FULL)
    rehearsal = await rehearsed(there)
    real, other = (await there.look()).manifest, (await rehearsal.look()).manifest
    for same in (
        "n",
        "tickets",
        "prizes",
        "rounds",
        "venue",
        "labels",
        "names",
        "presence",
        "call_seconds",
        "excluded",
    ):
        assert getattr(real, same) == getattr(other, same)
    assert set(real.commit).isdisjoint(other.commit)
    lines = [rules.parse_snapshot((await one.row())["snapshot"]) for one in (there, rehearsal)]
    commits = [{line.id_commit for line in some} for some in lines]
    assert commits[0].isdisjoint(commits[1])


async def test_a_draft_is_rehearsed_and_keeps_no_funds(redis: Redis) -> None:
    budget = await funds.open_fund("Prizes", "money", 100_00, actor=None, now=NOW, new_id=new_id)
    there = await plant()
    draw = await plan_draw(
        redis, there, custodians=(), prizes=(PrizeTerms("cash", "Cash", 2, value=10_00, budget=budget),)
    )
    made = await asked(redis, draw, there.organiser)
    found = await queries.draw(made)
    assert found is not None
    assert (found.state, found.rehearses) == ("freezing", draw)
    assert [(one.label, one.kept) for one in await queries.custodians(made)] == [("organiser", True), ("union", True)]
    await actions.freeze(
        redis, made, now=NOW, actor=None, new_id=new_id, random_bytes=secrets.token_bytes, program=PROGRAM, due_at=NOW
    )
    assert [one.free for one in await kept.funds()] == [100_00]
    await actions.cancel(redis, made, actor=there.organiser, why="enough", now=NOW, new_id=new_id)
    assert [one.free for one in await kept.funds()] == [100_00]
    assert await db.value("SELECT state FROM draw WHERE id = $1", draw) == "draft"


async def test_a_rehearsal_is_not_rehearsed(redis: Redis) -> None:
    there = await venue(redis)
    rehearsal = await rehearsed(there)
    with refused("draw.rehearsal"):
        await asked(redis, rehearsal.draw, there.organiser)
