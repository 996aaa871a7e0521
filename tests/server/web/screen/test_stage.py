"""The stage: which draw is on the screens, the dice before they count, and what fits on it."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards.draws.queries import PrizeRow, WinRow
from rewards.draws.terms import PrizeTerms
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.web import html
from server.web.screen import stage
from tests.rewards.draws.world import DICE, frozen, held, plant, sealed

URL = "https://laurel.example"
WIN = WinRow(uuid4(), uuid4(), "d", "D", "p", "P", 0, 0, 0, uuid4(), "李娜", "E1", "一车间", "c", None, "")


async def test_one_draw_is_on_the_screens(redis: Redis) -> None:
    first, second = uuid4(), uuid4()
    assert await stage.on_stage(redis) is None
    await stage.show_on_screens(redis, first)
    await stage.show_on_screens(redis, second)
    assert await stage.on_stage(redis) == second
    assert 0 < await redis.ttl(stage.STAGE) <= 6 * 3600
    await stage.take_off_screens(redis, first)
    assert await stage.on_stage(redis) == second
    await stage.take_off_screens(redis, second)
    assert await stage.on_stage(redis) is None
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics == [f"draw:{first}", f"draw:{second}", f"draw:{second}"]


@pytest.mark.usefixtures("database")
async def test_the_scenes_of_a_draw(redis: Redis) -> None:
    with pytest.raises(Refusal, match=r"draw\.unknown"):
        await stage.stage_facts(redis, uuid4(), public_url=URL)
    there = await plant()
    draw = await sealed(redis, there)
    seen = set()

    async def scene() -> stage.Stage:
        found = await stage.stage_facts(redis, draw, public_url=URL)
        seen.add(found.seen)
        for locale in ("en", "zh-Hans"):
            assert found.draw.title in html.render_block("screen/stage.html", "state", locale, stage=found)
        return found

    before = await scene()
    assert (before.scene, before.fingerprint, before.address) == ("before", [], f"{URL}/draws/draw-2026-001/verify")
    assert [prize.code for prize in before.prizes] == ["first", "third"]
    done = await frozen(redis, draw)
    assert "".join((await scene()).fingerprint) == done.fingerprint
    await stage.keep_dice(redis, draw, "".join(DICE.split()))
    typed = await scene()
    assert (typed.scene, " ".join(typed.digits)) == ("dice", DICE)
    await stage.drop_dice(redis, draw)
    assert (await scene()).scene == "before"
    await held(redis, draw, there.organiser)
    result = await scene()
    assert (result.scene, " ".join(result.digits)) == ("result", DICE)
    assert [(one.prize.code, len(one.winners), one.more) for one in result.won] == [("first", 1, 0), ("third", 2, 0)]
    assert "李娜" not in html.render_block("screen/stage.html", "state", "en", stage=result)
    assert len(seen) == 4


@given(st.lists(st.integers(1, 60), min_size=1, max_size=14))
def test_everything_fits_or_is_counted(sizes: list[int]) -> None:
    terms = [PrizeTerms(f"p{n}", f"Prize {n}", size) for n, size in enumerate(sizes)]
    prizes = [PrizeRow(uuid4(), n, one.code, one.name, one.quantity) for n, one in enumerate(terms)]
    winners = {prize.id: tuple(replace(WIN, slot=slot) for slot in range(prize.quantity)) for prize in prizes}
    won = stage._shown(prizes, winners)
    assert [one.prize for one in won] == prizes[::-1][: stage.MOST_PRIZES]
    assert sum(len(one.winners) for one in won) <= stage.MOST_NAMES
    assert all(len(one.winners) + one.more == one.prize.quantity for one in won)
    assert all(one.winners for one in won)
    assert stage._density(won) in stage.NAMES_ABREAST
