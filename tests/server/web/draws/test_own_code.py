"""Nobody is two people: by a link that he made, by a code that he set, or by both in any order."""

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from rewards import database as db
from rewards.draws import queries, rules
from rewards.members import actions as members
from server.runtime.chance import new_id, token
from server.runtime.clock import now
from server.web.frame.gate import SESSION
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.draws.drawing import Hall, drawn, frozen, hall, planned, secret_of

OWN = "Red-lever-42"


@pytest.fixture
async def there(client: Browser, sign_in: SignIn, season: UUID) -> Hall:
    return await hall(client, sign_in, season)


async def post(browser: Browser, path: str, **form: str) -> httpx.Response:
    """With the token of a page of this browser."""
    page = await browser.get("/set-code" if SESSION in browser.cookies else "/sign-in")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None, page.text
    return await browser.post(path, data={"csrf": csrf.group(1), **form})


async def link_by(there: Hall, member: UUID) -> str:
    """A personal link that the head of the draw makes at the desk."""
    page = await there.post(f"/desk/members/{member}/link")
    found = re.search(r"/in/([\w-]{40,})", page.text)
    assert found is not None, page.text
    return found.group(1)


async def puppet(there: Hall, member: UUID) -> Browser:
    """A browser in which the head of the draw is signed in as somebody else, by a link that he made."""
    browser = Browser(there.client.app)
    assert (await post(browser, f"/in/{await link_by(there, member)}")).status_code == 303
    return browser


async def seal(there: Hall, browser: Browser, draw: UUID, label: str) -> httpx.Response:
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    commitment = rules.commitment(slug, label, secret_of(label)).hex()
    return await post(browser, f"/draws/{slug}/custody", commitment=commitment)


async def sealed(draw: UUID) -> list[str]:
    return [one.label for one in await queries.custodians(draw) if one.commitment]


async def test_an_organiser_does_not_become_the_custodian_by_a_link(there: Hall) -> None:
    draw = await planned(there)
    (first, *_) = await queries.custodians(draw)
    browser = await puppet(there, there.keepers[0])
    answer = await seal(there, browser, draw, first.label)
    assert await sealed(draw) == []
    assert answer.status_code == 403


NOBODY = "00000000-0000-7000-8000-000000000000"
TRUSTED = [
    *(f"/desk/draws/{NOBODY}/{act}" for act in ("seal", "places", "confirmations", "cancel", "transcripts")),
    "/desk/claims/code/undo",
    "/draws/any/custody",
    "/draws/any/second",
    f"/draws/any/wins/{NOBODY}/decline",
]
"""What seals, confirms, calls off, gives up, brings a result or takes a hand-over back."""


async def test_what_one_is_trusted_with_is_done_in_no_session_by_a_link(there: Hall) -> None:
    await db.rows("UPDATE member SET roles = '{organiser,auditor,admin}' WHERE id = $1", there.head.id)
    issued = await members.issue_links([there.head.id], actor=None, now=now(), valid=timedelta(days=1), new_token=token)
    browser = Browser(there.client.app)
    await post(browser, f"/in/{issued[0][1]}")
    for path in TRUSTED:
        answer = await post(browser, path)
        assert (answer.status_code, "own code" in answer.text) == (403, True), path
    await post(browser, "/set-code", code=OWN)
    await post(browser, "/sign-in", staff_number="O1", code=OWN)
    for path in TRUSTED:
        assert "own code" not in (await post(browser, path)).text, path


async def test_nor_by_a_code_that_he_set_in_her_place(there: Hall) -> None:
    draw = await planned(there)
    (first, *_) = await queries.custodians(draw)
    browser = await puppet(there, there.keepers[0])
    await post(browser, "/set-code", code=OWN)
    await seal(there, browser, draw, first.label)
    assert await sealed(draw) == []
    again = Browser(there.client.app)
    assert (await post(again, "/sign-in", staff_number="C1", code=OWN)).status_code == 303
    await seal(there, again, draw, first.label)
    assert await sealed(draw) == []


async def test_a_link_takes_over_no_code(there: Hall) -> None:
    await members.set_code(there.keepers[0], "green-valve-8", now=now(), new_id=new_id)
    browser = await puppet(there, there.keepers[0])
    assert (await post(browser, "/set-code", code=OWN)).status_code != 303
    assert (await post(browser, "/set-code", code=OWN, old="wrong-valve-8")).status_code != 303
    other = Browser(there.client.app)
    assert (await post(other, "/sign-in", staff_number="C1", code=OWN)).status_code == 401
    assert (await post(other, "/sign-in", staff_number="C1", code="green-valve-8")).status_code == 303


