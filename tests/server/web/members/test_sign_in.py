"""Signing in: by link once, by code within limits, to nowhere but this site; the code, the language, signing out."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Response

from rewards.members import actions, queries
from server.runtime.chance import new_id, token
from server.runtime.clock import now
from server.web.frame import pages
from server.web.frame.gate import SESSION
from server.web.frame.limits import BY_DEVICE, MOST_STRANGE
from server.web.members.phone.devices import COOKIE, MOST
from server.web.members.phone.sign_in import device_of, own_path
from tests.server.web.conftest import Browser, SignIn, add_member
from tests.server.web.frame.test_limits import crowded, work

CODE = "blue kite 9"


async def csrf(client: Browser, path: str = "/sign-in") -> str:
    """The token of a page, as a form carries it; the browser keeps the visit's cookie."""
    page = await client.get(path)
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found.group(1)


async def link(member: UUID, valid: timedelta = timedelta(days=1)) -> str:
    [(_, made)] = await actions.issue_links([member], actor=None, now=now(), valid=valid, new_token=token)
    return made


async def post(client: Browser, path: str, page: str | None = None, **form: str):  # type: ignore[no-untyped-def]
    return await client.post(path, data={"csrf": await csrf(client, page or path), **form})


HOSTILE = ("A1", "", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "a&amp;b 'c'", "\\1 \\g<0>", "李娜")


@pytest.mark.parametrize("number", HOSTILE)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_that_strangers_ask_for_is_the_page_whatever_they_typed(
    client: Browser, monkeypatch: pytest.MonkeyPatch, number: str, language: str
) -> None:
    """It is rendered once for all of them, and each has his own words and token in it."""

    def plain(
        request: Any, template: str, /, status: int = 200, *, own: Mapping[str, str], **values: Any
    ) -> Response[bytes]:
        return pages.page(request, template, status, own, **values)

    seen: list[list[str]] = []
    for page in (pages.kept_page, pages.kept_page, plain):
        monkeypatch.setattr(pages, "kept_page", page)
        stranger = Browser(client.app)
        stranger.headers["accept-language"] = language
        shown = await stranger.get("/sign-in", params={"next": f"/boards?{number}"})
        refused = await post(stranger, "/sign-in", staff_number=number, code="no code of anybody", next="/me")
        tokens = [re.findall(r'name="csrf" value="([^"]+)"', one.text) for one in (shown, refused)]
        assert all(len(set(found)) == 1 for found in tokens)
        texts = [one.text.replace(found[0], "TOKEN") for one, found in zip((shown, refused), tokens, strict=True)]
        seen.append([re.sub(r"\d+(?= 次)|(?<=left: )\d+", "", text) for text in texts])
    assert seen[0] == seen[1] == seen[2]
    assert "TOKEN" in seen[0][0]
    assert pages._MARK not in seen[0][1]


# By link


async def test_a_link_asks_who_one_is_and_signs_in(client: Browser) -> None:
    member = await add_member("李娜", "A1")
    made = await link(member)
    page = await client.get(f"/in/{made}")
    assert page.status_code == 200
    assert "李娜" in page.text
    assert SESSION not in client.cookies
    answer = await post(client, f"/in/{made}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/set-code?next=%2F")
    assert client.cookies[SESSION]
    home = await client.get("/")
    assert "李娜" in home.text


async def test_looking_does_not_use_a_link_up_and_using_it_twice_is_refused(client: Browser) -> None:
    member = await add_member("Li Na", "A1")
    made = await link(member)
    for _ in range(3):
        assert (await client.get(f"/in/{made}")).status_code == 200
    used = await post(client, f"/in/{made}")
    assert used.status_code == 303
    again = await client.get(f"/in/{made}")
    assert again.status_code == 410
    assert "This link has been used" in again.text
    assert "You are signed in on this device already" in again.text
    stranger = Browser(client.app)
    refused = await stranger.post(f"/in/{made}", data={"csrf": await csrf(stranger)})
    assert refused.status_code == 410
    assert SESSION not in stranger.cookies


