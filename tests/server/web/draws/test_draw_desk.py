"""A draw at the desk: every step in its state, by HTTP alone, and what is refused beside its field."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from rewards import database as db
from rewards import presses
from rewards.draws import queries, rules, states
from rewards.draws.verify import verify_folder
from rewards.presses import APART
from server.runtime import clock
from server.runtime.kit_program import MARK, empty_kit, kit_hash
from server.web.draws import desk
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.draws.drawing import (
    DICE,
    Hall,
    drawn,
    frozen,
    hall,
    planned,
    prize,
    rolled,
    sealed,
    secret_of,
    work,
)

WAITS = "waits for the word of a second person."
"""So Today tells of a draw."""


@pytest.fixture
async def there(client: Browser, sign_in: SignIn, season: UUID) -> Hall:
    return await hall(client, sign_in, season)


async def state(draw: UUID) -> str:
    return str(await db.value("SELECT state FROM draw WHERE id = $1", draw))


async def page(there: Hall, draw: UUID, more: str = "") -> str:
    answer = await there.get(f"/desk/draws/{draw}{more}")
    assert answer.status_code == 200, answer.text
    return answer.text


def step(text: str, key: str) -> str:
    """The part of the page that is one step."""
    start = text.index(f'id="step-{key}"')
    return text[start : text.index("</details>\n</li>", start)]


def present(text: str) -> str:
    """The key of the step that is marked as the present one."""
    at = text.index('aria-current="step"')
    return text[text.rindex('id="step-', 0, at) + 9 : text.rindex('"', 0, text.rindex(" class=", 0, at) + 1)]


async def test_draws_are_searched_counted_exported_and_read_on(there: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "PAGE", 1)
    first, last = await planned(there), await planned(there)
    await db.rows("UPDATE draw SET title = 'Spring', state = 'freezing' WHERE id = $1", first)
    text = (await there.get("/desk/draws")).text
    assert "2 draws" in text
    assert f"/desk/draws/{last}" in text
    assert f"/desk/draws/{first}" not in text
    further = re.search(r'href="(/desk/draws\?before=\d+)"', text)
    assert further is not None
    text = (await there.get(further[1])).text
    assert f"/desk/draws/{first}" in text
    assert "Being frozen" in text
    assert 'href="/desk/draws"' in text.partition('class="pager"')[2]
    number = await db.value("SELECT number FROM draw WHERE id = $1", first)
    for asked in ("SPR", str(number)):
        text = (await there.get(f"/desk/draws?text={asked}")).text
        assert "1 draw<" in text
        assert f"/desk/draws/{first}" in text
    assert "No draw fits" in (await there.get("/desk/draws?text=zz")).text
    sheet = (await there.get("/desk/draws/export/csv")).text.splitlines()
    assert len(sheet) == 3
    assert "Spring" in sheet[2]
    assert "Being frozen" in sheet[2]
    assert len((await there.get("/desk/draws/export/csv?text=spr")).text.splitlines()) == 2


async def test_the_whole_draw_by_its_pages(there: Hall) -> None:
    draw = await planned(there)
    assert present(await page(there, draw)) == "custodians"
    await sealed(there, draw)
    assert present(await page(there, draw)) == "freeze"
    assert (await there.post(f"/desk/draws/{draw}/freeze")).status_code == 303
    assert await state(draw) == "freezing"
    assert "The list is being frozen" in step(await page(there, draw), "freeze")
    await work(there, draw)
    text = await page(there, draw)
    assert present(text) == "arm"
    assert "In a hall without network" in step(text, "arm")
    await rolled(there, draw)
    text = await page(there, draw)
    assert present(text) == "secrets"
    assert "3141" in step(text, "dice")
    labels = [
        one["label"] for one in await db.rows("SELECT label FROM custodian WHERE draw = $1 ORDER BY position", draw)
    ]
    for label in labels:
        answer = await there.post(f"/desk/draws/{draw}/reveal", {"secret": secret_of(label).hex()})
        assert answer.status_code == 303
    assert await state(draw) == "drawn"
    assert present(await page(there, draw)) == "winners"
    assert (await there.post(f"/desk/draws/{draw}/close")).status_code == 303
    text = await page(there, draw)
    assert present(text) == "claims"
    assert await db.value("SELECT result_signature FROM draw WHERE id = $1", draw)
    assert f'href="/desk/draws/{draw}/protocol"' in text


async def offline(draw: UUID, digits: str = DICE) -> str:
    """The log that a kit would save of this frozen draw."""
    found = await db.row("SELECT manifest, snapshot FROM draw WHERE id = $1", draw)
    assert found is not None
    data = bytes(found["manifest"])
    manifest, m = rules.parse_manifest(data), rules.manifest_hash(data)
    lines = rules.parse_snapshot(bytes(found["snapshot"]))
    reveals = tuple(rules.Reveal(label, secret_of(label)) for label in manifest.labels)
    sheet = rules.Sheet(m.hex(), digits=digits, reveals=reveals, closed=True)
    return rules.log_text(rules.compose(manifest, m, lines, sheet).lines)


async def place(
    there: Hall, draw: UUID, wish: str, who: SignedIn | None = None, slot: int = 0, attempt: int = 0
) -> str:
    """Decide about a place; the code that is said, or the words of the refusal's page."""
    sent = {"prize": "thermos", "slot": "0", "attempt": "0", "do": wish}
    answer = await there.post(f"/desk/draws/{draw}/places", sent, who)
    if answer.status_code == 303:
        return answer.headers["location"].partition("said=")[2].partition("#")[0]
    assert answer.status_code == 422
    return answer.text


