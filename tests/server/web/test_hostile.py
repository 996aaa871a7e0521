"""Bad input of every kind, against the whole application: refused in words, nothing changed, and never a fault.

Whatever answers, in any of these tests, is looked at by `wary`: no 5xx, the headers of every answer, safe cookies.
"""

import asyncio
import gc
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from io import BytesIO
from itertools import count, product
from typing import Any
from uuid import UUID

import httpx
import pytest

from games.quizzes import actions as quizzes
from games.quizzes.formats import QuestionDraft
from rewards import database as db
from rewards.members import actions as members
from server.runtime.chance import new_id, token
from server.runtime.clock import now
from server.web.draws.prizes.claims import WRONG_CODES
from server.web.frame.limits import MOST_STRANGE, Policy
from server.web.nouns import LISTING
from server.web.quizzes.phone import WRONG_ROOMS, WRONG_ROOMS_OUTSIDE
from tests.server.web.conftest import Browser, add_member
from tests.server.web.test_matrix import FORMS, WHO_MAY, Visitor
from tests.server.web.world import CODE, World, build

MARK = "<img src=x onerror=alert(1)>"
FLIP = "‮evil⁦"

SEGMENTS = (
    "%00",
    "a%00b",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "..%5c..%5cboot.ini",
    "%ff%fe",
    "%ed%a0%80",
    "%E2%80%AE%F0%9F%92%A9",
    "'%20OR%201=1--",
    "%3Cscript%3E",
    "%0d%0aSet-Cookie:%20a=b",
    "not-an-id",
    "0" * 36,
    "a" * 5000,
    "٣" * 5,
)
"""In place of every parameter of every path."""

VALUES = (
    "",
    "\x00",
    "a\x00b",
    "x" * 100_000,
    "汉" * 5_000,
    FLIP,
    MARK,
    "'; DROP TABLE member; --",
    "%s%n%(name)s{{7*7}}",
    "-1",
    "9" * 18,
    "9" * 4_400,
    "1e9",
    "٣",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "2026-02-30",
    "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
    "//elsewhere.example/",
)
"""In place of every field of every form."""

ASKED: dict[str, tuple[str, ...]] = {
    "/": ("said",),
    "/sign-in": ("next",),
    "/in/{token:str}": ("next",),
    "/set-code": ("next",),
    "/me/points": ("before",),
    "/screen": ("lang", "theme"),
    "/screen/code": ("lang", "theme", "seen"),
    "/screen/{key:str}": ("lang", "theme"),
    "/screen/{key:str}/state": ("lang",),
    "/desk/members": ("text", "unit", "role", "standing", "after"),
    "/desk/members/export/{kind:str}": ("text", "unit", "role", "standing"),
    "/desk/members/{member_id:uuid}": ("before",),
    "/desk/members/import/{given:str}": ("full", "kind", "from"),
    "/desk/members/slips": ("unit", "who"),
    "/desk/members/new": ("staff_number", "name", "joined", "email", "phone", "unit"),
    "/desk/units": ("text", "retired"),
    "/desk/units/export/{kind:str}": ("text", "retired"),
    "/desk/units/new": ("name", "parent"),
    "/desk/seasons": ("after",),
    "/desk/quizzes": ("text",),
    "/desk/quizzes/export/{kind:str}": ("text",),
    "/desk/quizzes/import/{given:str}": ("kind", "from"),
    "/desk/draws": ("text", "before"),
    "/desk/draws/export/{kind:str}": ("text",),
    "/desk/screens": ("like",),
    "/desk/screens/walls": ("of", "seen"),
    "/desk/rooms/{room_id:uuid}/confirm": ("move",),
    "/desk/boards": ("season", "shows", "week", "unit", "from"),
    "/desk/draws/people": ("text",),
    "/desk/find": ("q",),
    "/desk/draws/{draw_id:uuid}": ("prize", "batch"),
    "/desk/draws/{draw_id:uuid}/now": ("seen", "watch"),
    "/desk/draws/{draw_id:uuid}/why": ("staff_number",),
    "/desk/draws/{draw_id:uuid}/stage/now": ("seen",),
    "/desk/claims": ("draw", "prize", "state", "text", "page"),
    "/desk/draws/{draw_id:uuid}/hand-over": ("language", "order"),
    "/desk/draws/{draw_id:uuid}/tickets": ("number",),
    "/desk/draws/{draw_id:uuid}/tickets/print": ("from",),
    "/desk/draws/{draw_id:uuid}/check-in": ("text",),
    "/desk/audit": ("area", "by", "before", "subject"),
}
"""What addresses may ask for behind their question mark."""