async def test_expired_and_unknown_links_say_so(client: Browser) -> None:
    member = await add_member("Li Na", "A1")
    expired = await client.get(f"/in/{await link(member, timedelta(0))}")
    assert (expired.status_code, "no longer good" in expired.text) == (410, True)
    unknown = await client.get("/in/nonsense")
    assert (unknown.status_code, "not one of ours" in unknown.text) == (404, True)


async def test_a_leavers_link_is_closed(client: Browser) -> None:
    member = await add_member("Li Na", "A1")
    made = await link(member)
    await actions.mark_left(member, on=now().date(), actor=None, now=now(), new_id=new_id)
    assert (await client.get(f"/in/{made}")).status_code == 410


async def test_a_new_sign_in_ends_the_session_that_the_device_had(client: Browser) -> None:
    first, second = await add_member("Li Na", "A1"), await add_member("Wang Wei", "A2")
    await post(client, f"/in/{await link(first)}")
    old = client.cookies[SESSION]
    page = await client.get(f"/in/{(made := await link(second))}")
    assert "signed in as Li Na" in page.text
    await post(client, f"/in/{made}")
    assert client.cookies[SESSION] != old
    assert await client.app.state.process.sessions.get(old) is None
    [device] = await client.app.state.process.sessions.list(second)
    assert not await client.app.state.process.sessions.list(first)
    assert device.device == ""


async def test_an_id_planted_before_sign_in_is_not_taken_over(client: Browser) -> None:
    member = await add_member("Li Na", "A1")
    planted = token()
    client.cookies.set(SESSION, planted, domain="testserver.local", path="/")
    await post(client, f"/in/{await link(member)}")
    assert await client.app.state.process.sessions.get(planted) is None


async def test_whoever_has_a_code_is_not_asked_for_one_and_organisers_go_to_the_desk(client: Browser) -> None:
    member = await add_member("Li Na", "A1", ["organiser"])
    await actions.set_code(member, CODE, now=now(), new_id=new_id)
    answer = await post(client, f"/in/{await link(member)}")
    assert answer.headers["location"] == "/desk"


async def test_another_code_signs_the_other_devices_out_and_this_one_in_anew(client: Browser) -> None:
    member = await add_member("Li Na", "A1")
    await post(client, f"/in/{await link(member)}")
    await post(client, "/set-code", code=CODE)
    await post(client, f"/in/{await link(member)}")
    elsewhere = Browser(client.app)
    await post(elsewhere, "/sign-in", staff_number="A1", code=CODE)
    before = client.cookies[SESSION]
    for wrong in ({}, {"old": "Red-lever-42"}):
        assert (await post(client, "/set-code", code="Red-lever-42", **wrong)).status_code == 409
    answer = await post(client, "/set-code", code="Red-lever-42", old=CODE)
    assert "code_changed" in answer.headers["location"]
    assert client.cookies[SESSION] != before
    assert (await client.get("/me")).status_code == 200
    assert (await elsewhere.get("/me")).status_code == 401
    assert len(await client.app.state.process.sessions.list(member)) == 1


async def test_a_forged_sign_in_is_refused_and_the_link_stays_good(client: Browser) -> None:
    made = await link(await add_member("Li Na", "A1"))
    assert (await client.post(f"/in/{made}", data={"csrf": "0" * 64})).status_code == 403
    assert (await client.get(f"/in/{made}")).status_code == 200


# By code


async def with_code(number: str = "A1", *roles: str) -> UUID:
    member = await add_member("Li Na", number, roles)
    await actions.set_code(member, CODE, now=now(), new_id=new_id)
    return member


async def test_staff_number_and_code_sign_in(client: Browser) -> None:
    await with_code()
    answer = await post(client, "/sign-in", staff_number=" a1 ", code=CODE, next="/boards/week")
    assert (answer.status_code, answer.headers["location"]) == (303, "/boards/week")
    assert (await client.get("/boards/week")).status_code == 200
    assert (await client.get("/sign-in?next=/me")).headers["location"] == "/me"


