"""The door: by list, by badge, and on a page without a network that forgets nobody and counts nobody twice."""

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, expect

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.actions import Arrival
from rewards.draws.badges import badge_text, find_badge
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.rewards.draws.hall import Hall, hall
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.serving import Served


@pytest.fixture
async def helper(sign_in: SignIn) -> SignedIn:
    return await sign_in("organiser", name="Zhao Min", number="Z-1")


@pytest.fixture
async def there(client: Browser) -> Hall:
    return await hall(state="frozen")


def badge(client: Browser, there: Hall, line: int) -> str:
    return badge_text(client.app.state.process.resources.settings.key("badge"), there.number, line)


async def sync(client: Browser, who: SignedIn, there: Hall, *items: dict[str, Any], cursor: int = 0) -> Any:
    body = {"items": list(items), "cursor": cursor}
    return await client.post(f"/desk/draws/{there.draw}/check-in/sync", headers=who.headers, json=body)


def seen(line: int, nonce: str = "", **more: Any) -> dict[str, Any]:
    return {"nonce": nonce or f"n{line}", "at": now().isoformat(), "way": "list", "line": line, **more}


async def ways(there: Hall) -> dict[int, str]:
    found = await db.rows(
        "SELECT line, way FROM check_in JOIN entrant USING (draw, member) WHERE draw = $1 ORDER BY line", there.draw
    )
    return {one["line"]: one["way"] for one in found}


async def test_by_list_without_scripts(client: Browser, helper: SignedIn, there: Hall) -> None:
    path = f"/desk/draws/{there.draw}/check-in"
    page = (await client.get(f"{path}?text=Wang", headers=helper.headers)).text
    assert re.findall(r'name="line" value="(\d+)"', page) == ["1", "4"]
    done = await client.post(path, headers=helper.headers, data={"line": "1"})
    assert done.status_code == 303
    after = (await client.get(done.headers["location"], headers=helper.headers)).text
    assert "Wang Fang is in." in after
    assert re.search(r"data-door-count>1<", after)
    again = await client.post(path, headers=helper.headers, data={"line": "1"})
    assert "said=presence.again" in again.headers["location"]
    scanned = await client.post(path, headers=helper.headers, data={"badge": badge(client, there, 2)})
    assert "said=presence.in" in scanned.headers["location"]
    undone = await client.post(f"{path}/undo", headers=helper.headers, data={"line": "1"})
    assert undone.headers["location"] == f"{path}?said=presence.out"
    assert await ways(there) == {2: "scan"}
    for wrong in ({"line": "99"}, {"line": "x"}, {"badge": "1-1-aaaaaaaaaaaa"}, {"badge": "odd"}, {}):
        answer = await client.post(path, headers=helper.headers, data=wrong)
        assert answer.status_code in (400, 404, 409), wrong
    assert await ways(there) == {2: "scan"}


async def test_a_badge_under_the_camera(client: Browser, helper: SignedIn, there: Hall) -> None:
    """The first is confirmed by a tap; then a look is enough, on this device and for this draw."""
    first, second = (f"/here/{badge(client, there, line)}" for line in (0, 1))
    asked = await client.get(first, headers=helper.headers)
    assert asked.status_code == 200
    assert "李娜" in asked.text
    assert "Check in" in asked.text
    assert await ways(there) == {}
    confirmed = await client.post(first, headers=helper.headers)
    assert "door-scan-in" in confirmed.text
    cookie = confirmed.headers["set-cookie"]
    assert cookie.startswith(f"laurel_door={there.draw}; Path=/; HttpOnly; SameSite=Lax")
    on_duty = {**helper.headers, "cookie": f"{helper.cookie}; laurel_door={there.draw}"}
    glance = await client.get(second, headers=on_duty)
    assert "door-scan-in" in glance.text
    assert "Wang Fang" in glance.text
    again = await client.get(second, headers=on_duty)
    assert again.status_code == 200
    assert "door-scan-again" in again.text
    assert "in already since" in again.text
    assert await ways(there) == {0: "scan", 1: "scan"}
    elsewhere = {**helper.headers, "cookie": f"{helper.cookie}; laurel_door={uuid4()}"}
    assert "door-scan" not in (await client.get(f"/here/{badge(client, there, 2)}", headers=elsewhere)).text
    await db.rows("UPDATE draw SET state = 'armed' WHERE id = $1", there.draw)
    late = await client.get(f"/here/{badge(client, there, 2)}", headers=on_duty)
    assert late.status_code == 409
    assert "Check-in is closed" in late.text
    assert "door-scan-again" in (await client.get(second, headers=on_duty)).text
    assert await ways(there) == {0: "scan", 1: "scan"}


