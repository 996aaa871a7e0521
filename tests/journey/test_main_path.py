"""The whole main path as people walk it: the desk, two phones, a screen, a draw, a claim, on a served Laurel."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from rewards.draws import rules
from tests.journey import hall, house
from tests.journey.conftest import Open
from tests.journey.house import CODE, at, press_next
from tests.journey.watching import LAPTOP, PHONE, WALL, Watched, whole_on_screen
from tests.patience import wait_until
from tests.server.laurel import Running, answer, laurel
from tests.server.runtime.served import sql

pytestmark = pytest.mark.browser


def sign_in_by_link(phone: Watched, link: str, *, keyboard: bool) -> None:
    """Look who the link is for, say yes, set a code of one's own."""
    page = phone.page
    page.goto(link)
    phone.look("03-link")
    yes = page.locator("form[action^='/in/'] button")
    if keyboard:
        phone.press_to(yes)
        page.keyboard.press("Enter")
    else:
        yes.tap()
    expect(page).to_have_url(at("/set-code"))
    phone.look("04-code")
    field = page.locator("input[name=code]")
    if keyboard:
        phone.press_to(field)
        page.keyboard.type(CODE)
        page.keyboard.press("Enter")
    else:
        field.fill(CODE)
        page.locator("form[action='/set-code'] button").tap()
    expect(page.locator(".season-card, .card-quiet").first).to_be_visible()
    expect(page.locator(".bottom-bar")).to_be_visible()


def sign_in_by_code(phone: Watched, base: str, number: str) -> None:
    """Again, with the own code: what one is trusted with takes it."""
    phone.page.goto(f"{base}/sign-in?again=1")
    phone.page.get_by_label("Staff number").fill(number)
    phone.page.get_by_label("Your code").fill(CODE)
    phone.page.locator("form[action='/sign-in'] button").click()
    expect(phone.page.locator(".bottom-bar")).to_be_visible()


def let_days_pass(data: Path) -> None:
    """For codes that were set by a link: by now they are their members' own."""
    aged = "UPDATE member SET code_at = code_at - interval '4 days' WHERE code_at IS NOT NULL"
    with ThreadPoolExecutor(1) as one:  # this thread has a loop already, the browser's
        one.submit(sql, data, aged, "SELECT 1").result()


def join(phone: Watched, base: str, code: str, *, keyboard: bool) -> None:
    """Type the room's code."""
    page = phone.page
    page.goto(f"{base}/play")
    phone.look("07-join")
    field = page.locator("form.join input[name=code]")
    if keyboard:
        phone.press_to(field)
        page.keyboard.type(code.upper())
        page.keyboard.press("Enter")
    else:
        field.fill(code)
        page.locator("form.join button").tap()
    expect(page.locator("[data-state=lobby]")).to_be_visible()


def see_question(phone: Watched, number: int, text: str) -> None:
    """The question with all its answers stands on the first screen."""
    page = phone.page
    expect(page.locator("[data-state=question] .question")).to_have_text(text)
    options = page.locator("form.answer .option")
    expect(options).to_have_count(4)
    whole_on_screen(page, [page.locator("h1.question"), page.locator(".countdown"), *options.all()])
    phone.look(f"1{number}-question")


def answer_with(phone: Watched, option: int, *, keyboard: bool) -> None:
    page = phone.page
    target = page.locator("form.answer .option").nth(option)
    if keyboard:
        phone.press_to(target)
        page.keyboard.press("Enter")
    else:
        target.tap()
    expect(page.locator("#got-it")).to_be_visible()
    expect(page.locator("#got-it b")).to_have_text("ABCD"[option])


def watch_number(page: Page, selector: str, number: int) -> None:
    expect(page.locator(selector).first).to_have_text(str(number))


