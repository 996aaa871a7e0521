"""Prizes at the desk: found by code, badge or name, handed over once, signed for, listed, printed and exported."""

import base64
import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from openpyxl import load_workbook

from rewards import database as db
from rewards.draws import actions, queries
from rewards.draws.badges import badge_text
from rewards.draws.claims import Proxy
from rewards.sheets import read_rows
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.rewards.draws.hall import DAY, Hall, hall, png
from tests.server.web.conftest import Browser, SignedIn, SignIn

DRAWN = "data:image/png;base64," + base64.b64encode(png(600, 200)).decode()


@pytest.fixture
async def cashier(sign_in: SignIn) -> SignedIn:
    return await sign_in("organiser", name="Zhao Min", number="Z-1")


async def closed(**more: Any) -> Hall:
    """A draw that was closed yesterday."""
    return await hall(closed_at=now() - DAY, **more)


async def post(client: Browser, signed_in: SignedIn, path: str, **form: str) -> Any:
    return await client.post(path, headers=signed_in.headers, data=form)


async def get(client: Browser, who: SignedIn, path: str, language: str = "en") -> Any:
    return await client.get(path, headers={**who.headers, "accept-language": language})


def badge(client: Browser, there: Hall, line: int) -> str:
    return badge_text(client.app.state.process.resources.settings.key("badge"), there.number, line)


async def state(win: UUID) -> str:
    found = await queries.win(win)
    assert found is not None
    return found.state


async def test_a_code_leads_to_its_prize_and_the_prize_changes_hands(client: Browser, cashier: SignedIn) -> None:
    there = await closed(value=29_950)
    code = there.codes[0]
    for typed in (code, f"{code[:4]}-{code[4:]}".upper(), f"http://testserver.local/desk/claims/{code}"):
        answer = await post(client, cashier, "/desk/claims", code=typed)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/claims/{code}")
    page = (await get(client, cashier, f"/desk/claims/{code}")).text
    assert "李娜" in page
    assert "299.50" in page
    assert f"{code[:4]}-{code[4:]}" in page
    done = await post(client, cashier, f"/desk/claims/{code}/hand-over", who="winner", signature=DRAWN)
    assert done.headers["location"] == f"/desk/claims/{code}?said=claim.said_handed_over"
    page = (await get(client, cashier, done.headers["location"])).text
    assert "The prize was handed over." in page
    signed = await get(client, cashier, f"/desk/wins/{there.wins[0]}/signature")
    assert (signed.status_code, signed.headers["content-type"]) == (200, "image/png")
    assert signed.content == png(600, 200)
    assert "private" in signed.headers["cache-control"]
    again = await post(client, cashier, f"/desk/claims/{code}/hand-over", who="winner")
    assert again.status_code == 409
    assert "Hand nothing over for this code." in again.text


@pytest.mark.parametrize("typed", ["zzzz-zzzz", "' OR true --", "http://elsewhere/x", "1-1-aaaaaaaaaaaa", "x" * 300])
async def test_a_wrong_code_brings_the_form_back(client: Browser, cashier: SignedIn, typed: str) -> None:
    await closed()
    answer = await post(client, cashier, "/desk/claims", code=typed)
    assert answer.status_code == 422
    assert "There is no prize with this code" in answer.text or "not a badge" in answer.text


async def test_a_badge_leads_to_what_its_member_has_won(client: Browser, cashier: SignedIn) -> None:
    there = await closed()
    one = await post(client, cashier, "/desk/claims", code=f"http://testserver.local/here/{badge(client, there, 1)}")
    assert one.headers["location"] == f"/desk/claims/{there.wins[1]}"
    page = (await get(client, cashier, one.headers["location"])).text
    assert "No code was shown" in page
    assert there.codes[1] not in page.replace("-", "")
    done = await post(client, cashier, f"{one.headers['location']}/hand-over", who="winner", on_paper="1")
    assert done.headers["location"] == f"/desk/claims/{there.wins[1]}?said=claim.said_handed_over"
    assert "Signed on paper." in (await get(client, cashier, done.headers["location"])).text
    (line,) = await queries.history(there.draw)
    assert (line.details["shown"], line.details["signed"]) == ("card", "paper")

    nothing = await post(client, cashier, "/desk/claims", code=badge(client, there, 4))
    assert nothing.headers["location"].startswith(f"/desk/claims?draw={there.draw}&state=all&text=E")
    forged = badge(client, there, 0)[:-1] + ("a" if badge(client, there, 0)[-1] != "a" else "b")
    assert (await post(client, cashier, "/desk/claims", code=forged)).status_code == 422


