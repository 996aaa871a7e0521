"""The find field of the desk: what it finds, for whom, and at what cost."""

import re
from urllib.parse import quote
from uuid import UUID

import pytest

from rewards import database as db
from rewards.members.actions import make_keys
from server.runtime.clock import now
from server.web.draws.finding import WRONG_CODES
from server.web.frame.finding import MOST_TEXT, SHOWN
from server.web.nouns import LISTING
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member
from tests.server.web.counting import counting
from tests.server.web.world import build


async def find(client: Browser, who: SignedIn, text: str, *, typing: bool = False) -> str:
    headers = {**who.headers, **({"hx-request": "true"} if typing else {})}
    answer = await client.get(f"/desk/find?q={quote(text)}", headers=headers)
    assert answer.status_code == 200
    return answer.text


def addresses(page: str) -> list[str]:
    """Where the found things of a page or of what drops lead to, but for lists."""
    main = page.partition("<main")[2] or page
    return [one for one in re.findall(r'href="(/desk/[^"]+)"', main) if one.count("/") > 2]


@pytest.mark.parametrize("typed", ["李娜", "李", "娜", "lina", "li na", "LN", "Li-Na", "sx-0042", "0042", "sx0"])
@pytest.mark.parametrize("typing", [True, False], ids=["while typing", "as a page"])
async def test_a_member_is_found_by_name_pinyin_initials_and_number(
    client: Browser, sign_in: SignIn, typed: str, typing: bool
) -> None:
    who = await sign_in("auditor", name="Audit", number="A1")
    found = await add_member("李娜", "SX-0042")
    await add_member("王伟", "Q7")
    await make_keys()
    page = await find(client, who, typed, typing=typing)
    assert addresses(page) == [f"/desk/members/{found}"]
    assert ("<html" in page) is not typing


async def test_quizzes_rooms_draws_funds_screens_and_codes_are_found(client: Browser, sign_in: SignIn) -> None:
    await build(client)
    who = await sign_in("admin", name="Ada", number="ADA")
    facts = await db.row(
        "SELECT (SELECT id FROM quiz LIMIT 1) AS quiz, (SELECT title FROM quiz LIMIT 1) AS quiz_title,"
        " room.id AS room, room.code FROM room ORDER BY created_at DESC LIMIT 1"
    )
    draw = await db.row("SELECT id, title, slug, number FROM draw WHERE rehearses IS NULL ORDER BY number LIMIT 1")
    fund = await db.row("SELECT id, name FROM fund LIMIT 1")
    screen = await db.row("SELECT id, name FROM screen LIMIT 1")
    win = await db.row("SELECT claim_code FROM win LIMIT 1")
    assert facts is not None
    assert draw is not None
    assert fund is not None
    assert screen is not None
    assert win is not None
    for text, address in (
        (facts["quiz_title"].upper(), f"/desk/quizzes/{facts['quiz']}"),
        (facts["code"].upper(), f"/desk/rooms/{facts['room']}"),
        (draw["title"].lower(), f"/desk/draws/{draw['id']}"),
        (draw["slug"].removeprefix("draw-"), f"/desk/draws/{draw['id']}"),
        (str(draw["number"]), f"/desk/draws/{draw['id']}"),
        (fund["name"], f"/desk/funds/{fund['id']}"),
        (screen["name"], f"/desk/screens/{screen['id']}"),
        (win["claim_code"], f"/desk/claims/{win['claim_code']}"),
        (f"{win['claim_code'][:4]}-{win['claim_code'][4:]}".upper(), f"/desk/claims/{win['claim_code']}"),
    ):
        assert address in addresses(await find(client, who, text)), text


