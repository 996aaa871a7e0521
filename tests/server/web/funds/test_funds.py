"""The desk's funds and its prize policy, as pages without scripts."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from rewards import database as db
from rewards.audit.queries import latest
from rewards.draws.policy import Policy
from rewards.draws.queries.policy import policy
from rewards.funds import actions, queries
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.conftest import Browser, SignedIn, SignIn

UNKNOWN = "0192d3a4-0000-7000-8000-000000000000"


@pytest.fixture
async def organiser(sign_in: SignIn) -> SignedIn:
    return await sign_in("organiser", name="Wang Fang")


@pytest.fixture
async def budget(client: Browser) -> UUID:
    return await actions.open_fund("Autumn budget", "money", 100_000, actor=None, now=now(), new_id=new_id)


def once_in(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def figures(fund: UUID) -> tuple[int, int]:
    found = await queries.fund(fund)
    assert found is not None
    return found.given, found.free


async def test_without_funds_the_page_says_what_to_do(client: Browser, organiser: SignedIn) -> None:
    page = (await client.get("/desk/funds", headers=organiser.headers)).text
    assert "No fund yet" in page
    assert page.count('action="/desk/funds"') == 2


async def test_funds_are_counted_and_exported(client: Browser, organiser: SignedIn, budget: UUID) -> None:
    await actions.open_fund("Mugs", "item", 20, 1_250, actor=None, now=now(), new_id=new_id)
    assert "2 funds" in (await client.get("/desk/funds", headers=organiser.headers)).text
    sheet = (await client.get("/desk/funds/export/csv", headers=organiser.headers)).text
    assert sheet.splitlines()[1:] == [
        "Autumn budget,Budget,1000.00,0.00,0.00,1000.00,",
        "Mugs,Goods,20,0,0,20,12.50",
    ]
    answer = await client.get("/desk/funds/export/xlsx", headers={**organiser.headers, "accept-language": "zh-CN"})
    assert answer.content.startswith(b"PK")


@pytest.mark.parametrize(
    ("given", "stands"),
    [
        ({"kind": "money", "name": "Autumn", "amount": "１２，０００．５"}, ("money", 0, 1_200_050)),
        ({"kind": "item", "name": "Mugs", "amount": "20", "value": "¥12.5"}, ("item", 1_250, 20)),
        ({"kind": "item", "name": "Mugs", "amount": "20", "value": ""}, ("item", 0, 20)),
    ],
)
async def test_a_fund_is_opened(
    client: Browser, organiser: SignedIn, given: dict[str, str], stands: tuple[str, int, int]
) -> None:
    answer = await client.post("/desk/funds", headers=organiser.headers, data=given)
    (made,) = await queries.funds()
    assert (made.kind, made.value, made.free) == stands
    assert answer.status_code == 303
    page = (await client.get(answer.headers["location"], headers=organiser.headers)).text
    assert f"The fund “{given['name']}” was opened." in page
    assert made.shown(made.free) in page
    assert made.shown(made.free) in (await client.get("/desk/funds", headers=organiser.headers)).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "money", "name": "Autumn", "amount": "lots"}, "Give an amount such as 1200 or 1200.50."),
        ({"kind": "money", "name": "Autumn", "amount": "9999999999"}, "at most 1,000,000,000.00."),
        ({"kind": "money", "name": " ", "amount": "5"}, "Give the fund a name of 1 to 100 characters."),
        ({"kind": "money", "name": "autumn BUDGET", "amount": "5"}, "There is a fund called “autumn BUDGET” already."),
        ({"kind": "item", "name": "Mugs", "amount": "2.5"}, "Give a whole number of pieces."),
        ({"kind": "item", "name": "Mugs", "amount": "2", "value": "x"}, "Give an amount such as 1200 or 1200.50."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    client: Browser, organiser: SignedIn, budget: UUID, given: dict[str, str], said: str
) -> None:
    answer = await client.post("/desk/funds", headers=organiser.headers, data=given)
    assert answer.status_code == 400
    assert answer.text.count("field-error") == 1
    assert said in answer.text
    for typed in given.values():
        assert f'value="{typed.strip()}"' in answer.text
    assert len(await queries.funds()) == 1


async def test_an_unknown_kind_or_fund_is_refused(client: Browser, organiser: SignedIn) -> None:
    form = {"kind": "gold", "name": "Autumn", "amount": "5"}
    assert (await client.post("/desk/funds", headers=organiser.headers, data=form)).status_code == 400
    for method in ("GET", "POST"):
        assert (await client.request(method, f"/desk/funds/{UNKNOWN}", headers=organiser.headers)).status_code == 404


async def test_a_form_sent_twice_counts_once(client: Browser, organiser: SignedIn, budget: UUID) -> None:
    here = f"/desk/funds/{budget}"
    form = {"way": "in", "amount": "5.00", "why": "a gift"}
    form["once"] = once_in((await client.get(here, headers=organiser.headers)).text)
    for _ in range(2):
        assert (await client.post(here, headers=organiser.headers, data=form)).status_code == 303
    assert await figures(budget) == (100_500, 100_500)
    again = await client.post(here, headers=organiser.headers, data={**form, "amount": "6.00"})
    assert again.status_code == 400
    assert "This form was sent before with another amount." in again.text
    assert once_in(again.text) != form["once"]
    (line,) = await latest(1)
    assert (line.code, line.why, line.actor) == ("fund.topped_up", "a gift", organiser.id)


async def test_only_what_is_free_is_taken_out(client: Browser, organiser: SignedIn, budget: UUID) -> None:
    async with db.transaction():
        await actions.hold(f"draw:{UNKNOWN}", {budget: 99_999}, "held", actor=None, now=now(), new_id=new_id)
    here = f"/desk/funds/{budget}"
    for amount, why, said in (
        ("0.02", "typing error", "“Autumn budget” has 0.01 free, and 0.02 is wanted."),
        ("0", "typing error", "Give at least 0.01 and at most 1,000,000,000.00."),
        ("0.01", "", "Say why, so that others can follow it."),
    ):
        form = {"way": "out", "amount": amount, "why": why, "once": str(new_id())}
        answer = await client.post(here, headers=organiser.headers, data=form)
        assert answer.status_code == 400
        assert said in answer.text
        assert re.search(r'value="out" checked', answer.text)
    form = {"way": "out", "amount": "0.01", "why": "typing error", "once": str(new_id())}
    answer = await client.post(here, headers=organiser.headers, data=form)
    assert "Taken out: 0.01." in (await client.get(answer.headers["location"], headers=organiser.headers)).text
    assert await figures(budget) == (99_999, 0)


async def test_movements_are_paged_and_lead_to_their_draw(
    client: Browser, organiser: SignedIn, season: UUID, budget: UUID
) -> None:
    draw, said = new_id(), {"actor": organiser.id, "now": now(), "new_id": new_id}
    await db.rows(
        "INSERT INTO draw (id, slug, title, season, created_by, created_at)"
        " VALUES ($1, 'draw-1', 'Spring <draw>', $2, $3, now())",
        draw,
        season,
        organiser.id,
    )
    for number in range(60):
        async with db.transaction():
            await actions.hold(f"draw:{draw}", {budget: 100}, f"held:{number}", note=f"part {number:02}", **said)
    first = (await client.get(f"/desk/funds/{budget}", headers=organiser.headers)).text
    assert f'href="/desk/draws/{draw}">Spring &lt;draw&gt;</a>' in first
    assert "part 59" in first
    assert "part 09" not in first
    older = re.search(r'href="(/desk/funds/[^"]*before=\d+)"', first)
    assert older is not None
    second = (await client.get(older[1], headers=organiser.headers)).text
    assert "part 09" in second
    assert "Wang Fang" in second
    assert (await client.get(f"/desk/funds/{budget}?before=x", headers=organiser.headers)).status_code == 400


async def test_who_only_reads_finds_nothing_to_press(client: Browser, sign_in: SignIn, budget: UUID) -> None:
    for role in ("auditor", "reviewer"):
        who = await sign_in(role)
        for path in ("/desk/funds", f"/desk/funds/{budget}", "/desk/draws/policy"):
            answer = await client.get(path, headers=who.headers)
            assert answer.status_code == 200
            assert 'method="post"' not in answer.text.partition("<main")[2]
        form = {"way": "in", "amount": "5", "why": "x", "once": str(new_id())}
        for path in ("/desk/funds", f"/desk/funds/{budget}", "/desk/draws/policy"):
            assert (await client.post(path, headers=who.headers, data=form)).status_code == 403
    assert await figures(budget) == (100_000, 100_000)


async def test_the_policy_is_set_by_an_administrator(client: Browser, sign_in: SignIn, organiser: SignedIn) -> None:
    admin = await sign_in("admin")
    form: dict[str, Any] = {
        "mode": "block",
        "share": "６６．７ %",
        "value_event": "800",
        "value_year": "",
        "why": "Guideline of the city union",
    }
    assert (await client.post("/desk/draws/policy", headers=organiser.headers, data=form)).status_code == 403
    answer = await client.post("/desk/draws/policy", headers=admin.headers, data=form)
    assert answer.status_code == 303
    assert await policy() == Policy("block", 667, 80_000, 0)
    page = (await client.get(answer.headers["location"], headers=admin.headers)).text
    assert "The prize policy was changed." in page
    assert 'value="66.7"' in page
    assert 'value="800.00"' in page
    page = (await client.get("/desk/draws/policy", headers=organiser.headers)).text
    assert "66.7 %" in page
    assert "Stopped: such a draw is not frozen" in page
    assert "no limit" in page


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("share", "120", "Give a percentage from 0 to 100"),
        ("value_event", "lots", "Give an amount such as 1200 or 1200.50."),
        ("value_year", "9999999999", "at most 1,000,000,000.00."),
        ("why", "", "Say which guideline or decision this comes from."),
    ],
)
async def test_a_wrong_policy_is_said_beside_its_field(
    client: Browser, sign_in: SignIn, field: str, typed: str, said: str
) -> None:
    form = {"mode": "warn", "share": "50", "value_event": "1", "value_year": "2", "why": "x", field: typed}
    answer = await client.post("/desk/draws/policy", headers=(await sign_in("admin")).headers, data=form)
    assert answer.status_code == 400
    assert answer.text.count("field-error") == 1
    assert said in answer.text
    assert re.search(r'value="warn" checked', answer.text)
    assert await policy() == Policy()


async def test_the_audit_trail_shows_what_was_done(client: Browser, sign_in: SignIn, budget: UUID) -> None:
    admin = await sign_in("admin")
    form = {"mode": "warn", "share": "50", "why": "decided in May"}
    await client.post("/desk/draws/policy", headers=admin.headers, data=form)
    page = (await client.get("/desk/audit", headers=admin.headers)).text
    assert f'<a href="/desk/funds/{budget}">Autumn budget</a>' in page
    assert "Prize policy changed" in page
    assert "decided in May" in page
    for area, seen in (("fund", "Fund opened"), ("policy", "Prize policy changed")):
        assert seen in (await client.get(f"/desk/audit?area={area}", headers=admin.headers)).text


async def test_in_chinese_too(client: Browser, organiser: SignedIn, budget: UUID) -> None:
    await db.rows("UPDATE member SET language = 'zh-Hans' WHERE id = $1", organiser.id)
    process = client.app.state.process
    session = await process.sessions.start(
        organiser.id, name="王芳", roles=("organiser",), language="zh-Hans", unit="", device="test", version=0
    )
    headers = {"cookie": f"laurel_session={session}"}
    for path, seen in (
        ("/desk/funds", "经费与物资"),
        (f"/desk/funds/{budget}", "收支明细"),
        ("/desk/draws/policy", "奖品标准"),
    ):
        assert seen in (await client.get(path, headers=headers)).text


async def test_a_fund_is_not_moved_by_the_clock(client: Browser, organiser: SignedIn, budget: UUID) -> None:
    """Movements stand in the order in which they came about, whatever the clock said."""
    for back in range(3):
        said = {"actor": organiser.id, "now": now() - timedelta(hours=back), "new_id": new_id}
        await actions.top_up(budget, 100, f"step {back}", key=f"k{back}", **said)
    lines = await queries.movements(budget, 3)
    assert [line.note for line in lines] == ["step 2", "step 1", "step 0"]