async def test_a_wrong_code_says_how_many_tries_are_left_and_then_none(client: Browser) -> None:
    await with_code()
    for left in range(MOST_STRANGE - 1, -1, -1):
        answer = await post(client, "/sign-in", staff_number="A1", code=f"wrong {left}")
        assert answer.status_code == 401
        assert f"Tries left: {left}." in answer.text
        assert 'value="A1"' in answer.text
        assert "wrong " not in answer.text
    closed = await post(client, "/sign-in", staff_number="A1", code=CODE)
    assert closed.status_code == 429
    assert "Too many wrong codes" in closed.text
    assert SESSION not in client.cookies


async def test_an_unknown_number_answers_like_a_known_one(client: Browser) -> None:
    await with_code()
    known = await post(client, "/sign-in", staff_number="A1", code="wrong code")
    unknown = await post(client, "/sign-in", staff_number="A9", code="wrong code")
    assert known.status_code == unknown.status_code == 401
    one, other = (re.sub(r'value="A\d"|[\w-]{86}', "", answer.text) for answer in (known, unknown))
    assert one == other  # but for what was typed and the token, which no two answers share
    for number in ("A1", "A9"):
        await guess(client, number, MOST_STRANGE - 1)
    known = await post(client, "/sign-in", staff_number="A1", code=CODE)
    unknown = await post(client, "/sign-in", staff_number="A9", code=CODE)
    assert known.status_code == unknown.status_code == 429
    one, other = (re.sub(r'value="A\d"|[\w-]{86}', "", answer.text) for answer in (known, unknown))
    assert one == other


async def test_right_codes_use_no_tries_up(client: Browser) -> None:
    await with_code()
    for _ in range(MOST_STRANGE + 2):
        assert (await post(Browser(client.app), "/sign-in", staff_number="A1", code=CODE)).status_code == 303


async def test_a_first_code_of_a_slip_signs_in_once_and_asks_for_a_code(client: Browser) -> None:
    member = await add_member("Li Na", "A1")
    [slip] = await actions.issue_slips(
        [member],
        actor=None,
        now=now(),
        valid=timedelta(days=1),
        new_token=token,
        new_code=lambda: "abcd2345efgh",
    )
    answer = await post(client, "/sign-in", staff_number="A1", code="ABCD-2345-EFGH", next="/rooms/k7m2q")
    assert answer.headers["location"] == "/set-code?next=%2Frooms%2Fk7m2q"
    assert (await client.get(f"/in/{slip.token}")).status_code == 410


# Guessing


async def guess(client: Browser, number: str, times: int) -> None:
    """Wrong codes, each on a device that was never seen before."""
    for n in range(times):
        answer = await post(Browser(client.app), "/sign-in", staff_number=number, code=f"guess {n}")
        assert answer.status_code == 401


async def post_again(device: Browser, **form: str):  # type: ignore[no-untyped-def]
    """Sign out, and in again by code."""
    await post(device, "/sign-out", page="/me")
    return await post(device, "/sign-in", **form)


async def test_the_owners_device_and_link_stay_open_whatever_others_try(client: Browser) -> None:
    member = await with_code()
    hers = Browser(client.app)
    assert (await post(hers, "/sign-in", staff_number="A1", code=CODE)).headers["location"] == "/"
    await guess(client, "A1", MOST_STRANGE)
    closed = await post(client, "/sign-in", staff_number="A1", code=CODE)
    assert (closed.status_code, "a device on which you have used your code" in closed.text) == (429, True)
    again = await post_again(hers, staff_number="a1", code=CODE)
    assert (again.status_code, again.headers["location"]) == (303, "/?said=phone.strange_tries")
    assert "wrong codes were typed for your staff number" in (await hers.get(again.headers["location"])).text
    assert "10 wrong codes were typed" in (await hers.get("/me/devices")).text
    linked = Browser(client.app)
    made = await link(member)
    assert (await post(linked, f"/in/{made}")).status_code == 303
    assert (await linked.get("/me")).status_code == 200
    # Without the cookie it is a device like any other.
    del hers.cookies[COOKIE]
    assert (await post_again(hers, staff_number="A1", code=CODE)).status_code == 429