def kept_secrets(kit: Path) -> tuple[bytes, ...]:
    """The secrets that the kit of a rehearsal knows."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', kit.read_text(), re.DOTALL)
    assert found is not None
    return tuple(bytes.fromhex(secret) for secret in json.loads(found[1])["secrets"])


def test_from_the_first_link_to_the_claimed_prize(
    served: Running, opened: Open, chromium: Browser, tmp_path: Path
) -> None:
    base = served.said["url"]
    desk = opened("desk", LAPTOP)
    at_desk = desk.page

    # The house is set up at the desk, without a terminal.
    at_desk.goto(served.said["first_admin"])
    desk.look("00-welcome")
    house.become_admin(at_desk, served.said["first_admin"])
    desk.look("00-today-empty")
    house.open_season(at_desk, base)
    desk.look("01-settings")
    house.import_roster(at_desk, base)
    desk.look("01-roster-preview")
    house.apply_roster(at_desk)
    desk.look("01-members")
    house.import_quiz(at_desk, base)
    desk.look("02-quiz-preview")
    house.apply_quiz(at_desk)
    desk.look("02-quiz")

    # Two members sign in: one by the slip of her unit and the keyboard alone, in English; one by a link, in Chinese.
    at_desk.goto(f"{base}/desk/members/slips?who=new")
    house.confirm(at_desk, "Make the slips")
    slip = at_desk.locator(".slip", has_text="Li Na")
    expect(slip).to_be_visible()
    desk.look("02-slips")
    slip_link = slip.locator(".code").inner_text()
    link = house.personal_link(at_desk, base, "王芳")
    desk.look("02-link")
    na = opened("na", PHONE)
    fang = opened("fang", PHONE, locale="zh-CN")
    sign_in_by_link(na, slip_link, keyboard=True)
    sign_in_by_link(fang, link, keyboard=False)
    expect(fang.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    na.look("05-today")
    fang.look("05-today")

    # A screen, by its link.
    at_desk.goto(f"{base}/desk/screens")
    at_desk.get_by_label("Name").fill("Canteen")
    at_desk.get_by_role("button", name="Set up").click()
    screen_link = at_desk.locator("code.break").inner_text()
    desk.look("06-screen")
    wall = opened("wall", WALL)
    wall.page.goto(screen_link)
    expect(wall.page.locator("[data-state=idle]")).to_be_visible()
    wall.look("06-idle")

    # A room; everybody joins by its code.
    at_desk.goto(f"{base}/desk/quizzes")
    at_desk.get_by_role("link", name="Alarm").click()
    at_desk.get_by_role("button", name="Open a room").click()
    expect(at_desk.locator("[data-state=lobby]")).to_be_visible()
    code = at_desk.locator(".room-code").inner_text().strip()
    expect(wall.page.locator(".lobby-code")).to_have_text(code)
    desk.look("07-room")
    join(na, base, code, keyboard=True)
    join(fang, base, code, keyboard=False)
    for page in (na.page, fang.page, at_desk):
        watch_number(page, "[data-count=players]", 2)
    watch_number(wall.page, ".wreath b", 2)
    for one in (na, fang, wall, desk):
        one.look("08-lobby")

    # Two questions, led by the space bar: each has one of them right.
    rounds = (
        ("Which valve is closed first?", 1, {na: 1, fang: 0}),
        ("Where do we meet after an alarm?", 0, {na: 2, fang: 0}),
    )
    totals = {na: 0, fang: 0}
    for number, (text, right, choices) in enumerate(rounds, start=1):
        at_desk.locator("body").click(position={"x": 5, "y": 5})
        press_next(at_desk)
        for phone in (na, fang):
            see_question(phone, number, text)
        expect(wall.page.locator(".show-question .question")).to_have_text(text)
        for answered, phone in enumerate((na, fang), start=1):
            answer_with(phone, choices[phone], keyboard=phone is na)
            for page in (wall.page, at_desk):
                watch_number(page, "[data-count=answers]:not(progress)", answered)
        whole_on_screen(wall.page, wall.page.locator(".option").all())
        for one in (na, fang, wall, desk):
            one.look(f"1{number}-answered")
        press_next(at_desk)
        for phone in (na, fang):
            page = phone.page
            expect(page.locator("[data-state=reveal]")).to_be_visible()
            correct = choices[phone] == right
            expect(page.locator(".outcome-right")).to_be_visible(visible=correct)
            expect(page.locator(".outcome-wrong")).to_be_visible(visible=not correct)
            gained = (
                int(page.locator(".outcome-points [data-mine=points]").inner_text().replace(",", "")) if correct else 0
            )
            assert (gained > 500) is correct
            totals[phone] += gained
            expect(page.locator(".tally [data-mine=total]")).to_have_text(f"{totals[phone]:,}")
            expect(page.locator(".bars .is-right")).to_have_count(1)
            expect(page.locator(".bars [data-marked]")).to_have_count(1)
            phone.look(f"1{number}-reveal")
        expect(wall.page.locator(".bars .bar")).to_have_count(4)
        expect(wall.page.locator(".bars .is-right .shape-letter")).to_have_text("ABCD"[right])
        wall.look(f"1{number}-reveal")
        desk.look(f"1{number}-reveal")
    expect(wall.page.locator(".slide:visible .board .board-row")).to_have_count(2)
    wall.look("13-board")
    first = max(totals, key=lambda phone: totals[phone])
    names = {na: "Li Na", fang: "王芳"}

    # The podium, and the points on the season's boards.
    press_next(at_desk)
    expect(at_desk.locator("[data-state=podium]")).to_be_visible()
    expect(wall.page.locator(".podium .podium-name").first).to_have_text(names[first])
    for phone in (na, fang):
        expect(phone.page.locator("[data-state=podium] .podium")).to_contain_text(names[first])
        expect(phone.page.locator(".tally [data-mine=place]")).to_have_text("1" if phone is first else "2")
        expect(phone.page.locator(".tally [data-mine=right]")).to_have_text("1")
    for one in (na, fang, wall, desk):
        one.look("14-podium")
    for phone in (na, fang):
        phone.page.goto(f"{base}/")

        def has_points(phone: Watched = phone) -> bool:
            phone.page.reload()
            figures = phone.page.locator(".season-card .figure").all_inner_texts()
            return figures == [f"{totals[phone]:,}", "1" if phone is first else "2"]

        wait_until(has_points, "the points and the place on Today")
        phone.look("15-today")
        for tab in ("", "/week", "/units"):
            phone.page.goto(f"{base}/boards{tab}")
            expect(phone.page.locator(".board .is-me")).to_be_visible()
            phone.look(f"15-boards{tab.replace('/', '-')}")
        for path in ("me", "me/points", "me/devices", "draws", "play"):
            phone.page.goto(f"{base}/{path}")
            phone.look(f"15-{path.replace('/', '-')}")

    # A draw: prizes, tickets by points, two custodians who seal at their own computers.
    hall.plan(at_desk, base, ("1005", "1007"))
    desk.look("20-draw-new")
    at_desk.get_by_role("button", name="Save").click()
    expect(at_desk.get_by_role("heading", name="Autumn draw")).to_be_visible()
    address = at_desk.url.partition("?")[0]
    desk.look("20-draw")
    published = served.data / "draws"
    slug = re.search(r"draw-[0-9]{4}-[0-9]{3}", at_desk.locator("main").inner_text())
    assert slug is not None
    envelopes = hall.Envelopes()
    for number, name in (("1005", house.CUSTODIANS[0]), ("1007", house.CUSTODIANS[1])):
        custodian = opened(f"custodian-{name}", LAPTOP)
        sign_in_by_link(custodian, house.personal_link(at_desk, base, name), keyboard=True)
        let_days_pass(served.data)
        sign_in_by_code(custodian, base, number)
        hall.seal(custodian, base, slug[0], envelopes, "20-envelopes")
        custodian.expect_quiet()
    for phone in (na, fang):
        phone.page.goto(f"{base}/draws")
        expect(phone.page.locator(".draw-tickets .figure")).not_to_have_text("0")
        phone.look("20-draws")

    # Nobody else has a role at the desk: a witness is named, who gives the second word.
    at_desk.goto(address)
    at_desk.get_by_label("Staff number of a witness").fill("1006")
    at_desk.get_by_role("button", name="Name as a witness").click()
    witness = opened("witness", PHONE)
    sign_in_by_link(witness, house.personal_link(at_desk, base, house.WITNESS), keyboard=False)
    let_days_pass(served.data)
    sign_in_by_code(witness, base, "1006")

    # Frozen by the worker; every phone keeps a receipt, the screen shows the fingerprint.
    at_desk.goto(address)
    at_desk.get_by_role("button", name="Show on the screens").click()
    expect(wall.page.locator("[data-state=before]")).to_be_visible()
    wall.look("20-stage")
    fingerprint = hall.freeze(at_desk)
    expect(wall.page.locator(".fingerprint")).to_be_visible()
    assert wall.page.locator(".fingerprint").inner_text().split() == fingerprint
    desk.look("21-frozen")
    wall.look("21-frozen")
    for phone in (na, fang):
        phone.page.goto(f"{base}/draws/{slug[0]}/receipt")
        expect(phone.page.locator("[data-kept]")).to_be_visible()
        phone.look("21-receipt")

    # A rehearsal with the kit: marked, and never taken for the draw.
    files = published / slug[0]
    wait_until(lambda: (files / "kit.html").exists(), "the published folder")
    at_desk.get_by_role("button", name="Make a rehearsal").click()
    expect(at_desk.locator(".draw-rehearsal")).to_be_visible()
    expect(at_desk.locator("#step-freeze .fingerprint")).to_have_count(1)
    rehearsed = re.search(r"rehearsal-[0-9]{4}-[0-9]{3}", at_desk.locator("main").inner_text())
    assert rehearsed is not None
    wait_until(lambda: (published / rehearsed[0] / "kit.html").exists(), "the rehearsal's folder")
    kit = hall.download(at_desk, "Download the kit", tmp_path / "rehearsal.html")
    trying = hall.Hall(chromium, kit, published / rehearsed[0], kept_secrets(kit))
    expect(trying.table.page.locator("body")).to_contain_text("REHEARSAL", ignore_case=True)
    rehearsal = trying.hold(absent=False)
    trying.end()
    at_desk.goto(address)
    hall.bring(at_desk, rehearsal)
    expect(at_desk.get_by_role("alert").first).to_contain_text("that of a rehearsal and cannot stand for the draw")
    expect(at_desk.get_by_role("button", name="Take it as the result")).to_have_count(0)
    desk.look("22-rehearsal-refused")

    # The draw itself, from a file, without network; the winner of the bicycle is not there.
    at_desk.goto(address)
    kit = hall.download(at_desk, "Download the kit", tmp_path / "kit.html")
    secrets = tuple(
        envelopes.secrets[label] for label in rules.parse_manifest((files / "manifest.json").read_bytes()).labels
    )
    table = hall.Hall(chromium, kit, files, secrets)
    saved = table.hold(absent=True)
    code = table.table.code()
    table.end()
    assert saved["log"].splitlines()[-1] == "close"
    assert sum(line.startswith("redraw ") for line in saved["log"].splitlines()) == 1

    # Brought back, worked out again, signed; a second, different one is a conflict and replaces nothing.
    hall.bring(at_desk, saved)
    expect(at_desk.locator("main")).to_contain_text(code)
    desk.look("23-weighed")
    at_desk.get_by_role("button", name="Take it as the result").click()
    expect(at_desk.locator("main")).to_contain_text("waits for a second person")
    witness.page.goto(f"{base}/draws/{slug[0]}/second")
    witness.look("23-second")
    witness.page.locator("input[name=code]").fill(code)
    witness.page.get_by_role("button", name="This is the result").click()
    expect(witness.page.locator("main")).to_contain_text("Nothing waits for a second person")
    at_desk.goto(address)
    expect(at_desk.locator("#step-close")).to_contain_text(code)
    desk.look("23-closed")
    expect(wall.page.locator("[data-state=result]")).to_be_visible()
    wall.look("23-result")
    wait_until(lambda: (files / "result.sig").exists(), "the published result")
    verified = laurel(served.data, "draw", "verify", str(files), "--code", code, "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    at_desk.goto(f"{base}/desk/draws")
    desk.look("23-draws")
    for phone in (na, fang):
        phone.page.goto(f"{base}/draws/{slug[0]}/check")
        phone.page.locator("#field-code").fill(code)
        phone.page.locator("form[data-check] button").click()
        expect(phone.page.locator("[data-verdict].notice-good")).to_be_visible()
        phone.look("24-checked")

    # A winner signs in, whoever it is, and the prize is handed over once.
    at_desk.goto(f"{address}?prize=thermos#step-winners")
    at_desk.locator("#step-winners > details").evaluate("one => { one.open = true; }")
    name = at_desk.locator(".draw-places li b").first.inner_text()
    winner = {"Li Na": na, "王芳": fang}.get(name)
    if winner is None:
        winner = opened("winner", PHONE)
        sign_in_by_link(winner, house.personal_link(at_desk, base, name), keyboard=False)
    winner.page.goto(f"{base}/")
    winner.look("24-won")
    winner.page.locator("a.card-gold").first.tap()
    expect(winner.page.locator("#mine .qr").first).to_be_visible()
    claim = winner.page.locator(".draw-code").first.inner_text().strip()
    assert re.fullmatch(r"[2-9a-z]{4}-[2-9a-z]{4}", claim)
    winner.look("24-claim")
    other = desk.new_page()
    for page in (at_desk, other):
        page.goto(f"{base}/desk/claims")
        page.get_by_label("Code", exact=True).fill(claim.upper())
        page.get_by_role("button", name="Find the prize").click()
        expect(page.locator("main")).to_contain_text(name)
    desk.look("25-claim")
    for page in (at_desk, other):
        house.confirm(page, "Hand over")
    expect(at_desk.locator("main")).to_contain_text("Handed over")
    # The other window came too late, or counts as the same press; who comes with the code now sees red.
    other.goto(f"{base}/desk/claims")
    other.get_by_label("Code", exact=True).fill(claim.upper())
    other.get_by_role("button", name="Find the prize").click()
    expect(other.locator(".claim-used")).to_contain_text("Wang Min handed")
    desk.look("26-handed-over")
    desk.look("26-refused", other)
    expect(winner.page.locator(".draw-claim .badge").first).to_be_visible()
    winner.look("26-handed-over")
    at_desk.goto(f"{base}/desk/claims")
    desk.look("27-claims")
    for path in ("", "/audit", "/boards", "/boards?shows=units", "/rooms", "/members", "/screens", "/settings"):
        at_desk.goto(f"{base}/desk{path}")
        desk.look("28-desk" + re.sub(r"\W", "-", path))

    # Nothing is out of place.
    assert answer(served.data, "check")["differences"] == [], json.dumps(answer(served.data, "check"))
    for one in (na, fang, wall):
        one.expect_quiet()
    desk.expect_quiet(r"409 \(Conflict\)", r"422 ")