async def test_a_guest_seals_by_the_desks_hand_and_a_freeze_waits_for_everybody(there: Hall) -> None:
    draw = await planned(there, **{"custodian-2-who": "Notary"})
    text = await page(there, draw)
    assert "Is not on the roster" in step(text, "custodians")
    early = await there.post(f"/desk/draws/{draw}/freeze")
    assert early.status_code == 422
    assert "have not sealed yet" in step(early.text, "freeze")
    wrong = await there.post(f"/desk/draws/{draw}/seal", {"label": "notary", "commitment": "12zz"})
    assert wrong.status_code == 422
    assert 'value="12zz"' in step(wrong.text, "custodians")
    right = await there.post(f"/desk/draws/{draw}/seal", {"label": "notary", "commitment": "ab " * 32})
    assert right.status_code == 303
    assert "ab" * 32 in await page(there, draw)


async def test_the_freeze_shows_how_far_it_is_and_ends_by_itself(there: Hall) -> None:
    draw = await planned(there)
    await sealed(there, draw)
    await there.post(f"/desk/draws/{draw}/freeze")
    await there.redis.set(f"draw:{draw}:progress", 42)
    shown = await there.get(f"/desk/draws/{draw}/now?watch=freeze&seen=x")
    assert 'value="42"' in shown.text
    await work(there, draw)
    done = await there.get(f"/desk/draws/{draw}/now?watch=freeze&seen=x")
    assert (done.status_code, done.headers["hx-redirect"]) == (204, f"/desk/draws/{draw}")
    moved = await there.get(f"/desk/draws/{draw}/now?seen=x")
    assert "The draw has moved on" in moved.text
    seen = re.search(r"now\?seen=([a-z]+-[0-9]+)", await page(there, draw))
    assert seen is not None
    assert (await there.get(f"/desk/draws/{draw}/now?seen={seen[1]}")).status_code == 204


async def test_dice_wait_for_the_end_of_objections(there: Hall) -> None:
    draw = await frozen(there, dispute_hours="24")
    text = await page(there, draw)
    assert present(text) == "dispute"
    assert "Possible from" in step(text, "arm")
    early = await there.post(f"/desk/draws/{draw}/arm")
    assert early.status_code == 422
    assert "Objections to the list may still come" in step(early.text, "arm")