async def test_only_what_may_be_opened_is_looked_for(
    client: Browser, sign_in: SignIn, quiz: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every finder is asked with one statement, and none whose permission is not held."""
    who = await sign_in("auditor", name="Audit", number="A1")
    with counting(monkeypatch) as asked:
        assert f"/desk/quizzes/{quiz}" in addresses(await find(client, who, "safety"))
    assert len(asked.statements) == len(LISTING.finders) - 1  # eight signs would be a claim code
    monkeypatch.setitem(LISTING.permissions, "quizzes.read", "governs")  # type: ignore[arg-type]
    with counting(monkeypatch) as asked:
        assert addresses(await find(client, who, "safety")) == []
    assert len(asked.statements) == len(LISTING.finders) - 2


async def test_a_group_shows_a_few_and_leads_to_the_list_of_the_rest(
    client: Browser, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await sign_in("organiser", name="Zoe", number="Z1")
    for index in range(SHOWN):
        await add_member(f"李娜{index}", f"P{index}")
    await make_keys()
    few = await find(client, who, "lina")
    assert len(addresses(few)) == SHOWN
    assert "5 found" in few
    assert "/desk/members?text=lina" not in few
    await add_member("李娜", "P99")
    await make_keys()
    for page in (await find(client, who, "lina"), await find(client, who, "lina", typing=True)):
        assert len(addresses(page)) == SHOWN
        assert "5 found, and there are more" in page
        assert 'href="/desk/members?text=lina&amp;standing=all"' in page
    with counting(monkeypatch) as asked:
        await find(client, who, "lina")
    assert len(asked.statements) == len(LISTING.finders) - 1
    shown = (await client.get("/desk/members?text=lina&standing=all", headers=who.headers)).text
    assert f"{SHOWN + 1} members" in shown


async def test_who_is_named_whole_comes_first_and_who_has_left_last(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser", name="Zoe", number="Z1")
    longer = await add_member("李娜琳", "P1")
    left = await add_member("李娜", "P2", left=now().date())
    whole = await add_member("李娜", "P3")
    await make_keys()
    assert addresses(await find(client, who, "李娜")) == [f"/desk/members/{one}" for one in (whole, longer, left)]


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "%", "_", "%%", "\\", "'", "''", "':*", "a & b | !c", "<->", "<b>", "' OR 1=1 --"),
        *("\x00", "a\x00b", "\ud800", "\u202eevil", "x" * 5000, "李" * 300),
    ],
)
async def test_whatever_is_typed_is_harmless_and_finds_nothing(client: Browser, sign_in: SignIn, text: str) -> None:
    who = await sign_in("organiser", name="Zoe", number="Z1")
    await add_member("王伟", "Q7")
    await make_keys()
    typed = quote(text.encode("utf-8", "surrogatepass"))
    for headers in (who.headers, {**who.headers, "hx-request": "true"}):
        answer = await client.get(f"/desk/find?q={typed}", headers=headers)
        assert answer.status_code == 200
        assert addresses(answer.text) == []
        assert "x" * (MOST_TEXT + 1) not in answer.text
        assert "<b>" not in answer.text
        listed = await client.get(f"/desk/members?text={quote(text[:90], errors='replace')}", headers=headers)
        assert listed.status_code in (200, 400)


async def test_claim_codes_are_not_to_be_guessed(client: Browser, sign_in: SignIn) -> None:
    await build(client)
    who, other = await sign_in("admin", name="Ada", number="ADA"), await sign_in("admin", name="Bo", number="BO")
    code = (await db.value("SELECT claim_code FROM win LIMIT 1")) or ""
    for number in range(WRONG_CODES.capacity):
        assert f"/desk/claims/{code}" in addresses(await find(client, who, code))
        await find(client, who, f"wrong{number:03}")
    assert addresses(await find(client, who, code)) == []
    assert f"/desk/claims/{code}" in addresses(await find(client, other, code))


async def test_without_a_text_the_page_says_what_can_be_found(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    assert "What are you looking for?" in await find(client, who, "")
    nothing = await find(client, who, "zzzz")
    assert "Nothing fits" in nothing
    assert 'value="zzzz"' in nothing
