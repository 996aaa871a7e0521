"""The form of a draw: what it makes, what is wrong with it, and that nothing typed is ever lost."""

import io
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rewards import database as db
from rewards.draws import queries
from rewards.draws.actions.policing import set_policy
from rewards.draws.eligibility import MOST_POINTS, Counted, JoinedBefore, NotWinner, Points, Roles, Units
from rewards.draws.policy import Policy
from rewards.funds import actions as funds
from rewards.members.actions import make_keys
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.draws.plan import draft as draw_draft
from server.web.frame.listing import Listing
from server.web.frame.noun import Noun
from server.web.nouns import LISTING, NOUNS
from tests.rewards.ledger.world import HOURS, declare
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.draws.drawing import Hall, form, hall, planned, prize


@pytest.fixture
async def there(client: Browser, sign_in: SignIn, season: UUID) -> Hall:
    return await hall(client, sign_in, season)


def part(key: str, kind: str, /, **values: Any) -> dict[str, Any]:
    """The fields of a condition that is ticked. `within`: the key of its class."""
    named = {"kind": kind, "used": "1", "in": values.pop("within", ""), **values}
    return {f"part-{key}-{name}": value for name, value in named.items()}


def picture() -> bytes:
    packed = io.BytesIO()
    Image.new("RGB", (900, 600), "gold").save(packed, "PNG")
    return packed.getvalue()


async def test_a_beginner_fills_in_a_title_a_prize_and_two_custodians(there: Hall) -> None:
    draw = await planned(there)
    terms = await queries.terms_of(draw)
    assert terms is not None
    assert (terms.title, terms.rule.parts, terms.rule.per, terms.rule.cap) == ("Autumn draw", (), 50, 20)
    assert [(one.name, one.quantity, one.present) for one in terms.prizes] == [("Thermos", 2, True)]
    assert [(one.label, one.name, one.member) for one in terms.custodians] == [
        ("liu-yang", "Liu Yang", there.keepers[0]),
        ("chen-jing", "Chen Jing", there.keepers[1]),
    ]


async def test_everything_that_a_form_can_say_comes_back_as_it_was(there: Hall, quiz: UUID) -> None:
    money = await funds.open_fund("Union", "money", 500_000, actor=there.head.id, now=now(), new_id=new_id)
    given = form(
        there,
        part=[str(n) for n in range(1, 10)],
        **part("1", "points", least="1,000", since="2026-09-01", until="2026-09-30"),
        **part("2", "quiz-count", least="３", since="2026-09-01", until="2026-09-30"),
        **part("3", "units", units=[str(there.unit)]),
        **part("4", "attended", least="1"),
        **part("5", "quiz-best", about=str(quiz), least="80"),
        **part("6", "joined_before", day="2026-01-01"),
        **part("7", "roles", roles=["reviewer"]),
        **part("8", "not_winner", since=""),
        **part("9", "quiz-best", within="1", least="50"),
        **{"class": ["1"], "class-1-name": "Volunteers"},
        round=["1", "2"],
        **{"round-1-name": "Small", "round-2-name": "Grand prize", "round-2-dice": "d10x6"},
        prize=["1", "2"],
        **prize("1", "保温杯", "12", batch="6", alternates="3", sponsor="Office", round="1", group="1"),
        **prize("2", "Bicycle", "1", value="2,999.50", round="2", units="Workshop 1", budget=str(money)),
        out=["1"],
        **{"out-1-who": "E1", "out-1-why": "Runs the laptop"},
        custodian=["1", "2", "3"],
        **{"custodian-3-who": "公证员 周"},
        unit_cap="3",
        presence="1",
        fresh_from="1000",
        freeze_at="2027-01-02T09:00",
        beacon_at="2027-01-05T18:00",
        witnesses="Zhang San\n\nLi Si",
        shown_names="full",
        venue="d6x26",
    )
    draw = await planned(there, **given)
    terms = await queries.terms_of(draw)
    assert terms is not None
    assert [one.kind for one in terms.rule.parts] == [
        "points", "counted", "units", "attended", "counted", "joined_before", "roles", "not_winner",
    ]  # fmt: skip
    points, taken, units, _, passed, joined, roles, never = terms.rule.parts
    assert points == Points(1000, date(2026, 9, 1), date(2026, 9, 30))
    assert taken == Counted("quiz", "count", 3, date(2026, 9, 1), date(2026, 9, 30))
    assert units == Units(frozenset({there.unit}))
    best = Counted("quiz", "best", 80, measure="percent", about=quiz, name="Safety")
    assert (passed, joined) == (best, JoinedBefore(date(2026, 1, 1)))
    assert (roles, never) == (Roles(frozenset({"reviewer"})), NotWinner(None))
    assert [(one.code, one.name, one.parts) for one in terms.rule.classes] == [
        ("volunteers", "Volunteers", (Counted("quiz", "best", 50, measure="percent"),))
    ]
    assert [(one.name, one.dice) for one in terms.rounds] == [("Small", ""), ("Grand prize", "d10x6")]
    cup, bicycle = terms.prizes
    assert (cup.code, cup.quantity, cup.batch, cup.alternates, cup.group) == ("prize-1", 12, 6, 3, "volunteers")
    assert (bicycle.value, bicycle.redraw, bicycle.units) == (299950, "d10x6", frozenset({there.unit}))
    assert bicycle.budget == money
    assert bicycle.round == terms.rounds[1].code
    assert [one.why for one in terms.exclusions] == ["Runs the laptop"]
    assert [(one.label, one.member is None) for one in terms.custodians][2] == ("custodian-3", True)
    assert (terms.unit_cap, terms.presence, terms.witnesses) == (3, True, ("Zhang San", "Li Si"))

    page = (await there.get(f"/desk/draws/{draw}/edit")).text
    again = dict(fields(page))
    answer = await there.post(f"/desk/draws/{draw}/edit", again)
    assert answer.status_code == 303, answer.text
    assert await queries.terms_of(draw) == terms