async def test_a_line_is_struck_off_with_a_reason_and_put_back(there: Hall) -> None:
    draw = await frozen(there)
    unknown = await there.post(f"/desk/draws/{draw}/voids", {"staff_number": "C1", "reason": "left", "why": "x"})
    assert unknown.status_code == 422
    assert "is on the list of this draw" in step(unknown.text, "voids")
    bare = await there.post(f"/desk/draws/{draw}/voids", {"staff_number": "E3", "reason": "left", "why": ""})
    assert bare.status_code == 422
    for _ in range(2):
        sent = {"staff_number": "E3", "reason": "left", "why": "moved away"}
        assert (await there.post(f"/desk/draws/{draw}/voids", sent)).status_code == 303
    text = step(await page(there, draw), "voids")
    assert "Li Na 3" in text
    assert "moved away" in text
    line = re.search(r'name="line" value="([0-9]+)"', text)
    assert line is not None
    assert (await there.post(f"/desk/draws/{draw}/unvoid", {"line": line[1]})).status_code == 303
    assert "Nobody is struck off" in step(await page(there, draw), "voids")


async def test_dice_count_only_when_two_people_type_the_same(there: Hall) -> None:
    draw = await frozen(there)
    await there.post(f"/desk/draws/{draw}/arm")
    text = await page(there, draw)
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", step(text, "arm"))
    few = await there.post(f"/desk/draws/{draw}/dice", {"digits": "31415"})
    assert few.status_code == 422
    assert 'value="31415"' in step(few.text, "dice")
    blind = await there.post(f"/desk/draws/{draw}/roll", {"digits": DICE})
    assert "Nothing is typed yet" in blind.text
    assert (await there.post(f"/desk/draws/{draw}/dice", {"digits": "３１４１ 5926 5358 9793 2384"})).status_code == 303
    other = await there.post(f"/desk/draws/{draw}/roll", {"digits": DICE[::-1]})
    assert other.status_code == 422
    assert "not the digits that were typed first" in step(other.text, "dice")
    assert await state(draw) == "armed"
    assert (await there.post(f"/desk/draws/{draw}/dice", {"again": "1"})).status_code == 303
    await there.post(f"/desk/draws/{draw}/dice", {"digits": DICE})
    assert (await there.post(f"/desk/draws/{draw}/roll", {"digits": DICE}, there.second)).status_code == 303
    assert await state(draw) == "rolled"


async def test_a_mistyped_secret_names_its_row_and_comes_back(there: Hall) -> None:
    draw = await frozen(there)
    await rolled(there, draw)
    rows = rules.write_secret(secret_of("liu-yang")).splitlines()
    typed = "\n".join(rows).replace(rows[2], rows[2][:-2] + ("00" if rows[2][-2:] != "00" else "11"))
    wrong = await there.post(f"/desk/draws/{draw}/reveal", {"secret": typed})
    assert wrong.status_code == 422
    assert "Row 3" in step(wrong.text, "secrets")
    assert rows[0] in step(wrong.text, "secrets")
    turn = await there.post(f"/desk/draws/{draw}/reveal", {"secret": secret_of("chen-jing").hex()})
    assert "secret of chen-jing" in turn.text
    assert (await there.post(f"/desk/draws/{draw}/reveal", {"secret": "\n".join(rows)})).status_code == 303


async def test_an_absence_takes_two_people_and_can_be_taken_back(there: Hall) -> None:
    draw = await frozen(there)
    await drawn(there, draw)
    assert await place(there, draw, "call") == "draw.said_called"
    assert await place(there, draw, "absent") == "draw.said_absence_confirmed"
    assert "has confirmed: not there when called" in await page(there, draw)
    assert "A second person has to confirm" in await place(there, draw, "absent")
    assert WAITS in (await there.get("/desk", there.second)).text
    assert await place(there, draw, "undo") == "draw.said_absence_withdrawn"
    assert WAITS not in (await there.get("/desk", there.second)).text
    assert await place(there, draw, "declined") == "draw.said_absence_confirmed"
    early = await there.post(f"/desk/draws/{draw}/close")
    assert early.status_code == 422
    assert await place(there, draw, "declined", there.second) == "draw.said_absence_written"
    text = step(await page(there, draw), "winners")
    assert "declined the prize" in text
    assert "drawn again" in text
    assert "Somebody else has this place" in await place(there, draw, "call")
    assert (await there.post(f"/desk/draws/{draw}/close")).status_code == 303


