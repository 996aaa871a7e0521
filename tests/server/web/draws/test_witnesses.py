"""Somebody who runs everything alone: told so while he plans, and with a witness never stuck."""

from uuid import UUID, uuid4

import pytest

from rewards import database as db
from rewards.draws import queries
from server.runtime.clock import now
from server.runtime.sessions import CODE
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.draws.drawing import Hall, drawn, frozen, hall, planned


@pytest.fixture
async def alone(client: Browser, sign_in: SignIn, season: UUID) -> Hall:
    """The second organiser has left; nobody else has a role."""
    there = await hall(client, sign_in, season)
    await db.rows("UPDATE member SET roles = '{admin}' WHERE id = $1", there.head.id)
    await db.rows("UPDATE member SET left_on = $2 WHERE id = $1", there.second.id, now().date())
    return there


async def sign_in_as(there: Hall, member: UUID) -> SignedIn:
    session = await there.client.app.state.process.sessions.start(
        member, name="Witness", roles=(), language="en", unit="", device="test", version=0, way=CODE
    )
    csrf = there.client.app.state.process.gate.token_for(session)
    cookie = f"laurel_session={session}"
    return SignedIn(member, {"cookie": cookie, "x-csrftoken": csrf}, cookie, csrf)


async def test_he_is_told_while_planning_and_names_a_witness(alone: Hall) -> None:
    assert "You are alone:" in (await alone.get("/desk/draws/new")).text
    draw = await planned(alone)
    words = "Nobody could give the second word"
    assert words in (await alone.get(f"/desk/draws/{draw}")).text
    for number, wrong in (("nobody", "Nobody on the roster"), ("O1", "his own witness"), ("O2", "has left")):
        answer = await alone.post(f"/desk/draws/{draw}/witnesses", {"witness": number})
        assert answer.status_code == 422
        assert wrong in answer.text
    for _ in range(2):
        assert (await alone.post(f"/desk/draws/{draw}/witnesses", {"witness": "E7"})).status_code == 303
    text = (await alone.get(f"/desk/draws/{draw}")).text
    assert words not in text
    assert "Li Na 7" in text
    assert "You are alone:" not in (await alone.get(f"/desk/draws/{draw}/edit")).text
    await alone.post(f"/desk/draws/{draw}/witnesses", {"witness": "E7", "drop": "1"})
    assert words in (await alone.get(f"/desk/draws/{draw}")).text


async def test_whoever_is_not_alone_is_not_told(client: Browser, sign_in: SignIn, season: UUID) -> None:
    there = await hall(client, sign_in, season)
    assert "You are alone:" not in (await there.get("/desk/draws/new")).text
    draw = await planned(there)
    assert "Nobody could give the second word" not in (await there.get(f"/desk/draws/{draw}")).text


async def test_the_witness_takes_no_part_and_gives_the_second_word_on_the_phone(alone: Hall) -> None:
    witness = alone.people[7]
    draw = await planned(alone)
    found = await queries.draw(draw)
    assert found is not None
    assert (await queries.chances(found, witness))[0].tickets
    await alone.post(f"/desk/draws/{draw}/witnesses", {"witness": "E7"})
    assert (await queries.chances(found, witness))[0].code == "draw.out.witness"
    held = await frozen(alone)
    await alone.post(f"/desk/draws/{held}/witnesses", {"witness": "E7"})
    assert await db.value("SELECT count(*) FROM draw_witness WHERE draw = $1", held) == 0  # he is on that list


async def test_with_a_witness_an_absent_winner_goes(alone: Hall) -> None:
    witness = alone.people[7]
    draw = await frozen(alone)
    outsider = uuid4()
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at) VALUES ($1, 'W9', 'Guest', $2)", outsider, now()
    )
    assert (await alone.post(f"/desk/draws/{draw}/witnesses", {"witness": "W9"})).status_code == 303
    await drawn(alone, draw)
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    prize = await db.value("SELECT code FROM prize WHERE draw = $1", draw)
    place = {"prize": prize, "slot": "0", "attempt": "0", "do": "declined"}
    assert (await alone.post(f"/desk/draws/{draw}/places", place)).status_code == 303
    stranger, guest = await sign_in_as(alone, witness), await sign_in_as(alone, outsider)
    assert (await alone.post(f"/draws/{slug}/second", place, stranger)).status_code == 404
    assert "You stand by as a witness" in (await alone.get("/", guest)).text
    assert "declined the prize" in (await alone.get(f"/draws/{slug}/second", guest)).text
    assert (await alone.post(f"/draws/{slug}/second", place, guest)).status_code == 303
    assert await db.value("SELECT count(*) FROM win WHERE draw = $1 AND state = 'declined'", draw) == 1
