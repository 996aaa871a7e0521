"""What a roster leaves open is asked at its preview, in words, and answered by a press."""

import re

import pytest

from rewards.members import queries
from server.web.frame import i18n
from tests.server.web.conftest import Browser, SignedIn, SignIn
from tests.server.web.members.test_members import drop


async def bring(client: Browser, who: SignedIn, text: str, encoding: str = "utf-8") -> str:
    return await drop(client, who, text.encode(encoding))


async def page_of(client: Browser, who: SignedIn, address: str) -> str:
    answer = await client.get(address, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def answers_on(page: str, name: str) -> dict[str, str]:
    """What a question offers: the words of each press -> its address."""
    found = re.findall(rf'href="([^"]*[?&;]{name}=[^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {re.sub(r"<[^>]*>", "", words).strip(): link.replace("&amp;", "&") for link, words in found}


async def apply(client: Browser, who: SignedIn, page: str, address: str) -> None:
    """Press Import, with all that the form carries."""
    form = re.search(rf'<form method="post" action="{address.partition("?")[0]}">(.*?)</form>', page, re.DOTALL)
    assert form is not None, page
    fields = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', form[1]))
    answer = await client.post(address.partition("?")[0], data=fields, headers=who.headers)
    assert answer.status_code == 303, answer.text


async def test_days_of_two_meanings_are_asked_about_and_imported_as_said(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    there = await bring(client, who, "工号,姓名,入职日期\n1,Li Na,01/03/2024\n2,Wang,\n")
    page = await page_of(client, who, there)
    assert "In which order does the file write days?" in page
    offered = answers_on(page, "days")
    assert set(offered) == {"day, month, year (01/03/2024 = 2024-03-01)", "month, day, year (01/03/2024 = 2024-01-03)"}
    said = await page_of(client, who, offered["day, month, year (01/03/2024 = 2024-03-01)"])
    assert "In which order" not in said
    assert "Ask me again" in said
    await apply(client, who, said, there)
    person = await queries.member_by_staff_number("1")
    assert person is not None
    assert str(person.joined_on) == "2024-03-01"


async def test_an_encoding_that_is_not_certain_shows_its_names(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    there = await bring(client, who, "staff number,name\n1,Zoë Lefèvre\n", "cp1252")
    page = await page_of(client, who, there)
    assert "Which line is right?" in page
    assert "Nothing can be imported yet" not in page
    assert f'<form method="post" action="{there}"' not in page
    offered = answers_on(page, "encoding")
    assert "Zoë Lefèvre" in offered
    assert len(offered) > 1
    said = await page_of(client, who, offered["Zoë Lefèvre"])
    await apply(client, who, said, there)
    person = await queries.member_by_staff_number("1")
    assert person is not None
    assert person.name == "Zoë Lefèvre"


@pytest.mark.parametrize("answer", ["same", "other", ""])
async def test_a_number_without_its_zeros_is_the_same_person_only_when_said(
    client: Browser, sign_in: SignIn, answer: str
) -> None:
    who = await sign_in("organiser")
    first = await bring(client, who, "工号,姓名,部门\n00123,王小明,一车间\n00124,李建国,二车间\n")
    await apply(client, who, await page_of(client, who, first), first)
    before = await queries.member_count()
    there = await bring(client, who, "工号,姓名,部门\n123,王小明,三车间\n124,李建国,二车间\n9,陈静,二车间\n")
    page = await page_of(client, who, there)
    assert "Are these the same people?" in page
    assert "123 王小明 / 00123 王小明" in page
    assert "2 rows cannot be taken" in page
    links = {link.rpartition("=")[2]: link for link in answers_on(page, "numbers").values()}
    assert set(links) == {"same", "other"}
    said = await page_of(client, who, links[answer]) if answer else page
    await apply(client, who, said, there)
    assert await queries.member_count() - before == {"same": 1, "other": 3, "": 1}[answer]
    person = await queries.member_by_staff_number("00123")
    assert person is not None
    assert person.unit_path == (("三车间",) if answer == "same" else ("一车间",))


async def test_a_known_number_beside_another_name_is_asked_about_also_in_chinese(
    client: Browser, sign_in: SignIn
) -> None:
    who = await sign_in("organiser")
    first = await bring(client, who, "工号,姓名,邮箱\n00123,王小明,wang@example.org\n")
    await apply(client, who, await page_of(client, who, first), first)
    there = await bring(client, who, "工号,姓名,邮箱\n00123,李建国,\n")
    chinese = i18n.translator("zh-Hans").text("Have these people new names?")
    page = await client.get(there, headers={**who.headers, "accept-language": "zh-CN"})
    assert "Have these people new names?" in page.text or chinese in page.text
    assert "00123 王小明 → 李建国" in page.text
    rest = await client.get(f"{there}/rest/csv", headers=who.headers)
    assert "李建国" in rest.content.decode("utf-8-sig")
    said = await page_of(client, who, f"{there}?names=new")
    await apply(client, who, said, there)
    person = await queries.member_by_staff_number("00123")
    assert person is not None
    assert (person.name, person.email) == ("李建国", "wang@example.org")


async def test_what_is_no_answer_counts_as_none(client: Browser, sign_in: SignIn) -> None:
    who = await sign_in("organiser")
    there = await bring(client, who, "工号,姓名,入职日期\n1,Li Na,01/03/2024\n")
    for odd in ("days=xyz", "numbers=all", "names=old"):
        assert "In which order does the file write days?" in await page_of(client, who, f"{there}?{odd}")
    assert "in no encoding" in await page_of(client, who, f"{await bring(client, who, 'a', 'utf-8')}?encoding=rot13")
