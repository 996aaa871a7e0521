"""The roster at the desk: lists, a member's page, imports with preview, links and slips."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from rewards.database import row, rows, value
from rewards.members import queries
from rewards.members.actions import look_at_link, make_keys
from rewards.sheets import Sheet, read_rows, write_csv
from server.runtime.clock import now
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member

ROSTER = "工号,姓名,部门,邮箱\n00123,李娜,一厂/二车间,\n00124,Wang Wei,一厂/三车间,wang@example.org\n"


async def drop(client: Browser, who: SignedIn, data: bytes, name: str = "roster.csv") -> str:
    """Bring a roster file; the address of its preview."""
    answer = await client.post(
        f"/desk/members/import?csrf={who.csrf}", headers={"cookie": who.cookie}, files={"file": (name, data)}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_a_roster_is_seen_before_it_is_applied(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, ROSTER.encode())
    page = await client.get(preview, headers=who.headers)
    assert page.status_code == 200
    assert "李娜" in page.text
    assert "一厂 / 二车间" in page.text
    assert await queries.member_count() == 1
    applied = await client.post(preview, headers=who.headers)
    assert applied.status_code == 303
    assert "added=2" in applied.headers["location"]
    person = await queries.member_by_staff_number("00123")
    assert person is not None
    assert person.unit_path == ("一厂", "二车间")
    note = await row("SELECT actor FROM audit_entry WHERE code = 'roster.imported'")
    assert note is not None
    assert note["actor"] == who.id


async def test_the_same_preview_is_applied_once(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, ROSTER.encode("gb18030"))
    assert (await client.post(preview, headers=who.headers)).status_code == 303
    again = await client.post(preview, headers=who.headers)
    assert again.status_code == 409
    assert "This file is not here any more" in again.text
    assert await queries.member_count() == 3


async def test_a_file_belongs_to_whoever_brought_it(client: Browser, sign_in: SignIn) -> None:
    who, other = await sign_in("organiser"), await sign_in("organiser")
    preview = await drop(client, who, ROSTER.encode())
    assert (await client.get(preview, headers=other.headers)).status_code == 409
    assert (await client.post(preview, headers=other.headers)).status_code == 409
    assert await queries.member_count() == 2


async def test_a_newer_file_takes_the_place_of_the_older_and_waits_an_hour(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    who = await sign_in("organiser")
    older = await drop(client, who, ROSTER.encode())
    newer = await drop(client, who, ROSTER.encode())
    assert (await client.get(older, headers=who.headers)).status_code == 409
    assert (await client.get(newer, headers=who.headers)).status_code == 200
    assert [key async for key in redis.scan_iter("upload:*")] == [f"upload:roster:{who.id}".encode()]
    assert 3500 < await redis.ttl(f"upload:roster:{who.id}") <= 3600


async def test_a_file_without_a_good_row_names_its_problems_and_imports_nothing(
    client: Browser, sign_in: SignIn
) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, b"staff number,name,joined\n1,,2024-01-01\n2,Li,soon\n")
    page = (await client.get(preview, headers=who.headers)).text
    assert "The name is missing." in page
    assert "is not a clear date" in page
    assert "2 rows cannot be taken" in page
    assert f'action="{preview}"' not in page.replace('method="get" action', "")
    refused = await client.post(preview, headers=who.headers)
    assert refused.status_code == 400
    assert "No row of the file can be taken" in refused.text
    assert await queries.member_count() == 1


HALF_WRONG = """Roster of spring\n工号,姓名,部门,入职日期,备注\n1,Good,Plant,2024-01-01,kept
2,,Plant,2024-01-01,nobody\n3,Date,Plant,soon,"a, b"\n4,One,Plant,,\n4,Other,Plant,,=1+1\n"""


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_good_rows_go_in_and_the_rest_comes_back_in_a_file_to_mend_and_bring(
    client: Browser, sign_in: SignIn, kind: str
) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, HALF_WRONG.replace("=1+1", "'=1+1").encode())
    assert (await client.get(f"{preview}/rest/{kind}", headers=who.headers)).status_code == 200
    applied = await client.post(preview, headers=who.headers)
    left = applied.headers["location"].partition("?")[0]
    assert left.startswith("/desk/members/import/")
    assert await queries.member_count() == 2
    assert (await client.get(preview, headers=who.headers)).status_code == 409
    for _again in range(2):
        rest = await client.get(f"{left}/rest/{kind}", headers=who.headers)
        sheet = read_rows(rest.content, f"rest.{kind}")
        assert isinstance(sheet, Sheet)
        cells = [row[:5] for row in sheet.rows]
        assert cells == [
            ("工号", "姓名", "部门", "入职日期", "备注"),
            ("2", "", "Plant", "2024-01-01", "nobody"),
            ("3", "Date", "Plant", "soon", "a, b"),
            ("4", "One", "Plant", "", ""),
            ("4", "Other", "Plant", "", "=1+1"),
        ]
        assert [len(row) for row in sheet.rows] == [6] * 5
        whys = [row[5] for row in sheet.rows]
        assert whys == [
            "What is wrong",
            "The name is missing.",
            "“soon” is not a clear date. Write it as 2024-03-01.",
            "The staff number 4 stands again on row 5. Keep the right row.",
            "The staff number 4 is already on row 4.",
        ]
        left = await drop(client, who, rest.content, f"rest.{kind}")
        shown = (await client.get(left, headers=who.headers)).text
        assert "These columns are not read: 备注." in shown
    mended = [list(row) for row in sheet.rows]
    mended[1][1], mended[2][3], mended[4][0] = "Named", "2024-02-01", "5"
    done = await client.post(await drop(client, who, write_csv(mended)), headers=who.headers)
    assert done.headers["location"].startswith("/desk/members?said=desk.roster_applied&added=4")
    assert await queries.member_count() == 6


async def test_a_file_with_rows_left_out_is_never_the_whole_roster(client: Browser, sign_in: SignIn) -> None:
    """Who stands in a row that cannot be read has not left."""
    who = await sign_in("admin", number="A1", name="Admin")
    staying = await add_member("Stays", "S1")
    preview = await drop(client, who, b"staff number,name,joined\nA1,Admin,\nS1,Stays,soon\n")
    page = (await client.get(f"{preview}?full=1", headers=who.headers)).text
    assert "can be taken as the whole roster once every row can be" in page
    refused = await client.post(preview, headers=who.headers, data={"full": "1", "allow_many": "1"})
    assert refused.status_code == 400
    person = await queries.member(staying)
    assert person is not None
    assert person.left_on is None


async def test_a_short_full_roster_is_stopped_until_confirmed(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("admin", number="A1", name="Admin")
    for index in range(20):
        await add_member(f"Person {index}", f"P{index:03}")
    data = b"staff number,name\nA1,Admin\nP000,Person 0\n"
    preview = await drop(client, who, data)
    page = (await client.get(f"{preview}?full=1", headers=who.headers)).text
    assert "19 of 21 members would leave at once" in page
    refused = await client.post(preview, headers=who.headers, data={"full": "1"})
    assert refused.status_code == 400
    assert await queries.member_count() == 21
    signed_in = await queries.member_by_staff_number("P005")
    assert signed_in is not None
    leaver = await sign_in(member=signed_in.id)
    applied = await client.post(preview, headers=who.headers, data={"full": "1", "allow_many": "1"})
    assert applied.status_code == 303
    assert await queries.member_count() == 2
    assert (await client.get("/desk", headers=leaver.headers)).status_code == 401


async def test_roles_in_a_file_need_an_administrator(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    preview = await drop(client, who, b"staff number,name,role\n7,Li,organiser\n")
    page = (await client.get(preview, headers=who.headers)).text
    assert "Only an administrator may import it" in page
    assert (await client.post(preview, headers=who.headers)).status_code == 403
    assert await queries.member_by_staff_number("7") is None


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "empty.csv", "The file is empty"),
        (b"%PDF-1.7 \n", "roster.xlsx", "This is a PDF"),
        (b"\x00\x01\x02" * 50, "roster.csv", "not text"),
        (b"MZ" + b"\x00" * 200, "roster.csv", "program"),
        (b"just words", "roster.csv", "No row with headings"),
    ],
)
async def test_hostile_files_are_refused_in_words(
    client: Browser, sign_in: SignIn, data: bytes, name: str, words: str
) -> None:
    who = await sign_in("organiser")
    answer = await client.post(
        f"/desk/members/import?csrf={who.csrf}", headers={"cookie": who.cookie}, files={"file": (name, data)}
    )
    if answer.status_code == 303:
        answer = await client.get(answer.headers["location"], headers=who.headers)
    assert words in answer.text
    assert await queries.member_count() == 1


async def test_a_file_over_ten_megabytes_is_refused_before_it_is_read(
    client: Browser, sign_in: SignIn, redis: Redis
) -> None:
    who = await sign_in("organiser")
    for size, code in ((10 * 1024**2 + 1, 400), (13 * 1024**2, 413)):
        answer = await client.post(
            f"/desk/members/import?csrf={who.csrf}",
            headers={"cookie": who.cookie},
            files={"file": ("roster.csv", b"x" * size)},
        )
        assert answer.status_code == code
        assert "large" in answer.text
    assert [key async for key in redis.scan_iter("upload:*")] == []


async def test_no_file_at_all_is_said_beside_the_form(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    for path in ("/desk/members/import", "/desk/quizzes/import"):
        answer = await client.post(f"{path}?csrf={who.csrf}", headers={"cookie": who.cookie}, files={"other": b"1"})
        assert answer.status_code == 400
        assert "Choose a file first." in answer.text
        assert 'type="file"' in answer.text


async def test_lists_search_filter_and_page(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser", number="ZZ", name="Zoe")
    for index in range(60):
        await add_member(f"Person {index}", f"P{index:03}")
    await make_keys()
    first = (await client.get("/desk/members", headers=who.headers)).text
    assert "61 members" in first
    assert "P049" in first
    assert "P050" not in first
    following = re.search(r'href="(/desk/members\?after=[^"]+)"', first)
    assert following is not None
    second = (await client.get(following[1], headers=who.headers)).text
    assert "P050" in second
    assert "P049" not in second.replace("After P049", "")
    found = (await client.get("/desk/members?text=person%2059", headers=who.headers)).text
    assert "1 member" in found
    organisers = (await client.get("/desk/members?role=organiser", headers=who.headers)).text
    assert "Zoe" in organisers
    assert "P001" not in organisers
    part = await client.get("/desk/members?text=P001", headers={**who.headers, "hx-request": "true"})
    assert "<html" not in part.text
    assert "P001" in part.text
    back = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" in (await client.get("/desk/members?text=P001", headers={**who.headers, **back})).text


async def test_the_list_is_exported_without_formulas(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("auditor", name="Audit", number="0001")
    await add_member("=cmd|' /C calc'!A0", "0002")
    answer = await client.get("/desk/members/export/csv", headers=who.headers)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbfstaff number,name")
    assert b"'=cmd" in answer.content
    assert b"0001,Audit" in answer.content


async def test_an_exported_roster_changes_nothing_when_it_comes_back(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("admin", name="Admin", number="0001")
    await client.post(await drop(client, who, ROSTER.encode()), headers=who.headers)
    exported = (await client.get("/desk/members/export/csv", headers=who.headers)).content
    page = (await client.get(await drop(client, who, exported), headers=who.headers)).text
    assert "The roster is already as this file says" in page


@pytest.mark.parametrize("query", ["text=%00", "unit=abc", "after=" + "9" * 70, "before=x", "text=" + "x" * 200])
async def test_nonsense_in_the_address_is_refused(client: Browser, sign_in: SignIn, query: str) -> None:
    who = await sign_in("organiser")
    path = f"/desk/members/{who.id}" if query.startswith("before") else "/desk/members"
    answer = await client.get(f"{path}?{query}", headers=who.headers)
    assert answer.status_code in (400, 404)
    assert 'role="alert"' in answer.text


async def test_a_link_is_shown_once_and_ends_the_older(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    member = await add_member("Li Na", "00123")
    first = await client.post(f"/desk/members/{member}/link", headers=who.headers)
    tokens = re.findall(r"http://testserver\.local/in/([\w-]{43})", first.text)
    assert len(set(tokens)) == 1
    assert (await look_at_link(tokens[0], now())).member == member
    assert tokens[0] not in (await client.get(f"/desk/members/{member}", headers=who.headers)).text
    second = await client.post(f"/desk/members/{member}/link", headers=who.headers)
    assert second.status_code in (200, 201)
    link = await row("SELECT count(*) FILTER (WHERE expires_at > now()) AS good, count(*) AS made FROM sign_in_link")
    assert link is not None
    assert (link["good"], link["made"]) == (1, 2)


async def test_an_organiser_makes_no_link_for_an_administrator(client: Browser, sign_in: SignIn) -> None:
    who, admin = await sign_in("organiser"), await sign_in("admin")
    answer = await client.post(f"/desk/members/{admin.id}/link", headers=who.headers)
    assert answer.status_code == 403
    assert await value("SELECT count(*) FROM sign_in_link") == 0


async def test_slips_are_for_those_without_a_code_and_end_the_older(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    await client.post(await drop(client, who, ROSTER.encode()), headers=who.headers)
    unit = await value("SELECT id FROM unit WHERE path = '一厂'")
    chosen = (await client.get(f"/desk/members/slips?unit={unit}&who=new", headers=who.headers)).text
    assert "2 slips" in chosen
    printed = await client.post("/desk/members/slips", headers=who.headers, data={"unit": str(unit), "who": "new"})
    assert printed.text.count('class="slip"') == 2
    assert "李娜" in printed.text
    assert len(set(re.findall(r"First code: ([a-z0-9\u00a0]{14})", printed.text))) == 2
    again = await client.post("/desk/members/slips", headers=who.headers, data={"unit": str(unit), "who": "new"})
    assert again.text.count('class="slip"') == 2
    assert await value("SELECT count(*) FROM sign_in_link WHERE expires_at > now()") == 4


async def test_slips_for_nobody_are_refused(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    unit = UUID(int=7)
    answer = await client.post("/desk/members/slips", headers=who.headers, data={"unit": str(unit), "who": "all"})
    assert answer.status_code == 409
    assert "nobody here" in answer.text


async def test_leaving_ends_sessions_and_returning_keeps_the_account(
    client: Browser, sign_in: SignIn, season: UUID
) -> None:
    who, member = await sign_in("organiser"), await sign_in()
    left = await client.post(f"/desk/members/{member.id}/leave", headers=who.headers, data={"why": "Retired"})
    assert left.status_code == 303
    assert (await client.get("/desk", headers=member.headers)).status_code == 401
    again = await client.post(f"/desk/members/{member.id}/leave", headers=who.headers)
    assert again.status_code == 409
    page = (await client.get(f"/desk/members/{member.id}", headers=who.headers)).text
    assert "Points and history are kept" in page
    back = await client.post(f"/desk/members/{member.id}/restore", headers=who.headers)
    assert back.status_code == 303
    person = await queries.member(member.id)
    assert person is not None
    assert person.left_on is None
    notes = await rows("SELECT code, why FROM audit_entry WHERE subject = $1 ORDER BY id", str(member.id))
    assert [(one["code"], one["why"]) for one in notes] == [("member.left", "Retired"), ("member.restored", "")]


async def test_roles_hold_at_once_and_never_ones_own(client: Browser, sign_in: SignIn) -> None:
    admin, member = await sign_in("admin"), await sign_in()
    assert (await client.get("/desk", headers=member.headers)).status_code == 403
    given = await client.post(
        f"/desk/members/{member.id}/roles", headers=admin.headers, data={"role": ["reviewer", "auditor"], "why": "x"}
    )
    assert given.status_code == 303
    assert (await client.get("/desk/audit", headers=member.headers)).status_code == 200
    taken = await client.post(f"/desk/members/{member.id}/roles", headers=admin.headers, data={})
    assert taken.status_code == 303
    assert (await client.get("/desk", headers=member.headers)).status_code == 403
    own = await client.post(f"/desk/members/{admin.id}/roles", headers=admin.headers, data={"role": "auditor"})
    assert own.status_code == 403
    unknown = await client.post(f"/desk/members/{member.id}/roles", headers=admin.headers, data={"role": "king"})
    assert unknown.status_code == 404
    assert "Nobody changes his own roles" in (await client.get(f"/desk/members/{admin.id}", headers=admin.headers)).text


async def test_an_administrator_signs_devices_out(client: Browser, sign_in: SignIn) -> None:
    admin, member = await sign_in("admin"), await sign_in("organiser")
    page = (await client.get(f"/desk/members/{member.id}", headers=admin.headers)).text
    ref = re.search(r'name="ref" value="(\w{16})"', page)
    assert ref is not None
    ended = await client.post(f"/desk/members/{member.id}/sessions", headers=admin.headers, data={"ref": ref[1]})
    assert "count=1" in ended.headers["location"]
    assert (await client.get("/desk", headers=member.headers)).status_code == 401
    again = await client.post(f"/desk/members/{member.id}/sessions", headers=admin.headers, data={"ref": ref[1]})
    assert "count=0" in again.headers["location"]
    assert await value("SELECT count(*) FROM audit_entry WHERE code = 'sessions.ended'") == 1


async def test_a_members_page_tells_units_and_points(client: Browser, sign_in: SignIn, season: UUID) -> None:
    who = await sign_in("organiser")
    await client.post(await drop(client, who, ROSTER.encode()), headers=who.headers)
    person = await queries.member_by_staff_number("00123")
    assert person is not None
    membership = await row("SELECT id, since FROM membership WHERE member = $1", person.id)
    assert membership is not None
    await rows("UPDATE membership SET since = since - 30 WHERE id = $1", membership["id"])
    moved = ROSTER.replace("一厂/二车间", "二厂")
    await client.post(await drop(client, who, moved.encode()), headers=who.headers)
    page = (await client.get(f"/desk/members/{person.id}", headers=who.headers)).text
    assert page.index("二厂") < page.index("一厂 / 二车间")
    assert "No points yet" in page
    assert (membership["since"] - timedelta(days=30)).isoformat() in page


async def test_an_unknown_member_is_said_so(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    answer = await client.get(f"/desk/members/{UUID(int=3)}", headers=who.headers)
    assert answer.status_code == 404
    assert "not on the roster" in answer.text
    assert (await client.get("/desk/members/not-an-id", headers=who.headers)).status_code == 404