async def test_whoever_is_no_helper_sees_only_his_own_badge(
    client: Browser, sign_in: SignIn, there: Hall, helper: SignedIn
) -> None:
    member = await sign_in(member=there.workers[1])
    answer = await client.get(f"/here/{badge(client, there, 0)}", headers=member.headers)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/draws/{there.slug}/badge")
    assert (await client.post(f"/here/{badge(client, there, 1)}", headers=member.headers)).status_code == 403
    page = (await client.get(answer.headers["location"], headers=member.headers)).text
    assert badge(client, there, 1) in page
    assert "Wang Fang" in page
    assert "李娜" not in page
    assert 'data-theme="light"' in page
    outsider = await client.get(f"/draws/{there.slug}/badge", headers=helper.headers)
    assert "You are not on the frozen list of this draw" in outsider.text
    assert (await client.get("/draws/draw-2026-999/badge", headers=member.headers)).status_code == 404
    draft = await hall(state="draft")
    assert (await client.get(f"/draws/{draft.slug}/badge", headers=member.headers)).status_code == 404
    nobody = await client.get(f"/here/{badge(client, there, 1)}")
    assert nobody.status_code in (303, 401)
    assert await ways(there) == {}


async def test_badges_cannot_be_made_up(client: Browser, helper: SignedIn, there: Hall) -> None:
    mine = find_badge(badge(client, there, 0))
    assert mine is not None
    other = await hall(state="frozen")
    for text in (
        f"{there.number}-1-{mine.seal}",
        f"{other.number}-0-{mine.seal}",
        f"{there.number}-0-{'a' * 12}",
        badge(client, there, 99),
        "odd",
        "%00",
    ):
        for method in ("GET", "POST"):
            answer = await client.request(method, f"/here/{text}", headers=helper.headers)
            assert answer.status_code in (404, 409), text
    assert await ways(there) == await ways(other) == {}


async def test_what_was_kept_is_sent_until_it_is_there(client: Browser, helper: SignedIn, there: Hall) -> None:
    items = [
        seen(0),
        seen(1, badge=badge(client, there, 1), way="offline"),
        seen(2, badge="9-9-aaaaaaaaaaaa"),
        seen(99),
    ]
    first = (await sync(client, helper, there, *items)).json()
    assert [(one["nonce"], one["verdict"]) for one in first["done"]] == [
        ("n0", "in"),
        ("n1", "in"),
        ("n2", "refused"),
        ("n99", "refused"),
    ]
    assert [one["words"] for one in first["done"]] == [
        "",
        "",
        "This is not a badge of this draw.",
        "This person is not on the frozen list of this draw.",
    ]
    assert (first["count"], first["state"]) == (2, "frozen")
    assert sorted(line for line, _ in first["arrivals"]) == [0, 1]
    again = (await sync(client, helper, there, *items, cursor=first["cursor"])).json()
    assert [one["verdict"] for one in again["done"]] == ["again", "again", "refused", "refused"]
    assert await ways(there) == {0: "list", 1: "offline"}
    later = first["cursor"] + int(timedelta(minutes=2).total_seconds() * 1000)
    assert (await sync(client, helper, there, cursor=later)).json()["arrivals"] == []


async def test_many_devices_send_the_same(client: Browser, helper: SignedIn, there: Hall) -> None:
    answers = await asyncio.gather(
        *(sync(client, helper, there, *(seen(line, f"{device}-{line}") for line in range(6))) for device in range(8))
    )
    verdicts = [one["verdict"] for answer in answers for one in answer.json()["done"]]
    assert (verdicts.count("in"), verdicts.count("again")) == (6, 42)
    assert len(await ways(there)) == 6


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"items":1}',
        b'{"items":[{"nonce":"a"}]}',
        b'{"items":[{"nonce":"a","at":"2026-01-01T00:00:00","line":0}]}',
        b'{"items":[{"nonce":"a","at":"2026-01-01T00:00:00Z","line":-1}]}',
        b'{"items":[{"nonce":"a","at":"2026-01-01T00:00:00Z"}]}',
        b'{"items":[{"nonce":"a","at":"2026-01-01T00:00:00Z","line":0,"way":"odd"}]}',
        b'{"items":[],"cursor":-1}',
        b'{"items":[],"cursor":1e300}',
        b"\xff\xfe",
    ],
)
async def test_what_no_device_sends_is_refused(client: Browser, helper: SignedIn, there: Hall, body: bytes) -> None:
    answer = await client.post(f"/desk/draws/{there.draw}/check-in/sync", headers=helper.headers, content=body)
    assert answer.status_code == 409
    assert "waiting list" in answer.text
    assert await ways(there) == {}


