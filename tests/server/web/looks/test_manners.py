"""Manners that every page has from its frame: ways back, notices, reloads, the menu, the Tab key."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, Request, expect

from rewards.ledger import actions as ledger
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.frame.listing import GROUPS, Listing
from server.web.frame.noun import Door, Noun
from server.web.nouns import LISTING, NOUNS
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member
from tests.server.web.serving import Served
from tests.server.web.test_matrix import Visitor
from tests.server.web.world import World, build

SAID = "said=web.method"
"""A sentence that any page says when asked to."""

DOORS = 18
"""As many as the desk's menu is made for."""

TO_BE_SEEN = """() => {
  const one = document.activeElement;
  const { left, top, right, bottom } = one.getBoundingClientRect();
  const hit = document.elementFromPoint((left + right) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2);
  const label = one.closest("label");
  const seen = one === document.body || !!hit && (one.contains(hit) || hit.contains(one) || !!label?.contains(hit));
  return { name: one.outerHTML.slice(0, 120), seen, over: hit ? hit.outerHTML.slice(0, 120) : "" };
}"""

Enter = Callable[..., Awaitable[Page]]


@pytest.fixture
def enter(served: Served, browser: Chromium) -> Enter:
    """`await enter(who, width, height)`: a page of a browser in which somebody is signed in."""

    async def open_page(who: SignedIn, width: int = 1366, height: int = 768) -> Page:
        context = await browser.new_context(
            base_url=served.address, viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        name, _, value = who.cookie.partition("=")
        await context.add_cookies([{"name": name, "value": value, "url": served.address}])
        return await context.new_page()

    return open_page


@pytest.fixture
async def season(client: Browser) -> None:
    """A season that covers today, without which nothing can be planned."""
    today = client.app.state.process.today()
    until = today + timedelta(days=60)
    await ledger.open_season("Autumn", today, until, at=now(), actor=None, new_id=new_id())


# Where a form belongs


def posted() -> list[str]:
    """The routed addresses that take forms and are no pages themselves."""
    found = {method: set[str]() for method in ("GET", "POST")}
    for handler in LISTING.handlers:
        for method in found:
            found[method] |= set(handler.paths) if method in handler.http_methods else set()  # type: ignore[union-attr]
    return sorted(found["POST"] - found["GET"])


async def everybody(client: Browser) -> tuple[Visitor, Callable[[str], dict[str, str]]]:
    """An admin, and with whose headers each routed address is open: his, or those of a custodian of the draw."""
    world = await build(client)
    admin = Visitor(world, "admin", await add_member("Chief", "C-1", ["admin"]))
    his, custodians = await admin.headers("en"), await world.enter(world.head, ("organiser",))
    return admin, lambda path: custodians if "/custody" in path else his


async def test_an_address_that_only_takes_forms_leads_to_the_page_of_its_form(client: Browser) -> None:
    admin, headers_for = await everybody(client)
    assert posted()
    for path in posted():
        headers = headers_for(path)
        answer = await client.get(await admin.address("POST", path), headers=headers)
        assert answer.status_code == 303, path
        page = await client.get(answer.headers["location"], headers=headers)
        assert page.status_code == 200, (path, answer.headers["location"])
        assert "data-face=" in page.text, path


async def test_a_refused_form_says_the_address_of_its_own_page(client: Browser) -> None:
    """Every form sent empty: where it is refused with a page, a reload of that page asks for a page."""
    admin, headers_for = await everybody(client)
    refused = 0
    for path in posted():
        if path == "/sign-out":
            continue
        headers = headers_for(path)
        address = await admin.address("POST", path)
        answer = await client.post(address, headers=headers)
        if answer.status_code < 400 or "data-face=" not in answer.text:
            continue
        refused += 1
        assert f'data-address="{LISTING.page_of_form(address)}"' in answer.text, path
        page = await client.get(LISTING.page_of_form(address), headers=headers)
        assert page.status_code == 200, path
    assert refused > len(posted()) // 3


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("role", ["admin", "auditor", ""])
async def test_a_refusal_leads_back_to_where_one_was(client: Browser, sign_in: SignIn, role: str, method: str) -> None:
    """404, 403 and 405, at the desk and on the phone."""
    who = await sign_in(*([role] if role else []))
    was = "/desk/members?text=Li&role=all" if role else "/boards?x=1"
    away = "/desk/members/slips" if role == "auditor" else "/desk/nothing" if role else "/nothing"
    host = client.base_url.netloc.decode()
    for came, back in ((f"http://{host}{was}", was), (f"http://elsewhere.example{was}", ""), ("", "")):
        answer = await client.request(method, away, headers={**who.headers, "referer": came})
        assert answer.status_code == {("auditor", "GET"): 403, ("auditor", "PUT"): 405}.get((role, method), 404)
        links = answer.text.partition("<main")[2].partition("</main>")[0]
        assert (f'href="{back.replace("&", "&amp;")}"' in links) if back else ("Back to where you were" not in links)
        assert f'href="{"/desk" if role else "/"}"' in links


TYPED: Sequence[tuple[str, str, Mapping[str, str]]] = (
    ("/desk/members", "/desk/members/new", {"name": " ", "staff_number": "Q-7", "phone": "13800138000"}),
    (
        "/desk/members/{subject}/edit",
        "/desk/members/{subject}/edit",
        {"name": " ", "staff_number": "Q-7", "why": "wed"},
    ),
    ("/desk/units", "/desk/units/new", {"name": "a/b"}),
    ("/desk/units/{unit}", "/desk/units/{unit}", {"name": "a/b"}),
    ("/desk/seasons", "/desk/seasons", {"name": "Odd", "starts_on": "2026-12-01", "ends_on": "2026-11-01"}),
    ("/desk/seasons/{season}", "/desk/seasons/{season}", {"name": "Odd", "starts_on": "2026-12-01", "ends_on": ""}),
    ("/desk/screens", "/desk/screens", {"name": "x" * 101}),
    ("/desk/screens/{screen}", "/desk/screens/{screen}", {"name": " ", "shows": "boards"}),
    ("/desk/screens/{screen}/pair", "/desk/screens/{screen}", {"code": "bcd 234"}),
    ("/desk/funds", "/desk/funds", {"kind": "money", "name": "Odd", "amount": "much"}),
    ("/desk/funds/{fund}", "/desk/funds/{fund}", {"way": "out", "amount": "99999999", "why": "Prizes"}),
    ("/desk/rules/quiz", "/desk/settings", {"daily_cap": "-5", "spend_percent": "7", "why": "w" * 500}),
    ("/desk/quizzes/{fresh}/scoring", "/desk/quizzes/{fresh}", {"scoring": "linear", "floor": "101"}),
    (
        "/desk/quizzes/import/{given}",
        "/desk/quizzes/import/{given}",
        {"title": "x" * 201, "scoring": "none", "floor": "7"},
    ),
    (
        "/desk/rooms",
        "/desk/rooms",
        {"quiz": "{fresh}", "opens_at": "2126-12-01T10:00", "ends_at": "2126-11-01T10:00"},
    ),
    ("/desk/claims", "/desk/claims", {"code": "zzzz-zzzz"}),
    (
        "/desk/claims/{claim_code}/hand-over",
        "/desk/claims/{claim_code}",
        {"who": "proxy", "proxy_name": " ", "proxy_why": "Ill"},
    ),
    (
        "/desk/draws/policy",
        "/desk/draws/policy",
        {"mode": "warn", "share": "much", "value_event": "7.00", "value_year": "9.00", "why": "w" * 500},
    ),
    ("/desk/draws", "/desk/draws/new", {"title": "Odd", "season": "{season}", "per": "much", "cap": "3"}),
    ("/desk/draws/{draft}/edit", "/desk/draws/{draft}/edit", {"title": "Odd", "season": "{season}", "per": "much"}),
    ("/desk/draws/{unsealed}/seal", "/desk/draws/{unsealed}", {"label": "notary", "commitment": "cd"}),
    ("/desk/draws/{unsealed}/witnesses", "/desk/draws/{unsealed}", {"witness": "Z-9"}),
    ("/desk/draws/{frozen}/voids", "/desk/draws/{frozen}", {"staff_number": "Z-9", "reason": "left", "why": "Moved"}),
    ("/desk/draws/{draft}/cancel", "/desk/draws/{draft}", {"why": " "}),
    ("/desk/draws/{armed}/dice", "/desk/draws/{armed}", {"digits": "123"}),
    ("/desk/draws/{rolled}/reveal", "/desk/draws/{rolled}", {"secret": "1: 23"}),
    ("/desk/draws/{to_hold}/transcripts", "/desk/draws/{to_hold}", {"log_text": "vdraw", "witnesses": "Qian Jin"}),
    ("/desk/draws/{frozen}/check-in/file", "/desk/draws/{frozen}/check-in", {"text": "{{}}"}),
)
"""Where a form is sent, the page it belongs to, and what is typed there, something of it wrong."""

NEVER_REFUSED = ("/desk/members/{member_id:uuid}/roles",)
"""Whatever can be wrong there leaves no form to fill in: who has left, or lost the right to give roles."""

PICKED = ("hidden", "file", "radio", "checkbox", "submit", "button")


@dataclass
class FormOn:
    """A form of a page: where it is sent, what stands in its fields, and those of them that are typed into."""

    address: str
    filled: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[FormOn] = []
        self._now, self._name, self._area = FormOn(""), "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        kind = own.get("type", "text")
        if tag == "form":
            self._now = FormOn(own.get("action", "").partition("?")[0].partition("#")[0])
            if own.get("method") == "post":
                self.found.append(self._now)
        elif tag in ("input", "textarea", "select"):
            self._name, self._area = own.get("name", ""), tag == "textarea"
            if self._area or (tag == "input" and kind not in PICKED):
                self._now.typed.append(self._name)
        chosen = "checked" in own or kind not in ("radio", "checkbox")
        if (tag == "input" and chosen) or (tag == "option" and "selected" in own):
            self._now.filled[self._name] = own.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self._now.filled[self._name] = data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._area = self._area and tag != "textarea"
        self._now = FormOn("") if tag == "form" else self._now


def named(world: World) -> dict[str, str]:
    """What the addresses of the table stand for."""
    ids = ("subject", "unit", "season", "screen", "fund", "fresh", "claim_code")
    return {name: str(getattr(world, name)) for name in ids} | {name: str(draw) for name, draw in world.draws.items()}


@pytest.mark.parametrize(("address", "page", "typed"), TYPED, ids=[address for address, _page, _typed in TYPED])
async def test_a_refused_form_comes_back_with_what_was_typed_and_what_is_wrong(
    client: Browser, address: str, page: str, typed: Mapping[str, str]
) -> None:
    admin, headers_for = await everybody(client)
    ids = named(admin.world)
    if "{given}" in address:
        ids["given"] = (await admin.address("GET", "/desk/quizzes/import/{given:str}")).rpartition("/")[2]
    here, sent = address.format(**ids), {name: value.format(**ids) for name, value in typed.items()}
    answer = await client.post(here, headers=headers_for(address), data={**sent, "once": str(new_id())})
    assert answer.status_code in (400, 409, 422)
    assert f'data-address="{page.format(**ids)}"' in answer.text
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    assert 'aria-invalid="true"' in main or "notice-bad" in main
    kept = {name: value for name, value in sent.items() if value.strip()}
    found = [form.filled for form in Forms(main).found if form.address == here]
    assert any(kept.items() <= filled.items() for filled in found), (kept, found)


async def test_every_form_that_is_typed_into_is_in_the_table(client: Browser) -> None:
    """The forms of every page of the desk, of draws in each state, of a quiz that was never played."""
    admin, headers_for = await everybody(client)
    ids = named(admin.world)
    routed = {method: set[str]() for method in ("GET", "POST")}
    for handler in LISTING.handlers:
        for method in routed:
            routed[method] |= set(handler.paths) if method in handler.http_methods else set()  # type: ignore[union-attr]
    taken = {path: re.compile(re.sub(r"\{\w+:\w+\}", "[^/#]+", path)) for path in routed["POST"]}

    def route(address: str) -> str:
        return min((path for path, fits in taken.items() if fits.fullmatch(address)), key=lambda path: path.count("{"))

    shown = [
        await admin.address("GET", path) for path in routed["GET"] if path.startswith("/desk") and "live" not in path
    ]
    shown += [f"/desk/draws/{draw}" for draw in admin.world.draws.values()] + [f"/desk/quizzes/{ids['fresh']}"]
    typed = set()
    for address in shown:
        page = (await client.get(address, headers=headers_for(address))).text
        forms = Forms(page.partition("<main")[2].partition("</main>")[0]).found
        typed |= {route(form.address) for form in forms if form.typed}
    known = {route(address.format(**ids, given="x")) for address, _page, _typed in TYPED}
    assert typed - known - set(NEVER_REFUSED) == set()
    assert len(typed) > 20


@pytest.mark.browser
async def test_a_refused_form_keeps_what_was_typed_and_is_not_sent_again_by_a_reload(
    enter: Enter, sign_in: SignIn
) -> None:
    page = await enter(await sign_in("admin"))
    await page.goto("/desk/seasons")
    form = page.locator("form[action='/desk/seasons']")
    await form.locator("[name=name]").fill("Backwards")
    await form.locator("[name=starts_on]").fill("2026-12-01")
    await form.locator("[name=ends_on]").fill("2026-11-01")
    async with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        await form.locator("[type=submit]").click()
    assert (await refused.value).status >= 400
    await expect(form.locator("[name=name]")).to_have_value("Backwards")
    await expect(page).to_have_url(re.compile("/desk/seasons$"))
    await expect(page.locator("main .notice-bad")).to_be_focused()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    answer = await page.reload()
    assert answer is not None
    assert answer.status == 200
    assert {one.method for one in asked} == {"GET"}


# What is said


@pytest.mark.browser
@pytest.mark.parametrize("face", ["desk", "phone"])
async def test_a_notice_goes_away_by_itself_but_not_from_under_the_hand(
    enter: Enter, sign_in: SignIn, face: str
) -> None:
    page = await enter(await sign_in("admin"))
    await page.clock.install()
    await page.goto({"desk": f"/desk/screens?{SAID}", "phone": f"/me?{SAID}"}[face])
    notice = page.locator("#notices .notice")
    await expect(notice).to_be_visible()
    assert "said=" not in page.url
    await notice.hover()
    await page.clock.run_for(20_000)
    await expect(notice).to_be_visible()
    await page.mouse.move(5, 700)
    await page.clock.run_for(20_000)
    await expect(notice).to_have_count(0)


@pytest.mark.browser
async def test_the_keyboard_is_led_to_what_is_wrong_and_to_what_undoes(enter: Enter, sign_in: SignIn) -> None:
    """A unit added at last: the first press after its form undoes it, and no detail of what was said stays behind."""
    page = await enter(await sign_in("admin"))
    await page.goto("/desk/units/new")
    name = page.locator("[name=name]")
    await name.fill("a/b")
    await name.press("Enter")
    await expect(page.locator("[aria-invalid=true]")).to_be_focused()
    await name.fill("Night shift")
    await name.press("Enter")
    await expect(page).to_have_url(re.compile("/desk/units/[0-9a-f-]{36}$"))
    await page.keyboard.press("Tab")
    await expect(page.locator(".notice-undo button")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#notices")).to_contain_text("retired")


@pytest.mark.browser
@pytest.mark.usefixtures("season")
@pytest.mark.parametrize("address", ["/desk/draws/new", "/desk/settings", "/me"])
async def test_the_tab_key_never_goes_under_what_sticks(enter: Enter, sign_in: SignIn, address: str) -> None:
    """At 360x640, forwards and back, with a notice at the top that stays because the clock stands still."""
    page = await enter(await sign_in("admin"), 360, 640)
    await page.clock.install()
    await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))
    await page.goto(f"{address}?{SAID}")
    await expect(page.locator("#notices .notice")).to_be_visible()
    for key in ("Tab", "Shift+Tab"):
        for _ in range(40):
            await page.keyboard.press(key)
            found = await page.evaluate(TO_BE_SEEN)
            assert found["seen"], (key, found)