async def test_a_device_knows_only_the_codes_that_were_typed_there(client: Browser) -> None:
    await with_code("A1")
    await with_code("A2")
    linked = Browser(client.app)
    await post(linked, f"/in/{await link(await with_code('A3'))}")
    assert COOKIE not in linked.cookies
    device = Browser(client.app)
    await post(device, "/sign-in", staff_number="A1", code=CODE)
    mark = device.cookies[COOKIE]
    await guess(client, "A1", MOST_STRANGE)
    await guess(client, "A2", MOST_STRANGE)
    assert (await post_again(device, staff_number="A2", code=CODE)).status_code == 429
    assert device.cookies[COOKIE] == mark
    name, _, proof = mark.partition(".")
    for forged in (
        "",
        "x",
        name,
        f"{name}.",
        f"{name}.{'0' * 32}",
        f"{'a' * 22}.{proof}",
        f"{mark}.x",
        mark + "0" * 999,
    ):
        other = Browser(client.app)
        other.cookies.set(COOKIE, forged, domain="testserver.local", path="/")
        assert (await post(other, "/sign-in", staff_number="A1", code=CODE)).status_code == 429, forged
    assert (await post(device, "/sign-in", staff_number="A1", code=CODE)).status_code == 303


async def test_a_device_knows_the_last_few_codes(client: Browser) -> None:
    device = Browser(client.app)
    numbers = [f"B{n}" for n in range(MOST + 1)]
    for number in numbers:
        await with_code(number)
        await post(device, "/sign-in?again=1", staff_number=number, code=CODE)
    assert len(device.cookies[COOKIE].split(".")) == 1 + MOST
    for number in numbers:
        await guess(client, number, MOST_STRANGE)
    for number in reversed(numbers):
        wanted = 429 if number == numbers[0] else 303
        assert (await post_again(device, staff_number=number, code=CODE)).status_code == wanted, number


async def test_of_a_new_code_no_device_knows(client: Browser) -> None:
    await with_code()
    first, second = Browser(client.app), Browser(client.app)
    for device in (first, second):
        await post(device, "/sign-in", staff_number="A1", code=CODE)
    await post(first, "/set-code", code="Red-lever-42", old=CODE)
    await guess(client, "A1", MOST_STRANGE)
    assert (await post(second, "/sign-in", staff_number="A1", code="Red-lever-42")).status_code == 429
    assert (await post_again(first, staff_number="A1", code="Red-lever-42")).status_code == 303


async def test_the_code_that_stands_is_guessed_no_more_often_by_whoever_came_by_a_link(client: Browser) -> None:
    member = await with_code()
    linked, hers = Browser(client.app), Browser(client.app)
    await post(linked, f"/in/{await link(member)}")
    await post(hers, "/sign-in", staff_number="A1", code=CODE)
    for n in range(MOST_STRANGE):
        weak = await post(linked, "/set-code", code="123456", old=f"guess {n}")
        assert weak.status_code == 409  # the new one is none, so the old one was not looked at
    for n in range(MOST_STRANGE):
        assert (await post(linked, "/set-code", code="Red-lever-42", old=f"guess {n}")).status_code == 409
    shut = await post(linked, "/set-code", code="Red-lever-42", old=CODE)
    assert (shut.status_code, "a device on which you have used your code" in shut.text) == (429, True)
    for _ in range(BY_DEVICE.capacity - 1):
        assert (await post(hers, "/set-code", code="Red-lever-42", old="typo")).status_code == 409
    assert (await post(hers, "/set-code", code="Red-lever-42", old=CODE)).status_code == 303


