"""The kit in a real browser, under the real content policy: streams, cut lines, countdowns, keys, dialogs, joy."""

import json
import queue
import re
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from jinja2 import ChoiceLoader, DictLoader
from playwright.sync_api import Browser, Page, expect

from server.web.frame import files, html
from server.web.frame.desk import Shelf
from server.web.frame.gate import HEADERS
from tests import patience
from tests.chromium import launched

pytestmark = pytest.mark.browser

PAGES = {
    "room.html": """{% extends "kit/base_phone.html" %}{% block bar %}{% endblock %}
{% block main %}<section data-live="/stream" data-live-poll="/poll">
<p><span data-count="answers">0</span> <progress max="9" value="0" data-count="answers"></progress></p>
<div data-live-target>{% block state %}
<div data-round="r{{ n }}" data-state="{{ state }}" data-announce="Round {{ n }}"><h1>Round {{ n }}</h1>
{{ kit.countdown(left, 20000) }}
<form hx-post="/answer" hx-target="#got" hx-swap="innerHTML">
{% for i in range(3) %}{{ kit.option(i, "Option", "check") }}{% endfor %}
{{ kit.button("Send") }}</form><div id="got"></div>
<p id="right" data-mine-when="outcome=right" hidden>Right</p><p id="open" data-mine-when="!outcome">Open</p>
<b data-mine="points"></b>{{ kit.my_place_change() }}<i data-mine-mark="picked=1"></i></div>
{% endblock %}</div></section>{% endblock %}""",
    "desk.html": """{% extends "kit/base_desk.html" %}{% block main %}
<form method="post" action="/next">{{ kit.csrf_input(csrf) }}
{{ kit.button("Next", attrs={"data-key-next": ""}) }}</form>
{{ kit.field("q", "Search") }}{{ kit.confirm("End", "End the room?", "/end", csrf) }}
<form hx-post="/refuse">{{ kit.button("Refuse") }}</form>
<form hx-post="/gateway">{{ kit.button("Break") }}</form>
{% endblock %}""",
    "board.html": """{% extends "kit/base_screen.html" %}{% block main %}
<section data-live="/stream" data-live-poll="/poll"><div data-live-target>{% block rows %}
<ol class="board" data-flip>{% for n in names %}{{ kit.board_row(loop.index, n, 10, n) }}{% endfor %}</ol>
{% if joy %}<h1 data-joy="x">Done</h1>{% endif %}{% endblock %}</div></section>{% endblock %}""",
}


def context(**own: object) -> dict[str, Any]:
    return {
        "csrf": "the-token",
        "me": types.SimpleNamespace(name="Li Na", roles=("admin",)),
        "organisation": "Harbour Union",
        "path": "/desk",
        "version": "0",
        "now": datetime(2026, 11, 22, tzinfo=UTC),
        "text_size": "",
        "tab": None,
        "menu": [Shelf("now", [("/desk", "Today", "home")])],
        **own,
    }


def fragment(n: int, state: str = "question", left: int = 20000) -> str:
    return html.render_block("room.html", "state", "en", **context(n=n, state=state, left=left))


def rows(*names: str, joy: bool = False) -> str:
    return html.render_block("board.html", "rows", "en", **context(names=names, joy=joy))


