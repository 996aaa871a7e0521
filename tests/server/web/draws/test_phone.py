"""A draw on phones: open to strangers, receipts that prove, custody, what was seen on the stage; and its prints."""

import asyncio
import html as markup
import re
from uuid import UUID

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.terms import PrizeTerms
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.draws.phone.receipts import check_words
from server.web.frame import html
from server.web.nouns import LISTING
from tests.rewards.draws.world import Plant, frozen, frozen_draw, held, plan_draw, plant, seal_all, sealed, secret_of
from tests.server.web.conftest import Browser, SignIn

PAGES = ("draw", "draw_verify", "draw_check", "draw_receipt", "draw_custody", "draws")
SHEETS = ("draws/desk/programme.html", "draws/desk/protocol.html")


async def slug_of(draw: UUID) -> str:
    slug: str = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    return slug


async def entrant_number(there: Plant, draw: UUID) -> int:
    """A worker (by place in the plant) who is on the list."""
    first = await db.value("SELECT member FROM entrant WHERE draw = $1 AND line = 0", draw)
    return there.workers.index(first)


# Strangers


async def test_a_stranger_sees_a_frozen_draw_and_no_name(client: Browser, redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    slug = await slug_of(draw)
    for path in (f"/draws/{slug}", f"/draws/{slug}/verify", f"/draws/{slug}/check"):
        for language in ("en", "zh-CN"):
            shown = await client.get(path, headers={"accept-language": language})
            assert shown.status_code == 200, path
            assert "Bicycle" in shown.text or path != f"/draws/{slug}"
            assert "E0001" not in shown.text
            assert "李娜1" not in shown.text


async def test_a_draw_that_is_planned_is_for_members(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    slug = await slug_of(await plan_draw(redis, await plant()))
    asked = await client.get(f"/draws/{slug}")
    assert asked.status_code in (303, 401)
    who = await sign_in()
    assert (await client.get(f"/draws/{slug}", headers=who.headers)).status_code == 200
    early = await client.get(f"/draws/{slug}/receipt", headers=who.headers)
    assert early.status_code == 409
    assert "not frozen" in early.text


async def test_a_rehearsal_is_nobodys_business(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    await db.rows("UPDATE draw SET rehearses = $2 WHERE id = $1", draw, await plan_draw(redis, there))
    slug = await slug_of(draw)
    who = await sign_in()
    for path in ("", "/verify", "/check", "/receipt", "/files/manifest.json"):
        assert (await client.get(f"/draws/{slug}{path}", headers=who.headers)).status_code == 404, path


# Files


async def test_every_published_file_is_there_byte_for_byte(client: Browser, redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    slug = await slug_of(draw)
    await held(redis, draw, there.organiser)
    names = await queries.published_names(draw)
    assert {"manifest.json", "manifest.sig", "snapshot.tsv", "kit.html", "log.txt", "result.json"} <= set(names)
    for name in names:
        sent = await client.get(f"/draws/{slug}/files/{name}")
        assert sent.status_code == 200, name
        assert sent.content == await queries.published_file(slug, name)
        plain = await client.get(f"/draws/{slug}/files/{name}", headers={"accept-encoding": "identity"})
        assert plain.content == sent.content
        assert "content-encoding" not in plain.headers
        assert ("content-encoding" in sent.headers) or len(sent.content) < 1024
        again = await client.get(f"/draws/{slug}/files/{name}", headers={"if-none-match": sent.headers["etag"]})
        assert again.status_code == 304
        assert ("max-age" in sent.headers["cache-control"]) == (name in queries.FILES[:4])
    for name in ("void.tsv", "nothing.txt", "../manifest.json", "conflicts/0000-0000-0000.log.txt"):
        assert (await client.get(f"/draws/{slug}/files/{name}")).status_code == 404, name


async def test_a_log_that_grew_is_sent_as_it_is(client: Browser, redis: Redis) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    slug = await slug_of(draw)
    await held(redis, draw, there.organiser)
    before = (await client.get(f"/draws/{slug}/files/log.txt")).text
    await actions.close(redis, draw, actor=there.organiser, now=now(), new_id=new_id)
    after = (await client.get(f"/draws/{slug}/files/log.txt")).text
    assert after.startswith(before)
    assert after.endswith("close\n")


async def test_a_hall_that_asks_at_once_is_sent_one_file(client: Browser, redis: Redis) -> None:
    there = await plant()
    slug = await slug_of(await frozen_draw(redis, there))
    sent = await asyncio.gather(*(client.get(f"/draws/{slug}/files/snapshot.tsv") for _ in range(8)))
    assert {one.content for one in sent} == {await queries.published_file(slug, "snapshot.tsv")}
    kept = client.app.state.draw_files[slug, "snapshot.tsv"]
    assert 0 < len(kept.compressed) < len(kept.content)
    assert {int(one.headers["content-length"]) for one in sent} == {len(kept.compressed)}


# Receipts


async def test_a_receipt_proves_the_own_line(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    slug = await slug_of(draw)
    place = await entrant_number(there, draw)
    who = await sign_in(member=there.workers[place])
    shown = await client.get(f"/draws/{slug}/receipt", headers=who.headers)
    assert shown.status_code == 200
    found = re.search(r'data-receipt="([^"]+)"', shown.text)
    assert found is not None
    text = markup.unescape(found[1])
    assert len(text) <= 1000
    receipt = rules.read_receipt(text)
    manifest, snapshot = (await queries.published(draw) or ("", {}))[1], None
    snapshot = rules.parse_snapshot(manifest["snapshot.tsv"])
    checks = rules.check_receipt(receipt, manifest["manifest.json"], snapshot)
    assert [ok for _, ok in checks] == [True] * 4
    assert receipt.person_ref == f"E{place:04}"


async def test_who_is_not_on_the_list_has_no_receipt(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    slug = await slug_of(await frozen_draw(redis, there))
    who = await sign_in(member=there.organiser)
    shown = await client.get(f"/draws/{slug}/receipt", headers=who.headers)
    assert shown.status_code == 200
    assert "No receipt for you" in shown.text
    assert (await client.get(f"/draws/{slug}/receipt")).status_code in (303, 401)


def test_a_receipt_of_a_large_draw_fits_its_code() -> None:
    lines = tuple(rules.Line(f"{n:064x}", 20, "0123456789ab", "senior") for n in range(50_001))
    tree = rules.Tree(line.leaf for line in lines)
    receipt = rules.Receipt(
        *("draw-2026-001", 50_000, 50_001, 20, "0123456789ab", "senior", "E00050000", bytes(16), bytes(32)),
        tree.root,
        tree.path(50_000),
    )
    longest = receipt._replace(path=tuple(bytes([n]) * 32 for n in range(18)), n=200_000)
    for one in (receipt, longest):
        text = rules.write_receipt(one)
        assert len(text) <= 1000
        assert "<img" in html.qr(text, "", True, "l")


# What was seen


async def test_a_code_that_was_seen_is_noted(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there)
    slug = await slug_of(draw)
    who, other = await sign_in(), await sign_in()
    early = await client.post(f"/draws/{slug}/code-seen", data={"code": "0ZK9XVDBK0EZ"}, headers=who.headers)
    assert early.status_code == 409
    logged = await held(redis, draw, there.organiser)
    for one, code, said in (
        (who, logged.code.lower().replace("-", " "), "code_noted&"),
        (other, "0000-0000-0000", "code_noted_other"),
    ):
        done = await client.post(f"/draws/{slug}/code-seen", data={"code": code}, headers=one.headers)
        assert done.status_code == 303
        assert said in done.headers["location"]
    assert dict(await queries.codes_seen(draw)) == {logged.code: 1, "0000-0000-0000": 1}
    await client.post(f"/draws/{slug}/code-seen", data={"code": logged.code}, headers=other.headers)
    assert dict(await queries.codes_seen(draw)) == {logged.code: 2}
    wrong = await client.post(f"/draws/{slug}/code-seen", data={"code": "12"}, headers=who.headers)
    assert wrong.status_code == 400
    noted = await db.value("SELECT count(*) FROM audit_entry WHERE code = 'draw.code_differs'")
    assert noted == 1


# Custody


async def test_a_custodian_seals_and_opens(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    draw = await plan_draw(redis, there)
    slug = await slug_of(draw)
    who, stranger = await sign_in(member=there.organiser), await sign_in()
    assert (await client.get(f"/draws/{slug}/custody", headers=stranger.headers)).status_code == 404
    assert "Make my secret" in (await client.get(f"/draws/{slug}/custody", headers=who.headers)).text
    nothing = await client.post(f"/draws/{slug}/custody", data={"commitment": ""}, headers=who.headers)
    assert nothing.status_code == 400
    commitment = rules.commitment(slug, "organiser", secret_of("organiser")).hex()
    done = await client.post(f"/draws/{slug}/custody", data={"commitment": commitment}, headers=who.headers)
    assert done.status_code == 303
    assert commitment in (await client.get(f"/draws/{slug}/custody", headers=who.headers)).text
    second = await client.post(f"/draws/{slug}/custody", data={"commitment": "0" * 64}, headers=who.headers)
    assert second.status_code == 409
    await seal_all(redis, draw)
    await frozen(redis, draw)
    at = now()
    await actions.arm(redis, draw, actor=there.organiser, now=at, new_id=new_id)
    await actions.roll(redis, draw, "31415926535897932384", actor=there.organiser, now=at, new_id=new_id)
    assert "Open your envelope now" in (await client.get(f"/draws/{slug}/custody", headers=who.headers)).text
    typed = rules.write_secret(secret_of("organiser"))
    spoiled = typed.replace(typed[3], "f" if typed[3] != "f" else "e", 1)
    wrong = await client.post(f"/draws/{slug}/custody/open", data={"secret": spoiled}, headers=who.headers)
    assert wrong.status_code == 422
    assert "1" in wrong.text
    right = await client.post(f"/draws/{slug}/custody/open", data={"secret": typed}, headers=who.headers)
    assert right.status_code == 303
    assert "has been opened" in (await client.get(f"/draws/{slug}/custody", headers=who.headers)).text


# After the draw


async def test_a_winner_gives_his_prize_back(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there, prizes=(PrizeTerms("one", "Thermos", 1, alternates=2),))
    slug = await slug_of(draw)
    await held(redis, draw, there.organiser)
    await actions.close(redis, draw, actor=there.organiser, now=now(), new_id=new_id)
    win = (await queries.winners(draw))[0]
    who, other = await sign_in(member=win.member), await sign_in()
    assert "I do not want it" in (await client.get(f"/draws/{slug}", headers=who.headers)).text
    theirs = await client.post(f"/draws/{slug}/wins/{win.id}/decline", headers=other.headers)
    assert theirs.status_code == 404
    done = await client.post(f"/draws/{slug}/wins/{win.id}/decline", headers=who.headers)
    assert done.status_code == 303
    assert "You gave it back" in (await client.get(f"/draws/{slug}", headers=who.headers)).text
    states = [one.state for one in await queries.winners(draw)]
    assert "drawn" in states


# In print


async def test_programme_and_protocol_say_all_in_both_languages(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    there = await plant()
    draw = await frozen_draw(redis, there, witnesses=("陈静",))
    auditor = await sign_in("auditor")
    early = await client.get(f"/desk/draws/{draw}/protocol", headers=auditor.headers)
    assert early.status_code == 409
    programme = (await client.get(f"/desk/draws/{draw}/programme", headers=auditor.headers)).text
    stated = await queries.draw(draw)
    assert stated is not None
    assert stated.promise is not None
    for said in (stated.promise.fingerprint[:8], "Who keeps a sealed secret", "谁保管密封随机数", "陈静"):
        assert said in programme
    logged = await held(redis, draw, there.organiser)
    protocol = (await client.get(f"/desk/draws/{draw}/protocol", headers=auditor.headers)).text
    for said in (logged.code, "venue d10x20 31415926535897932384", "Affidavit and signatures", "声明与签名", "陈静"):
        assert said in protocol
    assert "win third" not in protocol
    only = (await client.get(f"/desk/draws/{draw}/protocol?lang=zh-Hans", headers=auditor.headers)).text
    assert "Affidavit and signatures" not in only


async def test_nothing_is_printed_of_a_draft(client: Browser, redis: Redis, sign_in: SignIn) -> None:
    draw = await sealed(redis, await plant())
    auditor = await sign_in("auditor")
    for sheet in ("programme", "protocol"):
        assert (await client.get(f"/desk/draws/{draw}/{sheet}", headers=auditor.headers)).status_code == 409


@pytest.mark.parametrize("code", ["check.dice.seen", "check.dice.other", "check.dice.early"])
def test_the_phones_own_words_are_known(code: str) -> None:
    assert f'"{code}"' in check_words(LISTING.speaker("en"), "en")
    assert "{digits}" in check_words(LISTING.speaker("zh-Hans"), "zh-Hans")
