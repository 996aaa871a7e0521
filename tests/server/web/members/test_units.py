"""Units at the desk: the tree, one of them, what is refused, and what is undone from the notice."""

from dataclasses import replace
from uuid import UUID

import pytest

from rewards.audit import queries as audit
from rewards.database import rows, value
from rewards.members import queries
from server.runtime.chance import new_id
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member
from tests.server.web.counting import counting
from tests.server.web.undoing import UNDO, undo, undoing


async def unit(client: Browser, who: SignedIn, name: str, parent: object = "") -> str:
    """A unit added at the desk; its address."""
    answer = await client.post("/desk/units", headers=who.headers, data={"name": name, "parent": str(parent)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


async def settle(member: UUID, address: str) -> None:
    """Put a member into the unit of this address."""
    await rows(
        "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, current_date)",
        new_id(),
        member,
        UUID(address.rpartition("/")[2]),
    )


async def paths() -> list[str]:
    return [one["path"] for one in await rows("SELECT path FROM unit ORDER BY path")]


async def test_a_unit_is_added_found_renamed_and_its_notice_takes_it_back(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    plant = await unit(client, who, "Plant")
    line = await unit(client, who, "Line 1", plant.rpartition("/")[2])
    await settle(who.id, line)
    listed = (await client.get("/desk/units?text=line", headers=who.headers)).text
    assert "1 unit" in listed
    assert line in listed
    renamed = await client.post(plant, headers=who.headers, data={"name": "Works", "parent": ""})
    assert await paths() == ["Works", "Works/Line 1"]
    page = (await client.get(plant, headers=who.headers)).text
    assert "Unit renamed: Member 1" in page
    assert "notice-undo" not in page, "only right after the change"
    await undo(client, who, renamed.headers["location"])
    assert await paths() == ["Plant", "Plant/Line 1"]
    assert await value("SELECT count(*) FROM membership WHERE until IS NULL") == 1


async def test_somebody_else_is_offered_no_undo_and_no_link_brings_one_along(client: Browser, sign_in: SignIn) -> None:
    who, other = await sign_in("organiser"), await sign_in("organiser")
    plant = await unit(client, who, "Plant")
    address = f"{plant}?said=desk.unit_changed&undo=/desk/members&name=x"
    assert "notice-undo" not in (await client.get(address, headers=other.headers)).text
    mine = UNDO.findall((await client.get(address, headers=who.headers)).text)
    assert [action for action, _ in mine] == [f"{plant}/retire"]


async def test_a_unit_is_retired_when_it_is_empty_and_brought_back(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    plant = await unit(client, who, "Plant")
    line = await unit(client, who, "Line", plant.rpartition("/")[2])
    member = await add_member("Li Na", "1")
    await settle(member, line)
    for address, words in ((plant, "There are still units below"), (line, "1 members are still in")):
        refused = await client.post(f"{address}/retire", headers=who.headers)
        assert refused.status_code == 409
        assert words in refused.text
    await rows("UPDATE membership SET until = current_date")
    gone = await client.post(f"{line}/retire", headers=who.headers)
    assert "Line" not in (await client.get("/desk/units", headers=who.headers)).text.partition("<main")[2]
    assert "Line" in (await client.get("/desk/units?retired=1", headers=who.headers)).text
    assert (await client.post(line, headers=who.headers, data={"name": "X"})).status_code == 400
    await undo(client, who, gone.headers["location"])
    assert [one.name for one in await queries.unit_tree()] == ["Plant", "Line"]


@pytest.mark.parametrize(
    ("name", "parent", "words"),
    [
        ("", "", "Give the unit a name"),
        ("a/b", "", "Give the unit a name"),
        ("无", "", "Give the unit a name"),
        ("x" * 201, "", "Give the unit a name"),
        ("Plant", "", "at this place already"),
        ("X", str(UUID(int=9)), "There is no such unit"),
    ],
)
async def test_a_wrong_unit_comes_back_with_what_was_typed(
    client: Browser, sign_in: SignIn, name: str, parent: str, words: str
) -> None:
    who = await sign_in("organiser")
    await unit(client, who, "Plant")
    answer = await client.post("/desk/units", headers=who.headers, data={"name": name, "parent": parent})
    assert answer.status_code == 400
    assert words in answer.text
    assert f'value="{name}"' in answer.text
    assert 'data-address="/desk/units/new"' in answer.text
    assert await paths() == ["Plant"]


async def test_a_unit_goes_nowhere_below_itself(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    plant = await unit(client, who, "Plant")
    line = await unit(client, who, "Line", plant.rpartition("/")[2])
    for below in (plant, line):
        answer = await client.post(
            plant, headers=who.headers, data={"name": "Plant", "parent": below.rpartition("/")[2]}
        )
        assert answer.status_code == 400
        assert "cannot be placed below itself" in answer.text
    assert await paths() == ["Plant", "Plant/Line"]


async def test_a_member_is_added_and_corrected_by_hand(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    plant, other = await unit(client, who, "Plant"), await unit(client, who, "Office")
    form = {"staff_number": "００７", "name": "李 娜", "unit": plant.rpartition("/")[2], "email": "li@example.org"}
    added = await client.post("/desk/members", headers=who.headers, data=form)
    assert added.status_code == 303, added.text
    address = added.headers["location"].partition("?")[0]
    person = await queries.member_by_staff_number("007")
    assert person is not None
    assert (person.name, person.unit_path, person.email, person.roles) == ("李娜", ("Plant",), "li@example.org", ())
    member = await sign_in(member=person.id)
    edit = (await client.get(f"{address}/edit", headers=who.headers)).text
    assert 'value="007"' in edit
    assert "li@example.org" in edit
    changed = {"staff_number": "008", "name": "李娜", "unit": other.rpartition("/")[2], "email": "", "why": "moved"}
    corrected = await client.post(f"{address}/edit", headers=who.headers, data=changed)
    assert corrected.status_code == 303, corrected.text
    person = await queries.member(person.id)
    assert person is not None
    assert (person.staff_number, person.unit_path, person.email) == ("008", ("Office",), "")
    assert "Office" in (await client.get("/me", headers=member.headers)).text
    page = (await client.get(address, headers=who.headers)).text
    assert "Details corrected: Member 1" in page
    assert "“moved”" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"staff_number": "T0001"}, "The staff number T0001 is that of Member 1"),
        ({"staff_number": "a b"}, "may hold only letters"),
        ({"name": ""}, "The name is missing"),
        ({"email": "no mail"}, "is not an e-mail address"),
        ({"phone": "12"}, "is not a telephone number"),
        ({"joined": "soon"}, "is not a clear date"),
        ({"unit": str(UUID(int=9))}, "There is no such unit"),
    ],
)
async def test_a_wrong_person_comes_back_with_what_was_typed(
    client: Browser, sign_in: SignIn, given: dict[str, str], words: str
) -> None:
    who = await sign_in("organiser")
    form = {"staff_number": "9", "name": "Li Na", **given}
    answer = await client.post("/desk/members", headers=who.headers, data=form)
    assert answer.status_code == 400
    assert words in answer.text
    assert f'value="{form["name"]}"' in answer.text
    assert await queries.member_count() == 1


async def test_an_organiser_corrects_nobody_who_holds_a_role_but_himself(client: Browser, sign_in: SignIn) -> None:
    who, admin = await sign_in("organiser"), await sign_in("admin")
    form = {"staff_number": "X1", "name": "Renamed"}
    refused = await client.post(f"/desk/members/{admin.id}/edit", headers=who.headers, data=form)
    assert refused.status_code == 403
    assert (await client.post(f"/desk/members/{who.id}/edit", headers=who.headers, data=form)).status_code == 303
    again = {"staff_number": "X2", "name": "Renamed"}
    assert (await client.post(f"/desk/members/{admin.id}/edit", headers=admin.headers, data=again)).status_code == 303


async def test_leaving_is_taken_back_from_its_notice(client: Browser, sign_in: SignIn) -> None:
    who, member = await sign_in("organiser"), await add_member("Li Na", "1")
    left = await client.post(f"/desk/members/{member}/leave", headers=who.headers)
    await undo(client, who, left.headers["location"])
    person = await queries.member(member)
    assert person is not None
    assert person.left_on is None


async def test_a_correction_is_taken_back_from_its_notice(client: Browser, sign_in: SignIn) -> None:
    """Number, name, day and unit as they were; addresses, of which the trail keeps nothing, stay as they are."""
    who = await sign_in("organiser")
    plant, member = await unit(client, who, "Plant"), await add_member("Li Na", "1")
    await settle(member, plant)
    before = await queries.member(member)
    assert before is not None
    form = {"staff_number": "2", "name": "Li Nan", "joined": "2020-01-01", "unit": "", "why": "wed"}
    corrected = await client.post(f"/desk/members/{member}/edit", headers=who.headers, data=form)
    changed = await queries.member(member)
    assert changed is not None
    assert (changed.staff_number, changed.name, changed.unit) == ("2", "Li Nan", None)
    await rows("UPDATE member SET email = 'li@plant.example' WHERE id = $1", member)
    await undo(client, who, corrected.headers["location"])
    after = await queries.member(member)
    assert after is not None
    assert after.email == "li@plant.example"
    assert replace(after, email="", access_version=before.access_version) == before
    lines = await audit.latest(2, subject=str(member))
    assert [line.code for line in lines] == ["member.corrected"] * 2
    told = await client.post(f"/desk/members/{member}/edit", headers=who.headers, data={"phone": "13800138000"})
    assert "notice-undo" not in (await client.get(told.headers["location"], headers=who.headers)).text
    assert "li@plant" not in str(await audit.latest(9))


async def test_roles_are_given_back_from_their_notice(client: Browser, sign_in: SignIn) -> None:
    who, other = await sign_in("admin"), await sign_in("organiser", "auditor")
    address = f"/desk/members/{other.id}/roles"
    for given in (["admin"], []):
        changed = await client.post(address, headers=who.headers, data={"role": given})
        await undo(client, who, changed.headers["location"])
        person = await queries.member(other.id)
        assert person is not None
        assert person.roles == ("organiser", "auditor")


async def test_what_was_changed_since_is_not_undone(client: Browser, sign_in: SignIn) -> None:
    who, other = await sign_in("organiser"), await sign_in("organiser")
    plant = await unit(client, who, "Plant")
    renamed = await client.post(plant, headers=who.headers, data={"name": "Works", "parent": ""})
    address, fields = await undoing(client, who, renamed.headers["location"])
    await client.post(plant, headers=other.headers, data={"name": "Factory", "parent": ""})
    refused = await client.post(address, headers=who.headers, data=fields)
    assert refused.status_code == 409
    assert "changed again since" in refused.text
    assert await paths() == ["Factory"]


@pytest.mark.parametrize("page", ["/desk/units", "/desk/units/new", "{unit}", "/desk/members/new"])
async def test_a_page_asks_the_same_however_many_there_are(
    client: Browser, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    who = await sign_in("admin")
    plant = await unit(client, who, "Plant")
    asked = []
    for _more in range(2):
        with counting(monkeypatch) as said:
            assert (await client.get(page.format(unit=plant), headers=who.headers)).status_code == 200
        asked.append(len(said.statements))
        for number in range(20):
            await rows(
                "INSERT INTO unit (id, parent, name, path) VALUES ($1, $2, $3::text, 'Plant/' || $3::text)",
                new_id(),
                UUID(plant.rpartition("/")[2]),
                f"{len(asked)} {number}",
            )
    assert asked[0] == asked[1] > 0