async def test_a_countdown_runs_before_somebody_is_absent(there: Hall) -> None:
    draw = await frozen(there, call_seconds="60")
    await drawn(there, draw)
    assert "Call the winner first" in await place(there, draw, "absent")
    await place(there, draw, "call")
    assert 'data-total-ms="60000"' in await page(there, draw)
    assert "countdown is still running" in await place(there, draw, "absent")


async def test_rounds_and_fresh_dice_by_the_same_two_entries(there: Hall) -> None:
    draw = await frozen(
        there,
        round=["1", "2"],
        **{"round-1-name": "Small", "round-2-name": "Grand prize", "round-2-dice": "d10x4"},
        prize=["1", "2", "3"],
        **prize("1", round="1"),
        **prize("2", "Bicycle", "1", round="2", value="3000"),
        **prize("3", "Kettle", "1", round="2", present=""),
        fresh_from="1000",
    )
    await drawn(there, draw)
    text = await page(there, draw)
    assert "Next: Grand prize" in text
    assert present(text) == "winners"
    assert (await there.post(f"/desk/draws/{draw}/dice", {"digits": "12345"})).status_code == 422
    for path in ("dice", "roll"):
        assert (await there.post(f"/desk/draws/{draw}/{path}", {"digits": "1618"})).status_code == 303
    text = await page(there, draw, "?prize=bicycle")
    assert "Bicycle" in step(text, "winners")
    sent = {"prize": "bicycle", "slot": "0", "attempt": "0", "do": "absent"}
    assert (await there.post(f"/desk/draws/{draw}/places", {**sent, "do": "call"})).status_code == 303
    for who in (there.head, there.second):
        assert (await there.post(f"/desk/draws/{draw}/places", sent, who)).status_code == 303
    assert "Fresh dice for Bicycle, place 1" in await page(there, draw)
    for path in ("dice", "roll"):
        assert (await there.post(f"/desk/draws/{draw}/{path}", {"digits": "271828"})).status_code == 303
    assert "drawn again" in await page(there, draw, "?prize=bicycle")


async def test_a_round_without_dice_is_drawn_by_one_button(there: Hall) -> None:
    draw = await frozen(
        there,
        round=["1", "2"],
        **{"round-1-name": "Small", "round-2-name": "Large"},
        prize=["1", "2"],
        **prize("1", round="1"),
        **prize("2", "Bicycle", "1", round="2"),
    )
    await drawn(there, draw)
    code = await db.value("SELECT round FROM prize WHERE draw = $1 AND name = 'Bicycle'", draw)
    assert (await there.post(f"/desk/draws/{draw}/rounds", {"round": code})).status_code == 303
    assert "Bicycle" in step(await page(there, draw), "winners")


async def test_many_winners_are_shown_a_batch_at_a_time(there: Hall) -> None:
    draw = await frozen(there, **{"prize-1-quantity": "8", "prize-1-batch": "1"})
    await drawn(there, draw)
    for number in ("1", "99", "x", "²"):
        assert "Thermos" in await page(there, draw, f"?prize=thermos&batch={number}")
    assert "Thermos" in await page(there, draw, "?prize=nothing")


async def test_the_kit_carries_the_list_and_its_hash_is_shown(there: Hall) -> None:
    draw = await frozen(there)
    kit = await there.get(f"/desk/draws/{draw}/kit.html")
    assert kit.status_code == 200
    assert "attachment" in kit.headers["content-disposition"]
    assert "Li Na 1" in kit.text
    assert kit.headers["x-laurel-sha256"] == kit_hash(kit.content)
    assert kit_hash(kit.content) in (await there.get(f"/desk/draws/{draw}/kit-hash")).text
    draft = await planned(there, title="Later")
    assert (await there.get(f"/desk/draws/{draft}/kit.html")).status_code == 409


