"""What a phone does by itself in a draw: make a secret, keep a receipt, check everything, also from saved files."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.terms import CustodianTerms
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.rewards.draws.world import frozen_draw, held, plan_draw, plant
from tests.server.web.conftest import Phone, SignIn

pytestmark = pytest.mark.browser


async def become(phone: Phone, sign_in: SignIn, member: object) -> None:
    """Sign the phone's browser in as somebody else."""
    who = await sign_in(member=member)
    await who.enter(phone.page.context, phone.address)


async def test_a_custodian_makes_a_secret_that_the_server_never_sees(
    phone: Phone, sign_in: SignIn, redis: Redis
) -> None:
    there = await plant()
    draw = await plan_draw(redis, there)
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    await become(phone, sign_in, there.organiser)
    sent: list[str] = []
    phone.page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    await phone.page.goto(f"{phone.address}/draws/{slug}/custody")
    await phone.page.get_by_role("button", name="Make my secret").click()
    envelopes = phone.page.locator("[data-envelope]")
    await expect(envelopes).to_have_count(2)
    rows = await envelopes.nth(0).locator("li").all_inner_texts()
    assert rows == await envelopes.nth(1).locator("li").all_inner_texts()
    assert len(rows) == 8
    secret = rules.read_secret("".join(f"{number}: {row}\n" for number, row in enumerate(rows, 1)))
    fields = phone.page.locator("[data-row]")
    await fields.nth(0).fill("0000 0000")
    await phone.page.get_by_role("button", name="Seal it").click()
    await expect(phone.page.locator("[data-error]")).to_contain_text("is not as on the paper")
    for place in range(2):
        label = await phone.page.locator("label[for=field-first], label[for=field-second]").nth(place).inner_text()
        number = re.search(r"[0-9]", label)
        assert number is not None
        await fields.nth(place).fill(rows[int(number[0]) - 1])
    await phone.page.get_by_role("button", name="Seal it").click()
    await expect(phone.page.locator("main")).to_contain_text("Keep the envelope closed")
    kept = await db.value("SELECT commitment FROM custodian WHERE draw = $1 AND label = 'organiser'", draw)
    assert bytes(kept) == rules.commitment(slug, "organiser", secret)
    assert not any(secret.hex() in one or secret.hex()[:16] in one for one in sent)


async def test_a_receipt_stays_on_the_phone_and_the_phone_checks_everything(
    phone: Phone, sign_in: SignIn, redis: Redis, tmp_path: Path
) -> None:
    there = await plant(40)
    draw = await frozen_draw(redis, there)
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    member = await db.value("SELECT member FROM entrant WHERE draw = $1 AND line = 3", draw)
    await become(phone, sign_in, member)
    await phone.page.goto(f"{phone.address}/draws/{slug}/receipt")
    await expect(phone.page.locator("[data-kept]")).to_be_visible()
    logged = await held(redis, draw, there.organiser)
    await actions.close(redis, draw, actor=there.organiser, now=now(), new_id=new_id)
    end = (await queries.draw(draw)).code  # type: ignore[union-attr]

    await phone.page.context.clear_cookies()
    await phone.page.goto(f"{phone.address}/draws/{slug}/check")
    await expect(phone.page.locator("#field-receipt")).to_have_value(re.compile("^VDRAW1"))
    await phone.page.locator("#field-code").fill(logged.code.lower())
    await phone.page.locator("#field-dice").fill("3141 5926 5358 9793 2384")
    await phone.page.get_by_role("button", name="Check everything").click()
    verdict = phone.page.locator("[data-verdict]")
    await expect(verdict).to_contain_text("Everything checked is right")
    await expect(phone.page.locator("[data-facts]")).to_contain_text(end)
    assert await phone.page.locator("[data-checks] .badge-bad").count() == 0
    assert await phone.page.locator("[data-checks] li").count() > 15

    found = await queries.published(draw)
    assert found is not None
    for name, content in found[1].items():
        (tmp_path / name).write_bytes(content)
    saved = [tmp_path / name for name in found[1]]
    await phone.page.context.set_offline(True)
    await phone.page.locator("[name=saved]").set_input_files(saved)
    await phone.page.get_by_role("button", name="Check everything").click()
    await expect(verdict).to_contain_text("Everything checked is right")
    log = found[1]["log.txt"].replace(b"win third 0 0 ", b"win third 0 0 1", 1)
    (tmp_path / "log.txt").write_bytes(log)
    await phone.page.locator("[name=saved]").set_input_files(saved)
    await phone.page.get_by_role("button", name="Check everything").click()
    await expect(verdict).to_contain_text("do not trust")
    await phone.page.locator("[name=saved]").set_input_files([])
    await phone.page.get_by_role("button", name="Check everything").click()
    await expect(phone.page.locator("[data-unreachable]")).to_be_visible()
    assert await phone.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_a_custodian_who_is_not_on_the_roster_reads_out_the_fingerprint(phone: Phone, redis: Redis) -> None:
    there = await plant()
    given = (CustodianTerms("organiser", "Wang Fang", there.organiser), CustodianTerms("notary", "Mr Wu", None))
    draw = await plan_draw(redis, there, custodians=given)
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    await phone.page.context.clear_cookies()
    await phone.page.goto(f"{phone.address}/draws/{slug}/custody/notary")
    await phone.page.get_by_role("button", name="Make my secret").click()
    rows = await phone.page.locator("[data-envelope]").nth(0).locator("li").all_inner_texts()
    secret = rules.read_secret("".join(f"{number}: {row}\n" for number, row in enumerate(rows, 1)))
    for place in range(2):
        label = await phone.page.locator("label[for=field-first], label[for=field-second]").nth(place).inner_text()
        number = re.search(r"[0-9]", label)
        assert number is not None
        await phone.page.locator("[data-row]").nth(place).fill(rows[int(number[0]) - 1])
    await phone.page.get_by_role("button", name="Show the commitment").click()
    shown = await phone.page.locator("[data-commitment]").inner_text()
    assert bytes.fromhex(shown.replace(" ", "")) == rules.commitment(slug, "notary", secret)
    assert (await phone.page.goto(f"{phone.address}/draws/{slug}/custody/organiser")).status == 404  # type: ignore[union-attr]
