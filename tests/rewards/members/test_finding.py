"""Members are found by what is written with their names, through the index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import database as db
from rewards.members import queries
from rewards.members.actions import become_first_admin, first_admin_link
from rewards.members.queries import members, members_found
from rewards.members.roster_file import RosterRow
from rewards.sheets import one_line
from server.runtime.chance import new_id, token
from tests.laws import examples
from tests.rewards.members.people import DAY, NOW, bring_in, person

pytestmark = pytest.mark.usefixtures("database")


async def found(text: str) -> list[str]:
    """Staff numbers, the same by the list as by the find field."""
    numbers = [one.staff_number for one in await members_found(text, 50)]
    assert sorted(numbers) == sorted(one.staff_number for one in await members(text=text, standing="all"))
    return numbers


async def test_a_name_is_found_from_the_import_that_brings_it_and_no_longer_once_it_is_another() -> None:
    await bring_in(RosterRow(2, "P1", "李娜"), RosterRow(3, "P2", "王伟"))
    assert await found("lina") == ["P1"]
    assert await found("P") == ["P1", "P2"]
    await bring_in(RosterRow(2, "P1", "李小明"), RosterRow(3, "P2", "王伟"))
    assert await found("lina") == []
    assert await found("李娜") == []
    assert await found("lxm") == ["P1"]
    await bring_in(RosterRow(2, "P1", "李小明", email="li@example.org"), said=frozenset({"staff_number", "email"}))
    assert await found("小明") == ["P1"]


async def test_the_first_admin_is_found() -> None:
    made = await first_admin_link(NOW, token, DAY)
    await become_first_admin(made, "A-001", "吕方", "sea-lion-42", now=NOW, new_id=new_id)
    assert await found("lüfang") == ["A-001"]
    assert await found("001") == ["A-001"]


async def test_the_whole_name_comes_first_then_staff_numbers_in_order() -> None:
    for number, name in (("P3", "李娜"), ("P1", "李娜琳"), ("P2", "李娜")):
        await person(number, name)
    assert await found("李娜") == ["P2", "P3", "P1"]
    assert [one.staff_number for one in await members_found("lina", 2)] == ["P2", "P3"]


async def test_whatever_is_looked_for_is_only_looked_for() -> None:
    """No text is a query of its own, a wildcard or a fault; nothing finds nobody, no text is everybody."""
    await person("P1", "李娜")

    @examples(60, over_one_fixture=True)
    @given(st.text(st.characters(blacklist_categories=()), max_size=120) | st.text("'\\:*&|!()<-> a%_", max_size=9))
    def collect(text: str) -> None:
        typed.append(text)

    typed: list[str] = []
    collect()
    for text in typed:
        names = [one.name for one in await members(text=text)]
        assert names == ([] if one_line(text) and not await members_found(text, 1) else ["李娜"]), text


async def test_finding_reads_the_index_and_not_the_roster() -> None:
    await db.rows(
        "INSERT INTO member (id, staff_number, name, found_by, created_at) SELECT gen_random_uuid(), 'N' || n, 'x',"
        " array_to_tsvector(ARRAY['n' || n, md5(n::text)]), now() FROM generate_series(1, 5000) AS n"
    )
    await db.rows("VACUUM ANALYZE member")
    statement = queries._HITS + queries._PERSON + queries._OF_HITS
    for number, value in enumerate(("'n77'", "'n77':*", "200", "6"), 1):
        quoted = "'" + value.replace("'", "''") + "'" if number < 3 else value
        statement = statement.replace(f"${number}", quoted)
    plan = "\n".join(one[0] for one in await db.rows("EXPLAIN " + statement))
    assert plan.count("Bitmap Index Scan on member_found_by") == 2
    assert "Seq Scan on member " not in plan
    assert len(await members_found("n77", 6)) == 6