async def test_a_draw_keeps_the_program_it_was_frozen_with(there: Hall, tmp_path: Path) -> None:
    former = empty_kit().replace(b"<title>Laurel", b"<title>Laurel of last year")
    assert former != empty_kit()
    draw = await planned(there)
    await sealed(there, draw)
    await there.post(f"/desk/draws/{draw}/freeze")
    await work(there, draw, former)
    filled = (await there.get(f"/desk/draws/{draw}/kit.html")).content
    before, after = former.split(MARK)
    assert filled.startswith(before)
    assert filled.endswith(after)
    assert kit_hash(former) in (await there.get(f"/desk/draws/{draw}/programme")).text
    published = await queries.published(draw)
    assert published is not None
    assert published[1]["kit.html"] == former
    assert rules.parse_manifest(published[1]["manifest.json"]).kit == kit_hash(former)
    for name, data in published[1].items():
        (tmp_path / name).write_bytes(data)
    report = verify_folder(tmp_path)
    assert [one.ok for one in report.checks if one.name == "kit.hash"] == [True]
    assert all(one.ok for one in report.checks)


async def test_a_result_from_the_hall_is_weighed_taken_by_two_and_another_is_a_conflict(
    there: Hall, sign_in: SignIn
) -> None:
    draw = await frozen(there)
    address = f"/desk/draws/{draw}/transcripts"
    assert "Choose the log file" in (await there.post(address)).text
    broken = await there.post(address, {"log_text": "arm nothing", "witnesses": "Zhang San"})
    assert broken.status_code == 422
    assert "Zhang San" in broken.text
    log = await offline(draw)
    looked = await there.client.post(
        f"{address}?csrf={there.head.csrf}",
        headers={"cookie": there.head.cookie},
        data={"witnesses": "Zhang San\nLi Si"},
        files={"log": ("log.txt", log.encode())},
    )
    assert looked.status_code == 200
    assert "would count as the result" in looked.text
    assert await state(draw) == "frozen"
    taken = await there.post(address, {"log_text": log, "witnesses": "Zhang San\nLi Si", "take": "1"})
    assert taken.status_code == 303
    assert await state(draw) == "frozen"
    text = (await there.get(taken.headers["location"])).text
    assert "Somebody else has to say it too:" in text
    second = f"/draws/{await db.value('SELECT slug FROM draw WHERE id = $1', draw)}/second"
    (waits,) = await queries.waiting_logs(draw)
    assert WAITS in (await there.get("/desk")).text
    alone = await there.post(second, {"do": "log", "code": waits.code})
    assert alone.status_code == 422
    assert "A second person has to confirm" in alone.text
    auditor = await sign_in("auditor", name="Auditor", number="A1")
    assert waits.code not in (await there.get(second, auditor)).text
    wrong = await there.post(second, {"do": "log", "code": "0000-0000-0000"}, auditor)
    assert "No log with this code waits" in wrong.text
    said = await there.post(second, {"do": "log", "code": waits.code}, auditor)
    assert said.status_code == 303, said.text
    assert await state(draw) == "closed"
    text = await page(there, draw)
    assert "Zhang San, Li Si" in text
    assert present(text) == "claims"
    again = await there.post(address, {"log_text": log})
    assert "stands here already" in again.text
    other = await offline(draw, DICE[::-1])
    weighed = await there.post(address, {"log_text": other})
    assert "contradicts the one that stands" in weighed.text
    assert (await there.post(address, {"log_text": other, "take": "1"})).status_code == 303
    assert "Conflict:" in await page(there, draw)