async def test_a_proxy_needs_a_name_and_a_reason_and_nothing_typed_is_lost(client: Browser, cashier: SignedIn) -> None:
    there = await closed()
    path = f"/desk/claims/{there.codes[0]}/hand-over"
    answer = await post(client, cashier, path, who="proxy", proxy_name="Sun <Li>", signature=DRAWN)
    assert answer.status_code == 422
    assert "Say why the winner does not come" in answer.text
    assert 'value="Sun &lt;Li&gt;"' in answer.text
    assert DRAWN in answer.text
    assert re.search(r'value="proxy" checked', answer.text)
    own = await post(client, cashier, path, who="proxy", proxy_name="zhao min", proxy_why="ill")
    assert own.status_code == 422
    assert await state(there.wins[0]) == "drawn"
    done = await post(client, cashier, path, who="proxy", proxy_name="Sun Li", proxy_why="night shift")
    assert done.status_code == 303
    page = (await get(client, cashier, f"/desk/claims/{there.codes[0]}")).text
    assert "Fetched by Sun Li for 李娜: night shift" in page


@pytest.mark.parametrize(
    "signature",
    ["data:image/png;base64,AAAA", "data:image/png;base64,***", "http://x/y.png", "data:image/svg+xml,<svg/>"],
)
async def test_a_broken_signature_is_asked_for_again(client: Browser, cashier: SignedIn, signature: str) -> None:
    there = await closed()
    answer = await post(client, cashier, f"/desk/claims/{there.codes[0]}/hand-over", who="winner", signature=signature)
    assert answer.status_code == 422
    assert "The signature did not arrive whole" in answer.text
    assert signature not in answer.text
    assert await state(there.wins[0]) == "drawn"


async def test_what_has_ended_says_how(client: Browser, cashier: SignedIn) -> None:
    there = await closed(winners=1, alternates=1, days=1)
    late = await get(client, cashier, f"/desk/claims/{there.codes[0]}")
    assert "The time to fetch this prize is over" in late.text
    assert "data-signature" not in late.text
    refused = await post(client, cashier, f"/desk/claims/{there.codes[0]}/hand-over", who="winner")
    assert refused.status_code == 409
    redis = client.app.state.process.redis
    await actions.expire(redis, there.wins[0], now=now(), new_id=new_id, new_code=lambda: "fresh234")
    assert "The time to fetch this prize is over" in (await get(client, cashier, f"/desk/claims/{there.codes[0]}")).text
    page = (await get(client, cashier, "/desk/claims/fresh234")).text
    assert "alternate 1" in page
    assert "Wang Fang" in page


async def test_a_rehearsal_is_told_apart(client: Browser, cashier: SignedIn) -> None:
    there = await closed()
    played = await closed(rehearses=there.draw)
    page = await get(client, cashier, f"/desk/claims/{played.codes[0]}")
    assert "This is the code of a rehearsal" in page.text
    assert (await post(client, cashier, f"/desk/claims/{played.codes[0]}/hand-over", who="winner")).status_code == 409
    assert str(played.draw) not in (await get(client, cashier, "/desk/claims")).text


async def test_who_may_only_read_sees_no_form(client: Browser, sign_in: SignIn) -> None:
    there = await closed()
    auditor = await sign_in("auditor")
    page = await get(client, auditor, f"/desk/claims/{there.codes[0]}")
    assert "Not handed over yet." in page.text
    assert "/hand-over" not in page.text
    assert (await post(client, auditor, f"/desk/claims/{there.codes[0]}/hand-over")).status_code == 403


async def test_nobody_is_shown_the_form_of_his_own_prize(client: Browser, sign_in: SignIn) -> None:
    there = await closed()
    winner = await sign_in("organiser", member=there.workers[0])
    page = await get(client, winner, f"/desk/claims/{there.codes[0]}")
    assert "This is your own prize" in page.text
    assert (await post(client, winner, f"/desk/claims/{there.codes[0]}/hand-over", who="winner")).status_code == 409