async def test_links_are_counted_by_nobody(client: Browser) -> None:
    made = await link(await add_member("Li Na", "A1"))
    for path in (f"/in/{made}", "/in/nonsense", "/welcome/nonsense"):
        await client.get(path)
    await post(client, f"/in/{made}")
    assert await client.app.state.process.redis.keys("limit:*") == []


async def test_behind_a_crowded_address_one_works_and_is_in(client: Browser) -> None:
    await with_code()
    page = await client.get("/sign-in")
    assert "data-proof" not in page.text
    hers = Browser(client.app)
    await post(hers, "/sign-in", staff_number="A1", code=CODE)
    await crowded(client.app.state.process.limits)
    refused = await post(client, "/sign-in", staff_number="A1", code=CODE)
    assert (refused.status_code, "type your code once more" in refused.text) == (429, True)
    assert "/static/proof.js" in refused.text
    asked = re.search(r'data-proof="([\w.-]+)" data-bits="(\d+)"', (await client.get("/sign-in")).text)
    assert asked is not None
    proof = work(asked[1], int(asked[2]))
    assert (await post(client, "/sign-in", staff_number="A1", code="wrong", proof="x" * 90)).status_code == 429
    assert (await post(client, "/sign-in", staff_number="A1", code=CODE, proof=proof)).status_code == 303
    assert (await post_again(hers, staff_number="A1", code=CODE)).status_code == 303


async def test_the_desk_sees_tries_and_allows_more(client: Browser, sign_in: SignIn) -> None:
    member, chief = await with_code(), await with_code("A2", "admin")
    organiser, page = await sign_in("organiser"), f"/desk/members/{member}"
    await guess(client, "A1", MOST_STRANGE - 1)
    seen = (await client.get(page, headers=organiser.headers)).text
    assert ("9 wrong codes on new devices" in seen, f"{page}/tries" in seen) == (True, False)
    await guess(client, "A1", 1)
    assert f"{page}/tries" in (await client.get(page, headers=organiser.headers)).text
    lifted = await client.post(f"{page}/tries", headers=organiser.headers)
    told = (await client.get(lifted.headers["location"], headers=organiser.headers)).text
    assert "New devices may try the code again." in told
    assert "Code tries allowed again" in told
    assert (await post(client, "/sign-in", staff_number="A1", code=CODE)).status_code == 303
    # Whoever holds a role is an administrator's business, as with links.
    await guess(client, "A2", MOST_STRANGE)
    refused = await client.post(f"/desk/members/{chief}/tries", headers=organiser.headers)
    assert refused.status_code == 403
    assert (await post(Browser(client.app), "/sign-in", staff_number="A2", code=CODE)).status_code == 429


@pytest.mark.parametrize(
    "way",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/%0d%0aset-cookie:x",
        "/\tx",
        "/a\nb",
        "evil",
        "",
        "/x" * 400,
    ],
)
async def test_one_is_led_nowhere_but_to_this_site(client: Browser, way: str) -> None:
    await with_code()
    answer = await post(client, "/sign-in", staff_number="A1", code=CODE, next=way[:500])
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))
    assert "\n" not in answer.headers["location"]


@given(st.text(max_size=60))
def test_a_way_that_is_taken_is_a_path_of_this_site(way: str) -> None:
    taken = own_path("/" + way, "")
    assert taken in ("", "/" + way)
    if taken:
        assert re.match(r"/(?![/\\])", taken)
        assert taken.isascii()
        assert taken.isprintable()
        assert "\\" not in taken


# The first admin


async def first_admin_form(client: Browser, made: str, **form: str):  # type: ignore[no-untyped-def]
    return await post(client, f"/welcome/{made}", **form)


