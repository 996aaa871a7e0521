"""Units by hand, law by law: paths are the names from the root, whatever is done; memberships are untouched."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.database import rows
from rewards.members import actions, queries
from rewards.members.roster_file import RosterRow, unit_parts
from rewards.members.rules import unit_name
from rewards.refusals import Refusal
from server.runtime.chance import new_id
from tests.laws import examples
from tests.rewards.members.people import NOW, TODAY, bring_in, person

NAMES = st.sampled_from(["A", "B", "C"])
PLACES = st.integers(0, 5)
ACTS = st.one_of(
    st.tuples(st.just("add"), NAMES, PLACES),
    st.tuples(st.just("change"), NAMES, PLACES, PLACES),
    st.tuples(st.just("retire"), PLACES),
    st.tuples(st.just("restore"), PLACES),
    st.tuples(st.just("join"), PLACES),
)


async def _do(act: tuple, units: list[UUID], member: UUID) -> None:
    """Do one thing to the units there are; 0 is none of them. What is refused changes nothing."""
    places = [part for part in act if isinstance(part, int)]
    chosen = [None if place == 0 or not units else units[(place - 1) % len(units)] for place in places]
    with suppress(Refusal):
        if act[0] == "add":
            made = await actions.add_unit(act[1], chosen[0], actor=None, now=NOW, new_id=new_id)
            if made not in units:
                units.append(made)
        elif chosen[0] is None:
            return
        elif act[0] == "change":
            await actions.change_unit(chosen[0], act[1], chosen[1], actor=None, now=NOW, new_id=new_id)
        elif act[0] == "retire":
            await actions.retire_unit(chosen[0], actor=None, now=NOW, today=TODAY)
        elif act[0] == "restore":
            await actions.bring_back_unit(chosen[0], actor=None, now=NOW)
        else:
            found = await queries.member(member)
            assert found is not None
            row = RosterRow(1, found.staff_number, found.name)
            await actions.correct_member(member, row, chosen[0], actor=None, now=NOW, today=TODAY, new_id=new_id)


async def _check() -> None:
    tree = {one["id"]: one for one in await rows("SELECT id, parent, name, path, retired_on FROM unit")}
    for one in tree.values():
        above = "" if one["parent"] is None else tree[one["parent"]]["path"] + "/"
        assert one["path"] == above + one["name"]
        if one["parent"] is not None and tree[one["parent"]]["retired_on"] is not None:
            assert one["retired_on"] is not None, "a unit in use below a retired one"
    assert len({one["path"] for one in tree.values()}) == len(tree)
    homes = await rows("SELECT unit FROM membership WHERE until IS NULL")
    assert all(tree[one["unit"]]["retired_on"] is None for one in homes)


@examples(15, over_one_fixture=True)
@given(acts=st.lists(ACTS, min_size=8, max_size=25))
async def test_paths_are_the_names_from_the_root_whatever_is_done(database: str, acts: list[tuple]) -> None:
    """An afternoon of adding, renaming, moving, retiring and joining; only joining touches a membership."""
    for table in ("membership", "member", "unit"):
        await rows(f"DELETE FROM {table}")
    member = await person("1", unit=())
    units: list[UUID] = []
    for act in acts:
        held = await rows("SELECT unit, since, until FROM membership ORDER BY id")
        await _do(act, units, member)
        await _check()
        if act[0] != "join":
            assert await rows("SELECT unit, since, until FROM membership ORDER BY id") == held


@given(st.text(max_size=30))
def test_a_name_is_one_that_a_roster_file_can_say(text: str) -> None:
    name = text
    with suppress(Refusal):
        name = unit_name(text)
    parts = unit_parts(text)
    assert (name == parts[0] and unit_name(name) == name) if len(parts) == 1 else name == text
    if len(parts) == 1:
        assert unit_parts(name) == (name,)


async def _unit(name: str, parent: UUID | None = None) -> UUID:
    return await actions.add_unit(name, parent, actor=None, now=NOW, new_id=new_id)


async def test_whoever_comes_into_a_retired_unit_brings_it_back(database: str) -> None:
    plant = await _unit("Plant")
    line = await _unit("Line", plant)
    member = await person("1", unit=("Plant", "Line"))
    await actions.mark_left(member, on=TODAY, actor=None, now=NOW, new_id=new_id)
    for unit in (line, plant):
        await actions.retire_unit(unit, actor=None, now=NOW, today=TODAY)
    assert await queries.unit_tree() == ()
    await actions.restore(member, actor=None, now=NOW, today=TODAY + timedelta(days=1), new_id=new_id)
    assert [one.path for one in await queries.unit_tree()] == [("Plant",), ("Plant", "Line")]


async def test_a_roster_that_names_a_retired_unit_brings_it_back(database: str) -> None:
    await actions.retire_unit(await _unit("Plant"), actor=None, now=NOW, today=TODAY)
    await bring_in(RosterRow(2, "1", "Li Na", ("Plant",)))
    assert [one.path for one in await queries.unit_tree()] == [("Plant",)]


async def test_a_renamed_unit_is_said_by_the_sessions_of_those_in_it(database: str) -> None:
    plant = await _unit("Plant")
    line = await _unit("Line", plant)
    inside, below = await person("1", unit=("Plant",)), await person("2", unit=("Plant", "Line"))
    before = {one.id: one.access_version for one in (await queries.people([inside, below])).values()}
    await actions.change_unit(plant, "Works", None, actor=None, now=NOW, new_id=new_id)
    after = {one.id: one.access_version for one in (await queries.people([inside, below])).values()}
    assert after[inside] > before[inside]
    assert after[below] == before[below], "his unit is called as before"
    found = await queries.member(below)
    assert found is not None
    assert (found.unit, found.unit_path) == (line, ("Works", "Line"))


@pytest.mark.parametrize("depth", [9, 10])
async def test_no_unit_comes_to_stand_deeper_than_a_file_can_say(database: str, depth: int) -> None:
    parent: UUID | None = None
    for level in range(depth):
        parent = await _unit(f"L{level}", parent)
    top = await _unit("Top")
    await _unit("Below", top)
    with pytest.raises(Refusal) as refused:
        await actions.change_unit(top, "Top", parent, actor=None, now=NOW, new_id=new_id)
    assert refused.value.code == "unit.too_deep"


async def test_another_number_ends_what_was_printed_for_the_old_one(database: str) -> None:
    member = await person("1")
    await actions.issue_slips(
        [member], actor=None, now=NOW, valid=timedelta(days=1), new_token=lambda: "t", new_code=lambda: "abcdabcdabcd"
    )
    row = RosterRow(1, "2", "Li Na")
    await actions.correct_member(member, row, None, actor=None, now=NOW, today=TODAY, new_id=new_id)
    with pytest.raises(Refusal) as refused:
        await actions.check_code("2", "abcdabcdabcd", now=NOW, tries_left=3)
    assert refused.value.code == "sign_in.wrong"
    with pytest.raises(Refusal) as old:
        await actions.check_code("1", "abcdabcdabcd", now=NOW, tries_left=3)
    assert old.value.code == "sign_in.wrong"