@pytest.mark.browser
@pytest.mark.usefixtures("season")
async def test_a_fold_shows_that_it_can_be_opened_and_turns_its_sign(enter: Enter, sign_in: SignIn) -> None:
    page = await enter(await sign_in("admin"))
    await page.goto("/desk/draws/new")
    fold = page.locator("main details > summary").first
    sign = "one => getComputedStyle(one, '::before').transform"
    shut = await fold.evaluate(sign)
    await fold.click()
    assert await fold.evaluate(sign) != shut != "none"


# The desk's bar


@pytest.fixture
def eighteen(client: Browser) -> None:
    """The menu with made-up doors beside the real ones, spread over its groups."""
    real = sum(len(LISTING.doors(group)) for group in GROUPS)
    made_up = [
        Door(f"/desk/made-up/{n}", "Volunteer hours and shifts", "quiz", "desk.open", GROUPS[n % len(GROUPS)], 90 + n)
        for n in range(DOORS - real)
    ]
    client.app.state.listing = Listing((*NOUNS, Noun(name="made_up", doors=made_up)))


@pytest.mark.browser
@pytest.mark.usefixtures("eighteen")
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_eighteen_doors_stand_without_a_scroll(enter: Enter, sign_in: SignIn, language: str) -> None:
    page = await enter(await sign_in("admin", name="Wang Fang"))
    await page.set_extra_http_headers({"accept-language": language})
    await page.goto("/desk")
    menu = page.get_by_role("navigation").first
    await expect(menu.get_by_role("link")).to_have_count(DOORS)
    assert await menu.evaluate("one => one.scrollHeight <= one.clientHeight")
    for last in (menu.get_by_role("link").last, page.locator(".person > summary")):
        box = await last.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (360, 640)])
async def test_the_menu_of_a_person_opens_where_it_can_be_seen_and_folds_away(
    enter: Enter, sign_in: SignIn, width: int, height: int
) -> None:
    page = await enter(await sign_in("admin"), width, height)
    await page.goto("/desk")
    if width == 360:
        await page.locator("[data-menu]").click()
    person = page.locator(".person > summary")
    await person.focus()
    await page.keyboard.press("Enter")
    for one in await page.locator(".person-menu").locator("a, button").all():
        await one.scroll_into_view_if_needed()
        box = await one.bounding_box()
        assert box is not None
        assert box["x"] >= 0 <= box["y"]
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    await page.keyboard.press("Escape")
    await expect(page.locator(".person-menu")).to_be_hidden()
    await expect(person).to_be_focused()
    if width == 360:
        await page.keyboard.press("Escape")
        await expect(person).to_be_hidden()
        await expect(page.locator("[data-menu]")).to_be_focused()
