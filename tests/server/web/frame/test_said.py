"""What a page says after a form are our words about what was done, and never what somebody put into an address."""

from urllib.parse import quote

import pytest

from tests.server.web.conftest import Browser, SignIn

WORDS = "Call 555-0100 and tell your code"


@pytest.mark.parametrize(
    "address",
    [
        "/desk/units?said=desk.unit_retired&name={}",
        "/desk/members?said=desk.roster_applied&added={}",
        "/desk/seasons?said=desk.season_opened&name={}",
        "/desk/seasons?name={}&said=desk.season_opened",
        "/desk/seasons?said=desk.season_opened&name={}&seal=",
        "/desk/seasons?said=desk.season_opened&name={}&seal=" + "0" * 64,
    ],
)
async def test_an_address_puts_no_words_on_a_page(client: Browser, sign_in: SignIn, address: str) -> None:
    admin = await sign_in("admin")
    page = await client.get(address.format(quote(WORDS)), headers=admin.headers)
    assert page.status_code == 200
    assert WORDS not in page.text


async def test_what_was_said_to_one_is_not_said_to_another_nor_changed(client: Browser, sign_in: SignIn) -> None:
    admin, other = await sign_in("admin"), await sign_in("admin")
    done = await client.post("/desk/units", headers=admin.headers, data={"name": WORDS})
    to = done.headers["location"]
    shown = f"The unit “{WORDS}” is there."
    assert shown in (await client.get(to, headers=admin.headers)).text
    assert shown not in (await client.get(to, headers=other.headers)).text
    changed = to.replace("said=desk.unit_added", "said=desk.unit_retired")
    assert changed != to
    assert "is retired" not in (await client.get(changed, headers=admin.headers)).text


async def test_a_sentence_without_details_is_said_as_it_is(client: Browser, sign_in: SignIn) -> None:
    admin = await sign_in("admin")
    page = await client.get("/me?said=phone.device_gone&name=" + quote(WORDS), headers=admin.headers)
    assert "That device was signed out already." in page.text
    assert WORDS not in page.text
