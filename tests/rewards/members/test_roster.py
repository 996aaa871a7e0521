"""Importing rosters: again, back and forth, in two encodings, and by people who may not."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import database as db
from rewards.members import queries
from rewards.members.roster_file import RosterRow, read_roster
from rewards.members.rules import OnRoster, said_by
from rewards.refusals import Refusal
from tests.laws import examples
from tests.rewards.members.people import ALL, DAY, TODAY, bring_in, person

SAMPLES = Path(__file__).parents[2] / "samples"

units = st.sampled_from([(), ("Plant",), ("Plant", "Workshop 1"), ("Plant", "Workshop 2"), ("Office", "Workshop 1")])
rows_of_one = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Li Na", "王小明", "Zhou"]),
        "unit": units,
        "roles": st.sampled_from([(), ("organiser",), ("reviewer", "auditor")]),
        "joined": st.sampled_from([None, date(2020, 1, 1), date(2024, 2, 29)]),
        "email": st.sampled_from(["", "a@example.org"]),
        "phone": st.sampled_from(["", "13800000000"]),
    }
)
rosters = st.dictionaries(st.sampled_from(["001", "002", "A-3", "4.5", "五"]), rows_of_one, min_size=1).map(
    lambda people: [
        RosterRow(line, number, cleared=ALL, **said)  # type: ignore[arg-type]
        for line, (number, said) in enumerate(people.items(), start=2)
    ]
)
laws = examples(40, over_one_fixture=True)


async def forget_everybody() -> None:
    for table in ("membership", "sign_in_link", "member", "unit"):
        await db.rows(f"DELETE FROM {table}")


async def written() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that an import writes."""
    return {
        table: [tuple(row) for row in await db.rows(f"SELECT * FROM {table} ORDER BY 1")]
        for table in ("unit", "member", "membership", "audit_entry")
    }


def here(roster: list[OnRoster]) -> list[OnRoster]:
    return [member for member in roster if member.left is None]


@laws
@given(rosters, st.booleans())
async def test_the_same_file_twice_changes_and_writes_nothing(
    database: str, roster: list[RosterRow], full: bool
) -> None:
    await forget_everybody()
    await bring_in(*roster, full=full)
    before = await written()
    again = await bring_in(*roster, full=full, today=TODAY + DAY)
    assert again.is_empty
    assert again.unchanged == len(roster)
    assert await written() == before


@laws
@given(rosters, rosters, st.integers(0, 1))
async def test_there_and_back_gives_the_same_roster(
    database: str, first: list[RosterRow], second: list[RosterRow], days: int
) -> None:
    await forget_everybody()
    await bring_in(*first, full=True)
    before = here(await queries.roster_current())
    await bring_in(*second, full=True, today=TODAY + days * DAY)
    await bring_in(*first, full=True, today=TODAY + 2 * days * DAY)
    assert here(await queries.roster_current()) == before
    open_units = await db.value("SELECT count(*) FROM membership WHERE until IS NULL")
    assert open_units == sum(bool(row.unit) for row in first)
    overlapping = await db.value(
        """
        SELECT count(*) FROM membership AS one JOIN membership AS other
        ON one.member = other.member AND one.id < other.id
        AND daterange(one.since, one.until) && daterange(other.since, other.until)
        """
    )
    assert overlapping == 0


@laws
@given(rosters)
async def test_what_the_file_says_is_what_the_roster_has(database: str, roster: list[RosterRow]) -> None:
    await forget_everybody()
    await bring_in(*roster, full=True)
    assert {
        (member.staff_number, member.name, member.unit, member.roles, member.joined, member.email, member.phone)
        for member in await queries.roster_current()
    } == {(row.staff_number, row.name, row.unit, tuple(row.roles), row.joined, row.email, row.phone) for row in roster}


async def test_the_mark_is_another_when_the_roster_is(database: str) -> None:
    first, second = (RosterRow(n, f"00{n}", "Li Na", ("Plant", "Workshop 1"), cleared=ALL) for n in (1, 2))
    await bring_in(first, second)
    changes = [
        "UPDATE member SET name = 'Li Nan' WHERE staff_number = '001'",
        "UPDATE member SET staff_number = '003' WHERE staff_number = '001'",
        "UPDATE member SET roles = '{organiser}' WHERE staff_number = '002'",
        "UPDATE member SET joined_on = '2020-01-01' WHERE staff_number = '002'",
        "UPDATE member SET left_on = '2026-11-01' WHERE staff_number = '002'",
        "UPDATE member SET email = 'a@example.org' WHERE staff_number = '002'",
        "UPDATE member SET phone = '13800000000' WHERE staff_number = '002'",
        "UPDATE member SET language = 'en' WHERE staff_number = '002'",
        "UPDATE unit SET path = 'Plant/Workshop 9' WHERE path = 'Plant/Workshop 1'",
        "UPDATE membership SET unit = (SELECT id FROM unit WHERE path = 'Plant')",
        "DELETE FROM membership",
    ]
    seen = [(await queries.roster_mark(), await queries.roster_current())]
    for change in changes:
        await db.rows(change)
        now = (await queries.roster_mark(), await queries.roster_current())
        assert now[1] not in [roster for _, roster in seen], change
        assert now[0] not in [mark for mark, _ in seen], change
        seen.append(now)
    await db.rows("UPDATE member SET code_hash = 'other'")
    assert await queries.roster_mark() == seen[-1][0]