async def test_two_words_of_one_person_are_one(there: Hall) -> None:
    """He confirms an absence, then confirms it as the auditor whose link he made."""
    draw = await frozen(there)
    await drawn(there, draw)
    auditor = new_id()
    await db.rows(
        "INSERT INTO member (id, staff_number, name, roles, created_at) VALUES ($1, 'A9', 'Auditor', '{auditor}', $2)",
        auditor,
        now(),
    )
    issued = await members.issue_links([auditor], actor=None, now=now(), valid=timedelta(days=1), new_token=token)
    await db.rows("UPDATE sign_in_link SET created_by = $1 WHERE member = $2", there.head.id, auditor)
    browser = Browser(there.client.app)
    await post(browser, f"/in/{issued[0][1]}")
    code = await db.value("SELECT code FROM prize WHERE draw = $1", draw)
    place = {"prize": code, "slot": "0", "attempt": "0", "do": "declined"}
    assert (await there.post(f"/desk/draws/{draw}/places", place)).status_code == 303
    assert (await post(browser, f"/desk/draws/{draw}/confirmations", **place)).status_code == 403
    await post(browser, "/set-code", code=OWN)
    again = Browser(there.client.app)
    await post(again, "/sign-in", staff_number="A9", code=OWN)
    assert (await post(again, f"/desk/draws/{draw}/confirmations", **place)).status_code == 422
    assert await db.value("SELECT count(*) FROM win WHERE draw = $1 AND state = 'declined'", draw) == 0


async def test_who_comes_with_his_own_code_seals_and_says_the_second_word(there: Hall) -> None:
    """By a link of somebody else, and by one of long ago."""
    draw = await planned(there)
    first, second = await queries.custodians(draw)
    for keeper, maker, set_at in (
        (there.keepers[0], there.second.id, now()),
        (there.keepers[1], there.head.id, now() - timedelta(days=4)),
    ):
        await members.set_code(keeper, OWN, issued_by=maker, now=set_at, new_id=new_id)
    for number, custodian in (("C1", first), ("C2", second)):
        browser = Browser(there.client.app)
        await post(browser, "/sign-in", staff_number=number, code=OWN)
        assert (await seal(there, browser, draw, custodian.label)).status_code == 303
    assert len(await sealed(draw)) == 2


async def test_whoever_stands_behind_the_one_who_made_the_link_stands_behind_it(there: Hall) -> None:
    """He makes an organiser his puppet, and lets the puppet make the custodian's link."""
    draw = await planned(there)
    (first, *_) = await queries.custodians(draw)
    await members.set_code(there.second.id, OWN, issued_by=there.head.id, now=now(), new_id=new_id)
    await members.set_code(there.keepers[0], OWN, issued_by=there.second.id, now=now(), new_id=new_id)
    browser = Browser(there.client.app)
    await post(browser, "/sign-in", staff_number="C1", code=OWN)
    assert (await seal(there, browser, draw, first.label)).status_code == 409
    assert await sealed(draw) == []


async def test_the_member_is_told_of_links_and_devices_and_nobody_dismisses_it_for_her(there: Hall) -> None:
    keeper = there.keepers[0]
    await members.set_code(keeper, "green-valve-8", now=now(), new_id=new_id)
    own = Browser(there.client.app)
    await post(own, "/sign-in", staff_number="C1", code="green-valve-8")
    assert "Ways into your account" not in (await own.get("/")).text
    other = await puppet(there, keeper)
    await post(other, "/me/devices/seen")
    for path in ("/", "/me/devices"):
        page = (await own.get(path)).text
        assert "Wang Fang made a sign-in link for you" in page
        assert "(by a link of Wang Fang)" in page
    await post(own, "/me/devices/seen")
    assert "Ways into your account" not in (await own.get("/")).text
    assert "Wang Fang made a sign-in link for you" in (await own.get("/me/devices")).text


async def test_the_trail_names_for_whom_links_and_slips_were_made(there: Hall) -> None:
    await link_by(there, there.keepers[0])
    await members.issue_slips(
        there.people[:2], actor=there.head.id, now=now(), valid=timedelta(days=1), new_token=token, new_code=token
    )
    lines = await db.rows("SELECT subject, actor FROM audit_entry WHERE code = 'member.link_issued' ORDER BY id")
    assert [line["subject"] for line in lines] == list(map(str, (there.keepers[0], *there.people[:2])))
    assert {line["actor"] for line in lines} == {there.head.id}


async def test_a_forgotten_code_is_taken_away_by_the_desk_and_the_next_one_is_its_word(there: Hall) -> None:
    keeper = there.keepers[0]
    await members.set_code(keeper, "green-valve-8", now=now(), new_id=new_id)
    assert (await there.post(f"/desk/members/{keeper}/code")).status_code == 303
    browser = await puppet(there, keeper)
    assert (await post(browser, "/set-code", code=OWN)).status_code == 303
    draw = await planned(there)
    (first, *_) = await queries.custodians(draw)
    again = Browser(there.client.app)
    await post(again, "/sign-in", staff_number="C1", code=OWN)
    assert (await seal(there, again, draw, first.label)).status_code == 409
    assert await sealed(draw) == []