@pytest.fixture
async def wary(client: Browser) -> AsyncIterator[Browser]:
    """The client, with every answer looked at."""

    async def look(answer: httpx.Response) -> None:
        where = (answer.request.method, str(answer.request.url)[:200], answer.status_code)
        assert answer.status_code < 500, where
        sent = answer.headers
        assert sent["x-content-type-options"] == "nosniff", where
        assert sent["referrer-policy"] == "same-origin", where
        policy = sent["content-security-policy"]
        assert "default-src 'none'" in policy, where
        assert "frame-ancestors 'none'" in policy, where
        assert "unsafe" not in policy, where
        assert "cache-control" in sent, where
        kind = sent.get("content-type", "")
        assert kind.count("charset=") == kind.startswith("text/"), (where, kind)
        assert not any(re.search("[\r\n\0]", value) for value in sent.values()), where
        for cookie in sent.get_list("set-cookie"):
            assert "; HttpOnly" in cookie, where
            assert "; SameSite=Lax" in cookie, where
            assert "; Path=/" in cookie, where
        assert "Traceback" not in (await answer.aread()).decode("utf-8", "replace"), where

    client.event_hooks["response"].append(look)
    yield client
    client.event_hooks["response"].remove(look)


@pytest.fixture
async def world(wary: Browser) -> World:
    return await build(wary)


@pytest.fixture
async def admin(world: World) -> Visitor:
    """Who may do nearly everything, so that nothing but the input itself is in the way."""
    who = await add_member("Chief", "C-1", ["admin"])
    await world.join(who)
    return Visitor(world, "admin", who)


async def player(world: World, number: str = "Q-1") -> dict[str, str]:
    """A member in both rooms."""
    who = await add_member("Player", number)
    await world.join(who)
    return await world.enter(who, ())


async def send(world: World, headers: dict[str, str], picked: object, round_id: object = None) -> httpx.Response:
    path = f"/rounds/{round_id or world.round}/answers"
    return await world.client.post(path, headers={**headers, "hx-request": "true"}, data={"picked": picked})


# Answers


async def test_the_first_answer_stands_whatever_comes_after(world: World) -> None:
    headers = await player(world)
    assert "B" in (await send(world, headers, "1")).text
    for again in ("1", "0", "2"):
        answer = await send(world, headers, again)
        assert answer.status_code == 200
        assert 'data-letters="B"' in answer.text
        assert "that answer stands" in answer.text
    assert await db.rows("SELECT picked FROM answer") == [(2,)]