async def test_the_first_admin_is_made_once(client: Browser) -> None:
    made = await actions.first_admin_link(now(), token)
    assert (await client.get(f"/in/{made}")).headers["location"] == f"/welcome/{made}"
    weak = await first_admin_form(client, made, name="Li Na", staff_number="A1", code="12345")
    assert (weak.status_code, "at least 6 characters" in weak.text) == (409, True)
    assert 'value="Li Na"' in weak.text
    assert not await queries.has_admin()
    done = await first_admin_form(client, made, name="Li Na", staff_number="A1", code=CODE)
    assert (done.status_code, done.headers["location"]) == (303, "/desk")
    assert client.cookies[SESSION]
    again = await client.get(f"/welcome/{made}")
    assert (again.status_code, "has been used" in again.text) == (410, True)
    stranger = Browser(client.app)
    refused = await stranger.post(
        f"/welcome/{made}",
        data={"csrf": await csrf(stranger), "name": "Eve", "staff_number": "E1", "code": CODE},
    )
    assert refused.status_code == 409
    assert await queries.member_by_staff_number("E1") is None
    signed_in = await post(Browser(client.app), "/sign-in", staff_number="A1", code=CODE)
    assert signed_in.headers["location"] == "/desk"


async def test_nobody_has_codes_hashed_without_a_link(client: Browser) -> None:
    tried = await client.post(
        "/welcome/nonsense", data={"csrf": await csrf(client), "name": "Eve", "staff_number": "E1", "code": "1"}
    )
    assert "not one of ours" in tried.text  # before anything is said of the code


async def test_a_members_link_is_no_way_to_become_admin(client: Browser) -> None:
    made = await link(await add_member("Li Na", "A1"))
    assert (await client.get(f"/welcome/{made}")).headers["location"] == f"/in/{made}"
    tried = await client.post(
        f"/welcome/{made}",
        data={"csrf": await csrf(client), "name": "Li Na", "staff_number": "A1", "code": CODE},
    )
    assert tried.status_code == 409
    assert not await queries.has_admin()


# The code, the language, signing out


async def test_a_code_is_set_or_skipped(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in(number="A1")
    page = await client.get("/set-code?next=//evil.example", headers=who.headers)
    assert 'href="/"' in page.text
    weak = await client.post("/set-code", headers=who.headers, data={"code": "123456", "next": "/me"})
    assert (weak.status_code, "too easy" in weak.text) == (409, True)
    done = await client.post("/set-code", headers=who.headers, data={"code": CODE, "next": "/me"})
    assert done.headers["location"] == "/me?said=phone.code_set"
    person = await queries.member(who.id)
    assert person is not None
    assert person.has_code


async def test_the_language_of_a_device_and_of_a_member(client: Browser, sign_in: SignIn) -> None:
    answer = await post(client, "/language", page="/", language="zh-Hans", back="/sign-in?next=/me")
    assert answer.headers["location"] == "/sign-in?next=/me"
    assert "工号" in (await client.get("/sign-in")).text
    who = await sign_in()
    assert "My points" in (await client.get("/me", headers=who.headers)).text
    await client.post("/language", headers=who.headers, data={"language": "zh-Hans", "back": "//evil.example"})
    assert "我的积分" in (await client.get("/me", headers=who.headers)).text
    person = await queries.member(who.id)
    assert person is not None
    assert person.language == "zh-Hans"
    unknown = await client.post("/language", headers=who.headers, data={"language": "xx"})
    assert unknown.status_code in (400, 404, 409)


async def test_signing_out_ends_the_session(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in()
    assert (await client.post("/sign-out", headers={"cookie": who.cookie})).status_code == 403
    answer = await client.post("/sign-out", headers=who.headers)
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await client.get("/me", headers=who.headers)).status_code == 401


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.44", "WeChat, iPhone"),
        ("Mozilla/5.0 (Linux; Android 13) Chrome/110 wxwork/4.1 MicroMessenger/7.0.1", "WeCom, Android"),
        ("Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/96 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120 Safari/537.36 Edg/120.0", "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/17.0 Safari/605.1.15", "Safari, Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox, Linux"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_device_is_named_in_few_words(agent: str, device: str) -> None:
    assert device_of(agent) == device
