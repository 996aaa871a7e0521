"""Every door of the desk, tried by every role: what it may not open is refused, and a forged form changes nothing."""

import pytest

from rewards.database import value
from rewards.members.rules import ROLES, permissions
from server.app import handlers
from server.web.desk import audit, boards, funds, members, policy, quizzes, rooms, screens, settings, today
from tests.server.web.conftest import Browser, SignIn

UNKNOWN = "0192d3a4-0000-7000-8000-000000000000"

DOORS: dict[tuple[str, str], str] = {
    ("GET", "/desk"): "desk.open",
    ("GET", "/desk/health"): "desk.open",
    ("GET", "/desk/members"): "members.read",
    ("GET", "/desk/members/export"): "members.read",
    ("GET", "/desk/members/{member_id:uuid}"): "members.read",
    ("POST", "/desk/members/{member_id:uuid}/link"): "members.invite",
    ("POST", "/desk/members/{member_id:uuid}/roles"): "roles.change",
    ("POST", "/desk/members/{member_id:uuid}/leave"): "members.change",
    ("POST", "/desk/members/{member_id:uuid}/restore"): "members.change",
    ("POST", "/desk/members/{member_id:uuid}/sessions"): "sessions.end",
    ("GET", "/desk/members/import"): "members.import",
    ("POST", "/desk/members/import"): "members.import",
    ("GET", "/desk/members/import/{given:str}"): "members.import",
    ("POST", "/desk/members/import/{given:str}"): "members.import",
    ("GET", "/desk/members/slips"): "members.invite",
    ("POST", "/desk/members/slips"): "members.invite",
    ("GET", "/desk/quizzes"): "quizzes.read",
    ("GET", "/desk/quizzes/{quiz_id:uuid}"): "quizzes.read",
    ("POST", "/desk/quizzes/{quiz_id:uuid}/scoring"): "quizzes.change",
    ("GET", "/desk/quizzes/import"): "quizzes.change",
    ("POST", "/desk/quizzes/import"): "quizzes.change",
    ("GET", "/desk/quizzes/import/{given:str}"): "quizzes.change",
    ("POST", "/desk/quizzes/import/{given:str}"): "quizzes.change",
    ("GET", "/desk/rooms"): "rooms.read",
    ("POST", "/desk/rooms"): "rooms.host",
    ("GET", "/desk/rooms/{room_id:uuid}"): "rooms.read",
    ("GET", "/desk/rooms/{room_id:uuid}/state"): "rooms.host",
    ("GET", "/desk/rooms/{room_id:uuid}/live"): "rooms.host",
    ("POST", "/desk/rooms/{room_id:uuid}/moves"): "rooms.host",
    ("GET", "/desk/rooms/{room_id:uuid}/confirm"): "rooms.host",
    ("GET", "/desk/rooms/{room_id:uuid}/players"): "rooms.read",
    ("POST", "/desk/rooms/{room_id:uuid}/players"): "rooms.host",
    ("GET", "/desk/boards"): "boards.read",
    ("GET", "/desk/draws/policy"): "draws.read",
    ("POST", "/desk/draws/policy"): "settings.change",
    ("GET", "/desk/funds"): "funds.read",
    ("POST", "/desk/funds"): "funds.change",
    ("GET", "/desk/funds/{fund_id:uuid}"): "funds.read",
    ("POST", "/desk/funds/{fund_id:uuid}"): "funds.change",
    ("GET", "/desk/screens"): "screens.read",
    ("POST", "/desk/screens"): "screens.change",
    ("GET", "/desk/screens/{screen_id:uuid}"): "screens.read",
    ("POST", "/desk/screens/{screen_id:uuid}"): "screens.change",
    ("POST", "/desk/screens/{screen_id:uuid}/revoke"): "screens.change",
    ("GET", "/desk/settings"): "settings.read",
    ("POST", "/desk/seasons"): "settings.change",
    ("POST", "/desk/rules/{code:str}"): "settings.change",
    ("GET", "/desk/audit"): "audit.read",
}
"""(method, path) -> the permission that opens it."""

OURS = [
    handler
    for module in (audit, boards, funds, members, policy, quizzes, rooms, screens, settings, today)
    for handler in module.HANDLERS
]


def address(path: str) -> str:
    """A path with something that does not exist in place of each parameter."""
    for name in ("fund_id", "member_id", "quiz_id", "room_id", "screen_id"):
        path = path.replace(f"{{{name}:uuid}}", UNKNOWN)
    return path.replace("{given:str}", "x" * 43).replace("{code:str}", "quiz")


def test_every_door_of_the_desk_is_in_the_list() -> None:
    found = {
        (method, path)
        for handler in OURS
        for path in handler.paths
        for method in handler.http_methods
        if method in ("GET", "POST")
    }
    assert found == set(DOORS)
    assert {id(handler) for handler in OURS} <= {id(handler) for handler in handlers()}


@pytest.mark.parametrize("role", ["", *ROLES])
async def test_each_role_opens_what_it_may_and_nothing_else(client: Browser, sign_in: SignIn, role: str) -> None:
    who = await sign_in(*([role] if role else []))
    for (method, path), needed in DOORS.items():
        answer = await client.request(method, address(path), headers=who.headers)
        allowed = needed in permissions([role])
        assert (answer.status_code == 403) is not allowed, (method, path, answer.status_code)
        assert answer.status_code < 500, (method, path)
        if not allowed:
            assert "You may not do this" in answer.text
    assert await value("SELECT count(*) FROM audit_entry") == 0


async def test_a_stranger_is_asked_to_sign_in(client: Browser) -> None:
    for method, path in DOORS:
        answer = await client.request(method, address(path))
        assert answer.status_code == 401, (method, path)


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
async def test_a_form_without_its_token_changes_nothing(client: Browser, sign_in: SignIn, token: str | None) -> None:
    who = await sign_in("admin")
    headers = {"cookie": who.cookie}
    for method, path in DOORS:
        if method == "POST":
            given = {} if token is None else {"csrf": token}
            answer = await client.post(address(path), headers=headers, data=given)
            assert answer.status_code == 403, path
            assert "Reload it and try again" in answer.text
    assert await value("SELECT count(*) FROM audit_entry") == 0


async def test_the_menu_shows_what_the_role_may_open(client: Browser, sign_in: SignIn) -> None:
    for role, seen, unseen in (
        ("organiser", ("/desk/members", "/desk/screens"), ("/desk/audit", "/desk/settings")),
        ("auditor", ("/desk/audit", "/desk/settings"), ()),
    ):
        page = (await client.get("/desk", headers=(await sign_in(role)).headers)).text
        assert all(f'href="{door}"' in page for door in seen)
        assert not any(f'<a href="{door}">' in page for door in unseen)


async def test_an_auditor_reads_and_finds_nothing_to_press(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("auditor")
    other = await sign_in("organiser")
    reads = [address(path) for (method, path), needed in DOORS.items() if method == "GET" and needed.endswith("read")]
    for path in [*reads, f"/desk/members/{other.id}"]:
        answer = await client.get(path, headers=who.headers)
        assert answer.status_code in (200, 404), path
        assert 'method="post"' not in answer.text, path