async def test_a_gbk_and_a_utf8_file_of_one_roster_give_the_same_members(database: str) -> None:
    in_utf8, in_gbk = (
        read_roster((SAMPLES / name).read_bytes(), name) for name in ("roster_utf8.csv", "roster_gbk.csv")
    )
    first = await bring_in(*in_utf8.rows, said=said_by(in_utf8), full=True)
    assert len(first.added) == len(in_utf8.rows) > 0
    before = await written()
    assert (await bring_in(*in_gbk.rows, said=said_by(in_gbk), full=True)).is_empty
    assert await written() == before


async def test_moving_ends_the_old_membership_and_begins_a_new_one(database: str) -> None:
    member = await person("001", unit=("Plant", "Workshop 1"))
    await bring_in(RosterRow(2, "001", "Li Na", ("Plant", "Workshop 2")), today=TODAY + DAY)
    tree = {node.path: node for node in await queries.unit_tree()}
    assert await queries.unit_of(member, TODAY - DAY) is None
    assert await queries.unit_of(member, TODAY) == tree["Plant", "Workshop 1"].id
    assert await queries.unit_of(member, TODAY + DAY) == tree["Plant", "Workshop 2"].id
    plant = tree["Plant",]
    assert (plant.own, plant.within, plant.depth) == (0, 1, 0)
    assert tree["Plant", "Workshop 2"].parent == plant.id


async def test_a_returner_gets_the_old_account_back_in_the_old_unit(database: str) -> None:
    member = await person("001", "Li Na", "organiser", unit=("Plant", "Stores"))
    await person("002", "Zhou")
    gone = await bring_in(RosterRow(2, "002", "Zhou", ("Plant",)), full=True)
    assert [leaving.member.id for leaving in gone.left] == [member]
    left = await queries.member(member)
    assert left is not None
    assert (left.left_on, left.roles, left.unit) == (TODAY, (), None)
    back = await bring_in(RosterRow(2, "001", "Li Na"), said=frozenset({"staff_number", "name"}), today=TODAY + DAY)
    assert [change.member.id for change in back.returned] == [member]
    here_again = await queries.member(member)
    assert here_again is not None
    assert (here_again.left_on, here_again.unit_path, here_again.roles) == (None, ("Plant", "Stores"), ())


async def test_a_file_without_a_role_column_never_rewrites_roles(database: str) -> None:
    member = await person("001", "Li Na", "admin", "organiser")
    organiser = await person("002", "Zhou", "organiser")
    await bring_in(RosterRow(2, "001", "Li Na-Zhou"), said=frozenset({"staff_number", "name"}), actor=organiser)
    found = await queries.member(member)
    assert found is not None
    assert (found.name, found.roles) == ("Li Na-Zhou", ("organiser", "admin"))


async def test_only_an_admin_gives_or_takes_roles_by_file(database: str) -> None:
    admin = await person("001", "Li Na", "admin")
    organiser = await person("002", "Zhou", "organiser")
    before = await written()
    for rows in (
        [RosterRow(2, "003", "Wang", roles=("auditor",))],
        [RosterRow(2, "001", "Li Na", cleared=ALL)],
        [RosterRow(2, "001", "Li Na", roles=("admin",), left=TODAY)],
    ):
        with pytest.raises(Refusal) as refusal:
            await bring_in(*rows, actor=organiser)
        assert (refusal.value.code, refusal.value.details) == ("roster.roles_need_admin", {"count": 1})
    assert await written() == before
    await bring_in(RosterRow(2, "003", "Wang", roles=("auditor",)), actor=admin)
    wang = await queries.member_by_staff_number("003")
    assert wang is not None
    assert wang.roles == ("auditor",)