@dataclass
class Process:
    """A server whose lines can be cut. `streams` hold what is written to each open stream."""

    port: int = 0
    streams: list["queue.Queue[bytes | None]"] = field(default_factory=list)
    stream_cut: bool = False
    poll_cut: bool = False
    shown: str = ""
    etag: str = '"1"'
    polled: list[str | None] = field(default_factory=list)
    posted: list[tuple[str, str | None, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, name: str, data: str, identity: str = "") -> None:
        lines = "\n".join("data: " + line for line in data.split("\n"))
        head = f"id: {identity}\n" if identity else ""
        for stream in self.streams:
            stream.put(f"{head}event: {name}\n{lines}\n\n".encode())

    def cut(self, *, poll: bool) -> None:
        self.stream_cut, self.poll_cut = True, poll
        while self.streams:
            self.streams.pop().put(None)

    def mend(self) -> None:
        self.stream_cut = self.poll_cut = False


def handler(process: Process) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            return

        def answer(self, status: int, body: str | bytes = "", **headers: str) -> None:
            sent = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            for name, value in {"content_type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            for raw_name, raw_value in HEADERS:
                self.send_header(raw_name.decode(), raw_value.decode())
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/static/"):
                file = files.static()[path.removeprefix("/static/")]
                self.answer(200, file.content, content_type=file.media_type)
            elif path == "/stream":
                self.stream()
            elif path == "/poll":
                self.poll()
            elif path == "/room":
                self.answer(200, html.render("room.html", "en", **context(n=1, state="question", left=20000)))
            elif path == "/board":
                self.answer(200, html.render("board.html", "en", **context(names=("a", "b", "c"), joy=False)))
            elif path == "/desk/health":
                self.answer(204)
            else:
                self.answer(200, html.render("desk.html", "en", **context()))

        def stream(self) -> None:
            if process.stream_cut:
                self.answer(503)
                return
            waiting: queue.Queue[bytes | None] = queue.Queue()
            waiting.put(b"event: ping\ndata: 1\n\n")
            process.streams.append(waiting)
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            while (piece := waiting.get()) is not None:
                try:
                    self.wfile.write(piece)
                except OSError:
                    return

        def poll(self) -> None:
            known = self.headers.get("if-none-match")
            process.polled.append(known)
            if process.poll_cut:
                self.answer(503)
            elif known == process.etag:
                self.answer(304, etag=process.etag)
            else:
                own = json.dumps({"round": "r7", "points": 77})
                self.answer(200, process.shown, etag=process.etag, x_laurel_mine=own)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            process.posted.append((self.path, self.headers.get("x-csrftoken"), body))
            if self.path == "/answer":
                process.hold.wait(patience.SECONDS)
                mine = json.dumps({"mine": {"round": "r1", "picked": [0, 1]}})
                self.answer(200, "<b>Got it</b>", hx_trigger=mine)
            elif self.path == "/refuse":
                self.answer(409, "<p>The room has moved on.</p>", HX_Retarget="#notices", HX_Reswap="innerHTML")
            elif self.path == "/gateway":
                self.answer(502, "<h1>Bad gateway</h1>")
            else:
                self.answer(303, location="/desk")

    return Handler


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    for locale in ("en", "zh-Hans"):
        environment = html.environment(locale)
        both = ChoiceLoader([DictLoader(PAGES), environment.loader])  # type: ignore[list-item]
        monkeypatch.setattr(environment, "loader", both)
    made = Process()
    made.hold.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    server.daemon_threads = True
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.hold.set()
    made.cut(poll=True)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 640})
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    opened.on("console", lambda said: broken.append(said.text) if "Content Security" in said.text else None)
    yield opened
    context.close()
    assert broken == []


def open_live(page: Page, process: Process, path: str) -> None:
    page.goto(process.address + path)
    expect(page.locator("html")).to_have_attribute("data-connection", "live")