async def test_what_a_new_game_declares_is_offered_read_and_counted(there: Hall) -> None:
    state = there.client.app.state
    state.listing = Listing((*NOUNS, Noun(name="volunteering", earnings=(HOURS,))))
    await declare(*state.listing.earnings)
    assert "<b>Hours served</b>" in (await there.get("/desk/draws/new")).text
    given = form(there, part=["1"], **part("1", "hours-sum", least="4:30", since="2026-09-01", until="2026-09-30"))
    page = (await there.post("/desk/draws/preview", {**given, "ask": "E0"})).text
    assert "Hours served from 2026-09-01 to 2026-09-30: at least 4:30." in page
    assert "with too little in that time of: Hours served" in page
    assert "Hours served from 2026-09-01 to 2026-09-30: 0:00. Needed: 4:30." in page
    draw = await planned(there, **given)
    terms = await queries.terms_of(draw)
    assert terms is not None
    assert terms.rule.parts == (Counted("hours", "sum", 270, date(2026, 9, 1), date(2026, 9, 30), measure="minutes"),)
    again = fields((await there.get(f"/desk/draws/{draw}/edit")).text)
    assert again["part-1-least"] == ["4:30"]
    state.listing = Listing(NOUNS)
    gone = await there.get(f"/desk/draws/{draw}/edit")
    assert "<b>Something that is no longer earned here</b>" in gone.text
    answer = await there.post(f"/desk/draws/{draw}/edit", fields(gone.text))
    assert answer.status_code == 422
    assert "A condition counts something that is no longer earned here" in answer.text


CONTROL = re.compile(r"<input([^>]*)>|<textarea([^>]*)>\n?([^<]*)</textarea>|<select([^>]*)>(.*?)</select>", re.DOTALL)