async def test_the_list_holds_everybody(client: Browser, helper: SignedIn, there: Hall) -> None:
    await sync(client, helper, there, seen(3))
    answer = await client.get(f"/desk/draws/{there.draw}/check-in/list", headers=helper.headers)
    listed = answer.json()
    guests = await queries.guests(there.draw)
    assert [(one[0], one[1], one[2]) for one in listed["people"]] == [(g.line, g.name, g.staff_number) for g in guests]
    assert [listed["units"][one[3]] if one[3] >= 0 else "" for one in listed["people"]] == [g.unit for g in guests]
    assert [line for line, _ in listed["present"]] == [3]


async def test_the_waiting_list_of_a_lost_device_is_brought(client: Browser, helper: SignedIn, there: Hall) -> None:
    path = f"/desk/draws/{there.draw}/check-in"
    content = {"laurel": "laurel check-in 1", "draw": there.slug, "items": [seen(0), seen(1), seen(99)]}
    form = {"file": ("waiting.json", b"\xef\xbb\xbf" + json.dumps(content).encode())}
    done = await client.post(f"{path}/file", headers=helper.headers, files=form)
    page = (await client.get(done.headers["location"], headers=helper.headers)).text
    assert "2 checked in, 0 were in already, 1 could not be checked in." in page
    assert await ways(there) == {0: "offline", 1: "offline"}
    text = json.dumps({**content, "items": [seen(1), seen(2)]})
    pasted = await client.post(f"{path}/file", headers=helper.headers, data={"text": text})
    assert "in=1&again=1&refused=0" in pasted.headers["location"]
    other = await hall(state="frozen")
    for wrong in ("", "[]", "{}", json.dumps({**content, "draw": other.slug}), json.dumps({**content, "laurel": "x"})):
        assert (await client.post(f"{path}/file", headers=helper.headers, data={"text": wrong})).status_code == 409
    assert await ways(other) == {}
    (_, line) = await queries.history(there.draw)
    assert (line.code, line.details) == ("presence.brought", {"count": 1})


async def test_who_is_in_for_the_offline_kit(client: Browser, helper: SignedIn, there: Hall) -> None:
    path = f"/desk/draws/{there.draw}/check-in/present"
    assert (await client.get(path, headers=helper.headers)).json() == {"draw_id": there.slug, "present": []}
    await sync(client, helper, there, seen(4), seen(1))
    answer = await client.get(path, headers=helper.headers)
    assert answer.content == b'{"draw_id":"%s","present":[1,4]}' % there.slug.encode()
    assert answer.headers["content-disposition"] == f'attachment; filename="{there.slug}-present.json"'


@pytest.mark.parametrize(("state", "words"), [("draft", "opens when the list"), ("armed", "Check-in is closed")])
async def test_a_door_that_is_shut_says_why(client: Browser, helper: SignedIn, state: str, words: str) -> None:
    there = await hall(state=state)
    path = f"/desk/draws/{there.draw}/check-in"
    page = await client.get(path, headers=helper.headers)
    assert page.status_code == 200
    assert words in page.text
    assert "check_in.js" not in page.text
    answer = await client.post(path, headers=helper.headers, data={"line": "0"})
    assert answer.status_code == 409
    assert (await client.get(f"/desk/draws/{uuid4()}/check-in", headers=helper.headers)).status_code == 404


# In a browser


@dataclass(frozen=True, slots=True)
class Device:
    """A helper's phone."""

    page: Page
    context: BrowserContext
    address: str

    async def open(self, there: Hall) -> None:
        await self.page.goto(f"{self.address}/desk/draws/{there.draw}/check-in")
        await self.is_("live")

    async def is_(self, state: str) -> None:
        await expect(self.page.locator(f"[data-door-line][data-is={state}]")).to_have_count(1)

    async def types(self, text: str) -> None:
        """As a scanner does: the text and Enter."""
        await self.page.fill("#field-text", text)
        await self.page.press("#field-text", "Enter")

    async def says(self, *words: str) -> None:
        for word in words:
            await expect(self.page.locator("[data-door-word]")).to_contain_text(word)

    async def counts(self, present: int) -> None:
        await expect(self.page.locator("[data-door-count]")).to_have_text(str(present))

    async def waits_for(self, count: int) -> None:
        box = self.page.locator("[data-door-waiting-count]")
        await expect(box).to_have_text(str(count))

    async def kept(self) -> int:
        found: int = await self.page.evaluate(
            "Object.keys(localStorage).filter(key => key.startsWith('laurel.door.')).length"
        )
        return found