def test_a_state_comes_in_and_its_forms_work(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    process.say("state", fragment(2), "2")
    expect(page.locator("h1")).to_have_text("Round 2")
    expect(page.locator("#announce")).to_have_text("Round 2")
    page.locator(".option").nth(1).click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#got")).to_have_text("Got it")
    assert process.posted == [("/answer", "the-token", "choice=1")]


def test_what_is_mine_is_shown_and_kept_for_its_round_only(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    expect(page.locator("#open")).to_be_visible()
    process.say("mine", json.dumps({"round": "r2", "outcome": "right", "points": 1874, "change": -2}))
    process.say("count", json.dumps({"answers": 7, "phones": 9}))
    expect(page.locator("span[data-count]")).to_have_text("7")
    assert page.locator("progress[data-count]").evaluate("bar => bar.value") == 7
    expect(page.locator("#right")).to_be_hidden()
    process.say("state", fragment(2, "reveal"), "2")
    expect(page.locator("#right")).to_be_visible()
    expect(page.locator("#open")).to_be_hidden()
    expect(page.locator("[data-mine=points]")).to_have_text("1,874")
    expect(page.locator(".change-down")).to_contain_text("2")
    expect(page.locator(".change-up")).to_be_hidden()
    expect(page.locator("[data-live]")).to_have_attribute("data-mine-outcome", "right")
    process.say("mine", json.dumps({"round": "r2", "points": 1900}))
    expect(page.locator("[data-mine=points]")).to_have_text("1,900")
    expect(page.locator("#right")).to_be_visible()
    process.say("state", fragment(3), "3")
    expect(page.locator("h1")).to_have_text("Round 3")
    expect(page.locator("#right")).to_be_hidden()
    assert page.locator("[data-live]").get_attribute("data-mine-outcome") is None


def test_an_answer_may_carry_what_is_mine(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-mine-mark]")).to_have_attribute("data-marked", "")


def test_ticks_not_yet_sent_survive_the_same_question(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    page.locator(".option").nth(2).click()
    process.say("state", fragment(1, left=9000), "2")
    expect(page.locator("[data-remaining-ms]")).to_have_attribute("data-remaining-ms", "9000")
    expect(page.locator("input[type=checkbox]").nth(2)).to_be_checked()
    process.say("state", fragment(2), "3")
    expect(page.locator("h1")).to_have_text("Round 2")
    expect(page.locator("input[type=checkbox]").nth(2)).not_to_be_checked()


def test_one_press_is_one_post(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    process.hold.clear()
    send = page.get_by_role("button", name="Send")
    send.click()
    expect(send).to_have_attribute("aria-busy", "true")
    send.click()
    send.press("Enter")
    process.hold.set()
    expect(page.locator("#got")).to_have_text("Got it")
    expect(send).not_to_have_attribute("aria-busy", "true")
    assert len(process.posted) == 1


def test_a_cut_stream_is_replaced_by_asking_and_comes_back(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    process.shown = fragment(7)
    process.cut(poll=False)
    expect(page.locator("h1")).to_have_text("Round 7")
    expect(page.locator("html")).to_have_attribute("data-connection", "weak")
    expect(page.locator("[data-mine=points]")).to_have_text("77")
    expect(page.locator("#connection")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("/poll") and answer.status == 304):
        pass
    process.poll_cut = True
    expect(page.locator("html")).to_have_attribute("data-connection", "lost")
    expect(page.locator("[data-connection-age]")).to_contain_text("ago")
    expect(page.locator("h1")).to_have_text("Round 7")
    process.mend()
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    expect(page.locator("#connection")).to_be_hidden()
    process.say("state", fragment(8), "8")
    expect(page.locator("h1")).to_have_text("Round 8")


def test_resync_asks_the_page_again(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    process.shown = fragment(5)
    process.say("resync", "1")
    expect(page.locator("h1")).to_have_text("Round 5")
    assert process.polled == [None]


def test_a_stream_too_many_is_replaced_by_asking_until_the_page_is_looked_at(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    process.shown = fragment(6)
    process.say("crowded", "1")
    expect(page.locator("h1")).to_have_text("Round 6")
    expect(page.locator("html")).to_have_attribute("data-connection", "weak")
    with page.expect_response(lambda answer: answer.url.endswith("/poll") and answer.status == 304):
        pass
    assert len(process.streams) == 1
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    assert len(process.streams) == 2


def test_time_runs_out_by_the_steady_clock(page: Page, process: Process) -> None:
    open_live(page, process, "/room")
    page.evaluate("Date.now = () => 0")
    process.say("state", fragment(2, left=1200), "2")
    expect(page.locator("[data-round=r2]")).to_have_attribute("data-time-up", "")
    expect(page.locator("[data-countdown-number]")).to_have_text("0")
    assert process.posted == []


def test_space_and_the_right_arrow_press_next_but_not_in_a_field(page: Page, process: Process) -> None:
    for key in (" ", "ArrowRight"):
        page.goto(process.address + "/desk")
        page.get_by_label("Search").press(key)
        page.get_by_label("Search").evaluate("field => field.blur()")
        with page.expect_navigation():
            page.keyboard.press(key)
    assert [post[0] for post in process.posted] == ["/next", "/next"]
    assert process.posted[0][2] == "csrf=the-token"


def test_danger_asks_once(page: Page, process: Process) -> None:
    page.goto(process.address + "/desk")
    page.locator("#main summary").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("End the room?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#main summary")).to_be_focused()
    assert process.posted == []
    page.locator("#main summary").click()
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name="End").click()
    assert [post[0] for post in process.posted] == ["/end"]


def test_danger_asks_once_without_javascript(browser: Browser, process: Process) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(process.address + "/desk")
        page.locator("#main summary").click()
        expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
        with page.expect_navigation():
            page.get_by_role("button", name="End").click()
    assert [(path, body) for path, _, body in process.posted] == [("/end", "csrf=the-token")]


def test_a_refusal_is_shown_in_its_own_words_and_a_broken_gateway_in_ours(page: Page, process: Process) -> None:
    page.goto(process.address + "/desk")
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("#notices")).to_have_text("The room has moved on.")
    page.get_by_role("button", name="Break").click()
    expect(page.locator("#problem")).to_contain_text("That did not work.")
    expect(page.locator("#notices")).to_be_empty()
    expect(page.get_by_text("Bad gateway")).to_have_count(0)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#problem")).to_be_hidden()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_rows_move_and_leaves_fall_unless_motion_is_unwanted(page: Page, process: Process, motion: Any) -> None:
    page.emulate_media(reduced_motion=motion)
    page.add_init_script(
        "document.addEventListener('live:after', () => Promise.resolve().then(() => { window.moving ="
        " [...document.querySelectorAll('[data-key]')].filter(row => row.getAnimations().length)"
        ".map(row => row.dataset.key).sort().join('') }))"
    )
    open_live(page, process, "/board")
    process.say("state", rows("b", "a", "c", "d"), "2")
    expect(page.locator("[data-key]")).to_have_count(4)
    assert page.evaluate("window.moving") in (["abd", "abcd"] if motion == "no-preference" else [""])
    process.say("state", rows("b", "a", joy=True), "3")
    expect(page.locator("h1")).to_have_text("Done")
    expect(page.locator("canvas.joy")).to_have_count(1 if motion == "no-preference" else 0)


@pytest.mark.parametrize("face", ["room", "desk"])
def test_targets_are_large_and_nothing_spills_over(page: Page, process: Process, face: str) -> None:
    page.goto(f"{process.address}/{face}")
    sizes = page.locator("button:visible, summary:visible, .option:visible, .input:visible").evaluate_all(
        "all => all.map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
    )
    assert sizes
    assert all(width >= 44 and height >= 44 for width, height in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_browser_asks_for_nothing_outside(page: Page, process: Process) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_live(page, process, "/room")
    assert all(url.startswith(process.address) for url in asked)
    assert any(re.search(r"/static/bundle/phone\.css\?v=[0-9a-f]{8}$", url) for url in asked)