async def test_a_hundred_copies_at_once_are_one_answer(world: World) -> None:
    headers = await player(world)
    answers = await asyncio.gather(*(send(world, headers, str(n % 3)) for n in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({re.search(r'data-letters="(.)"', answer.text)[1] for answer in answers}) == 1
    assert await db.value("SELECT count(*) FROM answer") == 1


async def test_a_late_answer_is_refused(world: World) -> None:
    headers = await player(world)
    await quizzes.close_round(world.process.redis, world.round, now=now)
    answer = await send(world, headers, "1")
    assert answer.status_code == 409
    assert "Too late" in answer.text
    assert await db.value("SELECT count(*) FROM answer") == 0


async def test_an_answer_in_a_pause_is_refused(world: World) -> None:
    headers = await player(world)
    await quizzes.pause(world.process.redis, world.asked, expected=2, now=now())
    assert (await send(world, headers, "1")).status_code == 409
    assert await db.value("SELECT count(*) FROM answer") == 0


async def test_who_is_not_in_the_room_cannot_answer(world: World) -> None:
    outsider = await world.enter(await add_member("Outsider", "O-1"), ())
    thrown = await add_member("Thrown", "O-2")
    await world.join(thrown)
    await quizzes.remove_player(world.process.redis, world.asked, thrown, actor=world.head, now=now(), back=False)
    for headers in (outsider, await world.enter(thrown, ())):
        answer = await send(world, headers, "1")
        assert answer.status_code == 409
        assert 'role="alert"' in answer.text
    assert await db.value("SELECT count(*) FROM answer") == 0


NO_ANSWERS: tuple[object, ...] = (
    *("", "x", "-1", "3", "7", "8", "99", "9" * 5000, "1.0", "0x1", "1\x00", "٩", " "),
    ["0", "1"],
    ["0", "99"],
)
"""Not an option of the question, or several where one may be chosen."""


async def test_an_answer_that_is_none_is_refused(world: World) -> None:
    headers = await player(world)
    for picked in NO_ANSWERS:
        answer = await send(world, headers, picked)
        assert answer.status_code in (400, 409), picked
        assert "Choose one of the answers shown." in answer.text
    assert await db.value("SELECT count(*) FROM answer") == 0
    assert (await send(world, headers, ["0"] * 50)).status_code == 200  # the same one, however often
    assert await db.rows("SELECT picked FROM answer") == [(1,)]


async def test_a_round_that_does_not_exist(world: World) -> None:
    answer = await send(world, await player(world), "1", UUID(int=7))
    assert answer.status_code == 404
    assert await db.value("SELECT count(*) FROM answer") == 0


async def test_an_answer_from_elsewhere_is_forged(world: World) -> None:
    """Without the token, with another's token, from another site with the right token: none counts."""
    headers = await player(world)
    other = await player(world, "Q-2")
    for forged in (
        {"cookie": headers["cookie"]},
        {"cookie": headers["cookie"], "x-csrftoken": other["x-csrftoken"]},
        {"cookie": headers["cookie"], "x-csrftoken": "é" * 64},
        {**headers, "origin": "https://elsewhere.example"},
        {**headers, "origin": "http://testserver.local.elsewhere.example"},
        {**headers, "origin": "http://testserver.local@elsewhere.example"},
    ):
        encoded = {name: value.encode("utf-8") for name, value in forged.items()}
        answer = await world.client.post(f"/rounds/{world.round}/answers", headers=encoded, data={"picked": "1"})
        assert answer.status_code == 403, forged
    assert await db.value("SELECT count(*) FROM answer") == 0
    right = {**headers, "origin": "http://testserver.local"}
    assert (await send(world, right, "1")).status_code == 200


async def test_the_solution_is_nowhere_before_the_reveal(world: World) -> None:
    headers = await player(world)
    await send(world, headers, "0")
    pages = [f"/rooms/{code}" for code in ("hjkmn",)] + [f"/rooms/{world.asked}/state"]
    for path in pages:
        answer = await world.client.get(path, headers=headers)
        assert answer.status_code == 200
        assert "Blue is upstream" not in answer.text + str(answer.headers)
        assert "right_mask" not in answer.text
        assert "is-right" not in answer.text


# Guessing


async def drained(world: World, policy: Policy, key: str) -> None:
    """As if whoever `key` stands for had used up all his tries, for some seconds to come."""
    soon = int(now().timestamp() * 1000) + 20_000
    bucket = {"key": key, "capacity": policy.capacity, "refill_per_second": policy.refill_per_second, "now_ms": soon}
    left = (await world.process.limits.take(policy.name, **bucket)).left
    assert (await world.process.limits.take(policy.name, cost=left, **bucket)).allowed


async def test_staff_codes_are_guessed_a_few_times_only(world: World) -> None:
    """Ten tries on devices that do not know the code, then not even the right one; each refusal says how many are
    left."""
    client = world.client
    for left in range(MOST_STRANGE - 1, -1, -1):
        answer = await client.post(
            "/sign-in", headers=world.stranger(), data={"staff_number": "P-0", "code": f"wrong-{left}"}
        )
        assert answer.status_code == 401
        assert f"Tries left: {left}" in answer.text
        assert "laurel_session" not in str(answer.headers)
    for language, words in (("en", "Too many wrong codes"), ("zh-Hans", "错误次数过多")):
        answer = await client.post(
            "/sign-in", headers=world.stranger(language), data={"staff_number": "p-0", "code": CODE}
        )
        assert answer.status_code == 429
        assert words in answer.text
    unknown = await client.post("/sign-in", headers=world.stranger(), data={"staff_number": "Z-9", "code": "whatever"})
    assert unknown.status_code == 401
    assert "Tries left: 9" in unknown.text


async def test_personal_links_cannot_be_guessed(world: World) -> None:
    before = await world.digest()
    for guess in ("x", "A" * 43, world.link[:-1], world.link + "A", world.link.swapcase(), world.welcome):
        for method in ("GET", "POST"):
            answer = await world.client.request(method, f"/in/{guess}", headers=world.stranger())
            assert answer.status_code in (303, 404), guess
            assert answer.status_code == 404 or answer.headers["location"].startswith("/welcome/")
            assert "laurel_session" not in str(answer.headers)
    assert await world.digest() == before


async def test_a_personal_link_opens_once(world: World) -> None:
    answers = await asyncio.gather(
        *(world.client.post(f"/in/{world.link}", headers=world.stranger(), data={}) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410]
    later = await world.client.post(f"/in/{world.link}", headers=world.stranger(), data={})
    assert later.status_code == 410
    assert "has been used" in later.text


async def test_room_codes_are_guessed_a_few_times_only(world: World) -> None:
    signed_in = await player(world)
    for headers, page in ((world.stranger(), "/"), (signed_in, "/play")):
        answer = await world.client.post("/rooms", headers=headers, data={"code": "zzzzz"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{page}?code=zzzzz")
        told = await world.client.get(answer.headers["location"], headers=headers)
        assert "no room" in told.text.lower()
    assert (await world.client.get("/rooms/zzzzz", headers=signed_in)).status_code == 404
    await drained(world, WRONG_ROOMS_OUTSIDE, "127.0.0.1")
    for code in ("zzzzz", "bcdfg"):  # led on alike, and told after signing in: others stand behind this address
        answer = await world.client.post("/rooms", headers=world.stranger(), data={"code": code})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rooms/{code}")
    outsider = await add_member("Guesser", "G-9")
    guesser = await world.enter(outsider, ())
    for n in range(WRONG_ROOMS.capacity):
        path = f"/rooms/zzz{n:02}"
        if n % 2:
            assert (await world.client.get(path, headers=guesser)).status_code == 404
        else:
            assert (await world.client.post("/rooms", headers=guesser, data={"code": path[7:]})).status_code == 303
    for method, path, form in (("GET", "/rooms/bcdfg", {}), ("POST", "/rooms", {"code": "bcdfg"})):
        answer = await world.client.request(method, path, headers=guesser, data=form)
        assert (answer.status_code, "Too many tries" in answer.text) == (429, True)
    # Nobody else's tries were used up, and a phone that is in its room asks for its page as often as it likes.
    assert (await world.client.post("/rooms", headers=signed_in, data={"code": "bcdfg"})).status_code == 303
    await drained(world, WRONG_ROOMS, str(await db.value("SELECT id FROM member WHERE staff_number = 'Q-1'")))
    assert (await world.client.get("/rooms/bcdfg", headers=signed_in)).status_code == 200


async def test_claim_codes_are_guessed_a_few_times_only(world: World, admin: Visitor) -> None:
    before = await world.digest()
    headers = await admin.headers("en")
    for n in range(WRONG_CODES.capacity):
        answer = await world.client.post("/desk/claims", headers=headers, data={"code": f"bcdf-{n:04}"})
        assert answer.status_code == 422
    for language, words in (("en", "Too many tries"), ("zh-Hans", "尝试次数过多")):
        answer = await world.client.post(
            "/desk/claims", headers=await admin.headers(language), data={"code": world.claim_code}
        )
        assert answer.status_code == 429
        assert words in answer.text
    handed = await world.client.post(f"/desk/claims/{world.claim_code}/hand-over", headers=headers)
    assert handed.status_code == 429
    assert await world.digest() == before


async def test_a_screen_link_cannot_be_made_by_others(world: World) -> None:
    before = await world.digest()
    mark = world.screen_key.partition(".")[2]
    for key in ("x", world.screen.hex, world.screen_key[:-1], f"{world.head.hex}.{mark}", world.screen_key.upper()):
        for tail in ("", "/state", "/live"):
            answer = await world.client.get(f"/screen/{key}{tail}")
            assert answer.status_code == 404, key
            assert "screen" in answer.text
            assert "data-live" not in answer.text
    assert await world.digest() == before


async def test_a_session_cannot_be_planted_or_guessed(world: World) -> None:
    for session in ("", "x", "A" * 43, "A" * 100_000, "../../x", "%00", "a;b", '"quoted"'):
        answer = await world.client.get("/me", headers={"cookie": f"laurel_session={session}; laurel_language=../en"})
        assert answer.status_code == 401
        assert "laurel_session" not in answer.headers.get("set-cookie", "")


# Addresses


async def test_no_parameter_of_an_address_makes_a_fault(world: World, admin: Visitor) -> None:
    for (method, path), segment in product(WHO_MAY, SEGMENTS):
        if "{" not in path:
            continue
        address = re.sub(r"\{[^}]+\}", segment, path)
        form = FORMS[path](world) if path in FORMS else {}
        answer = await world.client.request(
            method, address, headers=await admin.headers("en"), **({"data": form} if method == "POST" else {})
        )
        assert answer.status_code in (400, 404, 405, 409, 410, 422, 429), (method, path, answer.status_code)
        stranger = await world.client.request(method, address, headers=world.stranger())
        assert stranger.status_code < 500, (method, path)


async def test_nothing_behind_the_question_mark_makes_a_fault(world: World, admin: Visitor) -> None:
    headers = await admin.headers("en")
    for path, names in ASKED.items():
        address = await admin.address("GET", path)
        for name, value in product(names, VALUES):
            answer = await world.client.get(address, headers=headers, params={name: value[:6000]})
            assert answer.status_code in (200, 204, 303, 400, 404, 410), (path, name, value[:20], answer.status_code)
            assert MARK not in answer.text, (path, name)


async def test_no_field_of_a_form_makes_a_fault(world: World, admin: Visitor) -> None:
    """Every field of every form by turns, with what people and programs put into fields; none; each three times.

    Of the values each field gets every third, the next one the others: they go through the same few readers.
    """
    fields = count()
    for path, make in FORMS.items():
        right, address = make(world), await admin.address("POST", path)
        for name, value in ((name, value) for name in right for value in VALUES[next(fields) % 3 :: 3]):
            wrong = {**right, name: [value] if isinstance(right[name], list) else value}
            answer = await world.client.post(address, headers=await admin.headers("en"), data=wrong)
            assert MARK not in answer.text, (path, name)
        await world.client.post(address, headers=await admin.headers("en"), data={})
        triple = {name: ["1", "2", "3"] for name in right}
        await world.client.post(address, headers=await admin.headers("en"), data=triple)


WAYS = (
    "//elsewhere.example",
    "/\\elsewhere.example",
    "https://elsewhere.example",
    "javascript:alert(1)",
    "/x\r\nset-cookie: a=b",
    "/x\nlocation: //elsewhere.example",
    "/\t/elsewhere.example",
    " //elsewhere.example",
    "elsewhere.example",
    "/" + "x" * 600,
    "\x00/",
    "/%0d%0aset-cookie:a=b",
)


async def test_signing_in_leads_nowhere_else(world: World) -> None:
    """Whatever `next` says, the way leads to a path of this site, in one header line."""
    for way in WAYS:
        await _leads_nowhere_else(world, way)


async def _leads_nowhere_else(world: World, way: str) -> None:
    asked = await world.client.get("/sign-in", headers=world.stranger(), params={"next": way})
    assert "elsewhere.example" not in asked.text
    form = {"staff_number": "P-0", "code": CODE, "next": way}
    for path, given in (("/sign-in", form), ("/language", {"language": "en", "back": way})):
        answer = await world.client.post(path, headers=world.stranger(), data=given)
        assert answer.status_code in (303, 400)
        to = answer.headers.get("location", "/")
        assert re.match(r"/(?![/\\])", to), to
        assert "elsewhere" not in to.split("?")[0]
        assert not re.search(r"[\x00-\x20\x7f-\uffff]", to)
        assert "a=b" not in str(answer.headers.get_list("set-cookie"))


async def test_no_sentence_after_a_redirect_makes_a_fault_or_carries_markup(world: World, admin: Visitor) -> None:
    headers = await admin.headers("en")
    names = {name for words in LISTING.texts.values() for name in re.findall(r"%\((\w+)\)", str(words))}
    given = dict.fromkeys(sorted(names), MARK)
    for code in LISTING.texts:
        for path, details in (("/set-code", given), ("/desk/claims", {})):
            answer = await world.client.get(path, headers=headers, params={"said": code, **details})
            assert answer.status_code == 200
            assert MARK not in answer.text
    answer = await world.client.get("/", headers=headers, params={"said": "<b>x</b>\r\nset-cookie: a=b"})
    assert "<b>x</b>" not in answer.text


OUTSIDE = (
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e/app.py",
    "/static/....//app.py",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/vendor/../../app.py",
    "/static/..%5c..%5capp.py",
    "/static/%00",
    "/static/kit.css%00.png",
    "/static/" + "a/" * 2000,
    "/static/" + "a" * 5000,
    "/static/",
    "/static",
    "/static/vendor",
)


async def test_no_way_out_of_the_folder_of_files(wary: Browser) -> None:
    for path in OUTSIDE:
        answer = await raw(wary, "GET", path)
        assert answer.status_code in (400, 404), path
        assert "There is nothing here" in answer.text or "not right" in answer.text
        assert "import" not in answer.text
        assert "root:" not in answer.text


async def test_only_published_files_of_a_draw_are_sent(world: World) -> None:
    names = ("..%2fmanifest.json", "%2e%2e", "/etc/passwd", "log.txt%00", "secret", "MANIFEST.JSON", "draw.db")
    for name in names:
        answer = await raw(world.client, "GET", f"/draws/{world.slug}/files/{name}")
        assert answer.status_code in (401, 404), name
    frozen = await db.value("SELECT slug FROM draw WHERE id = $1", world.draws["frozen"])
    for early in ("log.txt", "result.json"):
        assert (await world.client.get(f"/draws/{frozen}/files/{early}")).status_code == 404


async def raw(client: Browser, method: str, path: str) -> httpx.Response:
    """Ask for a path as it stands, unlike browsers, which tidy it first."""
    request = client.build_request(method, "/")
    request.url = httpx.URL(scheme="http", host="testserver.local", raw_path=path.encode())
    return await client.send(request)


# Bodies


BODIES = (
    ("application/json", b'{"name": "x"}'),
    ("application/json", b"{" * 10_000),
    ("text/plain", b"name=x"),
    ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    ("application/x-www-form-urlencoded", b"\xff\xfe=\xff&name=%ff%fe"),
    ("application/x-www-form-urlencoded; charset=utf-16", "name=x".encode("utf-16")),
    ("application/x-www-form-urlencoded", b"name=%zz&&&===&%"),
    ("application/octet-stream", bytes(range(256))),
    ("multipart/form-data", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=", b"--\r\n\r\n"),
    ("multipart/form-data; boundary=x", b""),
    ("multipart/form-data; boundary=x", b"no boundary at all"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nnever ends'),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: attachment\r\n\r\nx\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\nx\r\n--x--\r\n"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--\r\n',
    ),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name*=utf-99''x; filename*=utf-99''%ff\r\n\r\nx\r\n--x--\r\n",
    ),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../x\x00.csv"\r\n'
        b"Content-Type: x/\xff; charset=nonsense\r\n\r\na,b\r\n--x--\r\n",
    ),
    (f"multipart/form-data; boundary={'y' * 5000}", b"--y\r\n"),
    ("multipart/form-data; boundary=\xe9".encode().decode("latin-1"), b"--\xe9\r\n"),
    ("", b"name=x"),
)


async def test_bodies_of_the_wrong_kind(world: World, admin: Visitor) -> None:
    before = await world.digest()
    for path in (
        "/desk/screens",
        "/desk/members/import",
        "/desk/quizzes/import",
        "/me/alias",
        "/desk/draws",
        "/sign-in",
    ):
        for kind, body in BODIES:
            headers = {name: value.encode() for name, value in (await admin.headers("en")).items()}
            headers["content-type"] = kind.encode("latin-1")
            answer = await world.client.post(path, headers=headers, content=body)
            if answer.status_code == 303:  # it was a form after all
                before = await world.digest()
                continue
            assert answer.status_code in ((401,) if path == "/sign-in" else ()) + (400, 403, 413, 422), (
                path,
                kind,
                body,
            )
            assert 'role="alert"' in answer.text or "field-error" in answer.text
            assert await world.digest() == before, (path, kind, body)


async def test_a_form_of_many_fields_or_parts_is_refused(world: World, admin: Visitor) -> None:
    headers = await admin.headers("en")
    many = "&".join(f"f{n}=1" for n in range(5000))
    form = {**headers, "content-type": "application/x-www-form-urlencoded"}
    assert (await world.client.post("/desk/screens", headers=form, content=many)).status_code == 400
    parts = {f"f{n}": ("", b"1") for n in range(3000)}
    answer = await world.client.post("/desk/members/import", headers=headers, files=parts)
    assert answer.status_code in (400, 413)
    assert 'role="alert"' in answer.text


class Flood:
    """A body without an end that counts how much of it was taken."""

    def __init__(self, begin: bytes, most: int) -> None:
        self.begin, self.most, self.taken = begin, most, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.begin
        while self.taken < self.most:
            self.taken += 65536
            yield b"x" * 65536


@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile", "ignore:.*FileIO")  # the framework drops what it began
async def test_a_hundred_megabytes_are_refused_early(world: World, admin: Visitor) -> None:
    """By its length at once; without one, as soon as it is more than a file may be."""
    for multipart, length in product((True, False), (True, False)):
        await _refused_early(world, admin, multipart, length)
    gc.collect()


async def _refused_early(world: World, admin: Visitor, multipart: bool, length: bool) -> None:
    begin = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' if multipart else b"name="
    flood = Flood(begin, 100 * 1024**2)
    kind = "multipart/form-data; boundary=x" if multipart else "application/x-www-form-urlencoded"
    headers = {**await admin.headers("en"), "content-type": kind}
    if length:
        headers["content-length"] = str(flood.most)
    answer = await world.client.post("/desk/members/import", headers=headers, content=flood)
    assert answer.status_code == 413
    assert "too large" in answer.text
    assert flood.taken <= (0 if length else 13 * 1024**2)


async def test_a_flood_without_a_token_is_not_even_read(world: World, admin: Visitor) -> None:
    flood = Flood(b"name=", 100 * 1024**2)
    cookie = {"cookie": (await admin.headers("en"))["cookie"]}
    headers = {**cookie, "content-type": "application/x-www-form-urlencoded"}
    answer = await world.client.post("/desk/screens", headers=headers, content=flood)
    assert answer.status_code in (403, 413)
    assert flood.taken <= 400 * 1024


# Files


@cache
def bomb() -> bytes:
    """An .xlsx of a few hundred kilobytes that unpacks to a quarter of a gigabyte."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(256):
                sheet.write(b"0" * 1024**2)
    return packed.getvalue()


def nested() -> bytes:
    """Entities that grow a thousandfold at each step."""
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 1000}">' for n in range(1, 9))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", f'<!DOCTYPE x [<!ENTITY a0 "lol">{lines}]><workbook>&a8;</workbook>')
    return packed.getvalue()


FILES = {
    "bomb.xlsx": bomb,
    "nested.xlsx": nested,
    "formula.csv": lambda: b'staff number,name\n1,"=HYPERLINK(""http://elsewhere.example"")"\n',
    "command.csv": lambda: b"staff number,name\n1,=cmd|' /C calc'!A0\n",
    "nul.csv": lambda: b"staff number,name\n1,Li\x00Na\n",
    "wide.csv": lambda: b"staff number,name" + b",x" * 100_000 + b"\n",
    "long.csv": lambda: b"staff number,name\n1," + b"x" * 3_000_000 + b"\n",
    "random.xlsx": lambda: b"PK\x03\x04" + bytes(range(256)) * 40,
    "cut.xlsx": lambda: bomb()[:5000],
    "picture.csv": lambda: b"\x89PNG\r\n\x1a\n" + b"\x00" * 500,
    "../../etc/cron.d/x.csv": lambda: b"<script>alert(1)</script>",
    MARK + ".csv": lambda: b"staff number,name\n" + MARK.encode() + b",x\n",
}


async def test_hostile_files_are_refused_in_words(world: World, admin: Visitor) -> None:
    for kind, name in product(("members", "quizzes"), FILES):
        await _refused_in_words(world, admin, kind, name)


async def _refused_in_words(world: World, admin: Visitor, kind: str, name: str) -> None:
    before = await world.digest()
    headers = await admin.headers("en")
    brought = await world.client.post(f"/desk/{kind}/import", headers=headers, files={"file": (name, FILES[name]())})
    assert brought.status_code in (303, 400)
    shown = brought
    if brought.status_code == 303:
        preview = brought.headers["location"]
        shown = await world.client.get(preview, headers=headers)
        applied = await world.client.post(preview, headers=headers, data={"title": "x", "scoring": "none"})
        assert applied.status_code in (400, 409)
        assert 'role="alert"' in applied.text
    assert "Nothing can be imported yet" in shown.text or 'role="alert"' in shown.text
    assert MARK not in shown.text
    uploaded = await world.digest()
    assert uploaded.partition(" [")[0] == before.partition(" [")[0]


# What people are called


@pytest.fixture
async def marked(world: World) -> World:
    """The world with markup and reversing characters in everything that somebody may name."""
    for table, column in (
        ("member", "name"),
        ("unit", "name"),
        ("season", "name"),
        ("quiz", "title"),
        ("question", "text"),
        ("question", "explanation"),
        ("draw", "title"),
        ("prize", "name"),
        ("screen", "name"),
    ):
        await db.rows(f"UPDATE {table} SET {column} = $1 || left({column}, 20)", MARK)
    await db.rows("UPDATE unit SET path = name")
    await db.rows("UPDATE question SET options = ARRAY[$1, $2, 'x'] WHERE kind = 'single'", MARK, FLIP)
    return world


@pytest.mark.parametrize("role", ["member", "admin"])
async def test_names_are_shown_and_never_run(marked: World, role: str) -> None:
    """Every page of the house, for who sees most and for who sees least."""
    roles = () if role == "member" else (role,)
    who = marked.winner if role == "member" else await add_member(MARK, "X-1", list(roles))
    await marked.join(who)
    await members.set_alias(who, f"{MARK[:12]}a", True, now=now())
    visitor = Visitor(marked, role, who)
    shown = 0
    for (method, path), may in WHO_MAY.items():
        if method != "GET" or role not in may or path.endswith(("/live", "/files/{name:str}")):
            continue
        answer = await marked.client.get(
            await visitor.address(method, path), headers=await visitor.headers("en"), params={"who": "all"}
        )
        saved = answer.headers.get("content-disposition", "").startswith("attachment")
        assert saved or "<img src=x" not in answer.text, path
        assert not any("<img" in value for value in answer.headers.values()), path
        shown += "&lt;img src=x" in answer.text
    assert shown >= (20 if role == "admin" else 10)


async def test_names_in_the_exported_list_start_no_formula(world: World, admin: Visitor) -> None:
    for number, name in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1")):
        await add_member(name, f"F-{number}")
    sheet = (await world.client.get("/desk/members/export/csv", headers=await admin.headers("en"))).text
    cells = [cell.strip('"') for line in sheet.lstrip("﻿").splitlines() for cell in line.split(",")]
    assert any("1+1" in cell for cell in cells)
    assert not [cell for cell in cells if re.match(r"[=+@\t＝]|-\d", cell)]


ALIASES = (FLIP, "\u200b\u200b", "a\nb", "Li Na 1", "ＬＩ　ＮＡ １", "x" * 10_000, "😀" * 30, "<b>", "\x00")


async def test_an_alias_can_neither_deceive_nor_break(world: World) -> None:
    """Reversing and invisible characters go, somebody else's name is taken, and the rest is text."""
    headers = await player(world)
    for alias in ALIASES:
        answer = await world.client.post("/me/alias", headers=headers, data={"alias": alias, "shows": "1"})
        assert answer.status_code in (303, 400, 409)
        kept = await db.value("SELECT alias FROM member WHERE staff_number = 'Q-1'")
        assert not re.search("[\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", kept)
        assert len(kept) <= 20
        assert kept.casefold() != "li na 1"


async def test_reversing_characters_do_not_survive_a_roster(world: World, admin: Visitor) -> None:
    headers = await admin.headers("en")
    name = "Li‮Na⁦​" + "é" * 50
    data = f"staff number,name\nR-1,{name}\n".encode()
    brought = await world.client.post("/desk/members/import", headers=headers, files={"file": ("r.csv", data)})
    applied = await world.client.post(brought.headers["location"], headers=headers)
    assert applied.status_code == 303
    kept = await db.value("SELECT name FROM member WHERE staff_number = 'R-1'")
    assert kept == "LiNa" + "é" * 50


# Headers


async def test_strange_headers_change_nothing(world: World, admin: Visitor) -> None:
    right = await admin.headers("en")
    for strange in (
        {"accept-language": "x" * 10_000},
        {"accept-language": ";q=,,zh;q=x,*;q=-1"},
        {"accept-language": "\udcff".encode("utf-8", "surrogateescape")},
        {"host": "elsewhere.example"},
        {"x-forwarded-for": "1.2.3.4", "x-forwarded-host": "elsewhere.example", "x-forwarded-proto": "https"},
        {"if-none-match": "*"},
        {"if-none-match": '"' + "x" * 5000},
        {"range": "bytes=0-1,5-2,-"},
        {"hx-request": "true", "hx-current-url": "javascript:alert(1)", "hx-target": "<b>"},
        {"content-length": "-1"},
        {"content-length": "many"},
        {"user-agent": "\xff\x00".encode("latin-1").replace(b"\x00", b"")},
    ):
        for path in ("/", "/desk", f"/desk/rooms/{world.lobby}", f"/rooms/{world.lobby}/state"):
            headers: dict[str, Any] = {**right, **strange}
            answer = await world.client.get(path, headers=headers)
            assert answer.status_code in (200, 304, 400), (path, strange)
            assert "elsewhere.example" not in answer.text
            assert "elsewhere.example" not in answer.headers.get("location", "")


@pytest.mark.parametrize("path", ["/nothing", "/desk/nothing", "/static/nothing.css", "/sign-out/nothing"])
async def test_what_is_not_there_is_said_kindly(wary: Browser, path: str) -> None:
    for language, words in (
        ("en", ("There is nothing here", "does not do that")),
        ("zh-CN", ("这里没有内容", "不支持")),
    ):
        answer = await wary.get(path, headers={"accept-language": language})
        assert answer.status_code in (404, 405)
        assert any(word in answer.text for word in words)


async def test_a_wrong_session_never_signs_another_out(world: World) -> None:
    """Signing out needs the token of that very session."""
    victim = await player(world)
    other = await player(world, "Q-2")
    forged = {"cookie": victim["cookie"], "x-csrftoken": other["x-csrftoken"]}
    assert (await world.client.post("/sign-out", headers=forged)).status_code == 403
    assert (await world.client.get("/me", headers=victim)).status_code == 200


async def test_a_link_for_one_with_a_role_is_made_by_admins_only(world: World) -> None:
    """An organiser who could make a link for an administrator would be one."""
    chief = await add_member("Chief", "C-9", ["admin"])
    headers = await world.enter(world.head, ("organiser",))
    before = await world.digest()
    answer = await world.client.post(f"/desk/members/{chief}/link", headers=headers)
    assert answer.status_code == 403
    assert "/in/" not in answer.text
    assert await world.digest() == before


async def test_a_link_that_ran_out_signs_nobody_in(world: World) -> None:
    made = await members.issue_links(
        [world.people[2]], actor=world.head, now=now() - timedelta(days=9), valid=timedelta(days=3), new_token=token
    )
    answer = await world.client.post(f"/in/{made[0][1]}", headers=world.stranger(), data={})
    assert answer.status_code == 410
    assert "no longer good" in answer.text


async def test_a_question_of_the_longest_kind_is_shown_whole(world: World) -> None:
    """Five hundred signs of text and eight options of the longest kind, in a script of three bytes a sign."""
    drafts = [QuestionDraft(1, "single", "汉" * 500, tuple(f"{n}" + "字" * 74 for n in range(8)), (1,), 60)]
    quiz = await quizzes.add_quiz("长" * 200, drafts, scoring="none", actor=None, now=now(), new_id=new_id)
    room = await quizzes.open_room(quiz, host=world.head, season=world.season, code="pqrst", now=now(), new_id=new_id)
    headers = await player(world)
    await quizzes.advance(world.process.redis, room, expected=1, now=now, new_id=new_id)
    await world.client.post("/rooms", headers=headers, data={"code": "pqrst"})
    page = await world.client.get("/rooms/pqrst", headers=headers)
    assert page.status_code == 200
    assert page.text.count("字" * 74) >= 8
