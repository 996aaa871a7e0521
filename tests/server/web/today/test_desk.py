"""Today, boards, screens, settings and the audit trail."""

import re
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from games.quizzes import actions, queries
from rewards.boards import actions as boards
from rewards.boards.rules import COMPLETE, COPY, Copy
from rewards.checkpoints.actions import keep
from rewards.database import row, rows, transaction, value
from rewards.ledger import queries as ledger
from rewards.ledger.actions import Award, award
from rewards.outbox.actions import intend
from server.runtime import clock, timekeeping
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.screens import actions as screen_actions
from server.web.screens import queries as screen_queries
from server.web.today import desk as today
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.undoing import undo, undoing
from workers.main import SIGN

# Today


async def test_an_empty_house_says_what_to_do_first(client: Browser, sign_in: SignIn) -> None:
    admin, organiser = await sign_in("admin"), await sign_in("organiser")
    page = (await client.get("/desk", headers=admin.headers)).text
    assert "Getting started" in page
    assert 'href="/desk/seasons"' in page
    assert "No room is open." in page
    assert "An administrator opens one" in (await client.get("/desk", headers=organiser.headers)).text


async def test_today_shows_what_runs_and_what_comes(
    client: Browser, sign_in: SignIn, room: UUID, quiz: UUID, season: UUID
) -> None:
    who = await sign_in("organiser")
    later = await actions.open_room(
        quiz,
        host=who.id,
        season=season,
        code="hjkmn",
        now=now(),
        new_id=new_id,
        opens_at=now() + timedelta(hours=2),
    )
    page = (await client.get("/desk", headers=who.headers)).text
    assert "Autumn" in page
    assert f'class="button button-primary button-big" href="/desk/rooms/{room}"' in page
    assert f'<a href="/desk/rooms/{later}">Safety</a>' in page