@pytest.fixture
async def device(served: Served, browser: Chromium, helper: SignedIn) -> Device:
    context = await browser.new_context(viewport={"width": 360, "height": 640}, accept_downloads=True)
    await helper.enter(context, served.address)
    return Device(await context.new_page(), context, served.address)


in_a_browser = pytest.mark.browser


class TestInABrowser:
    pytestmark = in_a_browser

    async def test_taps_names_and_scans_go_on_without_a_network(
        self, client: Browser, device: Device, there: Hall, helper: SignedIn
    ) -> None:
        await device.open(there)
        page = device.page
        await page.fill("#field-text", "wang")
        await expect(page.locator("[data-door-found] li")).to_have_count(2)
        await page.locator("[data-door-found] button").first.click()
        await device.says("Wang Fang")
        await device.counts(1)

        await device.context.set_offline(True)
        await device.is_("lost")
        await device.types(f"{device.address}/here/{badge(client, there, 0)}")
        await device.says("李娜", "in")
        number = (await queries.guest(there.draw, 5)).staff_number  # type: ignore[union-attr]
        await device.types(number)
        await device.says("赵敏")
        await device.types(badge(client, there, 0).upper())
        await device.says("李娜", "in already since")
        await device.types("nobody of this name")
        await expect(page.locator("[data-door-found]")).to_contain_text("Nobody on the list fits.")
        await device.waits_for(2)
        await device.counts(3)
        assert await ways(there) == {1: "list"}
        assert await device.kept() == 2

        await device.context.set_offline(False)
        await device.is_("live")
        await expect(page.locator("[data-door-waiting]")).to_be_hidden()
        await device.counts(3)
        assert await ways(there) == {0: "offline", 1: "list", 5: "offline"}
        assert await device.kept() == 0

    async def test_a_reload_and_a_second_tab_lose_nothing(self, device: Device, there: Hall) -> None:
        await device.open(there)
        await device.context.route("**/check-in/sync", lambda route: route.abort())
        await device.types((await queries.guest(there.draw, 3)).staff_number)  # type: ignore[union-attr]
        await device.is_("lost")
        await device.waits_for(1)
        device.page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await device.page.reload()
        await device.is_("lost")
        await device.waits_for(1)
        second = await device.context.new_page()
        await second.goto(f"{device.address}/desk/draws/{there.draw}/check-in")
        await expect(second.locator("[data-door-waiting-count]")).to_have_text("1")
        await device.context.unroute("**/check-in/sync")
        await device.is_("live")
        await expect(second.locator("[data-door-line][data-is=live]")).to_have_count(1)
        assert len(await ways(there)) == 1
        assert await device.kept() == 0

    async def test_an_answer_that_is_lost_is_asked_for_again_and_counts_once(self, device: Device, there: Hall) -> None:
        await device.open(there)
        lost = 0

        async def swallow(route: Any) -> None:
            nonlocal lost
            lost += 1
            if lost > 1:
                await route.continue_()
                return
            await route.fetch()
            await route.abort()

        await device.context.route("**/check-in/sync", swallow)
        await device.types((await queries.guest(there.draw, 2)).staff_number)  # type: ignore[union-attr]
        await device.is_("lost")
        assert len(await ways(there)) == 1
        await device.is_("live")
        await device.counts(1)
        assert await device.kept() == 0
        assert len(await ways(there)) == 1

    async def test_what_cannot_be_counted_is_shown_until_it_was_seen(
        self, client: Browser, device: Device, there: Hall
    ) -> None:
        await device.open(there)
        made_up = f"{there.number}-2-{'a' * 12}"
        await device.types(made_up)
        await device.says("This is not a badge of this draw.")
        await expect(device.page.locator("[data-door-refused-list] li")).to_have_count(1)
        await device.types(badge_text(b"x" * 32, there.number + 1, 0))
        await device.says("This badge is for another draw.")
        await device.page.click("[data-door-refused-clear]")
        await expect(device.page.locator("[data-door-refused]")).to_be_hidden()
        assert await ways(there) == {}

        await db.rows("UPDATE draw SET state = 'armed' WHERE id = $1", there.draw)
        await device.types((await queries.guest(there.draw, 4)).staff_number)  # type: ignore[union-attr]
        await device.is_("shut")
        await device.says("Check-in is closed")
        assert await ways(there) == {}

    async def test_others_arrivals_and_mistakes_taken_back_are_followed(
        self, client: Browser, device: Device, there: Hall, helper: SignedIn
    ) -> None:
        redis = client.app.state.process.redis
        await device.open(there)
        await actions.check_in(redis, there.draw, [Arrival(0, now(), "list")], by=helper.id, now=now(), new_id=new_id)
        await device.page.evaluate("window.dispatchEvent(new Event('online'))")
        await device.counts(1)
        await actions.undo_check_in(redis, there.draw, 0, by=helper.id, now=now())
        await device.page.evaluate("window.dispatchEvent(new Event('online'))")
        await device.counts(0)
        await device.types((await queries.guest(there.draw, 1)).staff_number)  # type: ignore[union-attr]
        await device.counts(1)
        await expect(device.page.locator("[data-door-last] li")).to_have_count(1)
        await device.page.locator("[data-door-last] button").click()
        await device.counts(0)
        await expect(device.page.locator("[data-door-last] li")).to_have_count(0)
        assert await ways(there) == {}

    async def test_a_phone_that_never_comes_back_saves_its_list(
        self, client: Browser, device: Device, there: Hall, helper: SignedIn
    ) -> None:
        await device.open(there)
        await device.context.set_offline(True)
        await device.types((await queries.guest(there.draw, 3)).staff_number)  # type: ignore[union-attr]
        await device.page.click("details.more > summary")
        text = await device.page.locator("[data-door-text]").input_value()
        async with device.page.expect_download() as saving:
            await device.page.click("[data-door-save-file]")
        saved = await (await saving.value).path()
        assert (await saving.value).suggested_filename == f"{there.slug}-waiting.json"
        assert saved.read_bytes() == text.encode()
        path = f"/desk/draws/{there.draw}/check-in/file"
        done = await client.post(path, headers=helper.headers, data={"text": text})
        assert "in=1&again=0&refused=0" in done.headers["location"]
        assert await ways(there) == {3: "offline"}

    async def test_a_browser_that_keeps_nothing_says_so_and_works(self, device: Device, there: Hall) -> None:
        await device.context.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }});"
        )
        await device.open(there)
        await device.context.set_offline(True)
        await device.types((await queries.guest(there.draw, 3)).staff_number)  # type: ignore[union-attr]
        await device.waits_for(1)
        await expect(device.page.locator("[data-door-forgetful]")).to_be_visible()
        await device.context.set_offline(False)
        await device.is_("live")
        await expect(device.page.locator("[data-door-waiting]")).to_be_hidden()
        assert list(await ways(there)) == [3]

    async def test_the_pad_is_signed_with_the_mouse_and_a_proxy_is_meant(self, device: Device) -> None:
        won = await hall(closed_at=now() - timedelta(days=1))
        page = device.page
        await page.goto(f"{device.address}/desk/claims/{won.codes[0]}")
        pad = page.locator("[data-signature]")
        await pad.scroll_into_view_if_needed()
        box = await pad.bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + 20, box["y"] + 20)
        await page.mouse.down()
        await page.mouse.move(box["x"] + 120, box["y"] + 60, steps=8)
        await page.mouse.up()
        kept = page.locator("input[name=signature]")
        assert (await kept.input_value()).startswith("data:image/png;base64,")
        await page.click("[data-signature-clear]")
        assert await kept.input_value() == ""
        await page.mouse.move(box["x"] + 20, box["y"] + 30)
        await page.mouse.down()
        await page.mouse.move(box["x"] + 90, box["y"] + 50, steps=8)
        await page.mouse.up()
        await page.fill("#field-proxy_name", "Sun Li")
        await expect(page.locator("[data-proxy]")).to_be_checked()
        await page.click("details.confirm > summary")
        await page.locator("dialog .button-primary").click()
        await expect(page.locator(".notice-bad")).to_contain_text("Say why the winner does not come")
        await page.fill("#field-proxy_why", "on night shift")
        await page.click("details.confirm > summary")
        await page.locator("dialog .button-primary").click()
        await expect(page.locator(".notice-good").first).to_contain_text("The prize was handed over.")
        await expect(page.locator(".claim-signed img")).to_have_js_property("naturalWidth", 600)
        found = await queries.win(won.wins[0])
        assert found is not None
        assert (found.proxy_name, found.has_signature) == ("Sun Li", True)