async def test_a_rehearsal_is_marked_and_goes_through_with_secrets_of_the_servers_own(there: Hall) -> None:
    draw = await frozen(there)
    made = await there.post(f"/desk/draws/{draw}/rehearsals")
    assert made.status_code == 303
    rehearsal = UUID(made.headers["location"].partition("?")[0].rpartition("/")[2])
    await work(there, rehearsal)
    await rolled(there, rehearsal)
    for _ in range(2):
        answer = await there.post(f"/desk/draws/{rehearsal}/reveal", {"secret": ""})
        assert answer.status_code == 303, answer.text
    text = await page(there, rehearsal)
    assert "This is a rehearsal." in text
    assert present(text) == "winners"
    text = await page(there, draw)
    assert f"/desk/draws/{rehearsal}" in text
    foreign = await there.post(
        f"/desk/draws/{draw}/transcripts",
        {"log_text": await db.value("SELECT log FROM draw WHERE id = $1", rehearsal)},
    )
    assert foreign.status_code == 422
    assert "rehearsal" in foreign.text
    again = await there.post(f"/desk/draws/{rehearsal}/rehearsals")
    assert again.status_code == 422


async def test_a_draw_is_called_off_with_a_reason(there: Hall) -> None:
    draw = await frozen(there)
    bare = await there.post(f"/desk/draws/{draw}/cancel", {"why": " "})
    assert bare.status_code == 422
    assert (await there.post(f"/desk/draws/{draw}/cancel", {"why": "the hall is closed"})).status_code == 303
    text = await page(there, draw)
    assert "the hall is closed" in text
    assert "is-stopped" in text


async def test_whose_winners_are_known_is_called_off_by_two_and_everybody_reads_who_and_why(
    there: Hall, sign_in: SignIn
) -> None:
    draw = await frozen(there)
    await rolled(there, draw)
    for one in await queries.custodians(draw):
        await there.post(f"/desk/draws/{draw}/reveal", {"secret": secret_of(one.label).hex()})
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    second = f"/draws/{slug}/second"
    asked = await there.post(f"/desk/draws/{draw}/cancel", {"why": "the hall is flooded"})
    assert "waits for a second person" in (await there.get(asked.headers["location"])).text
    again = await there.post(f"/desk/draws/{draw}/cancel", {"why": "the hall is flooded"})
    assert again.status_code == 422
    assert (await there.post(second, {"do": "off"})).status_code == 422
    assert await state(draw) == "drawn"
    assert WAITS in (await there.get("/desk", there.second)).text
    assert (await there.post(second, {"do": "keep"}, there.second)).status_code == 303
    assert WAITS not in (await there.get("/desk", there.second)).text
    assert (await there.post(second, {"do": "off"}, there.second)).status_code == 422
    await there.post(f"/desk/draws/{draw}/cancel", {"why": "the hall is flooded"})
    won = await db.rows("SELECT member.name FROM win JOIN member ON member.id = win.member WHERE draw = $1", draw)
    auditor = await sign_in("auditor", name="Auditor", number="A1")
    assert (await there.post(second, {"do": "off"}, auditor)).status_code == 303
    assert await state(draw) == "cancelled"
    public = (await there.client.get(f"/draws/{slug}")).text
    assert "Winners were known when it was called off" in public
    assert "the hall is flooded" in public
    assert won
    for one in won:
        assert states.masked(one["name"]) in public
        assert one["name"] not in public


async def test_why_and_heads_by_unit_before_and_after_the_freeze(there: Hall) -> None:
    draw = await planned(there, part=["1"], **{"part-1-kind": "points", "part-1-used": "1", "part-1-least": "100"})
    text = await page(there, draw, "/why?staff_number=C1")
    assert "Keeps a secret of this draw" in text
    assert "Points in the season: 0. Needed: 100." in text
    assert "Show it to the representatives" in text
    await sealed(there, draw)
    await there.post(f"/desk/draws/{draw}/freeze")
    await work(there, draw)
    assert "Not on the frozen list" in await page(there, draw, "/why?staff_number=E0")
    assert "Nobody on the roster" in await page(there, draw, "/why?staff_number=E99")