async def test_the_list_is_filtered_and_paged(client: Browser, cashier: SignedIn) -> None:
    there = await closed(winners=60, workers=60, title="Big one")
    other = await closed(title="Other one")
    await post(client, cashier, f"/desk/claims/{there.codes[3]}/hand-over", who="winner")
    first = (await get(client, cashier, f"/desk/claims?draw={there.draw}")).text
    assert "59 prizes" in first
    assert "1 to 50 of 59" in first
    assert "1 handed over, 59 still to come" in first
    assert f"/desk/draws/{there.draw}/hand-over" in first
    assert first.count('class="claim-line"') == 50
    assert not any(code in first for code in there.codes), "codes are their winners' own"
    second = (await get(client, cashier, f"/desk/claims?draw={there.draw}&page=2")).text
    assert second.count('class="claim-line"') == 9
    claimed = (await get(client, cashier, f"/desk/claims?draw={there.draw}&state=claimed")).text
    assert claimed.count('class="claim-line"') == 1
    assert "Zhao Min" in claimed
    everything = (await get(client, cashier, "/desk/claims?state=all&text=李娜")).text
    assert f"/desk/claims/{other.wins[0]}" in everything
    for odd in ("?draw=nothing", "?draw=" + str(uuid4()), "?state=odd", "?prize=%00", "?page=0", "?page=x", "?text=%"):
        answer = await get(client, cashier, f"/desk/claims{odd}")
        assert answer.status_code in (200, 400), odd


async def test_the_hand_over_list_is_printed_in_one_language_or_both(client: Browser, cashier: SignedIn) -> None:
    there = await closed(winners=3)
    redis = client.app.state.process.redis
    given = {"by": cashier.id, "now": now(), "new_id": new_id, "signature": png()}
    await actions.claim(redis, there.codes[0], proxy=Proxy("Sun Li", "ill"), **given)
    path = f"/desk/draws/{there.draw}/hand-over"
    english = (await get(client, cashier, f"{path}?language=en")).text
    assert '<th scope="col">Signature</th>' in english
    assert "Sun Li" in english
    assert f"/desk/wins/{there.wins[0]}/signature" in english
    chinese = (await get(client, cashier, f"{path}?language=zh-Hans")).text
    assert '<th scope="col">签名</th>' in chinese
    both = (await get(client, cashier, f"{path}?language=both&order=unit")).text
    assert '<th scope="col">Signature / 签名</th>' in both
    assert "<h2>Hand-over list / 奖品签收表</h2>" in both
    names = re.findall(r"<td>\d+</td><td>Cup</td><td>([^<]+)</td>", both)
    assert names == ["赵敏", "李娜", "Wang Fang"]
    assert (
        "Nobody has won yet"
        in (await get(client, cashier, f"/desk/draws/{(await hall(state='frozen')).draw}/hand-over")).text
    )


async def test_the_files_for_hand_over_and_payroll(client: Browser, cashier: SignedIn) -> None:
    there = await closed(winners=3, value=123_450)
    redis = client.app.state.process.redis
    await actions.claim(redis, there.codes[1], by=cashier.id, now=now(), new_id=new_id)
    await db.rows("UPDATE member SET name = '=cmd|evil' WHERE id = $1", there.workers[1])
    today = client.app.state.process.today().isoformat()
    number = (await queries.win(there.wins[1])).staff_number  # type: ignore[union-attr]
    path = f"/desk/draws/{there.draw}"

    sheet = await get(client, cashier, f"{path}/payroll/csv?language=en")
    assert sheet.headers["content-disposition"] == f'attachment; filename="{there.slug}-payroll.csv"'
    read = read_rows(sheet.content, "payroll.csv")
    assert read.rows[0] == ("Staff number", "Winner", "Unit", "Prize", "Value", "Handed over on", "Tax note")
    assert [row[:2] + row[3:] for row in read.rows[1:]] == [(number, "=cmd|evil", "Cup", "1234.50", today)]
    assert b"'=cmd|evil" in sheet.content

    book = await get(client, cashier, f"{path}/payroll/xlsx?language=zh-Hans")
    cells = list(load_workbook(BytesIO(book.content)).active.iter_rows())
    assert [cell.value for cell in cells[0]][:5] == ["工号", "中奖人", "单位", "奖品", "价值"]
    assert Decimal(str(cells[1][4].value)) == Decimal("1234.50")
    assert cells[1][4].number_format == "0.00"
    assert cells[1][1].data_type == "s"

    listed = read_rows((await get(client, cashier, f"{path}/hand-over/xlsx?language=both")).content, "list.xlsx")
    assert listed.rows[0][0] == "No. / 序号"
    assert [row[0] for row in listed.rows[1:]] == ["1", "2", "3"]
    assert (await get(client, cashier, f"{path}/hand-over/csv")).status_code == 200
    for wrong in ("payroll/pdf", "hand-over/exe"):
        assert (await get(client, cashier, f"{path}/{wrong}")).status_code == 404
    assert (await get(client, cashier, f"/desk/draws/{uuid4()}/payroll/csv")).status_code == 404