async def test_health_says_what_is_wrong_in_words(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("auditor")
    redis = client.app.state.process.redis

    async def health() -> str:
        return (await client.get("/desk/health", headers=who.headers)).text

    assert "There is no backup yet." in await health()
    await keep("backup", (now() - timedelta(hours=3)).isoformat())
    assert re.search("The last backup was made and proved <time [^>]*>3 hours ago</time>\\.", await health())
    assert "<code>laurel backup</code>" not in await health()
    await keep("backup", (now() - timedelta(days=8)).isoformat())
    assert "<code>laurel backup</code>" in await health()
    assert "No worker has been seen" in await health()
    assert "there is no report yet" in await health()
    await redis.set(today.WORKER, "")
    await redis.set("laurel:drift", msgspec.json.encode({"at": now(), "differences": 0}))
    assert "A worker is at work." in await health()
    assert "Boards and ledger agree." in await health()
    await redis.set("laurel:drift", msgspec.json.encode({"at": now(), "differences": 2}))
    assert "2 places on the boards differ from the ledger." in await health()
    found = {"at": now(), "differences": 3, "boards": ["season:x"]}
    await redis.set("laurel:drift:night", msgspec.json.encode(found))
    assert "3 places on the boards differ from the ledger." in await health()
    assert "<code>laurel board rebuild season:x</code>" in await health()
    runs = await sign_in("organiser")
    shown = (await client.get("/desk/health", headers=runs.headers)).text
    assert 'action="/desk/boards/rebuild"' in shown
    assert "laurel board rebuild" not in shown
    done = await client.post("/desk/boards/rebuild", headers=runs.headers)
    assert (done.status_code, done.headers["location"].split("?")[0]) == (303, "/desk/health")
    assert "being made again" in (await client.get("/desk/health", headers=runs.headers)).text
    await redis.delete("laurel:drift:night")
    await redis.set("laurel:drift", b"nonsense")
    assert "there is no report yet" in await health()
    async with transaction():
        await intend("post_room", "x", due_at=now() - timedelta(minutes=3), now=now(), new_id=new_id())
    assert "1 piece of work has been waiting since" in await health()
    made = await screen_actions.add_screen("Canteen", actor=None, now=now(), new_id=new_id)
    assert "0 of 1 screens have been seen" in await health()
    await screen_actions.note_seen([made], now())
    assert "1 screen is on." in await health()


async def test_health_tells_of_a_loss_until_somebody_has_read_it(
    client: Browser, sign_in: SignIn, season: UUID
) -> None:
    looks_on, runs = await sign_in("auditor"), await sign_in("organiser")
    redis = client.app.state.process.redis
    await redis.set(SIGN, "")

    async def health(who: object, dot: str = "") -> str:
        return (await client.get(f"/desk/health{dot}", headers=who.headers)).text  # type: ignore[attr-defined]

    assert "All is well" in await health(runs, "?dot=1")
    assert await boards.found_lost(None, "first", at=now(), new_id=new_id)
    assert await boards.found_lost("first", "second", at=now(), new_id=new_id)
    await redis.set(COPY, str(Copy("second", "run", 1)))
    assert "had lost what it held" in await health(looks_on)
    assert 'action="/desk/boards/loss"' not in await health(looks_on)
    assert 'action="/desk/boards/loss"' in await health(runs)
    assert "Until then nobody sees them" in await health(runs)
    assert "Needs a look" in await health(runs, "?dot=1")
    for page in ("/desk/boards", "/desk/boards?shows=units", "/boards", "/boards/week", "/boards/units"):
        shown = (await client.get(page, headers=runs.headers)).text
        assert "being made again" in shown, page
        assert "board-row" not in shown
    await redis.set(COMPLETE, "second")
    assert "being made again" not in (await client.get("/boards", headers=runs.headers)).text
    for _ in range(2):
        done = await client.post("/desk/boards/loss", headers=runs.headers)
        assert (done.status_code, done.headers["location"].split("?")[0]) == (303, "/desk/health")
    assert "had lost what it held" not in await health(runs)
    assert "All is well" in await health(runs, "?dot=1")


def test_the_worker_and_the_desk_mean_the_same_key() -> None:
    assert SIGN == today.WORKER


async def stepped(hours: int) -> None:
    """The machine's clock is so far ahead of Laurel's time, and that was told."""
    apart = hours * 3_600_000_000
    await rows("UPDATE clock SET base = base - $1, apart = $1, stepped_at = latest", apart)
    await timekeeping.look()


@pytest.mark.parametrize(
    ("hours", "told", "waits"),
    [
        (-1, "The machine's clock was set back at", "was set back. Somebody has to say which time is right."),
        (8, "The machine's clock was set ahead at", "was set ahead. Somebody has to say which time is right."),
    ],
)
async def test_a_clock_that_was_set_is_told_and_can_be_mended(
    client: Browser, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, hours: int, told: str, waits: str
) -> None:
    monkeypatch.setattr(timekeeping, "LOOK", 0.01)
    looks, governs = await sign_in("organiser"), await sign_in("admin")
    assert told not in (await client.get("/desk/health", headers=looks.headers)).text
    await stepped(hours)
    for who, may in ((looks, False), (governs, True)):
        page = (await client.get("/desk/health", headers=who.headers)).text
        assert told in page
        assert ('action="/desk/clock"' in page, "An administrator can do that" in page) == (may, not may)
        assert "Needs a look" in (await client.get("/desk/health?dot=1", headers=who.headers)).text
        assert waits in (await client.get("/desk", headers=who.headers)).text
    form = {"boot": await value("SELECT boot FROM clock"), "seconds": str(hours * 3600)}
    for sent, wrong in (
        ({"boot": "another", "seconds": "7"}, "has changed since"),
        (form | {"seconds": "x"}, "whole number"),
    ):
        answer = await client.post("/desk/clock", data=sent, headers=governs.headers)
        assert answer.status_code in (400, 409)
        assert wrong in answer.text
    done = await client.post("/desk/clock", data=form, headers=governs.headers)
    assert (done.status_code, done.headers["location"].split("?")[0]) == (303, "/desk/health")
    assert await value("SELECT count(*) FROM audit_entry WHERE code = 'clock.taken_over' AND actor = $1", governs.id)
    assert abs(clock.lead().total_seconds()) < 1
    assert told not in (await client.get("/desk/health", headers=governs.headers)).text


async def test_a_clock_is_not_taken_over_while_a_question_is_open(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("admin")
    await rows("UPDATE room SET state = 'question' WHERE id = $1", room)
    form = {"boot": await value("SELECT boot FROM clock"), "seconds": "3600"}
    answer = await client.post("/desk/clock", data=form, headers=who.headers)
    assert (answer.status_code, "A question is open in a room." in answer.text) == (409, True)


# Boards


async def test_boards_show_the_season_the_week_and_the_units(client: Browser, sign_in: SignIn, season: UUID) -> None:
    who, other = await sign_in("organiser", name="Li Na"), await sign_in(name="Wang Wei")
    day = client.app.state.process.today()
    unit, workshop = new_id(), new_id()
    await rows("INSERT INTO unit (id, name, path) VALUES ($1, 'Plant', 'Plant')", unit)
    await rows(
        "INSERT INTO unit (id, parent, name, path) VALUES ($1, $2, 'Workshop 2', 'Plant/Workshop 2')", workshop, unit
    )
    for member in (who.id, other.id):
        await rows(
            "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, $4)",
            new_id(),
            member,
            workshop,
            day,
        )
    async with transaction():
        await award(
            [Award("k1", who.id, 300), Award("k2", other.id, 700)],
            rule="quiz",
            season=season,
            day=day,
            at=now(),
            new_id=new_id,
        )
    redis = client.app.state.process.redis
    await boards.refresh_members(redis, season, [who.id, other.id], today=day)
    await boards.refresh_units(redis, season, today=day)
    for shows in ("season", "week"):
        page = (await client.get(f"/desk/boards?shows={shows}", headers=who.headers)).text
        assert page.index("Wang Wei") < page.rindex("Li Na")
        assert "700" in page
    page = (await client.get("/desk/boards?shows=units", headers=who.headers)).text
    assert "Workshop 2" in page
    assert "500.00" in page
    assert "100% (2)" in page
    nothing = (await client.get(f"/desk/boards?shows=units&unit={workshop}", headers=who.headers)).text
    assert "no unit with members below" in nothing


@pytest.mark.parametrize("query", ["shows=x", "season=x", "week=never", "from=999"])
async def test_boards_take_nonsense_for_the_nearest_thing(
    client: Browser, sign_in: SignIn, season: UUID, query: str
) -> None:
    who = await sign_in("reviewer")
    answer = await client.get(f"/desk/boards?{query}", headers=who.headers)
    assert answer.status_code == 200
    assert "Nobody is on this board yet" in answer.text


async def test_without_a_season_the_boards_say_so(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("reviewer")
    assert "No season yet" in (await client.get("/desk/boards", headers=who.headers)).text


# Screens


async def test_a_screen_is_set_up_pointed_and_withdrawn(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("organiser")
    made = await client.post("/desk/screens", headers=who.headers, data={"name": "  Canteen  "})
    path = made.headers["location"].partition("?")[0]
    page = (await client.get(path, headers=who.headers)).text
    link = re.search(r"http://testserver\.local/screen/[0-9a-f]{32}\.[0-9a-f]{32}", page)
    assert link is not None
    changed = await client.post(path, headers=who.headers, data={"name": "Hall", "shows": f"room:{room}"})
    assert changed.status_code == 303
    listed = (await client.get("/desk/screens", headers=who.headers)).text
    assert "Hall" in listed
    assert "Safety (bcdfg)" in listed
    wrong = await client.post(path, headers=who.headers, data={"shows": f"room:{UUID(int=1)}"})
    assert "Choose from the list" in wrong.text
    reader = await sign_in("auditor")
    assert link[0] not in (await client.get(path, headers=reader.headers)).text
    assert (await client.post(f"{path}/revoke", headers=who.headers)).status_code == 303
    assert (await client.post(f"{path}/revoke", headers=who.headers)).status_code == 410
    assert link[0] not in (await client.get(path, headers=who.headers)).text
    noted = await rows("SELECT code FROM audit_entry WHERE code LIKE 'screen.%' AND actor = $1 ORDER BY id", who.id)
    assert [one["code"] for one in noted] == ["screen.added", "screen.pointed", "screen.renamed", "screen.revoked"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
async def test_a_screen_without_a_fit_name_is_refused_beside_the_form(
    client: Browser, sign_in: SignIn, name: str
) -> None:
    who = await sign_in("organiser")
    answer = await client.post("/desk/screens", headers=who.headers, data={"name": name})
    assert answer.status_code == 400
    assert 'id="field-name-error"' in answer.text
    assert await screen_queries.screens() == []


# Settings


async def test_a_season_is_opened_and_wrong_ones_are_said_beside_the_form(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("admin")
    for given, words in (
        ({"name": "Spring", "starts_on": "2031-03-01", "ends_on": "2031-01-01"}, "cannot end before it starts"),
        ({"name": "Spring", "starts_on": "2031-03-01", "ends_on": "soon"}, "Please give a date"),
        ({"name": "Spring", "starts_on": "", "ends_on": ""}, "first and the last day"),
        ({"name": "", "starts_on": "2031-03-01", "ends_on": "2031-04-01"}, "a name of 1 to 100"),
        ({"name": "Spring", "starts_on": "2031-03-01", "ends_on": "2041-03-01"}, "at most 380 days"),
    ):
        answer = await client.post("/desk/seasons", headers=who.headers, data=given)
        assert answer.status_code == 400
        assert words in answer.text
        assert f'value="{given["name"]}"' in answer.text
    right = {"name": "Spring", "starts_on": "2031-03-01", "ends_on": "2031-05-31"}
    assert (await client.post("/desk/seasons", headers=who.headers, data=right)).status_code == 303
    again = await client.post("/desk/seasons", headers=who.headers, data=right)
    assert "Another season covers" in again.text
    assert [season.name for season in await ledger.seasons()] == ["Spring"]


async def test_a_season_is_corrected_and_its_notice_takes_it_back(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("admin")
    right = {"name": "Spring", "starts_on": "2031-03-01", "ends_on": "2031-05-31"}
    made = await client.post("/desk/seasons", headers=who.headers, data=right)
    address = made.headers["location"].partition("?")[0]
    wrong = await client.post(address, headers=who.headers, data={**right, "ends_on": "2031-02-01"})
    assert wrong.status_code == 400
    assert "cannot end before it starts" in wrong.text
    assert 'value="2031-02-01"' in wrong.text
    changed = await client.post(address, headers=who.headers, data={**right, "name": "Sping", "ends_on": "2031-06-30"})
    page = (await client.get(changed.headers["location"], headers=who.headers)).text
    assert "Season corrected: Member 1" in page
    form = re.search(r'class="notice-undo" method="post" action="([^"]+)">(.*?)</form>', page)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    del fields["csrf"]
    assert (form[1], {**right, "undoes": fields["undoes"]}) == (address, fields)
    assert (await client.post(form[1], headers=who.headers, data=fields)).status_code == 303
    (season,) = await ledger.seasons()
    assert (season.name, season.ends_on.isoformat()) == ("Spring", "2031-05-31")


async def test_an_opened_season_is_taken_back_until_something_hangs_on_it(
    client: Browser, sign_in: SignIn, quiz: UUID
) -> None:
    who, day = await sign_in("admin"), client.app.state.process.today().isoformat()
    form = {"name": "Sping", "starts_on": day, "ends_on": day}
    made = await client.post("/desk/seasons", headers=who.headers, data=form)
    at = await undo(client, who, made.headers["location"])
    assert "The season “Sping” was removed." in (await client.get(at, headers=who.headers)).text
    assert await ledger.seasons() == []
    assert await value("SELECT count(*) FROM audit_entry WHERE code = 'season.removed' AND actor = $1", who.id) == 1
    used = await client.post("/desk/seasons", headers=who.headers, data=form)
    address, fields = await undoing(client, who, used.headers["location"])
    await client.post("/desk/rooms", headers=who.headers, data={"quiz": str(quiz)})
    refused = await client.post(address, headers=who.headers, data=fields)
    assert refused.status_code == 409
    assert "so it stays" in refused.text
    assert [season.name for season in await ledger.seasons()] == ["Sping"]


async def test_an_added_screen_is_taken_back_from_its_notice(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    made = await client.post("/desk/screens", headers=who.headers, data={"name": "Hall"})
    at = await undo(client, who, made.headers["location"])
    assert "The screen was removed." in (await client.get(at, headers=who.headers)).text
    assert await screen_queries.screens() == []
    assert await value("SELECT count(*) FROM audit_entry WHERE code = 'screen.removed' AND actor = $1", who.id) == 1


async def test_the_next_season_is_begun_like_the_last(client: Browser, sign_in: SignIn, season: UUID) -> None:
    who = await sign_in("admin")
    found = await ledger.season(season)
    assert found is not None
    page = (await client.get(f"/desk/seasons?after={season}", headers=who.headers)).text
    first = found.ends_on + timedelta(days=1)
    assert f'value="{first}"' in page
    assert f'value="{first + (found.ends_on - found.starts_on)}"' in page
    assert (await client.get(f"/desk/seasons?after={UUID(int=1)}", headers=who.headers)).status_code == 404


async def test_an_earning_rule_is_changed_with_its_reason(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("admin")
    given = {"daily_cap": "2000", "spend_percent": "50", "why": "Too easy"}
    assert (await client.post("/desk/rules/quiz", headers=who.headers, data=given)).status_code == 303
    rule = next(rule for rule in await ledger.earning_rules() if rule.code == "quiz")
    assert (rule.daily_cap, rule.spend_percent) == (2000, 50)
    await client.post("/desk/rules/quiz", headers=who.headers, data={**given, "daily_cap": ""})
    rule = next(rule for rule in await ledger.earning_rules() if rule.code == "quiz")
    assert rule.daily_cap is None
    for wrong in ({"daily_cap": "-1", "spend_percent": "1"}, {"spend_percent": "1001"}, {"spend_percent": "many"}):
        assert (await client.post("/desk/rules/quiz", headers=who.headers, data=wrong)).status_code == 400
    assert (await client.post("/desk/rules/new", headers=who.headers, data=given)).status_code == 409
    note = await row("SELECT actor, why FROM audit_entry WHERE code = 'rule.set' ORDER BY id LIMIT 1")
    assert note is not None
    assert (note["actor"], note["why"]) == (who.id, "Too easy")


async def test_settings_show_where_each_value_is_from_and_no_secret(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("auditor")
    page = (await client.get("/desk/settings", headers=who.headers)).text
    settings = client.app.state.process.resources.settings
    for name in settings.origins:
        assert name in page
    assert "Plant A" in page
    assert settings.secret.hex() not in page


# The audit trail


async def test_the_audit_trail_names_who_and_filters(
    client: Browser, sign_in: SignIn, season: UUID, quiz: UUID
) -> None:
    who, member = await sign_in("admin", name="Grace", number="A1"), await sign_in(name="Li Na", number="7")
    await client.post(f"/desk/members/{member.id}/leave", headers=who.headers, data={"why": "<b>Retired</b>"})
    page = (await client.get("/desk/audit", headers=who.headers)).text
    for words in ("Grace", "Li Na", "Member left", "&lt;b&gt;Retired", "Season opened", "Quiz imported", "Safety"):
        assert words in page
    mine = (await client.get("/desk/audit?by=a1", headers=who.headers)).text
    assert "Member left" in mine
    assert "Season opened" not in mine.split("<table")[1]
    quizzes = (await client.get("/desk/audit?area=quiz", headers=who.headers)).text
    assert "Quiz imported" in quizzes
    assert "Member left" not in quizzes
    assert (
        "Nobody on the roster has the staff number ZZ"
        in (await client.get("/desk/audit?by=ZZ", headers=who.headers)).text
    )
    assert "Nothing here" in (await client.get("/desk/audit?area=screen", headers=who.headers)).text


async def test_the_audit_trail_is_paged(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("auditor")
    for index in range(60):
        await rows(
            "INSERT INTO audit_entry (at, code, subject) VALUES (now(), 'season.opened', $1)", f"subject-{index:03}"
        )
    first = (await client.get("/desk/audit", headers=who.headers)).text
    assert "subject-059" in first
    assert "subject-009" not in first
    older = re.search(r'href="(/desk/audit\?[^"]*before=\d+)"', first)
    assert older is not None
    second = (await client.get(older[1].replace("&amp;", "&"), headers=who.headers)).text
    assert "subject-009" in second
    assert (await client.get("/desk/audit?before=x", headers=who.headers)).status_code == 400


async def test_a_room_played_to_its_end_is_listed_as_over(client: Browser, sign_in: SignIn, room: UUID) -> None:
    who = await sign_in("reviewer")
    redis = client.app.state.process.redis
    await actions.cancel_room(redis, room, expected=1, actor=who.id, now=now())
    page = (await client.get("/desk/rooms", headers=who.headers)).text
    assert "Called off" in page
    assert "Nothing is running." in page
    assert (await queries.room(room)) is not None
    assert await value("SELECT count(*) FROM room") == 1


async def test_a_screen_is_copied_renamed_and_its_notice_takes_that_back(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    made = await client.post("/desk/screens", headers=who.headers, data={"name": "Hall"})
    address = made.headers["location"].partition("?")[0]
    await client.post(address, headers=who.headers, data={"shows": "boards"})
    form = (await client.get(f"/desk/screens?like={address.rpartition('/')[2]}", headers=who.headers)).text
    assert 'name="shows" value="boards"' in form
    copied = await client.post("/desk/screens", headers=who.headers, data={"name": "Gate", "shows": "boards"})
    assert copied.status_code == 303
    assert sorted((one.name, one.shows) for one in await screen_queries.screens()) == [
        ("Gate", "boards"),
        ("Hall", "boards"),
    ]
    refused = await client.post("/desk/screens", headers=who.headers, data={"name": "X", "shows": "room:nothing"})
    assert refused.status_code == 400
    renamed = await client.post(address, headers=who.headers, data={"name": "Foyer"})
    page = (await client.get(renamed.headers["location"], headers=who.headers)).text
    assert f'class="notice-undo" method="post" action="{address}"' in page
    assert 'name="name" value="Hall"' in page
    sheet = (await client.get("/desk/screens/export/csv", headers=who.headers)).text
    assert "Foyer,Boards" in sheet
    assert "/screen/" not in sheet