async def test_an_auditor_sees_everything_and_can_press_nothing(there: Hall, sign_in: SignIn) -> None:
    draw = await frozen(there)
    auditor = await sign_in("auditor", name="Auditor", number="A1")
    text = (await there.get(f"/desk/draws/{draw}", auditor)).text
    assert "Arm the draw" not in text
    assert "Download the kit</span>" not in text
    assert (await there.post(f"/desk/draws/{draw}/arm", who=auditor)).status_code == 403
    assert (await there.get(f"/desk/draws/{draw}/kit.html", auditor)).status_code == 403


@pytest.mark.parametrize("path", ["arm", "close", "dice", "roll", "reveal", "beacon", "rounds", "unvoid"])
async def test_a_step_out_of_its_turn_is_refused_on_the_page(there: Hall, path: str) -> None:
    draw = await planned(there)
    answer = await there.post(f"/desk/draws/{draw}/{path}", {"line": "0", "digits": "1"})
    assert answer.status_code == 422
    assert "the draw has moved on" in answer.text
    gone = await there.post(f"/desk/draws/{UUID(int=5)}/{path}", {"line": "0", "digits": "1"})
    assert gone.status_code == 404


async def test_a_round_a_call_and_a_word_are_made_by_one_press_each(
    there: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two quick presses lies on the button that has come in its place."""
    draw = await frozen(
        there,
        round=["1", "2", "3"],
        **{f"round-{n}-name": f"Round {n}" for n in "123"},
        prize=["1", "2", "3"],
        **prize("1", round="1"),
        **prize("2", "Bicycle", "1", round="2"),
        **prize("3", "Kettle", "1", round="3"),
        call_seconds="0",
    )
    await drawn(there, draw)
    codes = [row["round"] for row in await db.rows("SELECT round FROM prize WHERE draw = $1 ORDER BY position", draw)]
    real, gone = clock.now, timedelta(0)
    monkeypatch.setattr(clock, "now", lambda: real() + gone)
    monkeypatch.setattr(presses, "APART", APART)

    async def press(path: str, given: dict[str, str], who: SignedIn | None = None) -> bool:
        answer = await there.post(f"/desk/draws/{draw}/{path}", given, who)
        assert answer.status_code == 303, answer.text
        return "pressed_twice" not in answer.headers["location"]

    assert not await press("rounds", {"round": codes[1]})
    gone += APART
    assert await press("rounds", {"round": codes[1]})
    assert not await press("rounds", {"round": codes[2]})
    assert not await press("rounds", {"round": codes[2]}, there.second)
    assert await db.value("SELECT count(*) FROM win JOIN prize ON prize.id = win.prize WHERE name = 'Kettle'") == 0
    gone += APART
    at = {"prize": "bicycle", "slot": "0", "attempt": "0"}
    assert await press("places", {**at, "do": "call"})
    assert not await press("places", {**at, "do": "absent"})
    gone += APART
    assert await press("places", {**at, "do": "absent"})
    assert not await press("places", {**at, "do": "undo"})
    assert await db.value("SELECT count(*) FROM absence_confirmation") == 1
    # Somebody else has waited for just this.
    assert await press("places", {**at, "do": "absent"}, there.second)
    assert await db.value("SELECT state FROM win JOIN prize ON prize.id = win.prize WHERE name = 'Bicycle'") == "absent"


async def test_a_season_stays_while_a_draft_refers_to_it(there: Hall, sign_in: SignIn) -> None:
    """Nothing was posted or played in it."""
    admin, coming = await sign_in("admin"), uuid4()
    await db.rows(
        "INSERT INTO season (id, name, starts_on, ends_on) VALUES ($1, 'Next', '2099-01-01', '2099-02-01')", coming
    )
    draw = await planned(there, season=str(coming))
    refused = await there.post(f"/desk/seasons/{coming}/remove", who=admin)
    assert refused.status_code == 409
    assert "Something was posted, played or planned in this season, so it stays." in refused.text
    assert await db.value("SELECT name FROM season WHERE id = $1", coming) == "Next"
    assert await db.value("SELECT true FROM audit_entry WHERE code = 'season.removed'") is None
    assert "Next" in await page(there, draw)