async def test_pictures_and_signatures_that_are_not_there(client: Browser, cashier: SignedIn) -> None:
    there = await closed()
    for name in ("picture", "signature"):
        assert (await get(client, cashier, f"/desk/wins/{there.wins[0]}/{name}")).status_code == 404
        assert (await get(client, cashier, f"/desk/wins/{uuid4()}/{name}")).status_code == 404
    await db.rows("UPDATE prize SET picture = $2 WHERE id = $1", there.prizes["cup"], b"\xff\xd8picture")
    answer = await get(client, cashier, f"/desk/wins/{there.wins[0]}/picture")
    assert (answer.content, answer.headers["content-type"]) == (b"\xff\xd8picture", "image/jpeg")
    assert f"/desk/wins/{there.wins[0]}/picture" in (await get(client, cashier, f"/desk/claims/{there.wins[0]}")).text


async def test_tickets_are_printed_with_the_numbers_of_the_list(client: Browser, cashier: SignedIn) -> None:
    there = await hall(state="frozen", workers=6, tickets=800, shown="number")
    path = f"/desk/draws/{there.draw}/tickets"
    total = sum(800 + line for line in range(6))
    page = (await get(client, cashier, path)).text
    assert "4,815 tickets" in page
    assert re.findall(r"print\?from=(\d+)", page) == ["0", "2000", "4000"]
    found = []
    for start in (0, 2000, 4000):
        printed = (await get(client, cashier, f"{path}/print?from={start}")).text
        numbers = [int(number) for number in re.findall(r'class="barrel-number">(\d+)<', printed)]
        assert len(numbers) == min(2000, total - start)
        assert printed.count('class="barrel-sheet"') == -(-len(numbers) // 24)
        assert printed.rstrip().endswith("</html>")
        found += numbers
    assert found == list(range(total))
    entrants = await queries.guests(there.draw)
    assert printed.count(entrants[5].staff_number) == 805
    assert "李娜" not in printed
    looked_up = (await get(client, cashier, f"{path}?number=1600")).text
    assert entrants[1].name in looked_up
    assert "Line 1, tickets 800 to 1,600" in looked_up
    assert "There is no ticket 4,815." in (await get(client, cashier, f"{path}?number=4815")).text
    for odd in ("?number=-1", "?number=x", "/print?from=x", "/print?from=99999999999"):
        assert (await get(client, cashier, f"{path}{odd}")).status_code == 400, odd
    assert "barrel-ticket" not in (await get(client, cashier, f"{path}/print?from=5000")).text


async def test_struck_tickets_do_not_go_into_the_drum(client: Browser, cashier: SignedIn) -> None:
    there = await hall(state="frozen", tickets=2)
    await db.rows(
        "INSERT INTO void_line (id, draw, line, reason, added_by, added_at) VALUES ($1, $2, 1, 'left', $3, $4)",
        uuid4(),
        there.draw,
        there.organiser,
        now(),
    )
    path = f"/desk/draws/{there.draw}/tickets"
    printed = (await get(client, cashier, f"{path}/print")).text
    numbers = [int(number) for number in re.findall(r'class="barrel-number">(\d+)<', printed)]
    assert numbers == [0, 1, *range(5, 27)]
    assert "Not printed, because their line was struck off: 2 to 4." in printed
    assert "This line was struck off the list" in (await get(client, cashier, f"{path}?number=3")).text
    assert (
        "No tickets yet" in (await get(client, cashier, f"/desk/draws/{(await hall(state='draft')).draw}/tickets")).text
    )


async def test_codes_are_guessed_a_few_times_only(client: Browser, cashier: SignedIn) -> None:
    there = await closed()
    policy = {"key": str(cashier.id), "capacity": 20, "refill_per_second": 1 / 30}
    soon = int((now() + timedelta(seconds=20)).timestamp() * 1000)
    await client.app.state.process.limits.take("claim.code", cost=20, now_ms=soon, **policy)
    for path in (f"/desk/claims/{there.codes[0]}", f"/desk/claims/{uuid4()}"):
        assert (await get(client, cashier, path)).status_code == 429


async def test_a_used_code_is_a_red_page_with_who_and_when_and_no_success(client: Browser, sign_in: SignIn) -> None:
    cashier, other = await sign_in("organiser", name="Zhao Min"), await sign_in("organiser", name="Sun Li")
    there = await closed()
    path = f"/desk/claims/{there.codes[0]}"
    done = await post(client, cashier, f"{path}/hand-over", who="winner")
    assert "claim-used" not in (await get(client, cashier, done.headers["location"])).text
    for who, address in ((cashier, path), (other, path), (other, done.headers["location"])):
        page = (await get(client, who, address)).text
        main = page.partition('<main class="claim-used"')[2]
        assert re.search("Zhao Min handed “(Cup|奖杯)” to 李娜\\.", main), page
        when = re.sub("<[^>]+>", "", main.partition('"claim-used-when">')[2].partition("</p>")[0])
        assert re.fullmatch(r"\w{3} \d{1,2}, \d{4} at \d\d:\d\d", when)
        assert "notice-good" not in page
        assert "left-bar" not in page
    for typed in (there.codes[0], f"http://testserver.local{path}"):
        found = await post(client, other, "/desk/claims", code=typed)
        assert "claim-used" in (await get(client, other, found.headers["location"])).text


@pytest.mark.usefixtures("guarded")
async def test_the_same_press_come_twice_is_no_used_code(client: Browser, sign_in: SignIn) -> None:
    cashier, other = await sign_in("organiser", name="Zhao Min"), await sign_in("organiser", name="Sun Li")
    there = await closed()
    path = f"/desk/claims/{there.codes[0]}"
    await post(client, cashier, f"{path}/hand-over", who="winner")
    again = await post(client, cashier, f"{path}/hand-over", who="winner")
    assert again.headers["location"] == f"{path}?said=claim.pressed_twice"
    page = (await get(client, cashier, again.headers["location"])).text
    assert "the prize was handed over once" in page
    assert "claim-used" not in page
    assert (await post(client, other, f"{path}/hand-over", who="winner")).status_code == 409
    assert [line.code for line in await queries.history(there.draw)] == ["claim.handed_over"]


async def test_a_second_person_takes_a_hand_over_back_and_a_third_gives_anew(client: Browser, sign_in: SignIn) -> None:
    cashier, other = await sign_in("organiser", name="Zhao Min"), await sign_in("organiser", name="Sun Li")
    there = await closed()
    path = f"/desk/claims/{there.codes[0]}"
    await post(client, cashier, f"{path}/hand-over", who="winner", signature=DRAWN)
    assert f'action="{path}/undo"' not in (await get(client, cashier, path)).text
    assert f'action="{path}/undo"' in (await get(client, other, path)).text
    for who, why, words in (
        (cashier, "wrong person", "Somebody else has to take that back"),
        (other, " ", "Say why"),
        (other, "w" * 301, "Say why"),
    ):
        answer = await post(client, who, f"{path}/undo", why=why)
        assert answer.status_code == 422
        assert words in answer.text
    assert await state(there.wins[0]) == "claimed"
    done = await post(client, other, f"{path}/undo", why="wrong person")
    assert done.headers["location"] == f"{path}?said=claim.said_undone"
    assert await state(there.wins[0]) == "drawn"
    again = await post(client, other, f"{path}/undo", why="wrong person")
    assert again.status_code == 422
    assert "nothing to take back" in again.text
    refused = await post(client, other, f"{path}/hand-over", who="winner")
    assert refused.status_code == 409
    assert "You took back how this prize was handed over" in refused.text
    assert (await post(client, cashier, f"{path}/hand-over", who="winner")).status_code == 303
    line = (await queries.history(there.draw))[1]
    assert (line.code, line.why, line.who) == ("claim.undone", "wrong person", "Sun Li")


async def test_a_link_is_not_enough_to_take_a_hand_over_back(client: Browser, sign_in: SignIn) -> None:
    cashier, other = await sign_in("organiser", name="Zhao Min"), await sign_in("organiser", name="Sun Li")
    there = await closed()
    path = f"/desk/claims/{there.codes[0]}"
    await post(client, cashier, f"{path}/hand-over", who="winner")
    process = client.app.state.process
    session = await process.sessions.start(
        other.id, name="Sun Li", roles=("organiser",), language="en", unit="", device="test", version=0, way="link"
    )
    headers = {"cookie": f"laurel_session={session}", "x-csrftoken": process.gate.token_for(session)}
    answer = await client.post(f"{path}/undo", headers=headers, data={"why": "wrong person"})
    assert answer.status_code == 403
    assert await state(there.wins[0]) == "claimed"