def fields(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form on a page."""
    start = page.index('id="draw-form"')
    inside = page[start : page.index("</form>", start)]
    found: dict[str, list[str]] = {}

    def keep(name: str, value: str) -> None:
        plain = value.replace("&#34;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&#39;", "'")
        found.setdefault(name, []).append(plain)

    for tag in CONTROL.finditer(inside):
        attributes = tag[1] or tag[2] or tag[4] or ""
        given = dict(re.findall(r' ([a-z-]+)="([^"]*)"', attributes))
        if "name" not in given or given.get("type") == "file":
            continue
        if given.get("type") == "checkbox" and " checked" not in attributes:
            continue
        if tag[4] is not None:
            options = re.findall(r'<option value="([^"]*)"( selected)?', tag[5])
            first = options[0][0] if options else ""
            keep(given["name"], next((option for option, selected in options if selected), first))
        else:
            keep(given["name"], tag[3] if tag[2] is not None else given.get("value", ""))
    return found


FLAWS = {
    "title": {"title": " "},
    "season": {"season": "x"},
    "per": {"per": "many"},
    "cap": {"cap": "0"},
    "unit_cap": {"unit_cap": "0"},
    "call_seconds": {"call_seconds": "3601"},
    "dispute_hours": {"dispute_hours": "-1"},
    "claim_days": {"claim_days": "x"},
    "shown_names": {"shown_names": "secretly"},
    "venue": {"venue": "d20x1"},
    "freeze_at": {"freeze_at": "soon"},
    "beacon_at": {"beacon_at": "2026-13-01T00:00"},
    "fresh_from": {"fresh_from": "1.234"},
    "fresh_dice": {"fresh_from": "5", "fresh_dice": "coin"},
    "witnesses": {"witnesses": "\n".join(f"W{n}" for n in range(51))},
    "part-1-least": {"part": ["1"], **part("1", "points", least="0")},
    "part-1-until": {"part": ["1"], **part("1", "points", least="1", since="2026-09-02", until="2026-09-01")},
    "part-1-since": {"part": ["1"], **part("1", "points", least="1", until="2026-09-01")},
    "part-1-about": {"part": ["1"], **part("1", "quiz-best", about=str(UUID(int=1)), least="60")},
    "part-1-used": {"part": ["1"], **part("1", "bygone-sum")},
    "part-1-day": {"part": ["1"], **part("1", "joined_before", day="")},
    "part-1-units": {"part": ["1"], **part("1", "units")},
    "part-1-roles": {"part": ["1"], **part("1", "roles", roles=["organiser"])},
    "part-2-least": {"part": ["2"], **part("2", "quiz-best", least="101")},
    "prize-1-name": {"prize-1-name": ""},
    "prize-1-quantity": {"prize-1-quantity": "zwei"},
    "prize-1-value": {"prize-1-value": "cheap"},
    "prize-1-batch": {"prize-1-batch": "151"},
    "prize-1-alternates": {"prize-1-alternates": "2", "prize-1-redraw": "d10x4"},
    "prize-1-redraw": {"prize-1-redraw": "d4x4"},
    "prize-1-sponsor": {"prize-1-sponsor": "x" * 201},
    "prize-1-units": {"prize-1-units": "Workshop 9"},
    "round-1-name": {"round": ["1", "2"], "round-1-name": "Empty", "round-2-name": "Full", "prize-1-round": "2"},
    "round-1-dice": {"round": ["1"], "round-1-name": "One", "round-1-dice": "coin"},
    "custodian-1-who": {"custodian-1-who": "C9"},
    "custodian-2-who": {"custodian-2-who": "C1"},
    "out-1-who": {"out": ["1"], "out-1-who": "E99", "out-1-why": "x"},
    "out-1-why": {"out": ["1"], "out-1-who": "E1", "out-1-why": ""},
    "class-1-name": {"class": ["1", "2"], "class-1-code": "a", "class-2-name": "B"},
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_every_mistake_stands_beside_its_field_and_loses_nothing(there: Hall, language: str) -> None:
    cookies = {**there.head.headers, "cookie": f"{there.head.cookie}; laurel_language={language}"}
    for field, flawed in FLAWS.items():
        sent = form(there, **{"witnesses": "Zhang San", "prize-1-sponsor": "Harbour", **flawed})
        if field == "prize-1-name":
            sent["prize-1-value"] = "5"
        answer = await there.client.post("/desk/draws", headers=cookies, data=sent)
        assert answer.status_code == 422, (field, answer.status_code)
        page = answer.text
        assert f'href="#field-{field}"' in page, (field, re.findall(r'href="#field-([^"]*)"', page))
        assert f'id="field-{field}-error"' in page or f"part-1-{field[7:]}" in field or 'class="field-error"' in page
        kept = fields(page)
        for name, value in sent.items():
            if name in ("season", "shown_names") or name.endswith(("about", "units", "roles", "round")):
                continue
            wanted = [value.strip() if isinstance(value, str) else value] if not isinstance(value, list) else value
            assert [one.strip() for one in kept.get(name, [])][: len(wanted)] == wanted, (field, name)
    assert await db.value("SELECT count(*) FROM draw") == 0


async def test_names_find_people_and_namesakes_are_asked_about(there: Hall) -> None:
    await db.rows(
        "INSERT INTO member (id, staff_number, name, roles, created_at) VALUES"
        " (gen_random_uuid(), 'X1', 'Twin', '{}', now()), (gen_random_uuid(), 'X2', 'Twin', '{}', now())"
    )
    await make_keys()
    answer = await there.post("/desk/draws", form(there, **{"custodian-1-who": "Twin"}))
    assert answer.status_code == 422
    assert "Give the staff number" in answer.text
    draw = await planned(there, **{"custodian-1-who": "Liu Yang"})
    terms = await queries.terms_of(draw)
    assert terms is not None
    assert terms.custodians[0].member == there.keepers[0]
    found = await there.get("/desk/draws/people?text=li")
    assert '<option value="C1">Liu Yang</option>' in found.text
    assert (await there.get("/desk/draws/people?text=")).text.strip() == ""


async def test_a_prize_for_each_of_some_units_becomes_one_prize_a_unit(there: Hall) -> None:
    other = new_id()
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, NULL, 'Office', 'Office')", other)
    draw = await planned(there, **{"prize-1-units": "Workshop 1；Office", "prize-1-each": "1"})
    terms = await queries.terms_of(draw)
    assert terms is not None
    assert [(one.name, one.quantity, one.units) for one in terms.prizes] == [
        ("Thermos", 2, frozenset({other})),
        ("Thermos", 2, frozenset({there.unit})),
    ]


async def test_the_preview_says_who_is_in_in_both_languages_and_why_not(there: Hall) -> None:
    await set_policy(Policy("warn", 100), actor=there.head.id, now=now(), why="guideline")
    sent = form(there, part=["1"], **part("1", "points", least="100"), ask="E0")
    page = (await there.post("/desk/draws/preview", sent)).text
    assert "Points needed in the season: at least 100." in page
    assert "赛季" in page
    assert "Workshop 1" in page
    assert "with too few points" in page
    assert "Points in the season: 30. Needed: 100." in page
    assert "people would win" in page
    assert "the chance of a prize is about" in page
    keeper = (await there.post("/desk/draws/preview", {**sent, "ask": "C1"})).text
    assert "Keeps a secret of this draw" in keeper
    assert "Points in the season: 0. Needed: 100." in keeper
    nobody = (await there.post("/desk/draws/preview", {**sent, "ask": "E99"})).text
    assert "Nobody on the roster has the staff number E99." in nobody


async def test_a_preview_counts_although_other_fields_are_wrong(there: Hall) -> None:
    page = (await there.post("/desk/draws/preview", form(there, **{"title": "", "prize-1-quantity": "x"}))).text
    assert "people" in page
    assert "at least one" in page
    wrong = {**there.head.headers, "hx-request": "true"}
    answer = await there.client.post("/desk/draws/preview", headers=wrong, data=form(there, per="x"))
    assert answer.status_code == 200
    assert "Correct what is marked" in answer.text


async def test_without_scripts_the_form_grows_shrinks_and_turns_by_its_buttons(there: Hall) -> None:
    async def press(wish: str, sent: dict[str, Any]) -> dict[str, list[str]]:
        answer = await there.post("/desk/draws/form", {**sent, "do": wish})
        assert answer.status_code == 200
        return fields(answer.text)

    kept = await press("add:prize", form(there))
    assert kept["prize"] == ["1", "2"]
    kept["prize-2-name"] = ["Bicycle"]
    kept = await press("up:prize:2", kept)
    assert kept["prize"] == ["2", "1"]
    kept = await press("drop:prize:1", kept)
    assert (kept["prize"], kept["prize-2-name"]) == (["2"], ["Bicycle"])
    kept = await press("add:custodian", kept)
    assert kept["custodian"] == ["1", "2", "3"]
    kept = await press("add:round", kept)
    kept = await press("add:class", kept)
    assert (kept["round"], kept["class"]) == (["1"], ["1"])
    kinds = [kept[f"part-{key}-kind"][0] for key in kept["part"]]
    assert sorted(kinds) == sorted(draw_draft.kinds(LISTING.earnings) * 2)
    for nonsense in ("", "add:", "up:prize:99", "drop:nothing:1", "add:part:nothing:"):
        assert (await press(nonsense, kept))["prize"] == ["2"]


async def test_a_picture_waits_for_its_form_and_goes_into_the_draw(there: Hall) -> None:
    csrf = there.head.csrf
    sent = await there.client.post(
        "/desk/draws/pictures", headers=there.head.headers, files={"picture": ("cup.png", picture())}
    )
    given = sent.json()
    shown = await there.get(given["address"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert (await there.get(given["address"], there.second)).status_code == 404
    draw = await planned(there, **{"prize-1-picture": given["kept"]})
    assert (await there.get(f"/desk/draws/{draw}/prizes/thermos/picture")).status_code == 200
    page = (await there.get(f"/desk/draws/{draw}/edit")).text
    assert f"/desk/draws/{draw}/prizes/thermos/picture" in page
    assert (await there.post(f"/desk/draws/{draw}/edit", fields(page))).status_code == 303
    assert (await there.get(f"/desk/draws/{draw}/prizes/thermos/picture")).status_code == 200
    bare = {**fields((await there.get(f"/desk/draws/{draw}/edit")).text), "prize-1-picture": ""}
    assert (await there.post(f"/desk/draws/{draw}/edit", bare)).status_code == 303
    assert (await there.get(f"/desk/draws/{draw}/prizes/thermos/picture")).status_code == 404
    plain = await there.client.post(
        f"/desk/draws/form?csrf={csrf}",
        headers={"cookie": there.head.cookie},
        data={**form(there), "do": "picture:prize:1"},
        files={"prize-1-file": ("cup.png", picture())},
    )
    assert plain.status_code == 200
    assert fields(plain.text)["prize-1-picture"][0]
    broken = await there.client.post(
        "/desk/draws/pictures", headers=there.head.headers, files={"picture": ("cup.png", b"no picture")}
    )
    assert "error" in broken.json()


async def test_a_form_that_somebody_else_overtook_says_so(there: Hall) -> None:
    draw = await planned(there)
    kept = fields((await there.get(f"/desk/draws/{draw}/edit")).text)
    assert (await there.post(f"/desk/draws/{draw}/edit", {**kept, "title": "First"})).status_code == 303
    answer = await there.post(f"/desk/draws/{draw}/edit", {**kept, "title": "Second"})
    assert answer.status_code == 422
    assert "Somebody else has changed this draw" in answer.text
    assert fields(answer.text)["title"] == ["Second"]


@given(st.integers(0, MOST_POINTS))
def test_amounts_are_read_as_they_are_shown(hundredths: int) -> None:
    shown = draw_draft.amount_text(hundredths)
    assert draw_draft.parts_of_hundred(shown or "0", MOST_POINTS) == hundredths


@given(st.text(max_size=60), st.sets(st.text("abc-1", min_size=1, max_size=5)))
def test_a_label_is_made_of_any_name(name: str, taken: set[str]) -> None:
    label = draw_draft.label_of(name, 3, taken)
    assert re.fullmatch("[a-z0-9-]{1,32}", label)
    assert label not in taken
    code = draw_draft.code_of(name, "prize-", taken)
    assert re.fullmatch("[a-z0-9-]{1,32}", code)
    assert code not in taken


@given(st.text(max_size=30))
def test_whatever_is_typed_as_a_number_is_read_or_not(text: str) -> None:
    found = draw_draft.whole(text, 0, 10)
    assert found is None or 0 <= found <= 10
    amount = draw_draft.parts_of_hundred(text, 10)
    assert amount is None or 0 <= amount <= 10


def test_a_moment_that_was_not_touched_keeps_its_seconds() -> None:
    stored = now().replace(microsecond=123, second=5)
    shown = draw_draft.moment_of(draw_draft.moment_text(stored, stored.tzinfo), stored.tzinfo)  # type: ignore[arg-type]
    assert draw_draft.untouched(shown, stored) == stored
    assert draw_draft.untouched(stored + timedelta(minutes=1), stored) == stored + timedelta(minutes=1)