async def test_nobody_takes_his_own_roles_or_the_last_admin_away(database: str) -> None:
    admin = await person("001", "Li Na", "admin")
    await person("002", "Zhou")
    with pytest.raises(Refusal, match=r"members\.own_roles"):
        await bring_in(RosterRow(2, "001", "Li Na", cleared=ALL), actor=admin)
    with pytest.raises(Refusal, match=r"members\.own_roles"):
        await bring_in(RosterRow(2, "002", "Zhou"), full=True, actor=admin)
    with pytest.raises(Refusal, match=r"members\.last_admin"):
        await bring_in(RosterRow(2, "002", "Zhou"), full=True)
    assert await queries.has_admin()
    handed_over = [RosterRow(2, "002", "Zhou", ("Plant",), ("admin",))]
    assert (await bring_in(*handed_over, full=True)).left[0].member.id == admin


async def test_a_short_file_stops_before_it_empties_the_roster(database: str) -> None:
    everybody = [RosterRow(number + 2, f"{number:03}", "Li Na") for number in range(20)]
    await bring_in(*everybody, full=True)
    before = await written()
    with pytest.raises(Refusal) as refusal:
        await bring_in(*everybody[:14], full=True, allow_many=False)
    assert (refusal.value.code, refusal.value.details) == ("roster.too_many_leave", {"count": 6, "limit": 5})
    assert await written() == before
    assert len((await bring_in(*everybody[:14], full=True, allow_many=True)).left) == 6


async def test_a_number_twice_imports_nothing(database: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await bring_in(RosterRow(2, "a1", "Li Na"), RosterRow(3, "A1", "Zhou"), RosterRow(4, "2", "Wang"))
    assert (refusal.value.code, refusal.value.details) == ("roster.has_problems", {"count": 1})
    assert await queries.roster_current() == []


async def test_two_imports_at_once_are_one_after_the_other(database: str) -> None:
    roster = [RosterRow(number + 2, str(number), "Li Na", ("Plant", f"Line {number % 3}")) for number in range(50)]
    one, other = await asyncio.gather(bring_in(*roster, full=True), bring_in(*roster, full=True))
    assert sorted([len(one.added), len(other.added)]) == [0, 50]


async def test_a_large_roster_is_one_import(database: str) -> None:
    roster = [
        RosterRow(
            number + 2, f"{number:05}", f"Member {number}", ("Plant", f"Shop {number % 40}", f"Team {number % 400}")
        )
        for number in range(10_000)
    ]
    await bring_in(roster[0])
    await db.rows("ANALYZE")
    assert len((await bring_in(*roster, full=True)).added) == 9_999
    known = await db.rows("SELECT reltuples FROM pg_class WHERE relname IN ('member', 'membership')")
    assert [one["reltuples"] for one in known] == [10_000, 10_000], "nothing is planned as if it were one"
    assert (await bring_in(*roster, full=True)).is_empty
    moved = [RosterRow(row.line, row.staff_number, row.name, ("Plant", "Hall")) for row in roster]
    assert len((await bring_in(*moved, full=True)).moved) == 10_000
    assert len(await queries.unit_tree()) == 1 + 40 + 400 + 1


async def test_lists_are_filtered_and_paged(database: str) -> None:
    for number in range(7):
        await person(f"W{number}", f"Worker {number}", unit=("Plant", "Workshop 2"))
    await person("x1", "Li Na", "organiser", unit=("Plant Annexe",))
    await bring_in(RosterRow(2, "W6", "Worker 6", left=TODAY), said=ALL - {"unit"})
    plant = next(node.id for node in await queries.unit_tree() if node.path == ("Plant",))
    first = await queries.members(unit=plant, limit=4)
    rest = await queries.members(unit=plant, limit=4, after=first[-1].staff_number)
    assert [found.staff_number for found in [*first, *rest]] == [f"W{number}" for number in range(6)]
    assert await queries.member_count(unit=plant) == 6
    assert [found.staff_number for found in await queries.members(standing="left")] == ["W6"]
    assert await queries.member_count(standing="all") == 8
    assert [found.name for found in await queries.members(text=" li N")] == ["Li Na"]
    assert [found.name for found in await queries.members(text="X1\x00")] == ["Li Na"]
    assert [found.name for found in await queries.members(role="organiser")] == ["Li Na"]
    assert await queries.members(text="100%") == []


async def test_labels_name_members_and_leavers(database: str) -> None:
    one, other = await person("1", "Li Na", unit=("Plant", "Stores")), await person("2", "Zhou")
    await bring_in(RosterRow(2, "2", "Zhou", left=TODAY))
    labels = await queries.labels([one, other])
    assert (labels[one].name, labels[one].shown, labels[one].unit) == ("Li Na", "Li Na", "Stores")
    assert (labels[other].name, labels[other].unit) == ("Zhou", "")
