"""Files of people: who took one stands in the trail, and reviewers take none."""

import pytest

from rewards import database as db
from server.web.nouns import LISTING
from tests.server.web.conftest import Browser, SignIn, add_member


async def trail() -> list[tuple[str, str, str]]:
    found = await db.rows("SELECT actor, code, details->>'count' AS rows FROM audit_entry WHERE code LIKE 'export.%'")
    return [(str(one["actor"]), one["code"], one["rows"]) for one in found]


@pytest.mark.parametrize("role", ["organiser", "auditor", "admin"])
async def test_who_took_the_members_stands_in_the_trail(client: Browser, sign_in: SignIn, role: str) -> None:
    who = await sign_in(role)
    await add_member("Li Na", "A1")
    for kind in ("csv", "xlsx"):
        assert (await client.get(f"/desk/members/export/{kind}", headers=who.headers)).status_code == 200
    assert await trail() == [(str(who.id), "export.members", "2")] * 2
    assert "export.members" in LISTING.texts


async def test_a_reviewer_takes_no_file_of_people_and_is_offered_none(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("reviewer")
    answer = await client.get("/desk/members/export/csv", headers=who.headers)
    assert answer.status_code == 403
    assert "/export/" not in (await client.get("/desk/members", headers=who.headers)).text
    assert await trail() == []


async def test_what_is_no_kind_of_file_leaves_no_line(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("admin")
    assert (await client.get("/desk/members/export/exe", headers=who.headers)).status_code == 404
    assert await trail() == []
